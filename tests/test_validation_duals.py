"""Validation loss: exact curves against brute force over all minimisers of the training loss."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from oracle_pointwise import least
from test_kinked_duals import FAMILIES

from pieceproof import analyze
from piecewise import Examples, Problem
from piecewise.problems import copied

SMOOTH = (
    "lasso",
    "lasso with penalised bias",
    "elastic net",
    "unit with lasso",
    "unit with elastic net",
)


def held_out(problem: Problem, random: Random) -> Problem:
    """The problem with two or three held-out examples."""
    width = len(problem.inputs[0])

    def number() -> Fraction:
        return Fraction(random.randint(-5, 5), random.choice((1, 2)))

    rows = [[number() for _ in range(width)] for _ in range(random.choice((2, 3)))]
    return copied(problem, Examples(rows, [number() for _ in rows]))


@pytest.mark.parametrize("family", SMOOTH)
def test_the_curve_is_the_loss_of_the_minimiser(family: str) -> None:
    proved = 0
    for seed in range(20):
        random = Random(seed)
        problem = held_out(FAMILIES[family](random), random)
        dual = analyze(problem)
        if not dual.report.accepted:
            assert str(dual.claim) == "unresolved", (seed, dual.report)
            continue
        proved += 1
        lower, upper = problem.interval
        alphas = {Fraction(str(piece.interval.sample())) for piece in dual.pieces[:3]}
        for alpha in alphas | {lower, upper}:
            _, minimisers = least(problem.training(), alpha)
            losses = {
                problem.validation_loss(alpha, [Fraction(str(c)) for c in point], signs)
                for point, signs in minimisers
            }
            assert dual(alpha) == min(losses), (seed, alpha)
    assert proved >= 10
