"""Zero-one loss of networks with two and three hidden units: brute force, traps, mutations."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from oracle_zero_one_networks import brute_force
from test_zero_one_networks import PAIRS

import pieceproof
from geometry.dual import DualFunction
from geometry.margin_dual import Searches, Task, margin_dual
from geometry.margins import Outcome
from geometry.verdicts import Verdict
from pieceproof.certificate import digest
from pieceproof.evaluation import evaluate
from pieceproof.specfile import load_problem
from pieceproof.verify import CertificateError, verify
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
from piecewise.errors import NotYetSupported
from piecewise.exact import Number

F = Fraction


def general_points(dual: DualFunction) -> Iterator[Fraction]:
    """A rational in every piece that is no zero of a minor of such small numbers."""
    for piece in dual.pieces:
        lower, upper = (F(end.decimal(15)) for end in (piece.interval.lower, piece.interval.upper))
        yield lower + (upper - lower) * F(49_999, 100_003)


def agreeing(problem: Problem) -> pieceproof.CertifiedDual:
    """The dual, after comparison with brute force in all pieces and at one α more."""
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    lower, upper = problem.interval
    for alpha in [*general_points(dual), lower + (upper - lower) * F(30_011, 100_003)]:
        assert dual(alpha) == brute_force(problem, alpha), alpha
        w = list(evaluate(dual.document, alpha).minimiser.values())
        assert all(
            p.lower <= value <= p.upper for p, value in zip(problem.parameters, w, strict=True)
        )
        assert problem.value(alpha, w) == dual(alpha)
    return dual


def zero_one(
    network: FeedForward,
    inputs: Sequence[Sequence[Number]],
    targets: Sequence[int],
    box: Any,
    interval: tuple[Number, Number] = (0, 1),
) -> Problem:
    return Problem(
        network,
        inputs=inputs,
        targets=targets,
        box=box,
        interval=interval,
        loss="zero-one",
        reduction="sum",
    )


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
    return zero_one(
        network,
        inputs,
        [r.choice([-1, 1]) for _ in inputs],
        r.choice([(-1, 1), (F(-1, 2), F(1, 2)), (0, 1), (F(-1, 2), F(2))]),
        r.choice([(0, 1), (-1, 2)]),
    )


QUICK = (0, 2, 3, 13, 14, 15, 18, 19, 24, 26, 29, 31, 32, 33, 34, 37, 39, 41, 42, 44, 53, 57)
"""A second each at most; five of them have jumps."""


@pytest.mark.parametrize("seed", QUICK)
def test_random_instances_agree_with_brute_force(seed: int) -> None:
    agreeing(random_problem(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [seed for seed in range(60) if seed not in QUICK])
def test_more_random_instances_agree_with_brute_force(seed: int) -> None:
    agreeing(random_problem(seed))


def three_units(seed: int) -> Problem:
    """One input without bias in a small box: several jumps, rational and not."""
    r = random.Random(seed)
    network = FeedForward(
        [3],
        Interpolated(*r.choice([*PAIRS[:3], (abs_, identity)])),
        bias=False,
        output_weights=r.choice(["signs", [1, -1, 2], [1, 1, 1], [1, -1, -1]]),
        output_bias=r.choice([-1, F(1, 2), -2]),
    )
    examples = r.randint(4, 7)
    return zero_one(
        network,
        [[F(r.randint(-8, 8), 4)] for _ in range(examples)],
        [r.choice([-1, 1]) for _ in range(examples)],
        r.choice([(-1, 1), (F(-1, 2), 1), (F(-1, 3), F(1, 2))]),
        r.choice([(0, 1), (-1, 2)]),
    )


@pytest.mark.parametrize(
    ("seed", "errors"),
    [
        (103, [1]),
        (109, [1, 2, 3, 2, 1]),
        (110, [1, 2, 1, 2]),
        (113, [4, 3, 2]),
        (118, [2, 1]),
        (119, [3, 4, 3]),
        (120, [4, 3]),
        (125, [0, 1]),
        (126, [2, 3]),
        (127, [2, 1]),
    ],
)
def test_three_units_agree_with_brute_force(seed: int, errors: list[int]) -> None:
    dual = agreeing(three_units(seed))
    assert [piece.value(0) for piece in dual.pieces] == errors


# -- planted ---------------------------------------------------------------------------


def valley(units: int, interval: tuple[Number, Number] = (0, 1)) -> Problem:
    """−2 and 2 against 0 without bias: Σ_k σ(w_k x) − 1 with σ = α·abs + (1−α)·identity.

    Both outer scores are positive for some w iff 4α > 1. With p and q the sums of the positive
    and of the negative w, the score at ∓2 is 2p + (4α−2)q − 1 and 2q + (4α−2)p − 1; for α < 1/2 the
    smaller one is largest at p = q = 1.
    """
    network = FeedForward([units], Interpolated(abs_, identity), bias=False, output_bias=-1)
    return zero_one(network, [[-2], [0], [2]], [1, -1, 1], (-1, 1), interval)


@pytest.mark.parametrize("units", [2, 3])
@pytest.mark.parametrize("interval", [(0, 1), (F(1, 5), F(3, 10))], ids=["unit", "at a sample"])
def test_a_planted_jump(units: int, interval: tuple[Number, Number]) -> None:
    """In the second interval 1/4 is the simplest rational, at which the search looks first."""
    dual = agreeing(valley(units, interval))
    (jump,) = dual.breakpoints
    assert jump.alpha.as_rational() == F(1, 4)
    assert [dual(alpha) for alpha in (F(6, 25), F(1, 4), F(13, 50))] == [1, 0, 0]


@pytest.mark.parametrize(("interval", "value"), [((0, F(1, 4)), 1), ((F(1, 4), 1), 0)])
def test_no_jump_at_an_end_of_the_interval(interval: tuple[Number, Number], value: int) -> None:
    dual = agreeing(valley(2, interval))
    assert not dual.breakpoints
    assert dual(F(1, 4)) == value  # the cell beyond the end is not in A × W


def test_a_jump_at_an_irrational_point() -> None:
    """abs and leaky_relu(1/3), found by search: 0, 1, 0 errors with jumps of degree 3 and 2."""
    dual = agreeing(random_problem(1))
    assert [piece.value(0) for piece in dual.pieces] == [0, 1, 0]
    assert [point.alpha.polynomial.degree() for point in dual.breakpoints] == [3, 2]


EXAMPLE = Path(__file__).parents[1] / "examples" / "three-jumps.toml"


def test_the_example_with_three_jumps() -> None:
    dual = pieceproof.analyze(EXAMPLE)
    assert dual.report.accepted, dual.report
    assert [piece.value(0) for piece in dual.pieces] == [0, 1, 0, 1]
    first, second, third = (point.alpha for point in dual.breakpoints)
    assert (first.as_rational(), second.as_rational()) == (F(7, 16), F(3, 4))
    assert third.polynomial.degree() == 2


def test_points_with_both_labels() -> None:
    network = FeedForward([2], Interpolated(relu, identity), output_weights=[1, -1])
    inputs = [[-1], [-1], [2], [2], [2]]
    dual = agreeing(zero_one(network, inputs, [1, -1, 1, -1, -1], (-2, 3)))
    assert [piece.value(0) for piece in dual.pieces] == [2]


def test_a_score_that_vanishes_everywhere_is_an_error() -> None:
    """x = 0 without any bias."""
    network = FeedForward([2], Interpolated(relu, abs_), bias=False, output_weights=[1, -1])
    dual = agreeing(zero_one(network, [[0], [1], [-1]], [1, 1, -1], (-1, 1)))
    assert [piece.value(0) for piece in dual.pieces] == [1]


def test_a_dead_unit() -> None:
    """relu of w·x + b < 0 in the second unit's box for all x: it has no influence at α = 1 only."""
    network = FeedForward([2], Interpolated(relu, leaky_relu("1/2")), output_weights=[1, 1])
    box = {"w1_x1": (-1, 1), "b1": (-1, 1), "w2_x1": (F(1, 2), 1), "b2": (-2, -1)}
    agreeing(zero_one(network, [[-1], [F(1, 2)], [1], [F(-1, 4)]], [1, -1, 1, 1], box))


def test_no_dependence_on_alpha_at_all() -> None:
    network = FeedForward([2], Interpolated(relu, relu), output_weights=[1, -1], output_bias=1)
    dual = agreeing(zero_one(network, [[-1], [0], [1], [2]], [-1, 1, -1, 1], (-2, 2)))
    assert len(dual.pieces) == 1


@pytest.mark.slow
def test_the_example_agrees_with_brute_force() -> None:
    agreeing(load_problem(EXAMPLE))


# -- trainable output weights ----------------------------------------------------------


def trained(seed: int) -> Problem:
    """Positively homogeneous activations, output weights in [−3/2, 3/2]."""
    r = random.Random(seed)
    network = FeedForward(
        [2],
        Interpolated(*r.choice([(relu, identity), (abs_, identity), (relu, abs_)])),
        bias=seed % 2 == 0,
        output_weights="trainable",
        output_bias=r.choice([F(-1), F(1, 2)]),
    )
    inputs = [[F(r.randint(-8, 8), 4)] for _ in range(4)]
    names = network.parameter_names(["x1"])
    box = {name: (F(-3, 2), F(3, 2)) if name[0] == "v" else (-1, F(1, 2)) for name in names}
    return zero_one(network, inputs, [r.choice([-1, 1]) for _ in inputs], box)


@pytest.mark.parametrize("seed", range(6))
def test_trainable_output_weights(seed: int) -> None:
    """Attained at the stated parameters, as good as all signs of ±3/2, better than no sample."""
    problem = trained(seed)
    network = problem.model
    assert isinstance(network, FeedForward)
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    r = random.Random(seed)
    for alpha in general_points(dual):
        w = list(evaluate(dual.document, alpha).minimiser.values())
        assert problem.value(alpha, w) == dual(alpha)
        fixed = [
            FeedForward(
                [2], network.activation, network.bias, [a, b], output_bias=network.output_bias
            )
            for a, b in [(F(3, 2), F(3, 2)), (F(3, 2), F(-3, 2)), (F(-3, 2), F(-3, 2))]
        ]
        box = (-1, F(1, 2))
        choices = [
            zero_one(model, problem.inputs, [int(y) for y in problem.targets], box)
            for model in fixed
        ]
        assert dual(alpha) == min(brute_force(choice, alpha) for choice in choices)
        for _ in range(200):
            point = [
                p.lower + (p.upper - p.lower) * F(r.randint(0, 64), 64) for p in problem.parameters
            ]
            assert problem.value(alpha, point) >= dual(alpha)


@pytest.mark.parametrize(
    ("activation", "box", "reason"),
    [
        (Interpolated(hard_tanh, relu), (-1, 1), "not positively homogeneous"),
        (Interpolated(step, relu), (-1, 1), "not positively homogeneous"),
        (Interpolated(relu, identity), (F(1, 2), 1), "without 0"),
        (Interpolated(relu, identity), (-1, 2), "ranges other than"),
    ],
)
def test_trainable_output_weights_that_are_no_signs(
    activation: Interpolated, box: tuple[Number, Number], reason: str
) -> None:
    network = FeedForward([1], activation, output_weights="trainable")
    with pytest.raises(NotYetSupported, match=reason):
        pieceproof.analysis.analyze_exactly(zero_one(network, [[1], [2]], [1, -1], box))


def test_other_output_weights_are_found_by_the_checker() -> None:
    document = pieceproof.analyze(trained(1)).document
    assert verify(document).accepted
    names = [entry["name"] for entry in document["problem"]["parameters"]]

    def smaller(changed: dict[str, Any]) -> None:
        numerators = changed["pieces"][0]["parts"][0]["minimiser"]["numerators"]
        numerators[names.index("v1")] = []

    def wider(changed: dict[str, Any]) -> None:
        changed["problem"]["parameters"][names.index("v1")]["upper"] = "2"

    assert refused(document, smaller)
    with pytest.raises(CertificateError, match="one range"):
        refused(document, wider)


# -- budgets, workers ------------------------------------------------------------------


def test_a_budget_leaves_upper_bounds_with_parameters() -> None:
    """Only the quick searches are carried out: all regions stay open."""
    searches = Searches(random_problem(1))

    def quick(tasks: Sequence[Task]) -> Iterator[list[Outcome]]:
        for task in tasks:
            yield [Outcome(None, ())] * len(task.regions) if task.settle else searches.perform(task)

    dual = margin_dual(searches, quick)
    assert dual.claim is Verdict.UNRESOLVED
    assert "regions open" in dual.reasons[0]
    exact = margin_dual(searches)
    assert exact.claim is Verdict.PROVED
    assert max(dual.errors) < len(searches.problem.targets)
    for alpha in general_points(exact):
        assert dual(alpha) >= exact(alpha)


def test_no_time_at_all() -> None:
    dual = margin_dual(Searches(random_problem(1)), deadline=0)
    assert dual.claim is Verdict.UNRESOLVED
    assert dual.errors == (len(dual.problem.targets),)


def test_workers_change_nothing() -> None:
    problem = random_problem(0)
    one, two = (pieceproof.analyze(problem, jobs=jobs).document for jobs in (1, 2))
    for key in ("pieces", "proofs", "regions", "counts"):
        assert one[key] == two[key]


# -- the checker -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return pieceproof.analyze(valley(2)).document


def refused(document: dict[str, Any], change: Any) -> bool:
    changed = copy.deepcopy(document)
    change(changed)
    changed["digest"] = digest({k: v for k, v in changed.items() if k != "digest"})
    return not verify(changed).accepted


def steps_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for proof in document["proofs"] for step in proof["steps"]]


def test_every_circuit_and_every_row_of_it_is_needed(document: dict[str, Any]) -> None:
    assert verify(document).accepted
    for number, entry in enumerate(steps_of(document)):
        for place, circuit in enumerate(entry["circuits"]):
            assert refused(document, lambda d, n=number, p=place: steps_of(d)[n]["circuits"].pop(p))
            for row in range(len(circuit)):
                assert refused(
                    document,
                    lambda d, n=number, p=place, r=row: steps_of(d)[n]["circuits"][p].pop(r),
                )


def test_steps_that_do_not_cover_or_reach_too_far(document: dict[str, Any]) -> None:
    """Bounds up to 1/4 are needed on all of that, and hold beyond it in some regions only."""
    numbers = [n for n, s in enumerate(steps_of(document)) if s["interval"] == ["0", "1/4"]]

    def refused_with(number: int, interval: list[str]) -> bool:
        return refused(document, lambda d: steps_of(d)[number].update(interval=interval))

    for number in numbers:
        for interval in (["0", "1/5"], ["1/100", "1/4"], ["1/4", "0"], ["0", "0"]):
            assert refused_with(number, interval)
    assert any(refused_with(number, ["0", "1/2"]) for number in numbers)


def test_proofs_of_other_regions_and_wrong_pieces(document: dict[str, Any]) -> None:
    def exchange(changed: dict[str, Any]) -> None:
        changed["proofs"].reverse()

    def higher(changed: dict[str, Any]) -> None:
        changed["pieces"][0]["errors"] = 2
        changed["pieces"][0]["value"]["numerator"] = ["2"]

    def lower(changed: dict[str, Any]) -> None:
        changed["pieces"][0]["errors"] = 0
        changed["pieces"][0]["value"]["numerator"] = []

    assert refused(document, exchange)
    assert refused(document, higher)
    assert refused(document, lower)
    assert refused(document, lambda d: d["proofs"].pop())
    assert refused(document, lambda d: d["proofs"].append({"steps": []}))


@pytest.mark.parametrize(
    "name", ["e0", "e4", "e1 ", "u1:e1:k2", "u3:e1:k1", "w1:lower", "0", "", "one"]
)
def test_names_of_no_row(document: dict[str, Any], name: str) -> None:
    changed = copy.deepcopy(document)
    steps_of(changed)[0]["circuits"][0][0] = name
    with pytest.raises(CertificateError, match="circuits"):
        verify(changed)
