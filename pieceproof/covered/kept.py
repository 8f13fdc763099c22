"""What coverings of W led to, kept in a store between runs.

A search asks for the same coverings in the same order again, so that an interrupted run passes
what it had finished at once. The checker covers W anew whatever the store says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.charts import Key
from pieceproof.checking.coverings.covering import THINNEST, Cover, Excluded, Point, cover
from pieceproof.checking.coverings.slabs import Space
from pieceproof.store import Store


class Coverings:
    """Covers W, or knows what that led to; threads may ask side by side."""

    def __init__(self, space: Space, kept: Store | None, stop: Callable[[], bool]) -> None:
        self._space, self._kept, self._stop = space, kept, stop

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
        known = self._get(task)
        if known is not None:
            return known
        charts = self._space.charts
        found = cover(charts, slab, errors, excluded, most, self._stop, None, patience, thinnest)
        if self._kept is not None and not self._stop():
            point = found.point
            place = point and [point.alpha, point.w.tolist(), _key_json(point.key)]
            self._kept.put(task, [found.done, found.boxes, place])
        return found

    def _get(self, task: list[Any]) -> Cover | None:
        entry = None if self._kept is None else self._kept.get(task)
        if entry is None:
            return None
        done, boxes, place = entry
        point = place and Point(place[0], np.array(place[1]), _key(place[2]))
        return Cover(done, boxes, point)


def _key_json(key: Key) -> list[Any]:
    return [list(key[0]), [list(wall) for wall in key[1]]]


def _key(entry: Sequence[Any]) -> Key:
    signs, held = entry
    return tuple(signs), tuple((i, side) for i, side in held)
