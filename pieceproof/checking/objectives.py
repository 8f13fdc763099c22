"""The quadratic of a joint cell, rebuilt from the data by its definition.

On a cell every unit and example uses one linear piece σ_α(z) = S_j(α)·z + R_j(α), so the
residual of example t is linear in the columns (S_j x_t, [S_j], R_j) of each unit and in
(1, y_t). Sums of products of columns, grouped by pairs of piece indices, give for each
pair of unit cells one block of the Gram matrix; blocks are computed once per pair. All
numbers are integers after clearing denominators:

    κ·f(α, w) = (w, 1)ᵀ (G_0 + G_1 α + G_2 α²) (w, 1),   κ > 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import Any

import numpy as np
from flint import fmpq, fmpz, fmpz_mat
from numpy.typing import NDArray

from pieceproof.checking.orbits import Case
from pieceproof.checking.problems import Affine, Problem
from pieceproof.checking.unitcells import Arrangement

Gram = tuple[fmpz_mat, fmpz_mat, fmpz_mat]
"""(G_0, G_1, G_2): coefficients of α^0, α^1, α^2, in the variables (w, 1)."""
Key = tuple[int, int]
"""A unit cell: number of its arrangement, number in it; (−1, −1) is the column pair (1, y)."""

_BASE: Key = (-1, -1)
_LIMB = 31


def _denominator(values: list[fmpq]) -> int:
    return lcm(1, *(int(value.q) for value in values))


class Objective:
    """Builds κ·f on joint cells; holds the data sums of the unit-cell pairs met so far."""

    def __init__(self, problem: Problem, arrangements: Sequence[Arrangement]) -> None:
        self._problem = problem
        self._indices: dict[Key, NDArray[np.int8]] = {}
        self._arrangement_of = {
            unit: number for number, each in enumerate(arrangements) for unit in each.units
        }
        for number, each in enumerate(arrangements):
            for cell, row in enumerate(each.indices):
                self._indices[number, cell] = row
        examples = len(problem.targets)
        self._indices[_BASE] = np.zeros(examples, dtype=np.int8)
        rows = [(*x, fmpq(1), y) for x, y in zip(problem.inputs, problem.targets, strict=True)]
        data_unit = _denominator([value for row in rows for value in row])
        self._limbs = _product_limbs([[int((v * data_unit).p) for v in row] for row in rows])
        affine: list[Affine] = [*problem.slopes, *problem.intercepts]
        self._piece_unit = _denominator([value for pair in affine for value in pair])
        outputs = [*(problem.weights or ()), *([] if problem.offset is None else [problem.offset])]
        self._output_unit = _denominator(outputs)
        decay_unit = int(problem.decay.q)
        square = (data_unit * self._piece_unit * self._output_unit) ** 2
        averaged = examples if problem.mean else 1
        self.scale = fmpz(square * decay_unit * averaged)
        self._data_scale = decay_unit
        self._penalty = (
            int((problem.decay * decay_unit).p) * square * averaged,
            square * decay_unit * averaged if problem.ridge else 0,
        )
        self._blocks: dict[tuple[Key, Key], list[list[list[int]]]] = {}

    def gram(self, case: Case) -> Gram:
        """(G_0, G_1, G_2) of the joint cell, in (parameters, 1)."""
        keys: list[Key] = [
            (self._arrangement_of[unit], cell) for unit, cell in enumerate(case.cells)
        ]
        keys = [*keys, _BASE] if keys else [(0, -1), _BASE]
        size = (self._problem.block + 1) * (len(keys) - 1) + 2
        assembly = self._assembly(case)
        transposed = assembly.transpose()
        matrices = []
        for power in range(3):
            entries: list[int] = []
            for left in keys:
                blocks = [self._block(left, right)[power] for right in keys]
                for row in range(len(blocks[0])):
                    for block in blocks:
                        entries += block[row]
            raw = fmpz_mat(size, size, entries)
            matrices.append(transposed * raw * assembly * self._data_scale)
        for power, penalty in enumerate(self._penalty):
            if penalty:
                for index in range(len(self._problem.parameters)):
                    matrices[power][index, index] += penalty
        return matrices[0], matrices[1], matrices[2]

    def _assembly(self, case: Case) -> fmpz_mat:
        """Columns of residual/F in terms of (w, 1): output weights, output bias, −y."""
        problem, unit = self._problem, self._output_unit
        block, last = problem.block, len(problem.parameters)
        outputs = [
            int((weight * unit).p) for weight in problem.weights or map(fmpq, case.signs or ())
        ]
        matrix = fmpz_mat(problem.blocks * (block + 1) + 2, last + 1)
        for number, weight in enumerate(outputs):
            for axis in range(block):
                matrix[number * (block + 1) + axis, number * block + axis] = weight
            matrix[number * (block + 1) + block, last] = weight
        one = problem.blocks * (block + 1)
        if problem.offset is None:
            matrix[one, last - 1] = unit
        else:
            matrix[one, last] = (problem.offset * unit).p
        matrix[one + 1, last] = -unit
        return matrix

    def _columns(self, key: Key, piece: int) -> list[tuple[int, int, int]]:
        """(data column, p, q) of each column (p + qα)·z of a unit cell on one piece."""
        problem, unit = self._problem, self._piece_unit
        one = len(problem.inputs[0])
        if key == _BASE:
            return [(one, unit, 0), (one + 1, unit, 0)]
        (s, t), (c, d) = problem.slopes[piece], problem.intercepts[piece]
        s, t, c, d = s * unit, t * unit, c * unit, d * unit
        slope = [(axis, int(s.p), int(t.p)) for axis in range(problem.block)]
        return [*slope, (one, int(c.p), int(d.p))]

    def _block(self, left: Key, right: Key) -> list[list[list[int]]]:
        """Sums of products of the columns of two unit cells: [power of α][row][column]."""
        if (left, right) not in self._blocks:
            base = self._indices[_BASE]
            first, second = (self._indices.get(key, base) for key in (left, right))
            codes = first.astype(np.int16) * 128 + second
            block = [
                [[0] * len(self._columns(right, 0)) for _ in self._columns(left, 0)]
                for _ in range(3)
            ]
            for code in np.unique(codes).tolist():
                sums = self._sums(codes == code)
                for i, (a, p, q) in enumerate(self._columns(left, code // 128)):
                    for j, (b, r, s) in enumerate(self._columns(right, code % 128)):
                        total = sums[min(a, b), max(a, b)]
                        block[0][i][j] += p * r * total
                        block[1][i][j] += (p * s + q * r) * total
                        block[2][i][j] += q * s * total
            self._blocks[left, right] = block
        return self._blocks[left, right]

    def _sums(self, chosen: NDArray[np.bool_]) -> dict[tuple[int, int], int]:
        """Σ z_a z_b over the chosen examples, for a <= b."""
        totals = {}
        for pair, limbs in self._limbs.items():
            parts = limbs[:, chosen].sum(axis=1).tolist()
            totals[pair] = sum(part << (_LIMB * index) for index, part in enumerate(parts))
        return totals


def _product_limbs(rows: list[list[int]]) -> dict[tuple[int, int], NDArray[Any]]:
    """For a <= b the products z_a z_b, example by example, in signed limbs of 31 bits.

    Sums of fewer than 2^31 limbs stay below 2^62, so int64 sums are exact.
    """
    width = len(rows[0])
    products = {
        (a, b): [row[a] * row[b] for row in rows] for a in range(width) for b in range(a, width)
    }
    limbs = {}
    mask = (1 << _LIMB) - 1
    for pair, values in products.items():
        count = max(abs(value).bit_length() for value in values) // _LIMB + 1
        limbs[pair] = np.array(
            [
                [
                    (value >> (_LIMB * index)) & mask
                    if index < count - 1
                    else value >> (_LIMB * index)
                    for value in values
                ]
                for index in range(count)
            ],
            dtype=np.int64,
        )
    return limbs
