"""Is a function nowhere below the pieces? Many pieces at once by their ceilings.

Pieces are the leaves of a balanced tree. A span of pieces has the largest of their rational
upper bounds as its ceiling; a value above it there is above every piece of the span, and
only where that is not clear the halves are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpz_poly

from pieceproof.checking.intervals import Interval, clearly_nonnegative, nonnegative
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reals import compare


@dataclass(frozen=True)
class Span:
    """The pieces from ``first`` on that lie in ``interval``; none of them exceeds ``ceiling``."""

    first: int
    interval: Interval
    ceiling: fmpq
    halves: tuple[Span, ...]


def span(pieces: Sequence[Piece], first: int, last: int) -> Span:
    """The tree over pieces first … last."""
    if first == last:
        return Span(first, pieces[first].interval, pieces[first].ceiling, ())
    middle = (first + last) // 2
    left, right = span(pieces, first, middle), span(pieces, middle + 1, last)
    interval = Interval(left.interval.start, right.interval.end)
    return Span(first, interval, max(left.ceiling, right.ceiling), (left, right))


@dataclass(frozen=True)
class Envelope:
    """The pieces as one function on A, to be bounded from above."""

    pieces: Sequence[Piece]

    @cached_property
    def _root(self) -> Span:
        return span(self.pieces, 0, len(self.pieces) - 1)

    def missed_by(self, value: fmpz_poly, divisor: fmpz_poly, interval: Interval) -> int | None:
        """The number of a piece P/Q without value/divisor >= P/Q on the interval; None if all hold.

        ``divisor`` is >= 0 on the interval; finitely many of its roots do not matter.
        """
        pending = [self._root]
        while pending:
            candidate = pending.pop()
            halves = [half for half in candidate.halves if _meet(half.interval, interval)]
            if len(halves) == 1:
                pending += halves
                continue
            overlap = _intersection(candidate.interval, interval)
            ceiling = candidate.ceiling
            if clearly_nonnegative(value * ceiling.q - divisor * ceiling.p, overlap):
                continue
            if halves:
                pending += reversed(halves)
                continue
            piece = self.pieces[candidate.first]
            if not nonnegative(value * piece.denominator - piece.numerator * divisor, overlap):
                return candidate.first
        return None


def _meet(one: Interval, other: Interval) -> bool:
    """Whether the open intervals meet."""
    return compare(one.start, other.end) < 0 < compare(one.end, other.start)


def _intersection(one: Interval, other: Interval) -> Interval:
    """The intersection of two intervals that meet."""
    start = one.start if compare(one.start, other.start) > 0 else other.start
    end = one.end if compare(one.end, other.end) < 0 else other.end
    if start is other.start and end is other.end:
        return other
    return Interval(start, end)
