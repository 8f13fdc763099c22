"""The validation loss g along a path w(α) = n(α)/d(α), rebuilt from its definition.

g is piecewise rational along the path: a held-out example uses the activation piece that the
pre-activation's sign picks, and |r| has the sign of the residual. The polynomials whose signs
decide are cut at their roots of odd multiplicity; g is continuous (activations are).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import pairwise

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from pieceproof.checking.intervals import Interval, roots_inside, sign_inside
from pieceproof.checking.pieces import Value
from pieceproof.checking.problems import Problem
from pieceproof.checking.reals import Real, compare, sign_at
from pieceproof.checking.signs import odd_part

Signs = Callable[[fmpz_poly], int]
"""The sign of a polynomial where g is wanted."""


@dataclass(frozen=True)
class Path:
    """w(α) = point/below with below > 0 where it is used, and the output weights."""

    point: Sequence[fmpq_poly]
    below: fmpq_poly
    outputs: tuple[fmpq, ...]


def losses_on(problem: Problem, path: Path, interval: Interval) -> list[tuple[Interval, Value]]:
    """g on the interval, in order."""
    parts = _cut(interval, [z for row in _heights(problem, path) for z in row])
    if problem.absolute:
        parts = [
            smaller
            for part in parts
            for smaller in _cut(part, _residuals(problem, path, _inside(part)))
        ]
    return [(part, _value(problem, path, _inside(part))) for part in parts]


def loss_at(problem: Problem, path: Path, alpha: Real) -> Value:
    """A function whose value at α is g there."""
    return _value(problem, path, lambda f: sign_at(f, alpha))


def _inside(part: Interval) -> Signs:
    return lambda f: sign_inside(f, part) if f else 0


def _cut(interval: Interval, forms: Sequence[fmpq_poly]) -> list[Interval]:
    roots = [root for z in forms if z for root in roots_inside(odd_part(z.numer()), interval)]
    ends: list[Real] = [interval.start]
    for root in sorted(roots, key=cmp_to_key(compare)):
        if compare(ends[-1], root) < 0:
            ends.append(root)
    ends.append(interval.end)
    return [Interval(left, right) for left, right in pairwise(ends)]


def _rows(problem: Problem) -> list[tuple[fmpq, ...]]:
    one = (fmpq(1),) * problem.bias
    return [(*x, *one) for x, _ in problem.held_out]


def _preactivations(problem: Problem, path: Path) -> list[list[fmpq_poly]]:
    """For every example and block, d·(w·x + b)."""
    size = problem.block
    return [
        [
            sum(
                (value * path.point[block * size + axis] for axis, value in enumerate(row)),
                fmpq_poly(),
            )
            for block in range(problem.blocks)
        ]
        for row in _rows(problem)
    ]


def _heights(problem: Problem, path: Path) -> list[list[fmpq_poly]]:
    """For every example, d·(w·x + b − β) of all blocks and breakpoints."""
    return [
        [z - at * path.below for z in row for at in problem.breakpoints]
        for row in _preactivations(problem, path)
    ]


def _residuals(problem: Problem, path: Path, sign: Signs) -> list[fmpq_poly]:
    """d·(ŷ − y) for every example."""
    found = []
    for (_, y), row in zip(problem.held_out, _preactivations(problem, path), strict=True):
        total = -y * path.below
        if problem.offset is None:
            total += path.point[len(problem.parameters) - 1]
        else:
            total += problem.offset * path.below
        for z, output in zip(row, path.outputs, strict=True):
            piece = sum(sign((z - at * path.below).numer()) >= 0 for at in problem.breakpoints)
            slope, height = problem.slopes[piece], problem.intercepts[piece]
            total += output * (fmpq_poly(list(slope)) * z + fmpq_poly(list(height)) * path.below)
        found.append(total)
    return found


def _value(problem: Problem, path: Path, sign: Signs) -> Value:
    total = fmpq_poly()
    for residual in _residuals(problem, path, sign):
        if problem.absolute:
            total += residual * (sign(residual.numer()) or 1)
        else:
            total += residual * residual
    below = path.below if problem.absolute else path.below * path.below
    if problem.mean:
        below = below * len(problem.held_out)
    return lowest_terms(total, below, sign)


def lowest_terms(numerator: fmpq_poly, denominator: fmpq_poly, sign: Signs) -> Value:
    """numerator/denominator as coprime integer polynomials, the denominator positive there."""
    common = fmpz(numerator.denom()).lcm(fmpz(denominator.denom()))
    above, below = (numerator * common).numer(), (denominator * common).numer()
    divisor = above.gcd(below)
    above, below = above // divisor, below // divisor
    side = sign(below)
    return Value(side * above, side * below)
