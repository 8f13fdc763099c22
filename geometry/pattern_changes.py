"""How the patterns of an arrangement change where r of its planes meet in one ray more.

Planes a_i(α)·w = 0 in R^r that turn with α. Let one r×r minor vanish at α_0, that of the planes N,
and no other one. Then the planes of N have a common ray ±u_0 at α_0, no other plane holds it, and
any r − 1 of them are independent. Beside α_0 the planes of N bound a simplex close to u_0, and one
close to −u_0. It shrinks to the ray and comes out on the other side: its pattern and that of its
negative die, and those with all signs on N changed are born. Nothing else changes: elsewhere no
r planes come to meet. The sign of the simplex on i ∈ N is that of its vertex on the other planes of
N, and all its vertices have the signs of u_0 on the planes outside N.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from flint import fmpq, fmpq_mat, fmpz_poly

from geometry.null_vectors import rational_null_vector
from geometry.polynomials import sign
from geometry.sign_rows import Row
from piecewise.convolutions import Pattern


@dataclass(frozen=True)
class Change:
    """Patterns that are there before an event only, and after it only, for any signs given."""

    dying: frozenset[Pattern]
    born: frozenset[Pattern]

    def applies(self, alive: Collection[Pattern], given: Mapping[int, bool]) -> bool:
        """Whether the patterns before and after are as they should be."""
        return all(active in alive for active in self.dying if _agrees(active, given)) and not any(
            active in alive for active in self.born
        )

    def born_with(self, given: Mapping[int, bool]) -> set[Pattern]:
        """The new patterns with the given signs."""
        return {active for active in self.born if _agrees(active, given)}


def _agrees(active: Pattern, given: Mapping[int, bool]) -> bool:
    return all((node in active) == side for node, side in given.items())


@dataclass(frozen=True)
class Planes:
    """The distinct planes of rows by node.

    Attributes:
        rows: of every plane, in independent columns.
        places: for every node its plane, and the number of the factor (:attr:`contents`) by
            which its row is that of the plane.
        contents: the distinct factors.
        rank: the number of columns.
    """

    rows: tuple[Row, ...]
    places: Mapping[int, tuple[int, int]]
    contents: tuple[fmpz_poly, ...]
    rank: int

    @classmethod
    def of(cls, rows: Mapping[int, Row], columns: Sequence[int]) -> Planes:
        """The planes of rows that are not zero, in the given columns."""
        planes: dict[str, tuple[int, Row]] = {}
        contents: dict[str, tuple[int, fmpz_poly]] = {}
        places = {}
        for node, row in rows.items():
            own = tuple(row[c] for c in columns)
            content = reduce(fmpz_poly.gcd, own, fmpz_poly())
            plain = tuple(p // content for p in own)
            if next(p for p in plain if p).leading_coefficient() < 0:
                content, plain = -content, tuple(-p for p in plain)
            plane, _ = planes.setdefault(str(plain), (len(planes), plain))
            factor, _ = contents.setdefault(str(content), (len(contents), content))
            places[node] = plane, factor
        return cls(
            tuple(row for _, row in planes.values()),
            places,
            tuple(content for _, content in contents.values()),
            len(columns),
        )

    def change(self, members: Sequence[int], alpha: fmpq) -> Change | None:
        """What changes at the next event after a rational α where these planes meet, and only they.

        None if there are none, or no other plane says on which side of 0 the ray is.
        """
        others = [i for i in range(len(self.rows)) if i not in members]
        if not members or not others:
            return None
        table = fmpq_mat([[p(alpha) for p in row] for row in self.rows])
        signs: dict[int, int] = {}
        for i in members:
            ray = _ray(table, [j for j in members if j != i])
            values = (table * fmpq_mat(self.rank, 1, ray)).entries()
            turn = sign(values[others[0]])
            outside = {j: turn * sign(values[j]) for j in others}
            if any(signs.setdefault(j, side) != side for j, side in outside.items()):
                return None
            signs[i] = turn * sign(values[i])
        if not all(signs.values()):
            return None
        flipped = {i: -side if i in members else side for i, side in signs.items()}
        factors = [sign(content(alpha)) for content in self.contents]
        return Change(self._patterns(signs, factors), self._patterns(flipped, factors))

    def _patterns(self, signs: Mapping[int, int], factors: Sequence[int]) -> frozenset[Pattern]:
        """The nodes that are active for signs of the planes, and for the opposite ones."""
        return frozenset(
            tuple(
                sorted(
                    node
                    for node, (plane, factor) in self.places.items()
                    if side * signs[plane] * factors[factor] > 0
                )
            )
            for side in (1, -1)
        )


def _ray(table: fmpq_mat, members: Sequence[int]) -> list[fmpq]:
    """A vector ≠ 0 on the planes of r − 1 independent rows."""
    width = table.ncols()
    if not members:
        return [fmpq(1)]
    return rational_null_vector([[table[i, c] for c in range(width)] for i in members])
