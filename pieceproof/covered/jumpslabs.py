"""Slabs around changes of the number of errors, wide ones tried first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.covering import Cover
from pieceproof.checking.coverings.jumps import Cell, CellProof
from pieceproof.checking.coverings.slabs import Slab, prove_cells
from pieceproof.checking.reading import Refuted
from pieceproof.covered.grounds import NO_WITNESS, OUT_OF_TIME, UNCOVERED, Grounds
from pieceproof.covered.profiles import Change
from pieceproof.covered.tiles import dyadic, exact

JUMP_BOXES = 60_000
"""Boxes for a slab around a jump before a shorter one is tried."""
WIDEST = fmpq(1, 16)
"""Share of A that a slab around a jump takes at most on either side."""
ATTEMPTS = 12
"""Widths of such a slab, each a quarter of the one before."""
NEAR = fmpq(1, 10**7)
"""Share of A within which a change is taken to be at a rational where σ_α degenerates."""
ALIKE = 1e-9
"""α that are taken for the same, in shares of A."""
NO_CELL = "the cell that comes or goes is not bounded by as many scores and walls as it should be"


class Jumps:
    """The slabs around changes, each made once; ``special`` are α at which pieces can meet."""

    def __init__(self, grounds: Grounds, special: Sequence[fmpq]) -> None:
        self.grounds, self.special = grounds, special
        self.lower, self.upper = grounds.space.interval
        self.known: dict[tuple[float, int, int], tuple[Slab, fmpq]] = {}

    def between(self, changes: Sequence[Change]) -> list[Slab | fmpq]:
        """A slab around every change; or α itself, where pieces can meet."""
        width = self.upper - self.lower
        places = [self.lower, *(exact(change.alpha) for change in changes), self.upper]
        found: list[Slab | fmpq] = []
        for (before, at), (_, after), change in zip(
            pairwise(places), pairwise(places[1:]), changes, strict=False
        ):
            exactly = next((a for a in self.special if abs(a - at) < width * NEAR), None)
            if exactly is not None:
                found.append(exactly)
                continue
            room = min((at - before) / 3, (after - at) / 3, width * WIDEST)
            found.append(self._jump(change, at, room))
        return found

    def _jump(self, change: Change, at: fmpq, room: fmpq) -> Slab:
        key = (change.alpha, change.left, change.right)
        known = self.known.get(key)
        if known is not None and known[1] == room:
            return known[0]
        reason, radius = NO_CELL, room
        for _ in range(ATTEMPTS):
            if self.grounds.is_late():
                reason = OUT_OF_TIME
                break
            slab = self._tried(change, at, radius)
            if isinstance(slab, Slab):
                self.known[key] = slab, room
                return slab
            reason = slab
            radius /= 4
        narrow = min(room, (self.upper - self.lower) * fmpq(1, 10**6))
        ends = dyadic(at - narrow, narrow / 8), dyadic(at + narrow, narrow / 8)
        slab = self.grounds.left_open(*ends, max(change.left, change.right), reason)
        self.known[key] = slab, room
        return slab

    def _tried(self, change: Change, at: fmpq, radius: fmpq) -> Slab | str:
        """A jump on [at − radius, at + radius], all but covered outside its cells."""
        ends = dyadic(at - radius, radius / 8), dyadic(at + radius, radius / 8)
        more = max(change.left, change.right)
        first = self.grounds.gaps.cell(change.tip, change.life.spot.key, ends)
        if first is None:
            return NO_CELL
        cells = [first]
        for _ in range(24):
            with np.errstate(all="ignore"):
                excluded = [
                    CellProof(self.grounds.space.by_key[cell.key], ends, cell).excluded
                    for cell in cells
                ]
            found = self.grounds.coverings.cover(ends, more, excluded, most=JUMP_BOXES)
            if found.done:
                break
            image = self._image(found, change, ends, cells)
            if image is None:
                return UNCOVERED
            cells.append(image)
        place = self.grounds.gaps.place(cells, ends, change.alpha)
        if place is None:
            return NO_CELL
        higher = (ends[0], place[1]) if change.left == more else (place[0], ends[1])
        witnesses = self.grounds.tiles.over(higher, more, self.grounds.spots(higher, more, change))
        if witnesses is None:
            return NO_WITNESS
        slab = Slab(
            *ends, "jump", (change.left, change.right), tuple(witnesses), tuple(cells), place
        )
        try:
            with np.errstate(all="ignore"):
                prove_cells(self.grounds.space, slab)
        except Refuted as refuted:
            return str(refuted)
        return slab

    def _image(
        self, found: Cover, change: Change, ends: tuple[fmpq, fmpq], cells: Sequence[Cell]
    ) -> Cell | None:
        """The cell of a point outside all boxes, if it ends where these do and is another one."""
        if found.point is None:
            return None
        spot = self.grounds.lives.cells.spot(found.point.alpha, found.point.w, found.point.key)
        life = self.grounds.lives.add(spot)
        if life is None or life.errors != min(change.left, change.right):
            return None
        tip = life.first if change.left > change.right else life.last
        width = float(self.grounds.lives.interval[1] - self.grounds.lives.interval[0])
        if abs(tip.alpha - change.alpha) > ALIKE * width:
            return None
        other = self.grounds.gaps.cell(tip, life.spot.key, ends)
        if other is None or any(
            other.key == cell.key and np.all(np.abs(other.centre - cell.centre)[:-1] < 1e-9)
            for cell in cells
        ):
            return None
        return other
