"""Patterns around a curve: which boundaries its basin meets, and what may lie beyond them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from pieceproof.checking.enclosing.groups import coincide
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.rising import rises
from pieceproof.checking.enclosing.tubes import Label, Space
from pieceproof.checking.reading import Refuted

MAX_BOUNDARIES = 8
"""Boundaries and C¹ boundaries in one basin at most: their sides are enumerated."""


class BasinTooLarge(Refuted):
    """A basin does not do; a smaller one around the same curve may."""


def sides(pattern: Pattern, group: Sequence[Label]) -> int:
    """σ of a group: 1 if the first member's pattern lies above the boundary, else −1."""
    unit, example, k = group[0]
    return 1 if pattern[unit][example] == k + 1 else -1


def crossed(pattern: Pattern, group: Sequence[Label]) -> Pattern:
    """The pattern on the other side of a group of coinciding boundaries."""
    changed = [list(unit) for unit in pattern]
    for unit, example, k in group:
        changed[unit][example] = 2 * k + 1 - changed[unit][example]
    return tuple(tuple(unit) for unit in changed)


def patterns(pattern: Pattern, groups: Sequence[Sequence[Label]]) -> Iterator[Pattern]:
    """All patterns with the groups taken on either side."""
    for choice in product((False, True), repeat=len(groups)):
        current = pattern
        for change, group in zip(choice, groups, strict=True):
            if change:
                current = crossed(current, group)
        yield current


@dataclass(frozen=True)
class Near:
    """The boundaries that N meets besides the active ones."""

    soft: tuple[tuple[Label, ...], ...]
    """Boundaries at which f is C¹, each as a group of one."""
    rising: tuple[tuple[Label, ...], ...]
    """Beyond them f is at least the polynomial of the near side, one hyperplane each."""

    @property
    def all(self) -> tuple[tuple[Label, ...], ...]:
        """Both kinds: the curve must stay on its side of them."""
        return self.soft + self.rising


def boundaries_near(
    space: Space, box: Range, pattern: Pattern, hard: Sequence[Sequence[Label]]
) -> Near:
    """The boundaries that N meets, for every side of the ``hard`` ones.

    Raises:
        Refuted: one is met at which f may be smaller beyond, or too many.
    """
    space.check_domain(box, pattern)
    network, jets = space.network, space.jets
    listed = {label for group in hard for label in group}
    soft: list[tuple[Label, ...]] = []
    rising: list[tuple[Label, ...]] = []
    known: set[tuple[Label, ...]] = set()
    pending = [pattern]
    if len(hard) > MAX_BOUNDARIES:
        raise BasinTooLarge(f"more than {MAX_BOUNDARIES} boundaries in one basin")
    done: set[Pattern] = set()
    while pending:
        base = pending.pop()
        for current in patterns(base, [*hard, *soft]):
            if current in done:
                continue
            done.add(current)
            _, seen = jets.both(box, 0, current)
            for unit, z in enumerate(seen):
                for example in range(network.examples):
                    low, high = z.value.lo[0, example], z.value.hi[0, example]
                    piece = current[unit][example]
                    first, last = network.pieces[unit][example]
                    if not first <= piece <= last:
                        raise Refuted("a pattern that W has no use for")
                    for k, inside in (
                        (piece - 1, piece == first or low >= jets.points.hi[piece - 1]),
                        (piece, piece == last or high <= jets.points.lo[piece]),
                    ):
                        label = (unit, example, k)
                        if inside or label in listed:
                            continue
                        constant = low == high == jets.points.lo[k] == jets.points.hi[k]
                        if constant and not any(network.inputs[example]) and not network.bias:
                            continue
                        if (label,) in known:
                            continue
                        known.add((label,))
                        if network.is_soft(*label):
                            soft.append((label,))
                            pending.append(pattern)
                        else:
                            _add(space, rising, label)
            if len(hard) + len(soft) > MAX_BOUNDARIES:
                raise BasinTooLarge(f"more than {MAX_BOUNDARIES} boundaries in one basin")
    for own in rising:
        # Other boundaries count as far as they change the output at the same examples.
        examples = {example for _, example, _ in own}
        others = [
            group
            for group in (*hard, *soft, *rising)
            if group is not own and any(member[1] in examples for member in group)
        ]
        if len(others) > MAX_BOUNDARIES or not rises(space, box, patterns(pattern, others), own):
            unit, example, k = own[0]
            raise BasinTooLarge(f"{network.units[unit]}:e{example + 1}:k{k + 1} is near")
    return Near(tuple(soft), tuple(rising))


def _add(space: Space, rising: list[tuple[Label, ...]], label: Label) -> None:
    """Take a boundary to those that are the same hyperplane, or as a group of its own."""
    for i, group in enumerate(rising):
        if coincide(space, (group[0], label)):
            rising[i] = (*group, label)
            return
    rising.append((label,))
