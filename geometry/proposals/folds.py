"""Minimisers near a mirror of f, in coordinates in which a pitchfork is a switch.

In the coordinates of ``docs/enclosures.md`` (*Folds*) f is F(α, s, T) with T = t² ≥ 0, t being the
coordinate that the reflection changes the sign of. A branch that splits in two at the mirror
is one regular branch of F that passes T = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations

import numpy as np

from geometry.proposals.charts import Chart
from geometry.proposals.events import Change, Event
from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Minimiser, Solver
from geometry.proposals.mirrors import Fold, Reflection
from geometry.proposals.switching import root, switch
from geometry.proposals.tracking import Tracker
from geometry.proposals.transformed import TransformedSolver

NEAR = 0.02
"""An event is at a mirror if both its minimisers are as near to it, relative to their size."""
FLAT = 0.2
"""Where the curvature across the mirror is less, as a part of the largest, folding comes first."""
ON = 1e-7
"""How near, relative to its size, a point is to a mirror that it is on."""


class FoldedSolver(TransformedSolver):
    """First-order points of F, for one chart and one fold."""

    def __init__(self, base: Solver, fold: Fold, index: int) -> None:
        super().__init__(base, fold, index)
        self.fold = fold

    def size(self, x: Array, radius: Array) -> float:
        """With the half width of t in place of that of T = t²."""
        own, slot = radius.copy(), self.fold.slot
        low, high = max(x[slot] - radius[slot], 0.0), x[slot] + radius[slot]
        own[slot] = (np.sqrt(high) - np.sqrt(low)) / 2
        return super().size(x, own)


class Folds:
    """The reflections of all charts, and what they make of minimisers and events."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.solvers: list[FoldedSolver] = []
        self.used: set[int] = set()
        tracker.recognise = self.event
        for chart, base in zip(tracker.charts, list(tracker.solvers), strict=True):
            for reflection in () if chart.dead else reflections(chart):
                solver = FoldedSolver(base, Fold(reflection), len(tracker.solvers))
                self.solvers.append(solver)
                tracker.solvers.append(solver)

    def event(self, before: Minimiser, behind: Minimiser) -> Event | None:
        """The pitchfork between two minimisers, in folded coordinates, or another switch."""
        size = 1 + float(np.max(np.abs(before.w)))
        near = before.chart == behind.chart and np.max(np.abs(before.w - behind.w)) < NEAR * size
        if not near or not np.array_equal(before.face.pattern, behind.face.pattern):
            return switch(self.tracker, before, behind)
        for solver in self.solvers:
            if solver.base.index != before.chart:
                continue
            distances = [
                abs(float(solver.fold.turned(point.w)[solver.fold.slot]))
                for point in (before, behind)
            ]
            low, high = sorted(distances)
            if low > ON * size or high < max(10 * low, 1e-9 * size):
                continue
            stuck_first = distances[0] < distances[1]
            first = self._point(solver, before, stuck_first)
            second = self._point(solver, behind, not stuck_first)
            if first is None or second is None:
                continue
            free, stuck = (second, first) if stuck_first else (first, second)
            alpha = root(self.tracker, free, stuck.alpha, partial(_coordinate, solver.fold.slot))
            if alpha is not None:
                self.used.add(solver.index)
                return Event(alpha, Change.SWITCH, first, second)
        return switch(self.tracker, before, behind)

    def versions(self, point: Minimiser) -> list[Minimiser]:
        """A minimiser in the coordinates that it may be enclosed in, the better ones first."""
        solver = self.tracker.solvers[point.chart]
        if isinstance(solver, FoldedSolver):
            plain = solver.left(point)
            return [point] if plain is None else [point, plain]
        found, flat = [], False
        for index in sorted(self.used):
            folding = self.tracker.solvers[index]
            if not isinstance(folding, FoldedSolver) or folding.base is not solver:
                continue
            t = abs(float(folding.fold.turned(point.w)[folding.fold.slot]))
            stuck = t < ON * (1 + float(np.max(np.abs(point.w))))
            folded = self._point(folding, point, stuck)
            if folded is not None and folding.is_minimiser(point.alpha, folded.w, folded.face):
                found.append(folded)
                flat |= self._ratio(solver, folding.fold, point) < FLAT
        return [*found, point] if flat else [point, *found]

    def _point(self, solver: FoldedSolver, point: Minimiser, stuck: bool) -> Minimiser | None:
        """The minimiser in folded coordinates, at the mirror if ``stuck``."""
        return solver.entered(point, ((solver.fold.slot, 0),) if stuck else ())

    def _ratio(self, solver: Solver, fold: Fold, point: Minimiser) -> float:
        """f_tt over the largest curvature."""
        moving = 1 + np.array(solver.chart.moving, dtype=int)
        local = solver.objective.local(point.alpha, point.w, point.face.pattern)
        direction = np.zeros(1 + solver.objective.d)
        for i in fold.own:
            direction[1 + i] = 1.0
        if fold.reflection[0] == "swap":
            direction[1 + fold.own[1]] = -1.0
        direction /= np.linalg.norm(direction)
        largest = float(np.max(np.linalg.eigvalsh(local.hessian[np.ix_(moving, moving)])))
        return float(direction @ local.hessian @ direction) / max(largest, 1e-300)


def _coordinate(slot: int, point: Minimiser) -> float:
    return float(point.w[slot])


def reflections(chart: Chart) -> Sequence[Reflection]:
    """Reflections of W that may leave f(α, ·) as it is: whether they do is decided by pattern."""
    found: list[Reflection] = []
    if not chart.objective.units:
        pairs = list(combinations(range(chart.objective.d), 2))
        found += [(kind, pair) for kind in ("swap", "opposite") for pair in pairs]
        return found + [("flip", (i,)) for i in range(chart.objective.d)]
    for members in chart.classes:
        if all(len(own) == 1 for own in members):
            found += [("swap", (a[0], b[0])) for a, b in combinations(members, 2)]
    found += [("flip", own) for own in chart.flipped if len(own) == 1]
    return [each for each in found if not set(each[1]) & set(chart.held)]
