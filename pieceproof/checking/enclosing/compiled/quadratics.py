"""Lower bounds of a quadratic function of y on [−1, 1]^n where affine functions are not negative.

For q(y) = q_0 + gᵀy + ½yᵀMy let D ≥ 0 be diagonal with M + D positive semidefinite. On the cube

    q ≥ φ = q + ½ Σ D_p (y_p² − 1),

and φ is convex, so that with multipliers m_j ≥ 0 of the affine functions a_j, for any y°,

    q(y) ≥ φ(y°) − Σ m_j a_j(y°) + (∇φ(y°) − Σ m_j ∇a_j)·(y − y°).

The right hand side is nearly tight for the y° and m that a quadratic program finds.

Source: Adjiman, Dallwig, Floudas and Neumaier, *Comput. Chem. Eng.* 22 (1998) (αBB).
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import (
    down,
    minus,
    plus,
    scaled,
    squared,
    times,
    up,
)
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.linear import definite
from pieceproof.checking.enclosing.compiled.programs import EMPTY, FAILED, minimised
from pieceproof.checking.enclosing.ranges import Array

HALVINGS = 6
"""Halvings in the search for the least shift that makes a matrix positive definite."""
MORE = 2.0**-10
"""Shifts are by this part larger than needed: next to a singular matrix programs are not solved."""
SHARES = 5
"""Shifts of the block of w that are tried against the curvature that α then needs."""


@compiled
def _schur(s: Array, first: int, shift: float) -> float:
    """aᵀ(S + shift)⁻¹a, S without its first ``first`` rows, a of row 0; −1 if not definite."""
    size = s.shape[0] - first
    low, half = np.empty((size, size)), np.empty(size)
    total = 0.0
    for i in range(size):
        for j in range(i + 1):
            entry = s[first + i, first + j] + (shift if i == j else 0.0)
            for k in range(j):
                entry -= low[i, k] * low[j, k]
            if i != j:
                low[i, j] = entry / low[j, j]
            elif entry > 1e-12 * (abs(s[first + i, first + i]) + shift):
                low[i, i] = np.sqrt(entry)
            else:
                return -1.0
        entry = s[0, first + i]
        for k in range(i):
            entry -= low[i, k] * half[k]
        half[i] = entry / low[i, i]
        total += half[i] * half[i]
    return total


@compiled
def convexified(s: Array, d: Array) -> bool:
    """D for a matrix S, with a small sum, and S + D in place of S; False if it is not definite.

    All rows but the first (α) are shifted by a number, the first by what is then needed.
    """
    size = s.shape[0]
    reach = scale = slope = 0.0
    for i in range(size):
        for j in range(size):
            scale = max(scale, abs(s[i, j]))
    least = 1e-12 * scale + 1e-300  # also where f does not depend on a coordinate
    exact = np.empty((2, size, size))
    for i in range(size):
        for j in range(size):
            exact[0, i, j] = exact[1, i, j] = s[i, j]
        s[i, i] += least
        d[i] = least
    for i in range(1, size):
        off = -s[i, i]
        for j in range(1, size):
            if j != i:
                off += abs(s[i, j])
        reach = max(reach, off)
        slope = max(slope, abs(s[0, i]))
    least = 0.0
    if _schur(s, 1, 0.0) < 0.0:
        low, high = 0.0, max(reach, 0.0) + 1e-6 * scale + 1e-300
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            if _schur(s, 1, middle) < 0.0:
                low = middle
            else:
                high = middle
        least = (1.0 + MORE) * high
    best, chosen, first = np.inf, least, 0.0
    for k in range(SHARES):
        shift = least + (0.0 if k == 0 else slope * 0.1 ** (k - 1))
        need = _schur(s, 1, shift)
        if need < 0.0:
            continue
        whole = need + abs(s[0, 0])
        need = max(0.0, need - s[0, 0] + 1e-9 * whole)
        need += MORE * whole if need > 0.0 else 0.0
        if (size - 1) * shift + need < best:
            best, chosen, first = (size - 1) * shift + need, shift, need
    for a in range(size):
        own = first if a == 0 else chosen
        own += 1e-9 * abs(s[a, a])
        s[a, a] += own
        d[a] = up(d[a] + own)
        exact[0, a, a], exact[1, a, a] = plus(exact[0, a, a], exact[1, a, a], d[a], d[a])
    return definite(exact)


@compiled
def is_positive(
    constant: Array, slope: Array, m: Array, s: Array, d: Array, cuts: Array, hope: Array
) -> bool:
    """Whether q > 0 wherever all cuts (2, J, 1 + n), values at 0 and gradients, are not negative.

    ``constant`` (2,) and ``slope`` (2, n) are enclosures, M is exact, S ≈ M + D. ``hope`` tells
    what would come out if D cost nothing.
    """
    n, count = len(d), cuts.shape[1]
    g, y = np.empty(n), np.zeros(n)
    least, lost = constant[0], 0.0
    hope[0] = least
    for p in range(n):
        g[p] = 0.5 * (slope[0, p] + slope[1, p])
        lost += 0.5 * d[p]
    if count == 0 and least <= 0.0:
        return False
    rows, factors = np.empty((count, n + 1)), np.zeros(count)
    for j in range(count):
        rows[j, n] = -0.5 * (cuts[0, j, 0] + cuts[1, j, 0])
        for p in range(n):
            rows[j, p] = 0.5 * (cuts[0, j, 1 + p] + cuts[1, j, 1 + p])
    answer = minimised(s, g, rows, y, factors)
    if answer == FAILED:
        return False
    if answer == EMPTY:
        for p in range(n):
            y[p] = 0.0
            least -= abs(g[p])
        for j in range(count):
            factors[j] *= 10.0 * (lost + abs(least))
    else:
        for p in range(n):
            y[p] = min(max(y[p], -1.0), 1.0)
            least += g[p] * y[p]
            for q in range(n):
                least += 0.5 * s[p, q] * y[p] * y[q]
        hope[0] = least
        if least <= lost:
            return False
    total = constant[0]
    for j in range(count):
        low, high = cuts[0, j, 0], cuts[1, j, 0]
        for p in range(n):
            x, z = scaled(cuts[0, j, 1 + p], cuts[1, j, 1 + p], y[p])
            low, high = plus(low, high, x, z)
        _, high = scaled(low, high, factors[j])
        total = down(total - high)
    for p in range(n):
        # ∇q(y°)_p = g_p + (My°)_p; ½ y°ᵀMy° = Σ ½ y°_p (My°)_p.
        ml = mh = 0.0
        for q in range(n):
            x, z = scaled(m[p, q], m[p, q], y[q])
            ml, mh = plus(ml, mh, x, z)
        x, z = scaled(slope[0, p], slope[1, p], y[p])
        total = down(total + x)
        x, z = scaled(0.5 * ml, 0.5 * mh, y[p])
        total = down(total + x)
        low, high = squared(y[p], y[p])
        low, _ = scaled(down(low - 1.0), up(high - 1.0), 0.5 * d[p])
        total = down(total + low)
        gl, gh = plus(slope[0, p], slope[1, p], ml, mh)
        x, z = scaled(d[p], d[p], y[p])
        gl, gh = plus(gl, gh, x, z)
        for j in range(count):
            x, z = scaled(cuts[0, j, 1 + p], cuts[1, j, 1 + p], factors[j])
            gl, gh = minus(gl, gh, x, z)
        x, _ = times(gl, gh, down(-1.0 - y[p]), up(1.0 - y[p]))
        total = down(total + x)
    return bool(total > 0.0)
