"""The Jacobian determinant, and the simple solutions that it singles out."""

from __future__ import annotations

from flint import fmpz_mpoly

from geometry.engines.protocol import Engine, Failure, Limits
from geometry.engines.quotient import krull_dimension, staircase
from geometry.engines.system import PolynomialSystem

LARGEST = 8
"""Variables up to which the determinant is expanded (2^n minors)."""


def jacobian_determinant(system: PolynomialSystem) -> fmpz_mpoly | None:
    """det ∂F/∂(variables); None for a system that is not square or has too many variables.

    Expansion by rows: the minors of the first k rows are kept by their set of columns.
    """
    n = len(system.variables)
    if not system.is_square or n > LARGEST:
        return None
    minors = {frozenset[int](): system.context.constant(1)}
    for equation in system.equations:
        row = [equation.derivative(column) for column in range(n)]
        larger: dict[frozenset[int], fmpz_mpoly] = {}
        for columns, minor in minors.items():
            for column in range(n):
                if column not in columns and not row[column].is_zero():
                    behind = sum(other > column for other in columns)
                    term = row[column] * minor * (-1) ** behind
                    key = columns | {column}
                    larger[key] = larger[key] + term if key in larger else term
        minors = larger
    return minors.get(frozenset(range(n)), system.context.constant(0))


def isolated_simple(
    system: PolynomialSystem, engine: Engine, limits: Limits, prime: int, alpha: int
) -> int:
    """The number of simple solutions over F_prime at ``alpha`` (over Q(α) for ``prime`` = 0),
    whatever the dimension of the solution set; 0 where it is not found out.

    They are the solutions of F = 0, 1 = u·det ∂F/∂(variables), a finite set.
    """
    determinant = jacobian_determinant(system)
    if determinant is None or determinant.is_zero():
        return 0
    n = len(system.variables)
    inverse = {
        (*(int(e) for e in monomial[:n]), 1, *(int(e) for e in monomial[n:])): -int(coefficient)
        for monomial, coefficient in determinant.terms()
    }
    constant = (0,) * (len(system.names) + 1)
    inverse[constant] = inverse.get(constant, 0) + 1
    auxiliary = "u" + "'" * (1 + max(name.count("'") for name in system.names))
    basis = engine.groebner(system.joined([auxiliary], [inverse]), limits, prime, alpha)
    if isinstance(basis, Failure) or krull_dimension(basis.leading, n + 1) != 0:
        return 0
    return len(staircase(basis.leading, n + 1))
