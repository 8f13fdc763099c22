"""Two-layer graph convolutions Â·relu(Â X W₀)·v, rebuilt from the edges.

Node j has the pre-activation a_j(α)·w_k/D̃_jj in channel k, a_j = (Ã X)_j. Where exactly the
nodes of P_k are active in channel k, training node t is predicted as

    ŷ_t = Σ_k v_k Σ_{j ∈ P_k} Ã_tj a_j·w_k/(D̃_tt D̃_jj);

all D̃_jj are positive on A. With a common denominator s > 0 the squared loss is
κ·f = wᵀHw − 2g·w + c, κ = T·s² (s² for "sum"), with polynomials in α.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.flips import Active
from pieceproof.checking.graphs import Graph, Row, read_graph
from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.problems import Parameter, read_data, read_ends, read_parameters
from pieceproof.checking.reading import Node
from pieceproof.checking.reals import exactly

Polynomials = list[fmpq_poly]
Square = tuple[list[Polynomials], Polynomials]
"""The lower half of a matrix, and a vector."""
MAX_SQUARES = 2048
"""So many of them are kept: up to some 100 kB each."""


@dataclass(frozen=True)
class Quadratic:
    """κ·f = wᵀHw − 2g·w + c on a pattern."""

    hessian: list[Polynomials]
    linear: Polynomials
    constant: fmpq_poly


@dataclass(frozen=True)
class Convolution:
    """The stated problem."""

    graph: Graph
    channels: int
    inputs: tuple[tuple[fmpq, ...], ...]
    targets: tuple[fmpq, ...]
    interval: tuple[fmpq, fmpq]
    parameters: tuple[Parameter, ...]
    loss: str
    mean: bool
    decay: fmpq

    @property
    def features(self) -> int:
        """Number of columns of X."""
        return len(self.inputs[0])

    @property
    def signed(self) -> bool:
        """Whether the minimum over the signs of the output weights is taken."""
        return self.graph.weights is None

    @cached_property
    def propagated(self) -> list[Polynomials]:
        """The rows a_j of Ã X."""
        found = []
        for row in self.graph.kernel:
            entries = [fmpq_poly()] * self.features
            for other, weight in row.items():
                values = self.inputs[other]
                entries = [p + weight * x for p, x in zip(entries, values, strict=True)]
            found.append(entries)
        return found

    @cached_property
    def rows(self) -> dict[int, Row]:
        """Positive multiples of the a_j that are not identically zero, for the nodes j that have an
        influence on a training node."""
        reached = {j for t in self.graph.training for j in self.graph.kernel[t]}
        found = {}
        for j in sorted(reached):
            if any(self.propagated[j]):
                found[j] = integral(self.propagated[j])
        return found

    @cached_property
    def scale(self) -> fmpq_poly:
        """s."""
        total = fmpq_poly([1])
        for t in self.graph.training:
            denominator = self._denominator(t)
            shared = total.gcd(denominator)
            if shared(self.interval[0]) < 0:  # no divisor of a D̃ has a root on A
                shared = -shared
            total *= denominator // shared
        return total

    def _denominator(self, t: int) -> fmpq_poly:
        total = self.graph.degrees[t]
        for j in self.graph.kernel[t]:
            if j in self.rows:
                total = total * self.graph.degrees[j]
        return total

    def predictions(
        self, pattern: Sequence[Active], signs: Sequence[int] | None, common: bool
    ) -> list[Polynomials]:
        """Rows on w: s·ŷ_t if ``common``, else a positive multiple of every ŷ_t by itself."""
        return [
            self._prediction(t, pattern, signs, self.scale if common else self._denominator(t))
            for t in self.graph.training
        ]

    def _prediction(
        self, t: int, pattern: Sequence[Active], signs: Sequence[int] | None, below: fmpq_poly
    ) -> Polynomials:
        """below·ŷ_t as a row on w."""
        weights = self.graph.weights or tuple(map(fmpq, signs or ()))
        row: Polynomials = []
        for active, weight in zip(pattern, weights, strict=True):
            entries = [fmpq_poly()] * self.features
            for j, kernel in self.graph.kernel[t].items():
                if j in active:
                    divisor = self.graph.degrees[t] * self.graph.degrees[j]
                    factor = weight * kernel * (below // divisor)
                    entries = [
                        p + factor * a for p, a in zip(entries, self.propagated[j], strict=True)
                    ]
            row += entries
        return row

    def scores(self, pattern: Sequence[Active], signs: Sequence[int] | None) -> list[Row]:
        """Positive multiples of the scores as rows on w."""
        return [integral(row) for row in self.predictions(pattern, signs, common=False)]

    def boundaries(self, pattern: Sequence[Active]) -> list[Row]:
        """Rows on w that are positive on the open cone of a pattern."""
        found = []
        for channel, active in enumerate(pattern):
            for node, entries in self.rows.items():
                row = [fmpz_poly()] * len(self.parameters)
                side = 1 if node in active else -1
                for axis, p in enumerate(entries):
                    row[channel * self.features + axis] = side * p
                found.append(tuple(row))
        return found

    def settled(self, pattern: Sequence[Active], signs: Sequence[int] | None) -> tuple[int, ...]:
        """The sign of every score on the open cone of a pattern where it is settled: it is a sum
        of positive multiples of v_k Ã_tj over active nodes. Else 0.

        That holds for all α but the finitely many roots of the Ã_tj.
        """
        weights = self.graph.weights or tuple(map(fmpq, signs or ()))
        found = []
        for t in self.graph.training:
            factors = {
                weight * sign
                for active, weight in zip(pattern, map(_sign, weights), strict=True)
                for j, sign in self._kernel_signs[t].items()
                if j in active and weight
            }
            found.append(factors.pop() if len(factors) == 1 else 0)
        return tuple(found)

    @cached_property
    def _kernel_signs(self) -> list[dict[int, int]]:
        """Signs of the entries of Ã on A; 0 for one that changes its sign."""
        whole = Interval(*(exactly(end) for end in self.interval))
        return [
            {
                j: 1 if nonnegative(p.numer(), whole) else -int(nonnegative(-p.numer(), whole))
                for j, p in row.items()
            }
            for row in self.graph.kernel
        ]

    @cached_property
    def exchangeable(self) -> tuple[tuple[int, ...], ...]:
        """Classes of channels with equal boxes and equal output weights, from 0."""
        grouped: dict[object, list[int]] = {}
        for channel in range(self.channels):
            own = self.parameters[channel * self.features : (channel + 1) * self.features]
            weight = None if self.graph.weights is None else str(self.graph.weights[channel])
            box = tuple((str(each.lower), str(each.upper)) for each in own)
            grouped.setdefault((box, weight), []).append(channel)
        return tuple(sorted(map(tuple, grouped.values())))

    @cached_property
    def kappa(self) -> fmpq_poly:
        """κ."""
        return self.scale * self.scale * (len(self.targets) if self.mean else 1)

    @cached_property
    def _squares(self) -> dict[tuple[int, tuple[Active, ...], tuple[int, ...] | None], Square]:
        """Σ over one training node, kept by its active neighbours in every channel."""
        return {}

    def _square(self, t: int, near: tuple[Active, ...], signs: Sequence[int] | None) -> Square:
        """What the training node number t adds to H and g; both are symmetric sums of products."""
        key = t, near, None if signs is None else tuple(signs)
        known = self._squares.get(key)
        if known is None:
            if len(self._squares) >= MAX_SQUARES:
                self._squares.clear()
            row = self._prediction(self.graph.training[t], near, signs, self.scale)
            level = self.scale * self.targets[t]
            known = (
                [[p * q for q in row[: i + 1]] for i, p in enumerate(row)],
                [p * level for p in row],
            )
            self._squares[key] = known
        return known

    @cached_property
    def _constant(self) -> fmpq_poly:
        return sum(((self.scale * y) ** 2 for y in self.targets), fmpq_poly())

    def quadratic(self, pattern: Sequence[Active], signs: Sequence[int] | None) -> Quadratic:
        """The squared loss on a pattern."""
        size = len(self.parameters)
        hessian = [[fmpq_poly()] * size for _ in range(size)]
        linear = [fmpq_poly()] * size
        for t, node in enumerate(self.graph.training):
            around = frozenset(self.graph.kernel[node])
            lower, own = self._square(t, tuple(active & around for active in pattern), signs)
            for i, row in enumerate(lower):
                linear[i] += own[i]
                for j, p in enumerate(row):
                    hessian[i][j] += p
        for i in range(size):
            for j in range(i):
                hessian[j][i] = hessian[i][j]
            hessian[i][i] += self.decay * self.kappa
        return Quadratic(hessian, linear, self._constant)

    def outputs_at(self, alpha: fmpq, w: Sequence[fmpq], signs: Sequence[int] | None) -> list[fmpq]:
        """The predictions at (α, w) by the definition."""
        weights = self.graph.weights or tuple(map(fmpq, signs or ()))
        kernel = [{j: p(alpha) for j, p in row.items()} for row in self.graph.kernel]
        degrees = [sum(row.values(), fmpq(0)) for row in kernel]
        hidden = [fmpq(0)] * len(kernel)
        for channel, weight in enumerate(weights):
            own = w[channel * self.features : (channel + 1) * self.features]
            plain = [
                sum((x * v for x, v in zip(row, own, strict=True)), fmpq(0)) for row in self.inputs
            ]
            for i, row in enumerate(kernel):
                z = sum((a * plain[j] for j, a in row.items()), fmpq(0)) / degrees[i]
                hidden[i] += weight * max(z, fmpq(0))
        return [
            sum((a * hidden[j] for j, a in kernel[t].items()), fmpq(0)) / degrees[t]
            for t in self.graph.training
        ]

    def loss_at(self, alpha: fmpq, w: Sequence[fmpq], signs: Sequence[int] | None) -> fmpq:
        """The squared loss at (α, w) by the definition."""
        outputs = self.outputs_at(alpha, w, signs)
        total = sum(((p - y) ** 2 for p, y in zip(outputs, self.targets, strict=True)), fmpq(0))
        total = total / len(self.targets) if self.mean else total
        return total + self.decay * sum((v * v for v in w), fmpq(0))


def _sign(value: fmpq) -> int:
    return (value > 0) - (value < 0)


def integral(entries: Sequence[fmpq_poly]) -> Row:
    """A positive multiple with integer coefficients."""
    scale = fmpq(1).q
    for p in entries:
        scale = scale.lcm(p.denom())
    return tuple((p * scale).numer() for p in entries)


def read_convolution(node: Node, *losses: str) -> Convolution:
    """The stated problem, a graph convolution with hidden channels and one of the losses.

    Raises:
        CertificateError: malformed, or outside the covered family.
    """
    entry = node.fields("model", "interval", "parameters", "loss", "data")
    features, inputs, targets = read_data(entry["data"], same_length=False)
    interval = read_ends(entry["interval"])
    graph = read_graph(entry["model"], interval)
    if graph.hidden is None:
        raise entry["model"].member("hidden").wrong("a number of hidden channels")
    if len(inputs) != len(graph.kernel) or len(targets) != len(graph.training):
        raise entry["data"].wrong("a row for every node and a target for every training node")
    loss = entry["loss"].fields("kind", "reduction", "weight_decay")
    kind, decay = loss["kind"].choice(*losses), loss["weight_decay"].rational()
    if decay < 0:
        raise loss["weight_decay"].wrong("a weight decay of at least 0")
    names = [f"w{k}_{feature}" for k in range(1, graph.hidden + 1) for feature in features]
    return Convolution(
        graph,
        graph.hidden,
        inputs,
        targets,
        interval,
        read_parameters(entry["parameters"], names),
        kind,
        loss["reduction"].choice("mean", "sum") == "mean",
        decay,
    )
