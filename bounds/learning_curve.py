"""The generalisation theorem beside what it bounds, on a distribution that is known in full.

The distribution D is uniform on finitely many instances with exact duals, so that the
expectation E ℓ*_x(α) is a finite mean and nothing is estimated. From m independent draws:

- α̂_m, the certified minimiser of the sample mean, its value there and in expectation;
- the deviation sup_α |mean_S ℓ*(α) − E ℓ*(α)|, enclosed over all of A;
- the bounds above it: from this sample, and from a number of oscillations (Lemma 4).

The bounds hold with probability 1−δ over the draw; the quantile of the deviation over many
draws says how far from it they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import numpy.typing as npt
from flint import fmpq

from bounds.dual_rows import value_at
from bounds.enclosures import Enclosure
from bounds.erm import MeanMinimum, minimise_mean, uniform_deviation
from bounds.errors import BoundsError, count, probability
from bounds.grid_tables import equal_parts, grid_table
from bounds.levels import level_profile
from bounds.patterns import Arc, ArcDual
from bounds.rademacher import empirical_complexity
from bounds.sample_complexity import Patterns, generalisation_gap, sample_gap
from geometry.algebraic import RealAlgebraic
from piecewise.exact import to_fraction

PARTS = 256
"""Equal parts of A for measurements and for the complexity of a sample."""

VALUE_WIDTH = fmpq(1, 1 << 40)
"""Width of the enclosures of expectations."""


@dataclass(frozen=True, eq=False)
class Step:
    """What m draws give."""

    size: int
    """m."""
    minimum: MeanMinimum
    """α̂_m and the sample mean there."""
    expected: Enclosure
    """E ℓ*(α̂_m)."""
    deviation: Enclosure
    """sup_α |mean_S − E|."""
    from_sample: Fraction
    """Bound on the deviation from the duals of the sample alone, given H."""

    @property
    def gap(self) -> Enclosure:
        """E ℓ*(α̂_m) − mean_S ℓ*(α̂_m)."""
        mean = self.minimum.value
        return Enclosure(self.expected.lower - mean.upper, self.expected.upper - mean.lower)


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """All steps of one sequence of draws, nested, with the constants of the distribution."""

    steps: tuple[Step, ...]
    best: MeanMinimum
    """The minimum of the expectation."""
    value_range: Fraction
    """H: all duals of the distribution take values in an interval of this length."""
    oscillations: int
    """The largest B(ℓ*) of the distribution."""
    instances: int
    """How many instances the distribution has."""
    delta: Fraction
    seed: int

    def bound(self, size: int, oscillations: int | None = None) -> Fraction:
        """Lemma 4 for m = ``size``, with the exact number of oscillations or a given one."""
        cuts = self.oscillations if oscillations is None else oscillations
        patterns = Patterns(oscillations=cuts)
        return generalisation_gap(patterns, size, self.delta, self.value_range).deviation


def learning_curve(
    duals: Sequence[ArcDual],
    oscillations: Sequence[int],
    sizes: Sequence[int],
    *,
    delta: object = "0.05",
    seed: int = 0,
    progress: Callable[[str, int, int | None], None] = lambda stage, done, total: None,
) -> LearningCurve:
    """The steps for every m in ``sizes``, from one sequence of draws with replacement.

    Args:
        duals: the instances of the distribution, on one interval.
        oscillations: B(ℓ*) of each.
        sizes: sample sizes, increasing.
        delta: failure probability of every bound.
        seed: the draws are a function of it.
        progress: told how many sizes are done.

    Raises:
        BoundsError: no dual, duals that are one constant, sizes that do not increase, or δ
            outside (0, 1).
    """
    failure = probability("delta", delta)
    if not duals or len(duals) != len(oscillations):
        raise BoundsError(f"{len(duals)} duals need as many oscillation counts, at least one")
    if not sizes:
        raise BoundsError("sizes: give at least one")
    count("sizes", sizes[0], 1)
    for before, m in pairwise(sizes):
        if m <= before:
            raise BoundsError(f"sizes: {m} does not exceed {before} before it")
    random = Random(seed)
    drawn = [random.randrange(len(duals)) for _ in range(sizes[-1])]
    spread = level_profile(duals).spread
    if not spread:
        raise BoundsError("duals: all are one constant; there is nothing to tune")
    steps = []
    for done, m in enumerate(sizes):
        progress("sizes", done, len(sizes))
        sample = [duals[i] for i in drawn[:m]]
        minimum = minimise_mean(sample)
        steps.append(
            Step(
                m,
                minimum,
                expectation(duals, minimum.alpha),
                uniform_deviation(sample, duals),
                _from_sample(sample, spread, failure, seed),
            )
        )
    return LearningCurve(
        tuple(steps), minimise_mean(duals), spread, max(oscillations), len(duals), failure, seed
    )


def expectation(duals: Sequence[ArcDual], alpha: RealAlgebraic) -> Enclosure:
    """The mean of the duals at a real algebraic α."""
    values = [value_at(dual, alpha, VALUE_WIDTH) for dual in duals]
    lower = sum((low for low, _ in values), fmpq(0)) / len(values)
    upper = sum((high for _, high in values), fmpq(0)) / len(values)
    return Enclosure(to_fraction(lower), to_fraction(upper))


def deviation_quantiles(
    duals: Sequence[ArcDual], sizes: Sequence[int], *, delta: float, draws: int, seed: int = 0
) -> npt.NDArray[np.float64]:
    """Median and (1−δ)-quantile of the deviation over ``draws`` samples of each size, measured.

    The supremum is taken over ``PARTS`` + 1 equally spaced hyperparameters, in floating point:
    a measurement, not a proof. Shape (len(sizes), 2).

    Raises:
        BoundsError: no dual, duals on different intervals, or an interval with irrational ends.
    """
    table = rounded_values(duals)
    expected = table.mean(axis=0)
    generator = np.random.default_rng(seed)
    share = np.full(len(duals), 1 / len(duals))
    found = []
    for m in sizes:
        counts = generator.multinomial(m, share, size=draws)
        gaps = np.abs(counts @ table / m - expected).max(axis=1)
        found.append(np.quantile(gaps, [0.5, 1 - delta]))
    return np.array(found)


def rounded_values(duals: Sequence[ArcDual]) -> npt.NDArray[np.float64]:
    """ℓ*_i at the ends of ``PARTS`` equal parts of A, rounded, shape (instances, PARTS + 1)."""
    grid = equal_parts(duals, PARTS)
    return np.array([_row(dual.arcs, grid) for dual in duals])


def _row(arcs: Sequence[Arc], grid: Sequence[fmpq]) -> list[float]:
    """Values at increasing places; at the common end of two arcs that of the second."""
    values, k = [], 0
    for alpha in grid:
        while k + 1 < len(arcs) and arcs[k].interval.upper.compare_rational(alpha) <= 0:
            k += 1
        value = arcs[k].function(alpha)
        values.append(int(value.p) / int(value.q))
    return values


def _from_sample(
    sample: Sequence[ArcDual], value_range: Fraction, delta: Fraction, seed: int
) -> Fraction:
    """2R + 3H·√(ln(3/δ′)/(2m)) with the empirical complexity of the sample.

    Where R_S is estimated from drawn signs, half of δ is theirs.
    """
    found = empirical_complexity(grid_table(sample, PARTS), delta=delta / 2, seed=seed)
    rest = delta if found.delta is None else delta / 2
    best = min(found.upper, level_profile(sample).complexity())
    return sample_gap(best, len(sample), rest, value_range)
