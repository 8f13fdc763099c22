"""Switches located along the free curve.

Next to a switch the multiplier of its constraint is small, and in a narrow valley it drowns in
rounding long before halving has come near. The constraint along the free curve, which may be
followed beyond the place where it is a minimiser, changes its sign there plainly.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from geometry.proposals.events import Change, Event, is_continued, on_one_side, relation
from geometry.proposals.minimisers import Face, Minimiser
from geometry.proposals.tracking import Tracker

SHY = 2.0**-6
"""Minimisers are followed up to the switch but for this part of the interval."""
ROUNDS = 60


def switch(tracker: Tracker, left: Minimiser, right: Minimiser) -> Event | None:
    """The switch between two near minimisers, if that is what happens between them."""
    if left.chart != right.chart or relation(left.face, right.face) is not Change.SWITCH:
        return None
    first = _size(left.face) < _size(right.face)
    before, behind = on_one_side(left, right)
    free, stuck = (before, behind) if first else (behind, before)
    if not _neighbours(free.face, (right if first else left).face):
        return None
    alpha = root(tracker, free, stuck.alpha, _constraint(tracker, free, stuck.face))
    if alpha is None:
        return None
    margin = SHY * (right.alpha - left.alpha)
    for point, end in ((left, alpha - margin), (right, alpha + margin)):
        beyond = end < left.alpha or end > right.alpha
        if not beyond and tracker.follow(point, end, 4) is None:
            return None
    there = [tracker.at(point, alpha) for point in (before, behind)]
    if there[0] is None or there[1] is None or not is_continued(there[0], there[1]):
        return None
    return Event(alpha, Change.SWITCH, there[0], there[1])


def root(
    tracker: Tracker, free: Minimiser, beyond: float, constraint: Callable[[Minimiser], float]
) -> float | None:
    """Where the constraint, positive at a point, passes 0 on its curve up to another α."""
    near, far = free.alpha, beyond
    there = tracker.at(free, far)
    if there is None or not constraint(free) > 0 > constraint(there):
        return None
    above, below = constraint(free), constraint(there)
    for _ in range(ROUNDS):
        middle = near + (far - near) * min(max(above / (above - below), 0.01), 0.99)
        here = tracker.at(free, middle)
        if here is None:
            return None
        height = constraint(here)
        if height > 0:
            near, above = middle, height
        else:
            far, below = middle, height
        if abs(far - near) <= 1e-13 * tracker.width:
            break
    return 0.5 * (near + far)


def _size(face: Face) -> int:
    return len(face.groups) + len(face.walls)


def _neighbours(free: Face, stuck: Face) -> bool:
    """Whether patterns differ at active boundaries only."""
    active = {label for group in stuck.groups for label in group}
    return all(
        all((u, t, k) in active for k in range(min(p, q), max(p, q)))
        for (u, t), p, q in (
            (place, int(p), int(stuck.pattern[place])) for place, p in np.ndenumerate(free.pattern)
        )
    )


def _constraint(tracker: Tracker, free: Minimiser, stuck: Face) -> Callable[[Minimiser], float]:
    """The signed distance from the boundary or wall that only the second stratum has."""
    objective = tracker.solvers[free.chart].objective
    extra = [group for group in stuck.groups if group not in free.face.groups]
    if extra:
        u, t, k = extra[0][0]
        sign = 1.0 if free.face.pattern[u, t] == k + 1 else -1.0

        def distance(point: Minimiser) -> float:
            local = objective.local(point.alpha, point.w, point.face.pattern)
            return sign * float(local.z[u, t] - objective.points[k])

        return distance
    ((parameter, side),) = set(stuck.walls) - set(free.face.walls)
    wall = float((objective.lower, objective.upper)[side][parameter])
    return lambda point: (1.0 if side == 0 else -1.0) * (float(point.w[parameter]) - wall)
