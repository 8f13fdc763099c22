"""All faces of a small hyperplane arrangement in a box, by brute force over its vertices.

A face is a set of points of the box with the same sign vector (−, 0, +) over all hyperplanes
and walls. Its closure is the convex hull of the arrangement's vertices in it. The composition
X∘Y (X where it is not zero, Y elsewhere) is the sign vector of a point of X moved a little
towards Y, so compositions of faces are faces; and composing the vertices of a face, one after
the other, gives the face. Hence the faces are what the vertices generate under composition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from flint import fmpq, fmpq_mat

Point = tuple[fmpq, ...]


def to_flint(value: Fraction | int) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def dot(left: Sequence[fmpq], right: Sequence[fmpq]) -> fmpq:
    return sum((a * b for a, b in zip(left, right, strict=True)), fmpq(0))


@dataclass(frozen=True)
class Hyperplane:
    """{w : normal·w = offset}; the side normal·w > offset is positive."""

    normal: Point
    offset: fmpq

    def sign(self, point: Point) -> int:
        value = dot(self.normal, point) - self.offset
        return (value > 0) - (value < 0)

    def scaled(self) -> Hyperplane:
        """The same hyperplane, oriented the same way, with leading coefficient ±1."""
        lead = next(c for c in self.normal if c)
        size = lead if lead > 0 else -lead
        return Hyperplane(tuple(c / size for c in self.normal), self.offset / size)


@dataclass(frozen=True)
class Signs:
    """A sign vector as two bit sets over the hyperplanes."""

    positive: int
    negative: int

    def __matmul__(self, other: Signs) -> Signs:
        """The composition X∘Y."""
        free = ~(self.positive | self.negative)
        return Signs(self.positive | other.positive & free, self.negative | other.negative & free)

    def __le__(self, other: Signs) -> bool:
        """Whether this face lies in the closure of ``other``."""
        return not (self.positive & ~other.positive or self.negative & ~other.negative)

    def of(self, index: int) -> int:
        return (self.positive >> index & 1) - (self.negative >> index & 1)


@dataclass(frozen=True)
class Arrangement:
    """The faces of hyperplanes in a box; the walls come last in ``hyperplanes``."""

    hyperplanes: tuple[Hyperplane, ...]
    vertices: dict[Signs, Point]
    faces: tuple[Signs, ...]

    @property
    def cells(self) -> tuple[Signs, ...]:
        """The open faces: no sign is 0."""
        everywhere = (1 << len(self.hyperplanes)) - 1
        return tuple(face for face in self.faces if face.positive | face.negative == everywhere)

    def corners(self, face: Signs) -> list[Point]:
        """The vertices of the closure of ``face``."""
        return [point for signs, point in self.vertices.items() if signs <= face]

    def affine_hull(self, face: Signs) -> tuple[Point, list[Point]]:
        """A point p of the open face and a basis Z with aff(face) = p + span(Z)."""
        corners = self.corners(face)
        centre = tuple(sum(column, fmpq(0)) / len(corners) for column in zip(*corners, strict=True))
        basis: list[Point] = []
        for corner in corners[1:]:
            edge = tuple(c - o for c, o in zip(corner, corners[0], strict=True))
            if fmpq_mat([*map(list, basis), list(edge)]).rank() > len(basis):
                basis.append(edge)
        return centre, basis

    def facets(self, cell: Signs) -> list[int]:
        """Indices of the hyperplanes that hold a face of ``cell`` of one dimension less."""
        size = len(self.hyperplanes[0].normal)
        walls = [face for face in self.faces if face <= cell and self._dimension(face) == size - 1]
        planes = range(len(self.hyperplanes))
        return [i for i in planes if any(face.of(i) == 0 for face in walls)]

    def _dimension(self, face: Signs) -> int:
        return len(self.affine_hull(face)[1])

    def closure_holds(self, face: Signs, point: Point) -> bool:
        """Whether ``point``, known to lie in aff(face), lies in the closed face."""
        return all(
            face.of(index) * plane.sign(point) >= 0
            for index, plane in enumerate(self.hyperplanes)
            if face.of(index)
        )


def arrangement(planes: Iterable[Hyperplane], box: Sequence[tuple[fmpq, fmpq]]) -> Arrangement:
    """All faces of ``planes`` inside the closed ``box``."""
    size = len(box)
    walls = []
    for axis, (lower, upper) in enumerate(box):
        unit = tuple(fmpq(int(axis == i)) for i in range(size))
        walls += [Hyperplane(unit, lower), Hyperplane(tuple(-c for c in unit), -upper)]
    hyperplanes = (*dict.fromkeys(plane.scaled() for plane in planes), *walls)
    points = set()
    for chosen in combinations(hyperplanes, size):
        normals = fmpq_mat([list(plane.normal) for plane in chosen])
        if normals.rank() == size:
            solution = normals.solve(fmpq_mat([[plane.offset] for plane in chosen]))
            points.add(tuple(solution.entries()))
    inside = [p for p in points if all(lo <= c <= up for c, (lo, up) in zip(p, box, strict=True))]
    vertices = {_signs(hyperplanes, point): point for point in inside}
    found = set(vertices)
    queue = list(vertices)
    while queue:
        face = queue.pop()
        for vertex in vertices:
            if (moved := face @ vertex) not in found:
                found.add(moved)
                queue.append(moved)
    return Arrangement(hyperplanes, vertices, tuple(sorted(found, key=_order)))


def _signs(hyperplanes: Sequence[Hyperplane], point: Point) -> Signs:
    signs = [plane.sign(point) for plane in hyperplanes]
    positive = sum(1 << index for index, sign in enumerate(signs) if sign > 0)
    return Signs(positive, sum(1 << index for index, sign in enumerate(signs) if sign < 0))


def _order(signs: Signs) -> tuple[int, int]:
    return signs.positive, signs.negative
