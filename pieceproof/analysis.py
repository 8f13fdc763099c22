"""The main job: from a problem to its exact dual function, certificate and checked verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geometry.dual import DualFunction
from geometry.verdicts import Verdict
from pieceproof.certificate import Document, write
from pieceproof.methods import Options, Progress, is_covered, method_for, silent
from pieceproof.specfile import load_problem
from pieceproof.verify import Report, verify
from piecewise.errors import NotYetSupported
from piecewise.networks import FeedForward
from piecewise.objective import DEFAULT_MAX_CELLS
from piecewise.problems import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pieceproof.covered import CoveredDual
    from pieceproof.enclosed import EnclosedDual
    from pieceproof.judged import JudgedDual


@dataclass(frozen=True, eq=False, repr=False)
class CertifiedDual(DualFunction):
    """A dual function with its result document and what the checker said of it.

    What only the method that computed it knows (``minimisers``, ``bounds``) is found here too.
    """

    source: DualFunction = field(kw_only=True)
    document: Document = field(kw_only=True)
    report: Report = field(kw_only=True)

    @property
    def verdict(self) -> Verdict:
        """What is established: the document's claim if the checker accepted it."""
        return self.claim if self.report.accepted else Verdict.UNRESOLVED

    def __getattr__(self, name: str) -> Any:
        """Attributes of the method's own dual function."""
        if name.startswith("__") or name == "source":
            raise AttributeError(name)
        return getattr(self.source, name)

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
    progress: Progress = silent,
    cache: Path | None = None,
    seconds: float | None = None,
    max_cells: int = DEFAULT_MAX_CELLS,
) -> CertifiedDual | CoveredDual | EnclosedDual | JudgedDual:
    """Compute ℓ* with its certificate and have the certificate checked.

    The method is the first of :data:`pieceproof.methods.METHODS` that covers the problem;
    enclosures (:mod:`pieceproof.enclosed`, with held-out examples :mod:`pieceproof.judged`)
    where no exact one does, coverings (:mod:`pieceproof.covered`) for the zero-one loss of a
    network.

    Args:
        problem: a problem, or the path of a spec file.
        jobs: worker processes; the result does not depend on it.
        progress: told the stage and how far it is.
        cache: file of finished work; an interrupted run with the same problem resumes.
            Remove it when the result is safe elsewhere.
        seconds: time budget of the search for ℓ*; when it runs out the result is partial
            (verdict ``unresolved``).
        max_cells: most cells of one unit's arrangement, and of all units together.

    Raises:
        NotYetSupported: no method covers the problem.
        TooManyCells: more cells than ``max_cells``.
        SpecError: the spec file cannot be used.
        CacheError: the cache file cannot be used.
    """
    stated = problem if isinstance(problem, Problem) else load_problem(problem)
    options = Options(jobs, progress, cache, seconds, max_cells)
    if not is_covered(stated):
        from pieceproof import enclosed  # numba loads only where no exact method serves

        if stated.validation is not None:
            from pieceproof import judged

            reason = judged.refusal(stated)
            if reason is None:
                return judged.analyze_judged(stated, options)
        else:
            reason = enclosed.refusal(stated)
            if reason is None:
                return enclosed.analyze_enclosed(stated, options)
        if stated.loss == "zero-one" and isinstance(stated.model, FeedForward):
            from pieceproof import covered

            reason = covered.refusal(stated)
            if reason is None:
                return covered.analyze_covered(stated, options)
            raise NotYetSupported(reason)
        if stated.loss == "squared" and isinstance(stated.model, FeedForward):
            raise NotYetSupported(reason)  # enclosures reach further than any exact method
    return _exactly(stated, options)


def analyze_exactly(
    problem: Problem,
    *,
    jobs: int = 1,
    progress: Progress = silent,
    max_cells: int = DEFAULT_MAX_CELLS,
) -> CertifiedDual:
    """:func:`analyze` by exact methods only: every number of the result is exact.

    Raises:
        NotYetSupported: no exact method covers the problem.
        TooManyCells: more cells than ``max_cells``.
    """
    return _exactly(problem, Options(jobs, progress, max_cells=max_cells))


def _exactly(problem: Problem, options: Options) -> CertifiedDual:
    dual, document = method_for(problem).run(problem, options)
    report = verify(document, options.progress, options.jobs)
    return CertifiedDual(
        dual.problem,
        dual.pieces,
        dual.points,
        dual.claim,
        dual.reasons,
        source=dual,
        document=document,
        report=report,
    )
