"""What one cell contributes to a validation loss: the held-out loss at its best fits.

A cell of the training examples that attains the training dual has minimisers w(α) of f there. If
it has one, g(w(α)) is followed. If it has, or may have, several, a linear model chooses the best of
them directly, and a cell of a network is refined (:mod:`geometry.refinement`): its refined cells
are looked at one by one. Cells do not depend on each other, so they may be looked at anywhere, in
any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from geometry.algebraic import RealAlgebraic, increasing
from geometry.argmins import Contact, Contacts, contacts, roots_within
from geometry.cell_programs import program_of
from geometry.convex import CellBound, bound_cell
from geometry.dual import Piece
from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval
from geometry.refinement import RefinedCells, RefinedKey
from geometry.search import hyperparameter_interval
from geometry.second_stage import Best, Goal, best_at, best_on
from geometry.stationary import CellProgram, Stationary
from geometry.validation_values import Path, inside, loss_at, losses_on
from geometry.values import Level
from piecewise.networks import FeedForward
from piecewise.objective import CellKey, ConvexObjective
from piecewise.problems import Problem


@dataclass(frozen=True)
class Fit:
    """How a part of a piece is attained: the active set of a minimiser of f, the second active
    set that makes it the best one (None if it is the only one), and the minimiser itself."""

    labels: tuple[str, ...]
    optimistic: tuple[str, ...] | None
    path: Path


Doubt = tuple[RealAlgebraic, RealAlgebraic, str]
"""Where the result is not proved, and why."""


@dataclass
class Contribution:
    """What is found on a cell.

    Attributes:
        refine: whether its refined cells are to be looked at; then there is nothing else.
        segments: g along minimisers of f on intervals.
        points: the same at single α.
        fits: for (cell, active set) of a segment what attains it.
        best: the best minimisers at single α at which there are several.
        several: the best minimisers on intervals on which there are several.
        bound: of a refined cell, the proof for f.
        doubts: where the result is not proved.
    """

    refine: bool = False
    segments: list[Segment] = field(default_factory=list)
    points: list[Level] = field(default_factory=list)
    fits: dict[tuple[CellKey, tuple[str, ...]], Fit] = field(default_factory=dict)
    best: list[tuple[CellKey, Best]] = field(default_factory=list)
    several: list[tuple[CellKey, Best]] = field(default_factory=list)
    bound: CellBound | None = None
    doubts: list[Doubt] = field(default_factory=list)


class BestFits:
    """The cells of a problem with held-out examples; a worker makes them once.

    Args:
        problem: a problem with held-out examples.
        objective: its training loss.
        pieces: those of the training dual.
    """

    def __init__(
        self, problem: Problem, objective: ConvexObjective, pieces: Sequence[Piece]
    ) -> None:
        self.problem, self.objective, self.pieces = problem, objective, pieces
        self.refined = RefinedCells(problem, objective)
        self._names = tuple(p.name for p in problem.parameters)
        self._linear = not isinstance(problem.model, FeedForward)
        self._whole = hyperparameter_interval(problem)
        self._lowest = Envelope(tuple(part for piece in pieces for part in piece.parts))

    def again(self) -> Callable[[], BestFits]:
        """What makes the same cells in another process, where it can be sent."""
        return partial(_again, self.problem, self.objective.max_cells, tuple(self.pieces))

    def of_cell(self, bound: CellBound) -> Contribution:
        """What a cell of the training examples contributes, by the proof of its minimum."""
        program = program_of(self.objective.cell(bound.key))
        found = contacts(program, bound, self.pieces)
        own = Contribution()
        if self._linear:
            self._take(program, found, own)
        elif found.is_clear:
            for contact in found.contacts:
                self._follow(contact, own)
        else:
            own.refine = True
        return own

    def of_refined(self, key: RefinedKey) -> Contribution:
        """What a refined cell contributes.

        A step may reach beyond where its point is feasible; if that leaves a doubt, steps that do
        not take its place. The cell's minimum is continuous, so at a pole it is the limit of v_S.
        """
        program = program_of(self.refined.training_cell(key))
        bound = bound_cell(program, self._lowest, self._whole)
        found = contacts(program, bound, self.pieces)
        if found.open or found.poles:
            bound = bound_cell(program, Envelope(), self._whole)
            found = contacts(program, bound, self.pieces)
        own = Contribution(bound=CellBound(key, bound.steps, ()))
        self._take(program, found, own)
        return own

    def along(self, part: Segment) -> Contribution:
        """The loss of the minimiser that a part of the training dual names."""
        program, own = program_of(self.objective.cell(part.key)), Contribution()
        stationary = program.stationary(program.active_set(part.active))
        self._along(path_of(program, stationary), part.interval, part.key, part.active, own)
        return own

    def _take(self, program: CellProgram, found: Contacts, own: Contribution) -> None:
        """The least loss along contacts of a cell on which both losses are convex."""
        goal = Goal(self.refined.held_out_cell(_refined_key(program.key)), self._names)
        weak: list[RealAlgebraic] = []
        for contact in found.contacts:
            if contact.flat and contact.interval is not None:
                ends = increasing([contact.lower, *contact.unclear, contact.upper])
                for lower, upper in pairwise(ends):
                    weak += self._choose(goal, contact, Interval(lower, upper), own)
            else:
                self._follow(contact, own)
        for alpha in increasing([*found.unsettled, *found.poles, *weak]):
            _settle(goal, program, alpha, own)
        for lower, upper in found.open:
            reason = f"a cell may have a minimiser at α = {lower.decimal(12)}"
            own.doubts.append((lower, upper, reason))

    def _follow(self, contact: Contact, own: Contribution) -> None:
        """The loss along a contact, the only minimiser of its cell."""
        key, path = contact.program.key, path_of(contact.program, contact.stationary)
        if contact.interval is None:
            own.points.append(Level(loss_at(self.problem, path, contact.lower), contact.lower))
            return
        self._along(path, contact.interval, key, contact.labels, own)

    def _along(
        self,
        path: Path,
        within: Interval,
        key: CellKey,
        labels: tuple[str, ...],
        own: Contribution,
    ) -> None:
        own.fits[key, labels] = Fit(labels, None, path)
        own.segments += [
            Segment(part, function, key, labels, function)
            for part, function in losses_on(self.problem, path, within)
        ]

    def _choose(
        self, goal: Goal, contact: Contact, within: Interval, own: Contribution
    ) -> list[RealAlgebraic]:
        """The loss along the best of several minimisers; the α at which that is no bound."""
        key, weak = contact.program.key, list[RealAlgebraic]()
        for best in best_on(goal, contact.program, contact.stationary, within, inside(within)):
            name = (*contact.labels, "best", *best.labels)
            own.fits[key, name] = Fit(contact.labels, best.labels, best.path)
            interval = Interval(best.lower, best.upper)
            own.segments.append(Segment(interval, best.function, key, name, best.function))
            own.several.append((key, best))
            weak += [alpha for p in best.weak for alpha in roots_within(p, interval)]
        return weak


def _again(problem: Problem, max_cells: int, pieces: Sequence[Piece]) -> BestFits:
    return BestFits(problem, ConvexObjective(problem.training(), max_cells), pieces)


def _settle(goal: Goal, program: CellProgram, alpha: RealAlgebraic, own: Contribution) -> None:
    """The best minimiser of a cell at one α with several."""
    best = best_at(goal, program, alpha)
    if best is None:
        reason = f"the training loss may have several minimisers at α = {alpha.decimal(12)}"
        own.doubts.append((alpha, alpha, reason))
        return
    own.best.append((program.key, best))
    own.points.append(Level(best.function, alpha))


def _refined_key(key: CellKey) -> RefinedKey:
    """The key itself, or that of the only cell of a linear model."""
    return key if isinstance(key, RefinedKey) else RefinedKey((), key.signs)


def path_of(program: CellProgram, stationary: Stationary) -> Path:
    """The stationary point as a path of all parameters."""
    point, denominator = program.full_point(stationary)
    return Path(point, denominator, program.key.signs)
