"""Conflicts of several scores on a box: λ ≥ 0 with Σ_{i∈S} λ_i y_i f_i ≤ 0 on all of it.

Then not all of S can be right. Scores are linearised: f(x) − f(m) lies in Σ_k G_k (x_k − m_k) for
the middle m and derivatives G over the box (Lebourg's mean value theorem). Floating point asks
whether all y_i f_i of the linear model can be positive in the box; if not, Farkas' multipliers are
proposed, and decided in interval arithmetic. So boxes go at which several boundaries meet, at
angles of any size, long before they are small enough to know the scores themselves.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.coverings.compiled.arithmetic import minus, plus, times
from pieceproof.checking.coverings.compiled.gradients import differentiate
from pieceproof.checking.coverings.compiled.records import (
    BELOW,
    BIAS,
    LAYERS,
    LEAST,
    NEGATIVE,
    POSITIVE,
    UNITS,
    WEIGHT,
    WHOLE,
    Integers,
    Net,
    Room,
)
from pieceproof.checking.coverings.compiled.scores import evaluate, scale_of
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.programs import EMPTY, minimised
from pieceproof.checking.enclosing.ranges import Array

AHEAD = 1e-6
"""Share of what a score may change on the box by which it is asked to be positive, so that interval
arithmetic has something to spare."""


@compiled
def linked(
    net: Net,
    mode: int,
    box: Array,
    ends: Array,
    middle: Array,
    wanted: int,
    kept: Integers,
    room: Room,
    slopes: Array,
    turned: Array,
) -> int:
    """Errors that are certain on a box whose ``room.scores`` are known, conflicts of several scores
    among them, each item being used once; or ``wanted`` if at least so many are.

    ``ends`` (2, d) are the ranges of w; ``slopes`` (2, U + 1, T, 1 + d) and ``turned``
    (2, T, 2 + d) are room. ``room`` is lost.
    """
    items, n = len(net.costs), box.shape[1]
    spare, side = np.zeros(items, np.int64), np.zeros(items)
    total, left = 0, 0
    for t in range(items):
        below, above = room.scores[1, t] <= 0.0, room.scores[0, t] >= 0.0
        column = LEAST
        if kept[t] != 0 and (below or above):
            column = NEGATIVE if below else POSITIVE
        total += net.costs[t, column]
        if kept[t] != 0 and not (below or above):
            spare[t] = net.costs[t, WEIGHT]
            side[t] = 1.0 if net.costs[t, POSITIVE] < net.costs[t, NEGATIVE] else -1.0
            left += 1 if spare[t] > 0 else 0
    if left < 2:
        return total
    _turned(net, mode, box, ends, room, slopes, turned)
    point = np.empty((2, n))
    point[0], point[1] = middle, middle
    evaluate(net, mode, point, room)
    reach = np.empty(n)
    for k in range(n):
        _, first = minus(box[1, k], box[1, k], middle[k], middle[k])
        _, second = minus(middle[k], middle[k], box[0, k], box[0, k])
        reach[k] = max(first, second)
    rows, members = np.empty((left, n + 1)), np.empty(left, np.int64)
    plain, flat = np.eye(n), np.zeros(n)
    y, factors, own = np.empty(n), np.empty(left), np.empty(items)
    while total < wanted:
        count = _rows(room, spare, side, reach, turned, rows, members)
        if count < 2 or minimised(plain, flat, rows[:count], y, factors[:count]) != EMPTY:
            return total
        for t in range(items):
            own[t] = 0.0
        for j in range(count):
            own[members[j]] = factors[j] * side[members[j]]
        if not _contradict(room, own, reach, turned):
            return total
        least = 1 << 40
        for j in range(count):
            if factors[j] > 0.0:
                least = min(least, spare[members[j]])
        for j in range(count):
            if factors[j] > 0.0:
                spare[members[j]] -= least
        total += least
    return total


@compiled
def _rows(
    room: Room,
    spare: Integers,
    side: Array,
    reach: Array,
    turned: Array,
    rows: Array,
    members: Integers,
) -> int:
    """Fill rows (a_j, b_j) of a_jᵀy ≥ b_j for |y| ≤ 1: items that are right in the linear model."""
    n, count = len(reach), 0
    for t in range(len(spare)):
        if spare[t] == 0:
            continue
        spread = 0.0
        for k in range(n):
            own = side[t] * 0.5 * (turned[0, t, k] + turned[1, t, k]) * reach[k]
            rows[count, k] = own
            spread += abs(own)
        value = side[t] * 0.5 * (room.scores[0, t] + room.scores[1, t])
        rows[count, n] = AHEAD * spread - value
        members[count] = t
        count += 1
    return count


@compiled
def _contradict(room: Room, own: Array, reach: Array, turned: Array) -> bool:
    """Whether Σ own_t f_t ≤ 0 on the box, in interval arithmetic."""
    low, high = 0.0, 0.0
    for t in range(len(own)):
        if own[t] != 0.0:
            x, y = times(own[t], own[t], room.scores[0, t], room.scores[1, t])
            low, high = plus(low, high, x, y)
    if not high < 0.0:
        return False
    for k in range(len(reach)):
        a, b = 0.0, 0.0
        for t in range(len(own)):
            if own[t] != 0.0:
                x, y = times(own[t], own[t], turned[0, t, k], turned[1, t, k])
                a, b = plus(a, b, x, y)
        most = max(abs(a), abs(b))
        x, y = times(most, most, reach[k], reach[k])
        low, high = plus(low, high, x, y)
        if not high <= 0.0:
            return False
    return True


@compiled
def _turned(
    net: Net, mode: int, box: Array, ends: Array, room: Room, slopes: Array, turned: Array
) -> None:
    """Derivatives of the scores in the coordinates (α, t, p) of the box."""
    n = box.shape[1]
    whole = np.empty((2, n))
    whole[:, 0] = box[:, 0]
    whole[:, 1] = 1.0
    whole[:, 2:] = ends
    differentiate(net, whole, room, slopes)
    last = slopes.shape[1] - 1
    items = len(net.costs)
    for t in range(items):
        for e in range(2):
            turned[e, t, 0] = slopes[e, last, t, 0]
            turned[e, t, 1] = 0.0
            for k in range(2, n):
                turned[e, t, k] = slopes[e, last, t, k - 1]
    if mode == WHOLE:
        return
    features = net.inputs.shape[2]
    scale_low, scale_high = scale_of(net, mode, box)
    bias = 2 + features
    for t in range(items):
        low = high = 0.0
        at = 2
        for _ in range(net.plan[LAYERS]):
            for f in range(features + net.plan[BIAS]):
                if f < features or mode == UNITS:
                    k = at + f
                    x, y = times(turned[0, t, k], turned[1, t, k], box[0, k], box[1, k])
                    low, high = plus(low, high, x, y)
                    turned[0, t, k], turned[1, t, k] = times(
                        turned[0, t, k], turned[1, t, k], scale_low, scale_high
                    )
            at += features + net.plan[BIAS]
        if mode == BELOW:  # w = t·|b|·p
            half = 1.0 if box[0, bias] >= 0.0 else -1.0
            a, b = times(low, high, box[0, 1], box[1, 1])
            a, b = times(a, b, half, half)
            turned[0, t, bias], turned[1, t, bias] = plus(
                turned[0, t, bias], turned[1, t, bias], a, b
            )
            if half > 0.0:
                low, high = times(low, high, box[0, bias], box[1, bias])
            else:
                low, high = times(low, high, -box[1, bias], -box[0, bias])
        turned[0, t, 1], turned[1, t, 1] = low, high
