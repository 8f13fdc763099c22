"""ℓ* of a zero-one loss at a rational α by brute force: linear programs over sign vectors.

Cells of the arrangement of the boundaries are found by adding one boundary after the other;
whether a cell meets a side is decided in exact rational arithmetic by an elimination (two
dimensions: by angles; more: by Fourier and Motzkin), not by any code of the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Vector = tuple[Fraction, ...]


def feasible(rows: Sequence[Vector]) -> bool:
    """Whether some u has row·u > 0 for all rows: Fourier–Motzkin elimination."""
    if any(not any(row) for row in rows):
        return False
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
    rows: Sequence[Vector], labels: Sequence[int], constraints: Sequence[Vector] = ()
) -> int:
    """The fewest examples with label·row·u <= 0 over the open cells of {constraints > 0}."""
    best = len(rows) + 1
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
