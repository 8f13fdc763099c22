"""z3 as a second route for zero-one losses, against what is known and against other routes."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from oracle_classes import least_errors
from oracle_zero_one_networks import brute_force

from piecewise import (
    FeedForward,
    Interpolated,
    Problem,
    abs_,
    hard_tanh,
    identity,
    leaky_relu,
    relu,
    relu2,
    square,
    step,
)

F = Fraction
PIECEWISE_LINEAR = [
    Interpolated(relu, identity),
    Interpolated(abs_, leaky_relu("1/3")),
    Interpolated(hard_tanh, relu),
    Interpolated(step, relu),
]


def classes(network: FeedForward, inputs: list[object], targets: list[int], box: object) -> Problem:
    return Problem(
        network, inputs=inputs, targets=targets, box=box, loss="zero-one", reduction="sum"
    )


@pytest.mark.parametrize("seed", range(20))
def test_piecewise_linear_networks_agree_with_linear_programs(seed: int) -> None:
    r = random.Random(seed)
    units = 2 if seed % 5 == 0 else 1
    network = FeedForward(
        [units],
        r.choice(PIECEWISE_LINEAR[: 2 if units == 2 else 4]),
        bias=units == 1,
        output_weights=r.choice(["signs", [1, -1][:units]]),
        output_bias=r.choice([0, F(1, 2), -1, "trainable"]),
    )
    inputs = [[r.randint(-3, 3)] for _ in range(r.randint(2, 4))]
    targets = [r.choice((-1, 1)) for _ in inputs]
    problem = classes(network, inputs, targets, r.choice([(-1, 1), (-2, 3), (0, 2)]))
    alpha = F(r.randint(1, 996), 997)
    assert least_errors(problem, alpha) == brute_force(problem, alpha)


@pytest.mark.parametrize(
    ("alpha", "errors"),
    [(F(1, 7), 1), (F(9, 40), 1), (F(11, 40), 0), (F(6, 7), 0)],
)
def test_a_jump_in_closed_form(alpha: Fraction, errors: int) -> None:
    """σ_α(z) = α z² + (1−α)·relu(z) must exceed 1/4 at w and at −w, for some |w| ≤ 1.

    The smaller value is α w²: so it can if and only if α > 1/4.
    """
    network = FeedForward([1], Interpolated(square, relu), bias=False, output_bias=F(-1, 4))
    problem = classes(network, [[1], [-1]], [1, 1], (-1, 1))
    assert least_errors(problem, alpha) == errors


@pytest.mark.parametrize("depth", [1, 2])
def test_rising_activations_separate_what_lines_separate(depth: int) -> None:
    """relu2 behind identity rises strictly for 0 < α < 1: an alternation costs one error each."""
    network = FeedForward([1] * depth, Interpolated(relu2, identity), output_bias="trainable")
    problem = classes(
        network, [[0], [1], [2], [3]][: 5 - depth], [1, -1, 1, -1][: 5 - depth], (-2, 2)
    )
    assert least_errors(problem, F(1, 3)) == 1


def test_opposite_labels_of_equal_examples() -> None:
    network = FeedForward([1], Interpolated(relu, square), output_bias=-1)
    problem = classes(network, [[1], [1], [2], [2], [2]], [1, -1, 1, 1, -1], (-9, 9))
    assert least_errors(problem, F(2, 3)) == 2


def test_time_that_runs_out_is_no_answer() -> None:
    network = FeedForward([2], Interpolated(relu, square), output_weights=[1, -1])
    problem = classes(network, [[t] for t in range(6)], [1, -1] * 3, (-1, 1))
    assert least_errors(problem, F(1, 2), seconds=0) is None
