"""The part of an interval on which a piece of σ_α is in use."""

from __future__ import annotations

from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.ranges import Array


@compiled
def part_on(points: Array, j: int, zl: float, zh: float) -> tuple[float, float]:
    """[zl, zh] cut to piece j between enclosed breakpoints (2, K); (1, 0) if it does not reach."""
    return part_of(points, j, 0, points.shape[1], zl, zh)


@compiled
def part_of(
    points: Array, j: int, first: int, last: int, zl: float, zh: float
) -> tuple[float, float]:
    """The same where only pieces ``first`` to ``last`` are in use, these two without an end."""
    low, high = zl, zh
    if j > first:
        if zh < points[0, j - 1]:
            return 1.0, 0.0
        low = max(low, points[0, j - 1])
    if j < last:
        if zl > points[1, j]:
            return 1.0, 0.0
        high = min(high, points[1, j])
    return low, max(low, high)
