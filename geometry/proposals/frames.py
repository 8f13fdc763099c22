"""Frames: linear coordinates in which a narrow valley of f lies along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_mpoly

from geometry.proposals.floats import FloatObjective
from geometry.proposals.folds import Folds
from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Minimiser, Solver
from geometry.proposals.tracking import Tracker
from geometry.proposals.transformed import TransformedSolver

VALLEY = 8.0
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
    """Coordinates for minimisers: frames where f has a narrow valley, and folds."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker, self.folds = tracker, Folds(tracker)
        self.known: dict[int, TransformedSolver] = {}

    def versions(self, point: Minimiser) -> list[Minimiser]:
        """A minimiser in the coordinates that it may be enclosed in, the better ones first."""
        if self.is_framed(point):
            plain = self.plain(point)
            return [point] if plain is None else self.versions(plain)
        framed = self._framed(point)
        return [*([] if framed is None else [framed]), *self.folds.versions(point)]

    def plain(self, point: Minimiser) -> Minimiser | None:
        """The minimiser in coordinates of W."""
        solver = self.tracker.solvers[point.chart]
        return solver.left(point) if isinstance(solver, TransformedSolver) else point

    def is_framed(self, point: Minimiser) -> bool:
        """Whether the coordinates are those of a frame."""
        solver = self.tracker.solvers[point.chart]
        return isinstance(solver, TransformedSolver) and isinstance(solver.coordinates, Frame)

    def _framed(self, point: Minimiser) -> Minimiser | None:
        solver = self.tracker.solvers[point.chart]
        if not isinstance(solver.objective, FloatObjective) or point.face.groups:
            return None
        own = independence(solver, point)
        if not 0 < own < 1 / VALLEY:
            return None
        last = self.known.get(point.chart)
        if last is not None:
            found = last.entered(point)
            if found is not None and independence(last, found) > GOOD:
                return found
        last = TransformedSolver(solver, along(solver, point), len(self.tracker.solvers))
        self.tracker.solvers.append(last)
        self.known[point.chart] = last
        return last.entered(point)


def along(solver: Solver, point: Minimiser) -> Frame:
    """The frame of the eigenvectors of the Hessian in the free parameters."""
    free = solver.free(point.face)
    rows = np.eye(solver.objective.d)
    _, vectors = np.linalg.eigh(_hessian(solver, point))
    vectors = vectors * np.sign(vectors[np.argmax(np.abs(vectors), axis=0), range(len(free))])
    rows[np.ix_(free, free)] = np.round(vectors.T * PRECISION) / PRECISION
    return Frame(tuple(tuple(row.tolist()) for row in rows))


def independence(solver: Solver, point: Minimiser) -> float:
    """det H / Π H_ii in the free parameters: 1 if the axes are those of the valley, 0 at worst."""
    h = _hessian(solver, point)
    return float(np.linalg.det(h) / max(float(np.prod(np.abs(np.diag(h)))), 1e-300))


def _hessian(solver: Solver, point: Minimiser) -> Array:
    free = 1 + solver.free(point.face)
    local = solver.objective.local(point.alpha, point.w, point.face.pattern)
    found: Array = local.hessian[np.ix_(free, free)]
    return found
