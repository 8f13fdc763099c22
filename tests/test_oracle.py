"""The brute-force route against what is known by hand, and against itself."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle, Ratio
from oracle_faces import Hyperplane, arrangement, to_flint
from oracle_pieces import real_roots
from oracle_shape import shape
from strategies import problems

from piecewise import FeedForward, Interpolated, Problem, Ridge, custom, identity, relu

BRUTE = settings(derandomize=True, max_examples=15, deadline=None)


def _ratio(numerator: list[int], denominator: list[int]) -> Ratio:
    return Ratio.of(fmpz_poly(numerator), fmpz_poly(denominator))


@pytest.mark.parametrize(("lines", "cells"), [(1, 2), (2, 4), (3, 7), (4, 11), (5, 16)])
def test_lines_in_general_position_make_one_plus_n_plus_n_choose_2_cells(lines, cells):
    """The lines y = tx + t², tangents of a parabola, meet pairwise at x = −(s + t)."""
    planes = [Hyperplane((fmpq(-t), fmpq(1)), fmpq(t * t)) for t in range(1, lines + 1)]
    found = arrangement(planes, [(fmpq(-100), fmpq(100)), (fmpq(-1000), fmpq(1000))])
    assert len(found.cells) == cells
    assert len(found.vertices) == comb(lines, 2) + 2 * lines + 4


@pytest.mark.parametrize(("examples", "inputs"), [(4, 2), (5, 3), (5, 2), (4, 3)])
def test_central_arrangements_have_as_many_cells_as_cover_counts(examples, inputs):
    rows = [[fmpq(t) ** power for power in range(inputs)] for t in range(1, examples + 1)]
    planes = [Hyperplane(tuple(row), fmpq(0)) for row in rows]
    found = arrangement(planes, [(fmpq(-1), fmpq(1))] * inputs)
    assert len(found.cells) == 2 * sum(comb(examples - 1, k) for k in range(inputs))


@given(
    st.integers(1, 3).flatmap(
        lambda size: st.lists(
            st.tuples(
                st.lists(st.integers(-3, 3), min_size=size, max_size=size).filter(any),
                st.integers(-2, 2),
            ),
            max_size=5,
        ).map(lambda planes: (size, planes))
    )
)
@BRUTE
def test_faces_tile_the_box(case):
    """Σ (−1)^dim over the faces is the Euler characteristic 1, and witnesses have their signs."""
    size, planes = case
    hyperplanes = [Hyperplane(tuple(map(fmpq, normal)), fmpq(at)) for normal, at in planes]
    found = arrangement(hyperplanes, [(fmpq(-1), fmpq(2))] * size)
    euler = 0
    for face in found.faces:
        witness, basis = found.affine_hull(face)
        assert [h.sign(witness) for h in found.hyperplanes] == [
            face.of(i) for i in range(len(found.hyperplanes))
        ]
        euler += (-1) ** len(basis)
    assert euler == 1
    assert all(len(found.affine_hull(cell)[1]) == size for cell in found.cells)


def test_a_constraint_that_becomes_active_is_a_smooth_breakpoint():
    """min over |w| ≤ 2 of (σ(w) + 1)² with σ = (1−α)w for w < 0: 0, then (2α − 1)²."""
    problem = Problem(
        FeedForward([1], Interpolated(relu, identity), bias=False),
        inputs=[[1]],
        targets=[-1],
        box=(-2, 2),
    )
    found = shape(Oracle(problem))
    assert found.pieces == (_ratio([], [1]), _ratio([1, -4, 4], [1]))
    (change,) = found.breaks
    assert change.kind == "smooth"
    assert change.lower < fmpq(1, 2) < change.upper
    assert (len(found.minima), len(found.maxima), found.oscillations) == (1, 1, 1)
    assert found.minima[0].is_plateau


def test_a_jump_of_the_minimiser_is_a_kink():
    """Slopes α (left) and 1 − α (right) fit y = 1 with penalty w²: min of 1/(1 + slope²)."""
    falling = custom([0], [[0, -1], []], name="falling")
    problem = Problem(
        FeedForward([1], Interpolated(falling, relu), bias=False),
        inputs=[[1]],
        targets=[1],
        weight_decay=1,
        box=(-10, 10),
    )
    found = shape(Oracle(problem))
    assert found.pieces == (_ratio([1], [2, -2, 1]), _ratio([1], [1, 0, 1]))
    (change,) = found.breaks
    assert change.kind == "kink"
    assert change.lower < fmpq(1, 2) < change.upper
    assert (len(found.minima), len(found.maxima), found.oscillations) == (2, 1, 2)


def test_one_dimensional_ridge_has_its_closed_form():
    """Σ(wx − y)² + α w² = Σy² − (Σxy)²/(Σx² + α)."""
    problem = Problem(
        Ridge(), inputs=[[1], [2], [3]], targets=[1, 1, 2], interval=(0, 10), reduction="sum"
    )
    oracle = Oracle(problem)
    assert shape(oracle).pieces == (_ratio([3, 6], [14, 1]),)
    assert oracle.sample(fmpq(1)).value == fmpq(6) - fmpq(81, 15)


@given(problems(1, 1, True, (3, 5)), st.lists(st.integers(-30, 30), min_size=3, max_size=3))
@BRUTE
def test_the_value_is_attained_and_no_point_of_the_box_is_below(problem, steps):
    alpha = sum(problem.interval, Fraction(0)) / 2
    sample = Oracle(problem).sample(to_flint(alpha))
    value = Fraction(int(sample.value.p), int(sample.value.q))
    witness = [Fraction(int(c.p), int(c.q)) for c in sample.minimiser]
    if problem.model.activation.is_continuous:
        assert problem.value(alpha, witness) == value
    for step in steps:
        near = [
            min(max(w + Fraction(step, 7), p.lower), p.upper)
            for w, p in zip(witness, problem.parameters, strict=True)
        ]
        assert problem.value(alpha, near) >= value


@given(problems(1, 2, False, (3, 5)) | problems(2, 1, False, (3, 4)))
@BRUTE
def test_the_pieces_hold_at_samples_all_over_the_interval(problem):
    """Bisection by samples alone finds the same function and the same changes."""
    oracle = Oracle(problem)
    found = shape(oracle)
    lower, upper = map(to_flint, problem.interval)
    for index in range(25):
        alpha = lower + (upper - lower) * fmpq(index, 24)
        sample = oracle.sample(alpha)
        here = sum(change.upper < alpha for change in found.breaks)
        near = [found.pieces[here]]
        if here < len(found.breaks) and found.breaks[here].lower < alpha:
            near.append(found.pieces[here + 1])
        assert any(piece(alpha) == sample.value for piece in near if piece.denominator(alpha))
    for change in found.breaks:
        assert oracle.sample(change.lower).winners == (change.left,)
        assert oracle.sample(change.upper).winners == (change.right,)
        assert len(real_roots(change.polynomial, change.lower, change.upper)) == 1


def test_real_roots_are_isolated_with_rational_ends_left_out():
    polynomial = fmpz_poly([0, -2, 0, 1]) * fmpz_poly([-1, 1]) ** 2
    roots = real_roots(polynomial, fmpq(0), fmpq(2))
    assert [round(float(root.enclosure), 12) for root in roots] == [1.0, 1.414213562373]
    assert all(a.upper < b.lower for a, b in combinations(roots, 2))
