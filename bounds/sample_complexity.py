"""Generalisation gaps and sample complexity with explicit constants.

For duals with range [0, H], Rademacher complexity R and m i.i.d. instances, with
probability ≥ 1−δ

    sup_α |mean_i ℓ*_{x_i}(α) − E ℓ*_x(α)| ≤ 2R + H·√(ln(2/δ)/(2m)),

and R ≤ H·√(2 ln P/m) whenever, for every threshold, the m indicators take at most P
patterns. P comes from one of two routes:

- oscillations (Lemma 4): P = mB + 1;
- pseudo-dimension D (Sauer): P = min(2^m, (em/D)^D).

Every number is rounded upwards. Both gaps are non-increasing in m, so the inverse
question (m from ε) is answered by bisection with certified comparisons. Empirical risk
minimisation over α is within twice the gap of the best α.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import e, log, sqrt

from flint import arb

from bounds.balls import ball, decimal_upper, proved_at_most
from bounds.errors import BoundsError, count, positive, probability
from bounds.thresholds import smallest

MOST_INSTANCES = 1 << 200
"""Sample sizes beyond this are refused."""


@dataclass(frozen=True)
class Patterns:
    """How many patterns m indicators take, as a function of m.

    Exactly one of the two numbers is given: ``oscillations`` B (Lemma 4) or
    ``dimension`` D (Sauer).
    """

    oscillations: int | None = None
    dimension: int | None = None

    def __post_init__(self) -> None:
        if (self.oscillations is None) == (self.dimension is None):
            raise BoundsError("give either oscillations or dimension, not both")
        for name in ("oscillations", "dimension"):
            if getattr(self, name) is not None:
                count(name, getattr(self, name))

    def log_patterns(self, m: int) -> arb:
        """A ball around ln P at the working precision."""
        if self.oscillations is not None:
            return ball(m * self.oscillations + 1).log()
        d = self.dimension or 0
        if d == 0:
            return ball(0)
        # below m = D all 2^m patterns may occur; (em/D)^D < 2^m only from some m > D on
        everything = ball(m) * arb(2).log()
        return everything.min(ball(d) * (1 + (ball(m) / ball(d)).log())) if m > d else everything


@dataclass(frozen=True)
class Gap:
    """An upper bound on the uniform deviation of m instances, and its two terms."""

    rademacher: Fraction
    """Upper bound on the Rademacher complexity."""
    confidence: Fraction
    """H·√(ln(2/δ)/(2m))."""

    @property
    def deviation(self) -> Fraction:
        """2·rademacher + confidence."""
        return 2 * self.rademacher + self.confidence

    @property
    def excess_risk(self) -> Fraction:
        """Twice the deviation: empirical risk minimisation against the best α."""
        return 2 * self.deviation


def massart(patterns: int, instances: int, value_range: object = 1) -> Fraction:
    """H·√(2 ln P/m): the Rademacher complexity of duals with P patterns per threshold.

    Massart's finite-class lemma for each threshold, integrated over [0, H]. With the
    exact P of a sample it bounds the empirical Rademacher complexity of that sample.
    """
    p, m = count("patterns", patterns, 1), count("instances", instances, 1)
    h = positive("value_range", value_range)
    return decimal_upper(lambda: ball(h) * (2 * ball(p).log() / ball(m)).sqrt())


def generalisation_gap(
    patterns: Patterns, instances: int, delta: object, value_range: object = 1
) -> Gap:
    """The bound on the uniform deviation of ``instances`` i.i.d. instances (Lemma 4).

    Args:
        patterns: the oscillations or the pseudo-dimension of the dual class.
        instances: m ≥ 1.
        delta: failure probability, in (0, 1).
        value_range: H > 0, the duals take values in an interval of this length.

    Raises:
        BoundsError: an argument outside its range.
    """
    m = count("instances", instances, 1)
    d, h = probability("delta", delta), positive("value_range", value_range)
    return Gap(
        decimal_upper(lambda: ball(h) * _complexity(patterns, m)),
        decimal_upper(lambda: ball(h) * _confidence(m, d)),
    )


def instances_needed(
    patterns: Patterns, epsilon: object, delta: object, value_range: object = 1
) -> int:
    """The smallest m for which the uniform deviation is proved to be ≤ ε.

    From this m on every larger sample does as well. For empirical risk minimisation
    within ε of the best α ask for ε/2.

    Raises:
        BoundsError: an argument outside its range, or m beyond 2^200.
    """
    eps, d = positive("epsilon", epsilon), probability("delta", delta)
    h = positive("value_range", value_range)

    def enough(m: int) -> bool:
        return proved_at_most(lambda: 2 * _complexity(patterns, m) + _confidence(m, d), eps / h)

    complaint = "more than 2^200 instances would be needed; enlarge epsilon"
    return smallest(enough, _estimate(patterns, eps / h, d), MOST_INSTANCES, complaint)


def _estimate(patterns: Patterns, epsilon: Fraction, delta: Fraction) -> int:
    """A floating-point solution of deviation = ε, by fixed-point iteration; only a guess."""
    target = float(min(max(epsilon, Fraction(1, 10**60)), Fraction(10**6)))
    confidence = sqrt((log(2 * delta.denominator) - log(delta.numerator)) / 2)
    dimension = float(min(patterns.dimension or 0, 10**100))
    m = 1.0
    for _ in range(20):
        if patterns.oscillations is not None:
            log_patterns = log(patterns.oscillations + 1) + log(m)
        else:
            log_patterns = dimension * log(max(2.0, e * m / max(1.0, dimension)))
        m = max(1.0, ((2 * sqrt(2 * log_patterns) + confidence) / target) ** 2)
    return int(m)


def sample_gap(
    rademacher: object, instances: int, delta: object, value_range: object = 1
) -> Fraction:
    """2·R_S + 3H·√(ln(3/δ)/(2m)): the deviation from the empirical complexity R_S.

    McDiarmid three times at δ/3: for R_S against its mean, and for the deviation with
    either sign.

    Raises:
        BoundsError: an argument outside its range.
    """
    m, d = count("instances", instances, 1), probability("delta", delta)
    h = positive("value_range", value_range)
    r = positive("rademacher", rademacher) if rademacher != 0 else Fraction(0)
    spread = decimal_upper(lambda: 3 * ball(h) * ((ball(3 / d)).log() / ball(2 * m)).sqrt())
    return 2 * r + spread


def _complexity(patterns: Patterns, m: int) -> arb:
    return (2 * patterns.log_patterns(m) / ball(m)).sqrt()


def _confidence(m: int, delta: Fraction) -> arb:
    return (ball(2 / delta).log() / ball(2 * m)).sqrt()
