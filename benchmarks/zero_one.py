"""The peer for a linear graph convolution with two features: all directions of w at each α.

In floating point, between neighbouring boundaries. It knows ℓ* at the grid points only: jumps are
located to its spacing, two within one step are missed, and nothing is proved.
"""

from __future__ import annotations

import numpy as np

from benchmarks.float_objective import BatchObjective
from benchmarks.local_search import on_grid
from benchmarks.peers import Outcome, Question

GRID = 10_000


def sweep(question: Question) -> Outcome:
    """The fewest errors at every point of a dense grid."""
    objective = BatchObjective(question.problem)
    axes = np.eye(2)

    def value(alpha: float) -> float:
        # The predictions are linear in w, so those of the axes are the rows.
        rows = objective.predictions(alpha, axes).T
        own = np.arctan2(rows[:, 0], -rows[:, 1])
        angles = np.sort(np.concatenate([own, own + np.pi]))
        middles = (angles + np.roll(angles, -1)) / 2
        middles[-1] += np.pi
        directions = np.array([np.cos(middles), np.sin(middles)]).T
        return float(objective.values(alpha, directions).min())

    return on_grid(f"grid of {GRID:,}, all angles", question, value, GRID)
