"""Coverings of W for groups of slabs, kept in a store between runs.

A search proposes the same slabs in the same order again, so that an interrupted run passes
what it had covered at once. The checker covers W anew whatever the store says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.slabs import Settled
from pieceproof.checking.enclosing.summary import Below, covers, together
from pieceproof.store import Store


@dataclass(frozen=True)
class Covered:
    """What covering some slabs led to: those left open, and points below the claimed minimum.

    Slabs are counted from 0. ``seconds`` is what it took when it was done.
    """

    left: frozenset[int]
    below: tuple[Below, ...]
    seconds: float


@dataclass(frozen=True)
class Coverings:
    """Covers W for slabs, with what ``kept`` has of earlier runs."""

    spaces: Spaces
    jobs: int
    kept: Store | None

    def covered(
        self,
        names: Sequence[str],
        settled: Sequence[Settled],
        boxes: int,
        stop: Callable[[], bool],
    ) -> Covered:
        """W covered for slabs, given by their documents as text and by what is proved of them.

        After ``stop`` slabs are left open, and nothing is kept.

        Raises:
            CacheError: the store cannot be read or written.
        """
        size = together(boxes)
        starts = range(0, len(names), size)
        found = {start: self._known(names[start : start + size], boxes) for start in starts}
        # Only the last group may be short: the others keep their bounds side by side.
        new = [start for start in starts if found[start] is None]
        members = [i for start in new for i in range(start, min(start + size, len(names)))]
        began = monotonic()
        left, below, _ = covers(
            self.spaces, [settled[i] for i in members], boxes, jobs=self.jobs, stop=stop
        )
        seconds = (monotonic() - began) / max(1, len(new))
        for position, start in enumerate(new):
            at = position * size
            own = Covered(
                frozenset(i - at for i in left if at <= i < at + size),
                tuple((each[0] - at, *each[1:]) for each in below if at <= each[0] < at + size),
                seconds,
            )
            found[start] = own
            if self.kept is not None and not stop():
                self.kept.put([boxes, list(names[start : start + size])], _written(own))
        groups = [(start, own) for start, own in found.items() if own is not None]
        return Covered(
            frozenset(start + i for start, own in groups for i in own.left),
            tuple((start + each[0], *each[1:]) for start, own in groups for each in own.below),
            sum(own.seconds for _, own in groups),
        )

    def _known(self, names: Sequence[str], boxes: int) -> Covered | None:
        entry = None if self.kept is None else self.kept.get([boxes, list(names)])
        return None if entry is None else _read(entry)


def _written(own: Covered) -> dict[str, Any]:
    return {
        "left": sorted(own.left),
        "below": [[i, list(dead), number, a, w] for i, (dead, number), a, w in own.below],
        "seconds": own.seconds,
    }


def _read(entry: dict[str, Any]) -> Covered:
    below = [(i, (tuple(dead), n), a, tuple(w)) for i, dead, n, a, w in entry["below"]]
    return Covered(frozenset(entry["left"]), tuple(below), entry["seconds"])
