"""Linear systems over Q(α): their ranks, proved by finitely many values of α.

The rank over Q(α) is the largest rank at a single α: at every α it is at most the generic
one, and a minor that vanishes at more values of α than its degree is zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpz, fmpz_mat, fmpz_poly

from geometry.engines import PolynomialSystem


@dataclass(frozen=True)
class LinearRank:
    """A(α)x = b(α) in ``unknowns`` unknowns: the ranks of A and of (A|b) over Q(α)."""

    unknowns: int
    rank: int
    augmented: int

    @property
    def is_consistent(self) -> bool:
        """Whether there is a solution over Q(α)."""
        return self.rank == self.augmented

    def __str__(self) -> str:
        size = f"linear system of rank {self.rank} in {self.unknowns} unknowns"
        return size if self.is_consistent else f"{size}, inconsistent"


def is_linear(system: PolynomialSystem) -> bool:
    """Whether every equation has degree at most 1 in the variables."""
    return all(sum(monomial) <= 1 for support in system.supports() for monomial in support)


def linear_rank(system: PolynomialSystem) -> LinearRank | None:
    """The ranks of a system that is linear in its variables; None for any other."""
    if not is_linear(system):
        return None
    n = len(system.variables)
    rows = [coefficients(equation.to_dict(), n) for equation in system.equations]
    return LinearRank(n, rank_over_parameter([row[:n] for row in rows]), rank_over_parameter(rows))


def rank_over_parameter(rows: Sequence[Sequence[fmpz_poly]]) -> int:
    """The rank over Q(α) of a matrix with entries in Z[α]."""
    if not rows or not rows[0]:
        return 0
    full = min(len(rows), len(rows[0]))
    # The degree of a minor is at most the sum of the largest degrees of as many rows.
    degrees = sorted((max(0, *(p.degree() for p in row)) for row in rows), reverse=True)
    best = 0
    for alpha in range(1, 2 + sum(degrees[:full])):
        best = max(best, fmpz_mat([[p(alpha) for p in row] for row in rows]).rank())
        if best == full:
            break
    return best


def cramer(system: PolynomialSystem) -> tuple[list[fmpz_poly], fmpz_poly] | None:
    """(N, D) with x = N/D the solution over Q(α) of a square linear system and D = ± det A.

    None where det A = 0 identically. Elimination without fractions [Bareiss 1968].
    """
    n = len(system.variables)
    rows = [coefficients(equation.to_dict(), n) for equation in system.equations]
    previous = fmpz_poly([1])
    for k in range(n):
        pivot = next((i for i in range(k, n) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in (i for i in range(n) if i != k):
            factor = rows[i][k]
            rows[i] = [
                (rows[k][k] * entry - factor * above) // previous
                for entry, above in zip(rows[i], rows[k], strict=True)
            ]
        previous = rows[k][k]
    return [-row[n] for row in rows], previous


def coefficients(terms: dict[tuple[int, ...], fmpz], n: int) -> list[fmpz_poly]:
    """The coefficients of the n variables, then the constant, in Z[α]."""
    row: list[dict[int, fmpz]] = [{} for _ in range(n + 1)]
    for monomial, coefficient in terms.items():
        exponents = [int(e) for e in monomial]
        place = next((i for i in range(n) if exponents[i]), n)
        row[place][sum(exponents[n:])] = coefficient
    return [
        fmpz_poly([entry.get(k, 0) for k in range(max(entry, default=-1) + 1)]) for entry in row
    ]
