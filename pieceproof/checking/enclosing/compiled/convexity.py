"""Positive definiteness of ∇²G (``basins``) on a box, by bisection where needed."""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import minus, plus, scaled, squared, times
from pieceproof.checking.enclosing.compiled.curves import LARGE
from pieceproof.checking.enclosing.compiled.jit import compiled, entry
from pieceproof.checking.enclosing.compiled.linear import definite
from pieceproof.checking.enclosing.compiled.network import evaluate
from pieceproof.checking.enclosing.compiled.records import BENDS, Integers, Net, Room
from pieceproof.checking.enclosing.ranges import Array

PARTS = 96
"""Parts of a box that are looked at, at most."""


@compiled
def _hessian(
    net: Net,
    box: Array,
    labels: Integers,
    factors: Array,
    kappas: Array,
    bumps: Array,
    chosen: Integers,
    room: Room,
    matrix: Array,
) -> None:
    """∇²f − Σ m_j ∇²z_j + Σ 2κ_j (∇z_j ∇z_jᵀ + (z_j − β_j) ∇²z_j) + bumps, in ``chosen``."""
    n, features = box.shape[1], net.data.shape[2] - 1
    f, nodes = room.f, room.nodes
    for a in range(len(chosen)):
        p = chosen[a]
        for b in range(a, len(chosen)):
            q = chosen[b]
            c = 1 + n + p * n + q
            low, high = f[0, c], f[1, c]
            for j in range(len(labels)):
                z, t, k = features + 2 * labels[j, 0], labels[j, 1], labels[j, 2]
                x, y = times(factors[0, j], factors[1, j], nodes[0, z, t, c], nodes[1, z, t, c])
                low, high = minus(low, high, x, y)
                if kappas[j] > 0.0:
                    pl, ph = nodes[0, z, t, 1 + p], nodes[1, z, t, 1 + p]
                    if p == q:
                        u, v = squared(pl, ph)
                    else:
                        u, v = times(pl, ph, nodes[0, z, t, 1 + q], nodes[1, z, t, 1 + q])
                    x, y = minus(
                        nodes[0, z, t, 0], nodes[1, z, t, 0], net.points[0, k], net.points[1, k]
                    )
                    x, y = times(x, y, nodes[0, z, t, c], nodes[1, z, t, c])
                    u, v = plus(u, v, x, y)
                    u, v = scaled(u, v, 2.0 * kappas[j])
                    low, high = plus(low, high, u, v)
            if a == b:
                low, high = plus(low, high, bumps[p], bumps[p])
            matrix[0, a, b] = matrix[0, b, a] = low
            matrix[1, a, b] = matrix[1, b, a] = high


@entry
def is_convex(
    net: Net,
    whole: Array,
    pattern: Integers,
    labels: Integers,
    factors: Array,
    kappas: Array,
    bumps: Array,
    chosen: Integers,
    room: Room,
) -> bool:
    """Whether ∇²G is positive definite all over a box (2, n) in the coordinates ``chosen``.

    False at the first point, a centre of a part, where it is not, and after ``PARTS`` parts.
    """
    n = whole.shape[1]
    size = len(chosen)
    for j in range(len(labels)):
        if not (-LARGE < factors[0, j] <= factors[1, j] < LARGE and kappas[j] < LARGE):
            return False
    for p in range(n):
        if not bumps[p] < LARGE:
            return False
    matrix, box = np.zeros((2, size, size)), np.empty((2, n))
    stack = np.empty((PARTS + 2, 2, n))
    for p in range(n):
        stack[0, 0, p], stack[0, 1, p] = whole[0, p], whole[1, p]
    left, seen = 1, 0
    while left > 0:
        left -= 1
        seen += 1
        if seen > PARTS:
            return False
        part = stack[left]
        for p in range(n):
            box[0, p], box[1, p] = part[0, p], part[1, p]
        if not evaluate(net, box, BENDS, pattern, room):
            return False
        _hessian(net, box, labels, factors, kappas, bumps, chosen, room, matrix)
        if definite(matrix):
            continue
        widest, axis = 0.0, -1
        for k in range(size + 1):
            p = chosen[k] if k < size else 0
            share = (box[1, p] - box[0, p]) / (whole[1, p] - whole[0, p])
            if share > widest:
                widest, axis = share, p
        for p in range(n):
            box[0, p] = box[1, p] = 0.5 * (part[0, p] + part[1, p])
        if axis < 0 or not evaluate(net, box, BENDS, pattern, room):
            return False
        _hessian(net, box, labels, factors, kappas, bumps, chosen, room, matrix)
        if not definite(matrix):
            return False
        for p in range(n):
            stack[left + 1, 0, p], stack[left + 1, 1, p] = part[0, p], part[1, p]
        stack[left + 1, 0, axis] = stack[left, 1, axis] = box[0, axis]
        left += 2
    return True
