"""The learning curve on distributions whose deviations are known in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import log, sqrt
from random import Random

import numpy as np
import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import problems

from bounds import BoundsError, massart
from bounds.dual_rows import dual_table
from bounds.grid_tables import grid_table
from bounds.learning_curve import deviation_quantiles, expectation, learning_curve
from bounds.rademacher import empirical_complexity
from geometry.algebraic import RealAlgebraic, roots_of
from geometry.arcs import arcs_of
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.search import exact_dual
from piecewise import Problem
from piecewise.objective import ConvexObjective


@dataclass(frozen=True)
class Planted:
    """A dual function with planted polynomial pieces."""

    arcs: tuple


def planted(*pieces):
    return Planted(
        tuple(
            arcs_of(
                [
                    (
                        Interval.rational(fmpq(lower), fmpq(upper)),
                        RationalFunction.reduced(fmpz_poly(list(numerator)), fmpz_poly([1])),
                    )
                    for lower, upper, numerator in pieces
                ]
            )
        )
    )


RISING = planted((0, 4, [0, 1]))
FALLING = planted((0, 4, [4, -1]))
PARABOLA = planted((0, 4, [-2, 0, 1]))
STEPS = planted((0, 1, [0]), (1, 3, [1]), (3, 4, [0]))


@pytest.mark.parametrize("seed", range(4))
def test_two_lines(seed):
    """α and 4 − α: the expectation is 2, and k of m draws of the first deviate by 2|2k/m − 1|."""
    sizes = [1, 2, 3, 10]
    curve = learning_curve([RISING, FALLING], [1, 1], sizes, seed=seed)
    random = Random(seed)
    drawn = [random.randrange(2) for _ in range(10)]
    assert abs(float(curve.value_range) - 4) < 1e-9
    for step in curve.steps:
        k = drawn[: step.size].count(0)
        exact = 2 * abs(Fraction(2 * k, step.size) - 1)
        assert step.deviation.lower <= exact <= step.deviation.upper
        assert step.deviation.width < Fraction(1, 10**9)
        assert step.expected.lower <= 2 <= step.expected.upper
        # the sample mean is least at an end: 4·min(k, m−k)/m
        least = 4 * Fraction(min(k, step.size - k), step.size)
        assert step.minimum.value.lower <= least <= step.minimum.value.upper
        assert step.gap.lower <= 2 - least <= step.gap.upper
        assert step.from_sample >= exact
        m = step.size
        known = 8 * sqrt(2 * log(m + 1) / m) + 4 * sqrt(log(40) / (2 * m))
        assert float(curve.bound(m)) == pytest.approx(known, rel=1e-9)
    assert curve.bound(5, 7) > curve.bound(5) > curve.bound(6)


def test_expectation_at_an_irrational_place():
    (root,) = roots_of(fmpz_poly([-2, 0, 1]), fmpq(0), fmpq(4))
    value = expectation([PARABOLA, RISING, STEPS], root)
    assert value.lower <= Fraction(sqrt(2) + 1) / 3 + Fraction(1, 10**9)
    assert abs(float(value) - (sqrt(2) + 1) / 3) < 1e-9
    # at a jump the smaller value counts
    assert float(expectation([STEPS], RealAlgebraic.rational(fmpq(1)))) == 0


def test_quantiles_of_two_lines():
    """m = 1: the deviation is always 2. m = 2: 2 or 0, each with probability one half."""
    found = deviation_quantiles([RISING, FALLING], [1, 2], delta=0.25, draws=400)
    assert found[0].tolist() == [2, 2]
    assert found[1, 1] == 2
    assert found.shape == (2, 2)
    again = deviation_quantiles([RISING, FALLING], [1, 2], delta=0.25, draws=400)
    assert np.array_equal(found, again)


@pytest.mark.parametrize("parts", [1, 3, 16, 64])
def test_grid_tables_enclose_the_complexity(parts):
    duals = [PARABOLA, STEPS, FALLING]
    coarse = empirical_complexity(grid_table(duals, parts))
    fine = empirical_complexity(dual_table(duals, "1/200"))
    assert coarse.lower <= fine.upper
    assert fine.lower <= coarse.upper
    if parts == 64:
        assert coarse.upper - coarse.lower < 1


def test_grid_table_by_hand():
    table = grid_table([STEPS, RISING], 2)
    unit = table.scale
    assert table.attained == (True, True, True, False, False)
    assert [tuple(v / unit for v in row) for row in table.lower] == [
        (0, 0), (1, 2), (0, 4), (0, 0), (0, 2),
    ]  # fmt: skip
    assert [tuple(v / unit for v in row) for row in table.upper] == [
        (0, 0), (1, 2), (0, 4), (1, 2), (1, 4),
    ]  # fmt: skip


@settings(max_examples=6, deadline=None)
@given(st.lists(problems(examples=(3, 4)), min_size=2, max_size=4))
def test_lemma_4_is_above_the_exact_complexity(tasks):
    """R_S of exact duals, enclosed, against H·√(2 ln(mB+1)/m) with their own H and B."""
    duals = [exact_dual(ConvexObjective(on_unit_interval(task))) for task in tasks]
    m, b = len(duals), max(dual.oscillations() for dual in duals)
    values = [dual(Fraction(k, 64)) for dual in duals for k in range(65)]
    table = grid_table(duals, 64)
    spread = Fraction(
        max(v for row in table.upper for v in row) - min(v for row in table.lower for v in row),
        table.scale,
    )
    assert max(values) - min(values) <= spread
    exact = empirical_complexity(table)
    if spread:
        assert exact.lower <= massart(m * b + 1, m, spread)
        assert exact.upper <= massart(m * b + 1, m, spread) + spread / 8


def on_unit_interval(problem):
    return Problem(
        problem.model,
        inputs=problem.inputs,
        targets=problem.targets,
        interval=(0, 1),
        box={p.name: (p.lower, p.upper) for p in problem.parameters},
        weight_decay=problem.weight_decay,
        reduction=problem.reduction,
    )


@settings(max_examples=5, deadline=None)
@given(problems(examples=(3, 4)), st.integers(1, 9))
def test_columns_hold_the_values_of_exact_duals(problem, parts):
    dual = exact_dual(ConvexObjective(on_unit_interval(problem)))
    table = grid_table([dual], parts)
    for k in range(parts + 1):
        value = dual(Fraction(k, parts)) * table.scale
        assert table.lower[k][0] <= value <= table.upper[k][0]
    for k in range(parts):
        for j in range(5):
            value = dual(Fraction(5 * k + j, 5 * parts)) * table.scale
            row = parts + 1 + k
            assert table.lower[row][0] <= value <= table.upper[row][0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: learning_curve([], [], [1]), "0 duals"),
        (lambda: learning_curve([planted((0, 4, [3]))], [0], [1]), "all are one constant"),
        (lambda: learning_curve([RISING], [1], []), "sizes: give at least one"),
        (lambda: learning_curve([RISING], [1], [2, 2]), "sizes: 2 does not exceed 2"),
        (lambda: learning_curve([RISING], [1], [0]), "sizes: 0 is too small"),
        (lambda: learning_curve([RISING], [1], [1], delta=1), "delta: 1"),
        (lambda: grid_table([], 2), "at least one instance"),
        (lambda: grid_table([RISING], 0), "parts: 0 is too small"),
    ],
)
def test_bad_arguments_give_one_line(call, words):
    with pytest.raises(BoundsError, match=words):
        call()
