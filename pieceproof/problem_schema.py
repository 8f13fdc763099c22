"""The form of the ``problem`` object of a result document.

Rational numbers are strings "p/q" or "p" in lowest terms.
"""

from __future__ import annotations

import msgspec


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON object that has exactly the declared keys."""


class ActivationDocument(Strict, frozen=True):
    """A piecewise polynomial: ``pieces[j]`` holds coefficients, constant first."""

    name: str
    breakpoints: list[str]
    pieces: list[list[str]]


class InterpolatedDocument(Strict, frozen=True):
    """σ_α = α·first + (1−α)·second."""

    first: ActivationDocument
    second: ActivationDocument


class FeedForwardDocument(Strict, frozen=True, tag_field="kind", tag="feedforward"):
    """A feedforward network."""

    hidden: list[int]
    bias: bool
    activation: InterpolatedDocument
    output_weights: list[str] | str
    output_bias: str


class RidgeDocument(Strict, frozen=True, tag_field="kind", tag="ridge"):
    """Linear regression with the penalty α|w|²."""

    bias: bool


class LinearDocument(Strict, frozen=True, tag_field="kind", tag="linear"):
    """Linear regression."""

    bias: bool


class PenaltyDocument(Strict, frozen=True):
    """α(ρ|w|₁ + (1−ρ)|w|²) over the weights, and over the biases if ``biases``."""

    ratio: str
    biases: bool


class EdgeDocument(Strict, frozen=True, array_like=True):
    """[i, j, "δ"]."""

    first: int
    second: int
    weight: str


class GraphDocument(Strict, frozen=True, tag_field="kind", tag="gcn"):
    """A graph convolution: edges [i, j, "δ"] with i < j, increasing; nodes are counted from 0."""

    nodes: list[str]
    edges: list[EdgeDocument]
    degree: int
    power: int
    hidden: int | None
    output_weights: list[str] | str
    training: list[int]


class TermDocument(Strict, frozen=True, array_like=True):
    """[[e₀, e₁, …], "c"]: c·α^e₀·w₁^e₁⋯"""

    exponents: list[int]
    coefficient: str


class PolynomialDocument(Strict, frozen=True, tag_field="kind", tag="polynomial"):
    """The objective itself; terms are sorted by their exponents, which are all different."""

    terms: list[TermDocument]


class ParameterDocument(Strict, frozen=True):
    """A trainable parameter and its range."""

    name: str
    lower: str
    upper: str


class LossDocument(Strict, frozen=True):
    """The loss and its regularisation."""

    kind: str
    reduction: str
    weight_decay: str


class DataDocument(Strict, frozen=True):
    """The examples, row by row."""

    features: list[str]
    target: str
    inputs: list[list[str]]
    targets: list[str]


class ExamplesDocument(Strict, frozen=True):
    """Held-out examples."""

    inputs: list[list[str]]
    targets: list[str]


ModelDocument = (
    FeedForwardDocument | LinearDocument | RidgeDocument | GraphDocument | PolynomialDocument
)


class ProblemDocument(Strict, frozen=True, omit_defaults=True):
    """The whole problem; ``penalty`` and ``validation`` are left out if there are none."""

    model: ModelDocument
    interval: list[str]
    parameters: list[ParameterDocument]
    loss: LossDocument
    data: DataDocument
    penalty: PenaltyDocument | None = None
    validation: ExamplesDocument | None = None
