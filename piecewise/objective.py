"""The objective on a cell: a convex quadratic in w with coefficients polynomial in α.

For one hidden layer with piecewise linear σ_α and fixed output weights the residual on
a cell is r_t = Σ_k v_k (s_kt(α)·(x̃_t·w_k) + q_kt(α)) + c − y_t, with slope s and
intercept q affine in α. Hence on a cell

    scale · f(α, w) = wᵀH(α)w − 2 g(α)ᵀw + c(α),   H(α) ⪰ 0,

with integer polynomials of degree ≤ 2, integer scale > 0 (:mod:`piecewise.gram`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement, islice, product
from math import comb, prod

from piecewise.cells import UnitArrangement, UnitCell
from piecewise.errors import NotYetSupported, TooManyCells
from piecewise.gram import GramSums, Quadratic
from piecewise.networks import SIGNS, TRAINABLE, FeedForward
from piecewise.problems import Problem

DEFAULT_MAX_CELLS = 200_000
"""Cells that are enumerated without being asked for more."""


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


@dataclass(frozen=True)
class ConvexCell:
    """The problem min { f(α, w) : w in the closed cell } on one cell.

    ``constraints`` are the facets of the closed cell, ``witness`` is an interior point.
    """

    key: CellKey
    objective: Quadratic
    constraints: tuple[Constraint, ...]
    witness: tuple[Fraction, ...]


class ConvexObjective:
    """The objective of a :class:`Problem` whose cells are all convex.

    Supported: squared loss with a ridge model, or one hidden layer with piecewise
    linear activations and output weights fixed or ``"signs"``. ``max_cells`` bounds the
    cells of a unit's arrangement and the cases to be treated (:meth:`case_count`).

    Raises:
        NotYetSupported: any other model or loss.
    """

    def __init__(self, problem: Problem, max_cells: int = DEFAULT_MAX_CELLS) -> None:
        self.problem = problem
        self.max_cells = max_cells
        if problem.loss != "squared":
            raise NotYetSupported(f"loss {problem.loss!r}; the exact dual covers the squared loss")
        if isinstance(problem.model, FeedForward):
            _require_convex(problem.model)

    # -- the arrangement -------------------------------------------------------------

    @property
    def _network(self) -> FeedForward | None:
        return self.problem.model if isinstance(self.problem.model, FeedForward) else None

    @cached_property
    def unit_size(self) -> int:
        """Parameters per unit."""
        network = self._network
        return 0 if network is None else len(self.problem.features) + network.bias

    @cached_property
    def units(self) -> int:
        """Number of hidden units (0 for a ridge model)."""
        return 0 if self._network is None else self._network.hidden[0]

    def _ranges(self, unit: int) -> tuple[tuple[Fraction, Fraction], ...]:
        start = unit * self.unit_size
        chosen = self.problem.parameters[start : start + self.unit_size]
        return tuple((parameter.lower, parameter.upper) for parameter in chosen)

    @cached_property
    def _rows(self) -> tuple[tuple[Fraction, ...], ...]:
        """x_t with the constant 1 appended where there is a bias."""
        one = (Fraction(1),) if self.problem.model.bias else ()
        return tuple((*row, *one) for row in self.problem.inputs)

    @cached_property
    def arrangement_of(self) -> tuple[int, ...]:
        """Index into ``arrangements`` for every unit: units with the same box share one."""
        boxes = [self._ranges(unit) for unit in range(self.units)]
        distinct = list(dict.fromkeys(boxes))
        return tuple(distinct.index(box) for box in boxes)

    @cached_property
    def arrangements(self) -> tuple[UnitArrangement, ...]:
        """The distinct unit arrangements."""
        network = self._network
        if network is None:
            return ()
        boxes = dict.fromkeys(self._ranges(unit) for unit in range(self.units))
        return tuple(
            UnitArrangement(self._rows, network.activation.breakpoints, box) for box in boxes
        )

    @cached_property
    def unit_cells(self) -> tuple[tuple[UnitCell, ...], ...]:
        """The cells of every distinct unit arrangement.

        Raises:
            TooManyCells: an arrangement has more than ``max_cells`` cells.
        """
        return tuple(self._within_budget(arrangement) for arrangement in self.arrangements)

    def _within_budget(self, arrangement: UnitArrangement) -> tuple[UnitCell, ...]:
        cells = tuple(islice(arrangement.cells(), self.max_cells + 1))
        if len(cells) > self.max_cells:
            raise TooManyCells(
                f"one unit alone has more than {self.max_cells:,} cells; "
                "use fewer examples or inputs, or raise --max-cells"
            )
        return cells

    @cached_property
    def exchangeable(self) -> tuple[tuple[int, ...], ...]:
        """Classes of units that a permutation may exchange: same box, same output weight."""
        network = self._network
        if network is None:
            return ()
        classes: dict[tuple[int, Fraction | str], list[int]] = {}
        for unit in range(self.units):
            weights = network.output_weights
            weight = weights if isinstance(weights, str) else weights[unit]
            classes.setdefault((self.arrangement_of[unit], weight), []).append(unit)
        return tuple(tuple(members) for members in classes.values())

    @property
    def has_signs(self) -> bool:
        """Whether the minimum over the signs of the output weights is taken."""
        return self._network is not None and self._network.output_weights == SIGNS

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
            yield CellKey(tuple(cells), tuple(signs) if self.has_signs else ())

    # -- constraints -----------------------------------------------------------------

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

    # -- the quadratic ---------------------------------------------------------------

    @cached_property
    def _gram(self) -> GramSums:
        return GramSums(self.problem, self._rows, self.unit_cells)

    def cell(self, key: CellKey) -> ConvexCell:
        """The convex problem on the cell with the given key."""
        chosen = [
            self.unit_cells[self.arrangement_of[unit]][index]
            for unit, index in enumerate(key.cells)
        ]
        network = self._network
        constraints = [
            constraint
            for unit, cell in enumerate(chosen)
            for constraint in self._constraints_of(unit, cell)
        ]
        free = range(self.units * self.unit_size, len(self.problem.parameters))
        constraints += [self._wall(index, side) for index in free for side in (0, 1)]
        witness = [value for cell in chosen for value in cell.witness]
        witness += [
            (self.problem.parameters[index].lower + self.problem.parameters[index].upper) / 2
            for index in free
        ]
        if network is None:
            weights: tuple[Fraction, ...] = ()
        elif self.has_signs:
            weights = tuple(Fraction(sign) for sign in key.signs)
        else:
            weights = tuple(Fraction(weight) for weight in network.output_weights)
        states = list(zip(self.arrangement_of, key.cells, strict=True))
        quadratic = self._gram.quadratic(states, weights)
        return ConvexCell(key, quadratic, tuple(constraints), tuple(witness))


def _require_convex(network: FeedForward) -> None:
    """Refuse, with the reason, models whose cells are not convex quadratic problems."""
    if len(network.hidden) > 1:
        raise NotYetSupported(
            f"{len(network.hidden)} hidden layers; the exact dual covers one hidden layer"
        )
    if network.activation.degree > 1:
        raise NotYetSupported(
            f"activation {network.activation!r} of degree {network.activation.degree}; "
            "the exact dual covers piecewise linear activations"
        )
    if network.output_weights == TRAINABLE:
        raise NotYetSupported(
            'output_weights = "trainable"; give numbers, or "signs" (the same minimum for '
            "positively homogeneous activations in an unbounded box)"
        )
