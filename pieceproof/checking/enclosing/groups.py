"""Boundaries that are one hyperplane."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from pieceproof.checking.enclosing.tubes import Label, Space, Stratum


def coincide(space: Space, group: Sequence[Label]) -> bool:
    """Whether boundaries of one first-layer unit are one hyperplane, patterns being alike.

    Rows (x_t, 1 | β) are proportional; the sides are compared by the caller's patterns.
    """
    network = space.network
    rows = []
    for unit, example, k in group:
        if unit >= network.hidden[0] or unit != group[0][0]:
            return False
        bias = [fmpq(1)] if network.bias else []
        rows.append([*network.inputs[example], *bias, network.breakpoints[k]])
    first = rows[0]
    return all(
        first[i] * row[j] == first[j] * row[i]
        for row in rows[1:]
        for i in range(len(first))
        for j in range(i)
    ) and all(any(row[:-1]) for row in rows)


def consistent(space: Space, stratum: Stratum) -> bool:
    """Whether in every group the pattern puts all members on sides that occur together."""
    network = space.network
    for group in stratum.groups:
        senses = set()
        for unit, example, k in group:
            if stratum.pattern[unit][example] not in (k, k + 1):
                return False
            sense = 1 if stratum.pattern[unit][example] == k + 1 else -1
            if len(group) > 1:
                row = [*network.inputs[example], *([fmpq(1)] if network.bias else [])]
                sense *= 1 if next(entry for entry in row if entry) > 0 else -1
            senses.add(sense)
        if len(senses) != 1 or (len(group) > 1 and not coincide(space, group)):
            return False
    return True
