"""Families that are linear in their unknowns: one branch, rational functions of α.

    A(α)x = b(α),   x_i = N_i(α)/D(α)   (Cramer)

Everything is exact. h(α, x) = 0 on the branch iff the numerator of h(α, N/D) vanishes; there
are no folds; where D vanishes the branch is at infinity, or the system has infinitely many
solutions. A vertex of a cell is the case without unknowns.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from flint import arb, fmpq_mat, fmpz_mpoly, fmpz_poly

from geometry.boxes import Box, interval
from geometry.event_roots import event_system, on_grid, special_values
from geometry.events import EventKind, Events, EventSystem, arranged, conditions
from geometry.families import Family
from geometry.krawczyk import CertifiedRoot
from geometry.linear_systems import coefficients, cramer, is_linear
from geometry.polynomials import primitive
from geometry.recentred import Flow
from geometry.samples import Point, Sample
from geometry.verdicts import Verdict
from piecewise.exact import to_fmpq, to_fraction


class LinearRoute:
    """Build it with :meth:`of`."""

    def __init__(self, family: Family, numerators: list[fmpz_poly], determinant: fmpz_poly) -> None:
        self.family, self.determinant = family, determinant
        self.common = determinant
        for numerator in numerators:
            self.common = self.common.gcd(numerator)
        self.common = primitive(self.common)
        self.denominator = determinant // self.common
        self.numerators = [numerator // self.common for numerator in numerators]

    @classmethod
    def of(cls, family: Family) -> LinearRoute | None:
        """None for a family that is not linear, or whose determinant is 0 identically."""
        if not is_linear(family.system):
            return None
        solved = cramer(family.system)
        return None if solved is None else cls(family, *solved)

    def along(self, polynomial: fmpz_mpoly) -> fmpz_poly:
        """D^deg · polynomial(α, N/D)."""
        n, total = len(self.numerators), fmpz_poly([0])
        terms = [([int(e) for e in m], c) for m, c in polynomial.terms()]
        degree = max((sum(exponents[:n]) for exponents, _ in terms), default=0)
        for exponents, coefficient in terms:
            term = fmpz_poly([0] * exponents[n] + [coefficient])
            for numerator, exponent in zip(self.numerators, exponents, strict=False):
                term *= numerator**exponent
            total += term * self.denominator ** (degree - sum(exponents[:n]))
        return total

    def events(self) -> Events:
        """Crossings, walls and multipliers; α with infinitely many solutions."""
        systems = [
            self._system(kind, index, self.along(polynomial))
            for kind, index, polynomial in conditions(self.family)
        ]
        special = special_values(self.family, self.common, self._dimension)
        return arranged(self.family, systems, special)

    def _system(self, kind: EventKind, index: int, polynomial: fmpz_poly) -> EventSystem:
        if not polynomial:  # on it for every α: no event
            return EventSystem(kind, index, (), 0, fmpz_poly([1]), Verdict.PROVED)
        while (pole := polynomial.gcd(self.denominator)).degree() > 0:
            polynomial //= pole
        return event_system(self.family, kind, index, polynomial, self._solution)

    def _solution(self, alpha: arb) -> Box | None:
        below = self.denominator(alpha)
        if below.contains(0):
            return None
        return tuple(interval(numerator(alpha) / below) for numerator in self.numerators)

    def _dimension(self, alpha: Fraction) -> int:
        """Of the solutions at one α; −1 for none."""
        n = len(self.numerators)
        rows = [
            [p(to_fmpq(alpha)) for p in coefficients(equation.to_dict(), n)]
            for equation in self.family.system.equations
        ]
        rank = int(fmpq_mat([row[:n] for row in rows]).rank())
        return n - rank if int(fmpq_mat(rows).rank()) == rank else -1

    @cached_property
    def _flow(self) -> Flow:
        return Flow(self.family.system)

    @cached_property
    def _is_on_a_wall(self) -> bool:
        return any(not self.along(wall) for wall in self.family.walls())

    def at(self, alpha: Fraction) -> Sample:
        """The solution, enclosed; none where it lies on a wall of W for every α."""
        below = self.denominator(to_fmpq(alpha))
        if self._is_on_a_wall or below == 0:
            return Sample((), Verdict.PROVED)
        exact = [to_fraction(numerator(to_fmpq(alpha)) / below) for numerator in self.numerators]
        box = tuple(on_grid((value, value)) for value in exact)
        return Sample((Point(CertifiedRoot(box, box), self._flow),), Verdict.PROVED)

    def lies_on(self, point: Point, polynomial: fmpz_mpoly, alpha: Fraction) -> bool | None:
        """Whether the polynomial vanishes on the branch."""
        return not self.along(polynomial)
