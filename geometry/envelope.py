"""The lower envelope of value functions over A, by exact comparison.

An envelope is a list of segments that cover A, each with the rational value function of
a cell on an active set. It is lowered by one candidate at a time; where the two agree
identically, what was there first stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import fmpq, fmpz_poly

from geometry.intervals import Interval, is_positive, sign_pattern
from geometry.polynomials import sign
from geometry.rational_functions import RationalFunction, short_above
from piecewise.objective import CellKey

CEILING_SLACK = 1024
"""A ceiling exceeds the sampled values by this fraction of their size and spread at first."""


@dataclass(frozen=True, eq=False)
class Segment:
    """On ``interval`` the value is ``function``, attained by a cell with an active set.

    The stationary point of that stratum is feasible on the whole closed interval.
    """

    interval: Interval
    function: RationalFunction
    key: CellKey
    active: tuple[str, ...]

    @cached_property
    def oriented(self) -> tuple[fmpz_poly, fmpz_poly]:
        """(numerator, denominator) with the denominator positive on the interval."""
        n, d = self.function.numerator, self.function.denominator
        return (n, d) if sign(d(self.interval.sample())) > 0 else (-n, -d)

    def excess(self, numerator: fmpz_poly, denominator: fmpz_poly) -> fmpz_poly:
        """A polynomial with the sign of numerator/denominator − value (denominator ≥ 0)."""
        own_numerator, own_denominator = self.oriented
        return numerator * own_denominator - own_numerator * denominator

    @cached_property
    def ceiling(self) -> fmpq:
        """A rational number that is proved to be ≥ the value on the interval."""
        numerator, denominator = self.oriented
        lower, upper = self.interval.lower, self.interval.upper
        alphas = [lower.upper, self.interval.sample(), upper.lower]
        values = [self.function(alpha) for alpha in alphas if denominator(alpha) > 0]
        margin = (max(values) - min(values) + abs(max(values)) + 1) / CEILING_SLACK
        while True:
            ceiling = short_above(max(values) + margin, margin)
            # Decided exactly: complex roots near the interval defeat a sufficient test for ever.
            excess = ceiling.p * denominator - ceiling.q * numerator
            if all(s >= 0 for _, s in sign_pattern(excess, self.interval)):
                return ceiling
            margin *= 8

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without what is derived (flint polynomials do not pickle)."""
        return Segment, (self.interval, self.function, self.key, self.active)

    def on(self, interval: Interval) -> Segment:
        """The same stratum on a smaller interval."""
        return Segment(interval, self.function, self.key, self.active)


@dataclass(frozen=True)
class Envelope:
    """Segments in increasing order; they cover A, or nothing yet."""

    segments: tuple[Segment, ...] = ()

    def comparison(
        self, numerator: fmpz_poly, denominator: fmpz_poly, interval: Interval
    ) -> list[tuple[Interval, int]]:
        """Maximal intervals where numerator/denominator − envelope is ≥ 0 (sign 1) or < 0 (−1).

        The denominator is ≥ 0. An empty envelope is +∞.
        """
        if not self.segments:
            return [(interval, -1)]
        result: list[tuple[Interval, int]] = []
        for part, s in self._signs(self.segments, numerator, denominator, interval):
            weak = 1 if s >= 0 else -1
            if result and result[-1][1] == weak:
                result[-1] = (Interval(result[-1][0].lower, part.upper), weak)
            else:
                result.append((part, weak))
        return result

    def _signs(
        self,
        segments: tuple[Segment, ...],
        numerator: fmpz_poly,
        denominator: fmpz_poly,
        interval: Interval,
    ) -> Iterator[tuple[Interval, int]]:
        """Signs against ``segments``; most functions are above one ceiling of many segments."""
        common = Interval(segments[0].interval.lower, segments[-1].interval.upper).meet(interval)
        if common is None:
            return
        ceiling = max(segment.ceiling for segment in segments)
        if is_positive(ceiling.q * numerator - ceiling.p * denominator, common):
            yield common, 1
        elif len(segments) == 1:
            yield from sign_pattern(segments[0].excess(numerator, denominator), common)
        else:
            middle = len(segments) // 2
            yield from self._signs(segments[:middle], numerator, denominator, interval)
            yield from self._signs(segments[middle:], numerator, denominator, interval)

    def lowered(self, candidates: Iterable[Segment]) -> Envelope:
        """The minimum with the candidates; the first of equal functions is kept."""
        segments = self.segments
        for candidate in candidates:
            segments = _lower(segments, candidate)
        return Envelope(segments)


def _lower(segments: tuple[Segment, ...], candidate: Segment) -> tuple[Segment, ...]:
    result: list[Segment] = []
    numerator, denominator = candidate.oriented
    for segment in segments:
        common = segment.interval.meet(candidate.interval)
        if common is None:
            result.append(segment)
            continue
        parts = [
            (part, candidate if s < 0 else segment)
            for part, s in sign_pattern(segment.excess(numerator, denominator), common)
        ]
        parts = [(outer, segment) for outer in segment.interval.minus([common])] + parts
        for part, source in sorted(parts, key=lambda entry: entry[0].lower):
            result.append(source.on(part))
    covered = [segment.interval for segment in segments]
    result += [candidate.on(gap) for gap in candidate.interval.minus(covered)]
    return tuple(_joined(sorted(result, key=lambda segment: segment.interval.lower)))


def _joined(segments: Iterable[Segment]) -> list[Segment]:
    """Neighbouring segments of one stratum become one."""
    joined: list[Segment] = []
    for segment in segments:
        last = joined[-1] if joined else None
        if (
            last is not None
            and (last.key, last.active) == (segment.key, segment.active)
            and last.interval.upper == segment.interval.lower
        ):
            joined[-1] = last.on(Interval(last.interval.lower, segment.interval.upper))
        else:
            joined.append(segment)
    return joined
