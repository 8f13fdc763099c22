"""The classical paths on real data, against scikit-learn, and the certified best α of a curve."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pieceproof import analyze
from pieceproof.specfile import load_problem
from piecewise import Examples, Linear, Penalty, Problem

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def validation():
    return analyze(EXAMPLES / "validation.toml")


def arrays(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Centred inputs and targets, for a free bias."""
    inputs = np.array([[float(v) for v in row] for row in problem.inputs])
    targets = np.array([float(v) for v in problem.targets])
    return inputs - inputs.mean(axis=0), targets - targets.mean()


def test_the_breakpoints_of_the_lasso_are_the_lars_knots() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    problem = load_problem(EXAMPLES / "lasso.toml")
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    knots, _, _ = linear_model.lars_path(*arrays(problem), method="lasso")
    expected = sorted(2 * knot for knot in knots if knot > 0)  # the squared loss is not halved
    found = [breakpoint_.alpha for breakpoint_ in dual.breakpoints]
    assert all(alpha.is_rational for alpha in found)
    assert [float(alpha) for alpha in found] == pytest.approx(expected, rel=1e-9)
    assert {str(breakpoint_.kind) for breakpoint_ in dual.breakpoints} == {"smooth"}


def test_the_elastic_net_is_that_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    problem = load_problem(EXAMPLES / "elastic.toml")
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    inputs, targets = arrays(problem)
    ratio = float(problem.penalty.ratio)
    for alpha in ("1/1000", "1/40", "1/3"):
        # alpha_sk·r = α·ρ/2 and alpha_sk·(1 − r)/2 = α(1 − ρ)/2 for the halved loss
        a = float(Fraction(alpha))
        strength = a * ratio / 2 + a * (1 - ratio)
        model = linear_model.ElasticNet(
            alpha=strength, l1_ratio=a * ratio / 2 / strength, tol=1e-12, max_iter=10**6
        ).fit(inputs, targets)
        w = [float(value) for value in dual.minimisers(alpha)[0].w]
        assert w[:-1] == pytest.approx(model.coef_, rel=1e-6, abs=1e-6)


def test_the_certified_best_alpha_beats_a_grid_of_ten_thousand_points(validation) -> None:
    assert validation.report.accepted, validation.report
    best = validation.minimum().value
    lower, upper = validation.problem.interval
    count = 10_000
    grid = [lower + (upper - lower) * Fraction(k, count - 1) for k in range(count)]
    assert all(best.compare_rational(_flint(validation(alpha))) <= 0 for alpha in grid)


def test_the_validation_curve_is_that_of_scikit_learn(validation) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    problem = validation.problem
    inputs, targets = arrays(problem)
    shift = np.array([[float(v) for v in row] for row in problem.inputs]).mean(axis=0)
    level = np.mean([float(v) for v in problem.targets])
    held_out = np.array([[float(v) for v in row] for row in problem.validation.inputs]) - shift
    truth = np.array([float(v) for v in problem.validation.targets])
    for alpha in (Fraction(1, 50), Fraction(1, 3), Fraction(2)):
        model = linear_model.Lasso(alpha=float(alpha) / 2, tol=1e-12, max_iter=10**6)
        model.fit(inputs, targets)
        error = np.mean((held_out @ model.coef_ + level - truth) ** 2)
        assert float(validation(alpha)) == pytest.approx(error, rel=1e-8)


def test_a_weight_in_a_corner_of_the_box_for_an_interval_of_alpha() -> None:
    """w ≤ 1 binds until the lasso pulls w below 1: at α = 2(xy − x²) with x = 1, y = 3."""
    problem = Problem(
        Linear(),
        inputs=[[1]],
        targets=[3],
        interval=(0, 10),
        box=(-1, 1),
        penalty=Penalty.of("l1"),
        reduction="sum",
    )
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    assert [b.alpha.as_rational() for b in dual.breakpoints] == [4, 6]
    assert [dual(a) for a in (0, 4, 6, 10)] == [4, 8, 9, 9]


def test_the_median_is_not_unique_and_the_held_out_examples_choose_it() -> None:
    """Absolute loss of a constant: every point between the middle targets is a median."""
    problem = Problem(
        Linear(bias=True),
        inputs=[[0], [0], [0], [0]],
        targets=[0, 1, 5, 9],
        interval=(0, 1),
        loss="absolute",
        penalty=Penalty.of("l2"),
        validation=Examples([[0]], [3]),
    )
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    assert len(dual.pieces) == 1
    assert dual(Fraction(1, 2)) == 0 == dual(0)


def test_equal_columns_leave_an_edge_of_minimisers_for_an_interval_of_alpha() -> None:
    """w1 + w2 = 1 − α/2 with w ≥ 0 up to α = 2; the best split is w2 = min(1/4, 1 − α/2)."""
    problem = Problem(
        Linear(),
        inputs=[[1, 1]],
        targets=[1],
        interval=(0, 3),
        penalty=Penalty.of("l1"),
        reduction="sum",
        validation=Examples([[1, 0], [0, 1]], [0, "1/4"]),
    )
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    assert [b.alpha.as_rational() for b in dual.breakpoints][-1] == 2
    assert dual(2) == dual(3) == Fraction(1, 16)
    assert dual(Fraction(3, 2)) == 0
    assert dual(Fraction(7, 4)) == Fraction(1, 64)


def test_a_jump_at_an_end_of_the_interval() -> None:
    """f = |w − 2| + α|w|: w = 2 below α = 1, w = 0 above, all of [0, 2] at α = 1."""
    problem = Problem(
        Linear(),
        inputs=[[1]],
        targets=[2],
        interval=(1, 2),
        loss="absolute",
        penalty=Penalty.of("l1"),
        validation=Examples([[1]], [1]),
    )
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    assert (dual(1), dual(Fraction(11, 10)), dual(2)) == (0, 1, 1)
    assert dual.document["counts"]["discontinuities"] == 1


def _flint(value: Fraction):
    from flint import fmpq

    return fmpq(value.numerator, value.denominator)
