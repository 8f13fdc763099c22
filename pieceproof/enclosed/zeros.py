"""Proposals for exact interpolation: slabs on which some w ∈ W makes all residuals vanish.

Gauss–Newton from promising points finds a zero of the residuals at one α; parameters to solve for
are chosen by pivoting, the others keep their place. Slabs grow by halving: a slab is proposed
where the zero at its middle is proved for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from geometry.proposals.loops import Array
from geometry.proposals.minimisers import Solver
from geometry.proposals.slabbing import Proposal
from pieceproof.checking.enclosing.interpolation import Interpolation, explained
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.tubes import Path, Space, Stratum
from pieceproof.checking.reading import Refuted
from piecewise.exact import to_fmpq

STEPS = 40
STARTS = 24
SHORTEST = Fraction(1, 2**20)
"""Slabs are not cut below this part of A."""
HOPELESS = 400
"""Intervals that are cut at most."""


@dataclass(frozen=True, eq=False)
class Zero(Proposal):
    """A slab of kind "zero": chart, pattern, path, and what is solved for."""

    chart: int = 0
    pattern: Pattern = ()
    centre: Array = field(default_factory=lambda: np.zeros(0))
    slope: Array = field(default_factory=lambda: np.zeros(0))
    examples: tuple[int, ...] = ()
    solved: tuple[int, ...] = ()

    def document(self, names: Sequence[str]) -> dict[str, Any]:
        """The slab as a document writes it."""
        return {
            "interval": [str(self.lower), str(self.upper)],
            "kind": "zero",
            "curves": [
                {
                    "chart": self.chart,
                    "pattern": [list(unit) for unit in self.pattern],
                    "examples": [t + 1 for t in self.examples],
                    "solved": [names[i] for i in self.solved],
                    "centre": self.centre.tolist(),
                    "slope": self.slope.tolist(),
                }
            ],
        }


@dataclass
class Zeros:
    """The search; ``tick`` is told every α looked at, and may raise to stop."""

    spaces: Sequence[Space]
    solvers: Sequence[Solver]
    interval: tuple[Fraction, Fraction]
    tick: Callable[[float], None]
    known: list[tuple[int, Array]] = field(default_factory=list)
    failures: int = 0

    def run(self) -> list[Zero]:
        """Slabs with ℓ* = 0, in order."""
        network = self.spaces[0].network
        if network.polynomial is not None or network.is_regularised or not self._may_fit():
            return []
        return list(self._over(*self.interval, 3))

    def _may_fit(self) -> bool:
        """Whether there are no more independent residuals than parameters."""
        network = self.spaces[0].network
        pieces = zip(network.first, network.second, strict=True)
        silent = any(not a and not b for a, b in pieces)
        rows = {
            (x, y)
            for x, y in zip(network.inputs, network.targets, strict=True)
            if not (silent and network.offset == y)
        }
        return len(rows) <= network.parameters

    def _over(self, lower: Fraction, upper: Fraction, blind: int) -> Iterator[Zero]:
        """Halving; ``blind`` times also where there is no zero at the middle."""
        middle = (lower + upper) / 2
        self.tick(float(middle))
        for chart, w in self._fits(float(middle)):
            found = self._slab(chart, w, lower, upper)
            if found is not None:
                self.known.insert(0, (chart, w))
                yield found
                return
            blind = max(blind, 1)
        self.failures += 1
        if self.failures > HOPELESS:
            return
        if blind == 0 and not any(True for end in (lower, upper) for _ in self._fits(float(end))):
            return
        if upper - lower <= SHORTEST * (self.interval[1] - self.interval[0]):
            return
        yield from self._over(lower, middle, max(0, blind - 1))
        yield from self._over(middle, upper, max(0, blind - 1))

    def _fits(self, alpha: float) -> Iterator[tuple[int, Array]]:
        """Points with vanishing residuals at α: near known ones, else from a search."""
        del self.known[4:]
        any_ = False
        for chart, w in list(self.known):
            point = self._newton(chart, alpha, w)
            if point is not None:
                any_ = True
                yield chart, point
        if any_:
            return
        found: list[tuple[float, int, Array]] = []
        for chart, solver in enumerate(self.solvers):
            for start in solver.starts(alpha, STARTS):
                point = self._newton(chart, alpha, start)
                if point is not None:
                    found.append((self._room(chart, alpha, point), chart, point))
        for _, chart, point in sorted(found, key=lambda each: -each[0])[:3]:
            yield chart, point

    def _newton(self, chart: int, alpha: float, start: Array) -> Array | None:
        """A point of W with vanishing residuals, by Gauss and Newton."""
        objective = self.solvers[chart].objective
        size = 1 + float(np.max(np.abs(objective.y)))
        margin = 1e-6 * (objective.upper - objective.lower)
        w = np.clip(start, objective.lower + margin, objective.upper - margin)
        for _ in range(STEPS):
            r, jacobian = self._residuals(chart, alpha, w, self._pattern(chart, alpha, w))
            if not (np.all(np.isfinite(r)) and np.all(np.isfinite(jacobian))):
                return None
            if np.max(np.abs(r)) < 1e-13 * size:
                return w
            step = np.linalg.lstsq(jacobian, -r, rcond=1e-10)[0]
            w = np.clip(w + step, objective.lower + margin, objective.upper - margin)
        return None

    def _pattern(self, chart: int, alpha: float, w: Array) -> Pattern:
        objective = self.solvers[chart].objective
        found = objective.piece(objective.local(alpha, w).z)
        return tuple(tuple(int(piece) for piece in unit) for unit in found)

    def _residuals(
        self, chart: int, alpha: float, w: Array, pattern: Pattern
    ) -> tuple[Array, Array]:
        box = Range.exactly(np.concatenate([[alpha], w])[None])
        jet, _ = self.spaces[chart].jets.residuals(box, pattern)
        return jet.value.middle[0], jet.gradient.middle[0][:, 1:]

    def _room(self, chart: int, alpha: float, w: Array) -> float:
        """How far a point is from walls and boundaries, in z."""
        objective = self.solvers[chart].objective
        z = objective.local(alpha, w).z
        walls = np.min([w - objective.lower, objective.upper - w])
        if not len(objective.points):
            return float(walls)
        return float(min(walls, np.min(np.abs(z[..., None] - objective.points))))

    def _slab(self, chart: int, w: Array, lower: Fraction, upper: Fraction) -> Zero | None:
        """A slab with the zero at its middle, if that can be proved."""
        space, alpha = self.spaces[chart], float((lower + upper) / 2)
        network, pattern = space.network, self._pattern(chart, alpha, w)
        examples: list[int] = []
        for t in range(network.examples):
            if not explained(network, pattern, examples, [t]):
                examples.append(t)
        box = Range.exactly(np.concatenate([[alpha], w])[None])
        gradient = space.jets.residuals(box, pattern)[0].gradient.middle[0][examples]
        if len(examples) > gradient.shape[1] - 1:
            return None
        own: tuple[int, ...] = ()
        slope = np.zeros(len(w))
        if examples:
            own = _pivots(gradient[:, 1:])
            speed = np.linalg.lstsq(gradient[:, 1:][:, own], -gradient[:, 0], rcond=None)[0]
            slope[list(own)] = speed
        found = Zero(lower, upper, "zero", (), "", chart, pattern, w, slope, tuple(examples), own)
        return found if self._holds(space, found) else None

    def _holds(self, space: Space, zero: Zero) -> bool:
        lower, upper = (around([to_fmpq(end)]) for end in (zero.lower, zero.upper))
        alpha = Range(lower.lo, upper.hi)
        path = Path(zero.centre, zero.slope, np.ones(len(zero.centre)))
        stratum = Stratum(zero.chart, zero.pattern, (), {})
        try:
            with np.errstate(all="ignore"):
                Interpolation(space, stratum, path, alpha, zero.examples, zero.solved)
        except Refuted:
            return False
        return True


def _pivots(matrix: Array) -> tuple[int, ...]:
    """As many columns as there are rows, each the longest but for what the others span."""
    rest = matrix / np.maximum(np.abs(matrix).max(axis=1, keepdims=True), 1e-300)
    chosen: list[int] = []
    for _ in range(len(matrix)):
        sizes = np.linalg.norm(rest, axis=0)
        sizes[chosen] = -1.0
        best = int(np.argmax(sizes))
        chosen.append(best)
        direction = rest[:, best] / max(float(sizes[best]), 1e-300)
        rest = rest - np.outer(direction, direction @ rest)
    return tuple(sorted(chosen))
