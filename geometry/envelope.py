"""The lower envelope of value functions over A, by exact comparison.

An envelope is a list of segments that cover A, each with the rational value function of
a cell on an active set. It is lowered by one candidate at a time; where the two agree
identically, what was there first stays.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import fmpz_poly

from geometry.intervals import Interval, is_positive, sign_pattern
from geometry.polynomials import sign
from geometry.rational_functions import RationalFunction
from piecewise.objective import CellKey


@dataclass(frozen=True, eq=False)
class Segment:
    """On ``interval`` the value is ``function``, attained by a cell with an active set.

    The stationary point of that stratum is feasible on the whole closed interval. ``above``
    is α ↦ f(α, w) for a fixed w of the cell: an upper bound of ℓ* on all of A that is close
    where w was optimal.
    """

    interval: Interval
    function: RationalFunction
    key: CellKey
    active: tuple[str, ...]
    above: RationalFunction

    @cached_property
    def oriented(self) -> tuple[fmpz_poly, fmpz_poly]:
        """(numerator, denominator) with the denominator positive on the interval."""
        n, d = self.function.numerator, self.function.denominator
        return (n, d) if sign(d(self.interval.sample())) > 0 else (-n, -d)

    def __str__(self) -> str:
        where = f"active {', '.join(self.active)}" if self.active else "interior"
        return f"cell {self.key.cells}, {where}"

    def excess(self, numerator: fmpz_poly, denominator: fmpz_poly) -> fmpz_poly:
        """A polynomial with the sign of numerator/denominator − value (denominator ≥ 0)."""
        own_numerator, own_denominator = self.oriented
        return numerator * own_denominator - own_numerator * denominator

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without what is derived (flint polynomials do not pickle)."""
        return Segment, (self.interval, self.function, self.key, self.active, self.above)

    def on(self, interval: Interval) -> Segment:
        """The same stratum on a smaller interval."""
        return Segment(interval, self.function, self.key, self.active, self.above)


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
        """Signs against ``segments``; one upper bound often settles many segments at once.

        All improvements of a cell enter the envelope together, so f(α, w) for any w of a
        cell that is in it is nowhere below it.
        """
        common = Interval(segments[0].interval.lower, segments[-1].interval.upper).meet(interval)
        if common is None:
            return
        middle = len(segments) // 2
        above = segments[middle].above
        if len(segments) == 1:
            yield from sign_pattern(segments[0].excess(numerator, denominator), common)
        elif is_positive(numerator * above.denominator - above.numerator * denominator, common):
            yield common, 1
        else:
            yield from self._signs(segments[:middle], numerator, denominator, interval)
            yield from self._signs(segments[middle:], numerator, denominator, interval)

    def lowered(self, candidates: Iterable[Segment]) -> Envelope:
        """The minimum with the candidates; the first of equal functions is kept."""
        segments = self.segments
        for candidate in candidates:
            segments = _lower(segments, candidate)
        return Envelope(segments)


def _lower(segments: tuple[Segment, ...], candidate: Segment) -> tuple[Segment, ...]:
    within = candidate.interval
    first = bisect_right(segments, within.lower, key=lambda segment: segment.interval.upper)
    last = bisect_left(segments, within.upper, key=lambda segment: segment.interval.lower)
    touched = segments[first:last]
    numerator, denominator = candidate.oriented
    result = [candidate.on(gap) for gap in within.minus([s.interval for s in touched])]
    for segment in touched:
        common = segment.interval.meet(within)
        if common is None:
            raise ValueError("segments are not in order")
        result += [segment.on(outer) for outer in segment.interval.minus([common])]
        for part, s in sign_pattern(segment.excess(numerator, denominator), common):
            result.append((candidate if s < 0 else segment).on(part))
    result.sort(key=lambda segment: segment.interval.lower)
    # A neighbour outside may be the candidate's own stratum.
    start, end = max(first - 1, 0), last + 1
    return (
        *segments[:start],
        *_joined((*segments[start:first], *result, *segments[last:end])),
        *segments[end:],
    )


def _joined(segments: Iterable[Segment]) -> list[Segment]:
    """Neighbouring segments of one stratum with one value become one."""
    joined: list[Segment] = []
    for segment in segments:
        last = joined[-1] if joined else None
        if (
            last is not None
            and (last.key, last.active) == (segment.key, segment.active)
            and last.function == segment.function
            and last.interval.upper == segment.interval.lower
        ):
            joined[-1] = last.on(Interval(last.interval.lower, segment.interval.upper))
        else:
            joined.append(segment)
    return joined
