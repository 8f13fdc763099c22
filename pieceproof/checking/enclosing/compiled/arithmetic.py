"""Interval arithmetic on pairs of doubles (low, high), every result moved outwards.

IEEE 754 operations are correct to half a unit in the last place, and |x|·2⁻⁵² is at least one
unit; ``TINY`` covers results that are subnormal. A compiler that fuses x·y ∓ s into one
operation rounds once instead of twice, with an error below the step outwards: the bounds hold
all the same. Callers see to it that nothing overflows. The pair (0, 0) is exact.
"""

from __future__ import annotations

from pieceproof.checking.enclosing.compiled.jit import compiled

UNIT = 2.0**-52
TINY = 2.0**-1022


@compiled
def down(x: float) -> float:
    """Not above the exact value that was rounded to x."""
    return x - (abs(x) * UNIT + TINY)


@compiled
def up(x: float) -> float:
    """Not below the exact value that was rounded to x."""
    return x + (abs(x) * UNIT + TINY)


@compiled
def plus(al: float, ah: float, bl: float, bh: float) -> tuple[float, float]:
    """a + b."""
    if bl == 0.0 and bh == 0.0:
        return al, ah
    if al == 0.0 and ah == 0.0:
        return bl, bh
    return down(al + bl), up(ah + bh)


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
    return down(min(min(a, b), min(c, d))), up(max(max(a, b), max(c, d)))


@compiled
def scaled(al: float, ah: float, x: float) -> tuple[float, float]:
    """a·x for a double x."""
    if x == 0.0 or (al == 0.0 and ah == 0.0):
        return 0.0, 0.0
    if x > 0:
        return down(al * x), up(ah * x)
    return down(ah * x), up(al * x)


@compiled
def squared(al: float, ah: float) -> tuple[float, float]:
    """{x² : x ∈ a}."""
    a, b = al * al, ah * ah
    high = up(max(a, b))
    if al <= 0.0 <= ah:
        return 0.0, (0.0 if al == ah else high)
    return max(0.0, down(min(a, b))), high
