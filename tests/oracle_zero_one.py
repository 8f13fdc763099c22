"""ℓ* of a zero-one loss at a rational α by brute force: linear programs over sign vectors.

Cells of the arrangement of the boundaries are found by adding one boundary after the other;
whether a cell meets a side is decided in exact rational arithmetic, in few dimensions by the
elimination of Fourier and Motzkin, in more by the primal simplex method, not by any code of the
product.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat

Vector = tuple[Fraction, ...]


def feasible(rows: Sequence[Vector]) -> bool:
    """Whether some u has row·u > 0 for all rows."""
    if any(not any(row) for row in rows):
        return False
    return feasible_by_pivots(rows) if rows and len(rows[0]) > 3 else feasible_by_elimination(rows)


def feasible_by_pivots(rows: Sequence[Vector]) -> bool:
    """max t with row·u ≥ t, u = p − q, 0 ≤ p, q, t ≤ 1, from 0 by Bland's rule: is it > 0?"""
    size = len(rows[0])
    count = 2 * size + 1
    negative = [[fmpq(-v.numerator, v.denominator) for v in row] for row in rows]
    # slacks as functions of (p, q, t, 1), the objective last
    table = [[-v for v in row] + row + [fmpq(-1), fmpq(0)] for row in negative]
    table += [[*(fmpq(-(i == j)) for j in range(count)), fmpq(1)] for i in range(count)]
    slacks = len(table)
    matrix = fmpq_mat([*table, [*(fmpq(j == count - 1) for j in range(count)), fmpq(0)]])
    outside, inside = list(range(count)), list(range(count, count + slacks))
    while matrix[slacks, count] <= 0:
        improving = [(outside[c], c) for c in range(count) if matrix[slacks, c] > 0]
        if not improving:
            return False
        _, c = min(improving)
        _, _, r = min(
            (-matrix[i, count] / matrix[i, c], inside[i], i)
            for i in range(slacks)
            if matrix[i, c] < 0
        )
        column = [matrix[i, c] + (i == r) for i in range(slacks + 1)]
        row = [(matrix[r, j] - (j == c)) / matrix[r, c] for j in range(count + 1)]
        matrix -= fmpq_mat(slacks + 1, 1, column) * fmpq_mat(1, count + 1, row)
        inside[r], outside[c] = outside[c], inside[r]
    return True


def feasible_by_elimination(rows: Sequence[Vector]) -> bool:
    """By Fourier and Motzkin."""
    current = list({_scaled(row) for row in rows})
    width = len(rows[0]) if rows else 0
    for column in range(width):
        positive = [row for row in current if row[column] > 0]
        negative = [row for row in current if row[column] < 0]
        following = {row for row in current if row[column] == 0}
        for p in positive:
            for n in negative:
                following.add(
                    _scaled(
                        tuple(a * -n[column] + b * p[column] for a, b in zip(p, n, strict=True))
                    )
                )
        if any(not any(row) for row in following):
            return False
        current = list(following)
    return True


def _scaled(row: Vector) -> Vector:
    size = next((abs(entry) for entry in row if entry), None)
    return row if size is None else tuple(entry / size for entry in row)


def least_errors(
    rows: Sequence[Vector],
    labels: Sequence[int],
    constraints: Sequence[Vector] = (),
    known: int | None = None,
) -> int:
    """The fewest examples with label·row·u <= 0 over the open cells of {constraints > 0}.

    ``known`` is given back if there are not fewer.
    """
    best = len(rows) + 1 if known is None else known
    pending: list[tuple[int, tuple[Vector, ...], int]] = [(0, tuple(constraints), 0)]
    while pending:
        index, chosen, errors = pending.pop()
        if errors >= best:
            continue
        if index == len(rows):
            best = errors
            continue
        row = tuple(labels[index] * entry for entry in rows[index])
        if not any(row):
            pending.append((index + 1, chosen, errors + 1))
            continue
        wrong = (*chosen, tuple(-entry for entry in row))
        right = (*chosen, row)
        if feasible(wrong):
            pending.append((index + 1, wrong, errors + 1))
        if feasible(right):
            pending.append((index + 1, right, errors))
    return best
