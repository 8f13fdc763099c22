"""Monotone arcs of a continuous piecewise rational function: extrema, minimum, oscillations.

Between neighbouring *nodes* (ends of A, breakpoints, zeros of odd order of the
derivative) ℓ* is strictly monotone or constant. Its values at the nodes are compared
exactly, so everything below is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, cmp_to_key
from itertools import pairwise

from geometry.algebraic import RealAlgebraic, rounded_decimal
from geometry.intervals import Interval, sign_pattern
from geometry.rational_functions import RationalFunction

SEPARATION_BITS = 192
"""Enclosures are refined to this width before equality of two values is decided algebraically."""


@dataclass(frozen=True, eq=False)
class Level:
    """The value function(at), compared exactly; its algebraic form is computed when needed."""

    function: RationalFunction
    at: RealAlgebraic

    @cached_property
    def exact(self) -> RealAlgebraic:
        """The value as a real algebraic number."""
        return self.function.value_at(self.at)

    def decimal(self, digits: int) -> str:
        """The value correctly rounded to ``digits`` significant digits."""
        if self.at.is_rational:
            return self.exact.decimal(digits)
        for _ in range(0, SEPARATION_BITS, 16):
            rounded = {rounded_decimal(end, digits) for end in self.function.enclosure(self.at)}
            if len(rounded) == 1:
                return rounded.pop()
            self.at.bisect(16)
        return self.exact.decimal(digits)

    def compare(self, other: Level) -> int:
        """Sign of (self − other): by enclosures first, exactly if they do not separate."""
        if self.function == other.function and self.at == other.at:
            return 0
        for _ in range(0, SEPARATION_BITS, 16):
            low, high = self.function.enclosure(self.at)
            other_low, other_high = other.function.enclosure(other.at)
            if high < other_low:
                return -1
            if other_high < low:
                return 1
            self.at.bisect(16)
            other.at.bisect(16)
        return self.exact.compare(other.exact)


@dataclass(frozen=True)
class Arc:
    """ℓ* is increasing (1), decreasing (−1) or constant (0) on ``interval``."""

    interval: Interval
    direction: int
    function: RationalFunction


@dataclass(frozen=True)
class Extremum:
    """A local extremum: a point (lower = upper) or a maximal plateau [lower, upper]."""

    lower: RealAlgebraic
    upper: RealAlgebraic
    level: Level

    @property
    def is_plateau(self) -> bool:
        """Whether ℓ* is constant on an interval here."""
        return self.lower is not self.upper and self.lower != self.upper


def arcs_of(pieces: Sequence[tuple[Interval, RationalFunction]]) -> list[Arc]:
    """The arcs of the function with the given pieces, in order, one list for all of A."""
    arcs: list[Arc] = []
    for interval, function in pieces:
        # (N/D)' has the sign of N'D − ND'.
        for part, direction in sign_pattern(function.slope, interval):
            arcs.append(Arc(part, direction, function))
    return arcs


def extrema(arcs: Sequence[Arc]) -> tuple[list[Extremum], list[Extremum]]:
    """Local minima and maxima of a continuous function on A, in increasing order.

    A maximal plateau counts once, an end of A counts when the function does not pass
    below (above) the value there; a constant function has one minimum and one maximum.
    """
    minima: list[Extremum] = []
    maxima: list[Extremum] = []
    index, before = 0, 0  # direction of the last arc that is not constant
    start = Extremum(arcs[0].interval.lower, arcs[0].interval.lower, _left_level(arcs[0]))
    while True:
        upper = start.upper
        while index < len(arcs) and arcs[index].direction == 0:
            upper = arcs[index].interval.upper
            index += 1
        after = arcs[index].direction if index < len(arcs) else 0
        place = start if upper is start.upper else Extremum(start.lower, upper, start.level)
        if before <= 0 <= after:
            minima.append(place)
        if before >= 0 >= after:
            maxima.append(place)
        if index == len(arcs):
            return minima, maxima
        arc, before = arcs[index], after
        start = Extremum(
            arc.interval.upper, arc.interval.upper, Level(arc.function, arc.interval.upper)
        )
        index += 1


def _left_level(arc: Arc) -> Level:
    return Level(arc.function, arc.interval.lower)


def global_minima(minima: Sequence[Extremum]) -> list[Extremum]:
    """Those of the local minima with the least value."""
    least = minima[0]
    for candidate in minima[1:]:
        if candidate.level.compare(least.level) < 0:
            least = candidate
    return [candidate for candidate in minima if candidate.level.compare(least.level) == 0]


def oscillations(arcs: Sequence[Arc]) -> int:
    """B = max over τ of the cuts of α ↦ 1[ℓ*(α) ≥ τ], for a continuous ℓ*.

    For τ strictly between neighbouring levels of nodes the indicator is cut once in
    every monotone run that crosses τ. At a level τ itself maxima at τ still give two cuts (an
    isolated point) and minima none, as for τ slightly below; so generic τ suffice.
    """
    turns: list[Level] = []  # values at the ends of the maximal monotone runs
    direction, end = 0, None
    for arc in arcs:
        if arc.direction:
            if arc.direction != direction:
                turns.append(Level(arc.function, arc.interval.lower))
                direction = arc.direction
            end = Level(arc.function, arc.interval.upper)
    if end is None:
        return 0
    turns.append(end)
    ranked = sorted(turns, key=cmp_to_key(Level.compare))
    heights = {id(ranked[0]): 0}
    for below, level in pairwise(ranked):
        heights[id(level)] = heights[id(below)] + (below.compare(level) < 0)
    crossing = [0] * len(turns)
    for first, last in pairwise(heights[id(level)] for level in turns):
        for gap in range(min(first, last), max(first, last)):
            crossing[gap] += 1
    return max(crossing)


def slopes_differ(left: RationalFunction, right: RationalFunction, at: RealAlgebraic) -> bool:
    """Whether the derivatives of the two functions differ at ``at`` (no pole of either)."""
    difference = left.slope * right.denominator**2 - right.slope * left.denominator**2
    return at.sign_of(difference) != 0


def values_differ(left: RationalFunction, right: RationalFunction, at: RealAlgebraic) -> bool:
    """Whether the two functions differ at ``at`` (no pole of either)."""
    difference = left.numerator * right.denominator - right.numerator * left.denominator
    return at.sign_of(difference) != 0
