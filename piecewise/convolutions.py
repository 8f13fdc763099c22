"""Two-layer graph convolutions Â·relu(Â X W₀)·v on their activation patterns.

Node j has the pre-activation a_j(α)·w_k / D̃_jj in channel k, a_j = (Ã X)_j polynomial in α. On
the cone of all w where exactly the nodes of P_k are active in channel k the prediction is

    ŷ_t = (1/D̃_tt) Σ_k v_k Σ_{j ∈ P_k} (Ã_tj / D̃_jj) a_j·w_k,

linear in w. So on a pattern the squared loss is a convex quadratic, and the score of a node
is a row, both with coefficients in Q(α) whose denominators are positive on A. The boundaries
a_j(α)·w_k = 0 pass through 0 and turn with α.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product

from flint import fmpq, fmpq_poly

from piecewise.exact import to_fmpq
from piecewise.graphs import GraphConvolution
from piecewise.moving_quadratics import MovingQuadratic, Row, integral, of_sums
from piecewise.problems import Problem

Pattern = tuple[int, ...]
"""The active nodes of a channel, increasing."""
MAX_PRODUCTS = 2048
"""Products of rows that are kept: up to some 100 kB each."""


class Convolution:
    """A problem with a two-layer graph convolution, in terms of its patterns.

    Raises:
        TypeError: the model is no graph convolution with hidden channels.
    """

    def __init__(self, problem: Problem) -> None:
        graph = problem.model
        if not isinstance(graph, GraphConvolution) or graph.hidden is None:
            raise TypeError(f"{graph!r} has no hidden channels")
        self.problem = problem
        self.graph = graph
        self.channels = graph.hidden
        self.features = len(problem.inputs[0])
        self._start = to_fmpq(problem.interval[0])
        self._kernel = graph.kernel()
        self._degrees = [sum(row.values(), fmpq_poly()) for row in self._kernel]

    @cached_property
    def sign_choices(self) -> tuple[tuple[int, ...], ...]:
        """The sign vectors over which the minimum is taken; one empty one for fixed weights."""
        if not self.graph.has_signs:
            return ((),)
        return tuple(product((-1, 1), repeat=self.channels))

    @cached_property
    def exchangeable(self) -> tuple[tuple[int, ...], ...]:
        """Classes of channels that may be permuted: same box and same output weight."""
        classes: dict[tuple[object, ...], list[int]] = {}
        for channel in range(self.channels):
            own = self.problem.parameters[channel * self.features : (channel + 1) * self.features]
            weights = self.graph.output_weights
            weight = weights if isinstance(weights, str) else weights[channel]
            key = (weight, *((each.lower, each.upper) for each in own))
            classes.setdefault(key, []).append(channel)
        return tuple(map(tuple, classes.values()))

    @cached_property
    def rows(self) -> dict[int, Row]:
        """a_j(α) times a positive number for the nodes that reach a training node, where not 0."""
        reached = sorted({j for t in self.graph.training for j in self._kernel[t]})
        found = {j: integral(self._propagated(j)) for j in reached}
        return {j: row for j, row in found.items() if any(row)}

    def _propagated(self, node: int) -> list[fmpq_poly]:
        entries = [fmpq_poly()] * self.features
        for other, weight in self._kernel[node].items():
            values = self.problem.inputs[other]
            entries = [p + weight * to_fmpq(x) for p, x in zip(entries, values, strict=True)]
        return entries

    def _least_common_multiple(self, left: fmpq_poly, right: fmpq_poly) -> fmpq_poly:
        """Positive on A where both are."""
        shared = left.gcd(right)  # without a root on A, of either sign
        return left * (right // (shared if shared(self._start) > 0 else -shared))

    @cached_property
    def _terms(self) -> list[tuple[fmpq_poly, dict[int, list[fmpq_poly]]]]:
        """For every training node t a denominator s_t, positive on A, and the terms that the nodes
        j add to s_t·ŷ_t where they are active."""
        found = []
        for t in self.graph.training:
            members = [j for j in self._kernel[t] if j in self.rows]
            common = fmpq_poly([1])
            for j in members:
                common = self._least_common_multiple(common, self._degrees[j])
            terms = {}
            for j in members:
                factor = self._kernel[t][j] * (common // self._degrees[j])
                terms[j] = [factor * p for p in self._propagated(j)]
            found.append((common * self._degrees[t], terms))
        return found

    def _weights(self, signs: Sequence[int]) -> list[fmpq]:
        chosen = signs if self.graph.has_signs else self.graph.output_weights
        return [to_fmpq(Fraction(v)) for v in chosen]

    def _combined(
        self, terms: dict[int, list[fmpq_poly]], pattern: Sequence[Pattern], signs: Sequence[int]
    ) -> list[fmpq_poly]:
        """s_t·ŷ_t as a row on w."""
        row: list[fmpq_poly] = []
        for active, weight in zip(pattern, self._weights(signs), strict=True):
            entries = [fmpq_poly()] * self.features
            for j in active:
                if j in terms:
                    entries = [p + weight * q for p, q in zip(entries, terms[j], strict=True)]
            row += entries
        return row

    def scores(self, pattern: Sequence[Pattern], signs: Sequence[int]) -> tuple[Row, ...]:
        """A positive multiple of the prediction at every training node, as a row on w."""
        return tuple(integral(self._combined(terms, pattern, signs)) for _, terms in self._terms)

    def settled(self, pattern: Sequence[Pattern], signs: Sequence[int]) -> tuple[int, ...]:
        """The sign of every training node's prediction where it is the same on the whole open cone:
        a sum of v_k Ã_tj a_j·w_k/D̃_jj over active nodes, a_j·w_k > 0, with factors v_k Ã_tj of one
        sign on A; else 0."""
        found = []
        for t in self.graph.training:
            members = {
                self._kernel_signs[t][j] * ((weight > 0) - (weight < 0))
                for active, weight in zip(pattern, self._weights(signs), strict=True)
                for j in active
                if j in self._kernel[t] and weight
            }
            found.append(members.pop() if len(members) == 1 else 0)
        return tuple(found)

    @cached_property
    def _kernel_signs(self) -> list[dict[int, int]]:
        """The sign of every Ã_ij on A, 0 where it changes."""
        lower, upper = self.problem.interval
        signs: list[dict[int, int]] = [{i: 1} for i in range(len(self._kernel))]
        for i, j, weight in self.graph.edges:
            odd = self.graph.degree % 2
            if weight + lower >= 0 or not odd:
                signs[i][j] = signs[j][i] = 1
            else:
                signs[i][j] = signs[j][i] = -1 if weight + upper <= 0 else 0
        return signs

    # -- the squared loss --------------------------------------------------------------

    @cached_property
    def _common(self) -> fmpq_poly:
        """A common denominator of all predictions, positive on A."""
        common = fmpq_poly([1])
        for denominator, _ in self._terms:
            common = self._least_common_multiple(common, denominator)
        return common

    @cached_property
    def _scaled_terms(self) -> list[dict[int, list[fmpq_poly]]]:
        return [
            {j: [p * (self._common // below) for p in entries] for j, entries in terms.items()}
            for below, terms in self._terms
        ]

    @cached_property
    def _targets(self) -> list[fmpq_poly]:
        """The targets over the common denominator."""
        return [self._common * to_fmpq(y) for y in self.problem.targets]

    @cached_property
    def _constant(self) -> fmpq_poly:
        return sum((y * y for y in self._targets), fmpq_poly())

    @cached_property
    def _against_targets(self) -> dict[int, list[fmpq_poly]]:
        """For every node what it adds to Σ_t y_t·r_t where it is active, as r_t is a sum."""
        found: dict[int, list[fmpq_poly]] = {}
        for terms, y in zip(self._scaled_terms, self._targets, strict=True):
            for j, entries in terms.items():
                known = found.setdefault(j, [fmpq_poly()] * self.features)
                found[j] = [p + y * q for p, q in zip(known, entries, strict=True)]
        return found

    @cached_property
    def _product(self) -> Callable[[int, Pattern, Pattern], list[list[fmpq_poly]]]:
        """r_t·r_t'ᵀ for a training node and two sets of active neighbours; neighbouring patterns
        have most of them in common."""

        @lru_cache(maxsize=MAX_PRODUCTS)
        def product_of(t: int, left: Pattern, right: Pattern) -> list[list[fmpq_poly]]:
            first, second = (self._sum(t, chosen) for chosen in (left, right))
            if left != right:
                return [[p * q for q in second] for p in first]
            known = [[p * q for q in first[: i + 1]] for i, p in enumerate(first)]
            size = range(self.features)
            return [[known[max(i, j)][min(i, j)] for j in size] for i in size]

        return product_of

    def _sum(self, t: int, chosen: Pattern) -> list[fmpq_poly]:
        entries = [fmpq_poly()] * self.features
        for j in chosen:
            entries = [p + q for p, q in zip(entries, self._scaled_terms[t][j], strict=True)]
        return entries

    def quadratic(self, pattern: Sequence[Pattern], signs: Sequence[int]) -> MovingQuadratic:
        """The squared loss on the cone of a pattern, weight decay included."""
        weights, n = self._weights(signs), self.features
        size, zero = n * len(weights), fmpq_poly()
        hessian = [[zero] * size for _ in range(size)]
        linear = [zero] * size
        for k, own in enumerate(pattern):
            for j in own:
                for i, p in enumerate(self._against_targets.get(j, ())):
                    linear[k * n + i] += weights[k] * p
        for t, terms in enumerate(self._scaled_terms):
            near = [tuple(j for j in active if j in terms) for active in pattern]
            for k, left in enumerate(near):
                for m, right in enumerate(near[: k + 1]):
                    if not (left and right):
                        continue
                    factor = weights[k] * weights[m]
                    for i, row in enumerate(self._product(t, left, right)):
                        for j, p in enumerate(row):
                            hessian[k * n + i][m * n + j] += factor * p
        for i in range(size):
            for j in range(i):
                hessian[j][i] = hessian[i][j]
        count = len(self.problem.targets) if self.problem.reduction == "mean" else 1
        decay = to_fmpq(self.problem.weight_decay)
        return of_sums(hessian, linear, self._constant, self._common, count, decay)
