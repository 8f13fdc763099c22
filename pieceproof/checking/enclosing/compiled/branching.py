"""Branch and bound over (α, w): the loop of ``covering``, one box at a time, depth first."""

from __future__ import annotations

from typing import NamedTuple

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
from pieceproof.checking.enclosing.compiled.jit import compiled, entry
from pieceproof.checking.enclosing.compiled.network import evaluate
from pieceproof.checking.enclosing.compiled.newton import EMPTY, SMALLER, meets_kink, newton
from pieceproof.checking.enclosing.compiled.records import (
    BENDS,
    SLOPES,
    VALUES,
    Integers,
    Net,
    Room,
)
from pieceproof.checking.enclosing.ranges import Array

STACK = 8192
AGAIN = 12
"""Times that a box is made smaller before it is cut all the same."""
LOCAL = 2.0
"""A box that meets a basin is cut in α once its sides are at most this many times as long."""
OPEN, LOWER = 1, 2
"""States of a slab: given up; a point below the claimed minimum was met."""
RAW, FIRST, KINKED, NEWTON, EMPTIED = range(5)
"""What is counted: boxes, with gradients, with kinks, Newton steps, emptied by them."""


class Claims(NamedTuple):
    """What is claimed on S slabs, with at most K levels and B basins.

    Attributes:
        ends: (2, S), the slabs.
        every: (S,), 1 if the minimum may be any of the levels, not only the least.
        levels: (5, S, K): α at which a level is known, bounds of v there, bounds of v′.
        basins: (2, S, B, d).
        above: (log S, S): maxima of v over 2^i slabs.
        views: (V, d, 5), folded coordinates: two parameters a, b with signs x, y, and whether
            (x·w_a + y·w_b)/2, or x·w_a where b = −1, is squared.
        folded: (2, V, S, d), basins in these.
    """

    ends: Array
    every: Integers
    levels: Array
    basins: Array
    above: Array
    views: Integers
    folded: Array


class Region(NamedTuple):
    """Where minimisers are looked for.

    Attributes:
        walls: (2, 2, n): side, then bounds of the wall.
        moving: the coordinates of parameters that move.
        ordered: (P, 2), coordinates with w_i ≤ w_j in the fundamental domain.
        nonnegative: coordinates with w_i ≥ 0 there.
        smooth: (K,), 1 where σ_α is C¹.
    """

    walls: Array
    moving: Integers
    ordered: Integers
    nonnegative: Integers
    smooth: Integers


class State(NamedTuple):
    """Boxes that are left: (STACK, 2, n) and their first and last slabs; what became of slabs.

    Attributes:
        boxes: the stack.
        slabs: (STACK, 2).
        spent: (S,), boxes used for single slabs.
        states: (S,).
        lower: (S, n), points below.
        counts: see above.
    """

    boxes: Array
    slabs: Integers
    spent: Integers
    states: Integers
    lower: Array
    counts: Integers


@compiled
def _in_domain(region: Region, box: Array) -> bool:
    for k in range(len(region.ordered)):
        if box[0, region.ordered[k, 0]] > box[1, region.ordered[k, 1]]:
            return False
    meets = True
    for p in region.nonnegative:
        meets = meets and box[1, p] >= 0.0
    return meets


@compiled
def _coordinate(claims: Claims, box: Array, view: int, slot: int) -> tuple[float, float]:
    """A folded coordinate over the box."""
    own = claims.views[view, slot]
    low, high = scaled(box[0, 1 + own[0]], box[1, 1 + own[0]], np.float64(own[2]))
    if own[1] >= 0:
        x, y = scaled(box[0, 1 + own[1]], box[1, 1 + own[1]], np.float64(own[3]))
        low, high = plus(low, high, x, y)
        low, high = scaled(low, high, 0.5)
    if own[4]:
        return squared(low, high)
    return low, high


@compiled
def _in_basin(claims: Claims, box: Array, slab: int) -> bool:
    d, plain = claims.basins.shape[3], claims.basins.shape[2]
    for b in range(plain + len(claims.views)):
        inside = True
        for i in range(d):
            if b < plain:
                low, high = box[0, 1 + i], box[1, 1 + i]
                least, most = claims.basins[0, slab, b, i], claims.basins[1, slab, b, i]
            else:
                low, high = _coordinate(claims, box, b - plain, i)
                least, most = (
                    claims.folded[0, b - plain, slab, i],
                    claims.folded[1, b - plain, slab, i],
                )
            if not (least <= low and high <= most):
                inside = False
                break
        if inside:
            return True
    return False


@compiled
def _is_local(claims: Claims, box: Array, slab: int) -> bool:
    """Whether the box meets a basin and is hardly larger: then α is to be cut."""
    d, plain = claims.basins.shape[3], claims.basins.shape[2]
    for b in range(plain + len(claims.views)):
        local = True
        for i in range(d):
            if b < plain:
                low, high = box[0, 1 + i], box[1, 1 + i]
                least, most = claims.basins[0, slab, b, i], claims.basins[1, slab, b, i]
            else:
                low, high = _coordinate(claims, box, b - plain, i)
                least, most = (
                    claims.folded[0, b - plain, slab, i],
                    claims.folded[1, b - plain, slab, i],
                )
                least = max(least, -most)  # a square has no lower bound at a mirror
            if low > most or high < least or high - low > LOCAL * (most - least):
                local = False
                break
        if local:
            return True
    return False


@compiled
def _over(above: Array, first: int, last: int) -> float:
    """The largest claimed value over slabs first..last."""
    level = 0
    while 2 << level <= last - first + 1:
        level += 1
    left: float = above[level, first]
    right: float = above[level, last - (1 << level) + 1]
    return max(left, right)


@compiled
def _line(claims: Claims, first: int, last: int, line: Array) -> None:
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
def _above_line(
    line: Array, box: Array, centre: Array, value: Array, tilt: Array, rest: float
) -> bool:
    """Whether f exceeds the line on the box, as in :func:`_is_above`."""
    _, at_centre = scaled(centre[0], centre[0], line[1])
    x, y = minus(tilt[0], tilt[1], line[1], line[1])
    x, _ = times(x, y, down(box[0, 0] - centre[0]), up(box[1, 0] - centre[0]))
    gap = down(value[0] - up(line[0] + at_centre))
    return down(down(gap + x) + rest) > 0.0


@compiled
def _is_above(
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
def _drift(box: Array, centre: Array, jet: Array) -> float:
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
def _taylor(box: Array, centre: Array, slope: Array, jet: Array) -> float:
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
def _bends_above(
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
    rest = _taylor(box, centre, slope, jet)
    if not single:
        return _above_line(line, box, centre, value, slope[:, 0], rest)
    return _is_above(claims, slab, box, centre, value, slope[:, 0], rest) == 1


@compiled
def _collapsed(region: Region, box: Array, jet: Array) -> int:
    """−1 if the gradient excludes a minimiser, 1 if a side was put on its wall, else 0.

    Where ∂_p f > 0, a minimiser can only be at the lower wall, and so on.
    """
    found = 0
    for p in region.moving:
        for side in range(2):
            if not (jet[0, 1 + p] > 0.0 if side == 0 else jet[1, 1 + p] < 0.0):
                continue
            low, high = region.walls[side, 0, p], region.walls[side, 1, p]
            if (box[0, p] > high) if side == 0 else (box[1, p] < low):
                return -1
            if box[0, p] != low or box[1, p] != high:
                box[0, p], box[1, p] = low, high
                found = 1
    return found


@compiled
def _axis(claims: Claims, first: int, last: int, box: Array, jet: Array) -> int:
    """The side that adds most to the uncertainty of f − v, −1 if none can be cut."""
    best, axis = -0.5, -1
    slab = (first + last) // 2
    for p in range(box.shape[1]):
        width = box[1, p] - box[0, p]
        if width <= 1e-13 * max(abs(box[0, p]), abs(box[1, p])) + 1e-300:
            continue
        low, high = jet[0, 1 + p], jet[1, 1 + p]
        if p == 0:
            low, high = low - claims.levels[4, slab, 0], high - claims.levels[3, slab, 0]
        score = max(abs(low), abs(high)) * width
        if score > best:
            best, axis = score, p
    return axis


@entry
def settle(
    net: Net, room: Room, claims: Claims, region: Region, state: State, top: int, per_slab: int,
    quota: int,
) -> int:  # fmt: skip
    """Look at up to ``quota`` boxes of a stack of height ``top``; the height afterwards."""
    n = state.boxes.shape[2]
    none = np.zeros((0, 0), np.int64)
    box, point = np.empty((2, n)), np.empty((2, n))
    jet, slope = np.empty_like(room.f), np.zeros((2, n))
    centre = np.empty(n)
    value, line = np.empty(2), np.zeros(2)
    looked = 0
    while top > 0 and looked < quota:
        top -= 1
        looked += 1
        state.counts[RAW] += 1
        first, last = state.slabs[top, 0], state.slabs[top, 1]
        single = first == last
        for p in range(n):
            box[0, p], box[1, p] = state.boxes[top, 0, p], state.boxes[top, 1, p]
        if single:
            state.spent[first] += 1
            if state.spent[first] > per_slab and state.states[first] == 0:
                state.states[first] = OPEN
            if state.states[first] != 0:
                continue
        over = _over(claims.above, first, last)
        if not single:
            _line(claims, first, last, line)
        kept = True
        for _ in range(AGAIN):
            kept = False
            if not _in_domain(region, box) or (single and _in_basin(claims, box, first)):
                break
            known = evaluate(net, box, VALUES, none, room)
            if known and room.f[0, 0] > over:
                break
            state.counts[FIRST] += 1
            if not known or not evaluate(net, box, SLOPES, none, room):
                for slab in range(first, last + 1):
                    state.states[slab] = OPEN
                break
            for c in range(1 + n):
                jet[0, c], jet[1, c] = room.f[0, c], room.f[1, c]
            kinked = meets_kink(net, n, region.smooth, room.nodes)
            for p in range(n):
                centre[p] = point[0, p] = point[1, p] = 0.5 * (box[0, p] + box[1, p])
            evaluate(net, point, VALUES if kinked else SLOPES, none, room)
            value[0], value[1] = room.f[0, 0], room.f[1, 0]
            drift = _drift(box, centre, jet)
            if not single:
                if _above_line(line, box, centre, value, jet[:, 1], drift):
                    break
            else:
                verdict = _is_above(claims, first, box, centre, value, jet[:, 1], drift)
                if verdict == 1:
                    break
                if verdict == -1:
                    state.states[first] = LOWER
                    for p in range(n):
                        state.lower[first, p] = centre[p]
                    break
            moved = _collapsed(region, box, jet)
            if moved < 0:
                break
            if kinked:
                state.counts[KINKED] += 1
            elif moved == 0:
                state.counts[NEWTON] += 1
                for p in range(n):
                    slope[0, p], slope[1, p] = room.f[0, 1 + p], room.f[1, 1 + p]
                if evaluate(net, box, BENDS, none, room):
                    for c in range(jet.shape[1]):
                        jet[0, c], jet[1, c] = room.f[0, c], room.f[1, c]
                    if _bends_above(claims, first, single, box, centre, value, slope, jet, line):
                        break
                    answer = newton(box, jet, centre, slope, region.walls, region.moving)
                    if answer == EMPTY:
                        state.counts[EMPTIED] += 1
                        break
                    moved = 1 if answer == SMALLER else 0
            kept = True
            if moved == 0:
                break
        if not kept:
            continue
        middle = (first + last) // 2
        axis = _axis(claims, first, last, box, jet)
        if not single and _is_local(claims, box, middle):
            axis = 0
        if axis < 0:
            if single:
                state.states[first] = OPEN
                continue
            axis = 0
        if top + 2 > STACK:
            for slab in range(first, last + 1):
                state.states[slab] = OPEN
            continue
        for p in range(n):
            for side in range(2):
                state.boxes[top, side, p] = state.boxes[top + 1, side, p] = box[side, p]
        state.slabs[top, 0] = state.slabs[top + 1, 0] = first
        state.slabs[top, 1] = state.slabs[top + 1, 1] = last
        if axis == 0 and not single:
            state.boxes[top, 1, 0] = claims.ends[1, middle]
            state.boxes[top + 1, 0, 0] = claims.ends[0, middle + 1]
            state.slabs[top, 1], state.slabs[top + 1, 0] = middle, middle + 1
        else:
            cut = 0.5 * (box[0, axis] + box[1, axis])
            state.boxes[top, 1, axis] = state.boxes[top + 1, 0, axis] = cut
        top += 2
    return top
