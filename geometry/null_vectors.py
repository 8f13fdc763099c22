"""Null vectors: of rational matrices, and of matrices of polynomials by elimination without
fractions [Bareiss 1968]."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq, fmpq_mat, fmpz_poly

Entries = Sequence[fmpz_poly]


def rational_null_vector(rows: Sequence[Sequence[int | fmpq]]) -> list[fmpq]:
    """v ∈ Q^n, v ≠ 0, with M·v = 0, for at least one row and a rank below n."""
    reduced, rank = fmpq_mat([list(row) for row in rows]).rref()
    n = len(rows[0])
    pivots = [next(c for c in range(n) if reduced[r, c]) for r in range(rank)]
    free = next(c for c in range(n) if c not in pivots)
    vector = [fmpq(0)] * n
    vector[free] = fmpq(1)
    for r, pivot in enumerate(pivots):
        vector[pivot] = -reduced[r, free]
    return vector


def null_vector(rows: Sequence[Entries]) -> list[fmpz_poly] | None:
    """v ∈ Z[α]^n without a common factor and with M·v = 0, if M has rank n − 1 over Q(α).

    None for another rank. The sign is arbitrary.
    """
    matrix = [list(row) for row in rows]
    width = len(matrix[0])
    columns: list[int] = []
    previous = fmpz_poly([1])
    for column in range(width):
        rank = len(columns)
        pivots = [i for i in range(rank, len(matrix)) if matrix[i][column]]
        if not pivots:
            continue
        if rank == width - 1:
            return None
        chosen = min(pivots, key=lambda i: matrix[i][column].degree())
        matrix[rank], matrix[chosen] = matrix[chosen], matrix[rank]
        top = matrix[rank]
        pivot = top[column]
        for i, other in enumerate(matrix):  # above as well: the pivots all become the last one
            if i != rank:
                factor = other[column]
                matrix[i] = [
                    (pivot * a - factor * b) // previous for a, b in zip(other, top, strict=True)
                ]
        previous = pivot
        columns.append(column)
    if len(columns) != width - 1:
        return None
    free = next(c for c in range(width) if c not in columns)
    vector = [fmpz_poly()] * width
    vector[free] = -previous
    for i, column in enumerate(columns):
        vector[column] = matrix[i][free]
    return primitive_vector(vector)


def primitive_vector(vector: Sequence[fmpz_poly]) -> list[fmpz_poly]:
    """The vector without the common factor of its entries."""
    common = fmpz_poly()
    for entry in vector:
        common = common.gcd(entry)
    return [entry // common for entry in vector]
