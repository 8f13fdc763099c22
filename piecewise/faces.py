"""Faces of the closed cells of one unit.

A cell is a bounded polytope. A set of its facets is the set of facets through a face iff
it is what the vertices on it have in common, so the faces follow from the incidence of
vertices and facets, one intersection at a time. The mean of a face's vertices lies in
its relative interior; relative interiors of different faces of one arrangement are
disjoint, so this point identifies the face, whatever cell it is seen from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import and_

from flint import fmpz_mat

from piecewise.cells import UnitArrangement, UnitCell
from piecewise.homogeneous import Point
from piecewise.polytopes import Polytope


@dataclass(frozen=True, order=True)
class Face:
    """A non-empty face of a closed cell.

    ``tight`` are the facets that contain it, as indices into the constraints of the cell;
    more of them than its ``codimension`` means that the cell is not simple there.
    ``centre`` is the mean of its vertices, a rational point of the relative interior.
    """

    codimension: int
    tight: tuple[int, ...]
    centre: tuple[Fraction, ...]


def unit_faces(arrangement: UnitArrangement, cell: UnitCell) -> tuple[Face, ...]:
    """All faces of the closed unit cell, the cell itself first, by codimension.

    Constraints are counted as the cell lists them: boundaries, then walls.
    """
    n = len(arrangement.ranges)
    numbers = [2 * n + index for index, _ in cell.boundaries]
    numbers += [2 * position + side for position, side in cell.walls]
    polytope = _polytope(arrangement, cell)
    whole = tuple(range(len(polytope.vertices)))
    known: dict[int, tuple[int, ...]] = {0: whole}
    frontier = [whole]
    while frontier:
        vertices = frontier.pop()
        for number in numbers:
            on = tuple(v for v in vertices if polytope.incident[v] >> number & 1)
            common = reduce(and_, (polytope.incident[v] for v in on), -1)
            if on and common not in known:
                known[common] = on
                frontier.append(on)
    return tuple(
        sorted(
            Face(
                n + 1 - fmpz_mat([list(polytope.vertices[v]) for v in vertices]).rank(),
                tuple(i for i, number in enumerate(numbers) if common >> number & 1),
                _mean([polytope.vertices[v] for v in vertices]),
            )
            for common, vertices in known.items()
        )
    )


def _polytope(arrangement: UnitArrangement, cell: UnitCell) -> Polytope:
    """The closed cell with its vertices: the box, cut by the cell's own boundaries."""
    polytope = Polytope.box(arrangement.ranges)
    first = len(polytope.constraints)
    for index, side in cell.boundaries:
        form = arrangement.boundaries[index].hyperplane.homogeneous
        polytope = polytope.split(form, first + index)[side > 0]
    return polytope


def _mean(points: Sequence[Point]) -> tuple[Fraction, ...]:
    columns = zip(*([Fraction(v, p[-1]) for v in p[:-1]] for p in points), strict=True)
    return tuple(sum(column, Fraction(0)) / len(points) for column in columns)
