"""Structure counts of architectures: feedforward nets, graph convolutions, linear models.

Each function turns sizes (widths, depth, examples, breakpoints, degrees) into
:class:`~bounds.structure.StructureCounts` by the layerwise argument of
:mod:`bounds.structure`; the families are those of [BNS25, Sec. 6].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from fractions import Fraction
from math import comb

from bounds.balls import power
from bounds.errors import BoundsError, count
from bounds.structure import Layer, Rule, StructureCounts, arranged, assembled, layer
from piecewise.graphs import GraphConvolution
from piecewise.networks import SIGNS, TRAINABLE, FeedForward, Ridge
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem


class Loss(Enum):
    """The training loss, summed or averaged over the examples."""

    SQUARED = "squared"
    ABSOLUTE = "absolute"
    ZERO_ONE = "zero-one"


class OutputWeights(Enum):
    """What the output layer optimises over."""

    FIXED = "fixed"
    SIGNS = "signs"
    TRAINABLE = "trainable"


def feedforward(
    hidden: Sequence[int],
    inputs: int,
    examples: int,
    *,
    breakpoints: int = 1,
    degree: int = 1,
    bias: bool = True,
    central: bool = False,
    output_weights: OutputWeights = OutputWeights.FIXED,
    output_bias: bool = False,
    loss: Loss = Loss.SQUARED,
    weight_decay: bool = False,
) -> StructureCounts:
    """Structure counts of a feedforward net with σ_α = α·o1 + (1−α)·o2 [BNS25, Sec. 6].

    Pre-activations have degree D_1 = 1, D_{l+1} = Δ·D_l + 2; the prediction has
    Δ·D_L + 1 (fixed output weights) or Δ·D_L + 2; the squared loss doubles that.

    Args:
        hidden: widths k_1 … k_L.
        inputs: number of features.
        examples: T.
        breakpoints: p of o1 and o2 together.
        degree: Δ of o1 and o2.
        bias: whether hidden units have one.
        central: without bias, whether the single breakpoint is 0.
        output_weights: fixed, all sign vectors (2^K pieces per cell), or trainable.
        output_bias: whether it is trainable.
        loss: the absolute and zero–one losses add one boundary per example.
        weight_decay: whether μ|w|² is added, which has degree 2.

    Raises:
        BoundsError: an argument outside its range.
    """
    widths = [count(f"hidden[{i}]", k, 1) for i, k in enumerate(hidden)]
    if not widths:
        raise BoundsError("hidden: give at least one layer")
    count("inputs", inputs)
    t, p = count("examples", examples, 1), count("breakpoints", breakpoints)
    delta = count("degree", degree)
    layers: list[Layer] = []
    parameters, fan_in, d_pre = 0, inputs, 1
    for depth, width in enumerate(widths, start=1):
        own = fan_in + bias
        if own < 1:
            raise BoundsError("inputs: a network without inputs needs a bias")
        parameters += width * own
        name = f"hidden layer {depth}"
        if depth == 1:
            one_point = p == 1 and (bias or central)
            layers.append(arranged(name, t, width, p, own, one_point))
        else:
            layers.append(layer(name, t * width, p, d_pre, parameters + 1))
        fan_in, d_pre = width, delta * d_pre + 2
    d_out = d_pre if output_weights is OutputWeights.TRAINABLE else d_pre - 1
    parameters += fan_in * (output_weights is OutputWeights.TRAINABLE) + output_bias
    if loss is not Loss.SQUARED:
        layers.append(layer("output", t, 1, d_out, parameters + 1))
    affine_prediction = (
        len(widths) == 1 and delta <= 1 and output_weights is not OutputWeights.TRAINABLE
    )
    data_degree = {Loss.SQUARED: 2 * d_out, Loss.ABSOLUTE: d_out, Loss.ZERO_ONE: 0}
    signs = power(2, fan_in) if output_weights is OutputWeights.SIGNS else 1
    return assembled(
        layers,
        parameters,
        max(data_degree[loss], 2 * weight_decay),
        choices=signs,
        alpha_degree=2 if affine_prediction and loss is Loss.SQUARED else None,
    )


def ridge(features: int, bias: bool = False) -> StructureCounts:
    """Structure counts of f = |Xw − y|² + α|w|²: one piece, no boundary, degree 3."""
    d = count("features", features) + bias
    return StructureCounts(1, 0, 0, 3, 1, count("parameters", d, 1), alpha_degree=1)


def graph_convolution(
    nodes: int,
    features: int,
    *,
    kernel_degree: int,
    hidden: int | None = None,
    classes: int = 2,
    labelled: int | None = None,
    propagations: int = 1,
    breakpoints: int = 1,
    activation_degree: int = 1,
    normalised: bool = True,
    loss: Loss = Loss.ZERO_ONE,
) -> StructureCounts:
    """Structure counts of a graph convolution with kernel A_ij = (δ_ij + α)^D.

    ``hidden=None``: the linear model Âᵏ X W with k = ``propagations``. Otherwise two
    layers, Â σ(Â X W_0) W_1 with ``hidden`` units and an activation that does not depend
    on α. Â = D̃⁻¹Ã when ``normalised`` (all D̃_ii > 0 on A), else Ã. Sign conditions use
    numerators over the common denominator ∏ D̃_jj of degree nD, and D̃_ii drops out of a
    row's sign. Two classes have one score per node; F > 2 classes have F scores and one
    boundary per pair for the zero–one loss (the arg max), F scores for the others.

    Raises:
        BoundsError: an argument outside its range.
    """
    n, x = count("nodes", nodes, 1), count("features", features, 1)
    kernel, k = count("kernel_degree", kernel_degree, 1), count("propagations", propagations, 1)
    f = count("classes", classes, 2)
    seen = n if labelled is None else count("labelled", labelled, 1)
    if seen > n:
        raise BoundsError(f"labelled: {seen} exceeds the {n} nodes")
    scores = 1 if f == 2 else f
    common = n * kernel if normalised else 0
    layers = []
    if hidden is None:
        parameters = x * scores
        row, value = kernel + (k - 1) * (common or kernel) + 1, k * (common or kernel) + 1
    else:
        h, p = count("hidden", hidden, 1), count("breakpoints", breakpoints)
        delta = count("activation_degree", activation_degree)
        if k != 1:
            raise BoundsError("propagations: the two-layer model propagates once per layer")
        layers.append(layer("hidden layer", n * h, p, kernel + 1, x * h + 1))
        parameters = x * h + h * scores
        # sigma(row_j / D_jj) has numerator degree delta*(kernel+1) over D_jj^delta
        inner = delta * (kernel + 1) + delta * max(0, common - kernel)
        row = kernel + inner + 1
        value = row + max(0, common - kernel)
    if loss is Loss.ZERO_ONE:
        layers.append(layer("output", seen * (1 if f == 2 else comb(f, 2)), 1, row, parameters + 1))
    elif loss is Loss.ABSOLUTE:
        layers.append(layer("output", seen * scores, 1, row, parameters + 1))
    degrees = {Loss.SQUARED: 2 * value, Loss.ABSOLUTE: value, Loss.ZERO_ONE: 0}
    return assembled(layers, parameters, degrees[loss])


def linear(
    features: int, examples: int, *, bias: bool = False, loss: Loss = Loss.SQUARED
) -> StructureCounts:
    """Structure counts of a linear model; losses other than the squared one have a boundary per
    example.

    Raises:
        BoundsError: an argument outside its range.
    """
    d = count("features", features) + bias
    squared = loss is Loss.SQUARED
    layers = [] if squared else [arranged("output", count("examples", examples, 1), 1, 1, d, False)]
    degrees = {Loss.SQUARED: 2, Loss.ABSOLUTE: 1, Loss.ZERO_ONE: 0}
    return assembled(layers, d, degrees[loss], alpha_degree=1 if squared else None)


def polynomial(parameters: int, degree: int) -> StructureCounts:
    """Structure counts of the objectives that are one polynomial of a degree in (α, w).

    Raises:
        BoundsError: an argument outside its range.
    """
    return assembled([], count("parameters", parameters, 1), count("degree", degree))


def penalised(structure: StructureCounts, weights: int, ratio: Fraction) -> StructureCounts:
    """The same objective with α(ρ|w|₁ + (1−ρ)|w|²) over ``weights`` of the parameters, ρ = ratio.

    |w|₁ is linear on the orthants: one boundary per weight, 2^weights times the pieces.

    Raises:
        BoundsError: ``weights`` is negative.
    """
    m = count("weights", weights)
    degree = max(structure.objective_degree, 3 if ratio < 1 else 2)
    if not ratio:
        return replace(structure, objective_degree=degree)
    orthants = Layer("penalty", m, 1, structure.parameters, power(2, m), Rule.ARRANGEMENT)
    return replace(
        structure,
        pieces=structure.pieces * orthants.patterns,
        boundaries=structure.boundaries + m,
        all_boundaries=structure.all_boundaries + structure.pieces * m,
        objective_degree=degree,
        layers=(*structure.layers, orthants),
    )


def structure_of(problem: Problem) -> StructureCounts:
    """Analytic structure counts of a problem of this toolkit.

    Uses sizes only (widths, examples, features, breakpoints, degrees), never the data.

    Raises:
        BoundsError: a problem with held-out examples, whose ℓ* is no minimum of a loss.
    """
    if problem.validation is not None:
        raise BoundsError("validation: no bound here covers the loss on held-out examples")
    return training_structure(problem)


def training_structure(problem: Problem) -> StructureCounts:
    """Analytic structure counts of the training loss alone."""
    model = problem.model
    if isinstance(model, GraphConvolution):
        return graph_convolution(
            len(model.nodes),
            len(problem.features),
            kernel_degree=model.degree,
            hidden=model.hidden,
            labelled=len(problem.targets),
            propagations=model.power,
            loss=Loss(problem.loss),
        )
    if isinstance(model, Ridge):
        counts = ridge(len(problem.features), model.bias)
        # a negative penalty is not convex
        return counts if problem.interval[0] >= 0 else replace(counts, alpha_degree=None)
    counts = _unpenalised(problem)
    if problem.penalty is not None:
        counts = penalised(counts, len(problem.penalised), problem.penalty.ratio)
    return counts


def _unpenalised(problem: Problem) -> StructureCounts:
    model, t = problem.model, len(problem.targets)
    if isinstance(model, Polynomial):
        return polynomial(len(model.names), max((sum(e) for e, _ in model.terms), default=0))
    if not isinstance(model, FeedForward):
        counts = linear(len(problem.features), t, bias=model.bias, loss=Loss(problem.loss))
        decay = 2 * (problem.weight_decay > 0)
        return replace(counts, objective_degree=max(counts.objective_degree, decay))
    weights = {SIGNS: OutputWeights.SIGNS, TRAINABLE: OutputWeights.TRAINABLE}
    points = model.activation.breakpoints
    output = model.output_weights if isinstance(model.output_weights, str) else ""
    return feedforward(
        model.hidden,
        len(problem.features),
        t,
        breakpoints=len(points),
        degree=max(0, model.activation.degree),
        bias=model.bias,
        central=len(points) == 1 and points[0] == 0,
        output_weights=weights.get(output, OutputWeights.FIXED),
        output_bias=model.output_bias == TRAINABLE,
        loss=Loss(problem.loss),
        weight_decay=problem.weight_decay > 0,
    )
