"""Kinks located by following both curves.

Halving an interval takes three dozen steps to a kink, with a search at some of them. The difference
of the values of two minimisers, each on its own curve, changes its sign there: about ten steps of
the Illinois method find where.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from geometry.proposals.events import Change, Event, between
from geometry.proposals.minimisers import Minimiser

if TYPE_CHECKING:
    from geometry.proposals.tracking import Tracker

MOST = 60
"""Steps of the Illinois method."""
FINE = 2.0**-8
"""Kinks are located to this part of the gap between the minimisers beside them."""
STEPS = (1, 4, 16)
"""A curve is followed in one step, or in more."""


def kink(tracker: Tracker, left: Minimiser, right: Minimiser, gap: float) -> Event | None:
    """Where the right one's curve takes over, with minimisers beside it that are ``gap`` apart.

    None where one of the curves does not lead there, or values do not change their order.
    """

    def difference(alpha: float) -> float | None:
        both = [reached(tracker, point, alpha) for point in (left, right)]
        return None if both[0] is None or both[1] is None else both[0].value - both[1].value

    at = zero(difference, left.alpha, right.alpha, FINE * gap)
    if at is None or not left.alpha < at - gap / 2 < at + gap / 2 < right.alpha:
        return None
    before = reached(tracker, left, at - gap / 2)
    behind = reached(tracker, right, at + gap / 2)
    event = None if before is None or behind is None else between(before, behind)
    return event if event is not None and event.change is Change.KINK else None


def reached(tracker: Tracker, point: Minimiser, alpha: float) -> Minimiser | None:
    """The minimiser on the same curve at another α, in as few steps as do."""
    ways = (tracker.follow(point, alpha, steps) for steps in STEPS)
    return next((way for way in ways if way is not None), None)


def slope(tracker: Tracker, point: Minimiser) -> float:
    """v′ on the curve of a minimiser, by the envelope theorem."""
    solver = tracker.solvers[point.chart]
    local = solver.objective.local(point.alpha, point.w, point.face.pattern)
    total = float(local.gradient[0])
    for factor, group in zip(point.multipliers, point.face.groups, strict=True):
        unit, example, _ = group[0]
        total -= float(factor * local.dz[unit, example][0])
    return total


def zero(
    function: Callable[[float], float | None], a: float, b: float, width: float
) -> float | None:
    """A zero of a function that changes its sign from a to b, within ``width``."""
    low, high = function(a), function(b)
    if low is None or high is None or not low * high < 0:
        return None
    last = 0
    for _ in range(MOST):
        if b - a <= width:
            return 0.5 * (a + b)
        # Never nearer to an end than half the tolerance, so that both ends close in.
        at = min(max(b - high * (b - a) / (high - low), a + width / 2), b - width / 2)
        value = function(at)
        if value is None:
            return None
        if value * high > 0:
            b, high = at, value
            low, last = low * (0.5 if last == 1 else 1.0), 1
        else:
            a, low = at, value
            high, last = high * (0.5 if last == -1 else 1.0), -1
    return None
