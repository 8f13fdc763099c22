"""The dual function of a problem with non-convex cells: search, document, checked result."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING

from bounds.architectures import structure_of
from geometry.proposals.minimisers import SEED
from pieceproof.certificate import Document, Run
from pieceproof.checking.enclosing.claims import Writer
from pieceproof.checking.enclosing.documents import chart_documents, read_slab
from pieceproof.checking.enclosing.networks import MAX_CUTS
from pieceproof.checking.enclosing.summary import outcome
from pieceproof.checking.enclosing.verification import NAME
from pieceproof.checking.reading import Node, Refuted
from pieceproof.enclosed.compiling import compiled
from pieceproof.enclosed.confirming import confirmed
from pieceproof.enclosed.search import Search
from pieceproof.enclosed.views import Enclosed, evaluate_enclosed
from pieceproof.methods.options import Options
from pieceproof.problem_document import problem_document
from pieceproof.slabdual import SlabDual, sealed
from pieceproof.store import opened
from piecewise.networks import FeedForward
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def refusal(problem: Problem) -> str | None:
    """None if the problem is covered, else why not, in one line."""
    model = problem.model
    if isinstance(model, Polynomial):
        return None
    if not isinstance(model, FeedForward):
        return "enclosures cover feedforward networks and polynomials"
    if problem.loss != "squared":
        return f"loss {problem.loss!r}; enclosures cover the squared loss"
    if not model.activation.is_continuous:
        return f"activation {model.activation!r} jumps; enclosures cover continuous activations"
    if problem.validation is not None:
        return "enclosures do not cover validation"
    penalty = problem.penalty
    if penalty is not None and problem.interval[0] < 0:
        return "a penalty that is negative somewhere; start A at α ≥ 0"
    bends = [p for p in (problem.parameters[i] for i in problem.penalised) if p.lower < 0 < p.upper]
    if penalty is not None and penalty.ratio and len(bends) > MAX_CUTS:
        return f"|w|₁ of {len(bends)} parameters with 0 inside their ranges; at most {MAX_CUTS}"
    return None


@dataclass(frozen=True, eq=False, repr=False)
class EnclosedDual(SlabDual):
    """ℓ* with its certificate; numbers are enclosures."""

    MARKS = ("kinks", "kinks")

    def __call__(self, alpha: Fraction | str | int) -> Enclosed:
        """ℓ*(α) enclosed, with a minimiser."""
        return evaluate_enclosed(self.document, Fraction(alpha))

    def plot(self) -> Figure:
        """ℓ* and its minimiser as a Matplotlib figure."""
        from pieceproof.enclosed.pictures import figure

        return figure(self.document, self.report)


def analyze_enclosed(problem: Problem, options: Options) -> EnclosedDual:
    """Search for slabs, write them down with what follows, and check the document.

    Raises:
        CacheError: the cache file cannot be used.
    """
    written, options = problem_document(problem), compiled(options)
    with opened(options.cache, [version("pieceproof"), "coverings", written]) as kept:
        search = Search(problem, written, options, kept)
        slabs = search.run()
    charts = chart_documents([each.chart for each in search.spaces])

    def document_of(slabs: list[Document]) -> Document:
        members, slabs = _claims(search, slabs)
        run = Run(monotonic() - options.start, options.jobs, SEED, "enclosures in IEEE doubles")
        listed = {"charts": charts, "slabs": slabs, **members}
        return sealed(NAME, written, listed, structure_of(problem), run)

    return EnclosedDual(problem, *confirmed(search, slabs, document_of, options))


def _claims(search: Search, slabs: list[Document]) -> tuple[Document, list[Document]]:
    """What follows from the slabs, and the slabs: all of A open if nothing can be claimed."""
    read = [read_slab(Node(slab, "slab"), search.spaces) for slab in slabs]
    settled = [search.settled_of(slab) for slab in slabs]
    try:
        found = outcome(search.spaces, read, settled, 0)
        return Writer(found, search.spaces).members(), slabs
    except Refuted as refuted:  # nothing is claimed then
        ends = [str(end) for end in search.spaces.network.interval]
        nothing: list[Document] = [{"interval": ends, "kind": "open", "reason": str(refuted)}]
        read = [read_slab(Node(nothing[0], "slab"), search.spaces)]
        found = outcome(search.spaces, read, [None], 0)
        return Writer(found, search.spaces).members(), nothing
