"""Taylor models of f on parallelepipeds.

In coordinates y with (α, w) = c + B·y, y ∈ [−1, 1]^n, the loss of a pattern of a network with
one hidden layer is a polynomial in y: z and α are affine, so that

    r_t = Σ_u v_u (p_0 + α·(p_1 − p_0))(z_ut) − y_t

has degree D + 1 (D + 2 if the v_u are trainable), and

    f = s·Σ r_t² + Σ_i (μ + α·m_i)·w_i² + α·Σ_i t_i·w_i.

Its terms up to degree two are used as they are, the others bounded. The pattern need not hold.

Coefficients are computed in doubles. Each is a sum of products, in at most K operations one after
another, so that the errors of all coefficients of r_t together are at most K·2⁻⁵²·A_t, A_t being
r_t with all numbers replaced by their absolute values. Data and constants are known up to a unit in
the last place, which counts as an operation.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import UNIT, minus, plus, scaled
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.compiled.records import (
    BIAS,
    DECAY,
    LAYERS,
    OFFSET,
    OUTPUTS,
    SCALE,
    SHIFTED,
    SQUARES,
    TILTS,
    TRAINABLE,
    Integers,
    Net,
)
from pieceproof.checking.enclosing.ranges import Array

SMALLEST = 1e-280
"""More than all that is lost where results are subnormal."""
DIRECT = 2_000
"""Coefficients of f that are thought worth while."""


class Monomials(NamedTuple):
    """Monomials in n coordinates by degree; none if f is not expanded.

    Attributes:
        exponents: (N, n), for f.
        first: (degree + 2,), where those of a degree begin.
        raised: (M, n), the monomial m·y_p, for those of r.
        product: (M, M), the product of two.
    """

    exponents: Integers
    first: Integers
    raised: Integers
    product: Integers


class Model(NamedTuple):
    """An expansion, with room for the next.

    Attributes:
        f: (N,), coefficients.
        r, s, old: (M,), work space.
        centre: (n,), c, and frame: (n, n), B.
        error: (1,), a bound of the errors of all coefficients together.
    """

    f: Array
    r: Array
    s: Array
    old: Array
    centre: Array
    frame: Array
    error: Array


def monomials(net: Net, n: int) -> Monomials:
    """Those of f and of its residuals; none for deep networks, polynomials and large ones."""
    none = np.zeros((0, n), np.int64)
    if len(net.plan) != LAYERS + 1:
        return Monomials(none, np.zeros(1, np.int64), none, np.zeros((0, 0), np.int64))
    degree = net.pieces.shape[3] + int(net.plan[TRAINABLE])
    rows: list[tuple[int, ...]] = []
    count = [0]
    for total in range(2 * degree + 1):
        chosen = combinations_with_replacement(range(n), total)
        rows += [tuple(each.count(p) for p in range(n)) for each in chosen]
        count.append(len(rows))
        if len(rows) > DIRECT:
            return Monomials(none, np.zeros(1, np.int64), none, np.zeros((0, 0), np.int64))
    number = {row: m for m, row in enumerate(rows)}
    own = rows[: count[degree + 1]]
    raised = [
        [number[tuple(e + (p == q) for q, e in enumerate(row))] for p in range(n)] for row in own
    ]
    product = [[number[tuple(map(sum, zip(a, b, strict=True)))] for b in own] for a in own]
    return Monomials(*(np.array(part, np.int64) for part in (rows, count, raised, product)))


@compiled
def fresh_model(mono: Monomials) -> Model:
    large, small = len(mono.exponents), len(mono.raised)
    n = mono.exponents.shape[1]
    return Model(
        np.zeros(large), np.zeros(small), np.zeros(small), np.zeros(small),
        np.zeros(n), np.zeros((n, n)), np.zeros(1),
    )  # fmt: skip


@compiled
def _times_affine(mono: Monomials, s: Array, old: Array, degree: int, a: Array) -> None:
    """s·(a_0 + Σ a_p y_p) in place, s of the given degree."""
    below, above = mono.first[degree + 1], mono.first[degree + 2]
    for m in range(below):
        old[m] = s[m]
        s[m] *= a[0]
    for m in range(below, above):
        s[m] = 0.0
    for m in range(below):
        for p in range(len(a) - 1):
            s[mono.raised[m, p]] += a[1 + p] * old[m]


@compiled
def _affine(model: Model, coordinate: int, a: Array) -> float:
    """A coordinate as an affine function; the sum of its absolute values."""
    a[0] = model.centre[coordinate]
    total: float = abs(a[0])
    for p in range(len(a) - 1):
        a[1 + p] = model.frame[coordinate, p]
        total += abs(a[1 + p])
    return total


@compiled
def expand(net: Net, mono: Monomials, pattern: Integers, model: Model) -> None:
    """Fill ``f`` and ``error`` for the parallelepiped of ``centre`` and ``frame``."""
    f, r, s = model.f, model.r, model.s
    n, features, units = len(model.centre), net.data.shape[2] - 1, net.plan[LAYERS]
    examples, degree = net.data.shape[1], net.pieces.shape[3] - 1
    each = features + net.plan[BIAS]
    outputs = 1 + units * each
    shift = outputs + (units if net.plan[TRAINABLE] else 0)
    alpha, z, v, own = np.empty(1 + n), np.empty(1 + n), np.empty(1 + n), np.empty(1 + n)
    size = _affine(model, 0, alpha)
    f[:] = 0.0
    squares = 0.0
    for t in range(examples):
        r[:] = 0.0
        r[0] = -0.5 * (net.data[0, t, features] + net.data[1, t, features])
        major = abs(r[0])
        if net.plan[SHIFTED]:
            major += _affine(model, shift, own)
            for p in range(1 + n):
                r[p] += own[p]
        else:
            offset = 0.5 * (net.constants[0, OFFSET] + net.constants[1, OFFSET])
            major += abs(offset)
            r[0] += offset
        for u in range(units):
            reach = 0.0
            z[:] = 0.0
            for i in range(each):
                total = _affine(model, 1 + u * each + i, own)
                x = 1.0
                if i < features:
                    x = 0.5 * (net.data[0, t, i] + net.data[1, t, i])
                reach += abs(x) * total
                for p in range(1 + n):
                    z[p] += x * own[p]
            piece = pattern[u, t]
            s[:] = 0.0
            most = 0.0
            for k in range(degree, -1, -1):
                if k < degree:
                    _times_affine(mono, s, model.old, degree - k, z)
                a = 0.5 * (net.pieces[0, 0, piece, k] + net.pieces[1, 0, piece, k])
                b = 0.5 * (net.pieces[0, 1, piece, k] + net.pieces[1, 1, piece, k])
                s[0] += a
                for p in range(1 + n):
                    s[p] += b * alpha[p]
                most = most * reach + abs(a) + abs(b) * size
            if net.plan[TRAINABLE]:
                weight = _affine(model, outputs + u, v)
                _times_affine(mono, s, model.old, degree + 1, v)
                for m in range(len(s)):
                    r[m] += s[m]
            else:
                factor = 0.5 * (net.constants[0, OUTPUTS + u] + net.constants[1, OUTPUTS + u])
                weight = abs(factor)
                for m in range(len(s)):
                    r[m] += factor * s[m]
            major += weight * most
        squares += major * major
        for a in range(len(r)):
            if r[a] == 0.0:
                continue
            f[mono.product[a, a]] += r[a] * r[a]
            for b in range(a + 1, len(r)):
                f[mono.product[a, b]] += 2.0 * r[a] * r[b]
    scale = 0.5 * (net.constants[0, SCALE] + net.constants[1, SCALE])
    for m in range(len(f)):
        f[m] *= scale
    squares *= abs(scale)
    decay = 0.5 * (net.constants[0, DECAY] + net.constants[1, DECAY])
    for i in range(1, n):
        square = 0.5 * (net.penalties[0, SQUARES, i - 1] + net.penalties[1, SQUARES, i - 1])
        tilt = 0.5 * (net.penalties[0, TILTS, i - 1] + net.penalties[1, TILTS, i - 1])
        if decay == 0.0 and square == 0.0 and tilt == 0.0:
            continue
        total = _affine(model, i, own)
        squares += (decay + square * size) * total * total + abs(tilt) * size * total
        for a in range(1 + n):
            for b in range(1 + n if decay != 0.0 or square != 0.0 else 0):
                c = mono.product[a, b]
                f[c] += decay * own[a] * own[b]
                if square != 0.0:
                    f[c] += square * alpha[0] * own[a] * own[b]
                    for p in range(n):
                        f[mono.raised[c, p]] += square * alpha[1 + p] * own[a] * own[b]
            if tilt != 0.0:
                for p in range(1 + n):
                    f[mono.product[a, p]] += tilt * alpha[p] * own[a]
    steps = 32 + 2 * (degree + 3) * (n + 8) + 2 * features + 4 * units + 12 * n + examples * len(r)
    model.error[0] = 4.0 * UNIT * steps * squares + SMALLEST


@compiled
def remainder(mono: Monomials, model: Model) -> float:
    """A lower bound of the terms of degree three and more on [−1, 1]^n, and of all errors."""
    total, size = 0.0, 0.0
    for m in range(mono.first[3], len(model.f)):
        c = model.f[m]
        even = True
        for p in range(mono.exponents.shape[1]):
            even = even and mono.exponents[m, p] % 2 == 0
        if c < 0.0 or not even:
            total -= abs(c)
        size += abs(c)
    error: float = model.error[0]
    return total - error - 2.0 * UNIT * len(model.f) * size


@compiled
def halved(mono: Monomials, model: Model, p: int) -> float:
    """How much smaller the sum of the terms of degree three and more is on a half in y_p."""
    total = 0.0
    for m in range(mono.first[3], len(model.f)):
        total += abs(model.f[m]) * (1.0 - 0.5 ** mono.exponents[m, p])
    return total


@compiled
def quadratic(
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
