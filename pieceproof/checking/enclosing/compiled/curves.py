"""Krawczyk's operator for a curve of first-order points (``tubes``), on one slab.

Unknowns are the free parameters and one multiplier for each active boundary, N in all.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import (
    down,
    minus,
    plus,
    scaled,
    times,
    up,
)
from pieceproof.checking.enclosing.compiled.jit import compiled, entry
from pieceproof.checking.enclosing.compiled.linear import from_left, from_left_all, inverse
from pieceproof.checking.enclosing.compiled.network import evaluate
from pieceproof.checking.enclosing.compiled.records import BENDS, Integers, Net, Room
from pieceproof.checking.enclosing.ranges import Array

PROVED, SINGULAR, LOST = range(3)
"""What :func:`enclose` returns."""
ROUNDS = 16
LARGE = 1e40
"""Multipliers, inverses and slopes beyond this are given up: products must not overflow."""


@compiled
def placed(
    centre: Array, slope: Array, step: Array, held: Integers, walls: Array, box: Array
) -> None:
    """The parameters of p over a range of α − middle; held ones at their walls."""
    for i in range(len(centre)):
        if held[i]:
            box[0, 1 + i], box[1, 1 + i] = walls[0, i], walls[1, i]
        else:
            low, high = scaled(step[0], step[1], slope[i])
            box[0, 1 + i], box[1, 1 + i] = plus(low, high, centre[i], centre[i])


@compiled
def system(
    net: Net,
    n: int,
    room: Room,
    labels: Integers,
    multipliers: Array,
    free: Integers,
    value: Array,
    jacobian: Array,
    drift: Array,
) -> None:
    """F, its Jacobian in (w, λ) and its derivative in α, from the jets in ``room``."""
    m, features = len(free), net.data.shape[2] - 1
    f, nodes = room.f, room.nodes
    for a in range(m):
        p = 1 + free[a]
        low, high = f[0, 1 + p], f[1, 1 + p]
        for j in range(len(labels)):
            z, t = features + 2 * labels[j, 0], labels[j, 1]
            x, y = times(
                multipliers[0, j], multipliers[1, j], nodes[0, z, t, 1 + p], nodes[1, z, t, 1 + p]
            )
            low, high = minus(low, high, x, y)
            jacobian[0, m + j, a], jacobian[1, m + j, a] = (
                nodes[0, z, t, 1 + p], nodes[1, z, t, 1 + p],
            )  # fmt: skip
            jacobian[0, a, m + j], jacobian[1, a, m + j] = (
                -nodes[1, z, t, 1 + p], -nodes[0, z, t, 1 + p],
            )  # fmt: skip
        value[0, a], value[1, a] = low, high
        for b in range(m + 1):
            q = 1 + free[b] if b < m else 0
            c = 1 + n + p * n + q
            low, high = f[0, c], f[1, c]
            for j in range(len(labels)):
                z, t = features + 2 * labels[j, 0], labels[j, 1]
                x, y = times(
                    multipliers[0, j], multipliers[1, j], nodes[0, z, t, c], nodes[1, z, t, c]
                )
                low, high = minus(low, high, x, y)
            if b < m:
                jacobian[0, a, b], jacobian[1, a, b] = low, high
            else:
                drift[0, a], drift[1, a] = low, high
    for j in range(len(labels)):
        z, t, k = features + 2 * labels[j, 0], labels[j, 1], labels[j, 2]
        value[0, m + j], value[1, m + j] = minus(
            nodes[0, z, t, 0], nodes[1, z, t, 0], net.points[0, k], net.points[1, k]
        )
        drift[0, m + j], drift[1, m + j] = nodes[0, z, t, 1], nodes[1, z, t, 1]


@compiled
def _least_squares(
    net: Net, n: int, room: Room, labels: Integers, free: Integers, start: Array
) -> bool:
    """Multipliers λ with ∇f ≈ Σ λ_j ∇z_j on the free parameters, in floating point."""
    s, m, features = len(labels), len(free), net.data.shape[2] - 1
    rows, right = np.zeros((s, m)), np.zeros(m)
    for a in range(m):
        p = 2 + free[a]
        right[a] = 0.5 * (room.f[0, p] + room.f[1, p])
        for j in range(s):
            z, t = features + 2 * labels[j, 0], labels[j, 1]
            rows[j, a] = 0.5 * (room.nodes[0, z, t, p] + room.nodes[1, z, t, p])
    gram = np.zeros((s, s))
    for i in range(s):
        for j in range(s):
            for a in range(m):
                gram[i, j] += rows[i, a] * rows[j, a]
    known, back = inverse(gram)
    for i in range(s):
        start[i] = 0.0
        for j in range(s):
            for a in range(m):
                start[i] += back[i, j] * rows[j, a] * right[a]
    return known


@entry
def enclose(
    net: Net,
    alpha: Array,
    centre: Array,
    slope: Array,
    held: Integers,
    walls: Array,
    free: Integers,
    pattern: Integers,
    labels: Integers,
    polish: int,
    room: Room,
    start: Array,
    drifting: Array,
    back: Array,
    vectors: Array,
    box: Array,
    multipliers: Array,
    jacobian: Array,
) -> int:
    """The curve over the range ``alpha``, with jets of its tube left in ``room``.

    ``centre`` is moved by ``polish`` steps of Newton's method at the middle. Filled in: start
    and drift of the multipliers; Y; in ``vectors`` (3, 2, N) X, its image within and ∂F/∂α;
    the box of (α, w), the multipliers and the Jacobian over all that.
    """
    m, s, n = len(free), len(labels), box.shape[1]
    size = m + s
    middle = 0.5 * (alpha[0] + alpha[1])
    step = np.zeros(2)
    if alpha[0] < alpha[1]:
        step[0], step[1] = down(alpha[0] - middle), up(alpha[1] - middle)
    value, residual = np.zeros((2, size)), np.zeros((2, size))
    drift, part = np.zeros((2, size)), np.zeros((2, size))
    product = np.zeros((2, size, size))
    for i in range(len(slope)):
        if not (abs(slope[i]) < LARGE and abs(centre[i]) < LARGE):
            return LOST
    # At the middle: multipliers, Y, and a centre nearer to the curve.
    for round_ in range(1 + polish):
        box[0, 0] = box[1, 0] = middle
        placed(centre, slope, np.zeros(2), held, walls, box)
        if not evaluate(net, box, BENDS, pattern, room):
            return LOST
        if round_ == 0 and s > 0 and not _least_squares(net, n, room, labels, free, start):
            return SINGULAR
        for j in range(s):
            multipliers[0, j] = multipliers[1, j] = start[j]
        system(net, n, room, labels, multipliers, free, value, jacobian, drift)
        known, found = inverse(0.5 * (jacobian[0] + jacobian[1]))
        if not known:
            return SINGULAR
        for i in range(size):
            delta = 0.0
            for k in range(size):
                back[i, k] = found[i, k]
                if not abs(found[i, k]) < LARGE:
                    return SINGULAR
                delta -= found[i, k] * 0.5 * (value[0, k] + value[1, k])
            if i >= m:
                start[i - m] += delta
                if not abs(start[i - m]) < LARGE:
                    return LOST
            elif round_ < polish:
                centre[free[i]] += delta
                if not abs(centre[free[i]]) < LARGE:
                    return LOST
    if polish == 0 or s > 0:
        for j in range(s):
            multipliers[0, j] = multipliers[1, j] = start[j]
        system(net, n, room, labels, multipliers, free, value, jacobian, drift)
    for j in range(s):
        drifting[j] = 0.0
        for k in range(size):
            drifting[j] -= back[m + j, k] * 0.5 * (drift[0, k] + drift[1, k])
        if not abs(drifting[j]) < LARGE:
            return LOST
    # F(α, p(α), λ(α)) by the mean value theorem in α.
    if alpha[0] < alpha[1]:
        box[0, 0], box[1, 0] = alpha[0], alpha[1]
        placed(centre, slope, step, held, walls, box)
        if not evaluate(net, box, BENDS, pattern, room):
            return LOST
        for j in range(s):
            low, high = scaled(step[0], step[1], drifting[j])
            multipliers[0, j], multipliers[1, j] = plus(low, high, start[j], start[j])
            if not -LARGE < multipliers[0, j] <= multipliers[1, j] < LARGE:
                return LOST
        system(net, n, room, labels, multipliers, free, part, jacobian, drift)
        for i in range(size):
            low, high = drift[0, i], drift[1, i]
            for k in range(size):
                along = slope[free[k]] if k < m else drifting[k - m]
                x, y = scaled(jacobian[0, i, k], jacobian[1, i, k], along)
                low, high = plus(low, high, x, y)
            low, high = times(low, high, step[0], step[1])
            value[0, i], value[1, i] = plus(value[0, i], value[1, i], low, high)
    from_left(back, value, part)
    reach = np.zeros(size)
    for i in range(size):
        residual[0, i], residual[1, i] = -part[1, i], -part[0, i]
        scale = abs(centre[free[i]]) if i < m else abs(start[i - m])
        reach[i] = max(
            2.0 * max(abs(residual[0, i]), abs(residual[1, i])), 4e-16 * max(scale, 1e-6)
        )
    box[0, 0], box[1, 0] = alpha[0], alpha[1]
    for _ in range(ROUNDS):
        placed(centre, slope, step, held, walls, box)
        for i in range(size):
            if not reach[i] < LARGE:
                return LOST
            if i < m:
                p = 1 + free[i]
                box[0, p], box[1, p] = down(box[0, p] - reach[i]), up(box[1, p] + reach[i])
            else:
                j = i - m
                low, high = scaled(step[0], step[1], drifting[j])
                low, high = plus(low, high, start[j], start[j])
                multipliers[0, j], multipliers[1, j] = plus(low, high, -reach[i], reach[i])
                if not -LARGE < multipliers[0, j] <= multipliers[1, j] < LARGE:
                    return LOST
        if not evaluate(net, box, BENDS, pattern, room):
            return LOST
        system(net, n, room, labels, multipliers, free, part, jacobian, drift)
        from_left_all(back, jacobian, product)
        inside = True
        for i in range(size):
            low, high = residual[0, i], residual[1, i]
            for k in range(size):
                x, y = -product[1, i, k], -product[0, i, k]
                if i == k:
                    x, y = plus(1.0, 1.0, x, y)
                x, y = times(x, y, -reach[k], reach[k])
                low, high = plus(low, high, x, y)
            vectors[0, 0, i], vectors[0, 1, i] = -reach[i], reach[i]
            vectors[1, 0, i], vectors[1, 1, i] = low, high
            vectors[2, 0, i], vectors[2, 1, i] = drift[0, i], drift[1, i]
            inside = inside and -reach[i] < low <= high < reach[i]
        if inside:
            return PROVED
        for i in range(size):
            image = max(abs(vectors[1, 0, i]), abs(vectors[1, 1, i]))
            reach[i] = max(1.25 * image, 1.5 * reach[i])
    return LOST


@entry
def rates(back: Array, jacobian: Array, drift: Array, found: Array) -> bool:
    """d(w, λ)/dα = −J⁻¹·∂F/∂α: a guess, and its error from ‖1 − YJ‖ < 1 in the maximum norm."""
    size = back.shape[0]
    guess = np.zeros(size)
    for i in range(size):
        for k in range(size):
            guess[i] -= back[i, k] * 0.5 * (drift[0, k] + drift[1, k])
        if not abs(guess[i]) < LARGE:
            return False
    defect, image = np.zeros((2, size)), np.zeros((2, size))
    product = np.zeros((2, size, size))
    for i in range(size):
        low, high = drift[0, i], drift[1, i]
        for k in range(size):
            x, y = scaled(jacobian[0, i, k], jacobian[1, i, k], guess[k])
            low, high = plus(low, high, x, y)
        defect[0, i], defect[1, i] = low, high
    from_left(back, defect, image)
    from_left_all(back, jacobian, product)
    norm = error = 0.0
    for i in range(size):
        row = 0.0
        for k in range(size):
            x, y = -product[1, i, k], -product[0, i, k]
            if i == k:
                x, y = plus(1.0, 1.0, x, y)
            row = up(row + max(abs(x), abs(y)))
        norm = max(norm, row)
        error = max(error, max(abs(image[0, i]), abs(image[1, i])))
    if not norm < 0.9:
        return False
    bound = up(error / down(1.0 - norm))
    for i in range(size):
        found[0, i], found[1, i] = plus(guess[i], guess[i], -bound, bound)
    return True
