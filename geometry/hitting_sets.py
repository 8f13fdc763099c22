"""Hitting sets: few elements that meet every member of a family of sets.

Sets are bit masks. Pairwise disjoint members need an element each, which bounds the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

Check = Callable[[], None]
"""Called again and again in a search; it may raise an error to end it."""


def _go_on() -> None:
    """A search that takes the time it takes."""


def hitting_set(family: Sequence[int], most: int, check: Check = _go_on) -> int | None:
    """At most so many elements that meet every set, or None if there are no such elements.

    A family with an empty set has none.
    """
    return _search(sorted(set(family), key=lambda s: (s.bit_count(), s)), most, 0, check)


def _search(family: list[int], most: int, chosen: int, check: Check) -> int | None:
    check()
    if not family:
        return chosen
    if most <= 0 or not family[0] or _disjoint(family) > most:
        return None
    counts = {bit: sum(1 for s in family if s & bit) for bit in bits(family[0])}
    excluded = 0
    for bit in sorted(counts, key=lambda b: (-counts[b], b)):
        rest = sorted(
            {s & ~excluded for s in family if not s & bit}, key=lambda s: (s.bit_count(), s)
        )
        found = _search(rest, most - 1, chosen | bit, check)
        if found is not None:
            return found
        excluded |= bit
    return None


def _disjoint(family: Sequence[int]) -> int:
    """Number of disjoint members found greedily, small ones first."""
    used = count = 0
    for s in family:
        if not s & used:
            used |= s
            count += 1
    return count


def bits(mask: int) -> Iterator[int]:
    """The elements of a set, as sets, increasing."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


def irredundant(family: Sequence[int], most: int, check: Check = _go_on) -> list[int]:
    """Positions of members that alone have no hitting set of ``most`` elements.

    The first ones are left out first. The whole family must have none.
    """
    kept = list(range(len(family)))
    for position in range(len(family)):
        rest = [p for p in kept if p != position]
        if hitting_set([family[p] for p in rest], most, check) is None:
            kept = rest
    return kept
