"""l1 and elastic penalties of networks that are not convex on their cells: charts by orthant."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from certificates import is_refused
from oracle_strata import Strata

import pieceproof
from pieceproof.checking.enclosing.claimedslabs import Kind, Slab, level_of
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.ranges import around
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.reading import Node
from pieceproof.enclosed import EnclosedDual, deadunits
from pieceproof.enclosed.dual import refusal
from pieceproof.enclosed.search import Search
from pieceproof.methods.options import Options
from pieceproof.problem_document import problem_document
from piecewise import (
    FeedForward,
    Interpolated,
    Penalty,
    Problem,
    activations,
    relu,
)
from piecewise.networks import TRAINABLE

EXAMPLE = Path(__file__).parent.parent / "examples" / "sparse.toml"
SAMPLES = 9


def mixed(first: str, second: str) -> Interpolated:
    return Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])


FAMILIES: dict[str, tuple[FeedForward, int, tuple[str, str], int]] = {
    "bias": (FeedForward([1], mixed("relu", "square")), 1, ("1/20", "9/10"), 3),
    "relu2": (FeedForward([1], mixed("relu2", "identity")), 1, ("1/20", "9/10"), 3),
    "two inputs": (
        FeedForward([1], mixed("relu", "square"), bias=False), 2, ("1/20", "9/10"), 3,
    ),
    "trainable": (
        FeedForward([1], mixed("relu", "square"), output_weights=TRAINABLE),
        1, ("1/10", "9/10"), 2,
    ),
}  # fmt: skip
"""Network, inputs, A and the size of the box."""


def instance(family: str, seed: int) -> Problem:
    """Six examples; l1 and elastic take turns, and biases are penalised now and then."""
    network, features, interval, size = FAMILIES[family]
    draw = random.Random(f"{family} {seed}")
    return Problem(
        network,
        inputs=[[Fraction(draw.randint(-12, 12), 4) for _ in range(features)] for _ in range(6)],
        targets=[Fraction(draw.randint(-8, 12), 8) for _ in range(6)],
        interval=interval,
        box=(-size, size),
        penalty=Penalty.of("elastic", "1/3", biases=seed % 3 == 0)
        if seed % 2
        else Penalty.of("l1", biases=seed % 3 == 0),
    )


def analyzed(problem: Problem, seconds: float | None = None) -> EnclosedDual:
    dual = pieceproof.analyze(problem, seconds=seconds)
    assert isinstance(dual, EnclosedDual)
    return dual


def agrees(dual: EnclosedDual, problem: Problem) -> int:
    """How many values agree with the least one of all strata; none may differ."""
    strata, (lower, upper) = Strata(problem), problem.interval
    known = 0
    for k in range(SAMPLES):
        alpha = lower + (upper - lower) * Fraction(7 * k + 1, 7 * SAMPLES)
        sample = strata.sample(alpha)
        if any(Fraction(a) <= alpha <= Fraction(b) for a, b in left_open(dual)):
            continue
        value = dual(alpha)
        assert Fraction(value.lower) <= sample.upper
        assert sample.lower <= Fraction(value.upper)
        known += 1
    return known


def left_open(dual: EnclosedDual) -> list[tuple[str, str]]:
    return [tuple(each["interval"]) for each in dual.document["open"]]


QUICK = [("bias", 1), *(("relu2", seed) for seed in range(6)), ("two inputs", 2),
         ("two inputs", 3), ("trainable", 1)]  # fmt: skip
MORE = [(family, seed) for family in FAMILIES for seed in range(8) if (family, seed) not in QUICK]


@pytest.mark.parametrize(
    ("family", "seed"), [*QUICK, *(pytest.param(*each, marks=pytest.mark.slow) for each in MORE)]
)
def test_random_instances_are_proved_and_agree_with_all_strata(family: str, seed: int) -> None:
    problem = instance(family, seed)
    dual = analyzed(problem)
    assert str(dual.verdict) == "proved"
    assert agrees(dual, problem) == SAMPLES


# -- planted answers -------------------------------------------------------------------------


def alone(network: FeedForward, target: str, interval: tuple[str, str], **options: Any) -> Problem:
    """One example, of input 1."""
    return Problem(
        network, inputs=[[1]], targets=[target], interval=interval, box=(-2, 2), **options
    )


def test_a_unit_with_an_output_weight_dies_at_a_kink() -> None:
    """With w = v = s, f = (s² − y)² + 2αs meets y² where s² = 2y/3, α = 2sy/3: at 1 for y = 3/2."""
    network = FeedForward([1], relu, bias=False, output_weights=TRAINABLE)
    dual = analyzed(alone(network, "3/2", ("1/4", "2"), penalty=Penalty.of("l1")))
    assert str(dual.verdict) == "proved"
    ((kind, low, high),) = dual.breakpoints
    assert kind == "kink"
    assert low <= 1 <= high
    beyond = dual(Fraction(3, 2))
    assert beyond.lower <= 9 / 4 <= beyond.upper
    (curve,) = dual.document["slabs"][-1]["curves"]
    assert curve["dead"] == ["u1"]


BIASED = Problem(
    FeedForward([1], relu, output_weights=TRAINABLE),
    inputs=[["-3/4"], ["-3/2"], ["3/4"], ["-1/2"], ["5/4"], ["-3/2"]],
    targets=["1/2", "-1/4", "3/2", "1/2", "3/8", "1/4"], interval=("1/10", "3"), box=(-3, 3),
    penalty=Penalty.of("l1"),
)  # fmt: skip
"""From α = 2·b·ȳ = 23/8 on, b = 3 being at its wall, the unit is dead, and b arbitrary."""


def test_a_unit_that_dies_near_the_end_is_seen() -> None:
    """Of the nodes of a search only the last one has it dead; before, a kink."""
    dual = analyzed(BIASED, seconds=150)
    assert str(dual.verdict) == "proved"
    (kind, low, high), (fading, left, right) = dual.breakpoints
    assert (kind, fading) == ("kink", "smooth")
    assert low <= Fraction("0.1260221281") <= high + Fraction(1, 10**9)
    assert left <= Fraction(23, 8) <= right
    end = dual(Fraction(3))
    mean_square = sum(t * t for t in BIASED.targets) / 6
    assert Fraction(end.lower) <= mean_square <= Fraction(end.upper)


def test_events_are_found_up_to_where_minimisers_cease_to_be_isolated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dead units not being looked for, there is none at the end of A."""
    monkeypatch.setattr(deadunits.DeadUnits, "wake", lambda self, alphas=(): False)
    written = problem_document(BIASED)
    search = Search(BIASED, written, Options(), None)
    search.tracker.start()
    assert search.tracker.best(3.0) is None
    (kink,) = (each for each in search._slabs() if each.kind == "kink")
    assert kink.lower < Fraction("0.12602") < kink.upper


def test_the_values_of_a_penalty_lie_below_their_tangents() -> None:
    """f is affine in α, so that ℓ* is concave."""
    network = FeedForward([1], relu, bias=False, output_weights=TRAINABLE)
    problem = alone(network, "3/2", ("1/4", "2"), penalty=Penalty.of("l1"))
    spaces = Spaces(Node(problem_document(problem), "problem"))
    seen = 0
    for written in analyzed(problem).document["slabs"]:
        slab = read_slab(Node(written, "slab"), spaces)
        if not isinstance(slab, Slab) or slab.kind is not Kind.ONE:
            continue
        curve = settle(spaces, slab, spaces.network.interval).left
        level = level_of(curve)
        low, high = level.chord.lo[0], level.chord.hi[0]
        assert level.slope.lo[0] <= low <= high <= level.slope.hi[0]
        for part in (0, 1, 3, 4):
            at = curve.at(around([slab.lower + (slab.upper - slab.lower) * part / 4]))
            step = float((at.alpha - level.middle).middle[0])
            top = level.value.hi[0] + max(low * step, high * step)
            assert at.value.lo[0] <= top + 1e-12
            # The tangent, not what the range of v′ allows.
            bends = step**2 * abs(curve.curvature.lo[0])
            assert top - at.value.lo[0] <= 0.5 * bends + 1e-9
        seen += 1
    assert seen


def test_mirror_images_lie_in_different_orthants() -> None:
    """(w² − 1)² + α|w| is least at ±w up to α = √(32/27), then at 0."""
    network = FeedForward([1], activations.CATALOGUE["square"], bias=False)
    dual = analyzed(alone(network, "1", ("1/4", "2"), penalty=Penalty.of("l1")))
    assert str(dual.verdict) == "proved"
    ((kind, low, high),) = dual.breakpoints
    assert kind == "kink"
    assert low <= Fraction(sqrt(32 / 27)) <= high + Fraction(1, 10**12)


def test_a_weight_stays_at_zero_from_a_soft_threshold_on() -> None:
    """(αz₊² + (1 − α)z − y)² + α|z|, z = w, is least at 0 where 2y(1 − α) ≤ α."""
    network = FeedForward([1], mixed("relu2", "identity"), bias=False)
    dual = analyzed(alone(network, "1/4", ("1/8", "3/4"), penalty=Penalty.of("l1")))
    assert str(dual.verdict) == "proved"
    ((kind, low, high),) = dual.breakpoints
    assert kind == "smooth"
    assert low <= Fraction(1, 3) <= high
    value = dual(Fraction(1, 2))
    assert value.lower <= 1 / 16 <= value.upper


# -- traps -------------------------------------------------------------------------------------


def test_two_biases_attain_the_same_constant() -> None:
    """With w = 0 a ReLU mixed with a square attains the mean at biases of both signs."""
    problem = Problem(
        FeedForward([1], mixed("relu", "square")),
        inputs=[[-2], [-1], [0], [1], [2]],
        targets=["1/2", "1/4", 1, "3/4", 1],
        interval=("1/2", "9/10"),
        box=(-3, 3),
        penalty=Penalty.of("l1"),
    )
    dual = analyzed(problem)
    assert str(dual.verdict) == "proved"
    assert (dual.counts["pieces"], dual.counts["kinks"]) == (2, 0)
    assert agrees(dual, problem) == SAMPLES


def test_of_equal_biases_the_one_that_goes_on_is_followed() -> None:
    """The weight dies at α ≈ 0.168; beyond, a bias of the other sign attains the mean as well.

    A search may find that one; it is no kink, and the other bias has a basin of its own.
    """
    problem = Problem(
        FeedForward([1], mixed("relu", "square")),
        inputs=[[2], ["7/4"], ["-5/4"], [2], [2], [-3]],
        targets=["5/8", "1/8", "5/4", "5/8", "-3/8", "-1/8"],
        interval=("1/20", "1/4"),
        box=(-3, 3),
        penalty=Penalty.of("l1"),
    )
    dual = analyzed(problem)
    assert str(dual.verdict) == "proved"
    assert [kind for kind, _, _ in dual.breakpoints] == ["smooth"]
    assert agrees(dual, problem) == SAMPLES


def test_a_range_that_ends_at_zero_is_not_cut() -> None:
    network = FeedForward([1], mixed("relu2", "identity"))
    problem = Problem(
        network,
        inputs=[[1], [-2], [3]],
        targets=[1, 2, 0],
        interval=("1/10", "9/10"),
        box={"w1_x1": (-2, 0), "b1": (-2, 2)},
        penalty=Penalty.of("l1"),
    )
    dual = analyzed(problem)
    assert [chart.get("orthant") for chart in dual.document["charts"]] == [None]
    assert str(dual.verdict) == "proved"
    assert agrees(dual, problem) == SAMPLES


def test_the_penalty_may_vanish_at_an_end() -> None:
    """Multipliers of w = 0 vanish at α = 0; little of A is left open there, if anything."""
    problem = instance("relu2", 2)
    from_zero = Problem(
        problem.model,
        inputs=problem.inputs,
        targets=problem.targets,
        interval=(0, "1/2"),
        box=(-3, 3),
        penalty=problem.penalty,
    )
    dual = analyzed(from_zero, seconds=60)
    width = sum(Fraction(b) - Fraction(a) for a, b in left_open(dual))
    assert width < Fraction(1, 1000)
    assert agrees(dual, from_zero) >= SAMPLES - 1


# -- the example and its certificate -----------------------------------------------------------


@cache
def sparse() -> EnclosedDual:
    dual = pieceproof.analyze(EXAMPLE)
    assert isinstance(dual, EnclosedDual)
    return dual


def test_the_example_is_proved() -> None:
    dual = sparse()
    assert str(dual.verdict) == "proved"
    assert (dual.counts["pieces"], dual.counts["kinks"]) == (5, 2)


@cache
def small() -> EnclosedDual:
    return analyzed(instance("relu2", 0))


def other_ratio(document: dict[str, Any]) -> None:
    document["problem"]["penalty"]["ratio"] = "1/2"


def no_penalty(document: dict[str, Any]) -> None:
    del document["problem"]["penalty"]


def other_biases(document: dict[str, Any]) -> None:
    own = document["problem"]["penalty"]
    own["biases"] = not own["biases"]


def one_chart_less(document: dict[str, Any]) -> None:
    del document["charts"][-1]


def another_orthant(document: dict[str, Any]) -> None:
    own = document["charts"][0]["orthant"]
    own["w1_x1"] = "-"


def in_another_chart(document: dict[str, Any]) -> None:
    """A curve that is not in the face, stated for the orthant on its other side."""
    curve = document["slabs"][0]["curves"][0]
    curve["chart"] = 1 - curve["chart"] if curve["chart"] < 2 else 0


def off_the_face(document: dict[str, Any]) -> None:
    """Weights that rest at 0 are said to be free."""
    for slab in document["slabs"]:
        for curve in slab["curves"]:
            curve["walls"] = []


@pytest.mark.parametrize(
    "change",
    [other_ratio, no_penalty, other_biases, one_chart_less, another_orthant, in_another_chart,
     off_the_face],
)  # fmt: skip
def test_an_altered_certificate_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    document = small().document
    assert any(curve["walls"] for slab in document["slabs"] for curve in slab.get("curves", ()))
    assert is_refused(document, change)


def test_too_many_cuts_are_refused_in_one_line() -> None:
    network = FeedForward([3], mixed("relu", "square"), output_weights=TRAINABLE)
    problem = Problem(
        network,
        inputs=[[1, 2], [2, 1]],
        targets=[1, 2],
        interval=("1/10", 1),
        box=(-2, 2),
        penalty=Penalty.of("l1"),
    )
    assert refusal(problem) == "|w|₁ of 9 parameters with 0 inside their ranges; at most 8"
