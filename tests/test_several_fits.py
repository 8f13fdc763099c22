"""Validation loss of networks with several best fits: the best of them, against brute force."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from certificates import copied as copied_document
from certificates import replaced, sealed
from oracle_fits import best_fit

from geometry.best_fits import BestFits, Contribution
from geometry.refinement import RefinedKey
from geometry.validation import CHUNK
from pieceproof import analyze
from pieceproof.verify import CertificateError, verify
from piecewise import (
    Examples,
    FeedForward,
    Interpolated,
    Penalty,
    Problem,
    abs_,
    hard_tanh,
    identity,
    leaky_relu,
    relu,
)
from piecewise.problems import copied

MIXED = Interpolated(relu, identity)
ACTIVATIONS = (
    MIXED,
    Interpolated(relu, relu),
    Interpolated(relu, abs_),
    Interpolated(hard_tanh, relu),
    Interpolated(abs_, leaky_relu("1/3")),
)
INSTANCES = 24


def degenerate(seed: int, loss: str) -> Problem:
    """Few, repeated or collinear examples: most instances have several best fits."""
    random = Random(seed)

    def number() -> Fraction:
        return Fraction(random.randint(-4, 4), random.choice((1, 1, 2)))

    units = random.choice((1, 1, 2))
    bias = units == 1 and random.random() < 0.5
    width = 1 if bias or units == 2 or loss == "absolute" else random.choice((1, 2))
    rows = [[number() for _ in range(width)] for _ in range(random.choice((1, 2, 3)))]
    kind = random.choice(("general", "repeated", "collinear"))
    if kind != "general":
        factors = [1 if kind == "repeated" else Fraction(i + 1, 2) for i in range(len(rows))]
        rows = [[factor * c for c in rows[0]] for factor in factors]
    penalty = random.choice((None, None, Penalty.of("l2"), Penalty.of("l1")))
    model = FeedForward(
        [units],
        random.choice(ACTIVATIONS),
        bias=bias,
        output_weights=random.choice(([1] * units, [2, -1][:units], "signs")),
        output_bias=random.choice((0, 1) if units == 2 or bias else (0, 1, "trainable")),
    )
    held_out = [[number() for _ in range(width)] for _ in range(1 + (units == 1))]
    return Problem(
        model,
        inputs=rows,
        targets=[number() for _ in rows],
        interval=(0, 1) if penalty is None else (0, random.choice((1, 4))),
        box=random.choice(((-5, 5), (-1, 2), (0, 3))),
        loss=loss,
        penalty=penalty,
        reduction=random.choice(("mean", "sum")),
        validation=Examples(held_out, [number() for _ in held_out]),
    )


def asked(problem: Problem, dual) -> list[Fraction]:
    """Ends of A, a point of some pieces, breakpoints, α with a best fit of their own."""
    alphas = set(problem.interval)
    alphas |= {Fraction(str(piece.interval.sample())) for piece in dual.pieces[:3]}
    numbers = [point.alpha for point in dual.breakpoints[:3]]
    numbers += [best.lower for _, best in dual.best[:3]]
    return sorted(alphas | {n.as_rational() for n in numbers if n.is_rational})


@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_the_best_of_several_fits_agrees_with_brute_force(loss: str) -> None:
    several = 0
    for seed in range(INSTANCES if loss == "squared" else INSTANCES // 3):
        problem = degenerate(seed, loss)
        dual = analyze(problem)
        assert dual.report.accepted, (seed, dual.report)
        several += bool(dual.several)
        for alpha in asked(problem, dual):
            assert dual(alpha) == best_fit(problem, alpha), (seed, alpha)
    assert several >= 3


def one_unit(inputs, targets, validation, **options) -> Problem:
    options.setdefault("box", (-4, 4))
    model = FeedForward([1], options.pop("activation", MIXED), output_bias=options.pop("at", 0))
    return Problem(
        model, inputs=inputs, targets=targets, validation=Examples(*validation), **options
    )


TURNING = Interpolated(abs_, leaky_relu("1/3"))
"""Its slope on the left is (1 − 4α)/3."""

TRAPS = {
    "one example: a line of fits": one_unit([[1]], [2], ([[-1], [2]], [1, 3])),
    "a unit that is dead at α = 1": one_unit([[1], [2]], [-1, -2], ([[3], [-1]], [1, 2])),
    "a unit that is dead everywhere": one_unit(
        [[1], [2]], [-1, -1], ([[0], [4]], [1, 3]), activation=Interpolated(relu, relu)
    ),
    "repeated examples": one_unit([[1], [1], [1]], [0, 1, 5], ([[0], [-2]], [3, 1])),
    "symmetric units": Problem(
        FeedForward([2], MIXED, bias=False),
        inputs=[[1], [2]],
        targets=[2, 3],
        box=(-4, 4),
        validation=Examples([[3], [-1]], [1, 2]),
    ),
    "a held-out example where a training example is": one_unit(
        [[1], [2]], [1, 3], ([[1], [2]], [0, 0])
    ),
    "exact interpolation by all fits": one_unit([[1]], [0], ([[1]], [0])),
    "a slope that vanishes inside A": one_unit(
        [[1]], [-1], ([[2], [-1]], [1, -2]), activation=TURNING
    ),
    "a line of fits that turns onto a wall": Problem(
        FeedForward([2], TURNING, bias=False),
        inputs=[[1]],
        targets=[0],
        box=(-4, 4),
        validation=Examples([[-1], [2]], [3, -2]),
    ),
    "a plane of fits that turns": Problem(
        FeedForward([2], TURNING),
        inputs=[[1]],
        targets=[1],
        box=(-2, 2),
        validation=Examples([[-1]], [-2]),
    ),
    "a wall for an interval": one_unit([[1], [1]], [3, 4], ([[2], [0]], [1, 0]), box=(-1, 1)),
}


UNIQUE = ("a held-out example where a training example is", "a wall for an interval")
"""Those with one fit at all α."""


@pytest.mark.parametrize("name", TRAPS)
def test_traps(name: str) -> None:
    problem = TRAPS[name]
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    assert bool(dual.several or dual.best) == (name not in UNIQUE)
    for alpha in (*asked(problem, dual), Fraction(1, 7), Fraction(1, 4), Fraction(99, 100)):
        assert dual(alpha) == best_fit(problem, alpha), alpha


def test_fits_that_become_several_at_an_irrational_alpha() -> None:
    """A cell with several fits meets min f at an irrational α; they are bounded there too."""
    for seed in (249, 324, 365):
        problem = degenerate(seed, "squared")
        dual = analyze(problem)
        assert dual.report.accepted, (seed, dual.report)
        turns = [best.lower for _, best in dual.best if not best.lower.is_rational]
        assert turns
        near = [end for alpha in turns[:2] for end in alpha.isolating_interval()]
        for alpha in near:
            assert dual(alpha) == best_fit(problem, alpha), (seed, alpha)
        document = copied_document(dual.document)
        for index, entry in enumerate(document["best"]):
            if not isinstance(entry["alpha"], str):
                rest = [each for k, each in enumerate(document["best"]) if k != index]
                assert refusals(replaced(document, ("best",), rest))


def test_two_units_with_signs_and_absolute_loss() -> None:
    """Values by linear programs over all sign patterns (f held at its minimum, then g); rows of
    residuals become dependent at single α."""
    problem = Problem(
        FeedForward([2], Interpolated(relu, abs_), output_weights="signs", output_bias="trainable"),
        inputs=[[1], [1], ["5/2"]],
        targets=[2, 2, -1],
        box=(-3, 3),
        loss="absolute",
        validation=Examples([["1/2"], [-2]], [1, 3]),
    )
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    expected = {
        "3/10": "7/12",
        "1/2": "3/8",
        "3/5": 0,
        "4/5": "19/90",
        "19/20": "6653/15120",
        1: "1/2",
    }
    for alpha, value in expected.items():
        assert dual(Fraction(alpha)) == Fraction(value)


def test_the_rank_drops_at_an_irrational_alpha() -> None:
    """There the fits are a face of greater dimension than beside it, and their best is found."""
    problem = Problem(
        FeedForward([2], TURNING),
        inputs=[[-4], ["3/2"], [-2]],
        targets=["3/2", 4, "-1/2"],
        box=(0, 3),
        reduction="sum",
        validation=Examples([[2]], ["-1/2"]),
    )
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    assert any(not best.lower.is_rational for _, best in dual.best)


def test_a_sample_at_a_root_of_the_minimiser_is_divided_out() -> None:
    """At α = 1, the simplest number of A, a slope vanishes, and with it numerators and denominator
    of a minimiser."""
    problem = Problem(
        FeedForward([2], Interpolated(relu, abs_), output_weights=[2, -1], output_bias=1),
        inputs=[[0]],
        targets=[1],
        interval=(0, 4),
        box=(-5, 5),
        loss="absolute",
        penalty=Penalty.of("l2"),
        validation=Examples([["-3/2"]], [2]),
    )
    assert analyze(problem.training()).report.accepted
    assert analyze(problem).report.accepted


@pytest.fixture(scope="module")
def document():
    dual = analyze(TRAPS["symmetric units"])
    assert dual.report.accepted, dual.report
    return copied_document(dual.document)


def refusals(document) -> str:
    try:
        return " ".join(verify(sealed(document)).reasons)
    except CertificateError as refusal:
        return str(refusal)


def test_every_bound_of_several_fits_is_needed(document) -> None:
    """Without an entry of "several" or "best", or a refined cell, the checker misses fits."""
    for index in range(len(document["several"])):
        rest = [each for k, each in enumerate(document["several"]) if k != index]
        assert "several minimisers" in refusals(replaced(document, ("several",), rest))
    for index in range(0, len(document["best"]), 3):
        rest = [each for k, each in enumerate(document["best"]) if k != index]
        assert "several minimisers" in refusals(replaced(document, ("best",), rest))
    proofs = document["refined"]["proofs"]
    for index in range(len(proofs)):
        rest = [each for k, each in enumerate(proofs) if k != index]
        assert refusals(replaced(document, ("refined", "proofs"), rest))
        twice = [*proofs, proofs[index]]
        assert "listed twice" in refusals(replaced(document, ("refined", "proofs"), twice))


def test_an_alpha_where_a_bound_has_a_pole_needs_an_entry_of_its_own() -> None:
    """At 1/4 the line of fits lies in a wall of the cell, and so is longer than beside it."""
    document = copied_document(analyze(TRAPS["a line of fits that turns onto a wall"]).document)
    found = [k for k, entry in enumerate(document["best"]) if entry["alpha"] == "1/4"]
    assert found
    reasons = [
        refusals(
            replaced(document, ("best",), [e for i, e in enumerate(document["best"]) if i != k])
        )
        for k in found
    ]
    assert all(reasons)
    assert any("may have better minimisers" in reason for reason in reasons)


def test_refined_cells_are_those_of_all_examples(document) -> None:
    """A list of unit cells with a hole, and a refined cell that belongs elsewhere, are refused."""
    path = ("refined", "cells", "arrangements", 0, "cells")
    cells = document["refined"]["cells"]["arrangements"][0]["cells"]
    assert refusals(replaced(document, path, cells[:-1]))
    first = document["refined"]["proofs"][0]
    other = next(p for p in document["refined"]["proofs"] if p["cell"] != first["cell"])
    changed = replaced(document, ("refined", "proofs", 0, "refined"), other["refined"])
    assert "no part of" in refusals(changed)
    none = {"cells": {"arrangements": []}, "proofs": []}
    assert refusals(replaced(document, ("refined",), none))


def test_a_better_fit_cannot_be_hidden(document) -> None:
    """The curve a little higher, with the value of another fit, is below no fit's bound."""
    for number, piece in enumerate(document["pieces"]):
        numerator = [*piece["value"]["numerator"]] or ["0"]
        numerator[0] = str(int(numerator[0]) + 1)
        path = ("pieces", number, "value", "numerator")
        assert refusals(replaced(document, path, numerator))


# -- workers, what is kept ---------------------------------------------------------------


def many_cells() -> Problem:
    """Two units, dead ones among the best fits: cells of the training examples are refined."""
    return Problem(
        FeedForward([2], MIXED, output_weights=[1, -1]),
        inputs=[[-1], [Fraction(1, 2)], [2]],
        targets=[1, -1, Fraction(1, 2)],
        interval=(0, 1),
        box=(-2, 2),
        validation=Examples([[0], [1]], [Fraction(1, 3), -1]),
    )


def stable(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what may differ from run to run."""
    return {key: entry for key, entry in document.items() if key not in ("provenance", "digest")}


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    dual = analyze(many_cells())
    assert dual.report.accepted, dual.report
    assert dual.document["counts"]["refined_cells"] > CHUNK
    return stable(dual.document)


def test_workers_do_not_change_the_document(alone: dict[str, Any]) -> None:
    assert stable(analyze(many_cells(), jobs=2).document) == alone


def test_finished_best_fits_are_kept(
    alone: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is interrupted in the second phase goes on where it was; then all is kept."""
    path, looked = tmp_path / "work.sqlite", []
    original = BestFits.of_refined

    def counted(self: BestFits, key: RefinedKey, most: int) -> Contribution:
        if len(looked) == most:
            raise KeyboardInterrupt
        looked.append(key)
        return original(self, key)

    monkeypatch.setattr(BestFits, "of_refined", lambda self, key: counted(self, key, CHUNK + 2))
    with pytest.raises(KeyboardInterrupt):
        analyze(many_cells(), cache=path)
    looked.clear()
    monkeypatch.setattr(BestFits, "of_refined", lambda self, key: counted(self, key, 10**6))
    assert stable(analyze(many_cells(), cache=path).document) == alone
    assert len(looked) == alone["counts"]["refined_cells"] - CHUNK
    looked.clear()
    assert stable(analyze(many_cells(), cache=path, jobs=2).document) == alone
    assert not looked


def test_what_is_kept_belongs_to_the_held_out_examples(
    alone: dict[str, Any], tmp_path: Path
) -> None:
    """The same training examples, others held out."""
    path = tmp_path / "work.sqlite"
    assert stable(analyze(many_cells(), cache=path).document) == alone
    other = copied(many_cells(), Examples([[0], [1]], [Fraction(1, 2), -1]))
    assert stable(analyze(other, cache=path).document) == stable(analyze(other).document) != alone
