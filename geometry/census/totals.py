"""The census of an objective: the ladder by class of strata and in total.

Sums over strata of the rungs of ``geometry.ladders``, set beside each other:

    Bézout ≥ multihomogeneous ≥ stable mixed volume ≥ generic ≥ distinct ≥ real ≥ feasible ≥ minimal

``real``, ``feasible`` and ``minimal`` are, for every stratum, the largest number over the gaps
of α; the largest number at one and the same α, over all strata, is that of ``steps``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from geometry.assumptions import Kind
from geometry.boxes import Interval
from geometry.census.minimal import Lowest, lowest
from geometry.census.records import Rung, StratumClass, StratumRecord
from geometry.census.steps import StepFunction, step_function
from geometry.verdicts import Verdict

RUNGS = (
    "bezout",
    "multihomogeneous",
    "mixed_volume",
    "stable_mixed_volume",
    "generic",
    "distinct",
    "real",
    "feasible",
)
"""The counts a record has; ``minimal`` comes with the comparison of all strata."""


@dataclass(frozen=True)
class ClassTotal:
    """The strata of one class, or of all (``kind`` None): how many, how regular, their ladder.

    ``regularity`` counts them by kind, ``proved`` those whose kind is proved.
    """

    kind: StratumClass | None
    strata: int
    regularity: dict[Kind, int]
    proved: int
    ladder: dict[str, Rung]


@dataclass(frozen=True, eq=False)
class Census:
    """The strata of an objective over A; ``complete``: all of them have been examined."""

    records: tuple[StratumRecord, ...]
    domain: Interval
    cells: int
    complete: bool = True

    @cached_property
    def lowest(self) -> Lowest:
        """The lower envelope of the feasible branches."""
        return lowest(self.records, self.domain)

    @cached_property
    def steps(self) -> StepFunction:
        """Branch counts as a step function of α."""
        return step_function(self.records, self.domain)

    @cached_property
    def classes(self) -> tuple[ClassTotal, ...]:
        """Totals by class, inner strata first."""
        kinds = sorted({record.kind for record in self.records})
        return tuple(
            self._total(kind, [i for i, r in enumerate(self.records) if r.kind == kind])
            for kind in kinds
        )

    @cached_property
    def total(self) -> ClassTotal:
        """The totals of all strata."""
        return self._total(None, range(len(self.records)))

    def _total(self, kind: StratumClass | None, places: Sequence[int]) -> ClassTotal:
        members = [self.records[i] for i in places]
        ladder = {rung: added(getattr(record, rung) for record in members) for rung in RUNGS}
        ladder["minimal"] = added(self.minimal(i) for i in places)
        return ClassTotal(
            kind,
            len(members),
            dict(Counter(record.regularity.kind for record in members)),
            sum(record.regularity.verdict is Verdict.PROVED for record in members),
            ladder,
        )

    def minimal(self, place: int) -> Rung:
        """The most branches of one gap of a stratum that are the global minimum somewhere."""
        lower, upper = self.lowest.numbers(place)
        verdict = self.verdict
        if verdict in (Verdict.PROVED, Verdict.MODULAR) and lower == upper:
            return Rung(lower, verdict, lower, upper)
        reason = "values that are equal, too close, or of strata that are open"
        sure = lower if verdict in (Verdict.PROVED, Verdict.MODULAR) else 0
        return Rung(None, Verdict.BOUNDS, sure, upper, reason)

    @cached_property
    def verdict(self) -> Verdict:
        """What the branch counts of all strata rest on."""
        if not self.complete:
            return Verdict.UNRESOLVED
        return Verdict.weakest(record.verdict for record in self.records)

    @cached_property
    def open_reasons(self) -> tuple[str, ...]:
        """Why the verdict is no better than unresolved, each reason with the number of strata."""
        found = Counter(reason for record in self.records for reason in set(record.reasons))
        return tuple(f"{reason} ({count} strata)" for reason, count in found.most_common())

    @property
    def satisfies_assumption(self) -> bool | None:
        """Whether every stratum is regular (Assumption 1 of [BNS25]); None where that is open.

        Strata without critical points do no harm.
        """
        kinds = {record.regularity.kind for record in self.records}
        if kinds & {Kind.DEGENERATE, Kind.POSITIVE_DIMENSIONAL, Kind.LICQ_FAILS}:
            return False
        return True if self.complete and Kind.UNDECIDED not in kinds else None


def added(rungs: Iterable[Rung]) -> Rung:
    """The sum of counts: a value only where all have one, bounds in any case."""
    listed = list(rungs)
    lower = sum(rung.lower for rung in listed)
    uppers = [rung.upper for rung in listed]
    upper = None if None in uppers else sum(u for u in uppers if u is not None)
    values = [rung.value for rung in listed]
    if None in values:
        missing = sum(value is None for value in values)
        verdict = Verdict.UNRESOLVED if upper is None and lower == 0 else Verdict.BOUNDS
        return Rung(None, verdict, lower, upper, f"open for {missing} strata")
    verdict = Verdict.weakest(rung.verdict for rung in listed)
    return Rung(sum(v for v in values if v is not None), verdict, lower, upper)
