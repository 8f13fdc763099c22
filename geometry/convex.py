"""A convex cell against an envelope: either it is never lower, with proof, or it lowers it.

For a sample α the optimal active set S is found exactly; w_S, λ_S, v_S are rational
functions, so the region around α where S stays valid is known at once:

* where λ_S ≥ 0, v_S bounds the cell from below (Lagrange duality), and where moreover
  v_S ≥ envelope the cell cannot matter;
* where λ_S ≥ 0 and w_S is feasible, v_S *is* the cell's minimum.

Every region has its proof in S alone. What is left of A is treated in the same way, with
samples inside it; there are finitely many active sets, each valid on finitely many
intervals, so the sweep ends. A degenerate sample (an event) is replaced by another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from flint import fmpq

from geometry.algebraic import RealAlgebraic
from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval, region_of_nonnegativity
from geometry.rational_functions import RationalFunction
from geometry.stationary import Stationary
from piecewise.objective import CellKey


class ParametricProgram(Protocol):
    """A convex problem with a parameter; :class:`~geometry.stationary.CellProgram` is one."""

    labels: tuple[str, ...]

    @property
    def key(self) -> CellKey:
        """The cell's key."""

    def optimum(self, alpha: fmpq) -> tuple[int, ...]:
        """An optimal active set at a rational α (exact)."""

    def stationary(self, active: tuple[int, ...]) -> Stationary:
        """w_S, λ_S and v_S on the active set."""

    def value_at_fixed(self, stationary: Stationary, alpha: fmpq) -> RationalFunction:
        """A function that is nowhere below ℓ*, close to it near α where that is easy."""


@dataclass(frozen=True)
class Step:
    """On the closed interval, v_S with S = ``active`` bounds the cell's minimum from below."""

    interval: Interval
    active: tuple[str, ...]


@dataclass(frozen=True)
class CellBound:
    """Proof that the cell stays above the envelope lowered by ``improvements``.

    ``steps`` are ordered, cover A and overlap or touch; each is valid on its interval.
    """

    key: CellKey
    steps: tuple[Step, ...]
    improvements: tuple[Segment, ...]


def bound_cell(program: ParametricProgram, envelope: Envelope, within: Interval) -> CellBound:
    """Compare one cell with the envelope on the whole of ``within``."""
    steps: list[Step] = []
    improvements: list[Segment] = []
    gaps = [within]
    while gaps:
        gap = gaps.pop()
        proved, candidates = _explore(program, envelope, within, gap)
        steps += proved
        improvements += candidates
        gaps += gap.minus([step.interval for step in proved])
    return CellBound(program.key, tuple(_cover(steps, within)), tuple(improvements))


def _explore(
    program: ParametricProgram, envelope: Envelope, within: Interval, gap: Interval
) -> tuple[list[Step], list[Segment]]:
    """Steps that cover a sample of the gap, and the segment below the envelope, if any."""
    for alpha in gap.samples():
        stationary = program.stationary(program.optimum(alpha))
        dual = region_of_nonnegativity(stationary.multipliers, alpha, within)
        if dual is None:
            continue
        labels = tuple(program.labels[j] for j in stationary.active)
        compared = envelope.comparison(
            stationary.value_numerator, stationary.value_denominator, dual
        )
        steps = [Step(interval, labels) for interval, s in compared if s > 0]
        if any(step.interval.has_inside(alpha) for step in steps):
            return steps, []
        primal = region_of_nonnegativity(stationary.slacks, alpha, dual)
        if primal is not None and any(
            interval.has_inside(alpha) for interval, s in compared if s < 0
        ):
            above = program.value_at_fixed(stationary, alpha)
            lower = [interval.meet(primal) for interval, s in compared if s < 0]
            candidates = [
                Segment(part, stationary.value, program.key, labels, above)
                for part in lower
                if part is not None
            ]
            return [*steps, Step(primal, labels)], candidates
    raise AssertionError("an interval has samples without end")


def _cover(steps: Iterable[Step], within: Interval) -> list[Step]:
    """A short chain of steps that covers ``within``, cut at simple rationals where they overlap."""
    available = sorted(steps, key=lambda step: step.interval.lower)
    chain: list[Step] = []
    reached = within.lower
    while not chain or reached < within.upper:
        best = max(
            (step for step in available if step.interval.lower <= reached),
            key=lambda step: step.interval.upper,
        )
        chain.append(best)
        reached = best.interval.upper
    return _cut(chain, within)


def _cut(chain: list[Step], within: Interval) -> list[Step]:
    result = []
    start = within.lower
    for index, step in enumerate(chain):
        end = step.interval.upper
        if index + 1 < len(chain):
            overlap = Interval(max(start, chain[index + 1].interval.lower), end)
            if overlap.lower < overlap.upper:
                end = RealAlgebraic.rational(overlap.sample())
        result.append(Step(Interval(start, end), step.active))
        start = end
    return result
