"""Bounded full-dimensional polytopes with exact vertices, split by hyperplanes.

Double description [Motzkin, Raiffa, Thompson, Thrall 1953] in integers. A set of facets
is a bit set, bit k for the facet with number k; the walls w_i = lower_i and w_i = upper_i
of the box have the numbers 2i and 2i + 1. Two vertices span an edge iff no third vertex
lies on all facets they share, and n − 1 shared facets suffice if one of the two lies on
n facets only: at such a vertex any n − 1 facets meet in an edge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from math import gcd, lcm
from operator import or_

import numpy as np
import numpy.typing as npt

from piecewise.homogeneous import Form, Forms, Point, dot, short_point, wall_forms


@dataclass(frozen=True)
class Polytope:
    """The convex hull of ``vertices``; ``incident[i]`` is the set of facets vertex i lies on.

    ``constraints`` maps the number of every facet, and of nothing else, to its form,
    positive inside.
    """

    vertices: tuple[Point, ...]
    incident: tuple[int, ...]
    constraints: Mapping[int, Form]

    @classmethod
    def box(cls, ranges: Sequence[tuple[Fraction, Fraction]]) -> Polytope:
        """∏ [lower_i, upper_i] with its 2^n vertices."""
        vertices, incident = [], []
        for corner in product((0, 1), repeat=len(ranges)):
            values = [pair[side] for pair, side in zip(ranges, corner, strict=True)]
            scale = lcm(*(value.denominator for value in values))
            vertices.append((*(int(value * scale) for value in values), scale))
            incident.append(sum(1 << (2 * i + side) for i, side in enumerate(corner)))
        return cls(tuple(vertices), tuple(incident), dict(enumerate(wall_forms(ranges))))

    def sides(self, forms: Forms, chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.int8]:
        """For every chosen form: ±1 if the polytope lies on that closed side, 0 if it is cut."""
        positive, negative = forms.signs(chosen, self.vertices)
        return positive.astype(np.int8) - negative.astype(np.int8)

    def split(self, form: Form, number: int) -> tuple[Polytope, Polytope]:
        """The parts on the negative and on the positive side of a hyperplane that cuts the
        interior; there it becomes the facet with the given number.

        A facet of the polytope is one of a part iff it has a vertex strictly on that side.
        """
        values = [dot(form, vertex) for vertex in self.vertices]
        crossings = [
            (_between(self.vertices[i], self.vertices[j], values[i], values[j]), shared)
            for i in range(len(values))
            if values[i] > 0
            for j in range(len(values))
            if values[j] < 0
            and (shared := self.incident[i] & self.incident[j]).bit_count() > len(form) - 3
            and self._adjacent(i, j, shared)
        ]
        crossings += [
            (vertex, on)
            for vertex, on, value in zip(self.vertices, self.incident, values, strict=True)
            if value == 0
        ]
        parts = []
        for side in (-1, 1):
            strict = [i for i, value in enumerate(values) if side * value > 0]
            facets = reduce(or_, (self.incident[i] for i in strict))
            constraints = {k: g for k, g in self.constraints.items() if facets >> k & 1}
            constraints[number] = tuple(side * entry for entry in form)
            parts.append(
                Polytope(
                    (*(self.vertices[i] for i in strict), *(point for point, _ in crossings)),
                    (
                        *(self.incident[i] for i in strict),
                        *(on & facets | 1 << number for _, on in crossings),
                    ),
                    constraints,
                )
            )
        return parts[0], parts[1]

    def _adjacent(self, i: int, j: int, shared: int) -> bool:
        n = len(self.vertices[i]) - 1
        if self.incident[i].bit_count() == n or self.incident[j].bit_count() == n:
            return True
        return not any(
            on & shared == shared for k, on in enumerate(self.incident) if k not in (i, j)
        )

    def interior_point(self) -> Point:
        """A short rational point strictly inside: the vertices' mean, rounded."""
        scale = lcm(*(vertex[-1] for vertex in self.vertices))
        factors = [scale // vertex[-1] for vertex in self.vertices]
        sums = [dot(factors, column) for column in list(zip(*self.vertices, strict=True))[:-1]]
        return short_point(sums, scale * len(self.vertices), self.constraints.values())


def _between(u: Point, v: Point, at_u: int, at_v: int) -> Point:
    """The point of the edge uv on the hyperplane with values at_u > 0 > at_v."""
    point = [at_u * b - at_v * a for a, b in zip(u, v, strict=True)]
    common = gcd(*point)
    return tuple(entry // common for entry in point)
