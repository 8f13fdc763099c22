"""Covering: outside the basins f is above the claimed minimum, all over W.

Fix α and let w° be a global minimiser of f(α, ·) over a chart, in its fundamental domain.
Branch and bound over (α, w): a box X is settled when w° cannot lie in it, or when it lies in a
basin. w° is not in a box on which

- f > v, by its range, by the mean value form of f − v around the centre c (f is Lipschitz and
  piecewise polynomial, so Lebourg's mean value theorem holds with Clarke's gradient), or, where
  f is C¹ on X, by Taylor's formula with the hull H of all Hessians on X:
  f(x) − f(c) ∈ ∇f(c)·(x − c) + ½ (x − c)ᵀH(x − c);
- a component of Clarke's gradient keeps its sign, unless w° is at the wall that this component
  points away from: then only that face of the box is left;
- f is not below the loss of the network without some units, which is covered by itself
  (``reductions``);
- f is C¹ and a combination of the components of ∇f has no zero (``compiled.newton``): w° is
  critical in the coordinates whose ranges do not touch a wall. The same combinations make X
  smaller (an interval Newton step, with α as one more uncertain coordinate).

What is not settled is cut in two. α is one more coordinate: far from the basins one box covers
many slabs. There v is bounded by a line: on a slab v lies below a cone, v(m) + s·(α − m) for the
larger s of two chords, which is convex, so a line that is not below it at both ends of every slab
of the box is nowhere below v.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing.folds import View
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Array, Range, around
from pieceproof.checking.enclosing.reductions import alike
from pieceproof.checking.enclosing.tubes import Dead, Path, Space

if TYPE_CHECKING:
    from pieceproof.checking.enclosing.compiled.floors import Floors
    from pieceproof.checking.enclosing.compiled.records import Integers

AT_ONCE = 100_000
"""Boxes between two looks at the clock."""


@dataclass(frozen=True, eq=False)
class Level:
    """v(α) on a slab: enclosed at the middle, with an enclosure of v′ on the slab.

    v(α) ≤ v(m) + max over ``chord`` of s·(α − m): where v is concave that is its tangent at m.
    """

    middle: Range
    value: Range
    slope: Range
    chord: Range


@dataclass(frozen=True, eq=False)
class FoldedBasin:
    """A basin (path, radius) in the coordinates of a view of W."""

    view: View
    middle: Range
    path: Path


@dataclass(frozen=True, eq=False)
class Claim:
    """A slab for one chart: α, the levels, and the basins (path, radius) of this chart.

    With ``every`` the minimum is one of the levels, else it is the least of them. Without the
    units of any set in ``dead`` f is shown elsewhere not to be below it. With ``fades`` boxes are
    cut by the sides of basins.
    """

    alpha: Range
    levels: tuple[Level, ...]
    basins: tuple[tuple[Range, Path], ...]
    every: bool = False
    folded: tuple[FoldedBasin, ...] = ()
    dead: frozenset[Dead] = frozenset()
    fades: bool = False


@dataclass(frozen=True)
class Cover:
    """Slabs that are not settled: ``open`` by budget, ``lower`` with a point where f < v."""

    open: tuple[int, ...]
    lower: tuple[tuple[int, float, tuple[float, ...]], ...]
    boxes: int


class Covering:
    """Branch and bound for one chart."""

    def __init__(self, space: Space, claims: Sequence[Claim], per_slab: int) -> None:
        from pieceproof.checking.enclosing.compiled.models import monomials
        from pieceproof.checking.enclosing.compiled.places import Claims, Region

        self.space, self.per_slab = space, per_slab
        self.start = np.array([float(claim.alpha.lo[0]) for claim in claims])
        self.end = np.array([float(claim.alpha.hi[0]) for claim in claims])
        k = max((len(claim.levels) for claim in claims), default=0)
        b = max((len(claim.basins) for claim in claims), default=0)
        s, d = len(claims), len(space.box.lo)
        levels = np.full((7, s, k), np.nan)
        above = np.full(s, np.inf)
        for i, claim in enumerate(claims):
            tops = []
            for j, level in enumerate(claim.levels):
                levels[:, i, j] = (
                    level.middle.lo[0], level.value.lo[0], level.value.hi[0],
                    level.chord.lo[0], level.chord.hi[0], level.slope.lo[0], level.slope.hi[0],
                )  # fmt: skip
                whole = level.value + level.chord * (claim.alpha - level.middle)
                tops.append(float(whole.hi[0]))
            above[i] = max(tops) if claim.every else min(tops)
        basins, middles = np.zeros((3, s, b, d)), np.zeros((s, b))
        basins[2] = -np.inf
        for i, claim in enumerate(claims):
            for j, (middle, path) in enumerate(claim.basins):
                basins[:, i, j] = path.centre, path.slope, path.radius
                middles[i, j] = middle.lo[0]
        every = np.array([claim.every + claim.fades for claim in claims], dtype=np.int64)
        ends = np.stack([self.start, self.end])
        self.claims = Claims(
            ends, every, levels, basins, middles, _maxima(above), *_folded(claims, d)
        )
        walls = np.zeros((2, 2, 1 + d))
        for side, wall in enumerate(space.sides):
            walls[side, :, 1:] = wall.lo, wall.hi
        chart, network = space.chart, space.network
        smooth = [network.bends_smoothly(j) for j in range(len(network.breakpoints))]
        self.region = Region(
            walls,
            1 + space.moving,
            1 + np.array(chart.ordered, dtype=np.int64).reshape(-1, 2),
            1 + np.array(chart.nonnegative, dtype=np.int64),
            np.array(smooth, dtype=np.int64),
            _planes(network),
        )
        self.floors = _floors(space, claims)
        self.monomials = monomials(space.jets.net, space.jets.n)

    def run(self, budget: int, stop: Callable[[], bool] = lambda: False) -> Cover:
        """Settle everything within ``budget`` boxes, or say which slabs are not.

        ``stop`` is asked now and then. Runs in different threads do not disturb each other.
        """
        from pieceproof.checking.enclosing.compiled import branching

        count, n = len(self.start), self.space.jets.n
        root = self.space.placed(Range(self.start[:1], self.end[-1:]), self.space.box, {})
        state = branching.State(
            np.empty((branching.STACK, 2, n)),
            np.zeros((branching.STACK, 2), dtype=np.int64),
            np.zeros((count, count), dtype=np.int64), np.zeros(count, dtype=np.int64),
            np.zeros((count, n)), np.zeros(8, dtype=np.int64),
        )  # fmt: skip
        state.boxes[0], state.slabs[0] = (root.lo[0], root.hi[0]), (0, count - 1)
        net, own, top = self.space.jets.net, self.space.jets.fresh_room(), 1
        while top > 0 and budget > 0 and not stop():
            quota = min(budget, AT_ONCE)
            top = branching.settle(
                net,
                self.monomials,
                own,
                self.claims,
                self.region,
                self.floors,
                state,
                top,
                self.per_slab,
                quota,
            )
            budget -= quota
        for first, last in state.slabs[:top]:
            open_ = state.states[first : last + 1]
            open_[open_ == 0] = branching.OPEN
        lower = tuple(
            (int(slab), float(state.lower[slab, 0]), tuple(map(float, state.lower[slab, 1:])))
            for slab in np.flatnonzero(state.states == branching.LOWER)
        )
        slabs = tuple(int(slab) for slab in np.flatnonzero(state.states == branching.OPEN))
        return Cover(slabs, lower, int(state.counts[0]))


def _planes(network: Network) -> Integers:
    """Hyperplanes (x_t, 1)·w = β of a unit of the first layer, numbered, with their sides."""
    found = np.zeros((2, len(network.inputs), len(network.breakpoints)), dtype=np.int64)
    numbers: dict[tuple[fmpq, ...], int] = {}
    for t, inputs in enumerate(network.inputs):
        row = [*inputs, *([fmpq(1)] if network.bias else [])]
        first = next((entry for entry in row if entry != 0), None)
        if first is None:
            continue
        for k, point in enumerate(network.breakpoints):
            key = tuple(entry / first for entry in (*row, point))
            found[:, t, k] = numbers.setdefault(key, len(numbers)), 1 if first > 0 else -1
    return found


def _floors(space: Space, claims: Sequence[Claim]) -> Floors:
    from pieceproof.checking.enclosing.compiled.floors import Floors

    network = space.network
    dead = sorted(frozenset[Dead]().union(*(claim.dead for claim in claims)))
    units = len(network.units)
    sets = np.array([[unit in own for unit in range(units)] for own in dead], dtype=np.int64)
    applies = np.zeros((len(dead), 1 + len(claims)), dtype=np.int64)
    for m, own in enumerate(dead):
        applies[m, 1:] = np.cumsum([own in claim.dead for claim in claims])
    examples, sizes, means = alike(network)
    return Floors(
        sets.reshape(len(dead), units),
        applies,
        np.array(examples, dtype=np.int64),
        np.array(sizes, dtype=np.float64),
        np.stack([around(means).lo, around(means).hi]),
        _pieces(network),
    )


def _pieces(network: Network) -> Array:
    """The coefficients of both activations on every piece, (2, 2, K + 1, D + 1)."""
    degree = max(p.degree() for p in (*network.first, *network.second))
    rows = [
        [around([p[i] for i in range(degree + 1)]) for p in own]
        for own in (network.first, network.second)
    ]
    return np.array([[[row.lo for row in own] for own in rows],
                     [[row.hi for row in own] for own in rows]])  # fmt: skip


def _maxima(a: Array) -> Array:
    """Row i: the maxima over 2^i neighbours."""
    rows = [a]
    size = 1
    while 2 * size <= len(a):
        previous = rows[-1]
        rows.append(previous.copy())
        rows[-1][:-size] = np.maximum(previous[:-size], previous[size:])
        size *= 2
    return np.array(rows)


def _folded(claims: Sequence[Claim], d: int) -> tuple[Array, Integers, Array, Array]:
    """Basins in other coordinates, for ``places``.

    Rows (V, d, d) and squared slots (V, d) of views, paths (3, V, S, d) and middles (V, S).
    """
    views: list[View] = []
    paths: list[Array] = []
    middles: list[Array] = []
    places: dict[object, list[int]] = {}
    for i, claim in enumerate(claims):
        used: dict[object, int] = {}
        for basin in claim.folded:
            key = basin.view.key
            number = used.get(key, 0)
            used[key] = number + 1
            own = places.setdefault(key, [])
            if number == len(own):
                own.append(len(views))
                views.append(basin.view)
                paths.append(np.zeros((3, len(claims), d)))
                paths[-1][2] = -np.inf
                middles.append(np.zeros(len(claims)))
            path = basin.path
            paths[own[number]][:, i] = path.centre, path.slope, path.radius
            middles[own[number]][i] = basin.middle.lo[0]
    squares = np.zeros((len(views), d), dtype=np.int64)
    if not views:
        none = np.zeros((3, 0, len(claims), d))
        return np.zeros((0, d, d)), squares, none, np.zeros((0, len(claims)))
    for i, view in enumerate(views):
        squares[i, list(view.fold.squared)] = 1
        for slot, other in view.fold.products:
            squares[i, slot] = 2 + other
    rows = np.stack([view.rows for view in views])
    return rows, squares, np.stack(paths, axis=1), np.stack(middles)
