"""Tables over sweeps of architectures: exact values, four formats, every cell explained.

Values are exact integers and upwards rounded rationals; only the print of a long integer
is on the logarithmic scale ("10^e", e rounded upwards).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bounds.columns import Column, Value, column, text
from bounds.errors import BoundsError, shown
from bounds.rows import Architecture
from bounds.sweeps import architectures, sample_of
from bounds.text import DIGITS
from bounds.writers import Format, write

DEFAULT_COLUMNS = (
    "pieces",
    "boundaries",
    "total_degree",
    "parameters",
    "oscillations",
    "pseudo_dimension",
    "instances",
)


DATA_DIGITS = 1000
"""Integers up to this length are written in full where a program reads them (CSV)."""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of architectures by columns of quantities."""

    rows: tuple[Architecture, ...]
    columns: tuple[Column, ...]

    @property
    def headings(self) -> tuple[str, ...]:
        """One heading per column."""
        return tuple(c.heading for c in self.columns)

    def value(self, row: int, name: str) -> Value:
        """The exact value of a cell; rows count from 1.

        Raises:
            BoundsError: no such row or column.
        """
        return self._column(name).value(self._row(row))

    def cells(
        self, digits: int = DIGITS, report: Callable[[int], None] = lambda done: None
    ) -> list[list[str]]:
        """Every cell as it is printed, integers of up to ``digits`` digits in full.

        ``report`` is told after each row how many are done.

        Raises:
            BoundsError: a value that cannot be written down; the message names the row.
        """
        found = []
        for number, row in enumerate(self.rows, start=1):
            found.append([self._printed(number, row, c, digits) for c in self.columns])
            report(number)
        return found

    @staticmethod
    def _printed(number: int, row: Architecture, chosen: Column, digits: int) -> str:
        try:
            return text(chosen.value(row), digits)
        except BoundsError as error:
            raise BoundsError(f"row {number}, column {chosen.name}: {error}") from None

    def explain(self, row: int, name: str) -> str:
        """The chain of statements and numbers behind a cell; rows count from 1.

        Raises:
            BoundsError: no such row or column.
        """
        architecture, chosen = self._row(row), self._column(name)
        given = ", ".join(
            f"{key} = {'-'.join(map(str, value)) if isinstance(value, tuple) else value}"
            for key, value in architecture.settings.items()
            if value is not None
        )
        shown_value = text(chosen.value(architecture)) or "does not apply"
        steps = chosen.steps(architecture)
        lines = [f"  {number}. {step}" for number, step in enumerate(steps, start=1)]
        heading = f"row {row}, column {name}: {chosen.heading} = {shown_value}"
        return "\n".join([heading, f"  architecture: {given}", *lines])

    def render(self, form: Format, report: Callable[[int], None] = lambda done: None) -> str:
        """The whole table in the given format; ``report`` and errors as for :meth:`cells`."""
        digits = DATA_DIGITS if form is Format.CSV else DIGITS
        return write(self.headings, self.cells(digits, report), form)

    def _row(self, row: int) -> Architecture:
        if isinstance(row, bool) or not isinstance(row, int) or not 1 <= row <= len(self.rows):
            raise BoundsError(f"row: {shown(row)} is not one of 1 … {len(self.rows)}")
        return self.rows[row - 1]

    def _column(self, name: str) -> Column:
        for candidate in self.columns:
            if candidate.name == name:
                return candidate
        names = ", ".join(c.name for c in self.columns)
        raise BoundsError(f"column: {shown(name)} is not in this table; it has {names}")


def table(spec: Mapping[str, object], more: Iterable[Column] = ()) -> Table:
    """The table a parsed TABLE.toml describes.

    Args:
        spec: ``sweep``, one table or a list of tables (see :mod:`bounds.sweeps`);
            ``columns``, names of settings, quantities or theorems (by default the varied
            settings and :data:`DEFAULT_COLUMNS`); ``sample``, what the sample columns ask.
        more: columns that others supply, chosen by name like the built-in ones.

    Raises:
        BoundsError: anything that does not fit, in one line with the key and the remedy.
    """
    for key in spec:
        if key not in ("sweep", "columns", "sample"):
            raise BoundsError(f"{shown(key)} is unknown; a table has sweep, columns and sample")
    sweeps = spec.get("sweep")
    sweeps = [sweeps] if isinstance(sweeps, Mapping) else sweeps
    if (
        not isinstance(sweeps, list)
        or not all(isinstance(s, Mapping) for s in sweeps)
        or not sweeps
    ):
        raise BoundsError("sweep: give a table [sweep] or several [[sweep]]")
    asked = spec.get("sample", {})
    if not isinstance(asked, Mapping):
        raise BoundsError("sample: give a table [sample]")
    sample = sample_of(asked)
    rows = tuple(row for sweep in sweeps for row in architectures(sweep, sample))
    settings = frozenset(key for row in rows for key in row.settings)
    supplied = {extra.name: extra for extra in more}
    names = spec.get("columns", [*_varied(rows), *DEFAULT_COLUMNS])
    if not isinstance(names, list) or not names or not _all(names, str):
        raise BoundsError("columns: give a list of names")
    return Table(rows, tuple(supplied.get(name) or column(name, settings) for name in names))


def _all(entries: list[object], kind: type) -> bool:
    return all(isinstance(entry, kind) for entry in entries)


def _varied(rows: Sequence[Architecture]) -> list[str]:
    """The settings that differ between rows, in order."""
    keys = dict.fromkeys(key for row in rows for key in row.settings)
    return [key for key in keys if len({row.settings.get(key) for row in rows}) > 1]
