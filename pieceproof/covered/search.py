"""From a proposal to slabs that the checker can prove.

Around every change of the proposal a slab of kind ``jump`` is tried, wide ones first; between
them ℓ* is constant if W is covered. A point with fewer errors that a covering meets is a new
cell, and the proposal is made again. What cannot be proved is left open, with bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from time import monotonic

from flint import fmpq

from pieceproof.checking.coverings.slabs import Slab, Space
from pieceproof.covered.cells import Spot
from pieceproof.covered.gaps import Gaps
from pieceproof.covered.grounds import OUT_OF_TIME, Grounds
from pieceproof.covered.jumpslabs import Jumps
from pieceproof.covered.kept import Coverings
from pieceproof.covered.profiles import Change, Lives
from pieceproof.covered.steps import Piece, Steps
from pieceproof.covered.tiles import Tiles, float_of
from pieceproof.methods.options import Options
from pieceproof.store import Store

SWEEP = 0.4
"""The part of the time in which cells are looked for, before W is covered."""
REST = 0.1
"""The part of the time for witnesses, documents and what else is not foreseen."""
SLOWER = 1.2
"""How much longer coverings may take the checker."""
REVISIONS = 30
"""How often a proposal is made again."""
UNSETTLED = "new cells were found up to the end of the search"


class Search:
    """The search for slabs of a problem."""

    def __init__(self, space: Space, options: Options, kept: Store | None = None) -> None:
        self.space, self.options = space, options
        self.coverings = Coverings(space, kept, self.is_late)
        self.sweeping = options.middle(SWEEP)
        self.lives = Lives(space, self.coverings, self.is_late)
        tiles, gaps = Tiles(self.lives.cells, self.is_late), Gaps(space, self.lives.cells)
        self.grounds = Grounds(space, self.coverings, self.lives, tiles, gaps, self.is_late)
        self.lower, self.upper = space.interval
        self.special = _special(space)
        self.jumps = Jumps(self.grounds, self.special)
        self.steps = Steps(self.grounds, {self.lower, self.upper, *self.special})

    def is_late(self, more: float = 0.0) -> bool:
        """Whether the time of the search is over: what is left is what the checker will need, with
        ``more`` seconds for what is under way."""
        seconds = self.options.seconds
        if seconds is None:
            return False
        coverings = (self.coverings.seconds + more) / max(1, self.options.jobs)
        return self.options.out_of_time(REST * seconds + SLOWER * coverings)

    def run(self) -> list[Slab]:
        """Slabs that cover A."""
        self.lives.sweep(
            lambda share: self.options.progress("cells", round(1000 * share), 1000),
            lambda: monotonic() > self.sweeping,
        )
        best: list[Slab] = []
        for _ in range(REVISIONS):
            slabs, spots = self._attempt()
            # Time may have run out where an earlier proposal was proved.
            best = max(slabs, best, key=_proved)
            added = [life for spot in spots if (life := self.lives.add(spot)) is not None]
            if not added or self.is_late():
                break
        return _merged(self._filled(best))

    def _filled(self, slabs: list[Slab]) -> list[Slab]:
        """Open slabs where the search ended before there were others."""
        found: list[Slab] = []
        at = self.lower
        for slab in [*slabs, None]:
            lower = self.upper if slab is None else slab.lower
            if at < lower:
                late = OUT_OF_TIME if self.is_late() else UNSETTLED
                level = self.lives.level(float_of((at + lower) / 2))
                found.append(self.grounds.left_open(at, lower, level, late))
            if slab is not None:
                found.append(slab)
                at = slab.upper
        return found

    def _attempt(self) -> tuple[list[Slab], list[Spot]]:
        changes = self.lives.changes()
        between = self.jumps.between(changes)
        work: list[Slab | Piece] = []
        for piece, jump in zip(self._pieces(changes, between), [*between, None], strict=True):
            cuts = [a for a in self.special if piece.lower < a < piece.upper]
            work += [
                Piece(low, high, piece.errors)
                for low, high in pairwise([piece.lower, *cuts, piece.upper])
                if low < high
            ]
            if isinstance(jump, Slab):
                work.append(jump)
        slabs: list[Slab] = []
        spots: list[Spot] = []
        with ThreadPoolExecutor(max(1, self.options.jobs)) as pool:
            for done, found in enumerate(pool.map(self.steps.settled, work), start=1):
                slabs += found.slabs
                if found.spot is not None:
                    spots.append(found.spot)
                self.options.progress("covering", done, len(work))
        return slabs, spots

    def _pieces(self, changes: Sequence[Change], between: Sequence[Slab | fmpq]) -> list[Piece]:
        starts = [self.lower, *(e.upper if isinstance(e, Slab) else e for e in between)]
        ends = [*(e.lower if isinstance(e, Slab) else e for e in between), self.upper]
        if not changes:
            middle = (self.lives.interval[0] + self.lives.interval[1]) / 2
            levels = [self.lives.level(middle)]
        else:
            levels = [changes[0].left, *(change.right for change in changes)]
        return [
            Piece(start, end, level) for start, end, level in zip(starts, ends, levels, strict=True)
        ]


def _special(space: Space) -> list[fmpq]:
    """The α inside A at which a coefficient of a piece of σ_α vanishes."""
    network = space.model.network
    lower, upper = space.interval
    found = set()
    for first, second in zip(network.first, network.second, strict=True):
        for m in range(max(len(first.coeffs()), len(second.coeffs()))):
            change = first[m] - second[m]
            if change != 0 and lower < -second[m] / change < upper:
                found.add(-second[m] / change)
    return sorted(found)


def _proved(slabs: Sequence[Slab]) -> fmpq:
    """The width of what is not open."""
    return sum((s.upper - s.lower for s in slabs if s.kind != "open"), fmpq(0))


def _merged(slabs: list[Slab]) -> list[Slab]:
    """Neighbouring open slabs with the same bounds as one."""
    found: list[Slab] = []
    for slab in slabs:
        if found and slab.kind == found[-1].kind == "open" and slab.errors == found[-1].errors:
            last = found[-1]
            found[-1] = replace(
                last, upper=slab.upper, witnesses=(*last.witnesses, *slab.witnesses)
            )
        else:
            found.append(slab)
    return found
