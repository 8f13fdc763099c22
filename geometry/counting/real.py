"""How many real solutions there are, root by root certified, and why there are no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geometry.counting.count import Count
from geometry.counting.jacobian import jacobian_determinant
from geometry.counting.solutions import LARGEST_EXACT
from geometry.engines.parametrisation import Parametrisation
from geometry.engines.protocol import Dimension, Engine, Failure, Limits, Solutions
from geometry.engines.system import PolynomialSystem
from geometry.krawczyk import Certification, certify_all
from geometry.verdicts import Verdict

LARGEST_VERIFIED = 250
"""Largest degree of a parametrisation that is checked against the equations."""


@dataclass(frozen=True)
class RealCount:
    """The number of distinct real solutions, and their certified boxes."""

    count: Count
    roots: Certification


def count_real(
    system: PolynomialSystem,
    distinct: Count,
    engines: Sequence[Engine],
    limits: Limits,
    finite: bool = False,
) -> RealCount:
    """The isolated real solutions of a system without parameter.

    Existence is proved root by root by Krawczyk's test. Completeness is proved when the
    engine is exact, when the verified parametrisation has as many roots as there are
    distinct complex solutions (all of them isolated: ``finite`` says that the solution set
    is proved to be, else their Jacobian is looked at), or when all of those are real.
    """
    reasons, best = [], RealCount(Count.unresolved("no engine answers"), Certification((), ()))
    # Exact algebra on many solutions only burns its time limit.
    few = distinct.value is not None and distinct.value <= LARGEST_EXACT
    for engine in engines if few else engines[:1]:
        solutions = engine.solve(system, limits)
        if isinstance(solutions, Failure):
            reasons.append(str(solutions))
            continue
        if solutions.dimension is Dimension.POSITIVE:
            reason = "infinitely many complex solutions"
            return RealCount(Count.unresolved(reason), Certification((), ()))
        current = _real(system, solutions, distinct, finite)
        if current.count.verdict is Verdict.PROVED:
            return current
        if best.count.value is None:
            best = current
    if best.count.value is None and reasons:
        return RealCount(Count.unresolved("; ".join(reasons)), best.roots)
    return best


def _real(
    system: PolynomialSystem, solutions: Solutions, distinct: Count, finite: bool
) -> RealCount:
    roots = certify_all(system, solutions.boxes)
    number, certain = len(solutions.boxes), len(roots.certified)
    upper = distinct.upper
    if solutions.verdict is Verdict.PROVED and not roots.duplicates:
        return RealCount(Count.proved(number, f"{solutions.engine}: exact"), roots)
    if upper is not None and certain == upper:
        return RealCount(Count.proved(certain, "all complex solutions are real"), roots)
    rational = solutions.parametrisation
    if (
        rational is not None
        and distinct.verdict is Verdict.PROVED
        and rational.degree == distinct.value
        and rational.degree <= LARGEST_VERIFIED
        and rational.verify(system)
        and (finite or _are_simple(system, rational))
    ):
        exact = len(rational.real_points())
        return RealCount(Count.proved(exact, "verified parametrisation of all solutions"), roots)
    reason = f"{certain} of {number} proved to exist; complete if {solutions.engine} is"
    return RealCount(Count(number, Verdict.MODULAR, reason, certain, upper), roots)


def _are_simple(system: PolynomialSystem, points: Parametrisation) -> bool:
    """Whether the Jacobian is proved regular at every point, which then is isolated."""
    determinant = jacobian_determinant(system)
    return determinant is not None and points.avoids(determinant)
