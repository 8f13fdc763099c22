"""Whether f is nowhere below the loss of the network without some units (``reductions``).

Examples with equal inputs have equal s, so that n of them with the mean target contribute
n·s·(s + 2r), r being the residual for the mean. This is least, for s and r in intervals, at
s = −r or at an end, with the least r where s ≥ 0 and the largest where s ≤ 0.

For 0 ≤ α ≤ 1 let s = αa + (1 − α)b, a and b from the two activations. It is enough if neither of
Σ n·a·(s + 2r) and Σ n·b·(s + 2r) is negative: near an end of A one of them hardly counts.

A penalty P of the parameters of the units is added. Under αρ|w̃|₁, with trainable output weights v_k
in w̃, a_k the values of unit k,

    Σ n·s·(s + 2r) + P/c ≥ Σ_k |v_k|·(αρ/c − 2·max(0, ∓Σ n·r·a_k)) + (P without v)/c,

∓ the sign that v_k does not have: it need not be small for a unit with a bias to be dead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import down, plus, times, up
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.records import (
    BIAS,
    DECAY,
    LAYERS,
    OFFSET,
    OUTPUTS,
    SCALE,
    SHIFTED,
    SQUARES,
    TILTS,
    TRAINABLE,
    Integers,
    Net,
    Room,
)
from pieceproof.checking.enclosing.ranges import Array


class Floors(NamedTuple):
    """Sets of units without which the loss is nowhere below the claimed minimum.

    Attributes:
        sets: (M, U), 1 for the units of a set.
        before: (M, S + 1), the number of slabs before each to which a set applies.
        examples: (G,), one example for each row of inputs.
        sizes: (G,), how many have these inputs, and means: (2, G), of their targets.
        pieces: (2, 2, K + 1, D + 1), coefficients of both activations on every piece.
    """

    sets: Integers
    before: Integers
    examples: Integers
    sizes: Array
    means: Array
    pieces: Array


@compiled
def is_floored(net: Net, floors: Floors, box: Array, first: int, last: int, room: Room) -> bool:
    """Whether some set does on slabs first..last; ``room`` holds values on the box."""
    found = False
    for m in range(len(floors.sets)):
        if floors.before[m, last + 1] - floors.before[m, first] == last + 1 - first:
            found = found or _is_floor(net, floors, m, box, room)
    return found


@compiled
def _is_floor(net: Net, floors: Floors, m: int, box: Array, room: Room) -> bool:
    features, units = net.data.shape[2] - 1, net.plan[LAYERS]
    outputs = 1 + units * (features + net.plan[BIAS])
    mixes = box[0, 0] >= 0.0 and box[1, 0] <= 1.0
    total, parts = 0.0, np.zeros(2)
    slopes = np.zeros((units, 2))
    s, own = np.empty((3, 2)), np.empty((3, 2))
    for g in range(len(floors.examples)):
        t = floors.examples[g]
        if net.plan[SHIFTED]:
            at = outputs + (units if net.plan[TRAINABLE] else 0)
            rl, rh = box[0, at], box[1, at]
        else:
            rl, rh = net.constants[0, OFFSET], net.constants[1, OFFSET]
        rl, rh = plus(rl, rh, -floors.means[1, g], -floors.means[0, g])
        s[:] = 0.0
        for u in range(units):
            if net.plan[TRAINABLE]:
                vl, vh = box[0, outputs + u], box[1, outputs + u]
            else:
                vl, vh = net.constants[0, OUTPUTS + u], net.constants[1, OUTPUTS + u]
            node = features + 2 * u + 1
            low, high = room.nodes[0, node, t, 0], room.nodes[1, node, t, 0]
            if not floors.sets[m, u]:
                x, y = times(vl, vh, low, high)
                rl, rh = plus(rl, rh, x, y)
        for u in range(units):
            if not floors.sets[m, u]:
                continue
            if net.plan[TRAINABLE]:
                vl, vh = box[0, outputs + u], box[1, outputs + u]
            else:
                vl, vh = net.constants[0, OUTPUTS + u], net.constants[1, OUTPUTS + u]
            node = features + 2 * u + 1
            low, high = room.nodes[0, node, t, 0], room.nodes[1, node, t, 0]
            x, y = times(rl, rh, low, high)
            x, y = times(x, y, floors.sizes[g], floors.sizes[g])
            slopes[u, 0], slopes[u, 1] = plus(slopes[u, 0], slopes[u, 1], x, y)
            own[2, 0], own[2, 1] = low, high
            if mixes:
                _activated(net, floors, box, room.nodes[:, node - 1, t, 0], own)
            for k in range(0 if mixes else 2, 3):
                x, y = product(vl, vh, own[k, 0], own[k, 1])
                s[k, 0], s[k, 1] = total_of(s[k, 0], s[k, 1], x, y)
        total = _added(total, floors.sizes[g] * _least(s[2, 0], s[2, 1], rl, rh))
        low, high = plus(s[2, 0], s[2, 1], 2.0 * rl, 2.0 * rh)
        for k in range(2):
            x, _ = product(s[k, 0], s[k, 1], low, high)
            parts[k] = _added(parts[k], floors.sizes[g] * x)
    if total >= 0.0 or (mixes and parts[0] >= 0.0 and parts[1] >= 0.0):
        return True
    if not box[0, 0] > 0.0:
        return False
    return _outweighs(net, floors, m, box, total, slopes)


@compiled
def _outweighs(net: Net, floors: Floors, m: int, box: Array, total: float, slopes: Array) -> bool:
    """Whether the penalty of the units outweighs a negative ``total``; α > 0.

    ``slopes`` (U, 2) encloses Σ n·r·a_k.
    """
    features, units = net.data.shape[2] - 1, net.plan[LAYERS]
    each = features + net.plan[BIAS]
    outputs = 1 + units * each
    rest, heads, factored = 0.0, 0.0, 0.0
    for u in range(units):
        if not floors.sets[m, u]:
            continue
        for p in range(1 + u * each, 1 + (u + 1) * each):
            rest = _added(rest, _penalty(net, box, p))
        if net.plan[TRAINABLE]:
            p = outputs + u
            own = _penalty(net, box, p)
            heads = _added(heads, own)
            tilt, _ = _rate(net, box, p)
            against = max(0.0, -2.0 * slopes[u, 0] if box[0, p] >= 0.0 else 2.0 * slopes[u, 1])
            if tilt < against:
                reach = max(abs(box[0, p]), abs(box[1, p]))
                factored = down(factored - up(reach * up(against - tilt)))
            if box[0, p] < 0.0 < box[1, p]:
                factored = -np.inf
    if down(total + _added(rest, heads)) >= 0.0:
        return True
    return bool(net.plan[TRAINABLE]) and down(factored + rest) >= 0.0


@compiled
def _rate(net: Net, box: Array, p: int) -> tuple[float, float]:
    """αρ/c for a parameter with a sign, else 0; lower bounds of ``|tilt|`` and of its square's."""
    tl, th = net.penalties[0, TILTS, p - 1], net.penalties[1, TILTS, p - 1]
    tilt = max(tl, -th, 0.0)
    square = max(down(box[0, 0] * net.penalties[0, SQUARES, p - 1]), 0.0)
    square = down(square + net.constants[0, DECAY])
    scale = net.constants[1, SCALE]
    return max(down(down(box[0, 0] * tilt) / scale), 0.0), max(down(square / scale), 0.0)


@compiled
def _penalty(net: Net, box: Array, p: int) -> float:
    """A lower bound of what the penalties of one parameter are, over c."""
    least = max(box[0, p], -box[1, p], 0.0)
    tilt, square = _rate(net, box, p)
    return down(down(tilt * least) + max(down(square * down(least * least)), 0.0))


@compiled
def _activated(net: Net, floors: Floors, box: Array, z: Array, own: Array) -> None:
    """Both activations on z, and σ_α for 0 ≤ α ≤ 1 narrowed, in ``own`` (3, 2), of one sign."""
    last = net.points.shape[1]
    for which in range(2):
        fresh = True
        for j in range(last + 1):
            low = z[0] if j == 0 else max(z[0], net.points[0, j - 1])
            high = z[1] if j == last else min(z[1], net.points[1, j])
            if low > high:
                continue
            for side in range(2):
                a, b = (min(low, 0.0), min(high, 0.0)) if side == 0 else (
                    max(low, 0.0), max(high, 0.0))  # fmt: skip
                if (side == 0 and low >= 0.0) or (side == 1 and high <= 0.0 and low < 0.0):
                    continue
                x, y = _polynomial(floors.pieces[:, which, j], a, b)
                own[which, 0] = x if fresh else min(own[which, 0], x)
                own[which, 1] = y if fresh else max(own[which, 1], y)
                fresh = False
    x, y = product(box[0, 0], box[1, 0], own[0, 0], own[0, 1])
    a, b = product(max(0.0, down(1.0 - box[1, 0])), up(1.0 - box[0, 0]), own[1, 0], own[1, 1])
    x, y = total_of(x, y, a, b)
    own[2, 0], own[2, 1] = max(x, own[2, 0]), min(y, own[2, 1])


@compiled
def _polynomial(coefficients: Array, zl: float, zh: float) -> tuple[float, float]:
    """Σ c_i z^i for z ≥ 0 or z ≤ 0; ``coefficients`` (2, D + 1)."""
    low = high = 0.0
    pl = ph = 1.0
    for i in range(coefficients.shape[1]):
        x, y = product(coefficients[0, i], coefficients[1, i], pl, ph)
        low, high = total_of(low, high, x, y)
        pl, ph = product(pl, ph, zl, zh)
    return low, high


@compiled
def product(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """a·b, of one sign where a and b are."""
    low, high = times(al, ah, bl, bh)
    if (al >= 0.0 and bl >= 0.0) or (ah <= 0.0 and bh <= 0.0):
        low = max(low, 0.0)
    if (al >= 0.0 and bh <= 0.0) or (ah <= 0.0 and bl >= 0.0):
        high = min(high, 0.0)
    return low, high


@compiled
def total_of(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """a + b, of one sign where a and b are."""
    low, high = plus(al, ah, bl, bh)
    if al >= 0.0 and bl >= 0.0:
        low = max(low, 0.0)
    if ah <= 0.0 and bh <= 0.0:
        high = min(high, 0.0)
    return low, high


@compiled
def _added(total: float, term: float) -> float:
    """Not above the sum, and not below 0 where both are not; ``term`` may be off by rounding."""
    low = down(total + down(term))
    return max(low, 0.0) if total >= 0.0 and term >= 0.0 else low


@compiled
def _least(sl: float, sh: float, rl: float, rh: float) -> float:
    """A lower bound of s·(s + 2r)."""
    least = 0.0 if sl <= 0.0 <= sh else np.inf
    if sh > 0.0:
        least = min(least, _rising(max(sl, 0.0), sh, rl))
    if sl < 0.0:
        least = min(least, _rising(max(-sh, 0.0), -sl, -rh))
    return least


@compiled
def _rising(low: float, high: float, r: float) -> float:
    """A lower bound of s·(s + 2r) for 0 ≤ low ≤ s ≤ high."""
    s = min(max(-r, low), high)
    gap = s + 2.0 * r
    if gap >= 0.0:  # so is the exact sum
        return max(0.0, down(s * down(gap)))
    return down(s * down(gap))
