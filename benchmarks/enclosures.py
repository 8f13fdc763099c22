"""Dual functions by enclosures against a grid of α with many starts of SciPy at each.

The grid is the usual way. It knows f at the points it has found only: a start that ends in a
worse local minimum leaves the value too high, a breakpoint is known to the spacing at best, a
smooth one is not seen at all, and nothing is proved.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from time import perf_counter

import numpy as np
from scipy.optimize import minimize

from benchmarks.measure import Measurement
from geometry.proposals.floats import FloatObjective
from pieceproof.enclosed.views import evaluate_enclosed
from pieceproof.evaluation import OutsideError
from pieceproof.specfile import load_problem
from pieceproof.verify import load
from piecewise.problems import Problem

GRID, STARTS = 100, 10
SIZES = {
    "one unit, one input, bias, relu/square, 8 examples": (1, 8, 1, "[1]", ""),
    "one unit, two inputs, bias, relu/square, 8 examples": (3, 8, 2, "[1]", ""),
    "trainable output weight, bias, decay, 6 examples": (
        6, 6, 1, '"trainable"', 'weight_decay = "1/10"',
    ),
}  # fmt: skip
SPEC = """
[hyperparameter]
interval = ["1/10", "9/10"]

[model]
kind = "feedforward"
hidden = [1]
activation = {{ interpolate = ["relu", "square"] }}
output_weights = {outputs}
bias = true

[parameters]
box = [-5, 5]

[loss]
kind = "squared"
{decay}

[data]
inputs = {inputs}
targets = {targets}
"""


def enclosures(folder: Path, analyze: Callable[[Path, int], Measurement]) -> None:
    """Pieces found and time, with proof and on the grid."""
    for number, (name, (seed, examples, features, outputs, decay)) in enumerate(SIZES.items()):
        random = Random(seed)
        inputs = [
            [str(random.randint(-8, 8) / 4) for _ in range(features)] for _ in range(examples)
        ]
        targets = [str(random.randint(-8, 16) / 4) for _ in range(examples)]
        spec = folder / f"size{number}.toml"
        spec.write_text(
            SPEC.format(outputs=outputs, decay=decay, inputs=inputs, targets=targets),
            encoding="utf-8",
        )
        measured = analyze(spec, 1)
        document = load(folder / "result" / "result.json")
        counts = document["counts"]
        print(
            f"{name}: {document['verdict']}, {counts['pieces']} pieces, {counts['kinks']} kinks, "
            f"{counts['slabs']} slabs: {measured}"
        )
        problem = load_problem(spec)
        lower, upper = problem.interval
        alphas = [lower + (upper - lower) * Fraction(k, GRID) for k in range(GRID + 1)]
        start = perf_counter()
        values = [on_grid(problem, float(alpha)) for alpha in alphas]
        seconds = perf_counter() - start
        missed, known = 0, 0
        for alpha, value in zip(alphas, values, strict=True):
            try:
                top = evaluate_enclosed(document, alpha).upper
            except OutsideError:
                continue
            known += 1
            missed += value > top + 1e-6 * (1 + abs(top))
        print(
            f"  grid of {GRID}, {STARTS} starts of L-BFGS-B: too high at {missed} of {known} α, "
            f"{counts['breakpoints'] - counts['kinks']} smooth breakpoints not seen; "
            f"{seconds:.1f} s, {seconds / measured.seconds:.2f} times as long"
        )


def on_grid(problem: Problem, alpha: float) -> float:
    """The least value that the starts end at, for one α."""
    objective = FloatObjective(problem)
    rng = np.random.default_rng(int(alpha * 2**40))
    bounds = list(zip(objective.lower, objective.upper, strict=True))
    best = np.inf
    for _ in range(STARTS):
        start = rng.uniform(objective.lower, objective.upper)
        found = minimize(lambda w: float(objective.values(alpha, w[None])[0]), start, bounds=bounds)
        best = min(best, float(found.fun))
    return best
