"""The stationary point of a convex quadratic on a face, over Q(α), by its value and multipliers.

Let f = (w, 1)ᵀG(α)(w, 1) be a sum of squares, A_S w = b_S the active constraints (rows
independent) and B = [Z | U | p] with A_S Z = 0, A_S U = I, A_S p = b_S. In w = Zy + Uu + p
the equality-constrained minimum has u = 0 and y stationary, so with BᵀGB after
elimination of the Z block (Schur complement):

    v_S = entry (p, p),   λ_j/2 = entry (u_j, p),   since λ_j = ∂v_S/∂b_j.

Bareiss' fraction-free elimination with diagonal pivots keeps the entries polynomial; the
last pivot is a principal minor of a positive semidefinite matrix, hence >= 0. A zero
diagonal entry of such a matrix has a zero row: a flat direction, left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import lcm

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat, fmpz_poly

from pieceproof.checking.constraints import Row
from pieceproof.checking.objectives import Gram
from pieceproof.checking.reading import Refuted


@dataclass(frozen=True)
class Stationary:
    """v_S = value/divisor and λ_S = positive multiples of multipliers/divisor, divisor >= 0."""

    value: fmpz_poly
    divisor: fmpz_poly
    multipliers: tuple[fmpz_poly, ...]


@dataclass(frozen=True)
class _Basis:
    """Integer columns [Z | U | p] in the coordinates (w, 1), each scaled by a positive integer."""

    columns: fmpz_mat
    transposed: fmpz_mat
    free: int
    point_scale: int


@lru_cache(maxsize=4096)
def _basis(rows: tuple[Row, ...], width: int) -> _Basis | None:
    """The basis for rows (a, b) of ``width`` parameters; None if the normals are dependent."""
    count = len(rows)
    system = fmpq_mat(count, width + 1 + count)
    for index, row in enumerate(rows):
        for position, value in row:
            system[index, position] = fmpq(value)
        system[index, width + 1 + index] = fmpq(1)
    reduced, _ = system.rref() if count else (system, 0)
    pivots: list[int] = []
    for index in range(count):
        pivot = next(column for column in range(system.ncols()) if reduced[index, column])
        if pivot >= width:
            return None
        pivots.append(pivot)
    free = [column for column in range(width) if column not in pivots]
    columns: list[list[fmpq]] = []
    for column, unit in (
        *((axis, axis) for axis in free),
        *((width + 1 + index, None) for index in range(count)),
        (width, width),
    ):
        vector = [fmpq(0)] * (width + 1)
        for index, pivot in enumerate(pivots):
            entry = reduced[index, column]
            vector[pivot] = -entry if column < width else entry
        if unit is not None:
            vector[unit] = fmpq(1)
        columns.append(vector)
    scales = [lcm(*(int(value.q) for value in vector)) for vector in columns]
    entries = [
        (value * scale).p for vector, scale in zip(columns, scales, strict=True) for value in vector
    ]
    transposed = fmpz_mat(width + 1, width + 1, entries)
    return _Basis(transposed.transpose(), transposed, len(free), scales[-1])


def stationary(gram: Gram, scale: fmpz, rows: Sequence[Row]) -> Stationary:
    """Value and multipliers of the stationary point of gram/scale on {a·w = b : rows}.

    Raises:
        Refuted: the active constraints are dependent, or no stationary point exists.
    """
    width = gram[0].ncols() - 1
    basis = _basis(tuple(rows), width)
    if basis is None:
        raise Refuted("the active constraints are linearly dependent")
    adapted = [(basis.transposed * part * basis.columns).tolist() for part in gram]
    free = basis.free
    matrix = [
        [fmpz_poly([part[row][column] for part in adapted]) for column in (*range(free), width)]
        for row in range(width + 1)
    ]
    divisor = _eliminate(matrix, free)
    multipliers = tuple(matrix[row][free] for row in range(free, width))
    return Stationary(matrix[width][free], divisor * (basis.point_scale**2 * scale), multipliers)


def _eliminate(matrix: list[list[fmpz_poly]], free: int) -> fmpz_poly:
    """Bareiss elimination of the first ``free`` columns in place; the last pivot."""
    previous = fmpz_poly([1])
    left = list(range(free))
    below = range(free, len(matrix))
    while True:
        pivot = min(
            (index for index in left if matrix[index][index]),
            key=lambda index: matrix[index][index].degree(),
            default=None,
        )
        if pivot is None:
            break
        left.remove(pivot)
        top = matrix[pivot]
        head = top[pivot]
        for row in (*left, *below):
            entries = matrix[row]
            factor = entries[pivot]
            for column in (*left, free):
                if column < row < free:
                    entries[column] = matrix[column][row]
                else:
                    entries[column] = (head * entries[column] - factor * top[column]) / previous
        previous = head
    if any(matrix[row][column] for row in left for column in (*left, free)):
        raise Refuted("the stationarity equations have no solution")
    return previous
