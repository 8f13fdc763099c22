"""Real algebraic numbers: an irreducible integer polynomial and an isolating interval.

A number is a root of an irreducible polynomial p ∈ Z[x]; rational numbers have a
linear p. The isolating interval is open, with p of opposite non-zero signs at its
ends, and is refined on demand; refining changes the enclosure, never the number.
Comparison is exact: equal polynomials are decided by a sign change on the common
part of the intervals, different ones have different roots, so bisection ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import total_ordering
from typing import Any

from flint import fmpq, fmpz, fmpz_poly

from geometry.polynomials import has_no_root, isolate, primitive, sign, variations
from piecewise.exact import to_fmpq, to_fraction

CANONICAL_BITS = 64
"""Width 2^-64 of the dyadic interval by which a number is written down."""


@total_ordering
class RealAlgebraic:
    """The unique real root of ``polynomial`` in the isolating interval [lower, upper]."""

    __slots__ = ("_lower", "_sign_at_lower", "_upper", "polynomial")

    polynomial: fmpz_poly

    def __init__(self, polynomial: fmpz_poly, lower: fmpq, upper: fmpq) -> None:
        """Assumes an irreducible primitive polynomial and an isolating interval; see roots_of."""
        self.polynomial = polynomial
        self._lower, self._upper = lower, upper
        self._sign_at_lower = sign(polynomial(lower))

    @classmethod
    def rational(cls, value: fmpq | fmpz | Fraction | int) -> RealAlgebraic:
        """The rational number as an algebraic one (denominator·x − numerator)."""
        exact = to_fmpq(value)
        return cls(fmpz_poly([-exact.p, exact.q]), exact, exact)

    @property
    def is_rational(self) -> bool:
        """Whether the polynomial is linear."""
        return self._lower == self._upper

    @property
    def lower(self) -> fmpq:
        """Current lower bound (equal to the number when rational)."""
        return self._lower

    @property
    def upper(self) -> fmpq:
        """Current upper bound."""
        return self._upper

    def as_rational(self) -> Fraction | None:
        """The number as a fraction, or None when it is irrational."""
        return to_fraction(self._lower) if self.is_rational else None

    def bisect(self, steps: int = 1) -> None:
        """Halve the enclosure ``steps`` times."""
        if self.is_rational:
            return
        lower, upper, p = self._lower, self._upper, self.polynomial
        for _ in range(steps):
            middle = (lower + upper) / 2
            if sign(p(middle)) == self._sign_at_lower:  # p has no rational root
                lower = middle
            else:
                upper = middle
        self._lower, self._upper = lower, upper

    def refine(self, width: fmpq) -> None:
        """Shrink the enclosure to at most ``width``."""
        while self._upper - self._lower > width:
            self.bisect()

    def compare_rational(self, value: fmpq) -> int:
        """Sign of (number − value)."""
        if self.is_rational:
            return sign(self._lower - value)
        if value <= self._lower:
            return 1
        if value >= self._upper:
            return -1
        return 1 if sign(self.polynomial(value)) == self._sign_at_lower else -1

    def compare(self, other: RealAlgebraic) -> int:
        """Sign of (self − other); exact."""
        if other.is_rational:
            return self.compare_rational(other._lower)
        if self.is_rational:
            return -other.compare_rational(self._lower)
        same = self.polynomial == other.polynomial
        while True:
            if self._upper <= other._lower:
                return -1
            if other._upper <= self._lower:
                return 1
            if same:
                # Both intervals isolate a root of one polynomial: the roots are equal
                # iff the common part holds one, and else lie on either side of it.
                left = max(self._lower, other._lower)
                right = min(self._upper, other._upper)
                if sign(self.polynomial(left)) != sign(self.polynomial(right)):
                    return 0
            self.bisect()
            other.bisect()

    def sign_of(self, q: fmpz_poly) -> int:
        """Sign of the polynomial q at this number; exact."""
        if self.is_rational:
            return sign(q(self._lower))
        if _divides(self.polynomial, q):
            return 0
        while not has_no_root(q, self._lower, self._upper) and q.degree() > 0:
            self.bisect(4)
        return sign(q((self._lower + self._upper) / 2))

    def isolating_interval(self) -> tuple[Fraction, Fraction]:
        """The canonical dyadic isolating interval, the same however the number was refined."""
        if self.is_rational:
            exact = to_fraction(self._lower)
            return exact, exact
        bits = CANONICAL_BITS
        while True:
            scale = fmpz(1) << bits
            while (self._lower * scale).floor() != (self._upper * scale).ceil() - 1:
                self.bisect()
            floor = (self._lower * scale).floor()
            lower, upper = fmpq(floor, scale), fmpq(floor + 1, scale)
            if variations(self.polynomial, lower, upper) == 1:
                return to_fraction(lower), to_fraction(upper)
            bits *= 2

    def decimal(self, digits: int = 20) -> str:
        """Correctly rounded (ties to even) to ``digits`` significant digits, without an exponent.

        Trailing zeros of a rational number are dropped.
        """
        while not self.is_rational:
            rounded = {rounded_decimal(end, digits) for end in (self._lower, self._upper)}
            if len(rounded) == 1:  # rounding is monotone, so the number rounds the same
                return rounded.pop()
            self.bisect(4)
        text = rounded_decimal(self._lower, digits)
        return text.rstrip("0").rstrip(".") if "." in text else text

    def afresh(self) -> RealAlgebraic:
        """The same number in its canonical interval, whatever becomes of this one: for what depends
        on how far numbers are refined."""
        lower, upper = self.isolating_interval()
        return RealAlgebraic(self.polynomial, to_fmpq(lower), to_fmpq(upper))

    def __float__(self) -> float:
        """Correctly rounded: rounding is monotone, and no irrational number is halfway."""
        while True:
            low, high = float(to_fraction(self._lower)), float(to_fraction(self._upper))
            if low == high:
                return low
            self.bisect(8)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RealAlgebraic):
            return NotImplemented
        return self.polynomial == other.polynomial and self.compare(other) == 0

    def __lt__(self, other: RealAlgebraic) -> bool:
        return self.compare(other) < 0

    def __hash__(self) -> int:
        return hash(tuple(int(c) for c in self.polynomial.coeffs()))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (
            [str(c) for c in self.polynomial.coeffs()],
            str(self._lower),
            str(self._upper),
        )

    def __repr__(self) -> str:
        if self.is_rational:
            return str(self._lower)
        return f"≈{self.decimal(10)} (root of a polynomial of degree {self.polynomial.degree()})"


def _divides(p: fmpz_poly, q: fmpz_poly) -> bool:
    """Whether the irreducible p divides q in Q[x]."""
    return not q or (q.degree() >= p.degree() and q.gcd(p).degree() == p.degree())


def read_fmpq(text: str) -> fmpq:
    """The rational written "p/q" or "p", as ``str`` writes it."""
    numerator, _, denominator = text.partition("/")
    return fmpq(fmpz(numerator), fmpz(denominator or "1"))


def _restore(coefficients: list[str], lower: str, upper: str) -> RealAlgebraic:
    return RealAlgebraic(
        fmpz_poly([fmpz(c) for c in coefficients]), read_fmpq(lower), read_fmpq(upper)
    )


def rounded_decimal(value: fmpq, digits: int) -> str:
    """``value`` rounded (ties to even) to ``digits`` significant digits, in fixed-point notation.

    All digits are shown: a trailing zero is information about an irrational number.
    """
    if value == 0:
        return "0"
    places = digits - _magnitude(abs(value))
    text = str(abs(_round_half_even(value * fmpq(10) ** places)))
    if places <= 0:
        text += "0" * -places
    else:
        text = text.rjust(places + 1, "0")
        text = f"{text[:-places]}.{text[-places:]}"
    return ("-" if value < 0 else "") + text


def _magnitude(value: fmpq) -> int:
    """The m with 10^(m−1) ≤ value < 10^m."""
    m = len(str(value.p)) - len(str(value.q))
    return m + 1 if value >= fmpq(10) ** m else m


def _round_half_even(value: fmpq) -> fmpz:
    floor = value.floor()
    twice = 2 * (value - floor)
    return floor + (1 if twice > 1 or (twice == 1 and floor % 2) else 0)


def roots_of(
    p: fmpz_poly, lower: fmpq, upper: fmpq, *, odd_only: bool = False
) -> list[RealAlgebraic]:
    """The distinct roots of p ≠ 0 in the closed interval [lower, upper], increasing.

    ``odd_only`` keeps the roots of odd multiplicity: those where p changes sign.
    """
    if p.degree() <= 0:
        return []
    found = []
    for factor, multiplicity in p.factor()[1]:
        if odd_only and multiplicity % 2 == 0:
            continue
        irreducible = primitive(factor)
        if irreducible.degree() == 1:
            root = fmpq(-irreducible[0], irreducible[1])
            if lower <= root <= upper:
                found.append(RealAlgebraic.rational(root))
        else:
            found += [
                RealAlgebraic(irreducible, *ends) for ends in isolate(irreducible, lower, upper)
            ]
    return sorted(found)


def simplest_between(lower: RealAlgebraic, upper: RealAlgebraic) -> fmpq:
    """The rational of least denominator strictly between lower < upper (least absolute value).

    It is the simplest one between the outer bounds as soon as that one lies between the
    numbers themselves, so it does not depend on how far they have been refined.
    """
    while True:
        simplest = _simplest(lower.lower, upper.upper)
        if lower.compare_rational(simplest) >= 0:
            lower.bisect()
        elif upper.compare_rational(simplest) <= 0:
            upper.bisect()
        else:
            return simplest


def _simplest(lower: fmpq, upper: fmpq) -> fmpq:
    """Least-denominator rational in the open (lower, upper), lower < upper (Stern–Brocot)."""
    if lower < 0 < upper:
        return fmpq(0)
    if upper <= 0:
        return -_simplest(-upper, -lower)
    floor = lower.floor()
    if upper > floor + 1:
        return fmpq(floor + 1)
    # The open interval lies in [floor, floor+1]: invert the fractional parts.
    low, high = lower - floor, upper - floor
    return floor + 1 / (_simplest(1 / high, 1 / low) if low > 0 else fmpq((1 / high).floor() + 1))


def increasing(numbers: Iterable[RealAlgebraic]) -> list[RealAlgebraic]:
    """Distinct numbers in increasing order."""
    result: list[RealAlgebraic] = []
    for number in sorted(numbers):
        if not result or result[-1] != number:
            result.append(number)
    return result
