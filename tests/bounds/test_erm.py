"""The certified minimum of a mean of duals: by hand, against other routes, and at its edges."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import INSTANCES
from strategies import ridges

from bounds import BoundsError, minimisers
from bounds.dual_rows import dual_table
from bounds.erm import Where, grid_search, minimise_mean, uniform_deviation
from bounds.levels import level_profile
from bounds.patterns import threshold_patterns
from bounds.sums import DualSum
from geometry.algebraic import RealAlgebraic
from geometry.arcs import Arc, arcs_of, profile
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.search import exact_dual
from geometry.values import Level
from geometry.verdicts import Verdict
from piecewise.objective import ConvexObjective
from piecewise.problems import Problem


@dataclass(frozen=True)
class Planted:
    """A dual with planted rational pieces (lower, upper, numerator, denominator)."""

    arcs: tuple


def planted(*pieces):
    return Planted(
        tuple(
            arcs_of(
                [
                    (
                        Interval.rational(fmpq(lower), fmpq(upper)),
                        RationalFunction.reduced(
                            fmpz_poly(top), fmpz_poly(bottom[0] if bottom else [1])
                        ),
                    )
                    for lower, upper, top, *bottom in pieces
                ]
            )
        )
    )


def places(found):
    return [
        (place.where, place.lower.as_rational(), place.upper.as_rational())
        for place in found.places
    ]


PARABOLA = planted((0, 4, [1, -2, 1]))  # (a - 1)^2
OTHER = planted((0, 4, [9, -6, 1]))  # (a - 3)^2


def test_a_mean_of_two_parabolas_is_least_halfway():
    found = minimise_mean([PARABOLA, OTHER])
    assert places(found) == [(Where.STATIONARY, 2, 2)]
    assert found.value.lower == found.value.upper == 1
    assert found.verdict is Verdict.PROVED


def test_an_irrational_minimiser_is_an_algebraic_number():
    # (a-1)^2 + (a^2-2a+1)^2-free check: a^3/3 - 2a has its zero of the derivative at sqrt 2
    found = minimise_mean([planted((0, 4, [0, -6, 0, 1]))])
    assert [list(map(int, place.alpha.polynomial.coeffs())) for place in found.places] == [
        [-2, 0, 1]
    ]
    assert float(found.value) == pytest.approx(-4 * 2**0.5, abs=1e-15)


def test_minima_at_ends_breakpoints_and_jumps():
    rising, falling = planted((0, 4, [0, 1])), planted((0, 4, [4, -1]))
    assert places(minimise_mean([rising])) == [(Where.NODE, 0, 0)]
    assert places(minimise_mean([falling])) == [(Where.NODE, 4, 4)]
    valley = planted((0, 1, [1, -1]), (1, 4, [-1, 1]))
    assert places(minimise_mean([valley])) == [(Where.NODE, 1, 1)]
    # at the jump the smaller value counts: 2 before 1, then 0 rising
    jump = planted((0, 1, [2]), (1, 4, [-1, 1]))
    assert places(minimise_mean([jump])) == [(Where.NODE, 1, 1)]
    assert minimise_mean([jump]).value.lower == 0
    # two jumps that meet: each instance has its smaller value there
    other = planted((0, 1, [0]), (1, 4, [3]))
    assert minimise_mean([jump, other]).value.lower == 0
    assert places(minimise_mean([jump, other])) == [(Where.NODE, 1, 1)]


def test_plateaus_are_intervals_and_join_over_nodes():
    flat = planted((0, 1, [1]), (1, 3, [1]), (3, 4, [-2, 1]))
    assert places(minimise_mean([flat])) == [(Where.PLATEAU, 0, 3)]
    assert minimise_mean([flat]).value.lower == 1
    # slopes that cancel: constant although no term is
    rising, falling = planted((0, 4, [0, 1])), planted((0, 4, [4, -1]))
    assert places(minimise_mean([rising, falling])) == [(Where.PLATEAU, 0, 4)]
    # a plateau and a separate point of the same value
    both = planted((0, 1, [0]), (1, 2, [-1, 1]), (2, 4, [3, -1]), (4, 5, [-1]))
    assert places(minimise_mean([both])) == [(Where.PLATEAU, 4, 5)]
    tie = planted((0, 1, [0]), (1, 2, [-1, 1]), (2, 3, [3, -1]), (3, 5, [-3, 1]))
    assert places(minimise_mean([tie])) == [(Where.PLATEAU, 0, 1), (Where.NODE, 3, 3)]


def test_equal_minima_are_all_found():
    # (a-1)^2 (a-3)^2 has two minima; a mirrored quartic in sqrt 2 has two irrational ones
    quartic = planted((0, 4, [9, -24, 22, -8, 1]))
    assert places(minimise_mean([quartic])) == [(Where.STATIONARY, 1, 1), (Where.STATIONARY, 3, 3)]
    mirrored = planted((-2, 2, [4, 0, -4, 0, 1]))  # (a^2 - 2)^2
    found = minimise_mean([mirrored])
    assert len(found.places) == 2
    assert found.verdict is Verdict.PROVED
    assert abs(float(found.value)) < 1e-50


def test_a_flat_minimum_is_isolated_exactly():
    # F'' = 0 at the minimiser: neither convexity nor slopes settle it
    for power in ([1, -4, 6, -4, 1], [1, -6, 15, -20, 15, -6, 1]):
        found = minimise_mean([planted((0, 4, power)), planted((0, 4, power))])
        assert places(found) == [(Where.STATIONARY, 1, 1)]
        assert found.value.lower == 0
    # ... and where the zero of F' is a node
    node = planted((0, 1, [1, -4, 6, -4, 1]), (1, 4, [0, 0, 1], [1]))
    assert places(minimise_mean([node])) == [(Where.NODE, 1, 1)]
    touching = planted((0, 1, [1, -2, 1]), (1, 4, [2, -4, 2]))  # F' = 0 from both sides
    assert places(minimise_mean([touching])) == [(Where.NODE, 1, 1)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(-6, 6), min_size=1, max_size=5).filter(lambda c: any(c)),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
)
def test_one_dual_that_is_the_sum_gives_the_same(polynomials, poles):
    """The mean minimised term by term, and the same function as a single dual's minimum."""
    pieces = []
    for index, top in enumerate(polynomials):
        pieces.append(planted((-1, 3, top, [poles[index % len(poles)], 0, 1])))
    found = minimise_mean(pieces)
    with_sum = DualSum(pieces, [fmpq(1, len(pieces))] * len(pieces)).gaps
    total = with_sum[0].total
    single = Planted(tuple(arcs_of([(Interval.rational(fmpq(-1), fmpq(3)), total)])))
    other = minimise_mean([single])
    assert [place.alpha for place in found.places] == [place.alpha for place in other.places]
    assert found.value.lower <= other.value.upper
    assert other.value.lower <= found.value.upper
    for k in range(41):
        alpha = fmpq(-1) + fmpq(k, 10)
        assert found.total(alpha) >= fmpq(
            found.value.lower.numerator, found.value.lower.denominator
        )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(-4, 4), min_size=2, max_size=5), min_size=1, max_size=3))
def test_exact_isolation_and_branch_and_bound_agree(polynomials):
    duals = [planted((0, 2, [*top, 1])) for top in polynomials]
    usual = minimise_mean(duals)
    most = minimisers.MOST_PARTS
    minimisers.MOST_PARTS = 0
    try:
        exact = minimise_mean(duals)
    finally:
        minimisers.MOST_PARTS = most
    assert [place.alpha for place in usual.places] == [place.alpha for place in exact.places]


@pytest.mark.parametrize("name", sorted(INSTANCES))
def test_one_exact_dual_has_its_own_minimum(name):
    """The mean of one dual: the minimum of arcs, found by comparing all local minima."""
    dual = exact_dual(ConvexObjective(INSTANCES[name]))
    found, minimum = minimise_mean([dual]), dual.minimum()
    assert [place.lower for place in found.places] == [place.lower for place in minimum.places]
    assert [place.upper for place in found.places] == [place.upper for place in minimum.places]
    assert found.verdict is Verdict.PROVED


@settings(max_examples=15, deadline=None)
@given(st.lists(ridges(inputs=1, bias=False, examples=(2, 4)), min_size=1, max_size=4))
def test_no_sampled_hyperparameter_is_better(tasks):
    duals = [exact_dual(ConvexObjective(_on(task, (0, 5)))) for task in tasks]
    found = minimise_mean(duals)
    for k in range(101):
        alpha = Fraction(5 * k, 100)
        mean = sum((dual(alpha) for dual in duals), Fraction(0)) / len(duals)
        assert mean >= found.value.lower
    for place in found.places:
        near = sum(float(dual(float(place.alpha))) for dual in duals) / len(duals)
        assert near == pytest.approx(float(found.value), rel=1e-9, abs=1e-9)


def _on(problem, interval):
    return Problem(
        problem.model,
        inputs=problem.inputs,
        targets=problem.targets,
        interval=interval,
        box={p.name: (p.lower, p.upper) for p in problem.parameters},
        reduction=problem.reduction,
    )


@dataclass(frozen=True)
class Dipping:
    """Constant pieces with values of their own where they meet."""

    profile: object

    @property
    def arcs(self):
        return self.profile.arcs


def dipping(ends, values, points):
    pieces = [
        (
            Interval.rational(fmpq(lower), fmpq(upper)),
            RationalFunction.reduced(fmpz_poly([value]), fmpz_poly([1])),
        )
        for lower, upper, value in zip(ends, ends[1:], values, strict=False)
    ]
    levels = [
        Level(
            RationalFunction.reduced(fmpz_poly([value]), fmpz_poly([1])),
            RealAlgebraic.rational(end),
        )
        for end, value in zip(ends, points, strict=True)
    ]
    return Dipping(profile(pieces, levels))


def test_a_dual_may_drop_at_a_single_point():
    dip = dipping([0, 1, 3, 4], [2, 2, 3], [2, 0, 2, 1])
    assert places(minimise_mean([dip])) == [(Where.NODE, 1, 1)]
    assert minimise_mean([dip]).value.lower == 0
    assert minimise_mean([dip]).total(fmpq(1)) == 0
    # two drops at different points do not add up; the end drops too
    other = dipping([0, 2, 4], [1, 1], [1, 0, 0])
    found = minimise_mean([dip, other])
    assert places(found) == [(Where.NODE, 1, 1), (Where.NODE, 4, 4)]
    assert found.value.upper == Fraction(1, 2)
    # patterns, levels and tables see the points as well
    assert threshold_patterns([dip, other], [1, 1]).count == 3
    profile_ = level_profile([dip])
    assert list(zip(profile_.levels, profile_.levels[1:], profile_.cuts, strict=False)) == [
        (0, 1, 2),
        (1, 2, 3),
        (2, 3, 2),
    ]
    assert (0,) in [
        tuple(int(v / t.scale) for v in row) for t in [dual_table([dip], 1)] for row in t.lower
    ]
    assert float(uniform_deviation([dip], [planted((0, 4, [2]))])) == 2


def test_grid_search_and_its_regret():
    found = minimise_mean([PARABOLA, OTHER])
    exact = grid_search(found, 5)
    assert (exact.alpha, exact.value) == (2, 1)
    assert exact.regret.lower == exact.regret.upper == 0
    coarse = grid_search(found, 2)
    assert (coarse.alpha, coarse.value) == (0, 5)
    assert coarse.regret.lower == coarse.regret.upper == 4
    with pytest.raises(BoundsError, match="points: 1 is too small"):
        grid_search(found, 1)


def test_uniform_deviation():
    assert uniform_deviation([PARABOLA], [PARABOLA]).upper == 0
    # (a-1)^2 - (a-3)^2 = 4a - 8 on [0, 4]
    gap = uniform_deviation([PARABOLA], [OTHER])
    assert gap.lower <= 8 <= gap.upper
    assert gap.upper - gap.lower < Fraction(1, 10**15)
    # an interior supremum: |2a - a^2| on [0, 2] at a = 1
    bump, zero = planted((0, 2, [0, 2, -1])), planted((0, 2, [0]))
    assert float(uniform_deviation([bump], [zero])) == pytest.approx(1)
    assert float(uniform_deviation([zero], [bump])) == pytest.approx(1)
    # one-sided limits at a jump count: the first tends to 3 at 1 from the left
    step = planted((0, 1, [2, 1]), (1, 2, [0]))
    assert float(uniform_deviation([step], [zero])) == pytest.approx(3)
    with pytest.raises(BoundsError, match="at least one instance on either side"):
        uniform_deviation([], [zero])


def test_other_functions_than_rational_ones_are_refused():
    """A branch of a critical curve is an algebraic function: it has no numerator."""
    strange = Planted((Arc(Interval.rational(fmpq(0), fmpq(4)), 1, object()),))
    for call in (
        lambda: minimise_mean([PARABOLA, strange]),
        lambda: uniform_deviation([PARABOLA], [strange]),
        lambda: threshold_patterns([PARABOLA, strange], [0, 0]),
        lambda: dual_table([PARABOLA, strange], 1),
    ):
        with pytest.raises(BoundsError, match="dual 2: a piece is no rational function"):
            call()


def test_bad_samples():
    with pytest.raises(BoundsError, match="at least one instance"):
        minimise_mean([])
    with pytest.raises(BoundsError, match="different intervals"):
        minimise_mean([PARABOLA, planted((0, 1, [1]))])
