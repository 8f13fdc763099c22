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

from flint import fmpq

from bounds.errors import BoundsError, number, positive
from bounds.patterns import Arc, ArcDual, common_ends, dips
from geometry.algebraic import RealAlgebraic, increasing, simplest_between
from geometry.rational_functions import RationalFunction
from geometry.values import Level
from piecewise.exact import to_fmpq


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
    low = [dips(dual) for dual in duals]
    rows = [
        ([_value(d.arcs, own, node, width) for d, own in zip(duals, low, strict=True)], True)
        for node in nodes
    ]
    for left, right in pairwise(nodes):
        functions = [_arc_over(dual.arcs, left, right).function for dual in duals]
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

    def value(self, function: RationalFunction, width: fmpq) -> tuple[fmpq, fmpq]:
        """An enclosure of the function's value here that is narrower than width/8."""
        at = RealAlgebraic(self.number.polynomial, self.lower, self.upper)
        while True:
            low, high = function.enclosure(at)
            if 8 * (high - low) <= width:
                return low, high
            at.bisect(8)


def _arc_over(arcs: Sequence[Arc], left: RealAlgebraic, right: RealAlgebraic) -> Arc:
    return next(arc for arc in arcs if arc.interval.lower <= left and right <= arc.interval.upper)


def _value(
    arcs: Sequence[Arc], low: Sequence[Level], at: RealAlgebraic, width: fmpq
) -> tuple[fmpq, fmpq]:
    """An enclosure of the value at a node: the least over the arcs that meet there, or a dip."""
    place = _Place.of(at)
    near = [
        place.value(arc.function, width)
        for arc in arcs
        if arc.interval.lower <= at <= arc.interval.upper
    ]
    near += [place.value(level.function, width) for level in low if level.at == at]
    return min(low for low, _ in near), min(high for _, high in near)
