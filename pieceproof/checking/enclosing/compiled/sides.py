"""Whether f > v on a box, side by side of the boundaries that it meets, and outside a basin.

On the side of a box X that a pattern holds on, f is the polynomial of the pattern, and a Taylor
model (``models``) bounds it from below there, with multipliers for what cuts the side out:
hyperplanes z = β and, where X meets a basin, one face of it at a time. Boundaries of different
examples that are one hyperplane count once.

Where f is not yet known to be above a line ℓ, the points with f ≤ ℓ lie in a parallelepiped P
along the axes of the quadratic part, which may be much smaller than X: a narrow valley crosses X
like a strip. Beyond each of its faces the same bound must show f > ℓ on X. Then f is expanded
again, on P, which need not lie in X, as f stays the polynomial of the pattern.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import down, minus, plus, scaled, times, up
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.levels import chord_above
from pieceproof.checking.enclosing.compiled.linear import diagonalised, inverse
from pieceproof.checking.enclosing.compiled.models import (
    Model,
    Monomials,
    expand,
    fresh_model,
    halved,
    remainder,
)
from pieceproof.checking.enclosing.compiled.places import Claims, Region, face_of, meets
from pieceproof.checking.enclosing.compiled.quadratics import convexified, is_positive
from pieceproof.checking.enclosing.compiled.records import BIAS, LAYERS, NONE, Integers, Net
from pieceproof.checking.enclosing.ranges import Array

MOST = 3
"""Hyperplanes that a box may meet."""
ROUNDS = 3
"""Expansions of one side, at most."""
SHRUNK = 0.5
"""A parallelepiped smaller than this part of the one before is worth another expansion."""
WIDER = 1.0 + 2.0**-30
MARGIN = 2.0**-20
"""Room for the rounding of a frame."""
LARGE = 1e100
THIN = 2.0**-45
"""Sides are not taken to be shorter than this part of where they are."""


class Sides(NamedTuple):
    """The hyperplanes that a box meets, and what is found on its sides.

    Attributes:
        planes: (MOST, 3), unit, example and breakpoint of one boundary of each.
        members: (2, U, T), the number of the hyperplane from 1, negative where the sides are the
            other way round, or 0; and the breakpoint, or the piece.
        pattern: (U, T), the pattern of a side.
        model: the expansion of f there.
        cuts: (2, MOST + 1 + 2n, 1 + n), affine functions of (α, w) that are not negative there.
        scores: (n,), how much halving a side of the box would help, where it would do.
    """

    planes: Integers
    members: Integers
    pattern: Integers
    model: Model
    cuts: Array
    scores: Array


@compiled
def fresh_sides(net: Net, mono: Monomials) -> Sides:
    units, examples, n = np.sum(net.plan[LAYERS:]), net.data.shape[1], mono.exponents.shape[1]
    return Sides(
        np.zeros((MOST, 3), np.int64),
        np.zeros((2, units, examples), np.int64),
        np.zeros((units, examples), np.int64),
        fresh_model(mono),
        np.zeros((2, MOST + 1 + 2 * n, 1 + n)),
        np.zeros(n),
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
                if low > net.points[1, k]:
                    piece = k + 1
                elif high >= net.points[0, k]:
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
    sides.scores[:] = 0.0
    if count < 0 or len(mono.first) == 1:
        return False
    signs = np.empty(MOST, np.int64)
    for choice in range(1 << count):
        for j in range(count):
            signs[j] = 1 if choice >> j & 1 else -1
        for u in range(sides.members.shape[1]):
            for t in range(sides.members.shape[2]):
                mark = sides.members[0, u, t]
                sides.pattern[u, t] = sides.members[1, u, t]
                if mark != 0 and (signs[abs(mark) - 1] > 0) == (mark > 0):
                    sides.pattern[u, t] += 1
        for j in range(count):
            _plane(net, sides.planes[j], signs[j], sides.cuts[:, j])
        found = False
        if single:
            own = np.empty(3)
            for k in range(claims.levels.shape[2]):
                if (k == 0 or claims.every[slab] == 0) and chord_above(claims, slab, k, box, own):
                    found = found or _is_above(net, mono, claims, slab, own, box, count, sides)
        else:
            found = _is_above(net, mono, claims, NONE, line, box, count, sides)
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


@compiled
def _most(cut: Array, box: Array) -> float:
    """The largest value of an affine function on the box, or more."""
    total: float = cut[1, 0]
    for p in range(box.shape[1]):
        _, high = times(cut[0, 1 + p], cut[1, 1 + p], box[0, p], box[1, p])
        total = up(total + high)
    return total


@compiled
def _local(model: Model, cut: Array, own: Array) -> None:
    """An affine function of (α, w) in the coordinates of a model."""
    n = len(model.centre)
    low, high = cut[0, 0], cut[1, 0]
    for p in range(n):
        x, y = scaled(cut[0, 1 + p], cut[1, 1 + p], model.centre[p])
        low, high = plus(low, high, x, y)
    own[0, 0], own[1, 0] = low, high
    for q in range(n):
        low = high = 0.0
        for p in range(n):
            x, y = scaled(cut[0, 1 + p], cut[1, 1 + p], model.frame[p, q])
            low, high = plus(low, high, x, y)
        own[0, 1 + q], own[1, 1 + q] = low, high


@compiled
def _is_above(
    net: Net, mono: Monomials, claims: Claims, slab: int, line: Array, box: Array, count: int,
    sides: Sides,
) -> bool:  # fmt: skip
    """Whether f exceeds the line on one side of the box, given by ``count`` cuts."""
    model, n = sides.model, box.shape[1]
    for p in range(n):
        model.centre[p] = 0.5 * (box[0, p] + box[1, p])
        for q in range(n):
            model.frame[p, q] = 0.0
        model.frame[p, p] = max(up(box[1, p] - model.centre[p]), up(model.centre[p] - box[0, p]))
        model.frame[p, p] = max(model.frame[p, p], THIN * (1.0 + abs(model.centre[p])))
    m, s, d = np.empty((n, n)), np.empty((n, n)), np.empty(n)
    constant, slope, hope = np.empty(2), np.empty((2, n)), np.zeros(1)
    own = np.empty((2, sides.cuts.shape[1], 1 + n))
    for round_ in range(ROUNDS):
        expand(net, mono, sides.pattern, model)
        rest = remainder(mono, model)
        _quadratic(mono, model, line, constant, slope, m)
        constant[0] = down(constant[0] + rest)
        for p in range(n):
            for q in range(n):
                s[p, q] = m[p, q]
        if not convexified(s, d):
            return False
        for j in range(count):
            _local(model, sides.cuts[:, j], own[:, j])
        if is_positive(constant, slope, m, s, d, own[:, :count], hope):
            return True
        best = hope[0] - rest
        for b in range(claims.basins.shape[2] + len(claims.views) if slab >= 0 else 0):
            if not meets(claims, box, slab, b):
                continue
            beyond = True
            for face in range(2 * (n - 1)):
                face_of(claims, slab, b, face, sides.cuts[:, count])
                if _most(sides.cuts[:, count], box) <= 0.0:
                    continue
                _local(model, sides.cuts[:, count], own[:, count])
                if not is_positive(constant, slope, m, s, d, own[:, : count + 1], hope):
                    best = max(best, hope[0] - rest)
                    beyond = False
                    break
            if beyond:
                return True
        if round_ == 0:
            lost = line[2] - rest
            for p in range(n):
                lost += 0.5 * d[p]
            if best + line[2] > 0.0 and lost > 0.5 * (best + line[2]):
                for p in range(n):
                    sides.scores[p] = halved(mono, model, p) + 0.375 * d[p]
                sides.scores[0] += 0.5 * line[2]
            count = _faces(box, count, sides.cuts)
        if best <= 0.0:
            return False
        if round_ + 1 == ROUNDS or not _shrunk(
            model, box, constant, slope, m, s, d, own, count, sides
        ):
            return False
    return False


@compiled
def _quadratic(
    mono: Monomials, model: Model, line: Array, constant: Array, slope: Array, m: Array
) -> None:
    """f minus the line up to degree two; the coefficients of f are exact, but for the error."""
    n = len(model.centre)
    low, high = scaled(model.centre[0], model.centre[0], line[1])
    low, high = plus(low, high, line[0], line[0])
    constant[0], constant[1] = minus(model.f[0], model.f[0], low, high)
    for p in range(n):
        low, high = scaled(model.frame[0, p], model.frame[0, p], line[1])
        slope[0, p], slope[1, p] = minus(model.f[1 + p], model.f[1 + p], low, high)
        for q in range(p, n):
            c = model.f[mono.product[1 + p, 1 + q]]
            m[p, q] = m[q, p] = 2.0 * c if p == q else c


@compiled
def _faces(box: Array, count: int, cuts: Array) -> int:
    """The faces of the box as further cuts; their number."""
    for p in range(box.shape[1]):
        for side in range(2):
            sign = 1.0 - 2.0 * side
            cuts[:, count] = 0.0
            cuts[0, count, 0] = cuts[1, count, 0] = -sign * box[side, p]
            cuts[0, count, 1 + p] = cuts[1, count, 1 + p] = sign
            count += 1
    return count


@compiled
def _shrunk(
    model: Model, box: Array, constant: Array, slope: Array, m: Array, s: Array, d: Array,
    own: Array, count: int, sides: Sides,
) -> bool:  # fmt: skip
    """Make the parallelepiped one that holds all points of the side with f below the line.

    False, and nothing is changed, unless it is much smaller.
    """
    n = len(d)
    inner = np.zeros((n, n))
    start = np.zeros(n)
    if not _along_axes(constant, slope, s, d, start, inner):
        return False
    frame, centre = np.zeros((n, n)), model.centre.copy()
    for p in range(n):
        for q in range(n):
            centre[p] += model.frame[p, q] * start[q]
            for j in range(n):
                frame[p, q] += model.frame[p, j] * inner[j, q]
    known, forms = inverse(frame)
    if not known:
        return False
    # |A(p − c′)| ≤ 1 on the side where f is below the line, A ≈ WIDER·F⁻¹ and, exactly, AF is
    # diagonally dominant by 1: |F⁻¹(p − c′)| ≤ 1 follows.
    for i in range(n):
        total = -1.0
        for j in range(n):
            low = high = 0.0
            for q in range(n):
                if not abs(forms[i, q]) < LARGE or not abs(frame[q, j]) < LARGE:
                    return False
                x, y = scaled(frame[q, j], frame[q, j], forms[i, q] * WIDER)
                low, high = plus(low, high, x, y)
            total = down(total + (low if i == j else -max(abs(low), abs(high))))
        if not total >= 0.0:
            return False
    hope = np.empty(1)
    for i in range(n):
        for side in range(2):
            cut = sides.cuts[:, count]
            low = high = 0.0
            for p in range(n):
                factor = forms[i, p] * WIDER * (1.0 - 2.0 * side)
                cut[0, 1 + p] = cut[1, 1 + p] = factor
                x, y = scaled(centre[p], centre[p], factor)
                low, high = plus(low, high, x, y)
            cut[0, 0], cut[1, 0] = minus(-high, -low, 1.0, 1.0)
            if _most(cut, box) <= 0.0:
                continue
            _local(model, cut, own[:, count])
            if not is_positive(constant, slope, m, s, d, own[:, : count + 1], hope):
                return False
    for p in range(n):
        model.centre[p] = centre[p]
        for q in range(n):
            model.frame[p, q] = frame[p, q]
    return True


@compiled
def _along_axes(
    constant: Array, slope: Array, s: Array, d: Array, start: Array, inner: Array
) -> bool:
    """A parallelepiped start + inner·[−1, 1]^n about {φ ≤ 0}; False if it is not much smaller.

    At a given y_0 the axes of φ in the other coordinates are its axes.
    """
    n = len(d)
    k = n - 1
    block, vectors, values = s[1:, 1:].copy(), np.empty((k, k)), np.empty(k)
    known, back = inverse(block)
    if not known:
        return False
    diagonalised(block, values, vectors)
    # φ is least, for y_0 given, at start + drift·y_0, with the value least + g·y_0 + ½c·y_0².
    drift = np.zeros(k)
    least, g, c = constant[0], 0.5 * (slope[0, 0] + slope[1, 0]), s[0, 0]
    for i in range(k):
        start[1 + i] = 0.0
        for j in range(k):
            start[1 + i] -= back[i, j] * 0.5 * (slope[0, 1 + j] + slope[1, 1 + j])
            drift[i] -= back[i, j] * s[1 + j, 0]
    for i in range(k):
        least += 0.25 * (slope[0, 1 + i] + slope[1, 1 + i]) * start[1 + i]
        g += s[0, 1 + i] * start[1 + i]
        c += s[0, 1 + i] * drift[i]
    least -= abs(g) if abs(g) >= c else 0.5 * g * g / c
    for p in range(n):
        least -= 0.5 * d[p]
    if not least < 0.0:
        return False
    volume = 1.0
    inner[0, 0] = 1.0 + MARGIN
    for j in range(k):
        inner[1 + j, 0] = drift[j]
    shift = np.zeros(k)
    for i in range(k):
        reach = slant = offset = 0.0
        for j in range(k):
            reach += abs(vectors[j, i])
            slant += vectors[j, i] * drift[j]
            offset += vectors[j, i] * start[1 + j]
        if not values[i] > 0.0:
            return False
        wanted = 1.01 * np.sqrt(-2.0 * least / values[i])
        low, high = -offset - reach - abs(slant), -offset + reach + abs(slant)
        half, middle = wanted, 0.0
        if wanted > 0.5 * (high - low):
            half, middle = 0.5 * (high - low), 0.5 * (high + low)
        volume *= min(1.0, half / reach)
        for j in range(k):
            shift[j] += vectors[j, i] * middle
            inner[1 + j, 1 + i] = vectors[j, i] * half * (1.0 + MARGIN)
    for j in range(k):
        start[1 + j] += shift[j]
    return volume < SHRUNK
