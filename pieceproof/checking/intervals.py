"""The sign of a polynomial on an interval with real algebraic ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpz, fmpz_poly

from pieceproof.checking.reals import Real, between, compare, exactly, sign_at
from pieceproof.checking.signs import (
    isolate,
    odd_part,
    onto_ray,
    sign,
    squarefree_part,
    variations,
)

_LONG = 2**16
"""Denominators from here on are worth rounding outwards first."""


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
        if max(low.q, high.q) < _LONG:
            return (self.hull,)
        width = high - low
        unit = fmpz(64) << int(width.q // width.p).bit_length()  # at most width/64
        return (fmpq((low * unit).floor(), unit), fmpq((high * unit).ceil(), unit)), self.hull


def same(one: Interval, other: Interval) -> bool:
    """Whether two intervals have the same ends."""
    return compare(one.start, other.start) == 0 and compare(one.end, other.end) == 0


def intersection(one: Interval, other: Interval) -> Interval | None:
    """The common interval; None if it has no inside."""
    start = one.start if compare(one.start, other.start) > 0 else other.start
    end = one.end if compare(one.end, other.end) < 0 else other.end
    return Interval(start, end) if compare(start, end) < 0 else None


def sharpened(interval: Interval) -> Interval:
    """The same interval with ends that are known well in comparison with its length."""
    start, end = interval.start, interval.end
    while 16 * max(start.upper - start.lower, end.upper - end.lower) > end.lower - start.upper:
        start, end = start.halved(), end.halved()
    return Interval(start, end)


def roots_inside(f: fmpz_poly, interval: Interval) -> list[Real]:
    """The real roots of the squarefree F in the open interval, increasing."""
    low, high = interval.hull
    found = []
    for lower, upper in isolate(f, low, high):
        root = exactly(lower) if lower == upper else Real(f, lower, upper)
        if compare(root, interval.start) > 0 and compare(root, interval.end) < 0:
            found.append(root)
    return found


def constant_sign(f: fmpz_poly, hulls: Iterable[tuple[fmpq, fmpq]]) -> int | None:
    """The sign of F on an open rational interval where coefficients of one sign show it, or None.

    The first interval on which the transformed coefficients do not vary decides.
    """
    for hull in hulls:
        coefficients = onto_ray(f, *hull)
        if variations(coefficients) == 0:
            return 1 if any(coefficient > 0 for coefficient in coefficients) else -1
    return None


def clearly_nonnegative(f: fmpz_poly, interval: Interval) -> bool:
    """True only if F >= 0 on the closed interval; False may also mean that it is not obvious."""
    if f.degree() <= 0:
        return bool(f[0] >= 0)
    return constant_sign(f, interval.hulls) == 1


def nonnegative(f: fmpz_poly, interval: Interval) -> bool:
    """Whether F >= 0 on the closed interval.

    F >= 0 there iff F has no root of odd multiplicity in the open interval and is
    positive at some point of it. Coefficients of one sign decide at once: on a hull, or on
    the rational interval inside if F has no root but the ends themselves in between.
    """
    if f.degree() <= 0:
        return bool(f[0] >= 0)
    outside = constant_sign(f, interval.hulls)
    if outside is not None:
        return outside > 0
    low, high = interval.start.upper, interval.end.lower
    inside = constant_sign(f, [(low, high)]) if low < high else None
    if inside == -1:
        return False
    ends = (interval.start, interval.end)
    if inside == 1 and f(low) != 0 != f(high) and all(_only_root(f, end) for end in ends):
        return True
    return not roots_inside(odd_part(f), interval) and sign_inside(f, interval) > 0


def _only_root(f: fmpz_poly, x: Real) -> bool:
    """True only if F has no root in the isolating interval of x, or just a simple one at x."""
    if x.rational:
        return True
    changes = variations(onto_ray(f, x.lower, x.upper))
    return changes == 0 or (changes == 1 and sign_at(f, x) == 0)


def positive(f: fmpz_poly, interval: Interval) -> bool:
    """Whether F > 0 on the closed interval."""
    if f.degree() <= 0:
        return bool(f[0] > 0)
    if sign_at(f, interval.start) <= 0 or sign_at(f, interval.end) <= 0:
        return False
    if constant_sign(f, interval.hulls) == 1:
        return True
    return not roots_inside(squarefree_part(f), interval)


def sign_inside(f: fmpz_poly, interval: Interval) -> int:
    """Sign of F != 0 at a point of the open interval that is no root."""
    point = between(interval.start, interval.end)
    while f(point) == 0:
        point = between(exactly(point), interval.end)
    return sign(f(point))
