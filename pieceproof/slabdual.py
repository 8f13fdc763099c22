"""What dual functions have in common whose documents list slabs of α."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from bounds import StructureCounts, summary
from geometry.verdicts import Verdict
from pieceproof.certificate import FORMAT, Document, Run, digest, provenance, write
from pieceproof.verify import Report
from piecewise.problems import Problem


def sealed(
    method: str, written: Document, members: Document, structure: StructureCounts | None, run: Run
) -> Document:
    """A document: its members, the bounds that follow from its counts, if it is proved, with those
    of the ``structure``, if any, provenance and digest."""
    complete = members["verdict"] == "proved"
    known = {key: value for key, value in members["counts"].items() if value is not None}
    body: Document = {
        "format": FORMAT,
        "method": method,
        "problem": written,
        **members,
        "bounds": summary(known if complete else {}, structure),
        "provenance": provenance(written, run),
    }
    return {**body, "digest": digest(body)}


@dataclass(frozen=True, eq=False, repr=False)
class SlabDual:
    """ℓ* with its certificate.

    Attributes:
        problem: what is minimised.
        document: the result document.
        report: what the checker said of it.
    """

    MARKS: ClassVar[tuple[str, str]]
    """The count that says most of the breakpoints, and what it counts."""

    problem: Problem
    document: Document = field(repr=False)
    report: Report

    @property
    def claim(self) -> Verdict:
        """What the document claims."""
        return Verdict(self.document["verdict"])

    @property
    def verdict(self) -> Verdict:
        """What is established: the document's claim if the checker accepted it."""
        return self.claim if self.report.accepted else Verdict.UNRESOLVED

    @property
    def counts(self) -> dict[str, int | None]:
        """The counts of the document; of an unresolved one those that are proved."""
        return dict(self.document["counts"])

    @property
    def breakpoints(self) -> list[tuple[str, Fraction, Fraction]]:
        """Kind and enclosure of every breakpoint that is proved, in order."""
        found = []
        for entry in self.document["breakpoints"]:
            lower, upper = map(Fraction, entry["alpha"]["interval"])
            found.append((entry["kind"], lower, upper))
        return found

    @cached_property
    def open(self) -> list[tuple[Fraction, Fraction, str]]:
        """The intervals of α that are left open, with the reason."""
        return [
            (Fraction(e["interval"][0]), Fraction(e["interval"][1]), e["reason"])
            for e in self.document["open"]
        ]

    def oscillations(self) -> int | None:
        """B(ℓ*), or None where it is not decided."""
        return self.counts["oscillations"]

    def save(self, path: str | Path) -> None:
        """Write the certificate atomically."""
        write(self.document, Path(path))

    def __repr__(self) -> str:
        counts, (key, name) = self.counts, self.MARKS
        return (
            f"<dual function, {self.verdict}: {counts['pieces']} pieces, "
            f"{counts[key]} {name}, {len(self.open)} open intervals>"
        )
