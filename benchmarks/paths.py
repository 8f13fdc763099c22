"""Peers that know the structure: LARS, coordinate descent and HiGHS.

They are asked for the same curve in floating point, or for its values on a grid.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.optimize import linprog
from sklearn.linear_model import enet_path, lars_path

from benchmarks.curves import TOLERANCE, ProvedCurve
from benchmarks.float_objective import Array, BatchObjective, arrays
from benchmarks.local_search import GRID, judged, on_grid
from benchmarks.measure import Stopwatch
from benchmarks.peers import Outcome, Question
from piecewise.problems import Problem

Line = tuple[float, float]
"""Slope and intercept."""
TIGHT = 1e-11
"""Relative height up to which a linear program counts as lying on a tangent."""


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


class _Programs:
    """min_w of mean |r| + α|w|₁ as linear programs, one for each α."""

    def __init__(self, problem: Problem) -> None:
        inputs, self.targets = arrays(problem)
        self.count, self.width = inputs.shape
        free, errors = np.ones((self.count, 1)), np.eye(self.count)
        self.design = np.hstack([inputs, -inputs, free, errors, -errors])
        self.bounds = [(0, None)] * (2 * self.width) + [(None, None)]
        self.bounds += [(0, None)] * (2 * self.count)

    def tangent(self, alpha: float) -> tuple[float, float]:
        """Slope |w|₁ and intercept of a line that touches ℓ* at α from above."""
        size = 2 * self.width
        cost = np.concatenate(
            [np.full(size, alpha), [0.0], np.full(2 * self.count, 1 / self.count)]
        )
        found = linprog(cost, A_eq=self.design, b_eq=self.targets, bounds=self.bounds)
        slope = float(found.x[:size].sum())
        return slope, float(found.fun) - alpha * slope

    def value(self, alpha: float) -> float:
        """ℓ*(α)."""
        slope, intercept = self.tangent(alpha)
        return intercept + alpha * slope

    def knots(self, low: float, left: Line, high: float, right: Line) -> Iterator[float]:
        """All breakpoints between two α with their tangents: ℓ* is concave and piecewise linear, so
        where tangents meet it lies below, or there is one [Eisner, Severance, J. ACM 23, 1976]."""
        if abs(left[0] - right[0]) < TOLERANCE:
            return
        meet = (right[1] - left[1]) / (left[0] - right[0])
        slope, intercept = between = self.tangent(meet)
        height = left[1] + meet * left[0]
        if height - (intercept + meet * slope) < TIGHT * (1 + abs(height)):
            yield meet
            return
        yield from self.knots(low, left, meet, between)
        yield from self.knots(meet, between, high, right)


def linear_programs(question: Question) -> Outcome:
    """Absolute loss with |w|₁: one linear program for every α of a grid."""
    programs, curve = _Programs(question.problem), question.curve
    found = on_grid(f"HiGHS, {GRID} α", question, programs.value, GRID)
    said = f"{found.said}; {unseen(curve)} of {len(curve.breakpoints)} breakpoints share a step"
    return replace(found, said=said)


def tangents(question: Question) -> Outcome:
    """The same, one program for every breakpoint and piece."""
    low, high = map(float, question.curve.interval)
    watch = Stopwatch()
    programs = _Programs(question.problem)
    found = list(programs.knots(low, programs.tangent(low), high, programs.tangent(high)))
    seconds, spent = watch.read()
    exact = question.curve.breakpoints
    said = f"{len(found)} breakpoints, {len(exact)} are proved"
    if len(found) == len(exact):
        error = max(abs(a - b) for a, b in zip(found, exact, strict=True))
        said = f"all {len(exact)} breakpoints, to {error:.0e}; no proof"
    return Outcome("HiGHS, tangents of a concave function", seconds, spent, True, said)
