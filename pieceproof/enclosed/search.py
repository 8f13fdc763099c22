"""The search for slabs: floating point proposes, the checker's enclosures accept or refuse.

Curves of minimisers are tracked over A (``geometry.proposals``) and cut into slabs on which
the checker proves curves and basins; then W is covered. Where the covering meets a point
below the claimed minimum a minimiser had been missed, and tracking starts again from there;
where it does not finish, slabs are halved and rival minimisers get basins of their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf
from time import monotonic
from typing import Any

import numpy as np

from geometry.proposals.charts import charts
from geometry.proposals.frames import Frames
from geometry.proposals.minimisers import Minimiser, same
from geometry.proposals.slabbing import OUT_OF_TIME, Curve, Obstacle, Proposal, Slabs
from geometry.proposals.tracking import Tracker
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.joins import check_joined, narrowed
from pieceproof.checking.enclosing.nearby import BasinTooLarge
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.slabs import Settled, settle
from pieceproof.checking.enclosing.summary import CHUNK, Below
from pieceproof.checking.enclosing.tubes import Place
from pieceproof.checking.reading import Node, Refuted
from pieceproof.enclosed.coverings import Coverings
from pieceproof.enclosed.deadunits import DeadUnits, dead_charts
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
from pieceproof.enclosed.slabdocuments import slab_document
from pieceproof.enclosed.wholes import convex
from pieceproof.enclosed.zeros import Zero, Zeros
from pieceproof.methods.options import Options
from pieceproof.store import Store
from piecewise.problems import Problem

SLABS = 0.5
"""The part of the time that is left in which slabs are made, before W is covered."""
BOUNDS = 0.15
"""The part of the time budget for bounds of ℓ* on what is left open, and their check."""
ROUNDS = 8
"""Times that tracking starts again from a minimiser that the covering found."""
REFINEMENTS = 7
"""Times that slabs are halved whose covering does not finish."""
FIRST_BOXES = 4_000
MOST_BOXES = 256_000
RIVALS = 3
LEAVING = "exact interpolation ends here, and ℓ* leaves 0"
CLOSE = 0.03
"""Rivals have values above the minimum by at most this part of it."""


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
    """

    problem: Problem
    document: dict[str, Any]
    options: Options = field(default_factory=Options)
    kept: Store | None = None
    settled: dict[int, tuple[Proposal, Settled]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spaces = Spaces(Node(self.document, "problem"))
        self.ends = self.spaces.network.interval
        lower, upper = self.problem.interval
        self.interval = (lower, upper)
        own = [*charts(self.problem), *dead_charts(self.problem, self.spaces)]
        self.tracker = Tracker(own, (float(lower), float(upper)), self._tick)
        self.dead = DeadUnits(self.spaces, self.tracker)
        self.frames = Frames(self.tracker)
        self.coverings = Coverings(self.spaces, self.options.jobs, self.kept)
        self.trials = 0
        self.proposals: list[Proposal] = []
        self.proved: set[str] = set()
        self.keys: dict[int, str] = {}
        self.answers: dict[str, Settled | Obstacle] = {}
        self.sizes: dict[tuple[int, int], float] = {}
        self.zeros: list[Zero] = []
        self._final: dict[tuple[str, ...], Settled] = {}
        self.progress = self.options.progress
        self.checking = 0.0
        """Seconds that the checker will need for what is covered, as far as can be foreseen."""
        self.settling = 0.0
        self.slabs_until = inf

    def _is_late(self) -> bool:
        """Whether to stop, so that there is time to bound ℓ* on what is left open."""
        return self._is_over(BOUNDS * (self.options.seconds or 0.0))

    def _is_over(self, reserve: float = 0.0) -> bool:
        """Whether what is left, but for ``reserve``, is what the checker will need."""
        slabs = len(self.proposals) * self.settling / max(1, self.trials)
        return self.options.out_of_time(reserve + self.checking + slabs)

    def _tick(self, alpha: float) -> None:
        if self._is_late():
            raise OutOfTime
        self.progress("tracking", len(self.tracker.nodes), None)

    # -- the whole ---------------------------------------------------------------------

    def run(self) -> list[dict[str, Any]]:
        """Slabs over A, as a document lists them."""
        from pieceproof.checking.enclosing.compiled.jit import is_compiled

        if not is_compiled():
            self.progress("compiling, once", 0, None)
        try:
            whole = self.tracker.own[: len(self.spaces)]
            self.zeros = Zeros(self.spaces, whole, self.interval, self._tick).run()
            if [(each.lower, each.upper) for each in self.zeros] != [self.interval]:
                self.tracker.start()
                self.dead.wake()
            for _ in range(ROUNDS):
                self.proposals = self._slabs()
                missed = self._cover()
                if not missed:
                    break
                news = [self.tracker.add(alpha, chart, w) for chart, alpha, w in missed]
                if not any(news) and not self.dead.wake([alpha for _, alpha, _ in missed]):
                    break
        except OutOfTime:
            pass
        return self._written(self.proposals)

    def settled_of(self, slab: dict[str, Any]) -> Settled | None:
        """What is proved of a slab that :meth:`run` returned."""
        return self._final.get(tuple(slab["interval"]))

    def _is_proved(self, proposal: Proposal) -> bool:
        return self.keys.get(id(proposal)) in self.proved

    def _written(self, proposals: list[Proposal]) -> list[dict[str, Any]]:
        if not proposals:
            proposals = [Proposal(*self.interval, None, (), OUT_OF_TIME)]
        final, reason = [], OUT_OF_TIME if self._is_late() else UNCOVERED
        for each in proposals:
            if each.kind is not None and not self._is_proved(each):
                each = Proposal(each.lower, each.upper, None, (), reason)
            final.append(each)
        final = [explained(each, self.tracker) for each in merged(self._jointed(final))]
        self._final = {
            (str(each.lower), str(each.upper)): self.settled[id(each)][1]
            for each in final
            if each.kind is not None
        }
        return [written for each in final for written in self._bounded(each)]

    def _bounded(self, proposal: Proposal) -> list[dict[str, Any]]:
        """As documents write it: an open interval in parts, with both sides of ℓ*."""
        if proposal.kind is not None:
            return [self._document(proposal)]
        found = []
        parts = divided(proposal, self.interval)
        for each in parts:
            began = monotonic()
            effort = NO_EFFORT if self._is_over() else QUICK if self._is_late() else THOROUGH
            effort = effort._replace(boxes=max(QUICK.boxes, effort.boxes // len(parts)))
            own = bounds(each, self.spaces, self.tracker, effort)
            found.append(self._document(each) | ({} if own is None else {"bounds": own}))
            self.progress("bounds of what is open", len(found), len(parts))
            self.checking += monotonic() - began
        return found

    def _jointed(self, proposals: list[Proposal]) -> list[Proposal]:
        """Where neighbours cannot be joined, the shorter one is left open."""
        found: list[Proposal] = []
        for each in proposals:
            if found and found[-1].kind is not None and each.kind is not None:
                try:
                    with np.errstate(all="ignore"):
                        check_joined(self.settled[id(found[-1])][1], self.settled[id(each)][1])
                except Refuted as refuted:
                    found.append(Proposal(each.lower, each.upper, None, (), str(refuted)))
                    continue
            found.append(each)
        return found

    # -- slabs -------------------------------------------------------------------------

    def _trial(self, proposal: Proposal) -> Obstacle | None:
        if self._is_late():
            raise OutOfTime
        self.trials += 1
        if self.trials % 8 == 0:
            self.progress("slabs", self.trials, None)
        written = self._document(proposal)
        key = json.dumps(written)
        self.keys[id(proposal)] = key
        if key not in self.answers:
            began = monotonic()
            self.answers[key] = self._answer(written)
            self.settling += monotonic() - began
        answer = self.answers[key]
        if isinstance(answer, Obstacle):
            return answer
        self.settled[id(proposal)] = (proposal, answer)
        return None

    def _document(self, proposal: Proposal) -> dict[str, Any]:
        return slab_document(proposal, self.spaces.network, self.tracker.solvers, self.dead)

    def _answer(self, written: dict[str, Any]) -> Settled | Obstacle:
        try:
            slab = read_slab(Node(written, "slab"), self.spaces)
            if isinstance(slab, Open):
                return Obstacle.SLAB
            return settle(self.spaces, slab, self.ends)
        except BasinTooLarge:
            return Obstacle.BASIN
        except Refuted:
            return Obstacle.SLAB

    def _slabs(self) -> list[Proposal]:
        """Slabs over A: those of exact interpolation, and the others between them."""
        self.slabs_until = self.options.middle(SLABS)
        found: list[Proposal] = []
        at = self.interval[0]
        for zero in self.zeros:
            if self._trial(zero) is None:
                found += self._beside(at, zero.lower)
                self.proved.add(self.keys[id(zero)])
                found.append(zero)
                at = zero.upper
        return found + self._beside(at, self.interval[1])

    def _beside(self, lower: Fraction, upper: Fraction) -> list[Proposal]:
        """Slabs next to those of exact interpolation: at its end multipliers vanish."""
        found = self._slabs_over(lower, upper) if lower < upper else []
        for order, there in (
            (range(len(found)), lower > self.interval[0]),
            (reversed(range(len(found))), upper < self.interval[1]),
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
            known = [point for point in inner if point is not None]
            known += [point for point in (first, last) if point is not None]
            if not known:
                return [Proposal(lower, upper, None, (), none_isolated(tracker, lower, upper))]
            first, last = first or known[0], last or known[-1]
        events = tracker.events(first.alpha, last.alpha)
        if self.dead.left(events):
            events = tracker.events(first.alpha, last.alpha)
        # What is joined from the left may have become an image of what it was.
        first, last = tracker.nodes[first.alpha], tracker.nodes[last.alpha]
        events = [e for e in events if float(lower) < e.alpha < float(upper)]
        slabs = self._slabbing()
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
            if whole is not None and self._trial(whole) is None:
                return [whole]
        # A spot that takes long must not keep the rest of A from its share of the time.
        now, rest = monotonic(), self.interval[1] - lower
        until = now + (self.slabs_until - now) * float((upper - lower) / rest) if rest else now
        slabs.is_late = lambda: monotonic() > until
        return slabs.fill(lower, upper, points)

    def _slabbing(self) -> Slabs:
        return Slabs(self.tracker, self.interval, self._trial, self.frames)

    def _known(self, lower: Fraction, upper: Fraction, *points: Minimiser) -> list[Minimiser]:
        nodes = self.tracker.nodes
        inside = [nodes[a] for a in sorted(nodes) if lower <= a <= upper]
        return [*points, *inside]

    # -- covering ----------------------------------------------------------------------

    def _cover(self) -> list[tuple[int, float, tuple[float, ...]]]:
        """Cover W, refining slabs as needed; points found below the claimed minimum."""
        boxes = FIRST_BOXES
        for _ in range(REFINEMENTS):
            pending = [p for p in self.proposals if p.kind and not self._is_proved(p)]
            if not pending:
                break
            left: set[int] = set()
            lower: list[Below] = []
            for start in range(0, len(pending), CHUNK * self.options.jobs):
                part = pending[start : start + CHUNK * self.options.jobs]
                found = self.coverings.covered(
                    [self.keys[id(p)] for p in part],
                    [self.settled[id(p)][1] for p in part],
                    boxes,
                    self._is_late,
                )
                self.progress("covering", start + len(part), len(pending))
                # Kept at once: a budget that ends loses nothing that is covered.
                below = {each[0] for each in found.below}
                done = [p for i, p in enumerate(part) if i not in found.left and i not in below]
                self.proved |= {self.keys[id(p)] for p in done}
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
                self.proposals[place : place + 1] = self._refined(pending[i])
        return []

    def _chart(self, place: Place) -> int:
        """A chart of W for points of one that may have dead units."""
        if not place[0]:
            return place[1]
        own = (s.chart for s in self.tracker.own)
        return self.dead.base(next(c for c in own if (c.dead, c.number) == place))

    def _refined(self, proposal: Proposal) -> list[Proposal]:
        """A slab that was not covered: with rivals, or in halves."""
        if proposal.kind not in ("one", "tie"):
            return self._tightened(proposal)
        own = self._with_rivals(proposal)
        if own is not proposal:
            return [own]
        cut = (proposal.lower + proposal.upper) / 2
        curve = proposal.curves[0]
        point = self._point(curve, float(cut))
        if point is None:
            return [proposal]
        slabs = self._slabbing()
        slabs.size, slabs.widest = slabs.size_of(curve, point), True
        return [
            *slabs.fill(proposal.lower, cut, [point]),
            *slabs.fill(cut, proposal.upper, [point]),
        ]

    def _tightened(self, proposal: Proposal) -> list[Proposal]:
        """A slab with an event as a shorter one and what is beside it, if that can be proved."""
        settled = self.settled[id(proposal)][1]
        if len(settled.curves) < 2 or isinstance(proposal, Zero):
            return [proposal]
        with np.errstate(all="ignore"):
            low, high = narrowed(settled, (settled.slab.upper - settled.slab.lower) / 1024)
        middle = Fraction(int((low + high).p), 2 * int((low + high).q))
        half = (proposal.upper - proposal.lower) / 16
        lower, upper = max(proposal.lower, middle - half), min(proposal.upper, middle + half)
        slabs = self._slabbing()
        curves, points = [], []
        for curve in proposal.curves:
            point = self._point(curve, float(lower + upper) / 2)
            if point is None:
                return [proposal]
            near = slabs.curve(point, lower, upper, slabs.size_of(curve, point))
            if near is None:
                return [proposal]
            curves.append(near)
            points.append(point)
        inner = Proposal(lower, upper, proposal.kind, tuple(curves))
        if self._trial(inner) is not None:
            return [proposal]
        return [
            *slabs.fill(proposal.lower, lower, points[:1]),
            inner,
            *slabs.fill(upper, proposal.upper, points[1:2]),
        ]

    def _point(self, curve: Curve, alpha: float) -> Minimiser | None:
        solver = self.tracker.solvers[curve.chart]
        solved = solver.newton(alpha, curve.centre, curve.face)
        if solved is None:
            return None
        value = solver.objective.local(alpha, solved[0], curve.face.pattern).value
        return Minimiser(curve.chart, curve.face, alpha, solved[0], solved[1], value)

    def _with_rivals(self, proposal: Proposal) -> Proposal:
        """With basins around other minimisers that are hardly higher, if that can be proved."""
        if len(proposal.curves) > 1:
            return proposal
        middle = float(proposal.lower + proposal.upper) / 2
        main = self._point(proposal.curves[0], middle)
        plain = None if main is None else self.frames.plain(main)
        if main is None or plain is None:
            return proposal
        at_end = proposal.lower == self.interval[0] or proposal.upper == self.interval[1]
        rivals: list[Minimiser] = []
        for solver, pool in zip(self.tracker.own, self.tracker.pools, strict=True):
            if solver.index in self.tracker.idle:
                continue
            mirrored = solver.chart.reflections(plain.w) if at_end else []
            rivals += solver.minimisers(middle, [*mirrored, *pool[:10]])
        rivals = sorted(rivals, key=lambda each: each.value)
        top = main.value + CLOSE * abs(main.value) + 1e-6
        rivals = [r for r in rivals if r.value <= top and not same(r, plain)][:RIVALS]
        slabs = self._slabbing()
        curves = list(proposal.curves)
        kind = "one"
        for number, rival in enumerate(rivals):
            curve = self._rival(slabs, proposal, rival, number)
            if curve is None:
                continue
            for each in ("one", "tie") if at_end else ("one",):
                trial = Proposal(proposal.lower, proposal.upper, each, (*curves, curve))
                if (kind, each) != ("tie", "one") and self._trial(trial) is None:
                    curves.append(curve)
                    kind = each
                    break
        if len(curves) == 1:
            return proposal
        better = Proposal(proposal.lower, proposal.upper, kind, tuple(curves))
        return better if self._trial(better) is None else proposal

    def _rival(
        self, slabs: Slabs, proposal: Proposal, rival: Minimiser, number: int
    ) -> Curve | None:
        """The curve of a rival with about the largest basin, in the coordinates that do."""
        for version in self.frames.versions(rival):
            key = (number, version.chart)
            start = 2.5 * self.sizes.get(key, 1.0)
            size = slabs.largest(version, proposal.lower, proposal.upper, start)
            self.sizes[key] = size or 1.0
            if size is not None:
                return slabs.curve(version, proposal.lower, proposal.upper, size)
        return None
