"""What compiled loops work on: a network with labelled inputs in arrays of doubles.

In arrays with a leading axis of length 2, index 0 holds lower and index 1 upper bounds. A box has
the coordinates α, t and p, one for each parameter. T items, of which further one, the last input,
is the origin x = 0; M pairs of items; F features; U hidden units.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from pieceproof.checking.enclosing.ranges import Array

Integers = npt.NDArray[np.int64]

BIAS, TRAINABLE, SHIFTED, LAYERS = range(4)
"""Entries of ``Net.plan``."""
NEGATIVE, POSITIVE, ZERO, LEAST, WEIGHT = range(5)
"""Columns of ``Net.costs``: errors at a score of that sign, at any score, and what the worse sign
costs besides."""
WHOLE, WEIGHTS, UNITS, BELOW = (cast(int, np.int64(mode)) for mode in range(4))
"""How first-layer parameters come from (t, p): they are p; weights are t·p; weights and biases are
t·p; weights are t·|b|·p with the bias b of the only unit. (Numba would compile a function anew for
every literal number.)"""
START, NEXT = (cast(int, np.int64(end)) for end in range(2))
"""The first and the second end of α."""
ALPHA = cast(int, np.int64(0))
"""The place of α among derivatives."""


class Net(NamedTuple):
    """A network.

    Attributes:
        plan: whether units have biases, whether output weights and whether the output bias are
            trainable, then the widths of the hidden layers.
        inputs: (2, T + 1, F).
        pairs: (M, 2), items whose order may be a conflict; then (T, i) for all items i.
        steps: (2, M, F), differences of inputs of the pairs.
        points: (2, K), breakpoints of σ_α.
        pieces: (2, 3, K + 1, D + 1), coefficients of σ_0, σ_1 − σ_0 and σ_1 on every piece.
        edges: (2,), the ends of a slab in doubles, rounded outwards, or NaN.
        exact: (2, 2, K + 1, D + 1), coefficients of σ_α at the ends themselves, of which a box that
            reaches an edge is thought to go to the end.
        outputs: (2, V + 1), output weights, if fixed, and last the output bias, if fixed.
        costs: (T, 5).
    """

    plan: Integers
    inputs: Array
    pairs: Integers
    steps: Array
    points: Array
    pieces: Array
    edges: Array
    exact: Array
    outputs: Array
    costs: Integers


class Room(NamedTuple):
    """Enclosures on one box.

    Attributes:
        mix: (2, 2, K + 1, D + 1): coefficients of σ_α and of its slope.
        values: (2, U + 1, T + 1), σ_α of every unit, last the scores.
        z: (2, U, T + 1), pre-activations.
        risen: (2, U, T + 1), for the first layer (σ(z) − σ(base))/t.
        lifted: (2, T + 1), in mode ``BELOW`` (σ(z) − σ(0))/|b|.
        changes: (2, U + 1, M), differences of pairs up to t.
        scores: (2, T + 1), hull over the ends of α.
        differences: (2, M), the same.
        points: (2, U + 1, T), rounded values at two points.
    """

    mix: Array
    values: Array
    z: Array
    risen: Array
    lifted: Array
    changes: Array
    scores: Array
    differences: Array
    points: Array


def room(net: Net) -> Room:
    """Room for one box."""
    items, pairs = net.inputs.shape[1], len(net.pairs)
    units = int(net.plan[LAYERS:].sum())
    _, _, pieces, size = net.pieces.shape
    return Room(
        np.zeros((2, 2, pieces, size)),
        np.zeros((2, units + 1, items)),
        np.zeros((2, units, items)),
        np.zeros((2, units, items)),
        np.zeros((2, items)),
        np.zeros((2, units + 1, pairs)),
        np.zeros((2, items)),
        np.zeros((2, pairs)),
        np.zeros((2, units + 1, items)),
    )
