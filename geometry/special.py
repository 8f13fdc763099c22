"""Special parameter values: those over which a finite family has infinitely many solutions.

Let F(α; x) = 0 be finite for generic α and g a polynomial. The solutions of F = g = 0 in
(α, x) are finitely many points and, over special α, whole components {α} × Z with
dim Z ≥ 1. A hyperplane ℓ(x) = 0 in general position misses the points and meets those
components. Hence ⟨F, g, ℓ⟩ ∩ Q[α] has the special α among its zeros; what two different ℓ
have in common is the polynomial s proposed here.

It is a proposal: the proof is that the saturated system

    F = 0,  g = 0,  1 = t·s(α)

has finitely many solutions. Those are the solutions of F = g = 0 over all α with s(α) ≠ 0,
and every α with s(α) = 0 is reported and looked at apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpz_mpoly, fmpz_poly

from geometry.engines import Dimension, Engine, Failure, Limits, PolynomialSystem, Solutions
from geometry.engines.system import Monomial
from geometry.polynomials import primitive
from geometry.verdicts import Verdict

SLICES = 3
"""Hyperplanes laid at most: components over special α of at most this dimension are met."""


@dataclass(frozen=True)
class Saturated:
    """The solutions of a system in (x, α) over all α with s(α) ≠ 0; ``special`` is s."""

    solutions: Solutions
    special: fmpz_poly


@dataclass(frozen=True)
class Unsolved:
    """Why there is no answer; ``is_infinite``: infinitely many solutions over all α remain."""

    reason: str
    is_infinite: bool = False


def solve_off_special(
    system: PolynomialSystem,
    engines: Sequence[Engine],
    limits: Limits,
) -> Saturated | Unsolved:
    """The solutions of ``system`` (α last among its variables) away from special α.

    Unsolved where no engine answers or where infinitely many solutions remain.
    """
    special = fmpz_poly([1])
    found = _solve(system, engines, limits)
    if isinstance(found, str):
        return Unsolved(found)
    slices = 1
    while found.dimension is Dimension.POSITIVE and slices <= SLICES:
        more = _common_values(system, slices, engines, limits)
        if isinstance(more, str):
            return Unsolved(more)
        slices += 1
        if more.gcd(special).degree() < more.degree():
            special = _squarefree(special * more)
            found = _solve(_saturated(system, special), engines, limits)
            if isinstance(found, str):
                return Unsolved(found)
    if found.dimension is Dimension.POSITIVE:
        return Unsolved("infinitely many solutions, and not over finitely many α only", True)
    if special.degree() > 0:  # the auxiliary variable is the last one
        boxes = tuple(box[:-1] for box in found.boxes)
        found = Solutions(
            found.engine, found.dimension, boxes, found.verdict, found.parametrisation
        )
    return Saturated(found, special)


def without_zeros_of(
    system: PolynomialSystem,
    polynomial: fmpz_mpoly,
    engines: Sequence[Engine],
    limits: Limits,
) -> tuple[PolynomialSystem, Verdict] | str:
    """The components of {system = 0} that do not lie in {polynomial = 0}, with what they have
    in common with it: the saturation ⟨system⟩ : polynomial^∞.

        ⟨system, u·polynomial − 1⟩ ∩ Q[variables]
    """
    terms: dict[Monomial, int] = {
        (*(int(e) for e in monomial), 1): int(c) for monomial, c in polynomial.terms()
    }
    terms[(0,) * (len(system.names) + 1)] = -1
    joined = system.joined([auxiliary("u", system)], [terms])
    reasons = []
    for engine in engines:
        found = engine.eliminate(joined, system.names, limits)
        if not isinstance(found, Failure):
            return PolynomialSystem.of(system.variables, found.generators), found.verdict
        reasons.append(str(found))
    return "; ".join(reasons) or "no engine was given"


def auxiliary(letter: str, system: PolynomialSystem) -> str:
    """A name that the system does not use."""
    return letter + "'" * (1 + max(name.count("'") for name in system.names))


def _solve(system: PolynomialSystem, engines: Sequence[Engine], limits: Limits) -> Solutions | str:
    """The first answer, or all reasons."""
    reasons = []
    for engine in engines:
        found = engine.solve(system, limits)
        if isinstance(found, Solutions):
            return found
        reasons.append(str(found))
    return "; ".join(reasons) or "no engine was given"


def _saturated(system: PolynomialSystem, special: fmpz_poly) -> PolynomialSystem:
    """With 1 = t·s(α) for a new last variable t; unchanged for a constant s."""
    if special.degree() <= 0:
        return system
    n = len(system.variables)
    terms: dict[Monomial, int] = {
        (*(0,) * (n - 1), power, 1): int(coefficient)
        for power, coefficient in enumerate(special.coeffs())
        if coefficient
    }
    terms[(0,) * (n + 1)] = -1
    return system.joined([auxiliary("t", system)], [terms])


def _common_values(
    system: PolynomialSystem, slices: int, engines: Sequence[Engine], limits: Limits
) -> fmpz_poly | str:
    """The squarefree s(α) common to two sections of ``system`` by ``slices`` hyperplanes."""
    values = []
    for seed in (1, 2):
        section = PolynomialSystem.of(
            system.variables,
            [*system.equations, *(_hyperplane(system, 10 * seed + i) for i in range(slices))],
        )
        reasons = []
        for engine in engines:
            found = engine.eliminate(section, system.variables[-1:], limits)
            if isinstance(found, Failure):
                reasons.append(str(found))
                continue
            values.append([univariate(generator) for generator in found.generators])
            break
        else:
            return "; ".join(reasons) or "no engine was given"
    common = fmpz_poly([0])
    for generator in values[0] + values[1]:
        common = common.gcd(generator)
    # No generator: a section is still infinite, and lies over infinitely many α or none.
    return _squarefree(common) if all(values) else fmpz_poly([1])


def _hyperplane(system: PolynomialSystem, seed: int) -> fmpz_mpoly:
    """An affine form in all variables but the last, with scattered coefficients."""
    gens = system.context.gens()
    form = system.context.constant(3 + 7 * seed)
    for index, gen in enumerate(gens[:-1], start=1):
        form += (1 + (seed * 7919 + index * seed * 6101 + index**2 * 3571) % 1009) * gen
    return form


def univariate(polynomial: fmpz_mpoly) -> fmpz_poly:
    """A polynomial of a ring with one generator."""
    coefficients = [0] * (1 + max(0, int(polynomial.total_degree())))
    for monomial, coefficient in polynomial.terms():
        coefficients[int(monomial[0])] = int(coefficient)
    return fmpz_poly(coefficients)


def _squarefree(p: fmpz_poly) -> fmpz_poly:
    return primitive(p // p.gcd(p.derivative())) if p.degree() > 0 else fmpz_poly([1])
