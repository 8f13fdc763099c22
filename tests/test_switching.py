"""Minimisers that meet a wall in a narrow valley, or leave the origin of a unit: closed forms."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import brentq, minimize_scalar

import pieceproof
from geometry.proposals.charts import charts
from geometry.proposals.frames import Frames
from geometry.proposals.tracking import Change, Tracker
from pieceproof.enclosed import EnclosedDual
from piecewise import FeedForward, Interpolated, Problem, activations

Array = npt.NDArray[np.float64]
MIXED = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])


def two_units(x: Sequence[str], y: Sequence[str], interval: tuple[str, str]) -> Problem:
    """Units of opposite sign, without bias."""
    return Problem(
        FeedForward([2], MIXED, bias=False, output_weights=[1, -1]),
        inputs=[[value] for value in x],
        targets=list(y),
        interval=interval,
        box=(-5, 5),
    )


def numbers(problem: Problem) -> tuple[Array, Array]:
    return (
        np.array([float(row[0]) for row in problem.inputs]),
        np.array([float(v) for v in problem.targets]),
    )


def loss(problem: Problem, alpha: float, w: Sequence[float]) -> float:
    x, y = numbers(problem)
    a, b = (alpha * np.maximum(v * x, 0) + (1 - alpha) * (v * x) ** 2 for v in w)
    return float(np.mean((a - b - y) ** 2))


VALLEY = two_units(
    ["-3/4", "-5/4", "3/2", "1/2", "-1/4", "-1/2", "7/4", "7/4"],
    ["-3/4", "7/4", "1/4", "3/2", "0", "-1/2", "0", "7/2"],
    ("19/50", "39/100"),
)


def test_a_switch_in_a_narrow_valley_is_one_event() -> None:
    """For w_1, w_2 < 0 the outputs are α(w_1 − w_2)x on x < 0, and (1 − α)(w_1² − w_2²)x²."""
    x, y = numbers(VALLEY)
    columns = np.stack([np.minimum(x, 0), x**2], 1)
    (a, b), *_ = np.linalg.lstsq(columns, y, rcond=None)

    def weights(alpha: float) -> tuple[float, float]:
        difference = a / alpha
        total = b / (1 - alpha) / difference
        return (total + difference) / 2, (total - difference) / 2

    expected = brentq(lambda alpha: weights(alpha)[0] + 5, 0.38, 0.39, xtol=1e-15)
    tracker = Tracker(charts(VALLEY), (0.38, 0.39))
    Frames(tracker)
    tracker.start()
    (event,) = tracker.events(0.38, 0.39)
    assert event.change is Change.SWITCH
    assert event.alpha == pytest.approx(expected, abs=1e-9)
    assert weights(event.alpha) == pytest.approx(tuple(event.before.w), abs=1e-5)


LEAVING = two_units(
    ["1", "-3/4", "-1/2", "-3/4", "-1/2", "-3/4", "-3/2", "-1"],
    ["7/2", "1/4", "15/4", "4", "-2", "3/2", "3/2", "15/4"],
    ("19/25", "39/50"),
)


def test_a_minimiser_leaves_the_origin_of_a_unit_smoothly() -> None:
    """w_2 = 0 while ∂f/∂w_2 ≥ 0 beside it: −2α/T·Σ r_t x_t over x_t > 0."""
    x, y = numbers(LEAVING)

    def pressing(alpha: float) -> float:
        found = minimize_scalar(
            lambda w: loss(LEAVING, alpha, (w, 0.0)), (2.0, 2.6, 3.0), tol=1e-14
        )
        z = found.x * x
        residuals = alpha * np.maximum(z, 0) + (1 - alpha) * z**2 - y
        return float(np.sum((residuals * x)[x > 0]))

    expected = brentq(pressing, 0.76, 0.78, xtol=1e-12)
    dual = pieceproof.analyze(LEAVING)
    assert isinstance(dual, EnclosedDual)
    assert str(dual.verdict) == "proved"
    assert dual.counts["pieces"] == 2
    ((kind, low, high),) = dual.breakpoints
    assert kind == "smooth"
    assert float(low) - 1e-6 <= expected <= float(high) + 1e-6
    # With both units the first example, the only one with x > 0, is fitted: ℓ* is constant.
    assert dual.counts["oscillations"] == 1
    grid = np.stack(np.meshgrid(np.linspace(-5, 5, 401), np.linspace(-5, 5, 401)), -1)
    for alpha in (Fraction(19, 25), Fraction(77, 100), Fraction(31, 40), Fraction(39, 50)):
        found = dual(alpha)
        a, b = (
            float(alpha) * np.maximum(v[..., None] * x, 0)
            + float(1 - alpha) * (v[..., None] * x) ** 2
            for v in (grid[..., 0], grid[..., 1])
        )
        assert found.lower <= np.min(np.mean((a - b - y) ** 2, -1))
        point = list(found.minimiser.values())
        assert loss(LEAVING, float(alpha), point) == pytest.approx(found.upper, abs=1e-9)
