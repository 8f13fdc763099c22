"""Activation patterns: which polynomial piece every hidden unit uses on every example.

Along a pattern a network of any depth is a polynomial in (α, w). The forward pass is
written once, for numbers and for polynomials alike: it needs sums and products only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from piecewise.errors import ProblemError
from piecewise.exact import Number, rational, rationals
from piecewise.networks import SIGNS, TRAINABLE, FeedForward
from piecewise.problems import Problem


@dataclass(frozen=True, order=True)
class ActivationPattern:
    """``pieces[layer][unit][example]``: index of the piece, the number of breakpoints ≤ z.

    ``signs`` are the output weights of a ``"signs"`` model, empty otherwise. A ridge
    model has no layer.
    """

    pieces: tuple[tuple[tuple[int, ...], ...], ...]
    signs: tuple[int, ...] = ()

    def of_example(self, example: int) -> tuple[tuple[int, ...], ...]:
        """The pieces of one example: [layer][unit]."""
        return tuple(tuple(unit[example] for unit in layer) for layer in self.pieces)


Activation = Callable[[int, int, Any], Any]
"""(layer, unit, pre-activation) ↦ σ_α, layers and units counted from 0."""


def forward(
    network: FeedForward,
    parameters: Iterable[Any],
    x: Sequence[Any],
    activate: Activation,
    signs: Sequence[int] = (),
    number: Callable[[Fraction], Any] = Fraction,
) -> Any:
    """ŷ(x) over any commutative ring, with the activation as a callback.

    ``number`` embeds the fixed output weights and the fixed output bias in the ring.
    """
    remaining = iter(parameters)
    outputs = list(x)
    for layer, width in enumerate(network.hidden):
        following = []
        for unit in range(width):
            z = sum((next(remaining) * value for value in outputs), 0)
            following.append(activate(layer, unit, z + next(remaining) if network.bias else z))
        outputs = following
    weights: Sequence[Any]
    if network.output_weights == TRAINABLE:
        weights = [next(remaining) for _ in outputs]
    elif network.output_weights == SIGNS:
        weights = signs
    else:
        weights = [number(Fraction(weight)) for weight in network.output_weights]
    trainable = network.output_bias == TRAINABLE
    offset = next(remaining) if trainable else number(Fraction(network.output_bias))
    return sum((v * a for v, a in zip(weights, outputs, strict=True)), offset)


def sign_choices(problem: Problem) -> list[tuple[int, ...]]:
    """All choices of signs of a ``"signs"`` model; the empty choice for any other."""
    model = problem.model
    if isinstance(model, FeedForward) and model.output_weights == SIGNS:
        return list(product((1, -1), repeat=model.hidden[-1]))
    return [()]


def pattern_at(
    problem: Problem, alpha: Number | Fraction, w: Sequence[Number | Fraction]
) -> ActivationPattern:
    """The pattern at (α, w); on a boundary the piece to its right (right-continuous).

    For a ``"signs"`` model the signs are those of the smallest data loss there, the
    first such in the order (1, …, 1), …, (−1, …, −1).

    Raises:
        ProblemError: the wrong number of parameters.
    """
    at, point = rational(alpha), rationals(w)
    if len(point) != len(problem.parameters):
        raise ProblemError(f"w has {len(point)} entries, the model has {len(problem.parameters)}")
    network = problem.model
    if not isinstance(network, FeedForward):
        return ActivationPattern(())
    pieces = [[[0] * len(problem.targets) for _ in range(width)] for width in network.hidden]
    choices = sign_choices(problem)
    losses = [Fraction(0)] * len(choices)
    for t, (x, y) in enumerate(zip(problem.inputs, problem.targets, strict=True)):

        def activate(layer: int, unit: int, z: Any, example: int = t) -> Fraction:
            exact = Fraction(z)
            pieces[layer][unit][example] = network.activation.piece_index(exact)
            return network.activation(at, exact)

        for index, signs in enumerate(choices):
            losses[index] += (forward(network, point, x, activate, signs) - y) ** 2
    return ActivationPattern(
        tuple(tuple(tuple(unit) for unit in layer) for layer in pieces),
        choices[losses.index(min(losses))],
    )
