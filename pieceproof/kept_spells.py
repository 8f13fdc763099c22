"""Activation patterns that take long to find, kept in a store between runs."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from geometry.moving_patterns import Spell, SpellMemory
from pieceproof.plain import interval_json, read_interval
from pieceproof.store import Store

TOGETHER = 1.0
"""Seconds of work that is written at one time."""


class Turns:
    """Tells when it is time again, whatever that takes."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.since, self.cost = seconds, monotonic(), 0.0

    def __call__(self) -> bool:
        return monotonic() - self.since >= max(self.seconds, 20 * self.cost)

    def done(self, began: float) -> None:
        """The end of what began then."""
        self.since = monotonic()
        self.cost = self.since - began


class KeptSpells(SpellMemory):
    """Patterns with their intervals by the place of the search for them among all; short work is
    written together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Any, Any]] = []
        self._write = Turns(TOGETHER)

    def spells(self, place: int) -> list[Spell] | None:
        """What a search found.

        Raises:
            CacheError: the file cannot be read.
        """
        entries = self._store.get(["spells", place])
        if entries is None:
            return None
        return [Spell(tuple(active), read_interval(interval)) for active, interval in entries]

    def keep_spells(self, place: int, found: Sequence[Spell]) -> None:
        """Keep it.

        Raises:
            CacheError: the file cannot be written.
        """
        entries = [[list(each.active), interval_json(each.interval)] for each in found]
        self.later(["spells", place], entries)

    def later(self, task: Any, result: Any) -> None:
        """Keep a result together with others.

        Raises:
            CacheError: the file cannot be written.
        """
        self._waiting.append((task, result))
        if self._write():
            self.flush()

    def flush(self) -> None:
        """Write what waits.

        Raises:
            CacheError: the file cannot be written.
        """
        began = monotonic()
        self._store.put_all(self._waiting)
        self._waiting = []
        self._write.done(began)
