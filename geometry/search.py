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
from random import Random

from geometry.cell_programs import program_of
from geometry.convex import CellBound, bound_cell
from geometry.convex_dual import ConvexDual
from geometry.envelope import Envelope
from geometry.intervals import Interval
from piecewise.exact import to_fmpq
from piecewise.objective import CellKey, ConvexObjective

ORDER_SEED = 0
"""Seed of the order in which cells are taken."""

CHUNK = 32
"""Cells per task: seconds of work at most, milliseconds at least."""

LARGEST_ROUND = 1024
"""Rounds double up to this many cells; then every round has as many."""


@dataclass(frozen=True)
class Task:
    """Cells to be compared with an envelope; a pure function of its fields and the objective."""

    keys: tuple[CellKey, ...]
    envelope: Envelope


Run = Callable[[Sequence[Task]], Iterable[Sequence[CellBound]]]
"""Carries out tasks and yields their results in the order of the tasks."""


def perform(objective: ConvexObjective, task: Task) -> list[CellBound]:
    """Bound every cell of the task."""
    within = hyperparameter_interval(objective)
    return [bound_cell(program_of(objective.cell(key)), task.envelope, within) for key in task.keys]


def hyperparameter_interval(objective: ConvexObjective) -> Interval:
    """A as an interval with rational ends."""
    lower, upper = objective.problem.interval
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
    """The dual function of a convex objective with the proofs for every cell.

    Args:
        objective: what is minimised.
        run: carries out the tasks of a round; in this process by default.
        report: told how many cells are done.
        out_of_time: asked before every round but the first; when it says yes, the
            remaining cells stay open and the result says so.
    """
    keys = list(objective.keys())
    Random(ORDER_SEED).shuffle(keys)
    envelope, bounds = Envelope(), list[CellBound]()
    for chunks in _rounds(keys):
        if bounds and out_of_time():
            break
        tasks = [Task(chunk, envelope) for chunk in chunks]
        results = run(tasks) if run else (perform(objective, task) for task in tasks)
        for result in results:
            bounds += result
            report(len(bounds))
            for bound in result:
                envelope = envelope.lowered(bound.improvements)
    bounds.sort(key=lambda bound: bound.key)
    return ConvexDual.of_envelope(objective, envelope, bounds, len(keys) - len(bounds))
