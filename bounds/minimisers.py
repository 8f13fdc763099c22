"""Candidates for the global minimum of a sum of duals: branch and bound over its gaps.

A minimiser is a node of the common refinement, a flat gap, or a zero of F′ inside a gap.
A part [a, b] of a gap is settled by one of three proofs in ball arithmetic:

    too high     every term is monotone: F ≥ Σ min(f_i(a), f_i(b)) > a value approached on A;
    no zero      F′ ≠ 0 on [a, b];
    one zero     F″ > 0 on [a, b], where the exact signs of F′ at a and b decide.

Parts that none of them settles are halved, the most promising first; where that does not
end (F″ = 0 at a minimiser) the zeros of F′ are isolated as roots of its numerator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count as numbered
from itertools import pairwise

from flint import arb, fmpq

from bounds.sums import DualSum, Gap
from geometry.algebraic import RealAlgebraic, roots_of
from geometry.intervals import Interval, sign_pattern

MOST_PARTS = 500
"""Parts of one gap after which the zeros of F′ in it are isolated exactly."""

ROUGH = 64
"""Bits to which nodes are known while candidates are sought."""

SMALL = 32
"""Halvings by which a zero is narrowed before its polynomial is factored."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A place that may be a global minimiser: a point, or the flat gap [alpha, end]."""

    alpha: RealAlgebraic
    gaps: tuple[Gap, ...]
    """The gap that holds it, or the one or two gaps that end there."""
    end: RealAlgebraic | None = None

    @property
    def is_smooth(self) -> bool:
        """Whether every dual is one rational function around the point."""
        first, *others = [[term.function for term in gap.terms] for gap in self.gaps]
        inside = all(other == first for other in others) if others else self._is_inside()
        return self.end is None and inside

    def _is_inside(self) -> bool:
        return all(self.alpha is not end for gap in self.gaps for end in (gap.lower, gap.upper))

    def value(self, total: DualSum, bits: int) -> arb:
        """An enclosure of the sum there, with α known to 2^-bits."""
        return total.at_node([gap.values_at(self.alpha, bits) for gap in self.gaps])


@dataclass(frozen=True, eq=False)
class _Part:
    """A part of a gap with the terms at its ends.

    ``first`` and ``last`` say that it ends where the gap does; ``lower`` and ``upper`` are
    then outside, by the width to which the node is known.
    """

    gap: Gap
    lower: fmpq
    upper: fmpq
    left: list[arb]
    right: list[arb]
    first: bool = True
    last: bool = True

    def floor(self) -> arb:
        """A lower bound of the sum: terms are monotone."""
        return sum((a.min(b) for a, b in zip(self.left, self.right, strict=True)), arb(0)).lower()

    def is_divisible(self) -> bool:
        """Whether the middle lies inside the gap, as far as its nodes are known."""
        middle = (self.lower + self.upper) / 2
        return self.gap.lower.upper < middle < self.gap.upper.lower

    def halves(self) -> tuple[_Part, _Part]:
        """Both halves."""
        middle = (self.lower + self.upper) / 2
        values = self.gap.parts(middle, middle)
        return (
            _Part(self.gap, self.lower, middle, self.left, values, self.first, False),
            _Part(self.gap, middle, self.upper, values, self.right, False, self.last),
        )

    def end_signs(self) -> tuple[int, int]:
        """The exact signs of F′ at both ends, from inside the gap."""
        gap = self.gap
        return (
            gap.slope_sign_at(gap.lower) if self.first else gap.slope_sign(self.lower),
            gap.slope_sign_at(gap.upper) if self.last else gap.slope_sign(self.upper),
        )


def candidates(total: DualSum) -> list[Candidate]:
    """Places among which all global minimisers are, at the precision that is set.

    Proved: at every other place of A the sum is larger than somewhere on A.
    """
    ends = [_ends(gap) for gap in total.gaps]
    nodes = _nodes(total, ends)
    limits = (sum(side, arb(0)) for pair in ends for side in pair)
    best = _Best(min(ball.upper() for ball in (*(value for _, value in nodes), *limits)))
    zeros = list(_zeros(total, ends, best))
    flat = [Candidate(gap.lower, (gap,), gap.upper) for gap in total.gaps if gap.flat]
    low = [node for node, value in nodes if not value > best.value]
    return [*low, *flat, *zeros]


def infimum(total: DualSum) -> arb:
    """An enclosure of the infimum of the sum over A, one-sided limits at jumps included."""
    ends = [_ends(gap) for gap in total.gaps]
    values = [value for _, value in _nodes(total, ends)]
    values += [sum(side, arb(0)) for pair in ends for side in pair]
    best = _Best(min(value.upper() for value in values))
    values += [zero.value(total, ROUGH) for zero in _zeros(total, ends, best)]
    least = values[0]
    for value in values[1:]:
        least = least.min(value)
    return least


@dataclass
class _Best:
    """The least value known to be attained or approached."""

    value: arb

    def lower(self, values: Sequence[arb]) -> None:
        """Note a value of the sum."""
        bound = sum(values, arb(0)).upper()
        if bound < self.value:
            self.value = bound


Ends = list[tuple[list[arb], list[arb]]]
"""The terms at both ends of every gap."""


def _nodes(total: DualSum, ends: Ends) -> list[tuple[Candidate, arb]]:
    """The nodes with their values."""
    gaps = total.gaps
    sides = [gaps[:1], *pairwise(gaps), gaps[-1:]]
    limits = [[ends[0][0]], *([a[1], b[0]] for a, b in pairwise(ends)), [ends[-1][1]]]
    found = []
    for node, own, known, dip in zip(
        total.nodes, sides, limits, total.dips or [None] * len(sides), strict=True
    ):
        if dip is None:
            found.append((Candidate(node, own), total.at_node(known)))
        else:
            candidate = Candidate(node, (*own, dip))
            found.append((candidate, total.at_node([*known, dip.values_at(node, ROUGH)])))
    return found


def _ends(gap: Gap) -> tuple[list[arb], list[arb]]:
    """The terms at both ends, which are first refined until they are far narrower than the gap."""
    while True:
        inside = gap.upper.lower - gap.lower.upper
        width = max(end.upper - end.lower for end in (gap.lower, gap.upper))
        if inside > width * (1 << SMALL):
            return gap.values_at(gap.lower, ROUGH), gap.values_at(gap.upper, ROUGH)
        gap.lower.bisect(SMALL)
        gap.upper.bisect(SMALL)


def _zeros(total: DualSum, ends: Ends, best: _Best) -> Iterator[Candidate]:
    """The zeros of F′ inside gaps where F may be least."""
    number = numbered()
    heap: list[tuple[float, int, _Part]] = []
    for gap, (left, right) in zip(total.gaps, ends, strict=True):
        if not gap.flat:
            part = _Part(gap, gap.lower.lower, gap.upper.upper, left, right)
            heap.append((float(part.floor()), next(number), part))
    heapify(heap)
    tried: Counter[Gap] = Counter()
    done: set[Gap] = set()
    while heap:
        _, _, part = heappop(heap)
        gap = part.gap
        if part.floor() > best.value or gap in done:
            continue
        slope = gap.enclosure(part.lower, part.upper, 1)
        if slope > 0 or slope < 0:
            continue
        if gap.enclosure(part.lower, part.upper, 2) > 0:
            yield from _only_zero(part)
            continue
        tried[gap] += 1
        if tried[gap] > MOST_PARTS or not part.is_divisible():
            done.add(gap)
            yield from _every_zero(gap)
            continue
        halves = part.halves()
        best.lower(halves[0].right)
        for half in halves:
            heappush(heap, (float(half.floor()), next(number), half))


def _only_zero(part: _Part) -> Iterator[Candidate]:
    """The zero of an increasing F′ on a part; none where it lies at a node."""
    gap, (left, right) = part.gap, part.end_signs()
    if left == 0 and not part.first:
        yield Candidate(RealAlgebraic.rational(part.lower), (gap,))
    elif right == 0 and not part.last:
        yield Candidate(RealAlgebraic.rational(part.upper), (gap,))
    if not left < 0 < right:
        return
    lower, upper = part.lower, part.upper
    if part.first:
        while gap.slope_sign(gap.lower.upper) >= 0:
            gap.lower.bisect(SMALL)
        lower = gap.lower.upper
    if part.last:
        while gap.slope_sign(gap.upper.lower) <= 0:
            gap.upper.bisect(SMALL)
        upper = gap.upper.lower
    for _ in range(SMALL):
        middle = (lower + upper) / 2
        if gap.slope_sign(middle) < 0:
            lower = middle
        else:
            upper = middle
    (zero,) = roots_of(gap.slope_polynomial, lower, upper)
    yield Candidate(zero, (gap,))


def _every_zero(gap: Gap) -> Iterator[Candidate]:
    """All places where F′ turns from − to +, or the gap when F′ = 0 throughout."""
    pattern = sign_pattern(gap.slope_polynomial, Interval(gap.lower, gap.upper))
    if pattern[0][1] == 0:
        yield Candidate(gap.lower, (gap,), gap.upper)
    for (_, before), (rising, after) in pairwise(pattern):
        if before < 0 < after:
            yield Candidate(rising.lower, (gap,))
