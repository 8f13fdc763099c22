"""Bounds of ℓ* on intervals that stay open: a point found by tracking, and a lower level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from geometry.proposals.floats import FloatObjective
from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Minimiser, Solver
from geometry.proposals.slabbing import NO_BASIN, Proposal
from geometry.proposals.tracking import Tracker
from pieceproof.checking.enclosing.openings import ceiling, is_floor
from pieceproof.checking.enclosing.tubes import Space
from pieceproof.checking.reading import Refuted
from piecewise.exact import to_fmpq
from piecewise.wiring import incoming


class Effort(NamedTuple):
    """How a floor is looked for: below the least value seen by these parts of the ceiling.

    One after the other, with so many boxes each, until one cannot be proved.
    """

    gaps: tuple[float, ...]
    boxes: int


THOROUGH = Effort((0.5, 0.1, 1e-2, 1e-4, 1e-6), 100_000)
QUICK = Effort((0.5, 0.1, 1e-2), 2_000)
NO_EFFORT = Effort((), 0)
BEST = 6
"""So many points are followed to the least value of f on an open interval."""
PARTS = 32
"""An open interval has bounds on each of its parts, which are no wider than this share of A."""
UNCOVERED = "W is not covered: f could not be shown to be above the minimum everywhere"
FLAT, MOVES = 1e-9, 0.01
"""Least part of the largest curvature, and least part of a direction, that are not 0."""
WIDE = 2.0**-9
"""Of open intervals wider than this part of A it is said whether there is an isolated minimiser."""
TIE = 1e-5
"""Values closer than this part of the size of f are equal or nearly so."""


def merged(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Neighbouring open intervals with the same reason as one."""
    found: list[Proposal] = []
    for each in proposals:
        last = found[-1] if found else None
        if last is not None and each.kind is None is last.kind and each.reason == last.reason:
            found[-1] = Proposal(last.lower, each.upper, None, (), each.reason)
        else:
            found.append(each)
    return found


def divided(proposal: Proposal, interval: tuple[Fraction, Fraction]) -> list[Proposal]:
    """An open interval in parts, so that the bounds follow ℓ*."""
    lower, upper = interval
    width = (upper - lower) / PARTS
    first, last = (proposal.lower - lower) // width + 1, -(-(proposal.upper - lower) // width)
    cuts = [lower + width * k for k in range(first, last)]
    ends = [proposal.lower, *cuts, proposal.upper]
    return [replace(proposal, lower=a, upper=b) for a, b in pairwise(ends)]


def bounds(
    proposal: Proposal,
    spaces: Sequence[Space],
    tracker: Tracker,
    effort: Effort,
) -> dict[str, Any] | None:
    """floor ≤ ℓ* ≤ ceiling on an open interval, with a witness, as a document writes them."""
    lower, upper = to_fmpq(proposal.lower), to_fmpq(proposal.upper)
    tops: list[tuple[float, int, list[float]]] = []
    for chart, w in _points(proposal, tracker):
        try:
            tops.append((ceiling(spaces[chart], lower, upper, w), chart, w))
        except Refuted:
            continue
    tops = [each for each in tops if np.isfinite(each[0])]
    if not tops:
        return None
    top, chart, w = min(tops, key=lambda each: each[0])
    signed = any(space.network.polynomial is not None for space in spaces)
    floor = None if signed else 0.0
    least = _least(proposal, tracker, tops) if effort.gaps else top
    for gap in effort.gaps:
        level = least - gap * (max(abs(least), abs(top), 1e-3) if signed else top)
        if not signed and level <= 0:
            continue
        if not is_floor(spaces, lower, upper, level, effort.boxes):
            break
        floor = level
    if floor is None:
        return None
    return {"floor": floor, "ceiling": top, "chart": chart, "witness": w}


def none_isolated(tracker: Tracker, lower: Fraction, upper: Fraction) -> str:
    """Why no strict minimiser is found: at the lowest point some unit may have no influence.

    Or some may be turned into each other: where all examples are on one piece of two units with
    equal output weights the network depends on the sum of their squares alone, near a square.
    """
    alpha, reason = float(lower + upper) / 2, "no isolated minimiser was found"
    best: tuple[float, Solver, Array] | None = None
    for solver in _whole(tracker):
        for start in solver.starts(alpha, 8):
            w = solver.descend(alpha, start)
            value = float(solver.objective.values(alpha, w[None])[0])
            if best is None or value < best[0]:
                best = value, solver, w
    if best is None or not isinstance(best[1].objective, FloatObjective):
        return reason
    objective, w = best[1].objective, best[2]
    hessian = np.abs(objective.local(alpha, w).hessian[1:])
    for unit, own in enumerate(incoming(objective.network, objective.x.shape[1])):
        if np.max(hessian[list(own)]) <= 1e-12 * max(1.0, float(np.max(hessian))):
            return f"{reason}: hidden unit {unit + 1} has no influence there"
    values, vectors = np.linalg.eigh(objective.local(alpha, w).hessian[1:, 1:])
    flat = int(np.argmin(np.abs(values)))
    turned = [
        str(unit + 1)
        for unit, own in enumerate(incoming(objective.network, objective.x.shape[1]))
        if np.max(np.abs(vectors[list(own), flat])) > MOVES
    ]
    if abs(values[flat]) <= FLAT * float(np.max(np.abs(values))) and len(turned) > 1:
        return f"{reason}: hidden units {' and '.join(turned)} may be changed together, f unchanged"
    return reason


def explained(proposal: Proposal, tracker: Tracker) -> Proposal:
    """An open interval with what stands in the way: no isolated minimiser, or a tie.

    Boxes around a second minimiser of the same value never finish. Mirror images do not count,
    as the search knows one of each only.
    """
    middle = float(proposal.lower + proposal.upper) / 2
    wide = float(proposal.upper - proposal.lower) > WIDE * tracker.width
    if proposal.reason == NO_BASIN and wide and tracker.best(middle) is None:
        return replace(proposal, reason=none_isolated(tracker, proposal.lower, proposal.upper))
    if proposal.reason != UNCOVERED:
        return proposal
    width = proposal.upper - proposal.lower
    ties = [
        _is_tied(float(proposal.lower + width * Fraction(part, 4)), tracker) for part in range(5)
    ]
    if not any(ties):
        return proposal
    where = "there" if all(ties) else "at some of these α"
    reason = f"W is not covered: two minimisers have equal values {where}, or nearly so"
    return replace(proposal, reason=reason)


def _is_tied(alpha: float, tracker: Tracker) -> bool:
    """Whether the two lowest minimisers known at α have about the same value."""
    near = sorted(tracker.nodes, key=lambda known: abs(known - alpha))[:8]
    found: list[Minimiser] = []
    size = 0.0
    for solver in _whole(tracker):
        objective, pool, index = solver.objective, tracker.pools[solver.index], solver.index
        middle = 0.5 * (objective.lower + objective.upper)
        size = max(size, abs(float(objective.values(alpha, middle[None])[0])))
        known = [tracker.nodes[a].w for a in near if tracker.nodes[a].chart == index]
        found += solver.minimisers(alpha, [*known, *pool[:8], *solver.starts(alpha, 8)])
    values = sorted(each.value for each in found)[:2]
    return len(values) == 2 and values[1] - values[0] <= TIE * max(size, abs(values[0]))


def _points(proposal: Proposal, tracker: Tracker) -> list[tuple[int, list[float]]]:
    """Minimisers at the nodes nearest to the interval, and the middle of W."""
    middle = float(proposal.lower + proposal.upper) / 2
    near = sorted(tracker.nodes, key=lambda alpha: abs(alpha - middle))[:8]
    whole = _whole(tracker)
    known = [tracker.nodes[a] for a in near]
    found = [
        (
            next(s.index for s in whole if s.chart.holds(chart)) if chart.dead else point.chart,
            point.w,
        )
        for point, chart in ((point, tracker.solvers[point.chart].chart) for point in known)
    ]
    for solver in whole:
        objective, pool, index = solver.objective, tracker.pools[solver.index], solver.index
        found += [(index, w) for w in pool[:8]]
        found.append((index, 0.5 * (objective.lower + objective.upper)))
        starts = [w for chart, w in found if chart == index]
        found += [(index, solver.descend(middle, w)) for w in starts[:4]]
    return [(chart, [float(x) for x in w]) for chart, w in found]


def _whole(tracker: Tracker) -> list[Solver]:
    """The charts without dead units."""
    return [solver for solver in tracker.own if not solver.chart.dead]


def _least(
    proposal: Proposal, tracker: Tracker, tops: Sequence[tuple[float, int, list[float]]]
) -> float:
    """About the least value of ℓ* on the interval, from its best points."""
    best = sorted(tops, key=lambda each: each[0])
    values = [best[0][0]]
    for part in (0, 1, 2):
        alpha = float(proposal.lower + (proposal.upper - proposal.lower) * Fraction(part, 2))
        for _, chart, w in best[:BEST]:
            solver = tracker.solvers[chart]
            point = solver.descend(alpha, np.array(w))
            values.append(float(solver.objective.values(alpha, point[None])[0]))
    return min(values)
