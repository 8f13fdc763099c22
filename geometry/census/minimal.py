"""Which branches are the global minimum somewhere, from chords with error bands.

Over a chord the value of a branch lies between two affine functions of α. The lower one of a
branch minus the upper one of another is affine, so positive at both ends of an interval J
means positive on J. Hence

- a branch is *minimal* if at the middle of some J it lies strictly below all other curves
  that matter there;
- a branch is *excluded* if some feasible branch lies strictly below it on every J on which
  all branches of the strata with minimal branches are certified. Tubes stop a little before
  an event; in such a sliver nothing is said.

Twins with the same value function (two units exchanged, a reflection) are never told apart:
then the number has only bounds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import inf, nextafter

from geometry.boxes import Interval
from geometry.census.records import Chord, StratumRecord

BINS = 1024
"""Parts of A on which branches far above the minimum are discarded first, about."""

Key = tuple[int, int, int]
"""A branch: the places of its stratum, of its gap and of itself there."""


@dataclass(frozen=True)
class LowestPart:
    """On ``alpha`` only ``candidates`` can be the lowest feasible branch.

    The least value lies within ``error`` below ``start`` and ``end`` at the ends of ``alpha``.
    """

    alpha: Interval
    candidates: tuple[Key, ...]
    start: float
    end: float
    error: float


@dataclass(frozen=True)
class Lowest:
    """The lower envelope of the feasible branches, where they are certified.

    ``minimal`` branches are proved to be lowest somewhere; all that are lowest somewhere
    on ``parts`` are among ``possible``. ``parts`` are increasing, with gaps.
    """

    parts: tuple[LowestPart, ...]
    minimal: frozenset[Key]
    possible: frozenset[Key]

    def numbers(self, stratum: int) -> tuple[int, int]:
        """Bounds for the largest number of branches of one gap that are lowest somewhere."""
        return _most(self.minimal, stratum), _most(self.possible, stratum)


def _most(keys: frozenset[Key], stratum: int) -> int:
    gaps = [gap for s, gap, _ in keys if s == stratum]
    return max((gaps.count(gap) for gap in set(gaps)), default=0)


@dataclass(frozen=True)
class _Band:
    """The two affine functions that a chord lies between."""

    chord: Chord

    @property
    def alpha(self) -> Interval:
        return self.chord.alpha

    @cached_property
    def error(self) -> Fraction:
        return Fraction(self.chord.error or 0)

    @cached_property
    def _line(self) -> tuple[Fraction, Fraction]:
        left, right = self.alpha
        start = Fraction(self.chord.start)
        return start, (Fraction(self.chord.end) - start) / (right - left)

    def lower(self, alpha: Fraction) -> Fraction:
        start, slope = self._line
        return start + slope * (alpha - self.alpha[0]) - self.error

    def upper(self, alpha: Fraction) -> Fraction:
        start, slope = self._line
        return start + slope * (alpha - self.alpha[0]) + self.error

    @property
    def least(self) -> float:
        """A lower bound over all of ``alpha``; one rounding, made good."""
        return nextafter(min(self.chord.start, self.chord.end) - (self.chord.error or 0), -inf)

    @property
    def most(self) -> float:
        """An upper bound over all of ``alpha``."""
        return nextafter(max(self.chord.start, self.chord.end) + (self.chord.error or 0), inf)


@dataclass(frozen=True)
class _Curve:
    key: Key
    feasible: bool | None
    bands: tuple[_Band, ...]
    starts: tuple[Fraction, ...]

    def over(self, alpha: Interval) -> _Band | None:
        """The band that holds an interval; None where there is none."""
        place = bisect_right(self.starts, alpha[0]) - 1
        if place < 0 or self.bands[place].alpha[1] < alpha[1]:
            return None
        return self.bands[place]

    def between(self, span: Interval) -> Sequence[_Band]:
        """The bands that begin or end inside an interval, or hold it."""
        first = max(bisect_right(self.starts, span[0]) - 1, 0)
        return self.bands[first : bisect_left(self.starts, span[1])]


def lowest(records: Sequence[StratumRecord], domain: Interval) -> Lowest:
    """The lower envelope of all feasible branches of ``records``."""
    curves = list(_curves(records))
    ends = _bins_of(curves, domain)
    found = [
        compared
        for span, low in zip(pairwise(ends), _low_curves(curves, ends), strict=True)
        for alpha in _cuts(low, span)
        if (compared := _compared(alpha, low)) is not None
    ]
    minimal = frozenset(winner for _, winner in found if winner is not None)
    certified = [_certified(records[s]) for s in {key[0] for key in minimal}]
    parts = tuple(
        part for part, _ in found if all(_holds(spans, part.alpha) for spans in certified)
    )
    possible = frozenset(key for part in parts for key in part.candidates)
    return Lowest(parts, minimal, possible | minimal)


def _compared(alpha: Interval, curves: Sequence[_Curve]) -> tuple[LowestPart, Key | None] | None:
    """The curves that may be lowest on an interval, and the one that is at its middle."""
    bands = [(curve, band) for curve in curves if (band := curve.over(alpha)) is not None]
    tops = [tuple(map(band.upper, alpha)) for curve, band in bands if curve.feasible]
    if not tops:
        return None
    alive = [
        (curve, band) for curve, band in bands if not _is_above(tuple(map(band.lower, alpha)), tops)
    ]
    start, end = (min(band.upper(at) for curve, band in bands if curve.feasible) for at in alpha)
    below = (
        top - min(band.lower(at) for _, band in alive)
        for at, top in zip(alpha, (start, end), strict=True)
    )
    keys = tuple(curve.key for curve, _ in alive)
    part = LowestPart(alpha, keys, float(start), float(end), float(max(below)))
    return part, _winner(alive, (alpha[0] + alpha[1]) / 2)


def _certified(record: StratumRecord) -> list[Interval]:
    """Where all feasible branches of a stratum are certified, increasing."""
    found = []
    for gap in record.gaps:
        reaches = [
            (branch.curve[0].alpha[0], branch.curve[-1].alpha[1])
            for branch in gap.branches
            if branch.feasible is not False and branch.curve
        ]
        lower = max((reach[0] for reach in reaches), default=gap.alpha[0])
        upper = min((reach[1] for reach in reaches), default=gap.alpha[1])
        found.append((lower, upper))
    return found


def _holds(spans: Sequence[Interval], alpha: Interval) -> bool:
    place = bisect_right(spans, alpha[0], key=lambda span: span[0]) - 1
    return place >= 0 and alpha[1] <= spans[place][1]


def _bins_of(curves: Sequence[_Curve], domain: Interval) -> list[Fraction]:
    """A in bins with about as many ends of bands in each."""
    cuts = sorted(
        {
            end
            for curve in curves
            if curve.feasible
            for band in curve.bands
            for end in band.alpha
            if domain[0] < end < domain[1]
        }
    )
    return [domain[0], *cuts[:: max(1, len(cuts) // BINS)], domain[1]]


def _cuts(curves: Sequence[_Curve], span: Interval) -> Iterator[Interval]:
    """``span`` cut where a band of a curve begins or ends."""
    inner = {
        end
        for curve in curves
        for band in curve.between(span)
        for end in band.alpha
        if span[0] < end < span[1]
    }
    return pairwise([span[0], *sorted(inner), span[1]])


def _is_above(ends: tuple[Fraction, ...], tops: Sequence[tuple[Fraction, ...]]) -> bool:
    return any(all(a > b for a, b in zip(ends, top, strict=True)) for top in tops)


def _winner(bands: Sequence[tuple[_Curve, _Band]], alpha: Fraction) -> Key | None:
    """The feasible branch strictly below all others at one α."""
    curve, band = min(bands, key=lambda entry: entry[1].upper(alpha))
    top = band.upper(alpha)
    others = (other for which, other in bands if which is not curve)
    if curve.feasible and all(other.lower(alpha) > top for other in others):
        return curve.key
    return None


def _curves(records: Sequence[StratumRecord]) -> Iterator[_Curve]:
    for s, record in enumerate(records):
        for g, gap in enumerate(record.gaps):
            for b, branch in enumerate(gap.branches):
                if branch.feasible is not False and branch.curve:
                    bands = tuple(map(_Band, branch.curve))
                    starts = tuple(band.alpha[0] for band in bands)
                    yield _Curve((s, g, b), branch.feasible, bands, starts)


def _low_curves(curves: Sequence[_Curve], ends: Sequence[Fraction]) -> list[list[_Curve]]:
    """For every bin the curves that are not above a feasible one by more than their variation."""
    edges = [float(end) for end in ends]
    touched = [[(band, _bins(band.alpha, edges)) for band in curve.bands] for curve in curves]
    tops = [inf] * (len(ends) - 1)
    for curve, bands in zip(curves, touched, strict=True):
        if not curve.feasible:
            continue
        # Bins inside the reach of the curve, whose bands adjoin.
        first = bisect_left(ends, curve.bands[0].alpha[0])
        last = bisect_right(ends, curve.bands[-1].alpha[1]) - 1
        own = [-inf] * len(tops)
        for band, bins in bands:
            for k in bins:
                own[k] = max(own[k], band.most)
        for k in range(first, last):
            tops[k] = min(tops[k], own[k])
    low: list[list[_Curve]] = [[] for _ in tops]
    for curve, bands in zip(curves, touched, strict=True):
        for k in sorted({k for band, bins in bands for k in bins if band.least <= tops[k]}):
            low[k].append(curve)
    return low


def _bins(alpha: Interval, edges: Sequence[float]) -> range:
    """The bins that an interval touches, up to rounding: those just beside it too."""
    first = bisect_left(edges, nextafter(float(alpha[0]), -inf)) - 1
    last = bisect_right(edges, nextafter(float(alpha[1]), inf))
    return range(max(first, 0), min(last, len(edges) - 1))
