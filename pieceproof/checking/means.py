"""The mean of dual losses between the ends of their pieces, in balls and exactly.

On a gap between neighbouring ends the mean is one rational function. It is enclosed term by
term over rational intervals; where a sign has to be exact it is written out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, cmp_to_key
from itertools import pairwise

from flint import arb, arb_poly, ctx, fmpq, fmpz_poly

from pieceproof.checking.intervals import Interval
from pieceproof.checking.pieces import Piece, Value
from pieceproof.checking.reals import Real, compare, exactly, sign_at

PRECISION = 320
"""Bits of the balls."""

ROUGH, NEAR = fmpq(1, 1 << 64), fmpq(1, 1 << 256)
"""Widths to which numbers are enclosed, at first and where it matters."""

EXACT = 1 << 14
"""Bits to which coefficients are held."""


class Function:
    """N/D with its first two derivatives S/D² and T/D³."""

    def __init__(self, value: Piece | Value) -> None:
        self.numerator, self.denominator = value.numerator, value.denominator
        n, d = self.numerator, self.denominator
        slope = n.derivative() * d - n * d.derivative()
        bend = slope.derivative() * d - 2 * slope * d.derivative()
        self.slope = slope
        with ctx.workprec(EXACT):
            self._tops = [arb_poly(p) for p in (n, slope, bend)]
            self._bottom = arb_poly(d)

    @property
    def is_constant(self) -> bool:
        """Whether the derivative vanishes identically."""
        return not self.slope

    def over(self, shift: arb_poly, offset: arb, order: int) -> arb:
        """The derivative of the given order over centre + offset; ``shift`` is centre + x."""
        bottom = self._bottom(shift)(offset)
        return self._tops[order](shift)(offset) / bottom ** (order + 1)

    def at(self, alpha: fmpq) -> fmpq:
        """The exact value."""
        return self.numerator(alpha) / self.denominator(alpha)


@dataclass(frozen=True, eq=False)
class Dual:
    """One instance: the functions of its pieces, and values of its own at single points."""

    pieces: Sequence[Piece]
    points: Sequence[tuple[Real, Value]]


@dataclass(frozen=True, eq=False)
class Gap:
    """The functions of all instances between two neighbouring ends."""

    interval: Interval
    functions: tuple[Function, ...]

    def enclosure(self, lower: fmpq, upper: fmpq, order: int) -> arb:
        """The derivative of the mean over [lower, upper]."""
        shift = arb_poly([arb((lower + upper) / 2), arb(1)])
        offset = arb(0, arb((upper - lower) / 2))
        total = sum((f.over(shift, offset, order) for f in self.functions), arb(0))
        return total / len(self.functions)

    def value(self, at: Real) -> arb:
        """The mean at a number of the closed gap."""
        near = at.refined(NEAR)
        return self.enclosure(near.lower, near.upper, 0)

    def lower_bound(self, lower: fmpq, upper: fmpq, slope: arb) -> arb:
        """A lower bound over [lower, upper]: the value in the middle minus what it can fall."""
        middle, half = (lower + upper) / 2, (upper - lower) / 2
        return (self.enclosure(middle, middle, 0) - abs(slope).upper() * arb(half)).lower()

    @cached_property
    def numerator(self) -> fmpz_poly:
        """A polynomial with the sign of the derivative of the mean on the gap."""
        terms = [(f.numerator, f.denominator) for f in self.functions]
        while len(terms) > 1:
            joined = [_added(*pair) for pair in zip(terms[::2], terms[1::2], strict=False)]
            terms = joined + terms[len(terms) - len(terms) % 2 :]
        top, bottom = terms[0]
        common = top.gcd(bottom)
        top, bottom = top // common, bottom // common
        return top.derivative() * bottom - top * bottom.derivative()

    def slope_sign(self, at: Real) -> int:
        """The exact sign of the derivative at a number of the closed gap."""
        near = at.refined(NEAR)
        slope = self.enclosure(near.lower, near.upper, 1)
        if slope > 0 or slope < 0:
            return 1 if slope > 0 else -1
        return sign_at(self.numerator, at)


def _added(
    first: tuple[fmpz_poly, fmpz_poly], second: tuple[fmpz_poly, fmpz_poly]
) -> tuple[fmpz_poly, fmpz_poly]:
    common = first[1].gcd(second[1])
    left, right = second[1] // common, first[1] // common
    return first[0] * left + second[0] * right, first[1] * left


class Mean:
    """The mean of n duals on A."""

    def __init__(self, duals: Sequence[Dual]) -> None:
        self.duals = duals
        ends = [piece.interval.start for dual in duals for piece in dual.pieces]
        ends.append(duals[0].pieces[-1].interval.end)
        self.nodes = _distinct(ends)
        columns = [list(_along(dual, self.nodes)) for dual in duals]
        self.gaps = [
            Gap(Interval(left, right), functions)
            for (left, right), functions in zip(
                pairwise(self.nodes), zip(*columns, strict=True), strict=True
            )
        ]

    def sides(self, number: int) -> list[Gap]:
        """The one or two gaps that end at a node."""
        return self.gaps[max(number - 1, 0) : number + 1]

    def is_smooth(self, number: int) -> bool:
        """Whether every dual is one function around the node, without a value of its own."""
        sides, node = self.sides(number), self.nodes[number]
        same = len(sides) == 2 and all(
            f is g for f, g in zip(sides[0].functions, sides[1].functions, strict=True)
        )
        return same and not any(self._own(dual, node) for dual in self.duals)

    def value_at(self, number: int, width: fmpq) -> arb | fmpq:
        """The mean at a node, exact at a rational one and for constants, else with the node
        known to ``width``.

        At a jump of a dual its least value counts.
        """
        node, sides = self.nodes[number].refined(width), self.sides(number)
        total: arb | fmpq = fmpq(0)
        for i, dual in enumerate(self.duals):
            functions = {id(gap.functions[i]): gap.functions[i] for gap in sides}
            near = [*functions.values(), *map(Function, self._own(dual, node))]
            total = total + _least(near, node)
        return total / len(self.duals)

    def continues(self, number: int, gap: Gap) -> bool:
        """Whether the value at a node is the limit of the mean from the given gap, exactly."""
        node = self.nodes[number]
        for i, dual in enumerate(self.duals):
            own = gap.functions[i]
            others = [side.functions[i] for side in self.sides(number)]
            others += map(Function, self._own(dual, node))
            if any(_below(other, own, node) for other in others):
                return False
        return True

    def exactly_at(self, alpha: fmpq) -> fmpq:
        """The mean at a rational number."""
        at = exactly(alpha)
        total = fmpq(0)
        for dual in self.duals:
            values = [
                piece.numerator(alpha) / piece.denominator(alpha)
                for piece in dual.pieces
                if compare(piece.interval.start, at) <= 0 <= compare(piece.interval.end, at)
            ]
            own = self._own(dual, at)
            values += [value.numerator(alpha) / value.denominator(alpha) for value in own]
            total += min(values)
        return total / len(self.duals)

    @staticmethod
    def _own(dual: Dual, node: Real) -> list[Value]:
        return [value for point, value in dual.points if compare(point, node) == 0]


def _below(first: Function, second: Function, at: Real) -> bool:
    """Whether first < second at a number near which both denominators are positive."""
    if first is second:
        return False
    left, right = first.numerator * second.denominator, second.numerator * first.denominator
    return sign_at(left - right, at) < 0


def _least(functions: Sequence[Function], node: Real) -> arb | fmpq:
    """The smallest of the values, exact at a rational node or for constants."""
    if node.rational or all(function.is_constant for function in functions):
        return min(function.at(node.lower) for function in functions)
    shift = arb_poly([arb((node.lower + node.upper) / 2), arb(1)])
    offset = arb(0, arb((node.upper - node.lower) / 2))
    first, *others = [function.over(shift, offset, 0) for function in functions]
    for other in others:
        first = first.min(other)
    return first


def _distinct(ends: Sequence[Real]) -> list[Real]:
    found: list[Real] = []
    for end in sorted(ends, key=cmp_to_key(compare)):
        if not found or compare(found[-1], end) != 0:
            found.append(end)
    return found


def _along(dual: Dual, nodes: Sequence[Real]) -> Iterator[Function]:
    """The function of a dual on every gap; one object as long as it stays the same."""
    pieces = iter(dual.pieces)
    piece = next(pieces)
    function = Function(piece)
    for left in nodes[:-1]:
        while compare(piece.interval.end, left) <= 0:
            piece = next(pieces)
            if (piece.numerator, piece.denominator) != (function.numerator, function.denominator):
                function = Function(piece)
        yield function
