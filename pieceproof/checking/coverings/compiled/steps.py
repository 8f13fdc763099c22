"""Linear programs in a unit box, in floating point, for proposals."""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.compiled.jit import entry
from pieceproof.checking.enclosing.compiled.programs import minimised
from pieceproof.checking.enclosing.ranges import Array


@entry
def ascend(g: Array, rows: Array, weight: float, y: Array, factors: Array) -> int:
    """Maximise gᵀy − ½·weight·|y|² over |y_i| ≤ 1 and a_jᵀy ≥ b_j, rows (J, size + 1).

    A row is (a_j, b_j). Fills y and the multipliers ``factors``; the outcome is that of
    ``programs.minimised``.
    """
    m = np.zeros((len(g), len(g)))
    for p in range(len(g)):
        m[p, p] = weight
    outcome: int = minimised(m, -g, rows, y, factors)
    return outcome
