"""Ranges of σ_α, of its slope and of its difference quotients over intervals.

``mix`` (2, 2, pieces, D + 1): index 0 of the first axis has the coefficients of the pieces of
σ_α, 1 those of their derivatives. Where a polynomial is monotone the ends decide; a parabola's
other bound is c₀ − c₁²/(4c₂).
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.coverings.compiled.arithmetic import UNIT, minus, plus, times
from pieceproof.checking.coverings.compiled.records import Net
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.pieces import part_on
from pieceproof.checking.enclosing.ranges import Array


@compiled
def mixed(net: Net, low: float, high: float, mix: Array) -> None:
    """Coefficients for α in [low, high]: they are affine in α, so the hull of those at the ends."""
    size = net.pieces.shape[3]
    for j in range(net.pieces.shape[2]):
        for m in range(size):
            a, b = _coefficient(net, low, j, m)
            if low != high:
                x, y = _coefficient(net, high, j, m)
                a, b = min(a, x), max(b, y)
            mix[0, 0, j, m], mix[0, 1, j, m] = a, b
        for m in range(size):
            if m + 1 < size:
                k = np.float64(m + 1)
                mix[1, 0, j, m], mix[1, 1, j, m] = times(
                    mix[0, 0, j, m + 1], mix[0, 1, j, m + 1], k, k
                )
            else:
                mix[1, 0, j, m] = mix[1, 1, j, m] = 0.0


@compiled
def _coefficient(net: Net, alpha: float, j: int, m: int) -> tuple[float, float]:
    """α·first + (1 − α)·second, which keeps signs and zeros; as it is known at an end of a slab."""
    for end in range(2):
        if alpha == net.edges[end]:
            return net.exact[end, 0, j, m], net.exact[end, 1, j, m]
    rest_low, rest_high = minus(1.0, 1.0, alpha, alpha)
    a, b = times(alpha, alpha, net.pieces[0, 2, j, m], net.pieces[1, 2, j, m])
    x, y = times(rest_low, rest_high, net.pieces[0, 0, j, m], net.pieces[1, 0, j, m])
    a, b = plus(a, b, x, y)
    return a, b


@compiled
def horner(c: Array, j: int, start: int, zl: float, zh: float) -> tuple[float, float]:
    """Σ c_m z^m over m ≤ ``start``."""
    low, high = c[0, j, start], c[1, j, start]
    for m in range(start - 1, -1, -1):
        low, high = times(low, high, zl, zh)
        low, high = plus(low, high, c[0, j, m], c[1, j, m])
    return low, high


@compiled
def degree(c: Array, j: int) -> int:
    """The index of the last coefficient that is not exactly 0."""
    top: int = c.shape[2] - 1
    while top > 0 and c[0, j, top] == 0.0 and c[1, j, top] == 0.0:
        top -= 1
    return top


@compiled
def over(c: Array, dc: Array, j: int, zl: float, zh: float) -> tuple[float, float]:
    """The range of piece j, whose derivative has the coefficients dc."""
    top = degree(c, j)
    low, high = horner(c, j, top, zl, zh)
    if top <= 1 or zl == zh:
        return low, high
    a, b = horner(c, j, top, zl, zl)
    x, y = horner(c, j, top, zh, zh)
    end_low, end_high = min(a, x), max(b, y)
    rise_low, rise_high = horner(dc, j, top - 1, zl, zh)
    if rise_low >= 0.0 or rise_high <= 0.0:
        return end_low, end_high
    if top == 2:
        largest = max(abs(c[0, j, 1]), abs(c[1, j, 1]))
        square = 0.0  # exactly, if c₁ = 0: the sign of c₂z² is known for all z
        if largest > 0.0:
            square = largest * largest
            square = 0.25 * (square + square * UNIT) + 1e-300
        if c[0, j, 2] > 1e-100:
            drop = square / c[0, j, 2]
            drop += drop * 4.0 * UNIT
            bound, _ = minus(c[0, j, 0], c[0, j, 0], drop, drop)
            low, high = max(low, bound), end_high  # convex: the ends are highest
        elif c[1, j, 2] < -1e-100:
            climb = square / -c[1, j, 2]
            climb += climb * 4.0 * UNIT
            _, bound = plus(c[1, j, 0], c[1, j, 0], climb, climb)
            low, high = end_low, min(high, bound)
    else:
        middle = 0.5 * (zl + zh)
        a, b = minus(zl, zh, middle, middle)
        a, b = times(rise_low, rise_high, a, b)
        x, y = horner(c, j, top, middle, middle)
        a, b = plus(a, b, x, y)
        low, high = max(low, a), min(high, b)
    return min(low, end_low), max(high, end_high)


@compiled
def sigma(net: Net, mix: Array, zl: float, zh: float) -> tuple[float, float]:
    """σ_α over [zl, zh]."""
    low, high = np.inf, -np.inf
    for j in range(net.points.shape[1] + 1):
        a, b = part_on(net.points, j, zl, zh)
        if a > b:
            continue
        x, y = over(mix[0], mix[1], j, a, b)
        low, high = min(low, x), max(high, y)
    return low, high


@compiled
def slope(net: Net, mix: Array, zl: float, zh: float) -> tuple[float, float]:
    """All slopes of σ_α on [zl, zh], one-sided ones included; not those of a piece that is met only
    at an end, of which another piece has the value too."""
    low, high = np.inf, -np.inf
    for j in range(net.points.shape[1] + 1):
        a, b = part_on(net.points, j, zl, zh)
        if a > b or (a == b and zl < zh):
            continue
        x, y = horner(mix[1], j, degree(mix[1], j), a, b)
        low, high = min(low, x), max(high, y)
    return low, high


@compiled
def quotient(
    net: Net, mix: Array, al: float, ah: float, bl: float, bh: float
) -> tuple[float, float]:
    """(σ_α(b) − σ_α(a))/(b − a), a slope where a = b.

    By the mean value theorem it lies in the hull of the slopes between a and b; on one piece it is
    Σ c_m Σ_{i<m} a^i b^(m−1−i), by Horner's scheme at a, divided once by z − b.
    """
    zl, zh = min(al, bl), max(ah, bh)
    low, high = slope(net, mix, zl, zh)
    last = net.points.shape[1]
    for j in range(last + 1):
        if (j > 0 and zl < net.points[1, j - 1]) or (j < last and zh > net.points[0, j]):
            continue
        top = degree(mix[0], j)
        if top < 2:
            low = high = 0.0
            if top == 1:
                low, high = mix[0, 0, j, 1], mix[0, 1, j, 1]
            break
        vl, vh = mix[0, 0, j, top], mix[0, 1, j, top]
        ql = qh = 0.0
        for m in range(top - 1, -1, -1):
            ql, qh = times(ql, qh, bl, bh)
            ql, qh = plus(ql, qh, vl, vh)
            vl, vh = times(vl, vh, al, ah)
            vl, vh = plus(vl, vh, mix[0, 0, j, m], mix[0, 1, j, m])
        low, high = max(low, ql), min(high, qh)
        break
    return low, high
