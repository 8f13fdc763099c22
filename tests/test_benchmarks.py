"""What peers are given in benchmarks is the problem itself, and their answers are judged right."""

from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.catalogue import INSTANCES
from benchmarks.cells import Cell, cell_at
from benchmarks.critical_curves import curve
from benchmarks.curves import ProvedCurve, Sample
from benchmarks.float_objective import BatchObjective
from benchmarks.local_search import judged
from benchmarks.peers import Question
from benchmarks.quantifiers import qepcad
from geometry.engines import Limits, Singular
from geometry.engines.process import find_program
from pieceproof.analysis import analyze
from pieceproof.specfile import load_problem
from piecewise import Problem
from piecewise.cell_polynomials import evaluate
from piecewise.exact import to_fmpq


def points(problem: Problem, count: int) -> list[Sample]:
    """Random rational (α, w), the weights of moderate size."""
    random, found = Random(len(problem.parameters)), []
    lower, upper = problem.interval
    for _ in range(count):
        w = [
            max(p.lower, min(p.upper, Fraction(random.randint(-30, 30), 7)))
            for p in problem.parameters
        ]
        found.append(Sample(lower + (upper - lower) * Fraction(random.randint(1, 9), 10), tuple(w)))
    return found


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: instance.name)
def test_peers_are_given_the_objective_of_every_family(instance, tmp_path: Path) -> None:
    problem = load_problem(instance.spec(tmp_path)).training()
    objective = BatchObjective(problem)
    for sample in points(problem, 3):
        exact = problem.value(sample.alpha, sample.w)
        w = np.array([[float(v) for v in sample.w]])
        assert objective.values(float(sample.alpha), w) == pytest.approx(float(exact), rel=1e-9)
        cell = cell_at(problem, sample)
        point = (sample.alpha, sample.w)
        assert evaluate(cell.numerator, *point) == to_fmpq(exact) * evaluate(
            cell.denominator, *point
        )
        values = [evaluate(condition.polynomial, *point) for condition in cell.conditions]
        assert min(values) >= 0
        assert [value == 0 for value in values] == [c.active for c in cell.conditions]


def test_a_gradient_is_that_of_the_objective(tmp_path: Path) -> None:
    problem = load_problem("examples/pitchfork.toml")
    value, gradient = BatchObjective(problem).gradient(0.5, np.array([2.0, 3.0]))
    assert value == pytest.approx(0.5 * 25 + 0.25 * 13)
    assert gradient == pytest.approx([3 * 5 + 0.5 * 2, 2 * 5 + 0.5 * 3], rel=1e-5)


@pytest.fixture(scope="module")
def ridge() -> ProvedCurve:
    return ProvedCurve(analyze(load_problem("examples/ridge.toml")).document)


def test_values_of_a_peer_are_judged(ridge: ProvedCurve) -> None:
    alphas = ridge.grid(5)
    right = [ridge.at(alpha)[0] for alpha in alphas]
    assert judged(ridge, alphas, right) == "1 of 1 pieces have a right value"
    high = [*right[:3], 1.01 * right[3], right[4]]
    assert judged(ridge, alphas, high).startswith("too high at 1 of 5 α")
    with pytest.raises(AssertionError, match="below the proved minimum"):
        judged(ridge, alphas, [*right[:4], 0.99 * right[4]])


def cell_of_ridge(ridge: ProvedCurve) -> Cell:
    return cell_at(load_problem("examples/ridge.toml"), next(ridge.samples()))


def test_singular_eliminates_the_curve_of_ridge(ridge: ProvedCurve) -> None:
    if not Singular().is_available():
        pytest.skip("Singular is not installed")
    assert curve(Singular(), cell_of_ridge(ridge), Limits(60)) == (1, 2)


def test_qepcad_settles_ridge(ridge: ProvedCurve) -> None:
    if find_program("qepcad") is None:
        pytest.skip("QEPCAD is not installed")
    found = qepcad(Question(load_problem("examples/ridge.toml"), ridge, 60))
    assert found.finished
    assert found.said == "1 of 1 cells that it is told"
