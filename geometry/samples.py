"""The solutions of a family at one rational α, and where its events lie: what a route answers.

A *route* is a way to both. The general one asks engines (``geometry.engine_route``); families
that are linear in their unknowns, or have one unknown only, have exact ones of their own
(``geometry.linear_route``, ``geometry.plane_route``).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from flint import fmpz_mpoly

from geometry.events import Events
from geometry.krawczyk import CertifiedRoot
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
