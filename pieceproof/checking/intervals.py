"""The sign of a polynomial on an interval with real algebraic ends."""

from __future__ import annotations

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
