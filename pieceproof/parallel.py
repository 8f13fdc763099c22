"""Carrying out the tasks of a search: in this process, in worker processes, from a cache.

Tasks are pure functions of the problem and their own fields, so where they run does not
change any result. Each worker makes the cells once; those that are hard to find are sent to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from geometry import margin_dual, validation
from geometry.best_fits import BestFits, Contribution
from geometry.convex import CellBound
from geometry.margin_dual import Memory, Searches
from geometry.margins import Outcome
from geometry.search import Cells, Run, Task, perform
from pieceproof.cache import Cache
from pieceproof.kept_fits import KeptFits
from pieceproof.kept_regions import KeptRegions
from pieceproof.processes import worker_pool
from pieceproof.store import Store

T = TypeVar("T", contravariant=True)
R = TypeVar("R")

_started: list[Cells] = []
"""The cells of this worker process, made once by its initializer."""


def _start(again: Callable[[], Cells]) -> None:
    _started[:] = [again()]


def _perform(task: Task) -> list[CellBound]:
    return perform(_started[0], task)


@contextmanager
def runner(cells: Cells, jobs: int, cache: Cache | None) -> Iterator[Run]:
    """A :data:`~geometry.search.Run` with ``jobs`` processes that keeps what it finishes."""
    if jobs == 1:
        yield partial(_cached, cache, lambda tasks: (perform(cells, task) for task in tasks))
        return
    with worker_pool(jobs, _start, (cells.again(),)) as executor:
        yield partial(_cached, cache, partial(executor.map, _perform))


class _Kept(Protocol[T, R]):
    """Results of finished tasks."""

    def get(self, task: T) -> list[R] | None: ...

    def put(self, task: T, found: Sequence[R]) -> None: ...


def _cached(
    cache: _Kept[T, R] | None,
    run: Callable[[Sequence[T]], Iterable[Sequence[R]]],
    tasks: Sequence[T],
) -> Iterator[Sequence[R]]:
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


_fits: list[BestFits] = []
"""The cells with held-out examples of this worker process."""


def _start_fits(again: Callable[[], BestFits]) -> None:
    _fits[:] = [again()]


def _perform_fits(task: validation.Task) -> list[Contribution | None]:
    return validation.perform(_fits[0], task)


@contextmanager
def fits_runner(fits: BestFits, jobs: int, kept: KeptFits | None) -> Iterator[validation.Run]:
    """Looks for best fits with ``jobs`` processes and keeps what is finished."""
    serial = partial(map, partial(validation.perform, fits))
    if jobs == 1:
        yield partial(_cached, kept, serial)
        return
    with worker_pool(jobs, _start_fits, (fits.again(),)) as executor:

        def pooled(tasks: Sequence[validation.Task]) -> Iterator[list[Contribution | None]]:
            """Few cells do not pay for the start of workers."""
            return executor.map(_perform_fits, tasks) if len(tasks) > 1 else serial(tasks)

        yield partial(_cached, kept, pooled)


_regions: list[Searches] = []
"""The regions of this worker process."""


def _start_regions(again: Callable[[Memory], Searches], path: Path | None, about: Any) -> None:
    """The store stays open as long as the process."""
    memory = Memory() if path is None else KeptRegions(Store(path, about))
    _regions[:] = [again(memory)]


def _search_regions(task: margin_dual.Task) -> list[Outcome]:
    return _regions[0].perform(task)


@contextmanager
def region_runner(
    searches: Searches, jobs: int, path: Path | None = None, about: Any = None
) -> Iterator[margin_dual.Carry]:
    """Carries out searches in regions with ``jobs`` processes, each of which keeps what it finishes
    in the store at ``path``."""
    if jobs == 1:
        yield partial(map, searches.perform)
        return
    with worker_pool(jobs, _start_regions, (searches.again(), path, about)) as executor:
        yield partial(executor.map, _search_regions)
