"""How many examples are certainly wrong on a box.

An item is a group of examples with one input. Two facts make errors certain for all (α, w) of a
box:

- a score that is nowhere positive (negative) is an error of all labels 1 (−1);
- *conflicts*: if score i ≤ score j everywhere, label i is 1 and label j is −1, one of the two is
  wrong, though nobody knows which: both right would mean 0 < score i ≤ score j < 0. Conflicts are
  matched greedily, scarce partners first, each example being used once, and add up.

The order of scores is known where differences keep their sign, in particular around parameters at
which all scores are equal, where boxes never become small enough to know the scores themselves.
"""

from __future__ import annotations

from pieceproof.checking.coverings.compiled.records import (
    LEAST,
    NEGATIVE,
    POSITIVE,
    WEIGHT,
    ZERO,
    Integers,
    Net,
    Room,
)
from pieceproof.checking.coverings.compiled.scores import compare, evaluate
from pieceproof.checking.enclosing.compiled.jit import compiled
from pieceproof.checking.enclosing.ranges import Array


@compiled
def certain(
    net: Net, mode: int, box: Array, wanted: int, kept: Integers, spare: Integers, room: Room
) -> int:
    """Errors that are certain on a box, or ``wanted`` if at least so many are.

    Items t with ``kept[t] == 0`` count with the errors that any score makes. ``spare`` is room for
    a number per item.
    """
    evaluate(net, mode, box, room)
    items = len(net.costs)
    total = 0
    for t in range(items):
        low, high = room.scores[0, t], room.scores[1, t]
        total += _cost(net, t, kept[t], high <= 0.0, low >= 0.0)
    if total >= wanted or total + _undecided(net, kept, room) < wanted:
        return total
    compare(net, mode, box, room)
    total = 0
    start = len(net.pairs) - items
    down, up = room.scores[1, items] <= 0.0, room.scores[0, items] >= 0.0
    for t in range(items):
        below, above = room.scores[1, t] <= 0.0, room.scores[0, t] >= 0.0
        below = below or (down and room.differences[1, start + t] <= 0.0)
        above = above or (up and room.differences[0, start + t] >= 0.0)
        total += _cost(net, t, kept[t], below, above)
        spare[t] = 0 if below or above or kept[t] == 0 else net.costs[t, WEIGHT]
    return total + _matched(net, spare, room)


@compiled
def _undecided(net: Net, kept: Integers, room: Room) -> int:
    """What the order of scores could add at most."""
    above = below = 0
    items = len(net.costs)
    for t in range(items):
        if kept[t] == 0:
            continue
        low, high = room.scores[0, t], room.scores[1, t]
        if high <= 0.0 or low >= 0.0:
            continue
        if net.costs[t, POSITIVE] < net.costs[t, NEGATIVE]:
            above += net.costs[t, WEIGHT]
        else:
            below += net.costs[t, WEIGHT]
    if room.scores[0, items] >= 0.0 or room.scores[1, items] <= 0.0:
        return above + below  # the sign at the origin may tell signs besides
    return min(above, below)


@compiled
def _cost(net: Net, t: int, kept: int, below: bool, above: bool) -> int:
    column = LEAST
    if kept != 0:
        if below and above:
            column = ZERO
        elif below:
            column = NEGATIVE
        elif above:
            column = POSITIVE
    cost: int = net.costs[t, column]
    return cost


@compiled
def _matched(net: Net, spare: Integers, room: Room) -> int:
    """Conflicts between items, each used as often as ``spare`` says."""
    pairs = len(net.pairs) - len(net.costs)
    total = 0
    while True:
        best, fewest = -1, 1 << 40
        for m in range(pairs):
            i, j = net.pairs[m, 0], net.pairs[m, 1]
            if spare[i] == 0 or spare[j] == 0 or not room.differences[0, m] >= 0.0:
                continue
            own = other = 0
            for n in range(pairs):
                if room.differences[0, n] >= 0.0:
                    if net.pairs[n, 0] == i:
                        own += spare[net.pairs[n, 1]]
                    if net.pairs[n, 1] == j:
                        other += spare[net.pairs[n, 0]]
            if min(own, other) < fewest:
                best, fewest = m, min(own, other)
        if best < 0:
            return total
        i, j = net.pairs[best, 0], net.pairs[best, 1]
        both = min(spare[i], spare[j])
        spare[i] -= both
        spare[j] -= both
        total += both
