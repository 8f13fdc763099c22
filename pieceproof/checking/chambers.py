"""The chambers of a central arrangement at one rational α, by their sign vectors.

Hyperplanes a_i·w = 0 are added one by one. The next one, H, cuts in two exactly those chambers
that it meets, and the traces of these on H are the chambers of the earlier hyperplanes within H,
one dimension lower (deletion and restriction; Zaslavsky 1975). Every chamber carries a point
inside. A chamber that is cut is left with two points close to that of its trace; the side of
one that is not cut is that of its point.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from flint import fmpq

Signs = tuple[int, ...]
Point = list[fmpq]
Normal = tuple[int, ...]


def chambers(rows: Sequence[Normal], width: int) -> list[Signs]:
    """The sign vectors of (a_i·w)_i over the open chambers in R^width; no row is zero."""
    planes: dict[Normal, int] = {}
    places = []
    for row in rows:
        plane, side = _oriented(row)
        places.append((planes.setdefault(plane, len(planes)), side))
    return [
        tuple(side * signs[index] for index, side in places)
        for signs in _chambers(list(planes), width)
    ]


def _oriented(row: Normal) -> tuple[Normal, int]:
    """The primitive row with a positive first entry, and the sign that it was turned by."""
    divisor = gcd(*row)
    side = 1 if next(entry for entry in row if entry) > 0 else -1
    return tuple(side * entry // divisor for entry in row), side


def _chambers(planes: Sequence[Normal], width: int) -> dict[Signs, Point]:
    """Sign vectors with a point each, for distinct oriented planes."""
    found: dict[Signs, Point] = {(): [fmpq(0)] * width}
    for number, plane in enumerate(planes):
        cut = _traces(planes[:number], plane, width)
        grown: dict[Signs, Point] = {}
        for signs, point in found.items():
            if signs in cut:
                foot = cut[signs]
                step = _step(planes[:number], foot, plane)
                for side in (1, -1):
                    moved = [x + side * step * a for x, a in zip(foot, plane, strict=True)]
                    grown[*signs, side] = moved
            else:
                grown[*signs, 1 if _dot(plane, point) > 0 else -1] = point
        found = grown
    return found


def _traces(earlier: Sequence[Normal], plane: Normal, width: int) -> dict[Signs, Point]:
    """The chambers of the earlier planes within a plane, by their sign vectors."""
    axis = next(i for i, entry in enumerate(plane) if entry)  # plane[axis] > 0
    restricted: dict[Normal, int] = {}
    places = []
    for row in earlier:
        entries = [plane[axis] * a - row[axis] * p for a, p in zip(row, plane, strict=True)]
        reduced, side = _oriented(tuple(entries[:axis] + entries[axis + 1 :]))
        places.append((restricted.setdefault(reduced, len(restricted)), side))
    found = {}
    for signs, point in _chambers(list(restricted), width - 1).items():
        rest = plane[:axis] + plane[axis + 1 :]
        lifted = [*point[:axis], -_dot(rest, point) / plane[axis], *point[axis:]]
        found[tuple(side * signs[index] for index, side in places)] = lifted
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
