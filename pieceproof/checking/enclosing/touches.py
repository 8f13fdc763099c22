"""Touches: curves whose values are equal at one α₀, perhaps with some derivatives.

Interval arithmetic cannot tell two values apart next to an α₀ at which they touch, cross with a
common tangent, or are equal at an end of A; nor three that are equal where two of them cross. A
slab ``touch`` states α₀ and the points of its first curves there exactly, as numbers of one number
field. Let d = v_i − v_j.

- The points are first-order points of their strata at α₀, decided exactly, and lie where
  Krawczyk's operator shows that the curves have the only ones: so they are on the curves.
- d, d′, …, d^(k−1) vanish at α₀: decided exactly, from the points and as many derivatives of
  the curves as are needed, which the slab states too (``powerseries``, ``lagrangians``).
- d^(k) keeps its sign all over the slab, in balls.

So d has the sign of (α − α₀)^k·d^(k) on the slab, by Taylor's formula, and vanishes at α₀ alone.
Where this says that v_0 is nowhere above the others, ℓ* = v_0, and it is analytic. Where α₀ lies
inside and k is odd for v_0 and v_1, ℓ* is v_0 up to α₀ and v_1 from there on, other functions: a
breakpoint at which ℓ* is C^(k−1). In the same way v′ has the sign of (α − α₀)^(j−1)·v^(j) if
v′, …, v^(j−1) vanish at α₀: that is known of a single curve, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np
from flint import arb, ctx, fmpq, fmpq_poly

from pieceproof.checking.enclosing import basins
from pieceproof.checking.enclosing.claimedslabs import Slab, Touch, basin_box, difference
from pieceproof.checking.enclosing.lagrangians import Lagrangian, lagrangian
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.ties import check_above
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.reading import Refuted

PRECISION = 128
"""Bits of the balls."""
NEAR = fmpq(1, 2**60)
"""Numbers are enclosed to this width to see whether they lie near a curve."""
TERMS = 3
"""Terms of Taylor's formula in α at most."""
SHRINKINGS = 8
"""Times that an interval around an extremum at α₀ is made shorter."""
FINE = fmpq(1, 2**44)
"""An extremum at α₀ is enclosed to this part of the slab."""


@dataclass(frozen=True, eq=False)
class Turning:
    """On ``reach`` v falls (−1) or rises (1) before and behind an α₀ in [lower, upper]."""

    lower: fmpq
    upper: fmpq
    before: int
    behind: int
    reach: tuple[fmpq, fmpq]


@dataclass(frozen=True, eq=False)
class Contact:
    """What is proved of a touch.

    ``order``: inside the slab the second curve takes over, and so many of the first derivatives of
    the difference vanish, the value included; else 0. ``turnings`` has for the first two curves
    where v turns, if v′ vanishes at α₀ and this is known.
    """

    touch: Touch
    order: int
    turnings: tuple[Turning | None, Turning | None]

    @property
    def passes(self) -> bool:
        """Whether the second curve takes over."""
        return self.order > 0

    def turned(self, lower: fmpq, upper: fmpq) -> tuple[Turning | None, Turning | None]:
        """``turnings`` that reach from ``lower`` to ``upper``, between which α₀ is known to lie."""
        first, second = (
            replace(own, lower=lower, upper=upper)
            if own is not None and own.reach[0] <= lower and upper <= own.reach[1]
            else None
            for own in self.turnings
        )
        return first, second

    def side(self, at: fmpq) -> int | None:
        """−1 if α₀ lies above ``at``, 1 if below, None if it is ``at`` or that is not decided."""
        try:
            return -self.touch.field.compare(self.touch.alpha, at) or None
        except Refuted:
            return None


def check_touch(curves: Sequence[Curve], slab: Slab) -> Contact:
    """That ℓ* is made of the first curves as the slab says.

    Raises:
        Refuted: this could not be shown.
    """
    touch = slab.touch
    if touch is None or not 1 <= len(touch.points) <= len(curves):
        raise Refuted("a touch with more points than curves")
    for curve in curves:
        basins.check_basin(curve, basin_box(curve))
    with ctx.workprec(PRECISION):
        known = [_Known(touch, *each) for each in zip(curves, touch.points, strict=False)]
        low = touch.field.compare(touch.alpha, slab.lower)
        high = touch.field.compare(touch.alpha, slab.upper)
        if low < 0 or high > 0:
            raise Refuted("two values touch outside the slab")
        order, right = 0, 0
        if len(known) > 1 and low > 0 > high and known[0].order(known[1]) % 2:
            order, right = known[0].order(known[1]), 1
        for number, other in enumerate(known[1:], start=1):
            if low > 0 and known[0].sides(other)[0] > 0:
                raise Refuted("a further curve is below the first")
            if high < 0 and number != right and known[right].sides(other)[1] > 0:
                raise Refuted("a further curve is below the others")
        turnings = [own.turning(slab) for own in known[:2]]
    first, last = curves[0], curves[right]
    for curve in curves[len(known) :]:
        if first is last:
            check_above(first, curve, slab.lower, slab.upper)
        elif not (difference(curve, first).lo[0] > 0 or difference(curve, last).lo[0] > 0):
            raise Refuted("a further curve is not above the others")
    return Contact(touch, order, (turnings[0], turnings[1] if len(turnings) > 1 else None))


class _Known:
    """A curve with its point at α₀, and v with its derivatives there, exactly.

    Raises:
        Refuted: the point is not on the curve.
    """

    def __init__(self, touch: Touch, curve: Curve, points: Sequence[Sequence[fmpq_poly]]) -> None:
        self.touch, self.curve = touch, curve
        self.system = lagrangian(curve.space, curve.stratum)
        self.exact = _exact(touch, curve, self.system, points)

    def order(self, other: _Known) -> int:
        """How many of the first derivatives of both values are equal at α₀.

        Raises:
            Refuted: none, or all that are known.
        """
        pairs = enumerate(zip(self.exact, other.exact, strict=False))
        order = next((k for k, (a, b) in pairs if a != b), 0)
        if order == 0:
            raise Refuted("two values that do not touch, or to a higher order than is known")
        return order

    def sides(self, other: _Known) -> tuple[int, int]:
        """The sign of the difference of both values before and behind α₀.

        Raises:
            Refuted: it is not known all over the slab.
        """
        order = self.order(other)
        pair = [_enclosed(own.curve, own.system, order) for own in (self, other)]
        sign = _sign([a - b for a, b in zip(*pair, strict=False)])
        return sign * (-1) ** order, sign

    def turning(self, slab: Slab) -> Turning | None:
        """Where v turns, if v′ vanishes at α₀; the first derivative that does not decides."""
        exact = self.exact
        order = next((k for k in range(1, len(exact)) if exact[k]), len(exact))
        if order == 1:
            return None
        field, alpha = self.touch.field, self.touch.alpha
        low, high = field.enclosed(alpha, (slab.upper - slab.lower) * FINE)
        half = slab.upper - slab.lower
        for _ in range(SHRINKINGS):
            reach = max(slab.lower, low - half), min(slab.upper, high + half)
            try:
                part = self.curve.at(Range(around([reach[0]]).lo, around([reach[1]]).hi))
                sign = _sign(_enclosed(part, self.system, order))
                return Turning(low, high, sign * (-1) ** (order - 1), sign, reach)
            except Refuted:
                half /= 4
        return None


def _exact(
    touch: Touch, curve: Curve, system: Lagrangian, points: Sequence[Sequence[fmpq_poly]]
) -> list[fmpq_poly]:
    """v at α₀ with its derivatives, exactly, after the points are seen to be on the curve."""
    if len(points) != system.size or any(len(own) != len(points[0]) for own in points):
        raise Refuted("a touch with other coordinates than the curve has")
    found = system.exact(touch.field, touch.alpha, points)
    m, field = len(curve.free), touch.field
    alpha = _range([field.enclosed(touch.alpha, NEAR)])
    alpha = Range(np.maximum(alpha.lo, curve.alpha.lo), np.minimum(alpha.hi, curve.alpha.hi))
    y = _range([field.enclosed(own[0], NEAR) for own in points])
    multipliers = Range.exactly(curve.start) + Range.exactly(curve.drifting) * (
        alpha - curve.middle
    )
    away = y[:m] - curve.along(alpha)[curve.free]
    beyond = y[m:] - multipliers
    if not (away.within(curve.unique[:m]) and beyond.within(curve.unique[m:])):
        raise Refuted("a point that is not on its curve")
    return found


def _range(pairs: Sequence[tuple[fmpq, fmpq]]) -> Range:
    return Range(around([low for low, _ in pairs]).lo, around([high for _, high in pairs]).hi)


def _enclosed(curve: Curve, system: Lagrangian, order: int) -> list[arb]:
    """v^(k)/k! over the slab, by Taylor's formula around its middle with more and more terms.

    The last term has the derivative over the whole slab.
    """
    try:
        near = _coefficients(curve.centred, system, order + TERMS)
    except Refuted:
        near = []
    wide = _coefficients(curve, system, order + (TERMS if near else 0))
    step = _ball(curve.alpha - curve.middle)
    found, total = [], arb(0)
    for more, last in enumerate(wide[order:]):
        factor = comb(order + more, more) * step**more
        found.append(total + factor * last)
        total += factor * near[order + more] if near else 0
    return found


def _coefficients(curve: Curve, system: Lagrangian, order: int) -> list[arb]:
    """v^(k)/k! all over the range of the curve, k ≤ ``order``."""
    own = curve.box[0]
    tube = [_ball(own[1 + i : 2 + i]) for i in curve.free]
    tube += [_ball(curve.multipliers[j : j + 1]) for j in range(len(curve.stratum.groups))]
    return system.enclosed(_ball(curve.alpha), tube, order)


def _ball(value: Range) -> arb:
    return arb(float(value.lo[0])).union(arb(float(value.hi[0])))


def _sign(enclosures: Sequence[arb]) -> int:
    """The sign of a number that is in several balls.

    Raises:
        Refuted: it is not known.
    """
    for value in enclosures:
        if value > 0 or value < 0:
            return 1 if value > 0 else -1
    raise Refuted("two values touch, and may do so again")
