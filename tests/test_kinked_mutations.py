"""Attacks on certificates of kinked duals and validation losses; the attacker renews digests."""

from __future__ import annotations

import re
from random import Random

import pytest
from certificates import (
    ONLY_DIGEST,
    at,
    copied,
    dotted,
    numbers,
    replaced,
    sealed,
    with_another_digit,
)

from pieceproof import analyze
from pieceproof.verify import CertificateError, verify
from piecewise import (
    Examples,
    FeedForward,
    Interpolated,
    Linear,
    Penalty,
    Problem,
    identity,
    relu,
)

ROWS, TARGETS = [[1, 2], [3, -1], [-2, 1], [2, 2], [0, -3]], [1, 4, -2, 3, 1]
LINE, HEIGHTS = [[1], [2], [4], [-1]], [3, 0, 2, 1]
PROBLEMS = {
    "lasso": Problem(
        Linear(bias=True), inputs=ROWS, targets=TARGETS, interval=(0, 4), penalty=Penalty.of("l1")
    ),
    "absolute loss": Problem(
        FeedForward([1], Interpolated(relu, identity)),
        inputs=LINE,
        targets=HEIGHTS,
        loss="absolute",
        box=(-9, 9),
    ),
    "validation with several fits": Problem(
        Linear(),
        inputs=[[1, 1], [2, 2], [-1, -1]],
        targets=[2, 3, -1],
        interval=(0, 8),
        loss="absolute",
        penalty=Penalty.of("l1"),
        reduction="sum",
        validation=Examples([[1, 0], [0, 1]], [1, 0]),
    ),
    "validation with a jump": Problem(
        FeedForward([1], Interpolated(relu, identity), output_bias=2),
        inputs=[[-5], [-4], [-4], [0], [-3]],
        targets=[6, 0, 0, 5, -1],
        interval=(0, "19/20"),
        box=(-99, 99),
        validation=Examples([[-4], [-2]], [3, 3]),
    ),
    "validation of a network with several fits": Problem(
        FeedForward([1], Interpolated(relu, identity)),
        inputs=[[1], [1]],
        targets=[2, 3],
        box=(-4, 4),
        validation=Examples([[-1], [2]], [1, 3]),
    ),
}
ALSO_ALLOWED = re.compile(
    r"""
      (training\.)?(proofs\.\*\.steps\..*|pieces\.\*\.sample\..*)   # proofs, samples
    | (training|refined)\.cells\..*\.witness.*
    | refined\.proofs\.\*\.steps\..*
    | (training|several)\..*\.interval\.[01*](\.interval.*)?
    | (best|several|pieces)\..*\.(active|optimistic)\.\*           # as good a proof
    | pieces\.\*\.parts\.\*\.cell\.\*      # a neighbour that shares the minimiser
    | problem\.model\..*\.name
    """,
    re.VERBOSE,
)


@pytest.fixture(scope="module", params=PROBLEMS)
def certificate(request):
    dual = analyze(PROBLEMS[request.param])
    assert dual.report.accepted, dual.report
    return request.param, copied(dual.document)


def objections(document) -> tuple[str, ...]:
    """Why the checker does not accept a document; empty if it does."""
    try:
        return verify(document).reasons
    except CertificateError as refusal:
        return (str(refusal),)


def test_a_changed_digit_is_found_even_with_new_digests(certificate) -> None:
    name, document = certificate
    random = Random(name)
    paths = numbers(document)
    for path in random.sample(paths, 25):
        value = at(document, path)
        changed = sealed(
            replaced(document, path, with_another_digit(value, random.randrange(10**6)))
        )
        if not objections(changed):
            allowed = ONLY_DIGEST.fullmatch(dotted(path)) or ALSO_ALLOWED.fullmatch(dotted(path))
            assert allowed, f"{path}: {value} → {at(changed, path)}"


@pytest.mark.slow
def test_every_number_is_walked_over(certificate) -> None:
    name, document = certificate
    random = Random(name)
    for path in numbers(document):
        value = at(document, path)
        changed = sealed(
            replaced(document, path, with_another_digit(value, random.randrange(10**6)))
        )
        if not objections(changed):
            allowed = ONLY_DIGEST.fullmatch(dotted(path)) or ALSO_ALLOWED.fullmatch(dotted(path))
            assert allowed, f"{path}: {value} → {at(changed, path)}"


@pytest.mark.parametrize("name", ["lasso", "absolute loss"])
def test_a_kink_with_another_sign_is_no_minimiser(name: str) -> None:
    """In every part the signs of the kinks are those along the stated minimiser."""
    document = copied(analyze(PROBLEMS[name]).document)
    swap = {"positive": "negative", "negative": "positive", "zero": "positive"}
    for index, piece in enumerate(document["pieces"]):
        for place, label in enumerate(piece["parts"][0]["active"]):
            kink, _, relation = label.rpartition(":")
            if relation not in swap:
                continue
            path = ("pieces", index, "parts", 0, "active", place)
            assert objections(sealed(replaced(document, path, f"{kink}:{swap[relation]}")))


def test_a_kink_needs_one_relation() -> None:
    document = copied(analyze(PROBLEMS["lasso"]).document)
    active = document["proofs"][0]["steps"][0]["active"]
    path = ("proofs", 0, "steps", 0, "active")
    assert "has no relation" in objections(sealed(replaced(document, path, active[1:])))[0]
    twice = [active[0], active[0], *active[1:]]
    assert "named twice" in objections(sealed(replaced(document, path, twice)))[0]


def test_a_certificate_without_its_best_minimisers_is_refused() -> None:
    document = copied(analyze(PROBLEMS["validation with several fits"]).document)
    assert document["best"]
    for index in range(len(document["best"])):
        rest = [entry for number, entry in enumerate(document["best"]) if number != index]
        reasons = objections(sealed(replaced(document, ("best",), rest)))
        assert "several minimisers" in " ".join(reasons)


def test_the_validation_examples_belong_to_the_problem() -> None:
    document = copied(analyze(PROBLEMS["validation with a jump"]).document)
    assert document["counts"]["discontinuities"] > 0
    document["method"] = "convex-cells"
    assert objections(sealed(document))
    document = copied(analyze(PROBLEMS["lasso"]).document)
    document["method"] = "validation"
    assert objections(sealed(document))


def test_the_parts_of_a_held_out_loss_name_the_signs_of_the_weights() -> None:
    problem = Problem(
        Linear(),
        inputs=[[1, 0], [0, 1], [1, 2], [-1, 1]],
        targets=[2, 1, 3, 0],
        interval=("1/10", 2),
        penalty=Penalty.of("l1"),
        validation=Examples([[1, 1], [2, -1]], [1, 2]),
    )
    document = copied(analyze(problem).document)
    part = document["pieces"][0]["parts"][0]
    first, *others = part["active"]
    assert first == "w_x1:positive"
    for label in ("w_x1:negative", "w_x2:positive", "w_x7:positive"):
        part["active"] = [label, *others]
        assert objections(sealed(document)), label
