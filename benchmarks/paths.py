"""Regularisation paths, absolute loss and validation curves against floating point grids.

Peers: scikit-learn's LARS and coordinate descent for the lasso, HiGHS for linear programs, and
Nelder–Mead from several starts for a network. Each is asked for the same curve; what a grid
cannot see (narrow pieces, jumps, isolated values) and what it gets wrong is counted.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy.optimize import linprog, minimize
from sklearn.linear_model import lars_path, lasso_path

from geometry.dual import DualFunction
from geometry.search import exact_dual
from geometry.validation import validation_dual
from pieceproof.specfile import load_problem
from piecewise.objective import ConvexObjective
from piecewise.problems import Problem

EXAMPLES = Path(__file__).parent.parent / "examples"
GRID = 100
STARTS = 10


@dataclass(frozen=True)
class Exact:
    """The exact curve of an example and the seconds it took, certificate and check apart."""

    problem: Problem
    dual: DualFunction
    seconds: float


def exact(name: str) -> Exact:
    """The curve of a spec in ``examples/``."""
    problem = load_problem(EXAMPLES / f"{name}.toml")
    start = perf_counter()
    dual: DualFunction = exact_dual(ConvexObjective(problem.training()))
    if problem.validation is not None:
        dual = validation_dual(problem, dual)  # type: ignore[arg-type]
    return Exact(problem, dual, perf_counter() - start)


def grid_of(problem: Problem, points: int = GRID) -> list[Fraction]:
    """Equidistant α, the ends among them."""
    lower, upper = problem.interval
    return [lower + (upper - lower) * Fraction(k, points - 1) for k in range(points)]


def unseen(dual: DualFunction, grid: list[Fraction]) -> int:
    """Breakpoints that share their gap of the grid with another one: the grid shows one at most."""
    gaps = [bisect(grid, float(point.alpha)) for point in dual.breakpoints]
    return len(gaps) - len(set(gaps))


def floats(problem: Problem) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Inputs and targets."""
    return (
        np.array([[float(v) for v in row] for row in problem.inputs]),
        np.array([float(v) for v in problem.targets]),
    )


def lasso() -> None:
    """All knots of the lasso path."""
    found = exact("lasso")
    inputs, targets = floats(found.problem)
    inputs, targets = inputs - inputs.mean(axis=0), targets - targets.mean()
    start = perf_counter()
    knots, _, _ = lars_path(inputs, targets, method="lasso")
    peer = perf_counter() - start
    breaks = [float(point.alpha) for point in found.dual.breakpoints]
    error = max(abs(a / b - 1) for a, b in zip(sorted(2 * knots[knots > 0]), breaks, strict=True))
    start = perf_counter()
    lasso_path(inputs, targets)
    grid = perf_counter() - start
    hidden = unseen(found.dual, grid_of(found.problem))
    print(
        f"lasso path: {len(found.dual.pieces)} pieces in {found.seconds:.3f} s, "
        f"{found.seconds / peer:.0f} times LARS in floats (knots agree to {error:.0e}), "
        f"{found.seconds / grid:.1f} times coordinate descent on {GRID} points; "
        f"a grid of {GRID} cannot separate {hidden} of {len(breaks)} knots"
    )


def validation() -> None:
    """The best α of a validation curve."""
    found = exact("validation")
    problem, held = found.problem, found.problem.validation
    if held is None:
        raise ValueError("examples/validation.toml has no held-out examples")
    inputs, targets = floats(problem)
    centre, level = inputs.mean(axis=0), targets.mean()
    held_out = np.array([[float(v) for v in row] for row in held.inputs])
    truth = np.array([float(v) for v in held.targets])
    alphas = np.array([float(a) for a in grid_of(problem)[:0:-1]]) / 2
    start = perf_counter()
    _, weights, _ = lasso_path(inputs - centre, targets - level, alphas=alphas)
    errors = ((held_out - centre) @ weights + level - truth[:, None]) ** 2
    best = float(errors.mean(axis=0).min())
    peer = perf_counter() - start
    least = float(found.dual.minimum().value)
    print(
        f"validation curve: {len(found.dual.pieces)} pieces in {found.seconds:.3f} s, "
        f"{found.seconds / peer:.1f} times a grid of {GRID}; the grid's best value is "
        f"{best - least:.2g} above the certified minimum {least:.7g}"
    )


def absolute() -> None:
    """Least absolute deviations with |w|₁: a linear program for every α."""
    problem = load_problem(EXAMPLES / "lasso.toml")
    rows = slice(60)
    chosen = Problem(
        problem.model,
        inputs=problem.inputs[rows],
        targets=problem.targets[rows],
        interval=(0, 1),
        loss="absolute",
        penalty=problem.penalty,
    )
    start = perf_counter()
    dual = exact_dual(ConvexObjective(chosen))
    own = perf_counter() - start
    inputs, targets = floats(chosen)
    count, width = inputs.shape
    design = np.hstack([inputs, -inputs, np.ones((count, 1)), np.eye(count), -np.eye(count)])
    bounds = [(0, None)] * (2 * width) + [(None, None)] + [(0, None)] * (2 * count)
    start = perf_counter()
    worst = 0.0
    for alpha in grid_of(chosen):
        cost = np.concatenate(
            [np.full(2 * width, float(alpha)), [0.0], np.full(2 * count, 1 / count)]
        )
        value = linprog(cost, A_eq=design, b_eq=targets, bounds=bounds).fun
        worst = max(worst, abs(value / float(dual(alpha)) - 1))
    peer = perf_counter() - start
    print(
        f"absolute loss with lasso, 60 examples, 10 features: {len(dual.pieces)} pieces in "
        f"{own:.2f} s, {own / peer:.2f} times HiGHS on {GRID} points (values agree to "
        f"{worst:.0e}); a grid of {GRID} cannot separate {unseen(dual, grid_of(chosen))} of "
        f"{len(dual.breakpoints)} breakpoints"
    )


def network() -> None:
    """A validation curve with jumps, by local searches from random starts."""
    found = exact("tuning")
    problem, random = found.problem, np.random.default_rng(0)
    inputs, targets = floats(problem)
    x = inputs[:, 0]

    def loss(w: np.ndarray[Any, Any], alpha: float) -> float:
        z = w[0] * x + w[1]
        return float(np.mean((40 + np.where(z > 0, z, (1 - alpha) * z) - targets) ** 2))

    training = exact_dual(ConvexObjective(problem.training()))
    wrong, grid = 0, grid_of(problem)
    start = perf_counter()
    for alpha in grid:
        tries = [
            minimize(loss, random.normal(scale=20, size=2), float(alpha), method="Nelder-Mead").fun
            for _ in range(STARTS)
        ]
        wrong += min(tries) > 1.001 * float(training(alpha))
    peer = perf_counter() - start
    jumps = [str(point.kind) for point in found.dual.breakpoints].count("jump")
    print(
        f"tuning an activation: {len(found.dual.pieces)} pieces with {jumps} jumps in "
        f"{found.seconds:.2f} s, {found.seconds / peer:.2f} times {STARTS} starts of Nelder–Mead "
        f"on {GRID} points, which miss the minimum at {wrong} of them; the grid cannot separate "
        f"{unseen(found.dual, grid)} of {len(found.dual.breakpoints)} breakpoints"
    )


def paths(folder: Path) -> None:
    """All of them."""
    for job in (lasso, validation, absolute, network):
        job()
