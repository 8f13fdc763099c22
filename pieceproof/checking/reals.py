"""Real algebraic numbers: the root of an integer polynomial in an isolating interval.

x = (p, l, u): either l = u = x, or p has exactly one root in [l, u], simple and inside,
so p(l)·p(u) < 0. Every decision is exact: bisection separates numbers that differ, and a
common divisor with a root in both intervals proves that two numbers are equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpz, fmpz_poly

from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.checking.signs import (
    isolate,
    odd_part,
    onto_ray,
    sign,
    squarefree_part,
    variations,
)

SIGNIFICANT_DIGITS = 20
"""Digits a decimal needs unless it is exact."""

_DECIMAL = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?")


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
        """The same number in an interval at most ``width`` wide."""
        number = self
        while number.upper - number.lower > width:
            number = number.halved()
        return number

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


@dataclass(frozen=True)
class Interval:
    """The closed interval [x, y] with x < y."""

    start: Real
    end: Real

    @property
    def hull(self) -> tuple[fmpq, fmpq]:
        """A rational interval that contains it."""
        return self.start.lower, self.end.upper

    @cached_property
    def hulls(self) -> tuple[tuple[fmpq, fmpq], ...]:
        """Rational intervals that contain it: first one with short ends, then ``hull``."""
        low, high = self.hull
        unit = fmpq(1, 64)
        while 64 * unit > high - low:
            unit /= 2
        short = ((low / unit).floor() * unit, (high / unit).ceil() * unit)
        return (short, self.hull) if short[0].q < low.q or short[1].q < high.q else (self.hull,)


def roots_inside(f: fmpz_poly, interval: Interval) -> list[Real]:
    """The real roots of the squarefree F in the open interval, increasing."""
    low, high = interval.hull
    found = []
    for lower, upper in isolate(f, low, high):
        root = exactly(lower) if lower == upper else Real(f, lower, upper)
        if compare(root, interval.start) > 0 and compare(root, interval.end) < 0:
            found.append(root)
    return found


def nonnegative(f: fmpz_poly, interval: Interval) -> bool:
    """Whether F >= 0 on the closed interval.

    F >= 0 there iff F has no root of odd multiplicity in the open interval and is
    positive at some point of it. Coefficients of one sign on a hull decide at once.
    """
    if f.degree() <= 0:
        return bool(f[0] >= 0)
    for hull in interval.hulls:
        coefficients = onto_ray(f, *hull)
        if variations(coefficients) == 0:
            return any(coefficient > 0 for coefficient in coefficients)
    return not roots_inside(odd_part(f), interval) and sign_inside(f, interval) > 0


def positive(f: fmpz_poly, interval: Interval) -> bool:
    """Whether F > 0 on the closed interval."""
    if f.degree() <= 0:
        return bool(f[0] > 0)
    for hull in interval.hulls:
        coefficients = onto_ray(f, *hull)
        if coefficients[0] > 0 and coefficients[-1] > 0 and variations(coefficients) == 0:
            return True
    if sign_at(f, interval.start) <= 0 or sign_at(f, interval.end) <= 0:
        return False
    return not roots_inside(squarefree_part(f), interval)


def sign_inside(f: fmpz_poly, interval: Interval) -> int:
    """Sign of F != 0 at a point of the open interval that is no root."""
    point = between(interval.start, interval.end)
    while f(point) == 0:
        point = between(exactly(point), interval.end)
    return sign(f(point))


def read_end(node: Node) -> Real:
    """An END: a rational, or {"polynomial", "interval"} with exactly one root inside.

    Raises:
        CertificateError: malformed.
        Refuted: the interval does not isolate one simple root.
    """
    if isinstance(node.value, str):
        return exactly(node.rational())
    return _isolated(node.fields("polynomial", "interval"), node.path)


def read_algebraic(node: Node) -> Real:
    """An ALG: irreducible polynomial, isolating interval, correctly rounded decimal "approx".

    A rational number has a linear polynomial and equal interval ends.
    """
    entry = node.fields("polynomial", "interval", "approx")
    ends = entry["interval"].rationals()
    polynomial = entry["polynomial"].polynomial()
    if len(ends) == 2 and ends[0] == ends[1]:
        number = exactly(ends[0])
        if polynomial != number.polynomial:
            raise Refuted(f"{node.path}: the polynomial of the rational {ends[0]} is not qα − p")
    else:
        number = _isolated(entry, node.path)
        content, factors = polynomial.factor()
        if abs(content) != 1 or len(factors) != 1 or factors[0][1] != 1:
            raise Refuted(f"{node.path}: the polynomial is not irreducible over the integers")
    if not rounds_to(entry["approx"].text(), lambda value: compare(number, exactly(value))):
        raise Refuted(f"{node.path}.approx: not the number rounded to {SIGNIFICANT_DIGITS} digits")
    return number


def _isolated(entry: dict[str, Node], path: str) -> Real:
    polynomial = entry["polynomial"].polynomial()
    ends = entry["interval"].rationals()
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise CertificateError(f"{path}.interval: expected [lower, upper] with lower < upper")
    if polynomial.degree() < 2 or polynomial.leading_coefficient() < 0:
        raise CertificateError(
            f"{path}.polynomial: expected degree >= 2 and a positive leading coefficient"
        )
    low, high = polynomial(ends[0]), polynomial(ends[1])
    isolating = low * high < 0 and (
        variations(onto_ray(polynomial, *ends)) == 1
        or (_is_squarefree(polynomial) and len(isolate(polynomial, *ends)) == 1)
    )
    if not isolating:
        raise Refuted(f"{path}: the interval does not isolate one root of the polynomial")
    return Real(polynomial, *ends)


def _is_squarefree(f: fmpz_poly) -> bool:
    return f.gcd(f.derivative()).degree() == 0


def rounds_to(text: str, comparison: Callable[[fmpq], int]) -> bool:
    """Whether the decimal ``text`` is x correctly rounded; ``comparison(c)`` is the sign of x − c.

    That is, to ``SIGNIFICANT_DIGITS`` significant digits, or to as many as it shows if these
    are more; zeros at the end may be left out.
    """
    match = _DECIMAL.fullmatch(text) if len(text) < 1000 else None
    if match is None:
        return False
    whole, fraction, exponent = match[1], match[2] or "", int(match[3] or 0)
    digits = (whole + fraction).lstrip("0")
    missing = max(SIGNIFICANT_DIGITS - len(digits), 0)
    unit = _power_of_ten(exponent - len(fraction) - missing)
    value = fmpz(digits + "0" * missing or "0") * (-unit if text.startswith("-") else unit)
    if not digits:
        return comparison(fmpq(0)) == 0
    return comparison(value - unit / 2) >= 0 and comparison(value + unit / 2) <= 0


def _power_of_ten(exponent: int) -> fmpq:
    return fmpq(fmpz(10) ** exponent) if exponent >= 0 else fmpq(1, fmpz(10) ** -exponent)
