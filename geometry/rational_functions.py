"""Rational functions of α over Q in lowest terms: the value functions of convex cells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import factorial
from typing import Any

from flint import fmpq, fmpz, fmpz_poly

from geometry.algebraic import RealAlgebraic, roots_of
from geometry.intervals import Interval, sign_pattern
from geometry.polynomials import sign


@dataclass(frozen=True)
class RationalFunction:
    """numerator/denominator, coprime integer polynomials without common content.

    The leading coefficient of the denominator is positive, so equal functions have
    equal fields. Build it with :meth:`reduced`.
    """

    numerator: fmpz_poly
    denominator: fmpz_poly

    @classmethod
    def reduced(cls, numerator: fmpz_poly, denominator: fmpz_poly) -> RationalFunction:
        """The function numerator/denominator in lowest terms (denominator ≠ 0)."""
        common = numerator.gcd(denominator)
        if denominator.leading_coefficient() < 0:
            common = -common
        return cls(numerator // common, denominator // common)

    def __call__(self, at: fmpq) -> fmpq:
        """Value at a rational that is no pole."""
        return self.numerator(at) / self.denominator(at)

    @property
    def is_constant(self) -> bool:
        """Whether the function is constant."""
        return self.numerator.degree() <= 0 and self.denominator.degree() <= 0

    @property
    def slope(self) -> fmpz_poly:
        """N'D − ND': the derivative times the (non-negative) square of the denominator."""
        n, d = self.numerator, self.denominator
        return n.derivative() * d - n * d.derivative()

    def directions(self, interval: Interval) -> list[tuple[Interval, int]]:
        """Where the function rises, falls or is constant; (N/D)' has the sign of N'D − ND'."""
        return sign_pattern(self.slope, interval)

    def sign_against(self, other: RationalFunction, at: RealAlgebraic) -> int:
        """Sign of self − other at ``at`` (no pole of either)."""
        flip = at.sign_of(self.denominator) * at.sign_of(other.denominator)
        difference = self.numerator * other.denominator - other.numerator * self.denominator
        return flip * at.sign_of(difference)

    def slope_differs(self, other: RationalFunction, at: RealAlgebraic) -> bool:
        """Whether the derivatives differ at ``at`` (no pole of either)."""
        difference = self.slope * other.denominator**2 - other.slope * self.denominator**2
        return at.sign_of(difference) != 0

    def excess(self, other: RationalFunction, near: fmpq) -> fmpz_poly:
        """A polynomial with the sign of self − other wherever both denominators keep their
        sign from the rational ``near`` (no pole of either)."""
        flip = sign(self.denominator(near)) * sign(other.denominator(near))
        return flip * (self.numerator * other.denominator - other.numerator * self.denominator)

    def enclosure(self, at: RealAlgebraic) -> tuple[fmpq, fmpq]:
        """An interval that holds the value at ``at``; it shrinks as ``at`` is refined."""
        low, high = polynomial_range(self.numerator, at.lower, at.upper)
        bottom, top = polynomial_range(self.denominator, at.lower, at.upper)
        while bottom <= 0 <= top:
            at.bisect(8)
            low, high = polynomial_range(self.numerator, at.lower, at.upper)
            bottom, top = polynomial_range(self.denominator, at.lower, at.upper)
        quotients = [low / bottom, low / top, high / bottom, high / top]
        return min(quotients), max(quotients)

    def value_at(self, at: RealAlgebraic) -> RealAlgebraic:
        """The exact value at an algebraic number: a root of Res_α(p, N − vD)."""
        if at.is_rational:
            return RealAlgebraic.rational(self(at.lower))
        values = _value_polynomial(self, at.polynomial)
        while True:
            candidates = roots_of(values, *self.enclosure(at))
            if len(candidates) == 1:
                return candidates[0]
            at.bisect(16)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, tuple(
            [str(c) for c in p.coeffs()] for p in (self.numerator, self.denominator)
        )

    def __hash__(self) -> int:
        return hash((str(self.numerator), str(self.denominator)))


def _restore(numerator: list[str], denominator: list[str]) -> RationalFunction:
    return RationalFunction(
        fmpz_poly([fmpz(c) for c in numerator]), fmpz_poly([fmpz(c) for c in denominator])
    )


def polynomial_range(p: fmpz_poly, lower: fmpq, upper: fmpq) -> tuple[fmpq, fmpq]:
    """An enclosure of p([lower, upper]): the mean value form around the midpoint."""
    middle, radius = (lower + upper) / 2, (upper - lower) / 2
    value = p(middle)
    # |p(x) − p(m)| ≤ Σ_k |p^(k)(m)|/k! · radius^k
    shifted, power, spread = p, fmpq(1), fmpq(0)
    for k in range(1, p.degree() + 1):
        shifted = shifted.derivative()
        power *= radius / k
        spread += abs(shifted(middle)) * power
        if radius == 0:
            break
    return value - spread, value + spread


def _value_polynomial(function: RationalFunction, p: fmpz_poly) -> fmpz_poly:
    """lc(p)^m ∏_{p(α)=0} (N(α) − v·D(α)), m = max(deg N, deg D): a polynomial in v of degree deg p.

    It is interpolated at deg p + 1 values of v; where N − vD has a degree k < m the
    resultant lacks the factor lc(p)^(m−k).
    """
    formal = max(function.numerator.degree(), function.denominator.degree())
    values = []
    for v in range(p.degree() + 1):
        q = function.numerator - v * function.denominator
        values.append(p.resultant(q) * p.leading_coefficient() ** (formal - max(q.degree(), 0)))
    return _interpolate(values)


def _interpolate(values: list[fmpz]) -> fmpz_poly:
    """n! times the polynomial of degree ≤ n through (0, values[0]) … (n, values[n]).

    Newton's forward differences: Σ_k Δ^k/k! · v(v−1)…(v−k+1), multiplied by n!.
    """
    differences, rows = list(values), []
    while differences:
        rows.append(differences[0])
        differences = [b - a for a, b in pairwise(differences)]
    n = len(rows) - 1
    result, basis = fmpz_poly([]), fmpz_poly([1])
    weight = fmpz(factorial(n))
    for k, difference in enumerate(rows):
        result += difference * weight * basis
        basis *= fmpz_poly([-k, 1])
        weight //= k + 1
    return result
