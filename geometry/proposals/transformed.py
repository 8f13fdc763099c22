"""Minimisers in other coordinates of W."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from geometry.proposals.coordinates import Coordinates, TransformedObjective
from geometry.proposals.minimisers import Face, Minimiser, Solver


class TransformedSolver(Solver):
    """First-order points of F, for one chart and other coordinates."""

    def __init__(self, base: Solver, coordinates: Coordinates, index: int) -> None:
        self.base, self.coordinates, self.index = base, coordinates, index
        own = base.chart.objective
        if isinstance(own, TransformedObjective):
            raise TypeError("a chart of W is expected")
        self.transformed = self.objective = TransformedObjective(own, coordinates)
        self.chart = replace(base.chart, objective=self.objective)
        self.groups, self.soft = [], set()

    def entered(self, point: Minimiser, walls: Sequence[tuple[int, int]] = ()) -> Minimiser | None:
        """The minimiser of the base in these coordinates, at further ``walls``."""
        own = set(self.coordinates.own)
        if point.face.groups or any(i in own for i, _ in point.face.walls):
            return None
        if self.transformed.of(point.face.pattern) is None:
            return None
        face = Face(point.face.pattern, (), (*point.face.walls, *walls))
        solved = self.newton(point.alpha, self.coordinates.folded(point.w), face)
        if solved is None:
            return None
        return Minimiser(self.index, face, point.alpha, *solved, point.value)

    def left(self, point: Minimiser) -> Minimiser | None:
        """The minimiser in coordinates of W."""
        own = set(self.coordinates.own)
        face = Face(point.face.pattern, (), tuple(w for w in point.face.walls if w[0] not in own))
        solved = self.base.newton(point.alpha, self.coordinates.unfolded(point.w), face)
        if solved is None or not self.base.is_minimiser(point.alpha, solved[0], face):
            return None
        return Minimiser(self.base.index, face, point.alpha, *solved, point.value)
