"""Examples from a CSV file: named columns of exact decimals, read row by row under a budget."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TextIO

from pieceproof.tables import nearest
from piecewise.errors import ProblemError
from piecewise.exact import rational

MAX_LINE = 1 << 20
"""Longest line read, in characters; a file without line ends is refused, not loaded."""


class DataError(ValueError):
    """The file holds no table of numbers; the message names row and column."""


class TooManyRows(DataError):
    """The file has more rows than the budget; ``rows`` estimates how many."""

    def __init__(self, rows: int, size: int) -> None:
        super().__init__(f"about {rows:,} rows ({size / 1e6:,.1f} MB)")
        self.rows = rows


@dataclass
class _Lines:
    """The lines of a file, with the number of characters handed out so far."""

    handle: TextIO
    consumed: int = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.handle.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                raise DataError(f"a line is longer than {MAX_LINE:,} characters; is this CSV?")
            self.consumed += len(line)
            yield line


def read_csv(
    path: Path, features: Sequence[str], target: str, budget: int
) -> tuple[list[tuple[Fraction, ...]], list[Fraction]]:
    """Inputs and targets of the examples in ``path``.

    The first row names the columns. Cells are separated by commas, quoted as usual;
    blank lines and a byte order mark are skipped. Row numbers in errors count examples
    from 1, line numbers are those of an editor.

    Raises:
        DataError: no such column, a row of another length, a cell that is no finite number.
        TooManyRows: more than ``budget`` rows.
        OSError: the file cannot be read.
    """
    with _opened(path) as handle:
        return _read(handle, path.stat().st_size, features, target, budget)


def read_cells(
    path: Path, columns: Sequence[str], optional: Sequence[str], budget: int
) -> list[list[str]]:
    """The cells of named columns as text, row by row; a missing optional column is empty.

    Raises:
        DataError: no such column, or a row of another length.
        TooManyRows: more than ``budget`` rows.
        OSError: the file cannot be read.
    """
    with _opened(path) as handle:
        lines = _Lines(handle)
        reader = csv.reader(iter(lines), strict=True)
        header = [name.strip() for name in next(_filled(reader), [])]
        indices: list[int | None] = [_column(name, header) for name in columns]
        indices += [header.index(name) if name in header else None for name in optional]
        rows = []
        for row, cells in enumerate(_filled(reader), start=1):
            if row > budget:
                raise TooManyRows(row, path.stat().st_size)
            if len(cells) != len(header):
                where = f"row {row} (line {reader.line_num})"
                raise DataError(f"{where}: {len(cells)} cells, but the header names {len(header)}")
            rows.append(["" if i is None else cells[i].strip() for i in indices])
        return rows


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """The file as text; what cannot be read as CSV is a :class:`DataError`."""
    if not path.is_file():
        problem = "not a regular file" if path.exists() else "no such file"
        raise DataError(f"{problem}; check the path")
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            yield handle
    except UnicodeDecodeError as error:
        raise DataError(f"byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except csv.Error as error:
        raise DataError(f"not CSV: {error}") from None


def _read(
    handle: TextIO, size: int, features: Sequence[str], target: str, budget: int
) -> tuple[list[tuple[Fraction, ...]], list[Fraction]]:
    lines = _Lines(handle)
    reader = csv.reader(iter(lines), strict=True)
    header = [name.strip() for name in next(_filled(reader), [])]
    columns = [_column(name, header) for name in (*features, target)]
    heading = lines.consumed
    inputs: list[tuple[Fraction, ...]] = []
    targets: list[Fraction] = []
    for row, cells in enumerate(_filled(reader), start=1):
        if row > budget:
            raise TooManyRows(round(row * (size - heading) / (lines.consumed - heading)), size)
        where = f"row {row} (line {reader.line_num})"
        if len(cells) != len(header):
            raise DataError(f"{where}: {len(cells)} cells, but the header names {len(header)}")
        *x, y = (_number(cells[column], where, header[column]) for column in columns)
        inputs.append(tuple(x))
        targets.append(y)
    if not inputs:
        raise DataError("there are no rows below the header; give at least one example")
    return inputs, targets


def _filled(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows that are not blank lines."""
    return (cells for cells in rows if len(cells) > 1 or any(cell.strip() for cell in cells))


def _column(name: str, header: list[str]) -> int:
    if name not in header:
        remedy = nearest(name, header) if header else "the file is empty"
        raise DataError(f"no column {name!r}; {remedy}")
    if header.count(name) > 1:
        raise DataError(f"column {name!r} appears twice; rename one")
    return header.index(name)


def _number(cell: str, where: str, column: str) -> Fraction:
    try:
        return rational(cell)
    except ProblemError as error:
        raise DataError(f"{where}, column {column}: {error}") from None
