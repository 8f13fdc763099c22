"""What one sample of exact duals says: patterns, shattering, complexity, generalisation.

Everything here is about the given instances alone, beyond the worst case over a class;
proofs in docs/theorems.md ("One sample of instances").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bounds.balls import ball, decimal_upper
from bounds.dual_rows import dual_table
from bounds.errors import BoundsError, positive, probability
from bounds.levels import LevelProfile, level_profile
from bounds.patterns import ArcDual, SamplePatterns, threshold_patterns
from bounds.rademacher import Complexity, empirical_complexity
from bounds.sample_complexity import massart, sample_gap

RESOLUTION = 64
"""Duals are tabled to within this fraction of their common range."""


@dataclass(frozen=True, eq=False)
class SampleReport:
    """The instance-level numbers of a sample of n duals."""

    oscillations: tuple[int, ...]
    """The exact oscillation count of each dual."""
    profile: LevelProfile
    patterns: SamplePatterns
    """The exact patterns at the common level that is cut most often."""
    largest_shattered: int
    """No thresholds shatter more than so many of these instances."""
    complexity: Complexity
    """The empirical Rademacher complexity."""
    value_range: Fraction
    """H."""
    range_is_given: bool
    """Whether H was given; else it is the range of the values on this sample."""
    delta: Fraction
    """Failure probability of :attr:`deviation`."""

    @property
    def instances(self) -> int:
        """n."""
        return len(self.oscillations)

    @property
    def massart(self) -> Fraction:
        """H·√(2 ln P/n), P ≥ the patterns of every common level."""
        return massart(self.profile.patterns, self.instances, self.value_range)

    @property
    def level_bound(self) -> Fraction:
        """The same, level by level: ∫ √(2 ln P_t/n) dt."""
        return self.profile.complexity()

    @property
    def deviation(self) -> Fraction:
        """sup_α |mean on the sample − expectation| with probability ≥ 1−δ.

        2R + 3H·√(ln(3/δ′)/(2n)) for the smaller of the bounds on R_S that are known. If R_S
        is estimated from drawn signs, which may fail, half of δ is theirs: δ′ = δ/2.
        """
        rest = self.delta if self.complexity.delta is None else self.delta / 2
        best = min(self.complexity.upper, self.level_bound)
        return sample_gap(best, self.instances, rest, self.value_range)


def sample_report(
    duals: Sequence[ArcDual],
    oscillations: Sequence[int],
    *,
    value_range: object = None,
    delta: object = "0.05",
    seed: int = 0,
) -> SampleReport:
    """The report of a sample of exact duals with their exact oscillation counts.

    Args:
        duals: n exact duals on one interval.
        oscillations: B(ℓ*_i), n numbers.
        value_range: H, the length of an interval that holds the values of every dual of
            the class; the range on this sample if left out, which is then an assumption.
        delta: failure probability of the deviation, in (0, 1).
        seed: of the drawn signs.

    Raises:
        BoundsError: no dual, different intervals, or H smaller than the range on the sample.
    """
    if not duals or len(duals) != len(oscillations):
        raise BoundsError(f"{len(duals)} duals need as many oscillation counts, at least one")
    failure = probability("delta", delta)
    profile = level_profile(duals)
    observed = profile.spread
    given = observed if value_range is None else positive("value_range", value_range)
    if given < observed - 2 * Fraction(1, 1 << 60):
        raise BoundsError(
            f"value_range: {float(given):.6g} is smaller than the range {float(observed):.6g} "
            "of the duals of this sample"
        )
    return SampleReport(
        tuple(oscillations),
        profile,
        threshold_patterns(duals, [profile.busiest] * len(duals)),
        _largest_shattered(oscillations),
        _complexity(duals, observed, failure / 2, seed),
        given if given > 0 else Fraction(1, 1 << 60),
        value_range is not None,
        failure,
    )


def _complexity(
    duals: Sequence[ArcDual], observed: Fraction, delta: Fraction, seed: int
) -> Complexity:
    resolution = decimal_upper(lambda: ball(observed / RESOLUTION), 3)
    table = dual_table(duals, resolution if resolution > 0 else 1)
    return empirical_complexity(table, delta=delta, seed=seed)


def _largest_shattered(oscillations: Sequence[int]) -> int:
    """max { k : 2^k ≤ 1 + the k largest counts together } (Lemma 1 on subsets)."""
    total, largest = 0, 0
    for k, cuts in enumerate(sorted(oscillations, reverse=True), start=1):
        total += cuts
        if 1 << k <= total + 1:
            largest = k
    return largest
