"""Local extrema, minimum and oscillations of a function given by its profile.

Values are compared exactly, so everything here is exact.

A *local extremum* is a maximal set (a point, or a plateau) on which ℓ* is constant and next to
which, on every side where A goes on, ℓ* is greater (a minimum) or smaller (a maximum). A
plateau need not contain its ends: there ℓ* may jump down. A limit that is not attained
is no extremum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import accumulate, pairwise

from geometry.algebraic import RealAlgebraic
from geometry.arcs import Profile
from geometry.values import Level


@dataclass(frozen=True)
class Extremum:
    """A local extremum: a point (lower = upper) or a maximal plateau.

    ``lower_open`` and ``upper_open`` say that the plateau does not contain that end.
    """

    lower: RealAlgebraic
    upper: RealAlgebraic
    level: Level
    lower_open: bool = False
    upper_open: bool = False

    @property
    def is_plateau(self) -> bool:
        """Whether ℓ* is constant on an interval here."""
        return self.lower is not self.upper and self.lower != self.upper


def extrema(profile: Profile) -> tuple[list[Extremum], list[Extremum]]:
    """Local minima and maxima in increasing order; a constant function has one of each."""
    minima: list[Extremum] = []
    maxima: list[Extremum] = []
    for place, before, after in _stretches(profile):
        if before >= 0 <= after:
            minima.append(place)
        if before <= 0 >= after:
            maxima.append(place)
    return minima, maxima


def _stretches(profile: Profile) -> Iterator[tuple[Extremum, int, int]]:
    """Maximal sets on which ℓ* is constant, with the signs of ℓ* − level just before and after.

    The sign is 0 where A ends. Nodes and arcs alternate; ``steps[k]`` is the sign of the change
    from the k-th of them to the next, 0 if and only if ℓ* is constant across.
    """
    arcs, nodes = profile.arcs, profile.nodes
    steps = []
    for index, arc in enumerate(arcs):
        steps.append(nodes[index].after or arc.direction)
        steps.append(-nodes[index + 1].before or arc.direction)
    first = 0
    for last in range(len(steps) + 1):
        if last < len(steps) and steps[last] == 0:
            continue
        if first == last and first % 2 and arcs[first // 2].direction:
            first = last + 1
            continue  # a strictly monotone arc
        start, end = nodes[first // 2].level.at, nodes[(last + 1) // 2].level.at
        level = nodes[(first + 1) // 2].level
        if first == last and first % 2:  # an arc alone, with other values at both ends
            level = Level(arcs[first // 2].function, start)
        before = -steps[first - 1] if first else 0
        after = steps[last] if last < len(steps) else 0
        yield Extremum(start, end, level, bool(first % 2), bool(last % 2)), before, after
        first = last + 1


def global_minima(minima: Sequence[Extremum]) -> list[Extremum]:
    """Those of the local minima with the least value."""
    least = minima[0]
    for candidate in minima[1:]:
        if candidate.level.compare(least.level) < 0:
            least = candidate
    return [candidate for candidate in minima if candidate.level.compare(least.level) == 0]


def oscillations(profile: Profile) -> int:
    """B = max over τ of the cuts of α ↦ 1[ℓ*(α) ≥ τ].

    ℓ* is a sequence of values at nodes and of limits at the ends of arcs. Between two
    neighbouring entries x, y the indicator is cut for the τ with min(x, y) < τ ≤ max(x, y). A
    limit that an arc approaches from below counts as slightly less than its value.
    """
    sequence = list(_turns(profile))
    levels = list({id(level): level for level, _ in sequence}.values())
    levels.sort(key=cmp_to_key(Level.compare))
    rank = {id(levels[0]): 0}
    for lower, level in pairwise(levels):
        rank[id(level)] = rank[id(lower)] + 2 * (lower.compare(level) < 0)
    heights = [rank[id(level)] - below for level, below in sequence]
    changes = [0] * (max(heights) + 3)
    for x, y in pairwise(heights):
        changes[min(x, y) + 1] += 1
        changes[max(x, y) + 1] -= 1
    return max(accumulate(changes))


def _turns(profile: Profile) -> Iterator[tuple[Level, bool]]:
    """Levels in order, with whether they are approached from below; those that a maximal
    monotone run only passes are left out."""
    arcs, nodes = profile.arcs, profile.nodes
    yield nodes[0].level, False
    for index, arc in enumerate(arcs):
        node, following = nodes[index], nodes[index + 1]
        directions = {other.direction for other in arcs[max(index - 1, 0) : index + 1]}
        passed = index > 0 and node.is_continuous and len(directions) == 1
        if not passed:
            level = node.level if node.after == 0 else Level(arc.function, arc.interval.lower)
            yield level, arc.direction < 0
        directions = {other.direction for other in arcs[index : index + 2]}
        if index + 1 == len(arcs) or not following.is_continuous or len(directions) > 1:
            same = following.before == 0
            level = following.level if same else Level(arc.function, arc.interval.upper)
            yield level, arc.direction > 0
            yield following.level, False
