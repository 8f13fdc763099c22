"""The picture of a tuning run: the mean of the duals, its minimum, and what the grid found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib
from flint import fmpq
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from bounds.erm import Where
from bounds.patterns import Arc
from geometry.verdicts import Verdict
from pieceproof.appearance import COLOURS, FAINT, GREY, INK, MARKS, PAPER, STYLE
from pieceproof.pictures import save
from pieceproof.tuning import ErmResult
from piecewise.exact import to_fmpq, to_fraction

STEPS = 240
"""Samples of every curve."""

MOST_DUALS = 60
"""Single duals drawn."""

AROUND = 4
"""Steps of the grid shown on either side of the minimum."""

SIZE = (6.6, 5.2)
"""Inches."""


def plot_erm(result: ErmResult, folder: Path) -> list[Path]:
    """Write :func:`erm_figure` as ``mean.svg`` and ``mean.png`` into ``folder``, each atomically.

    Raises:
        OSError: the folder cannot be written.
    """
    return save(erm_figure(result), folder, "mean")


def erm_figure(result: ErmResult) -> Figure:
    """Single duals, their mean and its minimum over A; below, the mean close to the minimum.

    Samples are values of the exact functions, rounded.
    """
    with matplotlib.rc_context(STYLE):
        picture = Figure(figsize=SIZE, facecolor=PAPER)
        above, below = picture.subplots(2, 1)
        picture.subplots_adjust(left=0.12, right=0.96, top=0.83, bottom=0.1, hspace=0.42)
        nodes = result.minimum.total.nodes
        _draw(above, result, (nodes[0].lower, nodes[-1].upper), with_duals=True)
        _draw(below, result, _window(result), with_duals=False)
        _grid(below, result)
        above.set_title("every instance (grey) and the mean")
        below.set_title("the mean close to its minimum, and points of the grid")
        below.set_xlabel("α")
        picture.text(
            0.12, 0.945, f"Mean of {len(result.duals)} dual losses", fontsize=11, weight="bold"
        )
        picture.text(0.12, 0.905, _caption(result), color=GREY)
    return picture


def _draw(axes: Axes, result: ErmResult, ends: tuple[fmpq, fmpq], with_duals: bool) -> None:
    """The mean on [ends] with its minimum, and the single duals behind it."""
    steps = [ends[0] + (ends[1] - ends[0]) * fmpq(k, STEPS) for k in range(STEPS + 1)]
    alphas = [_float(alpha) for alpha in steps]
    columns = [[_float(value) for value in _along(dual.arcs, steps)] for dual in result.duals]
    for column in columns[:MOST_DUALS] if with_duals else ():
        axes.plot(alphas, column, color=FAINT, linewidth=0.7, zorder=1)
    means = [sum(values) / len(values) for values in zip(*columns, strict=True)]
    axes.plot(alphas, means, color=COLOURS[0], linewidth=1.8, zorder=3)
    _minimum(axes, result)
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    axes.margins(x=0.01, y=0.12)


def _window(result: ErmResult) -> tuple[fmpq, fmpq]:
    """The minimisers and the grid's answer with a few steps of the grid on either side."""
    nodes, grid = result.minimum.total.nodes, result.grid
    lower, upper = nodes[0].lower, nodes[-1].upper
    margin = (upper - lower) * fmpq(AROUND, grid.points - 1)
    best = to_fmpq(grid.alpha)
    left = min(best, *(place.lower.lower for place in result.places))
    right = max(best, *(place.upper.upper for place in result.places))
    return max(lower, left - margin), min(upper, right + margin)


def _caption(result: ErmResult) -> str:
    proved = "proved" if result.verdict is Verdict.PROVED else str(result.verdict)
    return (
        f"least value {float(result.value):.8g} at α = {result.alpha.decimal(8)} ({proved}); "
        f"grid of {result.grid.points}: regret {float(result.grid.regret):.3g}"
    )


def _minimum(axes: Axes, result: ErmResult) -> None:
    height = float(result.value)
    for place in result.places:
        ends = [float(place.lower), float(place.upper)]
        if place.where is Where.PLATEAU:
            axes.plot(ends, [height, height], **MARKS["plateau"])
        else:
            axes.plot(ends[:1], [height], **MARKS["minimum"])


def _grid(axes: Axes, result: ErmResult) -> None:
    """The points of the grid in the window, the answer among them marked."""
    lower, upper = result.minimum.total.nodes[0].lower, result.minimum.total.nodes[-1].upper
    step = (upper - lower) / (result.grid.points - 1)
    first, last = _window(result)
    numbers = range(int(((first - lower) / step).ceil()), int(((last - lower) / step).floor()) + 1)
    points = [lower + step * k for k in numbers]
    means = [_float(result.minimum.total(point)) for point in points]
    axes.plot(
        [_float(point) for point in points], means, marker="|", color=GREY, markersize=7,
        linestyle="none", zorder=4,
    )  # fmt: skip
    best = float(result.grid.alpha), float(result.grid.value)
    axes.plot(*best, marker="x", color=INK, markersize=6, zorder=7, linestyle="none")
    axes.annotate("grid", best, (6, 7), textcoords="offset points")


def _along(arcs: Sequence[Arc], alphas: Sequence[fmpq]) -> Iterator[fmpq]:
    """The values of a dual at increasing α."""
    index = 0
    for alpha in alphas:
        while index + 1 < len(arcs) and arcs[index].interval.upper.compare_rational(alpha) < 0:
            index += 1
        yield arcs[index].function(alpha)


def _float(value: fmpq) -> float:
    return float(to_fraction(value))
