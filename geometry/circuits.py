"""Circuits and vertices of rows that move with α, and the intervals on which they hold.

Rows r_i(α) ∈ Z[α]^r of rank r. A circuit S has the multipliers λ(α) with Σ_{i∈S} λ_i(α)·r_i(α) = 0,
unique up to a factor: minors of the rows. Where no two of them have different signs, no u
has r_i(α)·u > 0 for all i ∈ S, but for the finitely many α at which λ vanishes. A vertex of basis
N has u(α) = adj(M_N(α))·(1, …, 1), and its rows keep their signs on an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq, fmpq_mat, fmpz_poly

from geometry.algebraic import increasing
from geometry.alternatives import Alternatives, State
from geometry.intervals import Interval, region_of_nonnegativity, sign_changes
from geometry.null_vectors import null_vector
from geometry.polynomials import sign
from geometry.sign_rows import Row

Direction = tuple[fmpz_poly, ...]


@dataclass(frozen=True)
class System:
    """Rows that are to be positive: first those of the ``examples``, then the constraints.

    The constraints have rank r for every α.
    """

    rows: tuple[Row, ...]
    examples: int

    def at(self, alpha: fmpq, state: State | None = None) -> Alternatives:
        """The rows at a rational α; with the state of an earlier dictionary if there is one."""
        table = fmpq_mat([[p(alpha) for p in row] for row in self.rows])
        if state is not None:
            return Alternatives(table, *state)
        width, count = table.ncols(), table.nrows()
        constraints = fmpq_mat(
            [[table[i, c] for i in range(self.examples, count)] for c in range(width)]
        )
        reduced, rank = constraints.rref()
        columns = range(constraints.ncols())
        start = [next(j for j in columns if reduced[i, j] != 0) for i in range(rank)]
        return Alternatives(table, [self.examples + j for j in start])

    def row(self, i: int) -> Row:
        """A row, or −r_i for ~i."""
        return self.rows[i] if i >= 0 else tuple(-p for p in self.rows[~i])

    def intervals(self, support: Sequence[int], whole: Interval) -> list[Interval]:
        """Where in ``whole`` the circuit holds; nothing if its rank over Q(α) is larger."""
        chosen = [self.row(i) for i in support]
        multipliers = null_vector(list(zip(*chosen, strict=True)))
        if multipliers is None:
            return []
        cuts = increasing(c for p in multipliers for c in sign_changes(p, whole))
        parts = [Interval(a, b) for a, b in pairwise([whole.lower, *cuts, whole.upper])]
        return _joined([part for part in parts if _one_sign(multipliers, part)])

    def direction(self, basis: Sequence[int], alpha: fmpq) -> Direction:
        """u(α) with equal values of the rows of N, positive ones at ``alpha``.

        Raises:
            ValueError: the rows of N are dependent.
        """
        minus = fmpz_poly([-1])
        vector = null_vector([(*self.row(j), minus) for j in basis])
        if vector is None:
            raise ValueError(f"the rows {basis} are dependent")
        *u, common = vector
        turn = sign(common(alpha))
        return tuple(turn * p for p in u)

    def reach(
        self, direction: Direction, positive: Sequence[int], alpha: fmpq, whole: Interval
    ) -> Interval:
        """The interval around ``alpha`` on which the chosen rows stay ≥ 0.

        Raises:
            ValueError: one of them is 0 at ``alpha``.
        """
        products = [
            sum((a * b for a, b in zip(self.rows[i], direction, strict=True)), fmpz_poly())
            for i in positive
        ]
        found = region_of_nonnegativity(products, alpha, whole)
        if found is None:
            raise ValueError(f"a row is 0 at {alpha}")
        return found


def _one_sign(polynomials: Sequence[fmpz_poly], part: Interval) -> bool:
    """Whether no two polynomials, none of which changes its sign inside, have different signs."""
    for alpha in part.samples():
        signs = {sign(p(alpha)) for p in polynomials if p}
        if 0 not in signs:
            return len(signs) == 1
    raise AssertionError("an interval has samples without end")


def _joined(parts: Sequence[Interval]) -> list[Interval]:
    """Intervals in order, neighbours with a common end made one."""
    found: list[Interval] = []
    for part in parts:
        if found and found[-1].upper == part.lower:
            found[-1] = Interval(found[-1].lower, part.upper)
        else:
            found.append(part)
    return found
