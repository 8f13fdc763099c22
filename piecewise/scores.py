"""Scores of a classifier as rows that are linear in the parameters, with coefficients in Q(α).

Where a prediction is Σ_i r_i(α) w_i / s(α) with s > 0, only r matters for its sign. For a
graph convolution Âᵏ X w the denominators are products of the degrees D̃_jj, which are positive
on A; a node's row is brought over the least product that all its terms divide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from flint import fmpq_poly, fmpz_poly

from piecewise.exact import to_fmpq
from piecewise.graphs import GraphConvolution
from piecewise.problems import Problem


@dataclass(frozen=True)
class Quotients:
    """A vector of rational functions: ``numerators`` over Π_j D̃_jj^powers[j]."""

    numerators: tuple[fmpq_poly, ...]
    powers: Mapping[int, int]

    @property
    def row(self) -> tuple[fmpz_poly, ...]:
        """A positive multiple with integer polynomials."""
        scale = lcm(*(int(p.denom()) for p in self.numerators))
        return tuple((p * scale).numer() for p in self.numerators)


class Propagation:
    """Multiplication by Â for vectors of rational functions at the nodes."""

    def __init__(self, graph: GraphConvolution) -> None:
        self.kernel = graph.kernel()
        self.degrees = [sum(row.values(), fmpq_poly()) for row in self.kernel]

    def features(self, inputs: Sequence[Sequence[Fraction]]) -> list[Quotients]:
        """The rows of X."""
        return [Quotients(tuple(fmpq_poly([to_fmpq(x)]) for x in row), {}) for row in inputs]

    def over(self, value: Quotients, powers: Mapping[int, int]) -> list[fmpq_poly]:
        """The numerators over a larger product."""
        factor = fmpq_poly([1])
        for node, power in powers.items():
            factor *= self.degrees[node] ** (power - value.powers.get(node, 0))
        return [p * factor for p in value.numerators]

    def __call__(self, values: Sequence[Quotients]) -> list[Quotients]:
        """Â·values."""
        found = []
        for node, row in enumerate(self.kernel):
            powers: dict[int, int] = {}
            for j in row:
                for factor, power in values[j].powers.items():
                    powers[factor] = max(powers.get(factor, 0), power)
            numerators = [fmpq_poly()] * len(values[0].numerators)
            for j, entry in row.items():
                terms = self.over(values[j], powers)
                numerators = [p + entry * q for p, q in zip(numerators, terms, strict=True)]
            powers[node] = powers.get(node, 0) + 1
            found.append(Quotients(tuple(numerators), powers))
        return found


def linear_predictions(problem: Problem) -> list[Quotients]:
    """The rows of Âᵏ X at the training nodes, denominators included.

    Raises:
        TypeError: the model is no linear graph convolution.
    """
    graph = problem.model
    if not isinstance(graph, GraphConvolution) or graph.hidden is not None:
        raise TypeError(f"{graph!r} is no linear graph convolution")
    propagation = Propagation(graph)
    values = propagation.features(problem.inputs)
    for _ in range(graph.power):
        values = propagation(values)
    return [values[t] for t in graph.training]
