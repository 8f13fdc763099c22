"""Are the gradients of the active constraints independent (LICQ) on {h_S = 0}?

Constraints that are solved for a variable contribute a pivot each, so the rank of all
gradients falls exactly where that of the constraints left, in the variables left, does.
There it is a question about the ideal of these constraints and the maximal minors of
their Jacobian matrix: it is the whole ring over Q(α) iff LICQ holds at every complex point
for generic α.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb

from flint import fmpq_mat, fmpq_mpoly

from geometry.counting.solutions import SAMPLES
from geometry.engines import Engine, Failure, Limits, PolynomialSystem, read
from geometry.engines.quotient import krull_dimension
from geometry.optimality import Stratum
from geometry.reduction import Combination, Reduction, involved, reduce
from geometry.verdicts import Verdict
from piecewise.cell_polynomials import SignCondition
from piecewise.exact import to_fmpq, to_fraction

MOST_MINORS = 500
"""More maximal minors than this are not expanded."""

MOST_GUESSES = 60
"""Steps of the search for a rational point with dependent gradients."""

SAMPLE = Fraction(1, 3)
"""The α at which a point with dependent gradients is shown."""


@dataclass(frozen=True)
class DependentGradients:
    """A rational point of {h_S = 0} at which the gradients of h_S are dependent."""

    alpha: Fraction
    point: dict[str, Fraction]

    def holds(self, stratum: Stratum) -> bool:
        """Whether it is so, exactly."""
        names = stratum.objective.context().names()
        at = [to_fmpq(self.point.get(name, self.alpha)) for name in names]
        columns = [i for i, name in enumerate(names) if name in self.point]
        constraints = [constraint.polynomial for constraint in stratum.active]
        if any(h(*at) != 0 for h in constraints):
            return False
        rows = [[h.derivative(i)(*at) for i in columns] for h in constraints]
        return bool(fmpq_mat(rows).rank() < len(rows))

    def __str__(self) -> str:
        values = ", ".join(f"{name} = {value}" for name, value in self.point.items())
        return f"dependent gradients at α = {self.alpha}, {values}"


@dataclass(frozen=True)
class Qualification:
    """Whether LICQ holds (None: not found out), on what grounds, and where it fails."""

    holds: bool | None
    verdict: Verdict
    witness: Combination | DependentGradients | None = None
    reason: str = ""


def qualification(stratum: Stratum, engines: Sequence[Engine], limits: Limits) -> Qualification:
    """LICQ on all of {h_S = 0}, complex points included, for generic α.

    Assumes that the constraints do not contradict each other.
    """
    reduction = stratum.reduction
    if reduction.redundant:
        return Qualification(False, Verdict.PROVED, reduction.redundant[0])
    if not reduction.constraints:
        return Qualification(True, Verdict.PROVED)
    left = [constraint.polynomial for constraint in reduction.constraints]
    if comb(len(reduction.variables), len(left)) > MOST_MINORS:
        reason = f"the Jacobian matrix has more than {MOST_MINORS} maximal minors"
        return Qualification(None, Verdict.UNRESOLVED, None, reason)
    drops = [*reduction.constraints, *_minors(left, reduction.variables)]
    inner = reduce(0 * left[0], drops, reduction.variables)
    if inner.contradiction is not None:
        return Qualification(True, Verdict.PROVED)
    found = _rational_point(inner, drops, [MOST_GUESSES])
    if found is not None:
        return Qualification(False, Verdict.PROVED, _shown(stratum, found.point({})))
    polynomials = [constraint.polynomial for constraint in inner.constraints]
    return _decided(read(polynomials, inner.variables, stratum.parameter), engines, limits)


def _rational_point(
    reduction: Reduction, conditions: Sequence[SignCondition], budget: list[int]
) -> Reduction | None:
    """The conditions with a factor of one of them, or a small value of a variable, added
    again and again until all are solved. A search that may fail."""
    if reduction.contradiction is not None or budget[0] <= 0:
        return None
    if not reduction.constraints:
        return reduction
    budget[0] -= 1
    first = reduction.constraints[0].polynomial
    factors = [factor for factor, _ in first.factor()[1]]
    names = first.context().names()
    guesses = factors if len(factors) > 1 else []
    for name in involved(first, reduction.variables):
        guesses += [first.context().gen(names.index(name)) - value for value in (0, 1, -1)]
    for guess in guesses:
        more = [*conditions, SignCondition(f"guess {len(conditions)}", guess)]
        found = reduce(0 * first, more, (*reduction.variables, *reduction.solved))
        answer = _rational_point(found, more, budget)
        if answer is not None:
            return answer
    return None


def _minors(constraints: Sequence[fmpq_mpoly], variables: Sequence[str]) -> list[SignCondition]:
    """The squarefree parts of the maximal minors of ∂constraints/∂variables."""
    names = constraints[0].context().names()
    found = []
    for columns in combinations([names.index(name) for name in variables], len(constraints)):
        minor = _determinant([[h.derivative(i) for i in columns] for h in constraints])
        if not minor.is_zero():
            found.append(SignCondition(f"minor{columns}", _squarefree(minor)))
    return found


def _determinant(rows: Sequence[Sequence[fmpq_mpoly]]) -> fmpq_mpoly:
    if len(rows) == 1:
        return rows[0][0]
    total = 0 * rows[0][0]
    for i, row in enumerate(rows):
        if not row[0].is_zero():
            others = [other[1:] for k, other in enumerate(rows) if k != i]
            total += (-1) ** i * row[0] * _determinant(others)
    return total


def _squarefree(polynomial: fmpq_mpoly) -> fmpq_mpoly:
    constant, factors = polynomial.factor_squarefree()
    result = polynomial.context().constant(constant)
    for factor, _ in factors:
        result *= factor
    return result


def _shown(stratum: Stratum, inner: dict[str, fmpq_mpoly]) -> DependentGradients:
    """The point with these values of the variables left, at ``SAMPLE``, with all coordinates."""
    context = stratum.objective.context()
    names = context.names()
    sample = to_fmpq(SAMPLE)

    def value(polynomial: fmpq_mpoly, known: dict[str, fmpq_mpoly]) -> fmpq_mpoly:
        arguments = [known.get(name, context.constant(sample)) for name in names]
        return polynomial.compose(*arguments)

    left = {name: value(p, {}) for name, p in inner.items()}
    whole = {**left, **{n: value(p, left) for n, p in stratum.reduction.solved.items()}}
    origin = (0,) * len(names)
    return DependentGradients(
        SAMPLE, {name: to_fraction(whole[name][origin]) for name in stratum.kept}
    )


def _decided(system: PolynomialSystem, engines: Sequence[Engine], limits: Limits) -> Qualification:
    """Whether the system has solutions: over Q(α), else modulo two primes."""
    n = len(system.variables)
    reasons = []
    for engine in engines:
        basis = engine.groebner(system, limits)
        if isinstance(basis, Failure):
            reasons.append(str(basis))
            continue
        return _verdict(krull_dimension(basis.leading, n), Verdict.PROVED)
    for engine in engines:
        dimensions = set()
        for prime, alpha in SAMPLES[:2]:
            basis = engine.groebner(system, limits, prime, alpha)
            if not isinstance(basis, Failure):
                dimensions.add(krull_dimension(basis.leading, n))
        if len(dimensions) == 1:
            return _verdict(dimensions.pop(), Verdict.MODULAR)
    return Qualification(None, Verdict.UNRESOLVED, None, "; ".join(reasons))


def _verdict(dimension: int, verdict: Verdict) -> Qualification:
    if dimension < 0:
        return Qualification(True, verdict)
    reason = (
        f"the gradients are dependent on a set of dimension {dimension} "
        "over the complex numbers; no rational point of it was found"
    )
    return Qualification(False, verdict, None, reason)
