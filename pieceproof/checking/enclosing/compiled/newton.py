"""The preconditioned gradient test and the interval Newton step on one box.

Let f be C¹ on the box X, w° ∈ X a local minimiser of f(α, ·), and I the coordinates whose
ranges lie strictly between their walls, so that ∂_i f(α, w°) = 0 for i ∈ I. ∇f is Lipschitz
and piecewise polynomial: with c the centre of X and H enclosing all Hessians on X (the hull
over the pieces where patterns meet at C¹ boundaries), row by row

    0 = ∂_i f(c) + Σ_j H_ij (x_j − c_j),   x = (α, w°), j over all coordinates, α included.

Any combination of these rows holds as well, so for Y ≈ (mid H_II)⁻¹, and i ∈ I,

    x_i ∈ N_i = c_i − Σ_k Y_ik ∂_k f(c) − Σ_{j ≠ i} (YH)_ij (x_j − c_j) − ((YH)_ii − 1)(x_i − c_i).

Where N_i misses X_i, there is no w° in X; else X_i may be replaced by X_i ∩ N_i.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import down, minus, plus, scaled, times, up
from pieceproof.checking.enclosing.compiled.curves import LARGE
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.linear import inverse
from pieceproof.checking.enclosing.compiled.records import LAYERS, Integers, Net
from pieceproof.checking.enclosing.ranges import Array

EMPTY, SAME, SMALLER = range(3)
SHRUNK = 0.75
"""A step that leaves this part of a side or less is worth another one."""


@compiled
def meets_kink(net: Net, n: int, smooth: Integers, nodes: Array) -> bool:
    """Whether a pre-activation that moves can be at a breakpoint where σ_α is not C¹."""
    features = net.data.shape[2] - 1
    for u in range(np.sum(net.plan[LAYERS:])):
        z = features + 2 * u
        for t in range(net.data.shape[1]):
            for k in range(len(smooth)):
                if smooth[k] or not net.reached[u, t, 0] <= k < net.reached[u, t, 1]:
                    continue
                if nodes[1, z, t, 0] < net.points[0, k] or nodes[0, z, t, 0] > net.points[1, k]:
                    continue
                for p in range(1, 1 + n):
                    if nodes[0, z, t, p] != 0.0 or nodes[1, z, t, p] != 0.0:
                        return True
    return False


@compiled
def newton(
    box: Array, jet: Array, centre: Array, slope: Array, walls: Array, moving: Integers
) -> int:
    """Contract ``box`` (2, n) in place; ``jet`` holds f on it, ``slope`` ∇f at the centre."""
    n = box.shape[1]
    inner = np.empty(len(moving), np.int64)
    size = 0
    for p in moving:
        if box[0, p] > walls[0, 1, p] and box[1, p] < walls[1, 0, p]:
            inner[size] = p
            size += 1
    if size == 0:
        return SAME
    middle = np.empty((size, size))
    for a in range(size):
        for b in range(size):
            c = 1 + n + inner[a] * n + inner[b]
            middle[a, b] = 0.5 * (jet[0, c] + jet[1, c])
    known, y = inverse(middle)
    if not known:
        return SAME
    answer = SAME
    for a in range(size):
        i = inner[a]
        low = high = 0.0
        for b in range(size):
            if not abs(y[a, b]) < LARGE:
                return answer
            u, v = scaled(slope[0, inner[b]], slope[1, inner[b]], y[a, b])
            low, high = plus(low, high, u, v)
        for j in range(n):
            if box[0, j] == box[1, j]:
                continue
            rl = rh = 0.0
            for b in range(size):
                c = 1 + n + inner[b] * n + j
                u, v = scaled(jet[0, c], jet[1, c], y[a, b])
                rl, rh = plus(rl, rh, u, v)
            if j == i:
                rl, rh = minus(rl, rh, 1.0, 1.0)
            u, v = times(rl, rh, down(box[0, j] - centre[j]), up(box[1, j] - centre[j]))
            low, high = plus(low, high, u, v)
        low, high = minus(centre[i], centre[i], low, high)
        if not low <= high:
            return answer
        if low > box[1, i] or high < box[0, i]:
            return EMPTY
        width = box[1, i] - box[0, i]
        box[0, i], box[1, i] = max(box[0, i], low), min(box[1, i], high)
        if box[1, i] - box[0, i] < SHRUNK * width:
            answer = SMALLER
    return answer
