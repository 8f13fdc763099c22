"""Interval arithmetic on pairs of doubles (low, high) that keeps what is exact: numbers and signs.

The error of a sum or product of doubles is a double, which says whether and whither the result was
rounded [Knuth, *The Art of Computer Programming* 2, 4.2.2; Dekker, *Numer. Math.* 18, 1971]. Only
then a bound is moved outwards, by at least one unit in the last place: (−1)·(−1) − 1 is 0, and
[0, ε]·[1, 2] begins at 0. Signs of scores are all that counts for the zero-one loss, and walls and
labels are often such that they vanish. ``TINY`` covers products that underflow. Callers see to it
that nothing overflows.
"""

from __future__ import annotations

from pieceproof.checking.enclosing.compiled.jit import compiled

UNIT = 2.0**-52
TINY = 2.0**-1022
SMALL = 2.0**-900
"""Products below it may have errors that underflow."""
SPLITTER = 2.0**27 + 1.0


@compiled
def plus(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """a + b."""
    low, high = al + bl, ah + bh
    part = low - al
    if (al - (low - part)) + (bl - part) < 0.0:
        low -= abs(low) * UNIT
    part = high - ah
    if (ah - (high - part)) + (bh - part) > 0.0:
        high += abs(high) * UNIT
    return low, high


@compiled
def minus(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """a − b."""
    return plus(al, ah, -bh, -bl)


@compiled
def _error(a: float, b: float, product: float) -> float:
    """a·b − ``product``, the rounded product."""
    part = SPLITTER * a
    a_high = part - (part - a)
    part = SPLITTER * b
    b_high = part - (part - b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@compiled
def _down(a: float, b: float) -> float:
    """A lower bound of a·b."""
    if a == 0.0 or b == 0.0:
        return 0.0
    product = a * b
    if abs(product) < SMALL:
        return product - (abs(product) * UNIT + TINY)
    return product - abs(product) * UNIT if _error(a, b, product) < 0.0 else product


@compiled
def _up(a: float, b: float) -> float:
    """An upper bound of a·b."""
    return -_down(-a, b)


@compiled
def times(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """a·b."""
    if al >= 0.0:
        if bl >= 0.0:
            return max(_down(al, bl), 0.0), _up(ah, bh)
        if bh <= 0.0:
            return _down(ah, bl), min(_up(al, bh), 0.0)
        return _down(ah, bl), _up(ah, bh)
    if ah <= 0.0:
        if bl >= 0.0:
            return _down(al, bh), min(_up(ah, bl), 0.0)
        if bh <= 0.0:
            return max(_down(ah, bh), 0.0), _up(al, bl)
        return _down(al, bh), _up(al, bl)
    if bl >= 0.0:
        return _down(al, bh), _up(ah, bh)
    if bh <= 0.0:
        return _down(ah, bl), _up(al, bl)
    return min(_down(al, bh), _down(ah, bl)), max(_up(al, bl), _up(ah, bh))
