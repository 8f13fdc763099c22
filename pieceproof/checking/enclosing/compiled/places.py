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
        every: (S,), 1 if the minimum may be any of the levels, not only the least; 2 if, besides,
            boxes that meet a basin are cut by its sides.
        levels: (7, S, K): α at which a level is known, bounds of v there, the slopes of a cone
            above v, bounds of v′.
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
def _slot(claims: Claims, slab: int, b: int, i: int) -> tuple[float, float, float, float]:
    """Centre, slope and radius of basin b in coordinate i, and the α of the centre.

    Basins along the axes come first, then those in views.
    """
    plain = claims.basins.shape[2]
    if b < plain:
        own = claims.basins[:, slab, b, i]
        return own[0], own[1], own[2], claims.middles[slab, b]
    own = claims.folded[:, b - plain, slab, i]
    return own[0], own[1], own[2], claims.folded_middles[b - plain, slab]


@compiled
def _place(
    claims: Claims, box: Array, slab: int, b: int, i: int
) -> tuple[float, float, float, float, float]:
    """Coordinate i of basin b over the box, p_i over its range of α, and the radius."""
    centre, slope, radius, middle = _slot(claims, slab, b, i)
    least, most = minus(box[0, 0], box[1, 0], middle, middle)
    least, most = scaled(least, most, slope)
    least, most = plus(least, most, centre, centre)
    plain = claims.basins.shape[2]
    low, high = box[0, 1 + i], box[1, 1 + i]
    if b >= plain:
        low, high = coordinate(claims, box, b - plain, i)
    return low, high, least, most, radius


@compiled
def in_basin(claims: Claims, box: Array, slab: int) -> bool:
    """Whether the box lies in one basin N(α), for every α of the box."""
    d, plain = claims.basins.shape[3], claims.basins.shape[2]
    for b in range(plain + len(claims.views)):
        inside = True
        for i in range(d):
            low, high, least, most, radius = _place(claims, box, slab, b, i)
            least, most = up(most - radius), down(least + radius)
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
            low, high, least, most, radius = _place(claims, box, slab, b, i)
            moves = moves or most - least > MOVES * radius
            if low > most + radius or high < least - radius or high - low > 2.0 * LOCAL * radius:
                local = False
                break
        if local and moves:
            return True
    return False


@compiled
def outgrown(claims: Claims, box: Array, slab: int) -> int:
    """The coordinate in which a box that meets a basin is largest by its size, of those in which it
    reaches beyond; −1 if there is none.

    Where a unit fades f hardly depends on its incoming parameters.
    """
    best, axis = 0.0, -1
    for b in range(claims.basins.shape[2]):
        if not meets(claims, box, slab, b):
            continue
        for i in range(claims.basins.shape[3]):
            low, high, least, most, radius = _place(claims, box, slab, b, i)
            least, most = minus(low, high, least, most)
            if not (least >= -radius and most <= radius) and high - low > best * radius:
                best, axis = (high - low) / radius, 1 + i
    return axis


@compiled
def meets(claims: Claims, box: Array, slab: int, b: int) -> bool:
    """Whether the box may meet a basin."""
    for i in range(claims.basins.shape[3]):
        low, high, least, most, radius = _place(claims, box, slab, b, i)
        least, most = minus(low, high, least, most)
        if not (least <= radius and most >= -radius):
            return False
    return True


@compiled
def beyond_face(claims: Claims, box: Array, slab: int, b: int, face: int, cut: Array) -> bool:
    """What is beyond a face of a basin, ±(coordinate − p(α)) > radius, lies where ``cut`` ≥ 0.

    The cut (2, 1 + n) is an affine function, its value at (α, w) = 0 and its gradient. False if
    nothing of the box is beyond. Squares and products are replaced by affine functions: with
    |l − c| ≤ ρ on the box

        −l² ≤ c² − 2cl,  l² ≤ 2cl − c² + ρ²,  ±l l′ ≤ ±(c l′ + c′l − cc′) + ρρ′.
    """
    plain, i = claims.basins.shape[2], face // 2
    sign = 1.0 if face % 2 else -1.0
    low, high, least, most, radius = _place(claims, box, slab, b, i)
    least, most = minus(low, high, least, most)
    if (most if face % 2 else -least) <= radius:
        return False
    cut[:] = 0.0
    low = high = 0.0
    if b < plain:
        cut[0, 2 + i] = cut[1, 2 + i] = sign
    else:
        kind = claims.squares[b - plain, i]
        if kind == 0:
            _add(claims, b - plain, i, sign, cut)
        else:
            other = i if kind == 1 else kind - 2
            c, reach = _around(claims, box, b - plain, i)
            d, width = _around(claims, box, b - plain, other)
            _add(claims, b - plain, i, sign * d, cut)
            _add(claims, b - plain, other, sign * c, cut)
            low, high = scaled(c, c, -sign * d)
            if kind != 1 or sign > 0.0:
                _, x = scaled(reach, reach, width)
                low, high = plus(low, high, x, x)
    centre, slope, _, middle = _slot(claims, slab, b, i)
    cut[0, 1] = cut[1, 1] = -sign * slope
    x, y = scaled(slope, slope, middle)
    x, y = minus(x, y, centre, centre)
    x, y = scaled(x, y, sign)
    low, high = plus(low, high, x, y)
    cut[0, 0], cut[1, 0] = minus(low, high, radius, radius)
    return True


@compiled
def _add(claims: Claims, view: int, slot: int, factor: float, cut: Array) -> None:
    """Add a multiple of a coordinate before squares and products are taken."""
    for j in range(claims.views.shape[2]):
        x, y = scaled(claims.views[view, slot, j], claims.views[view, slot, j], factor)
        cut[0, 2 + j], cut[1, 2 + j] = plus(cut[0, 2 + j], cut[1, 2 + j], x, y)


@compiled
def _around(claims: Claims, box: Array, view: int, slot: int) -> tuple[float, float]:
    """A number, and how far such a coordinate is from it on the box, at most."""
    low, high = _linear(claims, box, view, slot)
    middle = 0.5 * (low + high)
    return middle, max(up(high - middle), up(middle - low))
