"""Finished work on disk, keyed by content, so that an interrupted run resumes.

A SQLite file maps the digest of (problem, task) to the bounds of the task's cells as
JSON. Each result is committed when it is finished; a killed run loses only what was
under way. What is read back is data, never code, and the checker verifies the certificate
that is built from it like any other.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flint import fmpz, fmpz_poly

from geometry.algebraic import RealAlgebraic, read_fmpq
from geometry.convex import CellBound, Step
from geometry.envelope import Segment
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.search import Task
from pieceproof.certificate import digest
from pieceproof.problem_document import problem_document
from piecewise.objective import CellKey
from piecewise.problems import Problem


class CacheError(OSError):
    """The file of finished work cannot be used."""


class Cache:
    """Finished tasks of one problem in a SQLite file."""

    def __init__(self, path: Path, problem: Problem) -> None:
        """Open or create the file.

        Raises:
            CacheError: the file is not a database of this kind or cannot be written.
        """
        self.path = path
        self._problem = digest([version("pieceproof"), problem_document(problem)])
        with self._reported():
            self._connection = sqlite3.connect(path)
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS finished (task TEXT PRIMARY KEY, bounds TEXT NOT NULL)"
            )
            self._connection.commit()

    def get(self, task: Task) -> list[CellBound] | None:
        """The finished bounds of a task, or None.

        Raises:
            CacheError: the file cannot be read.
        """
        with self._reported():
            row = self._connection.execute(
                "SELECT bounds FROM finished WHERE task = ?", (self._key(task),)
            ).fetchone()
        return None if row is None else [_bound(entry) for entry in json.loads(row[0])]

    def put(self, task: Task, bounds: Iterable[CellBound]) -> None:
        """Keep the bounds of a finished task.

        Raises:
            CacheError: the file cannot be written (a full disk, say).
        """
        text = json.dumps([_bound_json(bound) for bound in bounds])
        with self._reported():
            self._connection.execute(
                "INSERT OR REPLACE INTO finished VALUES (?, ?)", (self._key(task), text)
            )
            self._connection.commit()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CacheError(f"{self.path}: {error}; remove the file to start afresh") from error

    def _key(self, task: Task) -> str:
        keys = [_key_json(key) for key in task.keys]
        envelope = [_segment_json(segment) for segment in task.envelope.segments]
        return digest([self._problem, keys, envelope])

    def close(self) -> None:
        """Close the file; it stays for a later run."""
        self._connection.close()


@contextmanager
def opened(path: Path | None, problem: Problem) -> Iterator[Cache | None]:
    """The cache at ``path``, closed at the end; None without a path."""
    if path is None:
        yield None
        return
    with closing(Cache(path, problem)) as cache:
        yield cache


def _number_json(number: RealAlgebraic) -> list[Any]:
    lower, upper = number.isolating_interval()
    return [_poly_json(number.polynomial), str(lower), str(upper)]


def _number(entry: Sequence[Any]) -> RealAlgebraic:
    return RealAlgebraic(_poly(entry[0]), read_fmpq(entry[1]), read_fmpq(entry[2]))


def _poly_json(p: fmpz_poly) -> list[str]:
    return [str(c) for c in p.coeffs()]


def _poly(entry: Sequence[str]) -> fmpz_poly:
    return fmpz_poly([fmpz(c) for c in entry])


def _interval_json(interval: Interval) -> list[Any]:
    return [_number_json(interval.lower), _number_json(interval.upper)]


def _interval(entry: Sequence[Any]) -> Interval:
    return Interval(_number(entry[0]), _number(entry[1]))


def _key_json(key: CellKey) -> list[Any]:
    return [list(key.cells), list(key.signs)]


def _key(entry: Sequence[Any]) -> CellKey:
    return CellKey(tuple(entry[0]), tuple(entry[1]))


def _function_json(function: RationalFunction) -> list[Any]:
    return [_poly_json(function.numerator), _poly_json(function.denominator)]


def _function(entry: Sequence[Any]) -> RationalFunction:
    return RationalFunction(_poly(entry[0]), _poly(entry[1]))


def _segment_json(segment: Segment) -> list[Any]:
    return [
        _interval_json(segment.interval),
        _function_json(segment.function),
        _key_json(segment.key),
        list(segment.active),
        _function_json(segment.above),
    ]


def _segment(entry: Sequence[Any]) -> Segment:
    interval, function, key, active, above = entry
    return Segment(
        _interval(interval), _function(function), _key(key), tuple(active), _function(above)
    )


def _bound_json(bound: CellBound) -> list[Any]:
    return [
        _key_json(bound.key),
        [[_interval_json(step.interval), list(step.active)] for step in bound.steps],
        [_segment_json(segment) for segment in bound.improvements],
    ]


def _bound(entry: Sequence[Any]) -> CellBound:
    key, steps, improvements = entry
    return CellBound(
        _key(key),
        tuple(Step(_interval(interval), tuple(active)) for interval, active in steps),
        tuple(_segment(segment) for segment in improvements),
    )
