"""A proposal for ℓ*: cells with few errors and the intervals of α on which they live.

At single α branch and bound finds the least number of errors; the cell that makes them is
followed to both its ends, and the search goes on behind them. The least number over all cells
that are known is a step function that is nowhere below ℓ*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.rounded import errors_at
from pieceproof.checking.coverings.slabs import Space
from pieceproof.covered.cells import Cells, Spot, Tip
from pieceproof.covered.kept import Coverings
from pieceproof.covered.tiles import float_of

SEED = 0
SAMPLES = 8192
POINT_BOXES = 300_000
"""Boxes for the least number of errors at one α."""
PATIENCE = 40
"""Boxes that become thin and are passed over."""
THIN = 2.0**-30
BEHIND = 1e-7
"""Share of A by which the search goes on behind the end of a cell."""
MOST_LIVES = 400


@dataclass(frozen=True, eq=False)
class Life:
    """A cell with its errors between two tips."""

    errors: int
    spot: Spot
    first: Tip
    last: Tip

    def holds(self, alpha: float) -> bool:
        """Whether the cell is there at α."""
        return self.first.alpha <= alpha <= self.last.alpha


@dataclass(frozen=True)
class Change:
    """The proposal changes at α: errors on both sides, and the life that begins or ends."""

    alpha: float
    left: int
    right: int
    life: Life

    @property
    def tip(self) -> Tip:
        """Where the cell with fewer errors begins or ends."""
        return self.life.first if self.left > self.right else self.life.last


class Lives:
    """All cells that are known."""

    def __init__(self, space: Space, coverings: Coverings, is_late: Callable[[], bool]) -> None:
        self.space, self.coverings, self.is_late = space, coverings, is_late
        lower, upper = space.interval
        self.interval = (float_of(lower), float_of(upper))
        self.cells = Cells(space.model, space.by_key, self.interval)
        self.known: list[Life] = []
        rng = np.random.default_rng(SEED)
        walls = space.model.network.box
        d = space.model.network.parameters
        share = rng.uniform(0.0, 1.0, (SAMPLES, d))
        spread = walls.lo + share * (walls.hi - walls.lo)
        # Half of the samples at all scales towards the middle, where bends are.
        middle = np.clip(0.0, walls.lo, walls.hi)
        scale = 10.0 ** rng.uniform(-4.0, 0.0, (SAMPLES, 1))
        scale[: SAMPLES // 2] = 1.0
        self.samples = middle + scale * (spread - middle)

    def lowest(self, alpha: float) -> Spot | None:
        """A point with the fewest errors at α that is found; None without time."""
        best = self._sampled(alpha)
        at = fmpq(*Fraction(alpha).as_integer_ratio())
        while best.errors > self._least and not self.is_late():
            found = self.coverings.cover(
                (at, at), best.errors, most=POINT_BOXES, patience=PATIENCE, thinnest=THIN
            )
            if found.point is None:
                break
            spot = self.cells.spot(alpha, found.point.w, found.point.key)
            if spot.errors >= best.errors:
                break
            best = spot
        return best

    @property
    def _least(self) -> int:
        return sum(item.least for item in self.space.model.items)

    def _sampled(self, alpha: float) -> Spot:
        best = Spot(alpha, self.samples[0], next(iter(self.space.by_key)), 1 << 40)
        for key, chart in self.space.by_key.items():
            w = np.clip(self.samples, chart.walls.lo, chart.walls.hi)
            values = self.cells.rounded(np.full(len(w), alpha), w, key[0])
            errors = errors_at(self.space.model, values)
            index = int(np.argmin(errors))
            if errors[index] < best.errors:
                best = Spot(alpha, w[index], key, int(errors[index]))
        for life in self.known:
            if life.holds(alpha) and life.errors < best.errors:
                moved = self.cells.moved(life.spot, alpha)
                if moved is not None and moved.errors < best.errors:
                    best = moved
        return best

    def add(self, spot: Spot) -> Life | None:
        """The life of the cell of a point; None if it is known."""
        centre = self.cells.centred(spot)
        _, first = self.cells.extreme(centre, -1)
        _, last = self.cells.extreme(centre, 1)
        life = Life(centre.errors, centre, first, last)
        for old in self.known:
            if old.errors <= life.errors and _same(old, life):
                return None
        self.known.append(life)
        return life

    def sweep(
        self, progress: Callable[[float], None], is_over: Callable[[], bool] = lambda: False
    ) -> None:
        """Find cells for all α, unless it is over before."""
        lower, upper = self.interval
        width = upper - lower
        at = lower + 1e-5 * width
        while at < upper and len(self.known) < MOST_LIVES and not self.is_late():
            if is_over():
                return
            spot = self.lowest(at)
            if spot is None:
                return
            self.add(spot)
            best = [life for life in self.known if life.holds(at) and life.errors <= spot.errors]
            reach = max((life.last.alpha for life in best), default=at)
            progress((min(reach, upper) - lower) / width)
            if reach >= upper:
                return
            at = max(reach, at) + BEHIND * width

    def changes(self) -> list[Change]:
        """Where the least number over all lives changes, in order."""
        lower, upper = self.interval
        width = upper - lower
        ends = sorted({a for life in self.known for a in (life.first.alpha, life.last.alpha)})
        cuts = [lower]
        for end in ends:
            if end - cuts[-1] > 1e-12 * width and upper - end > 1e-12 * width:
                cuts.append(end)
        cuts.append(upper)
        levels = [self.level(0.5 * (a + b)) for a, b in pairwise(cuts)]
        found = []
        for cut, left, right in zip(cuts[1:], levels, levels[1:], strict=False):
            if left == right:
                continue
            fewer = min(left, right)
            near = [
                life
                for life in self.known
                if life.errors == fewer
                and abs((life.last if left < right else life.first).alpha - cut) <= 1e-11 * width
            ]
            if near:
                found.append(Change(cut, left, right, near[0]))
        return found

    def level(self, alpha: float) -> int:
        """The fewest errors of a life at α."""
        return min(
            (life.errors for life in self.known if life.holds(alpha)),
            default=self.space.model.network.examples,
        )


def _same(one: Life, other: Life) -> bool:
    return (
        one.spot.key == other.spot.key
        and abs(one.first.alpha - other.first.alpha) < 1e-9
        and abs(one.last.alpha - other.last.alpha) < 1e-9
        and float(np.max(np.abs(one.first.w - other.first.w))) < 1e-6
        and float(np.max(np.abs(one.last.w - other.last.w))) < 1e-6
    )
