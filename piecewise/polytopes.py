"""Bounded full-dimensional polytopes with exact vertices, split by hyperplanes.

Double description [Motzkin et al. 1953] in integers: a vertex is a homogeneous
integer vector (v_1 … v_n, v_0), v_0 > 0, standing for v/v_0, with the set of facets it
lies on. Two vertices span an edge iff no third vertex lies on all facets they share.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import gcd, lcm, prod


@dataclass(frozen=True)
class Hyperplane:
    """{w : normal·w = offset} with integer entries; its positive side is normal·w > offset."""

    normal: tuple[int, ...]
    offset: int

    @property
    def homogeneous(self) -> tuple[int, ...]:
        """(normal, −offset): the form whose sign at a homogeneous vertex gives the side."""
        return (*self.normal, -self.offset)

    def value(self, w: Sequence[Fraction]) -> Fraction:
        """normal·w − offset."""
        return sum((a * v for a, v in zip(self.normal, w, strict=True)), Fraction(-self.offset))


@dataclass(frozen=True)
class Vertex:
    """A vertex in homogeneous integer coordinates and the facets it lies on."""

    point: tuple[int, ...]
    facets: frozenset[Hashable]


def _dot(form: Sequence[int], point: Sequence[int]) -> int:
    return sum([a * v for a, v in zip(form, point, strict=True)])


@dataclass(frozen=True)
class Polytope:
    """The convex hull of ``vertices``; ``facets`` are the irredundant constraints' names."""

    vertices: tuple[Vertex, ...]
    facets: frozenset[Hashable]

    @classmethod
    def box(
        cls,
        ranges: Sequence[tuple[Fraction, Fraction]],
        names: Sequence[tuple[Hashable, Hashable]],
    ) -> Polytope:
        """∏ [lower_i, upper_i]; ``names[i]`` names the walls w_i = lower_i and w_i = upper_i."""
        vertices = []
        for corner in product((0, 1), repeat=len(ranges)):
            values = [pair[side] for pair, side in zip(ranges, corner, strict=True)]
            scale = lcm(*(value.denominator for value in values))
            vertices.append(
                Vertex(
                    (*(int(value * scale) for value in values), scale),
                    frozenset(pair[side] for pair, side in zip(names, corner, strict=True)),
                )
            )
        return cls(tuple(vertices), frozenset(name for pair in names for name in pair))

    def side(self, form: Sequence[int]) -> int:
        """+1 or −1 if the polytope lies on one closed side of the hyperplane, 0 if it is cut."""
        positive = negative = False
        for vertex in self.vertices:
            value = _dot(form, vertex.point)
            positive |= value > 0
            negative |= value < 0
            if positive and negative:
                return 0
        return 1 if positive else -1

    def split(self, form: Sequence[int], name: Hashable) -> tuple[Polytope, Polytope]:
        """The parts on the negative and on the positive side of a hyperplane that cuts the interior."""
        values = [_dot(form, vertex.point) for vertex in self.vertices]
        new = [
            Vertex(_between(u, v, values[i], values[j]), (u.facets & v.facets) | {name})
            for i, u in enumerate(self.vertices)
            if values[i] > 0
            for j, v in enumerate(self.vertices)
            if values[j] < 0 and self._adjacent(u, v)
        ]
        on = [
            Vertex(vertex.point, vertex.facets | {name})
            for vertex, value in zip(self.vertices, values, strict=True)
            if value == 0
        ]
        negative = [v for v, value in zip(self.vertices, values, strict=True) if value < 0]
        positive = [v for v, value in zip(self.vertices, values, strict=True) if value > 0]
        return _irredundant(negative + on + new), _irredundant(positive + on + new)

    def _adjacent(self, u: Vertex, v: Vertex) -> bool:
        shared = u.facets & v.facets
        if len(shared) < len(u.point) - 2:
            return False
        return not any(
            shared <= other.facets for other in self.vertices if other is not u and other is not v
        )

    def interior_point(
        self, constraints: Mapping[Hashable, tuple[int, ...]]
    ) -> tuple[Fraction, ...]:
        """A short rational point strictly inside: the vertices' mean, rounded as far as it stays in.

        ``constraints`` maps every facet to its homogeneous form, positive inside.
        """
        n = len(self.vertices[0].point) - 1
        mean = [
            sum((Fraction(v.point[i], v.point[n]) for v in self.vertices), Fraction(0))
            / len(self.vertices)
            for i in range(n)
        ]
        forms = [constraints[facet] for facet in self.facets]
        for digits in (0, 2, 4, 8, 16):
            rounded = [Fraction(round(value * 10**digits), 10**digits) for value in mean]
            scale = 10**digits
            point = (*(int(value * scale) for value in rounded), scale)
            if all(_dot(form, point) > 0 for form in forms):
                return tuple(rounded)
        return tuple(mean)


def _between(u: Vertex, v: Vertex, at_u: int, at_v: int) -> tuple[int, ...]:
    """The point of the edge uv on the hyperplane with values at_u > 0 > at_v."""
    point = [at_u * b - at_v * a for a, b in zip(u.point, v.point, strict=True)]
    common = gcd(*point)
    return tuple(entry // common for entry in point)


def _irredundant(vertices: Iterable[Vertex]) -> Polytope:
    """Keep the constraints that are facets: those whose vertex set lies in no other's."""
    listed = tuple(vertices)
    incident: dict[Hashable, set[int]] = {}
    for index, vertex in enumerate(listed):
        for facet in vertex.facets:
            incident.setdefault(facet, set()).add(index)
    kept = frozenset(
        facet
        for facet, on in incident.items()
        if not any(on <= others for other, others in incident.items() if other != facet)
    )
    if len(kept) == len(incident):
        return Polytope(listed, kept)
    return Polytope(tuple(Vertex(v.point, v.facets & kept) for v in listed), kept)


def corner_count(dimension: int) -> int:
    """Vertices of a box of the given dimension: the memory that exact vertices cost."""
    return prod([2] * dimension)
