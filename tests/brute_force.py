"""Held-out losses by brute force: many starts on every face of W at 0, then g at the best of them.

Floating point only; shares nothing with the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.optimize import minimize

from piecewise import FeedForward, Problem

DEFINITIONS: dict[str, Any] = {
    "identity": lambda z: z,
    "square": lambda z: z**2,
    "relu": lambda z: np.maximum(z, 0.0),
    "relu2": lambda z: np.maximum(z, 0.0) ** 2,
}
DRAWN, STARTS = 400, 6
"""Points of a face that are drawn, and the best of them, from which Nelder and Mead start."""
CLOSE = 1e-7
"""Values of f closer than this are equal, as far as this goes."""


@dataclass(frozen=True)
class Fit:
    """f at a point, which is w for all purposes of g, and g there."""

    f: float
    g: float
    w: tuple[float, ...]


class BruteForce:
    """One hidden unit of one layer under α(ρ|w|₁ + (1 − ρ)|w|²), and its held-out examples."""

    def __init__(self, problem: Problem) -> None:
        model, held = problem.model, problem.validation
        assert isinstance(model, FeedForward)
        assert held is not None
        assert problem.penalty is not None
        self.model = model
        self.names = [each.name for each in problem.parameters]
        self.low = np.array([float(each.lower) for each in problem.parameters])
        self.high = np.array([float(each.upper) for each in problem.parameters])
        self.x, self.y = np.array(problem.inputs, float), np.array(problem.targets, float)
        self.held = np.array(held.inputs, float), np.array(held.targets, float)
        self.ratio, biases = float(problem.penalty.ratio), problem.penalty.biases
        self.penalised = [biases or name[0] not in "bc" for name in self.names]

    def outputs(self, alpha: float, x: Any, w: Any) -> Any:
        """N(x) for one point of W, or for many, (..., T)."""
        features = x.shape[1]
        z = w[..., :features] @ x.T
        if self.model.bias:
            z = z + w[..., features : features + 1]
        first, second = self.model.activation.first, self.model.activation.second
        found = alpha * DEFINITIONS[first.name](z) + (1 - alpha) * DEFINITIONS[second.name](z)
        return found * w[..., -1:] if self.names[-1][0] == "v" else found

    def f(self, alpha: float, w: Any) -> Any:
        """The training loss with its penalty."""
        own = w[..., self.penalised]
        penalty = self.ratio * np.abs(own).sum(-1) + (1 - self.ratio) * (own**2).sum(-1)
        return ((self.outputs(alpha, self.x, w) - self.y) ** 2).mean(-1) + alpha * penalty

    def g(self, alpha: float, w: Any) -> float:
        """The held-out loss."""
        x, y = self.held
        return float(((self.outputs(alpha, x, w) - y) ** 2).mean())

    def best(self, alpha: float) -> list[Fit]:
        """The least f, and all others that are as small, with different g."""
        random, found = np.random.default_rng(0), []
        options = [(False, True) if own else (False,) for own in self.penalised]
        for resting in product(*options):
            free = ~np.array(resting)
            size = int(free.sum())
            drawn = np.zeros((DRAWN, len(free)))
            drawn[:, free] = random.uniform(self.low[free], self.high[free], (DRAWN, size))

            def placed(part: Any, free: Any = free) -> Any:
                w = np.zeros(len(free))
                w[free] = np.clip(part, self.low[free], self.high[free])
                return w

            for start in drawn[np.argsort(self.f(alpha, drawn))[: STARTS if size else 1]]:
                part = start[free]
                for _ in range(2 if size else 0):
                    part = minimize(
                        lambda p, placed=placed: float(self.f(alpha, placed(p))),
                        part,
                        method="Nelder-Mead",
                        options={"xatol": 1e-11, "fatol": 1e-15, "maxiter": 4000},
                    ).x
                w = placed(part)
                found.append(Fit(float(self.f(alpha, w)), self.g(alpha, w), tuple(w)))
        found.sort(key=lambda fit: fit.f)
        return [fit for fit in found if fit.f < found[0].f + CLOSE]
