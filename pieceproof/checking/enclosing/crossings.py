"""Crossings: the minimiser passes a boundary at which f is C¹ exactly once."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from pieceproof.checking.enclosing import basins, multipliers, nearby
from pieceproof.checking.enclosing.claimedslabs import (
    Slab,
    basin_box,
    contains,
    end,
)
from pieceproof.checking.enclosing.groups import coincide
from pieceproof.checking.enclosing.switches import boundary_speed
from pieceproof.checking.enclosing.tubes import Curve, bent
from pieceproof.checking.reading import Refuted


def check_cross(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    if len(curves) != 2:
        raise Refuted("a crossing has two curves")
    first, second = curves
    a, b = first.stratum, second.stratum
    if (a.place, a.fold, a.groups, a.walls) != (b.place, b.fold, b.groups, b.walls):
        raise Refuted("the strata of a crossing are not neighbours")
    space = first.space
    changed = [
        (unit, example)
        for unit, (own, other) in enumerate(zip(a.pattern, b.pattern, strict=True))
        for example in range(len(own))
        if own[example] != other[example]
    ]
    if any(abs(a.pattern[u][t] - b.pattern[u][t]) != 1 for u, t in changed) or not changed:
        raise Refuted("the strata of a crossing are not neighbours")
    passed = tuple((u, t, min(a.pattern[u][t], b.pattern[u][t])) for u, t in changed)
    if len(passed) > 1 and not coincide(space, passed):
        raise Refuted("two boundaries are crossed at once")
    if not all(space.network.is_soft(*label) for label in passed):
        raise Refuted("the boundary crossed is not C¹")
    box = basin_box(first)
    for curve in curves:
        if not contains(box[0], curve.box[0]):
            raise Refuted("a curve leaves the common basin")
        basins.check_inside(curve)
    around = nearby.boundaries_near(space, box, a.pattern, a.groups)
    soft = around.soft
    listed = {label for group in soft for label in group}
    if not set(passed) <= listed:
        raise Refuted("the boundary crossed is not in the basin")
    others = [group for group in around.all if group[0] not in passed]
    for curve in curves:
        basins.check_sides(curve, others)
    for choice in zip(
        nearby.patterns(a.pattern, a.groups), nearby.patterns(b.pattern, b.groups), strict=True
    ):
        found = [
            multipliers.multipliers_of(curve, pattern, a.groups)
            for curve, pattern in zip(curves, choice, strict=True)
        ]
        floors = [
            min(pair)
            for pair in zip(
                *(
                    multipliers.check_signs(pattern, a.groups, *each)
                    for pattern, each in zip(choice, found, strict=True)
                ),
                strict=True,
            )
        ]
        factors = [x.hull(y) for x, y in zip(found[0][0], found[1][0], strict=True)]
        walls = {i: found[0][1][i].hull(found[1][1][i]) for i in a.walls}
        basins.check_basin_convex(first, box, choice[0], soft, a.groups, factors, floors, walls)
    label = passed[0]
    speed = boundary_speed(first, label)
    near, far = (
        bent(space.jets, at.seen, label)[0]
        for at in (end(first, slab.lower), end(first, slab.upper))
    )
    if nearby.sides(a.pattern, [label]) < 0:
        near, far = -near, -far
    if not (near.lo[0] > 0 and far.hi[0] < 0) or speed.lo[0] <= 0 <= speed.hi[0]:
        raise Refuted("the boundary is not crossed exactly once")
    for at in (slab.lower, slab.upper):
        gap = end(first, at).value - end(second, at).value
        if gap.lo[0] > 0 or gap.hi[0] < 0:
            return
    raise Refuted("the two values cannot be told apart")
