"""Pieces of a lower envelope, and lower values at single α.

ℓ* is lower semicontinuous, but where it jumps it may be below both of its limits: at an α where
more cells attain a minimum than beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from geometry.algebraic import RealAlgebraic
from geometry.dual import Piece
from geometry.envelope import Segment
from geometry.intervals import Interval
from geometry.values import Level


def pieces_with_dips(
    segments: Sequence[Segment], isolated: Iterable[Level]
) -> tuple[list[Piece], list[Level]]:
    """Pieces with the values of ℓ* at their ends: the least limit, or the least value there."""
    lowest: list[Level] = []
    for level in sorted(isolated, key=lambda each: each.at):
        if lowest and lowest[-1].at == level.at:
            lowest[-1] = min(lowest[-1], level, key=_Order)
        else:
            lowest.append(level)
    dips = [level for level in lowest if _is_dip(level, segments)]
    groups: list[list[Segment]] = []
    for segment in _split(segments, [level.at for level in dips]):
        last = groups[-1][-1] if groups else None
        joins = last is not None and last.function == segment.function
        if joins and not any(level.at == segment.interval.lower for level in dips):
            groups[-1].append(segment)
        else:
            groups.append([segment])
    pieces = [
        Piece(Interval(g[0].interval.lower, g[-1].interval.upper), g[0].function, tuple(g))
        for g in groups
    ]
    ends = [pieces[0].interval.lower, *(piece.interval.upper for piece in pieces)]
    values = []
    for index, end in enumerate(ends):
        limits = [Level(piece.value, end) for piece in pieces[max(index - 1, 0) : index + 1]]
        values.append(min([*limits, *(d for d in dips if d.at == end)], key=_Order))
    return pieces, values


class _Order:
    """Levels as sort keys."""

    def __init__(self, level: Level) -> None:
        self.level = level

    def __lt__(self, other: _Order) -> bool:
        return self.level.compare(other.level) < 0


def _is_dip(level: Level, segments: Sequence[Segment]) -> bool:
    """Whether the value at a point is below ℓ* of the segments there."""
    return all(
        level.compare(Level(segment.function, level.at)) < 0
        for segment in segments
        if segment.interval.lower <= level.at <= segment.interval.upper
    )


def _split(segments: Sequence[Segment], at: Sequence[RealAlgebraic]) -> Iterator[Segment]:
    for segment in segments:
        rest = segment
        for alpha in at:
            if rest.interval.lower < alpha < rest.interval.upper:
                yield rest.on(Interval(rest.interval.lower, alpha))
                rest = rest.on(Interval(alpha, rest.interval.upper))
        yield rest
