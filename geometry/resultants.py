"""Resultants, subresultant chains, discriminants, and the critical-value curve.

For p, q ∈ Z[y][x] the subresultant chain is the sequence of pseudo-remainders divided by
the factors that are known to divide them; its members are, up to sign, the regular
subresultants (minors of the Sylvester matrix), and the last one of degree 0 is the
resultant, zero exactly where p and q have a common root or both leading coefficients
vanish [Brown, Traub, J. ACM 18, 1971].

The *critical-value curve* of a stratum is P(α, v) ∈ Q[α, v], the greatest common divisor of
the elimination ideal ⟨F, v − f⟩ ∩ Q[α, v]: every branch of critical values lies on it, also
where the critical set is positive-dimensional. It factors into irreducible branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpz_mpoly

from geometry.engines import ENGINES, Engine, Failure, Limits, PolynomialSystem, Reason, available
from geometry.engines.system import Monomial, ring, terms_of
from geometry.verdicts import Verdict


@dataclass(frozen=True, eq=False)
class Factored:
    """content · Π factor^multiplicity with irreducible primitive factors, in a fixed order."""

    polynomial: fmpz_mpoly
    factors: tuple[tuple[fmpz_mpoly, int], ...]

    @classmethod
    def of(cls, polynomial: fmpz_mpoly) -> Factored:
        """The factorisation over Q; zero and constants have no factors."""
        if polynomial.is_constant():
            return cls(polynomial, ())
        found = [
            (-factor if factor.leading_coefficient() < 0 else factor, int(multiplicity))
            for factor, multiplicity in polynomial.factor()[1]
        ]
        ordered = sorted(found, key=lambda pair: (pair[0].total_degree(), str(pair[0])))
        return cls(polynomial, tuple(ordered))

    def degrees(self, name: str) -> tuple[int, ...]:
        """Degree in ``name`` of each factor."""
        index = self.polynomial.context().names().index(name)
        return tuple(int(factor.degrees()[index]) for factor, _ in self.factors)


@dataclass(frozen=True, eq=False)
class CriticalValueCurve:
    """P(α, v), its irreducible branches, and what completeness rests on."""

    branches: Factored
    value: str
    parameter: str
    verdict: Verdict
    engine: str

    @property
    def bidegree(self) -> tuple[int, int]:
        """Degrees in (v, α)."""
        return _bidegree(self.branches.polynomial, self.value, self.parameter)

    @property
    def branch_bidegrees(self) -> tuple[tuple[int, int], ...]:
        """Degrees in (v, α) of each irreducible branch, once each, sorted."""
        pairs = [_bidegree(f, self.value, self.parameter) for f, _ in self.branches.factors]
        return tuple(sorted(pairs))

    def __str__(self) -> str:
        shapes = ", ".join(str(pair) for pair in self.branch_bidegrees)
        return f"critical values on branches of bidegree {shapes} ({self.verdict})"


def subresultants(p: fmpz_mpoly, q: fmpz_mpoly, variable: str) -> list[fmpz_mpoly]:
    """The chain p, q, S_2, …: regular subresultants in ``variable`` of falling degree.

    Assumes deg p ≥ deg q ≥ 0 in ``variable`` and q ≠ 0. The chain ends with a greatest
    common divisor over the fraction field, up to a factor free of ``variable``.
    """
    index = p.context().names().index(variable)
    chain = [p, q]
    gap = _degree(p, index) - _degree(q, index)
    lead = _leading(q, index)
    remainder = _pseudo_remainder(p, q, index) * (-1) ** (gap + 1)
    scale = -(lead**gap)
    while not remainder.is_zero():
        above, below = chain[-1], remainder
        chain.append(below)
        gap = _degree(above, index) - _degree(below, index)
        divisor = -lead * scale**gap
        remainder = _pseudo_remainder(above, below, index) // divisor
        lead = _leading(below, index)
        scale = (-lead) ** gap // scale ** (gap - 1) if gap > 1 else -lead
    return chain


def leading_coefficient(p: fmpz_mpoly, variable: str) -> fmpz_mpoly:
    """The coefficient of the highest power of ``variable``, free of it."""
    return _leading(p, p.context().names().index(variable))


def resultant(p: fmpz_mpoly, q: fmpz_mpoly, variable: str) -> Factored:
    """Res_variable(p, q), factored into branches."""
    return Factored.of(p.resultant(q, variable))


def discriminant(p: fmpz_mpoly, variable: str) -> Factored:
    """Disc_variable(p), factored."""
    return Factored.of(p.discriminant(variable))


def critical_value_curve(
    system: PolynomialSystem,
    objective: Any,
    *,
    value: str = "v",
    engines: Sequence[Engine] | None = None,
    limits: Limits | None = None,
) -> CriticalValueCurve | Failure:
    """The curve of critical values of ``objective`` on the solutions of ``system``.

    ``objective`` is a SymPy or flint polynomial in the variables and the parameter.
    Engines are tried in order; the last failure is returned when none answers.
    """
    if system.parameter is None:
        raise ValueError("a critical-value curve needs a system with a parameter")
    names, n = system.names, len(system.variables)
    relation: dict[Monomial, Any] = {
        (*monomial[:n], 0, *monomial[n:]): -coefficient
        for monomial, coefficient in terms_of(objective, names).items()
    }
    relation[(*(0,) * n, 1, 0)] = 1
    joined = system.joined([value], [relation])
    failure = Failure("none", Reason.MISSING, "no engine was given")
    for engine in available(ENGINES) if engines is None else engines:
        found = engine.eliminate(joined, (value, system.parameter), limits or Limits())
        if isinstance(found, Failure):
            failure = found
            continue
        curve = ring(found.keep).constant(0)
        if found.generators:
            curve = found.generators[0]
            for generator in found.generators[1:]:
                curve = curve.gcd(generator)
        branches = Factored.of(curve)
        return CriticalValueCurve(branches, value, system.parameter, found.verdict, found.engine)
    return failure


def _bidegree(polynomial: fmpz_mpoly, value: str, parameter: str) -> tuple[int, int]:
    names, degrees = polynomial.context().names(), polynomial.degrees()
    return int(degrees[names.index(value)]), int(degrees[names.index(parameter)])


def _degree(p: fmpz_mpoly, index: int) -> int:
    return int(p.degrees()[index])


def _leading(p: fmpz_mpoly, index: int) -> fmpz_mpoly:
    """The coefficient of the highest power of the variable, free of it."""
    degree = _degree(p, index)
    return p.context().from_dict(
        {
            (*m[:index], 0, *m[index + 1 :]): coefficient
            for m, coefficient in p.terms()
            if m[index] == degree
        }
    )


def _pseudo_remainder(p: fmpz_mpoly, q: fmpz_mpoly, index: int) -> fmpz_mpoly:
    """lc(q)^(deg p − deg q + 1)·p modulo q, in the variable."""
    x, lead, below = p.context().gen(index), _leading(q, index), _degree(q, index)
    steps = _degree(p, index) - below + 1
    while not p.is_zero() and _degree(p, index) >= below:
        p = lead * p - _leading(p, index) * x ** (_degree(p, index) - below) * q
        steps -= 1
    return p * lead**steps
