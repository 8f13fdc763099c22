"""The general route: events and samples as zero-dimensional systems, put to engines.

Three kinds of families are told apart by their folds, F = 0 and det ∂F/∂x = 0.

- *Finitely many folds* over α that are not special: all branches are simple.
- *Multiple branches*: F has finitely many solutions for generic α, some of them multiple.
  ``geometry.degenerate`` separates them and finds where they meet.
- *Infinitely many solutions* for every α. Only the simple ones are followed, those of

      F = 0,  u · det ∂F/∂x = 1,

  which are finitely many. They end where u is infinite: at the roots of the leading
  coefficient in u of ⟨F, u·det − 1⟩ ∩ Q[u, α]. The counts are lower bounds, and say so; the
  values on all solutions lie on the critical-value curve that is given with the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from flint import fmpz_mpoly

from geometry.boxes import Box
from geometry.counting.jacobian import jacobian_determinant
from geometry.degenerate import Separated, eliminant, in_parameter
from geometry.engines import Dimension, Engine, Limits, PolynomialSystem, Solutions
from geometry.event_roots import event_system, roots_in, special_values
from geometry.events import EventKind, Events, EventSystem, arranged, dimension_at, find_events
from geometry.families import Family
from geometry.krawczyk import CertifiedRoot, certify, certify_all
from geometry.recentred import Flow
from geometry.resultants import CriticalValueCurve, critical_value_curve, leading_coefficient
from geometry.samples import Point, Sample
from geometry.special import Unsolved, auxiliary
from geometry.verdicts import Verdict

PRECISION = 256
"""For solutions that only an engine tells apart."""


class EngineRoute:
    """The route of one family; ``engines`` are tried in order, within ``limits`` each time."""

    def __init__(self, family: Family, engines: Sequence[Engine], limits: Limits) -> None:
        self.family, self.engines, self.limits = family, tuple(engines), limits
        self._flow = Flow(family.system)
        self._separated: Separated | None = None
        self._simple: Family | None = None

    # -- events ----------------------------------------------------------------------

    def events(self) -> Events:
        """See ``geometry.events``."""
        found = find_events(self.family, self.engines, self.limits)
        folds = next((s for s in found.systems if s.kind is EventKind.FOLD), None)
        if folds is None or not folds.is_infinite:
            return found
        separated = Separated.of(self.family.system, self.engines, self.limits)
        if isinstance(separated, Separated):
            self._separated = separated
            return self._with_meetings(found, separated)
        return self._of_simple_branches(found, folds, separated)

    def _with_meetings(self, found: Events, separated: Separated) -> Events:
        """With the α where branches may meet in place of folds."""
        meetings = event_system(
            self.family, EventKind.FOLD, 0, separated.discriminant, lambda _: None
        )
        meetings = replace(meetings, verdict=separated.verdict)
        others = [system for system in found.systems if system.kind is not EventKind.FOLD]
        special = special_values(self.family, separated.content, self._dimension)
        known = {value.alpha for value in found.special}
        more = [value for value in special if value.alpha not in known]
        return arranged(self.family, [*others, meetings], [*found.special, *more])

    def _of_simple_branches(self, found: Events, folds: EventSystem, reason: Unsolved) -> Events:
        """The events of simple branches; what is said of all of them is a bound at most."""
        values = self._values() if reason.is_infinite else None
        says = reason.reason if values is None else f"{reason.reason}; {values}"
        simple = _simple_family(self.family, self.engines, self.limits)
        if isinstance(simple, Unsolved):
            says += f"; {simple.reason}"
            systems = [replace(s, reason=says) if s is folds else s for s in found.systems]
            return replace(arranged(self.family, systems, found.special), values=values)
        self._simple = simple
        events = _without_auxiliary(find_events(simple, self.engines, self.limits), self.family)
        verdict = Verdict.weakest((Verdict.BOUNDS, events.verdict))
        reasons = (f"only simple branches are followed: {says}", *events.reasons)
        return replace(events, verdict=verdict, reasons=reasons, values=values)

    def _values(self) -> CriticalValueCurve | None:
        """The objective on all solutions, by elimination."""
        found = critical_value_curve(
            self.family.system, self.family.objective, engines=self.engines, limits=self.limits
        )
        return found if isinstance(found, CriticalValueCurve) else None

    def _dimension(self, alpha: Fraction) -> int | None:
        return dimension_at(self.family.system, alpha, self.engines, self.limits)

    # -- samples ---------------------------------------------------------------------

    def at(self, alpha: Fraction) -> Sample:
        """Boxes of an engine, each certified by Krawczyk's test."""
        over = self.family.system.at(alpha)
        asked = over if self._simple is None else self._simple.system.at(alpha)
        precision = PRECISION if self._separated else 64
        found = self._solve(asked, precision)
        if isinstance(found, str):
            return Sample((), Verdict.UNRESOLVED, (found,))
        n = len(over.variables)
        boxes = [box[:n] for box in found.boxes if self.family.position(box[:n]) != -1]
        if self._separated is not None:
            return self._separately(self._separated, boxes, alpha, found.verdict)
        roots = certify_all(over, boxes)
        reasons = [root.reason for root in roots.uncertified]
        if roots.duplicates:
            reasons.append("two boxes for one solution")
        points = tuple(Point(root, self._flow) for root in roots.certified)
        return Sample(points, found.verdict, tuple(reasons))

    def _separately(
        self, separated: Separated, boxes: Sequence[Box], alpha: Fraction, verdict: Verdict
    ) -> Sample:
        """Each solution on the system on which it is simple."""
        points, reasons = [], []
        for box in boxes:
            multiplicity = separated.multiplicity(box, alpha)
            flow = self._flow if multiplicity == 1 else separated.flow(box, alpha)
            if multiplicity is None or isinstance(flow, Unsolved):
                reasons.append("a solution is too close to others to tell its multiplicity")
                continue
            root = certify(flow.values.system.at(alpha), box)
            if isinstance(root, CertifiedRoot):
                points.append(Point(root, flow, multiplicity))
            else:
                reasons.append(root.reason)
        return Sample(tuple(points), verdict, tuple(reasons))

    def lies_on(self, point: Point, polynomial: fmpz_mpoly, alpha: Fraction) -> bool | None:
        """One of the solutions on {polynomial = 0} lies where the point is the only one."""
        system = self.family.system
        joined = PolynomialSystem.of(
            system.variables, (*system.equations, polynomial), system.parameter
        )
        found = self._solve(joined.at(alpha), PRECISION)
        if isinstance(found, str):
            return None
        return any(
            all(o[0] <= i[0] and i[1] <= o[1] for o, i in zip(point.root.box, box, strict=True))
            for box in found.boxes
        )

    def _solve(self, system: PolynomialSystem, precision: int) -> Solutions | str:
        reasons = []
        for engine in self.engines:
            found = engine.solve(system, self.limits, precision)
            if not isinstance(found, Solutions):
                reasons.append(str(found))
            elif found.dimension is Dimension.POSITIVE:
                return "infinitely many solutions"
            else:
                return found
        return "; ".join(reasons) or "no engine was given"


def _without_auxiliary(events: Events, family: Family) -> Events:
    """The same without the question whether u = 0, which it never is."""
    auxiliary_index = len(family.multipliers)
    systems = [
        s
        for s in events.systems
        if s.kind is not EventKind.MULTIPLIER or s.index != auxiliary_index
    ]
    return replace(events, systems=tuple(systems))


def _simple_family(family: Family, engines: Sequence[Engine], limits: Limits) -> Family | Unsolved:
    """The simple solutions, with u as a further multiplier that escapes where they end."""
    system = family.system
    determinant = jacobian_determinant(system)
    if determinant is None:
        return Unsolved("too many variables to expand the determinant")
    if determinant.is_zero():
        return Unsolved("no solution is simple")
    n = len(system.variables)
    terms = {(*(int(e) for e in m[:n]), 1, int(m[n])): int(c) for m, c in determinant.terms()}
    terms[(0,) * (n + 2)] = -1
    joined = system.joined([auxiliary("u", system)], [terms])
    curve = eliminant(joined, [int(i == n) for i in range(n + 1)], engines, limits)
    if isinstance(curve, Unsolved):
        return curve
    polynomial, verdict = curve
    ends = in_parameter(leading_coefficient(polynomial, "t"))
    return Family.of(
        joined,
        family.domain,
        family.box,
        family.constraints,
        0,
        (*family.escapes, *(alpha for alpha, _ in roots_in(ends, family.domain))),
        region=family.region,
        unknown=family.unknown,
        verdict=Verdict.weakest((family.verdict, verdict)),
    )
