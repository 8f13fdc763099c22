"""A validation loss along a path of parameters w(α) = W(α)/D(α), as rational functions of α.

A prediction on a held-out example uses the piece of every unit's activation that the sign of
its pre-activation picks, and |r| the sign of the residual. Between the zeros of these
polynomials the loss is one rational function; for continuous activations it is continuous.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Any

from flint import fmpz_poly

from geometry.algebraic import RealAlgebraic, increasing
from geometry.intervals import Interval, sign_changes
from geometry.polynomials import as_text, from_text, sign
from geometry.rational_functions import RationalFunction
from piecewise.networks import FeedForward
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem

Sign = Callable[[fmpz_poly], int]
"""The sign of a polynomial where the loss is wanted; 0 picks either side."""


@dataclass(frozen=True)
class Path:
    """w(α) = point/denominator for all parameters, and the signs of a ``"signs"`` model."""

    point: Sequence[fmpz_poly]
    denominator: fmpz_poly
    signs: tuple[int, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, ([as_text(p) for p in self.point], as_text(self.denominator), self.signs)


def _restored(point: list[list[str]], denominator: list[str], signs: tuple[int, ...]) -> Path:
    return Path([from_text(p) for p in point], from_text(denominator), signs)


def losses_on(
    problem: Problem, path: Path, interval: Interval
) -> list[tuple[Interval, RationalFunction]]:
    """The validation loss along the path on an interval inside which D has no root, in order."""
    parts = _cut([interval], lambda part: preactivations(problem, path))
    if problem.loss == "absolute":
        parts = _cut(parts, lambda part: [r for r, _ in residuals(problem, path, inside(part))])
    return [(part, _loss(problem, path, inside(part))) for part in parts]


def loss_at(problem: Problem, path: Path, alpha: RealAlgebraic) -> RationalFunction:
    """A rational function whose value at ``alpha``, no root of D, is the validation loss there."""
    return _loss(problem, path, alpha.sign_of)


def inside(part: Interval) -> Sign:
    """The sign of polynomials that do not change sign inside the interval."""

    def sign_of(p: fmpz_poly) -> int:
        return next(s for s in (sign(p(at)) for at in part.samples()) if s) if p else 0

    return sign_of


def _cut(
    parts: Sequence[Interval], polynomials: Callable[[Interval], Sequence[fmpz_poly]]
) -> list[Interval]:
    result = []
    for part in parts:
        roots = [root for p in polynomials(part) for root in sign_changes(p, part)]
        ends = increasing([part.lower, *roots, part.upper])
        result += [Interval(a, b) for a, b in pairwise(ends)]
    return result


def _loss(problem: Problem, path: Path, sign_of: Sign) -> RationalFunction:
    found = residuals(problem, path, sign_of)
    scale = lcm(*(unit for _, unit in found))
    below = (sign_of(path.denominator) or 1) * path.denominator * scale
    total = fmpz_poly([])
    for residual, unit in found:
        numerator = residual * (scale // unit)
        squared = problem.loss == "squared"
        total += numerator * numerator if squared else (sign_of(numerator) or 1) * numerator
    count = len(found) if problem.reduction == "mean" else 1
    divisor = below * below if problem.loss == "squared" else below
    return RationalFunction.reduced(total, divisor * count)


def preactivations(problem: Problem, path: Path) -> list[fmpz_poly]:
    """D·(w_k·x + b_k − β) for all units, held-out examples and breakpoints."""
    model = problem.model
    if not isinstance(model, FeedForward):
        return []
    rows = _rows(problem)
    width = len(rows[0])
    return [
        _form(row, path.point[k * width : (k + 1) * width], -at, path.denominator)[0]
        for k in range(model.hidden[0])
        for row in rows
        for at in model.activation.breakpoints
    ]


def residuals(problem: Problem, path: Path, sign_of: Sign) -> list[tuple[fmpz_poly, int]]:
    """(R, c) with |ŷ − y| = |R/(c·D)| for every held-out example."""
    targets = problem.validation.targets if problem.validation else ()
    rows, model = _rows(problem), problem.model
    if not isinstance(model, FeedForward):
        return [
            _form(row, path.point, -y, path.denominator)
            for row, y in zip(rows, targets, strict=True)
        ]
    side = sign_of(path.denominator) or 1
    oriented = Path([side * p for p in path.point], side * path.denominator, path.signs)
    return [
        _network_residual(model, oriented, row, y, sign_of)
        for row, y in zip(rows, targets, strict=True)
    ]


def _rows(problem: Problem) -> list[tuple[Fraction, ...]]:
    inputs = problem.validation.inputs if problem.validation else ()
    model = problem.model
    bias = not isinstance(model, Polynomial) and model.bias
    return [(*x, Fraction(1)) if bias else x for x in inputs]


def _network_residual(
    model: FeedForward, path: Path, row: Sequence[Fraction], y: Fraction, sign_of: Sign
) -> tuple[fmpz_poly, int]:
    width, below = len(row), path.denominator
    total: list[tuple[fmpz_poly, int]] = []
    for k, output in enumerate(path.signs or model.output_weights):
        own = path.point[k * width : (k + 1) * width]
        piece = sum(
            sign_of(_form(row, own, -at, below)[0]) >= 0 for at in model.activation.breakpoints
        )
        form, unit = _form(row, own, Fraction(0), below)
        (q1, s1), (q2, s2) = (
            (*line, Fraction(0), Fraction(0))[:2] for line in model.activation.pairs[piece]
        )
        weight = Fraction(str(output))
        slope, height = (s2 * weight, (s1 - s2) * weight), (q2 * weight, (q1 - q2) * weight)
        common = lcm(*(value.denominator for value in (*slope, *height)))
        s, q = (fmpz_poly([int(v * common) for v in line]) for line in (slope, height))
        total.append((s * form + q * (unit * below), common * unit))
    offset = -y
    if isinstance(model.output_bias, str):
        total.append((path.point[-1], 1))
    else:
        offset += model.output_bias
    total.append((offset.numerator * below, offset.denominator))
    unit = lcm(*(own for _, own in total))
    return sum([p * (unit // own) for p, own in total], fmpz_poly([])), unit


def _form(
    row: Sequence[Fraction], point: Sequence[fmpz_poly], constant: Fraction, denominator: fmpz_poly
) -> tuple[fmpz_poly, int]:
    """(F, c) with row·w + constant = F/(c·D)."""
    unit = lcm(constant.denominator, *(value.denominator for value in row))
    total = int(constant * unit) * denominator
    for value, p in zip(row, point, strict=True):
        total += int(value * unit) * p
    return total, unit
