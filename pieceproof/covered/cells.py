"""Cells of parameters with the same correct examples, followed in floating point.

From a point (α, w) the examples that are right bound a cell. ``centred`` goes to a point of it in
the middle, at the same α; ``extreme`` to the α at which the cell ends, where p + 1 scores and walls
meet: both by linear programs in a trust region.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pieceproof.checking.coverings.charts import Chart, Key
from pieceproof.checking.coverings.compiled.records import Integers
from pieceproof.checking.coverings.compiled.steps import ascend
from pieceproof.checking.coverings.models import Model
from pieceproof.checking.coverings.rounded import Rounded, errors_at
from pieceproof.checking.enclosing.ranges import Array

ROUNDS = 120
RESTARTS = 12
AT_END = 1e-10
"""A cell that comes so near to an end of A, as a share of A, is taken to reach it."""
SLIGHT = 1e-11
"""Multipliers, relative to the largest, that are none."""


@dataclass(frozen=True, eq=False)
class Spot:
    """A point with its errors."""

    alpha: float
    w: Array
    key: Key
    errors: int


@dataclass(frozen=True, eq=False)
class Tip:
    """Where a cell ends: the point, and items and walls that meet there; ``walls`` are (parameter,
    side). ``at_end`` if it is an end of A."""

    alpha: float
    w: Array
    right: tuple[int, ...]
    walls: tuple[tuple[int, int], ...]
    at_end: bool


class Cells:
    """Cells of a model on the charts."""

    def __init__(
        self, model: Model, by_key: dict[Key, Chart], interval: tuple[float, float]
    ) -> None:
        self.model, self.by_key, self.interval = model, by_key, interval
        self.rounded = Rounded(model)
        self.sides = np.array([item.side for item in model.items], dtype=float)

    def spot(self, alpha: float, w: Array, key: Key) -> Spot:
        """A point with its errors."""
        values = self.rounded(np.array([alpha]), w[None], key[0])
        return Spot(alpha, w, key, int(errors_at(self.model, values)[0]))

    def centred(self, spot: Spot, rounds: int = 40) -> Spot:
        """A point of the cell at the same α with nearly the largest margin."""
        best, margin = spot, self._margin(spot)
        trust = 0.25
        for _ in range(rounds):
            step = self._ascended(best, trust, 0)
            if step is None:
                trust *= 0.25
            else:
                moved, _, _ = step
                own = self._margin(moved)
                if moved.errors <= best.errors and own > margin:
                    stall = own < margin * (1 + 1e-3)
                    best, margin = moved, own
                    if stall:
                        break
                    trust = min(1.0, 1.5 * trust)
                else:
                    trust *= 0.25
            if trust < 1e-9:
                break
        return best

    def moved(self, spot: Spot, alpha: float) -> Spot | None:
        """A point in the middle of the cell at another α, if it reaches there."""
        if spot.alpha == alpha:
            return self.centred(spot)
        found, tip = self.extreme(spot, 1 if alpha > spot.alpha else -1, alpha)
        return self.centred(found) if found.alpha == alpha and tip.at_end else None

    def extreme(self, spot: Spot, direction: int, until: float | None = None) -> tuple[Spot, Tip]:
        """The last point of the cell in a direction of α, inside it, and the tip itself; not
        beyond ``until``."""
        end = self.interval[1] if direction > 0 else self.interval[0]
        end = end if until is None else until
        best = spot
        right: tuple[int, ...] = ()
        walls: tuple[tuple[int, int], ...] = ()
        for _ in range(RESTARTS):
            before = abs(end - best.alpha)
            best, right, walls = self._led(best, spot.errors, direction, end)
            left = abs(end - best.alpha)
            if left <= AT_END * (self.interval[1] - self.interval[0]):
                return best, Tip(end, best.w, (), (), True)
            # A cell that shrinks towards the end of A is followed by a constant factor at a time.
            if len(right) + len(walls) == len(self.by_key[spot.key].free) + 1:
                break
            if left > 0.9 * before:
                break
        if len(right) + len(walls) != len(self.by_key[spot.key].free) + 1:
            right, walls = self._nearest(best)
        return best, self._tip(best, right, walls)

    def _nearest(self, spot: Spot) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
        """The p + 1 scores and walls that are nearest, where multipliers do not tell them."""
        chart = self.by_key[spot.key]
        free = list(chart.free)
        values, slopes = self.rounded.with_gradient(spot.alpha, spot.w, spot.key[0])
        right, sizes = self._right(spot, values, slopes)
        scales = self._scales(spot.key)
        slacks = [
            (abs(float(values[t])) / float(size), int(t), None)
            for t, size in zip(right, sizes, strict=True)
        ]
        near: list[tuple[float, int, int | None]] = list(slacks)
        for i in free:
            for side, wall in ((0, chart.walls.lo[i]), (1, chart.walls.hi[i])):
                near.append((abs(float(spot.w[i] - wall)) / float(scales[i]), i, side))
        chosen = sorted(near, key=lambda entry: entry[0])[: len(free) + 1]
        return (
            tuple(index for _, index, side in chosen if side is None),
            tuple((index, side) for _, index, side in chosen if side is not None),
        )

    def _led(
        self, spot: Spot, errors: int, direction: int, end: float
    ) -> tuple[Spot, tuple[int, ...], tuple[tuple[int, int], ...]]:
        """As far as trust regions lead."""
        best, trust = spot, 0.1
        right: tuple[int, ...] = ()
        walls: tuple[tuple[int, int], ...] = ()
        for _ in range(ROUNDS):
            if best.alpha == end:
                break
            step = self._ascended(best, trust, direction, end)
            if step is None:
                trust *= 0.25
            else:
                moved, right, walls = step
                # A little back from the boundary, so that errors are those of the cell.
                if moved.errors <= errors and direction * (moved.alpha - best.alpha) > 0:
                    gain = abs(moved.alpha - best.alpha)
                    best = self.centred(moved, 6)
                    if gain < 1e-13:
                        break
                    trust = min(1.0, 2.0 * trust)
                else:
                    trust *= 0.3
            if trust < 1e-12:
                break
        return best, right, walls

    # -- linear programs ---------------------------------------------------------------

    def _margin(self, spot: Spot) -> float:
        values, slopes = self.rounded.with_gradient(spot.alpha, spot.w, spot.key[0])
        right, sizes = self._right(spot, values, slopes)
        return float(np.min(self.sides[right] * values[right] / sizes)) if len(right) else 1.0

    def _right(self, spot: Spot, values: Array, slopes: Array) -> tuple[Integers, Array]:
        """Items that are right, and the lengths of their gradients in scaled parameters."""
        right = np.flatnonzero(self.sides * values > 0)
        free = list(self.by_key[spot.key].free)
        scaled = slopes[right][:, [1 + i for i in free]] * self._scales(spot.key)[free]
        return right, np.abs(scaled).max(axis=1, initial=0.0) + 1e-12

    def _scales(self, key: Key) -> Array:
        walls = self.by_key[key].walls
        return np.maximum(0.5 * (walls.hi - walls.lo), 1e-300)

    def _ascended(
        self, spot: Spot, trust: float, direction: int, end: float = 0.0
    ) -> tuple[Spot, tuple[int, ...], tuple[tuple[int, int], ...]] | None:
        """One step that widens the margin (direction 0) or moves α; active items and walls."""
        values, slopes = self.rounded.with_gradient(spot.alpha, spot.w, spot.key[0])
        right, sizes = self._right(spot, values, slopes)
        if not len(right):
            return None
        chart = self.by_key[spot.key]
        free = list(chart.free)
        size = len(free)
        reach = self._scales(spot.key)[free] * trust
        extent = (self.interval[1] - self.interval[0]) * trust
        sides = self.sides[right]
        normals = (sides / sizes)[:, None] * slopes[right]
        start = sides / sizes * values[right]
        # Variables: w in units of ``reach``, then the margin in units of ``trust``, or α.
        rows = np.zeros((len(right) + 2 * size + 1, size + 2))
        rows[: len(right), :size] = normals[:, [1 + i for i in free]] * reach
        rows[: len(right), size] = -trust if direction == 0 else normals[:, 0] * extent
        base = float(start.min()) if direction == 0 else 0.0
        rows[: len(right), size + 1] = base - start
        count = len(right)
        for k, i in enumerate(free):
            for side, wall in ((0, chart.walls.lo[i]), (1, chart.walls.hi[i])):
                sign = 1.0 - 2.0 * side
                rows[count, k] = sign
                rows[count, size + 1] = -sign * (spot.w[i] - wall) / reach[k]
                count += 1
        if direction != 0:
            rows[count, size] = -float(direction)
            rows[count, size + 1] = direction * (spot.alpha - end) / extent
            count += 1
        goal = np.zeros(size + 1)
        goal[size] = 1.0 if direction == 0 else float(direction)
        y, factors = np.zeros(size + 1), np.zeros(count)
        outcome = ascend(goal, np.ascontiguousarray(rows[:count]), 1e-7, y, factors)
        if outcome != 0 or not np.all(np.isfinite(y)):
            return None
        w = spot.w.copy()
        w[free] = np.clip(w[free] + y[:size] * reach, chart.walls.lo[free], chart.walls.hi[free])
        alpha = spot.alpha
        if direction != 0:
            alpha += float(y[size]) * extent
            if direction * (alpha - end) > -1e-12 * (self.interval[1] - self.interval[0]):
                alpha = end
        # Multipliers of walls in the units of those of scores.
        factors[len(right) : len(right) + 2 * size] /= trust
        active = np.flatnonzero(factors > 1e-6 * max(float(factors.max(initial=0.0)), 1e-300))
        items = tuple(int(right[j]) for j in active if j < len(right))
        walls = tuple(
            (free[(j - len(right)) // 2], int((j - len(right)) % 2))
            for j in active
            if len(right) <= j < len(right) + 2 * size
        )
        moved = self.spot(alpha, w, spot.key)
        if direction != 0 and moved.errors > spot.errors:
            # The linear step leaves the cell: part of it may not.
            for share in (0.9, 0.7, 0.5, 0.25):
                part = self.spot(
                    spot.alpha + share * (alpha - spot.alpha),
                    spot.w + share * (w - spot.w),
                    spot.key,
                )
                if part.errors <= spot.errors:
                    return part, items, walls
        return moved, items, walls

    def _tip(self, spot: Spot, right: tuple[int, ...], walls: tuple[tuple[int, int], ...]) -> Tip:
        """Newton's method from near the tip."""
        alpha, w = spot.alpha, spot.w.copy()
        chart = self.by_key[spot.key]
        free = list(chart.free)
        if len(right) + len(walls) == len(free) + 1:
            for _ in range(20):
                values, slopes = self.rounded.with_gradient(alpha, w, spot.key[0])
                columns = [0, *(1 + i for i in free)]
                rows = [self.sides[t] * slopes[t][columns] for t in right]
                gaps = [self.sides[t] * values[t] for t in right]
                for i, side in walls:
                    normal = np.zeros(len(columns))
                    normal[1 + free.index(i)] = 1.0 - 2.0 * side
                    rows.append(normal)
                    gaps.append((w[i] - (chart.walls.lo, chart.walls.hi)[side][i]) * (1 - 2 * side))
                try:
                    move = np.linalg.solve(np.array(rows), -np.array(gaps))
                except np.linalg.LinAlgError:
                    break
                size = float(np.max(np.abs(move)))
                if not size < 0.3 * (1 + float(np.max(np.abs(w)))):
                    break
                alpha, w[free] = alpha + float(move[0]), w[free] + move[1:]
                if size < 1e-15 * (1 + float(np.max(np.abs(w)))):
                    break
        return Tip(alpha, w, tuple(sorted(right)), tuple(sorted(walls)), False)
