"""Covering: outside the basins f is above the claimed minimum, all over W.

Fix α and let w° be a global minimiser of f(α, ·) over a chart, in its fundamental domain.
Branch and bound over (α, w): a box is settled when w° cannot lie in it, or when it lies in a
basin. w° is not in a box on which

- f > v, by its range or by the mean value form of f − v (f is Lipschitz and piecewise
  polynomial, so Lebourg's mean value theorem holds with Clarke's gradient);
- a component of Clarke's gradient keeps its sign, unless w° is at the wall that this component
  points away from: then only that face of the box is left.

What is not settled is cut in two. α is one more coordinate: far from the basins one box covers
many slabs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pieceproof.checking.enclosing.folds import View
from pieceproof.checking.enclosing.ranges import Array, Range
from pieceproof.checking.enclosing.tubes import Path, Space

BATCH = 768
"""Boxes looked at together: few enough for the processor's cache."""

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Level:
    """v(α) on a slab: enclosed at the middle, with an enclosure of v′ on the slab."""

    middle: Range
    value: Range
    slope: Range


@dataclass(frozen=True, eq=False)
class FoldedBasin:
    """A basin (path, radius) in the folded coordinates of a view of W."""

    view: View
    middle: Range
    path: Path


@dataclass(frozen=True, eq=False)
class Claim:
    """A slab for one chart: α, the levels, and the basins (path, radius) of this chart.

    With ``every`` the minimum is one of the levels, else it is the least of them.
    """

    alpha: Range
    levels: tuple[Level, ...]
    basins: tuple[tuple[Range, Path], ...]
    every: bool = False
    folded: tuple[FoldedBasin, ...] = ()


@dataclass(frozen=True)
class Cover:
    """Slabs that are not settled: ``open`` by budget, ``lower`` with a point where f < v."""

    open: tuple[int, ...]
    lower: tuple[tuple[int, float, tuple[float, ...]], ...]
    boxes: int


class Covering:
    """Branch and bound for one chart."""

    def __init__(self, space: Space, claims: Sequence[Claim], per_slab: int) -> None:
        self.space, self.per_slab = space, per_slab
        self.start = np.array([float(claim.alpha.lo[0]) for claim in claims])
        self.end = np.array([float(claim.alpha.hi[0]) for claim in claims])
        k = max((len(claim.levels) for claim in claims), default=0)
        b = max((len(claim.basins) for claim in claims), default=0)
        s, d = len(claims), len(space.box.lo)
        self.every = np.array([claim.every for claim in claims])
        self.mid = np.zeros((s, k))
        self.v_lo, self.v_hi = np.full((s, k), np.nan), np.full((s, k), np.nan)
        self.s_lo, self.s_hi = np.full((s, k), np.nan), np.full((s, k), np.nan)
        self.above = np.full(s, np.inf)
        for i, claim in enumerate(claims):
            tops = []
            for j, level in enumerate(claim.levels):
                self.mid[i, j] = float(level.middle.lo[0])
                self.v_lo[i, j], self.v_hi[i, j] = level.value.lo[0], level.value.hi[0]
                self.s_lo[i, j], self.s_hi[i, j] = level.slope.lo[0], level.slope.hi[0]
                whole = level.value + level.slope * (claim.alpha - level.middle)
                tops.append(float(whole.hi[0]))
            self.above[i] = max(tops) if claim.every else min(tops)
        self.n_lo, self.n_hi = np.full((s, b, d), np.inf), np.full((s, b, d), -np.inf)
        for i, claim in enumerate(claims):
            for j, (middle, path) in enumerate(claim.basins):
                low, high = _inner(claim.alpha, middle, path)
                self.n_lo[i, j], self.n_hi[i, j] = low, high
        self.views = _folded(claims, d)
        self.reach = _Highest(self.above)
        self.moving = 1 + space.moving
        lower, upper = space.sides
        self.walls = lower, upper

    def run(self, budget: int) -> Cover:
        """Settle everything, or say which slabs are not."""
        spent = np.zeros(len(self.start), dtype=np.int64)
        bad: dict[int, tuple[int, float, tuple[float, ...]] | None] = {}
        root = self.space.placed(Range(self.start[:1], self.end[-1:]), self.space.box, {})
        stack = [(root.lo, root.hi, np.array([0]), np.array([len(self.start) - 1]))]
        boxes = 0
        while stack:
            lo, hi, first, last = _taken(stack)
            boxes += len(lo)
            single = first == last
            np.add.at(spent, first[single], 1)
            for over in np.flatnonzero(spent > self.per_slab):
                bad.setdefault(int(over), None)
            if boxes > budget:
                for i in range(len(first)):
                    for slab in range(int(first[i]), int(last[i]) + 1):
                        bad.setdefault(slab, None)
                for _, _, low, high in stack:
                    for i in range(len(low)):
                        for slab in range(int(low[i]), int(high[i]) + 1):
                            bad.setdefault(slab, None)
                break
            keep = ~(single & np.isin(first, list(bad))) if bad else np.ones(len(lo), dtype=bool)
            keep &= self._in_domain(lo, hi)
            keep &= ~self._in_basin(lo, hi, first, last)
            lo, hi, first, last = lo[keep], hi[keep], first[keep], last[keep]
            if not len(lo):
                continue
            box = Range(lo, hi)
            value = self.space.jets.objective(box, 0).value
            keep = ~(value.lo > self.reach.over(first, last))
            lo, hi, first, last = lo[keep], hi[keep], first[keep], last[keep]
            if not len(lo):
                continue
            stack.append(self._refined(lo, hi, first, last, bad))
        slabs = tuple(sorted(slab for slab, found in bad.items() if found is None))
        lower = tuple(found for _, found in sorted(bad.items()) if found is not None)
        return Cover(slabs, lower, boxes)

    # -- tests -----------------------------------------------------------------------

    def _in_domain(self, lo: Array, hi: Array) -> npt.NDArray[np.bool_]:
        """Whether the box meets the fundamental domain of the symmetries."""
        keep = np.ones(len(lo), dtype=bool)
        for i, j in self.space.chart.ordered:
            keep &= ~(lo[:, 1 + i] > hi[:, 1 + j])
        for i in self.space.chart.nonnegative:
            keep &= ~(hi[:, 1 + i] < 0)
        return keep

    def _in_basin(self, lo: Array, hi: Array, first: Index, last: Index) -> npt.NDArray[np.bool_]:
        inside = np.zeros(len(lo), dtype=bool)
        for j in range(self.n_lo.shape[1]):
            low, high = self.n_lo[first, j], self.n_hi[first, j]
            inside |= np.all((lo[:, 1:] >= low) & (hi[:, 1:] <= high), axis=1)
        for view, n_lo, n_hi in self.views:
            least, most = view.of(lo[:, 1:], hi[:, 1:])
            inside |= np.all((least >= n_lo[first]) & (most <= n_hi[first]), axis=1)
        found: npt.NDArray[np.bool_] = inside & (first == last)
        return found

    def _refined(
        self,
        lo: Array,
        hi: Array,
        first: Index,
        last: Index,
        bad: dict[int, tuple[int, float, tuple[float, ...]] | None],
    ) -> tuple[Array, Array, Index, Index]:
        """The tests with gradients, and the halves of what is left."""
        jets = self.space.jets
        box = Range(lo, hi)
        centre = Range.exactly(box.middle)
        at_centre = jets.objective(centre, 0).value
        jet = jets.objective(box, 1)
        g = jet.gradient
        offset = box - centre
        drift = (g * offset).sum(1)
        keep = ~((at_centre + drift).lo > self.reach.over(first, last))
        single = first == last
        settled = self._above_levels(first, centre, at_centre, g, offset, single, bad)
        keep &= ~settled
        lo, hi = lo.copy(), hi.copy()
        for i in self.moving:
            for lowers, sign_ in ((True, g.lo[:, i] > 0), (False, g.hi[:, i] < 0)):
                wall = self.walls[0 if lowers else 1]
                at = float(wall.lo[i - 1]), float(wall.hi[i - 1])
                touches = lo[:, i] <= at[1] if lowers else hi[:, i] >= at[0]
                keep &= ~(sign_ & ~touches)
                collapse = sign_ & touches
                lo[collapse, i], hi[collapse, i] = at
        width = hi - lo
        # What sides contribute to the uncertainty; collapsed or degenerate sides nothing.
        score = g.magnitude * width
        degenerate = width <= 1e-13 * np.maximum(np.abs(lo), np.abs(hi)) + 1e-300
        score[degenerate] = -1.0
        score[:, 0] = np.where(single, self._tilt(first, g) * width[:, 0], score[:, 0])
        score[:, 0] = np.where(degenerate[:, 0], -1.0, score[:, 0])
        middle = (first + last) // 2
        near = ~single & self._near(lo, hi, middle)
        axis = np.where(near, 0, np.argmax(score, axis=1))
        stuck = np.all(degenerate, axis=1) & single
        for slab in first[stuck & keep]:
            bad.setdefault(int(slab), None)
        keep &= ~stuck
        return self._halves(lo[keep], hi[keep], first[keep], last[keep], axis[keep], middle[keep])

    def _tilt(self, first: Index, g: Range) -> Array:
        """|∂_α f − v′| over the slab, for the first level."""
        if not self.s_lo.shape[1]:
            return g.magnitude[:, 0]
        low = g.lo[:, 0] - self.s_hi[first, 0]
        high = g.hi[:, 0] - self.s_lo[first, 0]
        size: Array = np.maximum(np.abs(low), np.abs(high))
        return size

    def _above_levels(
        self,
        first: Index,
        centre: Range,
        at_centre: Range,
        g: Range,
        offset: Range,
        single: npt.NDArray[np.bool_],
        bad: dict[int, tuple[int, float, tuple[float, ...]] | None],
    ) -> npt.NDArray[np.bool_]:
        """Whether f > v on the box by the mean value form of f − v in (α, w)."""
        count = len(first)
        some, each = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
        below, below_each = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
        rest = (g[:, 1:] * offset[:, 1:]).sum(1)
        for k in range(self.mid.shape[1]):
            known = ~np.isnan(self.v_lo[first, k])
            slope = Range(self.s_lo[first, k], self.s_hi[first, k])
            step = centre[:, 0] - Range.exactly(self.mid[first, k])
            value = Range(self.v_lo[first, k], self.v_hi[first, k]) + slope * step
            gap = at_centre - value
            whole = gap + rest + (g[:, 0] - slope) * offset[:, 0]
            some |= known & (whole.lo > 0)
            each &= ~known | (whole.lo > 0)
            below |= known & (gap.hi < 0)
            below_each &= ~known | (gap.hi < 0)
        every = self.every[first]
        for i in np.flatnonzero(single & below_each & below):
            point = tuple(float(x) for x in centre.lo[i, 1:])
            bad[int(first[i])] = (int(first[i]), float(centre.lo[i, 0]), point)
        return single & np.where(every, each & some, some)

    def _near(self, lo: Array, hi: Array, middle: Index) -> npt.NDArray[np.bool_]:
        """Whether the box meets a basin of the middle slab: cut α first then."""
        near = np.zeros(len(lo), dtype=bool)
        for j in range(self.n_lo.shape[1]):
            low, high = self.n_lo[middle, j], self.n_hi[middle, j]
            near |= np.all((lo[:, 1:] <= high) & (hi[:, 1:] >= low), axis=1)
        for view, n_lo, n_hi in self.views:
            least, most = view.of(lo[:, 1:], hi[:, 1:])
            near |= np.all((least <= n_hi[middle]) & (most >= n_lo[middle]), axis=1)
        return near

    def _halves(
        self, lo: Array, hi: Array, first: Index, last: Index, axis: Index, middle: Index
    ) -> tuple[Array, Array, Index, Index]:
        rows = np.arange(len(lo))
        many = (first < last) & (axis == 0)
        cut = 0.5 * (lo[rows, axis] + hi[rows, axis])
        left_hi, right_lo = hi.copy(), lo.copy()
        left_hi[rows, axis] = cut
        right_lo[rows, axis] = cut
        left_hi[many, 0] = self.end[middle[many]]
        right_lo[many, 0] = self.start[middle[many] + 1]
        left_last = np.where(many, middle, last)
        right_first = np.where(many, middle + 1, first)
        return (
            np.concatenate([lo, right_lo]),
            np.concatenate([left_hi, hi]),
            np.concatenate([first, right_first]),
            np.concatenate([left_last, last]),
        )


class _Highest:
    """max of a[i..j] for many (i, j), from tables of powers of two."""

    def __init__(self, a: Array) -> None:
        self.tables = [a]
        size = 1
        while 2 * size <= len(a):
            previous = self.tables[-1]
            self.tables.append(np.maximum(previous[:-size], previous[size:]))
            size *= 2

    def over(self, first: Index, last: Index) -> Array:
        """The maxima."""
        level = np.frexp((last - first + 1).astype(float))[1] - 1
        found = np.empty(len(first))
        for k in np.unique(level):
            rows = level == k
            table = self.tables[k]
            right = last[rows] - (1 << int(k)) + 1
            found[rows] = np.maximum(table[first[rows]], table[right])
        return found


def _inner(alpha: Range, middle: Range, path: Path) -> tuple[Array, Array]:
    """Bounds of the box that lies in N for every α of the slab."""
    along = Range.exactly(path.centre) + Range.exactly(path.slope) * (alpha - middle)
    radius = Range.exactly(path.radius)
    # p(α) − ρ ≤ w ≤ p(α) + ρ for all α: the largest lower, the smallest upper bound.
    return (along - radius).hi, (along + radius).lo


def _folded(claims: Sequence[Claim], d: int) -> list[tuple[View, Array, Array]]:
    """Folded basins by view, with bounds (slabs, d); where a slab has none nothing is inside."""
    found: dict[object, list[tuple[View, Array, Array]]] = {}
    for i, claim in enumerate(claims):
        used: dict[object, int] = {}
        for basin in claim.folded:
            key = basin.view.key
            place = used.get(key, 0)
            used[key] = place + 1
            tables = found.setdefault(key, [])
            if place == len(tables):
                shape = (len(claims), d)
                tables.append((basin.view, np.full(shape, np.inf), np.full(shape, -np.inf)))
            low, high = _inner(claim.alpha, basin.middle, basin.path)
            # A mirror at the wall T = 0 has nothing below it.
            for slot in basin.view.fold.squared:
                low[slot] = -np.inf if low[slot] <= 0 else low[slot]
            tables[place][1][i], tables[place][2][i] = low, high
    return [table for tables in found.values() for table in tables]


def _taken(
    stack: list[tuple[Array, Array, Index, Index]],
) -> tuple[Array, Array, Index, Index]:
    """At most ``BATCH`` boxes off the stack, the newest first."""
    parts, count = [], 0
    while stack and count < BATCH:
        part = stack.pop()
        room = BATCH - count
        if len(part[0]) > room:
            keep = len(part[0]) - room
            stack.append((part[0][:keep], part[1][:keep], part[2][:keep], part[3][:keep]))
            part = (part[0][keep:], part[1][keep:], part[2][keep:], part[3][keep:])
        parts.append(part)
        count += len(part[0])
    if len(parts) == 1:
        return parts[0]
    return (
        np.concatenate([p[0] for p in parts]),
        np.concatenate([p[1] for p in parts]),
        np.concatenate([p[2] for p in parts]),
        np.concatenate([p[3] for p in parts]),
    )
