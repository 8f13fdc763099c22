"""The shape of ℓ* from its pieces: monotone arcs, local extrema, minimum, oscillations.

Between the roots of odd multiplicity of P'Q − PQ' a piece is strictly monotone; a piece
with P'Q = PQ' is constant. A local extremum of the continuous ℓ* on the closed interval A is
a maximal set on which ℓ* is constant (a point, or a plateau) with the function going up,
or going down, on every side that A has. A constant ℓ* has one minimum and one maximum.

**Oscillations.** On an arc from a low end to a high end the indicator 1[ℓ* >= τ] has
exactly one cut if low < τ <= high and none otherwise (a maximum reached only at one
point belongs to two arcs and counts two cuts). So B(ℓ*) = max_τ #{arcs : low < τ <= high},
and it suffices to try τ among the high ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import pairwise

from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.intervals import Interval, roots_inside, sign_inside
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reals import Real, compare
from pieceproof.checking.signs import odd_part


@dataclass(frozen=True)
class Run:
    """ℓ* rises (direction 1), falls (−1) or is constant (0) between two points."""

    direction: int
    start: Height
    end: Height


@dataclass(frozen=True)
class Extremum:
    """A local extremum on [start, end]; the ends are equal for a single point."""

    start: Real
    end: Real
    height: Height

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


def shape(pieces: Sequence[Piece]) -> Shape:
    """The shape of the continuous function with these pieces."""
    runs = _runs(pieces)
    minima, maxima = _extrema(runs)
    least = min((each.height for each in minima), key=cmp_to_key(compare_heights))
    lowest = tuple(each for each in minima if compare_heights(each.height, least) == 0)
    return Shape(minima, maxima, lowest, _oscillations(runs))


def _runs(pieces: Sequence[Piece]) -> list[Run]:
    """Maximal runs of one direction, in order."""
    runs: list[Run] = []
    for piece in pieces:
        slope = (
            piece.numerator.derivative() * piece.denominator
            - piece.numerator * piece.denominator.derivative()
        )
        start, end = piece.interval.start, piece.interval.end
        turns = roots_inside(odd_part(slope), piece.interval) if slope else []
        for left, right in pairwise((start, *turns, end)):
            direction = sign_inside(slope, Interval(left, right)) if slope else 0
            opening = Height(piece, left)
            if runs and runs[-1].direction == direction:
                opening = runs.pop().start
            runs.append(Run(direction, opening, Height(piece, right)))
    return runs


def _extrema(runs: list[Run]) -> tuple[tuple[Extremum, ...], tuple[Extremum, ...]]:
    minima, maxima = [], []
    directions = [0, *(run.direction for run in runs), 0]  # 0 before and after A: no side
    spots = []
    for number, run in enumerate(runs, start=1):
        before, after = directions[number - 1], directions[number + 1]
        if run.direction == 0:
            spots.append((Extremum(run.start.alpha, run.end.alpha, run.start), before, after))
            continue
        if number == 1:
            spots.append((Extremum(run.start.alpha, run.start.alpha, run.start), 0, run.direction))
        if number == len(runs) or after:
            spots.append((Extremum(run.end.alpha, run.end.alpha, run.end), run.direction, after))
    for extremum, before, after in spots:
        if before <= 0 <= after:
            minima.append(extremum)
        if after <= 0 <= before:
            maxima.append(extremum)
    return tuple(minima), tuple(maxima)


def _oscillations(runs: list[Run]) -> int:
    arcs = [
        (run.start, run.end) if run.direction > 0 else (run.end, run.start)
        for run in runs
        if run.direction
    ]
    heights = sorted((height for arc in arcs for height in arc), key=cmp_to_key(compare_heights))
    rank: dict[int, int] = {}
    for number, height in enumerate(heights):
        tied = number > 0 and compare_heights(heights[number - 1], height) == 0
        rank[id(height)] = rank[id(heights[number - 1])] if tied else number
    levels = [(rank[id(low)], rank[id(high)]) for low, high in arcs]
    return max((sum(low < top <= high for low, high in levels) for _, top in levels), default=0)
