"""Branches that are multiple for every α: separated by eliminants, with their multiplicities.

Let ℓ be a linear form that takes different values at different solutions for generic α, and

    ⟨F, t − ℓ(x)⟩ ∩ Q[t, α] = c(α) · Π_j q_j(t, α)^{m_j}   up to embedded points,

q_j irreducible. The solutions over a generic α are the roots of Π q_j, all of them simple
there; those on q_j have one multiplicity, that of q_j in the characteristic polynomial of
multiplication by ℓ modulo a prime. Over α that is no root of Disc_t(Π q_j), nor of a leading
coefficient (the branch has left W before), the branches are as many as nearby and different:
these roots are the events of this route, a superset of those where branches really meet.

Branches of multiplicity 1 solve F regularly. The coordinates of the others each solve their
own eliminant, ⟨F⟩ ∩ Q[x_i, α], which is squarefree: that is the system that tubes follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flint import arb, ctx, fmpz, fmpz_mpoly, fmpz_poly, nmod_poly

from geometry.balls import BallSystem
from geometry.boxes import Box, ball
from geometry.counting.solutions import SAMPLES, fibre
from geometry.engines import Elimination, Engine, GroebnerBasis, Limits, PolynomialSystem
from geometry.engines.quotient import QuotientAlgebra, krull_dimension
from geometry.engines.system import Monomial, ring
from geometry.recentred import Flow
from geometry.resultants import Factored
from geometry.special import Unsolved, univariate
from geometry.verdicts import Verdict

FORMS = 3
"""Linear forms tried until one separates."""

BITS = 512


@dataclass(frozen=True)
class Component:
    """The branches on one irreducible q_j(t, α), and their multiplicity."""

    polynomial: fmpz_mpoly
    multiplicity: int


@dataclass(frozen=True, eq=False)
class Separated:
    """All branches of a system by a separating form; build it with :meth:`of`."""

    system: PolynomialSystem
    weights: tuple[int, ...]
    components: tuple[Component, ...]
    content: fmpz_poly
    verdict: Verdict
    engines: tuple[Engine, ...]
    limits: Limits

    @classmethod
    def of(
        cls, system: PolynomialSystem, engines: Sequence[Engine], limits: Limits
    ) -> Separated | Unsolved:
        """Unsolved where no engine answers, or where solutions are not isolated for generic α."""
        basis = _modular_basis(system, engines, limits)
        if isinstance(basis, Unsolved):
            return basis
        dimension = krull_dimension(basis.leading, len(system.variables))
        if dimension > 0:
            return _infinite(dimension)
        if dimension < 0:
            return cls._empty(system, tuple(engines), limits)
        for seed in range(1, FORMS + 1):
            weights = tuple(
                1 + (seed * 37 + index * (17 + seed)) % 101
                for index in range(len(system.variables))
            )
            curve = eliminant(system, weights, engines, limits)
            if isinstance(curve, Unsolved):
                return curve
            polynomial, verdict = curve
            factors = [f for f, _ in Factored.of(polynomial).factors]
            upright = [f for f in factors if f.degrees()[0] > 0]
            found = _multiplicities(basis, weights, upright)
            if found is not None:
                content = fmpz_poly([1])
                for factor in factors:
                    content *= in_parameter(factor) if factor.degrees()[0] == 0 else 1
                components = tuple(map(Component, upright, found))
                weakest = Verdict.weakest((verdict, Verdict.MODULAR))
                return cls(system, weights, components, content, weakest, tuple(engines), limits)
        return Unsolved("no linear form tried separates the solutions")

    @classmethod
    def _empty(
        cls, system: PolynomialSystem, engines: tuple[Engine, ...], limits: Limits
    ) -> Separated | Unsolved:
        """No solutions for generic α; ``content`` has the α with solutions among its roots."""
        whole = system.parameter_as_variable()
        for engine in engines:
            found = engine.eliminate(whole, whole.variables[-1:], limits)
            if isinstance(found, Elimination):
                content = fmpz_poly([0])
                for generator in found.generators:
                    content = content.gcd(univariate(generator))
                if content:
                    return cls(system, (), (), content, Verdict.MODULAR, engines, limits)
        return Unsolved("there are no solutions for generic α; the others are not found")

    @cached_property
    def discriminant(self) -> fmpz_poly:
        """Disc_t(Π q_j) in Z[α]."""
        product = ring(("t", "alpha")).constant(1)
        for component in self.components:
            product *= component.polynomial
        if product.degrees()[0] < 2:
            return fmpz_poly([1])
        return in_parameter(product.discriminant("t"))

    def multiplicity(self, box: Box, alpha: Fraction) -> int | None:
        """That of the branch through a solution; None if the box is too wide to tell."""
        with ctx.workprec(BITS):
            sides = zip(self.weights, box, strict=True)
            t = sum((w * ball(*side) for w, side in sides), arb(0))
            rows = tuple(component.polynomial for component in self.components)
            values = BallSystem(PolynomialSystem(("t",), rows, "alpha")).values(
                [t, ball(alpha, alpha)]
            )
        near = [
            c.multiplicity
            for c, value in zip(self.components, values, strict=True)
            if value.contains(0)
        ]
        return near[0] if len(near) == 1 else None

    def flow(self, box: Box, alpha: Fraction) -> Flow | Unsolved:
        """The eliminants of the coordinates, of each the factor on which the branch lies."""
        equations = []
        for index, side in enumerate(box):
            factors = self._coordinate(index)
            if isinstance(factors, Unsolved):
                return factors
            rows = PolynomialSystem(self.system.variables, factors, self.system.parameter)
            point = [ball(0, 0)] * len(box)
            point[index] = ball(*side)
            with ctx.workprec(BITS):
                values = BallSystem(rows).values([*point, ball(alpha, alpha)])
            near = [f for f, v in zip(factors, values, strict=True) if v.contains(0)]
            if len(near) != 1:
                return Unsolved("coordinates of different branches are too close to tell")
            equations.append(near[0])
        return Flow(
            PolynomialSystem(self.system.variables, tuple(equations), self.system.parameter)
        )

    @cached_property
    def _known(self) -> dict[int, tuple[fmpz_mpoly, ...] | Unsolved]:
        return {}

    def _coordinate(self, index: int) -> tuple[fmpz_mpoly, ...] | Unsolved:
        """The irreducible factors of ⟨F⟩ ∩ Q[x_index, α], in the ring of the system."""
        if index not in self._known:
            weights = [int(i == index) for i in range(len(self.system.variables))]
            found = eliminant(self.system, weights, self.engines, self.limits)
            if isinstance(found, Unsolved):
                self._known[index] = found
            else:
                factors = [f for f, _ in Factored.of(found[0]).factors if f.degrees()[0] > 0]
                self._known[index] = tuple(self._placed(f, index) for f in factors)
        return self._known[index]

    def _placed(self, factor: fmpz_mpoly, index: int) -> fmpz_mpoly:
        n = len(self.system.variables)
        terms: dict[tuple[int, ...], fmpz] = {}
        for (power, parameter), coefficient in factor.terms():
            terms[(*(int(power) * int(i == index) for i in range(n)), int(parameter))] = coefficient
        return self.system.context.from_dict(terms)


def _modular_basis(
    system: PolynomialSystem, engines: Sequence[Engine], limits: Limits
) -> GroebnerBasis | Unsolved:
    reasons = []
    prime, alpha = SAMPLES[0]
    for engine in engines:
        basis = engine.groebner(system, limits, prime, alpha)
        if isinstance(basis, GroebnerBasis):
            return basis
        reasons.append(str(basis))
    for engine in engines:  # over Q(α) the dimension at least may be known
        basis = engine.groebner(system, limits)
        if isinstance(basis, GroebnerBasis):
            dimension = krull_dimension(basis.leading, len(system.variables))
            if dimension > 0:
                return _infinite(dimension)
    return Unsolved("; ".join(reasons) or "no engine was given")


def _infinite(dimension: int) -> Unsolved:
    return Unsolved(f"the solutions have dimension {dimension} for every α", True)


def eliminant(
    system: PolynomialSystem, weights: Sequence[int], engines: Sequence[Engine], limits: Limits
) -> tuple[fmpz_mpoly, Verdict] | Unsolved:
    """The greatest common divisor of ⟨F, t − weights·x⟩ ∩ Q[t, α], in the ring Z[t, alpha]."""
    n = len(system.variables)
    relation: dict[Monomial, int] = {
        tuple(int(i == index) for i in range(n + 2)): -weight
        for index, weight in enumerate(weights)
        if weight
    }
    relation[(*(0,) * n, 1, 0)] = 1
    name = "t" + "'" * (1 + max(other.count("'") for other in system.names))
    joined = system.joined([name], [relation])
    reasons = []
    for engine in engines:
        found = engine.eliminate(joined, joined.names[-2:], limits)
        if isinstance(found, Elimination):
            common = ring(("t", "alpha")).constant(0)
            for generator in found.generators:
                same = common.context().from_dict(
                    {tuple(int(e) for e in m): c for m, c in generator.terms()}
                )
                common = common.gcd(same)
            if common.is_zero():
                return Unsolved("infinitely many solutions for every α", True)
            return common, found.verdict
        reasons.append(str(found))
    return Unsolved("; ".join(reasons) or "no engine was given")


def _multiplicities(
    basis: GroebnerBasis, weights: Sequence[int], factors: Sequence[fmpz_mpoly]
) -> list[int] | None:
    """Those of the factors in the characteristic polynomial of the form; None if the form does
    not separate, or the factors do not fit."""
    rest = QuotientAlgebra.of(basis).linear_form(list(weights)).charpoly()
    found = []
    for factor in factors:
        over = nmod_poly([0], basis.prime)
        for (power, parameter), coefficient in factor.terms():
            value = int(coefficient) * pow(basis.alpha, int(parameter), basis.prime)
            over += nmod_poly([0] * int(power) + [value % basis.prime], basis.prime)
        if over.degree() < factor.degrees()[0] or over.gcd(over.derivative()).degree() > 0:
            return None
        multiplicity = 0
        while rest.degree() >= over.degree() and (rest % over).degree() < 0:
            rest //= over
            multiplicity += 1
        found.append(multiplicity)
    distinct = sum(int(factor.degrees()[0]) for factor in factors)
    separates = fibre(basis).distinct == distinct
    return found if separates and rest.degree() == 0 and 0 not in found else None


def in_parameter(polynomial: fmpz_mpoly) -> fmpz_poly:
    """A polynomial of two generators that is free of the first."""
    total = fmpz_poly([0])
    for monomial, coefficient in polynomial.terms():
        total += fmpz_poly([0] * int(monomial[1]) + [coefficient])
    return total
