"""Rising chains: the zero-one loss of a linear classifier, against z3 and against closed forms."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from certificates import at, is_refused, numbers
from flint import fmpq

import pieceproof
from geometry import chain_parameters
from geometry.rising_chains import direction
from pieceproof.evaluation import evaluate
from pieceproof.verify import verify
from piecewise import (
    FeedForward,
    Interpolated,
    NotYetSupported,
    Problem,
    abs_,
    custom,
    hard_tanh,
    identity,
    leaky_relu,
    relu,
    relu2,
    square,
    step,
)

F = Fraction
falling = custom([], [[0, -1]], name="falling")
shifted = custom([1], [["1/2", 1], ["-1/2", 2]], name="shifted")
cubic = custom([], [[0, 0, 0, 1]], name="cubic")
RISING = [
    Interpolated(relu, identity),
    Interpolated(relu2, identity),
    Interpolated(identity, relu2),
    Interpolated(leaky_relu("1/3"), relu),
    Interpolated(hard_tanh, identity),
    Interpolated(shifted, identity),
    Interpolated(falling, custom([0], [[0, -1], [0, -2]])),
    Interpolated(cubic, relu),
]


def chain(
    activation: Interpolated,
    inputs: list[list[int]],
    targets: list[int],
    hidden: tuple[int, ...] = (1, 1),
    box: object = (-3, 3),
    interval: tuple[object, object] = (0, 1),
    **network: Any,
) -> Problem:
    return Problem(
        FeedForward(hidden, activation, **network),
        inputs=inputs,
        targets=targets,
        interval=interval,
        box=box,
        loss="zero-one",
        reduction="sum",
    )


def random_chain(seed: int) -> Problem:
    """A covered instance."""
    r = random.Random(seed)
    while True:
        depth, width = r.choice([(1, 1), (1, 2), (2, 1), (2, 1), (2, 2), (3, 1)])
        inputs = [[r.randint(-3, 3) for _ in range(width)] for _ in range(r.randint(2, 6 - depth))]
        if r.random() < 0.3:
            inputs[1] = inputs[0]
        problem = chain(
            r.choice(RISING),
            inputs,
            [r.choice((-1, 1)) for _ in inputs],
            (1,) * depth,
            r.choice([(-1, 1), (-2, 3), (-5, 5), (F(-1, 4), 2)]),
            bias=r.random() < 0.7,
            output_weights=r.choice([[1], [-2], "signs", "trainable"]),
            output_bias=r.choice([0, 0, F(1, 4), -1, "trainable"]),
        )
        if chain_parameters.refusal(problem) is None:
            return problem


@pytest.mark.parametrize("seed", range(32))
def test_random_instances_agree_with_z3(seed: int) -> None:
    oracle = pytest.importorskip("oracle_classes")
    problem = random_chain(seed)
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    for alpha in (F(1, 997), F(311, 1009), F(996, 997)):
        known = oracle.least_errors(problem, alpha, 60)
        assert known is not None
        assert dual(alpha) == known
        if problem.model.output_weights != "signs":
            w = list(evaluate(dual.document, alpha).minimiser.values())
            assert problem.value(alpha, w) == known


@pytest.mark.parametrize(
    ("network", "parts"),
    [
        ({}, 1),
        ({"output_bias": "trainable"}, 1),
        ({"output_bias": "trainable", "bias": False}, 1),
        ({"output_bias": -2, "hidden": (1,)}, 2),
    ],
)
def test_an_alternation_costs_what_lines_pay(network: dict[str, Any], parts: int) -> None:
    """+ − + − − on a line: a threshold leaves one wrong."""
    problem = chain(
        Interpolated(relu2, identity), [[0], [1], [2], [3], [5]], [1, -1, 1, -1, -1], **network
    )
    dual = pieceproof.analyze(problem)
    assert dual.document["method"] == "rising-chains"
    assert dual.report.accepted
    (piece,) = dual.pieces
    assert piece.value(fmpq(0)) == 1
    assert len(dual.document["pieces"][0]["parts"]) == parts


def test_the_hidden_bias_follows_the_threshold() -> None:
    """σ_α(z) = 2 has the root 2/(1 + α) on the right of 0: from 2 to 1, and the box is narrow."""
    activation = Interpolated(custom([0], [[0, 1], [0, 2]]), identity)
    problem = chain(
        activation,
        [[0], [1], [2], [3]],
        [1, -1, -1, -1],
        (1,),
        {"w1_x1": (F(-1, 10), F(1, 10)), "b1": (0, 3)},
        output_bias=-2,
    )
    dual = pieceproof.methods.rising_chains.run(problem, pieceproof.methods.Options())[0]
    chains = chain_parameters.parts(problem, [fmpq(-2), fmpq(1)], [True] * 4)
    assert len(chains) > 10
    assert not dual.reasons
    assert [piece.value(fmpq(0)) for piece in dual.pieces] == [0]
    assert [c.interval.upper for c in chains[:-1]] == [c.interval.lower for c in chains[1:]]


def test_at_the_end_where_the_activation_is_flat_the_limit_counts() -> None:
    """At α = 1 relu alone gives no negative score, so that with c = 0 both labels −1 are wrong."""
    problem = chain(Interpolated(relu, identity), [[0], [1]], [-1, -1], output_weights=[1])
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted
    assert dual(1) == dual(F(1, 2)) == 0
    assert problem.value(1, [0, -1, 1, 0]) == 2
    assert not dual.breakpoints


def test_without_a_threshold_an_example_at_zero_is_wrong() -> None:
    problem = chain(Interpolated(relu2, identity), [[0], [1], [-2]], [1, 1, 1], bias=False)
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted
    assert dual(F(1, 3)) == 2


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("weight", [-1, 1])
@pytest.mark.parametrize("label", [-1, 1])
def test_falling_activations_turn_the_classifier(depth: int, weight: int, label: int) -> None:
    activation = Interpolated(falling, custom([0], [[0, -3], [0, -1, -1]]))
    problem = chain(
        activation,
        [[0], [1], [2]],
        [label, label, -label],
        (1,) * depth,
        output_weights=[weight],
    )
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted
    assert dual(F(1, 3)) == 0


@pytest.mark.parametrize(
    ("activation", "interval", "expected"),
    [
        (Interpolated(relu, identity), (0, 1), 1),
        (Interpolated(relu, identity), (0, F(3, 2)), 0),
        (Interpolated(relu, identity), (-1, 1), 1),
        (Interpolated(abs_, identity), (0, F(1, 2)), 1),
        (Interpolated(abs_, identity), (0, F(51, 100)), 0),
        (Interpolated(hard_tanh, relu), (0, 1), 0),
        (Interpolated(step, identity), (0, 1), 0),
        (Interpolated(square, identity), (0, 1), 0),
        (Interpolated(identity, falling), (0, F(1, 4)), -1),
        (Interpolated(identity, falling), (0, F(1, 2)), -1),
        (Interpolated(identity, falling), (0, 1), 0),
        (Interpolated(relu2, relu), (0, 1), 0),
        (Interpolated(cubic, cubic), (0, 1), 1),
        (Interpolated(cubic, custom([], [[0, 0, 1]])), (F(1, 2), 1), 0),
    ],
)
def test_directions(
    activation: Interpolated, interval: tuple[Fraction, Fraction], expected: int
) -> None:
    ends = [fmpq(F(end).numerator, F(end).denominator) for end in interval]
    assert direction(activation, *ends) == expected


NARROW = {"w1_x1": (F(-1, 10), F(1, 10)), "b1": (-1, 1), "w2.1_1": (-1, 1), "b2.1": (-1, 1)}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"box": NARROW, "output_bias": -5}, "too narrow"),
        ({"box": {"w1_x1": (0, 1)}}, "hold 0 inside"),
        ({"bias": False, "output_bias": 1}, "threshold"),
        ({"output_weights": [0]}, "output weight is 0"),
        ({"hidden": (1, 2)}, "one unit"),
        ({"interval": (0, 2)}, "not strictly monotone"),
    ],
)
def test_what_is_no_rising_chain_is_refused(options: dict[str, Any], reason: str) -> None:
    problem = chain(Interpolated(relu, identity), [[1], [2]], [1, -1], **options)
    refusal = chain_parameters.refusal(problem)
    assert refusal is not None
    assert reason in refusal


def test_a_box_that_is_too_narrow_has_more_errors_than_lines() -> None:
    """|z| ≤ 1/2 does not reach the threshold 1: both are said to be negative."""
    problem = chain(
        Interpolated(relu2, identity),
        [[-1], [1]],
        [-1, 1],
        (1,),
        (F(-1, 4), F(1, 4)),
        output_bias=-1,
    )
    assert chain_parameters.refusal(problem) is not None
    oracle = pytest.importorskip("oracle_classes")
    assert oracle.least_errors(problem, F(1, 2)) == 1


def swapped(document: dict[str, Any]) -> None:
    inputs = document["problem"]["data"]["inputs"]
    inputs[0], inputs[1] = inputs[1], inputs[0]


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda d: d["pieces"][0].update(errors=0),
    lambda d: d["pieces"][0].update(errors=2),
    lambda d: d["problem"]["data"]["targets"].__setitem__(1, "1"),
    lambda d: d["problem"]["model"].update(output_bias="-2"),
    lambda d: d["problem"]["model"].update(bias=False),
    lambda d: d["problem"]["model"].update(hidden=[1]),
    lambda d: d["problem"].update(interval=["0", "3/2"]),
    lambda d: d["problem"]["parameters"][0].update(lower="-1/1000"),
    lambda d: d["problem"]["model"]["activation"]["first"].update(pieces=[["0", "-1"], ["0", "1"]]),
    lambda d: d["problem"]["model"]["activation"]["first"].update(pieces=[["1"], ["0", "1"]]),
    lambda d: d["linear"].update(proofs=[]),
    lambda d: d["linear"]["proofs"][0].update(steps=[]),
    lambda d: d["linear"]["proofs"][0]["steps"][0]["circuits"].pop(),
    lambda d: d["linear"].update(regions=[]),
    lambda d: d["pieces"][0].update(parts=[]),
    lambda d: d["pieces"][0]["parts"][0].update(interval=["0", "1/2"]),
    swapped,
]


@pytest.fixture(scope="module")
def proved() -> dict[str, Any]:
    problem = chain(
        Interpolated(relu, identity), [[0], [1], [2], [3]], [1, -1, 1, -1], output_weights=[2]
    )
    document = pieceproof.analyze(problem).document
    assert verify(document).accepted
    return document


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_changed_documents_are_refused(proved: dict[str, Any], number: int) -> None:
    assert is_refused(proved, CHANGES[number])


def test_every_number_of_the_claims_counts(proved: dict[str, Any]) -> None:
    """One more than stated is another claim, or no longer attained or well formed."""
    claims = ("pieces", "counts", "minimum", "ends", "extrema")
    paths = [path for path in numbers(proved) if path[0] in claims and "witness" not in path]
    assert len(paths) > 20

    def raised(path: tuple[str | int, ...]) -> Callable[[dict[str, Any]], None]:
        def change(document: dict[str, Any]) -> None:
            holder = at(document, path[:-1])
            value = holder[path[-1]]
            holder[path[-1]] = value + 1 if isinstance(value, int) else str(F(value) + 1)

        return change

    kept = [path for path in paths if not is_refused(proved, raised(path))]
    assert all("minimiser" in path for path in kept)  # other parameters may do as well


def test_many_inputs_are_no_obstacle() -> None:
    """Twenty features and three layers: twenty-five parameters."""
    r = random.Random(5)
    inputs = [[r.randint(-9, 9) for _ in range(20)] for _ in range(12)]
    targets = [r.choice((-1, 1)) for _ in inputs]
    problem = chain(Interpolated(relu, identity), inputs, targets, (1, 1, 1), (-100, 100))
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted
    assert dual(F(1, 2)) == 0


def test_other_networks_are_told_why() -> None:
    problem = chain(Interpolated(relu2, identity), [[1], [2]], [1, -1], bias=False, output_bias=1)
    with pytest.raises(NotYetSupported, match="threshold"):
        pieceproof.analysis.analyze_exactly(problem)
