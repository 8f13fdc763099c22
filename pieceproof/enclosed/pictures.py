"""The picture of a document with slabs: ℓ*, its breakpoints and open intervals, the minimiser."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from pieceproof.appearance import STYLE
from pieceproof.captions import count
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.joins import Breakpoint, enclosure_at, links
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.pictures import save
from pieceproof.verify import Report

SAMPLES = 400
"""Samples of ℓ* over A, in proportion to the lengths of slabs, at least three in each."""
HAIR = 10**6
"""So many times the distance of a sample beside a kink fit into a slab."""
COLOURS = {"jump": "#7a3e9d", "kink": "#c1272d", "smooth": "#0f7b5f"}


def plot_enclosed(
    document: dict[str, Any], folder: Path, report: Report | None = None
) -> list[Path]:
    """Write :func:`figure` as ``dual.svg`` and ``dual.png`` into ``folder``, each atomically."""
    return save(figure(document, report), folder, "dual")


Samples = tuple[np.ndarray, np.ndarray, np.ndarray, list[tuple[int, int]], list[tuple[int, int]]]
"""α, ℓ*, minimisers; the ranges of samples in which ℓ* does not jump, and those in which the
minimiser does not jump either."""


def figure(document: dict[str, Any], report: Report | None = None) -> Figure:
    """ℓ*(α) above, the minimiser's parameters below.

    Raises:
        CertificateError: the document cannot be read, or a slab proves nothing.
    """
    return drawn(document, report, _samples(document), "ℓ*(α)")


def drawn(document: dict[str, Any], report: Report | None, samples: Samples, label: str) -> Figure:
    """The picture of samples of ℓ* and of minimisers, with what the document says of ℓ*."""
    alphas, values, points, runs, breaks = samples
    names = [entry["name"] for entry in document["problem"]["parameters"]]
    with matplotlib.rc_context(STYLE):
        picture = Figure(figsize=(8.0, 6.4), layout="constrained")
        top, below = picture.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        for start, end in runs:
            top.plot(alphas[start:end], values[start:end], color="#1f3b73", linewidth=1.8)
        for start, end in breaks:
            for i, name in enumerate(names):
                below.plot(
                    alphas[start:end],
                    points[start:end, i],
                    color=f"C{i % 10}",
                    linewidth=1.2,
                    label=name if start == breaks[0][0] else None,
                )
        for entry in document["breakpoints"]:
            at, kind = entry["alpha"]["approx"], entry["kind"]
            for axis in (top, below):
                axis.axvline(at, color=COLOURS[kind], linewidth=0.8, linestyle="--")
        for entry in document["open"]:
            low, high = (float(Fraction(end)) for end in entry["interval"])
            for axis in (top, below):
                axis.axvspan(low, high, color="0.92", linewidth=0)
        for slab in document["slabs"]:
            if known := slab.get("bounds"):
                ends = [float(Fraction(end)) for end in slab["interval"]]
                top.fill_between(ends, known["floor"], known["ceiling"], color="0.6", linewidth=0)
        minimum = document["minimum"]
        if minimum:
            height = (minimum["value"]["lower"] + minimum["value"]["upper"]) / 2
            for place in minimum["alpha"]:
                top.plot([place["approx"]], [height], "o", color="black", markersize=5)
        top.set_ylabel(label)
        below.set_ylabel("minimiser")
        below.set_xlabel("α")
        below.legend(loc="best", fontsize="small", ncols=min(4, len(names)))
        top.set_title(_title(document, report), loc="left", fontsize="medium")
    return picture


def _title(document: dict[str, Any], report: Report | None) -> str:
    counts = document["counts"]
    least = "at least " if document["open"] else ""
    verdict = str(report.verdict) if report else f"claimed {document['verdict']}"
    kinks, jumps = counts["kinks"], counts["discontinuities"]
    smooth = counts["breakpoints"] - kinks - jumps
    kinds = [f"{count(kinks, 'kink')} (red)", f"{count(smooth, 'smooth breakpoint')} (green)"]
    if jumps:
        kinds.insert(0, f"{count(jumps, 'jump')} (violet)")
    return f"{least}{count(counts['pieces'], 'piece')}, {', '.join(kinds)}: {verdict}"


def _samples(document: dict[str, Any]) -> Samples:
    spaces = Spaces(Node(document.get("problem"), "problem"))
    ends = spaces.network.interval
    alphas: list[float] = []
    values: list[float] = []
    points: list[np.ndarray] = []
    ends_of_runs, ends_of_curves = [0], [0]
    for index, node in enumerate(Node(document.get("slabs"), "slabs")):
        slab = read_slab(node, spaces)
        if isinstance(slab, Open):
            ends_of_runs.append(len(alphas))
            ends_of_curves.append(len(alphas))
            continue
        if slab.root == slab.lower:  # the minimiser jumps
            ends_of_curves.append(len(alphas))
        try:
            with np.errstate(all="ignore"):
                found = links([settle(spaces, slab, ends)], ends[1] - ends[0])
                share = (slab.upper - slab.lower) / (ends[1] - ends[0])
                steps = max(2, int(SAMPLES * int(share.p) / int(share.q)))
                width = slab.upper - slab.lower
                places = {slab.lower + width * k / steps for k in range(steps + 1)}
                # At a kink the minimiser jumps: up to there from both sides.
                kinks = [p for p in found if isinstance(p, Breakpoint) and p.kind == "kink"]
                for kink in kinks:
                    places = {at for at in places if not kink.lower <= at <= kink.upper}
                    places |= {kink.lower - width / HAIR, kink.upper + width / HAIR}
                behind = [kink.upper for kink in kinks]
                for at in sorted(at for at in places if slab.lower <= at <= slab.upper):
                    curve, value = enclosure_at(found, at)
                    if behind and at > behind[0]:
                        behind.pop(0)
                        ends_of_curves.append(len(alphas))
                    alphas.append(int(at.p) / int(at.q))
                    values.append(float(value.middle[0]))
                    points.append(curve.point.middle)
        except Refuted as refuted:
            raise CertificateError(f"slabs[{index}]: {refuted}") from None
    shape = (len(alphas), len(spaces.network.names))
    runs, curves = (
        [(a, b) for a, b in pairwise([*cuts, len(alphas)]) if b > a] or [(0, 0)]
        for cuts in (ends_of_runs, ends_of_curves)
    )
    return np.array(alphas), np.array(values), np.array(points).reshape(shape), runs, curves
