"""Regions of a box given by inequalities, split by hyperplanes.

In n dimensions a box has 2^n vertices; a region that keeps its constraints and a few
interior points instead costs as much as the linear programs that decide whether a
hyperplane cuts it (:mod:`piecewise.linear_programs`). Points found on the way answer
most of the later questions without one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

import numpy as np
import numpy.typing as npt
from flint import fmpq

from piecewise.exact import to_fmpq
from piecewise.homogeneous import Form, Forms, Point, dot, short_point, wall_forms
from piecewise.linear_programs import LowerBound, minimum_sign


@dataclass(frozen=True)
class Region:
    """{w in the box : every constraint ≥ 0}; its walls have the numbers 2i and 2i + 1.

    ``points`` are known points of the interior, at least one; asking for sides adds some.
    """

    ranges: Sequence[tuple[fmpq, fmpq]]
    constraints: Mapping[int, Form]
    points: list[Point] = field(compare=False)

    @classmethod
    def box(cls, ranges: Sequence[tuple[Fraction, Fraction]]) -> Region:
        """∏ [lower_i, upper_i]."""
        exact = [(to_fmpq(low), to_fmpq(high)) for low, high in ranges]
        walls = dict(enumerate(wall_forms(ranges)))
        centre = [(low + high) / 2 for low, high in exact]
        return cls(exact, walls, [_shortened(centre, list(walls.values()))])

    def sides(self, forms: Forms, chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.int8]:
        """For every chosen form: ±1 if the region lies on that closed side, 0 if it is cut."""
        positive, negative = forms.signs(chosen, self.points)
        sides = positive.astype(np.int8) - negative.astype(np.int8)
        for i in np.flatnonzero(~(positive & negative)):
            form = forms[chosen[i]]
            sides[i] = next((side for side in (1, -1) if not self._leaves(form, side)), 0)
        return sides

    def _leaves(self, form: Form, side: int) -> bool:
        """Whether side·form < 0 somewhere in the interior; if so, at one of ``points``."""
        c = tuple(side * entry for entry in form)
        value, nearest = min((dot(c, point) // point[-1], point) for point in self.points)
        if value < 0:
            return True
        inside = [fmpq(entry, nearest[-1]) for entry in nearest[:-1]]
        boundaries = [g for k, g in self.constraints.items() if k >= 2 * len(inside)]
        outcome = minimum_sign(c, boundaries, self.ranges, inside)
        if isinstance(outcome, LowerBound):
            return False
        beyond = tuple(-entry for entry in c)
        self.points.append(_shortened(outcome.point, [beyond, *self.constraints.values()]))
        return True

    def split(self, form: Form, number: int) -> tuple[Region, Region]:
        """The parts on the negative and on the positive side of a hyperplane that cuts the
        interior, as ``sides`` has found; there it becomes the constraint with the given number.

        It makes a parallel constraint redundant; others may become so and are kept.
        """
        parts = []
        for side in (-1, 1):
            inward = tuple(side * entry for entry in form)
            kept = {k: g for k, g in self.constraints.items() if not _parallel(g, inward)}
            points = [point for point in self.points if dot(inward, point) > 0]
            parts.append(Region(self.ranges, {**kept, number: inward}, points))
        return parts[0], parts[1]

    def interior_point(self) -> Point:
        """The shortest known point strictly inside."""
        return min(self.points, key=lambda point: (point[-1], sum(map(abs, point)), point))


def _parallel(f: Form, g: Form) -> bool:
    """Whether one normal is a positive multiple of the other."""
    lead = next(i for i, entry in enumerate(f) if entry)
    a, b = f[lead], g[lead]
    return a * b > 0 and all(a * y == b * x for x, y in zip(f[:-1], g[:-1], strict=True))


def _shortened(point: Sequence[fmpq], inside: Sequence[Form]) -> Point:
    scale = lcm(*(int(entry.q) for entry in point))
    return short_point([int(entry * scale) for entry in point], scale, inside)
