"""Whether f > v on a box, side by side of the boundaries that it meets.

Boundaries of different examples that are one hyperplane count once: f is the polynomial of a
pattern, or rather of as many as there are sides (``strips``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import scaled
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.levels import chord_above
from pieceproof.checking.enclosing.compiled.models import Monomials, fresh_model
from pieceproof.checking.enclosing.compiled.places import Claims, Region
from pieceproof.checking.enclosing.compiled.records import BIAS, LAYERS, NONE, Integers, Net
from pieceproof.checking.enclosing.compiled.strips import Side, is_above
from pieceproof.checking.enclosing.ranges import Array

MOST = 3
"""Hyperplanes that a box may meet."""


class Sides(NamedTuple):
    """The hyperplanes that a box meets.

    Attributes:
        planes: (MOST, 3), unit, example and breakpoint of one boundary of each.
        members: (2, U, T), the number of the hyperplane from 1, negative where the sides are the
            other way round, or 0; and the breakpoint, or the piece.
        side: room for one side at a time.
    """

    planes: Integers
    members: Integers
    side: Side


@compiled
def fresh_sides(net: Net, mono: Monomials) -> Sides:
    units, examples, n = np.sum(net.plan[LAYERS:]), net.data.shape[1], mono.exponents.shape[1]
    return Sides(
        np.zeros((MOST, 3), np.int64),
        np.zeros((2, units, examples), np.int64),
        Side(
            np.zeros((units, examples), np.int64),
            np.zeros((2, MOST + 1 + 2 * n, 1 + n)),
            fresh_model(mono),
            np.zeros(n),
        ),
    )


@compiled
def boundaries(net: Net, region: Region, nodes: Array, sides: Sides) -> int:
    """How many hyperplanes the box of ``nodes`` (values) meets, −1 if too many."""
    features = net.data.shape[2] - 1
    planes, members = sides.planes, sides.members
    count = 0
    for u in range(members.shape[1]):
        z = features + 2 * u
        for t in range(members.shape[2]):
            low, high = nodes[0, z, t, 0], nodes[1, z, t, 0]
            piece, at = 0, -1
            for k in range(net.points.shape[1]):
                if low > net.points[1, k] or k < net.reached[u, t, 0]:
                    piece = k + 1
                elif high >= net.points[0, k] and k < net.reached[u, t, 1]:
                    if at >= 0:
                        return -1
                    at = k
            members[0, u, t], members[1, u, t] = 0, piece if at < 0 else at
            if at < 0 or region.planes[1, t, at] == 0:
                continue
            mark, sense = 0, 1
            for j in range(count):
                first, k = planes[j, 1], planes[j, 2]
                if planes[j, 0] == u and region.planes[0, t, at] == region.planes[0, first, k]:
                    mark = j + 1
                    sense = region.planes[1, t, at] * region.planes[1, first, k]
            if mark == 0:
                if count == MOST:
                    return -1
                planes[count, 0], planes[count, 1], planes[count, 2] = u, t, at
                count += 1
                mark = count
            members[0, u, t], members[1, u, t] = sense * mark, at
    return count


@compiled
def is_above_on_sides(
    net: Net, mono: Monomials, claims: Claims, slab: int, single: bool, line: Array, box: Array,
    count: int, sides: Sides,
) -> bool:  # fmt: skip
    """Whether f > v on the box, of one slab and outside a basin, or else above the line.

    ``count`` is what :func:`boundaries` has found.
    """
    side = sides.side
    side.scores[:] = 0.0
    if count < 0 or len(mono.first) == 1:
        return False
    signs = np.empty(MOST, np.int64)
    for choice in range(1 << count):
        for j in range(count):
            signs[j] = 1 if choice >> j & 1 else -1
        for u in range(sides.members.shape[1]):
            for t in range(sides.members.shape[2]):
                mark = sides.members[0, u, t]
                side.pattern[u, t] = sides.members[1, u, t]
                if mark != 0 and (signs[abs(mark) - 1] > 0) == (mark > 0):
                    side.pattern[u, t] += 1
        for j in range(count):
            _plane(net, sides.planes[j], signs[j], side.cuts[:, j])
        found = False
        if single:
            own = np.empty(3)
            for k in range(claims.levels.shape[2]):
                if (k == 0 or claims.every[slab] == 0) and chord_above(claims, slab, k, box, own):
                    found = found or is_above(net, mono, claims, slab, own, box, count, side)
        else:
            found = is_above(net, mono, claims, NONE, line, box, count, side)
        if not found:
            return False
    return True


@compiled
def _plane(net: Net, plane: Integers, sign: int, cut: Array) -> None:
    """±(z − β) for a boundary of the first layer."""
    features = net.data.shape[2] - 1
    u, t, k = plane[0], plane[1], plane[2]
    first = 2 + u * (features + net.plan[BIAS])
    cut[:] = 0.0
    cut[0, 0], cut[1, 0] = scaled(-net.points[1, k], -net.points[0, k], float(sign))
    for i in range(features):
        cut[0, first + i], cut[1, first + i] = scaled(
            net.data[0, t, i], net.data[1, t, i], float(sign)
        )
    if net.plan[BIAS]:
        cut[0, first + features] = cut[1, first + features] = float(sign)
