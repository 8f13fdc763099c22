"""Finished work on disk, keyed by content, so that an interrupted run resumes.

A SQLite file maps the digest of (what the work is about, task) to a JSON text. Each result
is committed when it is finished; a killed run loses only what was under way. What is read
back is data, never code.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from pieceproof.certificate import digest

PATIENCE = 60.0
"""Seconds to wait for another process that writes."""


class CacheError(OSError):
    """The file of finished work cannot be used."""


class Store:
    """Finished tasks about one thing in a SQLite file; threads take turns, and so do processes."""

    def __init__(self, path: Path, about: Any) -> None:
        """Open or create the file; ``about`` is the JSON value that all tasks share.

        Raises:
            CacheError: the file is not a database of this kind or cannot be written.
        """
        self.path = path
        self._about = digest(about)
        self._turn = Lock()
        with self._reported():
            self._connection = sqlite3.connect(path, PATIENCE, check_same_thread=False)
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS finished (task TEXT PRIMARY KEY, result TEXT NOT NULL)"
            )
            self._connection.commit()

    def get(self, task: Any) -> Any:
        """The JSON value kept for a task, or None.

        Raises:
            CacheError: the file cannot be read.
        """
        with self._turn, self._reported():
            row = self._connection.execute(
                "SELECT result FROM finished WHERE task = ?", (digest([self._about, task]),)
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, task: Any, result: Any) -> None:
        """Keep the result of a finished task; both are JSON values.

        Raises:
            CacheError: the file cannot be written (a full disk, say).
        """
        self.put_all([(task, result)])

    def put_all(self, results: Iterable[tuple[Any, Any]]) -> None:
        """Keep several results at one time.

        Raises:
            CacheError: the file cannot be written.
        """
        rows = [(digest([self._about, task]), json.dumps(result)) for task, result in results]
        if not rows:
            return
        with self._turn, self._reported():
            self._connection.executemany("INSERT OR REPLACE INTO finished VALUES (?, ?)", rows)
            self._connection.commit()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CacheError(f"{self.path}: {error}; remove the file to start afresh") from error

    def close(self) -> None:
        """Close the file; it stays for a later run."""
        self._connection.close()


@contextmanager
def opened(path: Path | None, about: Any) -> Iterator[Store | None]:
    """The store at ``path``, closed at the end; None without a path."""
    if path is None:
        yield None
        return
    with closing(Store(path, about)) as store:
        yield store
