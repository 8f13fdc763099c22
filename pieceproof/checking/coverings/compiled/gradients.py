"""Scores and their derivatives in (α, w) on one box of parameters, by forward differentiation.

Every piece of σ_α that a pre-activation reaches contributes, so that gradients enclose Clarke's and
serve the mean value theorem for the (Lipschitz) scores.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.coverings.compiled.activations import horner, mixed, sigma, slope
from pieceproof.checking.coverings.compiled.arithmetic import plus, times
from pieceproof.checking.coverings.compiled.records import (
    ALPHA,
    BIAS,
    LAYERS,
    SHIFTED,
    TRAINABLE,
    WHOLE,
    Net,
    Room,
)
from pieceproof.checking.coverings.compiled.scores import evaluate
from pieceproof.checking.enclosing.compiled.jit import compiled, entry
from pieceproof.checking.enclosing.compiled.pieces import part_on
from pieceproof.checking.enclosing.ranges import Array


@entry
def enclose(net: Net, box: Array, room: Room) -> None:
    """Fill ``room.scores`` for a box (2, 2 + d) in mode ``WHOLE``."""
    evaluate(net, WHOLE, box, room)


@entry
def differentiate(net: Net, box: Array, room: Room, slopes: Array) -> None:
    """Fill ``slopes`` (2, U + 1, T, 1 + d): derivatives of units, last of the scores, in (α, w).

    ``box`` is (2, 2 + d), with the scale 1.
    """
    n = box.shape[1] - 1
    mixed(net, box[0, 0], box[1, 0], room.mix)
    features, biased, items = net.inputs.shape[2], net.plan[BIAS], len(net.costs)
    slopes[:] = 0.0
    at, first = 2, 0
    for k in range(net.plan[LAYERS]):
        for t in range(items):
            low = high = 0.0
            for f in range(features):
                il, ih = net.inputs[0, t, f], net.inputs[1, t, f]
                x, y = times(box[0, at + f], box[1, at + f], il, ih)
                low, high = plus(low, high, x, y)
                slopes[0, k, t, at - 1 + f], slopes[1, k, t, at - 1 + f] = il, ih
            if biased:
                low, high = plus(low, high, box[0, at + features], box[1, at + features])
                c = at - 1 + features
                slopes[0, k, t, c] = slopes[1, k, t, c] = 1.0
            _activate(net, k, t, n, low, high, room, slopes)
        at += features + biased
    count = net.plan[LAYERS]
    for depth in range(LAYERS + 1, len(net.plan) + 1):
        last = depth == len(net.plan)
        width = 1 if last else net.plan[depth]
        target = first + count
        for k in range(width):
            for t in range(items):
                low = high = 0.0
                for i in range(count):
                    if last and not net.plan[TRAINABLE]:
                        vl, vh = net.outputs[0, i], net.outputs[1, i]
                    else:
                        vl, vh = box[0, at + i], box[1, at + i]
                    al, ah = room.values[0, first + i, t], room.values[1, first + i, t]
                    x, y = times(vl, vh, al, ah)
                    low, high = plus(low, high, x, y)
                    for c in range(n):
                        x, y = times(vl, vh, slopes[0, first + i, t, c], slopes[1, first + i, t, c])
                        _add(slopes, target + k, t, c, x, y)
                    if not last or net.plan[TRAINABLE]:
                        _add(slopes, target + k, t, at - 1 + i, al, ah)
                shifted = net.plan[SHIFTED] if last else biased
                if shifted:
                    c = n - 1 if last else at - 1 + count
                    low, high = plus(low, high, box[0, 1 + c], box[1, 1 + c])
                    _add(slopes, target + k, t, c, 1.0, 1.0)
                if not last:
                    _activate(net, target + k, t, n, low, high, room, slopes)
            if not last:
                at += count + biased
        first, count = target, width


@compiled
def _add(slopes: Array, k: int, t: int, c: int, low: float, high: float) -> None:
    slopes[0, k, t, c], slopes[1, k, t, c] = plus(slopes[0, k, t, c], slopes[1, k, t, c], low, high)


@compiled
def _activate(
    net: Net, k: int, t: int, n: int, zl: float, zh: float, room: Room, slopes: Array
) -> None:
    """From derivatives of z to those of σ_α(z)."""
    room.values[0, k, t], room.values[1, k, t] = sigma(net, room.mix, zl, zh)
    sl, sh = slope(net, room.mix, zl, zh)
    for c in range(n):
        slopes[0, k, t, c], slopes[1, k, t, c] = times(
            sl, sh, slopes[0, k, t, c], slopes[1, k, t, c]
        )
    x, y = _along(net, zl, zh)
    _add(slopes, k, t, ALPHA, x, y)


@compiled
def _along(net: Net, zl: float, zh: float) -> tuple[float, float]:
    """∂σ_α/∂α over [zl, zh]."""
    low, high = np.inf, -np.inf
    for j in range(net.points.shape[1] + 1):
        a, b = part_on(net.points, j, zl, zh)
        if a > b or (a == b and zl < zh):
            continue
        x, y = horner(net.pieces[:, 1], j, net.pieces.shape[3] - 1, a, b)
        low, high = min(low, x), max(high, y)
    return low, high
