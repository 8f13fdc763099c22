"""Graph convolution with a polynomial kernel [BNS25, Sec. 6].

The graph has weights δ_ij on its edges and nothing elsewhere. The hyperparameter α enters
through the kernel

    A_ij = (δ_ij + α)^D on edges,   Ã = A + I,   Â = D̃⁻¹Ã with D̃_ii = Σ_j Ã_ij.

With node features X the prediction for all nodes is Âᵏ X w (one linear layer), or
Â·σ(Â X W₀)·v with σ = relu (a hidden layer of K channels, k = 1). The loss runs over the
*training* nodes. D̃_ii is positive on A (checked), so every prediction is a polynomial in α
over a positive one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from flint import fmpq, fmpq_poly, fmpz_poly

from piecewise.errors import ProblemError
from piecewise.exact import Number, rational, rationals, to_fmpq
from piecewise.networks import SIGNS

MAX_POWER = 8
"""Largest D and k: beyond, no instance is feasible."""

Edge = tuple[int, int, Fraction]


@dataclass(frozen=True, init=False)
class GraphConvolution:
    """Predictions for the nodes of a graph; see the module.

    Args:
        nodes: distinct names.
        edges: (node, node, δ) by name, undirected, each pair once, no loops.
        degree: D of the kernel.
        power: k, how often one linear layer propagates.
        hidden: number of hidden channels, None for the linear model.
        output_weights: with hidden channels, v: one number per channel (default all 1) or
            ``"signs"``: the minimum over {−1, +1}^K.
        training: names of the nodes whose loss counts, default all.

    Raises:
        ProblemError: anything that does not fit, with the remedy.
    """

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    degree: int
    power: int
    hidden: int | None
    output_weights: tuple[Fraction, ...] | str
    training: tuple[int, ...]

    def __init__(
        self,
        nodes: Sequence[str],
        edges: Iterable[tuple[str, str, Number | Fraction]],
        degree: int = 1,
        power: int = 1,
        hidden: int | None = None,
        output_weights: Iterable[Number | Fraction] | str | None = None,
        training: Sequence[str] | None = None,
    ) -> None:
        names = tuple(nodes)
        index = {name: i for i, name in enumerate(names)}
        if not names or len(index) != len(names):
            raise ProblemError("nodes: give at least one node, and every name once")
        for key, value in (("degree", degree), ("power", power)):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_POWER:
                raise ProblemError(f"{key}: {value!r} is not an integer from 1 to {MAX_POWER}")
        if hidden is not None and (
            isinstance(hidden, bool) or not isinstance(hidden, int) or hidden < 1
        ):
            raise ProblemError(f"hidden: {hidden!r} is not a positive number of channels")
        if hidden is not None and power != 1:
            raise ProblemError("power: with hidden channels each layer propagates once; leave it 1")
        if hidden is None and output_weights is not None:
            raise ProblemError("output_weights: the linear model has none; give hidden = 1")
        chosen = names if training is None else tuple(training)
        unknown = next((name for name in chosen if name not in index), None)
        if unknown is not None:
            raise ProblemError(f"train: no node is called {unknown!r}")
        if not chosen or len(set(chosen)) != len(chosen):
            raise ProblemError("train: give at least one node, and every node once")
        for key, entry in (
            ("nodes", names),
            ("edges", _edges(edges, index)),
            ("degree", degree),
            ("power", power),
            ("hidden", hidden),
            ("output_weights", _weights(hidden, output_weights)),
            ("training", tuple(sorted(index[name] for name in chosen))),
        ):
            object.__setattr__(self, key, entry)

    @property
    def bias(self) -> bool:
        """Whether a constant is added before the activation; a constant feature does that."""
        return False

    @property
    def has_signs(self) -> bool:
        """Whether the minimum over the signs of the output weights is taken."""
        return self.output_weights == SIGNS

    def parameter_names(self, features: Sequence[str]) -> tuple[str, ...]:
        """One weight per feature, or per channel and feature: ``w_f`` or ``w1_f``."""
        if self.hidden is None:
            return tuple(f"w_{feature}" for feature in features)
        return tuple(
            f"w{channel}_{feature}" for channel in range(1, self.hidden + 1) for feature in features
        )

    # -- the kernel ------------------------------------------------------------------

    def kernel(self) -> list[dict[int, fmpq_poly]]:
        """The rows of Ã as polynomials in α, non-zero entries only."""
        rows: list[dict[int, fmpq_poly]] = [{i: fmpq_poly([1])} for i in range(len(self.nodes))]
        for i, j, weight in self.edges:
            rows[i][j] = rows[j][i] = fmpq_poly([to_fmpq(weight), 1]) ** self.degree
        return rows

    def propagation(self, alpha: Fraction) -> list[dict[int, Fraction]]:
        """The rows of Â at a rational α.

        Raises:
            ProblemError: a row sum of Ã is 0.
        """
        rows: list[dict[int, Fraction]] = [{i: Fraction(1)} for i in range(len(self.nodes))]
        for i, j, weight in self.edges:
            rows[i][j] = rows[j][i] = (weight + alpha) ** self.degree
        result = []
        for name, row in zip(self.nodes, rows, strict=True):
            total = sum(row.values(), Fraction(0))
            if total == 0:
                raise ProblemError(f"the degree of node {name} is 0 at alpha = {alpha}")
            result.append({j: entry / total for j, entry in row.items()})
        return result

    def predictions(
        self,
        alpha: Fraction,
        parameters: Sequence[Fraction],
        inputs: Sequence[Sequence[Fraction]],
        signs: Sequence[int] | None = None,
    ) -> list[Fraction]:
        """The predictions for the training nodes at (α, w), exactly, by the definition."""
        kernel, size = self.propagation(alpha), len(inputs[0])
        if self.hidden is None:
            values = [_dot(row, parameters) for row in inputs]
            for _ in range(self.power):
                values = _propagated(kernel, values)
            return [values[t] for t in self.training]
        weights = [Fraction(v) for v in (self.output_weights if signs is None else signs)]
        values = [Fraction(0)] * len(self.nodes)
        for channel, v in enumerate(weights):
            own = parameters[channel * size : (channel + 1) * size]
            hidden = _propagated(kernel, [_dot(row, own) for row in inputs])
            values = [
                total + v * max(z, Fraction(0)) for total, z in zip(values, hidden, strict=True)
            ]
        values = _propagated(kernel, values)
        return [values[t] for t in self.training]


def check_degrees(graph: GraphConvolution, lower: Fraction, upper: Fraction) -> None:
    """Every D̃_ii is positive on [lower, upper].

    Raises:
        ProblemError: one is not; the message names the node.
    """
    for name, row in zip(graph.nodes, graph.kernel(), strict=True):
        total = sum(row.values(), fmpq_poly())
        if not _is_positive(total.numer(), to_fmpq(lower), to_fmpq(upper)):
            raise ProblemError(
                f"interval: the degree of node {name!r} under the kernel is not positive on all of "
                f"[{lower}, {upper}]; raise the lower end, or use an even degree"
            )


def _is_positive(p: fmpz_poly, lower: fmpq, upper: fmpq) -> bool:
    """Whether p > 0 on [lower, upper]: at the ends, and without a root of its squarefree part."""
    if p(lower) <= 0 or p(upper) <= 0:
        return False
    squarefree, pending = p // p.gcd(p.derivative()), [(lower, upper)]
    while pending:
        low, high = pending.pop()
        changes = _variations(squarefree, low, high)
        middle = (low + high) / 2
        if changes == 1 or (changes and squarefree(middle) == 0):
            return False
        if changes:
            pending += [(low, middle), (middle, high)]
    return True


def _variations(p: fmpz_poly, lower: fmpq, upper: fmpq) -> int:
    """Sign changes in (1+y)^n·p((l + u·y)/(1+y)): ≥ the roots in (l, u), of the same parity."""
    moved = fmpq_poly(p)(fmpq_poly([lower, upper - lower]))
    n = p.degree()
    shifted = fmpq_poly([moved[n - i] for i in range(n + 1)])(fmpq_poly([1, 1]))
    signs = [c > 0 for c in shifted.coeffs() if c]
    return sum(a != b for a, b in pairwise(signs))


def _dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def _propagated(
    kernel: Sequence[Mapping[int, Fraction]], values: Sequence[Fraction]
) -> list[Fraction]:
    return [sum((a * values[j] for j, a in row.items()), Fraction(0)) for row in kernel]


def _edges(
    edges: Iterable[tuple[str, str, Number | Fraction]], index: Mapping[str, int]
) -> tuple[Edge, ...]:
    found: dict[tuple[int, int], Fraction] = {}
    for source, target, weight in edges:
        for name in (source, target):
            if name not in index:
                raise ProblemError(f"edges: no node is called {name!r}")
        if source == target:
            raise ProblemError(f"edges: {source!r} is joined to itself; the kernel adds loops")
        pair = (min(index[source], index[target]), max(index[source], index[target]))
        if pair in found:
            raise ProblemError(f"edges: {source!r} and {target!r} are joined twice")
        found[pair] = rational(weight)
    return tuple((i, j, weight) for (i, j), weight in sorted(found.items()))


def _weights(
    hidden: int | None, weights: Iterable[Number | Fraction] | str | None
) -> tuple[Fraction, ...] | str:
    if hidden is None:
        return ()
    if weights is None:
        return (Fraction(1),) * hidden
    if isinstance(weights, str):
        if weights != SIGNS:
            raise ProblemError(f'output_weights: {weights!r} is neither a list nor "{SIGNS}"')
        return weights
    numbers = rationals(weights)
    if len(numbers) != hidden:
        raise ProblemError(f"output_weights: {len(numbers)} given for {hidden} channels")
    return numbers
