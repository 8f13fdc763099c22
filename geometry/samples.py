"""The solutions of a family at one rational α, and where its events lie: what a route answers.

A *route* is a way to both. The general one asks engines (:class:`EngineRoute`); families
that are linear in their unknowns, or have one unknown only, have exact ones of their own
(``geometry.linear_route``, ``geometry.plane_route``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from flint import fmpz_mpoly

from geometry.engines import Dimension, Engine, Limits, PolynomialSystem, Solutions
from geometry.events import Events, find_events
from geometry.families import Family
from geometry.krawczyk import CertifiedRoot, certify_all
from geometry.recentred import Flow
from geometry.verdicts import Verdict


@dataclass(frozen=True, eq=False)
class Point:
    """One real solution at a sample, and its multiplicity on its branch.

    The branch through it solves the system of ``flow``, where it is simple.
    """

    root: CertifiedRoot
    flow: Flow
    multiplicity: int = 1


@dataclass(frozen=True)
class Sample:
    """The real solutions at one α that may lie in W; ``reasons`` say what is open."""

    points: tuple[Point, ...]
    verdict: Verdict
    reasons: tuple[str, ...] = ()


class Route(Protocol):
    """A way to the events and the samples of one family."""

    def events(self) -> Events:
        """Every event over A."""
        ...

    def at(self, alpha: Fraction) -> Sample:
        """The solutions at a rational α that is no event."""
        ...

    def lies_on(self, point: Point, polynomial: fmpz_mpoly, alpha: Fraction) -> bool | None:
        """Whether a polynomial vanishes at a point over α, hence on its branch, as α is no
        event; None: not found out."""
        ...


class EngineRoute:
    """Events and samples as zero-dimensional systems, put to ``engines`` in order."""

    def __init__(self, family: Family, engines: Sequence[Engine], limits: Limits) -> None:
        self.family, self.engines, self.limits = family, engines, limits
        self._flow = Flow(family.system)

    def events(self) -> Events:
        """See ``geometry.events``."""
        return find_events(self.family, self.engines, self.limits)

    def at(self, alpha: Fraction) -> Sample:
        """Boxes of an engine, each certified by Krawczyk's test."""
        over = self.family.system.at(alpha)
        found = _solve(over, self.engines, self.limits)
        if isinstance(found, str):
            return Sample((), Verdict.UNRESOLVED, (found,))
        boxes = [box for box in found.boxes if self.family.position(box) != -1]
        roots = certify_all(over, boxes)
        reasons = [root.reason for root in roots.uncertified]
        if roots.duplicates:
            reasons.append("two boxes for one solution")
        points = tuple(Point(root, self._flow) for root in roots.certified)
        return Sample(points, found.verdict, tuple(reasons))

    def lies_on(self, point: Point, polynomial: fmpz_mpoly, alpha: Fraction) -> bool | None:
        """One of the solutions on {polynomial = 0} lies where the point is the only one."""
        system = self.family.system
        joined = PolynomialSystem.of(
            system.variables, (*system.equations, polynomial), system.parameter
        )
        found = _solve(joined.at(alpha), self.engines, self.limits)
        if isinstance(found, str):
            return None
        return any(
            all(o[0] <= i[0] and i[1] <= o[1] for o, i in zip(point.root.box, box, strict=True))
            for box in found.boxes
        )


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
