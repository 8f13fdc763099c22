"""The picture of a document with coverings: ℓ* with its jumps, and bounds where it is open."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pieceproof.appearance import STYLE
from pieceproof.captions import count
from pieceproof.checking.reading import CertificateError
from pieceproof.pictures import save
from pieceproof.verify import Report

LINE, JUMP = "#1f3b73", "#c1272d"


def plot_covered(
    document: dict[str, Any], folder: Path, report: Report | None = None
) -> list[Path]:
    """Write :func:`figure` as ``dual.svg`` and ``dual.png`` into ``folder``, each atomically."""
    return save(figure(document, report), folder, "dual")


def figure(document: dict[str, Any], report: Report | None = None) -> Figure:
    """ℓ*(α), filled marks where it takes the value at a jump, open ones where it does not.

    Raises:
        CertificateError: the document cannot be read.
    """
    try:
        return _figure(document, report)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise CertificateError(f"document: cannot be drawn ({error!r})") from None


def _figure(document: dict[str, Any], report: Report | None) -> Figure:
    with matplotlib.rc_context(STYLE):
        picture = Figure(figsize=(8.0, 4.2), layout="constrained")
        axis = picture.subplots()
        pieces = document["pieces"]
        for piece in pieces:
            ends = [place["approx"] for place in piece["interval"]]
            height = float(Fraction(piece["value"]))
            axis.plot(ends, [height, height], color=LINE, linewidth=2.2, solid_capstyle="butt")
        jumps = {entry["alpha"]["approx"]: entry["value"] for entry in document["breakpoints"]}
        for piece in pieces:
            for place in piece["interval"]:
                at = place["approx"]
                if at not in jumps:
                    continue
                filled = jumps[at] == piece["value"]
                axis.plot(
                    [at], [float(Fraction(piece["value"]))], "o", markersize=5, color=LINE,
                    markerfacecolor=LINE if filled else "white", zorder=3,
                )  # fmt: skip
        for at in jumps:
            axis.axvline(at, color=JUMP, linewidth=0.7, linestyle="--", zorder=0)
        for entry in document["open"]:
            low, high = (float(Fraction(end)) for end in entry["interval"])
            axis.axvspan(low, high, color="0.92", linewidth=0, zorder=0)
            bottom, top = (float(Fraction(entry[key])) for key in ("lower", "upper"))
            axis.fill_between([low, high], bottom, top, color="0.65", linewidth=0)
        if document["problem"]["loss"]["reduction"] == "sum":
            axis.yaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlim(*(float(Fraction(end)) for end in document["problem"]["interval"]))
        axis.margins(y=0.15)
        axis.set_xlabel("α")
        axis.set_ylabel("ℓ*(α)")
        axis.set_title(_title(document, report), loc="left", fontsize="medium")
    return picture


def _title(document: dict[str, Any], report: Report | None) -> str:
    counts = document["counts"]
    least = "at least " if document["open"] else ""
    verdict = str(report.verdict) if report else f"claimed {document['verdict']}"
    jumps = count(counts["discontinuities"], "jump")
    return f"{least}{count(counts['pieces'], 'piece')}, {jumps} (dashed): {verdict}"
