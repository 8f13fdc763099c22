"""The lower envelope of value functions over A, by exact comparison.

An envelope is a list of segments that cover A, each with the rational value function of
a cell on an active set. It is lowered by one candidate at a time; where the two agree
identically, what was there first stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from flint import fmpz_poly

from geometry.intervals import Interval, sign_pattern
from geometry.polynomials import sign
from geometry.rational_functions import RationalFunction
from piecewise.objective import CellKey


@dataclass(frozen=True, eq=False)
class Segment:
    """On ``interval`` the value is ``function``, attained by cell ``key`` with active set ``active``.

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
        for segment in self.segments:
            common = segment.interval.meet(interval)
            if common is None:
                continue
            for part, s in sign_pattern(segment.excess(numerator, denominator), common):
                weak = 1 if s >= 0 else -1
                if result and result[-1][1] == weak:
                    result[-1] = (Interval(result[-1][0].lower, part.upper), weak)
                else:
                    result.append((part, weak))
        return result

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
