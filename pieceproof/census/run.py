"""All strata of a problem examined: in this process, in worker processes, from a store.

Strata are independent tasks; the census lists them in the order of their stream, so where
they run does not change it.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from importlib.metadata import version
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from geometry.census import LIMITS, Census, Setting, StratumRecord, examine
from geometry.engines import ENGINES, Limits, available
from geometry.optimality import Stratum
from geometry.stratification import strata
from pieceproof.problem_document import problem_document
from pieceproof.processes import worker_pool
from pieceproof.progress import Progress
from pieceproof.specfile import load_problem
from pieceproof.store import Store, opened
from piecewise.layers import DEFAULT_MAX_CELLS
from piecewise.polynomial_objective import PiecewiseObjective
from piecewise.problems import Problem

AHEAD = 4
"""Strata handed to every worker in advance."""


def take_census(
    problem: Problem | str | Path,
    *,
    jobs: int = 1,
    progress: Progress = lambda stage, done, total: None,
    cache: Path | None = None,
    seconds: float | None = None,
    question_seconds: float = LIMITS.seconds,
    max_codimension: int | None = None,
    max_cells: int = DEFAULT_MAX_CELLS,
) -> Census:
    """Examine every stratum of a problem.

    Args:
        problem: a model with at most one hidden layer, any activations and output weights, or
            the path of a spec file.
        jobs: worker processes; the result does not depend on it.
        progress: told the stage and how far it is, in cells.
        cache: file of examined strata; an interrupted run with the same problem and limits
            resumes.
        seconds: time budget of the whole; the strata that are then left stay open.
        question_seconds: time limit of every question to an engine.
        max_codimension: leave out strata on more constraints than this.
        max_cells: most cells of one unit's arrangement, and of all units together.

    Raises:
        NotYetSupported: the loss or the depth of the network is not covered.
        TooManyCells: more cells than ``max_cells``.
        SpecError: the spec file cannot be used.
        CacheError: the cache file cannot be used.
    """
    deadline = inf if seconds is None else monotonic() + seconds
    stated = problem if isinstance(problem, Problem) else load_problem(problem)
    objective = PiecewiseObjective(stated, max_cells)
    total = objective.layer.case_count()
    walls = {p.name: (p.lower, p.upper) for p in stated.parameters}
    limits = Limits(seconds=min(question_seconds, inf if seconds is None else max(seconds, 1)))
    engines = [engine.name for engine in available(ENGINES)]
    about = ["census", version("pieceproof"), problem_document(stated), limits.seconds, engines]
    records: list[StratumRecord] = []
    cells = 0
    with opened(cache, about) as store, _executor(jobs) as executor:
        work = partial(examine, setting=Setting(stated.interval, walls, limits))
        tasks = _Tasks(executor, work, store, AHEAD * jobs if jobs > 1 else 1)
        for record in tasks.results(strata(objective, max_codimension), deadline):
            cells += not records or record.cell != records[-1].cell
            records.append(record)
            progress("cells", min(cells, total), total)
    if tasks.complete:
        progress("cells", total, total)
    return Census(tuple(records), stated.interval, objective.layer.cell_count(), tasks.complete)


class _Here(Executor):
    """Carries out every task at once, in this process."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*arguments, **named))
        return done


def _executor(jobs: int) -> Executor:
    return _Here() if jobs == 1 else worker_pool(jobs)


@dataclass
class _Tasks:
    """Strata under way: at most ``ahead``; what is finished is stored at once."""

    executor: Executor
    work: Callable[[Stratum], StratumRecord]
    store: Store | None
    ahead: int
    complete: bool = True
    _running: dict[Future[StratumRecord], list[str]] = field(default_factory=dict)

    def results(self, stream: Iterator[Stratum], deadline: float) -> Iterator[StratumRecord]:
        """The records of a stream of strata in its order, until the deadline."""
        waiting: deque[Future[StratumRecord]] = deque()
        while True:
            late = monotonic() > deadline
            stratum = None if late else next(stream, None)
            if stratum is not None:
                waiting.append(self._started(stratum))
                self._keep(0)
            if waiting and (stratum is None or len(waiting) >= self.ahead):
                while not waiting[0].done() and monotonic() < deadline:
                    self._keep(min(deadline - monotonic(), 60))
                if not waiting[0].done():
                    break
                yield waiting.popleft().result()
            elif stratum is None:
                break
        self.complete = not waiting and next(stream, None) is None
        yield from (future.result() for future in waiting if future.done())
        if not self.complete:
            self._stop()

    def _started(self, stratum: Stratum) -> Future[StratumRecord]:
        task = [stratum.cell, *stratum.labels]
        known = self.store.get(task) if self.store else None
        if known is not None:
            kept: Future[StratumRecord] = Future()
            kept.set_result(record_from_builtins(known))
            return kept
        future = self.executor.submit(self.work, stratum)
        self._running[future] = task
        return future

    def _keep(self, timeout: float) -> None:
        """Wait for something to finish, and store what has."""
        finished, _ = wait(self._running, max(timeout, 0), FIRST_COMPLETED)
        for future in finished:
            task = self._running.pop(future)
            if self.store:
                self.store.put(task, builtins_of(future.result()))

    def _stop(self) -> None:
        """Late strata are not waited for."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        if isinstance(self.executor, ProcessPoolExecutor):
            for process in multiprocessing.active_children():
                process.terminate()


def builtins_of(record: StratumRecord) -> dict[str, Any]:
    """A record as a JSON value; fractions as "p/q"."""
    entry: dict[str, Any] = msgspec.to_builtins(record, enc_hook=str)
    return entry


def record_from_builtins(entry: Any) -> StratumRecord:
    """The inverse of :func:`builtins_of`."""
    return msgspec.convert(entry, StratumRecord, dec_hook=_read)


def _read(wanted: type, entry: Any) -> Any:
    if wanted is Fraction:
        return Fraction(entry)
    raise TypeError(f"{wanted} is not expected")
