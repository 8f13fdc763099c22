"""A theorem verified by experiment: tuning for bootstrap tasks, and the bounds above the gap.

The tasks of the distribution are bootstrap samples of one spec, each with the exact dual
loss and a checked certificate; m of them are drawn, the hyperparameter is tuned for their
mean, and the mean is compared with the expectation (:mod:`bounds.learning_curve`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bounds.architectures import structure_of
from bounds.enclosures import Enclosure
from bounds.erm import MeanMinimum
from bounds.errors import probability
from bounds.learning_curve import LearningCurve, deviation_quantiles, learning_curve
from bounds.rows import Architecture
from pieceproof.certificate import Document, digest
from pieceproof.methods import Progress, silent
from pieceproof.store import opened
from pieceproof.task_duals import certified
from pieceproof.tasks import Task, bootstrap
from piecewise.errors import PiecewiseError
from piecewise.objective import DEFAULT_MAX_CELLS
from piecewise.problems import Problem

FORMAT = "pieceproof-gap/1"

DRAWS = 2000
"""Samples behind every quantile."""

LARGEST_MEASURED = 10_000
"""Sample sizes up to which quantiles are measured."""


@dataclass(frozen=True, eq=False)
class GapExperiment:
    """A learning curve with the levels of its bounds and the measured quantiles."""

    curve: LearningCurve
    levels: tuple[tuple[str, int], ...]
    """(name, oscillations): the exact count, then worst cases over the architecture."""
    measured_sizes: tuple[int, ...]
    quantiles: npt.NDArray[np.float64]
    """Median and (1−δ)-quantile of the deviation per measured size."""
    accepted: bool
    """Whether the checker accepted the certificate of every task."""


def gap_experiment(
    problem: Problem,
    *,
    population: int = 200,
    tasks: int = 40,
    seed: int = 0,
    delta: object = "0.05",
    jobs: int = 1,
    seconds: float | None = None,
    progress: Progress = silent,
    cache: Path | None = None,
) -> GapExperiment:
    """Tune for up to ``tasks`` draws from ``population`` bootstrap samples of ``problem``.

    Finished duals are kept in the file ``cache``: a run that was interrupted goes on with them.

    Raises:
        CacheError: that file cannot be used.
        OutOfTime: ``seconds`` are over before all duals are computed.
        ProblemError: a graph, whose nodes cannot be drawn again.
        TaskError: an instance whose dual cannot be computed.
        BoundsError: population or tasks below 1, δ outside (0, 1), duals that are not
            rational on pieces.
    """
    probability("delta", delta)  # before the work, not after it
    width = len(str(population))
    named = [
        Task(f"task-{k:0{width}d}", each)
        for k, each in enumerate(bootstrap(problem, population, seed), start=1)
    ]
    with opened(cache, [version("pieceproof"), "duals of tasks"]) as kept:
        duals = certified(
            named,
            jobs=jobs,
            progress=progress,
            folder=None,
            seconds=seconds,
            max_cells=DEFAULT_MAX_CELLS,
            kept=kept,
        )
    sizes = decades(tasks)
    counts = [dual.oscillations() for dual in duals]
    curve = learning_curve(duals, counts, sizes, delta=delta, seed=seed, progress=progress)
    measured = decades(max(LARGEST_MEASURED, tasks))
    quantiles = deviation_quantiles(
        duals, measured, delta=float(curve.delta), draws=DRAWS, seed=seed
    )
    return GapExperiment(
        curve,
        (("Lemma 4, exact B", curve.oscillations), *_worst_cases(problem)),
        measured,
        quantiles,
        all(dual.report.accepted for dual in duals),
    )


def decades(last: int) -> tuple[int, ...]:
    """1, 2, 5, 10, 20, 50, … below ``last``, then ``last``."""
    found: list[int] = []
    step = 1
    while step < last:
        found += [m for m in (step, 2 * step, 5 * step) if m < last]
        step *= 10
    return (*found, last)


def _worst_cases(problem: Problem) -> Sequence[tuple[str, int]]:
    """Bounds on the oscillations of every data set of this size.

    None for a validation loss: it is no minimum, and Lemmas 2 to 5 do not speak of it.
    """
    if problem.validation is not None:
        return ()
    try:
        row = Architecture({}, structure_of(problem))
    except PiecewiseError:
        return ()
    named = (("with B of Lemma 5", row.quadratic), ("with B of Lemma 3", row.sublevel.oscillations))
    return tuple((name, cuts) for name, cuts in named if cuts is not None)


def gap_document(experiment: GapExperiment) -> Document:
    """The numbers of an experiment, exact ones as strings."""
    curve = experiment.curve
    body: dict[str, Any] = {
        "format": FORMAT,
        "distribution": {
            "instances": curve.instances,
            "certificates_accepted": experiment.accepted,
            "value_range": str(curve.value_range),
            "oscillations": curve.oscillations,
            "minimum": _minimum(curve.best),
        },
        "delta": str(curve.delta),
        "seed": curve.seed,
        "steps": [
            {
                "tasks": step.size,
                "minimum": _minimum(step.minimum),
                "expected": _enclosure(step.expected),
                "gap": _enclosure(step.gap),
                "deviation": _enclosure(step.deviation),
                "bounds": {
                    "from the sample": str(step.from_sample),
                    **{name: str(curve.bound(step.size, b)) for name, b in experiment.levels},
                },
            }
            for step in curve.steps
        ],
        "measured": {
            "draws": DRAWS,
            "tasks": list(experiment.measured_sizes),
            "median": [float(f"{q:.6g}") for q in experiment.quantiles[:, 0]],
            "quantile": [float(f"{q:.6g}") for q in experiment.quantiles[:, 1]],
        },
    }
    return {**body, "digest": digest(body)}


def _minimum(minimum: MeanMinimum) -> dict[str, Any]:
    return {
        "alpha": minimum.alpha.decimal(20),
        "value": _enclosure(minimum.value),
        "verdict": str(minimum.verdict),
    }


def _enclosure(value: Enclosure) -> list[str]:
    return [str(value.lower), str(value.upper)]
