"""Whether f > v on one side of the boundaries that a box meets, outside a basin.

A side of a box X is given by a pattern and by *cuts*, affine functions of (α, w) that are not
negative there. On it f is the polynomial of the pattern, which a Taylor model bounds from below,
with multipliers for the cuts. Where X meets a basin, f > v is shown beyond one face at a time.

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
from pieceproof.checking.enclosing.compiled.linear import diagonalised, inverse
from pieceproof.checking.enclosing.compiled.models import (
    Model,
    Monomials,
    expand,
    halved,
    quadratic,
    remainder,
)
from pieceproof.checking.enclosing.compiled.places import Claims, beyond_face, meets
from pieceproof.checking.enclosing.compiled.quadratics import convexified, is_positive
from pieceproof.checking.enclosing.compiled.records import Integers, Net
from pieceproof.checking.enclosing.ranges import Array

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
SMALL = 2.0**-10
"""A row of M with less than this part of its shift is that of a thin side."""


class Side(NamedTuple):
    """One side, and what is found on it.

    Attributes:
        pattern: (U, T).
        cuts: (2, C, 1 + n), the values at (α, w) = 0 and the gradients of affine functions that
            are not negative there, and room for 1 + 2n more.
        model: the expansion of f.
        scores: (n,), how much halving a side of the box would help, where it would do.
    """

    pattern: Integers
    cuts: Array
    model: Model
    scores: Array


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
def is_above(
    net: Net, mono: Monomials, claims: Claims, slab: int, line: Array, box: Array, count: int,
    side: Side,
) -> bool:  # fmt: skip
    """Whether f exceeds the line on one side of the box, given by ``count`` cuts."""
    model, n = side.model, box.shape[1]
    for p in range(n):
        model.centre[p] = 0.5 * (box[0, p] + box[1, p])
        for q in range(n):
            model.frame[p, q] = 0.0
        model.frame[p, p] = max(up(box[1, p] - model.centre[p]), up(model.centre[p] - box[0, p]))
        model.frame[p, p] = max(model.frame[p, p], THIN * (1.0 + abs(model.centre[p])))
    m, s, d = np.empty((n, n)), np.empty((n, n)), np.empty(n)
    constant, slope, hope = np.empty(2), np.empty((2, n)), np.zeros(1)
    own = np.full((2, side.cuts.shape[1], 1 + n), np.nan)
    for round_ in range(ROUNDS):
        if round_ == 1:
            count = _faces(box, count, side.cuts)  # P is no longer the box
        expand(net, mono, side.pattern, model)
        rest = remainder(mono, model)
        quadratic(mono, model, line, constant, slope, m)
        constant[0] = down(constant[0] + rest)
        s[:] = m
        if not convexified(s, d):
            return False
        for j in range(count):
            _local(model, side.cuts[:, j], own[:, j])
        if is_positive(constant, slope, m, s, d, own[:, :count], hope):
            return True
        best = hope[0] - rest
        for b in range(claims.basins.shape[2] + len(claims.views) if slab >= 0 else 0):
            if not meets(claims, box, slab, b):
                continue
            beyond = True
            for face in range(2 * (n - 1)):
                if not beyond_face(claims, box, slab, b, face, side.cuts[:, count]):
                    continue
                _local(model, side.cuts[:, count], own[:, count])
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
                    side.scores[p] = halved(mono, model, p)
                    if _extent(m, p) > SMALL * d[p]:
                        side.scores[p] += 0.375 * d[p]
                side.scores[0] += 0.5 * line[2]
        if best <= 0.0:
            return False
        if round_ + 1 == ROUNDS or not _shrunk(
            model, box, constant, slope, m, s, d, own, count, side
        ):
            return False
    return False


@compiled
def _extent(m: Array, p: int) -> float:
    """The sum of a row of M without signs: small for a thin side, of which halving is no help."""
    total = 0.0
    for q in range(len(m)):
        total += abs(m[p, q])
    return total


@compiled
def _faces(box: Array, count: int, cuts: Array) -> int:
    """The faces of the box as further cuts; their number."""
    for p in range(box.shape[1]):
        for end in range(2):
            sign = 1.0 - 2.0 * end
            cuts[:, count] = 0.0
            cuts[0, count, 0] = cuts[1, count, 0] = -sign * box[end, p]
            cuts[0, count, 1 + p] = cuts[1, count, 1 + p] = sign
            count += 1
    return count


@compiled
def _shrunk(
    model: Model, box: Array, constant: Array, slope: Array, m: Array, s: Array, d: Array,
    own: Array, count: int, side: Side,
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
        for end in range(2):
            cut = side.cuts[:, count]
            low = high = 0.0
            for p in range(n):
                factor = forms[i, p] * WIDER * (1.0 - 2.0 * end)
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
