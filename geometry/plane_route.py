"""Families with one unknown: F(α, x) = 0 as a plane curve, by resultants, exactly.

    F = c(α) · Π_k F_k(α, x)^k,   F_k squarefree, coprime (Yun)

The roots of F_k are branches of multiplicity k, simple on G = Π F_k. Two of them meet where
Disc_x(G) = 0, and at x = −s_0/s_1 if the subresultant s_1 x + s_0 of G and ∂G/∂x does not
vanish too. Branches that do not lie on {h = 0} meet it where Res_x(G/gcd(G, h), h) = 0.
Over a root of c every x is a solution. A root of the leading coefficient of G is no event:
the branch leaves W before it reaches infinity.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb, fmpq, fmpz, fmpz_mpoly, fmpz_poly

from geometry.algebraic import roots_of
from geometry.boxes import Box, interval
from geometry.engines.system import PolynomialSystem
from geometry.event_roots import Solution, event_system, on_grid, special_values
from geometry.events import PRECISION, EventKind, Events, EventSystem, arranged, conditions
from geometry.families import Family
from geometry.krawczyk import UncertifiedRoot, certify
from geometry.recentred import Flow
from geometry.resultants import subresultants
from geometry.samples import Point, Sample
from geometry.verdicts import Verdict
from piecewise.exact import to_fmpq, to_fraction


class PlaneRoute:
    """Build it with :meth:`of`."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.name = family.system.variables[0]
        (equation,) = family.system.equations
        self.curve, self.content = equation.context().constant(1), fmpz_poly([1])
        self.factors: list[tuple[Flow, int]] = []
        for factor, multiplicity in equation.factor_squarefree()[1]:
            vertical = _content(factor)
            self.content *= vertical
            rest = _off_walls(family, factor // _in_ring(vertical, factor))
            if rest.degrees()[0] > 0:
                self.curve *= rest
                names = family.system.variables, family.system.parameter
                flow = Flow(PolynomialSystem(names[0], (rest,), names[1]))
                self.factors.append((flow, int(multiplicity)))

    @classmethod
    def of(cls, family: Family) -> PlaneRoute | None:
        """None for a family with another number of unknowns, or with F = 0."""
        sizes = len(family.box), len(family.system.variables), len(family.system.equations)
        return cls(family) if sizes == (1, 1, 1) else None

    def events(self) -> Events:
        """Folds (where branches of any multiplicity meet), crossings, walls; special α."""
        systems = [
            self._meeting(kind, index, polynomial)
            for kind, index, polynomial in conditions(self.family)
        ]
        special = special_values(self.family, self.content, lambda _: 1)
        return arranged(self.family, [*systems, self._folds()], special)

    def _meeting(self, kind: EventKind, index: int, polynomial: fmpz_mpoly) -> EventSystem:
        """Where branches that do not lie on {polynomial = 0} meet it."""
        rest = self.curve // self.curve.gcd(polynomial)
        values = _in_parameter(rest.resultant(polynomial, self.name))
        return event_system(self.family, kind, index, values, self._solution(polynomial))

    def _folds(self) -> EventSystem:
        if self.curve.degrees()[0] < 2:
            return EventSystem(EventKind.FOLD, 0, (), 0, fmpz_poly([1]), Verdict.PROVED)
        chain = subresultants(self.curve, self.curve.derivative(0), self.name)
        last = next((s for s in chain if s.degrees()[0] == 1), self.curve)
        values = _in_parameter(self.curve.discriminant(self.name))
        return event_system(self.family, EventKind.FOLD, 0, values, self._solution(last))

    def _solution(self, polynomial: fmpz_mpoly) -> Solution:
        """x where the polynomial is linear in x, s_1(α)·x + s_0(α)."""
        if polynomial.degrees()[0] != 1:
            return lambda _: None
        slope = polynomial.derivative(0)
        rest = _in_parameter(polynomial - slope * polynomial.context().gen(0))
        lead = _in_parameter(slope)

        def solution(alpha: arb) -> Box | None:
            below = lead(alpha)
            return None if below.contains(0) else (interval(-rest(alpha) / below),)

        return solution

    def at(self, alpha: Fraction) -> Sample:
        """Roots isolated exactly, and certified as simple ones of their factor."""
        points, reasons = [], []
        lower, upper = (to_fmpq(end) for end in self.family.box[0])
        for flow, multiplicity in self.factors:
            over = flow.values.system.at(alpha)
            for root in roots_of(_in_unknown(over), lower, upper):
                root.refine(fmpq(1, 2**PRECISION))
                side = on_grid((to_fraction(root.lower), to_fraction(root.upper)))
                found = certify(over, (side,), PRECISION)
                if isinstance(found, UncertifiedRoot):
                    reasons.append(found.reason)
                else:
                    points.append(Point(found, flow, multiplicity))
        return Sample(tuple(points), Verdict.PROVED, tuple(reasons))

    def lies_on(self, point: Point, polynomial: fmpz_mpoly, alpha: Fraction) -> bool | None:
        """Whether the branch lies on {polynomial = 0}: its factor and the polynomial have a
        common factor that vanishes at the point."""
        (factor,) = point.flow.values.system.equations
        common = factor.gcd(polynomial)
        over = PolynomialSystem.of((self.name,), (common,), self.family.system.parameter).at(alpha)
        lower, upper = (to_fmpq(end) for end in point.root.box[0])
        return bool(over.equations) and bool(roots_of(_in_unknown(over), lower, upper))


def _off_walls(family: Family, factor: fmpz_mpoly) -> fmpz_mpoly:
    """Without branches that lie on a wall of W: they are never inside."""
    for wall in family.walls():
        factor //= factor.gcd(wall)
    return factor


def _content(polynomial: fmpz_mpoly) -> fmpz_poly:
    """The greatest common divisor of the coefficients of x^k, in Z[α]."""
    found: dict[int, dict[int, fmpz]] = {}
    for monomial, coefficient in polynomial.terms():
        found.setdefault(int(monomial[0]), {})[int(monomial[1])] = coefficient
    common = fmpz_poly([0])
    for entry in found.values():
        common = common.gcd(fmpz_poly([entry.get(k, 0) for k in range(max(entry) + 1)]))
    return common


def _in_ring(vertical: fmpz_poly, like: fmpz_mpoly) -> fmpz_mpoly:
    terms: dict[tuple[int, ...], fmpz] = {(0, k): c for k, c in enumerate(vertical.coeffs()) if c}
    return like.context().from_dict(terms)


def _in_parameter(polynomial: fmpz_mpoly) -> fmpz_poly:
    """A polynomial free of x."""
    total = fmpz_poly([0])
    for monomial, coefficient in polynomial.terms():
        total += fmpz_poly([0] * int(monomial[1]) + [coefficient])
    return total


def _in_unknown(system: PolynomialSystem) -> fmpz_poly:
    """The one equation in the one unknown."""
    total = fmpz_poly([0])
    for monomial, coefficient in system.equations[0].terms():
        total += fmpz_poly([0] * int(monomial[0]) + [coefficient])
    return total
