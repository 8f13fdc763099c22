"""Homogeneous integer forms and points: sides of hyperplanes without rounding.

A point w of Q^n is an integer vector (v_1 … v_n, v_0) with v_0 > 0 and w = v/v_0; the
affine function a·w − b is the form (a_1 … a_n, −b). The sign of form·point is the side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Form = tuple[int, ...]
"""An affine function with integer coefficients, the constant last."""

Point = tuple[int, ...]
"""A rational point in homogeneous coordinates, the positive denominator last."""

INT64_LIMIT = 2**62


@dataclass(frozen=True)
class Hyperplane:
    """{w : normal·w = offset} with integer entries; its positive side is normal·w > offset."""

    normal: tuple[int, ...]
    offset: int

    @property
    def homogeneous(self) -> Form:
        """(normal, −offset): the form whose sign at a homogeneous point gives the side."""
        return (*self.normal, -self.offset)

    def value(self, w: Sequence[Fraction]) -> Fraction:
        """normal·w − offset."""
        return sum((a * v for a, v in zip(self.normal, w, strict=True)), Fraction(-self.offset))


def dot(form: Sequence[int], point: Sequence[int]) -> int:
    """Σ form_i·point_i."""
    return sum([a * v for a, v in zip(form, point, strict=True)])


def wall_forms(ranges: Sequence[tuple[Fraction, Fraction]]) -> list[Form]:
    """The walls of ∏ [lower_i, upper_i], positive inside: lower at 2i, upper at 2i + 1."""
    forms = []
    for i, pair in enumerate(ranges):
        for direction, value in zip((1, -1), pair, strict=True):
            form = [0] * (len(ranges) + 1)
            form[i], form[-1] = direction * value.denominator, -direction * value.numerator
            forms.append(tuple(form))
    return forms


class Forms:
    """Many forms, evaluated at many points at once."""

    def __init__(self, forms: Sequence[Form], dimension: int) -> None:
        self._largest = max((sum(map(abs, form)) for form in forms), default=0)
        dtype: Any = np.int64 if self._largest < INT64_LIMIT else object
        self._table = np.array(forms, dtype=dtype).reshape(-1, dimension + 1)

    def __getitem__(self, index: int) -> Form:
        return tuple(map(int, self._table[index]))

    def __len__(self) -> int:
        return len(self._table)

    def signs(
        self, chosen: npt.NDArray[np.intp], points: Sequence[Point]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """For every chosen form: whether it is positive, and negative, at one of the points.

        |form·point| ≤ Σ|form_i|·max|point_i|: machine integers where that cannot overflow,
        Python's where it could.
        """
        largest = max(max(max(point), -min(point)) for point in points)
        dtype: Any = np.int64 if self._largest * largest < INT64_LIMIT else object
        rows = self._table[chosen].astype(dtype, copy=False)
        values = rows @ np.array(points, dtype=dtype).T
        return (values > 0).any(axis=1), (values < 0).any(axis=1)


def short_point(numerators: Iterable[int], denominator: int, forms: Iterable[Form]) -> Point:
    """The point rounded to as few decimals as keep every form positive, given that all are
    positive at numerators/denominator."""
    exact, inside, digits = list(numerators), list(forms), 0
    while True:
        scale = 10**digits
        rounded = [(2 * scale * a + denominator) // (2 * denominator) for a in exact]
        point = (*rounded, scale)
        if all(dot(form, point) > 0 for form in inside):
            return point
        digits = 2 * digits or 1
