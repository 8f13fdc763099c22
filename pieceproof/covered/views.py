"""What people see of a document with coverings: values at single α, and the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table

from pieceproof.captions import count
from pieceproof.checking.coverings.slabs import Space, read_slab
from pieceproof.checking.coverings.witnesses import Witness
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.evaluation import OutsideError, UnknownError
from pieceproof.report import outline
from pieceproof.verify import Report
from piecewise.exact import to_fmpq

MAX_ROWS = 60
"""Pieces listed; the document has all of them."""


@dataclass(frozen=True)
class Known:
    """lower ≤ ℓ*(α) ≤ upper, equal where it is proved, with parameters that attain ``upper`` right
    beside α, if the document has them."""

    alpha: Fraction
    lower: Fraction
    upper: Fraction
    minimiser: dict[str, Fraction]
    signs: tuple[int, ...]

    @property
    def value(self) -> Fraction | None:
        """ℓ*(α), if it is known."""
        return self.lower if self.lower == self.upper else None

    def as_json(self) -> dict[str, Any]:
        """The evaluation as JSON."""
        return {
            "alpha": str(self.alpha),
            "value": None if self.value is None else str(self.value),
            "approx": None if self.value is None else float(self.value),
            "bounds": [str(self.lower), str(self.upper)],
            "minimiser": {name: str(w) for name, w in self.minimiser.items()},
            "signs": list(self.signs),
        }

    def lines(self) -> list[tuple[str, str]]:
        """Lines (what, value)."""
        head = (
            (f"ℓ*({self.alpha})", str(self.value))
            if self.value is not None
            else (f"ℓ*({self.alpha}) not proved, in", f"[{self.lower}, {self.upper}]")
        )
        signs = [("output signs", " ".join("+" if s > 0 else "−" for s in self.signs))]
        return [
            head,
            *((name, f"{float(w):.10g}") for name, w in self.minimiser.items()),
            *(signs if self.signs else []),
        ]


def evaluate_covered(document: dict[str, Any], alpha: Fraction) -> Known:
    """ℓ*(α), from the slabs that hold α.

    Raises:
        OutsideError: α is outside A.
        UnknownError: α is in the enclosure of a jump.
        CertificateError: the document cannot be read.
    """
    try:
        space = Space(Node(document.get("problem"), "problem"))
    except Refuted as refuted:
        raise CertificateError(str(refuted)) from None
    at = to_fmpq(alpha)
    slabs = [read_slab(node, space) for node in Node(document.get("slabs"), "slabs")]
    near = [slab for slab in slabs if slab.lower <= at <= slab.upper]
    if not near:
        ends = document["problem"]["interval"]
        raise OutsideError(f"{alpha} is outside A; choose α in [{ends[0]}, {ends[1]}]")
    total = Fraction(len(document["problem"]["data"]["targets"]) if space.model.network.mean else 1)
    found = []
    for slab in near:
        low, high = slab.errors
        if slab.place is not None:
            if slab.place[0] <= at <= slab.place[1]:
                limits = float(min(low, high) / total), float(max(low, high) / total)
                raise UnknownError(alpha, "the enclosure of a jump", limits)
            low = high = slab.errors[int(at > slab.place[1])]
        witness = next((w for w in slab.witnesses if w.lower <= at <= w.upper), None)
        if slab.place is not None and high < max(slab.errors):
            witness = None
        found.append((low, high, witness))
    # At a common end ℓ* is the smaller limit: of known values they are equal.
    low = min(each[0] for each in found)
    high, witness = min(((each[1], each[2]) for each in found), key=lambda pair: pair[0])
    known = [each[0] for each in found if each[0] == each[1]]
    if known:
        low = high = min(known)
    return Known(
        alpha, Fraction(low) / total, Fraction(high) / total,
        _named(space, witness), witness.signs if witness else (),
    )  # fmt: skip


def _named(space: Space, witness: Witness | None) -> dict[str, Fraction]:
    if witness is None:
        return {}
    return {
        name: Fraction(int(w.p), int(w.q))
        for name, w in zip(space.model.network.names, witness.w, strict=True)
    }


def covered_summary(
    document: dict[str, Any], report: Report, files: Iterable[tuple[str, str]]
) -> RenderableType:
    """The table of pieces and what follows, as :func:`pieceproof.report.summary` gives it."""
    return outline(document, report, _pieces(document), [*_results(document)], files)


def _pieces(document: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for heading in ("piece", "from α", "to α", "ℓ*", "misclassified"):
        table.add_column(heading, justify="right", no_wrap=True)
    for index, piece in enumerate(document["pieces"][:MAX_ROWS], start=1):
        table.add_row(
            str(index),
            *(f"{place['approx']:.10g}" for place in piece["interval"]),
            piece["value"],
            str(piece["errors"]),
        )
    if len(document["pieces"]) > MAX_ROWS:
        table.add_row("…", "", "", "", f"{len(document['pieces']) - MAX_ROWS} more")
    return table


def _results(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    counts = document["counts"]
    least = "at least " if document["open"] else ""
    yield "pieces", f"{least}{counts['pieces']}, {count(counts['discontinuities'], 'jump')} proved"
    for end in ("lower", "upper"):
        entry = document["ends"][end]
        if entry["value"] is not None:
            yield f"ℓ*({entry['alpha']})", entry["value"]
    minimum = document["minimum"]
    if minimum:
        places = ", ".join(
            f"[{a['approx']:.8g}, {b['approx']:.8g}]" for a, b in minimum["intervals"]
        )
        yield "minimum", f"{minimum['value']} at α in {places}"
        yield "local minima, maxima", f"{counts['local_minima']}, {counts['local_maxima']}"
        yield "oscillations", str(counts["oscillations"])
    for entry in document["open"]:
        low, high = (float(Fraction(end)) for end in entry["interval"])
        yield (
            "open",
            f"α in [{low:.10g}, {high:.10g}], width {float(Fraction(entry['width'])):.2g}: "
            f"{entry['lower']} ≤ ℓ* ≤ {entry['upper']}; {entry['reason']}",
        )
