"""Parts of a rising chain, kept in a store between runs."""

from __future__ import annotations

from flint import fmpq_poly

from geometry.algebraic import read_fmpq
from geometry.chain_parameters import ChainPart, Memory
from geometry.intervals import Interval
from pieceproof.plain import interval_json, read_interval
from pieceproof.store import Store


class KeptParts(Memory):
    """Parts by the interval in which they were looked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def part(self, interval: Interval) -> ChainPart | None:
        """The part that an earlier run found.

        Raises:
            CacheError: the file cannot be read.
        """
        entry = self._store.get(interval_json(interval))
        if entry is None:
            return None
        path = tuple(fmpq_poly([read_fmpq(c) for c in p]) for p in entry[1])
        return ChainPart(read_interval(entry[0]), path)

    def keep_part(self, interval: Interval, found: ChainPart) -> None:
        """Keep it.

        Raises:
            CacheError: the file cannot be written.
        """
        path = [[str(c) for c in p.coeffs()] for p in found.path]
        self._store.put(interval_json(interval), [interval_json(found.interval), path])
