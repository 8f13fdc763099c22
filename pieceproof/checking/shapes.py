"""The shape of ℓ* from its pieces and points: monotone runs, extrema, minimum, oscillations.

Between the roots of odd multiplicity of P'Q − PQ' a piece is strictly monotone; a piece
with P'Q = PQ' is constant. *Points* are the values of ℓ* at the ends of A and between pieces;
ℓ* may jump there. A local extremum is a maximal set on which ℓ* is constant (a point, or a
plateau, with or without its ends) such that ℓ* is greater, or smaller, right beside it on every
side that A has. A constant ℓ* has one minimum and one maximum.

**Oscillations.** Written out in order, ℓ* is a list of entries: the points, and both ends of
every run, where a limit v from below is written v⁻. Between two neighbouring entries x, y
the indicator 1[ℓ* >= τ] has a cut if min(x, y) < τ <= max(x, y) and none otherwise, with
v⁻ < v and no other value in between. So B(ℓ*) is the largest number of neighbours with that
property for one τ, and it suffices to try τ among the entries.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, cmp_to_key
from itertools import pairwise

from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.intervals import Interval, roots_inside, sign_inside
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reals import Real, compare
from pieceproof.checking.signs import odd_part


@dataclass(frozen=True)
class Run:
    """ℓ* rises (direction 1), falls (−1) or is constant (0) between two points.

    ``start`` and ``end`` are its limits there.
    """

    direction: int
    start: Height
    end: Height


@dataclass(frozen=True)
class Extremum:
    """A local extremum on [start, end]; the ends are equal for a single point.

    ``missing`` names the ends ("lower", "upper") that do not belong to it.
    """

    start: Real
    end: Real
    height: Height
    missing: tuple[str, ...] = ()

    @property
    def plateau(self) -> bool:
        """Whether it is more than a point."""
        return compare(self.start, self.end) != 0


@dataclass(frozen=True)
class Shape:
    """Local minima and maxima in increasing α, global minima among them, oscillations."""

    minima: tuple[Extremum, ...]
    maxima: tuple[Extremum, ...]
    lowest: tuple[Extremum, ...]
    oscillations: int


@dataclass(frozen=True)
class Profile:
    """ℓ* as points and the runs between them: ``runs[i]`` leads from ``points[i]`` to the next.

    ``jumps[i]`` are the signs of the changes from point to run at the start of ``runs[i]``, and
    from run to point at its end.
    """

    points: list[Height]
    runs: list[Run]

    @cached_property
    def jumps(self) -> list[tuple[int, int]]:
        """Signs of ``start − point`` and ``point − end`` for every run."""
        return [
            (compare_heights(run.start, point), compare_heights(following, run.end))
            for run, (point, following) in zip(self.runs, pairwise(self.points), strict=True)
        ]

    @cached_property
    def steps(self) -> list[int]:
        """Signs of the change from point to run to point and so on; 0 where ℓ* is constant."""
        pairs = zip(self.runs, self.jumps, strict=True)
        return [sign or run.direction for run, signs in pairs for sign in signs]


def shape(pieces: Sequence[Piece], points: Sequence[Height] | None = None) -> Shape:
    """The shape of the function with these pieces and, at the ends and between them, points.

    Without ``points`` the function is continuous.
    """
    profile = _joined(_profile(pieces, points or continuous(pieces)))
    minima, maxima = _extrema(profile)
    least = min((each.height for each in minima), key=cmp_to_key(compare_heights))
    lowest = tuple(each for each in minima if compare_heights(each.height, least) == 0)
    return Shape(minima, maxima, lowest, _oscillations(profile))


def continuous(pieces: Sequence[Piece]) -> list[Height]:
    """The points of a continuous function."""
    return [
        Height(pieces[0], pieces[0].interval.start),
        *(Height(piece, piece.interval.end) for piece in pieces),
    ]


def _profile(pieces: Sequence[Piece], points: Sequence[Height]) -> Profile:
    heights, runs = [points[0]], list[Run]()
    for piece, point in zip(pieces, points[1:], strict=True):
        slope = (
            piece.numerator.derivative() * piece.denominator
            - piece.numerator * piece.denominator.derivative()
        )
        start, end = piece.interval.start, piece.interval.end
        turns = roots_inside(odd_part(slope), piece.interval) if slope else []
        for left, right in pairwise((start, *turns, end)):
            direction = sign_inside(slope, Interval(left, right)) if slope else 0
            heights.append(Height(piece, right))
            runs.append(Run(direction, Height(piece, left), heights[-1]))
        heights[-1] = point
    return Profile(heights, runs)


def _joined(profile: Profile) -> Profile:
    """The same with one run for neighbours that continue each other in one direction."""
    points, runs = profile.points[:1], list[Run]()
    previous = None
    for run, jumps, point in zip(profile.runs, profile.jumps, profile.points[1:], strict=True):
        if previous == 0 == jumps[0] and runs[-1].direction == run.direction:
            runs[-1] = Run(run.direction, runs[-1].start, run.end)
            points[-1] = point
        else:
            runs.append(run)
            points.append(point)
        previous = jumps[1]
    return Profile(points, runs)


def _extrema(profile: Profile) -> tuple[tuple[Extremum, ...], tuple[Extremum, ...]]:
    """Sets of constant ℓ*: maximal ranges of points (even) and runs (odd) joined by steps of 0."""
    points, runs, steps = profile.points, profile.runs, profile.steps
    ends = [k for k, step in enumerate(steps) if step] + [len(steps)]
    starts = [0, *(k + 1 for k in ends[:-1])]
    minima, maxima = [], []
    for first, last in zip(starts, ends, strict=True):
        if first == last and first % 2 and runs[first // 2].direction:
            continue  # a run that rises or falls
        extremum = Extremum(
            points[first // 2].alpha,
            points[(last + 1) // 2].alpha,
            runs[first // 2].start if first % 2 else points[first // 2],
            ("lower",) * (first % 2) + ("upper",) * (last % 2),
        )
        before = -steps[first - 1] if first else 0
        after = steps[last] if last < len(steps) else 0
        if before >= 0 <= after:
            minima.append(extremum)
        if before <= 0 >= after:
            maxima.append(extremum)
    return tuple(minima), tuple(maxima)


def _oscillations(profile: Profile) -> int:
    entries = [(profile.points[0], False)]
    for run, point in zip(profile.runs, profile.points[1:], strict=True):
        entries += [(run.start, run.direction < 0), (run.end, run.direction > 0), (point, False)]
    heights = sorted((height for height, _ in entries), key=cmp_to_key(compare_heights))
    rank: dict[int, int] = {}
    for number, height in enumerate(heights):
        tied = number > 0 and compare_heights(heights[number - 1], height) == 0
        rank[id(height)] = rank[id(heights[number - 1])] if tied else 2 * number
    levels = [rank[id(height)] - below for height, below in entries]
    lows = sorted(min(pair) for pair in pairwise(levels))
    highs = sorted(max(pair) for pair in pairwise(levels))
    return max(bisect_left(lows, level) - bisect_left(highs, level) for level in levels)
