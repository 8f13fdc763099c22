"""Cell polynomials, boundaries and faces against the definition of the objective."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import networks, numbers, problems, ridges

from piecewise import (
    FeedForward,
    Interpolated,
    NotYetSupported,
    Problem,
    ProblemError,
    identity,
    relu,
    square,
    step,
)
from piecewise.cell_polynomials import evaluate
from piecewise.exact import to_fmpq
from piecewise.objective import ConvexObjective
from piecewise.polynomial_objective import PiecewiseObjective, PolynomialCell

LINE = {"inputs": [[1], [2], [4]], "targets": [1, -1, 2]}


def _points(problem: Problem) -> st.SearchStrategy[tuple[Fraction, tuple[Fraction, ...]]]:
    """Rational (α, w) strictly inside A × W, most of them at the scale of the data."""

    def within(lower: Fraction, upper: Fraction) -> st.SearchStrategy[Fraction]:
        spread = st.fractions(0, 1, max_denominator=60).filter(lambda s: 0 < s < 1)
        anywhere = spread.map(lambda s: lower + s * (upper - lower))
        near = numbers.map(lambda v: v + Fraction(1, 7)).filter(lambda v: lower < v < upper)
        return near | anywhere if lower < -1 or upper > 1 else anywhere

    weights = [within(p.lower, p.upper) for p in problem.parameters]
    return st.tuples(within(*problem.interval), st.tuples(*weights))


def _inside(cell: PolynomialCell, alpha: Fraction, w: tuple[Fraction, ...]) -> bool:
    return all(evaluate(c.polynomial, alpha, w) > 0 for c in cell.conditions)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_the_polynomial_around_a_point_is_the_objective_there(data):
    problem = data.draw(networks() | ridges(2, True, (1, 4)))
    objective = PiecewiseObjective(problem)
    alpha, w = data.draw(_points(problem))
    try:
        cell = objective.cell_at(alpha, w)
    except ProblemError:
        assume(False)
    assert cell.value(alpha, w) == problem.value(alpha, w)
    assert _inside(cell, alpha, w)
    assert cell.contains(alpha, w)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_conditions_describe_where_the_pattern_holds(data):
    """Another point is strictly inside iff it has the same pattern and touches no boundary."""
    problem = data.draw(networks())
    objective = PiecewiseObjective(problem)
    (alpha, w), (beta, u) = data.draw(_points(problem)), data.draw(_points(problem))
    if data.draw(st.booleans()):
        shift = Fraction(1, 997)
        beta, u = alpha, tuple(v + shift * (a - v) for v, a in zip(w, u, strict=True))
    try:
        cell, other = objective.cell_at(alpha, w), objective.cell_at(beta, u)
    except ProblemError:
        assume(False)
    same = cell.pattern.pieces == other.pattern.pieces
    assert _inside(cell, beta, u) == same
    if same:
        along = objective.polynomials.objective(cell.pattern)
        smallest = cell.pattern.signs == other.pattern.signs
        value = evaluate(along, beta, u)
        assert (value == to_fmpq(problem.value(beta, u))) if smallest else True
        assert value >= to_fmpq(problem.value(beta, u))


def test_a_point_on_a_boundary_or_outside_is_refused_with_its_label():
    problem = Problem(FeedForward([1, 1], Interpolated(relu, square)), **LINE)
    objective = PiecewiseObjective(problem)
    with pytest.raises(ProblemError, match=r"touches u1:e2:k1; move it"):
        objective.cell_at("1/2", (1, -2, 1, 1))
    with pytest.raises(ProblemError, match=r"touches u2\.1:e1:k1"):
        objective.cell_at("1/2", (1, 0, 1, "-1"))
    with pytest.raises(ProblemError, match=r"touches b2\.1:upper"):
        objective.cell_at("1/2", (1, 1, 1, 100_000))
    with pytest.raises(ProblemError, match=r"alpha = 1 is not strictly inside"):
        objective.cell_at(1, (1, 1, 1, 1))


def test_cells_of_deep_networks_come_from_points_only():
    objective = PiecewiseObjective(Problem(FeedForward([1, 1], Interpolated(relu, square)), **LINE))
    with pytest.raises(NotYetSupported, match="2 hidden layers"):
        next(iter(objective.keys()))
    with pytest.raises(NotYetSupported, match="absolute"):
        PiecewiseObjective(
            Problem(FeedForward([1], Interpolated(relu, square)), loss="absolute", **LINE)
        )


def test_a_second_layer_has_boundaries_of_higher_degree_that_move_with_alpha():
    problem = Problem(FeedForward([1, 1], Interpolated(relu, square)), **LINE)
    cell = PiecewiseObjective(problem).cell_at("1/2", (1, 1, 1, 1))
    polynomials = {c.label: c.polynomial for c in cell.conditions}
    second = polynomials["u2.1:e2:k1"]
    alpha, w, b, v, c = second.context().gens()
    z = 2 * w + b
    assert second == v * (alpha * z + (1 - alpha) * z**2) + c
    assert polynomials["u1:e2:k1"] == z


@settings(max_examples=60, deadline=None)
@given(problems(units=2, examples=(2, 4), trainable_offset=True) | ridges(2, True, (1, 4)))
def test_convex_cells_have_the_same_polynomial_as_their_gram_sums(problem):
    objective, convex = PiecewiseObjective(problem), ConvexObjective(problem)
    for key, _ in zip(objective.keys(), range(6), strict=False):
        cell, quadratic = objective.cell(key), convex.cell(key).objective
        for alpha in (Fraction(0), Fraction(2, 3)):
            for w in (cell.witness[1:], tuple(v + 1 for v in cell.witness[1:])):
                at, point = to_fmpq(alpha), [to_fmpq(v) for v in w]
                product = sum(
                    (
                        h(at) * point[i] * point[j]
                        for i, row in enumerate(quadratic.hessian)
                        for j, h in enumerate(row)
                    ),
                    fmpq(0),
                ) - 2 * sum(
                    (g(at) * v for g, v in zip(quadratic.linear, point, strict=True)), fmpq(0)
                )
                expected = (product + quadratic.constant(at)) / quadratic.scale
                assert to_fmpq(cell.value(alpha, w)) == expected


@settings(max_examples=60, deadline=None)
@given(networks(layers=(1, 1)))
def test_enumerated_cells_are_the_cells_around_their_witnesses(problem):
    objective = PiecewiseObjective(problem)
    for key, _ in zip(objective.keys(), range(8), strict=False):
        cell = objective.cell(key)
        alpha, w = cell.witness[0], cell.witness[1:]
        around = objective.cell_at(alpha, w)
        assert around.pattern.pieces == cell.pattern.pieces
        assert _inside(cell, alpha, w)
        assert cell.value(alpha, w) >= problem.value(alpha, w)
        if around.pattern == cell.pattern:
            assert cell.value(alpha, w) == problem.value(alpha, w)


@settings(max_examples=40, deadline=None)
@given(networks(layers=(1, 1), units=1))
def test_faces_of_a_closed_cell(problem):
    """Tight conditions vanish at the centre and no other does; Σ (−1)^dim = 1 over all faces."""
    objective = PiecewiseObjective(problem)
    n = len(problem.parameters)
    for key, _ in zip(objective.keys(), range(3), strict=False):
        conditions = objective.cell(key).conditions
        euler = 0
        for face in objective.faces(key):
            values = [evaluate(c.polynomial, Fraction(0), face.centre) for c in conditions]
            assert [i for i, value in enumerate(values) if value == 0] == sorted(face.tight)
            assert min(values) >= 0
            euler += (-1) ** (n - face.codimension)
        assert euler == 1
        low = [face for face in objective.faces(key) if face.codimension <= 1]
        assert list(objective.faces(key, 1)) == low


def test_faces_shared_by_cells_have_one_centre():
    """Lines in general position in a box: as many vertices, edges and cells as Euler wants."""
    xs = [1, 2, 4, 7]
    problem = Problem(
        FeedForward([1], Interpolated(step, identity)), inputs=[[x] for x in xs], targets=[0] * 4,
        box={"w1_x1": (-10, 11), "b1": (-9, 13)},
    )  # fmt: skip
    objective = PiecewiseObjective(problem)
    found: dict[int, set[tuple[Fraction, ...]]] = {0: set(), 1: set(), 2: set()}
    for key in list(objective.keys()):
        for face in objective.faces(key):
            found[2 - face.codimension].add(face.centre)
    vertices, edges, cells = (len(found[k]) for k in range(3))
    ends = {(x, side) for x in xs for side in (0, 1)}
    # All lines b = −x·w meet at 0 and nowhere else; each meets the frame twice.
    assert (vertices, cells) == (1 + len(ends) + 4, 2 * len(xs))
    assert vertices - edges + cells == 1


def test_exchanged_units_are_one_orbit():
    problem = Problem(
        FeedForward([2], Interpolated(relu, square), output_weights="trainable"),
        inputs=[[1], [2]], targets=[1, 2],
        box={"v2": (-1, 1)},
    )  # fmt: skip
    assert PiecewiseObjective(problem).layer.exchangeable == ((0,), (1,))
    objective = PiecewiseObjective(
        Problem(FeedForward([2], Interpolated(relu, square), output_weights="trainable"),
                inputs=[[1], [2]], targets=[1, 2])
    )  # fmt: skip
    assert objective.layer.exchangeable == ((0, 1),)
    orbits = set()
    count = 0
    for key in list(objective.keys()):
        for face in objective.faces(key, 2):
            count += 1
            orbits.add(objective.orbit(key, face))
            w, v = face.centre[:4], face.centre[4:]
            swapped = (*w[2:], *w[:2], *reversed(v))
            other = type(face)(face.codimension, face.tight, swapped)
            assert objective.orbit(key, other) == objective.orbit(key, face)
    assert len(orbits) < count
