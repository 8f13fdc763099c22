"""The picture of a census: branches v_k(α), ℓ* below them, events, and the step function.

Figures are built without pyplot: no global state. The same census gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from geometry.census import BranchRecord, Census
from geometry.verdicts import Verdict
from pieceproof import captions
from pieceproof.appearance import COLOURS, FAINT, GREY, INK, PAPER, STYLE
from pieceproof.census.document import events
from pieceproof.pictures import save
from piecewise.problems import Problem

WIDTH, HEIGHT = 8.2, 6.4
LEFT, RIGHT, TOP, BOTTOM = 0.095, 0.98, 0.84, 0.085

HEADROOM = 1.0
"""Values are drawn up to the largest value of ℓ* plus this many times its range."""

SLIVERS = 50
"""Gaps of the lower envelope are bridged up to this part of A."""

EVENT_COLOURS = {
    "fold": COLOURS[1],
    "crossing": COLOURS[2],
    "wall": COLOURS[4],
    "multiplier": COLOURS[3],
    "special": INK,
    "escape": GREY,
}

Points = list[tuple[float, float]]


def write_picture(census: Census, problem: Problem, folder: Path) -> list[Path]:
    """Write :func:`figure` as ``census.svg`` and ``census.png`` into ``folder``, each atomically.

    Raises:
        OSError: the folder cannot be written.
    """
    return save(figure(census, problem), folder, "census")


def figure(census: Census, problem: Problem) -> Figure:
    """All branches thin, feasible ones solid, the least of them bold; events; step function."""
    with matplotlib.rc_context(STYLE):
        picture = Figure(figsize=(WIDTH, HEIGHT), facecolor=PAPER)
        grid = picture.add_gridspec(
            3, 1, height_ratios=(10, 1, 3), left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM,
            hspace=0.16,
        )  # fmt: skip
        values = picture.add_subplot(grid[0])
        marks, steps = (picture.add_subplot(grid[row], sharex=values) for row in (1, 2))
        _draw_branches(values, census)
        _draw_events(marks, census)
        _draw_steps(steps, census)
        for axis in (values, marks):
            axis.tick_params(axis="x", labelbottom=False)
        lower, upper = map(float, census.domain)
        values.set_xlim(lower, upper)
        steps.set_xlabel(captions.hyperparameter(problem))
        records = captions.count(len(census.records), "stratum", "strata")
        picture.text(
            LEFT, 0.955, f"Branches of critical values: {records}, {census.cells:,} cells",
            fontsize=11, weight="bold",
        )  # fmt: skip
        picture.text(LEFT, 0.93, f"branch counts: {census.verdict}", color=GREY)
        picture.legend(
            handles=_legend(census), ncols=9, frameon=False, loc="upper left", borderpad=0,
            borderaxespad=0, handletextpad=0.4, columnspacing=1.2, bbox_to_anchor=(LEFT, 0.905),
        )  # fmt: skip
    return picture


def _draw_branches(axis: Axes, census: Census) -> None:
    axis.set_title("critical values f(α, w(α))")
    branches = [
        branch for record in census.records for gap in record.gaps for branch in gap.branches
    ]
    low = list(_lowest(census))
    axis.add_collection(_lines((b for b in branches if not b.feasible), FAINT, 0.5, 1))
    axis.add_collection(_lines((b for b in branches if b.feasible), COLOURS[0], 0.9, 2))
    axis.add_collection(LineCollection(low, colors=INK, linewidths=2.4, zorder=3))
    heights = [y for line in low for _, y in line]
    if heights:
        bottom, top = min(heights), max(heights)
        room = (top - bottom) or abs(top) or 1.0
        axis.set_ylim(bottom - 0.05 * room, top + HEADROOM * room)
    else:
        axis.autoscale_view()


def _lines(
    branches: Iterable[BranchRecord], colour: str, width: float, order: int
) -> LineCollection:
    return LineCollection(
        [_points(branch) for branch in branches if branch.curve],
        colors=colour,
        linewidths=width,
        zorder=order,
    )


def _points(branch: BranchRecord) -> Points:
    first = branch.curve[0]
    points = [(float(first.alpha[0]), first.start)]
    return points + [(float(chord.alpha[1]), chord.end) for chord in branch.curve]


def _lowest(census: Census) -> Iterator[Points]:
    """The lower envelope; a line ends where no branch is certified, slivers are bridged."""
    line: Points = []
    sliver = (census.domain[1] - census.domain[0]) / SLIVERS
    end = None
    for part in census.lowest.parts:
        if end is not None and part.alpha[0] - end > sliver:
            yield line
            line = []
        line.append((float(part.alpha[0]), part.start))
        last = (float(part.alpha[1]), part.end)
        end = part.alpha[1]
    if line:
        yield [*line, last]


def _draw_events(axis: Axes, census: Census) -> None:
    axis.set_title("events")
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    for kind, at in _events(census).items():
        axis.eventplot([at], colors=EVENT_COLOURS[kind], linewidths=0.8, lineoffsets=0.5)
    axis.set_ylim(0, 1)


def _events(census: Census) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for kind, alpha in events(census):
        found.setdefault(kind, []).append(alpha)
    return {kind: found[kind] for kind in EVENT_COLOURS if kind in found}


def _draw_steps(axis: Axes, census: Census) -> None:
    axis.set_title("number of real (grey) and feasible (blue) branches")
    steps = census.steps.steps
    edges = [float(step.alpha[0]) for step in steps] + [float(step.alpha[1]) for step in steps[-1:]]
    if steps:
        _stairs(axis, edges, [step.real for step in steps], GREY)
        _stairs(axis, edges, [step.feasible for step in steps], COLOURS[0])
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.grid(axis="y", color="#eeeeee", linewidth=0.6)


def _stairs(axis: Axes, edges: Sequence[float], heights: Sequence[int], colour: str) -> None:
    axis.stairs(heights, edges, color=colour, linewidth=1.2)


def _is_dual(census: Census) -> bool:
    """Whether all branches are counted: the least feasible value is then ℓ*."""
    return census.verdict in (Verdict.PROVED, Verdict.MODULAR)


def _legend(census: Census) -> list[Line2D]:
    lines = [
        Line2D(
            [],
            [],
            color=INK,
            linewidth=2.4,
            label="ℓ*(α)" if _is_dual(census) else "least feasible value",
        ),
        Line2D([], [], color=COLOURS[0], linewidth=0.9, label="feasible"),
        Line2D([], [], color=FAINT, linewidth=0.8, label="outside the cell"),
    ]
    marks = [
        Line2D([], [], color=EVENT_COLOURS[kind], marker="|", linestyle="none", label=kind)
        for kind in _events(census)
    ]
    return [*lines, *marks]
