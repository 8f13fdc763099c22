"""Threshold patterns, shattering and Rademacher complexity on exact duals."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from math import log, sqrt

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import problems

from bounds import BoundsError, massart
from bounds.dual_rows import dual_table, exact_table
from bounds.patterns import shattering_excluded, threshold_patterns
from bounds.rademacher import empirical_complexity
from bounds.shattering import Shattering, verify_witness, witness_places
from geometry.arcs import arcs_of
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.search import exact_dual
from piecewise.objective import ConvexObjective
from piecewise.problems import Problem


@dataclass(frozen=True)
class Planted:
    """A dual function with planted polynomial pieces."""

    arcs: tuple


def planted(*pieces):
    """From (lower, upper, coefficients) with rational ends."""
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
TENT = planted((0, 2, [0, 1]), (2, 4, [4, -1]))
PARABOLA = planted((0, 4, [-2, 0, 1]))  # crosses 0 at sqrt 2
STEPS = planted((0, 1, [0]), (1, 3, [1]), (3, 4, [0]))


def on_unit_interval(problem):
    """The dual function of the same problem on A = [0, 1]."""
    moved = Problem(
        problem.model,
        inputs=problem.inputs,
        targets=problem.targets,
        interval=(0, 1),
        box={p.name: (p.lower, p.upper) for p in problem.parameters},
        weight_decay=problem.weight_decay,
        reduction=problem.reduction,
    )
    return exact_dual(ConvexObjective(moved))


def names(patterns):
    return {"".join("01"[bit] for bit in pattern) for pattern in patterns.places}


def test_patterns_by_hand():
    assert names(threshold_patterns([RISING], [2])) == {"0", "1"}
    assert names(threshold_patterns([RISING], [5])) == {"0"}
    # both reach 2 only at the point alpha = 2
    both = threshold_patterns([RISING, FALLING], [2, 2])
    assert names(both) == {"01", "10", "11"}
    assert both.places[True, True].as_rational() == 2
    assert not both.shattered
    assert threshold_patterns([RISING, FALLING], [1, 1]).count == 3
    assert threshold_patterns([RISING, FALLING], [3, 2]).count == 3
    assert names(threshold_patterns([RISING, FALLING], [3, 3])) == {"00", "01", "10"}
    # a maximum that only touches the threshold is an isolated pattern
    assert names(threshold_patterns([TENT], [2])) == {"0", "1"}
    # the jump value is the smaller one: at alpha = 1 the first is 1 and the second is 0
    assert names(threshold_patterns([RISING, STEPS], [1, 1])) == {"00", "10", "11"}


def test_patterns_meet_at_an_irrational_point():
    assert names(threshold_patterns([PARABOLA, planted((0, 4, [2, 0, -1]))], [0, 0])) == {
        "01",
        "10",
        "11",
    }


def test_shattered_sample_gives_a_witness():
    first = planted((0, 1, [0]), (1, 2, [1]), (2, 3, [0]), (3, 4, [1]))
    second = planted((0, 2, [0]), (2, 4, [1]))
    sample = threshold_patterns([first, second], ["1/2", "1/2"])
    assert sample.shattered
    assert str(sample) == "4 of 2^2 patterns: shattered"
    alphas = witness_places(sample)
    duals = [lambda a: int(1 < a <= 2 or a > 3), lambda a: int(a > 2)]
    assert verify_witness(duals, ["1/2", "1/2"], alphas).verdict is Shattering.VERIFIED
    assert witness_places(threshold_patterns([first], [2])) is None


def test_few_oscillations_exclude_shattering():
    assert shattering_excluded([1, 1])
    assert not shattering_excluded([1, 2])
    assert not shattering_excluded([1])
    assert shattering_excluded([0])


@settings(max_examples=8, deadline=None)
@given(st.lists(problems(examples=(3, 4)), min_size=2, max_size=3), st.data())
def test_patterns_of_exact_duals(tasks, data):
    """Complete (dense sampling finds no other), and at most Σ B_i + 1 in number."""
    duals = [on_unit_interval(task) for task in tasks]
    where = data.draw(st.lists(st.integers(0, 8), min_size=len(duals), max_size=len(duals)))
    thresholds = [dual(Fraction(i, 8)) for dual, i in zip(duals, where, strict=True)]
    found = threshold_patterns(duals, thresholds)
    for k in range(101):
        alpha = Fraction(k, 100)
        pattern = tuple(dual(alpha) >= t for dual, t in zip(duals, thresholds, strict=True))
        assert pattern in found.places
    for pattern, place in found.places.items():
        if isinstance(place, Fraction):
            assert pattern == tuple(
                dual(place) >= t for dual, t in zip(duals, thresholds, strict=True)
            )
    oscillations = [dual.oscillations() for dual in duals]
    assert found.count <= sum(oscillations) + 1
    if shattering_excluded(oscillations):
        assert not found.shattered


entries = st.fractions(-3, 3, max_denominator=6)


def brute_force(rows):
    n = len(rows[0])
    total = sum(
        max(sum(s * v for s, v in zip(signs, row, strict=True)) for row in rows)
        for signs in product((-1, 1), repeat=n)
    )
    return Fraction(total, n * 2**n)


@settings(max_examples=40)
@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(entries, min_size=n, max_size=n), min_size=1, max_size=6)
    )
)
def test_exact_complexity_is_the_mean_over_all_signs(rows):
    found = empirical_complexity(exact_table(rows))
    assert found.is_exact
    assert found.lower == brute_force(rows)
    h = max(v for row in rows for v in row) - min(v for row in rows for v in row)
    if h:
        assert found.upper <= massart(len(rows), len(rows[0]), h)


def test_complexity_by_hand():
    assert str(empirical_complexity(exact_table([[0], [1]]))) == "R_S = 1/2"
    cube = list(product((0, 1), repeat=3))
    assert empirical_complexity(exact_table(cube)).lower == Fraction(1, 2)
    # one value only: the mean of the signs is 0
    assert empirical_complexity(exact_table([[5, 7]])).lower == 0


def test_long_denominators_stay_exact():
    rows = [[Fraction(1, 3**40), Fraction(1, 7**30)], [Fraction(1, 5**35), 0]]
    assert empirical_complexity(exact_table(rows)).lower == brute_force(rows)


def test_complexity_of_continuous_duals_is_enclosed():
    # E sup sigma * alpha over [0, 4] = (4 + 0)/2
    found = empirical_complexity(dual_table([RISING], "1/10"))
    assert found.lower <= 2 <= found.upper
    assert found.upper - found.lower <= Fraction(1, 5)
    # (sigma_1, sigma_2): sup over the tent pair of (s1 a + s2 (4 - a))/2
    found = empirical_complexity(dual_table([RISING, FALLING], "1/100"))
    exact = Fraction(1, 4) * (Fraction(4, 2) + 2 + 2 + Fraction(-4, 2))
    assert found.lower <= exact <= found.upper
    assert found.upper - found.lower <= Fraction(1, 50)
    # jumps: the value at a jump is the smaller one
    found = empirical_complexity(dual_table([STEPS], 1))
    assert found.lower <= Fraction(1, 2) <= found.upper
    irrational = empirical_complexity(dual_table([PARABOLA, TENT], "1/20"))
    assert irrational.upper - irrational.lower <= Fraction(1, 10)


def test_the_table_does_not_depend_on_what_was_refined_before():
    def pair():
        return [planted((0, 4, [-2, 0, 1])), planted((0, 4, [7, -9, 0, 1]))]

    fresh, used = pair(), pair()
    threshold_patterns(used, ["1/7", "-17/5"])
    for dual in used:
        for arc in dual.arcs:
            arc.interval.lower.bisect(200)
            arc.interval.upper.bisect(200)
    first, second = dual_table(fresh, "1/9"), dual_table(used, "1/9")
    assert (first.lower, first.upper, first.attained) == (
        second.lower,
        second.upper,
        second.attained,
    )


@settings(max_examples=5, deadline=None)
@given(st.lists(problems(examples=(3, 4)), min_size=2, max_size=3))
def test_complexity_of_exact_duals_is_enclosed(tasks):
    duals = [on_unit_interval(task) for task in tasks]
    grid = [[dual(Fraction(k, 60)) for dual in duals] for k in range(61)]
    spread = max(max(column) - min(column) for column in zip(*grid, strict=True))
    found = empirical_complexity(dual_table(duals, (spread or 1) / 50))
    assert brute_force(grid) <= found.upper
    assert found.upper - found.lower <= (spread or 1) / 20


# every pair of columns is equal, and the seven pairs are independent
PAIRS = [
    [Fraction(bit) for bit in pattern for _ in range(2)] for pattern in product((0, 1), repeat=7)
]


def test_sampled_complexity_beyond_twelve_instances():
    """E max(0, σ + σ') = 1/2 for each of the 7 pairs: R_S = 7·(1/2)/14 = 1/4."""
    table = exact_table(PAIRS)
    assert table.instances == 14
    found = empirical_complexity(table, draws=2000, seed=3)
    assert found.lower < Fraction(1, 4) < found.upper
    assert found == empirical_complexity(table, draws=2000, seed=3)
    assert found != empirical_complexity(table, draws=2000, seed=4)
    width = 2 * sqrt(14 * (1 / 14) ** 2 * log(40) / (2 * 2000))
    assert float(found.upper - found.lower) == pytest.approx(width, rel=1e-9)
    assert "with probability 0.95 (2000 draws)" in str(found)


def test_sampling_ignores_the_level_of_the_values():
    moved = [[value + 100 * i for i, value in enumerate(row)] for row in PAIRS]
    low = empirical_complexity(exact_table(PAIRS), draws=50, seed=1)
    high = empirical_complexity(exact_table(moved), draws=50, seed=1)
    assert (low.lower, low.upper) == (high.lower, high.upper)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: threshold_patterns([], []), "0 duals"),
        (lambda: threshold_patterns([RISING], [1, 2]), "1 duals need as many thresholds, not 2"),
        (lambda: threshold_patterns([RISING], ["x"]), "threshold 1: 'x' is not a finite number"),
        (lambda: threshold_patterns([RISING, planted((0, 5, [1]))], [1, 1]), "different intervals"),
        (lambda: verify_witness([], [], []), "instances: 0 given"),
        (lambda: verify_witness([abs], [1, 2], [1, 2]), "thresholds: 2 given for 1"),
        (lambda: verify_witness([abs], [1], [1]), "alphas: 1 given, 2^1 = 2 patterns"),
        (lambda: exact_table([]), "at least one row"),
        (lambda: exact_table([[1], [1, 2]]), "one value per instance"),
        (lambda: exact_table([[1, "inf"]]), "value 2 of row 1"),
        (lambda: dual_table([RISING], 0), "resolution: 0 is not positive"),
        (lambda: dual_table([], 1), "at least one instance"),
        (lambda: empirical_complexity(exact_table([[1]]), draws=0), "draws: 0"),
        (lambda: empirical_complexity(exact_table([[1]]), delta=2), "delta: 2"),
        (lambda: shattering_excluded([1, -1]), "oscillations of instance 2: -1"),
    ],
)
def test_bad_arguments_give_one_line(call, words):
    with pytest.raises(BoundsError) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# walks through the n-cube in which every coordinate flips equally often, an odd number of times
WALKS = {
    (2, 1): [0, 1, 3],
    (3, 1): [0, 1, 3, 7],
    (4, 3): [0, 1, 3, 2, 6, 4, 12, 8, 9, 13, 5, 7, 15],
    (5, 3): [0, 1, 3, 2, 6, 7, 5, 13, 9, 25, 17, 19, 27, 11, 15, 31],
}


@pytest.mark.parametrize(("n", "cuts"), WALKS)
def test_duals_with_exactly_as_many_patterns_as_lemma_1_allows(n, cuts):
    """n step functions with B cuts each take exactly nB + 1 patterns, and B is exact."""
    walk = WALKS[n, cuts]
    assert len(set(walk)) == len(walk) == n * cuts + 1
    duals = [
        planted(*((k, k + 1, [vertex >> bit & 1]) for k, vertex in enumerate(walk)))
        for bit in range(n)
    ]
    for bit, dual in enumerate(duals):
        levels = [vertex >> bit & 1 for vertex in walk]
        assert sum(a != b for a, b in pairwise(levels)) == cuts
        assert len(dual.arcs) == len(walk)
    assert threshold_patterns(duals, ["1/2"] * n).count == n * cuts + 1
