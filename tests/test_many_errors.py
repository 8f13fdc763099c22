"""Zero-one loss with many errors: proofs that split, against brute force; their mutations."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from certificates import is_refused
from oracle_slabs import fewest_errors
from test_margins import general_points, zero_one

import pieceproof
from pieceproof.certificate import digest
from pieceproof.verify import CertificateError, verify
from piecewise import FeedForward, Interpolated, Problem, abs_, hard_tanh, identity, relu

F = Fraction
Document = dict[str, Any]


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs split as soon as the least set that meets all circuits is not at hand."""
    monkeypatch.setattr("geometry.sample_search.LIMIT", 1)
    monkeypatch.setattr("geometry.margins.LIMIT", 1)
    monkeypatch.setattr("geometry.margin_dual.LIMIT", 1)


def noise(seed: int) -> Problem:
    """Random labels, repeated inputs with both of them."""
    r = random.Random(seed)
    flat = r.random() < 0.3
    network = FeedForward(
        [1],
        Interpolated(*r.choice([(relu, identity), (abs_, identity), (hard_tanh, relu)])),
        bias=not flat,
        output_weights=r.choice([[1], [-1]]),
        output_bias=r.choice([F(-1), F(1, 2), 0]),
    )
    inputs = [[F(r.randint(-6, 6), 4) for _ in range(2 if flat else 1)] for _ in range(9)]
    inputs[1] = inputs[0]
    return zero_one(
        network,
        inputs,
        [r.choice([-1, 1]) for _ in inputs],
        r.choice([(-1, 1), (F(-1, 2), F(2))]),
    )


def trees(document: Document) -> list[Document]:
    """The steps that split."""
    return [s for proof in document["proofs"] for s in proof["steps"] if "tree" in s]


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize("seed", range(20))
def test_proofs_that_split_agree_with_brute_force(seed: int) -> None:
    dual = pieceproof.analyze(noise(seed))
    assert dual.report.accepted, dual.report
    for alpha in [*general_points(dual), F(30_011, 100_003)]:
        assert dual(alpha) == fewest_errors(dual.problem, alpha), alpha


@pytest.mark.usefixtures("_hasty")
def test_many_of_them_do_split() -> None:
    assert sum(bool(trees(pieceproof.analyze(noise(seed)).document)) for seed in range(6)) > 3


def half_lines(inputs: Sequence[Fraction], labels: Sequence[int]) -> int:
    """The fewest errors of a half-line, in either direction."""
    cuts = [min(inputs) - 1, *(x + F(1, 1000) for x in inputs)]
    return min(
        sum((side * (x - cut) > 0) != (y > 0) for x, y in zip(inputs, labels, strict=True))
        for cut in cuts
        for side in (1, -1)
    )


@pytest.mark.parametrize(("seed", "errors"), [(0, 11), (1, 14)])
def test_forty_random_labels(seed: int, errors: int) -> None:
    """α·relu + (1−α)·identity is increasing for α < 1: positive scores are on a half-line."""
    r = random.Random(seed)
    inputs = [F(r.randint(-32, 32), 8) for _ in range(40)]
    labels = [r.choice([-1, 1]) for _ in inputs]
    network = FeedForward([1], Interpolated(relu, identity), output_bias=F(-1, 2))
    problem = zero_one(network, [[x] for x in inputs], labels, (-50, 50), (0, F(9, 10)))
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    assert [piece.value(0) for piece in dual.pieces] == [errors] == [half_lines(inputs, labels)]
    assert trees(dual.document)


# -- the checker -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def document() -> Document:
    """A document all of whose proofs may split."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("geometry.sample_search.LIMIT", 1)
        patch.setattr("geometry.margins.LIMIT", 1)
        found: Document = pieceproof.analyze(noise(4)).document
    assert len(trees(found)) > 3
    return found


def test_no_node_and_no_leaf_can_be_left_out(document: Document) -> None:
    assert verify(document).accepted
    for number, step in enumerate(trees(document)[:2]):
        for place, node in enumerate(step["tree"]):
            assert is_refused(document, lambda d, n=number, p=place: trees(d)[n]["tree"].pop(p))
            for entry in range(len(node) if isinstance(node, list) else 0):
                assert is_refused(
                    document, lambda d, n=number, p=place, e=entry: trees(d)[n]["tree"][p].pop(e)
                )


def test_what_more_there_is_in_a_tree_is_is_refused(document: Document) -> None:
    for extra in ([], [0], "e1"):
        assert is_refused(document, lambda d, x=extra: trees(d)[0]["tree"].append(x))
    for wrong in ("e0", "e99", "1", "-e1", "w1_x1:upper", "", 3, None, [-1], [10**6], ["e1"]):
        assert is_refused(document, lambda d, x=wrong: trees(d)[0]["tree"].__setitem__(0, x))


def test_branches_that_are_exchanged_are_is_refused(document: Document) -> None:
    """Right and wrong at the last split, whose branches are leaves."""
    exchanged = 0
    for number, step in enumerate(trees(document)):
        tree = step["tree"]
        place = max(i for i, node in enumerate(tree) if isinstance(node, str))
        if tree[place + 1] == tree[place + 2]:
            continue

        def exchange(changed: Document, n: int = number, p: int = place) -> None:
            own = trees(changed)[n]["tree"]
            own[p + 1], own[p + 2] = own[p + 2], own[p + 1]

        exchanged += is_refused(document, exchange)
    assert exchanged > 0


def test_a_negated_row_is_another_row(document: Document) -> None:
    def sign(changed: Document, step: int, circuit: int, row: int) -> None:
        name = trees(changed)[step]["circuits"][circuit][row]
        trees(changed)[step]["circuits"][circuit][row] = name[1:] if name[0] == "-" else f"-{name}"

    tried = 0
    for number, step in enumerate(trees(document)[:2]):
        for place, circuit in enumerate(step["circuits"]):
            for row in range(len(circuit)):
                tried += 1
                assert is_refused(document, lambda d, a=number, b=place, c=row: sign(d, a, b, c))
    assert tried > 10


def test_a_split_at_an_example_twice_is_is_refused(document: Document) -> None:
    def twice(changed: Document) -> None:
        tree = trees(changed)[0]["tree"]
        tree[1:1] = [tree[0], []]

    assert is_refused(document, twice)


# -- a score that is zero throughout -----------------------------------------------------


def silent() -> Problem:
    """x = 0 without bias has the score 0, an error; those of x = 1 and x = 2 have one sign."""
    network = FeedForward([1], Interpolated(relu, identity), bias=False)
    return zero_one(network, [[0], [1], [2], [0]], [1, 1, -1, -1], (-1, 1), (0, F(1, 2)))


@pytest.mark.usefixtures("_hasty")
def test_a_score_of_zero_is_no_split() -> None:
    dual = pieceproof.analyze(silent())
    assert dual.report.accepted, dual.report
    assert [piece.value(0) for piece in dual.pieces] == [3]
    assert dual(F(1, 3)) == fewest_errors_by_signs()


def fewest_errors_by_signs() -> int:
    """Both signs of w: one of x = 1 and x = 2 is wrong, and both zeros are."""
    return min(2 + sum((w * x > 0) != (y > 0) for x, y in ((1, 1), (2, -1))) for w in (1, -1))


def test_a_split_at_a_score_of_zero_would_prove_anything() -> None:
    document = pieceproof.analyze(silent()).document

    def four(changed: Document) -> None:
        changed["pieces"][0]["errors"] = 4
        changed["pieces"][0]["value"]["numerator"] = ["4"]
        for proof in changed["proofs"]:
            for step in proof["steps"]:
                step["circuits"] = [["e1"], ["-e1"]]
                step["tree"] = ["e1", [0], [1]]

    changed = copy.deepcopy(document)
    four(changed)
    changed["digest"] = digest({k: v for k, v in changed.items() if k != "digest"})
    with pytest.raises(CertificateError, match="an example with a score"):
        verify(changed)
