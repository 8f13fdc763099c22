"""Polynomial systems evaluated in ball arithmetic.

All monomials of the equations and of their partial derivatives are evaluated once, each
as a product of a smaller one and a variable; values and Jacobian are then two products
of a coefficient matrix and the vector of monomials. Every result encloses the exact
range at the current flint precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

from flint import arb, arb_mat, fmpq, fmpz

from geometry.algebraic import as_fmpq, as_fraction
from geometry.engines.system import Monomial, PolynomialSystem

Interval = tuple[Fraction, Fraction]


def ball(lower: Fraction | fmpq, upper: Fraction | fmpq) -> arb:
    """A ball that contains [lower, upper], at the current precision."""
    return arb(as_fmpq(lower)).union(arb(as_fmpq(upper)))


def exact(point: arb) -> Fraction:
    """The rational number that a ball of radius 0 is."""
    mantissa, exponent = point.man_exp()
    return as_fraction(fmpq(fmpz(mantissa)) * fmpq(2) ** int(exponent))


def interval(enclosure: arb) -> Interval:
    """The exact end points of an interval that contains the ball."""
    return exact(enclosure.lower()), exact(enclosure.upper())


class BallSystem:
    """F and ∂F/∂(all names) of a ``PolynomialSystem``; the parameter is the last coordinate."""

    def __init__(self, system: PolynomialSystem) -> None:
        self.system = system
        self.width = len(system.names)

    @cached_property
    def _tables(self) -> tuple[list[tuple[int, int]], arb_mat, arb_mat]:
        """How each monomial arises (parent, variable), and the two coefficient matrices."""
        rows: list[dict[Monomial, int]] = []
        for equation in self.system.equations:
            rows.append({tuple(int(e) for e in m): int(c) for m, c in equation.terms()})
        count = len(rows)
        for equation in self.system.equations:
            for name in range(self.width):
                derivative = equation.derivative(name)
                rows.append({tuple(int(e) for e in m): int(c) for m, c in derivative.terms()})
        monomials = {m for row in rows for m in row} | {(0,) * self.width}
        pending = list(monomials)
        while pending:
            parent = _parent(pending.pop())
            if parent is not None and parent[0] not in monomials:
                monomials.add(parent[0])
                pending.append(parent[0])
        order = sorted(monomials, key=lambda m: (sum(m), m))
        place = {monomial: index for index, monomial in enumerate(order)}
        steps = []
        for monomial in order[1:]:
            found = _parent(monomial)
            assert found is not None  # only the first monomial is 1
            steps.append((place[found[0]], found[1]))
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


def _parent(monomial: Monomial) -> tuple[Monomial, int] | None:
    """(monomial/x_i, i) for the last variable that occurs; None for 1."""
    for i in range(len(monomial) - 1, -1, -1):
        if monomial[i]:
            return (*monomial[:i], monomial[i] - 1, *monomial[i + 1 :]), i
    return None
