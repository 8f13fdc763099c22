"""The zero-one loss of a problem, as regions of parameters on which every score is linear.

A :class:`Region` says for which parameters it holds (walls and boundaries, as rows that must
be positive) and how each score depends on them (a row whose wrong side costs 1). Rows act on
u = (w, 1) up to a positive factor, or on u = w where every row is linear in w and the box
holds 0 inside: signs do not change along a ray, so the walls do not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from flint import fmpz_poly

from geometry.sign_rows import FORBIDDEN, Row, SignRow
from geometry.zero_one import Case
from piecewise import sign_models
from piecewise.graphs import GraphConvolution
from piecewise.networks import TRAINABLE, FeedForward
from piecewise.problems import Problem
from piecewise.scores import linear_predictions


@dataclass(frozen=True)
class Region:
    """Parameters on which scores are linear.

    Attributes:
        key: how the certificate names the region.
        scores: for every example a row; its sign is that of the score.
        constraints: rows that are positive on the region.
        homogeneous: whether rows act on w itself.
        labels: what the certificate calls the constraints of a network.
    """

    key: dict[str, object]
    scores: tuple[Row, ...]
    constraints: tuple[Row, ...]
    homogeneous: bool
    labels: tuple[str, ...] = ()

    def case(self, targets: Sequence[Fraction]) -> Case:
        """The region as a minimum over cells; a score that is zero throughout is an error."""
        rows = [SignRow(row, 0, FORBIDDEN) for row in self.constraints]
        errors = 0
        for row, y in zip(self.scores, targets, strict=True):
            if any(row):
                rows.append(SignRow(row, int(y < 0), int(y > 0)))
            else:
                errors += 1
        return Case(None, rows, errors)


def refusal(problem: Problem) -> str | None:
    """Why a problem has no such regions; None if it has."""
    if problem.loss != "zero-one":
        return f"loss {problem.loss!r}; a piecewise constant dual needs the zero-one loss"
    if problem.weight_decay or problem.regulariser is not None:
        return "the zero-one loss with a penalty; leave the penalty out"
    model = problem.model
    if isinstance(model, GraphConvolution):
        hidden = "the zero-one loss of a graph convolution with hidden channels"
        return None if model.hidden is None else hidden
    if not isinstance(model, FeedForward):
        return "the zero-one loss of a model that does not depend on α"
    if len(model.hidden) > 1 or model.activation.degree > 1:
        return "the zero-one loss of a network other than one piecewise linear hidden layer"
    if model.output_weights == TRAINABLE:
        reason = sign_models.refusal(problem)
        return None if reason is None else f"the zero-one loss with {reason}"
    return None


def regions(problem: Problem) -> list[Region]:
    """The regions of a graph convolution, which cover W up to their boundaries."""
    scores = [value.row for value in linear_predictions(problem)]
    if all(p.lower < 0 < p.upper for p in problem.parameters):
        return [Region({}, tuple(scores), (), True)]
    zero = fmpz_poly()
    return [Region({}, tuple((*row, zero) for row in scores), walls(problem), False)]


def walls(problem: Problem) -> tuple[Row, ...]:
    """w_i − lower_i and upper_i − w_i as rows on (w, 1)."""
    size, rows = len(problem.parameters), []
    for index, parameter in enumerate(problem.parameters):
        for sign, end in ((1, parameter.lower), (-1, parameter.upper)):
            row = [fmpz_poly()] * (size + 1)
            row[index] = fmpz_poly([sign * end.denominator])
            row[size] = fmpz_poly([-sign * end.numerator])
            rows.append(tuple(row))
    return tuple(rows)


def rational_row(entries: Sequence[Fraction]) -> Row:
    """A positive multiple of a constant row with integer entries."""
    scale = lcm(*(entry.denominator for entry in entries))
    return tuple(fmpz_poly([int(entry * scale)]) for entry in entries)
