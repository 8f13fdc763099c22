"""Multipliers of active boundaries and walls along a curve, for the pattern on either side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.nearby import sides
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.tubes import Curve, Label, bent
from pieceproof.checking.reading import Refuted

if TYPE_CHECKING:
    from pieceproof.checking.enclosing.compiled.records import Integers


def multipliers_of(
    curve: Curve, pattern: Pattern, groups: Sequence[Sequence[Label]]
) -> tuple[list[Range], dict[int, Range]]:
    """The signed multipliers of ``groups`` and those of the walls, for the pattern ``pattern``.

    They solve ∇f_c′ = Σ m_j ∇z_j on the free parameters, exactly on the curve: f is
    continuous, so f_c′ and f_c agree on the stratum, where the curve is critical. Enclosed on the
    tube, and again by the mean value form m(middle) + m′·(α − middle), where with x = (α, w)

        ∇²f_c′·x′ − Σ m_j ∇²z_j·x′ = Σ m_j′ ∇z_j.

    Raises:
        Refuted: the gradients are too close to dependent.
    """
    found, walls, rest = _multipliers_on(curve, pattern, groups)
    if not curve.alpha.lo[0] < curve.alpha.hi[0] or not (len(groups) or walls):
        return found, walls
    try:
        middle, at_walls, _ = _multipliers_on(curve.centred, pattern, groups)
        rates, rate_walls = rest()
    except Refuted:  # what is known on the tube may do
        return found, walls
    step = curve.alpha - curve.middle
    found = [
        own.meet(start + rate * step) for own, start, rate in zip(found, middle, rates, strict=True)
    ]
    return found, {i: own.meet(at_walls[i] + rate_walls[i] * step) for i, own in walls.items()}


def _multipliers_on(
    curve: Curve, pattern: Pattern, groups: Sequence[Sequence[Label]]
) -> tuple[list[Range], dict[int, Range], Callable[[], tuple[list[Range], dict[int, Range]]]]:
    """Multipliers on the tube, and how to find their derivatives in α."""
    space, free = curve.space, 1 + curve.free
    f, seen = space.jets.both(curve.box, 2, pattern)
    bends = [bent(space.jets, seen, group[0]) for group in groups]
    rows = [row for _, row, _ in bends]
    walls = curve.stratum.walls
    found = combination(rows, f.gradient[0], free)

    def rates() -> tuple[list[Range], dict[int, Range]]:
        along = np.zeros((2, space.jets.n))
        along[:, 0] = 1.0
        along[0, free] = curve.derivative.lo[: len(free)]
        along[1, free] = curve.derivative.hi[: len(free)]
        direction = Range(*along)[None, :]
        change = (f.hessian[0] * direction).sum(1)
        for factor, (_, _, second) in zip(found, bends, strict=True):
            change = change - factor * (second * direction).sum(1)
        own = combination(rows, change, free)
        return own, _at_walls(walls, change, own, rows)

    return found, _at_walls(walls, f.gradient[0], found, rows), rates


def combination(rows: Sequence[Range], gradient: Range, free: Integers) -> list[Range]:
    """The m_j with g = Σ m_j rows_j on the free parameters, given that there are such.

    Raises:
        Refuted: the rows are too close to dependent.
    """
    if not rows:
        return []
    low = np.stack([row.lo for row in rows])
    high = np.stack([row.hi for row in rows])
    a = Range(low[:, free], high[:, free])  # (s, m): Aᵀ m = g
    left = Range.exactly(np.linalg.pinv(a.middle.T))
    defect = Range.exactly(np.eye(len(rows))) - (
        left[:, :, None] * Range(a.lo.T, a.hi.T)[None, :, :]
    ).sum(1)
    norm = float(np.max(defect.magnitude.sum(axis=1))) * (1 + 1e-12)
    if not norm < 0.5:
        raise Refuted("the gradients of active boundaries are nearly dependent")
    right = (left * gradient[free][None, :]).sum(1)
    spread = float(np.max(right.magnitude)) / (1 - norm) * norm * (1 + 1e-9) + 1e-300
    solution = right + Range(np.full(len(rows), -spread), np.full(len(rows), spread))
    return [solution[j : j + 1] for j in range(len(rows))]


def _at_walls(
    walls: dict[int, int], gradient: Range, factors: Sequence[Range], rows: Sequence[Range]
) -> dict[int, Range]:
    """g − Σ m_j rows_j in the parameters at walls, positive where it presses against them."""
    found = {}
    for parameter, side in walls.items():
        value = gradient[1 + parameter : 2 + parameter]
        for factor, row in zip(factors, rows, strict=True):
            value = value - factor * row[1 + parameter : 2 + parameter]
        found[parameter] = value if side == 0 else -value
    return found


def check_signs(
    pattern: Pattern,
    groups: Sequence[Sequence[Label]],
    found: Sequence[Range],
    walls: dict[int, Range],
) -> list[float]:
    """Lower bounds of μ_j; all multipliers are positive.

    Raises:
        Refuted: one is not.
    """
    floors = []
    for group, factor in zip(groups, found, strict=True):
        own = factor if sides(pattern, group) > 0 else -factor
        floors.append(float(own.lo[0]))
    if not all(floor > 0 for floor in floors) or not all(f.lo[0] > 0 for f in walls.values()):
        raise Refuted("a multiplier is not positive")
    return floors
