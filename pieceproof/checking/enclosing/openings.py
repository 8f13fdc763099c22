"""Both sides of ℓ* on an interval of α that is left open: floor < ℓ* ≤ ceiling.

Above: f(α, w) of one point w of W, enclosed on parts of the interval. Below: the covering with the
floor in place of the claimed minimum and no basins; f ≥ 0 needs no proof for a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing.covering import Claim, Covering, Level
from pieceproof.checking.enclosing.ranges import Range, around, exact_double
from pieceproof.checking.enclosing.tubes import Space
from pieceproof.checking.reading import Refuted

PARTS = 32
BOXES = 400_000


class Bounds(NamedTuple):
    """floor ≤ ℓ* ≤ ceiling, the latter by the point ``witness`` of chart ``chart``."""

    floor: float
    ceiling: float
    chart: int
    witness: tuple[float, ...]


class Open(NamedTuple):
    """[lower, upper], left open for a reason, with what is known of ℓ* there."""

    lower: fmpq
    upper: fmpq
    reason: str
    bounds: Bounds | None = None

    def joined(self, following: Open) -> Open:
        """With the interval that follows, which is open for the same reason."""
        both = None
        if self.bounds and following.bounds:
            floor = min(self.bounds.floor, following.bounds.floor)
            ceiling = max(self.bounds.ceiling, following.bounds.ceiling)
            both = self.bounds._replace(floor=floor, ceiling=ceiling)
        return Open(self.lower, following.upper, self.reason, both)


def ceiling(space: Space, lower: fmpq, upper: fmpq, witness: Sequence[float]) -> float:
    """An upper bound of f(α, witness) on [lower, upper].

    Raises:
        Refuted: the witness is outside W.
    """
    point = np.array(witness)
    if not all(
        low <= exact_double(w) <= high
        for w, (low, high) in zip(witness, space.network.walls, strict=True)
    ):
        raise Refuted("the witness is outside W")
    marks = around([lower + (upper - lower) * k / PARTS for k in range(PARTS + 1)])
    low = np.column_stack([marks.lo[:-1], np.repeat(point[None], PARTS, axis=0)])
    high = np.column_stack([marks.hi[1:], np.repeat(point[None], PARTS, axis=0)])
    return float(np.max(space.jets.objective(Range(low, high), 0).value.hi))


def is_floor(
    spaces: Sequence[Space], lower: fmpq, upper: fmpq, floor: float, boxes: int = BOXES
) -> bool:
    """Whether f ≥ floor on W for all α of [lower, upper], by the covering.

    f ≥ 0 is known of a network.
    """
    if floor <= 0 and all(space.network.polynomial is None for space in spaces):
        return True
    alpha = Range(around([lower]).lo, around([upper]).hi)
    flat = Range.exactly(np.zeros(1))
    level = Level(Range.exactly(alpha.middle), Range.exactly([floor]), flat, flat)
    claim = Claim(alpha, (level,), ())
    with np.errstate(all="ignore"):
        for space in spaces:
            found = Covering(space, [claim], boxes).run(boxes)
            if found.open or found.lower:
                return False
    return True


def check(spaces: Sequence[Space], opening: Open) -> None:
    """That the bounds of an open interval hold.

    Raises:
        Refuted: they could not be shown.
    """
    bounds = opening.bounds
    if bounds is None:
        return
    found = ceiling(spaces[bounds.chart], opening.lower, opening.upper, bounds.witness)
    if not found <= bounds.ceiling:
        raise Refuted(f"f is above the stated ceiling {bounds.ceiling} at the witness")
    if not is_floor(spaces, opening.lower, opening.upper, bounds.floor):
        raise Refuted(f"f > {bounds.floor} could not be shown")
