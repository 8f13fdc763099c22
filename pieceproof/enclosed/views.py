"""What people see of a document with slabs: values at single α, and the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import floor, log10
from typing import Any

import numpy as np
from rich import box
from rich.console import RenderableType
from rich.table import Table

from pieceproof.captions import count
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.joins import enclosure_at, links
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.evaluation import OutsideError, UnknownError
from pieceproof.report import outline
from pieceproof.verify import Report
from piecewise.exact import to_fmpq

DIGITS = 12
"""Most digits printed."""


def rounded(lower: float, upper: float) -> str:
    """The middle of an enclosure, with no more digits than it supports."""
    size, width = max(abs(lower), abs(upper)), upper - lower
    if width >= size:
        return "0"
    digits = max(1, floor(log10(size / width))) if width else DIGITS
    return f"{(lower + upper) / 2:.{min(digits, DIGITS)}g}"


@dataclass(frozen=True)
class Enclosed:
    """ℓ*(α) in [lower, upper], with a point of W near a minimiser; ``piece`` counts from 0."""

    alpha: Fraction
    lower: float
    upper: float
    minimiser: dict[str, float]
    piece: int

    def as_json(self) -> dict[str, Any]:
        """The evaluation as JSON."""
        return {
            "alpha": str(self.alpha),
            "value": {"lower": self.lower, "upper": self.upper},
            "approx": (self.lower + self.upper) / 2,
            "minimiser": self.minimiser,
            "piece": self.piece,
        }

    def lines(self) -> list[tuple[str, str]]:
        """Lines (what, value)."""
        return [
            (f"ℓ*({self.alpha}) ≈", rounded(self.lower, self.upper)),
            ("enclosed", f"[{self.lower!r}, {self.upper!r}]"),
            ("piece", str(self.piece + 1)),
            *((name, f"{value:.10g}") for name, value in self.minimiser.items()),
        ]


def evaluate_enclosed(document: dict[str, Any], alpha: Fraction) -> Enclosed:
    """ℓ*(α), from the slab that holds α.

    Raises:
        OutsideError: α is outside A.
        UnknownError: α is in an open interval.
        CertificateError: the document cannot be read, or its slab proves nothing.
    """
    spaces = Spaces(Node(document.get("problem"), "problem"))
    at = to_fmpq(alpha)
    for index, node in enumerate(Node(document.get("slabs"), "slabs")):
        lower, upper = node.member("interval").rationals()
        if not lower <= at <= upper:
            continue
        slab = read_slab(node, spaces)
        if isinstance(slab, Open):
            if at == upper:
                continue
            bounds = slab.bounds and (slab.bounds.floor, slab.bounds.ceiling)
            raise UnknownError(alpha, f"an open interval ({slab.reason})", bounds)
        try:
            with np.errstate(all="ignore"):
                settled = settle(spaces, slab, spaces.network.interval)
                curve, value = enclosure_at(
                    links([settled], spaces.network.interval[1] - spaces.network.interval[0]), at
                )
        except Refuted as refuted:
            raise CertificateError(f"slabs[{index}]: {refuted}") from None
        point = curve.point.middle
        return Enclosed(
            alpha,
            float(value.lo[0]),
            float(value.hi[0]),
            {name: float(w) for name, w in zip(spaces.network.names, point, strict=True)},
            piece_of(document, alpha),
        )
    ends = document["problem"]["interval"]
    raise OutsideError(f"{alpha} is outside A; choose α in [{ends[0]}, {ends[1]}]")


def piece_of(document: dict[str, Any], alpha: Fraction) -> int:
    """The number of the piece that α is in, or that begins last before it."""
    starts = [Fraction(piece["interval"][0]) for piece in document["pieces"] if piece["interval"]]
    return max(0, sum(start <= alpha for start in starts) - 1)


def enclosed_summary(
    document: dict[str, Any], report: Report, files: Iterable[tuple[str, str]]
) -> RenderableType:
    """The table of pieces and what follows, as :func:`pieceproof.report.summary` gives it."""
    return outline(document, report, pieces_table(document), [*results(document)], files)


def pieces_table(document: dict[str, Any]) -> Table:
    """The pieces, with a sample of each and the breakpoint that it ends in."""
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for heading in ("piece", "from α", "to α", "sample α", "ℓ* there", "ends in"):
        table.add_column(heading, justify="right", no_wrap=True)
    marks = [entry["kind"] for entry in document["breakpoints"]]
    for index, piece in enumerate(document["pieces"]):
        if piece["sample"] is None:
            continue
        ends = [float(Fraction(end)) for end in piece["interval"]]
        value = piece["sample"]["value"]
        table.add_row(
            str(index + 1),
            *(f"{end:.10g}" for end in ends),
            f"{float(Fraction(piece['sample']['alpha'])):.6g}",
            rounded(value["lower"], value["upper"]),
            marks[index] if index < len(marks) and not document["open"] else "",
        )
    return table


def results(document: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Counts, breakpoints, minimum and open intervals, as lines (what, value)."""
    counts = document["counts"]
    least = "at least " if document["open"] else ""
    kinds = [count(counts["kinks"], "kink")]
    if counts["discontinuities"]:
        kinds.insert(0, count(counts["discontinuities"], "jump"))
    yield "pieces", f"{least}{counts['pieces']} ({', '.join(kinds)} proved)"
    for entry in document["breakpoints"]:
        yield f"breakpoint, {entry['kind']}", f"{entry['alpha']['approx']:.12g}"
    minimum = document["minimum"]
    if minimum:
        where = ", ".join(f"{place['approx']:.10g}" for place in minimum["alpha"])
        value = rounded(minimum["value"]["lower"], minimum["value"]["upper"])
        yield "minimum", f"{value} at α ≈ {where}"
        yield "local minima, maxima", f"{counts['local_minima']}, {counts['local_maxima']}"
        yield "oscillations", str(counts["oscillations"])
    for entry in document["open"]:
        low, high = (float(Fraction(end)) for end in entry["interval"])
        known = (
            f"{entry['floor']:.6g} ≤ ℓ* ≤ {entry['ceiling']:.6g}; "
            if entry["floor"] is not None
            else ""
        )
        yield "open", f"α in [{low:.10g}, {high:.10g}]: {known}{entry['reason']}"
