"""Zero-one loss of deep networks with units that bend at 0, exactly: against z3, and documents."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from certificates import is_refused
from classes import Family
from flint import fmpq

import pieceproof
from pieceproof.evaluation import evaluate
from piecewise import FeedForward, Interpolated, Problem, abs_, identity, leaky_relu, relu
from piecewise.exact import to_fraction

F = Fraction
BESIDE = F(1, 10**6)
FAMILY = Family(
    [1, 1],
    Interpolated(abs_, identity),
    1,
    (3, 4),
    ([1], [-2], "signs", "trainable"),
    (0, -1, F(1, 2), "trainable"),
)


def alphas(dual: pieceproof.CertifiedDual) -> list[Fraction]:
    """Inside every piece, and beside jumps; not 1/2, where abs/identity is flat on one side."""
    found = [
        next(a for a in map(to_fraction, piece.interval.samples()) if a != F(1, 2))
        for piece in dual.pieces
    ]
    for point in dual.breakpoints:
        lower, upper = map(F, point.alpha.isolating_interval())
        found += [lower - BESIDE, upper + BESIDE]
    return found


@pytest.mark.parametrize("seed", range(20))
def test_random_instances_agree_with_z3(seed: int) -> None:
    oracle = pytest.importorskip("oracle_classes")
    problem = FAMILY.instance(seed)
    dual = pieceproof.analysis.analyze_exactly(problem)
    assert dual.report.accepted, dual.report
    assert dual.document["method"] == "piecewise-constant"
    for alpha in alphas(dual):
        known = oracle.least_errors(problem, alpha, 60)
        assert known is not None
        assert dual(alpha) == known
        w = list(evaluate(dual.document, alpha).minimiser.values())
        assert problem.value(alpha, w) == known


def valley(**options: Any) -> Problem:
    """At α < 1/2 abs/identity rises: one of the sides is wrong. Beyond it nothing is negative."""
    network = FeedForward([1, 1], Interpolated(abs_, identity), output_weights=[1], **options)
    return Problem(
        network,
        inputs=[[-2], [0], [2]],
        targets=[-1, 1, -1],
        box=(-1, 1),
        loss="zero-one",
        reduction="sum",
    )


@pytest.fixture(scope="module")
def jumping() -> pieceproof.CertifiedDual:
    return pieceproof.analyze(valley())


def test_a_jump_where_the_slope_changes_its_sign(jumping: pieceproof.CertifiedDual) -> None:
    """The cells on one side are infinitely thin at 1/2, where the jump is exact."""
    assert jumping.report.accepted
    (jump,) = jumping.breakpoints
    assert jump.alpha.compare_rational(fmpq(1, 2)) == 0
    assert [jumping(a) for a in (F(1, 4), F(1, 2), F(3, 4))] == [1, 1, 2]


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda d: d["pieces"][0].update(errors=0),
    lambda d: d["pieces"][1].update(errors=1),
    lambda d: d["regions"].pop(),
    lambda d: d["regions"][0].update(interval=["0", "1/3"]),
    lambda d: d["regions"][0].update(chart=1 - d["regions"][0]["chart"]),
    lambda d: d["cells"]["charts"].pop(),
    lambda d: d["proofs"].pop(),
    lambda d: d["proofs"][0].update(steps=[]),
    lambda d: d["problem"]["model"].update(output_bias="1"),
    lambda d: d["problem"]["data"]["targets"].__setitem__(0, "1"),
    lambda d: d["problem"]["parameters"][2].update(upper="2"),
    lambda d: d["pieces"][1]["parts"][0].update(
        region=0 if d["pieces"][1]["parts"][0]["region"] else 1
    ),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_changed_documents_are_refused(jumping: pieceproof.CertifiedDual, number: int) -> None:
    assert is_refused(jumping.document, CHANGES[number])


def test_the_number_of_workers_does_not_matter(jumping: pieceproof.CertifiedDual) -> None:
    other = pieceproof.analyze(valley(), jobs=2).document
    for key in ("cells", "regions", "proofs", "pieces", "counts"):
        assert other[key] == jumping.document[key]


def test_leaky_relu_of_both_signs() -> None:
    """Slopes 1 and 1 − 2α on the left: the same network as abs and identity."""
    one = pieceproof.analyze(valley())
    network = FeedForward([1, 1], Interpolated(leaky_relu(-1), leaky_relu(1)), output_weights=[1])
    assert network.activation.pairs == one.problem.model.activation.pairs
    three = FeedForward([1, 1, 1], Interpolated(abs_, relu))
    problem = Problem(
        three, inputs=[[-1], [1]], targets=[1, 1], box=(-1, 1), loss="zero-one", reduction="sum"
    )
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted
    assert dual(F(1, 2)) == 0


def test_without_time_all_examples_may_be_wrong() -> None:
    dual = pieceproof.analyze(valley(), seconds=0)
    assert str(dual.claim) == "unresolved"
    assert dual(F(3, 4)) == 3
