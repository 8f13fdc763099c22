"""Events of a family: where in α its branches inside W are born, die, or meet a boundary.

    fold        F = 0, det ∂F/∂(w, λ) = 0
    crossing    F = 0, h_k = 0   or a wall of W
    multiplier  F = 0, λ_j = 0
    special     α over which F = 0 (with one of the above) has infinitely many solutions
    escape      α at which a multiplier may be unbounded, as the family says

**Event theorem.** Let J ⊂ A be an open interval that contains no α of an event whose point
lies in W. Then the real solutions over J with w in the interior of W form finitely many
analytic curves, each the graph of a function of α on all of J, none meets ∂W, and each
h_k and λ_j keeps its sign (< 0, 0 or > 0) along each curve. *Proof.* The Jacobian is
regular at every solution, so each lies on a local graph. Continued towards an inner point
of J, a curve stays in the compact W and its multipliers stay bounded (no escape), so it
has a limit, a solution, in the interior of W as no wall is met; there it goes on. A
function keeps its sign on a curve on which it vanishes nowhere or everywhere. ∎

A curve on which h_k vanishes everywhere makes its system infinite. Events are then the
zeros of h_k on the other curves only; where one of these crosses the first, there is a fold.

The theorem holds for a complete list of events. Each event is a root of a zero-dimensional
system: Krawczyk's test proves that it exists, that it is simple and unique in its box;
that no event is missing has the verdict of the engine that solved the system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from math import ceil, floor

from flint import fmpz_mpoly, fmpz_poly

from geometry.algebraic import roots_of
from geometry.boxes import Box, Interval
from geometry.counting.jacobian import jacobian_determinant
from geometry.engines import PRIME, Engine, GroebnerBasis, Limits, PolynomialSystem
from geometry.engines.quotient import krull_dimension
from geometry.families import Family
from geometry.krawczyk import CertifiedRoot, UncertifiedRoot, certify_all
from geometry.resultants import CriticalValueCurve
from geometry.special import Saturated, Unsolved, solve_off_special, without_zeros_of
from geometry.verdicts import Verdict
from piecewise.exact import to_fmpq

PRECISION = 128
"""Events are enclosed to about 2^−128, so that different α nearly always separate."""


class EventKind(Enum):
    """What happens at an event."""

    FOLD = "fold"
    CROSSING = "crossing"
    WALL = "wall"
    MULTIPLIER = "multiplier"
    SPECIAL = "special"
    ESCAPE = "escape"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Event:
    """One event: α lies in ``alpha``, the solution (w, λ) in ``point`` (None: no single one).

    ``index`` counts constraints, walls (l_1, u_1, l_2, …, then ``region``) or multipliers from 0.
    ``certified``: proved to exist, simple, and the only one of its system in its box.
    """

    kind: EventKind
    index: int
    alpha: Interval
    point: Box | None
    certified: bool


@dataclass(frozen=True)
class EventSystem:
    """The answer for one system of events: those over A with w in W, and completeness.

    ``complex_count`` is the number of distinct complex solutions over all α that are not
    ``special`` (of distinct α from a closed form); None where the engine does not say.
    UNRESOLVED comes with a ``reason``; ``is_infinite``: infinitely many solutions over all α.
    """

    kind: EventKind
    index: int
    events: tuple[Event, ...]
    complex_count: int | None
    special: fmpz_poly
    verdict: Verdict
    reason: str = ""
    is_infinite: bool = False


@dataclass(frozen=True)
class SpecialValue:
    """A special α in A, and the dimension of the complex solutions of F = 0 over it.

    The dimension is found modulo a prime for rational α; None where nobody says.
    """

    alpha: Interval
    dimension: int | None


@dataclass(frozen=True)
class Events:
    """All events of a family, increasing in α, system by system and together.

    ``values``: where there are infinitely many solutions for every α, the curve on which the
    objective's values on them lie.
    """

    systems: tuple[EventSystem, ...]
    special: tuple[SpecialValue, ...]
    events: tuple[Event, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    values: CriticalValueCurve | None = None

    def of_kind(self, kind: EventKind) -> tuple[Event, ...]:
        """The events of one kind."""
        return tuple(event for event in self.events if event.kind is kind)


def find_events(family: Family, engines: Sequence[Engine], limits: Limits) -> Events:
    """Every event of ``family``; ``limits`` hold for each question to an engine."""
    systems: list[EventSystem] = []
    known = fmpz_poly([1])
    fold = jacobian_determinant(family.system)
    for kind, index, polynomial in (*conditions(family), (EventKind.FOLD, 0, fold)):
        found = _event_system(family, kind, index, polynomial, engines, limits)
        systems.append(found)
        known = _product(known, found.special)
    return arranged(family, systems, tuple(_special_values(family, known, engines, limits)))


def arranged(
    family: Family, systems: Sequence[EventSystem], special: Sequence[SpecialValue]
) -> Events:
    """All events in order, with what their completeness rests on."""
    events = [event for system in systems for event in system.events]
    events += [Event(EventKind.SPECIAL, 0, value.alpha, None, True) for value in special]
    events += [
        Event(EventKind.ESCAPE, index, alpha, None, False)
        for index, alpha in enumerate(family.escapes)
        if _overlaps(alpha, family.domain)
    ]
    events.sort(key=lambda event: (event.alpha, event.kind.value, event.index))
    return Events(
        tuple(systems),
        tuple(special),
        tuple(events),
        Verdict.weakest((family.proof, *(system.verdict for system in systems))),
        (*family.unknown, *(f"{s.kind} {s.index}: {s.reason}" for s in systems if s.reason)),
    )


def conditions(family: Family) -> Iterator[tuple[EventKind, int, fmpz_mpoly]]:
    """The polynomials whose zeros on branches are events."""
    for index, constraint in enumerate(family.constraints):
        yield EventKind.CROSSING, index, constraint
    for index, wall in enumerate(family.walls()):
        yield EventKind.WALL, index, wall
    for index in range(len(family.multipliers)):
        yield EventKind.MULTIPLIER, index, family.multiplier(index)


def _event_system(
    family: Family,
    kind: EventKind,
    index: int,
    polynomial: fmpz_mpoly | None,
    engines: Sequence[Engine],
    limits: Limits,
) -> EventSystem:
    one = fmpz_poly([1])
    if polynomial is None:
        reason = "too many variables to expand the determinant"
        return EventSystem(kind, index, (), None, one, Verdict.UNRESOLVED, reason)
    if polynomial.is_zero():
        reason = "it vanishes identically"
        return EventSystem(kind, index, (), None, one, Verdict.UNRESOLVED, reason, True)
    if polynomial.is_constant():
        return EventSystem(kind, index, (), 0, one, Verdict.PROVED)
    whole = family.whole
    system = PolynomialSystem.of(whole.variables, [*whole.equations, polynomial])
    found = solve_off_special(system, engines, limits)
    if isinstance(found, Unsolved) and found.is_infinite and kind is not EventKind.FOLD:
        found = _off_branches(whole, polynomial, engines, limits)
    if isinstance(found, Unsolved):
        unresolved = Verdict.UNRESOLVED
        return EventSystem(kind, index, (), None, one, unresolved, found.reason, found.is_infinite)
    boxes = [box for box in found.solutions.boxes if _is_relevant(family, box)]
    roots = certify_all(system, boxes, PRECISION)
    reported: list[CertifiedRoot | UncertifiedRoot] = [*roots.certified, *roots.uncertified]
    events = [_event(kind, index, root) for root in reported]
    rational = found.solutions.parametrisation
    return EventSystem(
        kind,
        index,
        tuple(sorted(events, key=lambda event: event.alpha)),
        None if rational is None else rational.degree,
        found.special,
        found.solutions.verdict,
    )


def _off_branches(
    whole: PolynomialSystem, polynomial: fmpz_mpoly, engines: Sequence[Engine], limits: Limits
) -> Saturated | Unsolved:
    """Where branches that do not lie on {polynomial = 0} meet it."""
    off = without_zeros_of(whole, polynomial, engines, limits)
    if isinstance(off, str):
        return Unsolved(f"branches lie on it; to tell them from others: {off}")
    others, verdict = off
    meeting = PolynomialSystem.of(whole.variables, [*others.equations, polynomial])
    found = solve_off_special(meeting, engines, limits)
    if isinstance(found, Unsolved):
        return found
    weakest = Verdict.weakest((verdict, found.solutions.verdict))
    return replace(found, solutions=replace(found.solutions, verdict=weakest))


def _event(kind: EventKind, index: int, root: CertifiedRoot | UncertifiedRoot) -> Event:
    box = root.enclosure if isinstance(root, CertifiedRoot) else root.box
    # Outwards to a fixed grid: 0 is enclosed at any precision, and by shorter numbers.
    scale = 2**PRECISION
    alpha = (Fraction(floor(box[-1][0] * scale), scale), Fraction(ceil(box[-1][1] * scale), scale))
    return Event(kind, index, alpha, box[:-1], root.is_certified)


def _is_relevant(family: Family, box: Box) -> bool:
    """Whether the point may lie over A and in W."""
    return _overlaps(box[-1], family.domain) and family.position(box[:-1], box[-1]) != -1


def _overlaps(one: Interval, other: Interval) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _product(p: fmpz_poly, q: fmpz_poly) -> fmpz_poly:
    """The product of squarefree polynomials without repeated factors."""
    return p * (q // p.gcd(q))


def _special_values(
    family: Family, special: fmpz_poly, engines: Sequence[Engine], limits: Limits
) -> Iterator[SpecialValue]:
    lower, upper = (to_fmpq(end) for end in family.domain)
    for root in roots_of(special, lower, upper):
        exact = root.as_rational()
        if exact is None:
            yield SpecialValue(root.isolating_interval(), None)
        else:
            yield SpecialValue((exact, exact), dimension_at(family.system, exact, engines, limits))


def dimension_at(
    system: PolynomialSystem, alpha: Fraction, engines: Sequence[Engine], limits: Limits
) -> int | None:
    """The dimension of the complex solutions over one α, modulo a prime; None: not known."""
    over = system.at(alpha)
    for engine in engines:
        basis = engine.groebner(over, limits, PRIME)
        if isinstance(basis, GroebnerBasis):
            return krull_dimension(basis.leading, len(over.variables))
    return None
