"""The search for marks: where held-out boundaries are crossed, and what stays open.

What the checker will ask is asked here first. A stretch on which it does not find the pieces of
held-out examples is cut until it is narrow; what is left is a crossing, or stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pieceproof.checking.enclosing.joins import Breakpoint
from pieceproof.checking.judging.examples import HeldOut
from pieceproof.checking.judging.timelines import FINEST, Item, Mark, at_break, at_crossing, leaves
from pieceproof.checking.reading import Refuted

OUT_OF_TIME = "the time budget ran out before the held-out loss was followed"


class Marks:
    """Marks for the items of a timeline."""

    def __init__(
        self, held: HeldOut, items: Sequence[Item], is_late: Callable[[], bool] = lambda: False
    ) -> None:
        self.held, self.items, self.is_late = held, items, is_late
        lower, upper = held.spaces.network.interval
        self.finest = (upper - lower) * FINEST

    def found(self, tell: Callable[[int, int], None] = lambda done, total: None) -> list[Mark]:
        """Marks in order, with which the checker will agree."""
        marks: list[Mark] = []
        with np.errstate(all="ignore"):
            for number, item in enumerate(self.items):
                for each in self._of(item):
                    self._add(marks, each)
                tell(number + 1, len(self.items))
            return [self._decided(mark) for mark in marks]

    def _of(self, item: Item) -> Iterator[Mark]:
        if item.link is None:
            return
        if self.is_late():
            yield Mark(item.lower, item.upper, OUT_OF_TIME)
            return
        if isinstance(item.link, Breakpoint):
            try:
                at_break(self.held, item)
            except Refuted as refuted:
                yield Mark(item.lower, item.upper, str(refuted))
            return
        for leaf in leaves(self.held, item, item.lower, item.upper, self.finest):
            if self.is_late():
                yield Mark(leaf.lower, item.upper, OUT_OF_TIME)
                return
            if leaf.seen is None:
                # A little wider, so that its ends are clear of the boundary.
                lower = max(item.lower, leaf.lower - self.finest)
                upper = min(item.upper, leaf.upper + self.finest)
                yield Mark(lower, upper)

    @staticmethod
    def _add(marks: list[Mark], mark: Mark) -> None:
        """With the one before where they meet."""
        last = marks[-1] if marks else None
        if last is None or last.upper < mark.lower:
            marks.append(mark)
            return
        reason = last.reason or mark.reason
        marks[-1] = Mark(last.lower, max(last.upper, mark.upper), reason)

    def _decided(self, mark: Mark) -> Mark:
        """A crossing if it is one; else open, with the breakpoints that it touches."""
        around = [
            each for each in self.items if each.lower < mark.upper and mark.lower < each.upper
        ]
        if mark.reason is None:
            try:
                at_crossing(self.held, around, mark)
            except Refuted as refuted:
                mark = mark._replace(reason=str(refuted))
        return mark
