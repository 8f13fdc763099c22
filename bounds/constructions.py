"""Lower bounds by construction: classes whose duals write a number in binary.

Instance b has dual loss bit_b(r)/2 at the r-th of 2^n places of α, so that with
thresholds 1/4 the n instances take all 2^n patterns. Two families realise this with one
hyperparameter; what they cost is what their lower bound is stated in.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor

from bounds.errors import BoundsError, count

THRESHOLD = Fraction(1, 4)
MOST_INSTANCES = 20
"""Witnesses with more instances have more than a million patterns and are not built."""


def interval_lower_bound(pieces: int) -> int:
    """⌊log₂ K⌋: K intervals of α, constant on each [NN26, Lemma 5.2 at p = 1]."""
    return count("pieces", pieces, 1).bit_length() - 1


def grid_lower_bound(boundaries: int, parameters: int) -> int:
    """⌊log₂ R⌋ with R = ∏_i (1 + q_i), Σ q_i = M split evenly [NN26, Lemma 5.3 at p = 1].

    M thresholds on the d coordinates of w cut W into R boxes. On box r the loss is
    (α−r)² + bit_b(r)/2 for r < 2^n ≤ R and 2 on the others, so ℓ*_b(r) = bit_b(r)/2 at
    α = r. At least ⌊d·log₂(1 + ⌊M/d⌋)⌋.
    """
    m, d = count("boundaries", boundaries), count("parameters", parameters, 1)
    q, more = divmod(m, d)
    if d * (q + 2).bit_length() > 1 << 24:
        raise BoundsError("parameters: the grid is too large; reduce d")
    return int((q + 2) ** more * (q + 1) ** (d - more)).bit_length() - 1


def interval_duals(n: int) -> tuple[Callable[[Fraction], Fraction], ...]:
    """The n duals of the interval family on [0, 2^n]: α ↦ bit_b(⌊α⌋)/2."""
    _instances(n)

    def dual(bit: int) -> Callable[[Fraction], Fraction]:
        return lambda alpha: Fraction(min(floor(alpha), 2**n - 1) >> bit & 1, 2)

    return tuple(dual(bit) for bit in range(n))


def grid_duals(n: int) -> tuple[Callable[[Fraction], Fraction], ...]:
    """The n duals of the grid family: α ↦ min(2, min_r (α−r)² + bit_b(r)/2) over r < 2^n.

    The minimum is attained at one of the two r nearest to α: one step further away the
    square grows by at least 1, the bit saves at most 1/2.
    """
    _instances(n)

    def dual(bit: int) -> Callable[[Fraction], Fraction]:
        def value(alpha: Fraction) -> Fraction:
            below = max(0, min(2**n - 1, floor(alpha)))
            near = (below, min(2**n - 1, below + 1))
            costs = [(alpha - r) * (alpha - r) + Fraction(r >> bit & 1, 2) for r in near]
            least: Fraction = min(Fraction(2), *costs)
            return least

        return value

    return tuple(dual(bit) for bit in range(n))


def _instances(n: int) -> None:
    if count("instances", n, 1) > MOST_INSTANCES:
        raise BoundsError(f"instances: {n} exceeds the {MOST_INSTANCES} that are built")
