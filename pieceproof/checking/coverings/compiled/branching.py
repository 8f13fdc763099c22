"""Branch and bound over boxes of (α, t, p)."""

from __future__ import annotations

import numpy as np

from pieceproof.checking.coverings.compiled.arithmetic import times
from pieceproof.checking.coverings.compiled.errors import certain
from pieceproof.checking.coverings.compiled.multipliers import linked
from pieceproof.checking.coverings.compiled.records import (
    BELOW,
    BIAS,
    LAYERS,
    LEAST,
    NEGATIVE,
    POSITIVE,
    SHIFTED,
    TRAINABLE,
    UNITS,
    WEIGHTS,
    WHOLE,
    ZERO,
    Integers,
    Net,
    Room,
)
from pieceproof.checking.coverings.compiled.scores import evaluate, scale_of
from pieceproof.checking.enclosing.compiled.jit import compiled, entry
from pieceproof.checking.enclosing.ranges import Array

FAR = 4.0
"""Scores rise and fall together where they do so by this multiple of their spread."""
SMALL_SCALE = 1e-5
"""At smaller scales t differences of scores would drown in rounding errors."""
FIRST, RARE = 64, 16
"""Boxes on which multipliers are tried at first; they are tried on all as long as they help on one
of so many, else on one of so many."""
COVERED, STOPPED, BELOW_CLAIM, THIN = range(4)
"""Outcomes: all boxes have gone; the budget is used up; a point with fewer errors; a box that is
too thin to be halved."""


@entry
def branch(
    net: Net,
    mode: int,
    stack: Array,
    count: int,
    size: Array,
    walls: Array,
    excluded: Array,
    wanted: int,
    kept: Integers,
    most: int,
    thinnest: float,
    room: Room,
    point: Array,
) -> tuple[int, int, int]:
    """Cover boxes ``stack[:count]`` (…, 2, n): (outcome, boxes left on the stack, boxes treated).

    The box that an outcome is about is not on the stack any more.

    A box goes if its w is outside ``walls`` (2, d) or in one of ``excluded`` (E, 2, d), or if all
    of it makes at least ``wanted`` errors. Boxes are not halved below the share ``thinnest`` of
    ``size``
    (n,). ``point`` (n,) is filled with (α, t, p) where the middle of a box makes fewer errors in
    rounded numbers.
    """
    n = size.shape[0]
    box, ends = np.empty((2, n)), np.empty((2, n - 2))
    middle, moved = np.empty(n), np.empty(n)
    items = len(net.costs)
    spare = np.empty(items, dtype=np.int64)
    slopes = np.empty((2, room.values.shape[1], items, n - 1))
    turned = np.empty((2, items, n))
    treated, tried, won = 0, 0, 0
    while count > 0:
        if treated >= most:
            return STOPPED, count, treated
        count -= 1
        box[:] = stack[count]
        treated += 1
        if mode != WHOLE:
            _parameters(net, mode, box, ends)
        else:
            ends[:] = box[:, 2:]
        if _is_outside(ends, walls) or _is_inside(ends, excluded):
            continue
        if certain(net, mode, box, wanted, kept, spare, room) >= wanted:
            continue
        for c in range(n):
            middle[c] = 0.5 * (box[0, c] + box[1, c])
        if _errors(net, mode, middle, kept, room) < wanted and _is_free(
            net, mode, middle, walls, excluded
        ):
            point[:] = middle
            return BELOW_CLAIM, count, treated
        # Multipliers cost as much as many boxes: where they rarely help they are rarely tried.
        if tried < FIRST or won * RARE >= tried or treated % RARE == 0:
            evaluate(net, mode, box, room)
            own = linked(net, mode, box, ends, middle, wanted, kept, room, slopes, turned)
            tried += 1
            won += own >= wanted
            if own >= wanted:
                continue
        axis = _axis(net, mode, box, middle, moved, size, thinnest, treated % 4 != 0, room)
        if axis < 0 or count + 2 > len(stack):
            return THIN, count, treated
        stack[count] = box
        stack[count + 1] = box
        # The half whose middle makes fewer errors is treated first: a point is met sooner.
        cut, low, high = middle[axis], box[0, axis], box[1, axis]
        middle[axis] = 0.5 * (low + cut)
        left = _errors(net, mode, middle, kept, room)
        middle[axis] = 0.5 * (cut + high)
        right = _errors(net, mode, middle, kept, room)
        first = 1 if left <= right else 0
        stack[count + first, 1, axis] = cut
        stack[count + 1 - first, 0, axis] = cut
        count += 2
    return COVERED, 0, treated


@compiled
def _parameters(net: Net, mode: int, box: Array, ends: Array) -> None:
    """The ranges of w."""
    ends[:] = box[:, 2:]
    tl, th = scale_of(net, mode, box)
    features = net.inputs.shape[2]
    at = 0
    for _ in range(net.plan[LAYERS]):
        for f in range(features + net.plan[BIAS]):
            if f < features or mode == UNITS:
                c = at + f
                ends[0, c], ends[1, c] = times(box[0, 2 + c], box[1, 2 + c], tl, th)
        at += features + net.plan[BIAS]


@compiled
def _is_outside(ends: Array, walls: Array) -> bool:
    outside = False
    for c in range(ends.shape[1]):
        outside = outside or ends[1, c] < walls[0, c] or ends[0, c] > walls[1, c]
    return outside


@compiled
def _is_inside(ends: Array, boxes: Array) -> bool:
    for e in range(boxes.shape[0]):
        inside = True
        for c in range(ends.shape[1]):
            if not (ends[0, c] >= boxes[e, 0, c] and ends[1, c] <= boxes[e, 1, c]):
                inside = False
                break
        if inside:
            return True
    return False


@compiled
def _is_free(net: Net, mode: int, at: Array, walls: Array, excluded: Array) -> bool:
    """Whether a point is in W and in no excluded box."""
    box, ends = np.empty((2, len(at))), np.empty((2, len(at) - 2))
    box[0], box[1] = at, at
    if mode != WHOLE:
        _parameters(net, mode, box, ends)
    else:
        ends[:] = box[:, 2:]
    for c in range(ends.shape[1]):
        if not (ends[0, c] >= walls[0, c] and ends[1, c] <= walls[1, c]):
            return False
    return not _is_inside(ends, excluded)


@compiled
def rounded(net: Net, mode: int, at: Array, values: Array) -> None:
    """Values of units (U + 1, T + 1), last the scores, at a point (α, t, p), in rounded numbers."""
    features, biased = net.inputs.shape[2], net.plan[BIAS]
    items = len(net.costs)
    scale = 1.0
    if mode in (WEIGHTS, UNITS):
        scale = at[1]
    elif mode == BELOW:
        scale = at[1] * abs(at[2 + features])
    c, first = 2, 0
    for k in range(net.plan[LAYERS]):
        for t in range(items):
            z = 0.0
            for f in range(features):
                z += at[c + f] * net.inputs[0, t, f]
            z *= scale
            if biased:
                z += at[c + features] * (scale if mode == UNITS else 1.0)
            values[k, t] = _sigma(net, at[0], z)
        c += features + biased
    count = net.plan[LAYERS]
    for depth in range(LAYERS + 1, len(net.plan)):
        for k in range(net.plan[depth]):
            for t in range(items):
                z = 0.0
                for i in range(count):
                    z += at[c + i] * values[first + i, t]
                if biased:
                    z += at[c + count]
                values[first + count + k, t] = _sigma(net, at[0], z)
            c += count + biased
        first, count = first + count, net.plan[depth]
    for t in range(items):
        total = at[-1] if net.plan[SHIFTED] else net.outputs[0, -1]
        for i in range(count):
            v = at[c + i] if net.plan[TRAINABLE] else net.outputs[0, i]
            # Kept for _axis: what a unit of the last layer contributes.
            values[first + i, t] *= v
            total += values[first + i, t]
        values[first + count, t] = total


@compiled
def _sigma(net: Net, alpha: float, z: float) -> float:
    j = 0
    while j < net.points.shape[1] and z >= net.points[0, j]:
        j += 1
    value = 0.0
    for m in range(net.pieces.shape[3] - 1, -1, -1):
        value = value * z + net.pieces[0, 0, j, m] + alpha * net.pieces[0, 1, j, m]
    return value


@compiled
def _errors(net: Net, mode: int, at: Array, kept: Integers, room: Room) -> int:
    """Errors at a point, in rounded numbers."""
    rounded(net, mode, at, room.points[0])
    last = room.points.shape[1] - 1
    total = 0
    for t in range(len(net.costs)):
        score = room.points[0, last, t]
        column = POSITIVE if score > 0.0 else (NEGATIVE if score < 0.0 else ZERO)
        total += net.costs[t, column if kept[t] else LEAST]
    return total


@compiled
def _axis(
    net: Net,
    mode: int,
    box: Array,
    middle: Array,
    moved: Array,
    size: Array,
    thinnest: float,
    by_order: bool,
    room: Room,
) -> int:
    """The coordinate to halve a box across; −1 if it is thin.

    In general the one along which the contributions of the units to a score change most. Where all
    scores rise and fall together by far more than they differ, only their order can decide, and it
    is the coordinate along which (score − mean)/spread changes most, if ``by_order``.
    """
    n = len(size)
    last = room.points.shape[1] - 1
    items = len(net.costs)
    width = net.plan[len(net.plan) - 1]
    first = best = second = -1
    most = largest = -1.0
    together = 0.0
    for c in range(n):
        extent = box[1, c] - box[0, c]
        if extent <= size[c] * thinnest or not box[0, c] < middle[c] < box[1, c]:
            continue
        moved[:] = middle
        moved[1] = max(moved[1], SMALL_SCALE)
        moved[c] = box[0, c]
        rounded(net, mode, moved, room.points[0])
        moved[c] = box[1, c]
        rounded(net, mode, moved, room.points[1])
        change = 0.0
        for t in range(items):
            own = 0.0
            for k in range(last - width, last):
                own += abs(room.points[1, k, t] - room.points[0, k, t])
            change = max(change, own, abs(room.points[1, last, t] - room.points[0, last, t]))
        low, low_spread = _spread(room.points[0, last], items)
        high, high_spread = _spread(room.points[1, last], items)
        together += abs(high - low)
        turn = 0.0
        for t in range(items):
            a = (room.points[0, last, t] - low) / (low_spread + 1e-300)
            b = (room.points[1, last, t] - high) / (high_spread + 1e-300)
            turn = max(turn, abs(a - b))
        # A coordinate that seems to change nothing is halved in its turn all the same.
        change += 1e-9 * extent / size[c]
        turn += 1e-9 * extent / size[c]
        if change > most:
            first, most = c, change
        if turn > largest:
            second, largest = c, turn
    rounded(net, mode, middle, room.points[0])
    _, spread = _spread(room.points[0, last], items)
    best = second if by_order and together > FAR * spread else first
    return best


@compiled
def _spread(values: Array, items: int) -> tuple[float, float]:
    """The mean of the first ``items`` values, and by how much they differ."""
    total, low, high = 0.0, np.inf, -np.inf
    for t in range(items):
        total += values[t]
        low, high = min(low, values[t]), max(high, values[t])
    return total / items, high - low
