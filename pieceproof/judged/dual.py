"""The held-out loss of a problem with non-convex cells: training dual, marks, document, check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq

from geometry.proposals.minimisers import SEED
from pieceproof import enclosed
from pieceproof.certificate import Document, Run
from pieceproof.checking.enclosing.documents import chart_documents, read_slab
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.shapes import Node as ShapeNode
from pieceproof.checking.enclosing.slabs import Settled
from pieceproof.checking.enclosing.summary import Outcome
from pieceproof.checking.judging.examples import HeldOut
from pieceproof.checking.judging.summary import (
    JudgedWriter,
    enclosure_at,
    is_floor,
    judged_outcome,
)
from pieceproof.checking.judging.timelines import Item, Mark, items, timeline
from pieceproof.checking.judging.verification import NAME
from pieceproof.checking.reading import Node, Refuted
from pieceproof.enclosed.compiling import compiled
from pieceproof.enclosed.confirming import confirmed
from pieceproof.enclosed.search import Search
from pieceproof.enclosed.views import Enclosed
from pieceproof.judged.marks import Marks
from pieceproof.judged.views import evaluate_judged
from pieceproof.methods.options import Options
from pieceproof.problem_document import problem_document
from pieceproof.slabdual import SlabDual, sealed
from pieceproof.store import opened
from piecewise.exact import to_fmpq
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINING = 0.7
"""The part of the time budget in which the minimisers of the training loss are looked for."""
FOLLOWING = 0.4
"""The part of what is left after that in which held-out examples are followed."""
SAMPLES = 16
"""Places in every segment at which a good α is looked for."""
DIGITS = (3, 6, 9, 12)
"""Digits of the denominator of the α that is named, as few as will do."""
SLACKS = (1e-12, 1e-9, 1e-6, 1e-3, 1e-1)
"""How far below the best value a floor of ℓ* is tried, relative to it, first to last."""


def refusal(problem: Problem) -> str | None:
    """None if the problem is covered, else why not, in one line."""
    if problem.validation is None:
        return "no held-out examples"
    if isinstance(problem.model, Polynomial):
        return "a polynomial objective has no examples"
    return enclosed.refusal(problem.training())


@dataclass(frozen=True, eq=False, repr=False)
class JudgedDual(SlabDual):
    """The held-out loss at minimisers of the training loss, with its certificate."""

    MARKS = ("discontinuities", "jumps")

    def __call__(self, alpha: Fraction | str | int) -> Enclosed:
        """ℓ*(α) enclosed, with the minimiser of the training loss."""
        return evaluate_judged(self.document, Fraction(alpha))

    def plot(self) -> Figure:
        """ℓ* and the minimiser as a Matplotlib figure."""
        from pieceproof.judged.pictures import figure

        return figure(self.document, self.report)


def analyze_judged(problem: Problem, options: Options) -> JudgedDual:
    """Slabs of the training loss, marks for the held-out one, and a document that is checked.

    Raises:
        CacheError: the cache file cannot be used.
    """
    training, options = problem.training(), compiled(options)
    written, inner = problem_document(problem), problem_document(training)
    own = replace(options, seconds=options.seconds and TRAINING * options.seconds)
    with opened(options.cache, [version("pieceproof"), "coverings", inner]) as kept:
        search = Search(training, inner, own, kept, has_bounds=False, divides=False)
        slabs = search.run()
    held = HeldOut(search.spaces, _examples(problem))
    charts = chart_documents([space.chart for space in search.spaces])

    def document_of(slabs: list[Document]) -> Document:
        with np.errstate(all="ignore"):
            members = _claims(held, search, slabs, options)
        run = Run(monotonic() - options.start, options.jobs, SEED, "enclosures in IEEE doubles")
        return sealed(NAME, written, {"charts": charts, **members}, None, run)

    return JudgedDual(problem, *confirmed(search, slabs, document_of, options))


def _examples(problem: Problem) -> tuple[tuple[tuple[fmpq, ...], ...], tuple[fmpq, ...]]:
    if problem.validation is None:
        raise ValueError("a problem with held-out examples is expected")
    own = problem.validation
    return tuple(tuple(map(to_fmpq, row)) for row in own.inputs), tuple(map(to_fmpq, own.targets))


def _claims(
    held: HeldOut, search: Search, slabs: list[Document], options: Options
) -> dict[str, Any]:
    """Slabs, marks and what follows; all of A open if nothing can be claimed."""
    spaces = held.spaces
    parts: list[Settled | Open] = []
    for slab in slabs:
        read, settled = read_slab(Node(slab, "slab"), spaces), search.settled_of(slab)
        if isinstance(read, Open):
            parts.append(read)
        elif settled is not None:
            parts.append(settled)
    try:
        known = items(held, parts)
        left = options.middle(FOLLOWING)
        marks = Marks(held, known, lambda: monotonic() > left).found(
            lambda done, total: options.progress("held-out examples", done, total)
        )
        return _members(held, slabs, known, marks)
    except Refuted as refuted:
        ends = [str(end) for end in spaces.network.interval]
        nothing: list[Document] = [{"interval": ends, "kind": "open", "reason": str(refuted)}]
        only = read_slab(Node(nothing[0], "slab"), spaces)
        if not isinstance(only, Open):
            raise ValueError("an open slab is read as one") from None
        return _members(held, nothing, items(held, [only]), [])


def _members(
    held: HeldOut, slabs: list[Document], known: Sequence[Item], marks: Sequence[Mark]
) -> dict[str, Any]:
    settled = sum(slab["kind"] != "open" for slab in slabs)
    found = judged_outcome(held, timeline(held, known, marks), known, settled, 0)
    best, floor = _best(found)
    return {
        "slabs": slabs,
        "marks": [_mark_document(mark) for mark in marks],
        **JudgedWriter(found, held.spaces, best, floor).members(),
    }


def _mark_document(mark: Mark) -> Document:
    written: Document = {
        "interval": [str(mark.lower), str(mark.upper)],
        "kind": "crossing" if mark.reason is None else "open",
    }
    return written if mark.reason is None else {**written, "reason": mark.reason}


def _best(found: Outcome) -> tuple[fmpq | None, float]:
    """A rational α with a small ℓ*, and a bound below ℓ*."""
    places: dict[fmpq, float] = {}
    for run in found.runs:
        spots = {link.lower for link in run} | {run[-1].upper}
        for link in run:
            width = link.upper - link.lower
            spots |= {link.lower + width * fmpq(k, SAMPLES) for k in range(1, SAMPLES)}
        for at in spots:
            try:
                places[at] = float(enclosure_at(run, at)[1].hi[0])
            except Refuted:
                continue
    for low in _lowest(found):
        middle = (low.lower + low.upper) / 2
        for run in found.runs:
            if run[0].lower <= middle <= run[-1].upper:
                places[middle] = float(enclosure_at(run, middle)[1].hi[0])
    if not places:
        return None, 0.0
    best = _short(found, min(places, key=lambda at: (places[at], at)), places)
    for slack in SLACKS:
        floor = places[best] * (1 - slack) - 1e-300
        if is_floor(found, floor):
            return best, max(0.0, floor)
    return best, 0.0


def _short(found: Outcome, best: fmpq, places: dict[fmpq, float]) -> fmpq:
    """A shorter α at which ℓ* is as small but for rounding, if there is one."""
    exact = Fraction(int(best.p), int(best.q))
    for digits in DIGITS:
        at = to_fmpq(exact.limit_denominator(10**digits))
        for run in found.runs:
            if run[0].lower <= at <= run[-1].upper:
                value = float(enclosure_at(run, at)[1].hi[0])
                if value <= places[best] + 1e-12 * abs(places[best]):
                    places[at] = value
                    return at
    return best


def _lowest(found: Outcome) -> list[ShapeNode]:
    return [first for first, _ in found.whole.lowest()] if found.whole else []
