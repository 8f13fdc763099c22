"""From curves to slabs: intervals of α with paths and basins that a proof may succeed on.

A *trial* is asked about every slab; it answers with what stands in the way. Basins are made
smaller or slabs shorter until it is satisfied, or until slabs become too short to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from itertools import product
from typing import Protocol

import numpy as np

from geometry.proposals.events import Change, Event
from geometry.proposals.floats import FloatObjective
from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Face, Minimiser
from geometry.proposals.tracking import Tracker
from piecewise.wiring import incoming, outgoing

SHORTEST = Fraction(1, 2**22)
"""Slabs are not cut below this part of A."""
DOUBTFUL = Fraction(1, 2**9)
"""Intervals shorter than this part of A are left open if short slabs at three places fail."""
SURE = 8
"""Where one did not fail this is not asked again until intervals are that many times shorter."""
SHORT = Fraction(1, 2**10)
"""On slabs of at most this part of A much smaller basins are tried."""
HOPELESS = 6
"""Neighbouring slabs of least length that fail before the rest of a piece is left open."""
EVENT_TRIES = 12
GROW, SHRINK = 4.0, 0.5
FACTORS = (1.5, 1.0, 0.5, 0.25)
"""Sizes of basins that are tried, as parts of what did for the neighbour."""
PATIENCE = 3
"""Slabs for which no larger basins are tried after one that did not do."""
UNDER = Fraction(1, 2**20)
"""No more than this part of A on either side of an event that no slab is made for stays open."""
UNPROVED = {
    Change.UNCLEAR: "the minimiser changes in a way that is not understood",
    Change.SINGULAR: "the Hessian is singular where the minimiser changes, as at a pitchfork",
}
FADED = (0.3, 0.07, 0.018)
"""Half widths of basins around a unit that fades, as parts of the ranges of its parameters."""
OUT_OF_TIME = "the time budget ran out"
NO_BASIN = "no basin could be proved around the minimiser"


class Obstacle(Enum):
    """What a trial stumbles over: the basin is too large, or the slab too long."""

    BASIN = "basin"
    SLAB = "slab"


@dataclass(frozen=True, eq=False)
class Curve:
    """A path over a slab: w = centre + slope·(α − middle), and its basin's half widths."""

    chart: int
    face: Face
    centre: Array
    slope: Array
    radius: Array


@dataclass(frozen=True, eq=False)
class Proposal:
    """A slab; ``kind`` as in the certificate, None where nothing is proposed (``reason``)."""

    lower: Fraction
    upper: Fraction
    kind: str | None
    curves: tuple[Curve, ...] = ()
    reason: str = ""


Trial = Callable[[Proposal], Obstacle | None]


class Versions(Protocol):
    """Coordinates that minimisers may be enclosed in, the better ones first."""

    def versions(self, point: Minimiser) -> list[Minimiser]:
        """One minimiser."""

    def pairs(self, event: Event) -> list[tuple[Minimiser, Minimiser]]:
        """Both minimisers of an event."""


class Slabs:
    """Slabs for one interval between two nodes."""

    def __init__(
        self,
        tracker: Tracker,
        interval: tuple[Fraction, Fraction],
        trial: Trial,
        coordinates: Versions,
        is_late: Callable[[], bool] = lambda: False,
    ) -> None:
        self.tracker, self.interval, self.trial = tracker, interval, trial
        self.coordinates, self.is_late = coordinates, is_late
        self.size = 1.0
        self.widest = False
        """Whether all coordinates are tried for every slab, for the largest basin."""
        self.sizes: dict[int, float] = {}
        self.failures = self.small = 0
        self.unit = interval[1] - interval[0]

    # -- curves ------------------------------------------------------------------------

    def curve(
        self, point: Minimiser, lower: Fraction, upper: Fraction, size: float
    ) -> Curve | None:
        """The path through a minimiser over a slab, with a basin of relative size ``size``."""
        middle = float(lower + upper) / 2
        solver = self.tracker.solvers[point.chart]
        here = self.tracker.at(point, middle)
        if here is None:
            return None
        speed = solver.velocity(middle, here.w, here.face, here.multipliers)
        # Rounded, so that the path is the same on every machine that finds the same minimum.
        return Curve(point.chart, here.face, here.w, speed, size * solver.shape(here))

    def size_of(self, curve: Curve, point: Minimiser) -> float:
        """The relative size of a basin, given the minimiser at the middle of its slab."""
        return float(np.min(curve.radius / self.tracker.solvers[point.chart].shape(point)))

    # -- slabs -------------------------------------------------------------------------

    def fill(self, lower: Fraction, upper: Fraction, points: Sequence[Minimiser]) -> list[Proposal]:
        """Slabs with one curve over [lower, upper], the minimiser followed from ``points``."""
        self.failures = 0
        return self._fill(lower, upper, points, SURE * DOUBTFUL * self.unit)

    def _fill(
        self, lower: Fraction, upper: Fraction, points: Sequence[Minimiser], sure: Fraction
    ) -> list[Proposal]:
        """The same; on ``sure`` of α around it a slab of least length is known to succeed."""
        if lower >= upper:
            return []
        if self.is_late():
            return [Proposal(lower, upper, None, (), OUT_OF_TIME)]
        if self.failures >= HOPELESS:
            return [Proposal(lower, upper, None, (), NO_BASIN)]
        middle = float(lower + upper) / 2
        nearest = sorted(points, key=lambda p: abs(p.alpha - middle))
        found = None
        for point in nearest[:3]:
            found = self.tracker.follow(point, middle, 2) or self.tracker.follow(point, middle, 12)
            if found is not None:
                break
        proposal = None if found is None else self._best(found, lower, upper)
        if proposal is not None:
            self.failures = 0
            return [proposal]
        if upper - lower <= SHORTEST * self.unit:
            self.failures += 1
            return [Proposal(lower, upper, None, (), NO_BASIN)]
        known = [*points, found] if found is not None else list(points)
        cut = (lower + upper) / 2
        if upper - lower <= sure / SURE:
            if not any(self._probe(at, known) for at in (lower, cut, upper)):
                return [Proposal(lower, upper, None, (), NO_BASIN)]
            sure = upper - lower
        return self._fill(lower, cut, known, sure) + self._fill(cut, upper, known, sure)

    def _best(self, point: Minimiser, lower: Fraction, upper: Fraction) -> Proposal | None:
        """A slab in the first coordinates that do, or in those with the ``widest`` basin."""
        best, largest = None, -np.inf
        for version in self.coordinates.versions(point):
            self.size = self.sizes.get(version.chart, self.size)
            proposal = self._one(version, lower, upper)
            if proposal is None:
                continue
            self.sizes[version.chart] = self.size
            if not self.widest:
                return proposal
            (curve,) = proposal.curves
            size = self.tracker.solvers[curve.chart].size(curve.centre, curve.radius)
            if size > largest:
                best, largest = proposal, size
        return best

    def _probe(self, alpha: Fraction, points: Sequence[Minimiser]) -> bool:
        """Whether a slab of least length near α can be proved."""
        half = SHORTEST * self.unit / 2
        middle = min(max(alpha, self.interval[0] + half), self.interval[1] - half)
        nearest = min(points, key=lambda p: abs(p.alpha - float(middle)))
        point = self.tracker.follow(nearest, float(middle), 2)
        size = self.size
        ends = middle - half, middle + half
        versions = [] if point is None else self.coordinates.versions(point)
        found = any(self._one(version, *ends) is not None for version in versions)
        self.size = size
        return found

    def _one(self, point: Minimiser, lower: Fraction, upper: Fraction) -> Proposal | None:
        """A slab with the largest basin of a short list that succeeds.

        The list starts from the largest basin at the middle where none of the sizes that did
        for the neighbours does.
        """
        for again in (False, True):
            if again:
                middle = Fraction(point.alpha)
                half = min((upper - lower) / 64, self.unit / 2**20)
                largest = self.largest(point, middle - half, middle + half, 4.0)
                if largest is None:
                    return None
                self.size = largest
            factors = FACTORS if again or self.small <= 0 else FACTORS[1:]
            for factor in factors:
                size = self.size * factor
                curve = self.curve(point, lower, upper, size)
                if curve is None:
                    return None
                proposal = Proposal(lower, upper, "one", (curve,))
                obstacle = self.trial(proposal)
                if obstacle is None:
                    self.size = size
                    self.small = self.small - 1 if factor == factors[0] else PATIENCE
                    return proposal
                if obstacle is Obstacle.SLAB:
                    return None
        if upper - lower > SHORT * self.unit:
            return None
        # Basins may shrink within a single slab, where a neighbour's had no end.
        last = self.largest(point, lower, upper, 0.1 * self.size)
        curve = None if last is None else self.curve(point, lower, upper, 0.9 * (last or 0.0))
        proposal = Proposal(lower, upper, "one", () if curve is None else (curve,))
        return proposal if curve is not None and self.trial(proposal) is None else None

    def largest(
        self, point: Minimiser, lower: Fraction, upper: Fraction, start: float
    ) -> float | None:
        """About the largest relative size of a basin over a slab, at most ``start``."""
        size = start
        for _ in range(24):
            curve = self.curve(point, lower, upper, size)
            if curve is None:
                return None
            obstacle = self.trial(Proposal(lower, upper, "one", (curve,)))
            if obstacle is None:
                return size
            if obstacle is Obstacle.SLAB:
                return None
            size *= SHRINK
        return None

    def around(
        self, event: Event, room: Fraction, within: tuple[Fraction, Fraction] | None = None
    ) -> Proposal:
        """A slab around an event, at most ``room`` to either side, ``within`` A or a part of it."""
        ends = within or self.interval
        at = Fraction(event.alpha)
        half = _rounded(room / 4)
        last = ""
        for _ in range(EVENT_TRIES):
            lower, upper = max(ends[0], _rounded(at - half)), min(ends[1], _rounded(at + half))
            if lower >= upper:
                break
            if event.change in UNPROVED:
                last = UNPROVED[event.change]
                if half <= UNDER * self.unit:
                    break
                half = half / 8
                continue
            proposal = self._event(event, lower, upper)
            if proposal is not None:
                return proposal
            last = f"a {event.change.value} that could not be proved"
            half = _rounded(half / 4)
        return Proposal(lower, upper, None, (), last)

    def _event(self, event: Event, lower: Fraction, upper: Fraction) -> Proposal | None:
        if event.change is Change.KINK:
            return self._fade(event, lower, upper) or self._kink(event, lower, upper)
        if event.change is Change.TOUCH:
            return self._kink(event, lower, upper)
        for points in self.coordinates.pairs(event):
            size = self.size * GROW
            for _ in range(24):
                both = [self.curve(point, lower, upper, size) for point in points]
                if both[0] is None or both[1] is None:
                    break
                proposal = Proposal(lower, upper, event.change.value, (both[0], both[1]))
                obstacle = self.trial(proposal)
                if obstacle is None:
                    return proposal
                if obstacle is Obstacle.SLAB:
                    break
                size *= SHRINK
        return None

    def _fade(self, event: Event, lower: Fraction, upper: Fraction) -> Proposal | None:
        """Where the outgoing weight of a unit reaches 0, its incoming parameters at walls."""
        points = event.before, event.behind
        charts = [self.tracker.solvers[point.chart].chart for point in points]
        alive = 0 if charts[1].dead else 1
        dead, whole = charts[1 - alive], charts[alive]
        if len(dead.dead) != 1 or whole.dead or not isinstance(whole.objective, FloatObjective):
            return None
        network, features = whole.objective.network, whole.objective.x.shape[1]
        own = list(incoming(network, features)[dead.dead[0]])
        out = outgoing(network, features)[dead.dead[0]]
        if len(out) != 1 or not set(own) <= {i for i, _ in points[alive].face.walls}:
            return None
        size = self.largest(points[1 - alive], lower, upper, self.size * GROW)
        free = self.curve(points[alive], lower, upper, self.size)
        rest = None if size is None else self.curve(points[1 - alive], lower, upper, 0.9 * size)
        if free is None or rest is None:
            return None
        span = whole.objective.upper - whole.objective.lower
        for inside, height in product(FADED, FADED):
            radius = free.radius.copy()
            radius[own] = inside * span[own]
            radius[out[0]] = height * span[out[0]]
            both = (replace(free, radius=radius), rest)
            proposal = Proposal(lower, upper, "fade", both if alive == 0 else both[::-1])
            if self.trial(proposal) is None:
                return proposal
        return None

    def _kink(self, event: Event, lower: Fraction, upper: Fraction) -> Proposal | None:
        curves = []
        for point in (event.before, event.behind):
            middle = self.tracker.at(point, float(lower + upper) / 2)
            for version in () if middle is None else self.coordinates.versions(middle):
                size = self.largest(version, lower, upper, self.size * GROW)
                curve = None if size is None else self.curve(version, lower, upper, 0.9 * size)
                if curve is not None:
                    curves.append(curve)
                    break
            else:
                return None
        proposal = Proposal(lower, upper, event.change.value, tuple(curves))
        return proposal if self.trial(proposal) is None else None


def _rounded(value: Fraction) -> Fraction:
    """A dyadic number near: ends of slabs stay short to write."""
    return Fraction(round(value * 2**52), 2**52)
