"""Units that fade: an output weight reaches 0 under α|w|₁, the bias of its unit at its wall."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest
from certificates import is_refused
from enclosure_agreement import values_agree
from oracle_strata import Strata

import pieceproof
from pieceproof.enclosed import EnclosedDual
from pieceproof.verify import Conclusion
from piecewise import FeedForward, Penalty, Problem, relu
from piecewise.networks import TRAINABLE


def problem(inputs: list[Any], targets: list[Any], upper: Any, wall: Any = 1) -> Problem:
    """One ReLU with a trainable output weight, and a bias in [−1, wall]."""
    return Problem(
        FeedForward([1], relu, output_weights=TRAINABLE),
        inputs=[[x] for x in inputs], targets=targets, interval=("1/2", upper),
        box={"w1_x1": (-2, 2), "b1": (-1, wall), "v1": (-2, 2)}, penalty=Penalty.of("l1"),
    )  # fmt: skip


@cache
def planted() -> EnclosedDual:
    dual = pieceproof.analyze(problem([0], [1], 3))
    assert isinstance(dual, EnclosedDual)
    return dual


def test_planted_values_and_the_breakpoint() -> None:
    """(v − 1)² + αv has the minimum α − α²/4 up to α = 2, then v = 0."""
    dual = planted()
    assert str(dual.verdict) == "proved"
    assert "fade" in [slab["kind"] for slab in dual.document["slabs"]]
    assert (dual.counts["pieces"], dual.counts["kinks"]) == (2, 0)
    ((kind, lower, upper),) = dual.breakpoints
    assert kind == "smooth"
    assert lower <= 2 <= upper
    assert upper - lower < Fraction(1, 10**9)
    near = [2 + s * Fraction(1, 10**k) for k in range(1, 10) for s in (-1, 1)]
    for alpha in [*(Fraction(k, 8) for k in range(4, 25)), *near]:
        exact = alpha - alpha**2 / 4 if alpha < 2 else Fraction(1)
        found = dual(alpha)
        assert Fraction(found.lower) <= exact <= Fraction(found.upper)


def fade_of(document: dict[str, Any]) -> dict[str, Any]:
    return next(slab for slab in document["slabs"] if slab["kind"] == "fade")


def as_switch(document: dict[str, Any]) -> None:
    fade_of(document)["kind"] = "switch"


def as_kink(document: dict[str, Any]) -> None:
    fade_of(document)["kind"] = "kink"


def past_the_boundary(document: dict[str, Any]) -> None:
    """N reaches where no example is active: f does not fall towards the wall of the bias."""
    fade_of(document)["curves"][0]["radius"][1] = 1.5


def on_the_other_side(document: dict[str, Any]) -> None:
    fade_of(document)["curves"].reverse()


def without_the_wall(document: dict[str, Any]) -> None:
    fade_of(document)["curves"][0]["walls"].remove("b1:upper")


def at_another_wall(document: dict[str, Any]) -> None:
    fade_of(document)["curves"][0]["walls"][1] = "b1:lower"


def alone(document: dict[str, Any]) -> None:
    del fade_of(document)["curves"][1]


def not_so_smooth(document: dict[str, Any]) -> None:
    document["breakpoints"][0]["kind"] = "kink"


@pytest.mark.parametrize(
    "change",
    [
        as_switch, as_kink, past_the_boundary, on_the_other_side, without_the_wall, at_another_wall,
        alone, not_so_smooth,
    ],
)  # fmt: skip
def test_changed_documents_are_not_accepted(change: Callable[[dict[str, Any]], None]) -> None:
    assert is_refused(planted().document, change)


@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 3, 4, 5))]
)
def test_random_instances_agree_with_exact_solution_of_all_strata(seed: int) -> None:
    draw = Random(f"fade {seed}")
    size = 3 + seed % 3
    inputs = [Fraction(draw.randint(-8, 8), 8) for _ in range(size)]
    targets = [Fraction(draw.randint(2, 8), 8) for _ in range(size)]
    mean = sum(targets, Fraction(0)) / size
    stated = problem(inputs, targets, 2 * mean + Fraction(1, 2))
    dual = pieceproof.analyze(stated, seconds=60)
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is not Conclusion.REJECTED
    strata = Strata(stated)
    lower, upper = stated.interval
    places = [lower + (upper - lower) * Fraction(k, 6) for k in range(7)]
    near = [2 * mean + s * Fraction(1, 100) for s in (-1, 1)]
    values_agree(dual, [strata.sample(alpha) for alpha in [*places, *near]])


def test_a_unit_whose_bias_is_penalised_does_not_fade() -> None:
    stated = problem([0], [1], 3)
    penalised = Problem(
        stated.model, inputs=stated.inputs, targets=stated.targets, interval=("1/2", 3),
        box={p.name: (p.lower, p.upper) for p in stated.parameters},
        penalty=Penalty.of("l1", biases=True),
    )  # fmt: skip
    dual = pieceproof.analyze(penalised, seconds=30)
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is not Conclusion.REJECTED
    assert "fade" not in [slab["kind"] for slab in dual.document["slabs"]]

    def penalise(document: dict[str, Any]) -> None:
        document["problem"]["penalty"]["biases"] = True

    assert is_refused(planted().document, penalise)
