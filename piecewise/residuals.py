"""The absolute loss on a cell: one kink |r_t(α, w)| per example.

On a cell unit k uses for example t the line s_kt(α)·z + q_kt(α), so

    r_t = Σ_k v_k(s_kt(α)·(x̃_t·w_k) + q_kt(α)) + c − y_t

is affine in w with coefficients affine in α (:func:`piecewise.gram.feature_coefficients`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

import numpy as np
from flint import fmpz_poly

from piecewise.cells import UnitCell
from piecewise.gram import feature_coefficients
from piecewise.networks import TRAINABLE, FeedForward
from piecewise.problems import Problem
from piecewise.quadratics import Integers, Kink, Quadratic, no_quadratic, penalised, polynomial


class Residuals:
    """Residuals of all examples on the cells of a problem.

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
        self.problem = problem
        self.unit_cells = unit_cells
        self.width = len(rows[0])
        self.input_scale = lcm(*(entry.denominator for row in rows for entry in row))
        self.inputs = np.array(
            [[int(entry * self.input_scale) for entry in row] for row in rows], dtype=object
        )
        self.activation_scale, self._coefficients = feature_coefficients(
            problem.model, self.width, self.input_scale
        )

    def objective(
        self, states: Sequence[tuple[int, int]], weights: Sequence[Fraction]
    ) -> tuple[Quadratic, tuple[Kink, ...]]:
        """Penalties and kinks when unit k is in cell ``states[k]`` with output weight
        ``weights[k]``."""
        problem = self.problem
        forms, level = self.forms(states, weights)
        quadratic, kinks = penalised(problem, level, *no_quadratic(len(problem.parameters)))
        # scale·|r_t|/T with level·r_t integer: the common factor is scale/level/T.
        count = len(problem.targets) if problem.reduction == "mean" else 1
        weight = fmpz_poly([quadratic.scale // (level * count)])
        return quadratic, kinks + tuple(
            Kink(f"e{t}", weight, normal, offset, level)
            for t, (normal, offset) in enumerate(forms, 1)
        )

    def forms(
        self, states: Sequence[tuple[int, int]], weights: Sequence[Fraction]
    ) -> tuple[list[tuple[tuple[fmpz_poly, ...], fmpz_poly]], int]:
        """(m_t, n_t) with level·r_t = m_t·w − n_t for every example, and the level."""
        problem, model, n = self.problem, self.problem.model, self.width
        values = [*problem.targets, *weights]
        if isinstance(model, FeedForward) and not isinstance(model.output_bias, str):
            values.append(model.output_bias)
        weight_scale = lcm(1, *(value.denominator for value in values))
        level = self.activation_scale * self.input_scale * weight_scale
        count, size = len(problem.targets), len(problem.parameters)
        normal = np.zeros((count, 2, size), dtype=object)
        offset = np.zeros((count, 2), dtype=object)
        offset[:, 0] = [int(y * level) for y in problem.targets]
        if isinstance(model, FeedForward):
            for k, (weight, (arrangement, index)) in enumerate(zip(weights, states, strict=True)):
                pattern = self.unit_cells[arrangement][index].pattern
                features = int(weight * weight_scale) * self._coefficients[pattern]
                normal[:, :, k * n : (k + 1) * n] = features[:, :, :n] * self.inputs[:, None, :]
                offset -= features[:, :, n]
            if model.output_bias == TRAINABLE:
                normal[:, 0, -1] = level
            elif not isinstance(model.output_bias, str):
                offset[:, 0] -= int(model.output_bias * level)
        else:
            normal[:, 0, :n] = self.inputs * (level // self.input_scale)
        return [_form(m, b) for m, b in zip(normal, offset, strict=True)], level


def _form(normal: Integers, offset: Integers) -> tuple[tuple[fmpz_poly, ...], fmpz_poly]:
    return tuple(polynomial(column) for column in normal.T), polynomial(offset)
