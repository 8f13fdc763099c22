"""The shape of ℓ* from its links: monotone arcs, extrema, the minimum, oscillations.

Where v′ keeps its sign on a part of a segment ℓ* is monotone there; where v″ does and v′ has
opposite signs at the ends, there is exactly one extremum. What cannot be decided so is
an error: the counts are then left open.

At a jump ℓ* has the smaller of its limits (``judging``), so a jump is an arc that rises or falls:
its lower end is attained, its upper one is not, and no maximum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing.claimedslabs import end, tilt
from pieceproof.checking.enclosing.joins import Breakpoint, Link, Segment
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.touches import Turning
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.reading import Refuted

DEPTH = 24


@dataclass(frozen=True, eq=False)
class Node:
    """A point of A in [lower, upper] with an enclosure of ℓ* there."""

    lower: fmpq
    upper: fmpq
    value: tuple[float, float]
    is_attained: bool = True


class Part(NamedTuple):
    """A direction on [lower, upper]; a jump knows its nodes."""

    direction: int
    lower: fmpq
    upper: fmpq
    ends: tuple[Node, Node] | None = None


@dataclass(frozen=True, eq=False)
class Shape:
    """Nodes at the ends of A and at the extrema, and the direction of ℓ* between neighbours."""

    nodes: tuple[Node, ...]
    directions: tuple[int, ...]

    @property
    def minima(self) -> tuple[tuple[Node, Node], ...]:
        """Local minima: pairs of equal nodes, or the two ends of a plateau."""
        return self._extrema(1)

    @property
    def maxima(self) -> tuple[tuple[Node, Node], ...]:
        """Local maxima."""
        return self._extrema(-1)

    def _extrema(self, sense: int) -> tuple[tuple[Node, Node], ...]:
        found = []
        arcs = [-sense, *self.directions, sense]
        for i, node in enumerate(self.nodes):
            before, behind = arcs[i], arcs[i + 1]
            if before == -sense and behind == sense and (node.is_attained or sense > 0):
                found.append((node, node))
            if before == -sense and behind == 0:
                after = arcs[i + 2]
                if after == sense:
                    found.append((node, self.nodes[i + 1]))
        if self.directions == (0,):
            return ((self.nodes[0], self.nodes[1]),)
        return tuple(found)

    def lowest(self) -> list[tuple[Node, Node]]:
        """The local minima that may be global ones."""
        top = min(low.value[1] for low, _ in self.minima)
        return [each for each in self.minima if each[0].value[0] <= top]

    def oscillations(self) -> tuple[int, int]:
        """Lower and upper bound of B(ℓ*): most arcs that pass one level."""
        arcs: list[tuple[Node, Node, int]] = []
        for (a, b), direction in zip(pairwise(self.nodes), self.directions, strict=True):
            if direction == 0:
                continue
            if arcs and arcs[-1][2] == direction:  # on from a plateau: still one arc
                a = arcs.pop()[0]
            arcs.append((a, b, direction))
        ends = [(a, b) if direction > 0 else (b, a) for a, b, direction in arcs]
        inner = [(low.value[1], high.value[0]) for low, high in ends]
        outer = [(low.value[0], high.value[1]) for low, high in ends]
        return _deepest(inner), _deepest(outer)


def _deepest(intervals: Sequence[tuple[float, float]]) -> int:
    """The largest number of open intervals with a common point."""
    marks = sorted({x for pair in intervals for x in pair})
    return max(
        (
            sum(a < (x + y) / 2 < b or (a <= x and y <= b) for a, b in intervals)
            for x, y in pairwise(marks)
        ),
        default=0,
    )


def shape(links: Sequence[Link]) -> Shape:
    """The shape of ℓ* on consecutive links.

    Raises:
        Refuted: a sign could not be decided.
    """
    parts: list[Part] = []
    for i, link in enumerate(links):
        if isinstance(link, Segment):
            still = (
                _still(links[i - 1] if i else None, link.curve),
                _still(links[i + 1] if i + 1 < len(links) else None, link.curve),
            )
            if link.curve.is_flat():
                parts.append(Part(0, link.lower, link.upper))
            else:
                parts += [Part(*each) for each in _along(link, still)]
        elif link.kind == "jump":
            parts.append(_jump(link))
        else:
            parts += [Part(*each) for each in _at_breakpoint(link)]
    nodes: list[Node] = []
    directions: list[int] = []
    values = _Values(links)
    current: int | None = None
    before: Part | None = None
    for part in parts:
        direction, lower, upper, ends = part
        turn = ends[0] if ends else before.ends[1] if before and before.ends else None
        before = part
        if direction in (TURN_UP, TURN_DOWN):
            # An extremum somewhere in [lower, upper]
            rising = 1 if direction == TURN_UP else -1
            if current is None:
                nodes.append(values.node(lower, lower))
                current = -rising
            elif current != -rising:
                nodes.append(turn or values.node(lower, lower))
                directions.append(current)
                current = -rising
            nodes.append(values.node(lower, upper))
            directions.append(current)
            current = rising
            continue
        if current is None:
            nodes.append(values.node(lower, lower))
            current = direction
        elif direction != current:
            nodes.append(turn or values.node(lower, lower))
            directions.append(current)
            current = direction
    nodes.append(values.node(parts[-1][2], parts[-1][2]))
    directions.append(0 if current is None else current)
    return Shape(tuple(nodes), tuple(directions))


TURN_UP, TURN_DOWN = 2, -2
"""Directions of a part that holds one minimum, or one maximum."""


def _sign(value: Range) -> int | None:
    if value.lo[0] > 0:
        return 1
    return -1 if value.hi[0] < 0 else None


def _leaving(curve: Curve, at: fmpq, inwards: int) -> int | None:
    """The sign of v′ at an end of a part, or ``inwards`` next to it, where v′ vanishes there."""
    sign = _sign(end(curve, at).slope)
    return inwards if sign is None and curve.is_flat_at(at) else sign


def _over(curve: Curve, lower: fmpq, upper: fmpq) -> Curve:
    """The curve over a part of its slab."""
    alpha = Range(around([lower]).lo, around([upper]).hi)
    return curve.at(alpha)


def _still(link: Link | None, curve: Curve) -> Breakpoint | None:
    """The neighbour of a segment, if it is a smooth breakpoint beyond which ℓ* is constant.

    ℓ* is C¹ there, so v′ = 0 at one point of the breakpoint's interval.
    """
    if not isinstance(link, Breakpoint) or link.kind != "smooth":
        return None
    return link if (link.right if link.left is curve else link.left).is_flat() else None


Stills = tuple[Breakpoint | None, Breakpoint | None]


def _directions(
    curve: Curve, lower: fmpq, upper: fmpq, depth: int, still: Stills
) -> list[tuple[int, fmpq, fmpq]]:
    """Parts of [lower, upper] with the direction of v; ``still`` as in :func:`_still`."""
    try:
        sign = _sign(tilt(_over(curve, lower, upper)))
        if sign is not None:
            return [(sign, lower, upper)]
        before, behind = still
        wide = _over(curve, before.lower if before else lower, behind.upper if behind else upper)
        bend = _sign(wide.curvature)
        if bend is not None:
            first = bend if before else _leaving(curve, lower, bend)
            last = -bend if behind else _leaving(curve, upper, -bend)
            if first is not None and last is not None:
                if first == last:
                    return [(first, lower, upper)]
                if depth > 0 and upper - lower > fmpq(1, 10**9):
                    cut = lower + (upper - lower) * fmpq(13, 32)
                    if _sign(end(curve, cut).slope) is not None:
                        return _merged(curve, lower, cut, upper, depth, still)
                return [(TURN_UP if bend > 0 else TURN_DOWN, lower, upper)]
    except Refuted:
        pass
    if depth <= 0:
        raise Refuted(f"whether ℓ* rises or falls near α = {float(lower.p) / float(lower.q):.6g}")
    return _merged(curve, lower, lower + (upper - lower) * fmpq(13, 32), upper, depth, still)


def _merged(
    curve: Curve, lower: fmpq, cut: fmpq, upper: fmpq, depth: int, still: Stills
) -> list[tuple[int, fmpq, fmpq]]:
    return [
        *_directions(curve, lower, cut, depth - 1, (still[0], None)),
        *_directions(curve, cut, upper, depth - 1, (None, still[1])),
    ]


def _along(link: Segment, still: Stills) -> list[tuple[int, fmpq, fmpq]]:
    """Parts of a segment with the direction of v."""
    if link.turning is None:
        return _directions(link.curve, link.lower, link.upper, DEPTH, still)
    low, high = (max(min(each, link.upper), link.lower) for each in link.turning.reach)
    found: list[tuple[int, fmpq, fmpq]] = []
    if link.lower < low:
        found += _directions(link.curve, link.lower, low, DEPTH, (still[0], None))
    if low < high:
        found += _turned(link.turning, low, high)
    if high < link.upper:
        found += _directions(link.curve, high, link.upper, DEPTH, (None, still[1]))
    return found


def _turned(turning: Turning, lower: fmpq, upper: fmpq) -> list[tuple[int, fmpq, fmpq]]:
    """Parts of [lower, upper] with the direction of v, which may turn at one α known exactly."""
    low, high = max(turning.lower, lower), min(turning.upper, upper)
    before, behind = turning.before, turning.behind
    if turning.upper <= lower:
        return [(behind, lower, upper)]
    if turning.lower >= upper or before == behind:
        return [(before, lower, upper)]
    turn = TURN_UP if behind > 0 else TURN_DOWN
    return [(before, lower, low), (turn, low, high), (behind, high, upper)]


def _jump(point: Breakpoint) -> Part:
    """The arc between both limits, of which the smaller is the value of ℓ*."""
    left, right = (
        _over(curve, point.lower, point.upper).value for curve in (point.left, point.right)
    )
    direction = 1 if left.hi[0] < right.lo[0] else -1
    first, last = (
        Node(point.lower, point.upper, (float(v.lo[0]), float(v.hi[0])), lower_one)
        for v, lower_one in ((left, direction > 0), (right, direction < 0))
    )
    return Part(direction, point.lower, point.upper, (first, last))


def _at_breakpoint(point: Breakpoint) -> list[tuple[int, fmpq, fmpq]]:
    """ℓ* in the small interval around a breakpoint."""
    signs = []
    known = (point.turnings[0], "before"), (point.turnings[1], "behind")
    for curve, (turning, side) in zip((point.left, point.right), known, strict=True):
        if turning is not None:
            signs.append(turning.before if side == "before" else turning.behind)
            continue
        if curve.is_flat():
            signs.append(0)
            continue
        part = _over(curve, point.lower, point.upper)
        sign = _sign(tilt(part))
        other = point.right if curve is point.left else point.left
        if sign is None and point.kind == "smooth" and other.is_flat():
            # ℓ* is C¹ at the breakpoint, so v′ = 0 there.
            bend = _sign(part.curvature)
            sign = bend if bend is None or curve is point.right else -bend
        if sign is None:
            raise Refuted(
                "whether ℓ* rises or falls near α = "
                f"{float(point.lower.p) / float(point.lower.q):.6g}"
            )
        signs.append(sign)
    left, right = signs
    if left == right:
        return [(left, point.lower, point.upper)]
    if left * right < 0:
        return [(TURN_UP if right > 0 else TURN_DOWN, point.lower, point.upper)]
    # One side constant: the node is anywhere in the interval, its value that of the plateau.
    return [(left, point.lower, point.upper)] if left else [(right, point.lower, point.upper)]


class _Values:
    """Enclosures of ℓ* at nodes."""

    def __init__(self, links: Sequence[Link]) -> None:
        self.links = links

    def node(self, lower: fmpq, upper: fmpq) -> Node:
        """The node in [lower, upper]."""
        lows, highs = [], []
        for link in self.links:
            if link.upper < lower or link.lower > upper:
                continue
            if link.lower == upper and lower != upper and link.upper > upper:
                continue
            curves = [link.curve] if isinstance(link, Segment) else [link.left, link.right]
            if isinstance(link, Breakpoint) and link.kind == "jump":
                # Beside a jump ℓ* is that of one side.
                curves = curves[1:] if lower == link.upper else curves[:1]
                if not (lower == link.upper or upper == link.lower):
                    raise ValueError("a node within a jump")
            a, b = max(lower, link.lower), min(upper, link.upper)
            for curve in curves:
                part = end(curve, a) if a == b else _over(curve, a, b)
                if a == b:
                    low, high = float(part.value.lo[0]), float(part.value.hi[0])
                else:
                    middle = curve.at(part.middle)
                    step = part.alpha - part.middle
                    whole = middle.value + part.slope * step
                    low, high = float(whole.lo[0]), float(whole.hi[0])
                lows.append(low)
                highs.append(high)
        return Node(lower, upper, (float(np.min(lows)), float(np.max(highs))))
