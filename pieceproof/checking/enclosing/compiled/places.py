"""Where minimisers are looked for, what is claimed of them, and whether a box lies in a basin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import (
    down,
    minus,
    plus,
    scaled,
    squared,
    times,
    up,
)
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.records import Integers
from pieceproof.checking.enclosing.ranges import Array

LOCAL = 2.0
"""A box that meets a basin is cut in α once its sides are at most this many times as long."""
MOVES = 0.5
"""Within one slab that is done where the basin moves by this part of its radius."""


class Claims(NamedTuple):
    """What is claimed on S slabs, with at most K levels and B basins.

    Attributes:
        ends: (2, S), the slabs.
        every: (S,), 1 if the minimum may be any of the levels, not only the least.
        levels: (5, S, K): α at which a level is known, bounds of v there, bounds of v′.
        basins: (3, S, B, d), centre, slope and radius of the path p in N = p(α) ± radius, and
            middles: (S, B), the α of the centres. The radius is −∞ where there is no basin.
        above: (log S, S): maxima of v over 2^i slabs.
        views: (V, d, d), rows that give other coordinates of w, and squares: (V, d), 1 where such
            a coordinate is squared, 2 + i where it is multiplied by coordinate i.
        folded: (3, V, S, d), basins in these, and folded_middles: (V, S).
    """

    ends: Array
    every: Integers
    levels: Array
    basins: Array
    middles: Array
    above: Array
    views: Array
    squares: Integers
    folded: Array
    folded_middles: Array


class Region(NamedTuple):
    """Where minimisers are looked for.

    Attributes:
        walls: (2, 2, n): side, then bounds of the wall.
        moving: the coordinates of parameters that move.
        ordered: (P, 2), coordinates with w_i ≤ w_j in the fundamental domain.
        nonnegative: coordinates with w_i ≥ 0 there.
        smooth: (K,), 1 where σ_α is C¹.
        planes: (2, T, K), for boundaries of first-layer units: a number that those of one
            hyperplane share, and 1 or −1 for the side, 0 where z does not depend on w.
    """

    walls: Array
    moving: Integers
    ordered: Integers
    nonnegative: Integers
    smooth: Integers
    planes: Integers


@compiled
def in_domain(region: Region, box: Array) -> bool:
    for k in range(len(region.ordered)):
        if box[0, region.ordered[k, 0]] > box[1, region.ordered[k, 1]]:
            return False
    meets = True
    for p in region.nonnegative:
        meets = meets and box[1, p] >= 0.0
    return meets


@compiled
def _linear(claims: Claims, box: Array, view: int, slot: int) -> tuple[float, float]:
    """A coordinate of a view over the box before squares and products are taken."""
    low = high = 0.0
    fresh = True
    for j in range(claims.views.shape[2]):
        factor = claims.views[view, slot, j]
        if factor == 0.0:
            continue
        x, y = scaled(box[0, 1 + j], box[1, 1 + j], factor)
        if fresh:
            low, high = x, y
        else:
            low, high = plus(low, high, x, y)
        fresh = False
    return low, high


@compiled
def coordinate(claims: Claims, box: Array, view: int, slot: int) -> tuple[float, float]:
    """A coordinate of a view over the box."""
    low, high = _linear(claims, box, view, slot)
    kind = claims.squares[view, slot]
    if kind == 1:
        return squared(low, high)
    if kind > 1:
        x, y = _linear(claims, box, view, kind - 2)
        return times(low, high, x, y)
    return low, high


@compiled
def _path(path: Array, i: int, middle: float, box: Array) -> tuple[float, float]:
    """p_i over the box's range of α; ``path`` (3, d)."""
    low, high = minus(box[0, 0], box[1, 0], middle, middle)
    low, high = scaled(low, high, path[1, i])
    return plus(low, high, path[0, i], path[0, i])


@compiled
def in_basin(claims: Claims, box: Array, slab: int) -> bool:
    """Whether the box lies in one basin N(α), for every α of the box."""
    d, plain = claims.basins.shape[3], claims.basins.shape[2]
    for b in range(plain + len(claims.views)):
        inside = True
        for i in range(d):
            if b < plain:
                path, middle = claims.basins[:, slab, b], claims.middles[slab, b]
                low, high = box[0, 1 + i], box[1, 1 + i]
            else:
                path = claims.folded[:, b - plain, slab]
                middle = claims.folded_middles[b - plain, slab]
                low, high = coordinate(claims, box, b - plain, i)
            least, most = _path(path, i, middle, box)
            least, most = up(most - path[2, i]), down(least + path[2, i])
            if b >= plain and claims.squares[b - plain, i] == 1 and least <= 0.0:
                least = -np.inf  # a mirror at the wall T = 0 has nothing below it
            if not (least <= low and high <= most):
                inside = False
                break
        if inside:
            return True
    return False


@compiled
def is_local(claims: Claims, box: Array, slab: int, single: bool) -> bool:
    """Whether α is to be cut: the box meets a basin, is hardly larger, and the basin moves."""
    d, plain = claims.basins.shape[3], claims.basins.shape[2]
    for b in range(plain + len(claims.views)):
        local, moves = True, not single
        for i in range(d):
            if b < plain:
                path, middle = claims.basins[:, slab, b], claims.middles[slab, b]
                low, high = box[0, 1 + i], box[1, 1 + i]
            else:
                path = claims.folded[:, b - plain, slab]
                middle = claims.folded_middles[b - plain, slab]
                low, high = coordinate(claims, box, b - plain, i)
            least, most = _path(path, i, middle, box)
            radius = path[2, i]
            moves = moves or most - least > MOVES * radius
            if low > most + radius or high < least - radius or high - low > 2.0 * LOCAL * radius:
                local = False
                break
        if local and moves:
            return True
    return False


@compiled
def meets(claims: Claims, box: Array, slab: int, b: int) -> bool:
    """Whether the box may meet a basin that is a parallelepiped."""
    plain = claims.basins.shape[2]
    for i in range(claims.basins.shape[3]):
        if b < plain:
            path, middle = claims.basins[:, slab, b], claims.middles[slab, b]
            low, high = box[0, 1 + i], box[1, 1 + i]
        else:
            if claims.squares[b - plain, i]:
                return False
            path = claims.folded[:, b - plain, slab]
            middle = claims.folded_middles[b - plain, slab]
            low, high = coordinate(claims, box, b - plain, i)
        least, most = _path(path, i, middle, box)
        if not (low <= most + path[2, i] and high >= least - path[2, i]):
            return False
    return True


@compiled
def face_of(claims: Claims, slab: int, b: int, face: int, cut: Array) -> None:
    """What is beyond a face of such a basin: ±(coordinate − p(α)) − radius ≥ 0, an affine
    function ``cut`` (2, 1 + n), its value at (α, w) = 0 and its gradient.
    """
    plain, i = claims.basins.shape[2], face // 2
    sign = 1.0 if face % 2 else -1.0
    cut[:] = 0.0
    if b < plain:
        path, middle = claims.basins[:, slab, b], claims.middles[slab, b]
        cut[0, 2 + i] = cut[1, 2 + i] = sign
    else:
        path = claims.folded[:, b - plain, slab]
        middle = claims.folded_middles[b - plain, slab]
        for j in range(claims.views.shape[2]):
            cut[0, 2 + j] = cut[1, 2 + j] = sign * claims.views[b - plain, i, j]
    cut[0, 1] = cut[1, 1] = -sign * path[1, i]
    low, high = scaled(path[1, i], path[1, i], middle)
    low, high = minus(low, high, path[0, i], path[0, i])
    low, high = scaled(low, high, sign)
    cut[0, 0], cut[1, 0] = minus(low, high, path[2, i], path[2, i])
