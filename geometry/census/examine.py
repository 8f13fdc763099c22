"""One stratum examined: its class, regularity, ladder, events and branches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from geometry.assumptions import Regularity, Solutions, regularity
from geometry.boxes import Interval
from geometry.branches import BranchDiagram, branch_diagram
from geometry.census.curves import Values
from geometry.census.labels import Labels
from geometry.census.records import (
    BranchRecord,
    EventRecord,
    GapRecord,
    QuestionRecord,
    RegularityRecord,
    Rung,
    StratumClass,
    StratumRecord,
)
from geometry.counting import Count, bezout, multihomogeneous, polyhedral
from geometry.engines import ENGINES, Engine, Limits, PolynomialSystem, available
from geometry.families import Family
from geometry.linear_systems import LinearRank
from geometry.optimality import Stratum
from geometry.stratum_families import stratum_family
from geometry.verdicts import Verdict

LIMITS = Limits(seconds=60.0)
"""For one question to an engine."""

Walls = Mapping[str, Interval]
"""The range of every parameter."""

WALL_ENDS = ("lower", "upper")


@dataclass(frozen=True)
class Setting:
    """What all strata of one objective share."""

    domain: Interval
    walls: Walls
    limits: Limits = LIMITS
    engines: tuple[Engine, ...] = ENGINES


def examine(stratum: Stratum, setting: Setting) -> StratumRecord:
    """The record of one stratum; limits that run out end in verdicts, never in errors."""
    engines = available(setting.engines)
    regular = regularity(stratum, engines=engines, limits=setting.limits)
    system = _system(stratum)
    groups = multihomogeneous(system)
    newton = polyhedral(system, setting.limits)
    generic, distinct = _critical_counts(regular)
    counted = _Branches.of(stratum, regular, setting, engines)
    real, feasible = counted.rungs(distinct)
    return StratumRecord(
        stratum.cell,
        stratum.labels,
        stratum.dropped,
        _class(stratum),
        RegularityRecord(
            regular.kind,
            regular.verdict,
            regular.dimension,
            regular.reason or str(regular.witness or ""),
        ),
        Rung.of(bezout(system)),
        Rung.of(Count.proved(groups.bound)),
        groups.partition,
        Rung.of(newton.mixed_volume),
        Rung.of(newton.stable_mixed_volume),
        Rung.of(generic),
        Rung.of(distinct),
        Rung.of(real),
        Rung.of(feasible),
        tuple(counted.questions()),
        tuple(counted.events()),
        tuple(counted.gaps()),
        counted.verdict,
        counted.reasons,
    )


def _class(stratum: Stratum) -> StratumClass:
    walls = sum(label.rsplit(":", 1)[-1] in WALL_ENDS for label in stratum.labels)
    reduction = stratum.reduction
    codimension = len(reduction.solved) + len(reduction.constraints)
    return StratumClass(codimension, min(walls, codimension))


def _system(stratum: Stratum) -> PolynomialSystem:
    """F_S, or that of the restriction where no solution of F_S is isolated.

    So it is if some parameter has no influence on f within {h_S = 0}, or if some constraint
    follows from others, whose multipliers are then not unique.
    """
    restricted = stratum.restriction()
    free = restricted.dropped or stratum.reduction.redundant
    return restricted.kkt() if free else stratum.kkt()


def _critical_counts(regular: Regularity) -> tuple[Count, Count]:
    """Isolated complex critical points for generic α, with and without multiplicity.

    They are those of the restriction, to which the solutions (w, λ) of F_S correspond one to
    one with their multiplicities. Points that differ in parameters without influence on f
    only are one.
    """
    critical = regular.critical
    if isinstance(critical, Solutions):
        return critical.generic, critical.distinct
    if isinstance(critical, LinearRank):
        is_point = critical.is_consistent and critical.rank == critical.unknowns
        return (Count.proved(int(is_point), str(critical)),) * 2
    if regular.dimension == -1:
        return (Count.proved(0, "no critical point"),) * 2
    nothing = Count.unresolved(regular.reason or str(regular.witness or "not isolated"))
    return nothing, nothing


@dataclass(frozen=True)
class _Branches:
    """The branch diagram of a stratum, where there is one, in records."""

    stratum: Stratum
    family: Family | None
    diagram: BranchDiagram | None
    verdict: Verdict
    reasons: tuple[str, ...]
    domain: Interval
    labels: Labels | None

    @classmethod
    def of(
        cls, stratum: Stratum, regular: Regularity, setting: Setting, engines: Sequence[Engine]
    ) -> _Branches:
        if regular.dimension == -1:
            verdict = regular.verdict
            return cls(stratum, None, None, verdict, (), setting.domain, None)
        family = stratum_family(
            stratum, setting.domain, setting.walls, engines=engines, limits=setting.limits
        )
        diagram = branch_diagram(family, engines=engines, limits=setting.limits)
        labels = Labels(stratum, family, setting.walls)
        verdict, reasons = diagram.verdict, diagram.reasons
        return cls(stratum, family, diagram, verdict, reasons, setting.domain, labels)

    def rungs(self, distinct: Count) -> tuple[Count, Count]:
        """Most real and most feasible branches over any gap."""
        if self.diagram is None:
            nothing = Count(0, self.verdict, "no critical point", 0, 0)
            return nothing, nothing
        gaps = self.diagram.gaps
        upper = distinct.upper
        return (
            self._rung(max((gap.real for gap in gaps), default=0), upper),
            self._rung(max((gap.feasible for gap in gaps), default=0), upper),
        )

    def _rung(self, number: int, upper: int | None) -> Count:
        if self.verdict in (Verdict.PROVED, Verdict.MODULAR):
            proved = self.verdict is Verdict.PROVED
            return Count(number, self.verdict, "", number, number if proved else upper)
        return Count.unresolved("; ".join(self.reasons[:1]), number, upper)

    # -- events ----------------------------------------------------------------------

    def questions(self) -> Iterator[QuestionRecord]:
        if self.diagram is None or self.labels is None:
            return
        for asked in self.diagram.events.systems:
            yield QuestionRecord(
                str(asked.kind),
                self.labels.of(asked.kind, asked.index),
                asked.complex_count,
                asked.verdict,
                asked.reason,
            )

    def events(self) -> Iterator[EventRecord]:
        if self.diagram is None or self.labels is None:
            return
        for event in self.diagram.events.events:
            label = self.labels.of(event.kind, event.index)
            yield EventRecord(str(event.kind), label, event.alpha, event.certified)

    # -- gaps ------------------------------------------------------------------------

    def gaps(self) -> Iterator[GapRecord]:
        if self.diagram is None or self.family is None:
            if self.verdict is not Verdict.UNRESOLVED:
                middle = sum(self.domain, Fraction(0)) / 2
                yield GapRecord(self.domain, middle, (), self.verdict)
            return
        values = Values(self.family)
        for gap in self.diagram.gaps:
            branches = tuple(
                BranchRecord(branch.is_feasible, branch.multiplicity, values.curve(branch))
                for branch in gap.branches
            )
            yield GapRecord(gap.alpha, gap.sample, branches, gap.verdict)
