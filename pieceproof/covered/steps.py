"""Slabs on which the number of errors is constant, halved where W is not covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flint import fmpq

from pieceproof.checking.coverings.slabs import Slab
from pieceproof.covered.cells import Spot
from pieceproof.covered.grounds import NO_WITNESS, OUT_OF_TIME, SLAB_BOXES, UNCOVERED, Grounds
from pieceproof.covered.tiles import dyadic, float_of

HALVINGS = 4
"""How often a slab is halved before it stays open."""
SHORT = (fmpq(1, 2**30), fmpq(1, 2**16), fmpq(1, 2**7))
"""Shares of a piece that may stay without witnesses."""
FURTHER = 12
"""How often more at an end of A."""


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


class Steps:
    """The slabs of pieces, each made once; at ``stops`` pieces are halved further."""

    def __init__(self, grounds: Grounds, stops: set[fmpq]) -> None:
        self.grounds, self.stops = grounds, stops
        self.known: dict[tuple[fmpq, fmpq, int], Outcome] = {}

    def settled(self, work: Slab | Piece) -> Outcome:
        """The slabs of a piece; a slab that is there already is one."""
        if isinstance(work, Slab):
            return Outcome((work,))
        key = (work.lower, work.upper, work.errors)
        if key not in self.known:
            outcome = self._piece(work, HALVINGS)
            if self.grounds.is_late():
                return outcome
            self.known[key] = outcome
        return self.known[key]

    def _piece(self, piece: Piece, halvings: int) -> Outcome:
        ends = (piece.lower, piece.upper)
        most = SLAB_BOXES if halvings > 0 else SLAB_BOXES // 8
        found = self.grounds.coverings.cover(ends, piece.errors, most=most)
        if found.point is not None:
            spot = self.grounds.lives.cells.spot(found.point.alpha, found.point.w, found.point.key)
            if spot.errors < piece.errors:
                return Outcome((), spot)
        reason = UNCOVERED
        if not found.done and not self.grounds.is_late():
            middle = (piece.lower + piece.upper) / 2
            lowest = self.grounds.lives.lowest(float_of(middle))
            if lowest is not None and lowest.errors < piece.errors:
                return Outcome((), lowest)
        if found.done:
            spots = self.grounds.spots(ends, piece.errors)
            witnesses = self.grounds.tiles.over(ends, piece.errors, spots)
            if witnesses is not None:
                slab = Slab(*ends, "constant", (piece.errors, piece.errors), tuple(witnesses))
                return Outcome((slab,))
            reason = NO_WITNESS
            partly = self._partly(piece, spots, halvings)
            if partly is not None:
                return partly
        # Towards an end of A pieces are halved further: what stays open is short.
        at_end = reason is UNCOVERED and (piece.lower in self.stops or piece.upper in self.stops)
        if halvings > (-FURTHER if at_end else 0) and not self.grounds.is_late():
            middle = dyadic((piece.lower + piece.upper) / 2, (piece.upper - piece.lower) / 8)
            outcomes = [
                self._piece(replace(piece, upper=middle), halvings - 1),
                self._piece(replace(piece, lower=middle), halvings - 1),
            ]
            lower = next((each.spot for each in outcomes if each.spot is not None), None)
            return Outcome(tuple(s for each in outcomes for s in each.slabs), lower)
        late = self.grounds.is_late()
        least = piece.errors if found.done else None
        reason = OUT_OF_TIME if late else reason
        return Outcome((self.grounds.left_open(*ends, piece.errors, reason, least),))

    def _partly(self, piece: Piece, spots: Sequence[Spot], halvings: int) -> Outcome | None:
        """A piece that is covered, with witnesses from its lower end, or right beside it, as far as
        they lead; what is left is looked at again, or stays open if it is short."""
        width = piece.upper - piece.lower
        for share in (fmpq(0), *SHORT):
            start = piece.lower + width * share
            found, reached = self.grounds.tiles.reach((start, piece.upper), piece.errors, spots)
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
            slabs.insert(0, self.grounds.left_open(piece.lower, start, piece.errors, NO_WITNESS))
        rest = replace(piece, lower=reached)
        if reached == piece.upper:
            return Outcome(tuple(slabs))
        if halvings <= 0 or self.grounds.is_late() or rest.upper - rest.lower <= width * SHORT[-1]:
            left = self.grounds.left_open(reached, piece.upper, piece.errors, NO_WITNESS)
            return Outcome((*slabs, left))
        following = self._piece(rest, halvings - 1)
        return Outcome((*slabs, *following.slabs), following.spot)

    def _is_covered(self, ends: tuple[fmpq, fmpq], errors: int) -> bool:
        return self.grounds.coverings.cover(ends, errors, most=SLAB_BOXES).done
