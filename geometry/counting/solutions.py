"""How many complex solutions there are, and what the number rests on.

*Generic* is the number of isolated solutions over the algebraic closure of Q(α), with
multiplicity: dim Q(α)[w]/⟨F⟩ when that is finite. It is proved in one of two ways.

1. A Gröbner basis over Q(α) itself, by an exact engine.
2. Between two bounds. A simple root of a square system modulo a prime and at one value of
   α lifts, by Hensel's lemma over Z_p[[α−α₀]], to a simple root over the closure of
   Q(α), different ones to different ones: the number of simple roots there is a lower
   bound. If it reaches a root-count bound, both are the number, and all roots are simple.

Otherwise the number modulo a prime, confirmed at a second prime and α, is ``MODULAR``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from geometry.counting.count import Count
from geometry.counting.jacobian import isolated_simple
from geometry.engines.protocol import (
    PRIME,
    SECOND_PRIME,
    Engine,
    Failure,
    GroebnerBasis,
    Limits,
    Solutions,
)
from geometry.engines.quotient import QuotientAlgebra, krull_dimension, staircase
from geometry.engines.system import PolynomialSystem
from geometry.verdicts import Verdict

SAMPLES = ((PRIME, 357_913_941), (SECOND_PRIME, 668_265_263), (1073741833, 190_112_519))
"""Primes and values of α that stand in for "a generic one"; the third settles a dispute."""

LARGEST_ALGEBRA = 1000
"""Largest dimension for which multiplication matrices are built."""

LARGEST_EXACT = 100
"""Largest number of solutions for which exact algebra is tried for its own sake."""


@dataclass(frozen=True)
class Fibre:
    """What one prime and one α say: Krull dimension, then numbers of solutions."""

    dimension: int
    total: int | None = None
    distinct: int | None = None
    simple: int = 0


@dataclass(frozen=True)
class ComplexCount:
    """The number of isolated solutions, of distinct ones, and the dimension of the solution set
    (−1 empty, None unknown)."""

    generic: Count
    distinct: Count
    dimension: int | None
    dimension_verdict: Verdict


def fibre(basis: GroebnerBasis) -> Fibre:
    """Counts from a basis over a prime field."""
    n = len(basis.variables)
    dimension = krull_dimension(basis.leading, n)
    if dimension != 0:
        return Fibre(dimension, 0, 0) if dimension < 0 else Fibre(dimension)
    size = len(staircase(basis.leading, n))
    if size > LARGEST_ALGEBRA:
        return Fibre(0, size)
    algebra = QuotientAlgebra.of(basis)
    weights = [pow(7, 3 * i + 1, basis.prime) for i in range(n)]
    values = algebra.linear_form(weights).charpoly()
    distinct, simple = 0, 0
    for factor, multiplicity in values.factor_squarefree()[1]:
        distinct += int(factor.degree())
        simple += int(factor.degree()) if multiplicity == 1 else 0
    return Fibre(0, size, distinct, simple)


def count_complex(
    system: PolynomialSystem, upper: int | None, engines: Sequence[Engine], limits: Limits
) -> ComplexCount:
    """The isolated complex solutions for generic α; ``upper`` is a proved bound for them."""
    n, m = len(system.variables), len(system.equations)
    if m < n:
        none = Count.proved(0, "fewer equations than unknowns: no solution is isolated")
        return ComplexCount(none, none, None, Verdict.UNRESOLVED)
    fibres = _fibres(system, engines, limits)
    seen = fibres[-1] if fibres else None
    lower = max((f.simple for f in fibres), default=0) if system.is_square else 0
    if upper is not None and lower == upper:
        number = Count.proved(upper, "simple roots modulo a prime reach the root-count bound")
        dimension = None if seen is None else seen.dimension
        return ComplexCount(number, number, dimension, Verdict.MODULAR)
    exact = _exact_leading(system, engines, limits, seen)
    if isinstance(exact, GroebnerBasis):
        return _from_exact(system, exact, seen, lower, upper, engines, limits)
    if seen is None:
        open_ = Count.unresolved(f"no engine answers ({exact})", lower, upper)
        return ComplexCount(open_, open_, None, Verdict.UNRESOLVED)
    if seen.dimension > 0:
        reason = f"solution set of dimension {seen.dimension} modulo a prime"
        open_ = Count.unresolved(reason, lower, upper)
        return ComplexCount(open_, open_, seen.dimension, Verdict.MODULAR)
    reason = _agreement(fibres)
    return ComplexCount(
        Count(seen.total, Verdict.MODULAR, reason, lower, upper),
        _modular_distinct(seen, reason, lower, upper),
        seen.dimension,
        Verdict.MODULAR,
    )


def _fibres(system: PolynomialSystem, engines: Sequence[Engine], limits: Limits) -> list[Fibre]:
    """The fibres looked at, the one that counts last: two that agree, or two out of three."""
    for engine in engines:
        fibres: list[Fibre] = []
        for prime, alpha in SAMPLES:
            basis = engine.groebner(system, limits, prime, alpha)
            if isinstance(basis, Failure):
                break
            current = fibre(basis)
            if current.dimension > 0:
                simple = isolated_simple(system, engine, limits, prime, alpha)
                current = replace(current, simple=simple)
            agrees = current in fibres
            fibres.append(current)
            if agrees:
                break
        if fibres:
            return fibres
    return []


def _agreement(fibres: Sequence[Fibre]) -> str:
    agreeing = sum(other == fibres[-1] for other in fibres)
    return f"{agreeing} of {len(fibres)} primes and values of the parameter agree"


def _modular_distinct(seen: Fibre, reason: str, lower: int, upper: int | None) -> Count:
    if seen.distinct is None:
        return Count.unresolved(f"{seen.total} solutions are too many to tell apart", lower, upper)
    return Count(seen.distinct, Verdict.MODULAR, reason, lower, upper)


def _exact_leading(
    system: PolynomialSystem, engines: Sequence[Engine], limits: Limits, seen: Fibre | None
) -> GroebnerBasis | str:
    """A basis over Q(α), or the reasons why there is none."""
    if seen is not None and seen.total is not None and seen.total > LARGEST_EXACT:
        return f"{seen.total} solutions are too many for exact bases"
    reasons = []
    for engine in engines:
        if engine.is_available():
            basis = engine.groebner(system, limits)
            if isinstance(basis, GroebnerBasis):
                return basis
            reasons.append(str(basis))
    return "; ".join(reasons)


def _from_exact(
    system: PolynomialSystem,
    basis: GroebnerBasis,
    seen: Fibre | None,
    lower: int,
    upper: int | None,
    engines: Sequence[Engine],
    limits: Limits,
) -> ComplexCount:
    n = len(system.variables)
    dimension = krull_dimension(basis.leading, n)
    if dimension > 0:
        reason = f"solution set of dimension {dimension}"
        simple = (isolated_simple(system, engine, limits, 0, 0) for engine in engines)
        open_ = Count.unresolved(reason, lower or next(filter(None, simple), 0), upper)
        return ComplexCount(open_, open_, dimension, Verdict.PROVED)
    total = len(staircase(basis.leading, n)) if dimension == 0 else 0
    generic = Count.proved(total, "exact Gröbner basis")
    if lower == total:
        return ComplexCount(
            generic, replace(generic, reason="all simple"), dimension, Verdict.PROVED
        )
    distinct = _exact_distinct(system, total, engines, limits)
    if distinct is None:
        known = seen is not None and seen.distinct is not None and seen.total == total
        distinct = (
            _modular_distinct(seen, "squarefree part modulo a prime", lower, total)
            if known and seen is not None
            else Count.unresolved("solutions not told apart", lower, total)
        )
    return ComplexCount(generic, distinct, dimension, Verdict.PROVED)


def _exact_distinct(
    system: PolynomialSystem, total: int, engines: Sequence[Engine], limits: Limits
) -> Count | None:
    """The rank of the trace form over Q, for systems without a parameter."""
    if system.parameter is not None or total > LARGEST_EXACT:
        return None
    for engine in engines:
        solutions = engine.solve(system, limits) if engine.is_available() else None
        if (
            isinstance(solutions, Solutions)
            and solutions.verdict is Verdict.PROVED
            and solutions.parametrisation is not None
        ):
            return Count.proved(solutions.parametrisation.degree, "rank of the trace form")
    return None
