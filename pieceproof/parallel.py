"""Carrying out the tasks of a search: in this process, in worker processes, from a cache.

Tasks are pure functions of the problem and their own fields, so where they run does not
change any result. Each worker builds the objective once.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial

from geometry.convex import CellBound
from geometry.search import Run, Task, perform
from pieceproof.cache import Cache
from piecewise.objective import ConvexObjective
from piecewise.problems import Problem


@lru_cache(maxsize=1)
def _objective(problem: Problem) -> ConvexObjective:
    return ConvexObjective(problem)


def _perform(problem: Problem, task: Task) -> list[CellBound]:
    return perform(_objective(problem), task)


@contextmanager
def runner(
    problem: Problem, objective: ConvexObjective, jobs: int, cache: Cache | None
) -> Iterator[Run]:
    """A :data:`~geometry.search.Run` with ``jobs`` processes that keeps what it finishes."""
    if jobs == 1:
        yield partial(_cached, cache, lambda tasks: (perform(objective, task) for task in tasks))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as executor:
        yield partial(_cached, cache, partial(_spread, executor, problem))


def _spread(
    executor: Executor, problem: Problem, tasks: Sequence[Task]
) -> Iterator[list[CellBound]]:
    yield from executor.map(partial(_perform, problem), tasks)


def _cached(cache: Cache | None, run: Run, tasks: Sequence[Task]) -> Iterator[Sequence[CellBound]]:
    """Results in order; those the cache holds are not computed again."""
    known = [cache.get(task) if cache else None for task in tasks]
    missing = [task for task, result in zip(tasks, known, strict=True) if result is None]
    computed = iter(run(missing))
    for task, result in zip(tasks, known, strict=True):
        if result is not None:
            yield result
            continue
        fresh = list(next(computed))
        if cache:
            cache.put(task, fresh)
        yield fresh
