"""Strict linear inequalities a_i·u > 0, and the circuits that forbid them.

For rows a_i ∈ Q^r of rank r and a set K of them, exactly one holds [Gordan 1873]:

    some u has a_i·u > 0 for all i ∈ K;      some λ ≥ 0, λ ≠ 0, has Σ_{i∈K} λ_i a_i = 0.

A vertex u of {a_i·u ≥ 1} or a *circuit*, the support S ⊂ K of a λ with rank |S| − 1, is found by
the general simplex method with rows that are demanded or not [Dutertre, de Moura, CAV 2006]. Its
dictionary s = T·s_N writes all values s_i = a_i·u by those of r independent rows N. All s_j, j ∈ N,
are 1 at all times, so that the values are the row sums of T, and u solves a_j·u = 1. A row that
is not demanded may take any value. Another K starts where the last one ended.

K may hold a negated row −a_i in place of a_i; it is written ~i. The dictionary is then turned: the
line of i changes its sign, or its column if i is in N.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flint import fmpq, fmpq_mat


@dataclass(frozen=True)
class Vertex:
    """The independent rows of ``basis``, negated ones ~j, have the value 1, and all demanded ones
    positive values. ``values`` are those of a_i·u."""

    basis: tuple[int, ...]
    values: tuple[fmpq, ...]


@dataclass(frozen=True)
class Circuit:
    """Demanded rows, negated ones ~i, with Σ λ_i a_i = 0 for some λ > 0, unique up to a factor;
    increasing."""

    support: tuple[int, ...]


State = tuple[tuple[int, ...], tuple[int, ...]]
"""Rows that are the basis of a dictionary, in order, and rows that are negated."""


class Alternatives:
    """The dictionary of rows a_i, exact.

    Args:
        rows: their matrix.
        start: r rows that are independent.
        negated: rows to begin with that are negated.
    """

    def __init__(self, rows: fmpq_mat, start: Sequence[int], negated: Iterable[int] = ()) -> None:
        width = rows.ncols()
        basis = fmpq_mat([[rows[j, c] for c in range(width)] for j in start])
        self._matrix = rows * basis.inv()
        self._nonbasic = list(start)
        self._ones = fmpq_mat(width, 1, [fmpq(1)] * width)
        self._negated: set[int] = set()
        for i in negated:
            self._turn(i)

    @property
    def state(self) -> State:
        """``start`` and ``negated`` with which another dictionary goes on as this one would."""
        return tuple(self._nonbasic), tuple(sorted(self._negated))

    def solve(
        self,
        demanded: frozenset[int] | set[int],
        negated: frozenset[int] | set[int] = frozenset(),
    ) -> Vertex | Circuit:
        """Which alternative holds for the rows of K = ``demanded``, some of them ``negated``.

        It ends by Bland's rule: of the rows that are too small the first leaves, for the
        first that can help.
        """
        for i in self._negated ^ negated:
            self._turn(i)
        matrix, width = self._matrix, len(self._nonbasic)
        order = sorted(demanded)
        while True:
            values = (matrix * self._ones).entries()
            inside = set(self._nonbasic)
            violated = (i for i in order if i not in inside and values[i] < 1)
            row = next(violated, None)
            if row is None:
                self._matrix = matrix
                return Vertex(
                    self._signed(self._nonbasic),
                    tuple(-v if i in self._negated else v for i, v in enumerate(values)),
                )
            entries = [matrix[row, column] for column in range(width)]
            helpful = [
                (j, column)
                for column, (j, entry) in enumerate(zip(self._nonbasic, entries, strict=True))
                if entry > 0 or (entry and j not in demanded)
            ]
            if not helpful:
                self._matrix = matrix
                own = [j for j, entry in zip(self._nonbasic, entries, strict=True) if entry]
                return Circuit(tuple(sorted(self._signed([row, *own]))))
            _, column = min(helpful)
            matrix = _exchanged(matrix, entries, column)
            self._nonbasic[column] = row

    def _signed(self, rows: Sequence[int]) -> tuple[int, ...]:
        return tuple(~i if i in self._negated else i for i in rows)

    def _turn(self, i: int) -> None:
        """Negate row i."""
        self._negated ^= {i}
        matrix = self._matrix
        for column in range(matrix.ncols()):
            matrix[i, column] = -matrix[i, column]
        if i in self._nonbasic:
            column = self._nonbasic.index(i)
            for line in range(matrix.nrows()):
                matrix[line, column] = -matrix[line, column]


def _exchanged(matrix: fmpq_mat, entries: list[fmpq], column: int) -> fmpq_mat:
    """The dictionary after a row with these entries takes the place of a nonbasic one.

    T − (T e_c)(row − e_c)ᵀ/row_c.
    """
    pivot = entries[column]
    left = [matrix[i, column] for i in range(matrix.nrows())]
    right = list(entries)
    right[column] -= 1
    update = fmpq_mat(len(left), 1, left) * fmpq_mat(1, len(right), [e / pivot for e in right])
    return matrix - update
