"""The certified duals of many instances: one instance per worker, finished ones kept.

An instance is computed in one process, its certificate checked there, and handed back as a
document. With a folder every certificate is written as it is finished; one that is there
already, states the same problem and passes the checker is not computed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from pieceproof.analysis import analyze_exactly
from pieceproof.certificate import write
from pieceproof.methods import Progress
from pieceproof.problem_document import problem_document
from pieceproof.processes import worker_pool
from pieceproof.store import Store
from pieceproof.stored_duals import StoredDual
from pieceproof.tasks import Task
from pieceproof.verify import CertificateError, Report, load, verify
from piecewise.errors import PiecewiseError

Checked = tuple[dict[str, Any], Report]
"""A document and what the checker said of it."""


class OutOfTime(RuntimeError):
    """The time budget ran out; the message says how much is done and where it is kept."""


class TaskError(ValueError):
    """An instance whose dual loss cannot be computed; the message names it."""


def certified(
    tasks: Sequence[Task],
    *,
    jobs: int,
    progress: Progress,
    folder: Path | None,
    seconds: float | None,
    max_cells: int,
    kept: Store | None = None,
) -> list[StoredDual]:
    """The duals of the tasks, in order; ``kept`` takes what is finished where there is no folder.

    Raises:
        OutOfTime: ``seconds`` are over before all are computed.
        TaskError: an instance that no method covers, or with too many cells.
        OSError: a certificate cannot be written.
        CacheError: what is kept cannot be read or written.
    """
    start = monotonic()
    found: dict[str, StoredDual] = {}
    known = {task.name: kept.get(_about(task)) if kept else None for task in tasks}
    work = [
        (task, None if folder is None else _path(folder, task), max_cells, known[task.name])
        for task in tasks
    ]
    progress("instances", 0, len(tasks))
    with _outcomes(work, jobs) as outcomes:
        for task, (document, report) in outcomes:
            if kept is not None and document != known[task.name]:
                kept.put(_about(task), document)
            found[task.name] = StoredDual(task.name, document, report)
            progress("instances", len(found), len(tasks))
            late = seconds is not None and monotonic() - start > seconds
            if late and len(found) < len(tasks):
                place = folder or (kept and kept.path.parent)
                again = "" if place is None else f" and kept in {place}; run it again to go on"
                raise OutOfTime(
                    f"the time budget ran out: {len(found)} of {len(tasks)} dual losses are "
                    f"computed{again}"
                )
    return [found[task.name] for task in tasks]


def _about(task: Task) -> list[Any]:
    return [task.name, problem_document(task.problem)]


def _path(folder: Path, task: Task) -> Path:
    return folder / f"{task.name}.json"


Work = tuple[Task, Path | None, int, dict[str, Any] | None]


@contextmanager
def _outcomes(work: list[Work], jobs: int) -> Iterator[Iterator[tuple[Task, Checked]]]:
    """The outcomes as they are finished."""
    if jobs == 1:
        yield ((item[0], _outcome(*item)) for item in work)
        return
    with worker_pool(min(jobs, max(1, len(work)))) as pool:
        try:
            yield _spread(pool, work)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _spread(pool: ProcessPoolExecutor, work: list[Work]) -> Iterator[tuple[Task, Checked]]:
    futures = {pool.submit(_outcome, *item): item[0] for item in work}
    for future in as_completed(futures):
        yield futures[future], future.result()


def _outcome(
    task: Task, path: Path | None, max_cells: int, known: dict[str, Any] | None
) -> Checked:
    """The certificate of one instance: that of an earlier run, or computed and written."""
    if known is not None and (report := verify(known)).accepted:
        return known, report
    if path is not None and (written := _kept(task, path)) is not None:
        return written
    try:
        dual = analyze_exactly(task.problem, max_cells=max_cells)
    except PiecewiseError as error:
        raise TaskError(f"{task.name}: model: {error}") from None
    if not StoredDual(task.name, dual.document, dual.report).is_rational:
        raise TaskError(
            f"{task.name}: model: its dual loss is enclosed, not known as rational pieces; "
            "erm takes means of exact duals"
        )
    if path is not None:
        write(dual.document, path)
    return dual.document, dual.report


def _kept(task: Task, path: Path) -> Checked | None:
    """The certificate at ``path`` if it states the problem of the task and is accepted."""
    if not path.is_file():
        return None
    try:
        document = load(path)
        if document.get("problem") != problem_document(task.problem):
            return None
        report = verify(document)
    except CertificateError:
        return None
    return (document, report) if report.accepted else None
