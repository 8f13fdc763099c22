"""Value tables of dual functions: exact enclosures on a partition of A.

A table has one row per hyperparameter or per interval of them and one column per
instance. Entries are integers in units of 1/scale, rounded outwards, so that every
statement derived from them is proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import lcm

from flint import arb, arb_poly, ctx, fmpq

from bounds.errors import BoundsError, number, positive
from bounds.patterns import Arc, ArcDual, arcs_over, common_ends, dips
from geometry.algebraic import RealAlgebraic, increasing, simplest_between
from geometry.rational_functions import RationalFunction
from piecewise.exact import to_fmpq

PRECISION = 160
"""Bits of the balls in which values are enclosed."""


@dataclass(frozen=True, eq=False)
class ValueTable:
    """lower[k][i] ≤ scale·ℓ*_i ≤ upper[k][i] on the k-th part of A.

    ``attained`` marks the parts that are single hyperparameters.
    """

    lower: tuple[tuple[int, ...], ...]
    upper: tuple[tuple[int, ...], ...]
    attained: tuple[bool, ...]
    scale: int

    @property
    def instances(self) -> int:
        """n."""
        return len(self.lower[0])

    def largest(self) -> int:
        """The largest absolute value of an entry."""
        return max(abs(entry) for rows in (self.lower, self.upper) for row in rows for entry in row)


def exact_table(values: Sequence[Sequence[object]]) -> ValueTable:
    """The table of finitely many hyperparameters with exact values (rows) of n instances.

    For duals that are constant on pieces, one row per piece (and per breakpoint with a
    value of its own) describes the whole class.

    Raises:
        BoundsError: no row, rows of different lengths, or values that are no numbers.
    """
    rows = [
        [number(f"value {i} of row {k}", v) for i, v in enumerate(row, 1)]
        for k, row in enumerate(values, 1)
    ]
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise BoundsError("values: give at least one row, all rows with one value per instance")
    scale = lcm(*(value.denominator for row in rows for value in row))
    table = tuple(dict.fromkeys(tuple(int(value * scale) for value in row) for row in rows))
    return ValueTable(table, table, (True,) * len(table), scale)


def dual_table(duals: Sequence[ArcDual], resolution: object) -> ValueTable:
    """The table of all of A for duals with monotone arcs.

    Nodes of all duals are single rows with the (smaller) value there; the intervals
    between them, on which every dual is monotone, are halved until no dual moves by more
    than ``resolution``, and enter with the values at their ends. The same duals give the
    same table, however far their algebraic numbers have been refined before.

    Raises:
        BoundsError: no dual, duals on different intervals, or a resolution that is not
            positive.
    """
    width = to_fmpq(positive("resolution", resolution))
    if not duals:
        raise BoundsError("duals: give at least one instance")
    common_ends(duals)
    nodes = increasing(
        end
        for dual in duals
        for arc in dual.arcs
        for end in (arc.interval.lower, arc.interval.upper)
    )
    over = [_balls_over(dual.arcs, nodes) for dual in duals]
    low = [[(dip.at, BallFunction(dip.function)) for dip in dips(dual)] for dual in duals]
    rows = []
    for index, node in enumerate(nodes):
        near = [balls[max(index - 1, 0) : index + 1] for balls in over]
        own = zip(near, low, strict=True)
        rows.append(([_value(balls, points, node, width) for balls, points in own], True))
    for index, (left, right) in enumerate(pairwise(nodes)):
        functions = [balls[index] for balls in over]
        stack = [(_Place.of(left), _Place.of(right))]
        while stack:
            a, b = stack.pop()
            ends = [(a.value(f, width), b.value(f, width)) for f in functions]
            row = [(min(u[0], v[0]), max(u[1], v[1])) for u, v in ends]
            if all(high - low <= width for low, high in row):
                rows.append((row, False))
                continue
            middle = _Place.between(a, b)
            rows.append(([middle.value(f, width) for f in functions], True))
            stack += [(a, middle), (middle, b)]
    scale = 1
    while scale * width < 64:
        scale *= 2
    return ValueTable(
        tuple(tuple(int((low * scale).floor()) for low, _ in row) for row, _ in rows),
        tuple(tuple(int((high * scale).ceil()) for _, high in row) for row, _ in rows),
        tuple(attained for _, attained in rows),
        scale,
    )


def enclosed(function: RationalFunction, at: RealAlgebraic, width: fmpq) -> tuple[fmpq, fmpq]:
    """An enclosure of function(at) that is narrower than width/8."""
    return _Place.of(at).value(BallFunction(function), width)


def value_at(dual: ArcDual, at: RealAlgebraic, width: fmpq) -> tuple[fmpq, fmpq]:
    """An enclosure of ℓ*(α) at a real algebraic α that is narrower than width/8."""
    near = [
        BallFunction(arc.function)
        for arc in dual.arcs
        if arc.interval.lower <= at <= arc.interval.upper
    ]
    low = [(dip.at, BallFunction(dip.function)) for dip in dips(dual)]
    return _value(near, low, at, width)


@dataclass(frozen=True, eq=False)
class _Place:
    """A number with its canonical isolating interval: what is computed depends on no history."""

    number: RealAlgebraic
    lower: fmpq
    upper: fmpq

    @classmethod
    def of(cls, number: RealAlgebraic) -> _Place:
        lower, upper = number.isolating_interval()
        return cls(number, to_fmpq(lower), to_fmpq(upper))

    @classmethod
    def between(cls, a: _Place, b: _Place) -> _Place:
        """A rational number strictly between a < b, near the middle unless they are very close."""
        middle = (
            (a.upper + b.lower) / 2 if a.upper < b.lower else simplest_between(a.number, b.number)
        )
        return cls(RealAlgebraic.rational(middle), middle, middle)

    def value(self, function: BallFunction, width: fmpq) -> tuple[fmpq, fmpq]:
        """An enclosure of the function's value here that is narrower than width/8."""
        if self.lower == self.upper:
            exact = function.function(self.lower)
            return exact, exact
        at = RealAlgebraic(self.number.polynomial, self.lower, self.upper)
        while True:
            value = function.over(at.lower, at.upper)
            if value.is_finite():
                low, high = _rational(value.lower()), _rational(value.upper())
                if 8 * (high - low) <= width:
                    return low, high
            at.bisect(8)


class BallFunction:
    """A rational function evaluated in balls of ``PRECISION`` bits."""

    def __init__(self, function: RationalFunction) -> None:
        self.function = function
        with ctx.workprec(PRECISION):
            self._top, self._bottom = arb_poly(function.numerator), arb_poly(function.denominator)

    def over(self, lower: fmpq, upper: fmpq) -> arb:
        """An enclosure of the values on [lower, upper]; not finite when it may hold a pole."""
        with ctx.workprec(PRECISION):
            place = arb((lower + upper) / 2, arb((upper - lower) / 2))
            return self._top(place) / self._bottom(place)


def _rational(end: arb) -> fmpq:
    mantissa, exponent = end.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _balls_over(arcs: Sequence[Arc], nodes: Sequence[RealAlgebraic]) -> list[BallFunction]:
    balls = {id(arc): BallFunction(arc.function) for arc in arcs}
    return [balls[id(arc)] for arc in arcs_over(arcs, nodes)]


def _value(
    near: Sequence[BallFunction],
    low: Sequence[tuple[RealAlgebraic, BallFunction]],
    at: RealAlgebraic,
    width: fmpq,
) -> tuple[fmpq, fmpq]:
    """An enclosure of the value at a node: the least of the limits there, or a dip."""
    place = _Place.of(at)
    own = [ball for point, ball in low if point == at]
    values = [place.value(ball, width) for ball in (*near, *own)]
    return min(low for low, _ in values), min(high for _, high in values)
