"""Constraints of a joint cell by label: rows a·w >= b of coprime integers, oriented by the cell.

A wall is "<parameter>:lower" (w_i >= lower) or "<parameter>:upper" (−w_i >= −upper). A
boundary "u<k>:e<t>:k<j>" is the hyperplane w_k·x_t + b_k = β_j of unit k, example t and
breakpoint j (all 1-based), with the sign that it has in the cell. Coprime integers make the
row, and so its multiplier, independent of the example that names an equal hyperplane.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import gcd, lcm

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from pieceproof.checking.orbits import Case
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node
from pieceproof.checking.unitcells import Arrangement, Indices

Row = tuple[tuple[int, int], ...]
"""The non-zero entries (position, value) of (a, b); the position of b is the last parameter + 1."""

_BOUNDARY = re.compile(r"u([1-9][0-9]{0,5}):e([1-9][0-9]{0,8}):k([1-9][0-9]{0,5})")


def coprime(entries: list[tuple[int, fmpq]]) -> Row:
    """A positive multiple of the vector with coprime integer entries, without its zeros."""
    common = lcm(*(int(value.q) for _, value in entries))
    cleared = [(position, int((value * common).p)) for position, value in entries if value]
    divisor = gcd(*(value for _, value in cleared))
    return tuple((position, value // divisor) for position, value in cleared)


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
                label = f"{parameter.name}:{side}"
                rows[label] = coprime([(index, fmpq(direction)), (last, direction * at)])
        return rows

    @cached_property
    def _forms(self) -> dict[tuple[int, int], tuple[tuple[int, int], ...]]:
        """(x_t, [1], β_j) as coprime integers by (t, j), without zeros."""
        problem = self.problem
        one = [fmpq(1)] * problem.bias
        return {
            (example, step): coprime(list(enumerate((*x, *one, at))))
            for example, x in enumerate(problem.inputs)
            for step, at in enumerate(problem.breakpoints)
        }

    @cached_property
    def _examples(self) -> list[int]:
        """Examples whose boundaries do not vanish identically."""
        rows = enumerate(self.problem.inputs)
        return [example for example, x in rows if self.problem.bias or any(x)]

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        """The same examples by increasing first input."""
        first = [row[0] for row in self.problem.inputs]
        return np.array(sorted(self._examples, key=first.__getitem__), dtype=np.intp)

    @cached_property
    def _indices(self) -> dict[int, Indices]:
        return {unit: each.indices for each in self.arrangements for unit in each.units}

    def direction(self, case: Case, unit: int, example: int, step: int) -> int:
        """1 if w·x_t + b > β_j in the cell of the unit, else −1 (all 0-based)."""
        return 1 if self._indices[unit][case.cells[unit], example] > step else -1

    def boundary(self, case: Case, unit: int, example: int, step: int) -> Row:
        """The row of a boundary (0-based numbers), oriented by the cell."""
        turn = self.direction(case, unit, example, step)
        block, last = self.problem.block, len(self.problem.parameters)
        return tuple(
            (unit * block + axis if axis < block else last, turn * value)
            for axis, value in self._forms[example, step]
        )

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

    def facets(self, case: Case) -> Iterator[tuple[str, Row]]:
        """Walls and boundaries of the cell that imply all others, with their labels.

        With one input, w·x_t + b − β_j is affine in x_t: of the examples on one side of
        β_j those with the smallest and the largest x_t imply the rest.
        """
        yield from self.walls.items()
        problem = self.problem
        for unit in range(problem.units):
            for step in range(len(problem.breakpoints)):
                chosen = self._examples
                if len(problem.inputs[0]) == 1:
                    chosen = self._extreme_examples(case, unit, step)
                for example in chosen:
                    label = f"u{unit + 1}:e{example + 1}:k{step + 1}"
                    yield label, self.boundary(case, unit, example, step)

    def _extreme_examples(self, case: Case, unit: int, step: int) -> list[int]:
        """With one input: the first and the last example of either side in the order of x."""
        above = self._indices[unit][case.cells[unit]][self._order] > step
        chosen = []
        for side in (above, ~above):
            if side.any():
                chosen += [int(side.argmax()), len(side) - 1 - int(side[::-1].argmax())]
        return [int(self._order[place]) for place in chosen]
