"""A problem: model, data, hyperparameter interval, parameter box, loss.

The objective is f(α, w) = (1/T)·Σ_t loss(ŷ_t − y_t) + μ|w|² (``reduction="sum"`` drops
the 1/T) with loss(r) = r² or |r|, over α in A and w in the box W; |w|² runs over all
trainable parameters, biases included. A :class:`~piecewise.penalties.Penalty` adds
α(ρ|w|₁ + (1−ρ)|w|²), a :class:`~piecewise.networks.Ridge` model α|w|² with biases. A
:class:`~piecewise.polynomials.Polynomial` model is f itself, and there are no data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from itertools import product

from piecewise.errors import ProblemError
from piecewise.exact import Number, rational, rationals
from piecewise.graphs import GraphConvolution, check_degrees
from piecewise.networks import SIGNS, FeedForward, Linear, Ridge, is_bias
from piecewise.penalties import Penalty
from piecewise.polynomials import Polynomial

DEFAULT_BOX = (-100_000, 100_000)
LOSSES = ("squared", "absolute", "zero-one")
REDUCTIONS = ("mean", "sum")

Model = FeedForward | Linear | GraphConvolution | Polynomial


@dataclass(frozen=True)
class Parameter:
    """A trainable parameter with its range [lower, upper]."""

    name: str
    lower: Fraction
    upper: Fraction


@dataclass(frozen=True, init=False)
class Examples:
    """Examples that take no part in the training loss."""

    inputs: tuple[tuple[Fraction, ...], ...]
    targets: tuple[Fraction, ...]

    def __init__(
        self,
        inputs: Iterable[Iterable[Number | Fraction]],
        targets: Iterable[Number | Fraction],
    ) -> None:
        object.__setattr__(self, "inputs", tuple(rationals(row) for row in inputs))
        object.__setattr__(self, "targets", rationals(targets))


@dataclass(frozen=True, init=False)
class Problem:
    """Everything that defines the dual loss ℓ*(α) = min_{w∈W} f(α, w) on A.

    Args:
        model: the network or linear model.
        inputs: T rows of d numbers; for a graph one row per node, for a polynomial none.
        targets: T numbers; for a graph one per training node.
        interval: A = (α_min, α_max), α_min < α_max.
        box: one (lower, upper) for every parameter, or a mapping from parameter
            names to pairs; names left out get (−100000, 100000).
        loss: ``"squared"``, ``"absolute"``, or ``"zero-one"`` with targets ±1: an example is
            misclassified where prediction·y ≤ 0.
        weight_decay: μ ≥ 0.
        penalty: regularisation of strength α, or None.
        validation: held-out examples. With them the dual loss is that of hyperparameter tuning,
            ℓ*(α) = min { g(w) : w ∈ argmin_W f(α, ·) }, g the loss on these examples alone.
        reduction: ``"mean"`` or ``"sum"`` over the examples.
        features: d names, default x1 … xd.
        target: a name for y.

    Raises:
        ProblemError: anything that does not fit, with the remedy.
    """

    model: Model
    inputs: tuple[tuple[Fraction, ...], ...]
    targets: tuple[Fraction, ...]
    interval: tuple[Fraction, Fraction]
    parameters: tuple[Parameter, ...]
    loss: str
    weight_decay: Fraction
    reduction: str
    features: tuple[str, ...]
    target: str
    penalty: Penalty | None
    validation: Examples | None

    def __init__(
        self,
        model: Model,
        *,
        inputs: Iterable[Iterable[Number | Fraction]] = (),
        targets: Iterable[Number | Fraction] = (),
        interval: Sequence[Number | Fraction] = (0, 1),
        box: Sequence[Number | Fraction] | Mapping[str, Sequence[Number | Fraction]] = DEFAULT_BOX,
        loss: str = "squared",
        weight_decay: Number | Fraction = 0,
        reduction: str = "mean",
        features: Sequence[str] | None = None,
        target: str = "y",
        penalty: Penalty | None = None,
        validation: Examples | None = None,
    ) -> None:
        rows = tuple(rationals(row) for row in inputs)
        values = rationals(targets)
        given = (rows or values, weight_decay, penalty, validation, features)
        if isinstance(model, Polynomial):
            if any(given) or (loss, reduction) != ("squared", "mean"):
                raise ProblemError("data: a polynomial is the whole objective; leave out the rest")
        elif not rows:
            raise ProblemError("data: there are no examples; give at least one row")
        graph = model if isinstance(model, GraphConvolution) else None
        expected = len(rows) if graph is None else len(graph.training)
        if graph is not None and len(rows) != len(graph.nodes):
            raise ProblemError(f"data: {len(rows)} input rows but {len(graph.nodes)} nodes")
        if len(values) != expected:
            what = "input rows" if graph is None else "training nodes"
            raise ProblemError(f"data: {expected} {what} but {len(values)} targets")
        width = len(rows[0]) if rows else 0
        ragged = next((t for t, row in enumerate(rows, start=1) if len(row) != width), None)
        if ragged is not None:
            raise ProblemError(
                f"data: row {ragged} has {len(rows[ragged - 1])} inputs, row 1 has {width}"
            )
        names = (
            tuple(features) if features is not None else tuple(f"x{i}" for i in range(1, width + 1))
        )
        if len(names) != width or len(set(names)) != width:
            raise ProblemError(f"features: {width} distinct names are needed, got {list(names)}")
        if loss not in LOSSES:
            raise ProblemError(f"loss: {loss!r} is unknown; choose one of {', '.join(LOSSES)}")
        if reduction not in REDUCTIONS:
            raise ProblemError(f"reduction: {reduction!r} is unknown; choose mean or sum")
        label = next((value for value in values if value not in (1, -1)), None)
        if loss == "zero-one" and label is not None:
            raise ProblemError(f"targets: the zero-one loss needs labels 1 and -1, not {label}")
        ends = _interval("interval", interval)
        if graph is not None:
            check_degrees(graph, *ends)
        decay = rational(weight_decay)
        if decay < 0:
            raise ProblemError(f"weight_decay: {decay} is negative; it must be at least 0")
        if penalty is not None and isinstance(model, Ridge):
            raise ProblemError("penalty: a ridge model has its own; use a linear model")
        parameters = _boxed(model.parameter_names(names), box)
        if not parameters:
            raise ProblemError("the model has no trainable parameter; add an input or a bias")
        for key, entry in (
            ("model", model),
            ("inputs", rows),
            ("targets", values),
            ("interval", ends),
            ("parameters", parameters),
            ("loss", loss),
            ("weight_decay", decay),
            ("reduction", reduction),
            ("features", names),
            ("target", target),
            ("penalty", penalty),
            ("validation", _held_out(validation, model, width)),
        ):
            object.__setattr__(self, key, entry)

    def on_examples(self, rows: Sequence[int]) -> Problem:
        """The same problem on the examples of the given numbers (from 0, repetitions allowed).

        Raises:
            ProblemError: no rows.
        """
        if not rows:
            raise ProblemError("data: there are no examples; give at least one row")
        if isinstance(self.model, GraphConvolution):
            raise ProblemError("data: the nodes of a graph are no independent examples")
        chosen = {
            "inputs": tuple(self.inputs[row] for row in rows),
            "targets": tuple(self.targets[row] for row in rows),
        }
        problem = object.__new__(Problem)
        for entry in fields(self):
            object.__setattr__(
                problem, entry.name, chosen.get(entry.name, getattr(self, entry.name))
            )
        return problem

    def value(self, alpha: Number | Fraction, w: Sequence[Number | Fraction]) -> Fraction:
        """f(α, w), exactly, by the definition (minimum over signs for a ``"signs"`` model).

        At a jump of a discontinuous activation the activation's own value is used;
        ℓ* is the minimum of the lower semicontinuous closure, which is never larger.
        """
        a, point = rational(alpha), rationals(w)
        if len(point) != len(self.parameters):
            raise ProblemError(f"w has {len(point)} entries, the model has {len(self.parameters)}")
        if isinstance(self.model, Polynomial):
            return self.model.value(a, point)
        penalty = self.weight_decay * sum((p * p for p in point), Fraction(0))
        if self.regulariser is not None:
            ratio = self.regulariser.ratio
            penalty += a * sum(
                (ratio * abs(p) + (1 - ratio) * p * p for p in (point[i] for i in self.penalised)),
                Fraction(0),
            )
        return penalty + min(self._data_loss(a, point, signs) for signs in self._sign_choices())

    @property
    def regulariser(self) -> Penalty | None:
        """The penalty of strength α: that of a ridge model, or ``penalty``."""
        return Penalty(Fraction(0), True) if isinstance(self.model, Ridge) else self.penalty

    @property
    def has_kinks(self) -> bool:
        """Whether absolute values divide the cells of the model into more pieces of f."""
        chosen = self.regulariser
        penalty = chosen is not None and bool(chosen.ratio and self.penalised)
        return self.loss == "absolute" or penalty

    @cached_property
    def penalised(self) -> tuple[int, ...]:
        """Indices of the parameters that the penalty of strength α runs over."""
        chosen = self.regulariser
        return tuple(
            index
            for index, parameter in enumerate(self.parameters)
            if chosen is not None and (chosen.biases or not is_bias(parameter.name))
        )

    def validation_loss(
        self,
        alpha: Number | Fraction,
        w: Sequence[Number | Fraction],
        signs: tuple[int, ...] | None = None,
    ) -> Fraction:
        """g(w), exactly: the loss on the held-out examples, without penalties."""
        if self.validation is None:
            raise ProblemError("validation: the problem has no held-out examples")
        return self._data_loss(rational(alpha), rationals(w), signs, self.validation)

    def training(self) -> Problem:
        """The same problem without held-out examples."""
        return copied(self, validation=None)

    def _sign_choices(self) -> Iterable[tuple[int, ...] | None]:
        if isinstance(self.model, FeedForward) and self.model.output_weights == SIGNS:
            return product((1, -1), repeat=self.model.hidden[-1])
        if isinstance(self.model, GraphConvolution) and self.model.has_signs:
            return product((1, -1), repeat=self.model.hidden or 0)
        return (None,)

    def _data_loss(
        self,
        alpha: Fraction,
        w: Sequence[Fraction],
        signs: tuple[int, ...] | None,
        examples: Examples | Problem | None = None,
    ) -> Fraction:
        total, chosen = Fraction(0), examples or self
        predictions = self._predictions(alpha, w, signs, chosen.inputs)
        for prediction, y in zip(predictions, chosen.targets, strict=True):
            if self.loss == "squared":
                total += (prediction - y) ** 2
            elif self.loss == "absolute":
                total += abs(prediction - y)
            else:
                total += prediction * y <= 0
        return total / len(chosen.targets) if self.reduction == "mean" else total

    def _predictions(
        self,
        alpha: Fraction,
        w: Sequence[Fraction],
        signs: tuple[int, ...] | None,
        inputs: tuple[tuple[Fraction, ...], ...],
    ) -> Sequence[Fraction]:
        model = self.model
        if isinstance(model, GraphConvolution):
            return model.predictions(alpha, w, inputs, signs)
        if isinstance(model, FeedForward):
            return [model.predict(alpha, w, x, signs) for x in inputs]
        if isinstance(model, Polynomial):
            raise ProblemError("a polynomial objective predicts nothing")
        return [model.predict(alpha, w, x) for x in inputs]


def copied(problem: Problem, validation: Examples | None) -> Problem:
    """The problem with other held-out examples."""
    result = copy(problem)
    object.__setattr__(result, "validation", validation)
    return result


def _held_out(examples: Examples | None, model: Model, width: int) -> Examples | None:
    if examples is None:
        return None
    if isinstance(model, GraphConvolution):
        raise ProblemError("validation: a graph has no held-out examples; leave it out")
    if not examples.inputs or len(examples.inputs) != len(examples.targets):
        raise ProblemError(
            f"validation: {len(examples.inputs)} input rows and {len(examples.targets)} targets; "
            "give as many of both, at least one"
        )
    if any(len(row) != width for row in examples.inputs):
        raise ProblemError(f"validation: every row needs {width} inputs, as in the training data")
    return examples


def _interval(key: str, ends: Sequence[Number | Fraction]) -> tuple[Fraction, Fraction]:
    if isinstance(ends, str) or len(ends) != 2:
        raise ProblemError(f"{key}: give a pair [lower, upper]")
    lower, upper = rationals(ends)
    if lower >= upper:
        raise ProblemError(f"{key}: lower end {lower} is not below upper end {upper}")
    return lower, upper


def _boxed(
    names: Sequence[str],
    box: Sequence[Number | Fraction] | Mapping[str, Sequence[Number | Fraction]],
) -> tuple[Parameter, ...]:
    if isinstance(box, Mapping):
        unknown = [name for name in box if name not in names]
        if unknown:
            raise ProblemError(
                f"box: no parameter is called {unknown[0]!r}; there are {', '.join(names)}"
            )
        ranges = {name: _interval(f"box.{name}", box.get(name, DEFAULT_BOX)) for name in names}
    else:
        ranges = dict.fromkeys(names, _interval("box", box))
    return tuple(Parameter(name, *ranges[name]) for name in names)
