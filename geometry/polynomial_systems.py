"""Linear systems over Z[α], solved without fractions [Bareiss 1968].

A solution is (N, D) with matrix·N = D·right. The matrices of stationarity systems have a
determinant of one weak sign wherever the objective is convex, all α ≥ 0 among them, so D ≥ 0
there and the numerators carry all signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, lcm

from flint import fmpq, fmpq_mat, fmpz_mat, fmpz_poly

Polynomials = tuple[fmpz_poly, ...]


class SingularSystem(ArithmeticError):
    """The active set has dependent rows or a singular reduced Hessian over Q(α)."""


def inner_product(integers: Sequence[int], polynomials: Sequence[fmpz_poly]) -> fmpz_poly:
    """Σ_i integers_i·polynomials_i."""
    return sum([a * p for a, p in zip(integers, polynomials, strict=True) if a], fmpz_poly([]))


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
    """(N, D) with matrix·N = D·right and D ≥ 0 wherever det(matrix) has one weak sign, which
    includes all α ≥ 0.

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


def solve_state(
    hessian: Sequence[Sequence[fmpz_poly]],
    linear: Sequence[fmpz_poly],
    rows: Sequence[Sequence[fmpz_poly]],
    levels: Sequence[fmpz_poly],
) -> tuple[Polynomials, fmpz_poly, list[fmpz_poly], int]:
    """(W, D, M, c) with 2H·W/D − G = Bᵀ·M/(cD), B·W/D = levels; D ≥ 0 for real α, c > 0.

    Rows with a single constant entry and a constant level pin a parameter and leave the system.

    Raises:
        SingularSystem: no unique solution over Q(α).
    """
    n = len(linear)
    pins: dict[int, int] = {}
    for r, (row, level) in enumerate(zip(rows, levels, strict=True)):
        support = [i for i in range(n) if row[i]]
        if len(support) == 1 and row[support[0]].degree() == 0 and level.degree() <= 0:
            if support[0] in pins:
                raise SingularSystem("two rows pin the same parameter")
            pins[support[0]] = r
    values = {i: fmpq(levels[r][0]) / rows[r][i][0] for i, r in pins.items()}
    scale = lcm(1, *(int(value.q) for value in values.values()))
    fixed = [int(values[i] * scale) if i in values else 0 for i in range(n)]
    free = [i for i in range(n) if i not in pins]
    coupled = [r for r in range(len(rows)) if r not in pins.values()]
    matrix = [[*(2 * hessian[i][j] for j in free), *(-rows[r][i] for r in coupled)] for i in free]
    zero = fmpz_poly([])
    matrix += [[*(rows[r][i] for i in free), *([zero] * len(coupled))] for r in coupled]
    right = [scale * linear[i] - 2 * inner_product(fixed, hessian[i]) for i in free]
    right += [scale * levels[r] - inner_product(fixed, rows[r]) for r in coupled]
    solution, determinant = solve_system(matrix, right)
    denominator = scale * determinant
    point = [fixed[i] * determinant for i in range(n)]
    for i, value in zip(free, solution, strict=False):
        point[i] = value
    factor = lcm(1, *(abs(int(rows[r][i][0])) for i, r in pins.items()))
    multipliers = [zero] * len(rows)
    for r, value in zip(coupled, solution[len(free) :], strict=True):
        multipliers[r] = factor * value
    for i, r in pins.items():
        held = sum_of_products([rows[c][i] for c in coupled], solution[len(free) :])
        force = 2 * sum_of_products(hessian[i], point) - linear[i] * denominator - held
        multipliers[r] = force * (factor // int(rows[r][i][0]))
    return tuple(point), denominator, multipliers, factor
