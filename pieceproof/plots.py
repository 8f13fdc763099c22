"""The picture of a result document: ℓ*(α), and below it the parameters that attain it.

Where breakpoints crowd there are two columns: α to scale on the left, every piece equally
wide on the right, with the same heights. A piece has the same colour everywhere. The picture
only repeats a document; whether its verdict has been checked is said beside it.

Figures are built without pyplot: no global state, and a command that draws starts sooner.
The same document gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil, floor, log10
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator, SymmetricalLogLocator

from pieceproof import captions
from pieceproof.appearance import FAINT, GREY, MARKS, PAPER, STYLE, colour
from pieceproof.curves import Curves, Point, Trace, drawable, read_curves
from pieceproof.pictures import save
from pieceproof.verify import Report

CROWDED = 1 / 50
"""A piece narrower than this share of A calls for the second column."""
UNEVEN = 50
"""A parameter larger than this many times its median size calls for a logarithmic scale."""
PANELS = 12
"""Most panels for parameters."""
LABELS = 40
"""Most breakpoints, and most piece numbers, labelled."""

WIDE, NARROW = 6.6, 4.7
"""Width of the only column, and of one of two, in inches."""
TALL, LOW, GAP = 2.6, 0.8, 0.42
"""Height of the panel of ℓ*, of that of a parameter, and between panels."""
LEFT, RIGHT, TOP, BOTTOM, BETWEEN = 0.8, 0.25, 1.25, 0.6, 0.3
"""Margins, and the space between two columns."""
DEEPER = 0.45
"""Additional space at the bottom for the upright labels of the second column."""


class Scale(Enum):
    """The abscissa of a column."""

    ALPHA = "α to scale"
    PLACE = "every piece equally wide"

    def of(self, point: Point) -> float:
        """The abscissa of a point."""
        return drawable(point.alpha if self is Scale.ALPHA else point.place)


def plot_document(
    document: dict[str, Any], folder: Path, report: Report | None = None
) -> list[Path]:
    """Write :func:`figure` as ``dual.svg`` and ``dual.png`` into ``folder``, each atomically.

    Raises:
        CertificateError, Refuted: as :func:`figure`.
        OSError: the folder cannot be written.
    """
    return save(figure(document, report), folder, "dual")


def figure(document: dict[str, Any], report: Report | None = None) -> Figure:
    """ℓ*(α) in its pieces, breakpoints by kind, the minimum, and the minimiser below.

    Args:
        document: a result document, for example from :func:`pieceproof.verify.load`.
        report: what the checker said of it; without one the verdict is called a claim.

    Raises:
        CertificateError: the document cannot be read, or a number in it cannot be drawn.
        Refuted: an interval in it does not isolate the number it stands for.
    """
    curves = read_curves(document)
    with matplotlib.rc_context(STYLE):
        return _figure(curves, captions.verdict(curves, report))


def _figure(curves: Curves, verdict: str) -> Figure:
    scales = (Scale.ALPHA, Scale.PLACE) if _crowded(curves) else (Scale.ALPHA,)
    panels = _panels(curves)
    rows = [TALL, *(LOW for _ in panels)]
    column, bottom = (NARROW, BOTTOM + DEEPER) if len(scales) > 1 else (WIDE, BOTTOM)
    width = LEFT + column * len(scales) + BETWEEN * (len(scales) - 1) + RIGHT
    height = TOP + sum(rows) + GAP * (len(rows) - 1) + bottom
    picture = Figure(figsize=(width, height), facecolor=PAPER)
    grid = picture.add_gridspec(
        len(rows), len(scales), height_ratios=rows,
        left=LEFT / width, right=1 - RIGHT / width, wspace=BETWEEN / column,
        bottom=bottom / height, top=1 - TOP / height, hspace=GAP * len(rows) / sum(rows),
    )  # fmt: skip
    for index, scale in enumerate(scales):
        dual = picture.add_subplot(grid[0, index])
        others = [picture.add_subplot(grid[r, index], sharex=dual) for r in range(1, len(rows))]
        _draw_dual(dual, curves, scale)
        for axis, panel in zip(others, panels, strict=True):
            _draw_parameter(axis, panel, scale)
        _draw_abscissa((dual, *others), curves, scale)
        for axis in (dual, *others) if index else ():
            axis.set_title("")
            axis.tick_params(axis="y", labelleft=False)
        if len(scales) > 1:
            dual.set_title(scale.value, loc="right", color=GREY, pad=16 if index else None)
    margin = LEFT / width
    picture.text(margin, 1 - 0.36 / height, captions.title(curves), fontsize=11, weight="bold")
    picture.text(margin, 1 - 0.57 / height, verdict, color=GREY)
    picture.legend(
        handles=_legend(curves), ncols=5, frameon=False, loc="upper left", borderpad=0,
        borderaxespad=0, handletextpad=0.3, bbox_to_anchor=(margin, 1 - 0.66 / height),
    )  # fmt: skip
    return picture


@dataclass(frozen=True)
class Panel:
    """A panel of parameters: title, curves, and the walls of the box that they touch."""

    title: str
    traces: tuple[Trace, ...]
    walls: tuple[float, ...]


def _panels(curves: Curves) -> list[Panel]:
    """A panel for every parameter; where there are too many, the last is for all others."""
    panels = [
        Panel(captions.shown(parameter.name), traces, tuple(map(drawable, walls)))
        for parameter, traces, walls in zip(
            curves.problem.parameters, curves.parameters, curves.walls, strict=True
        )
    ]
    if len(panels) <= PANELS:
        return panels
    own, others = panels[: PANELS - 1], panels[PANELS - 1 :]
    traces = tuple(trace for panel in others for trace in panel.traces)
    walls = tuple({wall: None for panel in others for wall in panel.walls})
    return [*own, Panel(f"{len(others)} other parameters", traces, walls)]


def _crowded(curves: Curves) -> bool:
    widths = [trace.points[-1].alpha - trace.points[0].alpha for trace in curves.values]
    total = curves.values[-1].points[-1].alpha - curves.values[0].points[0].alpha
    return drawable(min(widths) / total) < CROWDED


def _draw_dual(axis: Axes, curves: Curves, scale: Scale) -> None:
    axis.set_title(captions.loss(curves))
    _draw_traces(axis, curves.values, scale, 2.2)
    if curves.problem.loss == "zero-one" and curves.problem.reduction == "sum":
        axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    for kind, points in _by_kind(curves).items():
        at, rail = [scale.of(point) for point in points], axis.get_xaxis_transform()
        axis.plot(at, [0] * len(at), transform=rail, gid=kind, **MARKS[kind])
    level = drawable(curves.minimum)
    for start, end in curves.minimisers:
        mark, ends = ("minimum", [start]) if start == end else ("plateau", [start, end])
        at = [scale.of(point) for point in ends]
        axis.plot(at, [level] * len(at), gid=mark, **MARKS[mark])


def _draw_parameter(axis: Axes, panel: Panel, scale: Scale) -> None:
    title = panel.title
    _draw_traces(axis, panel.traces, scale, 1.6)
    axis.ticklabel_format(axis="y", useOffset=False)  # an offset would be written over the title
    for wall in panel.walls:
        axis.axhline(wall, gid="wall", **MARKS["wall"])
    # A unit that some pieces send to a wall of the box would flatten all other pieces.
    sizes = [abs(y) for trace in panel.traces for y in trace.rounded if y]
    if sizes and max(sizes) > UNEVEN * median(sizes):
        linear = 10.0 ** floor(log10(median(sizes)))
        axis.set_yscale("symlog", linthresh=linear)
        axis.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=linear))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}".replace("-", "−")))
        axis.yaxis.set_minor_locator(NullLocator())
        title += f" (logarithmic beyond ±{linear:g})"
    axis.set_title(title)


def _draw_traces(axis: Axes, traces: Sequence[Trace], scale: Scale, linewidth: float) -> None:
    """One line a trace, in the colour of its piece; a jump leaves a gap."""
    lines = [
        [(scale.of(point), y) for point, y in zip(trace.points, trace.rounded, strict=True)]
        for trace in traces
    ]
    colours = [colour(trace.piece) for trace in traces]
    axis.add_collection(
        LineCollection(lines, colors=colours, linewidths=linewidth, capstyle="round", zorder=3)
    )
    axis.autoscale_view()


def _draw_abscissa(axes: Sequence[Axes], curves: Curves, scale: Scale) -> None:
    points = [point for _, point in curves.breakpoints]
    at = [scale.of(point) for point in points]
    for axis in axes:
        axis.vlines(at, 0, 1, FAINT, transform=axis.get_xaxis_transform(), linewidths=0.6, zorder=0)
        axis.grid(axis="y", color="#eeeeee", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.xaxis.set_visible(axis is axes[-1])
    axes[-1].set_xlabel(captions.hyperparameter(curves.problem))
    if scale is Scale.PLACE:
        every = ceil(len(curves.values) / LABELS)
        labels = [f"{drawable(point.alpha):.6g}" for point in points[::every]]
        axes[-1].set_xticks(at[::every], labels, rotation=90, fontsize=7)
        axes[-1].set_xlabel("α at the breakpoints")
        for piece in range(0, len(curves.values), every):
            axes[0].text(
                piece + 0.5, 1.01, str(piece + 1), transform=axes[0].get_xaxis_transform(),
                ha="center", va="bottom", fontsize=7, color=colour(piece),
            )  # fmt: skip


def _legend(curves: Curves) -> list[Line2D]:
    found = {kind: captions.breakpoints(kind, len(p)) for kind, p in _by_kind(curves).items()}
    isolated = any(start == end for start, end in curves.minimisers)
    found["minimum" if isolated else "plateau"] = captions.minimum(curves)
    if any(curves.walls):
        found["wall"] = "wall of the box"
    return [Line2D([], [], label=label, **MARKS[mark]) for mark, label in found.items()]


def _by_kind(curves: Curves) -> dict[str, list[Point]]:
    found = {kind: [p for k, p in curves.breakpoints if k == kind] for kind in captions.NOUNS}
    return {kind: points for kind, points in found.items() if points}
