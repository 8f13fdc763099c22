"""The objective as a polynomial on every cell, for activations of any degree and any depth.

With one hidden layer the cells are products of unit cells and are enumerated with their
faces. In a deeper network the boundaries of one layer bend along those of the layers
before; a cell is then taken from a point of A × W.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product

from flint import fmpq_mpoly

from piecewise.cell_polynomials import CellPolynomials, SignCondition, evaluate
from piecewise.errors import ProblemError
from piecewise.exact import Number, rational, rationals
from piecewise.faces import Face, unit_faces
from piecewise.layers import DEFAULT_MAX_CELLS, CellKey, LayerCells
from piecewise.networks import TRAINABLE, FeedForward
from piecewise.patterns import ActivationPattern, pattern_at
from piecewise.problems import Problem


@dataclass(frozen=True, eq=False)
class PolynomialCell:
    """f = ``objective`` on the closed cell {every condition ≥ 0}, all in Q[α, w].

    The walls of W are among the conditions. ``witness`` (α, w) lies strictly inside.
    """

    pattern: ActivationPattern
    objective: fmpq_mpoly
    conditions: tuple[SignCondition, ...]
    witness: tuple[Fraction, ...]

    def value(self, alpha: Number | Fraction, w: tuple[Number | Fraction, ...]) -> Fraction:
        """The cell's polynomial at a rational point, exactly."""
        return rational(evaluate(self.objective, rational(alpha), rationals(w)))

    def contains(self, alpha: Number | Fraction, w: tuple[Number | Fraction, ...]) -> bool:
        """Whether (α, w) lies in the closed cell."""
        at, point = rational(alpha), rationals(w)
        return all(evaluate(each.polynomial, at, point) >= 0 for each in self.conditions)


class PiecewiseObjective:
    """Cells of a :class:`Problem` with their exact polynomials.

    Supported: squared loss; ridge or an l2 penalty, and feedforward networks of any depth with any
    piecewise polynomial activations and any kind of output weights and biases.

    Raises:
        NotYetSupported: another loss or penalty; and, by ``keys``, ``cell`` and ``faces``, a
            network with more than one hidden layer, whose cells are not enumerated.
    """

    def __init__(self, problem: Problem, max_cells: int = DEFAULT_MAX_CELLS) -> None:
        self.problem = problem
        self.max_cells = max_cells
        self.polynomials = CellPolynomials(problem)

    @property
    def is_continuous(self) -> bool:
        """Whether f is continuous: its activation is, for every α."""
        model = self.problem.model
        return not isinstance(model, FeedForward) or model.activation.is_continuous

    # -- cells from a point ----------------------------------------------------------

    def cell_at(self, alpha: Number | Fraction, w: tuple[Number | Fraction, ...]) -> PolynomialCell:
        """The cell around (α, w); one boundary per unit, example and neighbouring breakpoint.

        Raises:
            ProblemError: (α, w) is not strictly inside A × W, or lies on a boundary.
        """
        at, point = rational(alpha), rationals(w)
        lower, upper = self.problem.interval
        if not lower < at < upper:
            raise ProblemError(f"alpha = {at} is not strictly inside [{lower}, {upper}]")
        pattern = pattern_at(self.problem, at, point)
        conditions = (*self.polynomials.boundaries(pattern), *self.polynomials.walls())
        touched = (c.label for c in conditions if evaluate(c.polynomial, at, point) <= 0)
        label = next(touched, None)
        if label is not None:
            raise ProblemError(f"the point is not inside a cell: it touches {label}; move it")
        objective = self.polynomials.objective(pattern)
        return PolynomialCell(pattern, objective, conditions, (at, *point))

    # -- cells of one hidden layer ---------------------------------------------------

    @cached_property
    def layer(self) -> LayerCells:
        """The joint arrangement of a model with at most one hidden layer.

        Raises:
            NotYetSupported: more than one hidden layer.
        """
        return LayerCells(self.problem, self.max_cells)

    def keys(self) -> Iterator[CellKey]:
        """One cell per orbit under exchange of units, streamed."""
        return self.layer.keys()

    def pattern(self, key: CellKey) -> ActivationPattern:
        """The pattern of a cell."""
        units = tuple(tuple(map(int, cell.pattern)) for cell in self.layer.chosen(key))
        return ActivationPattern((units,) if units else (), key.signs)

    def cell(self, key: CellKey) -> PolynomialCell:
        """The cell with the given key; its conditions are the facets of the closed cell."""
        pattern = self.pattern(key)
        conditions = tuple(
            SignCondition(each.label, self.polynomials.affine(each.normal, each.offset))
            for each in self.layer.constraints(key)
        )
        middle = sum(self.problem.interval, Fraction(0)) / 2
        witness = (middle, *self.layer.witness(key))
        return PolynomialCell(pattern, self.polynomials.objective(pattern), conditions, witness)

    def faces(self, key: CellKey, max_codimension: int | None = None) -> Iterator[Face]:
        """The faces of a closed cell up to a codimension, the cell itself first, streamed.

        A face is a product of faces of the unit cells and of the ranges of the output
        parameters; ``tight`` counts the conditions as ``cell`` lists them.
        """
        limit = len(self.problem.parameters) if max_codimension is None else max_codimension
        blocks, first = [], 0
        for unit, cell in enumerate(self.layer.chosen(key)):
            faces = self._unit_faces(self.layer.arrangement_of[unit], cell.index)
            blocks.append([_shifted(face, first) for face in faces])
            first += len(cell.boundaries) + len(cell.walls)
        for index in self.layer.output_parameters:
            parameter = self.problem.parameters[index]
            middle = (parameter.lower + parameter.upper) / 2
            ends = (
                Face(1, (first,), (parameter.lower,)),
                Face(1, (first + 1,), (parameter.upper,)),
            )
            blocks.append([Face(0, (), (middle,)), *ends])
            first += 2
        for parts in product(*blocks):
            codimension = sum(part.codimension for part in parts)
            if codimension <= limit:
                tight = tuple(index for part in parts for index in part.tight)
                yield Face(codimension, tight, tuple(v for part in parts for v in part.centre))

    @cached_property
    def _known_faces(self) -> dict[tuple[int, int], tuple[Face, ...]]:
        return {}

    def _unit_faces(self, arrangement: int, cell: int) -> tuple[Face, ...]:
        known = self._known_faces.get((arrangement, cell))
        if known is None:
            chosen = self.layer.unit_cells[arrangement][cell]
            known = unit_faces(self.layer.arrangements[arrangement], chosen)
            self._known_faces[arrangement, cell] = known
        return known

    def orbit(self, key: CellKey, face: Face) -> tuple[object, ...]:
        """Equal for two faces iff an exchange of units takes one to the other.

        A face is known by its centre; a unit's part of it is its own coordinates, its sign
        and its trainable output weight.
        """
        layer, size = self.layer, self.layer.unit_size
        network = self.layer.network
        trainable = network is not None and network.output_weights == TRAINABLE
        parts = [
            (
                key.signs[unit : unit + 1],
                face.centre[unit * size : (unit + 1) * size],
                face.centre[layer.units * size + unit :][:1] if trainable else (),
            )
            for unit in range(layer.units)
        ]
        rest = face.centre[layer.units * (size + trainable) :]
        classes = tuple(tuple(sorted(parts[unit] for unit in own)) for own in layer.exchangeable)
        return (*classes, rest)


def _shifted(face: Face, by: int) -> Face:
    return Face(face.codimension, tuple(index + by for index in face.tight), face.centre)
