"""Rises, falls and plateaus of ℓ*, its local extrema and its oscillations, from its pieces.

ℓ* is continuous, so 1[ℓ* ≥ τ] changes once on a strictly monotone arc with values [low, high]
iff low < τ ≤ high, and nowhere else. B(ℓ*) is the largest number of arcs that one τ cuts.
Values are compared by enclosures; those closer than about ``RESOLUTION`` are taken as equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import flint
from flint import arb, fmpq
from oracle import Oracle, Ratio
from oracle_faces import to_flint
from oracle_pieces import PRECISION, Break, breaks, real_roots


@dataclass(frozen=True)
class Node:
    """Where ℓ* turns, rests or ends: a point bracketed by [lower, upper], or a plateau."""

    lower: fmpq
    upper: fmpq
    value: arb
    is_plateau: bool = False


@dataclass(frozen=True)
class Shape:
    """ℓ* on A: value functions in order, breakpoints between them, nodes and arcs.

    ``arcs[i]`` is +1 where ℓ* rises from ``nodes[i]`` to ``nodes[i + 1]`` and −1 where it falls.
    """

    pieces: tuple[Ratio, ...]
    breaks: tuple[Break, ...]
    nodes: tuple[Node, ...]
    arcs: tuple[int, ...]

    @property
    def minima(self) -> list[Node]:
        return self._extrema(1)

    @property
    def maxima(self) -> list[Node]:
        return self._extrema(-1)

    @property
    def lowest(self) -> list[Node]:
        """The minima with the least value."""
        return [node for node in self.minima if not any(m.value < node.value for m in self.minima)]

    def _extrema(self, away: int) -> list[Node]:
        """Nodes from which every neighbouring arc moves in direction ``away``."""
        return [
            node
            for index, node in enumerate(self.nodes)
            if (index == 0 or self.arcs[index - 1] == -away)
            and (index == len(self.arcs) or self.arcs[index] == away)
        ]

    @property
    def oscillations(self) -> int:
        ends = [tuple(pair) for pair in pairwise(node.value for node in self.nodes)]
        arcs = [pair if up > 0 else pair[::-1] for pair, up in zip(ends, self.arcs, strict=True)]
        with flint.ctx.workprec(PRECISION):
            return max(
                (sum(bool(low < t) and not high < t for low, high in arcs) for _, t in arcs),
                default=0,
            )


def shape(oracle: Oracle) -> Shape:
    """Pieces, breakpoints, extrema and oscillations of ℓ* on A."""
    start, stop = map(to_flint, oracle.problem.interval)
    first, changes = breaks(oracle)
    pieces = (first, *(change.right for change in changes))
    brackets = [(start, start), *((c.lower, c.upper) for c in changes), (stop, stop)]
    nodes = [Node(start, start, _value(first, start, start))]
    arcs: list[int] = []
    for piece, ((_, left), (right, end)) in zip(pieces, pairwise(brackets), strict=True):
        for low, high, direction in _arcs(piece, left, right, end):
            node = Node(low, high, _value(piece, low, high))
            if direction == 0:
                nodes[-1] = Node(nodes[-1].lower, high, node.value, is_plateau=True)
            elif arcs and arcs[-1] == direction and not nodes[-1].is_plateau:
                nodes[-1] = node
            else:
                nodes.append(node)
                arcs.append(direction)
    return Shape(pieces, tuple(changes), tuple(nodes), tuple(arcs))


def _arcs(piece: Ratio, left: fmpq, right: fmpq, end: fmpq) -> list[tuple[fmpq, fmpq, int]]:
    """Strictly monotone stretches of a piece, each with the bracket of its right end."""
    top, bottom = piece.numerator, piece.denominator
    slope = top.derivative() * bottom - top * bottom.derivative()
    turns = [(root.lower, root.upper) for root in real_roots(slope, left, right)]
    stretches = []
    for (_, low), (high, stop) in pairwise([(left, left), *turns, (right, end)]):
        value = slope((low + high) / 2)
        stretches.append((high, stop, (value > 0) - (value < 0)))
    return stretches


def _value(piece: Ratio, lower: fmpq, upper: fmpq) -> arb:
    """An enclosure of the piece at the point between ``lower`` and ``upper``."""
    with flint.ctx.workprec(PRECISION):
        at = arb(lower).union(arb(upper))
        return piece.numerator(at) / piece.denominator(at)
