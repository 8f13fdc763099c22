"""f, its gradient and its Hessian in (α, w) on one box, by forward differentiation.

Every layer is a sum Σ w_i s_i + shift over the sources s_i below, inputs, units or, for the
residual, the units of the last layer; then σ_α. Without a pattern (an array of no units)
every piece of σ_α that a pre-activation can reach on the box contributes, so that the gradient
encloses Clarke's. σ_α is affine in α: the two ends of α decide. A net without a plan is a
polynomial (``terms``).
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import (
    UNIT,
    down,
    plus,
    scaled,
    squared,
    times,
    up,
)
from pieceproof.checking.enclosing.compiled.jit import compiled, entry
from pieceproof.checking.enclosing.compiled.pieces import part_of
from pieceproof.checking.enclosing.compiled.polynomials import derivatives, differentiated
from pieceproof.checking.enclosing.compiled.records import (
    BIAS,
    DECAY,
    LAYERS,
    NONE,
    OFFSET,
    ONE,
    OUTPUTS,
    REACH,
    SCALE,
    SHIFTED,
    SPAN,
    SQUARES,
    TILTS,
    TRAINABLE,
    ZERO,
    Integers,
    Net,
    Room,
)
from pieceproof.checking.enclosing.compiled.terms import evaluate_terms
from pieceproof.checking.enclosing.ranges import Array


@entry
def evaluate(net: Net, box: Array, order: int, pattern: Integers, room: Room) -> bool:
    """Fill ``room`` for a box (2, n); ``order`` 0, 1, 2: values, gradients, Hessians.

    False where the box is too large, or its ends are no numbers: nothing is known then.
    """
    for p in range(box.shape[1]):
        reach = net.constants[0, REACH if p > 0 else SPAN]
        if not -reach <= box[0, p] <= box[1, p] <= reach:
            return False
    if len(net.plan) == 0:
        evaluate_terms(net, box, order, room.f)
        return True
    _mix(net, box, room.mix)
    features = net.data.shape[2] - 1
    source, stride, count, at = ZERO, ONE, features, ONE
    target = features
    for depth in range(LAYERS, len(net.plan) + 1):
        last = depth == len(net.plan)
        width = 1 if last else net.plan[depth]
        for k in range(width):
            _sum(net, box, target + 2 * k, source, stride, count, at, last, order, room.nodes)
            if not last:
                at += count + net.plan[BIAS]
                row = (target - features) // 2 + k
                _activate(net, box, target + 2 * k, row, depth == LAYERS, order, pattern, room)
        source, stride, count = target + 1, 2, width
        target += 2 * width
    _loss(net, box, order, room)
    return True


@compiled
def _mix(net: Net, box: Array, mix: Array) -> None:
    for j in range(net.pieces.shape[2]):
        for i in range(net.pieces.shape[3]):
            sl, sh = net.pieces[0, 1, j, i], net.pieces[1, 1, j, i]
            mix[2, 0, 0, j, i], mix[2, 0, 1, j, i] = sl, sh
            for end in range(2):
                low, high = scaled(sl, sh, box[end, 0])
                mix[end, 0, 0, j, i], mix[end, 0, 1, j, i] = plus(
                    low, high, net.pieces[0, 0, j, i], net.pieces[1, 0, j, i]
                )
        for which in range(3):
            differentiated(mix[which], j)


@compiled
def _sum(
    net: Net,
    box: Array,
    target: int,
    source: int,
    stride: int,
    count: int,
    at: int,
    last: bool,
    order: int,
    nodes: Array,
) -> None:
    """The jet of Σ w_i s_i + shift; weights are parameters from coordinate ``at``, or fixed."""
    n = box.shape[1]
    fixed = last and net.plan[TRAINABLE] == 0
    flat = source == 0 and stride == 1  # the sources are inputs: z is linear in w
    shift = at if fixed else at + count
    shifted = net.plan[SHIFTED] if last else net.plan[BIAS]
    for t in range(net.data.shape[1]):
        for c in range(1 if order == 0 else 1 + n):
            low, high = _weighted(net, box, source, stride, count, at, fixed, t, c, nodes)
            if c == 0:
                if shifted:
                    low, high = plus(low, high, box[0, shift], box[1, shift])
                if last:
                    a, b = net.data[0, t, -1], net.data[1, t, -1]
                    low, high = plus(low, high, -b, -a)
                    if not shifted:
                        a, b = net.constants[0, OFFSET], net.constants[1, OFFSET]
                        low, high = plus(low, high, a, b)
            elif not fixed and at < c <= at + count:
                s = source + stride * (c - 1 - at)
                low, high = plus(low, high, nodes[0, s, t, 0], nodes[1, s, t, 0])
            elif shifted and c - 1 == shift:
                low, high = plus(low, high, 1.0, 1.0)
            nodes[0, target, t, c], nodes[1, target, t, c] = low, high
        if order < 2 or flat:
            continue
        for p in range(n):
            for q in range(p, n):
                c, mirrored = 1 + n + p * n + q, 1 + n + q * n + p
                low, high = _weighted(net, box, source, stride, count, at, fixed, t, c, nodes)
                if not fixed:
                    if at <= p < at + count:
                        s = source + stride * (p - at)
                        low, high = plus(low, high, nodes[0, s, t, 1 + q], nodes[1, s, t, 1 + q])
                    if at <= q < at + count:
                        s = source + stride * (q - at)
                        low, high = plus(low, high, nodes[0, s, t, 1 + p], nodes[1, s, t, 1 + p])
                nodes[0, target, t, c] = nodes[0, target, t, mirrored] = low
                nodes[1, target, t, c] = nodes[1, target, t, mirrored] = high


@compiled
def _weighted(
    net: Net,
    box: Array,
    source: int,
    stride: int,
    count: int,
    at: int,
    fixed: bool,
    t: int,
    c: int,
    nodes: Array,
) -> tuple[float, float]:
    """Σ w_i s_i in component c of the jets of the sources."""
    low = high = 0.0
    for i in range(count):
        s = source + stride * i
        if fixed:
            wl, wh = net.constants[0, OUTPUTS + i], net.constants[1, OUTPUTS + i]
        else:
            wl, wh = box[0, at + i], box[1, at + i]
        a, b = times(wl, wh, nodes[0, s, t, c], nodes[1, s, t, c])
        low, high = plus(low, high, a, b)
    return low, high


@compiled
def _activate(
    net: Net,
    box: Array,
    z: int,
    row: int,
    flat: bool,
    order: int,
    pattern: Integers,
    room: Room,
) -> None:
    """σ_α of node z into node z + 1."""
    n, nodes, sigma = box.shape[1], room.nodes, room.sigma
    a = z + 1
    for t in range(net.data.shape[1]):
        if len(pattern):
            zl, zh = nodes[0, z, t, 0], nodes[1, z, t, 0]
            _piece(box, pattern[row, t], zl, zh, order, True, room.mix, sigma)
        else:
            zl, zh = nodes[0, z, t, 0], nodes[1, z, t, 0]
            _reached(net, box, zl, zh, net.reached[row, t], order, room.mix, sigma)
        nodes[0, a, t, 0], nodes[1, a, t, 0] = sigma[0, 0], sigma[1, 0]
        if order == 0:
            continue
        for p in range(1, 1 + n):
            low, high = times(sigma[0, 1], sigma[1, 1], nodes[0, z, t, p], nodes[1, z, t, p])
            if p == 1:
                low, high = plus(low, high, sigma[0, 3], sigma[1, 3])
            nodes[0, a, t, p], nodes[1, a, t, p] = low, high
        if order == 1:
            continue
        for p in range(n):
            pl, ph = nodes[0, z, t, 1 + p], nodes[1, z, t, 1 + p]
            for q in range(p, n):
                c, mirrored = 1 + n + p * n + q, 1 + n + q * n + p
                ql, qh = nodes[0, z, t, 1 + q], nodes[1, z, t, 1 + q]
                if p == q:
                    low, high = squared(pl, ph)
                else:
                    low, high = times(pl, ph, ql, qh)
                low, high = times(sigma[0, 2], sigma[1, 2], low, high)
                if not flat:
                    x, y = times(sigma[0, 1], sigma[1, 1], nodes[0, z, t, c], nodes[1, z, t, c])
                    low, high = plus(low, high, x, y)
                if p == 0:
                    x, y = times(sigma[0, 4], sigma[1, 4], ql, qh)
                    low, high = plus(low, high, x, y)
                    if q == 0:
                        low, high = plus(low, high, x, y)
                nodes[0, a, t, c] = nodes[0, a, t, mirrored] = low
                nodes[1, a, t, c] = nodes[1, a, t, mirrored] = high


@compiled
def _reached(
    net: Net, box: Array, zl: float, zh: float, used: Integers, order: int, mix: Array, sigma: Array
) -> None:
    """The hull over all pieces in use that [zl, zh] meets, each over its own part."""
    fresh = True
    for j in range(used[0], used[1] + 1):
        low, high = part_of(net.points, j, used[0], used[1], zl, zh)
        if low > high:
            continue
        _piece(box, j, low, high, order, fresh, mix, sigma)
        fresh = False


@compiled
def _piece(
    box: Array, j: int, zl: float, zh: float, order: int, fresh: bool, mix: Array, sigma: Array
) -> None:
    """σ_α and its derivatives along piece ``j``; joined to what is there unless ``fresh``."""
    for which in range(2 if order == 0 else 3):
        if which == 1 and box[0, 0] == box[1, 0]:
            continue
        s = derivatives(mix[which], j, zl, zh)
        at, parts = (0, 3) if which < 2 else (3, 2)
        new = fresh and which != 1
        for k in range(parts):
            low, high = (s[0], s[1]) if k == 0 else ((s[2], s[3]) if k == 1 else (s[4], s[5]))
            sigma[0, at + k] = low if new else min(low, sigma[0, at + k])
            sigma[1, at + k] = high if new else max(high, sigma[1, at + k])


@compiled
def _loss(net: Net, box: Array, order: int, room: Room) -> None:
    """f = scale·Σ r² + Σ_p (μ + α·m_p)·w_p² + α·Σ_p t_p·w_p, m and t the factors of the penalties.

    Sums carry e = Σ |partial sums|; each addition errs by at most half a unit of its result,
    so that 2⁻⁵²·e, itself computed with a relative error far below 1, is enough.
    """
    n, r = box.shape[1], room.nodes.shape[1] - 1
    f = room.f
    low, high = _total(net, r, ZERO, ZERO, NONE, room.nodes)
    low = max(low, 0.0)
    sl = sh = 0.0  # the penalty but for α
    for p in range(1, n):
        a, b = squared(box[0, p], box[1, p])
        c, d = times(net.constants[0, DECAY], net.constants[1, DECAY], a, b)
        low, high = plus(low, high, c, d)
        a, b = times(a, b, net.penalties[0, SQUARES, p - 1], net.penalties[1, SQUARES, p - 1])
        sl, sh = plus(sl, sh, a, b)
        a, b = box[0, p], box[1, p]
        a, b = times(a, b, net.penalties[0, TILTS, p - 1], net.penalties[1, TILTS, p - 1])
        sl, sh = plus(sl, sh, a, b)
    a, b = times(box[0, 0], box[1, 0], sl, sh)
    low, high = plus(low, high, a, b)
    f[0, 0], f[1, 0] = low, high
    for p in range(n if order > 0 else 0):
        low, high = _total(net, r, ZERO, 1 + p, NONE, room.nodes)
        if p == 0:
            low, high = plus(low, high, 0.5 * sl, 0.5 * sh)
        else:
            ml, mh = _decay(net, box, p)
            a, b = times(ml, mh, box[0, p], box[1, p])
            low, high = plus(low, high, a, b)
            a, b = _tilt(net, p)
            a, b = times(a, b, 0.5 * box[0, 0], 0.5 * box[1, 0])
            low, high = plus(low, high, a, b)
        f[0, 1 + p], f[1, 1 + p] = 2.0 * low, 2.0 * high
        for q in range(p, n if order > 1 else p):
            c, mirrored = 1 + n + p * n + q, 1 + n + q * n + p
            low, high = _total(net, r, 1 + p, 1 + q, c, room.nodes)
            if p == q and p > 0:
                low, high = plus(low, high, ml, mh)
            elif p == 0 and q > 0:
                a, b = net.penalties[0, SQUARES, q - 1], net.penalties[1, SQUARES, q - 1]
                a, b = times(a, b, box[0, q], box[1, q])
                low, high = plus(low, high, a, b)
                a, b = _tilt(net, q)
                low, high = plus(low, high, 0.5 * a, 0.5 * b)
            f[0, c] = f[0, mirrored] = 2.0 * low
            f[1, c] = f[1, mirrored] = 2.0 * high


@compiled
def _decay(net: Net, box: Array, p: int) -> tuple[float, float]:
    """μ + α·m_p for the parameter in coordinate p."""
    low, high = net.penalties[0, SQUARES, p - 1], net.penalties[1, SQUARES, p - 1]
    low, high = times(low, high, box[0, 0], box[1, 0])
    return plus(low, high, net.constants[0, DECAY], net.constants[1, DECAY])


@compiled
def _tilt(net: Net, p: int) -> tuple[float, float]:
    """t_p for the parameter in coordinate p."""
    return net.penalties[0, TILTS, p - 1], net.penalties[1, TILTS, p - 1]


@compiled
def _total(
    net: Net, r: int, first: int, second: int, third: int, nodes: Array
) -> tuple[float, float]:
    """scale·Σ_t (x_t y_t + r_t h_t), components of the residual's jet; ``third`` < 0: no h."""
    low = high = low_error = high_error = 0.0
    for t in range(net.data.shape[1]):
        xl, xh = nodes[0, r, t, first], nodes[1, r, t, first]
        if first == second:
            a, b = squared(xl, xh)
        else:
            a, b = times(xl, xh, nodes[0, r, t, second], nodes[1, r, t, second])
        if third >= 0:
            x, y = times(
                nodes[0, r, t, 0], nodes[1, r, t, 0], nodes[0, r, t, third], nodes[1, r, t, third]
            )
            a, b = plus(a, b, x, y)
        low, high = low + a, high + b
        low_error, high_error = low_error + abs(low), high_error + abs(high)
    low, high = down(low - UNIT * low_error), up(high + UNIT * high_error)
    return times(low, high, net.constants[0, SCALE], net.constants[1, SCALE])


@entry
def evaluate_all(
    net: Net, boxes: Array, order: int, pattern: Integers, room: Room, found: Array
) -> None:
    """Jets of f on boxes (2, B, n), side by side into ``found`` (2, B, …)."""
    n, size = boxes.shape[2], found.shape[2]
    box = np.empty((2, n))
    for i in range(boxes.shape[1]):
        for p in range(n):
            box[0, p], box[1, p] = boxes[0, i, p], boxes[1, i, p]
        known = evaluate(net, box, order, pattern, room)
        for c in range(size):
            found[0, i, c] = room.f[0, c] if known else -np.inf
            found[1, i, c] = room.f[1, c] if known else np.inf
