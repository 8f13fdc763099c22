"""Proposed slabs around a jump: cells with paths and boxes that the checker can prove."""

from __future__ import annotations

import numpy as np
from flint import fmpq

from pieceproof.checking.coverings.charts import Key
from pieceproof.checking.coverings.jumps import Cell, CellProof
from pieceproof.checking.coverings.slabs import Space
from pieceproof.checking.reading import Refuted
from pieceproof.covered.cells import Cells, Tip
from pieceproof.covered.tiles import exact, float_of

SIZES = 34
"""Sizes of the box of a cell that are tried, each half of the one before."""


class Gaps:
    """Cells of jumps."""

    def __init__(self, space: Space, cells: Cells) -> None:
        self.space, self.cells = space, cells

    def cell(self, tip: Tip, key: Key, slab: tuple[fmpq, fmpq]) -> Cell | None:
        """The cell that begins or ends at a tip, with the largest box that is proved."""
        chart = self.space.by_key[key]
        free = list(chart.free)
        if len(tip.right) + len(tip.walls) != len(free) + 1:
            return None
        middle = (slab[0] + slab[1]) / 2
        alpha = int(middle.p) / int(middle.q)
        rows, along, _ = self._rows(tip, key, alpha, tip.w)
        whole = np.hstack([rows, -np.ones((len(rows), 1))])
        try:
            inverse = np.linalg.inv(whole)
            w, sigma = tip.w.copy(), 0.0
            for _ in range(20):
                rows, along, values = self._rows(tip, key, alpha, w)
                whole = np.hstack([rows, -np.ones((len(rows), 1))])
                inverse = np.linalg.inv(whole)
                move = inverse @ (values - sigma)
                w[free], sigma = w[free] - move[:-1], sigma - float(move[-1])
        except np.linalg.LinAlgError:
            return None
        slope = -inverse @ along
        if not (np.all(np.isfinite(w)) and np.all(np.isfinite(slope))):
            return None
        # The box follows the simplex of the cell: how far w moves for margins of one size.
        shape = np.abs(inverse).sum(axis=1)
        shape *= 1.0 / max(float(shape[:-1].max(initial=0.0)), 1e-300)
        extent = float(np.max(chart.walls.hi[free] - chart.walls.lo[free], initial=1e-3))
        size = extent
        for _ in range(SIZES):
            size *= 0.5
            cell = Cell(
                key, tip.right, tip.walls, np.append(w[free], sigma), slope,
                np.maximum(size * shape, 1e-300),
            )  # fmt: skip
            try:
                with np.errstate(all="ignore"):
                    CellProof(chart, slab, cell)
            except Refuted:
                continue
            return cell
        return None

    def _rows(
        self, tip: Tip, key: Key, alpha: float, w: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """∂g/∂w, ∂g/∂α and g."""
        chart = self.space.by_key[key]
        free = list(chart.free)
        values, slopes = self.cells.rounded.with_gradient(alpha, w, key[0])
        sides = self.cells.sides
        rows = [sides[t] * slopes[t] for t in tip.right]
        gaps = [float(sides[t] * values[t]) for t in tip.right]
        for i, side in tip.walls:
            normal = np.zeros(1 + len(w))
            normal[1 + i] = 1.0 - 2.0 * side
            rows.append(normal)
            wall = (chart.walls.lo, chart.walls.hi)[side][i]
            gaps.append(float((w[i] - wall) * (1 - 2 * side)))
        table = np.array(rows)
        return table[:, [1 + i for i in free]], table[:, 0], np.array(gaps)

    def place(
        self, cells: list[Cell], slab: tuple[fmpq, fmpq], alpha: float
    ) -> tuple[fmpq, fmpq] | None:
        """A narrow interval around α that holds the jump of these cells."""
        with np.errstate(all="ignore"):
            proofs = [CellProof(self.space.by_key[cell.key], slab, cell) for cell in cells]
            if len({proof.rises for proof in proofs}) != 1:
                return None
            middle, width = exact(alpha), slab[1] - slab[0]
            step = fmpq(1, 1 << 50)
            for _ in range(30):
                low = max(exact(float_of(middle - step)), slab[0] + width / 1024)
                high = min(exact(float_of(middle + step)), slab[1] - width / 1024)
                before, behind = (low, high) if proofs[0].rises else (high, low)
                if (
                    low < high
                    and all(proof.margin(before)[1] < 0.0 for proof in proofs)
                    and any(proof.margin(behind)[0] > 0.0 for proof in proofs)
                ):
                    return low, high
                step *= 4
        return None
