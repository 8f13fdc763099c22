"""Real algebraic numbers: the root of an integer polynomial in an isolating interval.

x = (p, l, u): either l = u = x, or p has exactly one root in [l, u], simple and inside,
so p(l)·p(u) < 0. Every decision is exact: bisection separates numbers that differ, and a
common divisor with a root in both intervals proves that two numbers are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from flint import fmpq, fmpz_poly

from pieceproof.checking.signs import onto_ray, sign, variations

_FEWEST = 4
"""Parts of an interval that are tried first."""


@dataclass(frozen=True)
class Real:
    """The root of ``polynomial`` in [``lower``, ``upper``]; rational iff the ends are equal."""

    polynomial: fmpz_poly
    lower: fmpq
    upper: fmpq

    @property
    def rational(self) -> bool:
        """Whether the number is known to be rational (its interval is a point)."""
        return bool(self.lower == self.upper)

    def halved(self) -> Real:
        """The same number in an interval of half the width."""
        if self.rational:
            return self
        middle = (self.lower + self.upper) / 2
        at = sign(self.polynomial(middle))
        if at == 0:
            return Real(self.polynomial, middle, middle)
        if at == sign(self.polynomial(self.lower)):
            return Real(self.polynomial, middle, self.upper)
        return Real(self.polynomial, self.lower, middle)

    def refined(self, width: fmpq) -> Real:
        """The same number in an interval at most ``width`` wide.

        Quadratic: the secant guesses one of N equal parts, two signs confirm it, then N is squared
        [Abbott, Quadratic interval refinement for real roots, 2006].
        """
        number, parts = self, _FEWEST
        while number.upper - number.lower > width:
            needed = int(((number.upper - number.lower) / width).ceil())
            number, parts = number._narrowed(min(parts, max(_FEWEST, needed)))
        return number

    def _narrowed(self, parts: int) -> tuple[Real, int]:
        """The number in one of ``parts`` parts of its interval where the guess is right, else in
        what the signs leave; and how many parts to try next."""
        low, high = self.polynomial(self.lower), self.polynomial(self.upper)
        step = (self.upper - self.lower) / parts
        nearest = int((parts * low / (low - high) + fmpq(1, 2)).floor())
        place = min(max(nearest, 1), parts - 1)
        at = self.lower + place * step
        above = sign(self.polynomial(at)) * sign(low)  # 1: the number lies above
        if above == 0:
            return Real(self.polynomial, at, at), parts
        other = at + above * step
        beyond = sign(self.polynomial(other)) * sign(low)
        if beyond == 0:
            return Real(self.polynomial, other, other), parts
        if beyond != above:
            return Real(self.polynomial, min(at, other), max(at, other)), parts**2
        left, right = (other, self.upper) if above > 0 else (self.lower, other)
        return Real(self.polynomial, left, right), max(_FEWEST, isqrt(parts))

    def __str__(self) -> str:
        number = self.refined(fmpq(1, 2**40))
        middle = (number.lower + number.upper) / 2
        return f"{int(middle.p) / int(middle.q):.10g}"


def exactly(value: fmpq) -> Real:
    """The rational number ``value``."""
    return Real(fmpz_poly([-value.p, value.q]), value, value)


def _shares_root(f: fmpz_poly, x: Real) -> bool:
    """F(x) = 0 for the irrational x: the gcd with its polynomial changes sign on its interval."""
    common = f.gcd(x.polynomial)
    return common.degree() > 0 and common(x.lower) * common(x.upper) < 0


def sign_at(f: fmpz_poly, x: Real) -> int:
    """Sign of F(x).

    If F(x) != 0, bisection ends: short intervals around x give no sign variation.
    """
    if f.degree() <= 0:
        return sign(f[0])
    untested = True
    while not x.rational:
        if f(x.lower) != 0 and f(x.upper) != 0 and not variations(onto_ray(f, x.lower, x.upper)):
            return sign(f(x.upper))
        if untested and _shares_root(f, x):
            return 0
        untested = False
        x = x.halved()
    return sign(f(x.lower))


def compare(x: Real, y: Real) -> int:
    """Sign of x − y."""
    if x is y:
        return 0
    while True:
        if x.rational and y.rational:
            return sign(x.lower - y.lower)
        if x.upper <= y.lower:  # not both rational, and irrational ones lie inside
            return -1
        if y.upper <= x.lower:
            return 1
        if x.rational:
            return -_against(y, x.lower)
        if y.rational:
            return _against(x, y.lower)
        low, high = max(x.lower, y.lower), min(x.upper, y.upper)
        common = x.polynomial.gcd(y.polynomial)
        if common.degree() > 0 and common(low) * common(high) < 0:
            return 0
        x, y = x.halved(), y.halved()
        while not disjoint(x, y) and not (x.rational or y.rational):
            x, y = x.halved(), y.halved()


def disjoint(x: Real, y: Real) -> bool:
    """Whether the intervals show that x != y."""
    return bool(x.upper <= y.lower or y.upper <= x.lower) and not (x.rational and y.rational)


def _against(x: Real, value: fmpq) -> int:
    """Sign of x − value for l < value < u."""
    at = sign(x.polynomial(value))
    return 0 if at == 0 else (1 if at == sign(x.polynomial(x.lower)) else -1)


def between(x: Real, y: Real) -> fmpq:
    """A rational strictly between x < y."""
    while x.upper > y.lower or (x.upper == y.lower and (x.rational or y.rational)):
        x, y = x.halved(), y.halved()
    return (x.upper + y.lower) / 2


def minimal_polynomial(x: Real) -> fmpz_poly:
    """The irreducible primitive integer polynomial of x, with positive leading coefficient."""
    factors = (factor for factor, _ in x.polynomial.factor()[1])
    return next(factor for factor in factors if sign_at(factor, x) == 0)
