"""The smallest integer with a monotone property, found by galloping from a guess."""

from __future__ import annotations

from collections.abc import Callable

from bounds.errors import BoundsError


def smallest(holds: Callable[[int], bool], guess: int, limit: int, complaint: str) -> int:
    """min { m ≥ 1 : holds(m) } for a property that stays true once it is.

    ``guess`` only decides where the search starts: steps double until the answer is
    bracketed, then the bracket is halved.

    Raises:
        BoundsError: the property fails at ``limit`` (the message is ``complaint``).
    """
    start = max(1, min(guess, limit))
    step = 1
    if holds(start):
        high = start
        while high > 1 and holds(max(1, high - step)):
            high, step = max(1, high - step), 2 * step
        low = max(0, high - step)
    else:
        low = start
        while not holds(min(limit, low + step)):
            low, step = low + step, 2 * step
            if low >= limit:
                raise BoundsError(complaint)
        high = min(limit, low + step)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
