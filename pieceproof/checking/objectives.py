"""The quadratic of a joint cell, rebuilt from the data by its definition.

On a cell every unit and example uses one linear piece σ_α(z) = S_j(α)·z + R_j(α), so the
residual of example t is linear in the columns (S_j x_t, [S_j], R_j) of each unit and in
(1, y_t). Sums of products of columns, grouped by pairs of piece indices, give for each
pair of unit cells one block of the Gram matrix; blocks are computed once per pair. All
numbers are integers after clearing denominators:

    κ·f(α, w) = (w, 1)ᵀ (G_0 + G_1 α + G_2 α²) (w, 1),   κ > 0 even,

apart from absolute values (:mod:`.kinks`); under the absolute loss only the penalties remain.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm

import numpy as np
from flint import fmpq, fmpz, fmpz_mat
from numpy.typing import NDArray

from pieceproof.checking.orbits import Case
from pieceproof.checking.problems import Affine, Problem
from pieceproof.checking.unitcells import Arrangement

Gram = tuple[fmpz_mat, fmpz_mat, fmpz_mat]
"""(G_0, G_1, G_2): coefficients of α^0, α^1, α^2, in the variables (w, 1)."""
Key = tuple[int, int]
"""A unit cell: number of its arrangement, number in it."""
Column = tuple[int, int, int]
"""(a, p, q): the column (p + qα)·z_a of the data columns z = (x, 1, y)."""
Block = list[list[list[int]]]
"""[power of α][row][column]"""

_BASE: Key = (-1, 0)
"""The columns 1 and y, which every cell has."""
_LINEAR: Key = (-1, 1)
"""The columns of a linear predictor."""
_LIMB = 31
_STRIDE = 128


def _denominator(values: list[fmpq]) -> int:
    return lcm(1, *(int(value.q) for value in values))


class Objective:
    """Builds κ·f on joint cells; holds the data sums of the unit-cell pairs met so far."""

    def __init__(self, problem: Problem, arrangements: Sequence[Arrangement]) -> None:
        self._problem = problem
        self._arrangement_of = {
            unit: number for number, each in enumerate(arrangements) for unit in each.units
        }
        examples = len(problem.targets)
        nothing = np.zeros(examples, dtype=np.int8)
        self._indices: dict[Key, NDArray[np.int8]] = {_BASE: nothing, _LINEAR: nothing}
        for number, each in enumerate(arrangements):
            self._indices |= {(number, cell): row for cell, row in enumerate(each.indices)}
        rows = [(*x, fmpq(1), y) for x, y in zip(problem.inputs, problem.targets, strict=True)]
        data_unit = _denominator([value for row in rows for value in row])
        self._sums = ProductSums([[int((v * data_unit).p) for v in row] for row in rows])
        affine: list[Affine] = [*problem.slopes, *problem.intercepts]
        piece_unit = _denominator([value for pair in affine for value in pair])
        self._columns = [_unit_columns(problem, j, piece_unit) for j in range(len(problem.slopes))]
        one = len(problem.inputs[0])
        self._base_columns = [(one, piece_unit, 0), (one + 1, piece_unit, 0)]
        outputs = [*(problem.weights or ()), *([] if problem.offset is None else [problem.offset])]
        self._output_unit = _denominator(outputs)
        self._decay_unit = _denominator([problem.decay, problem.ratio])
        weight = (data_unit * piece_unit * self._output_unit) ** 2
        weight *= self._decay_unit * (examples if problem.mean else 1)
        self.scale = fmpz(2 * weight)
        self._decay = int((problem.decay * 2 * weight).p)
        self._ridge = int(((1 - problem.ratio) * 2 * weight).p)
        self._blocks: dict[tuple[Key, Key], Block] = {}
        self._assemblies: dict[tuple[int, ...] | None, fmpz_mat] = {}

    def gram(self, case: Case) -> Gram:
        """(G_0, G_1, G_2) of the joint cell, in (parameters, 1)."""
        width = len(self._problem.parameters) + 1
        if self._problem.absolute:
            matrices = [fmpz_mat(width, width) for _ in range(3)]
        else:
            matrices = self._squares(case)
        for index in range(width - 1):
            matrices[0][index, index] += self._decay
        for index in self._problem.penalised:
            matrices[1][index, index] += self._ridge
        return matrices[0], matrices[1], matrices[2]

    def _squares(self, case: Case) -> list[fmpz_mat]:
        """The squared residuals of the joint cell."""
        keys = [(self._arrangement_of[unit], cell) for unit, cell in enumerate(case.cells)]
        keys = [*(keys or [_LINEAR]), _BASE]
        if case.signs not in self._assemblies:
            self._assemblies[case.signs] = self._assembly(case.signs)
        assembly = self._assemblies[case.signs]
        transposed, size = assembly.transpose(), assembly.nrows()
        blocks = [[self._block(left, right) for right in keys] for left in keys]
        matrices = []
        for power in range(3):
            entries: list[int] = []
            for band in blocks:
                for row in range(len(band[0][power])):
                    for block in band:
                        entries += block[power][row]
            raw = fmpz_mat(size, size, entries)
            matrices.append(transposed * raw * assembly * (2 * self._decay_unit))
        return matrices

    def _assembly(self, signs: tuple[int, ...] | None) -> fmpz_mat:
        """The residual, times the output unit, in terms of (w, 1): a column for each of these."""
        problem, unit = self._problem, self._output_unit
        block, last = problem.block, len(problem.parameters)
        outputs = problem.weights or tuple(map(fmpq, signs or ()))
        matrix = fmpz_mat(problem.blocks * (block + 1) + 2, last + 1)
        for number, output in enumerate(outputs):
            weight = (output * unit).p
            for axis in range(block):
                matrix[number * (block + 1) + axis, number * block + axis] = weight
            matrix[number * (block + 1) + block, last] = weight
        one = problem.blocks * (block + 1)
        if problem.offset is None:
            matrix[one, last - 1] = fmpz(unit)
        else:
            matrix[one, last] = (problem.offset * unit).p
        matrix[one + 1, last] = fmpz(-unit)
        return matrix

    def _block(self, left: Key, right: Key) -> Block:
        """Sums of products of the columns of two unit cells."""
        if (left, right) not in self._blocks:
            block = self._products(left, right)
            self._blocks[left, right] = block
            self._blocks[right, left] = [
                [list(column) for column in zip(*rows, strict=True)] for rows in block
            ]
        return self._blocks[left, right]

    def _products(self, left: Key, right: Key) -> Block:
        codes = self._indices[left].astype(np.int16) * _STRIDE + self._indices[right]
        first, second = (
            [self._base_columns] if key == _BASE else self._columns for key in (left, right)
        )
        block = [[[0] * len(second[0]) for _ in first[0]] for _ in range(3)]
        for code in np.unique(codes).tolist():
            sums = self._sums.over(codes == code)
            for i, (a, p, q) in enumerate(first[code // _STRIDE]):
                for j, (b, r, s) in enumerate(second[code % _STRIDE]):
                    total = sums[a, b]
                    block[0][i][j] += p * r * total
                    block[1][i][j] += (p * s + q * r) * total
                    block[2][i][j] += q * s * total
        return block


def _unit_columns(problem: Problem, piece: int, unit: int) -> list[Column]:
    """The columns S_j·x, [S_j], R_j of a unit on one piece, times ``unit``."""
    (s, t), (c, d) = problem.slopes[piece], problem.intercepts[piece]
    s, t, c, d = s * unit, t * unit, c * unit, d * unit
    slopes = [(axis, int(s.p), int(t.p)) for axis in range(problem.block)]
    return [*slopes, (len(problem.inputs[0]), int(c.p), int(d.p))]


class ProductSums:
    """Σ z_a z_b over any examples, for integer rows z_t, exact.

    Products are kept in signed limbs of 31 bits. Sums of fewer than 2^31 limbs stay below
    2^62, so int64 sums do not overflow.
    """

    def __init__(self, rows: list[list[int]]) -> None:
        width = len(rows[0])
        self._pairs = [(a, b) for a in range(width) for b in range(a, width)]
        products = [[row[a] * row[b] for row in rows] for a, b in self._pairs]
        longest = max(abs(value).bit_length() for values in products for value in values)
        mask = (1 << _LIMB) - 1
        self._limbs = np.empty((longest // _LIMB + 1, len(products), len(rows)), dtype=np.int64)
        for limb in self._limbs[:-1]:
            limb[:] = [[value & mask for value in values] for values in products]
            products = [[value >> _LIMB for value in values] for values in products]
        self._limbs[-1] = products

    def over(self, chosen: NDArray[np.bool_]) -> dict[tuple[int, int], int]:
        """The sums over the chosen examples, for all (a, b)."""
        totals = {}
        parts = self._limbs[:, :, chosen].sum(axis=2).T.tolist()
        for (a, b), limbs in zip(self._pairs, parts, strict=True):
            total = sum(part << (_LIMB * index) for index, part in enumerate(limbs))
            totals[a, b] = totals[b, a] = total
        return totals
