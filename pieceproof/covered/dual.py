"""The zero-one dual of a problem that no exact method covers: search, document, checked result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING

from bounds.architectures import structure_of
from pieceproof.certificate import Run
from pieceproof.checking.coverings.claims import Claims
from pieceproof.checking.coverings.profile import profile
from pieceproof.checking.coverings.slabs import Space
from pieceproof.checking.coverings.verification import NAME
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.covered.compiling import compile_loops
from pieceproof.covered.profiles import SEED
from pieceproof.covered.search import Search
from pieceproof.covered.slabdocuments import slab_document
from pieceproof.covered.views import Known, evaluate_covered
from pieceproof.methods.options import Options
from pieceproof.problem_document import problem_document
from pieceproof.slabdual import SlabDual, sealed
from pieceproof.store import opened
from pieceproof.verify import verify
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
class CoveredDual(SlabDual):
    """ℓ* with its certificate: exact values, jumps enclosed."""

    MARKS = ("discontinuities", "jumps")

    def __call__(self, alpha: Fraction | str | int) -> Known:
        """ℓ*(α), or bounds where it is open."""
        return evaluate_covered(self.document, Fraction(alpha))

    def plot(self) -> Figure:
        """ℓ* as a Matplotlib figure."""
        from pieceproof.covered.pictures import figure

        return figure(self.document, self.report)


def analyze_covered(problem: Problem, options: Options) -> CoveredDual:
    """Search for slabs, write them down with what follows, and check the document.

    Raises:
        CacheError: the cache file cannot be used.
    """
    written = problem_document(problem)
    space = Space(Node(written, "problem"))
    began = monotonic()
    options.progress("compiling, on first use", 0, None)
    compile_loops(space)
    searching = replace(options, start=options.start + monotonic() - began)
    with opened(options.cache, [version("pieceproof"), "coverings of classes", written]) as kept:
        slabs = Search(space, searching, kept).run()
    listed = {"slabs": [slab_document(slab, space.model) for slab in slabs]}
    members = Claims(space.model, profile(slabs, space.interval)).members()
    run = Run(monotonic() - options.start, options.jobs, SEED, "coverings in IEEE doubles")
    document = sealed(NAME, written, {**listed, **members}, structure_of(problem), run)
    return CoveredDual(problem, document, verify(document, options.progress, options.jobs))
