"""The stream of strata: complete, without repetition, and enough to find the minimum."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from flint import fmpq, fmpq_mat
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import Oracle
from strategies import networks, problems

from geometry.optimality import Stratum
from geometry.stratification import cell_strata, strata
from piecewise import (
    FeedForward,
    Interpolated,
    NotYetSupported,
    Problem,
    abs_,
    identity,
    relu,
    square,
    step,
)
from piecewise.cell_polynomials import constant_of, evaluate
from piecewise.exact import to_fmpq
from piecewise.polynomial_objective import PiecewiseObjective

LINE = {"inputs": [[1], [2], [4], [7]], "targets": [1, -1, 2, 3]}


def _value(stratum: Stratum, alpha: fmpq) -> fmpq | None:
    """f at the only critical point of a quadratic f on the hull, if it lies in the closed cell.

    The gradient is affine: constants and second derivatives are its coefficients.
    """
    names = stratum.objective.context().names()
    restricted = stratum.restriction()
    unknowns = [names.index(name) for name in restricted.kept]
    f = restricted.objective
    origin = [alpha, *[fmpq(0)] * len(stratum.variables)]
    w = list(map(to_fmpq, stratum.centre))
    if unknowns:
        slopes = [f.derivative(i) for i in unknowns]
        hessian = fmpq_mat([[p.derivative(j)(*origin) for j in unknowns] for p in slopes])
        if hessian.det() == 0:
            return None
        slope = fmpq_mat([[-p(*origin)] for p in slopes])
        for i, v in zip(unknowns, hessian.solve(slope).entries(), strict=True):
            w[i - 1] = v
    for name, p in stratum.reduction.solved.items():
        w[names.index(name) - 1] = fmpq(0) + p(alpha, *w)
    if any(c.polynomial(alpha, *w) < 0 for c in stratum.inactive):
        return None
    return fmpq(0) + stratum.objective(alpha, *w)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_minimum_is_found_on_the_strata(data):
    """Piecewise linear activations, where brute force knows ℓ*."""
    problem = data.draw(
        problems(examples=(2, 4), trainable_offset=True)
        | problems(bias=False, inputs=2, examples=(2, 4))
        | problems(units=2, bias=False, examples=(2, 3))
    )
    lower, upper = map(to_fmpq, problem.interval)
    alpha = lower + (upper - lower) * fmpq(37, 101)
    values = [_value(s, alpha) for s in strata(PiecewiseObjective(problem))]
    assert min(v for v in values if v is not None) == Oracle(problem).sample(alpha).value


@settings(max_examples=25, deadline=None)
@given(networks(layers=(1, 1), units=1, inputs=1))
def test_every_face_of_every_cell_is_a_stratum_or_shares_one(problem):
    objective = PiecewiseObjective(problem)
    found = list(strata(objective))
    centres = [stratum.centre for stratum in found]
    faces = {
        (key.signs, face.centre) for key in list(objective.keys()) for face in objective.faces(key)
    }
    assert {centre for _, centre in faces} == set(centres)
    if objective.is_continuous:
        assert len(found) == len(faces)
    for stratum in found:
        alpha = sum(problem.interval) / 2
        for constraint in stratum.active:
            assert evaluate(constraint.polynomial, alpha, stratum.centre) == 0
        for constraint in stratum.inactive:
            assert evaluate(constraint.polynomial, alpha, stratum.centre) > 0


@settings(max_examples=30, deadline=None)
@given(networks(layers=(1, 1), units=1, inputs=1))
def test_continuous_objectives_agree_on_shared_faces(problem):
    """What lets a shared face be treated once: all cells around it restrict to one polynomial."""
    objective = PiecewiseObjective(problem)
    assume(objective.is_continuous)
    known: dict[object, object] = {}
    for key in list(objective.keys()):
        cell = objective.cell(key)
        for face in objective.faces(key, 1):
            if len(face.tight) != 1:
                continue
            names = cell.objective.context().names()[1:]
            active = tuple(cell.conditions[i] for i in face.tight)
            # All variables stay in play, so that equal sets are written alike.
            padded = cell.objective + sum(cell.objective.context().gens()[1:])
            hull = Stratum(padded, active, names, "alpha").reduction
            before = known.setdefault(objective.orbit(key, face), hull.key)
            assert before == hull.key


def test_a_jump_makes_two_strata_of_one_face():
    def number(first):
        problem = Problem(FeedForward([1], Interpolated(first, identity)), **LINE)
        found = [s for s in strata(PiecewiseObjective(problem)) if len(s.active) == 1]
        return len([s for s in found if s.active[0].label.startswith("u1")])

    # Four lines through the origin, each cut in two rays.
    assert (number(abs_), number(step)) == (8, 16)


def test_strata_are_bounded_by_their_active_constraints():
    problem = Problem(FeedForward([1], Interpolated(relu, square)), **LINE)
    objective = PiecewiseObjective(problem)
    counts = [len(list(strata(objective, k))) for k in range(3)]
    assert counts == sorted(counts)
    assert all(a < b for a, b in pairwise(counts))
    assert counts[0] == objective.layer.case_count() == 8
    assert counts[2] == len(list(strata(objective)))


def test_exchangeable_units_give_one_stratum_per_orbit():
    def number(box):
        model = FeedForward([2], Interpolated(relu, square), bias=False)
        problem = Problem(model, inputs=[[1]], targets=[1], box=box)
        return len(list(strata(PiecewiseObjective(problem))))

    # One unit: two cells and three points; pairs of those, ordered or not.
    assert number({"w1_x1": (-1, 1), "w2_x1": (-2, 2)}) == 25
    assert number((-1, 1)) == 15


def test_strata_of_a_deep_cell():
    problem = Problem(FeedForward([1, 1], Interpolated(relu, square)), **LINE)
    objective = PiecewiseObjective(problem)
    with pytest.raises(NotYetSupported, match="2 hidden layers"):
        next(strata(objective))
    cell = objective.cell_at("1/2", (1, "-3", "1/2", "-1/3"))
    found = list(cell_strata(cell, 2))
    assert found[0].active == ()
    assert len({stratum.key for stratum in found}) == len(found)
    # A wall and the opposite wall never meet; two lines of the first layer meet in a point,
    # where all of them vanish.
    assert not any({"b1:lower", "b1:upper"} <= set(s.labels) for s in found)
    origin = [s for s in found if {"u1:e1:k1", "u1:e2:k1"} <= set(s.labels)]
    assert [len([n for n in s.labels if n.startswith("u1")]) for s in origin] == [4]
    for stratum in found:
        assert set(stratum.labels).isdisjoint(c.label for c in stratum.inactive)
        assert len(stratum.active) + len(stratum.inactive) == len(cell.conditions)
        for constraint in stratum.active:
            left = stratum.reduction.restrict(constraint.polynomial)
            assert left.is_zero() or stratum.reduction.constraints


def test_dead_units_do_not_hide_feasible_faces():
    """A restriction keeps the inactive constraints that speak of kept parameters."""
    problem = Problem(FeedForward([1], Interpolated(relu, square)), box=(-9, 9), **LINE)
    for stratum in strata(PiecewiseObjective(problem)):
        restricted = stratum.restriction()
        alpha, w = Fraction(1, 3), stratum.centre
        for constraint in restricted.inactive:
            assert not constraint.polynomial.is_constant() or constant_of(constraint.polynomial) < 0
            assert evaluate(constraint.polynomial, alpha, w) > 0
