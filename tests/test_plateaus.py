"""Pieces on which ℓ* is constant because the weights undo α, also with an active boundary."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from flint import fmpq
from scipy.optimize import minimize

import pieceproof
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.shapes import Node as Place
from pieceproof.checking.enclosing.shapes import Shape
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.enclosing.stationarity import is_flat, is_flat_at
from pieceproof.checking.reading import Node
from pieceproof.enclosed import EnclosedDual
from piecewise import FeedForward, Interpolated, Problem, activations

X = [(-5, -4), (-3, -1), (-4, 6), (5, -2), (-2, -4), (4, -3), (-4, -2), (-2, -8)]
Y = [5, -1, -6, -5, 5, 2, 14, -4]


@cache
def plateau() -> EnclosedDual:
    """ℓ* rises until the minimiser meets z_4 = 0; all others are inactive then: σ = (1 − α)z²."""
    mixed = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])
    dual = pieceproof.analyze(
        Problem(
            FeedForward([1], mixed, bias=True),
            inputs=[[Fraction(a, 4), Fraction(b, 4)] for a, b in X],
            targets=[Fraction(y, 4) for y in Y],
            interval=("37/100", "19/50"),
            box=(-5, 5),
        )
    )
    assert isinstance(dual, EnclosedDual)
    return dual


def lowest(alpha: float) -> float:
    """The least value of many descents, from the definition of f."""
    x = np.hstack([np.array(X) / 4, np.ones((len(X), 1))])
    y = np.array(Y) / 4

    def f(w: np.ndarray) -> float:
        z = x @ w
        return float(np.mean((alpha * np.maximum(z, 0) + (1 - alpha) * z**2 - y) ** 2))

    random = np.random.default_rng(4)
    starts = random.uniform(-2, 2, (40, 3))
    return min(float(minimize(f, w, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13,
               "maxiter": 4000}).fun) for w in starts)  # fmt: skip


def test_a_plateau_begins_where_the_minimiser_meets_a_boundary() -> None:
    dual = plateau()
    assert str(dual.verdict) == "proved"
    ((kind, start, _),) = dual.breakpoints
    assert kind == "smooth"
    before, at, end = dual("37/100"), dual(start + Fraction(1, 1000)), dual("19/50")
    assert before.upper < at.lower
    assert max(at.lower, end.lower) <= min(at.upper, end.upper)
    assert (dual.counts["local_minima"], dual.counts["oscillations"]) == (1, 1)
    for alpha in ("37/100", "3/8", "19/50"):
        found = dual(alpha)
        assert abs(lowest(float(Fraction(alpha))) - found.lower) < 1e-7


def test_only_the_curve_on_the_boundary_is_flat() -> None:
    document = plateau().document
    spaces = Spaces(Node(document["problem"], "problem"))
    seen = set()
    for slab in document["slabs"]:
        read = read_slab(Node(slab, "slab"), spaces)
        for curve in settle(spaces, read, spaces.network.interval).curves:
            held = bool(curve.stratum.groups)
            seen.add(held)
            assert is_flat(curve) == held
            assert is_flat_at(curve, fmpq(3, 8)) == held
    assert seen == {False, True}


def test_a_plateau_with_a_unit_that_no_example_reaches() -> None:
    """f depends on αw_2 and (1 − α)(w_1² − w_2²), which are free once w_1 leaves its wall."""
    mixed = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])
    x = [-5, -8, 0, -1, -1, -4, -5, -6]
    y = [10, 5, -7, -8, -6, -2, -1, 8]
    dual = pieceproof.analyze(
        Problem(
            FeedForward([2], mixed, output_weights=[1, -1], bias=False),
            inputs=[[Fraction(k, 4)] for k in x],
            targets=[Fraction(k, 4) for k in y],
            interval=("4/25", "17/100"),
            box=(-5, 5),
        )
    )
    assert str(dual.verdict) == "proved"
    ((kind, start, _),) = dual.breakpoints
    assert kind == "smooth"
    # Beyond, the best parabola through 0: the least squares of x and x², which all α attain.
    a = np.array([[k / 4, k * k / 16] for k in x])
    best = np.array(y) / 4 - a @ np.linalg.lstsq(a, np.array(y) / 4, rcond=None)[0]
    for alpha in (start + Fraction(1, 1000), Fraction(17, 100)):
        assert abs(float(np.mean(best**2)) - dual(alpha).upper) < 1e-9
    assert dual("4/25").lower > float(np.mean(best**2)) + 1e-6
    assert (dual.counts["local_minima"], dual.counts["oscillations"]) == (1, 1)


@pytest.mark.parametrize(("behind", "arcs"), [(1, 1), (-1, 2)])
def test_an_arc_goes_on_behind_a_plateau(behind: int, arcs: int) -> None:
    """However wide the enclosures of its value are."""
    heights = [(0.0, 0.1), (0.9, 1.1), (0.9, 1.1), (1.0 + behind, 1.1 + behind)]
    nodes = [Place(fmpq(i), fmpq(i), value) for i, value in enumerate(heights)]
    assert Shape(tuple(nodes), (1, 0, behind)).oscillations() == (arcs, arcs)
