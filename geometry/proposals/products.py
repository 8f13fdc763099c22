"""Products: coordinates in which the valley of two units of opposite output weight is straight."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from flint import fmpq, fmpq_mpoly

from geometry.proposals.floats import FloatObjective
from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Minimiser, Solver
from geometry.proposals.tracking import Tracker
from geometry.proposals.transformed import TransformedSolver


@dataclass(frozen=True)
class Product:
    """p = w_i − w_j in slot i and u = (w_i − w_j)(w_i + w_j) in slot j, as in certificates."""

    pair: tuple[int, int]

    squared = ()

    @property
    def own(self) -> tuple[int, ...]:
        """The slots that hold other coordinates."""
        return self.pair

    def folded(self, w: Array) -> Array:
        """x."""
        i, j = self.pair
        found = w.copy()
        found[i], found[j] = w[i] - w[j], (w[i] - w[j]) * (w[i] + w[j])
        return found

    def unfolded(self, x: Array) -> Array:
        """w."""
        i, j = self.pair
        found = x.copy()
        total = x[j] / x[i] if x[i] else np.inf
        found[i], found[j] = (total + x[i]) / 2, (total - x[i]) / 2
        return found

    def polynomial(self, f: fmpq_mpoly) -> fmpq_mpoly | None:
        """F with f = F(α, x), or None if f holds w_i + w_j without w_i − w_j."""
        context = f.context()
        variables = list(context.gens())
        i, j = self.pair
        p, q, half = variables[1 + i], variables[1 + j], fmpq(1, 2)
        variables[1 + i], variables[1 + j] = half * (q + p), half * (q - p)
        found = {}
        for monomial, value in f.compose(*variables, ctx=context).terms():
            exponents = list(map(int, monomial))
            exponents[1 + i] -= exponents[1 + j]
            if exponents[1 + i] < 0:
                return None
            found[tuple(exponents)] = value
        return context.from_dict(found)


class ProductSolver(TransformedSolver):
    """First-order points of F(α, p, u)."""

    def __init__(self, base: Solver, product: Product, index: int) -> None:
        super().__init__(base, product, index)
        self.product = product

    def shape(self, point: Minimiser) -> Array:
        """Half widths in proportion to p and u: what ends a basin is p = 0, or another pattern."""
        found = super().shape(point)
        own = list(self.product.pair)
        found[own] = np.abs(point.w[own])
        return found

    def size(self, x: Array, radius: Array) -> float:
        """With det ∂(p, u)/∂w = 2p."""
        return super().size(x, radius) - float(np.log(2 * abs(x[self.product.pair[0]])))


class Products:
    """Products of two units of one layer, one weight each."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.known: dict[tuple[int, tuple[int, int]], ProductSolver] = {}

    def version(self, point: Minimiser) -> Minimiser | None:
        """The minimiser in coordinates of a product, if there is one."""
        solver = self.tracker.solvers[point.chart]
        if not isinstance(solver.objective, FloatObjective) or solver.chart.dead:
            return None
        network = solver.objective.network
        if network.bias or len(network.hidden) > 1 or solver.objective.x.shape[1] > 1:
            return None
        free = [i for i in solver.free(point.face).tolist() if i < network.hidden[0]]
        for pair in combinations(free, 2):
            key = (point.chart, pair)
            if key not in self.known:
                self.known[key] = ProductSolver(solver, Product(pair), len(self.tracker.solvers))
                self.tracker.solvers.append(self.known[key])
            found = self.known[key].entered(point)
            if found is not None and np.all(found.w[list(pair)] != 0):
                return found
        return None
