"""What coverings of W led to, kept in a store between runs.

A search asks for the same coverings in the same order again, so that an interrupted run passes
what it had finished at once. The checker covers W anew whatever the store says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.charts import Key
from pieceproof.checking.coverings.covering import THINNEST, Cover, Excluded, Point, cover
from pieceproof.checking.coverings.slabs import Space
from pieceproof.store import Store


class Coverings:
    """Covers W, or knows what that led to; threads may ask side by side."""

    def __init__(self, space: Space, kept: Store | None, is_late: Callable[[float], bool]) -> None:
        """``is_late`` says whether to stop if the checker will need so many seconds more."""
        self._space, self._kept, self._is_late = space, kept, is_late
        self._seconds: dict[tuple[fmpq, fmpq], float] = {}

    @property
    def seconds(self) -> float:
        """What it will take to cover W again for all slabs for which it was covered."""
        return sum(list(self._seconds.values()))

    def cover(
        self,
        slab: tuple[fmpq, fmpq],
        errors: int,
        excluded: Sequence[Excluded] = (),
        *,
        most: int,
        patience: int = 0,
        thinnest: float = THINNEST,
    ) -> Cover:
        """:func:`~pieceproof.checking.coverings.covering.cover` of all charts.

        Raises:
            CacheError: the store cannot be read or written.
        """
        boxes = [[_key_json(e.key), e.low.tolist(), e.high.tolist()] for e in excluded]
        task = [[str(end) for end in slab], errors, boxes, most, patience, thinnest]
        found, seconds = self._found(task, slab, errors, excluded, most, patience, thinnest)
        if found.done and slab[0] < slab[1]:
            self._seconds[slab] = seconds
        return found

    def _found(
        self, task: list[Any], slab: tuple[fmpq, fmpq], errors: int, excluded: Sequence[Excluded],
        most: int, patience: int, thinnest: float,
    ) -> tuple[Cover, float]:  # fmt: skip
        """What covering led to, and in how many seconds when it was done."""
        known = self._get(task)
        if known is not None:
            return known
        began = monotonic()
        stopped = False

        def stop() -> bool:
            nonlocal stopped
            # What is covered has to be covered again by the checker.
            stopped = stopped or self._is_late(monotonic() - began)
            return stopped

        charts = self._space.charts
        found = cover(charts, slab, errors, excluded, most, stop, None, patience, thinnest)
        seconds = monotonic() - began
        if self._kept is not None and not stopped:
            point = found.point
            place = point and [point.alpha, point.w.tolist(), _key_json(point.key)]
            self._kept.put(task, [found.done, found.boxes, place, seconds])
        return found, seconds

    def _get(self, task: list[Any]) -> tuple[Cover, float] | None:
        entry = None if self._kept is None else self._kept.get(task)
        if entry is None:
            return None
        done, boxes, place, seconds = entry
        point = place and Point(place[0], np.array(place[1]), _key(place[2]))
        return Cover(done, boxes, point), seconds


def _key_json(key: Key) -> list[Any]:
    return [list(key[0]), [list(wall) for wall in key[1]]]


def _key(entry: Sequence[Any]) -> Key:
    signs, held = entry
    return tuple(signs), tuple((i, side) for i, side in held)
