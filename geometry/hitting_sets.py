"""Hitting sets: few elements that meet every member of a family of sets.

Sets are bit masks. Pairwise disjoint members need an element each, which bounds the search. Where
there are no such elements, the members that the search looked at already have none: its *core*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from piecewise.deadlines import Check, go_on

Member = tuple[int, int]
"""What is left of a set, and its position in the family."""


class TooManyChoices(Exception):
    """A search that came to no end within its limit."""


@dataclass(frozen=True)
class Hit:
    """Elements that meet every member, as a set."""

    elements: int


@dataclass(frozen=True)
class Core:
    """Positions, increasing, of members that have no such hitting set."""

    members: tuple[int, ...]


def hitting_set(
    family: Sequence[int], most: int, check: Check = go_on, limit: int | None = None
) -> Hit | Core:
    """At most so many elements that meet every set, or members for which there are none.

    Of members of one size the first ones are looked at first. An empty set has no such elements.

    Args:
        family: the sets.
        most: how many elements there may be.
        check: called for every choice.
        limit: most choices.

    Raises:
        TooManyChoices: more choices than ``limit``.
    """
    first: dict[int, int] = {}
    for position, s in enumerate(family):
        first.setdefault(s, position)
    used: set[int] = set()
    found = _Search(check, limit, used).run(_sorted(first), most, 0)
    return Core(tuple(sorted(used))) if found is None else Hit(found)


def _sorted(members: dict[int, int]) -> list[Member]:
    """Small sets first, then the first of the family."""
    return sorted(members.items(), key=lambda m: (m[0].bit_count(), m[1]))


@dataclass
class _Search:
    check: Check
    limit: int | None
    used: set[int]
    """Positions of the members that show that a choice is in vain."""
    choices: int = 0

    def run(self, family: list[Member], most: int, chosen: int) -> int | None:
        self.check()
        self.choices += 1
        if self.limit is not None and self.choices > self.limit:
            raise TooManyChoices
        if not family:
            return chosen
        smallest, position = family[0]
        disjoint = [position] if not smallest else _disjoint(family)
        if not smallest or len(disjoint) > most:
            self.used.update(disjoint[: most + 1])
            return None
        self.used.add(position)
        counts = {bit: sum(1 for s, _ in family if s & bit) for bit in bits(smallest)}
        excluded = 0
        for bit in sorted(counts, key=lambda b: (-counts[b], b)):
            rest: dict[int, int] = {}
            for s, place in family:
                if not s & bit:
                    rest.setdefault(s & ~excluded, place)
            found = self.run(_sorted(rest), most - 1, chosen | bit)
            if found is not None:
                return found
            excluded |= bit
        return None


def _disjoint(family: Sequence[Member]) -> list[int]:
    """Positions of disjoint members found greedily, small ones first."""
    used, found = 0, []
    for s, position in family:
        if not s & used:
            used |= s
            found.append(position)
    return found


def bits(mask: int) -> Iterator[int]:
    """The elements of a set, as sets, increasing."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


def irredundant(
    family: Sequence[int], most: int, check: Check = go_on, limit: int | None = None
) -> list[int]:
    """Positions of members that have no hitting set of ``most`` elements, few of them.

    The first ones are left out first; with a ``limit``, where that many choices show that the
    others suffice. The whole family must have none.
    """
    kept = list(range(len(family)))
    for position in range(len(family)):
        # Without any of so few, an element of each other is enough; an empty set has none.
        if len(kept) <= most + 1 and all(family[p] for p in kept):
            break
        if position not in kept:
            continue
        rest = [p for p in kept if p != position]
        # the search prefers members that come first: those that are left out last
        try:
            found = hitting_set([family[p] for p in reversed(rest)], most, check, limit)
        except TooManyChoices:
            continue
        if isinstance(found, Core):
            core = {rest[-1 - place] for place in found.members}
            kept = [p for p in rest if p in core]
    return kept
