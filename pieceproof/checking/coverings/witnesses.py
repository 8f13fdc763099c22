"""Parameters that make so many errors at most, for all α of an interval but finitely many.

For fixed w the scores of one hidden layer are affine in α, and exact at both ends: a score that is
nowhere negative there and not 0 at both is positive inside. Scores of deeper networks are enclosed
on parts of the interval. ℓ* is lower semicontinuous, so that finitely many α do not matter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.compiled.gradients import differentiate, enclose
from pieceproof.checking.coverings.compiled.records import LAYERS, Net, Room, room
from pieceproof.checking.coverings.models import Model
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Range, around

NARROW = 2.0**-12
"""An interval is cut into parts that are not narrower than this share."""
PARTS = 64
"""Different signs that are looked at, at most."""


@dataclass(frozen=True)
class Witness:
    """Parameters on a closed interval, with the signs of the output weights of "signs"."""

    lower: fmpq
    upper: fmpq
    signs: tuple[int, ...]
    w: tuple[fmpq, ...]


def errors_of(model: Model, witness: Witness) -> int:
    """Errors that a witness makes at most, apart from finitely many α."""
    signs = _affine(model, witness) if model.is_shallow else _enclosed(model, witness)
    return sum(item.cost(sign) for item, sign in zip(model.items, signs, strict=True))


def is_inside(model: Model, witness: Witness) -> bool:
    """Whether w is in W."""
    return all(
        low <= w <= high for w, (low, high) in zip(witness.w, model.network.walls, strict=True)
    )


def score(
    network: Network,
    outputs: Sequence[fmpq] | None,
    alpha: fmpq,
    w: Sequence[fmpq],
    x: Sequence[fmpq],
) -> fmpq:
    """The score of x at (α, w), exactly."""
    below = list(x)
    units = iter(network.incoming)
    for width in network.hidden:
        layer = []
        for _ in range(width):
            own = next(units)
            z = sum((w[i] * a for i, a in zip(own, below, strict=False)), fmpq(0))
            if network.bias:
                z += w[own[-1]]
            piece = bisect_right(network.breakpoints, z)
            first, second = network.first[piece](z), network.second[piece](z)
            layer.append(second + alpha * (first - second))
        below = layer
    start = network.incoming[-1][-1] + 1
    weights = list(w[start : start + len(below)]) if outputs is None else list(outputs)
    total = w[-1] if network.offset is None else network.offset
    return total + sum((v * a for v, a in zip(weights, below, strict=True)), fmpq(0))


def outputs_of(model: Model, signs: Sequence[int]) -> Sequence[fmpq] | None:
    """The output weights that are not trainable."""
    return tuple(map(fmpq, signs)) if model.signs else model.network.outputs


def _affine(model: Model, witness: Witness) -> list[int]:
    outputs = outputs_of(model, witness.signs)
    found = []
    for item in model.items:
        ends = [
            score(model.network, outputs, alpha, witness.w, item.x)
            for alpha in (witness.lower, witness.upper)
        ]
        if min(ends) >= 0 and max(ends) > 0:
            found.append(1)
        else:
            found.append(-1 if max(ends) <= 0 and min(ends) < 0 else 0)
    return found


def _enclosed(model: Model, witness: Witness) -> list[int]:
    """Signs on parts of the interval; at its ends a score may be 0 if it moves away from it."""
    slab = (witness.lower, witness.upper)
    net = model.on(model.net(outputs_of(model, witness.signs)), slab)
    space = room(net)
    w = around(witness.w)
    first = (float(net.edges[0]), float(net.edges[1]))
    narrow = (first[1] - first[0]) * NARROW
    pending, found = [first], set[tuple[int, ...]]()
    while pending:
        low, high = pending.pop()
        enclose(net, np.array([[low, 1.0, *w.lo], [high, 1.0, *w.hi]]), space)
        own = [int(a > 0) - int(b < 0) for a, b in zip(*space.scores[:, :-1], strict=True)]
        if 0 in own and (low == first[0] or high == first[1]):
            _leave_zero(net, space, (low, high), first, w, own)
        cut = 0.5 * (low + high)
        if 0 in own and high - low > narrow and len(found) < PARTS:
            pending += [(low, cut), (cut, high)]
        else:
            found.add(tuple(own))
    columns = zip(*found, strict=True)
    return [column[0] if len(set(column)) == 1 else 0 for column in columns]


def _leave_zero(
    net: Net,
    space: Room,
    part: tuple[float, float],
    ends: tuple[float, float],
    w: Range,
    signs: list[int],
) -> None:
    """Fill in signs of scores that are 0 at most at an end, from which their slopes lead away."""
    units = int(net.plan[LAYERS:].sum())
    slopes = np.zeros((2, units + 1, len(net.costs), 1 + len(w.lo)))
    box = np.array([[part[0], 1.0, *w.lo], [part[1], 1.0, *w.hi]])
    differentiate(net, box, space, slopes)
    for side, end in enumerate(ends):
        if part[side] != end:
            continue
        enclose(net, np.array([[end, 1.0, *w.lo], [end, 1.0, *w.hi]]), space)
        for t, sign in enumerate(signs):
            low, high = (float(x) for x in slopes[:, -1, t, 0])
            if side == 1:
                low, high = -high, -low
            if sign == 0 and low > 0 and space.scores[0, t] >= 0:
                signs[t] = 1
            elif sign == 0 and high < 0 and space.scores[1, t] <= 0:
                signs[t] = -1
