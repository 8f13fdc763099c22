"""From minimisers at single α to curves over A: where the global minimiser changes.

Neighbouring nodes are joined where the minimiser of one, followed by Newton's method, arrives
at that of the other; else the interval is halved until only a point is left: an event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from geometry.proposals.carrying import carried_on
from geometry.proposals.charts import Chart
from geometry.proposals.events import Change, Event, between, relation
from geometry.proposals.images import is_image
from geometry.proposals.locating import kink, reached
from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Minimiser, Solver, noise, same
from geometry.proposals.orthants import in_one_chart

NODES = 17
STARTS, FEWEST = 14, 4
"""Points from which each chart is searched at first, fewer in each of many orthants."""
RESOLUTION = 2.0**-36
"""Events are located to this part of A."""
GAP = 2.0**-30
"""The minimisers beside an event to which curves are followed are this part of A apart."""
SOFT = 1e-6
"""Where the least curvature is a smaller part of the largest branches cannot be told apart."""
BENT, ON_CURVE = 0.1, 1e-7
"""How far a step may be from the mean of the speeds at its ends, by its length and by |w|."""
LOWER = 1e-9
"""A value is lower if it is by this part."""
MENDINGS = 6
"""Passes over A while nodes are found to have missed a lower curve."""
CUTS = (0.484, 0.629, 0.371)
"""Where an interval is cut: events at round numbers are not met, and where one is, another does."""
KNOWN = 2.0**-8
"""On intervals shorter than this part of A an event may be recognised before it is located."""
TRUSTED = 2.0**-5
"""On intervals shorter than this part of A only the minimisers at both ends are followed."""


@dataclass
class Tracker:
    """Minimisers of all charts at single α, and events between them."""

    charts: Sequence[Chart]
    interval: tuple[float, float]
    tick: Callable[[float], None] = lambda alpha: None
    pools: list[list[Array]] = field(default_factory=list)
    nodes: dict[float, Minimiser] = field(default_factory=dict)

    idle: set[int] = field(default_factory=set)
    """Charts in which no minimisers are looked for."""
    mended: bool = False
    recognise: Callable[[Minimiser, Minimiser], Event | None] = lambda left, right: None
    """The event between two near minimisers, where more is known of it than that they differ."""
    touched: Callable[[Minimiser, Minimiser], Event | tuple[Minimiser, Minimiser] | None] = (
        lambda left, right: None
    )
    """The event between two minimisers whose values touch, or both as they have to be."""
    isolated: Callable[[Minimiser], Minimiser] = lambda point: point
    """What is kept of a minimiser that was found: it may be known better in another chart."""

    def __post_init__(self) -> None:
        self.solvers = [Solver(chart, i) for i, chart in enumerate(self.charts)]
        self.pools = [[] for _ in self.charts]

    @property
    def own(self) -> list[Solver]:
        """The solvers of the charts themselves; others, in other coordinates, may follow them."""
        return self.solvers[: len(self.charts)]

    @property
    def width(self) -> float:
        """|A|."""
        return self.interval[1] - self.interval[0]

    def start(self) -> None:
        """Global searches at a few nodes, then again from everything found."""
        grid = np.linspace(*self.interval, NODES)
        for alpha in grid:
            self._search(float(alpha), wide=True)
            self.tick(float(alpha))
        for alpha in grid:
            self.nodes.pop(float(alpha), None)
            self.best(float(alpha))
        self._settle_ends()
        self._improve()

    def _improve(self) -> None:
        """Where a neighbour's curve arrives lower than what a node knows, the node takes it."""
        for order in (sorted(self.nodes), sorted(self.nodes, reverse=True)):
            for here, there in pairwise(order):
                arrived = self.follow(self.nodes[here], there, 2)
                known = self.nodes[there]
                if arrived is not None and arrived.value < known.value - 1e-12 * abs(known.value):
                    self.nodes[there] = arrived

    def _settle_ends(self) -> None:
        """At an end of A, of equal minimisers take the one that lies on a curve from inside."""
        for end, sign in zip(self.interval, (1, -1), strict=True):
            inner = self.best(end + sign * 2.0**-10 * self.width)
            there = self.best(end)
            if inner is None or there is None:
                continue
            arrived = self.follow(inner, end, 4)
            if arrived is not None and arrived.value <= there.value + 10 * noise(there.value):
                self.nodes[end] = arrived

    def best(self, alpha: float) -> Minimiser | None:
        """The lowest minimiser known at α."""
        if alpha not in self.nodes:
            found = self._search(alpha, wide=False)
            if found is None:
                return None
            self.nodes[alpha] = found
        return self.nodes[alpha]

    def add(self, alpha: float, chart: int, w: Sequence[float]) -> bool:
        """Take a point where f is below what was thought; whether a minimiser was found there."""
        solver = self.solvers[chart]
        point = solver.chart.canonical(np.array(w))
        found = solver.minimisers(alpha, [point])
        height = float(solver.objective.values(alpha, point[None])[0])
        if not found or found[0].value > height:
            return False
        self.pools[chart].insert(0, found[0].w)
        self.nodes[alpha] = found[0]
        return True

    def _search(self, alpha: float, wide: bool) -> Minimiser | None:
        best: Minimiser | None = None
        least = np.inf
        # Of equal minimisers one with dead units comes first: there it is isolated.
        for solver in sorted(self.own, key=lambda each: not each.chart.dead):
            if solver.index in self.idle:
                continue
            pool = self.pools[solver.index]
            starts = list(pool)
            if wide:
                parts = 2 ** len(solver.chart.orthant)
                starts += solver.starts(alpha, max(FEWEST, STARTS // parts))
            found, lowest = solver.search(alpha, starts)
            least = min(least, lowest)
            for each in found[:4]:
                if not any(
                    np.max(np.abs(each.w - w)) < 0.02 * (1 + np.max(np.abs(w))) for w in pool
                ):
                    pool.append(each.w)
            del pool[40:]
            if found and (best is None or found[0].value < best.value - noise(best.value)):
                best = found[0]
        if best is None or least < best.value - LOWER * (1e-3 + abs(best.value)):
            return None  # or minimisers that are not isolated are lower
        best = self.isolated(best)
        if wide:
            self.nodes[alpha] = best
        return best

    # -- following ---------------------------------------------------------------------

    def follow(self, point: Minimiser, alpha: float, steps: int = 1) -> Minimiser | None:
        """The minimiser on the same curve at another α, or None where it ends before."""
        solver = self.solvers[point.chart]
        current = point
        for k in range(1, steps + 1):
            at = point.alpha + (alpha - point.alpha) * k / steps
            speed = solver.velocity(current.alpha, current.w, current.face, current.multipliers)
            guess = current.w + speed * (at - current.alpha)
            solved = solver.newton(at, guess, current.face)
            if solved is None:
                return None
            w, factors = solved
            if np.max(np.abs(w - guess)) > 0.5 * (0.1 + np.max(np.abs(w))):
                return None
            if not solver.is_minimiser(at, w, current.face):
                return None
            if not self._in_line(
                current, speed, w, solver.velocity(at, w, current.face, factors), at
            ):
                return None
            value = solver.objective.local(at, w, current.face.pattern).value
            current = Minimiser(point.chart, current.face, at, w, factors, value)
        return current

    @staticmethod
    def _in_line(point: Minimiser, speed: Array, w: Array, after: Array, alpha: float) -> bool:
        """Whether a step is about what the speeds at both ends say: else it may be a jump."""
        step = alpha - point.alpha
        gap = np.max(np.abs(w - point.w - 0.5 * (speed + after) * step))
        way = abs(step) * (np.max(np.abs(speed)) + np.max(np.abs(after)))
        return bool(gap <= BENT * way + ON_CURVE * (1 + np.max(np.abs(w))))

    def at(self, point: Minimiser, alpha: float) -> Minimiser | None:
        """The first-order point on the same curve at a near α, minimiser or not."""
        solver = self.solvers[point.chart]
        speed = solver.velocity(point.alpha, point.w, point.face, point.multipliers)
        guess = point.w + speed * (alpha - point.alpha)
        solved = solver.newton(alpha, guess, point.face)
        if solved is None or np.max(np.abs(solved[0] - guess)) > 0.5 * (
            0.1 + np.max(np.abs(guess))
        ):
            return None
        value = solver.objective.local(alpha, solved[0], point.face.pattern).value
        return Minimiser(point.chart, point.face, alpha, solved[0], solved[1], value)

    def joined(self, left: Minimiser, right: Minimiser) -> Minimiser | None:
        """The right minimiser, or its image, if the curve through the left one arrives there."""
        if left.chart != right.chart:
            return None
        chart = self.solvers[left.chart].chart
        for steps in (1, 4, 16):
            arrived = self.follow(left, right.alpha, steps)
            if arrived is None:
                continue
            if same(arrived, right):
                if left.face.identity != right.face.identity:
                    continue
                arrived = right
            elif not is_image(chart, arrived.w, right.w):
                continue
            middle = 0.5 * (left.alpha + right.alpha)
            both = [self.follow(point, middle, steps) for point in (left, arrived)]
            if both[0] is not None and both[1] is not None and same(both[0], both[1]):
                return arrived
        return None

    def events(self, lower: float, upper: float) -> list[Event]:
        """All events between two nodes, increasing; nodes that turn out too high are mended."""
        found: list[Event] = []
        for _ in range(MENDINGS):
            self.mended = False
            known = sorted(a for a in self.nodes if lower <= a <= upper)
            found = [e for a, b in pairwise(known) for e in self._between(a, b)]
            if not self.mended:
                break
        return found

    def _between(self, a: float, b: float) -> list[Event]:
        left, right = self.nodes[a], self.nodes[b]
        if left.chart != right.chart:
            both = in_one_chart(self, left, right)
            if both is not None:
                left, right = self.nodes[a], self.nodes[b] = both
        there = self.joined(left, right)
        if there is not None:
            self.nodes[b] = there
            return []
        if self._is_level(left, right):
            arrived = self.follow(left, right.alpha, 4)
            if arrived is not None:
                self.nodes[b] = arrived
                return []
        for point, other in ((left, right), (right, left)):
            arrived = self.follow(point, other.alpha, 4)
            if arrived is not None and arrived.value < other.value - 1e-11 * abs(other.value):
                self.nodes[other.alpha] = arrived
                self.pools[arrived.chart].insert(0, arrived.w)
                self.mended = True
                return []
        if b - a <= KNOWN * self.width:
            event = self.recognise(left, right)
            if event is not None:
                return [event]
        if b - a < TRUSTED * self.width:
            touched = self.touched(left, right)
            if isinstance(touched, Event):
                return [touched]
            if touched is not None:
                self.nodes[a], self.nodes[b] = touched
                self.mended = True
                return []
            event = kink(self, left, right, GAP * self.width)
            if event is not None:
                return [event]
        if b - a <= KNOWN * self.width and self._is_singular(left, right):
            return [Event(0.5 * (a + b), Change.SINGULAR, left, right)]
        if b - a <= RESOLUTION * self.width:
            event = between(left, right)
            return carried_on(self, left, right) if event.change is Change.KINK else [event]
        middle, found = 0.5 * (a + b), None
        for share in CUTS:
            middle = a + share * (b - a)
            near = self._lower_of(left, right, middle) if b - a < TRUSTED * self.width else None
            found = near if near is not None else self.best(middle)
            if found is not None:
                break
        if found is None:
            return [Event(middle, Change.UNCLEAR, left, right)]
        self.nodes[middle] = found
        self.tick(middle)
        return self._between(a, middle) + self._between(middle, b)

    def _is_level(self, left: Minimiser, right: Minimiser) -> bool:
        """Whether the curves of two minimisers have equal values at both, up to rounding."""
        there, back = self.follow(left, right.alpha, 4), self.follow(right, left.alpha, 4)
        return all(
            own is not None and abs(own.value - other.value) <= 4 * noise(other.value)
            for own, other in ((there, right), (back, left))
        )

    def _is_singular(self, left: Minimiser, right: Minimiser) -> bool:
        """Whether the Hessian is nearly singular at two near minimisers on one stratum."""
        if left.chart != right.chart or relation(left.face, right.face) is not Change.UNCLEAR:
            return False
        far = np.max(np.abs(left.w - right.w)) > BENT * (1 + np.max(np.abs(left.w)))
        stiffness = self.solvers[left.chart].stiffness
        return not far and max(stiffness(left), stiffness(right)) < SOFT

    def _lower_of(self, left: Minimiser, right: Minimiser, alpha: float) -> Minimiser | None:
        """The lowest of what the two minimisers lead to at α.

        Where one cannot be followed it may have met a wall or a boundary: a descent tells.
        """
        found = []
        for point in (left, right):
            arrived = reached(self, point, alpha)
            if arrived is not None:
                found.append(arrived)
        if len(found) < 2:
            for point in (left, right):
                found += self.solvers[point.chart].minimisers(alpha, [point.w])
        return min(found, key=lambda point: point.value) if found else None
