"""Graph convolutions with the squared loss against normal equations at rational α."""

from __future__ import annotations

import copy
import random
from fractions import Fraction
from typing import Any

import pytest
import sympy

import pieceproof
from pieceproof.certificate import digest
from pieceproof.verify import verify
from piecewise import GraphConvolution, Problem
from piecewise.errors import NotYetSupported

F = Fraction

RANK_LOST = (0, 3, 4, 21)
"""Without weight decay, and the Gram matrix is singular at some α: minimisers are not bounded."""


def random_problem(seed: int, **changes: Any) -> Problem:
    r = random.Random(seed)
    n, d = r.randint(2, 6), r.choice([1, 2, 3])
    names = [str(i) for i in range(n)]
    edges = [
        (a, b, F(r.randint(0, 3), r.choice([1, 2])))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if r.random() < 0.5
    ]
    training = sorted(r.sample(names, r.randint(1, n)), key=int)
    options = {
        "inputs": [[r.randint(-2, 2) for _ in range(d)] for _ in names],
        "targets": [F(r.randint(-3, 3), 2) for _ in training],
        "interval": (0, r.choice([1, 4])),
        "weight_decay": r.choice([F(1, 10), 1, 0]),
        "reduction": r.choice(["mean", "sum"]),
    }
    graph = GraphConvolution(
        names, edges, degree=r.choice([1, 2]), power=r.choice([1, 1, 2]), training=training
    )
    return Problem(graph, **{**options, **changes})


def brute_force(problem: Problem, alpha: Fraction) -> Fraction:
    """The least value over R^d by the normal equations, Âᵏ from matrices."""
    graph = problem.model
    assert isinstance(graph, GraphConvolution)
    n = len(graph.nodes)
    kernel = sympy.eye(n)
    for i, j, weight in graph.edges:
        kernel[i, j] = kernel[j, i] = sympy.Rational(str((weight + alpha) ** graph.degree))
    degrees = [sum(kernel.row(i)) for i in range(n)]
    propagation = sympy.diag(*(1 / degree for degree in degrees)) * kernel
    inputs = sympy.Matrix([[sympy.Rational(str(x)) for x in row] for row in problem.inputs])
    design = (propagation**graph.power * inputs).extract(
        list(graph.training), list(range(inputs.cols))
    )
    y = sympy.Matrix([sympy.Rational(str(target)) for target in problem.targets])
    count = len(problem.targets) if problem.reduction == "mean" else 1
    decay = sympy.Rational(str(problem.weight_decay)) * count
    hessian = design.T * design + decay * sympy.eye(inputs.cols)
    w, free = hessian.gauss_jordan_solve(design.T * y)
    w = w.subs(dict.fromkeys(free, 0))
    residual = design * w - y
    value = (residual.dot(residual) + decay * w.dot(w)) / count
    return F(str(value))


@pytest.mark.parametrize("seed", range(24))
def test_random_instances(seed: int) -> None:
    problem = random_problem(seed)
    if seed in RANK_LOST:
        with pytest.raises(NotYetSupported, match="widen the box"):
            pieceproof.analyze(problem)
        return
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    for alpha in (problem.interval[0], F(1, 3), F(7, 8), problem.interval[1]):
        assert dual(alpha) == brute_force(problem, alpha)


def test_dependent_features() -> None:
    problem = Problem(
        GraphConvolution(["a", "b"], [("a", "b", 1)]), inputs=[[1, 2], [2, 4]], targets=[1, 3]
    )
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted
    assert dual(F(1, 2)) == brute_force(problem, F(1, 2))


def test_a_box_that_binds_is_refused() -> None:
    graph = GraphConvolution(["a", "b"], [("a", "b", 1)])
    problem = Problem(graph, inputs=[[1], [2]], targets=[4, 3], box=(-1, 1))
    with pytest.raises(NotYetSupported, match="w_x1; widen the box"):
        pieceproof.analyze(problem)


def test_mutations_are_found() -> None:
    problem = random_problem(3, weight_decay=1)
    document = pieceproof.analyze(problem).document
    assert verify(document).accepted
    part = ("pieces", 0, "parts", 0, "minimiser")
    for path, value in [
        (("pieces", 0, "value", "numerator", 0), "123457"),
        ((*part, "numerators", 0, 0), "123457"),
        ((*part, "denominator", 0), "123457"),
        (("pieces", 0, "sample", "witness", 0), "3/7"),
        (("problem", "loss", "weight_decay"), "2"),
        (("problem", "data", "inputs", 0, 0), "17"),
        (("counts", "oscillations"), 9),
    ]:
        changed: Any = copy.deepcopy(document)
        place = changed
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        changed["digest"] = digest({k: v for k, v in changed.items() if k != "digest"})
        assert not verify(changed).accepted, path
