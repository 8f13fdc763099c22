"""Constraints of a joint cell by label: rows a·w >= b, oriented by the cell.

A wall is "<parameter>:lower" (w_i >= lower) or "<parameter>:upper" (−w_i >= −upper). A
boundary "u<k>:e<t>:k<j>" is the hyperplane w_k·x_t + b_k = β_j of unit k, example t and
breakpoint j (all 1-based), with the sign that it has in the cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq

from pieceproof.checking.orbits import Case
from pieceproof.checking.problems import ZERO, Problem
from pieceproof.checking.reading import Node
from pieceproof.checking.unitcells import Arrangement, Indices

Row = tuple[tuple[int, fmpq], ...]
"""The non-zero entries (position, value) of (a, b); the position of b is the last parameter + 1."""

_BOUNDARY = re.compile(r"u([1-9][0-9]{0,5}):e([1-9][0-9]{0,8}):k([1-9][0-9]{0,5})")


@dataclass(frozen=True)
class Constraints:
    """All constraints of a problem."""

    problem: Problem
    arrangements: tuple[Arrangement, ...]

    @cached_property
    def walls(self) -> dict[str, Row]:
        """Rows of the walls by label."""
        last = len(self.problem.parameters)
        rows: dict[str, Row] = {}
        for index, parameter in enumerate(self.problem.parameters):
            for side, direction, at in (
                ("lower", 1, parameter.lower),
                ("upper", -1, parameter.upper),
            ):
                bound = ((last, direction * at),) if at else ()
                rows[f"{parameter.name}:{side}"] = ((index, fmpq(direction)), *bound)
        return rows

    @cached_property
    def _indices(self) -> dict[int, Indices]:
        return {unit: each.indices for each in self.arrangements for unit in each.units}

    def direction(self, case: Case, unit: int, example: int, step: int) -> int:
        """1 if w·x_t + b > β_j in the cell of the unit, else −1 (all 0-based)."""
        return 1 if self._indices[unit][case.cells[unit], example] > step else -1

    def boundary(self, case: Case, unit: int, example: int, step: int) -> Row:
        """The row of a boundary (0-based numbers), oriented by the cell."""
        problem = self.problem
        turn = self.direction(case, unit, example, step)
        start = unit * problem.block
        values = (*problem.inputs[example], *[fmpq(1)] * problem.bias)
        row = [(start + axis, turn * value) for axis, value in enumerate(values) if value]
        at = problem.breakpoints[step]
        return (*row, *([(len(problem.parameters), turn * at)] if at else []))

    def row(self, label: Node, case: Case) -> Row:
        """The row that a label names on a joint cell.

        Raises:
            CertificateError: the label names no constraint.
        """
        name = label.text()
        if name in self.walls:
            return self.walls[name]
        match = _BOUNDARY.fullmatch(name)
        if match is not None and self.problem.units:
            unit, example, step = (int(part) - 1 for part in match.groups())
            exists = (
                unit < self.problem.units
                and example < len(self.problem.inputs)
                and step < len(self.problem.breakpoints)
            )
            if exists and (self.problem.bias or any(self.problem.inputs[example])):
                return self.boundary(case, unit, example, step)
        raise label.wrong("the label of a wall or of a boundary")

    def dense(self, row: Row) -> list[fmpq]:
        """The row with its zeros."""
        values = [ZERO] * (len(self.problem.parameters) + 1)
        for position, value in row:
            values[position] = value
        return values
