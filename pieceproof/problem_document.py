"""The ``problem`` object of a result document: a problem in exact, self-contained JSON.

Rational numbers are strings "p/q" or "p" in lowest terms. The object is a normal form:
equal problems give equal objects, and :func:`problem_from_document` accepts nothing else,
so ``problem_document(problem_from_document(d)) == d``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import msgspec

from pieceproof.problem_schema import (
    ActivationDocument,
    DataDocument,
    EdgeDocument,
    ExamplesDocument,
    FeedForwardDocument,
    GraphDocument,
    InterpolatedDocument,
    LinearDocument,
    LossDocument,
    ModelDocument,
    ParameterDocument,
    PenaltyDocument,
    PolynomialDocument,
    ProblemDocument,
    RidgeDocument,
    TermDocument,
)
from piecewise import (
    TRAINABLE,
    Examples,
    FeedForward,
    GraphConvolution,
    Interpolated,
    Linear,
    Model,
    Penalty,
    PiecewisePolynomial,
    Polynomial,
    Problem,
    ProblemError,
    Ridge,
    custom,
)

MAX_LENGTH = 4_000
"""Longest rational read, in characters; a decimal a spec may hold never becomes longer."""

_RATIONAL = re.compile(r"-?[0-9]+(/[1-9][0-9]*)?")


def problem_document(problem: Problem) -> dict[str, Any]:
    """The JSON object of ``problem``."""
    document = ProblemDocument(
        model=_model_document(problem.model),
        interval=_strings(problem.interval),
        parameters=[
            ParameterDocument(entry.name, str(entry.lower), str(entry.upper))
            for entry in problem.parameters
        ],
        loss=LossDocument(problem.loss, problem.reduction, str(problem.weight_decay)),
        data=DataDocument(
            list(problem.features),
            problem.target,
            [_strings(row) for row in problem.inputs],
            _strings(problem.targets),
        ),
        penalty=_penalty_document(problem.penalty),
        validation=_examples_document(problem.validation),
    )
    builtins: dict[str, Any] = msgspec.to_builtins(document)
    return builtins


def problem_from_document(document: object) -> Problem:
    """The problem that the JSON object ``document`` states.

    Raises:
        ProblemError: the object is malformed, states no problem, or is not in normal form.
    """
    try:
        entry = msgspec.convert(document, ProblemDocument)
    except msgspec.ValidationError as error:
        raise ProblemError(f"problem: {error}") from None
    problem = Problem(
        _model(entry.model, [p.name for p in entry.parameters]),
        inputs=[_fractions(row) for row in entry.data.inputs],
        targets=_fractions(entry.data.targets),
        interval=_fractions(entry.interval),
        box={p.name: _fractions((p.lower, p.upper)) for p in entry.parameters},
        loss=entry.loss.kind,
        weight_decay=_fraction(entry.loss.weight_decay),
        reduction=entry.loss.reduction,
        features=entry.data.features or None,
        target=entry.data.target,
        penalty=_penalty(entry.penalty),
        validation=_examples(entry.validation),
    )
    normal = problem_document(problem)
    if normal != document:
        raise ProblemError(
            f"problem: not in normal form; {_difference('problem', document, normal)}"
        )
    return problem


def _strings(values: Sequence[Fraction]) -> list[str]:
    return [str(value) for value in values]


def _fraction(text: str) -> Fraction:
    if len(text) > MAX_LENGTH or not _RATIONAL.fullmatch(text):
        raise ProblemError(f"problem: {text[:40]!r} is not a rational p/q")
    return Fraction(text)


def _fractions(texts: Sequence[str]) -> list[Fraction]:
    return [_fraction(text) for text in texts]


def _examples_document(examples: Examples | None) -> ExamplesDocument | None:
    if examples is None:
        return None
    return ExamplesDocument([_strings(row) for row in examples.inputs], _strings(examples.targets))


def _examples(entry: ExamplesDocument | None) -> Examples | None:
    if entry is None:
        return None
    return Examples([_fractions(row) for row in entry.inputs], _fractions(entry.targets))


def _penalty_document(penalty: Penalty | None) -> PenaltyDocument | None:
    return None if penalty is None else PenaltyDocument(str(penalty.ratio), penalty.biases)


def _penalty(entry: PenaltyDocument | None) -> Penalty | None:
    if entry is None:
        return None
    ratio = _fraction(entry.ratio)
    if not 0 <= ratio <= 1:
        raise ProblemError(f"problem: the ratio {ratio} of the penalty is not between 0 and 1")
    return Penalty(ratio, entry.biases)


def _model_document(model: Model) -> ModelDocument:
    if isinstance(model, Ridge):
        return RidgeDocument(model.bias)
    if isinstance(model, Linear):
        return LinearDocument(model.bias)
    if isinstance(model, GraphConvolution):
        return _graph_document(model)
    if isinstance(model, Polynomial):
        return PolynomialDocument([TermDocument(list(e), str(c)) for e, c in model.terms])
    weights = model.output_weights
    return FeedForwardDocument(
        hidden=list(model.hidden),
        bias=model.bias,
        activation=InterpolatedDocument(
            _activation_document(model.activation.first),
            _activation_document(model.activation.second),
        ),
        output_weights=weights if isinstance(weights, str) else _strings(weights),
        output_bias=str(model.output_bias),
    )


def _graph_document(model: GraphConvolution) -> GraphDocument:
    weights = model.output_weights
    return GraphDocument(
        list(model.nodes),
        [EdgeDocument(i, j, str(weight)) for i, j, weight in model.edges],
        model.degree,
        model.power,
        model.hidden,
        weights if isinstance(weights, str) else _strings(weights),
        list(model.training),
    )


def _graph(entry: GraphDocument) -> GraphConvolution:
    size = len(entry.nodes)
    numbers = [*entry.training, *(end for e in entry.edges for end in (e.first, e.second))]
    if any(not 0 <= number < size for number in numbers):
        raise ProblemError(f"problem: a node is not numbered from 0 to {size - 1}")
    weights = entry.output_weights
    return GraphConvolution(
        entry.nodes,
        [(entry.nodes[e.first], entry.nodes[e.second], _fraction(e.weight)) for e in entry.edges],
        degree=entry.degree,
        power=entry.power,
        hidden=entry.hidden,
        output_weights=None
        if entry.hidden is None
        else (weights if isinstance(weights, str) else _fractions(weights)),
        training=[entry.nodes[t] for t in entry.training],
    )


def _activation_document(activation: PiecewisePolynomial) -> ActivationDocument:
    return ActivationDocument(
        activation.name,
        _strings(activation.breakpoints),
        [_strings(piece) for piece in activation.pieces],
    )


def _model(entry: ModelDocument, names: Sequence[str]) -> Model:
    if isinstance(entry, RidgeDocument):
        return Ridge(entry.bias)
    if isinstance(entry, LinearDocument):
        return Linear(entry.bias)
    if isinstance(entry, GraphDocument):
        return _graph(entry)
    if isinstance(entry, PolynomialDocument):
        terms = [(term.exponents, _fraction(term.coefficient)) for term in entry.terms]
        return Polynomial(names, terms)
    weights = entry.output_weights
    return FeedForward(
        entry.hidden,
        Interpolated(_activation(entry.activation.first), _activation(entry.activation.second)),
        bias=entry.bias,
        output_weights=weights if isinstance(weights, str) else _fractions(weights),
        output_bias=(TRAINABLE if entry.output_bias == TRAINABLE else _fraction(entry.output_bias)),
    )


def _activation(entry: ActivationDocument) -> PiecewisePolynomial:
    return custom(
        _fractions(entry.breakpoints), [_fractions(piece) for piece in entry.pieces], entry.name
    )


def _difference(path: str, given: object, normal: object) -> str:
    """Where two JSON values first differ."""
    if isinstance(given, dict) and isinstance(normal, dict):
        key = next(k for k in [*given, *normal] if given.get(k) != normal.get(k))
        return _difference(f"{path}.{key}", given.get(key), normal.get(key))
    if isinstance(given, list) and isinstance(normal, list) and len(given) == len(normal):
        index = next(i for i, value in enumerate(normal) if given[i] != value)
        return _difference(f"{path}[{index}]", given[index], normal[index])
    return f"{path} is {given!r:.60}, not {normal!r:.60}"
