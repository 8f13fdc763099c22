"""Gram sums of a one-hidden-layer network: the exact quadratic of every cell.

Example t contributes z_t = (X_t, 1, Y_t), integers after scaling. A unit whose example
t uses activation piece j has the features (s_j(α)·X_t, q_j(α)), slope and intercept
affine in α. All sums over examples are therefore combinations of the *piece moments*
Σ_{t in piece j} z_t z_tᵀ of a unit and, for two units, of the moments over pairs of
pieces. Along the list of unit cells, piece moments are updated by the examples that
changed piece and never recomputed, so a cell costs its own changes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from piecewise.cells import Pattern, UnitCell
from piecewise.networks import TRAINABLE, FeedForward
from piecewise.problems import Problem
from piecewise.quadratics import POWERS, Integers, Kink, Quadratic, penalised

INT64_LIMIT = 2**62


class GramSums:
    """Quadratics of all cells of a convex problem.

    Args:
        problem: one hidden layer with piecewise linear activation, or a linear model.
        rows: x_t with the bias entry.
        unit_cells: cells of each distinct arrangement.
    """

    def __init__(
        self,
        problem: Problem,
        rows: Sequence[Sequence[Fraction]],
        unit_cells: Sequence[Sequence[UnitCell]],
    ) -> None:
        model = problem.model
        self.problem = problem
        self.unit_cells = unit_cells
        self.width = len(rows[0])
        self.input_scale = lcm(*(entry.denominator for row in rows for entry in row))
        offsets = (
            []
            if not isinstance(model, FeedForward) or isinstance(model.output_bias, str)
            else [model.output_bias]
        )
        self.target_scale = lcm(*(value.denominator for value in (*problem.targets, *offsets)))
        z = [
            [*(int(entry * self.input_scale) for entry in row), 1, int(y * self.target_scale)]
            for row, y in zip(rows, problem.targets, strict=True)
        ]
        self.activation_scale, self._coefficients = feature_coefficients(
            model, self.width, self.input_scale
        )
        largest = max(abs(entry) for row in z for entry in row)
        steepest = max((abs(value) for value in self._coefficients.flat), default=1)
        pieces = max(1, self._coefficients.shape[0])
        bound = 4 * pieces**2 * len(z) * largest**2 * max(1, steepest) ** 2
        self._dtype: Any = np.int64 if bound < INT64_LIMIT else object
        table = np.array(z, dtype=self._dtype)
        self._coefficients = self._coefficients.astype(self._dtype)
        self._outer = table[:, :, None] * table[:, None, :]
        self.total = self._outer.sum(axis=0)
        self.moments = tuple(self._piece_moments(cells) for cells in unit_cells)
        self._blocks: dict[tuple[int, int, int, int], Integers] = {}

    def _piece_moments(self, cells: Sequence[UnitCell]) -> list[Integers]:
        """Σ_{t in piece j} z_t z_tᵀ for every cell and piece, each from the previous cell's."""
        pieces, size = self._coefficients.shape[0], self.width + 2
        current = np.zeros((pieces, size, size), dtype=self._dtype)
        pattern: Pattern = np.zeros(len(self._outer), dtype=np.int8)
        current[0] = self.total
        result = []
        for cell in cells:
            changed = np.flatnonzero(cell.pattern != pattern)
            current = current.copy()
            np.subtract.at(current, pattern[changed], self._outer[changed])
            np.add.at(current, cell.pattern[changed], self._outer[changed])
            pattern = cell.pattern
            result.append(current)
        return result

    def _block(self, u: tuple[int, int], v: tuple[int, int]) -> Integers:
        """Σ_t F_u F_vᵀ as (power of α, feature of u, feature of v); units in cells u and v."""
        known = self._blocks.get((*u, *v))
        if known is not None:
            return known
        size = self.width + 1
        block = np.zeros((POWERS, size, size), dtype=self._dtype)
        for j, m, moment in self._joint_moments(u, v):
            for i in (0, 1):
                for k in (0, 1):
                    weights = np.multiply.outer(self._coefficients[j, i], self._coefficients[m, k])
                    block[i + k] += weights * moment[:size, :size]
        self._blocks[*u, *v] = block
        return block

    def _joint_moments(
        self, u: tuple[int, int], v: tuple[int, int]
    ) -> list[tuple[int, int, Integers]]:
        """(piece of u, piece of v, Σ z zᵀ over the examples using both), non-zero features only."""
        active = [j for j in range(len(self._coefficients)) if self._coefficients[j].any()]
        if u == v:
            return [(j, j, self.moments[u[0]][u[1]][j]) for j in active]
        first, second = self._pattern(u), self._pattern(v)
        return [
            (j, m, self._outer[(first == j) & (second == m)].sum(axis=0))
            for j in active
            for m in active
        ]

    def _pattern(self, u: tuple[int, int]) -> Pattern:
        return self.unit_cells[u[0]][u[1]].pattern

    def _against(self, u: tuple[int, int], column: int) -> Integers:
        """Σ_t F_u · z_t[column] as (power of α, feature of u)."""
        size = self.width + 1
        sums = np.zeros((POWERS, size), dtype=self._dtype)
        for j, moment in enumerate(self.moments[u[0]][u[1]]):
            for i in (0, 1):
                sums[i] += self._coefficients[j, i] * moment[:size, column]
        return sums

    def quadratic(
        self, states: Sequence[tuple[int, int]], weights: Sequence[Fraction]
    ) -> tuple[Quadratic, tuple[Kink, ...]]:
        """The quadratic, and the kinks of the penalty, when unit k is in cell ``states[k]`` with
        output weight ``weights[k]``.

        With integers V_k, the scaled residual is
        L·r_t = Σ_k V_k F_kt·(w_k, 1) + L·c + B − (L/D)·Y_t, D the scale of the targets.
        """
        problem, model, n = self.problem, self.problem.model, self.width
        one, y = n, n + 1  # columns of the constant and of the target in z_t
        if not isinstance(model, FeedForward):
            return self._linear_model()
        weight_scale = lcm(1, *(weight.denominator for weight in weights))
        unit_scale = self.activation_scale * self.input_scale
        level = unit_scale * weight_scale * self.target_scale
        heights = [int(weight * weight_scale) * self.target_scale for weight in weights]
        trainable = model.output_bias == TRAINABLE
        offset = 0 if isinstance(model.output_bias, str) else int(model.output_bias * level)
        slope_y = level // self.target_scale
        total = self.total.astype(object)
        size = len(states) * n + trainable
        hessian = np.zeros((POWERS, size, size), dtype=object)
        fixed = np.zeros((POWERS, size), dtype=object)  # Σ_t feature · (residual at w = 0)
        constant = np.zeros(POWERS, dtype=object)
        for k, u in enumerate(states):
            rows = slice(k * n, (k + 1) * n)
            ones = heights[k] * self._against(u, one).astype(object)
            error = offset * ones - slope_y * heights[k] * self._against(u, y).astype(object)
            fixed[:, rows] += error[:, :n]
            constant += 2 * error[:, n]
            if trainable:
                hessian[:, rows, -1] = hessian[:, -1, rows] = level * ones[:, :n]
                fixed[:, -1] += level * ones[:, n]
            for other, v in enumerate(states):
                block = heights[k] * heights[other] * self._block(u, v).astype(object)
                hessian[:, rows, other * n : (other + 1) * n] = block[:, :n, :n]
                fixed[:, rows] += block[:, :n, n]
                constant += block[:, n, n]
        count, sum_y, sum_yy = total[one, one], total[one, y], total[y, y]
        constant[0] += offset**2 * count - 2 * offset * slope_y * sum_y + slope_y**2 * sum_yy
        if trainable:
            hessian[0, -1, -1] = level**2 * count
            fixed[0, -1] += level * (offset * count - slope_y * sum_y)
        return penalised(problem, level**2, hessian, -fixed, constant)

    def _linear_model(self) -> tuple[Quadratic, tuple[Kink, ...]]:
        """Residual w·x̃_t − y_t, scaled by L = input scale · target scale."""
        n, level = self.width, self.input_scale * self.target_scale
        total = self.total.astype(object)
        hessian = np.zeros((POWERS, n, n), dtype=object)
        linear = np.zeros((POWERS, n), dtype=object)
        constant = np.zeros(POWERS, dtype=object)
        hessian[0] = self.target_scale**2 * total[:n, :n]
        linear[0] = self.target_scale * self.input_scale * total[:n, n + 1]
        constant[0] = self.input_scale**2 * total[n + 1, n + 1]
        return penalised(self.problem, level**2, hessian, linear, constant)


def feature_coefficients(model: object, width: int, input_scale: int) -> tuple[int, Integers]:
    """Scale a and the integer table (piece, power of α, feature) with F = a·D·(s·x̃, q).

    On piece j, σ_α(z) = s_j(α)·z + q_j(α) with s_j = s2 + α(s1 − s2) from the slopes
    of the two activations, and q_j likewise; D is the scale of the inputs.
    """
    if not isinstance(model, FeedForward):
        return 1, np.zeros((0, 2, width + 1), dtype=object)
    lines = [
        [(*piece, Fraction(0), Fraction(0))[:2] for piece in pair]
        for pair in model.activation.pairs
    ]
    scale = lcm(*(value.denominator for pair in lines for line in pair for value in line))
    table = np.zeros((len(lines), 2, width + 1), dtype=object)
    for j, ((q1, s1), (q2, s2)) in enumerate(lines):
        for power, (q, s) in enumerate(((q2, s2), (q1 - q2, s1 - s2))):
            table[j, power, :width] = int(s * scale)
            table[j, power, width] = int(q * scale) * input_scale
    return scale, table
