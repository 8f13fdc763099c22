"""Switches: the minimiser meets, or leaves, a boundary or a wall exactly once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing import basins, multipliers, nearby
from pieceproof.checking.enclosing.claimedslabs import (
    Slab,
    basin_box,
    contains,
    end,
)
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.tubes import Curve, Label, Stratum, bent, wall_speed
from pieceproof.checking.reading import Refuted


def check_switch(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    if len(curves) != 2:
        raise Refuted("a switch has two curves")
    size = [len(c.stratum.groups) + len(c.stratum.walls) for c in curves]
    free_first = size[0] < size[1]
    free, stuck = curves if free_first else (curves[1], curves[0])
    extra, wall = _extra(free.stratum, stuck.stratum)
    space, own = free.space, free.stratum
    box = basin_box(free)
    for curve in curves:
        if not contains(box[0], curve.box[0]):
            raise Refuted("a curve leaves the common basin")
    hard = [*own.groups, *([extra] if extra else [])]
    around = nearby.boundaries_near(space, box, own.pattern, hard)
    soft = around.soft
    basins.check_inside(stuck)
    basins.check_inside(free, except_=wall)
    for curve in curves:
        basins.check_sides(curve, around.all)
    for pattern in nearby.patterns(own.pattern, own.groups):
        _check_free_side(free, stuck, box, pattern, extra, soft)
        if extra:
            other = nearby.crossed(pattern, extra)
            found, walls = multipliers.multipliers_of(stuck, other, hard)
            floors = multipliers.check_signs(other, hard, found, walls)
            basins.check_basin_convex(stuck, box, other, soft, hard, found, floors, walls)
    where = slab.lower if free_first else slab.upper
    beyond = slab.upper if free_first else slab.lower
    if extra:
        label = extra[0]
        side = nearby.sides(own.pattern, extra)
        slope = boundary_speed(free, label)
        near, far = (
            bent(space.jets, at.seen, label)[0] for at in (end(free, where), end(free, beyond))
        )
        pressing = stuck.derivative[len(stuck.free) + len(own.groups)]
        pressing = Range(np.atleast_1d(pressing.lo), np.atleast_1d(pressing.hi))
    else:
        if wall is None:
            raise Refuted("a switch without a constraint")
        at_wall = space.wall(wall[0], wall[1])
        side = 1 if wall[1] == 0 else -1
        place = int(np.flatnonzero(free.free == wall[0])[0])
        slope = free.derivative[place : place + 1]
        near, far = (
            at.box[0][1 + wall[0] : 2 + wall[0]] - at_wall
            for at in (end(free, where), end(free, beyond))
        )
        pressing = wall_speed(stuck, wall[0])
    if side < 0:
        near, far = -near, -far
    if not (near.lo[0] > 0 and far.hi[0] < 0):
        raise Refuted("the constraint does not change sides on the slab")
    for speed in (slope, pressing):
        if speed.lo[0] <= 0 <= speed.hi[0]:
            raise Refuted("the constraint may change sides more than once")
    if not strictly_pressing(stuck, beyond, extra, wall, len(own.groups)):
        raise Refuted("the multiplier of the constraint has the wrong sign")


def strictly_pressing(
    stuck: Curve,
    beyond: fmpq,
    extra: tuple[Label, ...] | None,
    wall: tuple[int, int] | None,
    index: int,
) -> bool:
    """Whether the multiplier of the added constraint is positive at the end beyond."""
    at = end(stuck, beyond)
    found, walls = multipliers.multipliers_of(at, at.stratum.pattern, at.stratum.groups)
    if extra:
        own = found[index] if nearby.sides(at.stratum.pattern, extra) > 0 else -found[index]
        return bool(own.lo[0] > 0)
    if wall is None:
        return False
    return bool(walls[wall[0]].lo[0] > 0)


def _check_free_side(
    free: Curve,
    stuck: Curve,
    box: Range,
    pattern: Pattern,
    extra: tuple[Label, ...] | None,
    soft: Sequence[Sequence[Label]],
) -> None:
    """∇²G positive definite where the constraint holds, for the multipliers of both curves."""
    groups = free.stratum.groups
    one, one_walls = multipliers.multipliers_of(free, pattern, groups)
    hard = [*groups, *([extra] if extra else [])]
    two, two_walls = multipliers.multipliers_of(stuck, pattern, hard)
    common = {i: two_walls[i] for i in one_walls}
    floors = [
        min(a, b)
        for a, b in zip(
            multipliers.check_signs(pattern, groups, one, one_walls),
            multipliers.check_signs(pattern, groups, two[: len(groups)], common),
            strict=True,
        )
    ]
    factors = [a.hull(b) for a, b in zip(one, two, strict=False)]
    if extra:
        zero = Range.exactly(np.zeros(1))
        factors.append(two[-1].hull(zero))
        floors.append(0.0)
    walls = {i: one_walls[i].hull(two_walls[i]) for i in one_walls}
    basins.check_basin_convex(free, box, pattern, soft, hard, factors, floors, walls)


def _extra(
    free: Stratum, stuck: Stratum
) -> tuple[tuple[Label, ...] | None, tuple[int, int] | None]:
    """The group or the wall that the second stratum has more than the first."""
    if (free.place, free.fold, free.pattern) != (stuck.place, stuck.fold, stuck.pattern):
        raise Refuted("the strata of a switch are not neighbours")
    if stuck.groups == free.groups and len(stuck.walls) == len(free.walls) + 1:
        added = [(i, side) for i, side in stuck.walls.items() if i not in free.walls]
        if len(added) == 1 and {**free.walls, added[0][0]: added[0][1]} == stuck.walls:
            return None, added[0]
    elif stuck.walls == free.walls and stuck.groups and stuck.groups[:-1] == free.groups:
        return stuck.groups[-1], None
    raise Refuted("the strata of a switch are not neighbours")


def boundary_speed(curve: Curve, label: Label) -> Range:
    """d(z − β)/dα along the curve."""
    _, dz, _ = bent(curve.space.jets, curve.seen, label)
    total = dz[0:1]
    if len(curve.free):
        moved = dz[1 + curve.free] * curve.derivative[: len(curve.free)]
        total = total + moved.sum(0)
    return total
