"""Of several minimisers of equal value the one that goes on.

Where a weight becomes 0 several biases may attain the same constant, and a search finds any of
them: the minimiser that moves continuously, on to another stratum, is as low as the one found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geometry.proposals.events import Event, between, is_continued
from geometry.proposals.minimisers import Minimiser, noise

if TYPE_CHECKING:
    from geometry.proposals.tracking import Tracker

APART = 1e-3
"""A part of A on which values that only touch are told apart."""


def carried_on(tracker: Tracker, left: Minimiser, right: Minimiser) -> list[Event]:
    """The event between two near minimisers: a kink, unless one goes on as low as the other.

    If it is the right one that goes on, nodes before it change and there is no event yet.
    """
    if not _are_akin(tracker, left, right):
        return [between(left, right)]
    there, back = _carried(tracker, left, right), _carried(tracker, right, left)
    # Values that are equal on one side only, as where three minima meet, belong to a kink.
    if there is None or back is None:
        return [between(left, right)]
    if is_continued(left, there) and not _is_as_low_before(tracker, right, left):
        tracker.nodes[right.alpha] = there
        return [between(left, there)]
    if is_continued(right, back):
        tracker.nodes[left.alpha] = back
        _carry_back(tracker, back)
        tracker.mended = True
        return []
    return [between(left, right)]


def _is_as_low_before(tracker: Tracker, right: Minimiser, left: Minimiser) -> bool:
    """Whether the right minimiser is as low as the left one farther to the left, too."""
    alpha = left.alpha - APART * tracker.width
    own, other = (tracker.follow(point, alpha, 4) for point in (right, left))
    return (
        own is not None and other is not None and own.value <= other.value + 4 * noise(other.value)
    )


def _carried(tracker: Tracker, point: Minimiser, other: Minimiser) -> Minimiser | None:
    """Where a descent leads from a minimiser at the α of another, if it is as low there."""
    found = tracker.solvers[point.chart].minimisers(other.alpha, [point.w])[:1]
    return next((each for each in found if _are_equal(each, other)), None)


def _carry_back(tracker: Tracker, point: Minimiser) -> None:
    """Take this minimiser's curve for the nodes before it, as long as it is as low."""
    for alpha in sorted((a for a in tracker.nodes if a < point.alpha), reverse=True):
        known, arrived = tracker.nodes[alpha], tracker.follow(point, alpha, 4)
        if arrived is None or not _are_akin(tracker, known, arrived):
            return
        if not _are_equal(arrived, known):
            return
        tracker.nodes[alpha] = point = arrived


def _are_akin(tracker: Tracker, a: Minimiser, b: Minimiser) -> bool:
    """Whether both have the same dead units: without them minimisers may not be isolated."""
    own, other = (tracker.solvers[point.chart].chart.dead for point in (a, b))
    return own == other


def _are_equal(a: Minimiser, b: Minimiser) -> bool:
    """Whether values are equal but for rounding."""
    return abs(a.value - b.value) <= 4 * noise(b.value)
