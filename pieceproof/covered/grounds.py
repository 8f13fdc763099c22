"""What slabs are made from: cells, coverings, witnesses, and open slabs where these do not do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.slabs import Slab, Space
from pieceproof.checking.coverings.witnesses import Witness, errors_of
from pieceproof.covered.cells import Spot
from pieceproof.covered.gaps import Gaps
from pieceproof.covered.kept import Coverings
from pieceproof.covered.profiles import Change, Life, Lives
from pieceproof.covered.tiles import Tiles, float_of

SLAB_BOXES = 150_000
"""Boxes for a slab before it is halved."""
OUT_OF_TIME = "time ran out"
UNCOVERED = "boxes of parameters are left over: scores vanish together, or almost"
NO_WITNESS = "no parameters with so few errors were found on all of it"


class Clock(Protocol):
    """Whether the time of the search is over, with ``more`` seconds for what is under way."""

    def __call__(self, more: float = 0.0) -> bool: ...


@dataclass(frozen=True, eq=False)
class Grounds:
    """The cells of a problem that are known, and what proves something of them."""

    space: Space
    coverings: Coverings
    lives: Lives
    tiles: Tiles
    gaps: Gaps
    is_late: Clock

    def spots(
        self, ends: tuple[fmpq, fmpq], errors: int, change: Change | None = None
    ) -> list[Spot]:
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

    def left_open(
        self, lower: fmpq, upper: fmpq, errors: int, reason: str, proved: int | None = None
    ) -> Slab:
        """An open slab with bounds: as many errors as can be proved, or were ``proved`` by covering
        just this interval, and witnesses; a constant one if these meet after all."""
        ends = (lower, upper)
        witnesses = (
            None if self.is_late() else self.tiles.over(ends, errors, self.spots(ends, errors))
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


def _overlap(life: Life, low: float, high: float) -> float:
    return min(life.last.alpha, high) - max(life.first.alpha, low)
