"""Whether finitely many strict linear inequalities have a common solution, exactly.

By Motzkin's transposition theorem {y : g_i·y > h_i for all i} is empty iff there are
λ ≥ 0, Σ λ_i = 1, with Σ λ_i g_i = 0 and Σ λ_i h_i ≥ 0. So the largest Σ λ_i h_i over that
polytope decides, and the simplex method finds it in rational arithmetic; Bland's rule of
least indices makes it end [Bland 1977].
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq


def is_open(rows: Sequence[Sequence[int]]) -> bool:
    """Whether {y : g·y > h for every row (g_1 … g_m, h)} is non-empty."""
    count, width = len(rows), len(rows[0])
    # Columns: λ_1 … λ_count, one artificial variable for each equation, right side.
    equations = [[row[k] for row in rows] for k in range(width - 1)] + [[1] * count]
    tableau = [
        [
            *map(fmpq, equation),
            *(fmpq(int(i == k)) for i in range(width)),
            fmpq(int(k == width - 1)),
        ]
        for k, equation in enumerate(equations)
    ]
    basis = list(range(count, count + width))
    infeasibility = [fmpq(0)] * count + [fmpq(-1)] * width
    if _maximise(tableau, basis, infeasibility, count + width) < 0:
        return True  # no such λ at all
    for k in range(width):
        if basis[k] >= count:  # an artificial variable at 0: exchange it, or its row is void
            column = next((j for j in range(count) if tableau[k][j]), None)
            if column is not None:
                _pivot(tableau, basis, k, column)
    heights = [fmpq(row[-1]) for row in rows] + [fmpq(0)] * width
    return _maximise(tableau, basis, heights, count) < 0


def _maximise(
    tableau: list[list[fmpq]], basis: list[int], objective: Sequence[fmpq], columns: int
) -> fmpq:
    """The largest value of the objective, with the first ``columns`` variables free to enter."""
    while True:
        prices = [objective[j] for j in basis]
        entering = next(
            (
                j
                for j in range(columns)
                if objective[j]
                > sum((c * row[j] for c, row in zip(prices, tableau, strict=True) if c), fmpq(0))
            ),
            None,
        )
        if entering is None:
            return sum((c * row[-1] for c, row in zip(prices, tableau, strict=True)), fmpq(0))
        # The polytope is bounded (Σ λ = 1), so some entry of the column is positive.
        _, _, leaving = min(
            (row[-1] / row[entering], basis[k], k)
            for k, row in enumerate(tableau)
            if row[entering] > 0
        )
        _pivot(tableau, basis, leaving, entering)


def _pivot(tableau: list[list[fmpq]], basis: list[int], k: int, column: int) -> None:
    pivot = tableau[k][column]
    tableau[k] = row = [value / pivot for value in tableau[k]]
    for other, values in enumerate(tableau):
        factor = values[column]
        if other != k and factor:
            tableau[other] = [a - factor * b for a, b in zip(values, row, strict=True)]
    basis[k] = column
