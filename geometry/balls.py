"""Polynomial systems evaluated in ball arithmetic.

All monomials of the equations and of their partial derivatives are evaluated once, each
as a product of a smaller one and a variable; values and Jacobian are then two products
of a coefficient matrix and the vector of monomials. Every result encloses the exact
range at the current flint precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from flint import arb, arb_mat, fmpz, fmpz_mpoly

from geometry.engines.system import Monomial, PolynomialSystem


class BallSystem:
    """F and ∂F/∂(all names) of a ``PolynomialSystem``; the parameter is the last coordinate."""

    def __init__(self, system: PolynomialSystem) -> None:
        self.system = system
        self.width = len(system.names)

    @cached_property
    def _tables(self) -> tuple[list[tuple[int, int]], arb_mat, arb_mat]:
        """How each monomial arises (parent, variable), and the two coefficient matrices."""
        equations = self.system.equations
        rows = [_terms(equation) for equation in equations]
        rows += [_terms(e.derivative(name)) for e in equations for name in range(self.width)]
        count, one = len(equations), (0,) * self.width
        parents: dict[Monomial, tuple[Monomial, int]] = {}
        pending = [monomial for row in rows for monomial in row]
        while pending:
            monomial = pending.pop()
            if monomial != one and monomial not in parents:
                parents[monomial] = _parent(monomial)
                pending.append(parents[monomial][0])
        order = [one, *sorted(parents, key=lambda m: (sum(m), m))]
        place = {monomial: index for index, monomial in enumerate(order)}
        steps = [(place[parents[m][0]], parents[m][1]) for m in order[1:]]
        matrix = arb_mat(len(rows), len(order))
        for index, row in enumerate(rows):
            for monomial, coefficient in row.items():
                matrix[index, place[monomial]] = arb(fmpz(coefficient))
        values = arb_mat(count, len(order), matrix.entries()[: count * len(order)])
        partials = arb_mat(len(rows) - count, len(order), matrix.entries()[count * len(order) :])
        return steps, values, partials

    def _monomials(self, point: Sequence[arb]) -> arb_mat:
        steps = self._tables[0]
        known = [arb(1)]
        for parent, variable in steps:
            known.append(known[parent] * point[variable])
        return arb_mat(len(known), 1, known)

    def values(self, point: Sequence[arb]) -> list[arb]:
        """Enclosure of F over the box ``point``."""
        return list((self._tables[1] * self._monomials(point)).entries())

    def jacobian(self, point: Sequence[arb]) -> arb_mat:
        """Enclosure of ∂F/∂(variables, parameter) over the box: equations × names."""
        entries = (self._tables[2] * self._monomials(point)).entries()
        return arb_mat(len(self.system.equations), self.width, entries)


def _terms(polynomial: fmpz_mpoly) -> dict[Monomial, int]:
    return {tuple(int(e) for e in m): int(c) for m, c in polynomial.terms()}


def _parent(monomial: Monomial) -> tuple[Monomial, int]:
    """(monomial/x_i, i) for the last variable that occurs."""
    i = max(i for i, exponent in enumerate(monomial) if exponent)
    return (*monomial[:i], monomial[i] - 1, *monomial[i + 1 :]), i
