"""The fewest errors in a region, proved by circuits of its score rows, for all α.

At an α a search (:mod:`geometry.sample_search`) finds parameters with few errors and a proof that
there are no fewer (:mod:`geometry.split_proofs`). The parameters, moved with α, attain as much on
an interval; the proof holds where all its circuits do. What is left of A is treated in the same
way, with the circuits known so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from math import gcd, lcm

from flint import fmpq, fmpz_poly

from geometry.alternatives import Vertex
from geometry.circuits import Direction, System
from geometry.intervals import Interval
from geometry.lowest_steps import Attained
from geometry.sample_search import LIMIT, Half, SampleSearch
from geometry.split_proofs import Proof, Support, reduced, supports_of, walk
from piecewise.deadlines import Check, OutOfTime, go_on

Need = tuple[Interval, int]
"""An interval, and a number of errors that is attained on all of it."""


@dataclass(frozen=True)
class Bound:
    """The proof that there are at least so many errors holds on the interval."""

    interval: Interval
    errors: int
    proof: Proof


@dataclass(frozen=True)
class Unfinished:
    """A region between two rounds of its search: another search goes on from here as this one
    would.

    ``pending`` are the needs that are left, the next one last, of which the sample number ``turn``
    is treated; ``circuits`` are those whose intervals are known.
    """

    bounds: tuple[Bound, ...]
    attained: tuple[Attained, ...]
    pending: tuple[Need, ...]
    circuits: tuple[Support, ...]
    turn: int
    half: Half | None


@dataclass(frozen=True)
class Outcome:
    """``bounds`` that reach the needs, None if the time was over before; what was attained."""

    bounds: tuple[Bound, ...] | None
    attained: tuple[Attained, ...]


Found = tuple[Attained | None, Bound | None]
"""Around an α: what is attained if it is less than was known; a bound if there are errors."""
Told = Callable[[int, SampleSearch], None]
"""Told the number of a sample and the search there, between two rounds."""


@dataclass
class RegionSearch:
    """The search in one region.

    Attributes:
        region: its number.
        system: its rows.
        whole: A.
        check: asked again and again whether to go on.
        pool: circuits, and where they hold.
    """

    region: int
    system: System
    whole: Interval
    check: Check = go_on
    pool: dict[Support, list[Interval]] = field(default_factory=dict)

    def attempt(self, alpha: fmpq, need: int) -> Attained | None:
        """Parameters with fewer than ``need`` errors at α, if a quick search finds some.

        Raises:
            OutOfTime: ``check`` says so.
        """
        found = SampleSearch(self.system, alpha, (), need, self.check).quick()
        return None if found is None else self._attained(found, alpha, self.whole)

    def settle(
        self,
        needs: Iterable[Need],
        start: Unfinished | None = None,
        pause: Callable[[Callable[[], Unfinished]], None] = lambda state: None,
    ) -> Outcome:
        """Bounds that reach the needs, and parameters that fall below them.

        What is attained lowers the need on its interval.

        Args:
            needs: of all of A.
            start: where an earlier search with these needs had come.
            pause: called between two rounds with what tells where the search is.
        """
        bounds: list[Bound] = []
        attained: list[Attained] = []
        pending = [(interval, need) for interval, need in needs if need][::-1]
        turn, half = 0, None
        if start is not None:
            bounds, attained = list(start.bounds), list(start.attained)
            pending, turn, half = list(start.pending), start.turn, start.half
            self.pool |= {s: self.system.intervals(s, self.whole) for s in start.circuits}

        def told(turn: int, search: SampleSearch) -> None:
            pause(
                lambda: Unfinished(
                    tuple(bounds), tuple(attained), (*pending, (interval, need)),
                    tuple(self.pool), turn, search.half,
                )
            )  # fmt: skip

        while pending:
            interval, need = pending.pop()
            try:
                lower, bound = self._at_a_sample(interval, need, turn, half, told)
            except OutOfTime:
                return Outcome(None, tuple(attained))
            turn, half = 0, None
            part = interval
            if lower:
                attained.append(lower)
                part = _common(part, lower.interval)
            if bound:
                part = _common(part, bound.interval)
                bounds.append(Bound(part, bound.errors, bound.proof))
            pending += _left(interval, need, part, lower)
        return Outcome(tuple(sorted(bounds, key=lambda b: b.interval.lower)), tuple(attained))

    def _at_a_sample(
        self, interval: Interval, need: int, start: int, half: Half | None, told: Told
    ) -> Found:
        """What holds around a rational α inside at which the rows are in general position, as
        they are at all but finitely many: one from the sample number ``start`` on."""
        for turn, alpha in enumerate(islice(interval.samples(), start, None), start):
            found = self._at(alpha, interval, need, half, partial(told, turn))
            if found is not None:
                return found
            half = None
        raise AssertionError("an interval has samples without end")

    def _at(
        self,
        alpha: fmpq,
        interval: Interval,
        need: int,
        half: Half | None,
        told: Callable[[SampleSearch], None],
    ) -> Found | None:
        """What holds around α; None if a circuit at α is none beside α."""
        known = {s: part for s in self.pool if (part := self._around(s, alpha)) is not None}

        def width(support: Support) -> float:
            part = _common(known[support], interval)
            return float(part.upper) - float(part.lower)

        widest = sorted(known, key=lambda s: (-width(s), s))
        search = SampleSearch(self.system, alpha, widest, need, self.check, half)
        proof = self._reduced(search.proof(told), search.need, widest)
        lower = None
        if search.best is not None:
            lower = self._attained(search.best, alpha, interval)
        if not search.need:
            return lower, None
        common = self.whole
        for support in supports_of(proof):
            if support not in self.pool:
                self.check()
                self.pool[support] = self.system.intervals(support, self.whole)
            part = self._around(support, alpha)
            if part is None:
                return None
            common = _common(common, part)
        return lower, Bound(common, search.need, proof)

    def _reduced(self, proof: Proof, errors: int, widest: Sequence[Support]) -> Proof:
        """The proof with few circuits: new and narrow ones are left out first."""
        rank = {support: place for place, support in enumerate(widest)}
        return tuple(
            node
            if isinstance(node, int)
            else reduced(
                sorted(node, key=lambda s: (-rank.get(s, len(rank)), s)),
                decided,
                errors,
                self.system.examples,
                self.check,
                LIMIT,
            )
            for decided, node in walk(proof)
        )

    def _around(self, support: Support, alpha: fmpq) -> Interval | None:
        return next((part for part in self.pool[support] if part.has_inside(alpha)), None)

    def _attained(self, vertex: Vertex, alpha: fmpq, wanted: Interval) -> Attained:
        """The vertex where it stands if that serves all that is wanted, or as it moves."""
        values = vertex.values
        positive = [i for i, value in enumerate(values) if value > 0]
        direction = self.system.direction(vertex.basis, alpha)
        reach = self.system.reach(direction, positive, alpha, self.whole)
        standing = _integers([p(alpha) for p in direction])
        other = self.system.reach(standing, positive, alpha, self.whole)
        if other.lower <= wanted.lower and wanted.upper <= other.upper:
            direction, reach = standing, other
        coefficients = tuple(tuple(map(int, p.coeffs())) for p in direction)
        right = sum(1 << i for i in positive if i < self.system.examples)
        wrong = self.system.examples - right.bit_count()
        return Attained(reach, wrong, coefficients, self.region, right)


def _left(interval: Interval, need: int, part: Interval, lower: Attained | None) -> list[Need]:
    """What a part leaves of an interval: with a smaller need where less is attained."""
    found = []
    for rest in interval.minus([part]):
        inside = rest.meet(lower.interval) if lower else None
        if lower is None or inside is None:
            found.append((rest, need))
            continue
        found += [(outside, need) for outside in rest.minus([inside])]
        if lower.errors:
            found.append((inside, lower.errors))
    return found


def _common(left: Interval, right: Interval) -> Interval:
    """What two intervals around one α have in common."""
    return Interval(max(left.lower, right.lower), min(left.upper, right.upper))


def _integers(values: Sequence[fmpq]) -> Direction:
    """The integer vector on the ray of a rational one."""
    scale = lcm(*(int(value.q) for value in values))
    entries = [int((value * scale).p) for value in values]
    common = gcd(*entries)
    return tuple(fmpz_poly([entry // common]) for entry in entries)
