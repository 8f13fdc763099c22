"""Validation loss: ℓ*(α) = min { g(w) : w ∈ argmin_W f(α, ·) }, g the loss on held-out examples.

The minimisers of f over W lie in the cells that attain the training dual
(:mod:`geometry.argmins`). Where such a cell has one minimiser w(α), a vector of rational
functions, g(w(α)) is piecewise rational (:mod:`geometry.validation_values`); ℓ* is the lower
envelope of these functions, and may jump where the minimiser changes cells. At an α where more
cells attain the training dual than beside it, ℓ* is the least of their values: the optimistic
choice. It is lower semicontinuous because the graph of argmin is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from geometry.algebraic import RealAlgebraic, increasing
from geometry.argmins import Contact, Contacts, contacts, meetings, roots_within
from geometry.cell_programs import program_of
from geometry.convex import CellBound, bound_cell
from geometry.convex_dual import ConvexDual
from geometry.dips import pieces_with_dips
from geometry.dual import DualFunction
from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval
from geometry.refinement import RefinedCells, RefinedKey
from geometry.search import hyperparameter_interval
from geometry.second_stage import Best, Goal, best_at, best_on
from geometry.stationary import CellProgram, Stationary
from geometry.validation_values import Path, inside, loss_at, losses_on
from geometry.values import Level
from geometry.verdicts import Verdict
from piecewise.networks import FeedForward
from piecewise.objective import CellKey
from piecewise.problems import Problem


@dataclass(frozen=True)
class Fit:
    """How a part of a piece is attained: the active set of a minimiser of f, the second active
    set that makes it the best one (None if it is the only one), and the minimiser itself."""

    labels: tuple[str, ...]
    optimistic: tuple[str, ...] | None
    path: Path


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ValidationDual(DualFunction):
    """The validation loss of the fitted parameters; parts are segments.

    Attributes:
        training: the dual function of the training loss, with its proofs.
        fits: for (cell, active set) of a segment what attains it.
        best: the best minimisers at single α at which there are several.
        refined: the refined cells, and ``refined_bounds`` their proofs, of all cells that have, or
            may have, several minimisers.
        several: the best minimisers on intervals on which a cell has several.
        open: where the result is not proved.
    """

    training: ConvexDual
    fits: Mapping[tuple[CellKey, tuple[str, ...]], Fit]
    best: tuple[tuple[CellKey, Best], ...]
    refined: RefinedCells
    refined_bounds: tuple[CellBound, ...]
    several: tuple[tuple[CellKey, Best], ...]
    open: tuple[tuple[RealAlgebraic, RealAlgebraic], ...]


def validation_dual(
    problem: Problem,
    training: ConvexDual,
    report: Callable[[int], None] = lambda done: None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> ValidationDual:
    """The validation loss on A.

    A cell of a network that has, or may have, several minimisers is refined
    (:mod:`geometry.refinement`), and the best of them is found in every part. Where it is not
    found (at an irrational α where a stationary point does not exist), and where cells attain the
    training dual that are not reached when time runs out, the result is an upper bound. Where the
    training dual itself is unfinished it is the loss of the best parameters that it knows, and no
    bound. In all these cases the claim is ``UNRESOLVED``, with reasons and ``open`` intervals.

    Args:
        problem: a problem with held-out examples.
        training: the dual function of its training loss.
        report: told how many cells are done.
        out_of_time: asked before every cell but the first, and before every refined cell.
    """
    search = _Search(problem, training)
    if training.open_cells:
        search.give_up()
    else:
        for done, bound in enumerate(training.bounds):
            if (done and out_of_time()) or not search.cell(bound, out_of_time):
                search.leave(training.bounds[done:])
                break
            report(done + 1)
    if search.doubts:
        search.fall_back()
    segments = Envelope().lowered(search.segments).segments
    pieces, values = pieces_with_dips(segments, search.points)
    return ValidationDual(
        problem,
        tuple(pieces),
        tuple(values),
        claim=Verdict.UNRESOLVED if search.doubts else Verdict.PROVED,
        reasons=tuple(dict.fromkeys(search.doubts)),
        training=training,
        fits=search.fits,
        best=tuple(search.best),
        refined=search.refined,
        refined_bounds=tuple(search.refined_bounds),
        several=tuple(search.several),
        open=_united(search.open),
    )


class _Search:
    """Values of the validation loss at minimisers of the training loss, cell by cell."""

    def __init__(self, problem: Problem, training: ConvexDual) -> None:
        self.problem, self.training = problem, training
        self.segments: list[Segment] = []
        self.points: list[Level] = []
        self.fits: dict[tuple[CellKey, tuple[str, ...]], Fit] = {}
        self.best: list[tuple[CellKey, Best]] = []
        self.several: list[tuple[CellKey, Best]] = []
        self.refined_bounds: list[CellBound] = []
        self.doubts: list[str] = []
        self.open: list[tuple[RealAlgebraic, RealAlgebraic]] = []
        self.refined = RefinedCells(problem, training.objective)
        self._names = tuple(p.name for p in problem.parameters)
        self._linear = not isinstance(problem.model, FeedForward)
        self._whole = hyperparameter_interval(problem)
        self._lowest = Envelope(tuple(part for piece in training.pieces for part in piece.parts))

    def cell(self, bound: CellBound, out_of_time: Callable[[], bool]) -> bool:
        """All that a cell of the training examples contributes; False if time runs out before."""
        program = program_of(self.training.objective.cell(bound.key))
        found = contacts(program, bound, self.training.pieces)
        if self._linear:
            self._take(program, found)
        elif found.is_clear:
            for contact in found.contacts:
                self._follow(contact)
        else:
            for key in self.refined.within(bound.key):
                if out_of_time():
                    return False
                self._refined(key)
        return True

    def _refined(self, key: RefinedKey) -> None:
        """All that a refined cell contributes.

        A step may reach beyond where its point is feasible; if that leaves a doubt, steps that do
        not take its place. The cell's minimum is continuous, so at a pole it is the limit of v_S.
        """
        program = program_of(self.refined.training_cell(key))
        bound = bound_cell(program, self._lowest, self._whole)
        found = contacts(program, bound, self.training.pieces)
        if found.open or found.poles:
            bound = bound_cell(program, Envelope(), self._whole)
            found = contacts(program, bound, self.training.pieces)
        self.refined_bounds.append(CellBound(key, bound.steps, ()))
        self._take(program, found)

    def _take(self, program: CellProgram, found: Contacts) -> None:
        """The least loss along contacts of a cell on which both losses are convex."""
        goal = Goal(self.refined.held_out_cell(_refined_key(program.key)), self._names)
        weak: list[RealAlgebraic] = []
        for contact in found.contacts:
            if contact.flat and contact.interval is not None:
                ends = increasing([contact.lower, *contact.unclear, contact.upper])
                for lower, upper in pairwise(ends):
                    weak += self._choose(goal, contact, Interval(lower, upper))
            else:
                self._follow(contact)
        for alpha in increasing([*found.unsettled, *found.poles, *weak]):
            self._settle(goal, program, alpha)
        for lower, upper in found.open:
            self._doubt(lower, upper, f"a cell may have a minimiser at α = {lower.decimal(12)}")

    def _follow(self, contact: Contact) -> None:
        """The loss along a contact, the only minimiser of its cell."""
        key, path = contact.program.key, path_of(contact.program, contact.stationary)
        if contact.interval is None:
            self.points.append(Level(loss_at(self.problem, path, contact.lower), contact.lower))
            return
        self._along(path, contact.interval, key, contact.labels)

    def _along(self, path: Path, within: Interval, key: CellKey, labels: tuple[str, ...]) -> None:
        self.fits[key, labels] = Fit(labels, None, path)
        self.segments += [
            Segment(part, function, key, labels, function)
            for part, function in losses_on(self.problem, path, within)
        ]

    def _choose(self, goal: Goal, contact: Contact, within: Interval) -> list[RealAlgebraic]:
        """The loss along the best of several minimisers; the α at which that is no bound."""
        key, weak = contact.program.key, list[RealAlgebraic]()
        for best in best_on(goal, contact.program, contact.stationary, within, inside(within)):
            name = (*contact.labels, "best", *best.labels)
            self.fits[key, name] = Fit(contact.labels, best.labels, best.path)
            interval = Interval(best.lower, best.upper)
            self.segments.append(Segment(interval, best.function, key, name, best.function))
            self.several.append((key, best))
            weak += [alpha for p in best.weak for alpha in roots_within(p, interval)]
        return weak

    def _settle(self, goal: Goal, program: CellProgram, alpha: RealAlgebraic) -> None:
        """The best minimiser of a cell at one α with several."""
        best = best_at(goal, program, alpha)
        if best is None:
            self._doubt(
                alpha,
                alpha,
                f"the training loss may have several minimisers at α = {alpha.decimal(12)}",
            )
            return
        self.best.append((program.key, best))
        self.points.append(Level(best.function, alpha))

    def give_up(self) -> None:
        """What minimises the training loss is not known anywhere."""
        total = self.training.open_cells + len(self.training.bounds)
        self._doubt(
            self._whole.lower,
            self._whole.upper,
            f"the time budget ran out: {self.training.open_cells} of {total} cells of the training "
            "loss have no proof yet; the curve is the held-out loss of the best parameters found, "
            "and no bound of ℓ*",
        )

    def leave(self, bounds: Sequence[CellBound]) -> None:
        """Cells that are not looked at: the loss of their minimisers is not known."""
        reason = (
            f"the time budget ran out: {len(bounds)} of {len(self.training.bounds)} cells were not "
            "searched for best fits"
        )
        self.doubts.append(reason)
        for bound in bounds:
            program = program_of(self.training.objective.cell(bound.key))
            for lower, upper in meetings(program, bound, self.training.pieces):
                self._doubt(lower, upper, reason)

    def fall_back(self) -> None:
        """On all of A the loss of the minimisers that the training dual names."""
        for part in self._lowest.segments:
            program = program_of(self.training.objective.cell(part.key))
            stationary = program.stationary(program.active_set(part.active))
            self._along(path_of(program, stationary), part.interval, part.key, part.active)

    def _doubt(self, lower: RealAlgebraic, upper: RealAlgebraic, reason: str) -> None:
        self.doubts.append(reason)
        self.open.append((lower, upper))


def _united(
    parts: Sequence[tuple[RealAlgebraic, RealAlgebraic]],
) -> tuple[tuple[RealAlgebraic, RealAlgebraic], ...]:
    """The union of closed intervals and points as disjoint ones, increasing."""
    united: list[tuple[RealAlgebraic, RealAlgebraic]] = []
    for lower, upper in sorted(parts):
        if united and lower <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], upper))
        else:
            united.append((lower, upper))
    return tuple(united)


def _refined_key(key: CellKey) -> RefinedKey:
    """The key itself, or that of the only cell of a linear model."""
    return key if isinstance(key, RefinedKey) else RefinedKey((), key.signs)


def path_of(program: CellProgram, stationary: Stationary) -> Path:
    """The stationary point as a path of all parameters."""
    point, denominator = program.full_point(stationary)
    return Path(point, denominator, program.key.signs)
