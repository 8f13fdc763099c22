"""Events from univariate polynomials: α is a root, the solution over it a function of α."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor

from flint import arb, ctx, fmpq, fmpz, fmpz_poly

from geometry.algebraic import roots_of
from geometry.boxes import Box, Interval, ball
from geometry.events import PRECISION, Event, EventKind, EventSystem, SpecialValue
from geometry.families import Family
from geometry.verdicts import Verdict
from piecewise.exact import to_fmpq, to_fraction

BITS = 8 * PRECISION
"""Enclosures of α are this narrow when the solution over it is evaluated."""

Solution = Callable[[arb], Box | None]
"""An enclosure of the solution over an enclosure of α; None where it is not single."""


def event_system(
    family: Family, kind: EventKind, index: int, polynomial: fmpz_poly, solution: Solution
) -> EventSystem:
    """The events of one kind at the roots of a polynomial ≠ 0 in A, those with w in W."""
    found = []
    for alpha, exact in roots_in(polynomial, family.domain):
        with ctx.workprec(BITS):
            point = solution(ball(*exact))
        if point is None or family.position(point, exact) != -1:
            found.append(Event(kind, index, alpha, point, point is not None))
    return EventSystem(
        kind, index, tuple(found), _distinct_roots(polynomial), fmpz_poly([1]), Verdict.PROVED
    )


def roots_in(polynomial: fmpz_poly, domain: Interval) -> list[tuple[Interval, Interval]]:
    """The distinct roots in the domain, increasing: each on the grid of 2^−PRECISION, and in a
    far narrower interval."""
    found = []
    lower, upper = (to_fmpq(end) for end in domain)
    for root in roots_of(polynomial, lower, upper):
        root.refine(fmpq(1, fmpz(1) << BITS))
        exact = to_fraction(root.lower), to_fraction(root.upper)
        found.append((on_grid(exact), exact))
    return found


def on_grid(alpha: Interval) -> Interval:
    """Outwards to multiples of 2^−PRECISION."""
    scale = 2**PRECISION
    return Fraction(floor(alpha[0] * scale), scale), Fraction(ceil(alpha[1] * scale), scale)


def special_values(
    family: Family, polynomial: fmpz_poly, dimension: Callable[[Fraction], int | None]
) -> tuple[SpecialValue, ...]:
    """The roots in A over which there are infinitely many solutions, as ``dimension`` says of
    rational ones (−1 and 0: there are not); irrational ones are given without a dimension."""
    found = []
    lower, upper = (to_fmpq(end) for end in family.domain)
    for root in roots_of(polynomial, lower, upper):
        exact = root.as_rational()
        if exact is None:
            found.append(SpecialValue(root.isolating_interval(), None))
        elif (size := dimension(exact)) is None or size > 0:
            found.append(SpecialValue((exact, exact), size))
    return tuple(found)


def _distinct_roots(polynomial: fmpz_poly) -> int:
    return int(polynomial.degree() - polynomial.gcd(polynomial.derivative()).degree())
