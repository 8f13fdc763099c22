"""Squared losses whose predictions are linear in w with coefficients that depend on α."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

from flint import fmpq, fmpq_poly, fmpz_poly

Row = tuple[fmpz_poly, ...]


@dataclass(frozen=True)
class MovingQuadratic:
    """scale·f = wᵀHw − 2gᵀw + c with integer polynomials in α; scale > 0 on A, H ⪰ 0."""

    scale: fmpz_poly
    hessian: tuple[tuple[fmpz_poly, ...], ...]
    linear: tuple[fmpz_poly, ...]
    constant: fmpz_poly


def squared_loss(
    rows: Sequence[Sequence[fmpq_poly]],
    targets: Sequence[fmpq_poly],
    common: fmpq_poly,
    count: int,
    decay: fmpq,
) -> MovingQuadratic:
    """f = (1/count)·Σ_t (ŷ_t − y_t)² + decay·|w|² with common·ŷ_t = rows[t]·w and
    common·y_t = targets[t], common > 0 on A."""
    size, zero = len(rows[0]), fmpq_poly()
    hessian = [[zero] * size for _ in range(size)]
    for i in range(size):
        for j in range(i, size):
            hessian[i][j] = hessian[j][i] = sum((row[i] * row[j] for row in rows), zero)
    linear = [
        sum((row[i] * y for row, y in zip(rows, targets, strict=True)), zero) for i in range(size)
    ]
    constant = sum((y * y for y in targets), zero)
    return of_sums(hessian, linear, constant, common, count, decay)


def of_sums(
    hessian: Sequence[Sequence[fmpq_poly]],
    linear: Sequence[fmpq_poly],
    constant: fmpq_poly,
    common: fmpq_poly,
    count: int,
    decay: fmpq,
) -> MovingQuadratic:
    """The same from the sums of r_t·r_tᵀ, y_t·r_t and y_t² over the examples, r_t = rows[t] and
    y_t = targets[t]."""
    square = common * common
    shrinkage = square * (decay * count)
    shrunk = [
        [entry + shrinkage if i == j else entry for j, entry in enumerate(row)]
        for i, row in enumerate(hessian)
    ]
    scale = square * count
    entries = [*(p for row in shrunk for p in row), *linear, constant, scale]
    unit = lcm(*(int(p.denom()) for p in entries))
    return MovingQuadratic(
        (scale * unit).numer(),
        tuple(tuple((p * unit).numer() for p in row) for row in shrunk),
        tuple((p * unit).numer() for p in linear),
        (constant * unit).numer(),
    )


def integral(entries: Sequence[fmpq_poly]) -> Row:
    """The least positive multiple with integer coefficients."""
    scale = lcm(*(int(p.denom()) for p in entries))
    return tuple((p * scale).numer() for p in entries)
