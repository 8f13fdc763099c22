"""Weight decay as hyperparameter, α|w|², of networks that are not convex on their cells."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from certificates import is_refused

import pieceproof
from pieceproof.enclosed import EnclosedDual
from piecewise import (
    FeedForward,
    Interpolated,
    NotYetSupported,
    Penalty,
    Problem,
    activations,
    relu,
)
from piecewise.networks import TRAINABLE
from piecewise.polynomial_objective import PiecewiseObjective

EXAMPLE = Path(__file__).parent.parent / "examples" / "decay.toml"


def test_a_target_that_a_silent_unit_fits_is_met_at_a_smooth_breakpoint() -> None:
    """r = 0 where the unit wakes for the second example, so that f is C¹ there."""
    example = pieceproof.load_problem(EXAMPLE)
    targets = [y if t != 1 else Fraction(0) for t, y in enumerate(example.targets)]
    dual = pieceproof.analyze(
        Problem(
            example.model,
            inputs=example.inputs,
            targets=targets,
            interval=("1/10", "3/20"),
            box=(-3, 3),
            penalty=example.penalty,
        )
    )
    assert str(dual.verdict) == "proved"
    ((kind, low, high),) = dual.breakpoints
    assert kind == "smooth"
    assert low <= Fraction(1, 8) <= high


@cache
def tuned() -> EnclosedDual:
    """The dual function of the example."""
    dual = pieceproof.analyze(EXAMPLE)
    assert isinstance(dual, EnclosedDual)
    return dual


def test_the_example_is_proved() -> None:
    dual = tuned()
    assert str(dual.verdict) == "proved"
    assert (dual.counts["pieces"], dual.counts["kinks"]) == (3, 2)


def examples(problem: Problem) -> list[tuple[Fraction, Fraction]]:
    """Input and target."""
    return [(x, y) for (x,), y in zip(problem.inputs, problem.targets, strict=True)]


@pytest.mark.parametrize("alpha", ["1/100", "1/15", "1/4", "3/7", "7/10"])
def test_no_point_of_a_grid_is_below_the_example(alpha: str) -> None:
    """The output weight is the best one, in closed form, for the others on a grid."""
    dual, at = tuned(), Fraction(alpha)
    problem = dual.problem
    value = dual(at)
    x, y = (np.array(part, dtype=float) for part in zip(*examples(problem), strict=True))
    w, b = np.meshgrid(np.linspace(-3, 3, 601), np.linspace(-3, 3, 601))
    h = np.maximum(w[..., None] * x + b[..., None], 0)
    v = np.clip((h @ y / len(y)) / ((h**2).mean(axis=-1) + float(at)), -3, 3)
    residuals = v[..., None] * h - y
    lowest = ((residuals**2).mean(axis=-1) + float(at) * (w**2 + v**2)).min()
    assert value.lower <= lowest <= value.upper + 1e-3


def without(document: dict[str, Any]) -> None:
    del document["problem"]["penalty"]


def with_biases(document: dict[str, Any]) -> None:
    document["problem"]["penalty"]["biases"] = True


def lasso(document: dict[str, Any]) -> None:
    document["problem"]["penalty"]["ratio"] = "1"


@pytest.mark.parametrize("change", [without, with_biases, lasso])
def test_another_penalty_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    assert is_refused(tuned().document, change)


def problem(penalty: Penalty, **options: Any) -> Problem:
    """A small network with a bias and polynomial pieces."""
    pair = activations.CATALOGUE["relu"], activations.CATALOGUE["square"]
    return Problem(
        FeedForward([1], Interpolated(*pair), **options),
        inputs=[[1], [-2], [3]],
        targets=[1, 2, 0],
        interval=("1/10", "9/10"),
        box=(-2, 2),
        penalty=penalty,
    )


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("weights", [None, TRAINABLE])
def test_cell_polynomials_hold_the_penalty(biases: bool, weights: str | None) -> None:
    """So that a census counts the branches of f, not of the loss alone."""
    stated = problem(Penalty.of("l2", biases=biases), output_weights=weights)
    at = Fraction(1, 3)
    point = (Fraction(1, 2), Fraction(1, 5), Fraction(-3, 4))[: len(stated.parameters)]
    cell = PiecewiseObjective(stated).cell_at(at, point)
    assert cell.value(at, point) == stated.value(at, point)


@pytest.mark.parametrize("kind", ["l1", "elastic"])
def test_cells_of_penalties_with_kinks_are_no_polynomials(kind: str) -> None:
    stated = problem(Penalty.of(kind, "1/2" if kind == "elastic" else None))
    with pytest.raises(NotYetSupported, match="kinks"):
        PiecewiseObjective(stated)


def test_an_activation_may_stand_alone() -> None:
    alone, both = (FeedForward([1], each) for each in (relu, Interpolated(relu, relu)))
    assert alone == both
