"""Small matrices: floating point inverses, products of enclosures, definiteness.

An interval matrix is (2, rows, columns), lower bounds first; a matrix of doubles is exact.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.arithmetic import UNIT, down, plus, scaled, up
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.ranges import Array

SWEEPS = 6
"""Rounds of rotations: more than enough for matrices of this size."""


@compiled
def inverse(a: Array) -> tuple[bool, Array]:
    """A⁻¹ in floating point by Gauss–Jordan with pivots; False where A is singular."""
    size = a.shape[0]
    rest, found = a.copy(), np.eye(size)
    for k in range(size):
        pivot = k
        for i in range(k + 1, size):
            if abs(rest[i, k]) > abs(rest[pivot, k]):
                pivot = i
        if not abs(rest[pivot, k]) > 0.0:
            return False, found
        if pivot != k:
            for j in range(size):
                rest[k, j], rest[pivot, j] = rest[pivot, j], rest[k, j]
                found[k, j], found[pivot, j] = found[pivot, j], found[k, j]
        factor = 1.0 / rest[k, k]
        for j in range(size):
            rest[k, j] *= factor
            found[k, j] *= factor
        for i in range(size):
            if i == k or rest[i, k] == 0.0:
                continue
            factor = rest[i, k]
            for j in range(size):
                rest[i, j] -= factor * rest[k, j]
                found[i, j] -= factor * found[k, j]
    for i in range(size):
        for j in range(size):
            if not np.isfinite(found[i, j]):
                return False, found
    return True, found


@compiled
def diagonalised(a: Array, values: Array, vectors: Array) -> None:
    """Eigenvalues and eigenvectors (columns) of a symmetric matrix, which is used up (Jacobi)."""
    size = a.shape[0]
    for i in range(size):
        for j in range(size):
            vectors[i, j] = 1.0 if i == j else 0.0
    for _ in range(SWEEPS):
        for p in range(size):
            for q in range(p + 1, size):
                if a[p, q] == 0.0:
                    continue
                theta = 0.5 * (a[q, q] - a[p, p]) / a[p, q]
                t = 1.0 / (abs(theta) + np.sqrt(theta * theta + 1.0))
                if theta < 0.0:
                    t = -t
                c = 1.0 / np.sqrt(t * t + 1.0)
                s = t * c
                for k in range(size):
                    x, y = a[k, p], a[k, q]
                    a[k, p], a[k, q] = c * x - s * y, s * x + c * y
                for k in range(size):
                    x, y = a[p, k], a[q, k]
                    a[p, k], a[q, k] = c * x - s * y, s * x + c * y
                    x, y = vectors[k, p], vectors[k, q]
                    vectors[k, p], vectors[k, q] = c * x - s * y, s * x + c * y
    for i in range(size):
        values[i] = a[i, i]


@compiled
def from_left(y: Array, x: Array, found: Array) -> None:
    """Y·x for doubles Y and an interval vector x (2, N)."""
    for i in range(y.shape[0]):
        low = high = 0.0
        for k in range(y.shape[1]):
            a, b = scaled(x[0, k], x[1, k], y[i, k])
            low, high = plus(low, high, a, b)
        found[0, i], found[1, i] = low, high


@compiled
def from_left_all(y: Array, x: Array, found: Array) -> None:
    """Y·X for doubles Y and an interval matrix X."""
    for i in range(y.shape[0]):
        for j in range(x.shape[2]):
            low = high = low_error = high_error = 0.0
            for k in range(y.shape[1]):
                a, b = scaled(x[0, k, j], x[1, k, j], y[i, k])
                low, high = low + a, high + b
                low_error, high_error = low_error + abs(low), high_error + abs(high)
            found[0, i, j] = down(low - UNIT * low_error)
            found[1, i, j] = up(high + UNIT * high_error)


@compiled
def definite(matrix: Array) -> bool:
    """Whether every symmetric matrix in the range is positive definite.

    RᵀHR is diagonally dominant with a positive diagonal, R⁻¹ being a Cholesky factor of the
    middle: then RᵀHR and H are positive definite, R being regular (triangular).
    """
    size = matrix.shape[1]
    r = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1):
            total = 0.5 * (matrix[0, i, j] + matrix[1, i, j])
            for k in range(j):
                total -= r[i, k] * r[j, k]
            if i == j:
                if not total > 0.0:
                    return False
                r[i, i] = np.sqrt(total)
            else:
                r[i, j] = total / r[j, j]
    # The rows of L⁻¹ are the columns of R.
    rows = np.zeros((size, size))
    for j in range(size):
        rows[j, j] = 1.0 / r[j, j]
        for i in range(j + 1, size):
            total = 0.0
            for k in range(j, i):
                total -= r[i, k] * rows[k, j]
            rows[i, j] = total / r[i, i]
    for i in range(size):
        for j in range(size):
            if not abs(rows[i, j]) < 1e50 or not rows[i, i] > 0.0:
                return False
            if not -1e200 < matrix[0, i, j] <= matrix[1, i, j] < 1e200:
                return False
    half, whole = np.empty((2, size, size)), np.empty((2, size, size))
    turned = np.empty((2, size, size))
    from_left_all(rows, matrix, half)
    for i in range(size):
        for j in range(size):
            turned[0, i, j], turned[1, i, j] = half[0, j, i], half[1, j, i]
    from_left_all(rows, turned, whole)
    for i in range(size):
        off = 0.0
        for j in range(size):
            if j != i:
                off = up(off + max(abs(whole[0, i, j]), abs(whole[1, i, j])))
        if not whole[0, i, i] > off:
            return False
    return True
