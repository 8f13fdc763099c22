"""Scores of all items on a box, and the order of pairs, up to a factor t ≥ 0.

First-layer parameters are scaled by t (``records``): with ζ = z/t, or ẑ = (z − b)/t where biases
are not scaled, differences of the layer's outputs are t times

    ∆ẑ·σ[z_i, z_j],   and also   ẑ_j·σ[base, z_j] − ẑ_i·σ[base, z_i],

base = 0 or b, and deeper layers pass them on: ∆z = Σ w ∆a, ∆a = ∆z·σ[z_i, z_j]. Their signs are
those of the differences also where t, and with it all weights, tend to 0. In mode ``BELOW``,
z/|b| = t·ẑ ± 1, and for a single unit the sign of (σ(z_j) − σ(z_i))/|b| is one more source. With
one hidden layer scores are affine in α: the two ends of α decide.
"""

from __future__ import annotations

from pieceproof.checking.coverings.compiled.activations import mixed, quotient, sigma
from pieceproof.checking.coverings.compiled.arithmetic import minus, plus, times
from pieceproof.checking.coverings.compiled.records import (
    BELOW,
    BIAS,
    LAYERS,
    NEXT,
    SHIFTED,
    START,
    TRAINABLE,
    UNITS,
    WEIGHTS,
    WHOLE,
    Net,
    Room,
)
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.ranges import Array


@compiled
def evaluate(net: Net, mode: int, box: Array, room: Room) -> None:
    """Fill ``scores``."""
    if len(net.plan) > LAYERS + 1:
        _values(net, mode, box, box[0, 0], box[1, 0], START, room)
    else:
        _values(net, mode, box, box[0, 0], box[0, 0], START, room)
        if box[0, 0] != box[1, 0]:
            _values(net, mode, box, box[1, 0], box[1, 0], NEXT, room)


@compiled
def compare(net: Net, mode: int, box: Array, room: Room) -> None:
    """Fill ``scores`` and ``differences``."""
    if len(net.plan) > LAYERS + 1:
        _values(net, mode, box, box[0, 0], box[1, 0], START, room)
        _changes(net, mode, box, START, room)
    else:
        _values(net, mode, box, box[0, 0], box[0, 0], START, room)
        _changes(net, mode, box, START, room)
        if box[0, 0] != box[1, 0]:
            _values(net, mode, box, box[1, 0], box[1, 0], NEXT, room)
            _changes(net, mode, box, NEXT, room)


@compiled
def scale_of(net: Net, mode: int, box: Array) -> tuple[float, float]:
    """By what p is multiplied."""
    low, high = box[0, 1], box[1, 1]
    if mode == BELOW:
        bl, bh = _size_of_bias(net, box)
        return times(low, high, bl, bh)
    return low, high


@compiled
def _size_of_bias(net: Net, box: Array) -> tuple[float, float]:
    """|b| of the only unit, whose sign is the same on a box."""
    at = 2 + net.inputs.shape[2]
    if box[0, at] >= 0.0:
        return box[0, at], box[1, at]
    return -box[1, at], -box[0, at]


@compiled
def _below(net: Net, box: Array, low: float, high: float) -> tuple[float, float]:
    """z/|b| = t·ẑ ± 1 in mode ``BELOW``, from ẑ."""
    low, high = times(low, high, box[0, 1], box[1, 1])
    side = 1.0 if box[0, 2 + net.inputs.shape[2]] >= 0.0 else -1.0
    return plus(low, high, side, side)


@compiled
def _unscaled(net: Net, mode: int, box: Array, at: int, t: int) -> tuple[float, float]:
    """ẑ (ζ in mode ``UNITS``) of the first-layer unit with parameters from coordinate ``at``."""
    features = net.inputs.shape[2]
    low = high = 0.0
    for f in range(features):
        x, y = times(box[0, at + f], box[1, at + f], net.inputs[0, t, f], net.inputs[1, t, f])
        low, high = plus(low, high, x, y)
    if mode == UNITS and net.plan[BIAS]:
        low, high = plus(low, high, box[0, at + features], box[1, at + features])
    return low, high


@compiled
def _values(net: Net, mode: int, box: Array, al: float, ah: float, which: int, room: Room) -> None:
    mixed(net, al, ah, room.mix)
    items, features = net.inputs.shape[1], net.inputs.shape[2]
    tl, th = scale_of(net, mode, box)
    biased = net.plan[BIAS]
    at, first = 2, 0
    for k in range(net.plan[LAYERS]):
        for t in range(items):
            low, high = _unscaled(net, mode, box, at, t)
            if mode == BELOW:
                low, high = _below(net, box, low, high)
                x, y = _size_of_bias(net, box)
                low, high = times(low, high, x, y)
            elif mode != WHOLE:
                low, high = times(low, high, tl, th)
            if mode in (WHOLE, WEIGHTS) and biased:
                low, high = plus(low, high, box[0, at + features], box[1, at + features])
            room.z[0, k, t], room.z[1, k, t] = low, high
            room.values[0, k, t], room.values[1, k, t] = sigma(net, room.mix, low, high)
        at += features + biased
    count = net.plan[LAYERS]
    for depth in range(LAYERS + 1, len(net.plan)):
        target = first + count
        for k in range(net.plan[depth]):
            for t in range(items):
                low = high = 0.0
                for i in range(count):
                    x, y = times(
                        box[0, at + i],
                        box[1, at + i],
                        room.values[0, first + i, t],
                        room.values[1, first + i, t],
                    )
                    low, high = plus(low, high, x, y)
                if biased:
                    low, high = plus(low, high, box[0, at + count], box[1, at + count])
                room.z[0, target + k, t], room.z[1, target + k, t] = low, high
                x, y = sigma(net, room.mix, low, high)
                room.values[0, target + k, t], room.values[1, target + k, t] = x, y
            at += count + biased
        first, count = target, net.plan[depth]
    for t in range(items):
        low = high = 0.0
        for i in range(count):
            vl, vh = _output(net, box, at, i)
            x, y = times(vl, vh, room.values[0, first + i, t], room.values[1, first + i, t])
            low, high = plus(low, high, x, y)
        vl, vh = _offset(net, box)
        low, high = plus(low, high, vl, vh)
        if which == START:
            room.scores[0, t], room.scores[1, t] = low, high
        else:
            room.scores[0, t] = min(room.scores[0, t], low)
            room.scores[1, t] = max(room.scores[1, t], high)


@compiled
def _output(net: Net, box: Array, at: int, i: int) -> tuple[float, float]:
    if net.plan[TRAINABLE]:
        return box[0, at + i], box[1, at + i]
    return net.outputs[0, i], net.outputs[1, i]


@compiled
def _offset(net: Net, box: Array) -> tuple[float, float]:
    if net.plan[SHIFTED]:
        return box[0, -1], box[1, -1]
    return net.outputs[0, -1], net.outputs[1, -1]


@compiled
def _changes(net: Net, mode: int, box: Array, which: int, room: Room) -> None:
    """Differences of pairs; the values of this α are in ``room``."""
    items, features = net.inputs.shape[1], net.inputs.shape[2]
    biased = net.plan[BIAS]
    pairs = len(net.pairs)
    at, first = 2, 0
    for k in range(net.plan[LAYERS]):
        base_low = base_high = 0.0
        if mode != UNITS and biased:
            base_low, base_high = box[0, at + features], box[1, at + features]
        for t in range(items):
            low, high = _unscaled(net, mode, box, at, t)
            x, y = quotient(net, room.mix, base_low, base_high, room.z[0, k, t], room.z[1, k, t])
            room.risen[0, k, t], room.risen[1, k, t] = times(low, high, x, y)
            if mode == BELOW:
                low, high = _below(net, box, low, high)
                x, y = quotient(net, room.mix, 0.0, 0.0, room.z[0, k, t], room.z[1, k, t])
                room.lifted[0, t], room.lifted[1, t] = times(low, high, x, y)
        for m in range(pairs):
            i, j = net.pairs[m, 0], net.pairs[m, 1]
            low = high = 0.0
            for f in range(features):
                x, y = times(box[0, at + f], box[1, at + f], net.steps[0, m, f], net.steps[1, m, f])
                low, high = plus(low, high, x, y)
            x, y = quotient(
                net, room.mix, room.z[0, k, i], room.z[1, k, i], room.z[0, k, j], room.z[1, k, j]
            )
            low, high = times(low, high, x, y)
            x, y = minus(
                room.risen[0, k, j], room.risen[1, k, j], room.risen[0, k, i], room.risen[1, k, i]
            )
            low, high = max(low, x), min(high, y)
            if mode == BELOW:  # the difference over |b|, of which the sign will do
                x, y = minus(
                    room.lifted[0, j], room.lifted[1, j], room.lifted[0, i], room.lifted[1, i]
                )
                if x >= 0.0:
                    low = max(low, 0.0)
                if y <= 0.0:
                    high = min(high, 0.0)
            room.changes[0, k, m], room.changes[1, k, m] = low, high
        at += features + biased
    count = net.plan[LAYERS]
    for depth in range(LAYERS + 1, len(net.plan)):
        target = first + count
        for k in range(net.plan[depth]):
            for m in range(pairs):
                i, j = net.pairs[m, 0], net.pairs[m, 1]
                low = high = 0.0
                for s in range(count):
                    x, y = times(
                        box[0, at + s],
                        box[1, at + s],
                        room.changes[0, first + s, m],
                        room.changes[1, first + s, m],
                    )
                    low, high = plus(low, high, x, y)
                x, y = quotient(
                    net,
                    room.mix,
                    room.z[0, target + k, i],
                    room.z[1, target + k, i],
                    room.z[0, target + k, j],
                    room.z[1, target + k, j],
                )
                x, y = times(low, high, x, y)
                room.changes[0, target + k, m], room.changes[1, target + k, m] = x, y
            at += count + biased
        first, count = target, net.plan[depth]
    for m in range(pairs):
        low = high = 0.0
        for s in range(count):
            vl, vh = _output(net, box, at, s)
            x, y = times(vl, vh, room.changes[0, first + s, m], room.changes[1, first + s, m])
            low, high = plus(low, high, x, y)
        if which == START:
            room.differences[0, m], room.differences[1, m] = low, high
        else:
            room.differences[0, m] = min(room.differences[0, m], low)
            room.differences[1, m] = max(room.differences[1, m], high)
