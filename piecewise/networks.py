"""Models: feedforward networks of any depth and linear regression.

A feedforward network with hidden widths k_1 … k_L computes
a_0 = x, a_l = σ_α(W_l a_{l−1} + b_l), ŷ = v·a_L + c. Parameters are listed layer
by layer, unit by unit: weights, then bias; then trainable output weights; then a
trainable output bias. Names read ``w1_speed``, ``b1`` in a first hidden layer,
``w2.1_3``, ``b2.1`` (layer.unit_source) in deeper ones, ``v1`` and ``c`` at the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from piecewise.activations import Interpolated, PiecewisePolynomial
from piecewise.errors import ProblemError
from piecewise.exact import Number, rational, rationals

SIGNS = "signs"
TRAINABLE = "trainable"


@dataclass(frozen=True, init=False)
class FeedForward:
    """Feedforward network ŷ = Σ_k v_k·σ_α(…) + c with the activation σ_α = α·o1 + (1−α)·o2.

    Args:
        hidden: units per hidden layer.
        activation: the activation of every hidden unit; one that does not depend on α may stand
            alone.
        bias: whether hidden units have a bias.
        output_weights: K fixed numbers; ``"signs"``: the minimum over {−1,+1}^K is
            taken (for positively homogeneous activations of degree 1, no weight decay and
            an unbounded box this equals trainable output weights:
            v·σ(z) = sign(v)·σ(|v|z));
            or ``"trainable"``. Default: all 1.
        output_bias: a fixed number or ``"trainable"``.

    Raises:
        ProblemError: empty or non-positive widths, or a wrong number of output weights.
    """

    hidden: tuple[int, ...]
    activation: Interpolated
    bias: bool
    output_weights: tuple[Fraction, ...] | str
    output_bias: Fraction | str

    def __init__(
        self,
        hidden: Sequence[int],
        activation: Interpolated | PiecewisePolynomial,
        bias: bool = True,
        output_weights: Iterable[Number | Fraction] | str | None = None,
        output_bias: Number | Fraction = 0,
    ) -> None:
        widths = tuple(hidden)
        if not widths or any(
            isinstance(k, bool) or not isinstance(k, int) or k < 1 for k in widths
        ):
            raise ProblemError("hidden: give at least one layer, each with at least one unit")
        weights: tuple[Fraction, ...] | str
        if output_weights is None:
            weights = (Fraction(1),) * widths[-1]
        elif isinstance(output_weights, str):
            if output_weights not in (SIGNS, TRAINABLE):
                raise ProblemError(
                    f'output_weights: {output_weights!r} is neither a list, "signs" nor "trainable"'
                )
            weights = output_weights
        else:
            weights = rationals(output_weights)
            if len(weights) != widths[-1]:
                raise ProblemError(
                    f"output_weights: {len(weights)} given for {widths[-1]} units in the last layer"
                )
        if isinstance(activation, PiecewisePolynomial):
            activation = Interpolated(activation, activation)
        object.__setattr__(self, "hidden", widths)
        object.__setattr__(self, "activation", activation)
        object.__setattr__(self, "bias", bool(bias))
        object.__setattr__(self, "output_weights", weights)
        object.__setattr__(
            self, "output_bias", TRAINABLE if output_bias == TRAINABLE else rational(output_bias)
        )

    def parameter_names(self, features: Sequence[str]) -> tuple[str, ...]:
        """Names of the trainable parameters for the given input features, in order."""
        names: list[str] = []
        sources: Sequence[str] = features
        for depth, width in enumerate(self.hidden, start=1):
            layer = "" if depth == 1 else f"{depth}."
            for unit in range(1, width + 1):
                names += [f"w{layer}{unit}_{source}" for source in sources]
                names += [f"b{layer}{unit}"] if self.bias else []
            sources = [str(unit) for unit in range(1, width + 1)]
        if self.output_weights == TRAINABLE:
            names += [f"v{unit}" for unit in range(1, self.hidden[-1] + 1)]
        if self.output_bias == TRAINABLE:
            names.append("c")
        return tuple(names)

    def predict(
        self,
        alpha: Fraction,
        parameters: Sequence[Fraction],
        x: Sequence[Fraction],
        signs: Sequence[int] | None = None,
    ) -> Fraction:
        """ŷ(x) at (α, w), exactly; ``signs`` gives the output weights of a ``"signs"`` model."""
        remaining = iter(parameters)
        outputs = list(x)
        for width in self.hidden:
            layer = []
            for _ in range(width):
                z = sum((next(remaining) * value for value in outputs), Fraction(0))
                layer.append(self.activation(alpha, z + next(remaining) if self.bias else z))
            outputs = layer
        if self.output_weights == TRAINABLE:
            weights = [next(remaining) for _ in outputs]
        elif self.output_weights == SIGNS:
            if signs is None:
                raise ProblemError('a model with output_weights = "signs" needs signs to predict')
            weights = [Fraction(sign) for sign in signs]
        else:
            weights = [Fraction(weight) for weight in self.output_weights]
        offset = next(remaining) if self.output_bias == TRAINABLE else Fraction(self.output_bias)
        return offset + sum((v * a for v, a in zip(weights, outputs, strict=True)), Fraction(0))


@dataclass(frozen=True)
class Linear:
    """Linear regression ŷ = w·x (+ b)."""

    bias: bool = False

    def parameter_names(self, features: Sequence[str]) -> tuple[str, ...]:
        """One weight per feature, then the bias."""
        return (*(f"w_{feature}" for feature in features), *(("b",) if self.bias else ()))

    def predict(
        self, alpha: Fraction, parameters: Sequence[Fraction], x: Sequence[Fraction]
    ) -> Fraction:
        """ŷ(x) = w·x (+ b), exactly; it does not depend on α."""
        features = (*x, Fraction(1)) if self.bias else tuple(x)
        return sum((w * v for w, v in zip(parameters, features, strict=True)), Fraction(0))


@dataclass(frozen=True)
class Ridge(Linear):
    """Linear regression with the penalty α|w|²; a bias is a parameter like the others."""


def is_bias(name: str) -> bool:
    """Whether a parameter is a bias by its name: ``b``, ``b1``, ``b2.1``, or ``c``."""
    return name.startswith("b") or name == "c"
