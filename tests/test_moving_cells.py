"""Two-layer graph convolutions with the squared loss against brute force over all strata."""

from __future__ import annotations

import copy
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from agreement import assert_agreement
from oracle_convolution import ConvolutionOracle, least
from oracle_faces import to_flint

import pieceproof
from geometry.verdicts import Verdict
from pieceproof.certificate import digest
from pieceproof.checking import workers
from pieceproof.evaluation import evaluate
from pieceproof.verify import CertificateError, verify
from piecewise import GraphConvolution, Problem
from piecewise.errors import NotYetSupported, TooManyCells

F = Fraction
BOXES = [(-3, 3), (-3, 3), (0, 4), (-1, F(1, 2)), (-50, 50)]


def random_problem(seed: int, **changes: Any) -> Problem:
    """A small graph: equal nodes, nodes without features, weights of one kind or the other."""
    r = random.Random(seed)
    n, hidden = r.choice([3, 3, 4]), r.choice([1, 1, 1, 1, 2])
    d = 1 if hidden == 2 else r.choice([1, 2, 2, 2])
    names = [str(i) for i in range(n)]
    edges = [
        (a, b, F(r.randint(0, 4), r.choice([1, 1, 2])))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if r.random() < 0.6
    ]
    inputs = [[r.randint(-2, 2) for _ in range(d)] for _ in names]
    if r.random() < 0.3:
        inputs[1] = inputs[0]
    training = sorted(r.sample(names, r.randint(1, n)), key=int)
    options: dict[str, Any] = {
        "inputs": inputs,
        "targets": [F(r.randint(-4, 4), r.choice([1, 2])) for _ in training],
        "interval": r.choice([(0, 1), (0, 4), (F(1, 3), 2)]),
        "box": r.choice(BOXES),
        "weight_decay": r.choice([0, 0, F(1, 10)]),
        "reduction": r.choice(["mean", "sum"]),
    }
    weights = r.choice(["signs", *[[r.choice([-1, 1, F(3, 2)]) for _ in range(hidden)]] * 2])
    graph = GraphConvolution(
        names,
        edges,
        degree=r.choice([1, 1, 2]),
        hidden=hidden,
        output_weights=weights,
        training=training,
    )
    return Problem(graph, **{**options, **changes})


@pytest.mark.parametrize("seed", range(26))
def test_random_instances_agree_with_brute_force(seed: int) -> None:
    """Values, pieces, breakpoints and their kinds, extrema, oscillations."""
    problem = random_problem(seed)
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    oracle = ConvolutionOracle(problem)
    assert_agreement(problem, dual, oracle)
    for piece in dual.pieces:
        alpha = piece.interval.sample()
        assert oracle.sample(alpha).value == piece.value(alpha)


def eight_nodes(seed: int, **changes: Any) -> Problem:
    """The size that matters: eight nodes, two features, one channel."""
    r = random.Random(seed)
    names = [f"n{i}" for i in range(8)]
    edges = [
        (a, b, F(r.randint(0, 3)))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if r.random() < 0.3
    ]
    options: dict[str, Any] = {
        "inputs": [[r.randint(-3, 3) for _ in range(2)] for _ in names],
        "targets": [r.randint(-3, 3) for _ in names],
        "interval": (0, 4),
        "box": (-10, 10),
    }
    graph = GraphConvolution(names, edges, hidden=1, output_weights=changes.pop("weights", None))
    return Problem(graph, **{**options, **changes})


@pytest.mark.parametrize("seed", [1, 2])
def test_eight_nodes_agree_with_brute_force_at_rational_alphas(seed: int) -> None:
    problem = eight_nodes(seed)
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    assert len(dual.pieces) >= 4
    alphas = [dual.pieces[1].interval.sample()]
    for alpha in [*alphas, to_flint(F(random.Random(seed).randint(1, 3999), 1000))]:
        assert to_flint(dual(F(str(alpha)))) == least(problem, alpha)


def test_stated_minimisers_attain_the_value() -> None:
    problem = eight_nodes(2)
    document = pieceproof.analyze(problem).document
    for k in range(1, 24):
        alpha = F(4 * k, 23)
        found = evaluate(document, alpha)
        assert problem.value(alpha, list(found.minimiser.values())) == found.value


# -- traps -----------------------------------------------------------------------------


def small(inputs: Any, targets: Any, edges: Any = (("a", "b", 0),), **changes: Any) -> Problem:
    """Nodes a, b, …, one channel with weight 1 unless ``weights`` says otherwise."""
    names = [chr(ord("a") + i) for i in range(len(inputs))]
    graph = GraphConvolution(
        names,
        edges,
        hidden=changes.pop("hidden", 1),
        output_weights=changes.pop("weights", None),
        training=changes.pop("training", None),
        degree=changes.pop("degree", 1),
    )
    options: dict[str, Any] = {"interval": (0, 2), "box": (-5, 5)}
    return Problem(graph, inputs=inputs, targets=targets, **{**options, **changes})


def proved(problem: Problem) -> pieceproof.CertifiedDual:
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    assert_agreement(problem, dual, ConvolutionOracle(problem))
    return dual


def test_pre_activations_that_vanish_at_one_alpha() -> None:
    """z_a = (1 − α)w/(1 + α) = −z_b: at α = 1, the simplest sample of (0, 2), f does not depend
    on w. ℓ* is continuous there."""
    dual = proved(small([[1], [-1]], [2, 1]))
    assert dual(1) == F(5, 2)


def test_the_tip_of_the_cone_is_optimal_throughout() -> None:
    dual = proved(small([[1, 0], [0, 1]], [-1, -2]))
    assert [dual(0), dual(F(1, 3)), dual(2)] == [F(5, 2)] * 3
    assert len(dual.pieces) == 1
    assert evaluate(dual.document, F(1)).minimiser == {"w1_x1": 0, "w1_x2": 0}


def test_exact_interpolation_is_a_piece_like_any_other() -> None:
    dual = proved(small([[1, 0], [0, 1]], [2, 1]))
    assert len(dual.breakpoints) > 0
    assert dual(0) == 0
    (first, *_) = dual.pieces
    assert first.value.numerator == 0


def test_no_node_with_features_reaches_a_training_node() -> None:
    dual = proved(small([[0], [0], [3]], [2], training=["a"]))
    assert dual(1) == 4
    assert dual.document["counts"]["patterns"] == 1


def test_equal_nodes_and_nodes_without_features() -> None:
    edges = [("a", "c", 1), ("b", "c", 1), ("c", "d", 2)]
    proved(small([[1, -1], [1, -1], [0, 0], [2, 1]], [1, 3, -1, 0], edges))


def test_rows_proportional_for_all_alpha() -> None:
    """One feature: all pre-activations are multiples of w; and two features of rank one."""
    proved(small([[1], [-2], [0]], [1, 2, -1], [("a", "b", 0), ("b", "c", F(1, 2))]))
    proved(small([[1, 2], [-2, -4]], [1, 2]))


def test_walls_that_bind() -> None:
    dual = proved(small([[1], [2]], [4, 9], box=(F(-1, 2), F(3, 4))))
    assert evaluate(dual.document, F(1)).minimiser == {"w1_x1": F(3, 4)}
    proved(small([[1, 0], [0, 1]], [4, 9], box=(0, 1)))


def test_negative_alpha() -> None:
    """Kernel entries change sign at α = −1 and vanish there."""
    proved(small([[1], [-1]], [2, 1], [("a", "b", 1)], degree=2, interval=(-3, 1)))


def test_signs_are_the_better_of_both() -> None:
    options: dict[str, Any] = {"inputs": [[1, 0], [1, 2]], "targets": [-1, 2]}
    both = proved(small(**options, weights="signs"))
    one, other = (proved(small(**options, weights=[v])) for v in (1, -1))
    for alpha in (0, F(1, 2), F(9, 7), 2):
        assert both(alpha) == min(one(alpha), other(alpha))


def test_two_channels_of_opposite_sign() -> None:
    dual = proved(small([[1], [-2]], [-1, 2], hidden=2, weights=[1, -1]))
    assert dual.document["exchangeable"] == [[1], [2]]


def test_two_exchangeable_channels() -> None:
    dual = proved(small([[1], [-2]], [1, 2], hidden=2))
    assert dual.document["exchangeable"] == [[1, 2]]


def test_what_is_not_covered_is_said() -> None:
    with pytest.raises(NotYetSupported, match=r"does not hold 0 \(w1_x1\); widen the box"):
        pieceproof.analyze(small([[1], [2]], [4, 9], box=(1, 2)))
    with pytest.raises(NotYetSupported, match="absolute"):
        pieceproof.analyze(small([[1], [2]], [4, 9], loss="absolute"))
    with pytest.raises(TooManyCells, match="raise --max-cells"):
        pieceproof.analyze(eight_nodes(1, weights="signs"), max_cells=30)


def test_the_example() -> None:
    dual = pieceproof.analyze(Path(__file__).parent.parent / "examples" / "graph2.toml")
    assert dual.report.accepted
    kinds = [str(point.kind) for point in dual.breakpoints]
    assert kinds == ["smooth"] * 3 + ["kink"] * 4
    assert dual.oscillations() == 4
    alpha = dual.pieces[3].interval.sample()
    assert to_flint(dual(F(str(alpha)))) == least(dual.problem, alpha)


# -- budgets, workers, cache -------------------------------------------------------------


def test_a_time_budget_leaves_an_upper_bound() -> None:
    problem = eight_nodes(2)
    full = pieceproof.analyze(problem)
    partial = pieceproof.analyze(problem, seconds=0)
    assert partial.verdict is Verdict.UNRESOLVED
    assert "time budget" in partial.document["reasons"][0]
    for alpha in (0, F(1, 3), 1, 2, 4):
        assert partial(alpha) >= full(alpha)


def without_timing(document: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in document.items() if key not in ("digest", "provenance")}
    return {**kept, "input": document["provenance"]["input_digest"]}


def test_workers_and_a_cache_do_not_change_the_document(tmp_path: Any) -> None:
    problem = eight_nodes(1, weights="signs")
    plain = without_timing(pieceproof.analyze(problem).document)
    two = pieceproof.analyze(problem, jobs=2, cache=tmp_path / "kept.sqlite")
    assert two.report.accepted
    assert without_timing(two.document) == plain
    again = pieceproof.analyze(problem, cache=tmp_path / "kept.sqlite")
    assert without_timing(again.document) == plain


def test_cells_are_checked_in_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals of patterns with algebraic ends reach the workers."""
    monkeypatch.setattr(workers, "FEW", 0)
    document = pieceproof.analyze(eight_nodes(1)).document
    ends = [end for pattern in document["patterns"] for end in pattern["interval"]]
    assert any("polynomial" in end for end in ends)
    assert verify(document, jobs=2).accepted


# -- the checker -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(pieceproof.analyze(eight_nodes(2, weights="signs")).document)


def altered(document: dict[str, Any], change: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    change(changed)
    body = {key: entry for key, entry in changed.items() if key != "digest"}
    changed["digest"] = digest(body)
    return changed


def _put(*path: Any, value: Any) -> Any:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value(document[path[-1]]) if callable(value) else value

    return change


def _plus_one(text: str) -> str:
    return str(int(text) + 1)


MUTATIONS: dict[str, tuple[Any, str]] = {
    "a value": (_put("pieces", 0, "value", "numerator", 0, value=_plus_one), "piece"),
    "a minimiser": (
        _put("pieces", 0, "parts", 0, "minimiser", "numerators", 0, 0, value=_plus_one),
        "minimiser",
    ),
    "a node switched on": (_put("pieces", 0, "parts", 0, "on", 0, value=[]), "switched on"),
    "a sign": (_put("pieces", 0, "parts", 0, "signs", value=lambda s: [-s[0]]), "objective"),
    "an active label": (
        _put("pieces", 0, "parts", 0, "active", value=["w1_x1:upper", "w1_x2:upper"]),
        "not on",
    ),
    "an unknown label": (
        _put("pieces", 0, "parts", 0, "active", value=["h1:nobody"]),
        "label of a wall",
    ),
    "a witness": (_put("pieces", 0, "sample", "witness", 0, value="1/7"), "objective there"),
    "a sample value": (_put("pieces", 0, "sample", "value", value="1/7"), "not the value"),
    "a pattern": (_put("patterns", 3, "active", value=lambda nodes: nodes[1:]), "maximal"),
    "a pattern is dropped": (lambda d: d["patterns"].pop(), "listed|number"),
    "a pattern's interval": (_put("patterns", 0, "interval", 1, value="1/1000"), "maximal"),
    "a proof is dropped": (lambda d: d["proofs"].pop(4), "missing"),
    "a proof is repeated": (lambda d: d["proofs"].append(d["proofs"][0]), "repeated"),
    "a step is dropped": (lambda d: d["proofs"][0]["steps"].pop(), "before the interval"),
    "an empty active set": (
        lambda d: [step.update(active=[]) for proof in d["proofs"] for step in proof["steps"]],
        "below|one solution|multiplier",
    ),
    "channels": (_put("exchangeable", value=[]), "exchangeable"),
    "a count": (_put("counts", "strata", value=1), "counts.strata"),
    "patterns counted": (_put("counts", "patterns", value=1), "counts.patterns"),
    "a target": (_put("problem", "data", "targets", 0, value="17"), "objective"),
    "an edge": (_put("problem", "model", "edges", 0, 2, value="17"), ""),
    "a wall": (
        lambda d: [p.update(upper="1/1000", lower="-1/1000") for p in d["problem"]["parameters"]],
        "leaves the box",
    ),
    "the decay": (_put("problem", "loss", "weight_decay", value="1"), "objective"),
    "a kind of breakpoint": (
        _put("breakpoints", 0, "kind", value=lambda kind: "smooth" if kind == "kink" else "kink"),
        "breakpoint",
    ),
    "oscillations": (_put("counts", "oscillations", value=lambda n: n + 1), "oscillations"),
}


def test_the_document_is_accepted(document: dict[str, Any]) -> None:
    assert verify(document).accepted
    assert verify(document, jobs=2).accepted


def refused(document: dict[str, Any]) -> list[str]:
    """Why a document is refused; a malformed one is refused, too."""
    try:
        report = verify(document)
    except CertificateError as error:
        return [str(error)]
    assert not report.accepted
    return list(report.reasons)


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutations_are_found(document: dict[str, Any], name: str) -> None:
    change, expected = MUTATIONS[name]
    reasons = refused(altered(document, change))
    assert any(part in reason for part in expected.split("|") for reason in reasons), reasons


def test_an_upper_bound_is_not_taken_for_the_dual(document: dict[str, Any]) -> None:
    """Everything that is stated of the pieces is true, but they are the minimum for v = −1."""
    higher = pieceproof.analyze(eight_nodes(2, weights=[-1])).document

    def change(changed: dict[str, Any]) -> None:
        for key in ("pieces", "breakpoints", "ends", "minimum", "extrema"):
            changed[key] = copy.deepcopy(higher[key])
        changed["counts"] = {**higher["counts"], "cases": changed["counts"]["cases"]}
        for piece in changed["pieces"]:
            for part in piece["parts"]:
                part["signs"] = [-1]

    reasons = refused(altered(document, change))
    assert any("is below" in reason for reason in reasons), reasons
