"""Lower bounds: the three constructions, pattern by pattern and by other routes."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import product

import pytest
from flint import fmpq, fmpq_mpoly_ctx, fmpq_poly, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bounds import BoundsError, Enclosure, Grid, Intervals, Wells, verify_construction
from bounds.bernstein import Bernstein
from bounds.constructions import (
    THRESHOLD,
    degree_lower_bound,
    grid_lower_bound,
    interval_lower_bound,
)
from bounds.shattering import Shattering, verify_witness
from bounds.theorems import theorem
from geometry.algebraic import roots_of
from geometry.rational_functions import RationalFunction
from piecewise.exact import to_fraction

SMALL = [
    Intervals(2),
    Intervals(11),
    Grid(1, 1),
    Grid(5, 2),
    Wells(2, 1),
    Wells(3, 1),
    Wells(2, 3),
    Wells(3, 2),
    Wells(8, 1),
    Wells(4, 2, "1/100"),
]
TWELVE = [Intervals(2**12), Grid(12, 12), Grid(18, 6), Wells(2, 12), Wells(4, 6), Wells(16, 3)]


@pytest.mark.parametrize("family", SMALL + TWELVE, ids=repr)
def test_constructions_are_verified_pattern_by_pattern(family):
    n = family.instances
    assert str(verify_construction(family)) == f"Pdim >= {n}, verified ({2**n} patterns)"


def test_twelve_instances():
    assert {family.instances for family in TWELVE} == {12}


def test_constructions_cost_what_their_bounds_say():
    assert [interval_lower_bound(k) for k in (1, 2, 3, 4, 4096)] == [0, 1, 1, 2, 12]
    assert [grid_lower_bound(m, 2) for m in (0, 2, 3, 4, 6)] == [0, 2, 2, 3, 4]
    assert grid_lower_bound(12 * 7, 12) == 12 * 3
    assert [degree_lower_bound(k, 3) for k in (1, 2, 3, 4, 7, 8, 16)] == [0, 0, 0, 3, 3, 6, 9]
    for k, d in ((2, 1), (2, 3), (4, 1), (4, 2), (8, 1)):
        wells = Wells(k, d)
        degrees = [wells.objective(b).total_degree() for b in range(wells.instances)]
        assert set(degrees) == {2 * k}
        assert wells.instances == theorem("wells_construction").evaluate(degree=2 * k, parameters=d)


@given(st.integers(1, 40), st.fractions(0, 40, max_denominator=4), st.data())
def test_interval_duals_take_the_smaller_value_at_a_boundary(pieces, alpha, data):
    family = Intervals(pieces)
    assume(alpha <= pieces and family.instances)
    bit = data.draw(st.integers(0, family.instances - 1))
    closed = [r for r in range(pieces) if r <= alpha <= r + 1]
    assert family.dual(bit, alpha) == min(Fraction(r >> bit & 1, 2) for r in closed)


@pytest.mark.parametrize("family", [Grid(1, 1), Grid(5, 2), Grid(6, 3)])
def test_grid_duals_are_the_minimum_over_all_boxes(family):
    """The polynomials of the pieces, one by one; each box holds its own part of W."""
    for bit in range(family.instances):
        pieces = list(family.pieces(bit))
        assert len({ranges for ranges, _ in pieces}) == len(pieces) == family.boxes
        for k in range(8 * (2**family.instances - 1) + 1):
            alpha = Fraction(k, 8)
            at = [fmpq(k, 8)] + [fmpq(0)] * family.parameters
            least = min(to_fraction(loss(*at)) for _, loss in pieces)
            assert family.dual(bit, alpha) == least


# -- the algebraic family by other routes --------------------------------------------------


def definition(wells, bit, alpha, w):
    """f_b(α, w) from its definition, P_b by Lagrange's formula."""
    k, d = wells.per_axis, wells.parameters
    wall = Fraction(0)
    for x in w:
        factor = Fraction(1)
        for j in range(k):
            factor *= (x - j) ** 2
        wall += factor
    interpolant = Fraction(0)
    for m in product(range(k), repeat=d):
        if sum(k**i * j for i, j in enumerate(m)) >> bit & 1:
            term = Fraction(1)
            for x, own in zip(w, m, strict=True):
                for j in range(k):
                    if j != own:
                        term *= Fraction(x - j) / (own - j)
            interpolant += term
    match = alpha - sum(k**i * x for i, x in enumerate(w))
    return wells.constant * wall + match**2 + interpolant / 2


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([(2, 1), (3, 1), (4, 1), (2, 2), (3, 2), (2, 3)]), st.data())
def test_objectives_are_their_definition_and_stay_above_the_floor(shape, data):
    wells = Wells(*shape)
    bit = data.draw(st.integers(0, wells.instances - 1))
    alpha = data.draw(st.fractions(0, wells.wells - 1, max_denominator=20))
    near = st.integers(0, wells.per_axis - 1).flatmap(
        lambda j: st.fractions(-2 * wells.radius, 2 * wells.radius).map(lambda e: j + e)
    )
    coordinate = st.one_of(st.fractions(0, wells.per_axis - 1, max_denominator=50), near)
    w = [
        min(max(data.draw(coordinate), Fraction(0)), Fraction(wells.per_axis - 1))
        for _ in range(wells.parameters)
    ]
    value = definition(wells, bit, alpha, w)
    point = [fmpq(v.numerator, v.denominator) for v in (alpha, *w)]
    assert to_fraction(wells.objective(bit)(*point)) == value
    assert value >= wells.dual(bit, alpha).lower


@pytest.mark.parametrize("wells", [Wells(2, 1), Wells(3, 1), Wells(4, 1), Wells(5, 1, "1/50")])
def test_enclosures_hold_the_minimum_found_by_root_isolation(wells):
    """One parameter: the minimum of a univariate polynomial over [0, K−1], at all its critical
    points and both ends."""
    for bit, k in product(range(wells.instances), range(4 * (wells.wells - 1) + 1)):
        polynomial = univariate(wells.objective(bit), fmpq(k, 4))
        whole = RationalFunction.reduced(polynomial.numer(), fmpz_poly([int(polynomial.denom())]))
        places = roots_of(polynomial.derivative().numer(), fmpq(0), fmpq(wells.per_axis - 1))
        for place in places:
            while place.upper - place.lower > fmpq(1, 10**12):
                place.bisect(20)
        values = [whole.enclosure(place) for place in places]
        values += [(polynomial(fmpq(end)),) * 2 for end in (0, wells.per_axis - 1)]
        low, high = min(v[0] for v in values), min(v[1] for v in values)
        found = wells.dual(bit, Fraction(k, 4))
        assert (
            found.lower <= to_fraction(low) <= to_fraction(high) <= found.upper + Fraction(1, 10**9)
        )
        assert found.width <= wells.tolerance


def univariate(polynomial, alpha):
    coefficients = {}
    for (a, w), c in polynomial.to_dict().items():
        coefficients[w] = coefficients.get(w, fmpq(0)) + c * alpha**a
    return fmpq_poly([coefficients.get(i, fmpq(0)) for i in range(max(coefficients) + 1)])


@given(st.sampled_from([(2, 1), (2, 3), (3, 2), (5, 1), (4, 2)]), st.data())
def test_bernstein_form(shape, data):
    """It interpolates, and its height and slopes bound the polynomial at any point."""
    k, d = shape
    values = data.draw(st.lists(st.integers(0, 1), min_size=k**d, max_size=k**d))
    form = Bernstein.through(values, k, d)
    assert form.on_grid() == values
    gens = fmpq_mpoly_ctx.get([f"w{i}" for i in range(d)], "degrevlex").gens()
    polynomial = form.polynomial(gens)
    point = [fmpq(data.draw(st.integers(0, 12 * (k - 1))), 12) for _ in range(d)]
    assert abs(to_fraction(polynomial(*point))) <= form.height()
    for axis, slope in enumerate(form.slopes()):
        assert abs(to_fraction(polynomial.derivative(axis)(*point))) <= slope


# -- what is not a witness -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d, t, a: (d, t, [*a[:5], a[4], *a[6:]]), "pattern 101: at alpha"),
        (lambda d, t, a: (d, [t[0], 1, t[2]], a), "pattern 010"),
        (lambda d, t, a: (d, [t[0], 0, t[2]], a), "pattern 000: at alpha = 1/2 instance 2 has 0"),
        (lambda d, t, a: ([d[1], d[0], d[2]], t, a), "pattern 001"),
        (lambda d, t, a: ([d[0], d[1], lambda x: 0.5], t, a), "returned the float 0.5"),
        (
            lambda d, t, a: ([lambda x: Enclosure(Fraction(0), Fraction(1)), *d[1:]], t, a),
            "a value from 0 to 1: not decided against 1/4",
        ),
    ],
)
def test_an_invalid_witness_is_rejected(change, words):
    family = Intervals(8)
    duals = [partial(family.dual, bit) for bit in range(3)]
    thresholds, alphas = [THRESHOLD] * 3, family.places()
    assert verify_witness(duals, thresholds, alphas).verdict is Shattering.VERIFIED
    report = verify_witness(*change(duals, thresholds, alphas))
    assert report.verdict is Shattering.REJECTED
    assert words in str(report)


def test_wells_that_are_too_shallow_prove_nothing():
    """With a smaller C the floor outside the wells drops, and the witness is rejected."""
    wells = Wells(4, 1)
    wells.__dict__["constant"] = wells.constant // 8
    report = verify_construction(wells)
    assert report.verdict is Shattering.REJECTED
    assert "not decided against 1/4" in str(report)
    wells.__dict__["constant"] = 0
    assert "pattern 01: at alpha = 1" in str(verify_construction(wells))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Intervals(0), "pieces: 0 is too small"),
        (lambda: verify_construction(Intervals(1)), "instances: 0 are constructed"),
        (lambda: verify_construction(Intervals(1 << 21)), "instances: 21 are constructed"),
        (lambda: Intervals(3).dual(0, Fraction(4)), "alpha: 4 lies outside [0, 3]"),
        (lambda: Grid(-1, 2), "boundaries: -1 is too small"),
        (lambda: Grid(3, 0), "parameters: 0 is too small"),
        (lambda: Grid(3, 1).dual(0, Fraction(-1)), "alpha: -1 lies outside [0, 3]"),
        (lambda: Wells(1, 2), "per_axis: 1 is too small"),
        (lambda: Wells(2, 0), "parameters: 0 is too small"),
        (lambda: Wells(2, 10**9), "more than the 8192 wells"),
        (lambda: Wells(10**9, 2), "more than the 8192 wells"),
        (lambda: Wells(2, 2, "1/4"), "tolerance: 1/4 is not strictly between 0 and 1/4"),
        (lambda: Wells(2, 2).objective(2), "bit: 2 is too large; there are 2 instances"),
        (lambda: Wells(2, 2).dual(0, Fraction(7, 2)), "alpha: 7/2 lies outside [0, 3]"),
        (lambda: degree_lower_bound(0, 1), "degree: 0 is too small"),
    ],
)
def test_bad_arguments_give_one_line(call, words):
    with pytest.raises(BoundsError) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
