"""Ties: at an end of A a mirror image has an equal value, and a larger one inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from pieceproof.checking.enclosing import basins
from pieceproof.checking.enclosing.claimedslabs import (
    Slab,
    basin_box,
    contains,
    difference,
    end,
)
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.stationarity import same_slope
from pieceproof.checking.enclosing.tubes import Curve, Space
from pieceproof.checking.reading import Refuted

HALVINGS = 16
"""Times that an interval of α is cut to compare two values there."""
CONVEX = 7
"""Times that it is cut to show that their difference is convex."""


def check_tie(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    for curve in curves:
        basins.check_basin(curve, basin_box(curve))
    if slab.lower != ends[0] and slab.upper != ends[1]:
        raise Refuted("a tie away from the ends of A")
    for curve in curves[1:]:
        try:
            tied = _tied(curves[0], curve, slab, ends)
        except Refuted:
            tied = None
        check_above(curves[0], curve, slab.lower, slab.upper, tied)


@dataclass(frozen=True, eq=False)
class Tied:
    """Two curves are mirror images at an end of A; ``level``: with equal slopes there."""

    at: fmpq
    inwards: int
    level: bool


def _tied(first: Curve, second: Curve, slab: Slab, ends: tuple[fmpq, fmpq]) -> Tied:
    """That ``second`` is the mirror image of ``first`` at an end of A.

    Raises:
        Refuted: this could not be shown.
    """
    at = ends[0] if slab.lower == ends[0] else ends[1]
    folded = first.stratum.fold is not None
    if folded or first.space is not second.space or not reflected(first.space, at):
        raise Refuted("no symmetry explains the tie")
    units = _mirror(first, second, at)
    return Tied(
        at,
        1 if at == ends[0] else -1,
        same_slope(first, second.stratum.pattern, units, at),
    )


def _leaves_upwards(first: Curve, second: Curve, tied: Tied, lower: fmpq, upper: fmpq) -> bool:
    """Whether v_1 − v_0, which is 0 at an end, is positive elsewhere: by slope or curvature."""
    gap = second.slope - first.slope
    if (gap if tied.inwards > 0 else -gap).lo[0] > 0:
        return True
    return tied.level and _bends_upwards(first, second, lower, upper, CONVEX)


def _bends_upwards(first: Curve, second: Curve, lower: fmpq, upper: fmpq, depth: int) -> bool:
    """Whether v_1 − v_0 is convex on [lower, upper], shown part by part."""
    alpha = Range(around([lower]).lo, around([upper]).hi)
    bend = second.at(alpha).curvature - first.at(alpha).curvature
    if bend.lo[0] > 0:
        return True
    if depth == 0 or bend.hi[0] <= 0:
        return False
    middle = (lower + upper) / 2
    return all(
        _bends_upwards(first, second, *part, depth - 1)
        for part in ((lower, middle), (middle, upper))
    )


def reflected(space: Space, at: fmpq) -> bool:
    """Whether σ_α is even at this end of A: f(α, ·) is then unchanged when a unit is negated."""
    network = space.network
    if network.polynomial is not None or network.orthant:  # negated it would leave the orthant
        return False
    pieces = [
        at * first + (1 - at) * second
        for first, second in zip(network.first, network.second, strict=True)
    ]
    kept = [k for k in range(len(network.breakpoints)) if pieces[k] != pieces[k + 1]]
    points = [network.breakpoints[k] for k in kept]
    own = [pieces[0], *(pieces[k + 1] for k in kept)]
    minus = type(pieces[0])([0, -1])
    return all(a == -b for a, b in zip(points, reversed(points), strict=True)) and all(
        piece(minus) == mirror for piece, mirror in zip(own, reversed(own), strict=True)
    )


def _mirror(first: Curve, second: Curve, at: fmpq) -> list[int]:
    """The first-layer units whose negation takes the points of two curves to each other.

    Raises:
        Refuted: none do.
    """
    network = first.space.network
    ends_ = [(end(a, at).box[0][1:], basin_box(b, around([at]))[0][1:])
             for a, b in ((first, second), (second, first))]  # fmt: skip
    layer = range(network.hidden[0])
    for mask in range(1, 1 << min(len(layer), 6)):
        units = [unit for unit in layer if mask >> unit & 1]
        own = [i for unit in units for i in network.incoming[unit]]
        if all(contains(basin, _negated(point, own)) for point, basin in ends_):
            return units
    raise Refuted("the tied curves are no mirror images")


def _negated(point: Range, parameters: Sequence[int]) -> Range:
    low, high = point.lo.copy(), point.hi.copy()
    own = list(parameters)
    low[own], high[own] = -point.hi[own], -point.lo[own]
    return Range(low, high)


def check_above(
    first: Curve,
    second: Curve,
    lower: fmpq,
    upper: fmpq,
    tied: Tied | None = None,
    depth: int = HALVINGS,
) -> None:
    """That v of ``second`` is above that of ``first`` on [lower, upper], but where they are tied.

    Raises:
        Refuted: this could not be shown.
    """
    alpha = Range(around([lower]).lo, around([upper]).hi)
    a, b = first.at(alpha), second.at(alpha)
    if difference(b, a).lo[0] > 0:
        return
    if tied is not None and tied.at in (lower, upper) and _leaves_upwards(a, b, tied, lower, upper):
        return
    middle = (lower + upper) / 2
    here, there = end(first, middle), end(second, middle)
    gap = there.value - here.value
    # Taylor: the gap at the middle, its slope there, its curvature over the part.
    step = alpha - around([middle])
    half = Range.exactly(0.5) * (b.curvature - a.curvature)
    if (gap + (there.slope - here.slope) * step + half * step.square()).lo[0] > 0:
        return
    if depth == 0 or not gap.lo[0] > 0:
        raise Refuted("a further curve is not above the first")
    check_above(first, second, lower, middle, tied, depth - 1)
    check_above(first, second, middle, upper, tied, depth - 1)
