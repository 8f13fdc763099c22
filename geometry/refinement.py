"""Cells refined by the boundaries of held-out examples, on which two losses are convex.

On a cell of the training examples the training loss f is convex, but the held-out loss g is
not: a held-out example changes the activation piece where w_k·x + b_k = β. The boundaries of
all examples together cut every cell into *refined cells*; on one of these both are. Their
unit cells are those of the arrangement of all examples, and a unit cell belongs to the one of
the training examples that has its pattern on these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import product

from piecewise.cells import UnitCell
from piecewise.layers import CellKey, Constraint, LayerCells
from piecewise.objective import ConvexCell, ConvexObjective
from piecewise.problems import Problem


@dataclass(frozen=True, order=True)
class RefinedKey(CellKey):
    """A refined cell, and the cell of the training examples that it belongs to."""

    coarse: tuple[int, ...] = ()


class RefinedCells:
    """The refined cells of a problem with held-out examples, and both losses on them.

    Args:
        problem: a problem with held-out examples.
        training: its training loss with the cells of the training examples.

    Raises:
        TooManyCells: later, an arrangement of all examples has more cells than ``training``
            allows.
    """

    def __init__(self, problem: Problem, training: ConvexObjective) -> None:
        self.layer = LayerCells(_with_all_examples(problem), training.max_cells)
        self._coarse = training
        count = len(problem.training().targets)
        self._training = _OnRefined(problem.training(), self.layer, slice(None, count))
        self._held_out = _OnRefined(held_out_problem(problem), self.layer, slice(count, None))

    def training_cell(self, key: RefinedKey) -> ConvexCell:
        """The training loss on a refined cell."""
        return replace(self._training.cell(key), key=key)

    def held_out_cell(self, key: RefinedKey) -> ConvexCell:
        """The held-out loss on a refined cell."""
        return replace(self._held_out.cell(key), key=key)

    def within(self, key: CellKey) -> Iterator[RefinedKey]:
        """The refined cells of a cell of the training examples, in order."""
        parts = [
            self._parts[arrangement].get(cell, [])
            for arrangement, cell in zip(self._coarse.arrangement_of, key.cells, strict=True)
        ]
        for cells in product(*parts):
            yield RefinedKey(cells, key.signs, key.cells)

    @cached_property
    def _parts(self) -> list[dict[int, list[int]]]:
        """For every arrangement and cell of the training examples the refined unit cells."""
        found: list[dict[int, list[int]]] = []
        pairs = zip(self._coarse.unit_cells, self._training.unit_cells, strict=True)
        for coarse, refined in pairs:
            number = {cell.pattern.tobytes(): cell.index for cell in coarse}
            parts: dict[int, list[int]] = {}
            for cell in refined:
                parts.setdefault(number[cell.pattern.tobytes()], []).append(cell.index)
            found.append(parts)
        return found


class _OnRefined(ConvexObjective):
    """The loss of some of the examples on the refined cells of all."""

    def __init__(self, problem: Problem, layer: LayerCells, chosen: slice) -> None:
        super().__init__(problem, layer.max_cells)
        self._layer, self._chosen = layer, chosen

    @cached_property
    def unit_cells(self) -> tuple[tuple[UnitCell, ...], ...]:
        """The refined unit cells with the patterns of the chosen examples."""
        return tuple(
            tuple(replace(cell, pattern=cell.pattern[self._chosen].copy()) for cell in cells)
            for cells in self._layer.unit_cells
        )

    def constraints(self, key: CellKey) -> tuple[Constraint, ...]:
        """The facets of the refined cell; held-out examples are numbered after the others."""
        return self._layer.constraints(key)

    def witness(self, key: CellKey) -> tuple[Fraction, ...]:
        """A rational point strictly inside the refined cell."""
        return self._layer.witness(key)


def held_out_problem(problem: Problem) -> Problem:
    """The held-out examples as training examples without penalties.

    Raises:
        ValueError: there are none.
    """
    if problem.validation is None:
        raise ValueError("the problem has no held-out examples")
    return _with_examples(problem, problem.validation.inputs, problem.validation.targets)


def _with_all_examples(problem: Problem) -> Problem:
    """The training examples, then the held-out ones, whose loss is never asked for."""
    if problem.validation is None:
        raise ValueError("the problem has no held-out examples")
    return _with_examples(
        problem,
        (*problem.inputs, *problem.validation.inputs),
        (*problem.targets, *problem.validation.targets),
    )


def _with_examples(
    problem: Problem, inputs: Sequence[Sequence[Fraction]], targets: Sequence[Fraction]
) -> Problem:
    return Problem(
        problem.model,
        inputs=inputs,
        targets=targets,
        interval=problem.interval,
        box={p.name: (p.lower, p.upper) for p in problem.parameters},
        loss=problem.loss,
        reduction=problem.reduction,
        features=problem.features,
    )
