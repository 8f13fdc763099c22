"""The zero-one dual of a problem that no exact method covers: search, document, checked result."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import flint
import numpy as np

from bounds import summary
from bounds.architectures import structure_of
from geometry.verdicts import Verdict
from pieceproof.certificate import FORMAT, Document, digest, write
from pieceproof.checking.coverings.claims import Claims
from pieceproof.checking.coverings.profile import profile
from pieceproof.checking.coverings.slabs import Slab, Space
from pieceproof.checking.coverings.verification import NAME
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.covered.kept import opened
from pieceproof.covered.profiles import SEED
from pieceproof.covered.search import Search
from pieceproof.covered.slabdocuments import slab_document
from pieceproof.covered.views import Known, evaluate_covered
from pieceproof.methods.options import Options
from pieceproof.problem_document import problem_document
from pieceproof.verify import Report, verify
from piecewise.networks import FeedForward
from piecewise.problems import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def refusal(problem: Problem) -> str | None:
    """None if the problem is covered, else why not, in one line."""
    model = problem.model
    if problem.loss != "zero-one" or not isinstance(model, FeedForward):
        return "coverings are for the zero-one loss of feedforward networks"
    if problem.weight_decay or problem.regulariser is not None:
        return "the zero-one loss with a penalty; leave the penalty out"
    if problem.validation is not None:
        return "the zero-one loss with held-out examples"
    if not model.activation.is_continuous:
        return (
            f"the zero-one loss with {model.activation!r}, which jumps; coverings need "
            "continuous activations"
        )
    try:
        Space(Node(problem_document(problem), "problem"))
    except (CertificateError, Refuted) as error:
        return str(error)
    return None


@dataclass(frozen=True, eq=False, repr=False)
class CoveredDual:
    """ℓ* with its certificate: exact values, jumps enclosed.

    Attributes:
        problem: what is minimised.
        document: the result document.
        report: what the checker said of it.
    """

    problem: Problem
    document: Document = field(repr=False)
    report: Report

    @property
    def claim(self) -> Verdict:
        """What the document claims."""
        return Verdict(self.document["verdict"])

    @property
    def verdict(self) -> Verdict:
        """What is established: the document's claim if the checker accepted it."""
        return self.claim if self.report.accepted else Verdict.UNRESOLVED

    @property
    def counts(self) -> dict[str, int | None]:
        """The counts of the document; of an unresolved one those that are proved."""
        return dict(self.document["counts"])

    @property
    def breakpoints(self) -> list[tuple[str, Fraction, Fraction]]:
        """Kind and enclosure of every breakpoint that is proved, in order."""
        found = []
        for entry in self.document["breakpoints"]:
            lower, upper = map(Fraction, entry["alpha"]["interval"])
            found.append((entry["kind"], lower, upper))
        return found

    @cached_property
    def open(self) -> list[tuple[Fraction, Fraction, str]]:
        """The intervals of α that are left open, with the reason."""
        return [
            (Fraction(e["interval"][0]), Fraction(e["interval"][1]), e["reason"])
            for e in self.document["open"]
        ]

    def oscillations(self) -> int | None:
        """B(ℓ*), or None where it is not decided."""
        return self.counts["oscillations"]

    def __call__(self, alpha: Fraction | str | int) -> Known:
        """ℓ*(α), or bounds where it is open."""
        return evaluate_covered(self.document, Fraction(alpha))

    def save(self, path: str | Path) -> None:
        """Write the certificate atomically."""
        write(self.document, Path(path))

    def plot(self) -> Figure:
        """ℓ* as a Matplotlib figure."""
        from pieceproof.covered.pictures import figure

        return figure(self.document, self.report)

    def __repr__(self) -> str:
        counts = self.counts
        return (
            f"<dual function, {self.verdict}: {counts['pieces']} pieces, "
            f"{counts['discontinuities']} jumps, {len(self.open)} open intervals>"
        )


def analyze_covered(problem: Problem, options: Options) -> CoveredDual:
    """Search for slabs, write them down with what follows, and check the document.

    Raises:
        CacheError: the cache file cannot be used.
    """
    written = problem_document(problem)
    space = Space(Node(written, "problem"))
    with opened(options.cache, written) as kept:
        slabs = Search(space, options, kept).run()
    document = _document(problem, written, space, slabs, options)
    return CoveredDual(problem, document, verify(document, options.progress, options.jobs))


def _document(
    problem: Problem, written: Document, space: Space, slabs: list[Slab], options: Options
) -> Document:
    members = Claims(space.model, profile(slabs, space.interval)).members()
    complete = members["verdict"] == "proved"
    body: Document = {
        "format": FORMAT,
        "method": NAME,
        "problem": written,
        "slabs": [slab_document(slab, space.model) for slab in slabs],
        **members,
        "bounds": summary(members["counts"] if complete else {}, structure_of(problem)),
        "provenance": {
            "versions": {
                "pieceproof": version("pieceproof"),
                "python": platform.python_version(),
                "python-flint": flint.__version__,
                "numpy": np.__version__,
            },
            "engine": "coverings in IEEE doubles",
            "seed": SEED,
            "input_digest": digest(written),
            "wall_time": round(monotonic() - options.start, 3),
            "jobs": options.jobs,
        },
    }
    return {**body, "digest": digest(body)}
