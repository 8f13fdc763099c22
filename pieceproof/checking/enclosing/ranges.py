"""Arrays of closed intervals with directed rounding.

IEEE 754 addition, subtraction and multiplication are correct to half a unit in the last
place; moving every result outwards by |x|·2⁻⁵², which is at least one unit, and by the
least positive double encloses the exact result. Where arithmetic overflows a bound
becomes infinite or NaN, and a comparison with NaN is false: nothing is then proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpz

Array = npt.NDArray[np.float64]

UNIT = 2.0**-52
TINY = 5e-324


def down(x: Array) -> Array:
    """Not above the exact value that was rounded to x."""
    below: Array = np.nextafter(x, -np.inf)
    return below


def up(x: Array) -> Array:
    """Not below the exact value that was rounded to x."""
    above: Array = np.nextafter(x, np.inf)
    return above


@dataclass(frozen=True, eq=False)
class Range:
    """The intervals [lo, hi], elementwise; shapes broadcast as in NumPy."""

    lo: Array
    hi: Array

    @classmethod
    def exactly(cls, x: Any) -> Range:
        """Doubles, taken as exact numbers."""
        array = np.asarray(x, dtype=np.float64)
        return cls(array, array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.lo.shape

    def __getitem__(self, index: Any) -> Range:
        return Range(self.lo[index], self.hi[index])

    def __neg__(self) -> Range:
        return Range(-self.hi, -self.lo)

    def __add__(self, other: Range) -> Range:
        return Range(down(self.lo + other.lo), up(self.hi + other.hi))

    def __sub__(self, other: Range) -> Range:
        return Range(down(self.lo - other.hi), up(self.hi - other.lo))

    def __mul__(self, other: Range) -> Range:
        a, b = self.lo * other.lo, self.lo * other.hi
        c, d = self.hi * other.lo, self.hi * other.hi
        low = np.minimum(np.minimum(a, b), np.minimum(c, d))
        high = np.maximum(np.maximum(a, b), np.maximum(c, d))
        return Range(down(low), up(high))

    def square(self) -> Range:
        """{x² : x in the interval}."""
        a, b = self.lo * self.lo, self.hi * self.hi
        low = np.where((self.lo <= 0) & (self.hi >= 0), 0.0, np.minimum(a, b))
        return Range(np.maximum(down(low), 0.0), up(np.maximum(a, b)))

    def sum(self, axis: int) -> Range:
        """The sum along an axis, with Higham's bound (n−1)·u·Σ|x| for any order, doubled."""
        n = self.lo.shape[axis]
        slack = 2 * n * UNIT
        low, high = self.lo.sum(axis=axis), self.hi.sum(axis=axis)
        low_error = np.abs(self.lo).sum(axis=axis) * slack + TINY
        high_error = np.abs(self.hi).sum(axis=axis) * slack + TINY
        return Range(down(low - low_error), up(high + high_error))

    def hull(self, other: Range) -> Range:
        """The least interval that holds both."""
        return Range(np.minimum(self.lo, other.lo), np.maximum(self.hi, other.hi))

    def meet(self, other: Range) -> Range:
        """The common part; empty parts come out with lo > hi."""
        return Range(np.maximum(self.lo, other.lo), np.minimum(self.hi, other.hi))

    @property
    def magnitude(self) -> Array:
        """max |x|."""
        size: Array = np.maximum(np.abs(self.lo), np.abs(self.hi))
        return size

    @property
    def middle(self) -> Array:
        """A double near the middle."""
        centre: Array = 0.5 * (self.lo + self.hi)
        return centre

    def within(self, other: Range) -> bool:
        """Whether every interval lies strictly inside its counterpart."""
        return bool(np.all((self.lo > other.lo) & (self.hi < other.hi)))


def stack(parts: Sequence[Range], axis: int) -> Range:
    """Ranges side by side along a new axis."""
    lows = np.broadcast_arrays(*(part.lo for part in parts))
    highs = np.broadcast_arrays(*(part.hi for part in parts))
    return Range(np.stack(lows, axis=axis), np.stack(highs, axis=axis))


def around(values: Sequence[fmpq]) -> Range:
    """Rationals, enclosed by neighbouring doubles where they are none."""
    pairs = [_doubles(value) for value in values]
    return Range(np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]))


def _doubles(value: fmpq) -> tuple[float, float]:
    nearest = int(value.p) / int(value.q)
    exact = exact_double(nearest)
    if exact == value:
        return nearest, nearest
    if exact < value:
        return nearest, float(np.nextafter(nearest, np.inf))
    return float(np.nextafter(nearest, -np.inf)), nearest


def exact_double(x: float) -> fmpq:
    """The rational that a finite double is."""
    numerator, denominator = x.as_integer_ratio()
    return fmpq(fmpz(numerator), fmpz(denominator))
