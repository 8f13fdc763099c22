"""Branch counts of many strata as one step function of α.

Between the moments of all strata the counts are constant; at each such *step* one α without
special meaning, inside a gap of every counted stratum, is asked of every record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from geometry.boxes import Interval
from geometry.census.records import StratumRecord
from geometry.verdicts import Verdict


@dataclass(frozen=True)
class Step:
    """Counts over an open interval of α, summed over strata.

    ``open`` strata are those whose number of branches there is not known.
    """

    alpha: Interval
    real: int
    feasible: int
    open: int
    verdict: Verdict


@dataclass(frozen=True)
class StepFunction:
    """Steps, increasing in α; neighbours with equal counts are one step."""

    steps: tuple[Step, ...]

    @property
    def most_real(self) -> Step:
        """The first step with most real branches."""
        return max(self.steps, key=lambda step: step.real)

    @property
    def most_feasible(self) -> Step:
        """The first step with most feasible branches."""
        return max(self.steps, key=lambda step: step.feasible)

    def at(self, alpha: Fraction) -> Step | None:
        """The step that holds ``alpha``; None at a moment."""
        for step in self.steps:
            if step.alpha[0] < alpha < step.alpha[1]:
                return step
        return None


def step_function(records: Sequence[StratumRecord], domain: Interval) -> StepFunction:
    """The sum of the counts of all records over A."""
    counted = [record for record in records if record.is_counted]
    found: list[Step] = []
    for interval in between(_moments(counted, domain), domain):
        step = _step(counted, interval)
        if found and _counts(found[-1]) == _counts(step):
            last = found.pop()
            verdict = Verdict.weakest((last.verdict, step.verdict))
            alpha = (last.alpha[0], step.alpha[1])
            step = Step(alpha, step.real, step.feasible, step.open, verdict)
        found.append(step)
    return StepFunction(tuple(found))


def between(moments: Iterable[Interval], domain: Interval) -> list[Interval]:
    """The open intervals that closed ``moments``, sorted by their lower ends, leave of A."""
    found, start = [], domain[0]
    for lower, upper in moments:
        if lower > start:
            found.append((start, lower))
        start = max(start, upper)
    if start < domain[1]:
        found.append((start, domain[1]))
    return found


def _moments(records: Sequence[StratumRecord], domain: Interval) -> list[Interval]:
    """Where counts of some record may change, or are not known."""
    found = set[Interval]()
    for record in records:
        ends = [domain[0], *(end for gap in record.gaps for end in gap.alpha), domain[1]]
        found |= set(zip(ends[::2], ends[1::2], strict=True))
    return sorted(found)


def _step(records: Sequence[StratumRecord], alpha: Interval) -> Step:
    middle = (alpha[0] + alpha[1]) / 2
    real = feasible = unknown = 0
    verdicts = []
    for record in records:
        gap = record.gap_around(middle)
        if gap is None or gap.verdict is Verdict.UNRESOLVED:
            unknown += 1
        if gap is not None:
            real += gap.real
            feasible += gap.feasible
            verdicts.append(gap.verdict)
    verdict = Verdict.UNRESOLVED if unknown else Verdict.weakest(verdicts)
    return Step(alpha, real, feasible, unknown, verdict)


def _counts(step: Step) -> tuple[int, int, int]:
    return step.real, step.feasible, step.open
