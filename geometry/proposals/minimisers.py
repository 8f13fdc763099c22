"""Local minimisers of f(α, ·) at one α, in floating point, with the stratum each lies on.

A descent from many starts ends near a minimiser, or near a bend of f; Newton's method on the
first-order system of every small set of boundaries and walls nearby then finds the
stratum on which the point satisfies the conditions of a strict local minimiser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np

from geometry.proposals.boundaries import Group, Label, boundaries, soft_boundaries
from geometry.proposals.charts import Chart
from geometry.proposals.floats import FloatObjective, Local, Pattern
from geometry.proposals.images import moved, near
from geometry.proposals.loops import Array, Integers

NEAREST = 5
"""Boundaries and walls near a point that are tried as active."""
STEPS = 80
FLAT = 1e-11
"""Least curvature of a strict minimiser, as a part of the largest: rounding looks like less."""
NOISE = 1e-14
"""Multipliers are 0 up to rounding below this part of the largest curvature times |w|."""
SEED = 20240229


@dataclass(frozen=True, eq=False)
class Face:
    """A stratum: pattern, groups of coinciding boundaries, walls (parameter → side)."""

    pattern: Pattern
    groups: tuple[Group, ...]
    walls: tuple[tuple[int, int], ...]

    @cached_property
    def identity(self) -> object:
        """Equal for equal strata."""
        return self.pattern.tobytes(), frozenset(self.groups), frozenset(self.walls)


@dataclass(frozen=True, eq=False)
class Minimiser:
    """A strict local minimiser w of f(α, ·) in floating point."""

    chart: int
    face: Face
    alpha: float
    w: Array
    multipliers: Array
    value: float


class Solver:
    """First-order points and minimisers of one chart."""

    def __init__(self, chart: Chart, index: int) -> None:
        self.chart, self.index = chart, index
        self.objective = chart.objective
        objective = chart.objective
        self.groups: list[Group] = []
        self.soft: set[Label] = set()
        if isinstance(objective, FloatObjective):
            self.groups = boundaries(objective.problem, objective.network, objective.reached)
            self.soft = soft_boundaries(objective.problem, objective.network)

    # -- first-order points ------------------------------------------------------------

    def free(self, face: Face) -> Integers:
        """Indices of the parameters that move on a stratum."""
        held = {*self.chart.held, *(i for i, _ in face.walls)}
        return np.array([i for i in range(self.objective.d) if i not in held], dtype=int)

    def newton(
        self, alpha: float, w: Array, face: Face, multipliers: Array | None = None
    ) -> tuple[Array, Array] | None:
        """A solution (w, λ) of the first-order system near w."""
        point = self.chart.placed(w.copy())
        for i, side in face.walls:
            point[i] = (self.objective.lower, self.objective.upper)[side][i]
        free, pattern = self.free(face), np.ascontiguousarray(face.pattern)
        active: Integers = np.array([g[0] for g in face.groups], dtype=np.int64).reshape(-1, 3)
        if not len(free) + len(active):
            return point, np.zeros(0)
        if multipliers is None:
            multipliers = np.zeros(len(active))
            if len(active):
                local = self.objective.local(alpha, point, pattern)
                _, dz, _ = self._active(local, face)
                columns, gradient = dz[:, 1 + free].T, local.gradient[1 + free]
                multipliers = np.linalg.lstsq(columns, gradient, rcond=None)[0].astype(np.float64)
        done, point, factors = self.objective.newton(
            alpha, point, pattern, free, active, multipliers
        )
        return (point, factors) if done else None

    def _active(self, local: Local, face: Face) -> tuple[Array, Array, Array]:
        n = 1 + self.objective.d
        if not face.groups:
            return np.zeros(0), np.zeros((0, n)), np.zeros((0, n, n))
        u = np.array([group[0][0] for group in face.groups])
        t = np.array([group[0][1] for group in face.groups])
        k = np.array([group[0][2] for group in face.groups])
        return local.z[u, t] - self.objective.points[k], local.dz[u, t], local.ddz[u, t]

    def velocity(self, alpha: float, w: Array, face: Face, multipliers: Array) -> Array:
        """dw/dα along the curve of first-order points (all parameters)."""
        free = self.free(face)
        m, s = len(free), len(face.groups)
        local = self.objective.local(alpha, w, face.pattern)
        _, dz, ddz = self._active(local, face)
        h = local.hessian - np.einsum("s,sij->ij", multipliers, ddz)
        matrix = np.zeros((m + s, m + s))
        matrix[:m, :m] = h[np.ix_(1 + free, 1 + free)]
        matrix[:m, m:] = -dz[:, 1 + free].T
        matrix[m:, :m] = dz[:, 1 + free]
        right = np.concatenate([h[1 + free, 0], dz[:, 0]])
        found: Array = np.zeros(self.objective.d)
        if m + s and np.all(np.isfinite(matrix)) and np.all(np.isfinite(right)):
            found[free] = np.linalg.lstsq(matrix, -right, rcond=None)[0][:m]
        return found

    # -- minimisers --------------------------------------------------------------------

    def is_minimiser(self, alpha: float, w: Array, face: Face, slack: float = 0.0) -> bool:
        """Whether a first-order point is feasible and satisfies the strict conditions."""
        return self.defect(alpha, w, face, slack) is None

    def defect(self, alpha: float, w: Array, face: Face, slack: float = 0.0) -> str | None:
        """Which condition of a strict local minimiser fails, if any."""
        objective, free = self.objective, self.free(face)
        if np.any(w[free] < objective.lower[free] - slack) or np.any(
            w[free] > objective.upper[free] + slack
        ):
            return "box"
        local = objective.local(alpha, w, face.pattern)
        if objective.units and not self._holds(local, face, slack):
            return "pattern"
        for pattern in self.sides(face):
            here = objective.local(alpha, w, pattern)
            _, dz, _ = self._active(here, face)
            factors: Array = np.linalg.lstsq(
                dz[:, 1 + free].T, here.gradient[1 + free], rcond=None
            )[0].astype(np.float64)
            noise = NOISE * float(np.max(np.abs(here.hessian)) * np.max(np.abs(w)))
            for factor, group in zip(factors, face.groups, strict=True):
                u, t, k = group[0]
                if (factor if pattern[u, t] == k + 1 else -factor) <= noise:
                    return "multiplier"
            rest = here.gradient - factors @ dz
            for i, side in face.walls:
                if (rest[1 + i] if side == 0 else -rest[1 + i]) <= noise:
                    return "multiplier"
            bends = self._bends(here, face, factors)
            if len(bends) and bends[0] <= FLAT * np.max(np.abs(bends)):
                return "curvature"
        return None

    def _holds(self, local: Local, face: Face, slack: float) -> bool:
        """Whether every z lies in its piece, but for the ends of it that are active."""
        ends = np.concatenate([[-np.inf], self.objective.points, [np.inf]])
        low, high = ends[face.pattern], ends[face.pattern + 1]
        for group in face.groups:
            for unit, example, k in group:
                bound, value = (low, -np.inf) if face.pattern[unit, example] > k else (high, np.inf)
                bound[unit, example] = value
        return not (np.any(local.z < low - slack) or np.any(local.z > high + slack))

    def _bends(self, local: Local, face: Face, factors: Array) -> Array:
        """The curvatures of f along a stratum, the least first."""
        free = self.free(face)
        _, dz, ddz = self._active(local, face)
        h = local.hessian - np.einsum("s,sij->ij", factors, ddz)
        basis = _kernel(dz[:, 1 + free], len(free))
        if not basis.shape[1]:
            return np.zeros(0)
        found: Array = np.linalg.eigvalsh(basis.T @ h[np.ix_(1 + free, 1 + free)] @ basis)
        return found

    def stiffness(self, point: Minimiser) -> float:
        """The least curvature along the stratum as a part of the largest, 1 at a corner."""
        local = self.objective.local(point.alpha, point.w, point.face.pattern)
        bends = self._bends(local, point.face, point.multipliers)
        return float(bends[0] / np.max(np.abs(bends))) if len(bends) else 1.0

    def sides(self, face: Face) -> Iterator[Pattern]:
        """All patterns around a stratum."""
        for choice in product((False, True), repeat=len(face.groups)):
            pattern = face.pattern.copy()
            for change, group in zip(choice, face.groups, strict=True):
                for u, t, k in group if change else ():
                    pattern[u, t] = 2 * k + 1 - pattern[u, t]
            yield pattern

    def polish(self, alpha: float, w: Array) -> Minimiser | None:
        """The best strict minimiser on a stratum near w, if one is found."""
        objective = self.objective
        local = objective.local(alpha, w)
        near = self._near(local, w)
        found: Minimiser | None = None
        most = min(len(near), len(self.chart.moving))
        # Where descent has ended the nearest ones are the active ones, as a rule.
        likely = [tuple(near[:size]) for size in range(most + 1)]
        others = (combinations(near, size) for size in range(most + 1))
        for sets in (*([each] for each in likely), *others):
            for chosen in sets:
                point = self._on(alpha, w, local, chosen)
                if point is not None and (
                    found is None or point.value < found.value - 1e-13 * abs(found.value)
                ):
                    found = point
            if found is not None and found.value <= local.value + 1e-9 * abs(local.value):
                break  # nothing lower near a point where descent has ended
        return found

    def _on(
        self, alpha: float, w: Array, local: Local, chosen: Sequence[tuple[str, object]]
    ) -> Minimiser | None:
        """The strict minimiser near w on some boundaries and walls, if there is one."""
        solved = self.newton(alpha, w, self._face(local, w, chosen))
        if solved is None:
            return None
        # The pattern of the point itself, but for active boundaries.
        face = self._face(self.objective.local(alpha, solved[0]), solved[0], chosen)
        solved = self.newton(alpha, solved[0], face)
        if solved is None or not self.is_minimiser(alpha, solved[0], face):
            return None
        value = self.objective.local(alpha, solved[0], face.pattern).value
        return Minimiser(self.index, face, alpha, *solved, value)

    def touching(self, alpha: float, w: Array, count: int) -> Minimiser | None:
        """The minimiser near w on the ``count`` nearest boundaries and walls, if there is one."""
        local = self.objective.local(alpha, w)
        chosen = self._near(local, w)[:count]
        return self._on(alpha, w, local, chosen) if len(chosen) == count else None

    def _near(self, local: Local, w: Array) -> list[tuple[str, object]]:
        """Boundaries and walls near w, the nearest first."""
        objective, moving = self.objective, self.chart.moving
        listed: list[tuple[float, str, object]] = []
        for group in self.groups:
            u, t, k = group[0]
            if (u, t, k) in self.soft:
                continue
            steep = np.linalg.norm(local.dz[u, t][1 + np.array(moving, dtype=int)])
            if steep > 0:
                distance = abs(local.z[u, t] - objective.points[k]) / steep
                listed.append((float(distance), "boundary", group))
        for i in moving:
            span = objective.upper[i] - objective.lower[i]
            for side, gap in ((0, w[i] - objective.lower[i]), (1, objective.upper[i] - w[i])):
                if gap < 1e-2 * span:
                    listed.append((float(gap), "wall", (i, side)))
        limit = 0.15 * (1.0 + float(np.linalg.norm(w)))
        listed = sorted((entry for entry in listed if entry[0] <= limit), key=lambda e: e[0])
        return [(kind, what) for _, kind, what in listed[:NEAREST]]

    def _face(self, local: Local, w: Array, chosen: Sequence[tuple[str, object]]) -> Face:
        pattern = self.objective.piece(local.z)
        groups: list[Group] = []
        walls: list[tuple[int, int]] = []
        for kind, what in chosen:
            if kind == "wall":
                walls.append(what)  # type: ignore[arg-type]
                continue
            group: Group = what  # type: ignore[assignment]
            groups.append(group)
            for u, t, k in group:
                same = self._sense((u, t, k)) == self._sense(group[0])
                pattern[u, t] = k + 1 if same else k
        return Face(pattern, tuple(groups), tuple(walls))

    def _sense(self, label: Label) -> int:
        objective = self.objective
        if not isinstance(objective, FloatObjective):
            raise TypeError("a boundary of a network is expected")
        row = [*objective.x[label[1]], *([1.0] if objective.network.bias else [])]
        return 1 if next((v for v in row if v), 1.0) > 0 else -1

    def shape(self, point: Minimiser) -> Array:
        """Half widths of a basin in proportion to 1/√∂²f: long where f is flat."""
        local = self.objective.local(point.alpha, point.w, point.face.pattern)
        diagonal = np.abs(np.diag(local.hessian)[1:])
        scale = max(float(np.max(diagonal)), 1e-300)
        found: Array = 1 / np.sqrt(np.maximum(diagonal, 1e-6 * scale) / scale)
        return found

    def size(self, x: Array, radius: Array) -> float:
        """About the logarithm of the volume in W of a box around x."""
        return float(np.sum(np.log(radius[self.chart.moving])))

    # -- search ------------------------------------------------------------------------

    def descend(self, alpha: float, w: Array) -> Array:
        """A point from which f decreases no more, or hardly: modified Newton, f clipped to W."""
        objective, moving = self.objective, np.array(self.chart.moving, dtype=int)
        point = self.chart.placed(w.copy())
        value = float(objective.values(alpha, point[None])[0])
        for _ in range(STEPS):
            local = objective.local(alpha, point)
            g, h = local.gradient[1 + moving], local.hessian[np.ix_(1 + moving, 1 + moving)]
            low = (point[moving] <= objective.lower[moving]) & (g > 0)
            high = (point[moving] >= objective.upper[moving]) & (g < 0)
            loose = ~(low | high)
            if not np.any(loose):
                break
            values, vectors = np.linalg.eigh(h[np.ix_(loose, loose)])
            floor = 1e-8 * max(1e-12, float(np.max(np.abs(values))))
            step = np.zeros(len(moving))
            step[loose] = -vectors @ ((vectors.T @ g[loose]) / np.maximum(np.abs(values), floor))
            scales = 0.5 ** np.arange(30)
            trial = np.repeat(point[None], len(scales), axis=0)
            trial[:, moving] += scales[:, None] * step
            trial = self.chart.placed(trial)
            found = objective.values(alpha, trial)
            best = int(np.argmin(found))
            if not found[best] < value - 1e-14 * abs(value):
                break
            point, value = trial[best], float(found[best])
        return point

    def starts(self, alpha: float, count: int) -> list[Array]:
        """Promising points of W: the best of many random ones, near 0 and over the box."""
        objective = self.objective
        rng = np.random.default_rng(SEED)
        size = 400 * objective.d
        wide = rng.uniform(objective.lower, objective.upper, (size, objective.d))
        scales = 10.0 ** rng.uniform(-1.5, 1.0, (size, 1))
        close = rng.normal(size=(size, objective.d)) * scales
        points = self.chart.placed(np.concatenate([wide, close]))
        order = np.argsort(objective.values(alpha, points), kind="stable")
        return [points[i] for i in order[: 4 * count : 4]]

    def minimisers(self, alpha: float, starts: Sequence[Array]) -> list[Minimiser]:
        """Distinct minimisers found from the starts, the lowest first."""
        return self.search(alpha, starts)[0]

    def search(self, alpha: float, starts: Sequence[Array]) -> tuple[list[Minimiser], float]:
        """The same, and the lowest value seen, at a minimiser that is isolated or not."""
        found: list[Minimiser] = []
        least = np.inf
        for start in starts:
            low = self.descend(alpha, start)
            least = min(least, float(self.objective.values(alpha, low[None])[0]))
            point = self.polish(alpha, self.chart.canonical(low))
            if point is None:
                continue
            canonical = self.chart.canonical(point.w)
            if not np.array_equal(canonical, point.w):
                point = moved(self, point, canonical) or point
            if not any(same(point, other) for other in found):
                found.append(point)
        return sorted(found, key=lambda each: each.value), least


def noise(value: float) -> float:
    """How far rounding may move a value of f."""
    return 1e-14 + 1e-13 * abs(value)


def same(a: Minimiser, b: Minimiser) -> bool:
    """Whether two minimisers at one α are one."""
    return a.chart == b.chart and near(a.w, b.w)


def _kernel(rows: Array, size: int) -> Array:
    """An orthonormal basis of the kernel."""
    if not len(rows):
        return np.eye(size)
    _, values, vectors = np.linalg.svd(rows, full_matrices=True)
    rank = int(np.sum(values > 1e-12 * max(1e-300, float(np.max(values, initial=0.0)))))
    basis: Array = vectors[rank:].T
    return basis
