"""The product against the brute-force oracle, on random instances and on awkward ones.

Every test asks for the same thing: the certificate is accepted by the checker, and values,
pieces, breakpoints with their kinds, extrema and oscillations are those of the oracle.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from agreement import assert_agreement, assert_minimisers_attain
from hypothesis import HealthCheck, Phase, given, settings
from instances import INSTANCES
from strategies import MORE_BREAKPOINTS, ONE_BREAKPOINT, problems, ridges

from geometry.dual import OutsideInterval
from geometry.verdicts import Verdict
from pieceproof import analyze
from piecewise import Problem

ALL = ONE_BREAKPOINT + MORE_BREAKPOINTS


def instances(number: int):
    """``number`` random instances, the same in every run."""
    return settings(
        derandomize=True,
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def check(problem: Problem) -> None:
    dual = analyze(problem)
    assert dual.verdict is Verdict.PROVED, dual.report
    assert_agreement(problem, dual)
    lower, upper = problem.interval
    assert_minimisers_attain(problem, dual, (lower + 2 * upper) / 3)


@given(problems(1, 1, True, (3, 10)))
@instances(40)
def test_one_unit_with_bias(problem):
    check(problem)


@given(problems(1, 1, True, (3, 5), ALL))
@instances(15)
def test_one_unit_with_several_breakpoints(problem):
    check(problem)


@given(problems(1, 1, True, (3, 6), trainable_offset=True))
@instances(20)
def test_one_unit_with_a_trainable_output_bias(problem):
    check(problem)


@given(problems(1, 1, False, (3, 10), ALL))
@instances(50)
def test_one_unit_without_bias(problem):
    check(problem)


@given(problems(1, 2, False, (3, 8)))
@instances(30)
def test_one_unit_on_two_inputs(problem):
    check(problem)


@given(problems(1, 2, True, (3, 4)))
@instances(10)
def test_one_unit_on_two_inputs_with_bias(problem):
    check(problem)


@given(problems(2, 1, False, (3, 8)))
@instances(30)
def test_two_units(problem):
    check(problem)


@given(problems(2, 1, False, (3, 3), ALL, trainable_offset=True))
@instances(5)
def test_two_units_with_several_breakpoints_and_a_trainable_output_bias(problem):
    check(problem)


@given(problems(2, 1, True, (3, 3)))
@instances(8)
def test_two_units_with_bias(problem):
    check(problem)


@given(ridges(2, True, (3, 8)))
@instances(15)
def test_ridge(problem):
    check(problem)


@pytest.mark.slow
@given(problems(2, 1, True, (4, 4)) | problems(2, 2, False, (3, 3)))
@instances(20)
def test_two_units_at_length(problem):
    check(problem)


@pytest.mark.parametrize("name", INSTANCES)
def test_awkward_instances(name):
    check(INSTANCES[name])


@pytest.mark.parametrize("lost", range(5))
def test_a_dual_that_lacks_a_piece_is_noticed(lost):
    problem = INSTANCES["jumps in both activations"]
    dual = analyze(problem)
    kept = dual.pieces[:lost] + dual.pieces[lost + 1 :]
    assert len(dual.pieces) == 5
    with pytest.raises((AssertionError, OutsideInterval)):
        assert_agreement(problem, replace(dual, pieces=kept))
