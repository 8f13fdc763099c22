"""The zero-one loss of a problem, as regions of parameters on which every score is linear.

A :class:`Region` says for which parameters it holds (walls and boundaries, as rows that must
be positive) and how each score depends on them (a row whose wrong side costs 1). Rows act on
u = (w, 1) up to a positive factor, or on u = w where every row is linear in w and the box
holds 0 inside: signs do not change along a ray, so the walls do not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import TypeVar

from flint import fmpz_poly

from geometry.cases import Case
from geometry.intervals import Interval
from geometry.moving_dual import MovingCells, boundaries
from geometry.moving_patterns import Spell, SpellMemory
from geometry.sign_rows import FORBIDDEN, Row, SignRow
from piecewise import nested, sign_models
from piecewise.convolutions import Pattern
from piecewise.deadlines import OutOfTime
from piecewise.graphs import GraphConvolution
from piecewise.layers import DEFAULT_MAX_CELLS
from piecewise.networks import TRAINABLE, FeedForward, Linear
from piecewise.problems import Parameter, Problem
from piecewise.scores import linear_predictions

T = TypeVar("T")
MAX_JOINT_PARAMETERS = 3
"""Parameters of several channels that rays serve: with four they take minutes per pattern, and
circuits (:mod:`geometry.margin_dual`) take their place."""


@dataclass(frozen=True)
class Region:
    """Parameters on which scores are linear.

    Attributes:
        key: how the certificate names the region.
        scores: for every example a row; its sign is that of the score.
        constraints: rows that are positive on the region.
        homogeneous: whether rows act on w itself.
        labels: what the certificate calls the constraints of a network.
        settled: for every example the sign of its score on the whole region, 0 where it is not the
            same throughout or not known to be; empty if nothing is known.
        alive: the intervals of α on which the region exists; None if nothing is known.
    """

    key: dict[str, object]
    scores: tuple[Row, ...]
    constraints: tuple[Row, ...]
    homogeneous: bool
    labels: tuple[str, ...] = ()
    settled: tuple[int, ...] = ()
    alive: tuple[Interval, ...] | None = None

    def case(self, targets: Sequence[Fraction]) -> Case:
        """The region as a minimum over cells; a score that is zero throughout is an error."""
        rows = [SignRow(row, 0, FORBIDDEN) for row in self.constraints]
        errors = 0
        settled = self.settled or (0,) * len(self.scores)
        for row, y, sign in zip(self.scores, targets, settled, strict=True):
            if sign:
                errors += sign * y < 0
            elif any(row):
                rows.append(SignRow(row, int(y < 0), int(y > 0)))
            else:
                errors += 1
        return Case(None, rows, errors, self.alive, self.homogeneous)


def refusal(problem: Problem) -> str | None:
    """Why a problem has no such regions; None if it has."""
    if problem.loss != "zero-one":
        return f"loss {problem.loss!r}; a piecewise constant dual needs the zero-one loss"
    if problem.weight_decay or problem.regulariser is not None:
        return "the zero-one loss with a penalty; leave the penalty out"
    model = problem.model
    if isinstance(model, GraphConvolution):
        outside = next((p.name for p in problem.parameters if not p.lower <= 0 <= p.upper), None)
        if is_joint(problem) and outside is not None:
            return (
                f"the zero-one loss of {model.hidden} hidden channels with a box that does not "
                f"hold 0 ({outside}); widen the box"
            )
        return None
    if isinstance(model, Linear):
        return None
    if not isinstance(model, FeedForward):
        return "the zero-one loss of a polynomial objective"
    if model.activation.degree > 1:
        return "the zero-one loss of a network whose activation is not piecewise linear"
    if len(model.hidden) > 1:
        if max(model.hidden) > 1:  # too many patterns: boxes that cover W are faster
            return "the zero-one loss of a deep network with several units in a layer"
        reason = nested.structure_refusal(problem)
        return None if reason is None else f"the zero-one loss of a deep network; {reason}"
    if model.output_weights == TRAINABLE:
        reason = sign_models.refusal(problem)
        return None if reason is None else f"the zero-one loss with {reason}"
    return None


def is_joint(problem: Problem) -> bool:
    """Whether several channels have too many parameters for rays."""
    model = problem.model
    return (
        isinstance(model, GraphConvolution)
        and (model.hidden or 1) > 1
        and len(problem.parameters) > MAX_JOINT_PARAMETERS
    )


def regions(
    problem: Problem,
    max_cells: int = DEFAULT_MAX_CELLS,
    out_of_time: Callable[[], bool] = lambda: False,
    memory: SpellMemory | None = None,
) -> list[Region]:
    """The regions of a graph convolution, which cover W up to their boundaries.

    ``memory`` may have patterns that an earlier run found.

    Raises:
        OutOfTime: time ran out before all were known.
        TooManyCells: more than ``max_cells``.
    """
    if isinstance(problem.model, GraphConvolution) and problem.model.hidden is not None:
        return list(
            _convolution_regions(MovingCells(problem, max_cells, out_of_time, None, memory))
        )
    scores = [value.row for value in linear_predictions(problem)]
    return [_through_zero(problem, Region({}, tuple(scores), (), True))]


def _through_zero(problem: Problem, region: Region) -> Region:
    """A region whose rows are linear in w: the box is of account if it does not hold 0 inside."""
    if all(p.lower < 0 < p.upper for p in problem.parameters):
        return region
    return _with_walls(problem, region)


def _with_walls(problem: Problem, region: Region) -> Region:
    zero = fmpz_poly()
    names = tuple(f"{p.name}:{end}" for p in problem.parameters for end in ("lower", "upper"))
    return replace(
        region,
        scores=tuple((*row, zero) for row in region.scores),
        constraints=tuple((*row, zero) for row in region.constraints) + walls(problem.parameters),
        homogeneous=False,
        labels=region.labels + names,
    )


class ConvolutionRegions:
    """The regions of a graph convolution with several channels, for circuits: rows on (w, 1).

    Walls and boundaries are constraints, and the former have full rank for every α.

    ``known`` are all patterns of a channel with their intervals, found before; ``memory`` may
    have them.

    Raises:
        OutOfTime: time ran out before all were known.
        TooManyCells: more than ``max_cells``.
    """

    def __init__(
        self,
        problem: Problem,
        max_cells: int = DEFAULT_MAX_CELLS,
        out_of_time: Callable[[], bool] = lambda: False,
        known: Sequence[Spell] | None = None,
        memory: SpellMemory | None = None,
    ) -> None:
        self.cells = MovingCells(problem, max_cells, out_of_time, known, memory)
        self._regions = [
            _with_walls(problem, region)
            for region in _convolution_regions(self.cells, through_zero=False)
        ]

    def __len__(self) -> int:
        return len(self._regions)

    def __iter__(self) -> Iterator[Region]:
        return iter(self._regions)

    def __getitem__(self, number: int) -> Region:
        return self._regions[number]

    @property
    def known(self) -> Sequence[Spell]:
        """All patterns of a channel with their intervals."""
        return self.cells.spells

    def full(self, number: int, direction: Sequence[fmpz_poly]) -> tuple[fmpz_poly, ...]:
        """The direction itself."""
        return tuple(direction)


def _convolution_regions(cells: MovingCells, through_zero: bool = True) -> Iterator[Region]:
    """The cones of patterns, a pattern for every channel, each once.

    A cone is empty at α where its pattern does not occur: at a ray some constraint is violated.

    Raises:
        OutOfTime: not all cells are known.
    """
    keys, convolution = list(cells.keys()), cells.convolution
    if not cells.complete:
        raise OutOfTime
    alive: dict[tuple[tuple[Pattern, ...], tuple[int, ...]], list[Interval]] = {}
    for key in keys:
        states = [cells.spells[index].active for index in key.cells]
        signs = list(key.signs)
        for members in convolution.exchangeable:  # one order for every orbit
            order = sorted(members, key=lambda k: (signs[k] if signs else 0, states[k]))
            states = _reordered(states, members, order)
            signs = _reordered(signs, members, order) if signs else signs
        alive.setdefault((tuple(states), tuple(signs)), []).append(cells.within(key))
    for (pattern, chosen), intervals in alive.items():
        name: dict[str, object] = {"on": [list(active) for active in pattern]}
        if chosen:
            name["signs"] = list(chosen)
        region = Region(
            name,
            convolution.scores(pattern, chosen),
            tuple(row for _, row, _ in boundaries(convolution, pattern)),
            True,
            labels=tuple(label for label, _, _ in boundaries(convolution, pattern)),
            settled=convolution.settled(pattern, chosen),
            alive=tuple(sorted(intervals, key=lambda interval: interval.lower)),
        )
        yield _through_zero(cells.problem, region) if through_zero else region


def _reordered(entries: list[T], places: Sequence[int], order: Sequence[int]) -> list[T]:
    """The entries with those of ``order`` at ``places``."""
    moved = list(entries)
    for place, source in zip(places, order, strict=True):
        moved[place] = entries[source]
    return moved


def walls(parameters: Sequence[Parameter]) -> tuple[Row, ...]:
    """w_i − lower_i and upper_i − w_i as rows on (w, 1)."""
    size, rows = len(parameters), []
    for index, parameter in enumerate(parameters):
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
