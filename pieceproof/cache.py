"""Finished bounds of cells, kept in a store between runs.

The checker verifies the certificate that is built from what is read back like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from geometry.convex import CellBound
from geometry.search import Task
from pieceproof import store
from pieceproof.kept_spells import KeptSpells
from pieceproof.plain import bound_json, key_json, read_bound, segment_json
from pieceproof.problem_document import problem_document
from pieceproof.store import Store
from piecewise.problems import Problem


class Cache:
    """Finished tasks of one problem, kept in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, task: Task) -> list[CellBound] | None:
        """The finished bounds of a task, or None.

        Raises:
            CacheError: the file cannot be read.
        """
        entries = self._store.get(_task_json(task))
        return None if entries is None else [read_bound(entry) for entry in entries]

    def put(self, task: Task, bounds: Iterable[CellBound]) -> None:
        """Keep the bounds of a finished task.

        Raises:
            CacheError: the file cannot be written (a full disk, say).
        """
        self._store.put(_task_json(task), [bound_json(bound) for bound in bounds])

    @property
    def spells(self) -> KeptSpells:
        """The patterns of a network whose cells move with α."""
        return KeptSpells(self._store)


@contextmanager
def opened(path: Path | None, problem: Problem) -> Iterator[Cache | None]:
    """The cache at ``path``, closed at the end; None without a path."""
    with store.opened(path, [version("pieceproof"), problem_document(problem)]) as kept:
        yield None if kept is None else Cache(kept)


def _task_json(task: Task) -> list[Any]:
    envelope = [segment_json(segment) for segment in task.envelope.segments]
    return [[key_json(key) for key in task.keys], envelope]
