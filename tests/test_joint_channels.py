"""Zero-one loss of two-layer graph convolutions with several channels of several features."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from certificates import is_refused
from test_margins import general_points
from test_zero_one_convolutions import brute_force

import pieceproof
from pieceproof.evaluation import evaluate
from pieceproof.verify import verify
from piecewise import GraphConvolution, NotYetSupported, Problem, ProblemError

F = Fraction
Document = dict[str, Any]


def two_channels(seed: int, **changes: Any) -> Problem:
    """Two channels with two features on three nodes, among them kernels with negative entries."""
    r = random.Random(seed)
    while True:
        names = ["a", "b", "c"]
        edges = [
            (a, b, F(r.randint(-1, 4), r.choice([1, 2, 3])))
            for i, a in enumerate(names)
            for b in names[i + 1 :]
            if r.random() < 0.7
        ]
        graph = GraphConvolution(
            names,
            edges,
            degree=r.choice([1, 1, 2]),
            hidden=2,
            output_weights=r.choice(["signs", [1, -1], [1, 1], [-1, -2]]),
        )
        options: dict[str, Any] = {
            "inputs": [[r.randint(-2, 2) for _ in range(2)] for _ in names],
            "targets": [r.choice([-1, 1]) for _ in names],
            "interval": r.choice([(0, 3), (F(-1, 3), 1), (F(-2, 3), 2)]),
            "box": r.choice([(-1, 1), (0, 1), (F(-1, 2), 2)]),
            "loss": "zero-one",
            "reduction": "sum",
        }
        try:
            return Problem(graph, **{**options, **changes})
        except ProblemError:  # a degree that is not positive
            continue


@pytest.mark.parametrize("seed", range(20))
def test_two_channels_agree_with_brute_force(seed: int) -> None:
    dual = pieceproof.analyze(two_channels(seed))
    assert dual.report.accepted, dual.report
    for alpha in general_points(dual):
        assert dual(alpha) == brute_force(dual.problem, alpha)
        w = list(evaluate(dual.document, alpha).minimiser.values())
        assert dual.problem.value(alpha, w) == dual(alpha)


def test_some_of_them_jump() -> None:
    assert sum(len(pieceproof.analyze(two_channels(seed)).pieces) > 1 for seed in range(20)) > 0


def test_workers_change_nothing() -> None:
    one, two = (pieceproof.analyze(two_channels(3), jobs=jobs).document for jobs in (1, 2))
    for key in ("pieces", "proofs", "regions", "counts"):
        assert one[key] == two[key]


def test_a_box_without_0_is_is_refused() -> None:
    with pytest.raises(NotYetSupported, match="widen the box"):
        pieceproof.analyze(two_channels(0, box=(F(1, 2), 2)))


def circuits(document: Document) -> list[list[str]]:
    return [
        circuit
        for proof in document["proofs"]
        for step in proof["steps"]
        for circuit in step["circuits"]
    ]


def test_mutations_are_found() -> None:
    document = next(
        found
        for seed in range(20)
        if len(circuits(found := pieceproof.analyze(two_channels(seed)).document)) > 3
    )
    assert verify(document).accepted
    listed = circuits(document)
    assert any(name.startswith("h") for circuit in listed for name in circuit)
    for number in range(3):
        assert is_refused(document, lambda d, n=number: circuits(d)[n].pop())
        for name in ("h3:a", "h1:z", "e9", "-1", "", "w1:lower"):
            assert is_refused(document, lambda d, n=number, x=name: circuits(d)[n].append(x))
    assert is_refused(document, lambda d: d["proofs"].pop())
    assert is_refused(document, lambda d: d["proofs"].reverse())
    assert is_refused(document, lambda d: d["regions"].pop())
    errors = document["pieces"][0]["errors"]

    def other(changed: Document, by: int) -> None:
        changed["pieces"][0]["errors"] = errors + by
        changed["pieces"][0]["value"]["numerator"] = [str(errors + by)] if errors + by else []

    assert is_refused(document, lambda d: other(d, 1))
    assert is_refused(document, lambda d: other(d, -1))
