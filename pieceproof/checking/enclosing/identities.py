"""Linear identities between polynomials in (α, x), by elimination over Q.

For rows of polynomials t and r_1, …, r_n, all factors m of small degree are found with

    m·t = Σ_j A_j·r_j,   the A_j of small degree.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

from flint import fmpq, fmpq_mat, fmpq_mpoly

Row = tuple[fmpq_mpoly, ...]

ALPHA_DEGREE, FACTOR_DEGREE = 2, 1
"""Degrees of m and A_j in α, and of m in x, that are tried."""
ROWS = 400
"""Rows of a matrix at most."""


def factors_of(
    target: Row, rest: Sequence[tuple[Row, int]], free: Sequence[int]
) -> tuple[fmpq_mpoly, ...]:
    """A basis of all m; every row of ``rest`` with the degree of its A_j in the variables ``free``.

    None are found if there would be too many rows to eliminate.
    """
    context = target[0].context()
    if all(p.is_zero() for p in target):
        return (context.constant(1),)
    multiples = _monomials(context.gens(), free, FACTOR_DEGREE)
    rows = [tuple(p * m for p in target) for m in multiples]
    for row, degree in rest:
        rows += [tuple(p * m for p in row) for m in _monomials(context.gens(), free, degree)]
    if len(rows) > ROWS:
        return ()
    # Rows that elimination makes 0 are identities; the columns behind say of how much of each m.
    values = _coefficients(rows)
    width, count = len(values[0]), len(multiples)
    marked = [[*row, *(fmpq(int(i == j)) for j in range(count))] for i, row in enumerate(values)]
    reduced, rank = fmpq_mat(marked).rref()
    zero = context.constant(0)
    return tuple(
        sum((reduced[i, width + j] * m for j, m in enumerate(multiples)), zero)
        for i in range(rank)
        if all(reduced[i, j] == 0 for j in range(width))
    )


def rank_of(polynomials: Sequence[fmpq_mpoly]) -> int:
    """The dimension of the space that the polynomials span over Q."""
    values = _coefficients([(p,) for p in polynomials])
    if not values or not values[0]:
        return 0
    rank: int = fmpq_mat(values).rank()
    return rank


def _monomials(
    generators: Sequence[fmpq_mpoly], free: Sequence[int], degree: int
) -> list[fmpq_mpoly]:
    """Up to a degree in some variables, times powers of α, which is the first generator."""
    powers = [generators[0] ** k for k in range(ALPHA_DEGREE + 1)]
    found = []
    for size in range(degree + 1):
        for chosen in combinations_with_replacement(free, size):
            for power in powers:
                for i in chosen:
                    power = power * generators[i]
                found.append(power)
    return found


def _coefficients(rows: Sequence[Row]) -> list[list[fmpq]]:
    """One column for each place and monomial that occurs."""
    terms = [
        {
            (k, *map(int, monomial)): value
            for k, p in enumerate(row)
            for monomial, value in p.terms()
        }
        for row in rows
    ]
    columns, zero = sorted({column for row in terms for column in row}), fmpq(0)
    return [[row.get(column, zero) for column in columns] for row in terms]
