"""The usual way: a grid of α, and SciPy from several starts at each.

A start may end in a worse local minimum, so the value may be too high; a piece between two grid
points is missed, and a breakpoint is known to the spacing at best. Nothing is proved. Each α
also starts from the best point of the one before, as a careful user would.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from scipy.optimize import differential_evolution, minimize

from benchmarks.curves import TOLERANCE, ProvedCurve
from benchmarks.float_objective import Array, BatchObjective
from benchmarks.measure import Stopwatch
from benchmarks.peers import Outcome, Question

GRID, STARTS = 100, 10


def multistart(method: str, scale: float = 10) -> Callable[[Question], Outcome]:
    """The peer with a local method of SciPy; starts are uniform in the box, at most ``scale`` from
    0."""

    def peer(question: Question) -> Outcome:
        objective = BatchObjective(question.problem.training())
        held = BatchObjective.of_validation(question.problem)
        low, high = np.maximum(objective.lower, -scale), np.minimum(objective.upper, scale)
        random = np.random.default_rng(0)
        last: list[Array] = []

        def value(alpha: float) -> float:
            starts = [*last, *(random.uniform(low, high) for _ in range(STARTS))]
            ends = [_searched(objective, method, alpha, start) for start in starts]
            best = min(ends, key=lambda end: end[0])
            last[:] = [best[1]]
            return best[0] if held is None else float(held.values(alpha, best[1][None])[0])

        name = f"grid of {GRID}, {STARTS} starts of {method}"
        return on_grid(name, question, value, GRID)

    return peer


def _searched(
    objective: BatchObjective, method: str, alpha: float, start: Array
) -> tuple[float, Array]:
    bounds = list(zip(objective.lower, objective.upper, strict=True))
    if method == "L-BFGS-B":
        found = minimize(
            lambda w: objective.gradient(alpha, w), start, jac=True, bounds=bounds, method=method
        )
    else:
        found = minimize(
            lambda w: float(objective.values(alpha, w[None])[0]),
            start,
            bounds=bounds,
            method=method,
            options={"maxfev": 2000, "xatol": 1e-8, "fatol": 1e-12},
        )
    return float(found.fun), found.x


def evolution(question: Question) -> Outcome:
    """The peer for losses without a gradient: differential evolution at each α."""
    objective = BatchObjective(question.problem)
    bounds = list(zip(objective.lower, objective.upper, strict=True))

    def value(alpha: float) -> float:
        return float(
            differential_evolution(
                lambda w: objective.values(alpha, w.T),
                bounds,
                vectorized=True,
                updating="deferred",
                polish=False,
                atol=-1,  # members of equal value are the rule here, no sign of convergence
                maxiter=100,
                seed=0,
            ).fun
        )

    return on_grid(f"grid of {GRID}, differential evolution", question, value, GRID)


def on_grid(name: str, question: Question, value: Callable[[float], float], points: int) -> Outcome:
    """Ask ``value`` for every α of a grid, within the budget (of the processor), and judge."""
    alphas, watch, found = question.curve.grid(points), Stopwatch(), []
    for alpha in alphas:
        found.append(value(float(alpha)))
        if watch.read()[1] > question.seconds:
            break
    seconds, spent = watch.read()
    said = judged(question.curve, alphas[: len(found)], found)
    if len(found) < points:
        said = f"only {len(found)} of {points} α; {said}"
    return Outcome(name, seconds, spent, len(found) == points, said)


def judged(curve: ProvedCurve, alphas: list[Fraction], values: list[float]) -> str:
    """How many values are wrong, and which pieces have no grid point with the right value.

    Raises:
        AssertionError: a value of a training loss lies below the proved minimum.
    """
    wrong, known, seen = 0, 0, set()
    for alpha, value in zip(alphas, values, strict=True):
        proved = curve.at(alpha)
        if proved is None:
            continue
        known += 1
        right, piece = proved
        margin = TOLERANCE * (1 + abs(right))
        if value < right - margin and not curve.is_validation:
            raise AssertionError(f"{value} at α = {alpha} is below the proved minimum {right}")
        if abs(value - right) > margin:
            wrong += 1
        else:
            seen.add(piece)
    said = f"{'wrong' if curve.is_validation else 'too high'} at {wrong} of {known} α; " * (
        wrong > 0
    )
    said += f"{len(seen)} of {curve.counts['pieces']} pieces have a right value"
    jumps = curve.counts["discontinuities"]
    if jumps and not curve.is_validation:
        changes = int((np.abs(np.diff(values)) > TOLERANCE).sum())
        said += f"; {changes} changes of value, {jumps} jumps are proved"
    return said
