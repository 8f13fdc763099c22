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
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from geometry.algebraic import RealAlgebraic, as_fraction, simplest_between
from geometry.boxes import Interval
from geometry.continuation import Flow, Tube, follow
from geometry.engines import ENGINES, Dimension, Engine, Limits, Solutions, available
from geometry.engines.system import PolynomialSystem
from geometry.events import Event, Events, find_events
from geometry.families import Family
from geometry.krawczyk import CertifiedRoot, certify_all
from geometry.verdicts import Verdict

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
    along the branch (0: zero or not decided), ``down`` and ``up`` the tubes towards the
    ends of the gap.
    """

    root: CertifiedRoot
    signs: tuple[int, ...]
    multiplier_signs: tuple[int, ...]
    down: Tube
    up: Tube

    @property
    def is_feasible(self) -> bool | None:
        """Whether all constraints are positive; None if one is 0 and none is negative."""
        if -1 in self.signs:
            return False
        return None if 0 in self.signs else True

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
) -> BranchDiagram:
    """All branches of ``family`` over A; ``engines`` are tried in order for each question.

    By default the exact ones come first where F is linear in its unknowns: all is proved then.
    """
    chosen = _preferred(family) if engines is None else available(tuple(engines))
    bounded = Limits() if limits is None else limits
    events = find_events(family, chosen, bounded)
    moments = _moments(events.events)
    flow = Flow(family.system)
    gaps = tuple(
        _gap(family, flow, ends, chosen, bounded, events.verdict)
        for ends in _gaps(moments, family.domain)
    )
    reasons = (*events.reasons, *(reason for gap in gaps for reason in gap.reasons))
    verdict = Verdict.weakest([events.verdict, *(gap.verdict for gap in gaps)])
    return BranchDiagram(family, events, moments, gaps, verdict, reasons)


def _preferred(family: Family) -> tuple[Engine, ...]:
    n = len(family.system.variables)
    degrees = (sum(m[:n]) for equation in family.system.equations for m in equation.monoms())
    found = available(ENGINES)
    linear = max(degrees, default=0) <= 1
    return tuple(sorted(found, key=lambda engine: linear and engine.name == "msolve"))


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
        yield as_fraction(simplest_between(*ends))


def _gap(
    family: Family,
    flow: Flow,
    ends: _Ends,
    engines: Sequence[Engine],
    limits: Limits,
    events: Verdict,
) -> Gap:
    """The gap as the first sample shows it that leaves nothing open; else the first one."""
    looked_at: list[Gap] = []
    for sample in _samples(ends.alpha):
        looked_at.append(_gap_at(family, flow, ends, sample, engines, limits, events))
        if not looked_at[-1].reasons:
            return looked_at[-1]
    return looked_at[0]


def _gap_at(
    family: Family,
    flow: Flow,
    ends: _Ends,
    sample: Fraction,
    engines: Sequence[Engine],
    limits: Limits,
    events: Verdict,
) -> Gap:
    over = family.system.at(sample)
    found = _solve(over, engines, limits)
    if isinstance(found, str):
        return Gap(ends.alpha, sample, (), Verdict.UNRESOLVED, (f"α = {sample}: {found}",))
    boxes = [box for box in found.boxes if family.position(box) != -1]
    roots = certify_all(over, boxes)
    reasons = [f"α = {sample}: {root.reason}" for root in roots.uncertified]
    if roots.duplicates:
        reasons.append(f"α = {sample}: two boxes for one solution")
    branches = []
    for root in roots.certified:
        position = family.position(root.enclosure, (sample, sample))
        if position is None:
            reasons.append(f"α = {sample}: a solution lies astride a wall of the box")
        elif position > 0:
            branches.append(_branch(family, flow, ends, sample, root))
    verdict = Verdict.UNRESOLVED if reasons else Verdict.weakest([events, found.verdict])
    return Gap(ends.alpha, sample, tuple(branches), verdict, tuple(reasons))


def _solve(system: PolynomialSystem, engines: Sequence[Engine], limits: Limits) -> Solutions | str:
    reasons = []
    for engine in engines:
        found = engine.solve(system, limits)
        if not isinstance(found, Solutions):
            reasons.append(str(found))
        elif found.dimension is Dimension.POSITIVE:
            return "infinitely many solutions"
        else:
            return found
    return "; ".join(reasons) or "no engine was given"


def _branch(
    family: Family, flow: Flow, ends: _Ends, sample: Fraction, root: CertifiedRoot
) -> Branch:
    lower, upper = ends.alpha
    margin = (upper - lower) * MARGIN
    at_most = upper - margin if ends.upper_is_event else upper
    at_least = lower + margin if ends.lower_is_event else lower
    constraints = family.constraints
    multipliers = tuple(family.multiplier(i) for i in range(len(family.multipliers)))
    signs = family.signs((*constraints, *multipliers), root.enclosure, (sample, sample))
    return Branch(
        root,
        signs[: len(constraints)],
        signs[len(constraints) :],
        follow(flow, root.enclosure, sample, at_least),
        follow(flow, root.enclosure, sample, at_most),
    )
