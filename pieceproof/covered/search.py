"""From a proposal to slabs that the checker can prove.

Around every change of the proposal a slab of kind ``jump`` is tried, wide ones first; between
them ℓ* is constant if W is covered. A point with fewer errors that a covering meets is a new
cell, and the proposal is made again. What cannot be proved is left open, with bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from time import monotonic

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.covering import Cover
from pieceproof.checking.coverings.jumps import Cell, CellProof
from pieceproof.checking.coverings.slabs import Slab, Space, prove_cells
from pieceproof.checking.coverings.witnesses import Witness, errors_of
from pieceproof.checking.reading import Refuted
from pieceproof.covered.cells import Spot
from pieceproof.covered.gaps import Gaps
from pieceproof.covered.kept import Coverings
from pieceproof.covered.profiles import Change, Life, Lives
from pieceproof.covered.tiles import Tiles, dyadic, exact, float_of
from pieceproof.methods.options import Options
from pieceproof.store import Store

SWEEP = 0.4
"""The part of the time in which cells are looked for, before W is covered."""
REST = 0.1
"""The part of the time for witnesses, documents and what else is not foreseen."""
SLOWER = 1.2
"""How much longer coverings may take the checker."""
SLAB_BOXES = 150_000
"""Boxes for a slab before it is halved."""
JUMP_BOXES = 60_000
"""Boxes for a slab around a jump before a shorter one is tried."""
HALVINGS = 4
"""How often a slab is halved before it stays open."""
SHORT = (fmpq(1, 2**30), fmpq(1, 2**16), fmpq(1, 2**7))
"""Shares of a piece that may stay without witnesses."""
FURTHER = 12
"""How often more at an end of A."""
REVISIONS = 30
"""How often a proposal is made again."""
WIDEST = fmpq(1, 16)
"""Share of A that a slab around a jump takes at most on either side."""
ATTEMPTS = 12
"""Widths of such a slab, each a quarter of the one before."""
NEAR = fmpq(1, 10**7)
"""Share of A within which a change is taken to be at a rational where σ_α degenerates."""
ALIKE = 1e-9
"""α that are taken for the same, in shares of A."""
OUT_OF_TIME = "time ran out"
UNCOVERED = "boxes of parameters are left over: scores vanish together, or almost"
NO_CELL = "the cell that comes or goes is not bounded by as many scores and walls as it should be"
UNSETTLED = "new cells were found up to the end of the search"
NO_WITNESS = "no parameters with so few errors were found on all of it"


@dataclass(frozen=True, eq=False)
class Piece:
    """An interval on which the proposal is constant."""

    lower: fmpq
    upper: fmpq
    errors: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """Slabs, or a point with fewer errors than were proposed."""

    slabs: tuple[Slab, ...] = ()
    spot: Spot | None = None


class Search:
    """The search for slabs of a problem."""

    def __init__(self, space: Space, options: Options, kept: Store | None = None) -> None:
        self.space, self.options = space, options
        self.coverings = Coverings(space, kept, self.is_late)
        self.sweeping = options.middle(SWEEP)
        self.lives = Lives(space, self.coverings, self.is_late)
        self.tiles = Tiles(self.lives.cells, self.is_late)
        self.gaps = Gaps(space, self.lives.cells)
        self.lower, self.upper = space.interval
        self.special = _special(space)
        self.jumps: dict[tuple[float, int, int], tuple[Slab, fmpq]] = {}
        self.settled: dict[tuple[fmpq, fmpq, int], Outcome] = {}

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
                found.append(self._open(at, lower, level, late))
            if slab is not None:
                found.append(slab)
                at = slab.upper
        return found

    def _attempt(self) -> tuple[list[Slab], list[Spot]]:
        changes = self.lives.changes()
        between = self._jumps(changes)
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
            for done, found in enumerate(pool.map(self._settled, work), start=1):
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

    # -- jumps -------------------------------------------------------------------------

    def _jumps(self, changes: Sequence[Change]) -> list[Slab | fmpq]:
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
        known = self.jumps.get(key)
        if known is not None and known[1] == room:
            return known[0]
        reason, radius = NO_CELL, room
        for _ in range(ATTEMPTS):
            if self.is_late():
                reason = OUT_OF_TIME
                break
            slab = self._tried(change, at, radius)
            if isinstance(slab, Slab):
                self.jumps[key] = slab, room
                return slab
            reason = slab
            radius /= 4
        narrow = min(room, (self.upper - self.lower) * fmpq(1, 10**6))
        ends = dyadic(at - narrow, narrow / 8), dyadic(at + narrow, narrow / 8)
        slab = self._open(*ends, max(change.left, change.right), reason)
        self.jumps[key] = slab, room
        return slab

    def _tried(self, change: Change, at: fmpq, radius: fmpq) -> Slab | str:
        """A jump on [at − radius, at + radius], all but covered outside its cells."""
        ends = dyadic(at - radius, radius / 8), dyadic(at + radius, radius / 8)
        more = max(change.left, change.right)
        first = self.gaps.cell(change.tip, change.life.spot.key, ends)
        if first is None:
            return NO_CELL
        cells = [first]
        for _ in range(24):
            with np.errstate(all="ignore"):
                excluded = [
                    CellProof(self.space.by_key[cell.key], ends, cell).excluded for cell in cells
                ]
            found = self.coverings.cover(ends, more, excluded, most=JUMP_BOXES)
            if found.done:
                break
            image = self._image(found, change, ends, cells)
            if image is None:
                return UNCOVERED
            cells.append(image)
        place = self.gaps.place(cells, ends, change.alpha)
        if place is None:
            return NO_CELL
        higher = (ends[0], place[1]) if change.left == more else (place[0], ends[1])
        witnesses = self.tiles.over(higher, more, self._spots(higher, more, change))
        if witnesses is None:
            return NO_WITNESS
        slab = Slab(
            *ends, "jump", (change.left, change.right), tuple(witnesses), tuple(cells), place
        )
        try:
            with np.errstate(all="ignore"):
                prove_cells(self.space, slab)
        except Refuted as refuted:
            return str(refuted)
        return slab

    def _image(
        self, found: Cover, change: Change, ends: tuple[fmpq, fmpq], cells: Sequence[Cell]
    ) -> Cell | None:
        """The cell of a point outside all boxes, if it ends where these do and is another one."""
        if found.point is None:
            return None
        spot = self.lives.cells.spot(found.point.alpha, found.point.w, found.point.key)
        life = self.lives.add(spot)
        if life is None or life.errors != min(change.left, change.right):
            return None
        tip = life.first if change.left > change.right else life.last
        width = float(self.lives.interval[1] - self.lives.interval[0])
        if abs(tip.alpha - change.alpha) > ALIKE * width:
            return None
        other = self.gaps.cell(tip, life.spot.key, ends)
        if other is None or any(
            other.key == cell.key and np.all(np.abs(other.centre - cell.centre)[:-1] < 1e-9)
            for cell in cells
        ):
            return None
        return other

    def _spots(self, ends: tuple[fmpq, fmpq], errors: int, change: Change | None) -> list[Spot]:
        """Points of cells that may serve as witnesses on an interval."""
        low, high = map(float_of, ends)
        lives = [
            life
            for life in self.lives.known
            if life.errors <= errors and life.first.alpha < high and life.last.alpha > low
        ]
        lives.sort(key=lambda life: _overlap(life, low, high), reverse=True)
        spots = [life.spot for life in lives[:6]]
        if change is None:
            return spots
        # Beside a tip some cells make just one error more.
        rng = np.random.default_rng(0)
        cells, tip = self.lives.cells, change.tip
        key = change.life.spot.key
        walls = self.space.by_key[key].walls
        middle = 0.5 * (low + high)
        extent = walls.hi - walls.lo
        for scale in (1e-3, 1e-2, 1e-1):
            for _ in range(16):
                w = np.clip(
                    tip.w + scale * rng.uniform(-1, 1, len(tip.w)) * extent, walls.lo, walls.hi
                )
                near = cells.spot(middle, w, key)
                if near.errors <= errors:
                    spots.append(near)
                    break
        return spots

    # -- constant pieces ---------------------------------------------------------------

    def _settled(self, work: Slab | Piece) -> Outcome:
        if isinstance(work, Slab):
            return Outcome((work,))
        key = (work.lower, work.upper, work.errors)
        if key not in self.settled:
            outcome = self._piece(work, HALVINGS)
            if self.is_late():
                return outcome
            self.settled[key] = outcome
        return self.settled[key]

    def _piece(self, piece: Piece, halvings: int) -> Outcome:
        ends = (piece.lower, piece.upper)
        most = SLAB_BOXES if halvings > 0 else SLAB_BOXES // 8
        found = self.coverings.cover(ends, piece.errors, most=most)
        if found.point is not None:
            spot = self.lives.cells.spot(found.point.alpha, found.point.w, found.point.key)
            if spot.errors < piece.errors:
                return Outcome((), spot)
        reason = UNCOVERED
        if not found.done and not self.is_late():
            middle = (piece.lower + piece.upper) / 2
            lowest = self.lives.lowest(float_of(middle))
            if lowest is not None and lowest.errors < piece.errors:
                return Outcome((), lowest)
        if found.done:
            spots = self._spots(ends, piece.errors, None)
            witnesses = self.tiles.over(ends, piece.errors, spots)
            if witnesses is not None:
                slab = Slab(*ends, "constant", (piece.errors, piece.errors), tuple(witnesses))
                return Outcome((slab,))
            reason = NO_WITNESS
            partly = self._partly(piece, spots, halvings)
            if partly is not None:
                return partly
        # Towards an end of A pieces are halved further: what stays open is short.
        stops = {self.lower, self.upper, *self.special}
        at_end = reason is UNCOVERED and (piece.lower in stops or piece.upper in stops)
        if halvings > (-FURTHER if at_end else 0) and not self.is_late():
            middle = dyadic((piece.lower + piece.upper) / 2, (piece.upper - piece.lower) / 8)
            outcomes = [
                self._piece(replace(piece, upper=middle), halvings - 1),
                self._piece(replace(piece, lower=middle), halvings - 1),
            ]
            lower = next((each.spot for each in outcomes if each.spot is not None), None)
            return Outcome(tuple(s for each in outcomes for s in each.slabs), lower)
        late = self.is_late()
        least = piece.errors if found.done else None
        reason = OUT_OF_TIME if late else reason
        return Outcome((self._open(*ends, piece.errors, reason, least),))

    def _partly(self, piece: Piece, spots: Sequence[Spot], halvings: int) -> Outcome | None:
        """A piece that is covered, with witnesses from its lower end, or right beside it, as far as
        they lead; what is left is looked at again, or stays open if it is short."""
        width = piece.upper - piece.lower
        for share in (fmpq(0), *SHORT):
            start = piece.lower + width * share
            found, reached = self.tiles.reach((start, piece.upper), piece.errors, spots)
            if found:
                break
        else:
            return None
        if reached < piece.upper:
            reached = dyadic(reached - (reached - start) / 32, (reached - start) / 64)
        if not (start < reached and self._is_covered((start, reached), piece.errors)):
            return None
        both = (piece.errors, piece.errors)
        slabs = [Slab(start, reached, "constant", both, tuple(found))]
        if piece.lower < start:
            slabs.insert(0, self._open(piece.lower, start, piece.errors, NO_WITNESS))
        rest = replace(piece, lower=reached)
        if reached == piece.upper:
            return Outcome(tuple(slabs))
        if halvings <= 0 or self.is_late() or rest.upper - rest.lower <= width * SHORT[-1]:
            left = self._open(reached, piece.upper, piece.errors, NO_WITNESS)
            return Outcome((*slabs, left))
        following = self._piece(rest, halvings - 1)
        return Outcome((*slabs, *following.slabs), following.spot)

    def _is_covered(self, ends: tuple[fmpq, fmpq], errors: int) -> bool:
        return self.coverings.cover(ends, errors, most=SLAB_BOXES).done

    def _open(
        self, lower: fmpq, upper: fmpq, errors: int, reason: str, proved: int | None = None
    ) -> Slab:
        """An open slab with bounds: as many errors as can be proved, or were ``proved`` by covering
        just this interval, and witnesses; a constant one if these meet after all."""
        ends = (lower, upper)
        witnesses = (
            None
            if self.is_late()
            else self.tiles.over(ends, errors, self._spots(ends, errors, None))
        )
        high = errors
        if witnesses is None:
            resting = self._resting(ends)
            high, witnesses = errors_of(self.space.model, resting), [resting]
        low = sum(item.least for item in self.space.model.items)
        for wanted in range(min(errors, high), low, -1):
            if proved is not None and proved >= wanted:
                low = wanted
                break
            if self.is_late():
                break
            if self.coverings.cover(ends, wanted, most=SLAB_BOXES // 8).done:
                low = wanted
                break
        if low == high == errors:
            return Slab(*ends, "constant", (low, high), tuple(witnesses))
        return Slab(*ends, "open", (low, high), tuple(witnesses), reason=reason)

    def _resting(self, ends: tuple[fmpq, fmpq]) -> Witness:
        """The point of W next to 0, with the best signs of output weights: found at once."""
        model = self.space.model
        w = tuple(min(max(fmpq(0), low), high) for low, high in model.network.walls)
        signs = dict.fromkeys(chart.key[0] for chart in self.space.charts)
        return min(
            (Witness(*ends, each, w) for each in signs), key=lambda each: errors_of(model, each)
        )


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


def _overlap(life: Life, low: float, high: float) -> float:
    return min(life.last.alpha, high) - max(life.first.alpha, low)


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
