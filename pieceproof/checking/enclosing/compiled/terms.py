"""A polynomial in (α, x), its gradient and its Hessian on one box.

The polynomial Σ c_m Π x_i^e_mi comes as a :class:`Net` without a plan: ``pieces[:, 0, m, 0]``
encloses c_m, ``pieces[0, 1, m, i]`` is e_mi. From third derivatives down, a derivative is the
natural interval value of its terms, cut with the mean value form

    ∂f(X) ⊂ ∂f(c) + Σ_i ∂_i∂f(X)·(X_i − c_i):

on a small box its width is that of ∂f, up to terms of second order.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import down, plus, scaled, squared, times, up
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.records import Net
from pieceproof.checking.enclosing.ranges import Array


@compiled
def evaluate_terms(net: Net, box: Array, order: int, f: Array) -> None:
    """Fill ``f`` (2, 1 + n + n²) for a box (2, n)."""
    n = box.shape[1]
    point, step = np.empty((2, n)), np.empty((2, n))
    for i in range(n):
        point[0, i] = point[1, i] = 0.5 * (box[0, i] + box[1, i])
        step[0, i], step[1, i] = down(box[0, i] - point[0, i]), up(box[1, i] - point[0, i])
    size = net.pieces.shape[2]
    degree = 1
    for m in range(size):
        for i in range(n):
            degree = max(degree, int(net.pieces[0, 1, m, i]))
    wide, narrow = _powers(box, degree), _powers(point, degree)
    if order > 1:
        for p in range(n):
            for q in range(p, n):
                low, high = _derivative(net, narrow, p, q, -1)
                for r in range(n):
                    a, b = _derivative(net, wide, p, q, r)
                    a, b = times(a, b, step[0, r], step[1, r])
                    low, high = plus(low, high, a, b)
                a, b = _derivative(net, wide, p, q, -1)
                low, high = max(low, a), min(high, b)
                for c in (1 + n + p * n + q, 1 + n + q * n + p):
                    f[0, c], f[1, c] = low, high
    if order > 0:
        for p in range(n):
            low, high = _derivative(net, narrow, p, -1, -1)
            for q in range(n):
                if order > 1:
                    c = 1 + n + p * n + q
                    a, b = f[0, c], f[1, c]
                else:
                    a, b = _derivative(net, wide, p, q, -1)
                a, b = times(a, b, step[0, q], step[1, q])
                low, high = plus(low, high, a, b)
            a, b = _derivative(net, wide, p, -1, -1)
            f[0, 1 + p], f[1, 1 + p] = max(low, a), min(high, b)
    low, high = _derivative(net, narrow, -1, -1, -1)
    for p in range(n):
        if order > 0:
            a, b = f[0, 1 + p], f[1, 1 + p]
        else:
            a, b = _derivative(net, wide, p, -1, -1)
        a, b = times(a, b, step[0, p], step[1, p])
        low, high = plus(low, high, a, b)
    a, b = _derivative(net, wide, -1, -1, -1)
    f[0, 0], f[1, 0] = max(low, a), min(high, b)


@compiled
def _powers(box: Array, degree: int) -> Array:
    """x_i^k for k ≤ degree: (2, n, degree + 1), sharp up to rounding."""
    n = box.shape[1]
    found = np.empty((2, n, degree + 1))
    for i in range(n):
        low, high = box[0, i], box[1, i]
        found[0, i, 0] = found[1, i, 0] = 1.0
        ll = lh = hl = hh = 1.0
        for k in range(1, degree + 1):
            # The powers of both ends, enclosed.
            ll, lh = scaled(ll, lh, low)
            hl, hh = scaled(hl, hh, high)
            if k == 1:
                found[0, i, 1], found[1, i, 1] = low, high
            elif k % 2 == 1:
                found[0, i, k], found[1, i, k] = ll, hh
            else:
                half = k // 2
                found[0, i, k], found[1, i, k] = squared(found[0, i, half], found[1, i, half])
    return found


@compiled
def _derivative(net: Net, powers: Array, p: int, q: int, r: int) -> tuple[float, float]:
    """The derivative by the coordinates p, q and r, where they are not −1, term by term."""
    n = powers.shape[1]
    low = high = 0.0
    for m in range(net.pieces.shape[2]):
        a, b = net.pieces[0, 0, m, 0], net.pieces[1, 0, m, 0]
        for i in range(n):
            e = int(net.pieces[0, 1, m, i])
            for j in (p, q, r):
                if j == i:
                    a, b = scaled(a, b, np.float64(e))
                    e -= 1
            if e < 0:
                a = b = 0.0
            elif e > 0:
                a, b = times(a, b, powers[0, i, e], powers[1, i, e])
        low, high = plus(low, high, a, b)
    return low, high
