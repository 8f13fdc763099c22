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
"""An interval, and a number of errors that is reached on all of it."""


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
    """``bounds`` that cover the needs, None if the time was over before; what was attained."""

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
        return self._attained(found, alpha, None) if isinstance(found, Vertex) else None

    def settle(self, needs: Iterable[Need]) -> Outcome:
        """Bounds that reach the needs, and parameters that fall below them.

        What is attained lowers the need on its interval.
        """
        bounds: list[Bound] = []
        attained: list[Attained] = []
        pending = list(needs)[::-1]
        while pending:
            interval, need = pending.pop()
            if need == 0:
                continue
            try:
                outcome = self._at_a_sample(interval, need)
            except _Expired:
                return Outcome(None, tuple(attained))
            part = outcome.interval.meet(interval)
            assert part is not None, "an outcome holds around its sample"
            if isinstance(outcome, Bound):
                bounds.append(Bound(part, need, outcome.circuits))
            else:
                attained.append(outcome)
                pending.append((part, outcome.errors))
            pending += [(rest, need) for rest in interval.minus([part])]
        return Outcome(
            tuple(sorted(bounds, key=lambda b: b.interval.lower)), tuple(attained)
        )

    def _at_a_sample(self, interval: Interval, need: int) -> Bound | Attained:
        """A proof that holds around a rational α inside at which the rows are in general position
        (all but finitely many are)."""
        for alpha in interval.samples():
            outcome = self._at(alpha, interval, need)
            if outcome is not None:
                return outcome
        raise AssertionError("samples do not end")

    def _at(self, alpha: fmpq, interval: Interval, need: int) -> Bound | Attained | None:
        known = {s: part for s in self.pool if (part := self._around(s, alpha)) is not None}
        family = [self.system.mask(s) for s in known]
        found = self._fewer(self.system.at(alpha), family, need)
        if isinstance(found, Vertex):
            return self._attained(found, alpha, interval)
        candidates = list(known) + found
        masks = [self.system.mask(s) for s in candidates]
        order = sorted(
            range(len(candidates)),
            key=lambda i: (candidates[i] not in known, -masks[i].bit_count(), candidates[i]),
        )
        if any(s not in known for s in candidates):
            chosen = irredundant([masks[i] for i in order], need - 1)
            for i in chosen:
                support = candidates[order[i]]
                if support not in known:
                    if support not in self.pool:
                        self.pool[support] = self.system.intervals(support, self.whole)
                    part = self._around(support, alpha)
                    if part is None:
                        return None
                    known[support] = part
        return self._widest(known, need, interval)

    def _widest(self, known: dict[Support, Interval], need: int, interval: Interval) -> Bound:
        """Circuits that suffice; those that hold on the smallest part of an interval are left
        out first."""
        parts = {s: part.meet(interval) for s, part in known.items()}

        def width(support: Support) -> float:
            part = parts[support]
            assert part is not None, "both hold the sample"
            return float(part.upper) - float(part.lower)

        order = sorted(known, key=lambda s: (width(s), -self.system.mask(s).bit_count(), s))
        chosen = irredundant([self.system.mask(s) for s in order], need - 1)
        circuits = [order[i] for i in chosen]
        common = self.whole
        for support in circuits:
            met = common.meet(known[support])
            assert met is not None, "all hold the sample"
            common = met
        return Bound(common, need, tuple(sorted(circuits)))

    def _around(self, support: Support, alpha: fmpq) -> Interval | None:
        return next((part for part in self.pool[support] if part.has_inside(alpha)), None)

    def _fewer(
        self, sample: Alternatives, family: list[int], need: int
    ) -> Vertex | list[Support]:
        """A vertex with fewer errors, or circuits that with the known ones exclude it."""
        found: list[Support] = []
        while (dropped := hitting_set(family, need - 1)) is not None:
            if self.expired():
                raise _Expired
            outcome = self._round(sample, found, dropped, need)
            if isinstance(outcome, Vertex):
                return outcome
            family += [self.system.mask(s) for s in found[len(found) - outcome :]]
        return found

    def _round(
        self, sample: Alternatives, found: list[Support], dropped: int, need: int
    ) -> Vertex | int:
        """Drops examples until the rest can be right, takes back what it can; how many circuits
        were ``found`` in passing if ``need`` errors are left."""
        before = len(found)
        while isinstance(outcome := self._solve(sample, dropped), Circuit):
            found.append(outcome.support)
            mask = self.system.mask(outcome.support)
            if not mask:
                return len(found) - before  # no parameters at all
            dropped |= mask
        for bit in bits(dropped):
            if self._wrong(outcome) < need:
                break
            again = self._solve(sample, dropped & ~bit)
            if isinstance(again, Vertex):
                outcome, dropped = again, dropped & ~bit
            else:
                found.append(again.support)
        return outcome if self._wrong(outcome) < need else len(found) - before

    def _solve(self, sample: Alternatives, dropped: int) -> Vertex | Circuit:
        total = len(self.system.rows)
        return sample.solve({i for i in range(total) if not dropped >> i & 1})

    def _wrong(self, vertex: Vertex) -> int:
        return sum(value <= 0 for value in vertex.values[: self.system.examples])

    def _attained(self, vertex: Vertex, alpha: fmpq, wanted: Interval | None) -> Attained:
        """The vertex as it moves, or where it stands if that covers what is wanted."""
        errors = self._wrong(vertex)
        positive = [i for i, value in enumerate(vertex.values) if value > 0]
        moving = self.system.direction(vertex.basis, alpha)
        standing = _integers([p(alpha) for p in moving])
        for direction in (standing, moving):
            reach = self.system.reach(direction, positive, alpha, self.whole)
            assert reach is not None, "the rows are positive at the vertex"
            if direction is moving or _contains(reach, wanted or self.whole):
                found = tuple(tuple(map(int, p.coeffs())) for p in direction)
                return Attained(reach, errors, found, self.region)
        raise AssertionError("the last direction is taken")


def _contains(outer: Interval, inner: Interval) -> bool:
    return outer.lower <= inner.lower and inner.upper <= outer.upper


def _integers(values: Sequence[fmpq]) -> Direction:
    """The integer vector on the ray of a rational one."""
    scale = lcm(*(int(value.q) for value in values))
    entries = [int((value * scale).p) for value in values]
    common = gcd(*entries)
    return tuple(fmpz_poly([entry // common]) for entry in entries)
