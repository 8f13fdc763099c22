"""Slabs whose covering did not finish: with basins around rivals, in halves, or shorter."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from geometry.proposals.frames import Frames
from geometry.proposals.minimisers import Minimiser, same
from geometry.proposals.orthants import is_copy
from geometry.proposals.slabbing import Curve, Proposal, Slabs
from geometry.proposals.tracking import Tracker
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.joins import narrowed
from pieceproof.enclosed.trials import Trials
from pieceproof.enclosed.zeros import Zero

RIVALS = 3
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

    def slabbing(self) -> Slabs:
        """What fills intervals with slabs that are proved."""
        return Slabs(self.tracker, self.interval, self.trials, self.frames)

    def refined(self, proposal: Proposal) -> list[Proposal]:
        """A slab that was not covered: with valleys, with rivals, or in halves."""
        if self.trials.widened(proposal):
            return [proposal]
        if proposal.kind in ("switch", "kink"):
            beside = self._with_rivals(proposal)
            return [beside] if beside is not proposal else self._tightened(proposal)
        if proposal.kind not in ("one", "tie"):
            return self._tightened(proposal)
        own = proposal if self._lacks_tip(proposal) else self._with_rivals(proposal)
        if own is not proposal:
            return [own]
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
        together = proposal.kind in ("switch", "kink")
        if len(proposal.curves) > 1 + together:
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
        others = [self._point(curve, middle) for curve in proposal.curves[1:]]
        rivals = [
            r for r in rivals if all(o is None or self._is_rival(r, o, np.inf) for o in others)
        ]
        rivals = [r for r in rivals if self._is_rival(r, plain, top)][:RIVALS]
        slabs = self.slabbing()
        curves = list(proposal.curves)
        kind = proposal.kind if together else "one"
        kinds = (kind,) if together else ("one", "tie") if at_end else ("one",)
        for number, rival in enumerate(rivals):
            curve = self._rival(slabs, proposal, rival, number)
            if curve is None:
                continue
            for each in kinds:
                trial = Proposal(proposal.lower, proposal.upper, each, (*curves, curve))
                if (kind, each) != ("tie", "one") and self.trials(trial) is None:
                    curves.append(curve)
                    kind = each
                    break
        if len(curves) == len(proposal.curves):
            return proposal
        better = Proposal(proposal.lower, proposal.upper, kind, tuple(curves))
        return better if self.trials(better) is None else proposal

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
