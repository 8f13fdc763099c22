"""The picture of a learning curve: the measured deviation and the bounds above it."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from pieceproof.appearance import COLOURS, GREY, INK, PAPER, STYLE
from pieceproof.gaps import GapExperiment
from pieceproof.pictures import save

SIZE = (7.2, 4.6)
"""Inches."""

LARGEST = 10**7
"""Sample sizes to which the bounds are drawn."""


def plot_gaps(experiment: GapExperiment, folder: Path) -> list[Path]:
    """Write :func:`gap_figure` as ``gap.svg`` and ``gap.png`` into ``folder``, each atomically.

    Raises:
        OSError: the folder cannot be written.
    """
    return save(gap_figure(experiment), folder, "gap")


def gap_figure(experiment: GapExperiment) -> Figure:
    """Deviation against the number of tasks, both on logarithmic scales."""
    with matplotlib.rc_context(STYLE):
        picture = Figure(figsize=SIZE, facecolor=PAPER)
        axes = picture.subplots()
        picture.subplots_adjust(left=0.11, right=0.72, top=0.86, bottom=0.12)
        axes.set_xscale("log")
        axes.set_yscale("log")
        _bounds(axes, experiment)
        _measured(axes, experiment)
        curve = experiment.curve
        axes.axhline(float(curve.value_range), color=GREY, linewidth=0.8, zorder=0)
        axes.annotate(
            "H, the range of the duals",
            (LARGEST, float(curve.value_range)), (0, 4),
            textcoords="offset points", color=GREY, ha="right",
        )  # fmt: skip
        axes.set_xlim(0.8, LARGEST)
        axes.set_ylim(bottom=float(experiment.quantiles[:, 0].min()) / 4)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(_power))
            axis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("tasks m")
        axes.set_ylabel("deviation of the mean dual loss")
        picture.text(0.11, 0.945, "A theorem and what it bounds", fontsize=11, weight="bold")
        caption = (
            f"sup over α of |mean − expectation| for m tasks drawn from {curve.instances}; "
            f"bounds hold with probability {1 - float(curve.delta):g}"
        )
        picture.text(0.11, 0.905, caption, color=GREY)
    return picture


def _bounds(axes: Axes, experiment: GapExperiment) -> None:
    sizes = np.unique(np.geomspace(1, LARGEST, 60).astype(int))
    for k, (name, oscillations) in enumerate(reversed(experiment.levels)):
        values = [float(experiment.curve.bound(int(m), oscillations)) for m in sizes]
        style = ("-", "--", ":")[k % 3]
        axes.plot(sizes, values, color=COLOURS[1], linewidth=1.2, linestyle=style)
        _label(axes, values[-1] * 1.25 ** (len(experiment.levels) - 1 - 2 * k), name, COLOURS[1])
    steps = experiment.curve.steps
    axes.plot(
        [step.size for step in steps],
        [float(step.from_sample) for step in steps],
        color=COLOURS[2], marker="s", markersize=4, linewidth=1.2,
    )  # fmt: skip
    middle = steps[len(steps) // 2]
    axes.annotate(
        "bound from\nthe sample itself", (middle.size, float(middle.from_sample)), (-18, -20),
        textcoords="offset points", color=COLOURS[2], va="top",
    )  # fmt: skip


def _measured(axes: Axes, experiment: GapExperiment) -> None:
    sizes, quantiles = experiment.measured_sizes, experiment.quantiles
    axes.fill_between(sizes, quantiles[:, 0], quantiles[:, 1], color=COLOURS[0], alpha=0.2, lw=0)
    axes.plot(sizes, quantiles[:, 1], color=COLOURS[0], linewidth=1.2)
    level = f"{100 * (1 - float(experiment.curve.delta)):g}% of samples are below"
    _label(axes, float(quantiles[-1, 1]) * 1.15, level, COLOURS[0], at=sizes[-1])
    _label(axes, float(quantiles[-1, 0]) / 1.3, "median (measured)", COLOURS[0], at=sizes[-1])
    steps = experiment.curve.steps
    axes.plot(
        [step.size for step in steps], [float(step.deviation) for step in steps],
        color=INK, marker="o", markersize=4, linestyle="none", zorder=4,
    )  # fmt: skip
    axes.plot(0.03, 0.05, color=INK, marker="o", markersize=4, transform=axes.transAxes)
    axes.text(
        0.05, 0.05, "one sequence of draws, enclosed over all α", color=INK, va="center",
        transform=axes.transAxes,
    )  # fmt: skip


def _label(axes: Axes, height: float, text: str, colour: str, at: float = LARGEST) -> None:
    """Words to the right of a line's end."""
    axes.annotate(
        text, (at, height), (5, 0),
        textcoords="offset points", color=colour, va="center", annotation_clip=False,
    )  # fmt: skip


def _power(value: float, position: int | None = None) -> str:
    """1, 10, 100, 1000, then 10⁴ and so on: mathematics is not parsed in this style."""
    if value < 10**4:
        return f"{value:g}"
    digits = str(round(np.log10(value)))
    return "10" + digits.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
