"""Names for the conditions of a family: the labels of the constraints of its stratum.

On {h_S = 0} a constraint is a polynomial in what f depends on; a condition of the family
that says the same has its label. What constraints say together about parameters that do
not matter to f has no label of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

from geometry.boxes import Interval
from geometry.engines.system import terms_of
from geometry.events import EventKind
from geometry.families import Family
from geometry.optimality import Stratum
from geometry.reduction import involved
from piecewise.exact import to_fmpq

TOGETHER = "several constraints together"

Monic = tuple[tuple[tuple[int, ...], Fraction], ...]


class Labels:
    """The labels of the events of ``family``, which is that of ``stratum`` in the box ``walls``."""

    def __init__(self, stratum: Stratum, family: Family, walls: Mapping[str, Interval]) -> None:
        self._stratum = stratum
        self._family = family
        self._walls = walls

    def of(self, kind: EventKind, index: int) -> str:
        """The constraint or multiplier that an event is about; empty for other kinds."""
        if kind is EventKind.CROSSING:
            return self._named.get(self._monic(self._family.constraints[index]), TOGETHER)
        if kind is EventKind.WALL:
            return self._named.get(self._monic(self._family.walls()[index]), TOGETHER)
        if kind is EventKind.MULTIPLIER:
            return self._multiplied[self._family.multipliers[index]]
        return ""

    @cached_property
    def _multiplied(self) -> dict[str, str]:
        return {name: label for label, name in self._stratum.restriction().multipliers.items()}

    @cached_property
    def _named(self) -> dict[Monic, str]:
        """The labels by what the conditions say on {h_S = 0}."""
        objective = self._stratum.objective
        gens = dict(zip(objective.context().names(), objective.context().gens(), strict=True))
        said = [(c.label, c.polynomial) for c in self._stratum.inactive]
        for name, (lower, upper) in self._walls.items():
            said.append((f"{name}:lower", gens[name] - to_fmpq(lower)))
            said.append((f"{name}:upper", to_fmpq(upper) - gens[name]))
        known = self._family.system.names
        others = [name for name in gens if name not in known]
        found: dict[Monic, str] = {}
        for label, polynomial in said:
            on_hull = self._stratum.reduction.restrict(polynomial)
            if not involved(on_hull, others):
                found.setdefault(self._monic(on_hull), label)
        return found

    def _monic(self, polynomial: Any) -> Monic:
        """A polynomial up to positive factors."""
        terms = sorted(terms_of(polynomial, self._family.system.names).items())
        scale = abs(Fraction(terms[-1][1])) if terms else Fraction(1)
        return tuple((monomial, Fraction(c) / scale) for monomial, c in terms)
