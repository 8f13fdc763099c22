"""Monotone arcs of a piecewise analytic function, and its values where arcs meet.

Between neighbouring *nodes* (ends of A, breakpoints, turning points) ℓ* is strictly monotone
or constant. At a node it may jump, and its value there may be lower than both limits: ℓ* is
lower semicontinuous. A :class:`Profile` holds all of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from geometry.intervals import Interval
from geometry.values import Level, ValueFunction


@dataclass(frozen=True)
class Arc:
    """ℓ* is increasing (1), decreasing (−1) or constant (0) on the open ``interval``.

    ``function`` is a :class:`~geometry.values.ValueFunction`; which one depends on the method.
    """

    interval: Interval
    direction: int
    function: Any


@dataclass(frozen=True)
class Node:
    """The value at a point where arcs meet, or at an end of A.

    ``before`` and ``after`` are the signs of (limit − value) from the left and from the
    right, 0 where there is no arc.
    """

    level: Level
    before: int = 0
    after: int = 0

    @property
    def is_continuous(self) -> bool:
        """Whether both limits are the value."""
        return self.before == 0 == self.after


@dataclass(frozen=True)
class Profile:
    """ℓ* on A: ``nodes[i]`` lies between ``arcs[i−1]`` and ``arcs[i]``."""

    arcs: tuple[Arc, ...]
    nodes: tuple[Node, ...]


def arcs_of(pieces: Sequence[tuple[Interval, ValueFunction]]) -> list[Arc]:
    """The arcs of the function with the given pieces, in order, one list for all of A."""
    return [
        Arc(part, direction, function)
        for interval, function in pieces
        for part, direction in function.directions(interval)
    ]


def profile(
    pieces: Sequence[tuple[Interval, ValueFunction]], points: Sequence[Level] | None = None
) -> Profile:
    """The profile of the function with the given pieces.

    ``points`` are its values at the lower end of A, at every point between pieces, and at the
    upper end; by default those of a continuous function.
    """
    levels = points if points is not None else continuous_points(pieces)
    arcs, nodes = list[Arc](), [Node(levels[0], 0, _jump(pieces[0], levels[0]))]
    for index, (piece, level) in enumerate(zip(pieces, levels[1:], strict=True), start=1):
        own = arcs_of([piece])
        arcs += own
        nodes += [Node(Level(arc.function, arc.interval.lower)) for arc in own[1:]]
        after = _jump(pieces[index], level) if index < len(pieces) else 0
        nodes.append(Node(level, _jump(piece, level), after))
    return Profile(tuple(arcs), tuple(nodes))


def continuous_points(pieces: Sequence[tuple[Interval, ValueFunction]]) -> list[Level]:
    """The values at the ends of the pieces of a continuous function."""
    return [
        Level(pieces[0][1], pieces[0][0].lower),
        *(Level(function, interval.upper) for interval, function in pieces),
    ]


def lower_points(pieces: Sequence[tuple[Interval, ValueFunction]]) -> list[Level]:
    """The values at the ends of the pieces of a function that is there the smaller limit."""
    points = continuous_points(pieces)
    for index, (left, right) in enumerate(pairwise(pieces), start=1):
        if right[1].sign_against(left[1], left[0].upper) < 0:
            points[index] = Level(right[1], left[0].upper)
    return points


def _jump(piece: tuple[Interval, ValueFunction], level: Level) -> int:
    """Sign of the limit of a piece at one of its ends minus the value there."""
    return Level(piece[1], level.at).compare(level)
