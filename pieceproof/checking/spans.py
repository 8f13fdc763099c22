"""Is a function nowhere below the pieces? Many pieces at once by lines above them.

Pieces are the leaves of a balanced tree, and every span of pieces has a line that is
nowhere below them: over a single piece because a polynomial is non-negative, over more
because it is not below the lines of the two halves at the ends of these. A value above
the line is above every piece of the span; only where that is not clear the halves are
looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpz_poly

from pieceproof.checking.intervals import Interval, clearly_nonnegative, nonnegative
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reals import between, compare

_BITS = 30
"""Lines have slopes and offsets of about so many bits."""


@dataclass(frozen=True)
class Line:
    """α ↦ slope·α + offset."""

    slope: fmpq
    offset: fmpq

    def __call__(self, alpha: fmpq) -> fmpq:
        return self.slope * alpha + self.offset

    @cached_property
    def ratio(self) -> tuple[fmpz_poly, int]:
        """The line as an integer polynomial over a positive integer."""
        common = int(self.slope.q * self.offset.q)
        return fmpz_poly([(self.offset * common).p, (self.slope * common).p]), common


@dataclass(frozen=True)
class Span:
    """The pieces from number ``first`` on that make up ``interval``; none exceeds ``line``."""

    first: int
    interval: Interval
    line: Line
    halves: tuple[Span, ...]


def span(pieces: Sequence[Piece], first: int, last: int) -> Span:
    """The tree over pieces first … last."""
    if first == last:
        return Span(first, pieces[first].interval, _line_above(pieces[first]), ())
    middle = (first + last) // 2
    left, right = span(pieces, first, middle), span(pieces, middle + 1, last)
    interval = Interval(left.interval.start, right.interval.end)
    low, high = interval.hull
    slope = _rounded_up((right.line(high) - left.line(low)) / (high - low))
    offset = max(half.line(at) - slope * at for half in (left, right) for at in half.interval.hull)
    return Span(first, interval, Line(slope, _rounded_up(offset)), (left, right))


def _line_above(piece: Piece) -> Line:
    """A line through about the ends of P/Q, raised until P/Q − slope·α <= offset is proved."""
    low, high = piece.interval.hull
    grid = [low + (high - low) * fmpq(step, 16) for step in range(17)]
    samples = [
        (at, piece.numerator(at) / piece.denominator(at))
        for at in sorted({*grid, between(piece.interval.start, piece.interval.end)})
        if piece.denominator(at) > 0
    ]
    (first, start), (last, end) = samples[0], samples[-1]
    slope = _rounded_up((end - start) / (last - first)) if first < last else fmpq(0)
    levels = [value - slope * at for at, value in samples]
    margin = (max(levels) - min(levels)) / 64 + (abs(max(levels)) + 1) / 2**_BITS
    while True:
        line = Line(slope, _rounded_up(max(levels) + margin))
        above, common = line.ratio
        if nonnegative(piece.denominator * above - piece.numerator * common, piece.interval):
            return line
        margin *= 4


def _rounded_up(value: fmpq) -> fmpq:
    """A number >= value with a relative difference of at most 2^−(_BITS − 2)."""
    exponent = int(abs(value.p)).bit_length() - int(value.q).bit_length() - _BITS
    unit = fmpq(2) ** exponent
    return (value / unit).ceil() * unit


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
            above, common = candidate.line.ratio
            if clearly_nonnegative(value * common - divisor * above, overlap):
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
