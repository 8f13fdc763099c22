"""What a document says of a held-out loss: derived from its timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing.claimedslabs import end
from pieceproof.checking.enclosing.claims import Writer, as_value
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.joins import Link
from pieceproof.checking.enclosing.openings import Bounds, Open
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.summary import Outcome, whole_shape
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.breaks import over
from pieceproof.checking.judging.examples import HeldOut, box_of
from pieceproof.checking.judging.minimisers import fits
from pieceproof.checking.judging.timelines import Item, curves_of
from pieceproof.checking.reading import Refuted

DEPTH, MOST = 30, 2_000
"""Times that an interval of α is halved to bound g from below, and parts of a link at most."""
PARTS = 8
"""Parts of an open interval on which g is enclosed."""


def judged_outcome(
    held: HeldOut, found: Sequence[Link | Open], known: Sequence[Item], settled: int, boxes: int
) -> Outcome:
    """What follows from a timeline."""
    runs: list[list[Link]] = [[]]
    open_: list[Open] = []
    for each in found:
        if not isinstance(each, Open):
            runs[-1].append(each)
            continue
        own = each._replace(bounds=_bounds(held, each, known))
        last = open_[-1] if open_ else None
        if last is not None and (last.upper, last.reason) == (own.lower, own.reason):
            both = last.bounds and own.bounds
            open_[-1] = last.joined(own) if both else last.joined(own)._replace(bounds=None)
        else:
            open_.append(own)
        if runs[-1]:
            runs.append([])
    joined = tuple(tuple(run) for run in runs if run)
    with np.errstate(all="ignore"):
        whole, unclear = whole_shape(joined, open_)
    return Outcome(joined, tuple(open_), settled, boxes, whole, unclear)


def _bounds(held: HeldOut, opening: Open, known: Sequence[Item]) -> Bounds | None:
    """Both sides of ℓ* on an open interval on which the minimisers are known."""
    lows, highs = [], []
    try:
        for item in known:
            lower, upper = max(item.lower, opening.lower), min(item.upper, opening.upper)
            if lower >= upper:
                continue
            if item.link is None:
                return None
            for curve in curves_of(item.link):
                for k in range(PARTS):
                    ends = [lower + (upper - lower) * fmpq(j, PARTS) for j in (k, k + 1)]
                    part = curve.at(over(*ends))
                    value = least_loss(held, part)
                    lows.append(float(value.lo[0]))
                    highs.append(float(value.hi[0]))
    except Refuted:
        return None
    floor, ceiling = max(0.0, float(np.min(lows))), float(np.max(highs))
    return Bounds(floor, ceiling, 0, ()) if np.isfinite(ceiling) else None


def least_loss(held: HeldOut, curve: Curve) -> Range:
    """g over the range of α of a curve, whatever pieces held-out examples use."""
    place, box = curve.stratum.place, box_of(curve)
    values = [own.space(place).jets.objective(box, 0).value for own in fits(held, curve)]
    return Range(
        np.minimum.reduce([value.lo for value in values]),
        np.minimum.reduce([value.hi for value in values]),
    )


class JudgedWriter(Writer):
    """The claims of an outcome; ``floor`` is a bound of ℓ* on A that is claimed."""

    def __init__(self, outcome: Outcome, spaces: Spaces, best: fmpq | None, floor: float) -> None:
        super().__init__(outcome, spaces)
        self.best, self.floor = best, floor

    def members(self) -> dict[str, Any]:
        """The members of a document that follow from its slabs and marks.

        Raises:
            Refuted: α of ``best`` is not where ℓ* is known, or ℓ* may be below the floor.
        """
        return {**super().members(), "best": self._best()}

    def enclosure(self, links: Sequence[Link], alpha: fmpq) -> tuple[Curve, Range]:
        """The curve and ℓ* at a rational α of the links."""
        return enclosure_at(links, alpha)

    def _best(self) -> dict[str, Any] | None:
        if self.best is None:
            return None
        at = self.best
        for run in self.outcome.runs:
            if run[0].lower <= at <= run[-1].upper:
                _, value = enclosure_at(run, at)
                break
        else:
            raise Refuted("best: ℓ* is not known there")
        if not is_floor(self.outcome, self.floor):
            raise Refuted("best: ℓ* may be below the floor")
        own = as_value(float(value.lo[0]), float(value.hi[0]))
        return {"alpha": str(at), "value": own, "floor": self.floor}


def enclosure_at(links: Sequence[Link], alpha: fmpq) -> tuple[Curve, Range]:
    """The curve and g at a rational α; within a breakpoint's interval of either side.

    Raises:
        Refuted: no link holds α.
    """
    for link in links:
        if not link.lower <= alpha <= link.upper:
            continue
        sides = [end(curve, alpha) for curve in curves_of(link)]
        value = sides[0].value if len(sides) == 1 else sides[0].value.hull(sides[1].value)
        return min(sides, key=lambda each: float(each.value.hi[0])), value
    raise Refuted(f"α = {alpha} is not settled")


def is_floor(outcome: Outcome, floor: float) -> bool:
    """Whether ℓ* ≥ floor is known on all of A."""
    if floor <= 0:
        return True
    if any(each.bounds is None or each.bounds.floor < floor for each in outcome.open):
        return False
    with np.errstate(all="ignore"):
        return all(
            _is_above(curve, link.lower, link.upper, floor)
            for run in outcome.runs
            for link in run
            for curve in curves_of(link)
        )


def _is_above(curve: Curve, lower: fmpq, upper: fmpq, floor: float) -> bool:
    """g ≥ floor on [lower, upper], which is halved where that is not known."""
    if curve.is_flat():
        lower = upper = (lower + upper) / 2
    pending, looked = [(lower, upper, DEPTH)], 0
    while pending:
        a, b, depth = pending.pop()
        looked += 1
        if _is_above_part(curve, a, b, floor):
            continue
        if depth == 0 or looked + len(pending) >= MOST or a == b:
            return False
        middle = (a + b) / 2
        pending += [(middle, b, depth - 1), (a, middle, depth - 1)]
    return True


def _is_above_part(curve: Curve, lower: fmpq, upper: fmpq, floor: float) -> bool:
    """By values, or by values and slopes."""
    try:
        part = curve.at(over(lower, upper))
        if part.value.lo[0] >= floor:
            return True
        ends = [end(curve, at) for at in (lower, upper)]
        if not all(each.value.lo[0] >= floor for each in ends):
            return False
        slope = part.slope
        if slope.lo[0] >= 0 or slope.hi[0] <= 0:
            return True
        step = part.alpha - part.middle
        return bool((curve.at(part.middle).value + slope * step).lo[0] >= floor)
    except Refuted:
        return False
