"""Curves on which all examples that reach a unit are fitted, so that ℓ* is constant."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import Any

import pytest

import pieceproof
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.fits import is_fitted
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.reading import Node
from pieceproof.enclosed import EnclosedDual
from pieceproof.problem_document import problem_document
from piecewise import FeedForward, Interpolated, Problem, activations

MIXED = Interpolated(activations.CATALOGUE["relu2"], activations.CATALOGUE["relu"])


def one_unit(
    inputs: Sequence[Sequence[object]], targets: Sequence[object], bias: bool, **other: Any
) -> Problem:
    return Problem(
        FeedForward([1], MIXED, bias=bias),
        inputs=[list(row) for row in inputs],
        targets=targets,
        interval=("1/5", "4/5"),
        box=(-3, 3),
        **other,
    )


SILENT = {
    "bias": one_unit(
        [(1, 0), (0, 1), (1, 1), (-2, -2), (-3, -1)], [1, "6/5", "3/2", "-1/2", "-1/2"], True
    ),
    "two inputs": one_unit([(1, 0), (1, 2), (-2, -1)], [1, "6/5", "-1/2"], False),
}


@pytest.mark.parametrize("name", list(SILENT))
def test_silent_examples_beside_fitted_ones_make_a_constant(name: str) -> None:
    """The unit fits what it reaches; of the others −1/2 is missed by 1/2."""
    problem = SILENT[name]
    dual = pieceproof.analyze(problem)
    assert isinstance(dual, EnclosedDual)
    assert str(dual.verdict) == "proved"
    silent = [y for y in problem.targets if y < 0]
    expected = float(sum(y * y for y in silent) / len(problem.targets))
    found = dual(Fraction(1, 4))
    assert found.lower - 1e-12 <= expected <= found.upper + 1e-12
    assert dual.counts["local_minima"] == 1
    if name == "two inputs":
        assert dual.counts["pieces"] == 1
        assert dual.counts["oscillations"] == 0


def curves(dual: EnclosedDual, problem: Problem) -> list[Any]:
    spaces = Spaces(Node(problem_document(problem), "problem"))
    found = []
    for slab in dual.document["slabs"]:
        read = read_slab(Node(slab, "slab"), spaces)
        if not isinstance(read, Open):
            found += settle(spaces, read, spaces.network.interval).curves
    return found


def test_only_curves_with_equal_values_are_fitted() -> None:
    """Against v′ on random curves: with an example too many, or at a wall, it does not vanish."""
    random = Random(6)
    answers = []
    for _ in range(7):
        n = random.choice((2, 3))
        inputs = [
            (Fraction(random.randint(1, 8), 4), Fraction(random.randint(-8, 8), 4))
            for _ in range(n)
        ]
        targets = [Fraction(random.randint(1, 8), 4) for _ in range(n)]
        problem = one_unit(inputs, targets, False)
        dual = pieceproof.analyze(problem)
        if not isinstance(dual, EnclosedDual):
            continue
        for curve in curves(dual, problem)[:4]:
            if curve.is_zero:
                continue
            rate = float(curve.at(curve.middle).slope.magnitude[0])
            answers.append((is_fitted(curve), rate))
    assert all(rate < 1e-9 for fitted, rate in answers if fitted)
    assert sum(not fitted and rate > 1e-6 for fitted, rate in answers) > 5


def test_with_weight_decay_nothing_is_fitted() -> None:
    problem = one_unit([(1, 0), (1, 2), (-2, -1)], [1, "6/5", "-1/2"], False, weight_decay="1/50")
    dual = pieceproof.analyze(problem)
    assert isinstance(dual, EnclosedDual)
    assert not any(is_fitted(curve) for curve in curves(dual, problem))
    assert dual(Fraction(1, 5)).lower != pytest.approx(dual(Fraction(4, 5)).lower, abs=1e-6)
