"""Attacks on certificates. The attacker recomputes the digests; the mathematics must object."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

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
from piecewise import FeedForward, Interpolated, Problem, identity, relu

CARS = Path(__file__).parent.parent / "examples" / "cars.toml"
TWO_UNITS = Problem(
    FeedForward([2], Interpolated(relu, identity), output_weights=[2, -1], output_bias="trainable"),
    inputs=[[1], [2], [4]],
    targets=[2, 0, 3],
    box=(-10, 10),
)
Document = dict[str, Any]


@pytest.fixture(scope="module")
def cars():
    return copied(analyze(CARS).document)


@pytest.fixture(scope="module")
def two_units():
    return copied(analyze(TWO_UNITS).document)


def objections(document: Document) -> tuple[str, ...]:
    """Why the checker does not accept a document; empty if it does."""
    try:
        return verify(document).reasons
    except CertificateError as refusal:
        return (str(refusal),)


def check_mutations(document: Document, paths: list[tuple[str | int, ...]], random: Random) -> None:
    """One digit of each number is changed: found by the digest, and without it by its meaning."""
    for path in paths:
        value = at(document, path)
        changed = replaced(document, path, with_another_digit(value, random.randrange(10**6)))
        if path[-1] not in ("digest", "input_digest"):
            changed = sealed(changed)
        if not objections(changed):
            assert ONLY_DIGEST.fullmatch(dotted(path)), f"{path}: {value} → {at(changed, path)}"


@pytest.mark.parametrize("name", ["cars", "two_units"])
def test_a_changed_digit_is_found_even_with_new_digests(name, request):
    document = request.getfixturevalue(name)
    random = Random(name)
    check_mutations(document, random.sample(numbers(document), 15), random)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cars", "two_units"])
def test_every_number_is_walked_over(name, request):
    document = request.getfixturevalue(name)
    check_mutations(document, numbers(document), Random(name))


def test_every_number_is_under_the_digest(two_units):
    assert verify(two_units).accepted
    random = Random(1)
    for path in random.sample(numbers(two_units), 10):
        value = at(two_units, path)
        changed = replaced(two_units, path, with_another_digit(value, random.randrange(10**6)))
        assert objections(changed), path


SUMMARY = ("counts", "ends", "minimum", "extrema", "breakpoints")


def test_every_number_of_the_summary_is_checked(two_units):
    """Counts, values, positions and decimals: all but the isolating intervals are unique."""
    random = Random(2)
    paths = [p for p in numbers(two_units) if p[0] in SUMMARY and "interval" not in p]
    for path in random.sample(paths, 25):
        value = at(two_units, path)
        changed = replaced(two_units, path, with_another_digit(value, random.randrange(10**6)))
        assert objections(sealed(changed)), path


Attack = Callable[[Document], object]


def _swap(entries: list[Any], left: int, right: int) -> None:
    entries[left], entries[right] = entries[right], entries[left]


def _cells(document: Document) -> list[Any]:
    return document["cells"]["arrangements"][0]["cells"]


def _longest_proof(document: Document) -> list[Any]:
    return max((proof["steps"] for proof in document["proofs"]), key=len)


def _merge_steps(document: Document) -> None:
    """One active set is used beyond the root where its proof ends."""
    steps = _longest_proof(document)
    steps[0]["interval"][1] = steps[1]["interval"][1]
    del steps[1]


def _merge_pieces(document: Document) -> None:
    pieces = document["pieces"]
    pieces[0]["interval"][1] = pieces[1]["interval"][1]
    pieces[0]["parts"][-1]["interval"][1] = pieces[1]["interval"][1]
    del pieces[1], document["breakpoints"][0]
    document["counts"]["pieces"] -= 1
    document["counts"]["breakpoints"] -= 1


def _split_piece(document: Document) -> None:
    pieces = document["pieces"]
    right = deepcopy(pieces[-1])
    alpha = right["sample"]["alpha"]
    pieces[-1]["interval"][1] = right["interval"][0] = alpha
    pieces[-1]["parts"][-1]["interval"][1] = right["parts"][-1]["interval"][0] = alpha
    pieces.append(right)


def _steal_minimiser(document: Document) -> None:
    left, right = document["pieces"][:2]
    left["parts"][0]["minimiser"] = deepcopy(right["parts"][0]["minimiser"])


def _lower_a_value(document: Document) -> None:
    """A piece with a value that no parameter attains."""
    value = document["pieces"][0]["value"]
    value["numerator"] = [
        str(int(n) - int(d)) for n, d in zip(value["numerator"], value["denominator"], strict=False)
    ] + value["numerator"][len(value["denominator"]) :]


def _raise_a_value(document: Document) -> None:
    """Another cell's stationary value, above ℓ*, in place of the first piece."""
    document["pieces"][0] = deepcopy(document["pieces"][0])
    document["pieces"][0]["cell"] = [(document["pieces"][0]["cell"][0] + 1) % 38]


ATTACKS: dict[str, tuple[Attack, str]] = {
    "a cell is missing": (lambda d: _cells(d).pop(), "incomplete"),
    "a cell is missing with its proof": (
        lambda d: (_cells(d).pop(), d["proofs"].pop(), d["counts"].update(cells=37, cases=37)),
        "incomplete",
    ),
    "a cell is listed twice": (lambda d: _cells(d).append(_cells(d)[3]), "same cell as number 3"),
    "a witness of another cell": (
        lambda d: _cells(d)[0].update(witness=_cells(d)[1]["witness"]),
        "same cell as number 0",
    ),
    "cells are swapped": (lambda d: _swap(_cells(d), 0, 20), "pieces|proofs"),
    "no cells": (lambda d: d["cells"].update(arrangements=[]), "one arrangement"),
    "a proof is missing": (lambda d: d["proofs"].pop(5), "37 joint cells up to symmetry, not 38"),
    "a proof is repeated": (lambda d: d["proofs"].append(d["proofs"][5]), "repeats number 5"),
    "a proof for another cell": (
        lambda d: d["proofs"][5].update(cell=d["proofs"][6]["cell"]),
        "repeats",
    ),
    "a proof without steps": (lambda d: d["proofs"][0].update(steps=[]), "before A does"),
    "a step is skipped": (lambda d: _longest_proof(d).pop(1), "skip|before A does"),
    "the first step is skipped": (lambda d: _longest_proof(d).pop(0), "skip part of A"),
    "steps are permuted": (lambda d: _longest_proof(d).reverse(), "skip part of A"),
    "a step is widened across a root": (_merge_steps, "multiplier|below"),
    "a step is reversed": (
        lambda d: d["proofs"][0]["steps"][0]["interval"].reverse(),
        "reversed or leaves A",
    ),
    "a step leaves A": (
        lambda d: d["proofs"][0]["steps"][0]["interval"].__setitem__(0, "-1"),
        "reversed or leaves A",
    ),
    "an active set is dependent": (
        lambda d: d["proofs"][0]["steps"][0].update(active=["b1:lower", "b1:upper"]),
        "dependent",
    ),
    "an active set is replaced": (
        lambda d: d["proofs"][0]["steps"][0].update(active=["w1_speed:lower", "b1:upper"]),
        "multiplier",
    ),
    "a label of nothing": (
        lambda d: d["proofs"][0]["steps"][0].update(active=["u1:e51:k1"]),
        "label",
    ),
    "pieces are permuted": (lambda d: _swap(d["pieces"], 2, 3), "pieces"),
    "a piece is missing": (lambda d: d["pieces"].pop(4), "does not start where piece 3 ends"),
    "an extra piece": (lambda d: d["pieces"].append(d["pieces"][-1]), "does not start where"),
    "a piece is split": (_split_piece, "same function"),
    "pieces are merged": (_merge_pieces, "differs|not the objective|leaves|below"),
    "no pieces": (lambda d: d.update(pieces=[]), "there are no pieces"),
    "a minimiser is stolen": (_steal_minimiser, "not the objective at the minimiser"),
    "a value is lowered": (_lower_a_value, "differs from piece 0|not the objective"),
    "a piece has another cell": (_raise_a_value, "cell and active_set are not those"),
    "a part has another cell": (
        lambda d: d["pieces"][0]["parts"][0].update(cell=[37 - d["pieces"][0]["cell"][0]]),
        r"pieces\[0\].parts\[0\]",
    ),
    "no parts": (lambda d: d["pieces"][0].update(parts=[]), "at least one part"),
    "parts that do not reach": (
        lambda d: d["pieces"][0]["parts"][0]["interval"].__setitem__(1, "1/20"),
        "do not divide",
    ),
    "a smooth breakpoint is called a kink": (
        lambda d: d["breakpoints"][0].update(kind="kink"),
        "is a smooth",
    ),
    "a kink is called a jump": (lambda d: d["breakpoints"][-1].update(kind="jump"), "is a kink"),
    "a breakpoint is missing": (lambda d: d["breakpoints"].pop(), "9 listed between 11 pieces"),
    "breakpoints are permuted": (lambda d: _swap(d["breakpoints"], 0, 1), "meet at"),
    "a minimum is missing": (lambda d: d["extrema"]["minima"].pop(), "0 listed, ℓ\\* has 1"),
    "an extra maximum": (
        lambda d: d["extrema"]["maxima"].append(d["extrema"]["maxima"][0]),
        "3 listed, ℓ\\* has 2",
    ),
    "minima and maxima are exchanged": (
        lambda d: d["extrema"].update(minima=d["extrema"]["maxima"], maxima=d["extrema"]["minima"]),
        "listed",
    ),
    "another minimiser": (
        lambda d: d["minimum"]["alpha"].__setitem__(0, d["breakpoints"][0]["alpha"]),
        "extremum at",
    ),
    "no minimiser": (lambda d: d["minimum"]["alpha"].pop(), "0 listed"),
    "an interval of minimisers": (
        lambda d: d["minimum"]["intervals"].append(["0", "1"]),
        "1 listed, ℓ\\* has 0",
    ),
    "ends are exchanged": (
        lambda d: d.update(ends={"lower": d["ends"]["upper"], "upper": d["ends"]["lower"]}),
        "not the lower end",
    ),
    "a target is changed": (
        lambda d: d["problem"]["data"]["targets"].__setitem__(0, "3"),
        "not the objective",
    ),
    "an example is left out": (
        lambda d: (d["problem"]["data"]["inputs"].pop(), d["problem"]["data"]["targets"].pop()),
        "cells|objective",
    ),
    "mean is called sum": (
        lambda d: d["problem"]["loss"].update(reduction="sum"),
        "not the objective",
    ),
    "weight decay appears": (
        lambda d: d["problem"]["loss"].update(weight_decay="1/1000000"),
        "not the objective|below",
    ),
    "the box binds": (
        lambda d: d["problem"]["parameters"][1].update(upper="3"),
        "box",
    ),
    "units are exchangeable with nobody": (
        lambda d: d.update(exchangeable=[]),
        "exchangeable units are",
    ),
    "the exact bound is larger": (
        lambda d: d["bounds"][0].update(oscillations=3),
        "the exact number is 2",
    ),
    "a bound is too small": (
        lambda d: d["bounds"][1].update(oscillations=1),
        "below the exact 2",
    ),
    "a pseudo-dimension is too small": (
        lambda d: d["bounds"][0].update(pseudo_dimension=1),
        "Lemma 1 gives 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_on_the_cars_certificate(cars, name):
    attack, reason = ATTACKS[name]
    document = copied(cars)
    attack(document)
    found = objections(sealed(document))
    assert found, "accepted"
    assert re.search(reason, found[0]), found[0]


@pytest.mark.parametrize("count", ["cells", "cases", "strata", "pieces", "breakpoints", "kinks"])
@pytest.mark.parametrize("step", [1, -1])
def test_every_count_is_checked(cars, count, step):
    found = objections(sealed(replaced(cars, ("counts", count), cars["counts"][count] + step)))
    assert found[0].startswith(f"counts.{count}: stated")


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (lambda d: d["proofs"][0]["cell"].reverse(), "repeats|not the sorted"),
        (lambda d: d["proofs"][0].update(signs=[1, 1]), "no signs"),
        (lambda d: d["proofs"][0].update(cell=[0]), "2 cell numbers"),
        (lambda d: d["problem"]["model"].update(output_weights=["-1", "1"]), "objective|leaves"),
        (lambda d: d["problem"]["model"].update(output_weights=["1", "1"]), "exchangeable"),
        (lambda d: d["problem"]["model"].update(output_weights="signs"), "exchangeable"),
        (lambda d: d.update(exchangeable=[[1, 2]]), "exchangeable units are"),
        (lambda d: d["cells"]["arrangements"][0].update(units=[1]), "one arrangement for each"),
    ],
)
def test_attacks_on_a_certificate_of_two_units(two_units, attack, reason):
    document = copied(two_units)
    document["proofs"].sort(key=lambda proof: proof["cell"] != [0, 1])
    attack(document)
    found = objections(sealed(document))
    assert found, "accepted"
    assert re.search(reason, found[0]), found[0]
