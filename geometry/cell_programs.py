"""The parametric program of a cell, by the kind of its objective."""

from __future__ import annotations

from geometry.kinked import KinkedProgram
from geometry.stationary import CellProgram
from piecewise.objective import ConvexCell


def program_of(cell: ConvexCell) -> CellProgram:
    """A quadratic program, or one with kinks."""
    return KinkedProgram(cell) if cell.kinks else CellProgram(cell)
