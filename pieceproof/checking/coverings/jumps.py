"""ℓ* jumps exactly once on a slab of α, and where.

The *cell* of a jump is the set of parameters, near a point w, at which all examples of a set S
are right while all others are wrong or right for sure. It is given by g_s(α, w) > 0, s ∈ S:
signed scores, and walls of W that bound it. With p free parameters there are p + 1 of them. On a
slab [a, b] let N be a box of w.

*Statement.* Let (a) Krawczyk's operator for G(w, σ) = g(α, w) − σ·(1, …, 1) map a box around a
path w(α), inside N, strictly into itself for every α of the slab; (b) for every matrix M of an
enclosure of ∂g/∂w over the slab times N (by rows, Clarke's where scores bend) the null vector λM
= 0 be positive;
(c) λ·∂g/∂α have one sign. Then there is an analytic or at least Lipschitz curve (w(α), σ(α)) with
g_s(α, w(α)) = σ(α) for all s, σ is strictly monotone, and

- where σ(α) > 0 the point w(α) of N makes all of S right;
- where σ(α) < 0 no point of N does: by the mean value theorem g(α, w) − g(α, w(α)) = M(w − w(α))
  with rows of M from the enclosure, so λ·g(α, w) = σ(α)·Σλ_s < 0 and some g_s(α, w) < 0. It is no
  wall if w ∈ W.

*Proof of the curve.* (a) gives exactly one zero of G for every α, which depends continuously on
α. For two values of α the mean value theorem, λ from its matrix, gives λ·∂_αg·∆α = ∆σ·Σλ_s: so ∆σ
has the sign that (c) says. ∎

Outside the boxes N of all cells W is covered with the larger number of errors, and in N it is
counted: items that are not in S have known signs, and any item of S that is wrong costs its
weight more. So ℓ* has the smaller number where some cell is there, and jumps once, if all σ grow,
or all fall.

Source: Krawczyk, *Computing* 4 (1969); the null vector is that of Helly's theorem for p + 1
half-spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.arithmetic import Span, stacked
from pieceproof.checking.coverings.charts import Chart, Key
from pieceproof.checking.coverings.compiled.gradients import differentiate, enclose
from pieceproof.checking.coverings.compiled.records import LAYERS, room
from pieceproof.checking.coverings.covering import Excluded
from pieceproof.checking.enclosing.ranges import Array, around, exact_double
from pieceproof.checking.reading import Refuted

PARTS = 512
"""Boxes into which slab × N is cut at most to know the signs of all other scores."""
REFINEMENTS = 30
"""Steps by which σ at one α is enclosed."""


@dataclass(frozen=True, eq=False)
class Cell:
    """Parameters that are the only ones, near them, with the smaller number of errors.

    Attributes:
        key: signs of the output weights and held parameters.
        right: S, items by number.
        walls: walls (parameter, side) that bound the cell.
        centre, slope, radius: the path (w, σ) over the free parameters, then σ, from the middle of
            the slab, and half widths of the box around it.
    """

    key: Key
    right: tuple[int, ...]
    walls: tuple[tuple[int, int], ...]
    centre: Array
    slope: Array
    radius: Array


class CellProof:
    """What is proved of a cell on a slab; ``chart`` is one with its key.

    Raises:
        Refuted: a step fails.
    """

    def __init__(self, chart: Chart, slab: tuple[fmpq, fmpq], cell: Cell) -> None:
        self.chart, self.slab, self.cell = chart, slab, cell
        self.net = chart.net
        self.free = list(chart.free)
        self.size = len(self.free)
        if len(cell.right) + len(cell.walls) != self.size + 1:
            raise Refuted(f"{self.size + 1} scores and walls bound a cell")
        if not slab[0] < exact_double(self.middle) < slab[1]:
            raise Refuted("a slab as narrow as rounding errors")
        self.space = room(self.net)
        units = int(self.net.plan[LAYERS:].sum())
        self.room = np.zeros((2, units + 1, len(self.net.costs), 2 + len(chart.walls.lo) - 1))
        self._check()

    # -- the parts of the proof --------------------------------------------------------

    def _check(self) -> None:
        low, high = self.box
        self._check_walls(low, high)
        values, along, across = self._derivatives(self._alpha(*self.slab), Span(low, high))
        del values
        weights = self._null_vector(across)
        drift = (weights * along).total(axis=0)
        if not (drift.lo > 0.0 or drift.hi < 0.0):
            raise Refuted("the slope of the margin has no sign")
        self.rises = bool(drift.lo > 0.0)
        inner = self._krawczyk(self.slab, self.path, self.cell.radius, along, across)
        if not bool(np.all(inner < self.cell.radius)):
            raise Refuted("the curve of a cell is not enclosed")
        self.signs = self._signs(low, high)

    @cached_property
    def middle(self) -> float:
        """The α of the centre, a double."""
        total = (self.slab[0] + self.slab[1]) / 2
        return int(total.p) / int(total.q)

    @cached_property
    def path(self) -> Span:
        """The hull of the path (w, σ) over the slab."""
        return self._path(self._alpha(*self.slab))

    @cached_property
    def box(self) -> tuple[Array, Array]:
        """N, with all parameters."""
        low, high = self.chart.walls.lo.copy(), self.chart.walls.hi.copy()
        around_ = self.path + Span(-self.cell.radius, self.cell.radius)
        low[self.free], high[self.free] = around_.lo[:-1], around_.hi[:-1]
        return low, high

    @property
    def excluded(self) -> Excluded:
        """N, where the covering has nothing to do."""
        return Excluded(self.cell.key, *self.box)

    def _alpha(self, lower: fmpq, upper: fmpq) -> Span:
        ends = around([lower, upper])
        return Span(ends.lo[0], ends.hi[1])

    def _path(self, alpha: Span) -> Span:
        step = alpha - Span.exactly(self.middle)
        return Span.exactly(self.cell.centre) + Span.exactly(self.cell.slope) * step

    def _check_walls(self, low: Array, high: Array) -> None:
        """N is in W but for the walls that bound the cell."""
        walls = self.chart.model.network.walls
        for i in self.free:
            inside = (
                exact_double(float(low[i])) >= walls[i][0],
                exact_double(float(high[i])) <= walls[i][1],
            )
            for side in (0, 1):
                if not inside[side] and (i, side) not in self.cell.walls:
                    raise Refuted("the box of a cell leaves W")

    def _derivatives(self, alpha: Span, w: Span) -> tuple[Span, Span, Span]:
        """g (p + 1,), ∂g/∂α (p + 1,) and ∂g/∂w (p + 1, p) on a box."""
        box = np.array(
            [[float(alpha.lo), 1.0, *w.lo.tolist()], [float(alpha.hi), 1.0, *w.hi.tolist()]]
        )
        enclose(self.net, box, self.space)
        differentiate(self.net, box, self.space, self.room)
        rows, scores = [], []
        for item in self.cell.right:
            sign = Span.exactly(float(self.chart.model.items[item].side))
            rows.append(Span(self.room[0, -1, item], self.room[1, -1, item]) * sign)
            scores.append(Span(self.space.scores[0, item], self.space.scores[1, item]) * sign)
        for index, at in self.cell.walls:
            wall = around([self.chart.model.network.walls[index][at]])
            normal = np.zeros(1 + len(w.lo))
            normal[1 + index] = 1.0 - 2.0 * at
            rows.append(Span.exactly(normal))
            gap = w[index] - Span(wall.lo[0], wall.hi[0])
            scores.append(gap if at == 0 else -gap)
        table = stacked(rows, axis=0)
        return (
            stacked(scores, axis=0),
            table[:, 0],
            table[:, [1 + i for i in self.free]],
        )

    def _null_vector(self, across: Span) -> Span:
        """λ > 0 with λM = 0 and last component 1, for every matrix M of the enclosure.

        With C near the inverse of the upper part of M, λ' = −(last row of MC)·(I + E)⁻¹; every
        component of λ' differs from that of the last row by at most X·Σ_i|E_ij|, X = max|λ'|.
        """
        if self.size == 0:
            return Span.exactly([1.0])
        middle = 0.5 * (across.lo + across.hi)
        try:
            inverse = np.linalg.inv(middle[:-1])
        except np.linalg.LinAlgError:
            raise Refuted("the constraints of a cell are dependent") from None
        product = (across[:, :, None] * Span.exactly(inverse)[None]).total(axis=1)
        excess = product[:-1] - Span.exactly(np.eye(self.size))
        sizes = np.maximum(np.abs(excess.lo), np.abs(excess.hi))
        slack = 1.0 + 2.0**-40  # all terms are nonnegative, and there are few of them
        columns = sizes.sum(axis=0) * slack
        last = product[-1]
        if not float(columns.max()) < 0.5:
            raise Refuted("the constraints of a cell turn too much")
        largest = float(np.maximum(np.abs(last.lo), np.abs(last.hi)).max())
        reach = largest / (1.0 - float(columns.max())) * slack * columns * slack
        weights = -last + Span(-reach, reach)
        if not bool(np.all(weights.lo > 0.0)):
            raise Refuted("the scores of a cell can all be right on both sides")
        return Span(np.append(weights.lo, 1.0), np.append(weights.hi, 1.0))

    def _krawczyk(
        self, slab: tuple[fmpq, fmpq], path: Span, radius: Array, along: Span, across: Span
    ) -> Array:
        """How far zeros can be from the path, in every coordinate."""
        one = Span.exactly(-np.ones((self.size + 1, 1)))
        whole = Span(np.hstack([across.lo, one.lo]), np.hstack([across.hi, one.hi]))
        try:
            inverse = np.linalg.inv(0.5 * (whole.lo + whole.hi))
        except np.linalg.LinAlgError:
            raise Refuted("the constraints of a cell are dependent") from None
        residual = self._residual(slab, path, along, across)
        shift = (Span.exactly(inverse) * residual[None]).total(axis=1)
        turned = (Span.exactly(inverse)[:, :, None] * whole[None]).total(axis=1)
        rest = Span.exactly(np.eye(self.size + 1)) - turned
        spread = (rest * Span(-radius, radius)[None]).total(axis=1)
        found = spread - shift
        return np.maximum(np.abs(found.lo), np.abs(found.hi))

    def _residual(self, slab: tuple[fmpq, fmpq], path: Span, along: Span, across: Span) -> Span:
        """G on the path, by its value at the middle and the mean value theorem."""
        at = Span.exactly(self.middle)
        low, high = self.chart.walls.lo.copy(), self.chart.walls.hi.copy()
        low[self.free] = high[self.free] = self.cell.centre[:-1]
        values, _, _ = self._derivatives(at, Span(low, high))
        start = values - Span.exactly(self.cell.centre[-1])
        slope = Span.exactly(self.cell.slope)
        drift = along + (across * slope[None, :-1]).total(axis=1) - slope[-1:]
        return start + drift * (self._alpha(*slab) - at)

    def _signs(self, low: Array, high: Array) -> tuple[int, ...]:
        """The signs of all items that are not in S, over slab × N; 0 for those of S."""
        alpha = self._alpha(*self.slab)
        first = np.array([[float(alpha.lo), 1.0, *low], [float(alpha.hi), 1.0, *high]])
        pending, parts = [first], 0
        others = [t for t in range(len(self.net.costs)) if t not in self.cell.right]
        signs = np.zeros(len(self.net.costs), dtype=np.int64)
        size = np.maximum(first[1] - first[0], 1e-300)
        while pending:
            box = pending.pop()
            parts += 1
            if parts > PARTS:
                raise Refuted("a score beside a cell has no sign")
            enclose(self.net, box, self.space)
            own = np.where(self.space.scores[0] > 0, 1, np.where(self.space.scores[1] < 0, -1, 0))
            if any(own[t] * signs[t] < 0 for t in others):
                raise Refuted("a score beside a cell changes its sign")
            if any(own[t] == 0 for t in others):
                axis = int(np.argmax((box[1] - box[0]) / size))
                cut = 0.5 * (box[0, axis] + box[1, axis])
                left, right = box.copy(), box.copy()
                left[1, axis] = right[0, axis] = cut
                pending += [left, right]
            else:
                signs[others] = own[others]
        return tuple(signs.tolist())

    # -- what follows ------------------------------------------------------------------

    @property
    def fewest(self) -> int:
        """Errors where all of S is right."""
        items = self.chart.model.items
        return sum(
            item.least if s == 0 else item.cost(s)
            for item, s in zip(items, self.signs, strict=True)
        )

    @property
    def otherwise(self) -> int:
        """Errors, at least, where some item of S is wrong."""
        items = self.chart.model.items
        return self.fewest + min(items[t].weight for t in self.cell.right)

    def margin(self, alpha: fmpq) -> tuple[float, float]:
        """Bounds of σ(α) at an α of the slab."""
        at = self._alpha(alpha, alpha)
        point = self._path(at)
        radius = self.cell.radius.copy()
        low, high = self.chart.walls.lo.copy(), self.chart.walls.hi.copy()
        for _ in range(REFINEMENTS):
            box = point + Span(-radius, radius)
            low[self.free], high[self.free] = box.lo[:-1], box.hi[:-1]
            _, along, across = self._derivatives(at, Span(low, high))
            centre = 0.5 * (point.lo + point.hi)
            found = self._step(at, centre, box, along, across)
            meet = Span(np.maximum(found.lo, box.lo), np.minimum(found.hi, box.hi))
            middle = 0.5 * (meet.lo + meet.hi)
            smaller = np.nextafter(
                np.maximum(meet.hi - middle, middle - meet.lo) * (1 + 2.0**-40), np.inf
            )
            done = bool(np.all(smaller >= 0.7 * radius))
            point, radius = Span(middle, middle), smaller
            if done:
                break
        return float(point.lo[-1] - radius[-1]), float(point.hi[-1] + radius[-1])

    def _step(self, at: Span, centre: Array, box: Span, along: Span, across: Span) -> Span:
        """Krawczyk's operator at one α."""
        del along
        whole = Span(
            np.hstack([across.lo, -np.ones((self.size + 1, 1))]),
            np.hstack([across.hi, -np.ones((self.size + 1, 1))]),
        )
        inverse = np.linalg.inv(0.5 * (whole.lo + whole.hi))
        low, high = self.chart.walls.lo.copy(), self.chart.walls.hi.copy()
        low[self.free] = high[self.free] = centre[:-1]
        values, _, _ = self._derivatives(at, Span(low, high))
        residual = values - Span.exactly(centre[-1])
        shift = (Span.exactly(inverse) * residual[None]).total(axis=1)
        rest = Span.exactly(np.eye(self.size + 1)) - (
            Span.exactly(inverse)[:, :, None] * whole[None]
        ).total(axis=1)
        return (
            Span.exactly(centre) - shift + (rest * (box - Span.exactly(centre))[None]).total(axis=1)
        )


def located(proofs: Sequence[CellProof], slab: tuple[fmpq, fmpq], place: tuple[fmpq, fmpq]) -> None:
    """The jump of ℓ* lies in ``place``.

    Raises:
        Refuted: cells come and go on one slab, or the place is not proved.
    """
    if len({proof.rises for proof in proofs}) != 1:
        raise Refuted("one cell comes and another goes")
    lower, upper = place
    if not slab[0] <= lower < upper <= slab[1]:
        raise Refuted("the place of a jump is not in its slab")
    rises = proofs[0].rises
    before, behind = (lower, upper) if rises else (upper, lower)
    if not all(proof.margin(before)[1] < 0.0 for proof in proofs):
        raise Refuted("a cell is there before the jump")
    if not any(proof.margin(behind)[0] > 0.0 for proof in proofs):
        raise Refuted("no cell is there behind the jump")
