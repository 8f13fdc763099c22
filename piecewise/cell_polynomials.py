"""The exact polynomials of a problem along an activation pattern.

Along a pattern every pre-activation z is a polynomial in (α, w), and so is

    f = (1/T)·Σ_t (ŷ_t − y_t)² + μ|w|²       (Σ without 1/T; + α|w|² for ridge).

The pattern holds where β_j ≤ z < β_{j+1} for every unit and example, j its piece: the
*boundary polynomials* are z − β_j and β_{j+1} − z, positive on the open cell. All live
in one ring Q[α, w] with the generators ``alpha`` and the names of the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import zip_longest
from typing import Any

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from piecewise.errors import NotYetSupported, ProblemError
from piecewise.exact import to_fmpq
from piecewise.networks import FeedForward, Linear
from piecewise.patterns import ActivationPattern, forward
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem

PARAMETER = "alpha"
"""The generator that stands for the hyperparameter α."""


@dataclass(frozen=True, eq=False)
class SignCondition:
    """polynomial ≥ 0 on a closed cell, > 0 inside, named as in a certificate.

    Labels: ``w1_speed:lower`` and ``w1_speed:upper`` for walls, ``u1:e5:k1`` for unit 1
    of the first hidden layer, example 5, breakpoint 1, ``u2.1:e5:k1`` for unit 1 of the
    second layer (all counted from 1).
    """

    label: str
    polynomial: fmpq_mpoly

    def __reduce__(self) -> tuple[Any, ...]:
        names = self.polynomial.context().names()
        return _restored, (self.label, names, terms_as_text(self.polynomial))


class CellPolynomials:
    """Objective and boundaries of one problem, for any pattern.

    ``signs``: those of the parameters under a penalty αρ|w|₁, which is linear on their orthant.

    Raises:
        NotYetSupported: a loss other than the squared one, a penalty with kinks and no signs, or a
            polynomial objective.
    """

    def __init__(self, problem: Problem, signs: Mapping[int, int] | None = None) -> None:
        if isinstance(problem.model, Polynomial):
            raise NotYetSupported("a polynomial objective; cells are those of models with data")
        if problem.loss != "squared":
            raise NotYetSupported(
                f"loss {problem.loss!r}; cell polynomials are those of the squared loss"
            )
        if problem.has_kinks and signs is None:
            raise NotYetSupported("an l1 or elastic penalty has kinks; cell polynomials have none")
        self.problem, self.signs = problem, dict(signs or {})
        self.names = (PARAMETER, *(parameter.name for parameter in problem.parameters))
        self.context = fmpq_mpoly_ctx.get(self.names, "degrevlex")
        self.alpha, *weights = self.context.gens()
        self.weights: tuple[fmpq_mpoly, ...] = tuple(weights)
        self._examples: dict[tuple[Any, ...], tuple[fmpq_mpoly, tuple[fmpq_mpoly, ...]]] = {}

    # -- the objective ---------------------------------------------------------------

    def objective(self, pattern: ActivationPattern) -> fmpq_mpoly:
        """f in Q[α, w] along the pattern."""
        total = self.context.constant(0)
        for t, y in enumerate(self.problem.targets):
            prediction, _ = self._example(t, pattern)
            total += (prediction - to_fmpq(y)) ** 2
        if self.problem.reduction == "mean":
            total *= fmpq(1, len(self.problem.targets))
        return total + self._penalty

    @cached_property
    def _penalty(self) -> fmpq_mpoly:
        decay, zero = to_fmpq(self.problem.weight_decay), self.context.constant(0)
        penalty = self.problem.penalty
        ratio = fmpq(0) if penalty is None else to_fmpq(penalty.ratio)
        regularised = zero
        for i in self.problem.penalised:
            w = self.weights[i]
            regularised += (1 - ratio) * w**2 + ratio * self.signs.get(i, 0) * w
        return decay * sum((w**2 for w in self.weights), zero) + self.alpha * regularised

    def _example(
        self, t: int, pattern: ActivationPattern
    ) -> tuple[fmpq_mpoly, tuple[fmpq_mpoly, ...]]:
        """ŷ_t and the pre-activations of all units in order, shared by patterns that agree on t."""
        own = pattern.of_example(t)
        key = (t, own, pattern.signs)
        if key not in self._examples:
            self._examples[key] = self._run(t, own, pattern.signs)
        return self._examples[key]

    def _run(
        self, t: int, own: tuple[tuple[int, ...], ...], signs: tuple[int, ...]
    ) -> tuple[fmpq_mpoly, tuple[fmpq_mpoly, ...]]:
        x = [to_fmpq(value) for value in self.problem.inputs[t]]
        network = self.problem.model
        if isinstance(network, Linear):
            features = [*x, fmpq(1)] if network.bias else x
            zero = self.context.constant(0)
            return sum((w * v for w, v in zip(self.weights, features, strict=True)), zero), ()
        if not isinstance(network, FeedForward):
            raise NotYetSupported("cell polynomials are those of networks and linear models")
        seen: list[fmpq_mpoly] = []

        def activate(layer: int, unit: int, z: Any) -> fmpq_mpoly:
            seen.append(self.context.constant(0) + z)
            return self._piece(own[layer][unit], seen[-1])

        return forward(network, self.weights, x, activate, signs, to_fmpq), tuple(seen)

    @cached_property
    def _pieces(self) -> list[list[fmpq_mpoly]]:
        """For every piece of σ_α the coefficients of z⁰, z¹, … in Q[α]."""
        network = self.problem.model
        pairs = network.activation.pairs if isinstance(network, FeedForward) else ()
        return [
            [
                to_fmpq(b) + self.alpha * to_fmpq(a - b)
                for a, b in zip_longest(first, second, fillvalue=Fraction(0))
            ]
            for first, second in pairs
        ]

    def _piece(self, index: int, z: fmpq_mpoly) -> fmpq_mpoly:
        value = self.context.constant(0)
        for coefficient in reversed(self._pieces[index]):
            value = value * z + coefficient
        return value

    # -- boundaries and walls --------------------------------------------------------

    def boundaries(self, pattern: ActivationPattern) -> Iterator[SignCondition]:
        """The conditions β_j ≤ z ≤ β_{j+1} of every unit and example that are not constant.

        Of conditions that are positive multiples of each other the first is given.

        Raises:
            ProblemError: a pre-activation is constant along the pattern and outside its piece.
        """
        network = self.problem.model
        if not isinstance(network, FeedForward):
            return
        points = network.activation.breakpoints
        known = set()
        for t in range(len(self.problem.targets)):
            _, activations = self._example(t, pattern)
            pieces = (piece for layer in pattern.of_example(t) for piece in layer)
            for name, piece, z in zip(unit_names(network), pieces, activations, strict=True):
                for bend, side in ((piece, 1), (piece + 1, -1)):
                    if not 1 <= bend <= len(points):
                        continue
                    condition = side * (z - to_fmpq(points[bend - 1]))
                    label = f"{name}:e{t + 1}:k{bend}"
                    if condition.is_constant():
                        value = constant_of(condition)
                        if value < 0 or (side < 0 and value == 0):
                            raise ProblemError(f"the pattern is empty: {label} cannot hold")
                        continue
                    key = proportional_key(condition)
                    if key not in known:
                        known.add(key)
                        yield SignCondition(label, condition)

    def walls(self) -> Iterator[SignCondition]:
        """w ≥ lower and w ≤ upper for every parameter."""
        for parameter, w in zip(self.problem.parameters, self.weights, strict=True):
            yield SignCondition(f"{parameter.name}:lower", w - to_fmpq(parameter.lower))
            yield SignCondition(f"{parameter.name}:upper", to_fmpq(parameter.upper) - w)

    def affine(self, normal: Sequence[int], offset: int) -> fmpq_mpoly:
        """normal·w − offset."""
        start = self.context.constant(-offset)
        return sum((a * w for a, w in zip(normal, self.weights, strict=True) if a), start)


def terms_as_text(polynomial: fmpq_mpoly) -> list[tuple[tuple[int, ...], str]]:
    """Exponents and coefficients, plain enough to be sent to another process."""
    return [(tuple(map(int, monomial)), str(value)) for monomial, value in polynomial.terms()]


def from_text(names: Sequence[str], terms: Sequence[tuple[tuple[int, ...], str]]) -> fmpq_mpoly:
    """The polynomial in Q[names] with the terms of :func:`terms_as_text`."""
    context = fmpq_mpoly_ctx.get(tuple(names), "degrevlex")
    return context.from_dict({monomial: to_fmpq(Fraction(value)) for monomial, value in terms})


def _restored(
    label: str, names: Sequence[str], terms: Sequence[tuple[tuple[int, ...], str]]
) -> SignCondition:
    return SignCondition(label, from_text(names, terms))


def unit_names(network: FeedForward) -> list[str]:
    """``u1``, ``u2``, … in the first hidden layer, ``u2.1`` (layer.unit) in deeper ones."""
    return [
        f"u{unit}" if layer == 1 else f"u{layer}.{unit}"
        for layer, width in enumerate(network.hidden, start=1)
        for unit in range(1, width + 1)
    ]


def constant_of(polynomial: fmpq_mpoly) -> fmpq:
    """The value of a constant polynomial."""
    return fmpq(0) if polynomial.is_zero() else polynomial.leading_coefficient()


def proportional_key(polynomial: fmpq_mpoly) -> tuple[Any, ...]:
    """Equal for two polynomials iff one is a positive multiple of the other."""
    scale = abs(polynomial.leading_coefficient())
    return tuple((monomial, coefficient / scale) for monomial, coefficient in polynomial.terms())


def evaluate(polynomial: fmpq_mpoly, alpha: Fraction, w: Sequence[Fraction]) -> fmpq:
    """The exact value at a rational point (α, w)."""
    return fmpq(0) + polynomial(to_fmpq(alpha), *map(to_fmpq, w))
