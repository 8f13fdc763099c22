"""The ``[model]`` table of a spec: networks and activations by name or by table."""

from __future__ import annotations

import re
from fractions import Fraction

from pieceproof.tables import Table, nearest
from piecewise import (
    CATALOGUE,
    SIGNS,
    TRAINABLE,
    FeedForward,
    Interpolated,
    Linear,
    Model,
    PiecewisePolynomial,
    Polynomial,
    ProblemError,
    Ridge,
    custom,
    leaky_relu,
)

KINDS = ("feedforward", "linear", "ridge", "gcn", "polynomial")
MAX_WIDTH = 1000
"""Certificates name no wider layers."""
KEYS = ("kind", "hidden", "activation", "bias", "output_weights", "output_bias")
POLYNOMIAL_KEYS = ("kind", "parameters", "objective")

_PAIR = 'interpolate = ["relu", "identity"]'
_LEAKY_RELU = re.compile(r"leaky_relu\((.*)\)")


def model_of(table: Table) -> Model:
    """The model that the table states, other than a graph convolution.

    Raises:
        SpecError: an entry is missing, unknown or of the wrong type.
        ProblemError: the entries do not fit together.
    """
    kind = kind_of(table)
    if kind == "polynomial":
        table.allow(*POLYNOMIAL_KEYS)
        return Polynomial.parse(
            table.strings("parameters", 'parameters = ["w1", "w2"]'),
            table.text("objective", 'objective = "(w1*w2 - 1)^2/2 + alpha*w1^2"'),
        )
    table.allow(*KEYS)
    if kind in ("linear", "ridge"):
        table.allow("kind", "bias")
        bias = table.flag("bias", False)
        return Linear(bias) if kind == "linear" else Ridge(bias)
    return FeedForward(
        _widths(table),
        activation_of(table),
        bias=table.flag("bias", True),
        output_weights=_output_weights(table),
        output_bias=_output_bias(table),
    )


def kind_of(table: Table) -> str:
    """The kind of model.

    Raises:
        SpecError: it is missing or unknown.
    """
    kind = table.text("kind", 'kind = "feedforward"')
    if kind not in KINDS:
        raise table.error("kind", f"unknown model {kind!r}; {nearest(kind, KINDS)}")
    return kind


def _widths(table: Table) -> list[int]:
    entries = table.items("hidden", "hidden = [1]")
    widths = [k for k in entries if isinstance(k, int) and not isinstance(k, bool)]
    if len(widths) != len(entries):
        raise table.error("hidden", "widths must be integers; write hidden = [1]")
    if any(k > MAX_WIDTH for k in widths):
        raise table.error("hidden", f"{max(widths)} units are more than {MAX_WIDTH} in a layer")
    return widths


def _output_weights(table: Table) -> tuple[Fraction, ...] | str | None:
    entry = table.entries.get("output_weights")
    if entry is None or isinstance(entry, str):
        return entry
    return table.numbers("output_weights", entry, f'output_weights = [1], or "{SIGNS}"')


def _output_bias(table: Table) -> Fraction | str:
    entry = table.entries.get("output_bias", 0)
    return TRAINABLE if entry == TRAINABLE else table.number("output_bias", entry)


def activation_of(model: Table) -> Interpolated:
    """The entry ``activation``: ``{ interpolate = [first, second] }``, or one name.

    Raises:
        SpecError: it is missing, unknown or of the wrong type.
    """
    entry = model.require("activation", f"activation = {{ {_PAIR} }}")
    if isinstance(entry, str):  # one that does not depend on α
        fixed = _piecewise_polynomial(model, entry, "activation")
        return Interpolated(fixed, fixed)
    if not isinstance(entry, dict):
        raise model.error(
            "activation", f'it must be a name or a table; write "relu", or {{ {_PAIR} }}'
        )
    table = model.table("activation").allow("interpolate")
    entries = table.items("interpolate", _PAIR)
    if len(entries) != 2:
        raise table.error("interpolate", f"it must name two activations; write {_PAIR}")
    first, second = (_piecewise_polynomial(table, entry) for entry in entries)
    return Interpolated(first, second)


def _piecewise_polynomial(
    table: Table, entry: object, key: str = "interpolate"
) -> PiecewisePolynomial:
    if isinstance(entry, dict):
        return _custom(Table(table.file, f"{table.name}.interpolate", entry))
    if isinstance(entry, str) and entry in CATALOGUE:
        return CATALOGUE[entry]
    if isinstance(entry, str) and (leaky := _LEAKY_RELU.fullmatch(entry)):
        return leaky_relu(table.number(key, leaky[1]))
    raise table.error(
        key,
        f"unknown activation {entry!r}; choose from {', '.join(sorted(CATALOGUE))}, "
        "leaky_relu(SLOPE), or give a table { breakpoints = [..], pieces = [[..], ..] }",
    )


def _custom(table: Table) -> PiecewisePolynomial:
    table.allow("name", "breakpoints", "pieces")
    points, pieces = "breakpoints = [0]", "pieces = [[0], [0, 1]]"
    try:
        return custom(
            table.numbers("breakpoints", table.require("breakpoints", points), points),
            [table.numbers("pieces", piece, pieces) for piece in table.items("pieces", pieces)],
            name=table.text("name", 'name = "custom"') if "name" in table else "custom",
        )
    except ProblemError as error:
        raise table.error("", f"{error}; write {points}, {pieces}") from None
