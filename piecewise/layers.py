"""The cells of one hidden layer: products of the cells of its units.

Every boundary of a one-hidden-layer network involves the parameters of one unit, so a
cell of the joint arrangement is one unit cell per unit, times the box of the output
parameters. Units with the same box share one arrangement; units with the same box and
the same output weight may be exchanged without changing the objective, so one cell per
orbit is listed. A ridge model has no unit and one cell, the box.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement, islice, product
from math import comb, prod

from piecewise.cells import UnitArrangement, UnitCell
from piecewise.deadlines import Check, go_on
from piecewise.errors import NotYetSupported, TooManyCells
from piecewise.networks import SIGNS, TRAINABLE, FeedForward
from piecewise.polynomials import Polynomial
from piecewise.problems import Problem

DEFAULT_MAX_CELLS = 200_000
"""Cells that are enumerated without being asked for more."""


UnitCells = tuple[tuple[UnitCell, ...], ...]
"""The cells of every distinct unit arrangement."""


@dataclass(frozen=True, order=True)
class CellKey:
    """A cell of the joint arrangement: a unit cell per unit, and signs for ``"signs"`` models."""

    cells: tuple[int, ...]
    signs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Constraint:
    """normal·w ≥ offset on the closed cell, named as in a certificate.

    Labels: ``w1_speed:lower``, ``w1_speed:upper`` for walls, ``u1:e5:k1`` for the boundary
    of unit 1 at example 5, breakpoint 1 (all counted from 1).
    """

    label: str
    normal: tuple[int, ...]
    offset: int


class LayerCells:
    """The joint arrangement of a model with at most one hidden layer, inside W.

    ``max_cells`` bounds the cells of a unit's arrangement and the cases to be treated
    (:meth:`case_count`); ``check`` is called for every cell. ``known`` are the cells of all unit
    arrangements, found before.

    Raises:
        NotYetSupported: more than one hidden layer.
    """

    def __init__(
        self,
        problem: Problem,
        max_cells: int = DEFAULT_MAX_CELLS,
        check: Check = go_on,
        known: UnitCells | None = None,
    ) -> None:
        self.problem = problem
        self.max_cells = max_cells
        self._check, self._known = check, known
        if isinstance(problem.model, FeedForward) and len(problem.model.hidden) > 1:
            raise NotYetSupported(
                f"{len(problem.model.hidden)} hidden layers; "
                "cells are enumerated for one hidden layer"
            )

    @property
    def network(self) -> FeedForward | None:
        """The network, None for a ridge model."""
        return self.problem.model if isinstance(self.problem.model, FeedForward) else None

    @cached_property
    def unit_size(self) -> int:
        """Parameters per unit."""
        return 0 if self.network is None else len(self.problem.features) + self.network.bias

    @cached_property
    def units(self) -> int:
        """Number of hidden units (0 for a ridge model)."""
        return 0 if self.network is None else self.network.hidden[0]

    @cached_property
    def rows(self) -> tuple[tuple[Fraction, ...], ...]:
        """x_t with the constant 1 appended where there is a bias."""
        model = self.problem.model
        one = (Fraction(1),) if not isinstance(model, Polynomial) and model.bias else ()
        return tuple((*row, *one) for row in self.problem.inputs)

    @property
    def has_signs(self) -> bool:
        """Whether the minimum over the signs of the output weights is taken."""
        return self.network is not None and self.network.output_weights == SIGNS

    # -- unit cells ------------------------------------------------------------------

    def _range(self, parameter: int) -> tuple[Fraction, Fraction]:
        chosen = self.problem.parameters[parameter]
        return chosen.lower, chosen.upper

    def _ranges(self, unit: int) -> tuple[tuple[Fraction, Fraction], ...]:
        start = unit * self.unit_size
        return tuple(self._range(i) for i in range(start, start + self.unit_size))

    @cached_property
    def arrangement_of(self) -> tuple[int, ...]:
        """Index into ``arrangements`` for every unit: units with the same box share one."""
        boxes = [self._ranges(unit) for unit in range(self.units)]
        distinct = list(dict.fromkeys(boxes))
        return tuple(distinct.index(box) for box in boxes)

    @cached_property
    def arrangements(self) -> tuple[UnitArrangement, ...]:
        """The distinct unit arrangements."""
        if self.network is None:
            return ()
        breakpoints = self.network.activation.breakpoints
        boxes = dict.fromkeys(self._ranges(unit) for unit in range(self.units))
        return tuple(UnitArrangement(self.rows, breakpoints, box) for box in boxes)

    @cached_property
    def unit_cells(self) -> UnitCells:
        """The cells of every distinct unit arrangement.

        Raises:
            TooManyCells: an arrangement has more than ``max_cells`` cells.
        """
        if self._known is not None:
            return self._known
        return tuple(self._within_budget(arrangement) for arrangement in self.arrangements)

    def _within_budget(self, arrangement: UnitArrangement) -> tuple[UnitCell, ...]:
        cells = []
        for cell in islice(arrangement.cells(), self.max_cells + 1):
            self._check()
            cells.append(cell)
        if len(cells) > self.max_cells:
            raise TooManyCells(
                f"one unit alone has more than {self.max_cells:,} cells; "
                "use fewer examples or inputs, or raise --max-cells"
            )
        return tuple(cells)

    # -- joint cells -----------------------------------------------------------------

    @cached_property
    def exchangeable(self) -> tuple[tuple[int, ...], ...]:
        """Classes of units that a permutation may exchange: same box, same output weight
        (for trainable output weights: the same range)."""
        classes: dict[tuple[object, ...], list[int]] = {}
        for unit in range(self.units):
            key = self.arrangement_of[unit], self._output(unit)
            classes.setdefault(key, []).append(unit)
        return tuple(tuple(members) for members in classes.values())

    def _output(self, unit: int) -> object:
        weights = None if self.network is None else self.network.output_weights
        if weights == TRAINABLE:
            return self._range(self.units * self.unit_size + unit)
        return weights if weights is None or isinstance(weights, str) else weights[unit]

    def cell_count(self) -> int:
        """Number of non-empty cells of the joint arrangement in W."""
        return prod(len(self.unit_cells[index]) for index in self.arrangement_of)

    def case_count(self) -> int:
        """Number of keys that ``keys`` yields: cells with signs up to exchange of units.

        Raises:
            TooManyCells: more than ``max_cells``.
        """
        options = [self._options(members[0]) for members in self.exchangeable]
        count = prod(
            comb(len(choices) + len(members) - 1, len(members))
            for choices, members in zip(options, self.exchangeable, strict=True)
        )
        if count > self.max_cells:
            raise TooManyCells(
                f"{self.units} units make {count:,} cells, more than {self.max_cells:,}; "
                "use fewer units or examples, or raise --max-cells (some 10 ms and 2 kB a cell)"
            )
        return count

    def _options(self, unit: int) -> list[tuple[int, int]]:
        """(sign, cell) choices of a unit, increasing."""
        cells = range(len(self.unit_cells[self.arrangement_of[unit]]))
        return [(sign, cell) for sign in ((-1, 1) if self.has_signs else (1,)) for cell in cells]

    def keys(self) -> Iterator[CellKey]:
        """One key per orbit of cells (with signs) under exchange of units, streamed."""
        choices = [
            combinations_with_replacement(self._options(members[0]), len(members))
            for members in self.exchangeable
        ]
        for chosen in product(*choices):
            cells, signs = [0] * self.units, [1] * self.units
            for members, states in zip(self.exchangeable, chosen, strict=True):
                for unit, (sign, cell) in zip(members, states, strict=True):
                    cells[unit], signs[unit] = cell, sign
            self._check()
            yield CellKey(tuple(cells), tuple(signs) if self.has_signs else ())

    def chosen(self, key: CellKey) -> list[UnitCell]:
        """The unit cell of every unit."""
        return [
            self.unit_cells[self.arrangement_of[unit]][index]
            for unit, index in enumerate(key.cells)
        ]

    @property
    def output_parameters(self) -> range:
        """Indices of the parameters that belong to no unit."""
        return range(self.units * self.unit_size, len(self.problem.parameters))

    def witness(self, key: CellKey) -> tuple[Fraction, ...]:
        """A rational point strictly inside the cell."""
        inside = [value for cell in self.chosen(key) for value in cell.witness]
        return (
            *inside,
            *(sum(self._range(index), Fraction(0)) / 2 for index in self.output_parameters),
        )

    # -- constraints -----------------------------------------------------------------

    def constraints(self, key: CellKey) -> tuple[Constraint, ...]:
        """The facets of the closed cell."""
        facets = [
            constraint
            for unit, cell in enumerate(self.chosen(key))
            for constraint in self._constraints_of(unit, cell)
        ]
        return (
            *facets,
            *(self._wall(index, side) for index in self.output_parameters for side in (0, 1)),
        )

    @cached_property
    def _unit_constraints(self) -> dict[tuple[int, int], tuple[Constraint, ...]]:
        return {}

    def _constraints_of(self, unit: int, cell: UnitCell) -> tuple[Constraint, ...]:
        known = self._unit_constraints.get((unit, cell.index))
        if known is None:
            known = tuple(self._describe(unit, cell))
            self._unit_constraints[unit, cell.index] = known
        return known

    def _describe(self, unit: int, cell: UnitCell) -> Iterator[Constraint]:
        arrangement = self.arrangements[self.arrangement_of[unit]]
        start = unit * self.unit_size
        for index, side in cell.boundaries:
            example, bend, _ = arrangement.boundaries[index].members[0]
            *normal, minus_offset = arrangement.form(("boundary", index, side))
            label = f"u{unit + 1}:e{example + 1}:k{bend + 1}"
            yield Constraint(label, self._embed(start, normal), -minus_offset)
        for position, side in cell.walls:
            yield self._wall(start + position, side)

    def _embed(self, start: int, normal: Sequence[int]) -> tuple[int, ...]:
        size = len(self.problem.parameters)
        return (*(0,) * start, *normal, *(0,) * (size - start - len(normal)))

    def _wall(self, index: int, side: int) -> Constraint:
        parameter = self.problem.parameters[index]
        value = parameter.upper if side else parameter.lower
        direction = -1 if side else 1
        label = f"{parameter.name}:{'upper' if side else 'lower'}"
        normal = self._embed(index, [direction * value.denominator])
        return Constraint(label, normal, direction * value.numerator)
