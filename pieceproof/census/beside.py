"""What stands beside a census: the shape of ℓ*, where it is computed in no time."""

from __future__ import annotations

from typing import Any

from pieceproof.analysis import analyze_exactly
from pieceproof.methods import convex_cells
from pieceproof.progress import Progress
from piecewise.layers import LayerCells
from piecewise.problems import Problem

MOST_CASES = 1000
"""Convex cells for which ℓ* is computed unasked."""


def dual_counts(problem: Problem, progress: Progress) -> dict[str, Any] | None:
    """Pieces, breakpoints and oscillations of ℓ* with the checker's verdict.

    None where cells are not convex or many: ``pieceproof analyze`` is then the command.
    """
    if convex_cells.refusal(problem) or LayerCells(problem).case_count() > MOST_CASES:
        return None
    dual = analyze_exactly(problem, progress=progress)
    counts = dual.document["counts"]
    return {
        **{name: counts[name] for name in ("pieces", "breakpoints", "oscillations")},
        "verdict": str(dual.verdict),
    }
