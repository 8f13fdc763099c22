"""Mixed cells by tropical homotopy, in exact arithmetic.

Finite supports A_1 … A_n ⊂ N^n with lifting heights ω induce a subdivision of ΣA_i. A
mixed cell is a choice of pairs a_i, b_i ∈ A_i for which some v ∈ R^n has

    ⟨a_i, v⟩ + ω(a_i) = ⟨b_i, v⟩ + ω(b_i) < ⟨c, v⟩ + ω(c)      for all other c ∈ A_i, all i.

For generic ω the volumes |det(b_i − a_i)| of the mixed cells add up to the mixed volume.

To find all of them, the corners 0, d_i·e_1 … d_i·e_n of a simplex around A_i join A_i with
heights that grow with a time t. Early only corners matter and there is exactly one mixed
cell, of volume Π d_i (the mixed volume of the simplices); late no cell of the A_i alone is
covered. In between cells change by flips: an inequality of a cell becomes an equality,
2n+1 points carry one affine relation, and the cells on one side of it are exchanged for
those on the other. [Jensen, *Tropical homotopy continuation*, arXiv:1601.02818;
Huber, Sturmfels, Math. Comp. 64, 1995.]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from random import Random

from flint import fmpq, fmpq_mat

from geometry.engines.system import Monomial
from piecewise.exact import to_fraction

Pairs = tuple[tuple[int, int], ...]
"""For each support the indices of the two chosen points, increasing."""

ATTEMPTS = 20
"""Random heights tried before giving up; a second one is hardly ever needed."""


class Degenerate(ArithmeticError):
    """The heights are not generic: two inequalities become equalities at once."""


class TooManyCells(ArithmeticError):
    """The homotopy takes more flips than allowed."""


@dataclass(frozen=True)
class MixedCell:
    """A mixed cell: its pairs of points, its volume, and the slope v of its supporting plane
    with respect to the coarse heights."""

    pairs: tuple[tuple[Monomial, Monomial], ...]
    volume: int
    slope: tuple[Fraction, ...]


def mixed_cells(
    supports: Sequence[Sequence[Monomial]],
    heights: Sequence[Sequence[int]],
    budget: int,
    seed: int = 1,
) -> list[MixedCell]:
    """All mixed cells of a generic refinement of the subdivision by ``heights``.

    Raises:
        TooManyCells: after ``budget`` flips.
    """
    if any(max(map(sum, support)) == 0 for support in supports):
        return []
    for attempt in range(ATTEMPTS):
        try:
            homotopy = _Homotopy(supports, heights, Random(seed + attempt))
            return homotopy.run(budget)
        except Degenerate:
            continue
    raise Degenerate(f"{ATTEMPTS} random heights in a row were not generic")


@dataclass
class _Cell:
    """A cell with its next event: at ``time`` the point ``point`` of ``support`` reaches it."""

    pairs: Pairs
    inverse: fmpq_mat
    time: fmpq | None
    support: int
    point: int


class _Homotopy:
    """The state of one homotopy: lifted points and the cells that are alive."""

    SPREAD = 1 << 40
    SCALE = 1 << 240
    """One unit of coarse height against the random perturbation; checked at the end."""

    def __init__(
        self,
        supports: Sequence[Sequence[Monomial]],
        heights: Sequence[Sequence[int]],
        random: Random,
    ) -> None:
        self.n = len(supports)
        self.real = [len(support) for support in supports]
        self.points: list[list[Monomial]] = []
        self.coarse = [list(row) for row in heights]
        self.fine = [[random.randrange(1, self.SPREAD) for _ in support] for support in supports]
        self.constant: list[list[int]] = []  # height at time 0; corners rise with slope 1
        for i, support in enumerate(supports):
            degree = max(map(sum, support))
            origin = (0,) * self.n
            corners = [origin]
            corners += [(*origin[:k], degree, *origin[k + 1 :]) for k in range(self.n)]
            self.points.append([*support, *corners])
            lifted = [
                self.SCALE * coarse + fine
                for coarse, fine in zip(self.coarse[i], self.fine[i], strict=True)
            ]
            # 0 and d·e_i of support i lie lowest: they form the first cell.
            low = [random.randrange(1, self.SPREAD) for _ in corners]
            low = [v if k in (0, i + 1) else v + self.n * self.SPREAD**2 for k, v in enumerate(low)]
            self.constant.append(lifted + low)
        self.matrices = [
            fmpq_mat(len(points), self.n, [fmpq(e) for point in points for e in point])
            for points in self.points
        ]
        self.alive: dict[Pairs, _Cell] = {}
        self.queue: list[tuple[fmpq, Pairs]] = []

    def run(self, budget: int) -> list[MixedCell]:
        first = tuple((size, size + i + 1) for i, size in enumerate(self.real))
        self._add(first, None, None)
        flips = 0
        while self.queue:
            time, pairs = heappop(self.queue)
            cell = self.alive.get(pairs)
            if cell is None or cell.time != time:
                continue
            flips += 1
            if flips > budget:
                raise TooManyCells(f"more than {budget} flips")
            self._flip(cell, time)
        final = [
            cell
            for pairs, cell in self.alive.items()
            if all(b < size for (_, b), size in zip(pairs, self.real, strict=True))
        ]
        return [self._finished(cell) for cell in sorted(final, key=lambda cell: cell.pairs)]

    def _flip(self, cell: _Cell, time: fmpq) -> None:
        """Exchange the cells of the circuit of ``cell`` and the point that reaches it.

        With p − a_i = Σ λ_k (b_k − a_k), the coefficients of p, b_i, a_i in the affine
        relation are 1, −λ_i, λ_i − 1: leaving out a point of positive coefficient gives a
        cell of before, of negative coefficient one of after.
        """
        i, p = cell.support, cell.point
        a, b = cell.pairs[i]
        difference = fmpq_mat(
            1,
            self.n,
            [fmpq(x - y) for x, y in zip(self.points[i][p], self.points[i][a], strict=True)],
        )
        weight = (difference * cell.inverse)[0, i]
        without_a = (*cell.pairs[:i], (min(b, p), max(b, p)), *cell.pairs[i + 1 :])
        without_b = (*cell.pairs[:i], (min(a, p), max(a, p)), *cell.pairs[i + 1 :])
        del self.alive[cell.pairs]
        for pairs, coefficient, left_out in ((without_a, weight - 1, a), (without_b, -weight, b)):
            if coefficient > 0:
                partner = self.alive.pop(pairs, None)
                if partner is None or partner.time != time:
                    raise Degenerate("a flip's partner is missing")
            elif coefficient < 0:
                if pairs in self.alive:
                    raise Degenerate("a flip's result is already there")
                self._add(pairs, time, (i, left_out))

    def _add(self, pairs: Pairs, now: fmpq | None, touching: tuple[int, int] | None) -> None:
        """Put a cell on the list with its next event after ``now``.

        ``touching`` is the one point that lies on the cell's plane at ``now``.
        """
        inverse = self._edges(pairs).inv()
        rise = fmpq_mat(self.n, 2)
        for k, (a, b) in enumerate(pairs):
            rise[k, 0] = fmpq(self.constant[k][a] - self.constant[k][b])
            rise[k, 1] = fmpq((a >= self.real[k]) - (b >= self.real[k]))
        slope = inverse * rise
        best: tuple[fmpq, int, int] | None = None
        for k, (a, b) in enumerate(pairs):
            product = self.matrices[k] * slope
            for p in range(len(self.points[k])):
                if p in (a, b):
                    continue
                gap = product[p, 0] - product[a, 0] + self.constant[k][p] - self.constant[k][a]
                growth = product[p, 1] - product[a, 1]
                growth += (p >= self.real[k]) - (a >= self.real[k])
                if now is not None and (k, p) != touching:
                    if gap + growth * now <= 0:
                        raise Degenerate("two points reach a cell at once")
                elif now is not None and growth <= 0:
                    raise Degenerate("a point stays on a cell's plane")
                if growth < 0 and (best is None or -gap / growth <= best[0]):
                    if best is not None and -gap / growth == best[0]:
                        raise Degenerate("two points reach a cell at once")
                    best = (-gap / growth, k, p)
        if best is None:
            self.alive[pairs] = _Cell(pairs, inverse, None, 0, 0)
        else:
            self.alive[pairs] = _Cell(pairs, inverse, *best)
            heappush(self.queue, (best[0], pairs))

    def _edges(self, pairs: Pairs) -> fmpq_mat:
        rows = [
            fmpq(y - x)
            for points, (a, b) in zip(self.points, pairs, strict=True)
            for x, y in zip(points[a], points[b], strict=True)
        ]
        return fmpq_mat(self.n, self.n, rows)

    def _finished(self, cell: _Cell) -> MixedCell:
        """The cell with its coarse slope, after checking that coarse heights decide first."""
        n = self.n
        slopes = []
        for heights in (self.coarse, self.fine):
            rise = fmpq_mat(
                n, 1, [fmpq(heights[k][a] - heights[k][b]) for k, (a, b) in enumerate(cell.pairs)]
            )
            slopes.append(cell.inverse * rise)
        for k, (a, b) in enumerate(cell.pairs):
            coarse, fine = (self.matrices[k] * slope for slope in slopes)
            for p in range(self.real[k]):
                if p in (a, b):
                    continue
                gap = coarse[p, 0] - coarse[a, 0] + self.coarse[k][p] - self.coarse[k][a]
                small = fine[p, 0] - fine[a, 0] + self.fine[k][p] - self.fine[k][a]
                if gap < 0 or (gap == 0 and small <= 0):
                    raise Degenerate("the perturbation outweighs the coarse heights")
        volume = abs(1 / cell.inverse.det())
        return MixedCell(
            tuple((self.points[k][a], self.points[k][b]) for k, (a, b) in enumerate(cell.pairs)),
            int(volume.p),
            tuple(to_fraction(slopes[0][k, 0]) for k in range(n)),
        )
