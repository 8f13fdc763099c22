"""Taylor models, quadratic programs and the bounds made of them, against exact arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import numba
import numpy as np
import pytest
from scipy.optimize import linprog

from pieceproof.checking.enclosing.compiled.linear import diagonalised
from pieceproof.checking.enclosing.compiled.models import expand, fresh_model, monomials, remainder
from pieceproof.checking.enclosing.compiled.places import Claims, beyond_face, meets
from pieceproof.checking.enclosing.compiled.programs import EMPTY, FOUND, minimised
from pieceproof.checking.enclosing.compiled.quadratics import convexified, is_positive
from pieceproof.checking.enclosing.compiled.sides import boundaries, fresh_sides
from pieceproof.checking.enclosing.covering import Claim, Covering, Level
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.jets import Jets
from pieceproof.checking.enclosing.networks import Network, read_network
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.reading import Node
from pieceproof.problem_document import problem_document
from piecewise import FeedForward, Interpolated, Penalty, Problem, activations

Compiled = Any


@numba.njit
def program(m: Compiled, g: Compiled, rows: Compiled) -> Compiled:
    y, factors = np.zeros(len(g)), np.zeros(len(rows))
    return minimised(m, g, rows, y, factors), y, factors


@numba.njit
def eigen(a: Compiled) -> Compiled:
    values, vectors = np.empty(len(a)), np.empty(a.shape)
    diagonalised(a, values, vectors)
    return values, vectors


@numba.njit
def model_of(
    net: Compiled, mono: Compiled, pattern: Compiled, centre: Compiled, frame: Compiled
) -> Compiled:
    model = fresh_model(mono)
    model.centre[:] = centre
    model.frame[:] = frame
    expand(net, mono, pattern, model)
    return model.f, model.error[0], remainder(mono, model)


@numba.njit
def positive(constant: Compiled, slope: Compiled, m: Compiled, cuts: Compiled) -> Compiled:
    s, d, hope = m.copy(), np.empty(len(m)), np.zeros(1)
    if not convexified(s, d):
        return False, False
    return True, is_positive(constant, slope, m, s, d, cuts, hope)


@numba.njit
def shift_of(m: Compiled) -> Compiled:
    s, d = m.copy(), np.empty(len(m))
    return convexified(s, d), s


def definite(random: np.random.Generator, n: int, spread: float) -> np.ndarray:
    """A random positive definite matrix with eigenvalues between 1/spread and 1."""
    turn, _ = np.linalg.qr(random.normal(size=(n, n)))
    made: np.ndarray = turn @ np.diag(np.logspace(-np.log10(spread), 0, n)) @ turn.T
    return made


@pytest.mark.parametrize("seed", range(12))
def test_programs_end_where_no_multiplier_and_no_constraint_is_violated(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, count = 1 + seed % 5, seed % 4
    found = 0
    for _ in range(20):
        m, g = definite(random, n, 1e4), 2 * random.normal(size=n)
        rows = random.normal(size=(count, n + 1))
        answer, y, factors = program(m, g, rows)
        assert (factors >= 0).all()
        allowed = linprog(
            np.zeros(n), A_ub=-rows[:, :n], b_ub=-rows[:, n], bounds=[(-1, 1)] * n
        ) if count else None  # fmt: skip
        if allowed is not None and allowed.status == 2:
            assert answer == EMPTY
            # Σ m_j(a_jᵀy − b_j) ≤ −1 all over the cube.
            weights = factors @ rows
            assert np.abs(weights[:n]).sum() - weights[n] <= -1 + 1e-6
            continue
        assert answer == FOUND
        found += 1
        assert (np.abs(y) <= 1 + 1e-8).all()
        slack = rows[:, :n] @ y - rows[:, n]
        assert (slack >= -1e-8).all()
        assert np.abs(factors * slack).max(initial=0) < 1e-6
        # What is left of the gradient points out of the cube.
        rest = m @ y + g - factors @ rows[:, :n]
        at = np.where(y > 1 - 1e-9, -1, np.where(y < -1 + 1e-9, 1, 0))
        assert (rest * at >= -1e-6).all()
        assert np.abs(rest[at == 0]).max(initial=0) < 1e-6
    assert found


def test_a_program_of_a_thin_box_is_solved() -> None:
    """One side is 10⁻⁶ of the others, as where a box is cut in one direction only."""
    m = np.array([
        [2.1692e-06, 1.4250000000000016e-04, 0.0, 5.4000000004883550e-10],
        [1.4250000000000016e-04, 1.4446753732218119e-02, 1.0170514617285005e-02,
         6.4971598740250725e-08],
        [0.0, 1.0170514617285005e-02, 3.6983689554420711e-02, 1.0940478113489408e-07],
        [5.4000000004883550e-10, 6.4971598740250725e-08, 1.0940478113489408e-07,
         4.5836562364573095e-13],
    ])  # fmt: skip
    g = np.array([1.3258715710785926e-04, 2.3641535968398353e-03, 3.8443964580031270e-02,
                  5.6333696050016424e-08])  # fmt: skip
    rows = np.array([[0, -0.07125000000000001, 0.19000000000000006, 0, 0.0703125]])
    answer, y, factors = program(m, g, rows)
    assert answer == FOUND
    assert (np.abs(y) <= 1 + 1e-4).all()
    assert rows[0, :4] @ y - rows[0, 4] >= -1e-6
    # Nothing in the cube is lower than y by the Lagrangian, but for rounding.
    rest = m @ y + g - factors @ rows[:, :4]
    assert np.abs(rest).sum() + rest @ y <= 1e-7


def test_a_contradiction_of_nearly_dependent_rows_is_one() -> None:
    """A box of a unit with an output weight that was cut to 10⁻⁶ of its other sides."""
    m = np.array([
        [2.4917164473778928e-05, 1.1400000000000013e-03, 0.0, 1.7099999999992143e-08],
        [1.1400000000000013e-03, 1.4187740683066188e-01, 9.5647658106012529e-02,
         1.8092279445694792e-06],
        [0.0, 9.5647658106012529e-02, 1.0202421591330346e-01, 1.0645135848432599e-06],
        [1.7099999999992143e-08, 1.8092279445694792e-06, 1.0645135848432599e-06,
         4.7186193434332788e-08],
    ])  # fmt: skip
    g = np.array([-2.2230960512985634e-04, 6.3265335093503794e-02, -1.6247583019619854e-02,
                  9.2343227819781555e-07])  # fmt: skip
    rows = np.array([[0, -0.0475, -0.19000000000000006, 0, 0.140625],
                     [0, 0, 0.19000000000000006, 0, 0.1875]])  # fmt: skip
    answer, _, factors = program(m, g, rows)
    assert answer == EMPTY
    weights = factors @ rows
    assert np.abs(weights[:4]).sum() - weights[4] <= -1 + 1e-6


def test_a_shift_leaves_a_program_that_can_be_solved() -> None:
    """A shift that just suffices leaves a condition of 10⁹."""
    random = np.random.default_rng(0)
    shifted = 0
    for _ in range(50):
        rows = random.normal(size=(4, 3))
        m = rows @ rows.T
        m[0, 0] *= 0.9
        convex, found = shift_of(m)
        assert convex
        if found[0, 0] > m[0, 0] * (1 + 1e-6):
            shifted += 1
            unit = 1 / np.sqrt(np.diag(found))
            assert np.linalg.cond(found * np.outer(unit, unit)) < 1e7
    assert shifted


@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_eigenvectors_are_those_of_numpy(n: int) -> None:
    random = np.random.default_rng(n)
    a = random.normal(size=(n, n))
    a = a + a.T
    values, vectors = eigen(a.copy())
    assert np.allclose(vectors @ np.diag(values) @ vectors.T, a, atol=1e-12)
    assert np.allclose(vectors.T @ vectors, np.eye(n), atol=1e-12)


CASES: list[tuple[list[int], tuple[str, str], dict[str, Any]]] = [
    ([1], ("relu", "square"), {"bias": True, "output_weights": [1]}),
    ([2], ("relu", "square"), {"bias": False, "output_weights": [1, -1]}),
    ([1], ("relu2", "identity"), {"bias": True, "output_weights": "trainable", "output_bias": 0}),
    ([1], ("hard_tanh", "relu2"), {"bias": True, "output_weights": ["1/3"], "output_bias": "1/7"}),
    ([2], ("abs", "square"), {"bias": False, "output_weights": [1, 1], "output_bias": "trainable"}),
]


def network_of(case: int, seed: int) -> tuple[Problem, Network]:
    """A random problem, with data that are no doubles, and how the checker reads it."""
    random = Random(100 * case + seed)
    hidden, (first, second), options = CASES[case]
    mixed = Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])
    found = Problem(
        FeedForward(hidden, mixed, **options),
        inputs=[[Fraction(random.randint(-20, 20), 7)] for _ in range(5)],
        targets=[Fraction(random.randint(-10, 30), 9)] * 2
        + [Fraction(random.randint(-10, 30), 9) for _ in range(3)],
        interval=("1/10", "9/10"),
        box=(-4, 4),
        weight_decay=random.choice(["0", "1/3"]),
        penalty=random.choice([None, Penalty.of("l2"), Penalty.of("l2", biases=True)]),
    )
    document = problem_document(found)
    return found, read_network(Node(document, "problem"))


def exact(network: Network, alpha: Fraction, w: Sequence[Fraction], pattern: Any) -> Fraction:
    """f of a pattern by its definition; one hidden layer."""
    rational = [Fraction(str(x)) for x in (network.decay, network.offset or 0)]
    features = len(network.inputs[0])
    each = features + bool(network.bias)
    units = network.hidden[0]
    total = Fraction(0)
    for t in range(network.examples):
        value = rational[1] - Fraction(str(network.targets[t]))
        for u in range(units):
            z = sum(
                (w[u * each + i] * Fraction(str(network.inputs[t][i])) for i in range(features)),
                w[u * each + features] if network.bias else Fraction(0),
            )
            first, second = network.first[pattern[u][t]], network.second[pattern[u][t]]
            sigma = sum(
                (alpha * Fraction(str(first[k])) + (1 - alpha) * Fraction(str(second[k]))) * z**k
                for k in range(max(first.degree(), second.degree()) + 1)
            )
            outer = w[units * each + u] if network.outputs is None else network.outputs[u]
            value += Fraction(str(outer)) * sigma
        if network.offset is None:
            value += w[-1]
        total += value * value
    if network.mean:
        total /= network.examples
    total += alpha * sum((w[i] ** 2 for i in network.penalised), Fraction(0))
    return total + rational[0] * sum(x * x for x in w)


@pytest.mark.parametrize("case", range(len(CASES)))
def test_models_are_the_polynomial_of_a_pattern_up_to_the_stated_error(case: int) -> None:
    for seed in range(4):
        _, network = network_of(case, seed)
        jets = Jets(network)
        net, n = jets.net, jets.n
        mono = monomials(net, n)
        random = np.random.default_rng(seed)
        pieces = len(network.first)
        pattern = random.integers(0, pieces, (network.hidden[0], network.examples))
        centre, frame = random.normal(size=n), random.normal(size=(n, n)) * 10.0 ** -(seed % 3)
        f, error, low = model_of(net, mono, pattern, centre, frame)
        assert error < 1e-9 * (1 + np.abs(f).sum())
        for _ in range(6):
            y = [Fraction(int(k), 8) for k in random.integers(-8, 9, n)]
            at = [
                Fraction(c) + sum(Fraction(b) * x for b, x in zip(row, y, strict=True))
                for c, row in zip(centre, frame, strict=True)
            ]
            true = exact(network, at[0], at[1:], pattern.tolist())
            terms = [
                Fraction(c) * np.prod([x ** int(e) for x, e in zip(y, row, strict=True)])
                for c, row in zip(f, mono.exponents, strict=True)
            ]
            assert abs(sum(terms) - true) <= Fraction(error)
            few = mono.first[3]
            assert true - sum(terms[:few]) >= Fraction(low)


def test_there_is_no_model_of_deep_networks() -> None:
    mixed = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])
    deep = Problem(
        FeedForward([1, 1], mixed), inputs=[[1], [2]], targets=[0, 1], interval=(0, 1), box=(-1, 1)
    )
    jets = Jets(read_network(Node(problem_document(deep), "problem")))
    assert len(monomials(jets.net, jets.n).first) == 1


@pytest.mark.parametrize("seed", range(10))
def test_quadratics_that_are_called_positive_are(seed: int) -> None:
    """On grids, whatever the curvature; the least value is moved through zero."""
    random = np.random.default_rng(seed)
    n, count = 2 + seed % 2, seed % 3
    grid = np.array(list(product(np.linspace(-1, 1, 21), repeat=n)))
    answers = []
    for _ in range(30):
        m = definite(random, n, 1e3) - random.choice([0.0, 0.0, 0.3]) * np.eye(n)
        slope, rows = random.normal(size=n), random.normal(size=(count, 1 + n))
        allowed = (rows[:, :1] + rows[:, 1:] @ grid.T >= 0).all(axis=0)
        values = grid @ slope + 0.5 * np.einsum("ip,pq,iq->i", grid, m, grid)
        least = values[allowed].min() if allowed.any() else np.inf
        for gap in (-0.02, 0.05, 0.9):
            constant = (0.0 if least == np.inf else -least) + gap
            known, answer = positive(
                np.full(2, constant), np.stack([slope, slope]), m, np.stack([rows, rows])
            )
            assert known
            # Between grid points q may be lower than on them.
            assert not (answer and gap == -0.02 and least < np.inf)
            answers.append(answer)
    assert any(answers)
    assert not all(answers)


def test_a_convex_quadratic_is_positive_as_soon_as_its_minimum_is() -> None:
    random = np.random.default_rng(5)
    for n in (2, 3, 5):
        m = definite(random, n, 1e5)
        inside = random.uniform(-0.5, 0.5, n)
        slope = -m @ inside
        least = -0.5 * inside @ m @ inside
        none = np.zeros((2, 0, 1 + n))
        for gap, expected in ((1e-7, True), (-1e-7, False)):
            constant = np.full(2, gap - least)
            assert positive(constant, np.stack([slope, slope]), m, none) == (True, expected)


@numba.njit
def met(net: Compiled, mono: Compiled, region: Compiled, nodes: Compiled) -> Compiled:
    sides = fresh_sides(net, mono)
    count = boundaries(net, region, nodes, sides)
    return count, sides.members[0].copy()


def test_boundaries_that_are_one_hyperplane_are_met_once() -> None:
    """Without a bias every unit has one, on both sides of which examples change together."""
    mixed = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])
    found = Problem(
        FeedForward([2], mixed, bias=False, output_weights=[1, -1]),
        inputs=[[1], [-2], [0], [3]], targets=[1, 2, 3, 4], interval=("1/10", "9/10"), box=(-5, 5),
    )  # fmt: skip
    (space, *_) = Spaces(Node(problem_document(found), "problem"))
    alpha = Range(np.array([0.4]), np.array([0.5]))
    flat = Range.exactly(np.zeros(1))
    at = Level(Range.exactly(alpha.middle), Range.exactly(np.ones(1)), flat, flat)
    covering = Covering(space, [Claim(alpha, (at,), ())], 10)
    net, mono = space.jets.net, covering.monomials

    def sides(low: Sequence[float], high: Sequence[float]) -> Any:
        space.jets.both(Range(np.array([[0.4, *low]]), np.array([[0.5, *high]])), 1)
        return met(net, mono, covering.region, space.jets.room.nodes)

    count, members = sides([-1, 1], [1, 2])
    assert count == 1
    # Where z is 0 for all w nothing is met; an input of the other sign is on the other side.
    assert members[0].tolist() == [1, -1, 0, 1]
    assert members[1].tolist() == [0, 0, 0, 0]
    assert sides([-1, -1], [1, 2])[0] == 2
    assert sides([1, 1], [2, 2])[0] == 0


@numba.njit
def beyond(claims: Compiled, box: Compiled, face: Compiled) -> Compiled:
    cut = np.zeros((2, 1 + box.shape[1]))
    return beyond_face(claims, box, 0, 0, face, cut), cut, meets(claims, box, 0, 0)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_beyond_a_face_satisfies_its_cut(seed: int) -> None:
    """Coordinates of a basin may be linear, squares or products of two."""
    random = np.random.default_rng(seed)
    cuts = 0
    for _ in range(25):
        views = random.normal(size=(1, 2, 2))
        squares = np.array([[[0, 0], [0, 1], [3, 0], [1, 1]][seed % 4]])
        path = random.normal(size=(3, 1, 1, 2)) * np.array([2.0, 1.0, 1.0])[:, None, None, None]
        path[2] = np.abs(path[2])
        none = np.zeros((3, 1, 0, 2))
        middle = np.array([[0.4]])
        claims = Claims(
            np.array([[0.3], [0.5]]), np.zeros(1, np.int64), np.full((7, 1, 1), np.nan), none,
            np.zeros((1, 0)), np.zeros((1, 1)), views, squares, path, middle,
        )  # fmt: skip
        centre, half = np.array([0.4, *random.normal(size=2)]), random.uniform(0.01, 1, 3)
        half[0] = 0.1
        box = np.stack([centre - half, centre + half])
        points = centre + half * random.uniform(-1, 1, (400, 3))
        linear = points[:, 1:] @ views[0].T
        own = linear.copy()
        for i, kind in enumerate(squares[0]):
            if kind:
                own[:, i] = linear[:, i] * linear[:, i if kind == 1 else kind - 2]
        away = own - (path[0, 0, 0] + path[1, 0, 0] * (points[:, :1] - 0.4))
        for face in range(4):
            known, cut, meeting = beyond(claims, box, face)
            there = (1 if face % 2 else -1) * away[:, face // 2] > path[2, 0, 0, face // 2]
            assert known or not there.any()
            if known:
                cuts += 1
                assert (cut[1, 0] + points[there] @ cut[1, 1:] >= -1e-12).all()
            assert meeting or not (np.abs(away) <= path[2, 0, 0]).all(axis=1).any()
    assert cuts
