"""The fewest errors in a region at one α: parameters that make so few, and a proof.

In a region some parameters make at most k errors at α iff for a set D of at most k examples the
rows y_t·r_t(α), t ∉ D, and those of the constraints can all be positive at once
(:mod:`geometry.alternatives`). If not, a *circuit* says so, and D must meet it. So

    errors in the region  =  least size of a set that meets every circuit        [Parker, Ryan 1996]

Circuits are found in turn with sets that meet those known so far, until no set is small enough
[implicit hitting sets, Moreno-Centeno, Karp 2013]. Where it is hard to say whether a set is, an
example is decided instead (:mod:`geometry.split_proofs`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from flint import fmpq

from geometry.alternatives import Circuit, State, Vertex
from geometry.circuits import System
from geometry.hitting_sets import Core, TooManyChoices, bits, hitting_set
from geometry.split_proofs import Decided, Leaf, Proof, Support, branches_after
from piecewise.deadlines import Check, go_on

LIMIT = 32
"""Choices after which an example is decided instead."""
WEIGHT = 0.25
"""What an example in a circuit counts for less with every other that the circuit has."""


@dataclass(frozen=True)
class Half:
    """A search between two rounds: another one goes on from here as this one would."""

    need: int
    best: Vertex | None
    nodes: Proof
    circuits: tuple[Support, ...]
    dictionary: State


class SampleSearch:
    """The search in the slice of a region at α.

    Args:
        system: the rows of the region.
        alpha: a rational.
        known: circuits that hold at α, those first that proofs should prefer.
        need: a number of errors that is attained elsewhere.
        check: called again and again; it may raise an error.
        half: where an earlier search had come.

    Attributes:
        need: the fewest errors known to be attained.
        best: parameters that make so few, None if none that make less than elsewhere were found.
    """

    def __init__(
        self,
        system: System,
        alpha: fmpq,
        known: Sequence[Support],
        need: int,
        check: Check = go_on,
        half: Half | None = None,
    ) -> None:
        self.need = half.need if half else need
        self.best: Vertex | None = half.best if half else None
        self._nodes: list[int | Leaf] = list(half.nodes) if half else []
        self._examples = system.examples
        self._zero = sum(1 << i for i in range(system.examples) if not any(system.rows[i]))
        self._constraints = set(range(system.examples, len(system.rows)))
        self._sample = system.at(alpha, half.dictionary if half else None)
        self._circuits = dict.fromkeys(half.circuits if half else known)
        self._check = check

    def quick(self) -> Vertex | None:
        """Parameters with fewer errors than elsewhere, if a first attempt finds some."""
        self._round(Decided(), 0)
        return self.best

    @property
    def half(self) -> Half:
        """Where the search is, between two rounds."""
        circuits = tuple(self._circuits)
        return Half(self.need, self.best, tuple(self._nodes), circuits, self._sample.state)

    def proof(self, pause: Callable[[SampleSearch], None] = lambda search: None) -> Proof:
        """A proof that there are at least ``need`` errors, ``need`` being lowered on the way.

        ``pause`` is called between two rounds, where :attr:`half` is true.
        """
        pending = branches_after(self._nodes)
        while pending and self.need:
            decided = pending.pop()
            node = self._node(decided, pause)
            self._nodes.append(node)
            if isinstance(node, int):
                pending += reversed(decided.split(node))
        return tuple(self._nodes) if self.need else ((),)

    def _node(self, decided: Decided, pause: Callable[[SampleSearch], None]) -> int | Leaf:
        """Circuits that show that a branch has enough errors, or an example at which to split."""
        while decided.errors < self.need:
            pause(self)
            family = self._family(decided)
            left = self.need - 1 - decided.errors
            masks = list(family.values())
            try:
                found = hitting_set(masks, left, self._check, LIMIT)
            except TooManyChoices:
                example = self._most_telling(masks)
                if example is not None:
                    return example
                found = hitting_set(masks, left, self._check)
            if isinstance(found, Core):
                supports = list(family)
                return tuple(supports[i] for i in found.members)
            self._round(decided, found.elements)
        return ()

    def _family(self, decided: Decided) -> dict[Support, int]:
        """The circuits that hold on a branch with their undecided examples."""
        return {
            support: mask
            for support in self._circuits
            if (mask := decided.open_of(support, self._examples)) is not None
        }

    def _round(self, decided: Decided, dropped: int) -> None:
        """Drops examples until the others can be right, then takes back what can be.

        The circuits met on the way are kept, and the parameters if they are better.
        """
        while isinstance(outcome := self._solve(decided, dropped), Circuit):
            self._circuits[outcome.support] = None
            mask = decided.open_of(outcome.support, self._examples)
            if not mask:
                return  # no parameters at all
            dropped |= mask
        for bit in bits(dropped):
            if self._wrong(outcome) < self.need:
                break
            again = self._solve(decided, dropped & ~bit)
            if isinstance(again, Vertex):
                outcome, dropped = again, dropped & ~bit
            else:
                self._circuits[again.support] = None
        if self._wrong(outcome) < self.need:
            self.best, self.need = outcome, self._wrong(outcome)

    def _solve(self, decided: Decided, dropped: int) -> Vertex | Circuit:
        """What the rows of the constraints and of all examples that are not dropped allow."""
        self._check()
        wrong = {i for i in range(self._examples) if decided.wrong >> i & 1}
        kept = {i for i in range(self._examples) if not dropped >> i & 1}
        return self._sample.solve(self._constraints | kept, wrong)

    def _wrong(self, vertex: Vertex) -> int:
        return sum(value <= 0 for value in vertex.values[: self._examples])

    def _most_telling(self, family: Iterable[int]) -> int | None:
        """The example in most circuits, those with few examples counted most.

        A score that is zero throughout is neither right nor wrong, and no branch decides it.
        """
        weights: dict[int, float] = {}
        for mask in family:
            weight = WEIGHT ** mask.bit_count()
            for bit in bits(mask & ~self._zero):
                weights[bit] = weights.get(bit, 0.0) + weight
        if not weights:
            return None
        return max(weights, key=lambda bit: (weights[bit], bit)).bit_length() - 1
