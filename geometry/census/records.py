"""What the census keeps of one stratum: counts, events, gaps and the values of its branches.

Records are plain data. They travel between processes and files, and hold everything that
totals, tables and pictures need, so that a stratum is examined once.

Values along a branch are floats with error bounds. Floats are exact binary fractions: every
comparison of them is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from geometry.assumptions import Kind
from geometry.boxes import Interval
from geometry.counting import Count
from geometry.verdicts import Verdict


@dataclass(frozen=True, order=True)
class StratumClass:
    """How many constraints a stratum lies on: its codimension, and how many of S are walls.

    Codimension counts independent constraints; two examples with equal inputs share a
    boundary.
    """

    codimension: int
    walls: int

    def __str__(self) -> str:
        if not self.codimension:
            return "inside"
        walls = f", {self.walls} wall{'s' * (self.walls > 1)}" if self.walls else ""
        return f"codim {self.codimension}{walls}"


@dataclass(frozen=True)
class Rung:
    """A count of the ladder with the bounds that are proved (``geometry.counting.Count``)."""

    value: int | None
    verdict: Verdict
    lower: int
    upper: int | None
    reason: str = ""

    @classmethod
    def of(cls, count: Count) -> Rung:
        """The record of a count."""
        return cls(count.value, count.verdict, count.lower, count.upper, count.reason)

    def __str__(self) -> str:
        if self.value is not None:
            return str(self.value)
        if self.verdict is Verdict.UNRESOLVED:
            return "?"
        return f"{self.lower}–{'∞' if self.upper is None else self.upper}"


@dataclass(frozen=True)
class RegularityRecord:
    """Assumption 1 of [BNS25] on the stratum (``geometry.assumptions.Regularity``)."""

    kind: Kind
    verdict: Verdict
    dimension: int | None
    witness: str


@dataclass(frozen=True)
class EventRecord:
    """An event in A: what happens, with which constraint or multiplier, and where."""

    kind: str
    label: str
    alpha: Interval
    certified: bool


@dataclass(frozen=True)
class QuestionRecord:
    """One system of events: how many complex solutions, and what its completeness rests on."""

    kind: str
    label: str
    complex_count: int | None
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class Chord:
    """Over ``alpha`` a value lies within ``error`` of the segment from ``start`` to ``end``.

    ``error`` None: only the ends are values, rounded; nothing is bounded between them.
    """

    alpha: Interval
    start: float
    end: float
    error: float | None


@dataclass(frozen=True)
class BranchRecord:
    """A real branch over a gap, named by the gap and its place among the branches there.

    ``feasible``: it lies in the relative interior of the stratum's face of the closed cell;
    None where that is open. ``curve`` covers the part of the gap on which the branch is
    certified, from left to right.
    """

    feasible: bool | None
    multiplicity: int
    curve: tuple[Chord, ...]


@dataclass(frozen=True)
class GapRecord:
    """An interval of A without events."""

    alpha: Interval
    sample: Fraction
    branches: tuple[BranchRecord, ...]
    verdict: Verdict

    @property
    def real(self) -> int:
        """Number of real branches in W."""
        return len(self.branches)

    @property
    def feasible(self) -> int:
        """Number of branches in the closed cell, as far as that is known."""
        return sum(branch.feasible is True for branch in self.branches)


@dataclass(frozen=True)
class StratumRecord:
    """Everything the census knows of one stratum.

    ``gaps`` are increasing; between them lie the moments of events. ``verdict`` is that of
    the branch counts over all of A, ``reasons`` say what is open and what is not counted.
    """

    cell: str
    active: tuple[str, ...]
    dropped: tuple[str, ...]
    kind: StratumClass
    regularity: RegularityRecord
    bezout: Rung
    multihomogeneous: Rung
    partition: tuple[tuple[str, ...], ...]
    mixed_volume: Rung
    stable_mixed_volume: Rung
    generic: Rung
    distinct: Rung
    real: Rung
    feasible: Rung
    questions: tuple[QuestionRecord, ...]
    events: tuple[EventRecord, ...]
    gaps: tuple[GapRecord, ...]
    verdict: Verdict
    reasons: tuple[str, ...]

    @property
    def is_counted(self) -> bool:
        """Whether branches were counted, on some gap at least."""
        return bool(self.gaps)

    def gap_around(self, alpha: Fraction) -> GapRecord | None:
        """The gap that holds ``alpha``."""
        for gap in self.gaps:
            if gap.alpha[0] <= alpha <= gap.alpha[1]:
                return gap
        return None
