"""f and its derivatives at points, and Newton's method on a stratum, as machine code.

Forward differentiation, unit by unit and example by example: on a handful of examples the
calls of an array library cost a hundred times what they compute. Floating point only proposes
here, so nothing is rounded outwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])

MOST_STEPS = 40


class Net(NamedTuple):
    """A network: T examples, U hidden units, K breakpoints, degree D of σ_α, d parameters.

    Attributes:
        x: (T, F) inputs.
        y: (T,) targets.
        points: (K,) breakpoints.
        pieces: (2, K + 1, D + 1) coefficients of σ_0 and σ_1 − σ_0, constant term first.
        widths: widths of the hidden layers.
        outputs: output weights; empty where they are trainable.
        offset: output bias.
        has_bias: whether units have biases.
        has_offset: whether the output bias is trainable.
        scale: factor of the sum of squares.
        decay: weight decay.
        squares, tilts: (d,) the factors of α·w_i² and of α·w_i in the penalty.
        reached: (U, T, 2) the first and the last piece of σ_α that W has use for.
    """

    x: Array
    y: Array
    points: Array
    pieces: Array
    widths: Integers
    outputs: Array
    offset: float
    has_bias: bool
    has_offset: bool
    scale: float
    decay: float
    squares: Array
    tilts: Array
    reached: Integers


def compiled(function: F) -> F:
    """``function`` as machine code, kept on disk where there is a place for it."""
    njit: Any = numba.njit
    try:
        return cast(F, njit(cache=True)(function))
    except RuntimeError:  # neither beside the sources nor in the user's cache
        return cast(F, njit(function))


@compiled
def values(net: Net, alpha: float, points: Array) -> Array:
    """f at many points (B, d)."""
    found = np.empty(len(points))
    pieces = np.empty(int(net.widths.sum()), dtype=np.int64)
    room = _room(net)
    for b in range(len(points)):
        total = 0.0
        for t in range(len(net.y)):
            r = _residual(net, alpha, points[b], t, room, pieces)
            total += r * r
        w = points[b]
        penalty = np.sum((net.decay + alpha * net.squares) * w**2 + alpha * net.tilts * w)
        found[b] = net.scale * total + penalty
    return found


@compiled
def pattern_of(net: Net, alpha: float, w: Array) -> Integers:
    """The pattern (U, T) at a point."""
    units, examples = int(net.widths.sum()), len(net.y)
    found = np.empty((units, examples), dtype=np.int64)
    pieces, room = np.empty(units, dtype=np.int64), _room(net)
    for t in range(examples):
        _residual(net, alpha, w, t, room, pieces)
        found[:, t] = pieces
    return found


@compiled
def _room(net: Net) -> Array:
    """Room for the outputs of two layers."""
    return np.empty((2, max(net.x.shape[1], net.widths.max())))


@compiled
def _residual(net: Net, alpha: float, w: Array, t: int, room: Array, pieces: Integers) -> float:
    """ŷ_t − y_t; the piece of σ_α that every unit is on is written into ``pieces`` (U,)."""
    sources, following = room[0], room[1]
    count, at, first = net.x.shape[1], 0, 0
    sources[:count] = net.x[t]
    for width in net.widths:
        for unit in range(width):
            z = 0.0
            for i in range(count):
                z += w[at + i] * sources[i]
            at += count
            if net.has_bias:
                z += w[at]
                at += 1
            piece = np.searchsorted(net.points, z, side="right")
            used = net.reached[first + unit, t]
            piece = min(max(piece, used[0]), used[1])
            pieces[first + unit] = piece
            a = 0.0
            for k in range(net.pieces.shape[2] - 1, -1, -1):
                a = a * z + (net.pieces[0, piece, k] + alpha * net.pieces[1, piece, k])
            following[unit] = a
        first += width
        count = width
        sources[:count] = following[:count]
    r = net.offset - net.y[t]
    for i in range(count):
        r += sources[i] * (net.outputs[i] if len(net.outputs) else w[at + i])
    if net.has_offset:
        r += w[-1]
    return float(r)


@compiled
def local(
    net: Net, alpha: float, w: Array, pattern: Integers
) -> tuple[float, Array, Array, Array, Array, Array]:
    """f, ∇f, ∇²f in (α, w), and z, ∇z, ∇²z of all units and examples, along a pattern."""
    units, examples, n = int(net.widths.sum()), len(net.y), 1 + len(w)
    z, dz = np.zeros((units, examples)), np.zeros((units, examples, n))
    ddz = np.zeros((units, examples, n, n))
    a, da = np.zeros(units), np.zeros((units, n))
    dda = np.zeros((units, n, n))
    value, gradient, hessian = 0.0, np.zeros(n), np.zeros((n, n))
    dr, ddr = np.zeros(n), np.zeros((n, n))
    for t in range(examples):
        at, first, below, count = 0, 0, 0, net.x.shape[1]
        for depth, width in enumerate(net.widths):
            for unit in range(first, first + width):
                if depth == 0:
                    total = 0.0
                    for i in range(count):
                        total += w[at + i] * net.x[t, i]
                        dz[unit, t, 1 + at + i] = net.x[t, i]
                    z[unit, t] = total
                else:
                    z[unit, t] = _sum(w, at, a, da, dda, below, count, dz[unit, t], ddz[unit, t])
                at += count
                if net.has_bias:
                    z[unit, t] += w[at]
                    dz[unit, t, 1 + at] += 1.0
                    at += 1
                a[unit] = _activate(
                    net, alpha, pattern[unit, t], z[unit, t], dz[unit, t], ddz[unit, t],
                    da[unit], dda[unit],
                )  # fmt: skip
            below, first, count = first, first + width, width
        dr[:] = 0.0
        ddr[:] = 0.0
        if len(net.outputs):
            r = 0.0
            for i in range(count):
                r += net.outputs[i] * a[below + i]
                dr += net.outputs[i] * da[below + i]
                ddr += net.outputs[i] * dda[below + i]
        else:
            r = _sum(w, at, a, da, dda, below, count, dr, ddr)
        r += net.offset - net.y[t]
        if net.has_offset:
            r += w[-1]
            dr[-1] += 1.0
        value += r * r
        gradient += 2 * r * dr
        for i in range(n):
            for j in range(n):
                hessian[i, j] += 2 * (dr[i] * dr[j] + r * ddr[i, j])
    value, gradient, hessian = net.scale * value, net.scale * gradient, net.scale * hessian
    for i in range(len(w)):
        decay = net.decay + alpha * net.squares[i]
        value += decay * w[i] * w[i] + alpha * net.tilts[i] * w[i]
        gradient[0] += net.squares[i] * w[i] * w[i] + net.tilts[i] * w[i]
        gradient[1 + i] += 2 * decay * w[i] + alpha * net.tilts[i]
        hessian[1 + i, 1 + i] += 2 * decay
        hessian[0, 1 + i] += 2 * net.squares[i] * w[i] + net.tilts[i]
        hessian[1 + i, 0] += 2 * net.squares[i] * w[i] + net.tilts[i]
    return value, gradient, hessian, z, dz, ddz


@compiled
def _sum(
    w: Array,
    at: int,
    a: Array,
    da: Array,
    dda: Array,
    below: int,
    count: int,
    gradient: Array,
    hessian: Array,
) -> float:
    """Σ w_i·a_i over the units below, its derivatives written into cleared arrays."""
    total = 0.0
    for i in range(count):
        weight, unit, column = w[at + i], below + i, 1 + at + i
        total += weight * a[unit]
        gradient += weight * da[unit]
        hessian += weight * dda[unit]
        gradient[column] += a[unit]
        hessian[column, :] += da[unit]
        hessian[:, column] += da[unit]
    return total


@compiled
def _activate(
    net: Net,
    alpha: float,
    piece: int,
    z: float,
    dz: Array,
    ddz: Array,
    gradient: Array,
    hessian: Array,
) -> float:
    """σ_α(z), its derivatives written into arrays."""
    value, slope, bend, tilt, turn = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(net.pieces.shape[2] - 1, -1, -1):
        step = net.pieces[1, piece, k]
        bend = bend * z + 2 * slope
        slope = slope * z + value
        value = value * z + net.pieces[0, piece, k] + alpha * step
        turn = turn * z + tilt
        tilt = tilt * z + step
    n = len(dz)
    for i in range(n):
        gradient[i] = slope * dz[i]
        for j in range(n):
            hessian[i, j] = slope * ddz[i, j] + bend * dz[i] * dz[j]
    gradient[0] += tilt
    for i in range(n):
        hessian[0, i] += turn * dz[i]
        hessian[i, 0] += turn * dz[i]
    return value


@compiled
def newton(
    net: Net,
    alpha: float,
    start: Array,
    pattern: Integers,
    free: Integers,
    active: Integers,
    multipliers: Array,
) -> tuple[bool, Array, Array]:
    """Newton's method for ∂f/∂w = Σ λ_j ∂z_j/∂w on ``free``, z_j = β_j, from (w, λ).

    ``active`` lists (unit, example, breakpoint). False where it does not converge.
    """
    point, factors = start.copy(), multipliers.copy()
    m, s = len(free), len(active)
    matrix, right = np.zeros((m + s, m + s)), np.zeros(m + s)
    last = np.inf
    for _ in range(MOST_STEPS):
        _, gradient, hessian, z, dz, ddz = local(net, alpha, point, pattern)
        matrix[:] = 0.0
        for i in range(m):
            p = 1 + free[i]
            right[i] = -gradient[p]
            for j in range(m):
                matrix[i, j] = hessian[p, 1 + free[j]]
            for c in range(s):
                unit, t = active[c, 0], active[c, 1]
                right[i] += factors[c] * dz[unit, t, p]
                for j in range(m):
                    matrix[i, j] -= factors[c] * ddz[unit, t, p, 1 + free[j]]
                matrix[i, m + c] = -dz[unit, t, p]
                matrix[m + c, i] = dz[unit, t, p]
        for c in range(s):
            unit, t, k = active[c]
            right[m + c] = net.points[k] - z[unit, t]
        if not solved(matrix, right):
            return False, point, factors
        size, reach = 0.0, 0.0
        for i in range(m):
            point[free[i]] += right[i]
            size = max(size, abs(right[i]) / max(1.0, abs(point[free[i]])))
            reach = max(reach, abs(point[free[i]]))
        for c in range(s):
            factors[c] += right[m + c]
        if size < 1e-13 or (size < 1e-9 and size >= last):
            return True, point, factors
        if not reach <= 1e9:
            return False, point, factors
        last = size
    return False, point, factors


@compiled
def solved(matrix: Array, right: Array) -> bool:
    """Whether there is a solution, which ``right`` becomes; elimination with pivots, in place."""
    n = len(right)
    for c in range(n):
        pivot = c
        for i in range(c + 1, n):
            if abs(matrix[i, c]) > abs(matrix[pivot, c]):
                pivot = i
        if not abs(matrix[pivot, c]) > 0:
            return False
        if pivot != c:
            for j in range(c, n):
                matrix[c, j], matrix[pivot, j] = matrix[pivot, j], matrix[c, j]
            right[c], right[pivot] = right[pivot], right[c]
        for i in range(c + 1, n):
            factor = matrix[i, c] / matrix[c, c]
            if factor:
                for j in range(c + 1, n):
                    matrix[i, j] -= factor * matrix[c, j]
                right[i] -= factor * right[c]
    for c in range(n - 1, -1, -1):
        for j in range(c + 1, n):
            right[c] -= matrix[c, j] * right[j]
        right[c] /= matrix[c, c]
    return bool(np.all(np.isfinite(right)))
