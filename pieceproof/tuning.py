"""Tuning one hyperparameter for several instances: the certified global minimum of the mean.

The dual loss of every instance is computed with its certificate, the certificate is checked,
and the mean of the duals is minimised over all of A (:mod:`bounds.erm`). What else is
said (grid answer, patterns, complexity, deviation) is read off the same exact duals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from bounds import BoundsError
from bounds.enclosures import Enclosure
from bounds.erm import GridAnswer, MeanMinimum, Place, grid_search, minimise_mean
from bounds.sample import SampleReport, sample_report
from geometry.algebraic import RealAlgebraic
from geometry.dual import DualFunction
from geometry.verdicts import Verdict
from pieceproof.analysis import CertifiedDual
from pieceproof.methods import Progress, silent
from pieceproof.stored_duals import StoredDual
from pieceproof.task_duals import certified
from pieceproof.tasks import Task, load_tasks
from piecewise.exact import Number, rational, to_fmpq, to_fraction
from piecewise.objective import DEFAULT_MAX_CELLS
from piecewise.problems import Problem

GRID = 101
"""Points of the grid search that the minimum is compared with."""


@dataclass(frozen=True, eq=False, repr=False)
class ErmResult:
    """The duals of n instances, the global minimum of their mean, and what the sample says."""

    names: tuple[str, ...]
    duals: tuple[Any, ...]
    """Exact duals: :class:`StoredDual` for problems, else what was given."""
    minimum: MeanMinimum
    grid: GridAnswer
    verdict: Verdict
    """``PROVED`` if all certificates were accepted and all minimisers are decided."""
    reasons: tuple[str, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """All global minimisers."""
        return self.minimum.places

    @property
    def alpha(self) -> RealAlgebraic:
        """The first global minimiser α̂."""
        return self.minimum.alpha

    @property
    def value(self) -> Enclosure:
        """The least mean."""
        return self.minimum.value

    def mean(self, alpha: Number | Fraction) -> Fraction:
        """The mean of the duals at α, exactly."""
        return to_fraction(self.minimum.total(to_fmpq(rational(alpha))))

    @cached_property
    def sample(self) -> SampleReport:
        """What the sample says at δ = 1/20, with H the range of the duals on it."""
        return self.sample_at()

    def sample_at(
        self, value_range: object = None, delta: object = "0.05", seed: int = 0
    ) -> SampleReport:
        """The same for a given range H, failure probability δ and seed of drawn signs.

        Raises:
            BoundsError: an argument outside its range.
        """
        counts = [dual.oscillations() for dual in self.duals]
        return sample_report(self.duals, counts, value_range=value_range, delta=delta, seed=seed)

    def __repr__(self) -> str:
        return f"<mean of {len(self.duals)} duals: {self.minimum!r}>"


def erm(
    tasks: Sequence[Task | Problem | str | Path | DualFunction | StoredDual],
    *,
    jobs: int = 1,
    progress: Progress = silent,
    folder: Path | None = None,
    seconds: float | None = None,
    max_cells: int = DEFAULT_MAX_CELLS,
    grid: int = GRID,
) -> ErmResult:
    """The certified global minimiser over A of the mean of the dual losses of ``tasks``.

    Args:
        tasks: problems, paths of spec files (with their ``[tasks]``), or exact duals, which
            are taken as they are.
        jobs: worker processes, one instance each; the result does not depend on it.
        progress: told how many instances are done.
        folder: where the certificates of the instances are kept, as NAME.json; those that
            are there already and pass the checker are not computed again.
        seconds: time budget for the duals.
        max_cells: as for :func:`pieceproof.analyze`.
        grid: points of the grid search.

    Raises:
        OutOfTime: the time budget ran out before all duals were computed.
        TaskError: an instance whose dual cannot be computed; the message names it.
        BoundsError: no task, different intervals, duals that are not rational on pieces.
        SpecError, OSError: a file cannot be read or written.
    """
    named = list(_named(tasks))
    wanted = [entry for entry in named if isinstance(entry, Task)]
    computed = iter(
        certified(
            wanted,
            jobs=jobs,
            progress=progress,
            folder=folder,
            seconds=seconds,
            max_cells=max_cells,
        )
    )
    duals = tuple(next(computed) if isinstance(entry, Task) else entry for entry in named)
    names = tuple(getattr(entry, "name", f"task-{k}") for k, entry in enumerate(named, start=1))
    minimum = minimise_mean(duals)
    reasons = [
        doubt for name, dual in zip(names, duals, strict=True) for doubt in _doubts(name, dual)
    ]
    verdict = Verdict.UNRESOLVED if reasons else minimum.verdict
    if minimum.verdict is not Verdict.PROVED:
        reasons.append("the values at some of the minimisers agree without a proof of equality")
    return ErmResult(names, duals, minimum, grid_search(minimum, grid), verdict, tuple(reasons))


def _named(tasks: Sequence[Any]) -> Iterator[Any]:
    """Tasks and duals; the paths of spec files in a row are read together."""
    paths = [entry for entry in tasks if isinstance(entry, str | Path)]
    if paths and len(paths) == len(tasks):
        yield from load_tasks(paths)
        return
    for number, entry in enumerate(tasks, start=1):
        if isinstance(entry, str | Path):
            yield from load_tasks([entry])
        elif isinstance(entry, Problem):
            yield Task(f"task-{number:0{len(str(len(tasks)))}d}", entry)
        elif hasattr(entry, "arcs") or isinstance(entry, Task):
            yield entry
        else:
            raise BoundsError(f"tasks: {entry!r:.60} is neither a problem, a spec, nor a dual")


def _doubts(name: str, dual: Any) -> Iterator[str]:
    """Why a dual is not proved."""
    if isinstance(dual, CertifiedDual | StoredDual):
        if not dual.report.accepted:
            yield f"{name}: {'; '.join(dual.report.reasons) or dual.report.verdict}"
    elif getattr(dual, "verdict", Verdict.PROVED) is not Verdict.PROVED:
        yield f"{name}: {dual.verdict}"
