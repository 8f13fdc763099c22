"""Proposals with dead units: charts of smaller networks, and basins where their parameters are 0.

Charts of the network without some units are searched only once a minimiser in one of them is
found to lie below those of W, or where W has no isolated one: a dead unit leaves a whole
region of minimisers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from geometry.proposals import tracking
from geometry.proposals.charts import Chart, charts
from geometry.proposals.events import Event, is_continued
from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Minimiser, Solver
from geometry.proposals.orthants import in_one_chart
from geometry.proposals.tracking import NODES, Tracker
from pieceproof.checking.enclosing.basins import check_basin
from pieceproof.checking.enclosing.claimedslabs import Slab, basin_box
from pieceproof.checking.enclosing.copies import copies
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.foldedspaces import space_of
from pieceproof.checking.enclosing.reductions import images_of, kept, parameters_of
from pieceproof.checking.enclosing.tips import check_tip
from pieceproof.checking.enclosing.tubes import Curve, Space
from pieceproof.checking.reading import Node, Refuted
from piecewise.networks import FeedForward
from piecewise.problems import Problem

MOST_UNITS = 4
"""Hidden units whose subsets are tried."""
STARTS = 6
BOXES = 3000
HALVINGS = 14
"""Of the largest tip, to the least one that is of use."""
REST = 10
"""Halvings of the basin in other parameters."""
SLACK = 1e-9
AT_ZERO, BESIDE = 1e-12, 1e-6
LEAST = 2
"""Nodes at which dead units are better: at a single one the network may vanish identically."""
NEAR = 2.0**-10
"""How far from a single node it is seen whether they are better there too, as a part of A."""
PATIENCE = 4
"""Curves without a tip before no more are looked for on slabs that are not much shorter."""
SHORTER = 0.5
"""On slabs shorter than this part of those tips are looked for again: residuals vary less."""


def dead_charts(problem: Problem, spaces: Spaces) -> list[Chart]:
    """The charts of all smaller networks, those with the fewest units first."""
    network = problem.model
    if not isinstance(network, FeedForward) or len(network.hidden) != 1:
        return []
    units = range(network.hidden[0])
    if len(units) > MOST_UNITS:
        return []
    found: list[Chart] = []
    for size in reversed(range(1, len(units) + 1)):
        for dead in combinations(units, size):
            # Of sets that a symmetry exchanges one does.
            if not spaces.signs and min(images_of(dead, spaces[0].chart)) < dead:
                continue
            try:
                spaces.without(dead)
            except Refuted:
                continue
            found += charts(problem, dead)
    return found


class DeadUnits:
    """Charts of ``tracker`` with dead units: idle until they are needed."""

    def __init__(self, spaces: Spaces, tracker: Tracker) -> None:
        self.spaces, self.tracker = spaces, tracker
        self.failures: dict[tuple[object, ...], tuple[int, float]] = {}
        self.known: dict[str, dict[str, Any]] = {}
        tracker.idle |= {s.index for s in tracker.own if s.chart.dead}

    def wake(self, alphas: Sequence[float] = ()) -> bool:
        """Look for minimisers below the nodes; whether some were found."""
        tracker = self.tracker
        grid = alphas or sorted({*np.linspace(*tracker.interval, NODES).tolist(), *tracker.nodes})
        news = False
        for solver in tracker.own:
            if not solver.chart.dead:
                continue
            better = self._lower(solver, grid)
            if better and not alphas and len(better) < LEAST:
                better |= self._lower(solver, self._beside(better))
            if len(better) < (1 if alphas else LEAST):
                continue
            tracker.nodes |= {a: tracker.isolated(point) for a, point in better.items()}
            tracker.pools[solver.index] = [point.w for point in better.values()][:20]
            tracker.idle.discard(solver.index)
            news = True
        return news

    def _lower(self, solver: Solver, alphas: Iterable[float]) -> dict[float, Minimiser]:
        """Minimisers of a chart with dead units that are lower than the nodes."""
        found = {}
        for alpha in alphas:
            starts = [*self.tracker.pools[solver.index], *solver.starts(alpha, STARTS)]
            known, node = solver.minimisers(alpha, starts), self.tracker.nodes.get(alpha)
            if known and (self._better(known[0], node) if node else self._is_least(known[0])):
                found[alpha] = known[0]
        return found

    def _beside(self, alphas: Iterable[float]) -> list[float]:
        """A little to either side, in A."""
        lower, upper = self.tracker.interval
        step = NEAR * (upper - lower)
        near = (alpha + shift for alpha in alphas for shift in (-step, step))
        return [alpha for alpha in near if lower <= alpha <= upper]

    def left(self, events: Sequence[Event]) -> bool:
        """Whether a minimiser leaves w_K = 0 continuously, so that all nodes are to be whole.

        A minimiser of the whole network that leaves one of its boundaries is a switch; the two of
        networks of different sizes have nothing in common. Nodes become :meth:`whole`.
        """
        tracker = self.tracker
        if tracker.isolated == self.whole or not any(map(self._is_left, events)):
            return False
        tracker.isolated = self.whole
        tracker.nodes = {alpha: self.whole(point) for alpha, point in tracker.nodes.items()}
        return True

    def _is_left(self, event: Event) -> bool:
        dead = [self.tracker.solvers[p.chart].chart.dead for p in (event.before, event.behind)]
        if dead[0] == dead[1]:
            return False
        first, second = self.whole(event.before), self.whole(event.behind)
        if first.chart != second.chart:
            first, second = in_one_chart(self.tracker, first, second) or (first, second)
        return first.chart == second.chart and is_continued(first, second)

    def whole(self, point: Minimiser) -> Minimiser:
        """The minimiser of the whole network at a point with dead units, where it is a strict one.

        It is one where all boundaries that meet at w_K = 0 are one hyperplane, or walls of an
        orthant, and f rises on either side of it.
        """
        chart = self.tracker.solvers[point.chart].chart
        if not chart.dead:
            return point
        solver, network = self.tracker.solvers[self.base(chart)], self.spaces.network
        resting = [i for unit in chart.dead for i in network.incoming[unit]]
        if len(resting) > len(chart.dead):
            return point
        # Beside w_K = 0 as well: patterns there differ, and by rounding it may have been left.
        starts = [solver.chart.placed(point.w) for _ in range(3)]
        for start, shift in zip(starts, (0.0, BESIDE, -BESIDE), strict=True):
            start[resting] += shift
        tried = [solver.polish(point.alpha, solver.chart.canonical(start)) for start in starts]
        known = [each for each in tried if each is not None]
        found = min(known, key=lambda each: each.value, default=None)
        slack = SLACK * (1e-3 + abs(point.value))
        if found is None or found.value > point.value + slack or not is_continued(point, found):
            return point
        held = sum(i in resting for i, _ in found.face.walls)
        return (
            found
            if len(found.face.groups) + held >= np.sum(np.abs(found.w[resting]) <= AT_ZERO)
            else point
        )

    def _is_least(self, point: Minimiser) -> bool:
        """Whether nothing lower is seen in W, where minimisers need not be isolated."""
        slack = SLACK * (1e-3 + abs(point.value))
        for solver in self.tracker.own:
            for start in () if solver.chart.dead else solver.starts(point.alpha, tracking.STARTS):
                w = solver.descend(point.alpha, start)
                if solver.objective.values(point.alpha, w[None])[0] < point.value - slack:
                    return False
        return True

    def _better(self, point: Minimiser, node: Minimiser) -> bool:
        """Whether a point with dead units is lower than a node, or the better name of it."""
        slack = SLACK * (1e-3 + abs(node.value))
        if point.value < node.value - slack:
            return True
        solvers, network = self.tracker.solvers, self.spaces.network
        dead = set(solvers[point.chart].chart.dead) - set(solvers[node.chart].chart.dead)
        own = [i for unit in dead for i in network.incoming[unit]]
        resting = bool(own) and float(np.max(np.abs(node.w[own]))) < SLACK
        return resting and point.value < node.value + slack

    def base(self, chart: Chart) -> int:
        """A chart of W in which the points of ``chart`` have the same loss."""
        return next(s.index for s in self.tracker.own if s.chart.holds(chart))

    # -- writing -----------------------------------------------------------------------

    def written(self, curve: dict[str, Any], chart: Chart) -> dict[str, Any]:
        """A curve in coordinates of W, as a document writes it for the smaller network."""
        network = self.spaces.network
        own = list(kept(network, chart.dead))
        alive = [k for k in range(network.hidden[0]) if k not in chart.dead]
        return {
            **curve,
            "chart": chart.number,
            "dead": [network.units[k] for k in chart.dead],
            "pattern": [curve["pattern"][k] for k in alive],
            **{key: [curve[key][i] for i in own] for key in ("centre", "slope", "radius")},
        }

    def with_tips(self, slab: dict[str, Any]) -> dict[str, Any]:
        """A slab with tips for its curves with dead units, as far as they are found."""
        if not any("dead" in curve for curve in slab["curves"]):
            return slab
        key = json.dumps(slab)
        if key not in self.known:  # sizes depend on what was tried before
            self.known[key] = self._tipped(slab)
        return self.known[key]

    def _tipped(self, slab: dict[str, Any]) -> dict[str, Any]:
        try:
            read = read_slab(Node(slab, "slab"), self.spaces)
        except Refuted:
            return slab
        if not isinstance(read, Slab):
            return slab
        curves = [
            {**curve, "tips": self._tips(read, number)} if "dead" in curve else curve
            for number, curve in enumerate(slab["curves"])
        ]
        return {**slab, "curves": curves}

    def _tips(self, slab: Slab, number: int) -> list[dict[str, Any]]:
        stratum, path = slab.curves[number]
        found: list[dict[str, Any]] = []
        try:
            with np.errstate(all="ignore"):
                curve = Curve(space_of(self.spaces, stratum), stratum, path, slab.alpha)
                check_basin(curve, basin_box(curve))  # else a tip is not to be had
                seen = [curve, *copies(curve, self.spaces.without(stratum.dead))]
                for chart in range(len(self.spaces)):
                    radius = self._largest(chart, seen)
                    if radius is not None:
                        found.append({"chart": chart, "radius": radius.tolist()})
        except Refuted:
            return []
        return found

    def _largest(self, chart: int, seen: Sequence[Curve]) -> Array | None:
        """About the largest tip of one shape, for a curve and its copies."""
        curve, space, network = seen[0], self.spaces[chart], self.spaces.network
        dead = curve.stratum.dead
        key = (chart, dead)
        width = float(curve.alpha.hi[0] - curve.alpha.lo[0])
        failures, shortest = self.failures.get(key, (0, np.inf))
        if width <= SHORTER * shortest:
            failures = 0
        if failures >= PATIENCE:
            return None
        inputs = np.array([[float(int(x.p) / int(x.q)) for x in row] for row in network.inputs])
        span = np.ones(network.parameters)
        for unit in dead:
            for i, column in zip(network.incoming[unit], inputs.T, strict=False):
                span[i] = 1 / max(float(np.max(np.abs(column))), 1e-6)
        own = [i for i in parameters_of(network, dead) if i not in space.chart.fixed]
        rest = list(kept(network, dead))
        most = float(np.max(np.maximum(-space.box.lo, space.box.hi)[own] / span[own]))
        size = most * 0.5**HALVINGS

        def radius(size: float, halvings: int) -> Array:
            found: Array = size * span
            found[rest] = curve.path.radius * 0.5**halvings
            return found

        # Near enough to w_K = 0 only the other parameters matter; with them, then, the largest.
        least = REST - 1 if rest else 0
        if not self._holds(space, seen, radius(size, least)):
            self.failures[key] = failures + 1, min(width, shortest)
            return None
        halvings = _first(least, lambda h: self._holds(space, seen, radius(size, h)))
        halvings += bool(halvings)
        self.failures.pop(key, None)
        smaller = _first(
            HALVINGS, lambda h: self._holds(space, seen, radius(most * 0.5**h, halvings))
        )
        return radius(most * 0.5**smaller, halvings)

    def _holds(self, space: Space, seen: Sequence[Curve], radius: Array) -> bool:
        try:
            check_tip(space, seen, radius.tolist(), BOXES)
        except Refuted:
            return False
        return True


def _first(last: int, holds: Callable[[int], bool]) -> int:
    """The least number from which on something holds, given that it does at ``last``."""
    first = 0
    while first < last:
        middle = (first + last) // 2
        first, last = (first, middle) if holds(middle) else (middle + 1, last)
    return first
