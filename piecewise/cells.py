"""Cells of one unit: the arrangement {x_t·w + b = β_j} inside the unit's box.

The boundaries of a one-hidden-layer network involve one unit each, so its cells are
products of unit cells and only the arrangement of a single unit is enumerated. The box
is split recursively by a boundary that cuts the current region; a boundary that does
not cut a region is settled for everything below it. Each region carries its exact
vertices, so "cut" and "not cut" are proofs, every leaf is a non-empty cell, and the
leaves cover the box. The expected work is near-linear in the number of cells (it is
quicksort for one input with bias), the memory that of one path of the recursion.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm
from random import Random

import numpy as np
import numpy.typing as npt

from piecewise.errors import NotYetSupported
from piecewise.polytopes import Hyperplane, Polytope

SPLITTING_SEED = 0
"""Seed of the order in which boundaries are tried; it changes the order of cells, not the set."""

MAX_DIMENSION = 12
"""Most parameters per unit for which regions keep their (at least 2^n) exact vertices."""

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
    interior point; ``boundaries`` (index, side) and ``walls`` are the facets of the
    closed cell, and nothing else is needed to describe it.
    """

    index: int
    pattern: npt.NDArray[np.int8]
    witness: tuple[Fraction, ...]
    boundaries: tuple[tuple[int, int], ...]
    walls: tuple[Wall, ...]


class UnitArrangement:
    """The arrangement of one unit.

    Args:
        rows: T rows of n numbers, the constant 1 for a bias included.
        breakpoints: β_1 < … < β_p of the activation.
        ranges: the n pairs (lower, upper) of the unit's box.

    Raises:
        NotYetSupported: more than ``MAX_DIMENSION`` parameters per unit.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[Fraction]],
        breakpoints: Sequence[Fraction],
        ranges: Sequence[tuple[Fraction, Fraction]],
    ) -> None:
        if len(ranges) > MAX_DIMENSION:
            raise NotYetSupported(
                f"{len(ranges)} parameters per unit; cells are enumerated up to {MAX_DIMENSION}"
            )
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
            for j, breakpoint in enumerate(self.breakpoints):
                scale = lcm(breakpoint.denominator, *(entry.denominator for entry in row))
                entries = [int(entry * scale) for entry in row] + [int(breakpoint * scale)]
                common = gcd(*entries)
                first = next(entry for entry in entries if entry)
                orientation = 1 if first > 0 else -1
                primitive = [entry // (orientation * common) for entry in entries]
                plane = Hyperplane(tuple(primitive[:-1]), primitive[-1])
                merged.setdefault(plane, []).append((t, j, orientation))
        return tuple(Boundary(plane, tuple(members)) for plane, members in merged.items())

    @cached_property
    def _base_pattern(self) -> npt.NDArray[np.int8]:
        """Pieces of the examples without a boundary (x_t = 0, no bias), 0 for the others."""
        at_zero = sum(breakpoint <= 0 for breakpoint in self.breakpoints)
        return np.array([0 if any(row) else at_zero for row in self.rows], dtype=np.int8)

    @cached_property
    def _membership(
        self,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int8]]:
        """Arrays (example, boundary, orientation) over all members of all boundaries."""
        flat = [
            (t, index, orientation)
            for index, boundary in enumerate(self.boundaries)
            for t, _, orientation in boundary.members
        ]
        columns = np.array(flat, dtype=np.int64).reshape(-1, 3).T
        return columns[0], columns[1], columns[2].astype(np.int8)

    def pattern(self, sides: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Activation piece of every example, given the side (±1) of every boundary."""
        example, boundary, orientation = self._membership
        above = sides[boundary] == orientation
        counts = np.bincount(example[above], minlength=len(self.rows))
        return self._base_pattern + counts.astype(np.int8)

    def form(self, facet: tuple[str, int, int]) -> tuple[int, ...]:
        """The homogeneous integer form of a facet, positive inside the cell."""
        kind, index, side = facet
        if kind == "boundary":
            return tuple(side * entry for entry in self.boundaries[index].hyperplane.homogeneous)
        value = self.ranges[index][side]
        direction = -1 if side else 1
        form = [0] * (len(self.ranges) + 1)
        form[index] = direction * value.denominator
        form[-1] = -direction * value.numerator
        return tuple(form)

    def cells(self) -> Iterator[UnitCell]:
        """All non-empty open cells inside the open box, each once, in a fixed order."""
        order = list(range(len(self.boundaries)))
        Random(SPLITTING_SEED).shuffle(order)
        forms = [boundary.hyperplane.homogeneous for boundary in self.boundaries]
        sides = np.zeros(len(self.boundaries), dtype=np.int8)
        names = [(("wall", i, 0), ("wall", i, 1)) for i in range(len(self.ranges))]
        found = 0
        # Entries: region, boundaries not yet settled above it, and the side just taken.
        stack: list[tuple[Polytope, list[int], tuple[int, int] | None]] = [
            (Polytope.box(self.ranges, names), order, None)
        ]
        while stack:
            region, unsettled, taken = stack.pop()
            if taken is not None:
                sides[taken[0]] = taken[1]
            cutting = []
            for index in unsettled:
                side = region.side(forms[index])
                if side:
                    sides[index] = side
                else:
                    cutting.append(index)
            if cutting:
                pivot, *rest = cutting
                below, above = region.split(forms[pivot], pivot)
                stack.append((above, rest, (pivot, 1)))
                stack.append((below, rest, (pivot, -1)))
                continue
            yield self._cell(found, region, sides)
            found += 1

    def _cell(self, index: int, region: Polytope, sides: npt.NDArray[np.int8]) -> UnitCell:
        boundaries = tuple(
            (facet, int(sides[facet]))
            for facet in sorted(f for f in region.facets if isinstance(f, int))
        )
        walls = tuple(
            sorted((facet[1], facet[2]) for facet in region.facets if isinstance(facet, tuple))
        )
        forms: dict[Hashable, tuple[int, ...]] = {
            **{facet: self.form(("boundary", facet, side)) for facet, side in boundaries},
            **{("wall", *wall): self.form(("wall", *wall)) for wall in walls},
        }
        return UnitCell(index, self.pattern(sides), region.interior_point(forms), boundaries, walls)
