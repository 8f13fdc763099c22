"""Validation loss: ℓ*(α) = min { g(w) : w ∈ argmin_W f(α, ·) }, g the loss on held-out examples.

The minimisers of f over W lie in the cells that attain the training dual
(:mod:`geometry.argmins`). Where such a cell has one minimiser w(α), a vector of rational
functions, g(w(α)) is piecewise rational (:mod:`geometry.validation_values`); ℓ* is the lower
envelope of these functions, and may jump where the minimiser changes cells. At an α where more
cells attain the training dual than beside it, ℓ* is the least of their values: the optimistic
choice. It is lower semicontinuous because the graph of argmin is closed.

Cells are looked at independently (:mod:`geometry.best_fits`), and what they contribute is put
together in their order, so that the result does not depend on where that is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TypeVar

from geometry.algebraic import RealAlgebraic
from geometry.argmins import meetings
from geometry.best_fits import BestFits, Contribution, Fit
from geometry.cell_programs import program_of
from geometry.convex import CellBound
from geometry.convex_dual import ConvexDual
from geometry.dips import pieces_with_dips
from geometry.dual import DualFunction
from geometry.envelope import Envelope, Segment
from geometry.refinement import RefinedCells, RefinedKey
from geometry.search import hyperparameter_interval
from geometry.second_stage import Best
from geometry.values import Level
from geometry.verdicts import Verdict
from piecewise.objective import CellKey
from piecewise.problems import Problem

Member = TypeVar("Member")
CHUNK = 8
"""Cells of a task."""


@dataclass(frozen=True)
class Task:
    """Cells, by their proofs, or refined cells, to be looked at before a time on the monotonic
    clock. What is found is a function of the cells and the problem."""

    bounds: tuple[CellBound, ...] = ()
    refined: tuple[RefinedKey, ...] = ()
    deadline: float | None = None


Run = Callable[[Sequence[Task]], Iterable[Sequence[Contribution | None]]]
"""Carries out tasks, in order."""
Report = Callable[[str, int, int], None]


def perform(fits: BestFits, task: Task) -> list[Contribution | None]:
    """What every cell of the task contributes; None for those after the deadline."""
    looks: list[Callable[[], Contribution]] = [
        partial(fits.of_cell, bound) for bound in task.bounds
    ]
    looks += [partial(fits.of_refined, key) for key in task.refined]
    found: list[Contribution | None] = []
    for look in looks:
        late = task.deadline is not None and monotonic() > task.deadline
        found.append(None if late else look())
    return found


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
    fits: BestFits,
    training: ConvexDual,
    run: Run | None = None,
    report: Report = lambda stage, done, total: None,
    deadline: float | None = None,
) -> ValidationDual:
    """The validation loss on A.

    A cell of a network that has, or may have, several minimisers is refined
    (:mod:`geometry.refinement`), and the best of them is found in every part. Where it is not
    found (at an irrational α where a stationary point does not exist), and where cells attain the
    training dual that are not reached when time runs out, the result is an upper bound. Where the
    training dual itself is unfinished it is the loss of the best parameters that it knows, and no
    bound. In all these cases the claim is ``UNRESOLVED``, with reasons and ``open`` intervals.

    Args:
        fits: the cells of a problem with held-out examples and this training dual.
        training: the dual function of its training loss.
        run: carries out tasks; in this process by default.
        report: told the stage and how many of how many cells are done.
        deadline: on the monotonic clock.
    """
    search = _Search(fits.problem, training)
    if training.open_cells:
        search.give_up()
    else:
        carry = run or (lambda tasks: (perform(fits, task) for task in tasks))
        search.look(fits, carry, report, deadline)
    if search.doubts:
        for part in (part for piece in training.pieces for part in piece.parts):
            search.add(fits.along(part))
    segments = Envelope().lowered(search.segments).segments
    pieces, values = pieces_with_dips(segments, search.points)
    return ValidationDual(
        fits.problem,
        tuple(pieces),
        tuple(values),
        claim=Verdict.UNRESOLVED if search.doubts else Verdict.PROVED,
        reasons=tuple(dict.fromkeys(search.doubts)),
        training=training,
        fits=search.fits,
        best=tuple(search.best),
        refined=fits.refined,
        refined_bounds=tuple(search.refined_bounds),
        several=tuple(search.several),
        open=_united(search.open),
    )


class _Search:
    """Values of the validation loss at minimisers of the training loss, cell by cell."""

    def __init__(self, problem: Problem, training: ConvexDual) -> None:
        self.training = training
        self.segments: list[Segment] = []
        self.points: list[Level] = []
        self.fits: dict[tuple[CellKey, tuple[str, ...]], Fit] = {}
        self.best: list[tuple[CellKey, Best]] = []
        self.several: list[tuple[CellKey, Best]] = []
        self.refined_bounds: list[CellBound] = []
        self.doubts: list[str] = []
        self.open: list[tuple[RealAlgebraic, RealAlgebraic]] = []
        self._whole = hyperparameter_interval(problem)

    def look(self, fits: BestFits, run: Run, report: Report, deadline: float | None) -> None:
        """What all cells contribute; cells that time does not suffice for are left."""
        bounds = self.training.bounds
        tasks = [Task(bounds=chunk, deadline=deadline) for chunk in _chunks(bounds)]
        found = _collected(run(tasks), "best fits", len(bounds), report)
        pairs = list(zip(bounds, found, strict=True))
        keys = [
            key
            for bound, own in pairs
            if own is not None and own.refine
            for key in fits.refined.within(bound.key)
        ]
        tasks = [Task(refined=chunk, deadline=deadline) for chunk in _chunks(keys)]
        parts = iter(_collected(run(tasks), "refined cells", len(keys), report))
        left = []
        for bound, own in pairs:
            whole = [own]
            if own is not None and own.refine:
                whole = [next(parts) for _ in fits.refined.within(bound.key)]
            for each in whole:
                if each is not None:
                    self.add(each)
            if None in whole:
                left.append(bound)
        if left:
            self.leave(left)

    def add(self, own: Contribution) -> None:
        """Take in what a cell contributes."""
        self.segments += own.segments
        self.points += own.points
        self.fits |= own.fits
        self.best += own.best
        self.several += own.several
        if own.bound is not None:
            self.refined_bounds.append(own.bound)
        for doubt in own.doubts:
            self._doubt(*doubt)

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

    def _doubt(self, lower: RealAlgebraic, upper: RealAlgebraic, reason: str) -> None:
        self.doubts.append(reason)
        self.open.append((lower, upper))


def _chunks(members: Sequence[Member]) -> list[tuple[Member, ...]]:
    return [tuple(members[i : i + CHUNK]) for i in range(0, len(members), CHUNK)]


def _collected(
    results: Iterable[Sequence[Contribution | None]], stage: str, total: int, report: Report
) -> list[Contribution | None]:
    found: list[Contribution | None] = []
    for result in results:
        found += result
        report(stage, len(found), total)
    return found


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
