"""Zero-one loss of two-layer graph convolutions: brute force over patterns and sign vectors."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from oracle_zero_one import feasible, least_errors

import pieceproof
from geometry.verdicts import Verdict
from pieceproof.certificate import digest
from pieceproof.evaluation import evaluate
from pieceproof.verify import CertificateError, verify
from piecewise import GraphConvolution, Problem, ProblemError
from piecewise.exact import to_fraction

F = Fraction
BOXES = [(-1, 1), (-1, 1), (0, 1), (F(1, 2), 2)]


def random_problem(seed: int) -> Problem:
    """Small graphs, among them such whose kernel has negative entries."""
    r = random.Random(seed)
    while True:
        hidden = r.choice([1, 1, 2])
        n, d = r.choice([3, 4, 5] if hidden == 1 else [3, 4]), r.choice([1, 2, 2])
        d = d if hidden == 1 else 1
        names = [str(i) for i in range(n)]
        edges = [
            (a, b, F(r.randint(-1, 4), r.choice([1, 2, 3])))
            for i, a in enumerate(names)
            for b in names[i + 1 :]
            if r.random() < 0.5
        ]
        inputs = [[r.randint(-2, 2) for _ in range(d)] for _ in range(n)]
        if r.random() < 0.3:
            inputs[1] = inputs[0]
        training = sorted(r.sample(names, r.randint(2, n)), key=int)
        graph = GraphConvolution(
            names,
            edges,
            degree=r.choice([1, 1, 2, 3]),
            hidden=hidden,
            output_weights=r.choice(["signs", [r.choice([-1, 1, 2]) for _ in range(hidden)]]),
            training=training,
        )
        try:
            return Problem(
                graph,
                inputs=inputs,
                targets=[r.choice([-1, 1]) for _ in training],
                interval=r.choice([(0, 3), (F(-1, 3), 1), (F(-2, 3), 2)]),
                box=r.choice(BOXES),
                loss="zero-one",
                reduction="sum",
            )
        except ProblemError:  # a degree that is not positive
            continue


def brute_force(problem: Problem, alpha: Fraction) -> int:
    """ℓ*(α) over the open cells of the slice: all sets of active nodes, all sign vectors."""
    graph = problem.model
    assert isinstance(graph, GraphConvolution)
    kernel = graph.propagation(alpha)
    width, channels = len(problem.inputs[0]), graph.hidden or 0
    size = width * channels
    rows = [
        [sum((a * problem.inputs[j][c] for j, a in row.items()), F(0)) for c in range(width)]
        for row in kernel
    ]
    live = [j for j in range(len(rows)) if any(rows[j])]
    walls = []
    for i, parameter in enumerate(problem.parameters):
        for sign, wall in ((1, parameter.lower), (-1, parameter.upper)):
            row = [F(0)] * (size + 1)
            row[i], row[-1] = F(sign), -sign * wall
            walls.append(tuple(row))

    def placed(channel: int, row: list[Fraction], factor: Fraction) -> tuple[Fraction, ...]:
        full = [F(0)] * (size + 1)
        full[channel * width : (channel + 1) * width] = [factor * entry for entry in row]
        return tuple(full)

    def patterns(channel: int) -> Iterator[tuple[set[int], list[tuple[Fraction, ...]]]]:
        for k in range(len(live) + 1):
            for active in combinations(live, k):
                cone = [placed(channel, rows[j], F(1 if j in active else -1)) for j in live]
                if feasible([*cone, *walls]):
                    yield set(active), cone

    best = len(problem.targets)
    signed = graph.output_weights == "signs"
    choices = product((1, -1), repeat=channels) if signed else [graph.output_weights]
    found = [list(patterns(channel)) for channel in range(channels)]
    for weights in choices:
        for chosen in product(*found):
            scores = []
            for t in graph.training:
                score = [F(0)] * (size + 1)
                for channel, (active, _) in enumerate(chosen):
                    for j in active & kernel[t].keys():
                        own = placed(channel, rows[j], F(weights[channel]) * kernel[t][j])
                        score = [a + b for a, b in zip(score, own, strict=True)]
                scores.append(tuple(score))
            constraints = [*walls, *(row for _, cone in chosen for row in cone)]
            if feasible(constraints):
                labels = [int(y) for y in problem.targets]
                best = min(best, least_errors(scores, labels, constraints))
    return best


def inside(dual: pieceproof.CertifiedDual, r: random.Random) -> list[Fraction]:
    """A random α in every piece: almost surely none at which anything degenerates."""
    found = []
    for piece in dual.pieces:
        low, high = piece.interval.lower, piece.interval.upper
        start, end = to_fraction(low.upper), to_fraction(high.lower)
        found.append(start + (end - start) * F(r.randint(1, 10**6), 10**6 + 3))
    return found


SEEDS = range(100, 126)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_instances_agree_with_brute_force(seed: int) -> None:
    problem = random_problem(seed)
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    r = random.Random(seed)
    lower, upper = problem.interval
    alphas = inside(dual, r)
    alphas += [lower + (upper - lower) * F(r.randint(1, 10**6), 10**6 + 3) for _ in range(6)]
    for alpha in alphas:
        assert dual(alpha) == brute_force(problem, alpha), alpha


# -- traps -----------------------------------------------------------------------------


def small(inputs: Any, targets: Any, edges: Any = (("a", "b", 0),), **changes: Any) -> Problem:
    names = [chr(ord("a") + i) for i in range(len(inputs))]
    graph = GraphConvolution(
        names, edges, hidden=changes.pop("hidden", 1), output_weights=changes.pop("weights", None)
    )
    options: dict[str, Any] = {
        "interval": (0, 2),
        "box": (-1, 1),
        "loss": "zero-one",
        "reduction": "sum",
    }
    return Problem(graph, inputs=inputs, targets=targets, **{**options, **changes})


def proved(problem: Problem) -> pieceproof.CertifiedDual:
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    for alpha in inside(dual, random.Random(1)):
        assert dual(alpha) == brute_force(problem, alpha)
    return dual


def test_one_channel_has_scores_of_one_sign() -> None:
    """With a kernel that is not negative either class is misclassified as a whole."""
    dual = proved(small([[1, 0], [0, 1], [1, 1]], [1, -1, -1], weights="signs"))
    assert len(dual.pieces) == 1
    assert dual(1) == 1


def test_a_negative_kernel_entry_classifies_both() -> None:
    """The kernel entry α − 1/2 is negative below 1/2: there the neighbours get two signs."""
    problem = small([[1], [0]], [1, -1], [("a", "b", F(-1, 2))], interval=(0, 1), box=(F(-1, 2), 1))
    dual = proved(problem)
    assert [piece.value(0) for piece in dual.pieces] == [0, 1]
    assert dual.breakpoints[0].alpha.as_rational() == F(1, 2)
    assert dual(F(1, 2)) == 0  # the smaller limit
    assert dual.document["counts"]["discontinuities"] == 1


@pytest.mark.parametrize(("interval", "value"), [((0, F(1, 2)), 0), ((F(1, 2), 1), 1)])
def test_a_jump_at_an_end_of_the_interval_is_none(interval: Any, value: int) -> None:
    """The jump of the test above at either end: on the right no cell with 0 errors is in A × W."""
    dual = proved(
        small([[1], [0]], [1, -1], [("a", "b", F(-1, 2))], interval=interval, box=(F(-1, 2), 1))
    )
    assert [piece.value(0) for piece in dual.pieces] == [value]
    assert dual(F(1, 2)) == value


def test_nodes_that_are_never_active_are_errors() -> None:
    dual = proved(small([[0], [0]], [1, -1]))
    assert dual(1) == 2


def test_a_score_that_vanishes_at_the_simplest_sample() -> None:
    """An instance whose witness misclassifies a node at one rational α inside its piece."""
    proved(random_problem(2045))


def test_equal_nodes_with_different_labels() -> None:
    dual = proved(small([[1, 2], [1, 2], [2, 4]], [1, -1, 1], [], weights="signs"))
    assert dual(1) == 1


def test_a_node_that_dies_at_one_alpha() -> None:
    """z_a = (1 − α)w = −z_b times positive factors: all scores vanish at α = 1 alone."""
    dual = proved(small([[1], [-1]], [1, 1]))
    assert dual(1) == 0


def test_a_box_without_zero() -> None:
    proved(small([[1, 0], [-2, 1], [1, 1]], [1, 1, -1], box=(F(1, 3), 2), weights="signs"))


def test_a_budget_leaves_an_honest_rest() -> None:
    problem = random_problem(112)
    full = pieceproof.analyze(problem)
    partial = pieceproof.analyze(problem, seconds=0)
    assert partial.verdict is Verdict.UNRESOLVED
    assert "time budget" in partial.document["reasons"][0]
    lower, upper = problem.interval
    for k in range(8):
        alpha = lower + (upper - lower) * F(k, 7)
        assert partial(alpha) >= full(alpha)


def test_the_example() -> None:
    """Eight nodes, two features, one channel."""
    path = Path(__file__).parent.parent / "examples" / "graph2-classes.toml"
    dual = pieceproof.analyze(path)
    assert dual.report.accepted
    assert [dual.document["pieces"][k]["errors"] for k in range(5)] == [2, 1, 2, 1, 3]
    assert dual.document["counts"]["discontinuities"] == 4
    alpha = inside(dual, random.Random(2))[1]
    assert dual(alpha) == brute_force(dual.problem, alpha)


# -- the checker -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Five pieces."""
    return dict(pieceproof.analyze(random_problem(112)).document)


def refused(document: dict[str, Any], change: Any) -> list[str]:
    changed = copy.deepcopy(document)
    change(changed)
    body = {key: entry for key, entry in changed.items() if key != "digest"}
    changed["digest"] = digest(body)
    try:
        report = verify(changed)
    except CertificateError as error:
        return [str(error)]
    assert not report.accepted
    return list(report.reasons)


def _constant(errors: int) -> dict[str, Any]:
    return {"numerator": [str(errors)] if errors else [], "denominator": ["1"]}


def test_the_document_is_accepted(document: dict[str, Any]) -> None:
    assert [piece["errors"] for piece in document["pieces"]] == [1, 2, 1, 2, 1]
    assert verify(document).accepted


def test_stated_minimisers_attain_the_value(document: dict[str, Any]) -> None:
    problem = random_problem(112)
    lower, upper = problem.interval
    for k in range(20):
        found = evaluate(document, lower + (upper - lower) * F(2 * k + 1, 41))
        assert problem.value(found.alpha, list(found.minimiser.values())) == found.value


MUTATIONS: dict[str, tuple[Any, str]] = {
    "fewer errors": (
        lambda d: d["pieces"][1].update(errors=1, value=_constant(1)),
        "same as that of piece|more than 1 errors",
    ),
    "more errors": (
        lambda d: d["pieces"][0].update(errors=3, value=_constant(3)),
        "fewer than|no proof|not the value",
    ),
    "a minimiser": (
        lambda d: d["pieces"][0]["parts"][0]["minimiser"]["numerators"].reverse(),
        "minimiser",
    ),
    "a region is missing": (lambda d: d["regions"].pop(), "missing|integer"),
    "a region is repeated": (lambda d: d["regions"].append(d["regions"][0]), "repeated"),
    "a region never occurs": (
        lambda d: d["regions"][0].update(on=[[0, 1, 2, 3, 4]]),
        "never occur",
    ),
    "cells": (lambda d: d.update(cells={}), "no cells"),
    "a label": (lambda d: d["problem"]["data"]["targets"].reverse(), ""),
    "an edge": (lambda d: d["problem"]["model"]["edges"][0].__setitem__(2, "17"), ""),
    "a kind": (lambda d: d["breakpoints"][0].update(kind="kink"), "jump"),
    "regions counted": (lambda d: d["counts"].update(regions=1), "counts.regions"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutations_are_found(document: dict[str, Any], name: str) -> None:
    change, expected = MUTATIONS[name]
    reasons = refused(document, change)
    assert any(part in reason for part in expected.split("|") for reason in reasons), reasons
