"""Minimisers in faces that orthants share, as the chart of each orthant sees them.

Under a penalty αρ|w|₁ W is cut at w_i = 0 (``charts``). A minimiser with w_i = 0 lies in the charts
on both sides, and its images under symmetries of W in still others. A curve that reaches w_i = 0 in
one chart may leave it in another: both minimisers there are to be seen from one chart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from geometry.proposals.floats import FloatObjective
from geometry.proposals.images import mirrored, moved, near
from geometry.proposals.minimisers import Face, Minimiser, Solver

if TYPE_CHECKING:
    from geometry.proposals.tracking import Tracker


def in_one_chart(
    tracker: Tracker, left: Minimiser, right: Minimiser
) -> tuple[Minimiser, Minimiser] | None:
    """Both minimisers, or the left one and an image of the right one, in one chart if there is one.

    The left one's chart comes first, then the right one's.
    """
    first, second = (tracker.solvers[point.chart] for point in (left, right))
    if not is_akin(first, second):
        return None
    others = [s for s in tracker.own if is_akin(first, s) and s not in (first, second)]
    for solver in (first, second, *others):
        seen = copy(tracker.solvers[left.chart], solver, left)
        if seen is None:
            continue
        for other in _images(tracker, solver, right):
            return seen, other
    return None


def is_akin(a: Solver, b: Solver) -> bool:
    """Whether two charts differ in the orthant at most."""
    return (
        bool(a.chart.orthant)
        and (a.chart.dead, a.chart.signs) == (b.chart.dead, b.chart.signs)
        and a.chart.orthant.keys() == b.chart.orthant.keys()
    )


def copy(home: Solver, other: Solver, point: Minimiser) -> Minimiser | None:
    """A minimiser of one chart in a chart on another side of w_i = 0, if it lies in both."""
    if home is other:
        return point
    own, theirs = home.chart.orthant, other.chart.orthant
    turned = {i for i, sign in theirs.items() if own[i] != sign}
    walls = dict(point.face.walls)
    if not isinstance(other.objective, FloatObjective) or any(
        walls.get(i) != (0 if own[i] > 0 else 1) for i in turned
    ):
        return None
    reached = other.objective.reached
    face = Face(
        np.clip(point.face.pattern, reached[..., 0], reached[..., 1]),
        point.face.groups,
        tuple((i, 1 - side if i in turned else side) for i, side in point.face.walls),
    )
    if not other.is_minimiser(point.alpha, point.w, face):
        return None
    return Minimiser(other.index, face, point.alpha, point.w, point.multipliers, point.value)


def is_copy(tracker: Tracker, a: Minimiser, b: Minimiser) -> bool:
    """Whether two minimisers are one up to the charts and the symmetries of W."""
    first, second = (tracker.solvers[point.chart] for point in (a, b))
    return is_akin(first, second) and any(near(image, b.w) for image in mirrored(first.chart, a.w))


def _images(tracker: Tracker, solver: Solver, point: Minimiser) -> Iterator[Minimiser]:
    """The images of a minimiser, the minimiser itself first, that lie in the chart of a solver."""
    own = copy(tracker.solvers[point.chart], solver, point)
    if own is not None:
        yield own
    objective = solver.objective
    for w in mirrored(solver.chart, point.w):
        inside = np.all(objective.lower <= w) and np.all(w <= objective.upper)
        found = moved(solver, point, w) if inside and not near(w, point.w) else None
        if found is not None:
            yield found
