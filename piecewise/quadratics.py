"""Convex pieces of an objective: a quadratic in w and weighted absolute values of affine forms.

    scale·f(α, w) = wᵀHw − 2gᵀw + c + Σ_k ρ_k·|m_k·w − n_k|,   H ⪰ 0, ρ_k ≥ 0 on A,

with integer polynomials in α. The absolute values, *kinks*, come from the absolute loss
(one per example) and from the penalty |w|₁ (one per weight).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpz, fmpz_poly

from piecewise.problems import Problem

Integers = npt.NDArray[Any]
"""Integer arrays: int64 where every sum provably fits, Python integers otherwise."""

POWERS = 3
"""Coefficients of α⁰, α¹, α² of a product of two features."""


@dataclass(frozen=True)
class Kink:
    """weight·|normal·w − offset|, named ``e5`` for the residual of example 5 or ``w_speed``
    for that weight; normal·w − offset is ``unit`` times the residual or the weight."""

    label: str
    weight: fmpz_poly
    normal: tuple[fmpz_poly, ...]
    offset: fmpz_poly
    unit: int = 1


@dataclass(frozen=True)
class Quadratic:
    """scale·f without kinks, wᵀHw − 2gᵀw + c: integer polynomials, H positive semidefinite."""

    scale: fmpz
    hessian: tuple[tuple[fmpz_poly, ...], ...]
    linear: tuple[fmpz_poly, ...]
    constant: fmpz_poly


def penalised(
    problem: Problem, scale: int, hessian: Integers, linear: Integers, constant: Integers
) -> tuple[Quadratic, tuple[Kink, ...]]:
    """The mean of a sum over examples with the penalties μ|w|² and α(ρ|w|₁ + (1−ρ)|w|²).

    Args:
        problem: its reduction and penalties.
        scale: the arrays hold the coefficients of ``scale`` times the sum.
        hessian, linear, constant: coefficients of α⁰ … α² along the first axis.
    """
    chosen = problem.regulariser
    ratio = 0 if chosen is None else chosen.ratio
    if problem.reduction == "mean":
        scale *= len(problem.targets)
    factor = lcm(problem.weight_decay.denominator, ratio.denominator)
    scale *= factor
    hessian, linear, constant = factor * hessian, factor * linear, factor * constant
    size = hessian.shape[1]
    for i in range(size):
        hessian[0, i, i] += int(problem.weight_decay * scale)
    for i in problem.penalised:
        hessian[1, i, i] += int((1 - ratio) * scale)
    quadratic = Quadratic(
        fmpz(scale),
        tuple(tuple(polynomial(hessian[:, i, j]) for j in range(size)) for i in range(size)),
        tuple(polynomial(linear[:, i]) for i in range(size)),
        polynomial(constant),
    )
    if not ratio:
        return quadratic, ()
    weight = fmpz_poly([0, int(ratio * scale)])
    return quadratic, tuple(
        Kink(
            problem.parameters[i].name,
            weight,
            tuple(fmpz_poly([int(i == j)]) for j in range(size)),
            fmpz_poly([]),
        )
        for i in problem.penalised
    )


def no_quadratic(size: int) -> tuple[Integers, Integers, Integers]:
    """Arrays of zeros for a loss without a quadratic part."""
    return (
        np.zeros((POWERS, size, size), dtype=object),
        np.zeros((POWERS, size), dtype=object),
        np.zeros(POWERS, dtype=object),
    )


def polynomial(coefficients: Sequence[Any] | Integers) -> fmpz_poly:
    """The polynomial with the given coefficients, constant first."""
    return fmpz_poly([int(value) for value in coefficients])
