"""Frames: linear coordinates in which a narrow valley of f lies along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_mpoly

from geometry.proposals.events import Change, Event
from geometry.proposals.floats import FloatObjective
from geometry.proposals.folds import Folds
from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Minimiser, Solver
from geometry.proposals.products import Product, Products
from geometry.proposals.tracking import Tracker
from geometry.proposals.transformed import TransformedSolver

VALLEY = 30.0
"""A frame comes first if its coordinates are this many times more independent than those of W."""
GOOD = 0.25
"""A frame that is known already is taken while its coordinates are as independent as that."""
PRECISION = 2.0**12
"""Entries of a frame are multiples of 1/PRECISION."""


@dataclass(frozen=True)
class Frame:
    """x = R·w, with R given by its ``rows``; a fold without a mirror."""

    rows: tuple[tuple[float, ...], ...]

    squared = ()

    @cached_property
    def own(self) -> tuple[int, ...]:
        """The slots that hold other coordinates."""
        matrix, eye = np.array(self.rows), np.eye(len(self.rows))
        return tuple(int(i) for i in np.flatnonzero(np.any(matrix != eye, axis=1)))

    def folded(self, w: Array) -> Array:
        """x."""
        found: Array = np.array(self.rows) @ w
        return found

    def unfolded(self, x: Array) -> Array:
        """w."""
        found: Array = np.linalg.solve(np.array(self.rows), x)
        return found

    def polynomial(self, f: fmpq_mpoly) -> fmpq_mpoly:
        """F with f = F(α, R·w)."""
        context, d = f.context(), len(self.rows)
        inverse = fmpq_mat(d, d, [fmpq(*v.as_integer_ratio()) for r in self.rows for v in r]).inv()
        alpha, *variables = context.gens()
        weights = [
            sum((x * inverse[i, j] for j, x in enumerate(variables)), context.constant(0))
            for i in range(d)
        ]
        return f.compose(alpha, *weights, ctx=context)


class Frames:
    """Coordinates for minimisers: products and frames where f has a narrow valley, and folds."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker, self.folds, self.products = tracker, Folds(tracker), Products(tracker)
        self.known: dict[tuple[int, ...], TransformedSolver] = {}

    def versions(self, point: Minimiser) -> list[Minimiser]:
        """A minimiser in the coordinates that it may be enclosed in, the better ones first."""
        if self.is_framed(point):
            plain = self.plain(point)
            return [point] if plain is None else self.versions(plain)
        found = []
        if self._is_valley(point):
            walls = [i for i, _ in point.face.walls]
            found = [self.products.version(point), self._framed(point, walls)]
        return [*(each for each in found if each is not None), *self.folds.versions(point)]

    def pairs(self, event: Event) -> list[tuple[Minimiser, Minimiser]]:
        """Both minimisers of a switch in the coordinates of one frame, then as they are."""
        plain = event.before, event.behind
        walls = [dict(point.face.walls) for point in plain]
        kept = sorted({*walls[0], *walls[1]})
        if event.change is not Change.SWITCH or plain[0].chart != plain[1].chart:
            return [plain]
        stuck = plain[0] if len(walls[0]) > len(walls[1]) else plain[1]
        if self._framed(stuck, kept) is None:
            return [plain]
        frame = self.known[(stuck.chart, *kept)]
        framed = [frame.entered(point) for point in plain]
        if framed[0] is None or framed[1] is None:
            return [plain]
        return [(framed[0], framed[1]), plain]

    def plain(self, point: Minimiser) -> Minimiser | None:
        """The minimiser in coordinates of W."""
        solver = self.tracker.solvers[point.chart]
        return solver.left(point) if isinstance(solver, TransformedSolver) else point

    def is_framed(self, point: Minimiser) -> bool:
        """Whether the coordinates are those of a frame, or of a product."""
        solver = self.tracker.solvers[point.chart]
        own = solver.coordinates if isinstance(solver, TransformedSolver) else None
        return isinstance(own, (Frame, Product))

    def _is_valley(self, point: Minimiser) -> bool:
        """Whether f has a narrow valley across the axes."""
        solver = self.tracker.solvers[point.chart]
        return (
            isinstance(solver.objective, FloatObjective)
            and not point.face.groups
            and not solver.chart.dead
            and independence(solver, point) < 1 / VALLEY
        )

    def _framed(self, point: Minimiser, kept: Sequence[int]) -> Minimiser | None:
        """The minimiser in a frame, if that is worth it; ``kept`` parameters keep their slots."""
        solver = self.tracker.solvers[point.chart]
        if not self._is_valley(point) or len(kept) == len(solver.chart.moving):
            return None
        key = (point.chart, *kept)
        last = self.known.get(key)
        if last is not None:
            found = last.entered(point)
            if found is not None and independence(last, found) > GOOD:
                return found
        last = TransformedSolver(solver, along(solver, point, kept), len(self.tracker.solvers))
        self.tracker.solvers.append(last)
        self.known[key] = last
        return last.entered(point)


def along(solver: Solver, point: Minimiser, kept: Sequence[int]) -> Frame:
    """A frame in which the Hessian is nearly a block for ``kept`` parameters K and a diagonal.

    With F the others that move, x_F = Vᵀ(w_F + H_FF⁻¹·H_FK·w_K), V the eigenvectors of H_FF.
    """
    free = [i for i in solver.chart.moving if i not in kept]
    h = _hessian(solver, point)
    place = {i: k for k, i in enumerate(solver.chart.moving)}
    f, k = [place[i] for i in free], [place[i] for i in kept]
    own = h[np.ix_(f, f)]
    _, vectors = np.linalg.eigh(own)
    vectors = vectors * np.sign(vectors[np.argmax(np.abs(vectors), axis=0), range(len(f))])
    shear = np.linalg.lstsq(own, h[np.ix_(f, k)], rcond=None)[0]
    rows = np.eye(solver.objective.d)
    rows[np.ix_(free, free)] = np.round(vectors.T * PRECISION) / PRECISION
    rows[np.ix_(free, list(kept))] = np.round(vectors.T @ shear * PRECISION) / PRECISION
    return Frame(tuple(tuple(row.tolist()) for row in rows))


def independence(solver: Solver, point: Minimiser) -> float:
    """|det H| / Π |H_ii| in the parameters that move: 1 along a valley, 0 at worst."""
    h = _hessian(solver, point)
    return abs(float(np.linalg.det(h))) / max(float(np.prod(np.abs(np.diag(h)))), 1e-300)


def _hessian(solver: Solver, point: Minimiser) -> Array:
    moving = 1 + np.array(solver.chart.moving, dtype=int)
    local = solver.objective.local(point.alpha, point.w, point.face.pattern)
    found: Array = local.hessian[np.ix_(moving, moving)]
    return found
