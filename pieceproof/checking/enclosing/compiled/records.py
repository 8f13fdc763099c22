"""What compiled loops work on: a network in arrays of doubles, and room for its jets.

In every array with a leading axis of length 2, index 0 holds lower and index 1 upper bounds.
Coordinate 0 is α, coordinate 1 + i the i-th parameter; n = 1 + d, T examples, F features,
U hidden units. A jet is a row of 1 + n + n² numbers: value, gradient, Hessian.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from pieceproof.checking.enclosing.ranges import Array

Integers = npt.NDArray[np.int64]

SCALE, DECAY, OFFSET, REACH, SPAN, OUTPUTS = range(6)
"""Columns of ``Net.constants``."""
SQUARES, TILTS = range(2)
"""Rows of ``Net.penalties``."""
BIAS, TRAINABLE, SHIFTED, LAYERS = range(4)
"""Entries of ``Net.plan``."""
VALUES, SLOPES, BENDS = (cast(int, np.int64(order)) for order in range(3))
"""Orders of derivatives; numba would compile a function anew for every literal number."""
ZERO, ONE, NONE = (cast(int, np.int64(number)) for number in (0, 1, -1))


class Net(NamedTuple):
    """A network, or a polynomial (``terms``), which has no plan.

    Attributes:
        plan: whether units have biases, whether output weights and whether the output bias are
            trainable, then the widths of the hidden layers.
        data: (2, T, F + 1), inputs and target.
        points: (2, K), the breakpoints of σ_α.
        pieces: (2, 2, K + 1, D + 1), coefficients of σ_0 and of σ_1 − σ_0 on every piece.
        constants: (2, 5 + M): the factor of the sum of squares, the weight decay, the output
            bias; the sizes of parameters and of α up to which nothing overflows; then the output
            weights, if fixed.
        penalties: (2, 2, d), the factors of α·w_i² and of α·w_i.
        reached: (U, T, 2), the first and the last piece of σ_α that W has use for.
    """

    plan: Integers
    data: Array
    points: Array
    pieces: Array
    constants: Array
    penalties: Array
    reached: Integers


class Room(NamedTuple):
    """Jets on one box.

    Attributes:
        f: (2, 1 + n + n²), the jet of f.
        nodes: (2, F + 2U + 1, T, 1 + n + n²): inputs, for every unit z and then σ_α(z), and
            last the residual.
        mix: (3, D + 1, 2, K + 1, D + 1): coefficients of all derivatives of the pieces of σ_α
            at both ends of α, and of ∂σ_α/∂α.
        sigma: (2, 5): σ, ∂_z σ, ∂²_z σ, ∂_α σ, ∂_z ∂_α σ for one unit and example.
    """

    f: Array
    nodes: Array
    mix: Array
    sigma: Array


def room(net: Net, n: int) -> Room:
    """Room with the inputs in their places."""
    _, examples, columns = net.data.shape
    size, degree = 1 + n + n * n, net.pieces.shape[3] - 1
    units = int(net.plan[LAYERS:].sum())
    nodes = np.zeros((2, columns + 2 * units, examples, size))
    nodes[:, : columns - 1, :, 0] = net.data[:, :, : columns - 1].transpose(0, 2, 1)
    mix = np.zeros((3, degree + 1, 2, net.pieces.shape[2], degree + 1))
    return Room(np.zeros((2, size)), nodes, mix, np.zeros((2, 5)))
