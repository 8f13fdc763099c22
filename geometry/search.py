"""ℓ* as the envelope of all cells, in rounds.

All cells of a round are compared with the same envelope, that of the round before, and
their improvements are merged in a fixed order. So the result, proofs included, does not
depend on how the work of a round is distributed. The cells come in a seeded random
order and rounds grow by a constant factor: the expected number of improvements per α
is logarithmic in the number of cells, and nearly all cells meet a good envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Protocol

from geometry.cell_programs import program_of
from geometry.convex import CellBound, ParametricProgram, bound_cell
from geometry.convex_dual import ConvexDual
from geometry.envelope import Envelope
from geometry.intervals import Interval
from geometry.stationary import CellProgram
from piecewise.exact import to_fmpq
from piecewise.objective import DEFAULT_MAX_CELLS, CellKey, ConvexObjective
from piecewise.problems import Problem

ORDER_SEED = 0
"""Seed of the order in which cells are taken."""

CHUNK = 32
"""Cells per task: seconds of work at most, milliseconds at least."""

LARGEST_ROUND = 1024
"""Rounds double up to this many cells; then every round has as many."""


@dataclass(frozen=True)
class Task:
    """Cells to be compared with an envelope; a pure function of its fields and the problem."""

    keys: tuple[CellKey, ...]
    envelope: Envelope


Run = Callable[[Sequence[Task]], Iterable[Sequence[CellBound]]]
"""Carries out tasks and yields their results in the order of the tasks."""


class Cells(Protocol):
    """Cells with convex problems, each on its interval of α, that are bounded independently."""

    problem: Problem
    max_cells: int

    def again(self) -> Callable[[], Cells]:
        """What makes the same cells in another process, where it can be sent."""

    def keys(self) -> Iterable[CellKey]:
        """All cells."""

    def program(self, key: CellKey) -> ParametricProgram:
        """The parametric program of a cell."""

    def within(self, key: CellKey) -> Interval:
        """Where in A the cell exists."""

    def start(self) -> Envelope:
        """What is known before any cell: nothing, or an upper bound of ℓ* on A."""


class ConvexCells:
    """The cells of a convex objective; they do not depend on α."""

    def __init__(
        self,
        problem: Problem,
        max_cells: int = DEFAULT_MAX_CELLS,
        objective: ConvexObjective | None = None,
    ) -> None:
        self.problem, self.max_cells = problem, max_cells
        self.objective = objective or ConvexObjective(problem, max_cells)
        self._whole = hyperparameter_interval(problem)

    @classmethod
    def of(cls, objective: ConvexObjective) -> ConvexCells:
        """The cells of a given objective."""
        return cls(objective.problem, objective.max_cells, objective)

    def again(self) -> Callable[[], Cells]:
        """The cells, enumerated anew from the problem."""
        return partial(ConvexCells, self.problem, self.max_cells)

    def keys(self) -> Iterable[CellKey]:
        """All cells."""
        return self.objective.keys()

    def program(self, key: CellKey) -> CellProgram:
        """The parametric program of a cell."""
        return program_of(self.objective.cell(key))

    def within(self, key: CellKey) -> Interval:
        """A."""
        return self._whole

    def start(self) -> Envelope:
        """Nothing."""
        return Envelope()


def perform(cells: Cells, task: Task) -> list[CellBound]:
    """Bound every cell of the task."""
    return [bound_cell(cells.program(key), task.envelope, cells.within(key)) for key in task.keys]


def hyperparameter_interval(problem: Problem) -> Interval:
    """A as an interval with rational ends."""
    lower, upper = problem.interval
    return Interval.rational(to_fmpq(lower), to_fmpq(upper))


def _rounds(keys: Sequence[CellKey]) -> Iterator[list[tuple[CellKey, ...]]]:
    """The keys in rounds of 1, 1, 2, 4, … cells, each round in chunks."""
    start, size = 0, 1
    while start < len(keys):
        members = keys[start : start + size]
        yield [tuple(members[i : i + CHUNK]) for i in range(0, len(members), CHUNK)]
        start += size
        size = min(start, LARGEST_ROUND)


def exact_dual(
    objective: ConvexObjective,
    run: Run | None = None,
    report: Callable[[int], None] = lambda done: None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> ConvexDual:
    """The dual function of a convex objective with the proofs for every cell; see :func:`swept`."""
    envelope, bounds, left = swept(ConvexCells.of(objective), run, report, out_of_time)
    return ConvexDual.of_envelope(objective, envelope, bounds, left)


def swept(
    cells: Cells,
    run: Run | None = None,
    report: Callable[[int], None] = lambda done: None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> tuple[Envelope, list[CellBound], int]:
    """The envelope of all cells, the proof for every cell by its key, and how many have none.

    Args:
        cells: what is bounded.
        run: carries out the tasks of a round; in this process by default.
        report: told how many cells are done.
        out_of_time: asked before every round but the first; when it says yes, the
            remaining cells stay open and the result says so.
    """
    keys = list(cells.keys())
    Random(ORDER_SEED).shuffle(keys)
    envelope, bounds = cells.start(), list[CellBound]()
    for chunks in _rounds(keys):
        if bounds and out_of_time():
            break
        tasks = [Task(chunk, envelope) for chunk in chunks]
        results = run(tasks) if run else (perform(cells, task) for task in tasks)
        for result in results:
            bounds += result
            report(len(bounds))
            for bound in result:
                envelope = envelope.lowered(bound.improvements)
    bounds.sort(key=lambda bound: bound.key)
    return envelope, bounds, len(keys) - len(bounds)
