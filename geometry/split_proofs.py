"""Proofs that every cell of a region has at least so many errors: splits, and circuits.

In an open cell every example is right or wrong, unless its score is zero throughout. A *split* at
an example treats both: where it is right its row is positive like a constraint, where it is wrong
the negated row is. Once some examples are wrong, circuits have to show only that enough of the
others are: no few of them meet all circuits at a leaf. Without splits the least set that meets
every circuit is found by trying sets, which takes exponentially long in the number of errors; with
splits there are never more leaves than cells, polynomially many in the number of examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from geometry.hitting_sets import irredundant
from piecewise.deadlines import Check, go_on

Support = tuple[int, ...]
"""A circuit by its rows, negated ones ~i."""
Leaf = tuple[Support, ...]
Proof = tuple["int | Leaf", ...]
"""A binary tree in preorder: an example at which to split, followed by what holds where it is right
and then where it is wrong; or the circuits of a leaf."""


@dataclass(frozen=True)
class Decided:
    """Examples that are right and wrong on a branch, as bit masks."""

    right: int = 0
    wrong: int = 0

    @property
    def errors(self) -> int:
        """Number of those that are wrong."""
        return self.wrong.bit_count()

    def split(self, example: int) -> tuple[Decided, Decided]:
        """The branches where the example is right and where it is wrong."""
        bit = 1 << example
        return Decided(self.right | bit, self.wrong), Decided(self.right, self.wrong | bit)

    def open_of(self, support: Support, examples: int) -> int | None:
        """The undecided examples of a circuit; None if its rows are not positive on the branch."""
        found = 0
        for i in support:
            if i < 0:
                if not self.wrong >> ~i & 1:
                    return None
            elif i < examples:
                if self.wrong >> i & 1:
                    return None
                found |= 1 << i
        return found & ~self.right


def walk(proof: Proof) -> Iterator[tuple[Decided, int | Leaf]]:
    """The nodes in order, each with what is decided there."""
    pending = [Decided()]
    for node in proof:
        decided = pending.pop()
        yield decided, node
        if isinstance(node, int):
            pending += reversed(decided.split(node))


def branches_after(nodes: Iterable[int | Leaf]) -> list[Decided]:
    """The branches that are open after the first nodes of a proof, the next one last."""
    pending = [Decided()]
    for node in nodes:
        decided = pending.pop()
        if isinstance(node, int):
            pending += reversed(decided.split(node))
    return pending


def supports_of(proof: Proof) -> list[Support]:
    """All circuits, in increasing order."""
    return sorted({support for node in proof if not isinstance(node, int) for support in node})


def reduced(
    leaf: Iterable[Support],
    decided: Decided,
    errors: int,
    examples: int,
    check: Check = go_on,
    limit: int | None = None,
) -> Leaf:
    """Circuits that suffice at a leaf for so many errors, the first ones left out first."""
    if decided.errors >= errors:
        return ()
    order, masks = [], []
    for support in leaf:
        mask = decided.open_of(support, examples)
        if mask is not None:
            order.append(support)
            masks.append(mask)
    chosen = irredundant(masks, errors - 1 - decided.errors, check, limit)
    return tuple(sorted(order[i] for i in chosen))


def trimmed(proof: Proof, errors: int, examples: int, limit: int) -> Proof:
    """What is left of a proof when only so many errors have to be shown."""
    found: list[int | Leaf] = []
    below = 0  # subtrees of a branch that is settled
    for decided, node in walk(proof):
        split = isinstance(node, int)
        if below:
            below += 1 if split else -1
        elif decided.errors >= errors:
            found.append(())
            below = 2 if split else 0
        elif isinstance(node, int):
            found.append(node)
        else:
            order = sorted(node, key=lambda s: (_size(s, decided, examples), s))
            found.append(reduced(order, decided, errors, examples, limit=limit))
    return tuple(found)


def _size(support: Support, decided: Decided, examples: int) -> int:
    """Sorts circuits with many examples to the front."""
    mask = decided.open_of(support, examples)
    return 0 if mask is None else -mask.bit_count()
