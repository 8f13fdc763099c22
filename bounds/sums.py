"""Weighted sums of dual functions on their common refinement, in ball arithmetic.

The nodes of all duals cut A into gaps. On a gap a sum of duals is one rational function,
never written out: it is enclosed term by term, and every term is monotone, so that its
range over a part of a gap is the range of its values at the two ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from flint import arb, arb_poly, ctx, fmpq, fmpz_poly

from bounds.errors import BoundsError
from bounds.patterns import Arc, ArcDual, arcs_over, common_ends, dips
from geometry.algebraic import RealAlgebraic, increasing
from geometry.polynomials import sign
from geometry.rational_functions import RationalFunction

PRECISION = 192
"""Bits of the balls by which a sum is enclosed unless a caller asks for more."""

EXACT_PRECISION = 1 << 14
"""Coefficients are held to this many bits."""

MOST_PRECISION = 2048
"""Bits after which the sign of a derivative at a rational number is computed exactly."""


class Term:
    """weight·N/D with its first two derivatives, ready for balls."""

    def __init__(self, function: RationalFunction, weight: fmpq) -> None:
        self.function, self.weight = function, weight
        denominator, slope = function.denominator, function.slope
        # (N/D)' = S/D² and (N/D)'' = (S'D − 2SD')/D³
        bend = slope.derivative() * denominator - 2 * slope * denominator.derivative()
        with ctx.workprec(EXACT_PRECISION):
            self._tops = tuple(arb_poly(p) for p in (function.numerator, slope, bend))
            self._bottom = arb_poly(denominator)

    def over(self, shift: arb_poly, offset: arb, order: int) -> arb:
        """An enclosure of the derivative of the given order over centre + offset.

        ``shift`` is the polynomial centre + x; the result is not finite when the
        denominator may vanish there.
        """
        top, bottom = self._tops[order](shift)(offset), self._bottom(shift)(offset)
        return arb(self.weight) * top / bottom ** (order + 1)

    def slope_at(self, alpha: fmpq) -> fmpq:
        """The exact derivative at a rational number."""
        denominator = self.function.denominator(alpha)
        return self.weight * self.function.slope(alpha) / (denominator * denominator)


@dataclass(frozen=True, eq=False)
class Gap:
    """The closed interval between two neighbouring nodes and the terms of the sum on it."""

    lower: RealAlgebraic
    upper: RealAlgebraic
    terms: tuple[Term, ...]
    flat: bool
    """Whether every term is constant."""

    def enclosure(self, lower: fmpq, upper: fmpq, order: int = 0) -> arb:
        """The derivative of the given order over all of [lower, upper], at the set precision."""
        return sum((ball for ball in self.parts(lower, upper, order)), arb(0))

    def parts(self, lower: fmpq, upper: fmpq, order: int = 0) -> list[arb]:
        """The same term by term."""
        shift = arb_poly([arb((lower + upper) / 2), arb(1)])
        offset = arb(0, arb((upper - lower) / 2))
        return [term.over(shift, offset, order) for term in self.terms]

    def values_at(self, place: RealAlgebraic, bits: int) -> list[arb]:
        """The terms at an end of the gap or a number inside, refined to 2^-bits; each finite."""
        width = fmpq(1, 1 << bits)
        while True:
            place.refine(width)
            values = self.parts(place.lower, place.upper)
            if all(value.is_finite() for value in values):
                return values
            width /= 1 << 32

    def slope_sign(self, alpha: fmpq) -> int:
        """The exact sign of the derivative at a rational number of the gap."""
        precision = ctx.prec
        while precision <= MOST_PRECISION:
            with ctx.workprec(precision):
                slope = self.enclosure(alpha, alpha, 1)
                if slope > 0 or slope < 0:
                    return 1 if slope > 0 else -1
            precision *= 4
        return sign(sum((term.slope_at(alpha) for term in self.terms), fmpq(0)))

    def slope_sign_at(self, place: RealAlgebraic) -> int:
        """The exact sign of the derivative, within this gap, at one of its ends."""
        if place.is_rational:
            return self.slope_sign(place.lower)
        place.refine(fmpq(1, 1 << ctx.prec))
        slope = self.enclosure(place.lower, place.upper, 1)
        if slope > 0 or slope < 0:
            return 1 if slope > 0 else -1
        return place.sign_of(self.slope_polynomial)

    @cached_property
    def total(self) -> RationalFunction:
        """The sum on this gap as one rational function."""
        return sum_of(self.terms)

    @property
    def slope_polynomial(self) -> fmpz_poly:
        """A polynomial with the sign of the derivative on the gap."""
        return self.total.slope


def sum_of(terms: Sequence[Term]) -> RationalFunction:
    """Σ weight·N/D in lowest terms; neighbours are added first, so that degrees stay even."""
    level = [
        (term.weight.p * term.function.numerator, term.weight.q * term.function.denominator)
        for term in terms
    ]
    while len(level) > 1:
        joined = [_added(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = joined + level[len(level) - len(level) % 2 :]
    return RationalFunction.reduced(*level[0])


def _added(
    first: tuple[fmpz_poly, fmpz_poly], second: tuple[fmpz_poly, fmpz_poly]
) -> tuple[fmpz_poly, fmpz_poly]:
    common = first[1].gcd(second[1])
    left, right = second[1] // common, first[1] // common
    return first[0] * left + second[0] * right, first[1] * left


class DualSum:
    """Σ w_i ℓ*_i on A as the list of its gaps."""

    def __init__(self, duals: Sequence[ArcDual], weights: Sequence[fmpq]) -> None:
        """Refine the duals to common gaps.

        Raises:
            BoundsError: no dual, or duals on different intervals.
        """
        if not duals:
            raise BoundsError("duals: give at least one instance")
        common_ends(duals)
        self.duals, self.weights = tuple(duals), tuple(weights)
        self.signs = tuple(weight >= 0 for weight in weights)
        self.nodes = increasing(
            end
            for dual in duals
            for arc in dual.arcs
            for end in (arc.interval.lower, arc.interval.upper)
        )
        self._low = [dips(dual) for dual in duals]
        columns = [
            _terms_per_gap(dual.arcs, self.nodes, weight)
            for dual, weight in zip(duals, weights, strict=True)
        ]
        self.dips = [self._dip(node) for node in self.nodes] if any(self._low) else []
        self.gaps = tuple(
            Gap(
                left,
                right,
                tuple(term for term, _ in own),
                all(flat for _, flat in own),
            )
            for (left, right), own in zip(
                pairwise(self.nodes), zip(*columns, strict=True), strict=True
            )
        )

    def _dip(self, node: RealAlgebraic) -> Gap | None:
        """The terms at a node below both limits of which a dual lies; None if there is none."""
        terms, found = [], False
        for dual, weight, own in zip(self.duals, self.weights, self._low, strict=True):
            level = next((level for level in own if level.at == node), None)
            found |= level is not None
            arc = next(arc for arc in dual.arcs if arc.interval.lower <= node <= arc.interval.upper)
            terms.append(Term(arc.function if level is None else level.function, weight))
        return Gap(node, node, tuple(terms), False) if found else None

    def at_node(self, sides: Sequence[Sequence[arb]]) -> arb:
        """The sum from the terms on one or both sides: at a jump a dual has its smaller value."""
        first, *others = sides
        for other in others:
            first = [
                a.min(b) if positive else a.max(b)
                for a, b, positive in zip(first, other, self.signs, strict=True)
            ]
        return sum(first, arb(0))

    def __call__(self, alpha: fmpq) -> fmpq:
        """The exact value at a rational number of A; the least at a jump of a single dual."""
        total = fmpq(0)
        for dual, weight, own in zip(self.duals, self.weights, self._low, strict=True):
            values = [
                arc.function(alpha)
                for arc in dual.arcs
                if arc.interval.lower.compare_rational(alpha) <= 0
                and arc.interval.upper.compare_rational(alpha) >= 0
            ]
            values += [dip.function(alpha) for dip in own if dip.at.compare_rational(alpha) == 0]
            total += weight * min(values)
        return total


def _terms_per_gap(
    arcs: Sequence[Arc], nodes: Sequence[RealAlgebraic], weight: fmpq
) -> list[tuple[Term, bool]]:
    """The term of one dual on every gap; neighbouring gaps share the object."""
    terms = {id(arc): (Term(arc.function, weight), arc.function.is_constant) for arc in arcs}
    return [terms[id(arc)] for arc in arcs_over(arcs, nodes)]
