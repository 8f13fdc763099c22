"""Arrays of closed intervals with outward rounding that keep exact zeros and signs.

A sum that comes out as 0 is exact in IEEE 754, and a product of numbers of known signs has a known
sign, so 0 stays 0 where it is a bound: [0, ε]·[1, 2] is [0, 2ε⁺]. Signs of scores are all that
matters for the zero-one loss. Everything else is moved outwards by one unit in the last place.
A NaN makes every comparison false: nothing is then proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pieceproof.checking.enclosing.ranges import Array

TINY = 2.0**-1000
"""Above every product that underflows."""


def _down(x: Array) -> Array:
    below: Array = np.where(x == 0.0, 0.0, np.nextafter(x, -np.inf))
    return below


def _up(x: Array) -> Array:
    above: Array = np.where(x == 0.0, 0.0, np.nextafter(x, np.inf))
    return above


@dataclass(frozen=True, eq=False)
class Span:
    """The intervals [lo, hi], elementwise; shapes broadcast as in NumPy."""

    lo: Array
    hi: Array

    @classmethod
    def exactly(cls, x: Any) -> Span:
        """Doubles, taken as exact numbers."""
        array = np.asarray(x, dtype=np.float64)
        return cls(array, array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.lo.shape

    def __getitem__(self, index: Any) -> Span:
        return Span(self.lo[index], self.hi[index])

    def __neg__(self) -> Span:
        return Span(-self.hi, -self.lo)

    def __add__(self, other: Span) -> Span:
        low, high = self.lo + other.lo, self.hi + other.hi
        # A sum with an exact 0 is the other summand: no rounding, nothing moved.
        exact = ((self.lo == 0.0) & (self.hi == 0.0)) | ((other.lo == 0.0) & (other.hi == 0.0))
        return Span(np.where(exact, low, _down(low)), np.where(exact, high, _up(high)))

    def __sub__(self, other: Span) -> Span:
        return self + -other

    def __mul__(self, other: Span) -> Span:
        a, b = self.lo * other.lo, self.lo * other.hi
        c, d = self.hi * other.lo, self.hi * other.hi
        low = np.minimum(np.minimum(a, b), np.minimum(c, d))
        high = np.maximum(np.maximum(a, b), np.maximum(c, d))
        up, down = (self.lo >= 0.0, other.lo >= 0.0), (self.hi <= 0.0, other.hi <= 0.0)
        zero = (up[0] & down[0]) | (up[1] & down[1])
        # Where signs are known a bound 0 is right; elsewhere 0 may be a product that underflowed.
        above = zero | (up[0] & up[1]) | (down[0] & down[1])
        below = zero | (up[0] & down[1]) | (down[0] & up[1])
        low = np.where(np.abs(low) < TINY, np.where(above, 0.0, -TINY), np.nextafter(low, -np.inf))
        high = np.where(np.abs(high) < TINY, np.where(below, 0.0, TINY), np.nextafter(high, np.inf))
        return Span(np.where(zero, 0.0, low), np.where(zero, 0.0, high))

    def total(self, axis: int) -> Span:
        """The sum along an axis, term by term."""
        parts = [
            Span(lo, hi) for lo, hi in zip(*map(_first(axis), (self.lo, self.hi)), strict=True)
        ]
        found = parts[0]
        for part in parts[1:]:
            found = found + part
        return found


def _first(axis: int) -> Any:
    return lambda array: np.moveaxis(array, axis, 0)


def stacked(parts: Sequence[Span], axis: int) -> Span:
    """Spans side by side along a new axis."""
    lows = np.broadcast_arrays(*(part.lo for part in parts))
    highs = np.broadcast_arrays(*(part.hi for part in parts))
    return Span(np.stack(lows, axis=axis), np.stack(highs, axis=axis))
