"""Zero-one loss of networks with two and three hidden units: brute force, traps, mutations."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction

import pytest
from oracle_zero_one_networks import brute_force
from test_zero_one_networks import PAIRS

import pieceproof
from geometry.dual import DualFunction
from pieceproof.evaluation import evaluate
from piecewise import (
    FeedForward,
    Interpolated,
    Problem,
)

F = Fraction


def general_points(dual: DualFunction) -> Iterator[Fraction]:
    """A rational in every piece that is no zero of a minor of such small numbers."""
    for piece in dual.pieces:
        lower, upper = (F(end.decimal(15)) for end in (piece.interval.lower, piece.interval.upper))
        yield lower + (upper - lower) * F(49_999, 100_003)


def agrees(problem: Problem) -> pieceproof.CertifiedDual:
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    lower, upper = problem.interval
    for alpha in [*general_points(dual), lower + (upper - lower) * F(30_011, 100_003)]:
        assert dual(alpha) == brute_force(problem, alpha), alpha
        w = list(evaluate(dual.document, alpha).minimiser.values())
        assert problem.value(alpha, w) >= dual(alpha)  # w may lie on a boundary
    return dual


def random_problem(seed: int) -> Problem:
    """Two units, one input with bias or two inputs; small boxes make jumps."""
    r = random.Random(seed)
    flat = r.random() < 0.4
    examples = r.randint(4, 7) if flat else r.randint(3, 6)
    network = FeedForward(
        [2],
        Interpolated(*r.choice(PAIRS)),
        bias=not flat,
        output_weights=r.choice(["signs", [1, -1], [1, 1], [2, -1], [1, 3]]),
        output_bias=r.choice([F(-1), F(1, 2), F(-3, 2), F(1), 0, "trainable"]),
    )
    inputs = [[F(r.randint(-8, 8), 4) for _ in range(2 if flat else 1)] for _ in range(examples)]
    if r.random() < 0.3:
        inputs[1] = inputs[0]
    if r.random() < 0.2:
        inputs[-1] = [F(0)] * len(inputs[0])
    return Problem(
        network,
        inputs=inputs,
        targets=[r.choice([-1, 1]) for _ in inputs],
        box=r.choice([(-1, 1), (F(-1, 2), F(1, 2)), (0, 1), (F(-1, 2), F(2))]),
        interval=r.choice([(0, 1), (-1, 2)]),
        loss="zero-one",
        reduction="sum",
    )


@pytest.mark.parametrize("seed", range(8))
def test_random_instances_agree_with_brute_force(seed: int) -> None:
    agrees(random_problem(seed))
