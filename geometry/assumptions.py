"""Is a stratum regular? Assumption 1 of [BNS25] checked, not assumed.

For generic α a stratum is regular when the gradients of h_S are independent at every
point of {h_S = 0} (LICQ) and F_S has finitely many solutions, at least one, all with a
regular Jacobian. Everything is said over the complex numbers, where the counts live,
and about all of {h_S = 0}, not only its part in the cell. Cheap exact arguments come
first: constraints that contradict or imply each other, linear systems over Q(α); then
bases over Q(α), and modulo primes with the verdict ``modular``.

Dimension is that of the solutions (w, λ) of F_S without redundant constraints, whose
multipliers would be free; where LICQ holds it is that of the critical points w.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from geometry.counting import ComplexCount, Count, bezout, count_complex, multihomogeneous
from geometry.engines import (
    ENGINES,
    Engine,
    Failure,
    GroebnerBasis,
    Limits,
    PolynomialSystem,
    available,
)
from geometry.engines.quotient import krull_dimension
from geometry.linear_systems import LinearRank, linear_rank
from geometry.optimality import Stratum
from geometry.qualification import DependentGradients, Qualification, qualification
from geometry.reduction import Combination
from geometry.verdicts import Verdict

LIMITS = Limits(seconds=5.0)
"""For one question to an engine."""


SAMPLE = Fraction(123, 457)
"""An α without special meaning, at which simple solutions are told apart."""


class Kind(Enum):
    """What a stratum is for generic α."""

    REGULAR = "regular"
    """LICQ holds; finitely many critical points, at least one, all simple."""
    DEGENERATE = "degenerate"
    """LICQ holds; finitely many critical points, some of them multiple for every α."""
    POSITIVE_DIMENSIONAL = "positive-dimensional"
    """LICQ holds; infinitely many critical points."""
    LICQ_FAILS = "licq-fails"
    """The gradients of h_S are dependent at some point of {h_S = 0}, or at all of them if a
    constraint follows from the others."""
    EMPTY = "empty"
    """No critical point (LICQ holds, or {h_S = 0} is empty)."""
    UNDECIDED = "undecided"
    """No engine answered within its limits."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Solutions:
    """Numbers of critical points with and without multiplicity; ``free`` parameters may
    take any value at each of them."""

    generic: Count
    distinct: Count
    free: tuple[str, ...] = ()

    def __str__(self) -> str:
        free = f", {', '.join(self.free)} free" if self.free else ""
        return f"{self.generic} critical points, {self.distinct} distinct{free}"


Witness = Combination | DependentGradients | LinearRank | Solutions


@dataclass(frozen=True)
class Regularity:
    """The kind of a stratum, what it rests on, and a witness.

    ``dimension`` is that of the solutions (w, λ) for generic α: −1 for none, None where
    it is not known. ``critical`` describes them also where LICQ fails.
    """

    kind: Kind
    verdict: Verdict
    dimension: int | None
    witness: Witness | None
    critical: Witness | None
    reason: str = ""

    @property
    def is_regular(self) -> bool:
        """Whether Assumption 1 holds on the stratum, as far as ``verdict`` says."""
        return self.kind is Kind.REGULAR

    def __str__(self) -> str:
        positive = self.kind is Kind.POSITIVE_DIMENSIONAL
        size = f"({self.dimension})" if positive else ""
        why = self.reason or str(self.witness or "")
        return f"{self.kind}{size} ({self.verdict}): {why}"


@dataclass(frozen=True)
class _Critical:
    """The critical points of a stratum without redundant constraints."""

    kind: Kind
    dimension: int | None
    verdict: Verdict
    witness: Witness | None
    reason: str = ""


def regularity(
    stratum: Stratum,
    *,
    engines: Sequence[Engine] | None = None,
    limits: Limits = LIMITS,
) -> Regularity:
    """The verdict on one stratum.

    ``engines`` are tried in order, each question within ``limits``; by default all found.
    """
    chosen = available(ENGINES) if engines is None else available(tuple(engines))
    reduction = stratum.reduction
    if reduction.contradiction is not None:
        witness = reduction.contradiction
        return Regularity(Kind.EMPTY, Verdict.PROVED, -1, witness, witness)
    licq = qualification(stratum, chosen, limits)
    critical = _critical(stratum.restriction(), chosen, limits)
    if licq.holds is False:
        return Regularity(
            Kind.LICQ_FAILS, licq.verdict, critical.dimension, licq.witness, critical.witness,
            licq.reason,
        )  # fmt: skip
    return _joined(licq, critical)


def _joined(licq: Qualification, critical: _Critical) -> Regularity:
    """What holds when LICQ is not known to fail."""
    if licq.holds is None:
        return Regularity(
            Kind.UNDECIDED, Verdict.UNRESOLVED, critical.dimension, None, critical.witness,
            licq.reason,
        )  # fmt: skip
    return Regularity(
        critical.kind,
        Verdict.weakest((licq.verdict, critical.verdict)),
        critical.dimension,
        critical.witness,
        critical.witness,
        critical.reason,
    )


def _critical(restricted: Stratum, engines: Sequence[Engine], limits: Limits) -> _Critical:
    """Dimension and number of the critical points of a stratum without solvable constraints."""
    system, free = restricted.kkt(), restricted.dropped
    linear = linear_rank(system)
    if linear is not None:
        return _linear(linear, len(free))
    bound = min(int(bezout(system)), multihomogeneous(system).bound)
    found = count_complex(system, bound, engines, limits)
    if found.generic.verdict is Verdict.PROVED:
        if found.dimension_verdict is Verdict.MODULAR:
            found = _with_proved_dimension(found, system, engines, limits)
        if found.distinct.verdict is not Verdict.PROVED:
            found = _told_apart(found, system, engines, limits)
    return _classified(found, free)


def _with_proved_dimension(
    found: ComplexCount, system: PolynomialSystem, engines: Sequence[Engine], limits: Limits
) -> ComplexCount:
    """The same count, with a proof of the dimension where one is to be had.

    As many simple points as Bézout's number leave no room for another component; a
    smaller root-count bound that is reached may.
    """
    if found.generic.value == int(bezout(system)):
        return replace(found, dimension=0, dimension_verdict=Verdict.PROVED)
    for engine in engines:
        basis = engine.groebner(system, limits)
        if isinstance(basis, GroebnerBasis):
            dimension = krull_dimension(basis.leading, len(system.variables))
            return replace(found, dimension=dimension, dimension_verdict=Verdict.PROVED)
    return found


def _told_apart(
    found: ComplexCount, system: PolynomialSystem, engines: Sequence[Engine], limits: Limits
) -> ComplexCount:
    """The same count, with a proof that all points are simple where one α shows it.

    Isolated solutions at one α continue to generic α, a simple one to a single branch. As
    many different ones at ``SAMPLE`` as branches, with multiplicity: all are simple.
    """
    if not found.generic.value:
        return found
    for engine in engines:
        solutions = engine.solve(system.at(SAMPLE), limits)
        if isinstance(solutions, Failure) or solutions.verdict is not Verdict.PROVED:
            continue
        exact = solutions.parametrisation
        if exact is not None and exact.degree == found.generic.value:
            return replace(found, distinct=Count.proved(exact.degree, f"simple at α = {SAMPLE}"))
        break  # another exact engine says the same
    return found


def _linear(rank: LinearRank, free: int) -> _Critical:
    if not rank.is_consistent:
        return _Critical(Kind.EMPTY, -1, Verdict.PROVED, rank)
    dimension = free + rank.unknowns - rank.rank
    kind = Kind.POSITIVE_DIMENSIONAL if dimension else Kind.REGULAR
    return _Critical(kind, dimension, Verdict.PROVED, rank)


def _classified(found: ComplexCount, free: tuple[str, ...]) -> _Critical:
    """The kind that the counts of a system without its ``free`` parameters amount to."""
    witness = Solutions(found.generic, found.distinct, free)
    if found.dimension is None:
        reason = found.generic.reason
        return _Critical(Kind.UNDECIDED, None, Verdict.UNRESOLVED, witness, reason)
    if found.dimension < 0:
        return _Critical(Kind.EMPTY, -1, found.dimension_verdict, witness)
    verdict = found.dimension_verdict
    dimension = found.dimension + len(free)
    if dimension:
        return _Critical(Kind.POSITIVE_DIMENSIONAL, dimension, verdict, witness)
    verdict = Verdict.weakest((verdict, found.generic.verdict))
    total, distinct = found.generic.value, found.distinct
    if total is not None and distinct.lower == total:
        return _Critical(Kind.REGULAR, 0, verdict, witness)
    if total is None or distinct.value is None:
        reason = f"{found.generic} critical points, {distinct} distinct"
        return _Critical(Kind.UNDECIDED, 0, Verdict.UNRESOLVED, witness, reason)
    kind = Kind.REGULAR if distinct.value == total else Kind.DEGENERATE
    return _Critical(kind, 0, Verdict.weakest((verdict, distinct.verdict)), witness)
