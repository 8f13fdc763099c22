"""Conflicts with multipliers: no point of a box makes fewer errors than are said to be certain."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from classes import FAMILIES

pytest.importorskip("numba")

from pieceproof.checking.coverings.charts import Chart
from pieceproof.checking.coverings.compiled.branching import _parameters
from pieceproof.checking.coverings.compiled.errors import certain
from pieceproof.checking.coverings.compiled.multipliers import linked
from pieceproof.checking.coverings.compiled.records import WHOLE, room
from pieceproof.checking.coverings.compiled.scores import evaluate
from pieceproof.checking.coverings.rounded import Rounded, errors_at
from pieceproof.checking.coverings.slabs import Space
from pieceproof.checking.enclosing.compiled.jit import entry
from pieceproof.checking.enclosing.ranges import Array
from pieceproof.checking.reading import Node
from pieceproof.problem_document import problem_document
from piecewise import FeedForward, Interpolated, Problem, relu, square

F = Fraction
SLIGHT = 1e-11
"""Rounded scores whose signs are not looked at."""


@entry
def both(
    net: Any, mode: int, box: Array, kept: Any, space: Any, slopes: Array, turned: Array, found: Any
) -> None:
    """Errors that are certain without and with multipliers."""
    n = box.shape[1]
    ends, middle, spare = np.empty((2, n - 2)), np.empty(n), np.empty(len(kept), np.int64)
    if mode == WHOLE:
        ends[:] = box[:, 2:]
    else:
        _parameters(net, mode, box, ends)
    for c in range(n):
        middle[c] = 0.5 * (box[0, c] + box[1, c])
    wanted = len(kept) + 1
    found[0] = certain(net, mode, box, wanted, kept, spare, space)
    evaluate(net, mode, box, space)
    found[1] = linked(net, mode, box, ends, middle, wanted, kept, space, slopes, turned)


def bounds(chart: Chart, box: Array) -> tuple[int, int]:
    lower, upper = chart.model.network.interval
    net = chart.model.on(chart.net, (lower, upper))
    units, items = room(net).values.shape[1], len(net.costs)
    found = np.zeros(2, dtype=np.int64)
    both(
        net, chart.mode, box, np.ones(items, dtype=np.int64), room(net),
        np.empty((2, units, items, box.shape[1] - 1)), np.empty((2, items, box.shape[1])), found,
    )  # fmt: skip
    return int(found[0]), int(found[1])


def box_of(chart: Chart, r: random.Random) -> Array:
    """A box of some size in one of the first ones."""
    low, high = chart.first
    k = r.randrange(len(low))
    first = np.array([[0.0, *low[k]], [1.0, *high[k]]])
    size = (first[1] - first[0]) * 2.0 ** -r.randint(2, 14)
    corner = first[0] + np.array([r.random() for _ in size]) * (first[1] - first[0] - size)
    return np.array([corner, np.minimum(corner + size, first[1])])


@pytest.mark.parametrize("family", FAMILIES)
def test_no_point_makes_fewer_errors(family: str) -> None:
    for seed in range(12):
        space = Space(Node(problem_document(FAMILIES[family].instance(seed)), "problem"))
        r = random.Random(seed)
        for _ in range(60):
            chart = r.choice(space.charts)
            box = box_of(chart, r)
            assert fewest(chart, box, seed) >= max(bounds(chart, box))


def fewest(chart: Chart, box: Array, seed: int) -> int:
    """The fewest errors at random points of a box that are in W, where rounded signs are clear."""
    rng = np.random.default_rng(seed)
    places = box[0] + rng.random((40, box.shape[1])) * (box[1] - box[0])
    w = np.array([chart.at(place[1:]) for place in places])
    values = Rounded(chart.model)(places[:, 0], w, chart.key[0])
    clear = np.all(np.abs(values) > SLIGHT, axis=1)
    # On walls are those that were moved there from outside W.
    free = list(chart.free)
    inside = np.all((w > chart.walls.lo)[:, free] & (w < chart.walls.hi)[:, free], axis=1)
    errors = errors_at(chart.model, values)[clear & inside]
    return int(errors.min(initial=1 << 40))


@pytest.mark.parametrize("angle", [2.0**-3, 2.0**-6, 2.0**-9])
def test_three_scores_that_are_almost_parallel(angle: float) -> None:
    """Where w·(1, ±s) > 1 their mean is, and so is w·(κ, 0) for κ > 1: one of the three is wrong,
    though no two of them are in conflict, and the sign of none is known."""
    size = angle / 8
    middle = 1 + F(angle * size) / 4
    problem = Problem(
        FeedForward([1], Interpolated(relu, square), bias=False, output_bias=-1),
        inputs=[[1, F(angle)], [1, -F(angle)], [middle, 0]],
        targets=[1, 1, -1],
        box={"w1_x1": (F(1, 2), 2), "w1_x2": (-1, 1)},
        loss="zero-one",
        reduction="sum",
    )
    (chart,) = Space(Node(problem_document(problem), "problem")).charts
    box = np.array([[0.25, 1.0, 1.0 - size, -size], [0.25, 1.0, 1.0 + size, size]])
    assert bounds(chart, box) == (0, 1)
    assert fewest(chart, box, 0) >= 1
