"""Zero-one loss on the karate club against a dense grid with a sweep of angles at each α.

The grid is the usual way: for every α all directions of two parameters are tried in floating
point, between neighbouring boundaries. It knows ℓ* at the grid points only: jumps are located
to its spacing, two within one step are missed, and nothing is proved.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from benchmarks.measure import Measurement
from pieceproof.specfile import load_problem
from pieceproof.verify import load
from piecewise.graphs import GraphConvolution
from piecewise.problems import Problem

GRID = 10_000
SPEC = """
[hyperparameter]
interval = [0, 10]

[model]
kind = "gcn"
graph = "karate"
degree = {degree}
power = {power}

[parameters]
box = [-1, 1]

[loss]
kind = "zero-one"
reduction = "sum"

[data]
features = ["degree", "one"]
"""


def zero_one(folder: Path, analyze: Callable[[Path, int], Measurement]) -> None:
    """Jumps found and time, exact and on the grid."""
    for degree, power in ((1, 1), (2, 2)):
        spec = folder / f"karate{degree}{power}.toml"
        spec.write_text(SPEC.format(degree=degree, power=power), encoding="utf-8")
        measured = analyze(spec, 1)
        exact = load(folder / "result" / "result.json")["counts"]["discontinuities"]
        start = perf_counter()
        values = on_grid(load_problem(spec))
        seconds = perf_counter() - start
        seen = int((np.diff(values) != 0).sum())
        print(f"karate club, D = {degree}, k = {power}: {exact} jumps, proved: {measured}")
        print(
            f"  grid of {GRID:,}: {seen} jumps seen, each to within 0.001; {seconds:.1f} s, "
            f"{seconds / measured.seconds:.2f} times as long"
        )


def on_grid(problem: Problem) -> npt.NDArray[np.int_]:
    """The fewest errors at every grid point."""
    graph = problem.model
    if not isinstance(graph, GraphConvolution):
        raise TypeError("a graph convolution is expected")
    size = len(graph.nodes)
    weights, joined = np.zeros((size, size)), np.zeros((size, size), dtype=bool)
    for i, j, weight in graph.edges:
        weights[i, j] = weights[j, i] = float(weight)
        joined[i, j] = joined[j, i] = True
    inputs = np.array(problem.inputs, dtype=float)
    labels = np.array(problem.targets, dtype=float)
    found = []
    for alpha in np.linspace(*map(float, problem.interval), GRID):
        kernel = np.where(joined, (weights + alpha) ** graph.degree, 0.0) + np.eye(size)
        kernel /= kernel.sum(axis=1, keepdims=True)
        rows = np.linalg.matrix_power(kernel, graph.power) @ inputs
        own = np.arctan2(rows[:, 0], -rows[:, 1])
        angles = np.sort(np.concatenate([own, own + np.pi]))
        middles = (angles + np.roll(angles, -1)) / 2
        middles[-1] += np.pi
        scores = rows @ np.array([np.cos(middles), np.sin(middles)])
        found.append(int((scores * labels[:, None] <= 0).sum(axis=0).min()))
    return np.array(found)
