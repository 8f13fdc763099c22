"""Which parameters of a feedforward network lead into a unit, and which read it."""

from __future__ import annotations

from itertools import pairwise

from piecewise.networks import TRAINABLE, FeedForward


def incoming(network: FeedForward, features: int) -> list[tuple[int, ...]]:
    """For every unit the indices of its weights and its bias."""
    found, start, sources = [], 0, features
    for width in network.hidden:
        size = sources + network.bias
        for _ in range(width):
            found.append(tuple(range(start, start + size)))
            start += size
        sources = width
    return found


def outgoing(network: FeedForward, features: int) -> list[tuple[int, ...]]:
    """For every unit the indices of the trainable weights that read it."""
    own = incoming(network, features)
    found: list[tuple[int, ...]] = []
    first = 0
    for width, following in pairwise([*network.hidden, 0]):
        for unit in range(width):
            if following:
                readers = own[first + width : first + width + following]
                found.append(tuple(weights[unit] for weights in readers))
            elif network.output_weights == TRAINABLE:
                found.append((own[-1][-1] + 1 + unit,))
            else:
                found.append(())
        first += width
    return found
