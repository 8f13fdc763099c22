"""The real branches of a family over A: how many, where, feasible or not, with which value.

Events cut A into *gaps*. In each gap one rational sample is solved, every solution is
certified, and each solution with w inside W starts a branch, followed in tubes towards both
ends of the gap. What is proved:

- *Over its tubes* each branch exists and is one analytic curve, different branches being
  different: a lower bound for the count there that rests on ball arithmetic only. Tubes
  stop a small certified distance before an event.
- *Over the whole gap* the number of branches inside W, and the signs of the constraints
  along each, are those at the sample, by the event theorem (``geometry.events``). This
  needs complete events and a complete sample, and has the weakest of their verdicts.

Events whose enclosures in α overlap form one *moment*; nothing is claimed inside it. Values
along branches: ``geometry.branch_values``.

Linear families and those with one unknown are answered in closed form, without engines.
Branches that are multiple for every α are counted once, with their multiplicity. Where there
are infinitely many solutions for every α, only simple ones are followed; the verdict is then
``BOUNDS`` at best, and the reasons say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz_mpoly

from geometry.algebraic import RealAlgebraic, simplest_between
from geometry.boxes import Interval
from geometry.continuation import Tube, follow
from geometry.engine_route import EngineRoute
from geometry.engines import ENGINES, Engine, Limits, available
from geometry.events import Event, Events
from geometry.families import Family
from geometry.krawczyk import CertifiedRoot
from geometry.linear_route import LinearRoute
from geometry.plane_route import PlaneRoute
from geometry.samples import Point, Route
from geometry.verdicts import Verdict
from piecewise.exact import to_fraction

MARGIN = Fraction(1, 2**8)
"""Tubes stop at this part of the gap before an event."""


@dataclass(frozen=True)
class Moment:
    """Events that share one small interval of α, overlapping each other."""

    alpha: Interval
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Branch:
    """A real branch inside W over one gap.

    ``root`` is the certified solution at the sample, ``signs`` those of the constraints
    along the branch (None: not decided), ``down`` and ``up`` the tubes towards the ends of
    the gap. ``multiplicity`` is that of the solutions for generic α.
    """

    root: CertifiedRoot
    signs: tuple[int | None, ...]
    multiplier_signs: tuple[int | None, ...]
    down: Tube
    up: Tube
    multiplicity: int = 1

    @property
    def is_feasible(self) -> bool | None:
        """Whether the branch lies in the relative interior of the closed cell's face: all
        constraints are positive. One that is zero along the branch makes it a branch of a
        smaller face. None: not decided."""
        if -1 in self.signs or 0 in self.signs:
            return False
        return None if None in self.signs else True

    @property
    def reach(self) -> Interval:
        """The interval of α over which tubes certify the branch."""
        return self.down.reached, self.up.reached


@dataclass(frozen=True)
class Gap:
    """An open interval of α without events: its sample and its branches.

    ``verdict`` is that of their number; ``reasons`` say what is open.
    """

    alpha: Interval
    sample: Fraction
    branches: tuple[Branch, ...]
    verdict: Verdict
    reasons: tuple[str, ...] = ()

    @property
    def real(self) -> int:
        """Number of real branches inside W."""
        return len(self.branches)

    @property
    def with_multiplicity(self) -> int:
        """The same, each branch as often as its multiplicity says."""
        return sum(branch.multiplicity for branch in self.branches)

    @property
    def feasible(self) -> int:
        """Number of branches on which every constraint is positive."""
        return sum(branch.is_feasible is True for branch in self.branches)


@dataclass(frozen=True, eq=False)
class BranchDiagram:
    """Moments and gaps of a family, alternating over A, and how far all of it is proved."""

    family: Family
    events: Events
    moments: tuple[Moment, ...]
    gaps: tuple[Gap, ...]
    verdict: Verdict
    reasons: tuple[str, ...]

    def steps(self) -> tuple[tuple[Interval, int, int], ...]:
        """The step function of (real, feasible) counts; equal neighbours are joined only
        where the diagram is read, since each moment is an event."""
        return tuple((gap.alpha, gap.real, gap.feasible) for gap in self.gaps)

    def counts_at(self, alpha: Fraction) -> tuple[int, int] | None:
        """(real, feasible) at ``alpha``; None inside a moment or outside A."""
        for gap in self.gaps:
            if gap.alpha[0] < alpha < gap.alpha[1]:
                return gap.real, gap.feasible
        return None

    @property
    def most_real(self) -> int:
        """The largest number of real branches inside W over any gap."""
        return max((gap.real for gap in self.gaps), default=0)


def branch_diagram(
    family: Family,
    *,
    engines: Sequence[Engine] | None = None,
    limits: Limits | None = None,
    closed_forms: bool = True,
) -> BranchDiagram:
    """All branches of ``family`` over A; ``engines`` are tried in order for each question.

    Families that are linear in their unknowns or have one unknown need no engine, unless
    without ``closed_forms``.
    """
    chosen = available(ENGINES) if engines is None else tuple(engines)
    route = _route(family, chosen, Limits() if limits is None else limits, closed_forms)
    events = route.events()
    moments = _moments(events.events)
    gaps = tuple(
        _gap(family, route, ends, events.verdict) for ends in _gaps(moments, family.domain)
    )
    reasons = (*events.reasons, *(reason for gap in gaps for reason in gap.reasons))
    verdict = Verdict.weakest([events.verdict, *(gap.verdict for gap in gaps)])
    return BranchDiagram(family, events, moments, gaps, verdict, reasons)


def _route(
    family: Family, engines: tuple[Engine, ...], limits: Limits, closed_forms: bool
) -> Route:
    exact: Route | None = None
    if closed_forms:
        exact = LinearRoute.of(family) or PlaneRoute.of(family)
    return exact or EngineRoute(family, engines, limits)


def _moments(events: Sequence[Event]) -> tuple[Moment, ...]:
    """Events (increasing in α) grouped as far as their enclosures overlap."""
    found: list[Moment] = []
    for event in events:
        if found and event.alpha[0] <= found[-1].alpha[1]:
            last = found[-1]
            span = (last.alpha[0], max(last.alpha[1], event.alpha[1]))
            found[-1] = Moment(span, (*last.events, event))
        else:
            found.append(Moment(event.alpha, (event,)))
    return tuple(found)


@dataclass(frozen=True)
class _Ends:
    """A gap to be filled, and whether each end is an event (or else an end of A)."""

    alpha: Interval
    lower_is_event: bool
    upper_is_event: bool


def _gaps(moments: Sequence[Moment], domain: Interval) -> list[_Ends]:
    found, start, after_event = [], domain[0], False
    for moment in moments:
        if moment.alpha[0] > start:
            found.append(_Ends((start, moment.alpha[0]), after_event, True))
        start, after_event = max(start, moment.alpha[1]), True
    if start < domain[1]:
        found.append(_Ends((start, domain[1]), after_event, False))
    return found


def _samples(alpha: Interval) -> Iterator[Fraction]:
    """The simplest rationals in parts of the middle half, so that tubes run both ways.

    Two solutions may meet outside W over one of them.
    """
    width = alpha[1] - alpha[0]
    for first, last in ((6, 18), (6, 11), (13, 18)):
        lower, upper = alpha[0] + width * first / 24, alpha[0] + width * last / 24
        ends = RealAlgebraic.rational(lower), RealAlgebraic.rational(upper)
        yield to_fraction(simplest_between(*ends))


def _gap(family: Family, route: Route, ends: _Ends, events: Verdict) -> Gap:
    """The gap as the first sample shows it that leaves nothing open; else the first one."""
    looked_at: list[Gap] = []
    for alpha in _samples(ends.alpha):
        looked_at.append(_gap_at(family, route, ends, alpha, events))
        if not looked_at[-1].reasons:
            return looked_at[-1]
    return looked_at[0]


def _gap_at(family: Family, route: Route, ends: _Ends, alpha: Fraction, events: Verdict) -> Gap:
    sample = route.at(alpha)
    reasons = list(sample.reasons)
    branches = []
    for point in sample.points:
        position = family.position(point.root.enclosure, (alpha, alpha))
        if position is None:
            reasons.append("a solution lies astride a wall of the box")
        elif position > 0:
            branches.append(_branch(family, route, ends, alpha, point))
    if any(branch.is_feasible is None for branch in branches):
        reasons.append("whether a branch lies on a constraint is not known")
    verdict = Verdict.UNRESOLVED if reasons else Verdict.weakest([events, sample.verdict])
    where = tuple(f"α = {alpha}: {reason}" for reason in reasons)
    return Gap(ends.alpha, alpha, tuple(branches), verdict, where)


def _branch(family: Family, route: Route, ends: _Ends, alpha: Fraction, point: Point) -> Branch:
    lower, upper = ends.alpha
    margin = (upper - lower) * MARGIN
    at_most = upper - margin if ends.upper_is_event else upper
    at_least = lower + margin if ends.lower_is_event else lower
    multipliers = tuple(family.multiplier(i) for i in range(len(family.multipliers)))
    start = point.root.enclosure
    return Branch(
        point.root,
        _signs(family, route, point, alpha, family.constraints),
        _signs(family, route, point, alpha, multipliers),
        follow(point.flow, start, alpha, at_least),
        follow(point.flow, start, alpha, at_most),
        point.multiplicity,
    )


def _signs(
    family: Family, route: Route, point: Point, alpha: Fraction, polynomials: Sequence[fmpz_mpoly]
) -> tuple[int | None, ...]:
    """Signs along the branch; the enclosure of the point leaves zeros to the route."""
    near = family.signs(polynomials, point.root.enclosure, (alpha, alpha))
    return tuple(
        sign or (0 if route.lies_on(point, polynomial, alpha) else None)
        for sign, polynomial in zip(near, polynomials, strict=True)
    )
