"""Typed access to the tables of a spec file, with one-line errors ``file: key: problem; remedy``.

A :class:`Table` knows its file, its dotted name and the keys it may hold. Every reader
checks the type of one entry; nothing is coerced and nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

from piecewise.errors import ProblemError
from piecewise.exact import rational


class SpecError(ValueError):
    """A spec file, or the data it names, does not state a problem; one line with the remedy."""


def nearest(name: str, known: Sequence[str]) -> str:
    """A remedy for an unknown name: the closest known one, else all of them."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose one of {', '.join(known)}"


@dataclass(frozen=True)
class Table:
    """One table of a spec; ``name`` is its dotted key, empty for the whole file."""

    file: str
    name: str
    entries: dict[str, object]

    def error(self, key: str, problem: str) -> SpecError:
        """The error ``file: name.key: problem``."""
        dotted = ".".join(part for part in (self.name, key) if part)
        return SpecError(f"{self.file}: {dotted}: {problem}")

    def allow(self, *keys: str) -> Table:
        """This table, whose keys must be among ``keys``."""
        for key in self.entries:
            if key not in keys:
                raise self.error(key, f"unknown key; {nearest(key, keys)}")
        return self

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def require(self, key: str, example: str) -> object:
        """The entry under ``key``; ``example`` is the remedy when it is missing."""
        if key not in self.entries:
            raise self.error(key, f"missing; write {example}")
        return self.entries[key]

    def table(self, key: str) -> Table:
        """The sub-table ``key``, empty when it is missing."""
        entry = self.entries.get(key, {})
        if not isinstance(entry, dict):
            raise self.error(key, f"{entry!r} is not a table; write [{key}]")
        return Table(self.file, f"{self.name}.{key}" if self.name else key, entry)

    def text(self, key: str, example: str) -> str:
        """The string under ``key``."""
        entry = self.require(key, example)
        if not isinstance(entry, str):
            raise self.error(key, f"{entry!r} is not a string; write {example}")
        return entry

    def flag(self, key: str, default: bool) -> bool:
        """The boolean under ``key``."""
        entry = self.entries.get(key, default)
        if not isinstance(entry, bool):
            raise self.error(key, f"{entry!r} is not a truth value; write true or false")
        return entry

    def positive(self, key: str, default: int) -> int:
        """The positive integer under ``key``."""
        entry = self.entries.get(key, default)
        if isinstance(entry, bool) or not isinstance(entry, int) or entry < 1:
            raise self.error(key, f"{entry!r} is not a positive integer; write {key} = {default}")
        return entry

    def count(self, key: str, default: int) -> int:
        """The non-negative integer under ``key``."""
        entry = self.entries.get(key, default)
        if isinstance(entry, bool) or not isinstance(entry, int) or entry < 0:
            raise self.error(key, f"{entry!r} is not an integer >= 0; write {key} = {default}")
        return entry

    def items(self, key: str, example: str) -> list[object]:
        """The array under ``key``."""
        entry = self.require(key, example)
        if not isinstance(entry, list):
            raise self.error(key, f"{entry!r} is not an array; write {example}")
        return entry

    def strings(self, key: str, example: str) -> list[str]:
        """The array of strings under ``key``."""
        entries = self.items(key, example)
        strings = [entry for entry in entries if isinstance(entry, str)]
        if len(strings) != len(entries) or not strings:
            raise self.error(key, f"it must be an array of strings; write {example}")
        return strings

    def number(self, key: str, entry: object) -> Fraction:
        """``entry``, found under ``key``, as the exact rational it denotes."""
        try:
            return rational(entry)
        except ProblemError as error:
            raise self.error(key, str(error)) from None

    def numbers(self, key: str, entry: object, example: str) -> tuple[Fraction, ...]:
        """The array ``entry``, found under ``key``, as exact rationals."""
        if not isinstance(entry, list):
            raise self.error(key, f"{entry!r} is not an array of numbers; write {example}")
        return tuple(self.number(key, item) for item in entry)
