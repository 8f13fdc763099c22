"""The dual loss that a result document states, as peers are judged by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from pieceproof.covered.views import evaluate_covered
from pieceproof.enclosed.views import evaluate_enclosed
from pieceproof.evaluation import OutsideError, evaluate
from pieceproof.verify import load

TOLERANCE = 1e-6
"""Relative error up to which a value in floating point counts as right."""


@dataclass(frozen=True)
class Sample:
    """A minimiser inside a piece; a point of W near it where the document has intervals."""

    alpha: Fraction
    w: tuple[Fraction, ...]


@dataclass(frozen=True)
class ProvedCurve:
    """ℓ* as a document has it."""

    document: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> ProvedCurve:
        """The document at ``path``."""
        return cls(load(path))

    @cached_property
    def interval(self) -> tuple[Fraction, Fraction]:
        """A."""
        lower, upper = self.document["problem"]["interval"]
        return Fraction(lower), Fraction(upper)

    @property
    def is_validation(self) -> bool:
        """Whether the curve is that of held-out examples."""
        return "validation" in self.document["problem"]

    @property
    def counts(self) -> dict[str, int]:
        """The counts of the document."""
        found: dict[str, int] = self.document["counts"]
        return found

    @cached_property
    def breakpoints(self) -> list[float]:
        """All α at which ℓ* is not analytic, increasing."""
        return [float(point["alpha"]["approx"]) for point in self.document["breakpoints"]]

    def grid(self, points: int) -> list[Fraction]:
        """Equidistant α, both ends among them."""
        lower, upper = self.interval
        return [lower + (upper - lower) * Fraction(k, points - 1) for k in range(points)]

    def at(self, alpha: Fraction) -> tuple[float, int] | None:
        """The value at α (the upper end of an enclosure) and the number of its piece; None where
        nothing is proved."""
        try:
            if self.document["method"] == "enclosures":
                enclosed = evaluate_enclosed(self.document, alpha)
                return enclosed.upper, enclosed.piece
            if self.document["method"] == "coverings":
                known = evaluate_covered(self.document, alpha).value
                piece = 1 + sum(point < alpha for point in self.breakpoints)
                return None if known is None else (float(known), piece)
            found = evaluate(self.document, alpha)
        except OutsideError:
            return None
        return float(found.value), found.piece

    def samples(self) -> Iterator[Sample]:
        """One minimiser for every piece that states one."""
        for piece in self.document["pieces"]:
            sample = piece["sample"]
            if sample is None:
                continue
            alpha = Fraction(sample["alpha"])
            if "witness" in sample:
                yield Sample(alpha, tuple(map(Fraction, sample["witness"])))
            else:
                ends = sample["minimiser"].values()
                yield Sample(
                    alpha, tuple((Fraction(e["lower"]) + Fraction(e["upper"])) / 2 for e in ends)
                )

    def __str__(self) -> str:
        counts, kinds = self.counts, []
        for kind, name in (("discontinuities", "jump"), ("kinks", "kink")):
            if counts[kind]:
                kinds.append(f"{counts[kind]} {name}{'s' * (counts[kind] > 1)}")
        pieces = f"{counts['pieces']} piece{'s' * (counts['pieces'] > 1)}"
        least = "at least " if self.document["open"] else ""
        return f"{least}{', '.join([pieces, *kinds])}, {self.document['verdict']}"
