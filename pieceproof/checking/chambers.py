"""The chambers of a central arrangement at one rational α, by their sign vectors.

Hyperplanes a_i·w = 0 are added one by one. The next one, H, cuts in two exactly those chambers
that it meets, and the traces of these on H are the chambers of the earlier hyperplanes within H,
one dimension lower (deletion and restriction; Zaslavsky 1975). Every chamber carries a point
inside. A chamber that is cut is left with two points close to that of its trace; the side of
one that is not cut is that of its point. Where the sides of some hyperplanes are given only the
chambers on these sides are kept, and so it is with the traces.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from flint import fmpq

Signs = tuple[int, ...]
Point = list[fmpq]
Normal = tuple[int, ...]


def chambers(rows: Sequence[Normal], width: int, given: Sequence[int] | None = None) -> list[Signs]:
    """The sign vectors of (a_i·w)_i over the open chambers in R^width; no row is zero.

    ``given`` are the signs that are wanted, 0 where any is.
    """
    planes = _Planes()
    for row, sign in zip(rows, given or [0] * len(rows), strict=True):
        if not planes.add(row, sign):
            return []
    order = sorted(range(len(planes.normals)), key=lambda index: not planes.sides[index])
    found = _chambers(
        [planes.normals[index] for index in order], width, [planes.sides[index] for index in order]
    )
    back = {index: place for place, index in enumerate(order)}
    return [tuple(side * signs[back[index]] for index, side in planes.places) for signs in found]


class _Planes:
    """Distinct oriented planes, with the side that is wanted of each."""

    def __init__(self) -> None:
        self.normals: list[Normal] = []
        self.sides: list[int] = []
        self.places: list[tuple[int, int]] = []
        """For every row the number of its plane and the sign that the row was turned by."""
        self._known: dict[Normal, int] = {}

    def add(self, row: Normal, sign: int) -> bool:
        """Add a row with its wanted sign, 0 for any; whether the signs agree so far."""
        plane, turned = _oriented(row)
        index = self._known.setdefault(plane, len(self.normals))
        if index == len(self.normals):
            self.normals.append(plane)
            self.sides.append(0)
        self.places.append((index, turned))
        if sign:
            side, before = turned * sign, self.sides[index]
            self.sides[index] = side
            return before in (0, side)
        return True


def _oriented(row: Normal) -> tuple[Normal, int]:
    """The primitive row with a positive first entry, and the sign that it was turned by."""
    divisor = gcd(*row)
    side = 1 if next(entry for entry in row if entry) > 0 else -1
    return tuple(side * entry // divisor for entry in row), side


def _chambers(planes: Sequence[Normal], width: int, given: Sequence[int]) -> dict[Signs, Point]:
    """Sign vectors with a point each, for distinct oriented planes, on the given sides."""
    found: dict[Signs, Point] = {(): [fmpq(0)] * width}
    for number, (plane, wanted) in enumerate(zip(planes, given, strict=True)):
        cut = _traces(planes[:number], plane, width, given[:number])
        grown: dict[Signs, Point] = {}
        for signs, point in found.items():
            if signs in cut:
                foot = cut[signs]
                step = _step(planes[:number], foot, plane)
                for side in (1, -1):
                    if wanted in (0, side):
                        moved = [x + side * step * a for x, a in zip(foot, plane, strict=True)]
                        grown[*signs, side] = moved
            else:
                side = 1 if _dot(plane, point) > 0 else -1
                if wanted in (0, side):
                    grown[*signs, side] = point
        found = grown
    return found


def _traces(
    earlier: Sequence[Normal], plane: Normal, width: int, given: Sequence[int]
) -> dict[Signs, Point]:
    """The chambers of the earlier planes within a plane, by their sign vectors."""
    axis = next(i for i, entry in enumerate(plane) if entry)  # plane[axis] > 0
    planes = _Planes()
    for row, sign in zip(earlier, given, strict=True):
        entries = [plane[axis] * a - row[axis] * p for a, p in zip(row, plane, strict=True)]
        if not planes.add(tuple(entries[:axis] + entries[axis + 1 :]), sign):
            return {}
    found = {}
    for signs, point in _chambers(planes.normals, width - 1, planes.sides).items():
        rest = plane[:axis] + plane[axis + 1 :]
        lifted = [*point[:axis], -_dot(rest, point) / plane[axis], *point[axis:]]
        found[tuple(side * signs[index] for index, side in planes.places)] = lifted
    return found


def _step(planes: Sequence[Normal], point: Point, direction: Normal) -> fmpq:
    """A step > 0 along ±direction that crosses none of the planes."""
    step = fmpq(1)
    for plane in planes:
        slope = abs(_dot(plane, [fmpq(a) for a in direction]))
        if slope:
            step = min(step, abs(_dot(plane, point)) / (2 * slope))
    return step


def _dot(row: Normal, point: Sequence[fmpq]) -> fmpq:
    return sum((a * x for a, x in zip(row, point, strict=True)), fmpq(0))
