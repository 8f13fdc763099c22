"""At least so many errors everywhere in W, for all α of a slab: branch and bound over charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.charts import Chart, Key
from pieceproof.checking.coverings.compiled.branching import (
    BELOW_CLAIM,
    COVERED,
    THIN,
    branch,
)
from pieceproof.checking.coverings.compiled.records import room
from pieceproof.checking.enclosing.ranges import Array, around

TURN = 20_000
"""Boxes between two looks at the clock."""
DEPTH = 4096
"""Most boxes that wait at one time."""
THINNEST = 2.0**-46
"""Boxes are not halved below this share of their first size."""


@dataclass(frozen=True, eq=False)
class Excluded:
    """A box of w on the charts with a key; something else is proved there."""

    key: Key
    low: Array
    high: Array


@dataclass(frozen=True, eq=False)
class Point:
    """(α, w) in doubles on the charts with a key."""

    alpha: float
    w: Array
    key: Key


@dataclass(frozen=True, eq=False)
class Cover:
    """Whether all of W is covered, after how many boxes, and a point that makes fewer errors in
    rounded numbers, if one was met."""

    done: bool
    boxes: int
    point: Point | None = None


def cover(
    charts: Sequence[Chart],
    slab: tuple[fmpq, fmpq],
    errors: int,
    excluded: Sequence[Excluded] = (),
    most: int = 10**6,
    stop: Callable[[], bool] = lambda: False,
    kept: Sequence[int] | None = None,
    patience: int = 0,
    thinnest: float = THINNEST,
) -> Cover:
    """Prove that all w outside ``excluded`` make at least ``errors`` errors for all α in a slab.

    Items not in ``kept`` count with the errors that any score makes. With ``patience`` as many
    boxes that became too thin are passed over, so as to find a point elsewhere.
    """
    boxes, done = 0, True
    for chart in charts:
        own = [each for each in excluded if each.key == chart.key]
        limits = _Limits(most - boxes, stop, patience, thinnest)
        found = _covered(chart, slab, errors, own, limits, kept)
        boxes += found.boxes
        done = done and found.done
        if found.point is not None or (not done and not patience):
            return Cover(False, boxes, found.point)
    return Cover(done, boxes)


@dataclass(frozen=True)
class _Limits:
    most: int
    stop: Callable[[], bool]
    patience: int
    thinnest: float


def _covered(
    chart: Chart,
    slab: tuple[fmpq, fmpq],
    errors: int,
    excluded: Sequence[Excluded],
    limits: _Limits,
    kept: Sequence[int] | None,
) -> Cover:
    net = chart.model.on(chart.net, slab)
    low, high = chart.first
    ends = around([*slab])
    d = low.shape[1] - 1
    stack = np.empty((len(low) + DEPTH, 2, 2 + d))
    stack[: len(low), 0, 0], stack[: len(low), 1, 0] = ends.lo[0], ends.hi[1]
    stack[: len(low), 0, 1:], stack[: len(low), 1, 1:] = low, high
    first = stack[: len(low)]
    size = np.maximum((first[:, 1] - first[:, 0]).max(axis=0), 1e-300)
    walls = np.stack([chart.walls.lo, chart.walls.hi])
    boxes = np.array([[each.low, each.high] for each in excluded]).reshape(-1, 2, d)
    used = np.ones(len(net.costs), dtype=np.int64)
    if kept is not None:
        used[:] = 0
        used[list(kept)] = 1
    space, point = room(net), np.empty(2 + d)
    count, total, thin = len(low), 0, 0
    while True:
        turn = min(TURN, limits.most - total)
        if turn <= 0 or limits.stop():
            return Cover(False, total)
        outcome, count, treated = branch(
            net, chart.mode, stack, count, size, walls, boxes, errors, used, turn,
            limits.thinnest, space, point,
        )  # fmt: skip
        total += treated
        if outcome == COVERED:
            return Cover(thin == 0, total)
        if outcome == BELOW_CLAIM:
            w = chart.at(point[1:])
            return Cover(False, total, Point(float(point[0]), w, chart.key))
        if outcome == THIN:
            thin += 1
            if thin > limits.patience:
                return Cover(False, total)
