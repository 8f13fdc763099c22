"""The look of a picture: colours of pieces, marks, fonts."""

from __future__ import annotations

from typing import Any

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
"""Repeated along the pieces: neighbours differ, for colour-blind readers too (Okabe and Ito)."""
INK, GREY, FAINT, PAPER, GOLD = "#222222", "#777777", "#cccccc", "#ffffff", "#f0e442"

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.parse_math": False,  # a "$" in a column name is a dollar
    "axes.edgecolor": GREY,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # fixed, not searched for
    "axes.xmargin": 0,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "svg.hashsalt": "pieceproof",
}

_OUTLINED: dict[str, Any] = {
    "markeredgecolor": INK, "markeredgewidth": 0.8, "linestyle": "none", "clip_on": False,
}  # fmt: skip
MARKS: dict[str, dict[str, Any]] = {
    "kink": {**_OUTLINED, "marker": "^", "markersize": 4.5, "markerfacecolor": INK, "zorder": 5},
    "smooth": {**_OUTLINED, "marker": "o", "markersize": 4, "markerfacecolor": PAPER, "zorder": 5},
    "jump": {**_OUTLINED, "marker": "s", "markersize": 4, "markerfacecolor": INK, "zorder": 5},
    "minimum": {**_OUTLINED, "marker": "*", "markersize": 10, "markerfacecolor": GOLD, "zorder": 6},
    "plateau": {"color": GOLD, "linewidth": 8, "solid_capstyle": "butt", "zorder": 1},
    "wall": {"color": GREY, "linewidth": 0.8, "linestyle": ":", "zorder": 2},
}
"""How breakpoints, minimum and walls of the box look, in panels and legend."""


def colour(piece: int) -> str:
    """The colour of a piece."""
    return COLOURS[piece % len(COLOURS)]
