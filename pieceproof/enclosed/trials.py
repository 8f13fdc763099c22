"""What the checker says of proposed slabs, asked once for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

import numpy as np

from geometry.proposals.slabbing import Obstacle, Proposal
from geometry.proposals.tracking import Tracker
from pieceproof.checking.enclosing.claimedslabs import Kind
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.joins import check_joined
from pieceproof.checking.enclosing.nearby import BasinTooLarge
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.slabs import Settled, settle
from pieceproof.checking.reading import Node, Refuted
from pieceproof.enclosed.deadunits import DeadUnits
from pieceproof.enclosed.slabdocuments import slab_document
from pieceproof.enclosed.touches import Touches
from pieceproof.enclosed.valleys import Valleys


class Trials:
    """Called with a proposal it returns what stands in the way of curves and basins, or None.

    Attributes:
        count: trials so far.
        seconds: what the checker took for those with an answer of their own.
        fades: whether slabs on which a unit fades are of use.
    """

    def __init__(
        self, spaces: Spaces, tracker: Tracker, dead: DeadUnits, tick: Callable[[int], None]
    ) -> None:
        """``tick`` is called with the number of a trial before it begins."""
        self.spaces, self.tracker, self.dead = spaces, tracker, dead
        self.valleys = Valleys(spaces)
        self.touches = Touches(spaces, tracker, self._plain)
        self.count = 0
        self.seconds = 0.0
        self.fades = True
        self._tick = tick
        self._names: dict[int, str] = {}
        self._answers: dict[str, Settled | Obstacle] = {}
        # The proposals are kept, so that no other object gets their identity.
        self._settled: dict[int, tuple[Proposal, Settled]] = {}

    def __call__(self, proposal: Proposal) -> Obstacle | None:
        """What stands in the way, or None if curves and basins are proved."""
        self._tick(self.count)
        self.count += 1
        written = self.document(proposal)
        name = json.dumps(written)
        self._names[id(proposal)] = name
        if name not in self._answers:
            began = monotonic()
            self._answers[name] = self._answer(written)
            self.seconds += monotonic() - began
        answer = self._answers[name]
        if isinstance(answer, Obstacle):
            return answer
        self._settled[id(proposal)] = (proposal, answer)
        return None

    def document(self, proposal: Proposal) -> dict[str, Any]:
        """The proposal as documents write it."""
        return self.valleys.added(self.touches.added(self._plain(proposal)))

    def _plain(self, proposal: Proposal) -> dict[str, Any]:
        return slab_document(proposal, self.spaces.network, self.tracker.solvers, self.dead)

    def widened(self, proposal: Proposal) -> bool:
        """Whether basins in products are found for a proposal that nothing stands in the way of."""
        settled = self.settled(proposal)
        if settled.slab.kind not in (Kind.ONE, Kind.TIE, Kind.KINK, Kind.TOUCH):
            return False
        plain = self._plain(proposal)
        if not self.valleys.seek(plain, settled.slab, settled.curves):
            return False
        if self(proposal) is None:
            return True
        self.valleys.forget(plain)
        self(proposal)
        return False

    def name(self, proposal: Proposal) -> str:
        """The document as text, of a proposal that was tried."""
        return self._names[id(proposal)]

    def settled(self, proposal: Proposal) -> Settled:
        """What is proved of a proposal that nothing stands in the way of."""
        return self._settled[id(proposal)][1]

    def jointed(self, proposals: Iterable[Proposal]) -> list[Proposal]:
        """Where neighbours cannot be joined, the latter one is left open."""
        found: list[Proposal] = []
        for each in proposals:
            if found and found[-1].kind is not None and each.kind is not None:
                try:
                    with np.errstate(all="ignore"):
                        check_joined(self.settled(found[-1]), self.settled(each))
                except Refuted as refuted:
                    found.append(Proposal(each.lower, each.upper, None, (), str(refuted)))
                    continue
            found.append(each)
        return found

    def _answer(self, written: dict[str, Any]) -> Settled | Obstacle:
        if written["kind"] == "touch" and "touch" not in written:
            return Obstacle.SLAB
        if written["kind"] == "fade" and not self.fades:
            return Obstacle.SLAB
        try:
            slab = read_slab(Node(written, "slab"), self.spaces)
            if isinstance(slab, Open):
                return Obstacle.SLAB
            return settle(self.spaces, slab, self.spaces.network.interval)
        except BasinTooLarge:
            return Obstacle.BASIN
        except Refuted:
            return Obstacle.SLAB
