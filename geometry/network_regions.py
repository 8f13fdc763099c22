"""The regions of a network with one hidden layer: its joint cells, made when they are asked for.

On a joint cell every unit uses one line s_j(α)·z + q_j(α) of σ_α on every example, and the score
is Σ_k v_k (s_j(α)·(w_k·x_t + b_k) + q_j(α)) + c. A row is put together from one block per unit,
times a positive integer that belongs to the example.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from math import lcm

from flint import fmpq_poly, fmpz_poly

from geometry.regions import Region
from geometry.sign_rows import Row
from piecewise import sign_models
from piecewise.affine import affine_coefficient
from piecewise.deadlines import Check, go_on
from piecewise.exact import to_fmpq
from piecewise.layers import DEFAULT_MAX_CELLS, CellKey, LayerCells, UnitCells
from piecewise.networks import TRAINABLE, FeedForward
from piecewise.problems import Problem

Block = tuple[tuple[fmpz_poly, ...], fmpz_poly]
"""What a unit adds to a row: its own entries, and to the constant."""


class NetworkRegions:
    """The regions in the order of their keys; they cover W up to their boundaries.

    Rows act on all parameters but trainable output weights, which are V or −V
    (:mod:`piecewise.sign_models`). ``known`` are the unit cells, found before.

    Raises:
        ValueError: the model is no network.
        OutOfTime: ``check`` says so before all cells are known.
        TooManyCells: more than ``max_cells``.
    """

    def __init__(
        self,
        problem: Problem,
        max_cells: int = DEFAULT_MAX_CELLS,
        check: Check = go_on,
        known: UnitCells | None = None,
    ) -> None:
        if not isinstance(problem.model, FeedForward):
            raise ValueError(f"{problem.model!r} is no network")
        self.network = problem.model
        self.trained = self.network.output_weights == TRAINABLE
        reduced = sign_models.with_signs(problem, self.network) if self.trained else problem
        self.scale = sign_models.scale(problem, self.network) if self.trained else Fraction(1)
        self.layer = LayerCells(reduced, max_cells, check, known)
        self.layer.case_count()
        self.keys: tuple[CellKey, ...] = tuple(self.layer.keys())
        self._blocks: dict[tuple[int, int, int], list[Block]] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Region]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> Region:
        key = self.keys[number]
        facets = self.layer.constraints(key)
        constraints = tuple(
            tuple(fmpz_poly([entry]) for entry in (*c.normal, -c.offset)) for c in facets
        )
        labels = tuple(c.label for c in facets)
        return Region(self.name(number), tuple(self._scores(key)), constraints, False, labels)

    @property
    def known(self) -> UnitCells:
        """The cells of every distinct unit arrangement."""
        return self.layer.unit_cells

    def name(self, number: int) -> dict[str, object]:
        """How the certificate names a region."""
        key = self.keys[number]
        name: dict[str, object] = {"cell": list(key.cells)}
        if key.signs:
            name["signs"] = list(key.signs)
        return name

    def full(self, number: int, direction: Sequence[fmpz_poly]) -> tuple[fmpz_poly, ...]:
        """The direction with the entries of trainable output weights, up to a positive factor."""
        if not self.trained:
            return tuple(direction)
        start, denominator = self.layer.units * self.layer.unit_size, self.scale.denominator
        weights = [sign * self.scale.numerator * direction[-1] for sign in self.keys[number].signs]
        moved = [denominator * p for p in direction]
        return (*moved[:start], *weights, *moved[start:])

    def _scores(self, key: CellKey) -> Iterator[Row]:
        signs = key.signs or (1,) * len(key.cells)
        units = [self._unit(k, *pair) for k, pair in enumerate(zip(key.cells, signs, strict=True))]
        for example, (last, constant) in enumerate(self._outputs):
            row: list[fmpz_poly] = []
            for blocks in units:
                own, shift = blocks[example]
                row += own
                constant = constant + shift
            yield (*row, *last, constant)

    def _unit(self, unit: int, cell: int, sign: int) -> list[Block]:
        """The blocks of a unit in one of its cells, for every example."""
        known = self._blocks.get((unit, cell, sign))
        if known is None:
            pattern = self.layer.unit_cells[self.layer.arrangement_of[unit]][cell].pattern
            known = [
                self._block(t, self._weight(unit) * sign, int(piece))
                for t, piece in enumerate(pattern)
            ]
            self._blocks[unit, cell, sign] = known
        return known

    def _block(self, example: int, weight: Fraction, piece: int) -> Block:
        scale = self._scales[example]
        slope, intercept = self._lines[piece]
        entries = [slope * to_fmpq(weight * value * scale) for value in self.layer.rows[example]]
        return tuple(p.numer() for p in entries), (intercept * to_fmpq(weight * scale)).numer()

    def _weight(self, unit: int) -> Fraction:
        if self.layer.has_signs:
            return self.scale
        return Fraction(self.network.output_weights[unit])

    @cached_property
    def _lines(self) -> list[tuple[fmpq_poly, fmpq_poly]]:
        """Slope and intercept of σ_α on every piece."""
        return [
            (affine_coefficient(first, second, 1), affine_coefficient(first, second, 0))
            for first, second in self.network.activation.pairs
        ]

    @cached_property
    def _scales(self) -> list[int]:
        """For every example an integer by which all its rows become integer."""
        lines = lcm(*(int(p.denom()) for pair in self._lines for p in pair))
        weights = lcm(*(self._weight(k).denominator for k in range(self.layer.units)))
        bias = 1 if self._free_bias else Fraction(self.network.output_bias).denominator
        return [
            lcm(lines * weights * lcm(*(value.denominator for value in x)), bias)
            for x in self.layer.rows
        ]

    @cached_property
    def _outputs(self) -> list[tuple[tuple[fmpz_poly, ...], fmpz_poly]]:
        """For every example the entry of a trainable output bias, and the constant."""
        if self._free_bias:
            return [((fmpz_poly([scale]),), fmpz_poly()) for scale in self._scales]
        bias = Fraction(self.network.output_bias)
        return [((), fmpz_poly([int(bias * scale)])) for scale in self._scales]

    @property
    def _free_bias(self) -> bool:
        return self.network.output_bias == TRAINABLE
