"""Penalties of strength α and the absolute loss: exact duals against brute force."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from oracle_faces import to_flint
from oracle_pointwise import least

from pieceproof import analyze
from piecewise import (
    FeedForward,
    Interpolated,
    Linear,
    Penalty,
    Problem,
    abs_,
    hard_tanh,
    identity,
    leaky_relu,
    relu,
    step,
)

INSTANCES = 20
RELU = Interpolated(relu, relu)


def _number(random: Random) -> Fraction:
    return Fraction(random.randint(-6, 6), random.choice((1, 1, 1, 2, 3)))


def _problem(random: Random, model, width, examples, **options) -> Problem:
    """Random data, now and then with a repeated example or a repeated feature."""
    rows = [[_number(random) for _ in range(width)] for _ in range(examples)]
    targets = [_number(random) for _ in rows]
    if random.random() < 0.3:
        rows[-1] = rows[0]
    if random.random() < 0.2:
        targets[-1] = targets[0]
    if width > 1 and random.random() < 0.3:
        rows = [[*row[:-1], row[0]] for row in rows]
    options.setdefault("box", random.choice(((-30, 30), (-1, 2), (0, 1), (-30, 30))))
    options.setdefault("reduction", random.choice(("mean", "sum")))
    return Problem(model, inputs=rows, targets=targets, **options)


def _linear(penalty, loss, width=2, bias=True):
    def build(random: Random) -> Problem:
        upper = random.choice((1, 5, 40))
        return _problem(
            random, Linear(bias), width, 5, loss=loss, penalty=penalty, interval=(0, upper)
        )

    return build


def _network(activations, penalty, loss, units=1, bias=True, **options):
    def build(random: Random) -> Problem:
        model = FeedForward(
            [units],
            random.choice(activations),
            bias=bias,
            output_weights=random.choice(([1] * units, [2, -1][:units], "signs")),
            output_bias=random.choice((0, 1)),
        )
        interval = (0, random.choice((1, 6))) if penalty else (0, 1)
        return _problem(
            random, model, 1, 3, loss=loss, penalty=penalty, interval=interval, **options
        )

    return build


MIXED = [Interpolated(relu, identity), Interpolated(abs_, leaky_relu("1/3"))]
FAMILIES = {
    "lasso": _linear(Penalty.of("l1"), "squared"),
    "lasso with penalised bias": _linear(Penalty.of("l1", biases=True), "squared"),
    "elastic net": _linear(Penalty.of("elastic", "1/3"), "squared"),
    "ridge without bias": _linear(Penalty.of("l2"), "squared"),
    "absolute loss": _linear(None, "absolute"),
    "absolute loss with ridge": _linear(Penalty.of("l2"), "absolute", 1),
    "absolute loss with lasso": _linear(Penalty.of("l1"), "absolute", bias=False),
    "absolute loss with elastic net": _linear(Penalty.of("elastic", "1/2"), "absolute", 1),
    "unit with lasso": _network([RELU], Penalty.of("l1"), "squared"),
    "unit with ridge": _network([RELU], Penalty.of("l2"), "squared"),
    "unit with elastic net": _network(MIXED, Penalty.of("elastic", "3/4"), "squared"),
    "unit with absolute loss": _network(MIXED, None, "absolute"),
    "hard tanh or step with absolute loss": _network(
        [Interpolated(hard_tanh, identity), Interpolated(step, relu)], None, "absolute"
    ),
    "unit with absolute loss and lasso": _network(MIXED, Penalty.of("l1"), "absolute"),
    "two units with absolute loss": _network(MIXED, None, "absolute", units=2, bias=False),
    "two units with lasso": _network(
        [RELU], Penalty.of("l1"), "squared", units=2, bias=False, weight_decay=0
    ),
}


EXPENSIVE = {
    "two units with absolute loss",
    "unit with absolute loss and lasso",
    "hard tanh or step with absolute loss",
}
"""Brute force takes a second for each α here, so one is compared for every instance."""


@pytest.mark.parametrize("family", FAMILIES)
def test_duals_agree_with_brute_force(family: str) -> None:
    for seed in range(INSTANCES):
        problem = FAMILIES[family](Random(seed))
        dual = analyze(problem)
        assert dual.report.accepted, (seed, dual.report)
        lower, upper = problem.interval
        alphas = {Fraction(str(dual.pieces[-1].interval.sample()))}
        if family not in EXPENSIVE:
            alphas |= {lower, upper, (2 * lower + upper) / 3}
            alphas |= {Fraction(str(piece.interval.sample())) for piece in dual.pieces[:4]}
            alphas |= {b.alpha.as_rational() or lower for b in dual.breakpoints[:2]}
        for alpha in sorted(alphas):
            value, _ = least(problem, alpha)
            assert to_flint(dual(alpha)) == value, (seed, alpha)
            for minimiser in dual.minimisers(alpha):
                if step not in getattr(problem.model, "activation", RELU).__dict__.values():
                    assert problem.value(alpha, minimiser.w) == dual(alpha)
