"""Slabs whose covering did not finish: with basins around rivals, in halves, or shorter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from geometry.proposals.events import Change, Event
from geometry.proposals.frames import Frames
from geometry.proposals.locating import slope
from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Minimiser, Solver, same
from geometry.proposals.orthants import is_copy
from geometry.proposals.slabbing import Curve, Proposal, Slabs
from geometry.proposals.tracking import Tracker
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.joins import narrowed
from pieceproof.enclosed.trials import Trials
from pieceproof.enclosed.zeros import Zero

RIVALS, STARTS = 3, 24
APART = 0.15
"""Points from which rivals are looked for are this part of their size apart."""
KINDS = {
    "one": ("one", "tie", "touch"),
    "tie": ("tie", "touch"),
    "kink": ("kink", "touch"),
    "switch": ("switch",),
    "touch": ("touch",),
}
"""What a slab may become when further curves are added, the first that holds."""
WIDE = Fraction(1, 4096)
"""A kink's slab longer than this part of A is made shorter first, before rivals get basins."""
CLOSE = 0.03
"""Rivals have values above the minimum by at most this part of it."""


@dataclass
class Refining:
    """Makes slabs easier to cover; ``interval`` is A."""

    tracker: Tracker
    frames: Frames
    trials: Trials
    interval: tuple[Fraction, Fraction]
    sizes: dict[tuple[int, int], float] = field(default_factory=dict)
    searches: int = 24
    """Times that rivals are still looked for from many points."""

    def slabbing(self) -> Slabs:
        """What fills intervals with slabs that are proved."""
        return Slabs(self.tracker, self.interval, self.trials, self.frames)

    def refined(self, proposal: Proposal) -> list[Proposal]:
        """A slab that was not covered: with valleys, with rivals, or in halves."""
        if self.trials.widened(proposal):
            return [proposal]
        if proposal.kind in ("switch", "kink", "touch"):
            if proposal.kind == "kink" and self._is_wide(proposal):
                return self._tightened(proposal)
            beside = self._with_rivals(proposal)
            return [beside] if beside is not proposal else self._tightened(proposal)
        if proposal.kind not in ("one", "tie"):
            return self._tightened(proposal)
        own = proposal if self._lacks_tip(proposal) else self._with_rivals(proposal)
        if own is not proposal:
            return [own]
        parts = self._touched(proposal)
        if parts:
            return parts
        cut = (proposal.lower + proposal.upper) / 2
        curve = proposal.curves[0]
        point = self._point(curve, float(cut))
        if point is None:
            return [proposal]
        slabs = self.slabbing()
        slabs.size, slabs.widest = slabs.size_of(curve, point), True
        return [
            *slabs.fill(proposal.lower, cut, [point]),
            *slabs.fill(cut, proposal.upper, [point]),
        ]

    def foreseen(self, proposal: Proposal) -> None:
        """Look for valleys before a slab is covered, where a frame tells that f has one."""
        settled = self.trials.settled(proposal)
        if settled.slab.curves and isinstance(settled.slab.curves[0][0].fold, Frame):
            self.trials.widened(proposal)

    def _lacks_tip(self, proposal: Proposal) -> bool:
        """Whether boxes around w = 0 of dead units cannot finish, whatever the rivals are."""
        slab = self.trials.settled(proposal).slab
        return bool(slab.curves[0][0].dead) and not any(tip.curve == 0 for tip in slab.tips)

    def _tightened(self, proposal: Proposal) -> list[Proposal]:
        """A slab with an event as a shorter one and what is beside it, if that can be proved."""
        settled = self.trials.settled(proposal)
        if len(settled.curves) < 2 or isinstance(proposal, Zero):
            return [proposal]
        with np.errstate(all="ignore"):
            low, high = narrowed(settled, (settled.slab.upper - settled.slab.lower) / 1024)
        middle = Fraction(int((low + high).p), 2 * int((low + high).q))
        half = (proposal.upper - proposal.lower) / 16
        lower, upper = max(proposal.lower, middle - half), min(proposal.upper, middle + half)
        slabs = self.slabbing()
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
        if self.trials(inner) is not None:
            return [proposal]
        return [
            *slabs.fill(proposal.lower, lower, points[:1]),
            inner,
            *slabs.fill(upper, proposal.upper, points[1:2] if settled.changes else points[:1]),
        ]

    def _point(self, curve: Curve, alpha: float) -> Minimiser | None:
        solver = self.tracker.solvers[curve.chart]
        solved = solver.newton(alpha, curve.centre, curve.face)
        if solved is None:
            return None
        value = solver.objective.local(alpha, solved[0], curve.face.pattern).value
        return Minimiser(curve.chart, curve.face, alpha, solved[0], solved[1], value)

    def _touched(self, proposal: Proposal) -> list[Proposal]:
        """A slab cut where a rival's value touches the minimum, with a slab around that α."""
        found = self._rivals(proposal)
        if found is None or proposal.kind != "one" or len(proposal.curves) > 1:
            return []
        ends, slabs = (proposal.lower, proposal.upper), self.slabbing()
        main, rivals = found
        if self._is_at_end(proposal) and self.tracker.solvers[main.chart].chart.reflections(main.w):
            return []  # shorter slabs may hold a tie of mirror images
        for rival in rivals:
            if not self._may_touch(proposal, main, rival):
                continue
            place = self.trials.touches.place(main, rival, float(ends[0]), float(ends[1]))
            if place is None:
                continue
            event = Event(place.alpha, Change.TOUCH, main, rival)
            inner = slabs.around(event, 4 * (ends[1] - ends[0]), ends)
            if inner.kind is not None:
                return [
                    *slabs.fill(ends[0], inner.lower, [main]),
                    inner,
                    *slabs.fill(inner.upper, ends[1], [main]),
                ]
        return []

    def _is_wide(self, proposal: Proposal) -> bool:
        """Whether a third minimiser is more likely higher on a shorter slab than equal."""
        return proposal.upper - proposal.lower > WIDE * (self.interval[1] - self.interval[0])

    def _is_at_end(self, proposal: Proposal) -> bool:
        return proposal.lower == self.interval[0] or proposal.upper == self.interval[1]

    def _rivals(self, proposal: Proposal) -> tuple[Minimiser, list[Minimiser]] | None:
        """The minimiser at the middle of a slab, and others that are hardly higher, or soon not."""
        middle = float(proposal.lower + proposal.upper) / 2
        main = self._point(proposal.curves[0], middle)
        plain = None if main is None else self.frames.plain(main)
        if main is None or plain is None:
            return None
        at_end = self._is_at_end(proposal)
        top = main.value + CLOSE * abs(main.value) + 1e-6
        width = float(proposal.upper - proposal.lower)
        others = [self._point(curve, middle) for curve in proposal.curves[1:]]

        def found(solver: Solver, starts: Sequence[Array]) -> list[Minimiser]:
            return [
                r
                for r in solver.minimisers(middle, starts)
                if all(o is None or self._is_rival(r, o, np.inf) for o in others)
                and self._is_rival(r, plain, max(top, self._reach(plain, r, width)))
            ]

        rivals: list[Minimiser] = []
        awake = [each for each in self.tracker.own if each.index not in self.tracker.idle]
        for solver in awake:
            mirrored = solver.chart.reflections(plain.w) if at_end else []
            rivals += found(solver, [*mirrored, *self.tracker.pools[solver.index][:10]])
        if not rivals and self.searches > 0:
            # Tracking keeps few minimisers that are higher almost everywhere.
            self.searches -= 1
            for solver in awake:
                rivals += found(solver, _spread(solver.starts(middle, 200 * solver.objective.d)))
        return plain, sorted(rivals, key=lambda each: each.value)[:RIVALS]

    def _with_rivals(self, proposal: Proposal) -> Proposal:
        """With basins around other minimisers that are hardly higher, if that can be proved."""
        kind = proposal.kind or ""
        if len(proposal.curves) > (1 if kind in ("one", "tie") else 2) and kind != "touch":
            return proposal
        found = self._rivals(proposal)
        if found is None:
            return proposal
        slabs = self.slabbing()
        curves = list(proposal.curves)
        kinds = KINDS[kind]
        if not self._is_at_end(proposal):
            kinds = tuple(each for each in kinds if each != "tie")
        for number, rival in enumerate(found[1]):
            curve = self._rival(slabs, proposal, rival, number)
            if curve is None:
                continue
            for each in kinds[kinds.index(kind) :]:
                if each == "touch" and not self._may_touch(proposal, found[0], rival):
                    continue
                # The curves that touch come first.
                place = 1 if each == "touch" and kind in ("one", "tie") else len(curves)
                more = [*curves[:place], curve, *curves[place:]]
                trial = Proposal(proposal.lower, proposal.upper, each, tuple(more))
                if self.trials(trial) is None:
                    curves, kind = more, each
                    break
        if len(curves) == len(proposal.curves):
            return proposal
        better = Proposal(proposal.lower, proposal.upper, kind, tuple(curves))
        return better if self.trials(better) is None else proposal

    def _may_touch(self, proposal: Proposal, own: Minimiser, rival: Minimiser) -> bool:
        return self.trials.touches.may_touch(
            own, rival, float(proposal.lower), float(proposal.upper)
        )

    def _reach(self, own: Minimiser, rival: Minimiser, width: float) -> float:
        """Up to which value a rival may be as low as a minimiser on a slab of some width."""
        slopes = [slope(self.tracker, point) for point in (own, rival)]
        return own.value + width * abs(slopes[1] - slopes[0])

    def _is_rival(self, rival: Minimiser, own: Minimiser, top: float) -> bool:
        """Whether a minimiser is another one, and hardly higher."""
        return rival.value <= top and not same(rival, own) and not is_copy(self.tracker, rival, own)

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


def _spread(points: Sequence[Array]) -> list[Array]:
    """Of promising points, the best first, some that are apart from each other."""
    found: list[Array] = []
    for w in points:
        if all(np.max(np.abs(w - own) / (1.0 + np.abs(own))) > APART for own in found):
            found.append(w)
        if len(found) == STARTS:
            break
    return found
