"""Cells of one unit: the arrangement {x_t·w + b = β_j} inside the unit's box.

The boundaries of a one-hidden-layer network involve one unit each, so its cells are
products of unit cells and only the arrangement of a single unit is enumerated. The box
is split recursively by a boundary that cuts the current region; a boundary that does
not cut a region is settled for everything below it. "Cut" and "not cut" are proofs, by
the exact vertices of the region in few dimensions (:mod:`piecewise.polytopes`) and by
exact linear programs beyond (:mod:`piecewise.regions`); so every leaf is a non-empty
cell, and the leaves cover the box. The expected work is near-linear in the number of
cells (it is quicksort for one input with bias), the memory that of one path of the
recursion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm
from random import Random
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from piecewise.homogeneous import Form, Forms, Hyperplane, Point, wall_forms
from piecewise.polytopes import Polytope
from piecewise.regions import Region

SPLITTING_SEED = 0
"""Seed of the order in which boundaries are tried; it changes the order of cells, not the set."""

MAX_VERTEX_DIMENSION = 5
"""Most parameters per unit for which regions keep their vertices.

A box has 2^n. With 8 to 20 examples linear programs take 1.5 to 5 times as long as vertices
for n ≤ 5, a third to three quarters for n = 6 and a tenth for n = 7.
"""

Pattern = npt.NDArray[np.integer[Any]]
"""The activation piece that every example uses."""

Wall = tuple[int, int]
"""(parameter index within the unit, 0 for the lower or 1 for the upper wall)."""


@dataclass(frozen=True)
class Boundary:
    """A hyperplane of one unit with the examples and breakpoints that induce it.

    ``members`` lists (t, j, orientation): z_t − β_j is a positive multiple of
    orientation·(normal·w − offset). Duplicate and collinear examples share a boundary.
    """

    hyperplane: Hyperplane
    members: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, eq=False)
class UnitCell:
    """A non-empty open cell of one unit's arrangement.

    ``pattern[t]`` is the activation piece that example t uses, ``witness`` an exact
    interior point. ``boundaries`` (index, side) and ``walls`` describe the closed cell:
    they contain all its facets, and up to ``MAX_VERTEX_DIMENSION`` parameters nothing else.
    """

    index: int
    pattern: Pattern
    witness: tuple[Fraction, ...]
    boundaries: tuple[tuple[int, int], ...]
    walls: tuple[Wall, ...]


class ConvexRegion(Protocol):
    """A convex part of the box that hyperplanes split further."""

    @property
    def constraints(self) -> Mapping[int, Form]:
        """Forms, positive inside, of the facets at least, by number; the box's come first."""

    def sides(self, forms: Forms, chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.int8]:
        """For every chosen form: ±1 if the region lies on that closed side, 0 if it is cut."""

    def split(self, form: Form, number: int) -> tuple[ConvexRegion, ConvexRegion]:
        """The parts on the negative and on the positive side of a hyperplane that cuts."""

    def interior_point(self) -> Point:
        """A rational point strictly inside."""


class UnitArrangement:
    """The arrangement of one unit.

    Args:
        rows: T rows of n numbers, the constant 1 for a bias included.
        breakpoints: β_1 < … < β_p of the activation.
        ranges: the n pairs (lower, upper) of the unit's box.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[Fraction]],
        breakpoints: Sequence[Fraction],
        ranges: Sequence[tuple[Fraction, Fraction]],
    ) -> None:
        self.rows = tuple(tuple(row) for row in rows)
        self.breakpoints = tuple(breakpoints)
        self.ranges = tuple(ranges)
        self.boundaries = self._merge()

    def _merge(self) -> tuple[Boundary, ...]:
        """Distinct hyperplanes in primitive integer form, in order of their first member."""
        merged: dict[Hyperplane, list[tuple[int, int, int]]] = {}
        for t, row in enumerate(self.rows):
            if not any(row):
                continue  # z_t is 0 everywhere: no boundary
            for j, at in enumerate(self.breakpoints):
                scale = lcm(at.denominator, *(entry.denominator for entry in row))
                entries = [int(entry * scale) for entry in row] + [int(at * scale)]
                common = gcd(*entries)
                first = next(entry for entry in entries if entry)
                orientation = 1 if first > 0 else -1
                primitive = [entry // (orientation * common) for entry in entries]
                plane = Hyperplane(tuple(primitive[:-1]), primitive[-1])
                merged.setdefault(plane, []).append((t, j, orientation))
        return tuple(Boundary(plane, tuple(members)) for plane, members in merged.items())

    @cached_property
    def _base_pattern(self) -> Pattern:
        """Pieces of the examples without a boundary (x_t = 0, no bias), 0 for the others."""
        at_zero = sum(at <= 0 for at in self.breakpoints)
        dtype = np.int8 if len(self.breakpoints) < 128 else np.int64
        return np.array([0 if any(row) else at_zero for row in self.rows], dtype=dtype)

    @cached_property
    def _membership(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int8]]:
        """(boundary, orientation) of every example and breakpoint, orientation 0 for none."""
        shape = (len(self.rows), len(self.breakpoints))
        boundary, orientation = np.zeros(shape, dtype=np.intp), np.zeros(shape, dtype=np.int8)
        for index, shared in enumerate(self.boundaries):
            for t, j, sense in shared.members:
                boundary[t, j], orientation[t, j] = index, sense
        return boundary, orientation

    def pattern(self, sides: npt.NDArray[np.int8]) -> Pattern:
        """Activation piece of every example, given the side (±1) of every boundary."""
        if not self.boundaries:
            return self._base_pattern
        boundary, orientation = self._membership
        above = sides[boundary] == orientation
        pieces: Pattern = self._base_pattern + above.sum(axis=1, dtype=self._base_pattern.dtype)
        return pieces

    def form(self, facet: tuple[str, int, int]) -> tuple[int, ...]:
        """The homogeneous integer form of a facet, positive inside the cell."""
        kind, index, side = facet
        if kind == "boundary":
            return tuple(side * entry for entry in self.boundaries[index].hyperplane.homogeneous)
        return wall_forms(self.ranges)[2 * index + side]

    def cells(self, known: Mapping[int, int] | None = None) -> Iterator[UnitCell]:
        """All non-empty open cells inside the open box, each once, in a fixed order.

        Args:
            known: by example its piece, 0 or 1, for activations with one breakpoint: only the
                cells with these pieces.
        """
        n = len(self.ranges)
        kind = Polytope if n <= MAX_VERTEX_DIMENSION else Region
        forms = Forms([boundary.hyperplane.homogeneous for boundary in self.boundaries], n)
        box: ConvexRegion | None = self._part(kind.box(self.ranges), forms, known or {})
        if box is None:
            return
        for index, (region, sides) in enumerate(open_cells(box, forms, 2 * n)):
            *numerators, denominator = region.interior_point()
            numbers = sorted(region.constraints)
            yield UnitCell(
                index,
                self.pattern(sides),
                tuple(Fraction(numerator, denominator) for numerator in numerators),
                tuple((k - 2 * n, int(sides[k - 2 * n])) for k in numbers if k >= 2 * n),
                tuple(divmod(k, 2) for k in numbers if k < 2 * n),
            )

    def facets(self, known: Mapping[int, int]) -> list[int]:
        """Of the examples with known pieces one for each boundary that bounds the region where
        these pieces are used: inside it the other known pieces follow. All if there is none.

        Regions of more than ``MAX_VERTEX_DIMENSION`` parameters may name more.
        """
        n = len(self.ranges)
        kind = Polytope if n <= MAX_VERTEX_DIMENSION else Region
        forms = Forms([boundary.hyperplane.homogeneous for boundary in self.boundaries], n)
        part: ConvexRegion | None = self._part(kind.box(self.ranges), forms, known)
        if part is None:
            return sorted(known)
        bounding = [self.boundaries[k - 2 * n] for k in part.constraints if k >= 2 * n]
        return sorted(next(t for t, _, _ in each.members if t in known) for each in bounding)

    def _part(
        self, box: ConvexRegion, forms: Forms, known: Mapping[int, int]
    ) -> ConvexRegion | None:
        """The part of the box where examples use known pieces; None if it is empty."""
        first = 2 * len(self.ranges)
        for k, boundary in enumerate(self.boundaries):
            wanted = {
                orientation if known[t] else -orientation
                for t, _, orientation in boundary.members
                if t in known
            }
            side = int(box.sides(forms, np.array([k], dtype=np.intp))[0]) if wanted else 0
            if len(wanted) > 1 or (side and side not in wanted):
                return None
            if wanted and not side:
                box = box.split(forms[k], first + k)[wanted == {1}]
        return box


def open_cells(
    box: ConvexRegion, forms: Forms, first: int | None = None
) -> Iterator[tuple[ConvexRegion, npt.NDArray[np.int8]]]:
    """The open cells into which hyperplanes cut a convex region, with the side (±1) of every
    hyperplane.

    Hyperplane k becomes the constraint ``first`` + k; by default ``first`` is the number of those
    that there are. The array of sides is reused.
    """
    number = len(box.constraints) if first is None else first
    order = list(range(len(forms)))
    Random(SPLITTING_SEED).shuffle(order)
    sides = np.zeros(len(forms), dtype=np.int8)
    # Entries: region, hyperplanes not yet settled above it, and the side just taken.
    stack: list[tuple[ConvexRegion, npt.NDArray[np.intp], tuple[int, int] | None]] = [
        (box, np.array(order, dtype=np.intp), None)
    ]
    while stack:
        region, unsettled, taken = stack.pop()
        if taken is not None:
            sides[taken[0]] = taken[1]
        if len(unsettled):
            found = region.sides(forms, unsettled)
            sides[unsettled] = found
            unsettled = unsettled[found == 0]
        if not len(unsettled):
            yield region, sides
            continue
        pivot, rest = int(unsettled[0]), unsettled[1:]
        below, above = region.split(forms[pivot], number + pivot)
        stack.append((above, rest, (pivot, 1)))
        stack.append((below, rest, (pivot, -1)))
