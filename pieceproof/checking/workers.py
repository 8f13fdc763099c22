"""The proofs of all joint cells, checked in this process or in several.

Joint cells are independent. A worker rebuilds its checker from the JSON of problem and
pieces; outcomes come back in the order of the document, whatever the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from pieceproof.checking.constraints import Constraints
from pieceproof.checking.kinks import Kinks
from pieceproof.checking.lowerbounds import FixedCells, LowerBounds
from pieceproof.checking.objectives import Objective
from pieceproof.checking.orbits import Orbits
from pieceproof.checking.problems import read_problem
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.run import Run
from pieceproof.checking.spans import Envelope
from pieceproof.checking.unitcells import Arrangement
from pieceproof.checking.upperbounds import read_quadratic_pieces
from pieceproof.processes import worker_pool

CHUNK = 32
"""Joint cells per task."""
FEW = 4
"""So many tasks are done before another process has started."""


@dataclass(frozen=True)
class Outcome:
    """Steps and distinct active sets of one joint cell, or the reason why it is not proved."""

    steps: int
    strata: int
    reason: str | None


class Task(Protocol):
    """What a worker needs: all of it can be sent to another process."""

    @property
    def orbits(self) -> Orbits:
        """The joint cells."""

    def checker(self) -> LowerBounds:
        """The checker of single joint cells."""


@dataclass(frozen=True)
class FixedTask:
    """Joint cells that do not depend on α."""

    problem: Any
    pieces: Any
    arrangements: tuple[Arrangement, ...]
    orbits: Orbits

    def checker(self) -> LowerBounds:
        """The checker of single joint cells."""
        problem = read_problem(Node(self.problem, "problem"))
        constraints = Constraints(problem, self.arrangements)
        cells = FixedCells(
            problem, Kinks(problem, constraints, Objective(problem, self.arrangements))
        )
        return LowerBounds(
            cells.point,
            cells.within,
            Envelope(read_quadratic_pieces(Node(self.pieces, "pieces"), problem)),
        )


def check_cells(run: Run, task: Task, name: str) -> int:
    """Check the "proofs" of a document; number of distinct (cell, active set) pairs in them.

    What does not hold becomes a reason of the run, and what has been looked at is counted
    there, cells under ``name``.

    Raises:
        CertificateError: an entry is malformed.
    """
    entries = run.members["proofs"].items()
    done = steps = strata = 0
    for outcomes in check_proofs(task, entries, run.jobs):
        done += len(outcomes)
        steps += sum(outcome.steps for outcome in outcomes)
        strata += sum(outcome.strata for outcome in outcomes)
        run.reasons += [outcome.reason for outcome in outcomes if outcome.reason]
        run.tell(done, len(entries))
        if run.full:
            break
    run.checked |= {name: done, "steps": steps}
    return strata


def check_proofs(task: Task, proofs: list[Node], jobs: int) -> Iterator[list[Outcome]]:
    """Outcomes of the "proofs" entries, chunk by chunk, in order.

    Raises:
        CertificateError: an entry is malformed.
    """
    chunks = [proofs[start : start + CHUNK] for start in range(0, len(proofs), CHUNK)]
    if jobs <= 1 or len(chunks) <= FEW:
        checker = task.checker()
        for chunk in chunks:
            yield [_outcome(checker, task.orbits, node) for node in chunk]
        return
    with worker_pool(min(jobs, len(chunks)), _start, (task,)) as pool:
        try:
            yield from pool.map(_run, chunks)
        finally:  # also when the caller has seen enough
            pool.shutdown(cancel_futures=True)


def _outcome(checker: LowerBounds, orbits: Orbits, node: Node) -> Outcome:
    entry = node.fields("cell", "steps", optional=("signs",))
    try:
        steps, strata = checker.check(orbits.read_case(entry, node.path), entry["steps"])
    except Refuted as refuted:
        return Outcome(0, 0, str(refuted))
    return Outcome(steps, strata, None)


_started: list[tuple[LowerBounds, Orbits]] = []
"""The checker of this worker process, built once by its initializer."""


def _start(task: Task) -> None:
    _started[:] = [(task.checker(), task.orbits)]


def _run(chunk: list[Node]) -> list[Outcome]:
    checker, orbits = _started[0]
    return [_outcome(checker, orbits, node) for node in chunk]
