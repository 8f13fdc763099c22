"""The value of a branch over its tubes, in pieces of a resolution fit for comparison.

Tubes may be cut very finely where a branch bends or runs off; neighbouring pieces are joined
as long as they stay shorter than the resolution. Everything stays an enclosure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import inf, nextafter

from geometry.boxes import Interval
from geometry.branch_values import ValueFunction
from geometry.branches import Branch
from geometry.census.records import Enclosure, ValuePiece
from geometry.continuation import Tube

RESOLUTION = 64
"""Pieces are joined up to this part of A."""


def curve(values: ValueFunction, branch: Branch, domain: Interval) -> tuple[ValuePiece, ...]:
    """v and v′ along a branch, from left to right."""
    pieces = [*reversed(list(_along(values, branch.down))), *_along(values, branch.up)]
    return tuple(joined(pieces, (domain[1] - domain[0]) / RESOLUTION))


def joined(pieces: Iterable[ValuePiece], length: Fraction) -> Iterator[ValuePiece]:
    """Adjacent pieces joined up to ``length``."""
    last: ValuePiece | None = None
    for piece in pieces:
        if last is not None and piece.alpha[1] - last.alpha[0] <= length:
            last = _join(last, piece)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last


def _join(left: ValuePiece, right: ValuePiece) -> ValuePiece:
    slope = None
    if left.slope is not None and right.slope is not None:
        slope = _hull(left.slope, right.slope)
    return ValuePiece(
        (left.alpha[0], right.alpha[1]),
        left.start,
        right.end,
        _hull(left.over, right.over),
        slope,
    )


def _hull(one: Enclosure, other: Enclosure) -> Enclosure:
    return min(one[0], other[0]), max(one[1], other[1])


def _along(values: ValueFunction, tube: Tube) -> Iterator[ValuePiece]:
    """The pieces of a tube in its order, each with its ends from left to right."""
    heights = [_rounded(values.at(alpha, point)) for alpha, point in tube.nodes]
    upwards = tube.nodes[-1][0] > tube.nodes[0][0]
    for piece, ends in zip(values.along(tube), pairwise(heights), strict=True):
        start, end = ends if upwards else ends[::-1]
        slope = None if piece.slope is None else _rounded(piece.slope)
        yield ValuePiece(piece.alpha, start, end, _rounded(piece.value), slope)


def _rounded(exact: Interval) -> Enclosure:
    """Outwards to floats."""
    lower, upper = (float(end) for end in exact)
    return nextafter(lower, -inf), nextafter(upper, inf)
