"""Every explicit oscillation bound against exact dual losses, family by family.

A family that gets exact duals gets a line in FAMILIES.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import MORE_BREAKPOINTS, numbers, problems, ridges
from test_zero_one import random_problem as random_graph

from bounds import pseudo_dimension, structure_of, summary
from bounds.applicability import architecture_of, facts_of
from bounds.calculator import evaluate_all
from bounds.rows import Sample
from bounds.theorem import Quantity
from geometry.verdicts import Verdict
from pieceproof import analyze
from pieceproof.methods import Options, method_for
from piecewise import FeedForward, Interpolated, Problem, abs_, identity, relu
from piecewise.networks import Linear
from piecewise.penalties import Penalty


@st.composite
def linear_problems(draw, loss="squared", penalty=("l1", "l2", "elastic")):
    """Linear models with a penalty of strength α."""
    width, bias = draw(st.integers(1, 2)), draw(st.booleans())
    kind = draw(st.sampled_from(penalty))
    rows = draw(
        st.lists(
            st.tuples(st.lists(numbers, min_size=width, max_size=width), numbers),
            min_size=2,
            max_size=4,
        )
    )
    return Problem(
        Linear(bias=bias),
        inputs=[x for x, _ in rows],
        targets=[y for _, y in rows],
        interval=draw(st.sampled_from([(0, 1), (0, 5), (Fraction(1, 3), 2)])),
        box=draw(st.sampled_from([(-100, 100), (-1, 2)])),
        loss=loss,
        penalty=Penalty.of(kind, Fraction(1, 2) if kind == "elastic" else None),
    )


@st.composite
def absolute_networks(draw):
    """One unit with the absolute loss."""
    rows = draw(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=4))
    return Problem(
        FeedForward(
            [1],
            Interpolated(*draw(st.permutations([relu, identity, abs_]))[:2]),
            bias=draw(st.booleans()),
        ),
        inputs=[[x] for x, _ in rows],
        targets=[y for _, y in rows],
        box=draw(st.sampled_from([(-100, 100), (-1, 2)])),
        loss="absolute",
    )


FAMILIES = {
    "one unit": problems(examples=(3, 5)),
    "more breakpoints": problems(
        examples=(3, 4), catalogue=MORE_BREAKPOINTS, trainable_offset=True
    ),
    "two units": problems(units=2, examples=(3, 3)),
    "two inputs": problems(inputs=2, bias=False, examples=(3, 5)),
    "ridge": ridges(2, True, (2, 4)),
    "penalties": linear_problems(),
    "penalties, absolute loss": linear_problems(loss="absolute"),
    "absolute loss": absolute_networks(),
    "graphs, zero-one loss": st.integers(0, 500).map(random_graph),
}


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=12, deadline=None)
@given(st.data())
def test_explicit_bounds_are_above_exact_oscillations(name, data):
    check(data.draw(FAMILIES[name]))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_explicit_bounds_are_above_exact_oscillations_on_hundreds(name, data):
    check(data.draw(FAMILIES[name]))


def check(problem):
    """Every entry of the summary and every oscillation theorem that is not known to fail."""
    dual, document = method_for(problem).run(problem, Options())
    structure, exact = structure_of(problem), dual.oscillations()
    counts = dict(document["counts"])
    if problem.has_kinks:  # they divide the cells into more pieces
        counts.pop("cases", None)
    if "cases" in counts:
        assert counts["cases"] <= structure.pieces
    for entry in summary(counts, structure):
        assert entry["oscillations"] is None or entry["oscillations"] >= exact, entry
        assert entry["pseudo_dimension"] >= pseudo_dimension(exact)
    row = architecture_of(problem, Sample())
    checked = 0
    for evaluation in evaluate_all(
        {**row.arguments(), **row.level_counts}, facts_of(problem, counts)
    ):
        theorem = evaluation.theorem
        if theorem.quantity is not Quantity.OSCILLATIONS or evaluation.applies is False:
            continue
        if evaluation.value is not None:
            assert evaluation.value >= exact, theorem.key
            checked += 1
    assert checked >= 2


def test_an_absolute_loss_that_no_parameter_moves():
    """All parameters are dropped from every cell: ℓ* is a constant."""
    problem = Problem(
        FeedForward([1], Interpolated(relu, identity), bias=False),
        inputs=[[0], [0], [0]],
        targets=[0, 1, -3],
        loss="absolute",
    )
    dual = analyze(problem)
    assert dual.verdict is Verdict.PROVED
    assert dual(Fraction(1, 3)) == Fraction(4, 3)
    check(problem)
