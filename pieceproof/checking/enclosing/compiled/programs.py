"""Small strictly convex quadratic programs, in floating point.

Minimise ½ yᵀMy + gᵀy over −1 ≤ y_i ≤ 1 and a_jᵀy ≥ b_j by the dual active set method: from the
free minimum, a violated constraint at a time, multipliers kept nonnegative. In coordinates in which
M has the diagonal 1, as M may vary by many orders of magnitude where a box is thin.

Source: Goldfarb and Idnani, *Mathematical Programming* 27 (1983).
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.linear import inverse
from pieceproof.checking.enclosing.ranges import Array

FOUND, EMPTY, FAILED = range(3)
ROUNDS = 60
"""Steps, at most; a wrong answer is no worse than a poor one, as callers prove what they use."""
SLIGHT = 1e-12
"""Violations that are none."""
DEPENDENT = 1e-9
"""A normal is a combination of active ones if less than this part of it is left, by its square."""


@compiled
def _normal(rows: Array, reach: Array, i: int, normal: Array) -> float:
    """Constraint i, normal·y ≥ the number returned: lower and upper bounds, then rows.

    Rows are scaled so that the largest component of the normal is ±1; so are multipliers.
    """
    size = len(reach)
    for p in range(size):
        normal[p] = 0.0
    if i < size:
        normal[i] = 1.0
        return float(-reach[i])
    if i < 2 * size:
        normal[i - size] = -1.0
        return float(-reach[i - size])
    scale = _length(rows, i - 2 * size)
    for p in range(size):
        normal[p] = rows[i - 2 * size, p] / scale
    bound: float = rows[i - 2 * size, size] / scale
    return bound


@compiled
def _length(rows: Array, j: int) -> float:
    found = 0.0
    for p in range(rows.shape[1] - 1):
        found = max(found, abs(rows[j, p]))
    return found if found > 0.0 else 1.0


@compiled
def minimised(m: Array, g: Array, rows: Array, y: Array, factors: Array) -> int:
    """Fill y and the multipliers of ``rows`` (J, size + 1): (a_j, b_j), which are not negative.

    ``EMPTY`` if no y is allowed: the multipliers are those of a contradiction, Σ m_j(a_jᵀy − b_j)
    ≤ −1 within the bounds.
    """
    size = len(g)
    reach, scaled, tilted, turned = np.empty(size), m.copy(), g.copy(), rows.copy()
    for p in range(size):
        if not m[p, p] > 0.0:
            return FAILED
        reach[p] = np.sqrt(m[p, p])
    for p in range(size):
        tilted[p] /= reach[p]
        for q in range(size):
            scaled[p, q] /= reach[p] * reach[q]
        for j in range(len(rows)):
            turned[j, p] /= reach[p]
    answer = _nearest(scaled, tilted, reach, turned, y, factors)
    for p in range(size):
        y[p] /= reach[p]
    return answer


@compiled
def _nearest(m: Array, g: Array, reach: Array, rows: Array, y: Array, factors: Array) -> int:
    """:func:`minimised` over −reach_i ≤ y_i ≤ reach_i."""
    size = len(g)
    count = 2 * size + len(rows)
    known, free = inverse(m)
    if not known:
        return FAILED
    for p in range(size):
        total = 0.0
        for q in range(size):
            total -= free[p, q] * g[q]
        y[p] = total
    active, u = np.empty(size, np.int64), np.zeros(size + 1)
    normals, turned = np.empty((size, size)), np.empty((size, size))
    normal, half, r, z = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    k, entering, weight, slack = 0, -1, 0.0, 0.0
    for _ in range(ROUNDS):
        if entering < 0:
            slack = -SLIGHT
            for i in range(count):
                bound = _normal(rows, reach, i, normal)
                total = -bound
                for p in range(size):
                    total += normal[p] * y[p]
                if total < slack:
                    entering, slack = i, total
            if entering < 0:
                for j in range(len(rows)):
                    factors[j] = 0.0
                for j in range(k):
                    if active[j] >= 2 * size:
                        row = active[j] - 2 * size
                        factors[row] = max(0.0, u[j]) / _length(rows, row)
                return FOUND
            weight = 0.0
        bound = _normal(rows, reach, entering, normal)
        slack = -bound
        for p in range(size):
            slack += normal[p] * y[p]
        if slack > -SLIGHT:  # dropping other constraints was enough
            entering = -1
            continue
        for p in range(size):
            half[p] = 0.0
            for q in range(size):
                half[p] += free[p, q] * normal[q]
        # r: how the active multipliers fall; z: the step that keeps the active constraints.
        gram = np.empty((k, k))
        for a in range(k):
            r[a] = 0.0
            for p in range(size):
                r[a] += normals[a, p] * half[p]
            for b in range(k):
                gram[a, b] = 0.0
                for p in range(size):
                    gram[a, b] += normals[a, p] * turned[b, p]
        if k > 0:
            known, back = inverse(gram)
            if not known:
                return FAILED
            right = r[:k].copy()
            for a in range(k):
                r[a] = 0.0
                for b in range(k):
                    r[a] += back[a, b] * right[b]
        rise, whole = 0.0, 0.0
        for p in range(size):
            z[p] = half[p]
            for a in range(k):
                z[p] -= turned[a, p] * r[a]
            rise += z[p] * normal[p]
            whole += half[p] * normal[p]
        full = -slack / rise if k < size and rise > DEPENDENT * whole else np.inf
        partial, leaving = np.inf, -1
        for a in range(k):
            if r[a] > 0.0 and u[a] / r[a] < partial:
                partial, leaving = u[a] / r[a], a
        step = min(full, partial)
        if not step < np.inf:
            for j in range(len(rows)):
                factors[j] = 0.0
            if entering >= 2 * size:
                row = entering - 2 * size
                factors[row] = max(0.0, -1.0 / slack) / _length(rows, row)
            for a in range(k):
                if active[a] >= 2 * size:
                    row = active[a] - 2 * size
                    factors[row] = max(0.0, r[a] / slack) / _length(rows, row)
            return EMPTY
        if full < np.inf:
            for p in range(size):
                y[p] += step * z[p]
        for a in range(k):
            u[a] -= step * r[a]
        weight += step
        if full <= partial:
            active[k], u[k] = entering, weight
            for p in range(size):
                normals[k, p], turned[k, p] = normal[p], half[p]
            k += 1
            entering = -1
        else:
            k -= 1
            for a in range(leaving, k):
                active[a], u[a] = active[a + 1], u[a + 1]
                for p in range(size):
                    normals[a, p], turned[a, p] = normals[a + 1, p], turned[a + 1, p]
    return FAILED
