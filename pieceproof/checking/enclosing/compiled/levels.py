"""Whether f exceeds the claimed value v on a box, by the value and derivatives at its centre.

On a slab v lies in cones v(m) + v′·(α − m), one for each level; over many slabs below a line.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import (
    down,
    minus,
    plus,
    scaled,
    squared,
    times,
    up,
)
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.places import Claims
from pieceproof.checking.enclosing.ranges import Array


@compiled
def highest(above: Array, first: int, last: int) -> float:
    """The largest claimed value over slabs first..last."""
    level = 0
    while 2 << level <= last - first + 1:
        level += 1
    left: float = above[level, first]
    right: float = above[level, last - (1 << level) + 1]
    return max(left, right)


@compiled
def line_above(claims: Claims, first: int, last: int, line: Array) -> None:
    """A line (value at α = 0, slope) that v does not exceed on slabs first..last.

    On a slab v lies in a cone with its tip at the level's middle, whose upper side is convex:
    its ends decide.
    """
    middle = (first + last) // 2
    slope = 0.5 * (claims.levels[3, middle, 0] + claims.levels[4, middle, 0])
    highest = -np.inf
    for slab in range(first, last + 1):
        own = -np.inf if claims.every[slab] else np.inf
        for k in range(claims.levels.shape[2]):
            if np.isnan(claims.levels[0, slab, k]):
                continue
            top = -np.inf
            for end in range(2):
                at = claims.ends[end, slab]
                step = minus(at, at, claims.levels[0, slab, k], claims.levels[0, slab, k])
                rise = times(claims.levels[3, slab, k], claims.levels[4, slab, k], step[0], step[1])
                fall = scaled(at, at, slope)
                top = max(top, up(up(claims.levels[2, slab, k] + rise[1]) - fall[0]))
            own = max(own, top) if claims.every[slab] else min(own, top)
        highest = max(highest, own)
    line[0], line[1] = highest, slope


@compiled
def above_line(
    line: Array, box: Array, centre: Array, value: Array, tilt: Array, rest: float
) -> bool:
    """Whether f exceeds the line on the box, as in :func:`is_above`."""
    _, at_centre = scaled(centre[0], centre[0], line[1])
    x, y = minus(tilt[0], tilt[1], line[1], line[1])
    x, _ = times(x, y, down(box[0, 0] - centre[0]), up(box[1, 0] - centre[0]))
    gap = down(value[0] - up(line[0] + at_centre))
    return down(down(gap + x) + rest) > 0.0


@compiled
def is_above(
    claims: Claims, slab: int, box: Array, centre: Array, value: Array, tilt: Array, rest: float
) -> int:
    """1 if f > v on the box, −1 if f < v at the centre, else 0.

    f − v ≥ gap at the centre + (∂_α f − v′)(α − c_α) + rest.
    """
    some, each, below, below_each = False, True, False, True
    dl, dh = down(box[0, 0] - centre[0]), up(box[1, 0] - centre[0])
    for k in range(claims.levels.shape[2]):
        vl, vh = claims.levels[1, slab, k], claims.levels[2, slab, k]
        if np.isnan(vl):
            continue
        sl, sh = claims.levels[3, slab, k], claims.levels[4, slab, k]
        at = claims.levels[0, slab, k]
        x, y = times(sl, sh, down(centre[0] - at), up(centre[0] - at))
        x, y = plus(vl, vh, x, y)
        gl, gh = minus(value[0], value[1], x, y)
        x, y = minus(tilt[0], tilt[1], sl, sh)
        x, y = times(x, y, dl, dh)
        lowest = down(down(gl + x) + rest)
        some = some or lowest > 0.0
        each = each and lowest > 0.0
        below = below or gh < 0.0
        below_each = below_each and gh < 0.0
    if some and (each or claims.every[slab] == 0):
        return 1
    return -1 if below and below_each else 0


@compiled
def drift(box: Array, centre: Array, jet: Array) -> float:
    """A lower bound of Σ_{p ≥ 1} ∂_p f·(x_p − c_p) on the box."""
    total = 0.0
    for p in range(1, box.shape[1]):
        if box[0, p] < box[1, p]:
            low, _ = times(
                jet[0, 1 + p], jet[1, 1 + p], down(box[0, p] - centre[p]), up(box[1, p] - centre[p])
            )
            total = down(total + low)
    return total


@compiled
def taylor(box: Array, centre: Array, slope: Array, jet: Array) -> float:
    """A lower bound of Σ ∂_p f(c)(x_p − c_p) + ½ Σ H_pq (x_p − c_p)(x_q − c_q).

    The first sum is over p ≥ 1, the second over all coordinates.
    """
    n = box.shape[1]
    total = 0.0
    for p in range(n):
        if not box[0, p] < box[1, p]:
            continue
        pl, ph = down(box[0, p] - centre[p]), up(box[1, p] - centre[p])
        if p >= 1:
            low, _ = times(slope[0, p], slope[1, p], pl, ph)
            total = down(total + low)
        for q in range(p, n):
            if not box[0, q] < box[1, q]:
                continue
            c = 1 + n + p * n + q
            if p == q:
                x, y = squared(pl, ph)
                x, _ = times(jet[0, c], jet[1, c], 0.5 * x, 0.5 * y)
            else:
                x, y = times(pl, ph, down(box[0, q] - centre[q]), up(box[1, q] - centre[q]))
                x, _ = times(jet[0, c], jet[1, c], x, y)
            total = down(total + x)
    return total


@compiled
def bends_above(
    claims: Claims,
    slab: int,
    single: bool,
    box: Array,
    centre: Array,
    value: Array,
    slope: Array,
    jet: Array,
    line: Array,
) -> bool:
    """Whether f > v on the box, by Taylor's formula of second order at the centre."""
    rest = taylor(box, centre, slope, jet)
    if not single:
        return above_line(line, box, centre, value, slope[:, 0], rest)
    return is_above(claims, slab, box, centre, value, slope[:, 0], rest) == 1
