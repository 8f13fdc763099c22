"""Ranges of a polynomial and of its first two derivatives over an interval.

From the highest derivative down: where p⁽ᵐ⁺¹⁾ keeps its sign the ends decide; where p⁽ᵐ⁺²⁾
does, one of the two bounds is taken at an end; a parabola's other bound is
c₀ − c₁²/(4c₂); and everywhere Horner's scheme and the mean value form hold. So ranges are sharp
up to rounding for degree ≤ 2.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import (
    down,
    plus,
    scaled,
    squared,
    times,
    up,
)
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.ranges import Array

Bounds = tuple[float, float, float, float, float, float]


@compiled
def horner(c: Array, piece: int, degree: int, zl: float, zh: float) -> tuple[float, float]:
    """Σ c_i z^i for i ≤ degree; c (2, pieces, D + 1)."""
    low, high = c[0, piece, degree], c[1, piece, degree]
    for i in range(degree - 1, -1, -1):
        low, high = times(low, high, zl, zh)
        low, high = plus(low, high, c[0, piece, i], c[1, piece, i])
    return low, high


@compiled
def at_point(c: Array, piece: int, degree: int, z: float) -> tuple[float, float]:
    """Σ c_i z^i at a double."""
    low, high = c[0, piece, degree], c[1, piece, degree]
    for i in range(degree - 1, -1, -1):
        low, high = scaled(low, high, z)
        low, high = plus(low, high, c[0, piece, i], c[1, piece, i])
    return low, high


@compiled
def derivatives(c: Array, piece: int, zl: float, zh: float) -> Bounds:
    """p, p′, p″ over [zl, zh], three pairs; c (D + 1, 2, pieces, D + 1): coefficients of p⁽ᵐ⁾."""
    degree = c.shape[0] - 1
    dl = dh = bl = bh = cl = ch = 0.0
    for m in range(degree, -1, -1):
        # (dl, dh) encloses p⁽ᵐ⁺¹⁾, (bl, bh) p⁽ᵐ⁺²⁾.
        low, high = at_point(c[m], piece, degree - m, zl)
        if zl != zh and m < degree:
            a, b = at_point(c[m], piece, degree - m, zh)
            low, high = min(low, a), max(high, b)
            if m + 1 < degree and dl < 0.0 < dh:
                low, high = _turning(c[m], piece, degree - m, zl, zh, low, high, dl, dh, bl, bh)
        cl, ch = bl, bh
        bl, bh = dl, dh
        dl, dh = low, high
    return dl, dh, bl, bh, cl, ch


@compiled
def _turning(
    c: Array,
    piece: int,
    degree: int,
    zl: float,
    zh: float,
    low: float,
    high: float,
    dl: float,
    dh: float,
    bl: float,
    bh: float,
) -> tuple[float, float]:
    """The range of p, not monotone, with values from ``low`` to ``high`` at the ends.

    (dl, dh) encloses p′, (bl, bh) p″.
    """
    bottom, top = horner(c, piece, degree, zl, zh)
    if degree == 2:
        _, square = squared(c[0, piece, 1], c[1, piece, 1])
        steep = c[0, piece, 2] if c[0, piece, 2] > 0.0 else -c[1, piece, 2]
        if steep > 0.0:
            drop = up(up(0.25 * square) / steep)
            if drop < 1e200:
                if c[0, piece, 2] > 0.0:
                    bottom = max(bottom, down(c[0, piece, 0] - drop))
                else:
                    top = min(top, up(c[1, piece, 0] + drop))
    else:
        middle = 0.5 * (zl + zh)
        vl, vh = at_point(c, piece, degree, middle)
        a, b = times(dl, dh, down(zl - middle), up(zh - middle))
        a, b = plus(a, b, vl, vh)
        bottom, top = max(bottom, a), min(top, b)
    if bl >= 0.0:
        top = min(top, high)
    if bh <= 0.0:
        bottom = max(bottom, low)
    return min(bottom, low), max(top, high)


@compiled
def differentiated(c: Array, piece: int) -> None:
    """Fill c[m] for m ≥ 1 with the coefficients of p⁽ᵐ⁾, from those of p in c[0]."""
    degree = c.shape[0] - 1
    for m in range(1, degree + 1):
        for i in range(degree - m + 1):
            c[m, 0, piece, i], c[m, 1, piece, i] = scaled(
                c[m - 1, 0, piece, i + 1], c[m - 1, 1, piece, i + 1], np.float64(i + 1)
            )
