"""Two units with biases: mirror images, kinks, sets of minimisers and singular Hessians."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize

import pieceproof
from geometry.proposals.charts import charts
from geometry.proposals.events import Change
from geometry.proposals.images import images, is_image
from geometry.proposals.locating import zero
from geometry.proposals.minimisers import Solver, same
from geometry.proposals.tracking import Tracker
from pieceproof.enclosed import EnclosedDual
from piecewise import FeedForward, Interpolated, Problem, activations

Array = npt.NDArray[np.float64]


def problem(
    x: Sequence[float],
    y: Sequence[float],
    interval: tuple[str, str] = ("1/10", "9/10"),
    pair: tuple[str, str] = ("relu", "square"),
    box: int = 5,
    decay: str = "0",
) -> Problem:
    """Two equal units with biases."""
    first, second = (activations.CATALOGUE[name] for name in pair)
    return Problem(
        FeedForward([2], Interpolated(first, second), output_weights=[1, 1]),
        inputs=[[Fraction(v)] for v in x],
        targets=[Fraction(v) for v in y],
        interval=interval,
        box=(-box, box),
        weight_decay=decay,
    )


def tracker(problem: Problem) -> Tracker:
    ends = float(problem.interval[0]), float(problem.interval[1])
    found = Tracker(charts(problem), ends)
    found.start()
    return found


def loss(problem: Problem, alpha: float, w: Array) -> float:
    """f, straight from its definition."""
    x = np.array([float(row[0]) for row in problem.inputs])
    y = np.array([float(v) for v in problem.targets])
    z = np.outer(w[0::2], x) + w[1::2, None]
    residuals = np.sum(alpha * np.maximum(z, 0) + (1 - alpha) * z**2, 0) - y
    return float(np.mean(residuals**2) + float(problem.weight_decay) * np.sum(w**2))


X = (0.5, 1.25, -1.75, -0.25, 0.75, 2.0)
Y = (1.0, 2.5, 0.5, 3.0, -0.5, 1.75)


@pytest.mark.parametrize(("pair", "count"), [(("relu", "square"), 2), (("abs", "square"), 8)])
def test_images_have_equal_loss(pair: tuple[str, str], count: int) -> None:
    """Exchanges of two units; with an even activation each may be negated too."""
    own = problem(X, Y, pair=pair)
    chart, w = charts(own)[0], np.array([0.3, -0.7, 1.1, 0.2])
    found = list(images(chart, w))
    assert len({tuple(image) for image in found}) == count
    values = chart.objective.values(0.3, np.array(found))
    assert np.allclose(values, values[0], rtol=1e-14)
    assert all(is_image(chart, image, w) for image in found)
    assert not is_image(chart, w + np.array([0.0, 1e-3, 0.0, 0.0]), w)
    assert np.array_equal(found[0], w)


def test_an_image_of_a_minimiser_is_one() -> None:
    own = problem(X, Y)
    chart = charts(own)[0]
    solver = Solver(chart, 0)
    found = solver.minimisers(0.4, solver.starts(0.4, 10))
    assert found
    for point in found:
        image = point.w[[2, 3, 0, 1]]
        there = solver.touching(0.4, image, len(point.face.groups) + len(point.face.walls))
        assert there is not None
        assert np.allclose(there.w, image, atol=1e-9)
        assert there.value == pytest.approx(point.value, rel=1e-12)


EXCHANGED = problem(
    (-0.5, -2.0, 2.0, -1.75, -0.75, -0.25, -2.0, -1.75),
    (3.25, -1.0, 3.5, 0.75, -0.25, -1.25, 0.5, 1.5),
    ("3/10", "2/5"),
)
"""The first weights of the two units become equal, and change their order, near 0.3366."""


def test_units_that_change_their_order_are_no_event() -> None:
    found = tracker(EXCHANGED)
    assert found.events(0.3, 0.4) == []
    first, last = (found.nodes[a] for a in (0.3, 0.4))
    assert (first.w[0] < first.w[2]) != (last.w[0] < last.w[2])
    arrived = found.follow(first, 0.4, 16)
    assert arrived is not None
    assert same(arrived, last)
    assert last.face.identity == first.face.identity


CONCAVE = problem(
    (-1.25, 2.0, -0.25, 0.0, 0.0, 0.25, -1.5, 1.5),
    (0.25, 1.5, 3.25, 1.0, 1.0, 4.0, -1.25, 0.0),
    ("2/5", "3/5"),
)


def test_a_curve_of_minimisers_gives_none_that_is_isolated() -> None:
    """Where z ≥ 0 throughout, the output is (1 − α) Σ_k (z_k + γ)² − 2(1 − α)γ², γ = α/(2(1 − α)).

    It depends on (w_k, b_k + γ) up to a rotation of the two units into each other.
    """
    found = tracker(CONCAVE)
    assert found.nodes == {}
    alpha = 0.5
    gamma = alpha / (2 * (1 - alpha))
    solver = found.own[0]
    lowest = solver.search(alpha, solver.starts(alpha, 14))[1]
    # The best pair of equal units, by a minimiser of one unit with twice the output.
    points = [solver.descend(alpha, np.array([w, b, w, b])) for w, b in ((0.1, 0.9), (0.2, 0.5))]
    w = min(points, key=lambda w: loss(CONCAVE, alpha, w))
    assert loss(CONCAVE, alpha, w) == pytest.approx(lowest, rel=1e-8)
    u = w.reshape(2, 2) + np.array([0, gamma])
    inside = 0
    for angle in np.linspace(-0.6, 0.6, 25):
        c, s = np.cos(angle), np.sin(angle)
        turned = (np.array([[c, -s], [s, c]]) @ u - np.array([0, gamma])).ravel()
        z = np.outer(turned[0::2], (-1.5, 2.0)) + turned[1::2, None]
        if np.all(z >= 0):
            inside += 1
            assert loss(CONCAVE, alpha, turned) == pytest.approx(lowest, rel=1e-8)
    assert inside > 5


PITCHFORK = problem(
    (-0.75, -1.25, 1.5, 0.5, -0.25, -0.5, 1.75, 1.75),
    (-0.75, 1.75, 0.25, 1.5, 0.0, -0.5, 0.0, 3.5),
    ("4/5", "41/50"),
)


def test_a_pitchfork_of_two_parameters_is_a_singular_event() -> None:
    """Equal units, each with a weight and a bias, become different: not a fold that is known."""
    found = tracker(PITCHFORK)
    events = found.events(0.8, 0.82)
    assert [event.change for event in events] == [Change.SINGULAR]
    apart, equal = events[0].before.w, events[0].behind.w
    assert np.allclose(equal[:2], equal[2:], atol=1e-9)
    assert np.max(np.abs(apart[:2] - apart[2:])) > 1e-5
    # Where f, restricted to t = (w_1 − w_2)/2, has its least curvature 0 at the mirror.
    solver = found.own[0]
    across = np.array([[1, 0, -1, 0], [0, 1, 0, -1]]) / np.sqrt(2)
    signs = []
    for alpha in (events[0].alpha - 1e-5, events[0].alpha + 1e-5):
        there = found.at(events[0].behind, alpha)
        assert there is not None
        h = solver.objective.local(alpha, there.w, there.face.pattern).hessian[1:, 1:]
        signs.append(np.linalg.eigvalsh(across @ h @ across.T)[0])
    assert signs[0] < 0 < signs[1]


KINKED = problem(
    (0.75, 1.75, 1.75, 0.25, 1.25, -0.25, 1.5, -2.0),
    (1.25, 3.25, 3.5, 0.0, -0.25, 3.0, -0.25, -2.0),
    ("1/2", "14/25"),
)


def test_a_kink_is_where_values_change_their_order() -> None:
    found = tracker(KINKED)
    (event,) = found.events(0.5, 0.56)
    assert event.change is Change.KINK
    left, right = found.nodes[0.5], found.nodes[0.56]
    for shift in (-1e-7, 1e-7):
        both = [found.follow(p, event.alpha + shift, 16) for p in (left, right)]
        assert both[0] is not None
        assert both[1] is not None
        assert (both[0].value < both[1].value) == (shift < 0)
        assert loss(KINKED, event.alpha + shift, both[0].w) == pytest.approx(both[0].value)


@pytest.mark.parametrize("root", [0.1, 0.5, 0.999])
def test_zeros(root: float) -> None:
    seen: list[float] = []

    def function(x: float) -> float:
        seen.append(x)
        return float((x - root) * (1 + 20 * (x - root) ** 2))

    found = zero(function, 0.0, 1.0, 1e-12)
    assert found is not None
    assert abs(found - root) <= 1e-12
    assert len(seen) < 40
    assert zero(function, 0.0, root / 2, 1e-12) is None
    assert zero(lambda x: None if 0.2 < x < 0.8 else x - 0.5, 0.0, 1.0, 1e-12) is None


DECAYING = problem((-1.0, 0.75, -0.75), (2.25, 3.5, 3.25), ("2/5", "3/5"), box=2, decay="1")


def test_four_parameters_are_proved() -> None:
    """The whole way with weight decay, against descents of another method from many starts."""
    dual = pieceproof.analyze(DECAYING)
    assert isinstance(dual, EnclosedDual)
    assert str(dual.verdict) == "proved"
    assert not dual.breakpoints
    starts = np.random.default_rng(5).uniform(-2, 2, (12, 4))
    for alpha in (Fraction(2, 5), Fraction(49, 100), Fraction(3, 5)):
        a, found = float(alpha), dual(alpha)
        least = min(
            minimize(
                lambda w, a=a: loss(DECAYING, a, w), start, method="Nelder-Mead",
                bounds=[(-2, 2)] * 4, options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000},
            ).fun
            for start in starts
        )  # fmt: skip
        assert found.lower <= least <= found.upper + 1e-9
        point = np.array(list(found.minimiser.values()))
        assert loss(DECAYING, a, point) == pytest.approx(found.upper, abs=1e-9)
