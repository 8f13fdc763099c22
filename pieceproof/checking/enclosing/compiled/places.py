"""Where minimisers are looked for, what is claimed of them, and whether a box lies in a basin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import (
    plus,
    scaled,
    squared,
)
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.records import Integers
from pieceproof.checking.enclosing.ranges import Array

LOCAL = 2.0
"""A box that meets a basin is cut in α once its sides are at most this many times as long."""


class Claims(NamedTuple):
    """What is claimed on S slabs, with at most K levels and B basins.

    Attributes:
        ends: (2, S), the slabs.
        every: (S,), 1 if the minimum may be any of the levels, not only the least.
        levels: (5, S, K): α at which a level is known, bounds of v there, bounds of v′.
        basins: (2, S, B, d).
        above: (log S, S): maxima of v over 2^i slabs.
        views: (V, d, 5), folded coordinates: two parameters a, b with signs x, y, and whether
            (x·w_a + y·w_b)/2, or x·w_a where b = −1, is squared.
        folded: (2, V, S, d), basins in these.
    """

    ends: Array
    every: Integers
    levels: Array
    basins: Array
    above: Array
    views: Integers
    folded: Array


class Region(NamedTuple):
    """Where minimisers are looked for.

    Attributes:
        walls: (2, 2, n): side, then bounds of the wall.
        moving: the coordinates of parameters that move.
        ordered: (P, 2), coordinates with w_i ≤ w_j in the fundamental domain.
        nonnegative: coordinates with w_i ≥ 0 there.
        smooth: (K,), 1 where σ_α is C¹.
    """

    walls: Array
    moving: Integers
    ordered: Integers
    nonnegative: Integers
    smooth: Integers


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
def coordinate(claims: Claims, box: Array, view: int, slot: int) -> tuple[float, float]:
    """A folded coordinate over the box."""
    own = claims.views[view, slot]
    low, high = scaled(box[0, 1 + own[0]], box[1, 1 + own[0]], np.float64(own[2]))
    if own[1] >= 0:
        x, y = scaled(box[0, 1 + own[1]], box[1, 1 + own[1]], np.float64(own[3]))
        low, high = plus(low, high, x, y)
        low, high = scaled(low, high, 0.5)
    if own[4]:
        return squared(low, high)
    return low, high


@compiled
def in_basin(claims: Claims, box: Array, slab: int) -> bool:
    d, plain = claims.basins.shape[3], claims.basins.shape[2]
    for b in range(plain + len(claims.views)):
        inside = True
        for i in range(d):
            if b < plain:
                low, high = box[0, 1 + i], box[1, 1 + i]
                least, most = claims.basins[0, slab, b, i], claims.basins[1, slab, b, i]
            else:
                low, high = coordinate(claims, box, b - plain, i)
                least, most = (
                    claims.folded[0, b - plain, slab, i],
                    claims.folded[1, b - plain, slab, i],
                )
            if not (least <= low and high <= most):
                inside = False
                break
        if inside:
            return True
    return False


@compiled
def is_local(claims: Claims, box: Array, slab: int) -> bool:
    """Whether the box meets a basin and is hardly larger: then α is to be cut."""
    d, plain = claims.basins.shape[3], claims.basins.shape[2]
    for b in range(plain + len(claims.views)):
        local = True
        for i in range(d):
            if b < plain:
                low, high = box[0, 1 + i], box[1, 1 + i]
                least, most = claims.basins[0, slab, b, i], claims.basins[1, slab, b, i]
            else:
                low, high = coordinate(claims, box, b - plain, i)
                least, most = (
                    claims.folded[0, b - plain, slab, i],
                    claims.folded[1, b - plain, slab, i],
                )
                least = max(least, -most)  # a square has no lower bound at a mirror
            if low > most or high < least or high - low > LOCAL * (most - least):
                local = False
                break
        if local:
            return True
    return False
