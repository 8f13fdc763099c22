"""Touches in the search: found in floating point, located to many digits, written exactly.

A slab of kind "touch" is written with the exact points that the checker's ``touches`` wants. They
are the same for every slab around one α₀. While curves are tracked a touch must be
recognised, too: next to it values are equal up to rounding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, ctx, fmpq, fmpq_poly

from geometry.proposals.events import Change, Event
from geometry.proposals.locating import reached, slope
from geometry.proposals.minimisers import Minimiser
from geometry.proposals.slabbing import Curve, Proposal
from geometry.proposals.tracking import GAP, Tracker
from pieceproof.checking.enclosing.claimedslabs import Slab, Touch
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.foldedspaces import space_of
from pieceproof.checking.enclosing.lagrangians import Lagrangian, lagrangian
from pieceproof.checking.enclosing.touchdocuments import touch_document
from pieceproof.checking.enclosing.tubes import Path, Stratum
from pieceproof.checking.reading import Node, Refuted
from pieceproof.enclosed.contacts import Numbers, Place, Side, meets, numbers, touching
from pieceproof.enclosed.recognition import recognised
from pieceproof.evaluation import as_float
from piecewise.exact import to_fmpq

if TYPE_CHECKING:
    from geometry.proposals.loops import Array

BITS = (512, 3072)
"""Bits to which numbers are computed, to recognise rationals and then others."""
STRATUM = ("chart", "fold", "frame", "product", "dead", "pattern", "active", "walls")
STRAIGHT = 0.2
"""Two values cross as lines do if both slopes of their difference are this near to its mean."""
MOST_TERMS = 1_000
"""Terms of a polynomial that is evaluated to many digits."""
NEARER = 0.2
"""Values that touch are nearer by this factor somewhere."""
EQUAL = 1e-11
"""Values are equal up to rounding where they differ by a smaller part of their size."""
TINY = 1e-12
"""At nodes this near to a touch, as a part of A, either curve will do."""
SAME = 1e-3
"""A point is on a path if it is this near, by its size."""


@dataclass(frozen=True, eq=False)
class Known:
    """A touch that has been recognised, the points of its curves in doubles, and where."""

    touch: Touch
    alpha: float
    points: tuple[tuple[float, ...], ...]


class Touches:
    """The touches of one problem; ``plain`` writes proposals without them."""

    def __init__(
        self, spaces: Spaces, tracker: Tracker, plain: Callable[[Proposal], dict[str, Any]]
    ) -> None:
        self.spaces, self.tracker, self._plain = spaces, tracker, plain
        self.interval = spaces.network.interval
        self._known: dict[str, list[Known]] = {}
        self._systems: dict[str, Lagrangian] = {}
        tracker.touched = self.between

    # -- documents ---------------------------------------------------------------------

    def added(self, written: dict[str, Any]) -> dict[str, Any]:
        """A slab as documents write it, with its touch if it is to have one and that is known.

        Curves that touch come first.
        """
        if written["kind"] != "touch":
            return written
        try:
            slab, sides = self._sides_of(written)
        except Refuted:
            return written
        curves = written["curves"]
        found = self._reused(curves, slab, sides)
        if found is None:
            first = self._touching(slab, sides)
            order = [*first, *(i for i in range(len(sides)) if i not in first)]
            curves = [curves[i] for i in order]
            own = [sides[i] for i in first]
            found = self._reused(curves[: len(first)], slab, own)
            if found is None and first:
                found = self._found(slab, own)
                if found is not None:
                    self._known.setdefault(_strata(curves[: len(first)]), []).append(found)
        if found is None:
            return written
        return {**written, "curves": curves, "touch": touch_document(found.touch)}

    def _reused(
        self, curves: Sequence[dict[str, Any]], slab: Slab, sides: Sequence[Side]
    ) -> Known | None:
        """A touch of all these curves that is known."""
        known = self._known.get(_strata(curves), ())
        return next((each for each in known if _is_on(each, slab, sides)), None)

    def _sides_of(self, written: dict[str, Any]) -> tuple[Slab, list[Side]]:
        slab = read_slab(Node({**written, "kind": "kink"}, "slab"), self.spaces)
        if not isinstance(slab, Slab):
            raise TypeError("a slab with curves is expected")
        names = [json.dumps(_stratum(own)) for own in written["curves"]]
        return slab, [
            self._side(name, *each, slab) for name, each in zip(names, slab.curves, strict=True)
        ]

    def _side(self, name: str, stratum: Stratum, path: Path, slab: Slab) -> Side:
        space = space_of(self.spaces, stratum)
        if len(space.network.hidden) > 1:
            raise Refuted("deep networks have too many terms")
        if name not in self._systems:
            self._systems[name] = lagrangian(space, stratum)
        if len(self._systems[name].value) > MOST_TERMS:
            raise Refuted("too many terms for many digits")
        held = {**space.chart.fixed, **stratum.walls}
        free = [x for i, x in enumerate(path.centre.tolist()) if i not in held]
        unknowns = (*free, *([0.0] * len(stratum.groups)))
        return Side(self._systems[name], float(slab.alpha.middle[0]), unknowns)

    def _place(self, slab: Slab, sides: Sequence[Side]) -> Place | None:
        """Where the first two curves touch, or cross if there are more."""
        lower, upper = as_float(slab.lower), as_float(slab.upper)
        ends = [as_float(end) for end in self.interval]
        place = touching(sides[:2], lower, upper, ends)
        if place is None and len(sides) > 2:
            place = touching(sides[:2], lower, upper, (), (1,))
        return place

    def _exactly(self, place: Place) -> fmpq | None:
        """The end of A at which curves touch, if they do so there."""
        return next((end for end in self.interval if as_float(end) == place.alpha), None)

    def _touching(self, slab: Slab, sides: Sequence[Side]) -> list[int]:
        """The numbers of the curves whose values are equal at one α."""
        place = self._place(slab, sides)
        if place is None:
            return []
        end = self._exactly(place)
        exactly = None if end is None else arb(end)
        more = [i for i in range(2, len(sides))
                if meets((*sides[:2], sides[i]), place, exactly)]  # fmt: skip
        return [0, 1, *more] if more or place.order > 1 or end is not None else []

    def _found(self, slab: Slab, sides: Sequence[Side]) -> Known | None:
        place = self._place(slab, sides)
        if place is None:
            return None
        end = self._exactly(place)
        for bits in BITS:
            for more in (True, False):
                with ctx.workprec(bits):
                    at = None if end is None else arb(end)
                own = numbers(sides, place, at, bits, more)
                touch = None if own is None else _recognised(own, end, bits)
                if own is not None and touch is not None:
                    points = tuple(
                        tuple(float(series[0]) for series in curve) for curve in own.points
                    )
                    return Known(touch, place.alpha, points)
        return None

    def may_touch(self, first: Minimiser, second: Minimiser, lower: float, upper: float) -> bool:
        """Whether two values at five places of [lower, upper] do not say that they do not touch."""
        gaps = []
        for k in range(5):
            alpha = lower + (upper - lower) * k / 4
            both = [reached(self.tracker, point, alpha) for point in (first, second)]
            if both[0] is None or both[1] is None:
                return True
            gaps.append(abs(both[0].value - both[1].value))
        return min(gaps) <= NEARER * max(gaps)

    def place(
        self, first: Minimiser, second: Minimiser, lower: float, upper: float
    ) -> Place | None:
        """Where the curves of two minimisers at one α touch in [lower, upper]."""
        sides = self._sides(first, second)
        ends = [as_float(end) for end in self.interval]
        return None if sides is None else touching(sides, lower, upper, ends)

    # -- tracking ----------------------------------------------------------------------

    def between(
        self, left: Minimiser, right: Minimiser
    ) -> Event | tuple[Minimiser, Minimiser] | None:
        """The touch at which the curve of ``right`` takes over from that of ``left``.

        Or, where rounding has decided which of two nearly equal values is lower, both minimisers as
        they have to be.
        """
        there, back = (
            reached(self.tracker, left, right.alpha),
            reached(self.tracker, right, left.alpha),
        )
        if there is None or back is None or self._is_straight(left, there, back, right):
            return None
        lower, upper = left.alpha, right.alpha
        reach, tiny = (upper - lower) / 2, TINY * self.tracker.width
        sides = self._sides(left, back)
        place = None if sides is None else touching(sides, lower - reach, upper + reach, ())
        if place is None:
            return None
        order, alpha, leading = place.order, place.alpha, place.leading
        before = left if leading * (-1) ** order < 0 else right
        behind = left if leading < 0 else right
        wanted = [
            own if abs(own.alpha - alpha) <= tiny and (before, behind) == (left, right)
            else before if own.alpha < alpha else behind
            for own in (left, right)
        ]  # fmt: skip
        first, last = (left if wanted[0] is left else back), (there if wanted[1] is left else right)
        if first.value > left.value + _noise(left) or last.value > right.value + _noise(right):
            return None
        if (first, last) != (left, right):
            return first, last
        gap = min(GAP * self.tracker.width, (upper - lower) / 8)
        near = (
            reached(self.tracker, left, max(lower, alpha - gap / 2)),
            reached(self.tracker, right, min(upper, alpha + gap / 2)),
        )
        if near[0] is None or near[1] is None or order % 2 == 0:
            return None
        return Event(alpha, Change.TOUCH, near[0], near[1])

    def _sides(self, left: Minimiser, right: Minimiser) -> list[Side] | None:
        """Both curves at one α."""
        at = Fraction(left.alpha)
        none: Array = np.zeros(len(left.w))
        curves = tuple(
            Curve(point.chart, point.face, point.w, none, none + 1.0) for point in (left, right)
        )
        width = Fraction(self.tracker.width) / 2**30
        try:
            written = self._plain(Proposal(at - width, at + width, "kink", curves))
            return self._sides_of(written)[1]
        except Refuted:
            return None

    def _is_straight(
        self, left: Minimiser, there: Minimiser, back: Minimiser, right: Minimiser
    ) -> bool:
        """Whether the difference of two values is nearly a line, so that they do not touch."""
        mean = (there.value - right.value - left.value + back.value) / (right.alpha - left.alpha)
        slopes = [
            slope(self.tracker, a) - slope(self.tracker, b)
            for a, b in ((left, back), (there, right))
        ]
        return all(abs(own - mean) < STRAIGHT * abs(mean) for own in slopes)


def _noise(point: Minimiser) -> float:
    return EQUAL * (1 + abs(point.value))


def _stratum(written: dict[str, Any]) -> list[Any]:
    """What a written curve says of its stratum."""
    return [written.get(key) for key in STRATUM]


def _strata(curves: Sequence[dict[str, Any]]) -> str:
    return json.dumps([_stratum(each) for each in curves])


def _is_on(known: Known, slab: Slab, sides: Sequence[Side]) -> bool:
    """Whether a touch lies in a slab, on its paths."""
    at, width = to_fmpq(Fraction(known.alpha)), (slab.upper - slab.lower) / 2**20
    if not slab.lower - width <= at <= slab.upper + width:
        return False
    for own, side, (_, path) in zip(known.points, sides, slab.curves, strict=False):
        step = known.alpha - side.alpha
        reach = SAME + abs(step) * float(np.max(np.abs(path.slope), initial=0.0))
        for x, y in zip(own, side.unknowns, strict=True):
            if y != 0.0 and abs(x - y) > reach * (1 + abs(x)):
                return False
    return True


def _recognised(own: Numbers, exactly: fmpq | None, bits: int) -> Touch | None:
    """The exact touch that agrees with many digits."""
    flat = [c for curve in own.points for series in curve for c in series]
    found = recognised([own.alpha, *flat], bits)
    if found is None:
        return None
    field, (alpha, *rest) = found
    if exactly is not None:
        alpha = fmpq_poly([exactly])
    rest.reverse()
    points = tuple(
        tuple(tuple(rest.pop() for _ in series) for series in curve) for curve in own.points
    )
    return Touch(field, alpha, points)
