"""Searches for zero-one duals, kept in a store between runs: what is finished, and how far it is.

Regions of milliseconds are written together; a search that takes long is written down between two
of its rounds. Another run goes on from there as that one would have: the result does not depend on
where it was interrupted. The checker verifies it like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import numpy as np
from flint import fmpq, fmpz

from geometry import constant_dual, margin_dual
from geometry.algebraic import read_fmpq
from geometry.alternatives import Vertex
from geometry.lowest_steps import Attained
from geometry.margins import Bound, Need, Outcome, Unfinished
from geometry.sample_search import Half
from geometry.split_proofs import Proof
from geometry.witnesses import Part
from geometry.zero_one import OpenPart, Step, Sweep
from pieceproof.kept_spells import KeptSpells, Turns
from pieceproof.plain import (
    interval_json,
    number_json,
    poly_json,
    read_interval,
    read_number,
    read_poly,
)
from pieceproof.store import Store

PAUSE = 5.0
"""Seconds between two times that an unfinished search is written down; more where that takes
longer than a twentieth of it."""
SWEEP = "sweep"
"""The task of finding all steps."""


class KeptRegions(KeptSpells, margin_dual.Memory):
    """Regions by their number and what is attained elsewhere."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._pause = Turns(PAUSE)

    def region(
        self, number: int, needs: Sequence[Need], settle: bool
    ) -> Outcome | Unfinished | None:
        """What is kept of a region.

        Raises:
            CacheError: the file cannot be read.
        """
        entry = self._store.get(_region_json(number, needs, settle))
        self._pause = Turns(PAUSE)
        if entry is None:
            return None
        return _outcome(entry) if "pending" not in entry else _unfinished(entry)

    def keep_region(self, number: int, needs: Sequence[Need], settle: bool, found: Outcome) -> None:
        """Keep an outcome.

        Raises:
            CacheError: the file cannot be written.
        """
        self.later(_region_json(number, needs, settle), _outcome_json(found))

    def pause(self, number: int, needs: Sequence[Need], state: Callable[[], Unfinished]) -> None:
        """Keep how far a search is, every :data:`PAUSE` seconds.

        Raises:
            CacheError: the file cannot be written.
        """
        if self._pause():
            began = monotonic()
            self.later(_region_json(number, needs, True), _unfinished_json(state()))
            self.flush()
            self._pause.done(began)


class KeptSweep(KeptSpells, constant_dual.Memory):
    """The search for steps, and parameters that attain them."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._pause = Turns(PAUSE)

    def sweep(self) -> Sweep | None:
        """How far the search came."""
        entry = self._store.get(SWEEP)
        if entry is None:
            return None
        return Sweep(tuple(map(_step, entry["found"])), tuple(map(_open_part, entry["pending"])))

    def keep_sweep(self, found: Sequence[Step], pending: Sequence[OpenPart]) -> None:
        """Keep that, every :data:`PAUSE` seconds and at the end."""
        if pending and not self._pause():
            return
        began = monotonic()
        entry = {
            "found": [_step_json(step) for step in found],
            "pending": [_open_part_json(part) for part in pending],
        }
        self._store.put(SWEEP, entry)
        self._pause.done(began)

    def parts(self, step: Step) -> list[Part] | None:
        """Parameters that attain a maximal step."""
        entry = self._store.get(_step_json(step))
        if entry is None:
            return None
        return [
            Part(read_interval(interval), region, tuple(map(read_poly, direction)))
            for interval, region, direction in entry
        ]

    def keep_parts(self, step: Step, found: Sequence[Part]) -> None:
        """Keep them."""
        entry = [
            [interval_json(part.interval), part.region, [poly_json(p) for p in part.direction]]
            for part in found
        ]
        self._store.put(_step_json(step), entry)


# -- values --------------------------------------------------------------------------------


def _region_json(number: int, needs: Sequence[Need], settle: bool) -> list[Any]:
    return [number, [_need_json(need) for need in needs], settle]


def _need_json(need: Need) -> list[Any]:
    return [interval_json(need[0]), need[1]]


def _need(entry: Sequence[Any]) -> Need:
    return read_interval(entry[0]), entry[1]


def _outcome_json(own: Outcome) -> dict[str, Any]:
    bounds = None if own.bounds is None else [_bound_json(bound) for bound in own.bounds]
    return {"bounds": bounds, "attained": [_attained_json(each) for each in own.attained]}


def _outcome(entry: dict[str, Any]) -> Outcome:
    bounds = None if entry["bounds"] is None else tuple(map(_bound, entry["bounds"]))
    return Outcome(bounds, tuple(map(_attained, entry["attained"])))


def _bound_json(bound: Bound) -> list[Any]:
    return [interval_json(bound.interval), bound.errors, _proof_json(bound.proof)]


def _bound(entry: Sequence[Any]) -> Bound:
    return Bound(read_interval(entry[0]), entry[1], _proof(entry[2]))


def _proof_json(proof: Proof) -> list[Any]:
    return [node if isinstance(node, int) else [list(s) for s in node] for node in proof]


def _proof(entry: Sequence[Any]) -> Proof:
    return tuple(node if isinstance(node, int) else tuple(map(tuple, node)) for node in entry)


def _attained_json(own: Attained) -> list[Any]:
    direction = [[str(fmpz(c)) for c in p] for p in own.direction]
    return [interval_json(own.interval), own.errors, direction, own.region, str(fmpz(own.right))]


def _attained(entry: Sequence[Any]) -> Attained:
    interval, errors, direction, region, right = entry
    return Attained(
        read_interval(interval),
        errors,
        tuple(tuple(int(fmpz(c)) for c in p) for p in direction),
        region,
        int(fmpz(right)),
    )


def _unfinished_json(own: Unfinished) -> dict[str, Any]:
    return {
        "bounds": [_bound_json(bound) for bound in own.bounds],
        "attained": [_attained_json(each) for each in own.attained],
        "pending": [_need_json(need) for need in own.pending],
        "circuits": [list(support) for support in own.circuits],
        "turn": own.turn,
        "half": None if own.half is None else _half_json(own.half),
    }


def _unfinished(entry: dict[str, Any]) -> Unfinished:
    return Unfinished(
        tuple(map(_bound, entry["bounds"])),
        tuple(map(_attained, entry["attained"])),
        tuple(map(_need, entry["pending"])),
        tuple(map(tuple, entry["circuits"])),
        entry["turn"],
        None if entry["half"] is None else _half(entry["half"]),
    )


def _half_json(own: Half) -> dict[str, Any]:
    best = own.best and [list(own.best.basis), [str(value) for value in own.best.values]]
    return {
        "need": own.need,
        "best": best,
        "nodes": _proof_json(own.nodes),
        "circuits": [list(support) for support in own.circuits],
        "dictionary": [list(rows) for rows in own.dictionary],
    }


def _half(entry: dict[str, Any]) -> Half:
    best = entry["best"]
    basis, negated = entry["dictionary"]
    return Half(
        entry["need"],
        None if best is None else Vertex(tuple(best[0]), tuple(map(read_fmpq, best[1]))),
        _proof(entry["nodes"]),
        tuple(map(tuple, entry["circuits"])),
        (tuple(basis), tuple(negated)),
    )


def _step_json(step: Step) -> list[Any]:
    return [number_json(step.lower), number_json(step.upper), step.value]


def _step(entry: Sequence[Any]) -> Step:
    return Step(read_number(entry[0]), read_number(entry[1]), entry[2])


def _open_part_json(part: OpenPart) -> list[Any]:
    flats = [[number, None if own is None else own.tolist()] for number, own in part.flats]
    return [str(part.lower), str(part.upper), flats, part.cap]


def _open_part(entry: Sequence[Any]) -> OpenPart:
    lower, upper, flats, cap = entry
    return OpenPart(
        fmpq(read_fmpq(lower)),
        fmpq(read_fmpq(upper)),
        tuple(
            (number, None if own is None else np.array(own, dtype=np.intp)) for number, own in flats
        ),
        cap,
    )
