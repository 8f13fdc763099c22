"""Score rows of a graph convolution, rebuilt from the edges.

With Ã = A + I, A_ij = (δ_ij + α)^D on edges, and D̃ the diagonal of the row sums of Ã, node i has
the score e_iᵀ(D̃⁻¹Ã)ᵏ X w. The row vector e_iᵀ(D̃⁻¹Ã)ᵏ is found from the left; all D̃_jj are
positive on A, so each step is multiplied by those that it divides by.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.intervals import Interval, positive
from pieceproof.checking.reading import Node
from pieceproof.checking.reals import exactly

Row = tuple[fmpz_poly, ...]
MAX_NODES = 10_000
MAX_CHANNELS = 1_000


@dataclass(frozen=True)
class Graph:
    """Rows of Ã, their sums, and the model on top."""

    kernel: tuple[dict[int, fmpq_poly], ...]
    degrees: tuple[fmpq_poly, ...]
    power: int
    training: tuple[int, ...]
    names: tuple[str, ...]
    hidden: int | None = None
    weights: tuple[fmpq, ...] | None = None
    """v for hidden channels; None for the minimum over {−1, +1}^K."""

    def row(self, node: int) -> dict[int, fmpq_poly]:
        """A positive multiple of e_nodeᵀ Âᵏ on A."""
        current = {node: fmpq_poly([1])}
        for step in range(self.power):
            divided = [] if step == 0 else sorted(current)  # D̃ of the node itself is left out
            following: dict[int, fmpq_poly] = {}
            for j, weight in current.items():
                for other in divided:
                    if other != j:
                        weight = weight * self.degrees[other]
                for target, entry in self.kernel[j].items():
                    following[target] = following.get(target, fmpq_poly()) + weight * entry
            current = following
        return current

    def denominator(self, node: int) -> fmpq_poly:
        """What ``row`` is a multiple by: e_nodeᵀ Âᵏ = row/denominator."""
        total, current = self.degrees[node], {node}
        for step in range(self.power):
            if step:
                for other in current:
                    total = total * self.degrees[other]
            current = {target for j in current for target in self.kernel[j]}
        return total

    def scores(self, inputs: tuple[tuple[fmpq, ...], ...]) -> list[Row]:
        """A positive multiple of the row of every training node."""
        rows = []
        for node in self.training:
            entries = [fmpq_poly()] * len(inputs[0])
            for j, weight in self.row(node).items():
                entries = [p + weight * x for p, x in zip(entries, inputs[j], strict=True)]
            scale = lcm(*(int(p.denom()) for p in entries))
            rows.append(tuple((p * scale).numer() for p in entries))
        return rows


def read_graph(node: Node, interval: tuple[fmpq, fmpq]) -> Graph:
    """The "model" of a graph convolution whose degrees are positive on A.

    Raises:
        CertificateError: malformed, or a degree that is not positive.
    """
    entry = node.fields(
        "kind", "nodes", "edges", "degree", "power", "hidden", "output_weights", "training"
    )
    entry["kind"].choice("gcn")
    names = entry["nodes"].texts()
    if not names or len(set(names)) != len(names) or len(names) > MAX_NODES:
        raise entry["nodes"].wrong("distinct node names")
    hidden, weights = _hidden(entry)
    degree, power = entry["degree"].integer(1, 8), entry["power"].integer(1, 8)
    kernel = [{i: fmpq_poly([1])} for i in range(len(names))]
    for edge in entry["edges"]:
        ends = edge.items()
        if len(ends) != 3:
            raise edge.wrong('[i, j, "weight"]')
        i, j = (end.integer(0, len(names) - 1) for end in ends[:2])
        if i >= j or j in kernel[i]:
            raise edge.wrong("i < j, every pair once")
        kernel[i][j] = kernel[j][i] = fmpq_poly([ends[2].rational(), 1]) ** degree
    degrees = [sum(row.values(), fmpq_poly()) for row in kernel]
    whole = Interval(*(exactly(end) for end in interval))
    for name, total in zip(entry["nodes"], degrees, strict=True):
        if not positive(total.numer(), whole):
            raise name.wrong("a node whose degree is positive on all of A")
    training = [each.integer(0, len(names) - 1) for each in entry["training"]]
    if not training or sorted(set(training)) != training:
        raise entry["training"].wrong("increasing node numbers")
    return Graph(
        tuple(kernel), tuple(degrees), power, tuple(training), tuple(names), hidden, weights
    )


def _hidden(entry: dict[str, Node]) -> tuple[int | None, tuple[fmpq, ...] | None]:
    """The number of hidden channels and their output weights."""
    if entry["hidden"].value is None:
        if entry["output_weights"].items():
            raise entry["output_weights"].wrong("no output weights (a linear model)")
        return None, None
    hidden = entry["hidden"].integer(1, MAX_CHANNELS)
    if entry["power"].integer(1, 8) != 1:
        raise entry["power"].wrong("1 (with hidden channels)")
    if entry["output_weights"].value == "signs":
        return hidden, None
    weights = entry["output_weights"].rationals()
    if len(weights) != hidden:
        raise entry["output_weights"].wrong(f"{hidden} output weights")
    return hidden, weights


def linear_graph(node: Node, interval: tuple[fmpq, fmpq]) -> Graph:
    """:func:`read_graph` for a model without hidden channels.

    Raises:
        CertificateError: malformed, or another model.
    """
    graph = read_graph(node, interval)
    if graph.hidden is not None:
        raise node.member("hidden").wrong("null (a linear model)")
    return graph
