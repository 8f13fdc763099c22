"""The search for slabs: floating point proposes, the checker's enclosures accept or refuse.

Curves of minimisers are tracked over A (``geometry.proposals``) and cut into slabs on which
the checker proves curves and basins; then W is covered. Where the covering meets a point
below the claimed minimum a minimiser had been missed, and tracking starts again from there;
where it does not finish, slabs are halved and rival minimisers get basins of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf
from time import monotonic
from typing import Any

from geometry.proposals.charts import charts
from geometry.proposals.frames import Frames
from geometry.proposals.minimisers import Minimiser
from geometry.proposals.slabbing import OUT_OF_TIME, Proposal, Slabs
from geometry.proposals.tracking import Tracker
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.slabs import Settled
from pieceproof.checking.enclosing.summary import Below, together
from pieceproof.checking.enclosing.tubes import Place
from pieceproof.checking.reading import Node
from pieceproof.enclosed.coverings import Coverings
from pieceproof.enclosed.deadunits import DeadUnits, dead_charts
from pieceproof.enclosed.divided import Divided, beside_roots
from pieceproof.enclosed.openings import (
    NO_EFFORT,
    QUICK,
    THOROUGH,
    UNCOVERED,
    bounds,
    divided,
    explained,
    merged,
    none_isolated,
)
from pieceproof.enclosed.refining import Refining
from pieceproof.enclosed.trials import Trials
from pieceproof.enclosed.wholes import convex
from pieceproof.enclosed.zeros import Zero, Zeros
from pieceproof.methods.options import Options
from pieceproof.problem_document import problem_document
from pieceproof.store import Store
from piecewise.problems import Problem

SLABS = 0.5
"""The part of the time that is left in which slabs are made, before W is covered."""
DIVIDED = 0.15
"""The part in which slabs on one side of an α₀ are looked for that f does not depend on w at."""
BOUNDS = 0.15
"""The part of the time budget for bounds of ℓ* on what is left open, and their check."""
ROUNDS = 8
"""Times that tracking starts again from a minimiser that the covering found."""
REFINEMENTS = 7
"""Times that slabs are halved whose covering does not finish."""
FIRST_BOXES = 4_000
MOST_BOXES = 256_000
LEAVING = "exact interpolation ends here, and ℓ* leaves 0"


class OutOfTime(Exception):
    """The budget has run out."""


@dataclass
class Search:
    """The search for one problem.

    Attributes:
        problem: what is minimised.
        document: the problem as documents write it.
        options: workers, progress and the time budget.
        kept: coverings of an earlier run.
        has_bounds: whether ℓ* is bounded where it stays open.
        divides: whether f is divided by α − α₀ where it does not depend on w, and units may fade:
            what follows of ℓ* does not say where all minimisers are.
    """

    problem: Problem
    document: dict[str, Any]
    options: Options = field(default_factory=Options)
    kept: Store | None = None
    has_bounds: bool = True
    divides: bool = True

    def __post_init__(self) -> None:
        self.spaces = Spaces(Node(self.document, "problem"))
        lower, upper = self.problem.interval
        self.interval = (lower, upper)
        own = [*charts(self.problem), *dead_charts(self.problem, self.spaces)]
        self.tracker = Tracker(own, (float(lower), float(upper)), self._tick)
        self.dead = DeadUnits(self.spaces, self.tracker)
        self.trials = Trials(self.spaces, self.tracker, self.dead, self._tick_trial)
        self.trials.fades = self.divides
        self.refining = Refining(self.tracker, Frames(self.tracker), self.trials, self.interval)
        self.coverings = Coverings(self.spaces, self.options.jobs, self.kept)
        self.proposals: list[Proposal] = []
        self.proved: set[str] = set()
        self.doubted: set[str] = set()
        """Slabs that are covered here, but not by the boxes of the checker."""
        self.zeros: list[Zero] = []
        self.divided: list[Divided] = []
        self._final: dict[tuple[str, ...], Settled] = {}
        self.progress = self.options.progress
        self.checking = 0.0
        """Seconds that the checker will need for what is covered, as far as can be foreseen."""
        self.slabs_until = inf
        self.doubtful = 0
        """Pending slabs beside something open."""

    def _is_late(self) -> bool:
        """Whether to stop, so that there is time to bound ℓ* on what is left open."""
        return self._is_over(BOUNDS * (self.options.seconds or 0.0))

    def _is_over(self, reserve: float = 0.0) -> bool:
        """Whether what is left, but for ``reserve``, is what the checker will need."""
        slabs = len(self.proposals) * self.trials.seconds / max(1, self.trials.count)
        return self.options.out_of_time(reserve + self.checking + slabs)

    def _tick(self, alpha: float) -> None:
        if self._is_late():
            raise OutOfTime
        self.progress("tracking", len(self.tracker.nodes), None)

    def _tick_trial(self, trial: int) -> None:
        if self._is_late():
            raise OutOfTime
        if trial % 8 == 7:
            self.progress("slabs", trial + 1, None)

    # -- the whole ---------------------------------------------------------------------

    def run(self) -> list[dict[str, Any]]:
        """Slabs over A, as a document lists them."""
        try:
            whole = self.tracker.own[: len(self.spaces)]
            self.zeros = Zeros(self.spaces, whole, self.interval, self._tick).run()
            taken = [(each.lower, each.upper) for each in self.zeros]
            if self.divides and taken != [self.interval]:
                self.divided = beside_roots(self.spaces, taken, self._part)
            if taken != [self.interval]:
                self.tracker.start()
                self.dead.wake()
            self.proposals = self._slabs()
            for _ in range(ROUNDS):
                missed = self._cover()
                if missed:
                    news = [self.tracker.add(alpha, chart, w) for chart, alpha, w in missed]
                    if not any(news) and not self.dead.wake([alpha for _, alpha, _ in missed]):
                        break
                    self.proposals = self._slabs()
                elif any(each.reason == OUT_OF_TIME for each in self.proposals):
                    self.proposals = self._more_slabs()
                else:
                    break
        except OutOfTime:
            pass
        return self._written(self.proposals)

    def without(self, intervals: Sequence[tuple[str, ...]]) -> list[dict[str, Any]]:
        """The slabs of :meth:`run`, with those of these intervals open."""
        self.doubted |= {
            self.trials.name(each)
            for each in self.proposals
            if each.kind is not None and (str(each.lower), str(each.upper)) in intervals
        }
        return self._written(self.proposals)

    def _part(self, problem: Problem) -> list[dict[str, Any]]:
        """The slabs of another problem, of which few are expected."""
        options = self.options
        if options.seconds is not None:
            left = options.start + options.seconds - monotonic()
            options = replace(options, start=monotonic(), seconds=max(0.0, DIVIDED * left))
        document = problem_document(problem)
        part = Search(problem, document, options, self.kept, has_bounds=False, divides=False)
        found = part.run()
        self.checking += part.checking
        return found

    def settled_of(self, slab: dict[str, Any]) -> Settled | None:
        """What is proved of a slab that :meth:`run` returned."""
        return self._final.get(tuple(slab["interval"]))

    def _is_covered(self, proposal: Proposal) -> bool:
        return proposal.kind is not None and self.trials.name(proposal) in self.proved

    def _written(self, proposals: list[Proposal]) -> list[dict[str, Any]]:
        if not proposals:
            proposals = [Proposal(*self.interval, None, (), OUT_OF_TIME)]
        final, reason = [], OUT_OF_TIME if self._is_late() else UNCOVERED
        for each in proposals:
            if each.kind is not None and not self._is_covered(each):
                each = Proposal(each.lower, each.upper, None, (), reason)
            elif each.kind is not None and self.trials.name(each) in self.doubted:
                each = Proposal(each.lower, each.upper, None, (), UNCOVERED)
            final.append(each)
        final = [explained(each, self.tracker) for each in merged(self.trials.jointed(final))]
        self._final = {
            (str(each.lower), str(each.upper)): self.trials.settled(each)
            for each in final
            if each.kind is not None
        }
        return [written for each in final for written in self._bounded(each)]

    def _bounded(self, proposal: Proposal) -> list[dict[str, Any]]:
        """As documents write it: an open interval in parts, with both sides of ℓ*."""
        if proposal.kind is not None or not self.has_bounds:
            return [self.trials.document(proposal)]
        found = []
        parts = divided(proposal, self.interval)
        for each in parts:
            began = monotonic()
            effort = NO_EFFORT if self._is_over() else QUICK if self._is_late() else THOROUGH
            effort = effort._replace(boxes=max(QUICK.boxes, effort.boxes // len(parts)))
            own = bounds(each, self.spaces, self.tracker, effort)
            found.append(self.trials.document(each) | ({} if own is None else {"bounds": own}))
            self.progress("bounds of what is open", len(found), len(parts))
            self.checking += monotonic() - began
        return found

    # -- slabs -------------------------------------------------------------------------

    def _slabs(self) -> list[Proposal]:
        """Slabs over A: those that need no tracking, and the others between them."""
        self.slabs_until = self.options.middle(SLABS)
        found: list[Proposal] = []
        at = self.interval[0]
        for known in sorted([*self.zeros, *self.divided], key=lambda each: each.lower):
            if self.trials(known) is None:
                found += self._beside(at, known.lower)
                self.proved.add(self.trials.name(known))
                found.append(known)
                at = known.upper
        return found + self._beside(at, self.interval[1])

    def _more_slabs(self) -> list[Proposal]:
        """More slabs where their part of the time was over: covering has left some."""
        self.slabs_until = self.options.middle(SLABS)
        return [
            new
            for each in self.proposals
            for new in (
                self._slabs_over(each.lower, each.upper) if each.reason == OUT_OF_TIME else [each]
            )
        ]

    def _beside(self, lower: Fraction, upper: Fraction) -> list[Proposal]:
        """Slabs next to those of exact interpolation: at its end multipliers vanish."""
        found = self._slabs_over(lower, upper) if lower < upper else []
        for order, there in (
            (range(len(found)), lower in {zero.upper for zero in self.zeros}),
            (reversed(range(len(found))), upper in {zero.lower for zero in self.zeros}),
        ):
            for i in order if there else ():
                if found[i].kind is not None:
                    break
                found[i] = replace(found[i], reason=LEAVING)
        return found

    def _slabs_over(self, lower: Fraction, upper: Fraction) -> list[Proposal]:
        tracker = self.tracker
        first, last = tracker.best(float(lower)), tracker.best(float(upper))
        if first is None or last is None:
            inner = [tracker.best(float(lower + (upper - lower) * k / 16)) for k in range(1, 16)]
            known = [point for point in (first, *inner, last) if point is not None]
            if not known:
                return [Proposal(lower, upper, None, (), none_isolated(tracker, lower, upper))]
            first, last = known[0], known[-1]
        events = tracker.events(first.alpha, last.alpha)
        if self.dead.left(events):
            events = tracker.events(first.alpha, last.alpha)
        # What is joined from the left may have become an image of what it was.
        first, last = tracker.nodes[first.alpha], tracker.nodes[last.alpha]
        events = [e for e in events if float(lower) < e.alpha < float(upper)]
        slabs = self.refining.slabbing()
        found: list[Proposal] = []
        at, before = lower, first
        for i, event in enumerate(events):
            following = Fraction(events[i + 1].alpha) if i + 1 < len(events) else upper
            room = min(Fraction(event.alpha) - at, following - Fraction(event.alpha))
            here = slabs.around(event, room)
            found += self._filled(
                slabs, at, here.lower, self._known(at, here.lower, before, event.before)
            )
            found.append(here)
            at, before = here.upper, event.behind
        found += self._filled(slabs, at, upper, self._known(at, upper, before, last))
        return [each for each in found if each.lower < each.upper]

    def _filled(
        self, slabs: Slabs, lower: Fraction, upper: Fraction, points: list[Minimiser]
    ) -> list[Proposal]:
        """Slabs between two events; a single one where a polynomial is convex once folded."""
        if self.spaces.network.polynomial is not None and lower < upper:
            inside = [p for p in points if lower < p.alpha < upper and p.chart == 0]
            whole = convex(self.spaces[0], inside[0], lower, upper) if inside else None
            if whole is not None and self.trials(whole) is None:
                return [whole]
        # A spot that takes long must not keep the rest of A from its share of the time.
        now, rest = monotonic(), self.interval[1] - lower
        until = now + (self.slabs_until - now) * float((upper - lower) / rest) if rest else now
        slabs.is_late = lambda: monotonic() > until
        return slabs.fill(lower, upper, points)

    def _known(self, lower: Fraction, upper: Fraction, *points: Minimiser) -> list[Minimiser]:
        nodes = self.tracker.nodes
        inside = [nodes[a] for a in sorted(nodes) if lower <= a <= upper]
        return [*points, *inside]

    # -- covering ----------------------------------------------------------------------

    def _cover(self) -> list[tuple[int, float, tuple[float, ...]]]:
        """Cover W, refining slabs as needed; points found below the claimed minimum."""
        boxes = FIRST_BOXES
        for _ in range(REFINEMENTS):
            pending = self._pending()
            if not pending:
                break
            for each in pending:
                self.refining.foreseen(each)
            left: set[int] = set()
            lower: list[Below] = []
            for start, end in self._parts(pending, together(boxes)):
                part = pending[start:end]
                found = self.coverings.covered(
                    [self.trials.name(p) for p in part],
                    [self.trials.settled(p) for p in part],
                    boxes,
                    self._is_late,
                )
                self.progress("covering", end, len(pending))
                # Kept at once: a budget that ends loses nothing that is covered.
                below = {each[0] for each in found.below}
                done = [p for i, p in enumerate(part) if i not in found.left and i not in below]
                self.proved |= {self.trials.name(p) for p in done}
                self.checking += found.seconds * len(done) / len(part)
                if self._is_late():
                    raise OutOfTime
                left |= {start + index for index in found.left}
                lower += found.below
            if lower:
                return [(self._chart(place), alpha, w) for _, place, alpha, w in lower]
            boxes = min(4 * boxes, MOST_BOXES)
            for i in sorted(left):
                place = next(k for k, p in enumerate(self.proposals) if p is pending[i])
                self.proposals[place : place + 1] = self.refining.refined(pending[i])
        return []

    def _pending(self) -> list[Proposal]:
        """The slabs that are not covered, those beside something open last.

        Boxes may never finish there: this must not keep the others from being covered.
        """
        found: tuple[list[Proposal], list[Proposal]] = ([], [])
        for before, own, behind in zip(
            [None, *self.proposals], self.proposals, [*self.proposals[1:], None], strict=False
        ):
            if own.kind and not self._is_covered(own):
                beside = any(other is not None and other.kind is None for other in (before, behind))
                found[beside].append(own)
        self.doubtful = len(found[1])
        return found[0] + found[1]

    def _parts(self, pending: list[Proposal], size: int) -> Iterator[tuple[int, int]]:
        """What is covered at once of the pending slabs: a group of ``size`` in each thread."""
        sure, size = len(pending) - self.doubtful, size * self.options.jobs
        for first, last in ((0, sure), (sure, len(pending))):
            for start in range(first, last, size):
                yield start, min(start + size, last)

    def _chart(self, place: Place) -> int:
        """A chart of W for points of one that may have dead units."""
        if not place[0]:
            return place[1]
        own = (s.chart for s in self.tracker.own)
        return self.dead.base(next(c for c in own if (c.dead, c.number) == place))
