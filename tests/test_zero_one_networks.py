"""Zero-one loss of networks with one hidden layer: brute force over all sign vectors."""

from __future__ import annotations

import copy
import random
from fractions import Fraction

import pytest
from flint import fmpq
from oracle_zero_one_networks import brute_force

import pieceproof
from pieceproof.certificate import digest
from pieceproof.evaluation import evaluate
from pieceproof.verify import verify
from piecewise import (
    FeedForward,
    Interpolated,
    Problem,
    abs_,
    hard_tanh,
    identity,
    leaky_relu,
    relu,
    step,
)
from piecewise.exact import to_fraction

F = Fraction
PAIRS = [(relu, identity), (relu, abs_), (abs_, leaky_relu("1/3")), (hard_tanh, relu), (step, relu)]


def random_problem(seed: int) -> Problem:
    r = random.Random(seed)
    examples = r.randint(2, 4)
    network = FeedForward(
        [1],
        Interpolated(*r.choice(PAIRS)),
        output_weights=r.choice(["signs", [r.choice([-1, 1, 2])]]),
        output_bias=r.choice([0, F(1, 2), -1]),
    )
    inputs = [[r.randint(-2, 2)] for _ in range(examples)]
    if r.random() < 0.3:
        inputs[1] = inputs[0]
    return Problem(
        network,
        inputs=inputs,
        targets=[r.choice([-1, 1]) for _ in inputs],
        box=r.choice([(-1, 1), (-2, 3), (0, 2)]),
        loss="zero-one",
        reduction="sum",
    )


@pytest.mark.parametrize("seed", range(24))
def test_random_instances_agree_with_brute_force(seed: int) -> None:
    problem = random_problem(seed)
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    alphas = [to_fraction(piece.interval.sample()) for piece in dual.pieces]
    for alpha in [*alphas, F(311, 1009), F(853, 1009)]:
        assert dual(alpha) == brute_force(problem, alpha)


@pytest.fixture(scope="module")
def jumping() -> pieceproof.CertifiedDual:
    """leaky_relu(−α)-like: σ_α = α·abs + (1−α)·identity; the labels ask for a valley."""
    return pieceproof.analyze(valley())


def valley() -> Problem:
    """|z| separates −2, 2 from 0, and identity does not; the box limits the steepness."""
    network = FeedForward([1], Interpolated(abs_, identity), output_bias=-1)
    return Problem(
        network,
        inputs=[[-2], [0], [2]],
        targets=[1, -1, 1],
        box=(-1, 1),
        loss="zero-one",
        reduction="sum",
    )


def test_a_network_with_a_jump(jumping: pieceproof.CertifiedDual) -> None:
    assert jumping.report.accepted
    assert [piece.value(fmpq(0)) for piece in jumping.pieces] == [1, 0]
    (jump,) = jumping.breakpoints
    for alpha in (F(1, 5), F(2, 5), F(3, 4), F(9, 10)):
        assert jumping(alpha) == brute_force(jumping.problem, alpha)
        w = list(evaluate(jumping.document, alpha).minimiser.values())
        assert jumping.problem.value(alpha, w) == jumping(alpha)
    assert str(jump.kind) == "jump"


def test_mutations_are_found(jumping: pieceproof.CertifiedDual) -> None:
    document = jumping.document
    assert verify(document).accepted
    for path, value in [
        (("pieces", 1, "errors"), 1),
        (
            ("pieces", 0, "parts", 0, "region"),
            0 if document["pieces"][0]["parts"][0]["region"] else 1,
        ),
        (("problem", "model", "output_bias"), "-2"),
        (("problem", "data", "targets", 0), "-1"),
        (("regions",), document["regions"][1:]),
        (("cells", "arrangements", 0, "cells"), document["cells"]["arrangements"][0]["cells"][1:]),
    ]:
        changed = copy.deepcopy(document)
        place = changed
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        changed["digest"] = digest({k: v for k, v in changed.items() if k != "digest"})
        assert not verify(changed).accepted, path
