"""Interval arithmetic on pairs of doubles (low, high) that keeps exact zeros and signs.

A sum that comes out as 0 is exact in IEEE 754, and so is one with an exact 0. The sign of a product
is known where those of its factors are, so that [0, ε]·[1, 2] begins at 0: signs of scores are all
that counts for the zero-one loss. Everything else is moved outwards by at least one unit in the
last place; ``TINY`` covers products that underflow. Callers see to it that nothing overflows.
"""

from __future__ import annotations

from pieceproof.checking.enclosing.compiled.jit import compiled

UNIT = 2.0**-52
TINY = 2.0**-1022


@compiled
def plus(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """a + b."""
    if bl == 0.0 and bh == 0.0:
        return al, ah
    if al == 0.0 and ah == 0.0:
        return bl, bh
    low, high = al + bl, ah + bh
    return low - abs(low) * UNIT, high + abs(high) * UNIT


@compiled
def minus(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """a − b."""
    return plus(al, ah, -bh, -bl)


@compiled
def times(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """a·b."""
    if (al == 0.0 and ah == 0.0) or (bl == 0.0 and bh == 0.0):
        return 0.0, 0.0
    a, b, c, d = al * bl, al * bh, ah * bl, ah * bh
    low, high = min(min(a, b), min(c, d)), max(max(a, b), max(c, d))
    low = low - (abs(low) * UNIT + TINY)
    high = high + (abs(high) * UNIT + TINY)
    if (al >= 0.0 and bl >= 0.0) or (ah <= 0.0 and bh <= 0.0):
        low = max(low, 0.0)
    elif (al >= 0.0 and bh <= 0.0) or (ah <= 0.0 and bl >= 0.0):
        high = min(high, 0.0)
    return low, high
