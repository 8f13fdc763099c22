"""Linear systems over Z[α], solved without fractions [Bareiss 1968].

A solution is (N, D) with matrix·N = D·right. The matrices of stationarity systems have a
determinant of one weak sign for all real α, so D ≥ 0 and the numerators carry all signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from flint import fmpq_mat, fmpz_mat, fmpz_poly


class SingularSystem(ArithmeticError):
    """The active set has dependent rows or a singular reduced Hessian over Q(α)."""


def sum_of_products(left: Sequence[fmpz_poly], right: Sequence[fmpz_poly]) -> fmpz_poly:
    """Σ_i left_i·right_i."""
    return sum([p * q for p, q in zip(left, right, strict=True) if p], fmpz_poly([]))


def solve_definite(
    matrix: list[list[fmpz_poly]], right: list[fmpz_poly]
) -> tuple[list[fmpz_poly], fmpz_poly]:
    """(N, D) with matrix·N = D·right and D = det(matrix), for a symmetric matrix over Z[α]
    that is positive definite for generic α (so every leading minor is a usable pivot).

    Raises:
        SingularSystem: the matrix is singular over Q(α).
    """
    size = len(right)
    rows = [[*matrix[i][i:], right[i]] for i in range(size)]  # upper triangle and right side
    previous = fmpz_poly([1])
    for k in range(size):
        pivot_row = rows[k]
        pivot = pivot_row[0]
        if not pivot:
            raise SingularSystem("the reduced Hessian is singular")
        for i in range(k + 1, size):
            factor = pivot_row[i - k]
            rows[i] = [
                (pivot * entry - factor * above) // previous
                for entry, above in zip(rows[i], pivot_row[i - k :], strict=True)
            ]
        previous = pivot
    determinant = rows[-1][0] if rows else fmpz_poly([1])
    numerators = [fmpz_poly([])] * size
    for i in reversed(range(size)):
        known = sum_of_products(rows[i][1:-1], numerators[i + 1 :])
        numerators[i] = (determinant * rows[i][-1] - known) // rows[i][0]
    return numerators, determinant


def solve_system(
    matrix: list[list[fmpz_poly]], right: list[fmpz_poly]
) -> tuple[list[fmpz_poly], fmpz_poly]:
    """(N, D) with matrix·N = D·right and D ≥ 0 for real α, where det(matrix) has one weak sign.

    Raises:
        SingularSystem: the matrix is singular over Q(α).
    """
    if all(entry.degree() <= 0 for row in matrix for entry in row):
        numerators, determinant = _solve_constant(matrix, right)
    else:
        numerators, determinant = _eliminate(matrix, right)
    content = gcd(*(int(c) for p in (*numerators, determinant) for c in p.coeffs()))
    if _is_negative(determinant):
        content = -content
    return [p // content for p in numerators], determinant // content


def determinant_sign(matrix: list[list[fmpz_poly]]) -> fmpz_poly:
    """A polynomial with the sign of det(matrix) for real α, where that has one weak sign ≥ 0."""
    try:
        return solve_system(matrix, [fmpz_poly([])] * len(matrix))[1]
    except SingularSystem:
        return fmpz_poly([])


def _is_negative(p: fmpz_poly) -> bool:
    at = 0
    while p(at) == 0:
        at += 1
    return bool(p(at) < 0)


def _solve_constant(
    matrix: list[list[fmpz_poly]], right: list[fmpz_poly]
) -> tuple[list[fmpz_poly], fmpz_poly]:
    """The solution for a matrix of numbers: one right-hand side per power of α."""
    size, powers = len(right), max([p.degree() + 1 for p in right], default=0)
    if not size or not powers:
        if size and fmpz_mat([[entry[0] for entry in row] for row in matrix]).rank() < size:
            raise SingularSystem("the stationarity equations are singular")
        return [fmpz_poly([])] * size, fmpz_poly([1])
    columns = fmpq_mat([[p[k] for k in range(powers)] for p in right])
    try:
        solution = fmpq_mat([[entry[0] for entry in row] for row in matrix]).solve(columns)
    except ZeroDivisionError:
        raise SingularSystem("the stationarity equations are singular") from None
    numerators, denominator = solution.numer_denom()
    return [fmpz_poly(row) for row in numerators.tolist()], fmpz_poly([denominator])


def _eliminate(
    matrix: list[list[fmpz_poly]], right: list[fmpz_poly]
) -> tuple[list[fmpz_poly], fmpz_poly]:
    """Bareiss elimination [1968] with the pivot of least degree in every column."""
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    size, previous = len(rows), fmpz_poly([1])
    for k in range(size):
        candidates = [i for i in range(k, size) if rows[i][k]]
        if not candidates:
            raise SingularSystem("the stationarity equations are singular")
        best = min(candidates, key=lambda i: (rows[i][k].degree(), i))
        rows[k], rows[best] = rows[best], rows[k]
        top, pivot = rows[k], rows[k][k]
        for i in range(k + 1, size):
            row, factor = rows[i], rows[i][k]
            rows[i] = row[: k + 1] + [
                (pivot * row[j] - factor * top[j]) // previous for j in range(k + 1, size + 1)
            ]
        previous = pivot
    numerators = [fmpz_poly([])] * size
    for i in reversed(range(size)):
        known = sum_of_products(rows[i][i + 1 : size], numerators[i + 1 :])
        numerators[i] = (previous * rows[i][size] - known) // rows[i][i]
    return numerators, previous
