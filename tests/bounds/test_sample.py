"""The sample report: common levels, shatterable subsets, deviations."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import problems
from test_erm import planted
from test_instance_level import on_unit_interval

from bounds import BoundsError
from bounds.levels import level_profile
from bounds.patterns import threshold_patterns
from bounds.sample import sample_report
from bounds.sample_complexity import sample_gap
from geometry.arcs import profile
from geometry.shape import oscillations


def cuts_of(dual):
    return oscillations(profile([(arc.interval, arc.function) for arc in dual.arcs]))


RISING = planted((0, 4, [0, 1]))
TENT = planted((0, 2, [0, 1]), (2, 4, [4, -1]))
STEP = planted((0, 1, [0]), (1, 4, [3]))


def test_levels_by_hand():
    found = level_profile([RISING, TENT])
    # below 2 both cut (1 + 2), above only the rising one
    assert [float(t) for t in found.levels] == pytest.approx([0, 2, 4])
    assert found.cuts == (3, 1)
    assert found.patterns == 4
    assert found.spread == 4
    expected = 2 * sqrt(2 * log(4) / 2) + 2 * sqrt(2 * log(2) / 2)
    assert float(found.complexity()) == pytest.approx(expected)
    assert level_profile([STEP]).cuts == (1,)
    assert level_profile([planted((0, 4, [7]))]).cuts == ()
    assert level_profile([planted((0, 4, [7]))]).complexity() == 0


@settings(max_examples=10, deadline=None)
@given(st.lists(problems(examples=(3, 4)), min_size=1, max_size=3))
def test_no_level_has_more_patterns_than_the_profile_says(tasks):
    duals = [on_unit_interval(task) for task in tasks]
    found = level_profile(duals)
    for (lower, upper), cuts in zip(pairwise(found.levels), found.cuts, strict=True):
        for level in ((lower + upper) / 2, (9 * lower + upper) / 10):
            counted = threshold_patterns(duals, [level] * len(duals)).count
            assert counted <= cuts + 1 <= found.patterns


@settings(max_examples=8, deadline=None)
@given(st.lists(problems(examples=(3, 4)), min_size=1, max_size=4))
def test_the_report_of_exact_duals(tasks):
    duals = [on_unit_interval(task) for task in tasks]
    report = sample_report(duals, [cuts_of(dual) for dual in duals])
    assert report.complexity.lower <= report.level_bound
    assert report.level_bound <= report.massart + Fraction(1, 10**9)
    assert report.deviation > 2 * report.complexity.lower
    if report.patterns.shattered:
        assert report.largest_shattered >= report.instances


def test_shatterable_subsets():
    duals = [STEP] * 5
    assert sample_report(duals, [1] * 5).largest_shattered == 1
    assert sample_report(duals, [1, 1, 2, 3, 1]).largest_shattered == 2
    assert sample_report(duals[:1], [0]).largest_shattered == 0


def test_a_range_may_be_stated():
    report = sample_report([RISING, TENT], [1, 2], value_range=10, delta="0.1")
    assert report.range_is_given
    own = sample_report([RISING, TENT], [1, 2], delta="0.1")
    assert float(report.massart / own.massart) == pytest.approx(10 / 4)
    assert report.deviation > own.deviation


def test_drawn_signs_take_half_of_delta():
    duals = [RISING, TENT, STEP] * 5
    report = sample_report(duals, [1, 2, 1] * 5, delta="0.1", seed=3)
    assert report.complexity.delta == Fraction(1, 20)
    best = min(report.complexity.upper, report.level_bound)
    assert report.deviation == sample_gap(best, 15, "0.05", report.value_range)
    again = sample_report(duals, [1, 2, 1] * 5, delta="0.1", seed=3)
    assert again.complexity == report.complexity


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([], []), {}, "0 duals need as many oscillation counts"),
        (([RISING], [1, 2]), {}, "1 duals need as many oscillation counts"),
        (([RISING], [1]), {"value_range": 3}, "value_range: 3 is smaller than the range 4"),
        (([RISING], [1]), {"value_range": 0}, "value_range: 0 is not positive"),
        (([RISING], [1]), {"delta": 1}, "delta: 1 is not strictly between"),
    ],
)
def test_bad_arguments_give_one_line(arguments, options, words):
    with pytest.raises(BoundsError) as caught:
        sample_report(*arguments, **options)
    assert words in str(caught.value)
