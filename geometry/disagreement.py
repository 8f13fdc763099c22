"""The least cost over the cells of a central arrangement, from the signs of its minors.

Rows q_1 … q_N ∈ R^n of rank r cost a_x on the side q_x·u > 0 and b_x on the other. Over all
open cells

    value(E) = min over flats F of rank r−1 and both signs σ of
               Σ_{x ∉ F} cost_x(σ·sign q_x·ρ_F) + value(F),       value(∅) = 0,

where ρ_F spans the line on which F vanishes (in coordinates in which the rows have rank n = r).
*Proof.* The closure of a cell is a pointed cone and has an extreme ray σρ_F; the cell has the signs
of the ray off F, and on F those of a cell of F. Conversely, a ray, moved a little into any
cell of F, lies in a cell with these signs. ∎  If F has r−1 rows, value(F) = Σ min(a_x, b_x).

For a row family q_x(α) the flats are taken over Q(α), that is, for all but finitely many α.
Then sign q_x·ρ_F is that of a minor, det(q_s : s ∈ S, q_x) with S a basis of F, and signs known
only in part give a lower and an upper bound that hold for all but finitely many α of an interval.
The cost of a class of proportional rows may be known only in part as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt
from flint import fmpz_poly, nmod_mat

from geometry.sign_rows import Row, determinant
from geometry.taylor_rows import Models, cofactors

PRIMES = (2_147_483_629, 2_147_483_587)
POINTS = (1_234_567_891, 987_654_321)
MAX_FLATS = 400_000
"""Most subsets of rows that are looked at."""

Indices = npt.NDArray[np.intp]
Ints = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]


class TooManyFlats(ValueError):
    """The arrangement has more subsets of rows than are treated."""


@dataclass(frozen=True)
class Costs:
    """Lower and upper bounds of the costs of every class on its positive and negative side."""

    low: Ints
    high: Ints
    """Shape (2, N): index 0 for the positive side, 1 for the negative side."""

    def least(self) -> tuple[Ints, Ints]:
        """Bounds of the smaller of the two costs."""
        return self.low.min(axis=0), self.high.min(axis=0)


@dataclass(frozen=True)
class Bounds:
    """Of the value and of every flat with the positive and the negative ray: shape (2, flats)."""

    low: Ints
    high: Ints

    @property
    def value(self) -> tuple[int, int]:
        """low ≤ value ≤ high."""
        return int(self.low.min()), int(self.high.min())


class Arrangement:
    """Rows of a rank family, its flats of corank one over Q(α), and what vanishes on them.

    ``rows`` are primitive and pairwise not proportional.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)
        self.columns = _independent_columns(self.rows)
        self.rank = len(self.columns)
        self.reduced = [tuple(row[c] for c in self.columns) for row in self.rows]
        count = comb(len(self.rows), max(self.rank - 1, 0))
        if count > MAX_FLATS:
            raise TooManyFlats(
                f"{len(self.rows)} boundaries in {self.rank} dimensions have {count:,} vertices, "
                f"more than {MAX_FLATS:,}"
            )
        self.bases, self.outside = self._flats()

    def _flats(self) -> tuple[Indices, npt.NDArray[np.bool_]]:
        """A basis of every flat of corank one, and which rows are off the flat."""
        size, count = max(self.rank - 1, 0), len(self.rows)
        listed = list(combinations(range(count), size))
        subsets = np.array(listed, dtype=np.intp).reshape(len(listed), size)
        if self.rank == 0:
            return subsets[:0], np.zeros((0, count), dtype=bool)
        vanishing = np.ones((len(subsets), count), dtype=bool)
        for prime, point in zip(PRIMES, POINTS, strict=True):
            table = [[int(p(point)) % prime for p in row] for row in self.reduced]
            vanishing &= _minors_mod(np.array(table, dtype=np.int64), subsets, prime) == 0
        for index, row in np.argwhere(vanishing):
            chosen = [self.reduced[s] for s in subsets[index]]
            if row not in subsets[index] and determinant([*chosen, self.reduced[row]]):
                vanishing[index, row] = False
        kept, seen = [], set()
        for index in range(len(subsets)):
            if vanishing[index].all():
                continue  # the subset is dependent
            flat = vanishing[index].tobytes()
            if flat not in seen:
                seen.add(flat)
                kept.append(index)
        return subsets[kept], ~vanishing[kept]

    @cached_property
    def inner(self) -> dict[int, tuple[Indices, Arrangement]]:
        """The arrangements within the flats that have more rows than their rank."""
        found = {}
        for index in np.flatnonzero((~self.outside).sum(axis=1) >= self.rank):
            members = np.flatnonzero(~self.outside[index])
            found[int(index)] = members, Arrangement([self.rows[x] for x in members])
        return found

    def signs(self, rows: Models, flats: Indices) -> Signs:
        """Signs of det(basis, x) for the given flats and all x, 0 where not known; ``rows`` are
        enclosures of all rows with all their entries."""
        own = rows[:, self.columns]
        minors = cofactors(own, self.bases[flats]).times(own.transposed(), matrix=True)
        return minors.signs()

    def bounds(
        self,
        rows: Models,
        costs: Costs,
        flats: Indices,
        signs: Signs | None = None,
        cap: int | None = None,
    ) -> Bounds:
        """Bounds of the cost of the given flats, with both rays; those that cost at least ``cap``
        anyway are not looked into."""
        if signs is None:
            signs = self.signs(rows, flats)
        outside = self.outside[flats]
        positive = ((signs > 0) & outside).astype(np.int64)
        negative = ((signs < 0) & outside).astype(np.int64)
        unknown = ((signs == 0) & outside).astype(np.int64)
        lows, highs = [], []
        for plus, minus in ((0, 1), (1, 0)):
            lows.append(
                positive @ costs.low[plus]
                + negative @ costs.low[minus]
                + unknown @ costs.low.min(axis=0)
            )
            highs.append(
                positive @ costs.high[plus]
                + negative @ costs.high[minus]
                + unknown @ costs.high.max(axis=0)
            )
        least, most = costs.least()
        inside = (~outside).astype(np.int64)
        low, high = inside @ least, inside @ most
        below = np.array(lows).min(axis=0) + low
        for position, index in enumerate(flats):
            if int(index) in self.inner and (cap is None or below[position] < cap):
                low[position], high[position] = self.inner_value(int(index), rows, costs)
        return Bounds(np.array(lows) + low, np.array(highs) + high)

    def inner_value(self, index: int, rows: Models, costs: Costs) -> tuple[int, int]:
        """Bounds of the value within a flat."""
        members, arrangement = self.inner[index]
        own = Costs(costs.low[:, members], costs.high[:, members])
        return arrangement.value(rows[members], own)

    def value(self, rows: Models, costs: Costs) -> tuple[int, int]:
        """Bounds of the least cost of a cell."""
        if self.rank == 0:
            return 0, 0
        return self.bounds(rows, costs, np.arange(len(self.bases))).value

    def unknown(self, rows: Models, flats: Indices) -> Iterator[tuple[int, ...]]:
        """The sets of rows whose minor has no proved sign, among those that matter for the flats.

        Each is a set of ``rank`` rows of this arrangement or of an inner one.
        """
        signs = self.signs(rows, flats)
        for position, row in np.argwhere((signs == 0) & self.outside[flats]):
            yield (*map(int, self.bases[flats[position]]), int(row))

    @cached_property
    def _names(self) -> list[str]:
        return [str(row) for row in self.reduced]

    def name_of(self, members: Sequence[int]) -> tuple[str, ...]:
        """The rows of a minor: the same in any arrangement with the same columns."""
        return tuple(sorted(self._names[x] for x in members))

    def minor(self, members: Sequence[int]) -> fmpz_poly:
        """The minor of ``rank`` rows."""
        return determinant([self.reduced[x] for x in members])


def _independent_columns(rows: Sequence[Row]) -> list[int]:
    """Columns that are a basis of the column space over Q(α)."""
    if not rows:
        return []
    prime, point = PRIMES[0], POINTS[0]
    table = [[int(p(point)) % prime for p in row] for row in rows]
    width = len(rows[0])
    entries = [value for row in table for value in row]
    reduced, rank = nmod_mat(len(rows), width, entries, prime).rref()
    return [next(j for j in range(width) if int(reduced[i, j])) for i in range(rank)]


def _minors_mod(table: Ints, subsets: Indices, prime: int) -> Ints:
    """det(rows of S, x) modulo a prime below 2^31 for every subset S and every row x."""
    count, size = subsets.shape
    width = table.shape[1]
    minors = {0: np.ones(count, dtype=np.int64)}
    for position in range(size):
        chosen = table[subsets[:, position]]
        grown: dict[int, Ints] = {}
        for columns, minor in minors.items():
            for column in range(width):
                if columns >> column & 1:
                    continue
                term = minor * chosen[:, column] % prime
                after = bin(columns >> (column + 1)).count("1")
                key = columns | 1 << column
                signed = -term if after % 2 else term
                grown[key] = (grown[key] + signed) % prime if key in grown else signed % prime
        minors = grown
    total = np.zeros((count, len(table)), dtype=np.int64)
    full = (1 << width) - 1
    for column in range(width):
        minor = minors[full ^ 1 << column]
        flip = bin((full ^ 1 << column) >> (column + 1)).count("1") % 2
        term = minor[:, None] * table[None, :, column] % prime
        total = (total + (-term if flip else term)) % prime
    return total
