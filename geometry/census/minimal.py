"""Which branches are the global minimum somewhere, from enclosures of their values.

Over a piece [α₀, α₁] of its curve a branch has

    v(α) ∈ v(α₀) + V′·(α − α₀)   and   v(α) ∈ v(α₁) − V′·(α₁ − α):

a *cone* from the left, used on the left half, and one from the right. Two cones are compared
on an interval J by their values at its ends: the lower bound of one minus the upper bound
of the other is affine in α, so positive at both ends means positive on J. Hence, on the
part of A where curves are certified,

- a branch is *excluded* if on every J some feasible branch lies strictly below it;
- a branch is *minimal* if at the middle of some J it lies strictly below all others that
  matter there.

Twins with the same value function (two units exchanged, a reflection) are never told apart:
then the number has only bounds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import inf

from geometry.boxes import Interval
from geometry.census.records import Enclosure, StratumRecord, ValuePiece

BINS = 256
"""Parts of A on which branches far above the minimum are discarded first."""

Key = tuple[int, int, int]
"""A branch: the places of its stratum, of its gap and of itself there."""


@dataclass(frozen=True)
class LowestPart:
    """On ``alpha`` only ``candidates`` can be the lowest feasible branch.

    ``start`` and ``end`` enclose the least value at the ends of ``alpha``, up to rounding.
    """

    alpha: Interval
    candidates: tuple[Key, ...]
    start: Enclosure
    end: Enclosure


@dataclass(frozen=True)
class Lowest:
    """The lower envelope of the feasible branches, where they are certified.

    ``minimal`` branches are proved to be lowest somewhere; all that are lowest somewhere
    on ``parts`` are among ``possible``.
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
class _Cone:
    """v over ``alpha`` within ends affine in α, seen from the apex at ``origin``."""

    alpha: Interval
    origin: Fraction
    apex: tuple[Fraction, Fraction]
    slopes: tuple[Fraction, Fraction]
    least: float
    """A lower bound over all of ``alpha``."""
    most: float

    def lower(self, alpha: Fraction) -> Fraction:
        slope = self.slopes[0] if alpha >= self.origin else self.slopes[1]
        return self.apex[0] + slope * (alpha - self.origin)

    def upper(self, alpha: Fraction) -> Fraction:
        slope = self.slopes[1] if alpha >= self.origin else self.slopes[0]
        return self.apex[1] + slope * (alpha - self.origin)


def _cones(piece: ValuePiece) -> Iterator[_Cone]:
    left, right = piece.alpha
    middle = (left + right) / 2
    least, most = piece.over
    if piece.slope is None:
        flat = (Fraction(least), Fraction(most))
        yield _Cone(piece.alpha, left, flat, (Fraction(0), Fraction(0)), least, most)
        return
    slopes = (Fraction(piece.slope[0]), Fraction(piece.slope[1]))
    for alpha, origin, apex in (
        ((left, middle), left, piece.start),
        ((middle, right), right, piece.end),
    ):
        yield _Cone(alpha, origin, (Fraction(apex[0]), Fraction(apex[1])), slopes, least, most)


@dataclass(frozen=True)
class _Curve:
    key: Key
    feasible: bool | None
    cones: tuple[_Cone, ...]
    starts: tuple[Fraction, ...]

    def over(self, alpha: Interval) -> _Cone | None:
        """The cone that holds an interval; None where there is none."""
        place = bisect_right(self.starts, alpha[0]) - 1
        if place < 0 or self.cones[place].alpha[1] < alpha[1]:
            return None
        return self.cones[place]

    def between(self, span: Interval) -> Sequence[_Cone]:
        """The cones that begin or end inside an interval, or hold it."""
        first = max(bisect_right(self.starts, span[0]) - 1, 0)
        return self.cones[first : bisect_left(self.starts, span[1])]


def lowest(records: Sequence[StratumRecord], domain: Interval) -> Lowest:
    """The lower envelope of all feasible branches of ``records``."""
    lower, upper = domain
    ends = [lower + (upper - lower) * k / BINS for k in range(BINS + 1)]
    parts, minimal, possible = list[LowestPart](), set[Key](), set[Key]()
    for span, curves in zip(pairwise(ends), _low_curves(list(_curves(records)), ends), strict=True):
        for alpha in _cuts(curves, span):
            cones = [(curve, cone) for curve in curves if (cone := curve.over(alpha)) is not None]
            tops = [tuple(map(cone.upper, alpha)) for curve, cone in cones if curve.feasible]
            if not tops:
                continue
            alive = [
                (curve, cone)
                for curve, cone in cones
                if not _is_above(tuple(map(cone.lower, alpha)), tops)
            ]
            possible |= {curve.key for curve, _ in alive}
            winner = _winner(alive, (alpha[0] + alpha[1]) / 2)
            minimal |= set() if winner is None else {winner}
            start, end = (
                (float(min(c.lower(at) for _, c in alive)), float(min(top[k] for top in tops)))
                for k, at in enumerate(alpha)
            )
            parts.append(LowestPart(alpha, tuple(curve.key for curve, _ in alive), start, end))
    return Lowest(tuple(parts), frozenset(minimal), frozenset(possible))


def _cuts(curves: Sequence[_Curve], span: Interval) -> Iterator[Interval]:
    """``span`` cut where a cone of a curve begins or ends."""
    inner = {
        end
        for curve in curves
        for cone in curve.between(span)
        for end in cone.alpha
        if span[0] < end < span[1]
    }
    return pairwise([span[0], *sorted(inner), span[1]])


def _is_above(ends: tuple[Fraction, ...], tops: Sequence[tuple[Fraction, ...]]) -> bool:
    return any(all(a > b for a, b in zip(ends, top, strict=True)) for top in tops)


def _winner(cones: Sequence[tuple[_Curve, _Cone]], alpha: Fraction) -> Key | None:
    """The feasible branch strictly below all others at one α."""
    curve, cone = min(cones, key=lambda entry: entry[1].upper(alpha))
    top = cone.upper(alpha)
    others = (other for which, other in cones if which is not curve)
    if curve.feasible and all(other.lower(alpha) > top for other in others):
        return curve.key
    return None


def _curves(records: Sequence[StratumRecord]) -> Iterator[_Curve]:
    for s, record in enumerate(records):
        for g, gap in enumerate(record.gaps):
            for b, branch in enumerate(gap.branches):
                if branch.feasible is not False and branch.curve:
                    cones = tuple(cone for piece in branch.curve for cone in _cones(piece))
                    starts = tuple(cone.alpha[0] for cone in cones)
                    yield _Curve((s, g, b), branch.feasible, cones, starts)


def _low_curves(curves: Sequence[_Curve], ends: Sequence[Fraction]) -> list[list[_Curve]]:
    """For every bin the curves that are not above a feasible one by more than their variation."""
    tops = [inf] * (len(ends) - 1)
    for curve in curves:
        first, last = curve.cones[0].alpha[0], curve.cones[-1].alpha[1]
        own = [-inf] * len(tops)
        for cone in curve.cones if curve.feasible else ():
            for k in _bins(cone.alpha, ends):
                own[k] = max(own[k], cone.most)
        for k, top in enumerate(own):
            if top > -inf and first <= ends[k] and ends[k + 1] <= last:
                tops[k] = min(tops[k], top)
    low: list[list[_Curve]] = [[] for _ in tops]
    for curve in curves:
        for k in {
            k for cone in curve.cones for k in _bins(cone.alpha, ends) if cone.least <= tops[k]
        }:
            low[k].append(curve)
    return low


def _bins(alpha: Interval, ends: Sequence[Fraction]) -> range:
    """The bins that an interval touches."""
    first = max(bisect_right(ends, alpha[0]) - 1, 0)
    return range(first, min(max(bisect_left(ends, alpha[1]), first + 1), len(ends) - 1))
