"""The main job: from a problem to its exact dual function, certificate and checked verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from geometry.dual import DualFunction
from geometry.search import exact_dual
from geometry.verdicts import Verdict
from pieceproof.cache import opened
from pieceproof.certificate import Document, document, write
from pieceproof.parallel import runner
from pieceproof.specfile import load_problem
from pieceproof.verify import Report, verify
from piecewise.objective import DEFAULT_MAX_CELLS, ConvexObjective
from piecewise.problems import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Progress = Callable[[str, int, int | None], None]
"""``progress(stage, done, total)``."""


@dataclass(frozen=True, eq=False, repr=False)
class CertifiedDual(DualFunction):
    """A dual function with its result document and what the checker said of it."""

    document: Document = field(default_factory=dict, repr=False)
    report: Report = field(kw_only=True, repr=False)

    @property
    def verdict(self) -> Verdict:
        """What is established: the document's claim if the checker accepted it."""
        return Verdict(self.document["verdict"]) if self.report.accepted else Verdict.UNRESOLVED

    def save(self, path: str | Path) -> None:
        """Write the certificate atomically."""
        write(self.document, Path(path))

    def plot(self) -> Figure:
        """ℓ* with its pieces and breakpoints, and the minimiser below, as a Matplotlib figure."""
        from pieceproof.plots import figure  # Matplotlib loads only when a picture is asked for

        return figure(self.document, self.report)


def analyze(
    problem: Problem | str | Path,
    *,
    jobs: int = 1,
    progress: Progress = lambda stage, done, total: None,
    cache: Path | None = None,
    seconds: float | None = None,
    max_cells: int = DEFAULT_MAX_CELLS,
) -> CertifiedDual:
    """Compute ℓ* with its certificate and have the certificate checked.

    Args:
        problem: one hidden layer with piecewise linear activation, or ridge; or the
            path of a spec file.
        jobs: worker processes; the result does not depend on it.
        progress: told the stage and how far it is.
        cache: file of finished work; an interrupted run with the same problem resumes.
            Remove it when the result is safe elsewhere.
        seconds: time budget of the search for ℓ*; when it runs out the result is partial
            (verdict ``unresolved``).
        max_cells: most cells of one unit's arrangement, and of all units together.

    Raises:
        NotYetSupported: the problem is outside the families covered.
        TooManyCells: more cells than ``max_cells``.
        SpecError: the spec file cannot be used.
        CacheError: the cache file cannot be used.
    """
    start = monotonic()
    stated = problem if isinstance(problem, Problem) else load_problem(problem)
    objective = ConvexObjective(stated, max_cells)
    total = objective.case_count()
    with (
        opened(cache, stated) as store,
        runner(objective, jobs, store) as run,
    ):
        dual = exact_dual(
            objective,
            run,
            report=lambda done: progress("cells", done, total),
            out_of_time=lambda: seconds is not None and monotonic() - start > seconds,
        )
        result = document(dual, monotonic() - start, jobs)
    report = verify(result, progress, jobs)
    return CertifiedDual(
        objective, dual.pieces, dual.bounds, dual.open_cells, result, report=report
    )
