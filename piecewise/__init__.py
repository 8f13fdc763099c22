"""What is minimised: exact piecewise polynomial objectives of learning problems.

A :class:`Problem` joins a model, data, a hyperparameter interval A and a parameter box W
to the objective f(α, w) whose dual loss is ℓ*(α) = min_{w∈W} f(α, w). All numbers are
exact rationals; a decimal is the fraction it prints.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from piecewise.activations import (
    CATALOGUE,
    Interpolated,
    PiecewisePolynomial,
    abs_,
    custom,
    hard_sigmoid,
    hard_tanh,
    identity,
    leaky_relu,
    relu,
    relu2,
    square,
    step,
)
from piecewise.errors import NotYetSupported, PiecewiseError, ProblemError
from piecewise.graphs import GraphConvolution
from piecewise.networks import SIGNS, TRAINABLE, FeedForward, Linear, Ridge
from piecewise.penalties import Penalty
from piecewise.polynomials import Polynomial
from piecewise.problems import Examples, Model, Parameter, Problem

if TYPE_CHECKING:
    from piecewise.polynomial_objective import PiecewiseObjective, PolynomialCell

__all__ = [
    "CATALOGUE",
    "SIGNS",
    "TRAINABLE",
    "Examples",
    "FeedForward",
    "GraphConvolution",
    "Interpolated",
    "Linear",
    "Model",
    "NotYetSupported",
    "Parameter",
    "Penalty",
    "PiecewiseError",
    "PiecewiseObjective",
    "PiecewisePolynomial",
    "Polynomial",
    "PolynomialCell",
    "Problem",
    "ProblemError",
    "Ridge",
    "abs_",
    "custom",
    "hard_sigmoid",
    "hard_tanh",
    "identity",
    "leaky_relu",
    "relu",
    "relu2",
    "square",
    "step",
]


def __getattr__(name: str) -> Any:
    """Cells need NumPy; stating a problem does not, so they are imported when first used."""
    if name not in ("PiecewiseObjective", "PolynomialCell"):
        raise AttributeError(f"module 'piecewise' has no attribute {name!r}")
    return getattr(import_module("piecewise.polynomial_objective"), name)
