"""The zero-one loss of a linear classifier, which does not depend on α: a constant dual."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from certificates import is_refused

import pieceproof
from piecewise import FeedForward, Linear, NotYetSupported, Problem, identity
from piecewise.networks import Ridge


def instance(seed: int, inputs: int, bias: bool = True, examples: int = 9) -> Problem:
    """Random points on a coarse grid, so that some are equal."""
    random = Random(seed)
    return Problem(
        Linear(bias),
        inputs=[[random.randint(-3, 3) for _ in range(inputs)] for _ in range(examples)],
        targets=[random.choice([-1, 1]) for _ in range(examples)],
        interval=(0, 1),
        box=(-1, 1),
        loss="zero-one",
        reduction="sum",
    )


def fewest(problem: Problem) -> int:
    """All thresholds between inputs, and beyond them, in both directions."""
    examples = [(x, y) for (x,), y in zip(problem.inputs, problem.targets, strict=True)]
    places = sorted({x for x, _ in examples})
    cuts = [places[0] - 1, *((a + b) / 2 for a, b in pairwise(places)), places[-1] + 1]
    return min(
        sum(sign * y * (x - cut) <= 0 for x, y in examples) for cut in cuts for sign in (1, -1)
    )


@pytest.mark.parametrize("seed", range(20))
def test_thresholds_on_a_line(seed: int) -> None:
    problem = instance(seed, 1)
    dual = pieceproof.analyze(problem)
    assert str(dual.verdict) == "proved"
    assert dual.errors == (fewest(problem),)


@pytest.mark.parametrize("seed", range(6))
def test_a_linear_model_is_a_unit_whose_activation_is_the_identity(seed: int) -> None:
    problem = instance(seed, 2, bias=seed % 2 == 0)
    unit = Problem(
        FeedForward([1], identity, bias=problem.model.bias),
        inputs=problem.inputs,
        targets=problem.targets,
        interval=(0, 1),
        box=(-2, 2),
        loss="zero-one",
        reduction="sum",
    )
    own, other = pieceproof.analyze(problem), pieceproof.analyze(unit)
    assert [piece["value"] for piece in own.document["pieces"]] == [
        piece["value"] for piece in other.document["pieces"]
    ]


def test_changed_documents_are_refused() -> None:
    document = pieceproof.analyze(instance(3, 2)).document

    def without_bias(changed: dict) -> None:
        changed["problem"]["model"]["bias"] = False

    def fewer(changed: dict) -> None:
        (piece,) = changed["pieces"]
        piece["errors"] -= 1

    def other_name(changed: dict) -> None:
        changed["problem"]["parameters"][0]["name"] = "w1_x1"

    assert document["pieces"][0]["errors"] > 0
    for change in (without_bias, fewer, other_name):
        assert is_refused(document, change)


def test_ridge_has_no_zero_one_loss() -> None:
    problem = instance(0, 1)
    with pytest.raises(NotYetSupported, match="penalty"):
        pieceproof.analyze(
            Problem(
                Ridge(True),
                inputs=problem.inputs,
                targets=problem.targets,
                interval=(0, 1),
                box=(-1, 1),
                loss="zero-one",
            )
        )
