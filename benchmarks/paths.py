"""Peers that know the structure: LARS, coordinate descent and HiGHS.

They are asked for the same curve in floating point, or for its values on a grid.
"""

from __future__ import annotations

from bisect import bisect

import numpy as np
from scipy.optimize import linprog
from sklearn.linear_model import enet_path, lars_path

from benchmarks.curves import ProvedCurve
from benchmarks.float_objective import Array, BatchObjective, arrays
from benchmarks.local_search import GRID, judged, on_grid
from benchmarks.measure import Stopwatch
from benchmarks.peers import Outcome, Question


def unseen(curve: ProvedCurve) -> int:
    """Breakpoints that share their gap of the grid with another one: the grid shows one at most."""
    grid = [float(alpha) for alpha in curve.grid(GRID)]
    gaps = [bisect(grid, alpha) for alpha in curve.breakpoints]
    return len(gaps) - len(set(gaps))


def _centred(question: Question) -> tuple[Array, Array, Array, float]:
    """Inputs and targets without their means, which a free bias takes up, and the means."""
    inputs, targets = arrays(question.problem)
    centre, level = inputs.mean(axis=0), float(targets.mean())
    return inputs - centre, targets - level, centre, level


def lars(question: Question) -> Outcome:
    """All knots of the lasso path; scikit-learn's penalty is half of ours."""
    watch = Stopwatch()
    inputs, targets, _, _ = _centred(question)
    knots, _, _ = lars_path(inputs, targets, method="lasso")
    seconds, spent = watch.read()
    exact = question.curve.breakpoints
    own = [a for a in sorted(2 * knots[knots > 0]) if a <= question.curve.interval[1]]
    if len(own) != len(exact):
        said = f"{len(own)} knots, {len(exact)} are proved"
    else:
        error = max(abs(a / b - 1) for a, b in zip(own, exact, strict=True))
        said = f"all {len(exact)} knots, to a relative error of {error:.0e}; no proof"
    return Outcome("scikit-learn LARS", seconds, spent, True, said)


def coordinate_descent(question: Question) -> Outcome:
    """Elastic net and lasso on a grid with warm starts, judged on held-out examples if there are
    some."""
    problem, curve = question.problem, question.curve
    if problem.regulariser is None:
        raise ValueError("a penalty is expected")
    ratio = float(problem.regulariser.ratio)
    alphas = curve.grid(GRID)[1:]  # at 0 coordinate descent is not defined
    watch = Stopwatch()
    inputs, targets, centre, level = _centred(question)
    # |r|²/(2T) + s(κ|w|₁ + (1−κ)|w|²/2) is half of ours for s·κ = αρ/2, s(1−κ) = α(1−ρ).
    strength = ratio / 2 + 1 - ratio
    _, weights, _ = enet_path(
        inputs,
        targets,
        l1_ratio=ratio / 2 / strength,
        alphas=np.array([float(a) for a in alphas[::-1]]) * strength,
    )
    biases = level - centre @ weights
    held = BatchObjective.of_validation(problem)
    objective = held or BatchObjective(problem)
    points = np.vstack([weights, biases]).T[::-1]
    values = [
        float(objective.values(float(a), w[None])[0]) for a, w in zip(alphas, points, strict=True)
    ]
    seconds, spent = watch.read()
    said = judged(curve, alphas, values)
    if held is not None:
        least = curve.document["minimum"]["value"]["approx"]
        said += f"; its best value is {min(values) - float(least):.2g} above the proved minimum"
    said += f"; {unseen(curve)} of {len(curve.breakpoints)} breakpoints share a step"
    return Outcome(f"coordinate descent, {GRID} α", seconds, spent, True, said)


def linear_programs(question: Question) -> Outcome:
    """Absolute loss with |w|₁: one linear program for every α of a grid."""
    problem = question.problem
    inputs, targets = arrays(problem)
    count, width = inputs.shape
    design = np.hstack([inputs, -inputs, np.ones((count, 1)), np.eye(count), -np.eye(count)])
    bounds = [(0, None)] * (2 * width) + [(None, None)] + [(0, None)] * (2 * count)

    def value(alpha: float) -> float:
        cost = np.concatenate([np.full(2 * width, alpha), [0.0], np.full(2 * count, 1 / count)])
        return float(linprog(cost, A_eq=design, b_eq=targets, bounds=bounds).fun)

    found = on_grid(f"HiGHS, {GRID} α", question, value, GRID)
    curve = question.curve
    said = f"{found.said}; {unseen(curve)} of {len(curve.breakpoints)} breakpoints share a step"
    return Outcome(found.peer, found.seconds, found.processor, found.finished, said)
