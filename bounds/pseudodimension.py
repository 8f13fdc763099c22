"""From oscillations to pseudo-dimension: Lemma 1, and the same step for other growth bounds.

Lemma 1. If α ↦ 1[ℓ*_x(α) ≥ τ] has at most B cuts for every instance x and every τ, then

    Pdim ≤ max { n : 2^n ≤ nB + 1 }.

n instances with n thresholds cut A at most nB times, which leaves at most nB + 1
patterns; shattering needs 2^n. Source: explicit form of the lemma behind [BDDKSV21];
proof in docs/theorems.md.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import arb

from bounds.balls import ball, floor_upper, power, proved_at_most
from bounds.errors import count
from bounds.thresholds import smallest

SUMMED_TERMS = 2000
"""Binomial sums with more terms are replaced by their closed upper bound."""


def pseudo_dimension(oscillations: int) -> int:
    """max { n : 2^n ≤ nB + 1 } for B = ``oscillations``, exactly.

    Proved: an upper bound on the pseudo-dimension of any class whose duals have at most
    B cuts at every threshold (Lemma 1). Non-decreasing in B.

    Raises:
        BoundsError: ``oscillations`` is not a non-negative integer.
    """
    cuts = count("oscillations", oscillations)
    # 2^n - nB - 1 is convex in n and zero at n = 0, so { n : 2^n <= nB + 1 } is an initial
    # segment; it holds floor(log2(B + 1)) because 2^n <= B + 1 <= nB + 1 there.
    n = (cuts + 1).bit_length() - 1
    while (1 << (n + 1)) <= (n + 1) * cuts + 1:
        n += 1
    return n


def oscillations_needed(dimension: int) -> int:
    """The smallest B for which Lemma 1 allows a pseudo-dimension of ``dimension``.

    ⌈(2^n − 1)/n⌉ for n ≥ 1 and 0 for n = 0: a class that shatters n instances has a dual
    with at least so many cuts.
    """
    n = count("dimension", dimension)
    return -((1 - (1 << n)) // n) if n else 0


def binomial_sum(items: int, largest: int) -> int:
    """Σ_{i ≤ largest} C(items, i); beyond ``SUMMED_TERMS`` terms an upper bound of it.

    The upper bound is min(2^items, ⌊(e·items/largest)^largest⌋), valid for
    1 ≤ largest ≤ items [AB99, Thm 3.7].
    """
    n, top = count("items", items), count("largest", largest)
    if top >= n:
        return power(2, n)
    if top > SUMMED_TERMS:
        closed = floor_upper(lambda: (arb(1).exp() * ball(n) / ball(top)) ** top)
        return min(closed, power(2, n)) if n < closed.bit_length() else closed
    total = term = 1
    for i in range(top):
        term = term * (n - i) // (i + 1)
        total += term
    return total


def sauer_patterns(instances: int, dimension: int) -> int:
    """Most patterns of ``instances`` points in a class of VC dimension ``dimension``.

    Σ_{i ≤ D} C(m, i) [AB99, Thm 3.6] (Sauer's lemma); for more than ``SUMMED_TERMS``
    terms the upper bound of :func:`binomial_sum`.
    """
    return binomial_sum(count("instances", instances), count("dimension", dimension))


def gj_pseudo_dimension(parameters: int, degree: int, predicates: int) -> int:
    """Largest n that a GJ algorithm of the given size can shatter by sign counting.

    An algorithm with p real inputs α whose predicates are at most Λ polynomials of
    degree ≤ Δ in α [BIW22, Def. 3.1] meets at most nΛ polynomials on n instances, and
    these have at most (8eΔs/p)^p sign conditions, s = max(nΛ, p). Hence

        Pdim ≤ max { n : 2^n ≤ (8eΔ·max(nΛ, p)/p)^p },

    an explicit form of [BIW22, Thm 3.3]. Non-decreasing in every argument.

    Raises:
        BoundsError: an argument below 1.
    """
    p = count("parameters", parameters, 1)
    delta = count("degree", degree, 1)
    predicates = count("predicates", predicates, 1)

    def log_patterns(n: int) -> arb:
        base = 8 * delta * ball(max(n * predicates, p)) / ball(p)
        return ball(p) * (1 + base.log()) / arb(2).log()

    return largest_shattered(log_patterns)


def largest_shattered(log_patterns: Callable[[int], arb]) -> int:
    """max { n : n ≤ log₂ Π(n) } for a bound Π on the patterns of n instances.

    ``log_patterns(n)`` is a ball around log₂ Π(n), concave in n from where it first
    falls below n. The result is never below the true maximum: n is excluded only when
    log₂ Π(n) < n is proved.

    Raises:
        BoundsError: no n below 2^62 is excluded.
    """

    def excluded(n: int) -> bool:
        return proved_at_most(lambda: log_patterns(n) - n, Fraction(-1, 1 << 64))

    complaint = "the pseudo-dimension exceeds 2^62; reduce the counts"
    return smallest(excluded, 1, 1 << 62, complaint) - 1
