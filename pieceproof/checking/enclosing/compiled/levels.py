"""Whether f exceeds the claimed value v on a box, by the value and derivatives at its centre.

On a slab v lies below cones v(m) + s·(α − m), one for each level; over many slabs below a line.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import (
    down,
    minus,
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

    Along the chord or with the slope of one of the outer slabs, whichever line is nearest to v;
    ``line[2]`` is how far it lies above v at most, about.
    """
    low, _ = _lowest(claims, first, 0.0, 0)
    high, _ = _lowest(claims, last, 0.0, 1)
    width = claims.ends[1, last] - claims.ends[0, first]
    line[2] = np.inf
    for choice in range(3):
        slope = (high - low) / width if width > 0.0 else 0.0
        if choice > 0:
            slab = first if choice == 1 else last
            slope = 0.5 * (claims.levels[3, slab, 0] + claims.levels[4, slab, 0])
        top, bottom = -np.inf, np.inf
        for slab in range(first, last + 1):
            for end in range(2):
                value, above = _lowest(claims, slab, slope, end)
                top, bottom = max(top, above), min(bottom, value)
        if top - bottom < line[2]:
            line[0], line[1], line[2] = top, slope, top - bottom


@compiled
def _lowest(claims: Claims, slab: int, slope: float, end: int) -> tuple[float, float]:
    """v minus slope·α at an end of a slab, about, and a bound of it on the whole slab.

    On a slab a level lies below a cone with its tip at the level's middle, which is convex: its
    ends decide.
    """
    every = claims.every[slab] >= 1
    least = bound = -np.inf if every else np.inf
    for k in range(claims.levels.shape[2]):
        if np.isnan(claims.levels[0, slab, k]):
            continue
        tops = np.empty(2)
        for side in range(2):
            at = claims.ends[side, slab]
            step = minus(at, at, claims.levels[0, slab, k], claims.levels[0, slab, k])
            rise = times(claims.levels[3, slab, k], claims.levels[4, slab, k], step[0], step[1])
            fall = scaled(at, at, slope)
            tops[side] = up(up(claims.levels[2, slab, k] + rise[1]) - fall[0])
        top = max(tops[0], tops[1])
        least = max(least, tops[end]) if every else min(least, tops[end])
        bound = max(bound, top) if every else min(bound, top)
    return least, bound


@compiled
def chord_above(claims: Claims, slab: int, level: int, box: Array, line: Array) -> bool:
    """A line that the value of a level of one slab does not exceed on the box.

    If the minimum may be any of the levels the line is above them all. False without a level.
    """
    line[2] = 0.0
    tops = np.full(2, -np.inf)
    for k in range(claims.levels.shape[2]):
        if np.isnan(claims.levels[0, slab, k]) or (claims.every[slab] == 0 and k != level):
            continue
        for end in range(2):
            step = minus(
                box[end, 0], box[end, 0], claims.levels[0, slab, k], claims.levels[0, slab, k]
            )
            _, rise = times(claims.levels[3, slab, k], claims.levels[4, slab, k], step[0], step[1])
            tops[end] = max(tops[end], up(claims.levels[2, slab, k] + rise))
    if not tops[0] > -np.inf:
        return False
    width = box[1, 0] - box[0, 0]
    line[1] = (tops[1] - tops[0]) / width if width > 0.0 else 0.0
    line[0] = -np.inf
    for end in range(2):
        fall, _ = scaled(box[end, 0], box[end, 0], line[1])
        line[0] = max(line[0], up(tops[end] - fall))
    return True


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

    v ≤ u, a cone, and f − u ≥ gap at the centre + (∂_α f − u′)(α − c_α) + rest.
    """
    some, each, below, below_each = False, True, False, True
    dl, dh = down(box[0, 0] - centre[0]), up(box[1, 0] - centre[0])
    for k in range(claims.levels.shape[2]):
        vl, vh = claims.levels[1, slab, k], claims.levels[2, slab, k]
        if np.isnan(vl):
            continue
        sl, sh = claims.levels[3, slab, k], claims.levels[4, slab, k]
        at = claims.levels[0, slab, k]
        _, y = times(sl, sh, down(centre[0] - at), up(centre[0] - at))
        gap = down(value[0] - up(vh + y))
        tl, th = claims.levels[5, slab, k], claims.levels[6, slab, k]
        x, _ = times(tl, th, down(centre[0] - at), up(centre[0] - at))
        excess = up(value[1] - down(vl + x))
        x, y = minus(tilt[0], tilt[1], sl, sh)
        x, y = times(x, y, dl, dh)
        lowest = down(down(gap + x) + rest)
        some = some or lowest > 0.0
        each = each and lowest > 0.0
        below = below or excess < 0.0
        below_each = below_each and excess < 0.0
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
