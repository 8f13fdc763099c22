"""Finished bounds of cells, kept in a store between runs.

The checker verifies the certificate that is built from what is read back like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flint import fmpz, fmpz_poly

from geometry.algebraic import RealAlgebraic, read_fmpq
from geometry.convex import CellBound, Step
from geometry.envelope import Segment
from geometry.intervals import Interval
from geometry.nested_cells import NestedCell
from geometry.rational_functions import RationalFunction
from geometry.search import Task
from pieceproof import store
from pieceproof.problem_document import problem_document
from pieceproof.store import Store
from piecewise.objective import CellKey
from piecewise.problems import Problem

NESTED = "nested cells"
"""The task of finding all cells of a deep network."""


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
        return None if entries is None else [_bound(entry) for entry in entries]

    def put(self, task: Task, bounds: Iterable[CellBound]) -> None:
        """Keep the bounds of a finished task.

        Raises:
            CacheError: the file cannot be written (a full disk, say).
        """
        self._store.put(_task_json(task), [_bound_json(bound) for bound in bounds])

    def nested_cells(self) -> list[NestedCell] | None:
        """All cells of a deep network, or None.

        Raises:
            CacheError: the file cannot be read.
        """
        entries = self._store.get(NESTED)
        if entries is None:
            return None
        return [
            NestedCell(chart, frozenset(active), _interval(interval))
            for chart, active, interval in entries
        ]

    def keep_nested_cells(self, cells: Iterable[NestedCell]) -> None:
        """Keep all cells of a deep network.

        Raises:
            CacheError: the file cannot be written.
        """
        self._store.put(
            NESTED,
            [[each.chart, sorted(each.active), _interval_json(each.interval)] for each in cells],
        )


@contextmanager
def opened(path: Path | None, problem: Problem) -> Iterator[Cache | None]:
    """The cache at ``path``, closed at the end; None without a path."""
    with store.opened(path, [version("pieceproof"), problem_document(problem)]) as kept:
        yield None if kept is None else Cache(kept)


def _task_json(task: Task) -> list[Any]:
    envelope = [_segment_json(segment) for segment in task.envelope.segments]
    return [[_key_json(key) for key in task.keys], envelope]


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
