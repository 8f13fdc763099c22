"""The cell around a minimiser as polynomials in (α, w): what algebra systems are asked about.

One forward pass in Q[α, w] with the pattern that holds at the minimiser, for every model. The
minimum over a cell and its strata are easier questions than the dual loss: the cells, and which
of them carry the minimum, are given to the peers for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from flint import fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from benchmarks.curves import Sample
from piecewise.cell_polynomials import evaluate, proportional_key
from piecewise.exact import to_fmpq
from piecewise.graphs import GraphConvolution
from piecewise.networks import FeedForward, Linear
from piecewise.patterns import forward, sign_choices
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem

NEAR = 1e-9
"""A condition with a smaller value at the minimiser is active there."""


@dataclass(frozen=True)
class Condition:
    """polynomial ≥ 0 on the closed cell; ``score`` where it says that an example is classified
    correctly, and then > 0; ``wall`` where it is an end of a parameter's range."""

    polynomial: fmpq_mpoly
    active: bool
    score: bool = False
    wall: bool = False


@dataclass(frozen=True)
class Cell:
    """f = numerator/denominator on {conditions}, denominator > 0 in Q[α] on A.

    The ring has the generators a, w0, w1, …
    """

    context: fmpq_mpoly_ctx
    numerator: fmpq_mpoly
    denominator: fmpq_mpoly
    conditions: tuple[Condition, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """w0, w1, …"""
        return tuple(self.context.names()[1:])


@dataclass(frozen=True)
class _Ratio:
    """numerator/denominator with a denominator in Q[α]."""

    numerator: fmpq_mpoly
    denominator: fmpq_mpoly

    def __add__(self, other: Any) -> _Ratio:
        if not isinstance(other, _Ratio):
            return _Ratio(self.numerator + other * self.denominator, self.denominator)
        shared = self.denominator.gcd(other.denominator)
        left, right = other.denominator // shared, self.denominator // shared
        return _Ratio(self.numerator * left + other.numerator * right, self.denominator * left)

    def __mul__(self, other: Any) -> _Ratio:
        if not isinstance(other, _Ratio):
            return _Ratio(self.numerator * other, self.denominator)
        return _Ratio(self.numerator * other.numerator, self.denominator * other.denominator)


class _Pass:
    """The forward pass at one sample; ``conditions`` grows on the way."""

    def __init__(self, problem: Problem, sample: Sample) -> None:
        self.problem, self.sample = problem, sample
        names = ("a", *(f"w{i}" for i in range(len(problem.parameters))))
        self.context = fmpq_mpoly_ctx.get(names, "degrevlex")
        self.alpha, *self.w = self.context.gens()
        self.one = self.context.constant(1)
        self.conditions: list[Condition] = []
        self.known: set[Any] = set()

    def at(self, p: fmpq_mpoly) -> float:
        return float(Fraction(str(evaluate(p, self.sample.alpha, self.sample.w))))

    def sign(self, p: fmpq_mpoly, score: bool = False, wall: bool = False) -> int:
        """The sign of p at the sample (1 for 0), kept as a condition of the cell."""
        value = self.at(p)
        sign = 1 if value >= -NEAR * (not score) else -1
        if not p.is_constant():
            q = sign * p
            key = proportional_key(q)
            if key not in self.known:
                self.known.add(key)
                self.conditions.append(Condition(q, abs(value) < NEAR, score, wall))
        return sign

    def predictions(self, signs: Sequence[int]) -> Iterator[_Ratio]:
        model = self.problem.model
        if isinstance(model, GraphConvolution):
            yield from self._convolution(model, signs)
            return
        for row in self.problem.inputs:
            x = [to_fmpq(v) for v in row]
            if isinstance(model, FeedForward):
                found = forward(model, self.w, x, self._activated, signs, to_fmpq)
            elif isinstance(model, Linear):
                features = [*x, to_fmpq(Fraction(1))] if model.bias else x
                found = sum((w * v for w, v in zip(self.w, features, strict=True)), 0 * self.one)
            else:
                raise TypeError("a polynomial predicts nothing")
            yield _Ratio(self.one * found, self.one)

    def _activated(self, layer: int, unit: int, z: Any) -> fmpq_mpoly:
        model = self.problem.model
        if not isinstance(model, FeedForward):
            raise TypeError("a feedforward network is expected")
        z = self.one * z
        piece = sum(self.sign(z - to_fmpq(b)) > 0 for b in model.activation.breakpoints)
        value = 0 * self.one
        first, second = model.activation.pairs[piece]
        for a, b in reversed(list(zip_longest(first, second, fillvalue=Fraction(0)))):
            value = value * z + to_fmpq(b) + self.alpha * to_fmpq(a - b)
        return value

    def _convolution(self, model: GraphConvolution, signs: Sequence[int]) -> Iterator[_Ratio]:
        kernel = [{j: self._in_alpha(p) for j, p in row.items()} for row in model.kernel()]
        degrees = [sum(row.values(), 0 * self.one) for row in kernel]

        def propagated(values: Sequence[_Ratio]) -> list[_Ratio]:
            found = []
            for row, degree in zip(kernel, degrees, strict=True):
                total = _Ratio(0 * self.one, self.one)
                for j, p in row.items():
                    total = total + values[j] * p
                found.append(total * _Ratio(self.one, degree))
            return found

        def features(own: Sequence[fmpq_mpoly]) -> list[_Ratio]:
            return [
                _Ratio(
                    sum((w * to_fmpq(v) for w, v in zip(own, row, strict=True)), 0 * self.one),
                    self.one,
                )
                for row in self.problem.inputs
            ]

        if model.hidden is None:
            values = features(self.w)
            for _ in range(model.power):
                values = propagated(values)
        else:
            size, values = len(self.problem.inputs[0]), []
            weights = [Fraction(v) for v in (signs if model.has_signs else model.output_weights)]
            for channel, weight in enumerate(weights):
                z = propagated(features(self.w[channel * size : (channel + 1) * size]))
                active = [
                    each * (to_fmpq(weight) if self.sign(each.numerator) > 0 else 0) for each in z
                ]
                values = (
                    active if not values else [a + b for a, b in zip(values, active, strict=True)]
                )
            values = propagated(values)
        yield from (values[t] for t in model.training)

    def _in_alpha(self, p: fmpq_poly) -> fmpq_mpoly:
        return sum((c * self.alpha**i for i, c in enumerate(p.coeffs())), 0 * self.one)

    def objective(self, signs: Sequence[int]) -> _Ratio:
        problem = self.problem
        if isinstance(problem.model, Polynomial):
            return _Ratio(
                self.context.from_dict(
                    {exponents: to_fmpq(c) for exponents, c in problem.model.terms}
                ),
                self.one,
            )
        total = _Ratio(0 * self.one, self.one)
        for prediction, y in zip(self.predictions(signs), problem.targets, strict=True):
            residual = prediction + -to_fmpq(y)
            if problem.loss == "squared":
                total = total + residual * residual
            elif problem.loss == "absolute":
                total = total + residual * self.sign(residual.numerator)
            else:
                scored = prediction.numerator * to_fmpq(y)
                correct = self.at(scored) > 0 and self.sign(scored, score=True)
                total = total + self.one * (0 if correct else 1)
        if problem.reduction == "mean":
            total = total * to_fmpq(Fraction(1, len(problem.targets)))
        return total + self._penalty()

    def _penalty(self) -> fmpq_mpoly:
        problem, total = self.problem, 0 * self.one
        for w in self.w:
            total += to_fmpq(problem.weight_decay) * w**2
        if problem.regulariser is not None:
            ratio = to_fmpq(problem.regulariser.ratio)
            for i in problem.penalised:
                absolute = self.sign(self.w[i]) * self.w[i] if ratio else 0 * self.one
                total += self.alpha * (ratio * absolute + (1 - ratio) * self.w[i] ** 2)
        return total

    def walls(self) -> None:
        for w, parameter in zip(self.w, self.problem.parameters, strict=True):
            self.sign(w - to_fmpq(parameter.lower), wall=True)
            self.sign(to_fmpq(parameter.upper) - w, wall=True)


def cell_at(problem: Problem, sample: Sample) -> Cell:
    """The cell of the pattern at the sample; for several choices of signs that of the least f."""
    model = problem.model
    choices: Sequence[Sequence[int]] = sign_choices(problem)
    if isinstance(model, GraphConvolution) and model.has_signs:
        choices = [tuple(1 if k >> i & 1 else -1 for i in range(model.hidden or 0))
                   for k in range(2 ** (model.hidden or 0))]  # fmt: skip
    found = []
    for signs in choices:
        run = _Pass(problem, sample)
        f = run.objective(signs)
        run.walls()
        value = run.at(f.numerator) / run.at(f.denominator)
        found.append((value, Cell(run.context, f.numerator, f.denominator, tuple(run.conditions))))
    return min(found, key=lambda pair: pair[0])[1]
