"""The fewest errors in a region, proved by circuits of its score rows.

In a region some parameters make at most k errors at α iff for a set D of at most k examples the
rows y_t·r_t(α), t ∉ D, and those of the constraints can all be positive at once
(:mod:`geometry.alternatives`). If not, a *circuit* says so, and D must meet it. So

    errors in the region  =  least size of a set that meets every circuit        [Parker, Ryan 1996]

and circuits that no k examples meet prove that there are more than k errors, wherever they all
hold. They are found in turn with sets that meet those known so far, until no set is small
enough, or a vertex has fewer errors [implicit hitting sets, Moreno-Centeno, Karp 2013].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import gcd, lcm

from flint import fmpq, fmpz_poly

from geometry.alternatives import Alternatives, Circuit, Vertex
from geometry.circuits import Direction, System
from geometry.hitting_sets import bits, hitting_set, irredundant
from geometry.intervals import Interval
from geometry.lowest_steps import Attained

Support = tuple[int, ...]
Need = tuple[Interval, int]
"""An interval, and a number of errors that is attained on all of it."""


class _Expired(Exception):
    """The time is over."""


@dataclass(frozen=True)
class Bound:
    """No ``errors`` − 1 examples meet all the circuits, which hold on the interval."""

    interval: Interval
    errors: int
    circuits: tuple[Support, ...]


@dataclass(frozen=True)
class Outcome:
    """``bounds`` that reach the needs, None if the time was over before; what was attained."""

    bounds: tuple[Bound, ...] | None
    attained: tuple[Attained, ...]


@dataclass
class RegionSearch:
    """The search in one region.

    Attributes:
        region: its number.
        system: its rows.
        whole: A.
        expired: whether the time is over.
        pool: circuits, and where they hold.
    """

    region: int
    system: System
    whole: Interval
    expired: Callable[[], bool] = lambda: False
    pool: dict[Support, list[Interval]] = field(default_factory=dict)

    def attempt(self, alpha: fmpq, need: int) -> Attained | None:
        """Parameters with fewer than ``need`` errors at α, if a quick search finds some."""
        found = self._round(self.system.at(alpha), [], 0, need)
        return self._attained(found, alpha, self.whole) if isinstance(found, Vertex) else None

    def settle(self, needs: Iterable[Need]) -> Outcome:
        """Bounds that reach the needs, and parameters that fall below them.

        What is attained lowers the need on its interval.
        """
        bounds: list[Bound] = []
        attained: list[Attained] = []
        pending = [(interval, need) for interval, need in needs if need][::-1]
        while pending:
            interval, need = pending.pop()
            try:
                outcome = self._at_a_sample(interval, need)
            except _Expired:
                return Outcome(None, tuple(attained))
            part = _common(outcome.interval, interval)
            if isinstance(outcome, Bound):
                bounds.append(Bound(part, need, outcome.circuits))
            else:
                attained.append(outcome)
                if outcome.errors:
                    pending.append((part, outcome.errors))
            pending += [(rest, need) for rest in interval.minus([part])]
        return Outcome(tuple(sorted(bounds, key=lambda b: b.interval.lower)), tuple(attained))

    def _at_a_sample(self, interval: Interval, need: int) -> Bound | Attained:
        """What holds around a rational α inside at which the rows are in general position, as
        they are at all but finitely many."""
        for alpha in interval.samples():
            outcome = self._at(alpha, interval, need)
            if outcome is not None:
                return outcome
        raise AssertionError("an interval has samples without end")

    def _at(self, alpha: fmpq, interval: Interval, need: int) -> Bound | Attained | None:
        """A bound or parameters around α; None if a circuit at α is none beside α."""
        known = {s: part for s in self.pool if (part := self._around(s, alpha)) is not None}
        found = self._fewer(self.system.at(alpha), [self.system.mask(s) for s in known], need)
        if isinstance(found, Vertex):
            return self._attained(found, alpha, interval)
        fresh = set(found) - known.keys()
        order = sorted({*known, *fresh}, key=lambda s: (s not in fresh, *self._size(s)))
        for support in self._needed(order, need):
            if support not in fresh:
                continue
            if support not in self.pool:
                self.pool[support] = self.system.intervals(support, self.whole)
            part = self._around(support, alpha)
            if part is None:
                return None
            known[support] = part
        return self._widest(known, need, interval)

    def _widest(self, known: dict[Support, Interval], need: int, interval: Interval) -> Bound:
        """Circuits that suffice; those that hold on little of the interval are left out first."""

        def width(support: Support) -> float:
            part = _common(known[support], interval)
            return float(part.upper) - float(part.lower)

        circuits = self._needed(sorted(known, key=lambda s: (width(s), *self._size(s))), need)
        common = self.whole
        for support in circuits:
            common = _common(common, known[support])
        return Bound(common, need, tuple(sorted(circuits)))

    def _size(self, support: Support) -> tuple[int, Support]:
        """Sorts circuits with many examples to the front."""
        return -self.system.mask(support).bit_count(), support

    def _needed(self, supports: Sequence[Support], need: int) -> list[Support]:
        """Circuits that suffice, the first ones left out first."""
        chosen = irredundant([self.system.mask(s) for s in supports], need - 1, self._check)
        return [supports[i] for i in chosen]

    def _around(self, support: Support, alpha: fmpq) -> Interval | None:
        return next((part for part in self.pool[support] if part.has_inside(alpha)), None)

    def _check(self) -> None:
        if self.expired():
            raise _Expired

    # -- at a sample -----------------------------------------------------------------

    def _fewer(self, sample: Alternatives, family: list[int], need: int) -> Vertex | list[Support]:
        """A vertex with fewer errors, or circuits that exclude it with those known."""
        found: list[Support] = []
        while (dropped := hitting_set(family, need - 1, self._check)) is not None:
            before = len(found)
            outcome = self._round(sample, found, dropped, need)
            if outcome is not None:
                return outcome
            family += [self.system.mask(s) for s in found[before:]]
        return found

    def _round(
        self, sample: Alternatives, found: list[Support], dropped: int, need: int
    ) -> Vertex | None:
        """Drops examples until the others can be right, then takes back what can be.

        The circuits met on the way are ``found``. None if ``need`` errors are left.
        """
        while isinstance(outcome := self._solve(sample, dropped), Circuit):
            found.append(outcome.support)
            mask = self.system.mask(outcome.support)
            if not mask:
                return None  # no parameters at all
            dropped |= mask
        for bit in bits(dropped):
            if self._wrong(outcome) < need:
                return outcome
            again = self._solve(sample, dropped & ~bit)
            if isinstance(again, Vertex):
                outcome, dropped = again, dropped & ~bit
            else:
                found.append(again.support)
        return outcome if self._wrong(outcome) < need else None

    def _solve(self, sample: Alternatives, dropped: int) -> Vertex | Circuit:
        total = len(self.system.rows)
        return sample.solve({i for i in range(total) if not dropped >> i & 1})

    def _wrong(self, vertex: Vertex) -> int:
        return sum(value <= 0 for value in vertex.values[: self.system.examples])

    def _attained(self, vertex: Vertex, alpha: fmpq, wanted: Interval) -> Attained:
        """The vertex where it stands if that serves all that is wanted, or as it moves."""
        positive = [i for i, value in enumerate(vertex.values) if value > 0]
        direction = self.system.direction(vertex.basis, alpha)
        reach = self.system.reach(direction, positive, alpha, self.whole)
        standing = _integers([p(alpha) for p in direction])
        other = self.system.reach(standing, positive, alpha, self.whole)
        if other.lower <= wanted.lower and wanted.upper <= other.upper:
            direction, reach = standing, other
        coefficients = tuple(tuple(map(int, p.coeffs())) for p in direction)
        right = self.system.mask(positive)
        return Attained(reach, self._wrong(vertex), coefficients, self.region, right)


def _common(left: Interval, right: Interval) -> Interval:
    """What two intervals around one α have in common."""
    return Interval(max(left.lower, right.lower), min(left.upper, right.upper))


def _integers(values: Sequence[fmpq]) -> Direction:
    """The integer vector on the ray of a rational one."""
    scale = lcm(*(int(value.q) for value in values))
    entries = [int((value * scale).p) for value in values]
    common = gcd(*entries)
    return tuple(fmpz_poly([entry // common]) for entry in entries)
