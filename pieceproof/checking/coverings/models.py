"""The network that a document states, with its examples grouped by input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.compiled.records import Net
from pieceproof.checking.enclosing.networks import Network, read_network
from pieceproof.checking.enclosing.ranges import Array, around
from pieceproof.checking.reading import Node, Refuted

LARGEST = 1e60
"""Numbers on W are below it, so that nothing overflows."""


@dataclass(frozen=True)
class Item:
    """All examples with one input: ``examples`` (counted from 0), how many have label 1 and −1."""

    x: tuple[fmpq, ...]
    examples: tuple[int, ...]
    positive: int
    negative: int

    @property
    def least(self) -> int:
        """Errors that are made whatever the score is."""
        return min(self.positive, self.negative)

    @property
    def side(self) -> int:
        """The sign of the score with fewer errors; 0 if both signs are alike."""
        return (self.positive > self.negative) - (self.positive < self.negative)

    @property
    def weight(self) -> int:
        """Errors that the other sign costs besides."""
        return abs(self.positive - self.negative)

    def cost(self, sign: int) -> int:
        """Errors where the score has a sign; 0 is an error of every example."""
        return self.negative if sign > 0 else self.positive if sign < 0 else len(self.examples)


class Model:
    """A network and its items.

    Raises:
        CertificateError: malformed, or outside the covered family.
        Refuted: numbers on W are too large for doubles.
    """

    def __init__(self, node: Node) -> None:
        self.network: Network = read_network(node, kind="zero-one")
        self.signs: bool = node.value["model"].get("output_weights") == "signs"
        labels = node.member("data").member("targets").items()
        for label, entry in zip(self.network.targets, labels, strict=True):
            if label not in (1, -1):
                raise entry.wrong("a label, 1 or -1")
        if not self.network.hidden:
            raise node.member("model").wrong("a network with hidden units")
        if self.network.decay != 0 or self.network.penalised:
            raise node.member("loss").wrong("no weight decay and no penalty")
        if not _largest(self.network) < LARGEST:
            raise Refuted(f"problem: numbers above {LARGEST:g} on the box; make it smaller")

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Examples with the same input are one item, in the order of their first example."""
        found: dict[tuple[fmpq, ...], list[int]] = {}
        for t, x in enumerate(self.network.inputs):
            found.setdefault(x, []).append(t)
        labels = self.network.targets
        return tuple(
            Item(x, tuple(own), sum(labels[t] > 0 for t in own), sum(labels[t] < 0 for t in own))
            for x, own in found.items()
        )

    @cached_property
    def first_layer(self) -> tuple[int, ...]:
        """The weights, not biases, of the units of the first layer."""
        network = self.network
        units = network.incoming[: network.hidden[0]]
        return tuple(i for own in units for i in (own[:-1] if network.bias else own))

    @property
    def is_shallow(self) -> bool:
        """Whether scores are affine in α for fixed parameters."""
        return len(self.network.hidden) == 1

    def net(self, outputs: Sequence[fmpq] | None) -> Net:
        """The network in arrays, with these output weights if they are not trainable."""
        network = self.network
        items = [*(item.x for item in self.items), (fmpq(0),) * len(network.inputs[0])]
        pairs = self._pairs()
        steps = [[b - a for a, b in zip(items[i], items[j], strict=True)] for i, j in pairs]
        pieces = list(zip(network.first, network.second, strict=True))
        size = max(1, *(len(q.coeffs()) for pair in pieces for q in pair))
        table = [
            [[second[m] for m in range(size)] for _, second in pieces],
            [[first[m] - second[m] for m in range(size)] for first, second in pieces],
            [[first[m] for m in range(size)] for first, _ in pieces],
        ]
        fixed = [*(outputs or ()), network.offset if network.offset is not None else fmpq(0)]
        plan = [network.bias, outputs is None, network.offset is None, *network.hidden]
        costs = [
            [item.cost(-1), item.cost(1), item.cost(0), item.least, item.weight]
            for item in self.items
        ]
        return Net(
            np.array(plan, dtype=np.int64),
            _enclosed(items),
            np.array(pairs, dtype=np.int64).reshape(-1, 2),
            _enclosed(steps),
            _enclosed(network.breakpoints),
            _enclosed(table),
            np.full(2, np.nan),
            np.zeros((2, 2, len(pieces), size)),
            _enclosed(fixed),
            np.array(costs, dtype=np.int64),
        )

    def on(self, net: Net, slab: tuple[fmpq, fmpq]) -> Net:
        """The network for boxes of a slab, at whose ends σ_α is known exactly."""
        ends = around([*slab])
        pieces = list(zip(self.network.first, self.network.second, strict=True))
        size = net.pieces.shape[3]
        tables = [
            [
                [alpha * first[m] + (1 - alpha) * second[m] for m in range(size)]
                for first, second in pieces
            ]
            for alpha in slab
        ]
        return net._replace(
            edges=np.array([ends.lo[0], ends.hi[1]]),
            exact=np.stack([_enclosed(table) for table in tables]),
        )

    def _pairs(self) -> list[tuple[int, int]]:
        """(i, j): score i should be above, score j below 0; then (origin, i) for all items i."""
        items = self.items
        above = [i for i, item in enumerate(items) if item.side > 0]
        below = [j for j, item in enumerate(items) if item.side < 0]
        return [(i, j) for i in above for j in below] + [(len(items), i) for i in range(len(items))]


def _enclosed(values: Sequence[object]) -> Array:
    """Rationals in nested lists as (2, …) lower and upper bounds."""
    flat: list[fmpq] = []
    shape = _flattened(values, flat)
    found = around(flat) if flat else around([])
    return np.stack([found.lo, found.hi]).reshape(2, *shape)


def _flattened(values: object, flat: list[fmpq]) -> tuple[int, ...]:
    if isinstance(values, fmpq):
        flat.append(values)
        return ()
    if not isinstance(values, (list, tuple)):
        raise TypeError(values)
    shapes = [_flattened(each, flat) for each in values]
    return (len(values), *(shapes[0] if shapes else ()))


def _largest(network: Network) -> float:
    """A bound of all numbers that occur on W, up to small factors."""

    def size(value: fmpq) -> float:
        try:
            return abs(int(value.p) / int(value.q))
        except OverflowError:
            return float("inf")

    reach = max(1.0, *(size(w) for pair in network.walls for w in pair))
    reach *= 2.0
    span = max(1.0, *map(size, network.interval))
    steep = max(1.0, *(size(c) for q in (*network.first, *network.second) for c in q.coeffs()))
    order = max(1, *(len(q.coeffs()) for q in (*network.first, *network.second)))
    value = max(1.0, *(size(v) for x in network.inputs for v in x))
    width = len(network.inputs[0])
    try:
        for units in network.hidden:
            z = reach * (1.0 + width * value)
            value = 4.0 * span * steep * order * max(1.0, z) ** order
            width = units
        outer = max(1.0, *(size(v) for v in network.outputs or ()), reach)
        return outer * (1.0 + width * value) * value
    except OverflowError:
        return float("inf")
