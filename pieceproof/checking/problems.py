"""The problem a document states: model, data, box and loss, read and checked for sense.

The objective is f(α, w) = (1/T)·Σ_t loss(ŷ_t − y_t) + μ|w|² (no 1/T for "sum") with
loss(r) = r² or |r|, plus α(ρ|w|₁ + (1−ρ)|w|²) over the penalised parameters, with
ŷ = c + Σ_k v_k·σ_α(w_k·x + b_k) and σ_α = α·first + (1−α)·second for one hidden layer,
ŷ = w·x (+ b) for a linear model. Ridge is a linear model with ρ = 0 and the bias penalised. Only
piecewise linear activations are covered, so that f is convex in w on every cell.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq

from pieceproof.checking.reading import CertificateError, Node

Affine = tuple[fmpq, fmpq]
"""(p, q) stands for p + qα."""
ZERO, ONE = fmpq(0), fmpq(1)


@dataclass(frozen=True)
class Parameter:
    """A trainable parameter with its range."""

    name: str
    lower: fmpq
    upper: fmpq


@dataclass(frozen=True)
class Problem:
    """The stated problem.

    ``slopes[j]`` and ``intercepts[j]`` give σ_α(z) = slope·z + intercept, each p + qα, on
    the j-th interval of ``breakpoints``. ``weights`` is None for "signs", ``offset`` is
    None for a trainable output bias. A linear model has no units; its predictor is treated
    as one block with slope 1, intercept 0 and output weight 1. ``ratio`` is ρ of the penalty of
    strength α, and ``penalised`` the parameters it runs over (none without a penalty).
    """

    units: int
    bias: bool
    breakpoints: tuple[fmpq, ...]
    slopes: tuple[Affine, ...]
    intercepts: tuple[Affine, ...]
    weights: tuple[fmpq, ...] | None
    offset: fmpq | None
    interval: tuple[fmpq, fmpq]
    parameters: tuple[Parameter, ...]
    mean: bool
    decay: fmpq
    inputs: tuple[tuple[fmpq, ...], ...]
    targets: tuple[fmpq, ...]
    absolute: bool
    ratio: fmpq
    penalised: tuple[int, ...]
    held_out: tuple[tuple[tuple[fmpq, ...], fmpq], ...] = ()
    """(x, y) of the validation examples; with them ℓ* is the validation loss at minimisers of f."""

    @property
    def continuous(self) -> bool:
        """Whether σ_α is continuous for every α."""
        lines = list(zip(self.slopes, self.intercepts, strict=True))
        return all(
            (s[i] - t[i]) * at + p[i] - q[i] == 0
            for at, ((s, p), (t, q)) in zip(self.breakpoints, pairwise(lines), strict=True)
            for i in (0, 1)
        )

    @property
    def blocks(self) -> int:
        """Number of parameter blocks: one per unit, or the linear predictor."""
        return max(self.units, 1)

    @property
    def block(self) -> int:
        """Parameters of one unit (or of the linear predictor): weights, then bias."""
        return len(self.inputs[0]) + self.bias

    def unit_box(self, unit: int) -> tuple[tuple[fmpq, fmpq], ...]:
        """Ranges of the parameters of the unit with 0-based number ``unit``."""
        chosen = self.parameters[unit * self.block : (unit + 1) * self.block]
        return tuple((parameter.lower, parameter.upper) for parameter in chosen)


def read_problem(node: Node) -> Problem:
    """The problem in the "problem" member of a document.

    Raises:
        CertificateError: malformed, inconsistent, or outside the covered family.
    """
    entry = node.fields(
        "model", "interval", "parameters", "loss", "data", optional=("penalty", "validation")
    )
    features, inputs, targets = read_data(entry["data"])
    loss = entry["loss"].fields("kind", "reduction", "weight_decay")
    absolute = loss["kind"].choice("squared", "absolute") == "absolute"
    decay = loss["weight_decay"].rational()
    if decay < 0:
        raise loss["weight_decay"].wrong("a weight decay of at least 0")
    lower, upper = read_ends(entry["interval"])
    model = entry["model"]
    if not model.has("kind"):
        raise CertificateError(f"{model.path}: the key 'kind' is missing")
    kind = Node(model.value["kind"], f"{model.path}.kind").choice("feedforward", "linear", "ridge")
    if kind != "feedforward":
        bias = model.fields("kind", "bias")["bias"].flag()
        names = [f"w_{feature}" for feature in features] + ["b"] * bias
        network = _Network(0, bias, (), ((ONE, ZERO),), ((ZERO, ZERO),), (ONE,), ZERO)
    else:
        network = _network(model)
        names = [
            name
            for unit in range(1, network.units + 1)
            for name in (*(f"w{unit}_{f}" for f in features), *[f"b{unit}"] * network.bias)
        ] + ["c"] * (network.offset is None)
    ratio, penalised = _penalty(entry, kind, names)
    if penalised and (lower < 0 if ratio else lower + decay < 0):
        raise entry["interval"].wrong("a penalty >= 0 on A (a convex objective)")
    return Problem(
        network.units,
        network.bias,
        network.breakpoints,
        network.slopes,
        network.intercepts,
        network.weights,
        network.offset,
        (lower, upper),
        read_parameters(entry["parameters"], names),
        loss["reduction"].choice("mean", "sum") == "mean",
        decay,
        inputs,
        targets,
        absolute,
        ratio,
        penalised,
        _held_out(entry["validation"], len(features)) if "validation" in entry else (),
    )


def _held_out(node: Node, width: int) -> tuple[tuple[tuple[fmpq, ...], fmpq], ...]:
    entry = node.fields("inputs", "targets")
    inputs = tuple(row.rationals() for row in entry["inputs"])
    targets = entry["targets"].rationals()
    if not inputs or len(inputs) != len(targets) or any(len(x) != width for x in inputs):
        raise node.wrong(f"one target and {width} inputs for each of at least one example")
    return tuple(zip(inputs, targets, strict=True))


def _penalty(entry: dict[str, Node], kind: str, names: list[str]) -> tuple[fmpq, tuple[int, ...]]:
    """ρ and the parameters that the penalty runs over: weights, and biases (b…, c) if stated."""
    if kind == "ridge":
        if "penalty" in entry:
            raise entry["penalty"].wrong("no further penalty for ridge")
        return ZERO, tuple(range(len(names)))
    if "penalty" not in entry:
        return ZERO, ()
    penalty = entry["penalty"].fields("ratio", "biases")
    ratio, biases = penalty["ratio"].rational(), penalty["biases"].flag()
    if not 0 <= ratio <= 1:
        raise penalty["ratio"].wrong("a ratio from 0 to 1")
    weights = [not (name.startswith("b") or name == "c") for name in names]
    return ratio, tuple(i for i, weight in enumerate(weights) if weight or biases)


@dataclass(frozen=True)
class _Network:
    units: int
    bias: bool
    breakpoints: tuple[fmpq, ...]
    slopes: tuple[Affine, ...]
    intercepts: tuple[Affine, ...]
    weights: tuple[fmpq, ...] | None
    offset: fmpq | None


def _network(node: Node) -> _Network:
    entry = node.fields("kind", "hidden", "bias", "activation", "output_weights", "output_bias")
    layers = entry["hidden"].items()
    if len(layers) != 1:
        raise entry["hidden"].wrong("one hidden layer")
    units = layers[0].integer(1, 1000)
    choice = entry["activation"].fields("first", "second")
    first, second = _activation(choice["first"]), _activation(choice["second"])
    points = sorted({*first[0], *second[0]})
    lefts = [points[0] - 1, *points] if points else [ZERO]
    slopes, intercepts = [], []
    for left in lefts:
        (p0, p1), (q0, q1) = (pieces[bisect_right(at, left)] for at, pieces in (first, second))
        intercepts.append((q0, p0 - q0))
        slopes.append((q1, p1 - q1))
    weights = None
    if entry["output_weights"].value != "signs":
        weights = entry["output_weights"].rationals()
        if len(weights) != units:
            raise entry["output_weights"].wrong(f"{units} output weights")
    offset = None
    if entry["output_bias"].value != "trainable":
        offset = entry["output_bias"].rational()
    return _Network(
        units,
        entry["bias"].flag(),
        tuple(points),
        tuple(slopes),
        tuple(intercepts),
        weights,
        offset,
    )


def _activation(node: Node) -> tuple[list[fmpq], list[tuple[fmpq, fmpq]]]:
    entry = node.fields("name", "breakpoints", "pieces")
    entry["name"].text()
    points = list(entry["breakpoints"].rationals())
    if any(left >= right for left, right in pairwise(points)):
        raise entry["breakpoints"].wrong("increasing breakpoints")
    pieces = []
    for piece in entry["pieces"]:
        coefficients = piece.rationals()
        if len(coefficients) > 2:
            raise piece.wrong("a piece of degree at most 1 (the covered family)")
        pieces.append((*coefficients, *[ZERO] * (2 - len(coefficients))))
    if len(pieces) != len(points) + 1:
        raise entry["pieces"].wrong(f"{len(points) + 1} pieces")
    return points, [(piece[0], piece[1]) for piece in pieces]


def read_data(
    node: Node, *, same_length: bool = True
) -> tuple[tuple[str, ...], tuple[tuple[fmpq, ...], ...], tuple[fmpq, ...]]:
    entry = node.fields("features", "target", "inputs", "targets")
    features = entry["features"].texts()
    entry["target"].text()
    if len(set(features)) != len(features):
        raise entry["features"].wrong("distinct feature names")
    rows = entry["inputs"].items()
    inputs = tuple(row.rationals() for row in rows)
    targets = entry["targets"].rationals()
    if not inputs or (same_length and len(inputs) != len(targets)):
        raise entry["targets"].wrong(f"one target for each of {len(inputs)} >= 1 input rows")
    for row, values in zip(rows, inputs, strict=True):
        if len(values) != len(features):
            raise row.wrong(f"{len(features)} inputs")
    return features, inputs, targets


def read_ends(node: Node) -> tuple[fmpq, fmpq]:
    ends = node.rationals()
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise node.wrong("[lower, upper] with lower < upper")
    return ends[0], ends[1]


def read_parameters(node: Node, names: list[str]) -> tuple[Parameter, ...]:
    entries = node.items()
    if not names or len(entries) != len(names):
        raise node.wrong(f"{max(len(names), 1)} parameters")
    parameters = []
    for entry, name in zip(entries, names, strict=True):
        member = entry.fields("name", "lower", "upper")
        member["name"].choice(name)
        lower, upper = member["lower"].rational(), member["upper"].rational()
        if not lower < upper:
            raise entry.wrong("lower < upper")
        parameters.append(Parameter(name, lower, upper))
    return tuple(parameters)
