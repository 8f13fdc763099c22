"""Branch and bound over (α, w): the loop of ``covering``, one box at a time, depth first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pieceproof.checking.enclosing.compiled.floors import Floors, is_floored
from pieceproof.checking.enclosing.compiled.jit import compiled, entry
from pieceproof.checking.enclosing.compiled.levels import (
    above_line,
    bends_above,
    drift,
    highest,
    is_above,
    line_above,
)
from pieceproof.checking.enclosing.compiled.models import Monomials
from pieceproof.checking.enclosing.compiled.network import evaluate
from pieceproof.checking.enclosing.compiled.newton import EMPTY, SMALLER, meets_kink, newton
from pieceproof.checking.enclosing.compiled.places import (
    Claims,
    Region,
    in_basin,
    in_domain,
    is_local,
    outgrown,
)
from pieceproof.checking.enclosing.compiled.records import (
    BENDS,
    SLOPES,
    VALUES,
    Integers,
    Net,
    Room,
)
from pieceproof.checking.enclosing.compiled.sides import boundaries, fresh_sides, is_above_on_sides
from pieceproof.checking.enclosing.ranges import Array

STACK = 8192
SHARED = 64
"""Slabs are told apart once they have had so many common boxes each."""
AGAIN = 12
"""Times that a box is made smaller before it is cut all the same."""
OPEN, LOWER = 1, 2
"""States of a slab: given up; a point below the claimed minimum was met."""
RAW, FIRST, KINKED, NEWTON, EMPTIED, SIDES = range(6)
"""What is counted: boxes, with gradients, with kinks, Newton steps, emptied by them, and boxes
that were settled side by side."""


class State(NamedTuple):
    """Boxes that are left: (STACK, 2, n) and their first and last slabs; what became of slabs.

    Attributes:
        boxes: the stack.
        slabs: (STACK, 2).
        spent: (S, S), boxes used, by their first and last slabs.
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
def is_thin(box: Array, p: int) -> bool:
    """Whether a side cannot be cut."""
    low, high = box[0, p], box[1, p]
    return bool(high - low <= 1e-13 * max(abs(low), abs(high)) + 1e-300)


@compiled
def _axis(claims: Claims, first: int, last: int, box: Array, jet: Array) -> int:
    """The side that adds most to the uncertainty of f − v, −1 if none can be cut."""
    best, axis = -0.5, -1
    slab = (first + last) // 2
    for p in range(box.shape[1]):
        if is_thin(box, p):
            continue
        width = box[1, p] - box[0, p]
        low, high = jet[0, 1 + p], jet[1, 1 + p]
        if p == 0:
            low, high = low - claims.levels[4, slab, 0], high - claims.levels[3, slab, 0]
        score = max(abs(low), abs(high)) * width
        if score > best:
            best, axis = score, p
    return axis


@compiled
def _promising(box: Array, scores: Array) -> int:
    """The side with the largest score, −1 if none can be cut."""
    best, axis = 0.0, -1
    for p in range(box.shape[1]):
        if scores[p] > best and not is_thin(box, p):
            best, axis = scores[p], p
    return axis


@entry
def settle(
    net: Net, mono: Monomials, room: Room, claims: Claims, region: Region, floors: Floors,
    state: State, top: int, per_slab: int, quota: int,
) -> int:  # fmt: skip
    """Look at up to ``quota`` boxes of a stack of height ``top``; the height afterwards."""
    n = state.boxes.shape[2]
    none = np.zeros((0, 0), np.int64)
    box, point = np.empty((2, n)), np.empty((2, n))
    jet, slope = np.empty_like(room.f), np.zeros((2, n))
    centre = np.empty(n)
    value, line = np.empty(2), np.zeros(3)
    sides = fresh_sides(net, mono)
    looked = 0
    while top > 0 and looked < quota:
        top -= 1
        looked += 1
        state.counts[RAW] += 1
        first, last = state.slabs[top, 0], state.slabs[top, 1]
        single = first == last
        for p in range(n):
            box[0, p], box[1, p] = state.boxes[top, 0, p], state.boxes[top, 1, p]
        state.spent[first, last] += 1
        if single:
            if state.spent[first, last] > per_slab and state.states[first] == 0:
                state.states[first] = OPEN
            if state.states[first] != 0:
                continue
        over = highest(claims.above, first, last)
        if not single:
            line_above(claims, first, last, line)
        kept = True
        for _ in range(AGAIN):
            kept = False
            if not in_domain(region, box) or (single and in_basin(claims, box, first)):
                break
            known = evaluate(net, box, VALUES, none, room)
            if known and room.f[0, 0] > over:
                break
            if known and is_floored(net, floors, box, first, last, room):
                break
            state.counts[FIRST] += 1
            if not known or not evaluate(net, box, SLOPES, none, room):
                for slab in range(first, last + 1):
                    state.states[slab] = OPEN
                break
            for c in range(1 + n):
                jet[0, c], jet[1, c] = room.f[0, c], room.f[1, c]
            kinked = meets_kink(net, n, region.smooth, room.nodes)
            count = boundaries(net, region, room.nodes, sides)
            for p in range(n):
                centre[p] = point[0, p] = point[1, p] = 0.5 * (box[0, p] + box[1, p])
            evaluate(net, point, VALUES if kinked else SLOPES, none, room)
            value[0], value[1] = room.f[0, 0], room.f[1, 0]
            rest = drift(box, centre, jet)
            if not single:
                if above_line(line, box, centre, value, jet[:, 1], rest):
                    break
            else:
                verdict = is_above(claims, first, box, centre, value, jet[:, 1], rest)
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
            if moved == 0 and is_above_on_sides(
                net, mono, claims, first, single, line, box, count, sides
            ):
                state.counts[SIDES] += 1
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
                    if bends_above(claims, first, single, box, centre, value, slope, jet, line):
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
        # Would one of the slabs be settled? Then they are told apart; else w is to be cut.
        apart = False
        if not single:
            for p in range(n):
                point[0, p], point[1, p] = box[0, p], box[1, p]
            point[0, 0] = max(box[0, 0], claims.ends[0, middle])
            point[1, 0] = min(box[1, 0], claims.ends[1, middle])
            apart = is_above_on_sides(
                net, mono, claims, middle, True, line, point, count, sides
            ) or in_basin(claims, point, middle)
        axis = 0 if apart else _promising(box, sides.side.scores)
        if axis < 0:
            axis = _axis(claims, first, last, box, jet)
        beyond = outgrown(claims, box, first) if single and claims.every[first] == 2 else -1
        if beyond > 0 and not is_thin(box, beyond):
            axis = beyond
        if is_local(claims, box, middle, single) and not is_thin(box, 0):
            axis = 0
        # A slab that takes long must not spend what is meant for its neighbours.
        if not single and state.spent[first, last] > SHARED * (last - first + 1):
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
