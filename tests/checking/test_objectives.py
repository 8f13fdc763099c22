"""The rebuilt quadratic against the objective itself, and stationary points against solves."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from flint import fmpq, fmpq_mat, fmpz_mat, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import MORE_BREAKPOINTS, ONE_BREAKPOINT, numbers, problems, ridges

from pieceproof.checking.constraints import Constraints
from pieceproof.checking.objectives import Objective
from pieceproof.checking.orbits import Case, Orbits, check_cases, check_classes
from pieceproof.checking.problems import read_problem
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.checking.stationary import stationary
from pieceproof.checking.unitcells import Arrangement
from pieceproof.problem_document import problem_document
from piecewise import FeedForward, Interpolated, Problem, Ridge, identity, relu

PROPERTY = settings(derandomize=True, max_examples=40, deadline=None)


def stated(problem):
    return read_problem(Node(problem_document(problem), "problem"))


def to_flint(value):
    return fmpq(value.numerator, value.denominator)


def at_point(gram, scale, alpha, point):
    """gram/scale at (α, w), by the definition of the quadratic form."""
    vector = fmpq_mat(len(point), 1, point)
    total = fmpq(0)
    for power, part in enumerate(gram):
        total += alpha**power * (vector.transpose() * fmpq_mat(part) * vector)[0, 0]
    return total / scale


@given(
    st.data(),
    st.one_of(
        problems(1, 1, catalogue=MORE_BREAKPOINTS),
        problems(1, 2, bias=False),
        problems(2, 1, catalogue=ONE_BREAKPOINT + MORE_BREAKPOINTS, trainable_offset=True),
        problems(3, 1),
        ridges(2, True, (1, 4)),
        ridges(1, False, (1, 4)),
    ),
)
@PROPERTY
def test_the_quadratic_of_the_cell_that_holds_w_is_the_objective_at_w(data, problem):
    model, size = problem.model, len(problem.parameters)
    w = data.draw(st.lists(numbers, min_size=size, max_size=size))
    alpha = data.draw(numbers)
    units = 0 if isinstance(model, Ridge) else model.hidden[0]
    block = len(problem.features) + model.bias
    arrangements, signs = [], None
    if units:
        if model.output_weights == "signs":
            signs = tuple(data.draw(st.sampled_from((1, -1))) for _ in range(units))
        for unit in range(units):
            own = w[unit * block : (unit + 1) * block]
            row = []
            for x in problem.inputs:
                z = sum((a * b for a, b in zip(own, (*x, Fraction(1)), strict=False)), Fraction(0))
                row.append(model.activation.piece_index(z))
            arrangements.append(Arrangement((unit,), np.array([row], dtype=np.int8)))
    objective = Objective(stated(problem), arrangements)
    gram = objective.gram(Case((0,) * units, signs))
    found = at_point(gram, objective.scale, to_flint(alpha), [*map(to_flint, w), fmpq(1)])
    penalty = problem.weight_decay + (alpha if not units else 0)
    expected = penalty * sum(p * p for p in w)
    losses = []
    for x, y in zip(problem.inputs, problem.targets, strict=True):
        prediction = model.predict(alpha, w, x, signs) if units else model.predict(alpha, w, x)
        losses.append((prediction - y) ** 2)
    expected += sum(losses) / (len(losses) if problem.reduction == "mean" else 1)
    assert found == to_flint(Fraction(expected))


def test_sums_of_long_numbers_are_exact():
    """Products of 60 digits need several limbs."""
    big = 10**30 + 7
    problem = Problem(
        FeedForward([1], Interpolated(relu, identity)),
        inputs=[[big], [-big]],
        targets=[Fraction(1, big), 3],
    )
    arrangement = Arrangement((0,), np.array([[1, 0]], dtype=np.int8))
    objective = Objective(stated(problem), [arrangement])
    alpha, w = Fraction(1, 3), [Fraction(5, big), Fraction(-1, 7)]
    gram = objective.gram(Case((0,), None))
    found = at_point(gram, objective.scale, to_flint(alpha), [*map(to_flint, w), fmpq(1)])
    assert found == to_flint(problem.value(alpha, w))


entries = st.integers(-4, 4)


@st.composite
def gram_and_rows(draw):
    """A Gram matrix Σ (p + αq)(p + αq)ᵀ, often singular, and independent or dependent rows."""
    width = draw(st.integers(1, 4))
    vector = st.lists(entries, min_size=width + 1, max_size=width + 1)
    parts = [fmpz_mat(width + 1, width + 1) for _ in range(3)]
    for p, q in draw(st.lists(st.tuples(vector, vector), min_size=1, max_size=4)):
        low, high = fmpz_mat(width + 1, 1, p), fmpz_mat(width + 1, 1, q)
        parts[0] += low * low.transpose()
        parts[1] += low * high.transpose() + high * low.transpose()
        parts[2] += high * high.transpose()
    rows = draw(st.lists(vector.filter(lambda row: any(row[:-1])), max_size=width))
    return tuple(parts), rows


@given(gram_and_rows(), st.integers(2, 50))
@PROPERTY
def test_value_and_multipliers_solve_the_stationarity_equations(case, alpha):
    """∇q(w) = Σ λ_j a_j and a_j·w = b_j at a rational α, solved without polynomials."""
    gram, rows = case
    width = gram[0].ncols() - 1
    sparse = [tuple((i, v) for i, v in enumerate(row) if v) for row in rows]
    normals = fmpq_mat(len(rows), width, [v for row in rows for v in row[:-1]])
    if rows and normals.rank() < len(rows):
        with pytest.raises(Refuted, match="dependent"):
            stationary(gram, fmpz_poly([3])[0], sparse)
        return
    point = stationary(gram, fmpz_poly([3])[0], sparse)
    divisor = point.divisor(alpha)
    assert divisor >= 0
    if divisor == 0:
        return
    whole = gram[0] + alpha * gram[1] + alpha * alpha * gram[2]
    size = width + len(rows)
    system, right = fmpq_mat(size, size), fmpq_mat(size, 1)
    for i, j in product(range(width), repeat=2):
        system[i, j] = 2 * whole[i, j]
    for i in range(width):
        right[i, 0] = fmpq(-2 * whole[i, width])
    for k, row in enumerate(rows):
        for i in range(width):
            system[i, width + k] = fmpq(-row[i])
            system[width + k, i] = fmpq(row[i])
        right[width + k, 0] = fmpq(row[-1])
    augmented = fmpq_mat(size, size + 1)
    for i in range(size):
        for j in range(size):
            augmented[i, j] = system[i, j]
        augmented[i, size] = right[i, 0]
    reduced, rank = augmented.rref()
    solution = [fmpq(0)] * size
    for i in range(rank):
        pivot = next(j for j in range(size + 1) if reduced[i, j])
        assert pivot < size
        solution[pivot] = reduced[i, size]
    vector = fmpq_mat(width + 1, 1, [*solution[:width], fmpq(1)])
    value = (vector.transpose() * fmpq_mat(whole) * vector)[0, 0] / 3
    assert point.value(fmpq(alpha)) == value * divisor
    signs = [(multiplier(alpha) > 0) - (multiplier(alpha) < 0) for multiplier in point.multipliers]
    assert signs == [(x > 0) - (x < 0) for x in solution[width:]]


def _network(units, weights, box=(-10, 10)):
    return Problem(
        FeedForward([units], Interpolated(relu, identity), output_weights=weights),
        inputs=[[1], [-1]],
        targets=[1, 2],
        box=box,
    )


def _arrangement(units, cells):
    return Arrangement(tuple(units), np.zeros((cells, 2), dtype=np.int8))


def test_orbits_are_counted_and_listed_once():
    problem = stated(_network(3, [1, -1, 1]))
    orbits = check_classes(Node([[1, 3], [2]], "x"), problem, [_arrangement(range(3), 4)])
    assert (orbits.joint_cells, orbits.total) == (64, 40)
    cases = [Case((i, j, k), None) for i, j, k in product(range(4), repeat=3) if i <= k]
    check_cases(Node([], "proofs"), cases, orbits)
    for wrong, reason in (
        (cases[:-1], "39 joint cells"),
        ([*cases, cases[0]], "repeats"),
        ([*cases[:-1], Case((2, 0, 1), None)], "not the sorted representative"),
    ):
        with pytest.raises(Refuted, match=reason):
            check_cases(Node([], "proofs"), wrong, orbits)


def test_signs_are_sorted_with_their_cells():
    problem = stated(_network(2, "signs"))
    orbits = check_classes(Node([[1, 2]], "x"), problem, [_arrangement(range(2), 3)])
    assert (orbits.joint_cells, orbits.total) == (9, 21)
    pairs = list(product((-1, 1), range(3)))
    cases = [Case((p[1], q[1]), (p[0], q[0])) for p, q in product(pairs, repeat=2) if p <= q]
    check_cases(Node([], "proofs"), cases, orbits)
    read = orbits.read_case(
        Node({"cell": [0, 2], "signs": [-1, 1]}, "p").fields("cell", "signs"), "p"
    )
    assert read in cases
    assert not orbits.is_canonical(Case((0, 2), (1, -1)))


@pytest.mark.parametrize(
    "entry",
    [
        {"cell": [0]},
        {"cell": [0, 3], "signs": [1, 1]},
        {"cell": [0, -1], "signs": [1, 1]},
        {"cell": [0, 1.0], "signs": [1, 1]},
        {"cell": [0, True], "signs": [1, 1]},
        {"cell": [0, 1]},
        {"cell": [0, 1], "signs": [1]},
        {"cell": [0, 1], "signs": [1, 0]},
        {"cell": [0, 1], "signs": [1, 2]},
        {"cell": "01", "signs": [1, 1]},
    ],
)
def test_cases_that_do_not_exist_are_not_read(entry):
    orbits = Orbits(((0, 1),), (3, 3), True)
    node = Node(entry, "proofs[0]")
    with pytest.raises(CertificateError, match=r"proofs\[0\]"):
        orbits.read_case(node.fields("cell", optional=("signs",)), node.path)


def test_exchangeable_units_have_equal_boxes_and_output_weights():
    problem = stated(_network(3, [1, 1, -1], {"b2": (0, 1)}))
    arrangements = [_arrangement((0, 2), 4), _arrangement((1,), 3)]
    orbits = check_classes(Node([[1], [2], [3]], "x"), problem, arrangements)
    assert (orbits.joint_cells, orbits.total, orbits.sizes) == (48, 48, (4, 3, 4))
    for classes in ([[1, 2], [3]], [[1], [2]], [[1], [2], [3], [3]], [[1, 3], [2]]):
        with pytest.raises(Refuted, match="exchangeable"):
            check_classes(Node(classes, "x"), problem, arrangements)


def test_labels_name_walls_and_oriented_boundaries():
    problem = stated(_network(2, [1, 1]))
    cells = Arrangement((0, 1), np.array([[0, 1]], dtype=np.int8))
    constraints = Constraints(problem, (cells,))
    case = Case((0, 0), None)

    def dense(label):
        values = [0] * 5
        for position, value in constraints.row(Node(label, "x"), case):
            values[position] = value
        return values

    assert dense("w1_x1:lower") == [1, 0, 0, 0, -10]
    assert dense("b2:upper") == [0, 0, 0, -1, -10]
    assert dense("u1:e1:k1") == [-1, -1, 0, 0, 0]
    assert dense("u2:e2:k1") == [0, 0, -1, 1, 0]
    for label in ("u0:e1:k1", "u3:e1:k1", "u1:e3:k1", "u1:e1:k2", "u1:e01:k1", "b3:upper", "", 7):
        with pytest.raises(CertificateError):
            constraints.row(Node(label, "x"), case)
