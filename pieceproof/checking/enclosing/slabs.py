"""Slabs: what ℓ* is on one small interval of α, from curves in basins.

Given that f is above the claimed values outside the basins (``covering``), ℓ* is

- ``one``: v of the first curve; further curves have larger values throughout, or the same where
  both fit the mean of the targets (``constants``);
- ``zero``: 0, since all residuals vanish at a point of W (``interpolation``);
- ``tie``: the same on a slab at an end of A, where further curves may have an equal value at
  that end by a symmetry of f(α, ·), and have larger ones inside;
- ``kink``: v_0 up to one α, then v_1: v_0 − v_1 increases strictly and changes sign. Further curves
  are above one of them, or fit the mean as one of them does;
- ``switch``: one curve is free of a constraint g that the other has active. In the common basin
  f is minimal on the free curve while g ≥ 0 on it, else on the other; g changes sign once
  along the free curve. The values touch there, v_free ≤ v_active: a smooth breakpoint. Further
  curves are not below the active one;
- ``fade``: the outgoing weight of a unit reaches 0, and the unit is dead beyond (``fades``): a
  smooth breakpoint;
- ``touch``: v_0, or from one α on v_1, where values touch without crossing, or cross with a common
  tangent (``touches``);
- ``cross``: the minimiser passes a C¹ boundary, so that another polynomial takes over. The
  values are different functions that touch: a smooth breakpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing import basins
from pieceproof.checking.enclosing.charts import Image
from pieceproof.checking.enclosing.claimedslabs import (
    Kind,
    Slab,
    basin_box,
    basin_owners,
    difference,
    end,
    level_of,
)
from pieceproof.checking.enclosing.constants import fits_mean
from pieceproof.checking.enclosing.copies import copies
from pieceproof.checking.enclosing.covering import Claim, FoldedBasin
from pieceproof.checking.enclosing.crossings import check_cross
from pieceproof.checking.enclosing.everywhere import check_everywhere
from pieceproof.checking.enclosing.factors import Factor
from pieceproof.checking.enclosing.fades import check_fade, check_faded_basin, split
from pieceproof.checking.enclosing.foldedspaces import space_of
from pieceproof.checking.enclosing.folds import views
from pieceproof.checking.enclosing.interpolation import Interpolation
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.reductions import images_of
from pieceproof.checking.enclosing.switches import check_switch
from pieceproof.checking.enclosing.ties import check_above, check_tie
from pieceproof.checking.enclosing.tips import check_tip
from pieceproof.checking.enclosing.touches import Contact, check_touch
from pieceproof.checking.enclosing.tubes import Curve, Dead, Path, Place, Space
from pieceproof.checking.enclosing.valleys import check_valley
from pieceproof.checking.reading import Refuted

if TYPE_CHECKING:
    from pieceproof.checking.enclosing.documents import Spaces

Copies = dict[int, tuple[Curve, Curve]]
"""By the number of the chart a copy, and the owner of its basin."""
HELD = 1e300
"""The half width of a basin along a parameter that its chart holds."""


@dataclass(frozen=True, eq=False)
class Settled:
    """A slab whose curves are proved: the curves, left one first, and its claims by chart.

    ``copies`` has for every curve those in further charts, and who owns the basin there.
    """

    slab: Slab
    curves: tuple[Curve, ...]
    claims: dict[Place, Claim]
    copies: tuple[Copies, ...] = ()
    factor: Factor | None = None
    """If it is not None, the curves and claims are those of s·h (``factors``)."""
    contact: Contact | None = None

    @property
    def left(self) -> Curve:
        """The curve on which ℓ* is attained at the lower end."""
        return self.curves[0]

    @property
    def right(self) -> Curve:
        """The curve on which ℓ* is attained at the upper end."""
        return self.curves[1 if self.changes else 0]

    @property
    def changes(self) -> bool:
        """Whether there is a breakpoint."""
        if self.contact is not None:
            return self.contact.passes
        return self.slab.kind not in (Kind.ONE, Kind.TIE, Kind.ZERO)

    def copy(self, curve: Curve, place: Place) -> Curve:
        """The copy of a curve in a chart, the curve itself if there is none."""
        for own, found in zip(self.curves, self.copies, strict=False):
            if own is curve and place[0] == curve.stratum.dead and place[1] in found:
                return found[place[1]][0]
        return curve

    def owner(self, curve: Curve) -> Curve:
        """The curve whose box is the basin in which a curve, or a copy, is the minimiser."""
        for found in self.copies:
            for copy, owner in found.values():
                if copy is curve:
                    return owner
        if self.slab.kind in (Kind.SWITCH, Kind.CROSS) and curve in self.curves[:2]:
            return basin_owners(self.slab.kind, self.curves)[0]
        return curve


def settle(spaces: Spaces, slab: Slab, ends: tuple[fmpq, fmpq]) -> Settled:
    """Everything about a slab except the covering.

    Raises:
        Refuted: something could not be proved; the message says what.
    """
    if slab.root is not None:
        return _settle_divided(spaces, slab, ends)
    with np.errstate(all="ignore"):
        alpha = slab.alpha
        if slab.kind is Kind.ZERO:
            stratum, path = slab.curves[0]
            zero = Interpolation(spaces[stratum.chart], stratum, path, alpha, *slab.fitted)
            return Settled(slab, (zero,), {})
        homes = [(space_of(spaces, s), s, p) for s, p in slab.curves]
        curves = [Curve(space, s, _held(space, p), alpha) for space, s, p in homes]
        if len(curves) < (1 if slab.kind in (Kind.ONE, Kind.TOUCH) else 2):
            raise Refuted("too few curves")
        contact = None
        if slab.kind is Kind.TOUCH:
            contact = check_touch(curves, slab)
        else:
            check = {
                Kind.ONE: _check_one, Kind.TIE: check_tie, Kind.KINK: _check_kink,
                Kind.SWITCH: _check_switch, Kind.CROSS: check_cross, Kind.FADE: _check_fade,
            }[slab.kind]  # fmt: skip
            check(curves, slab, ends)
        further = _copies(curves, spaces, slab, ends)
        levels = [level_of(curve) for curve in curves]
        every = slab.kind in (Kind.SWITCH, Kind.CROSS, Kind.FADE)
        count = 1 if slab.kind in (Kind.ONE, Kind.TIE) else 2
        claims: dict[Place, Claim] = {}
        owners = [*basin_owners(slab.kind, curves)]
        owners += dict.fromkeys(owner for found in further for _, owner in found.values())
        paths = {curve: _basin(curve) for curve in owners}
        tips = _tips(slab, curves, further, spaces)
        dead = {curve.stratum.dead for curve in curves}
        charts: list[tuple[Dead, int, Space]] = [
            ((), chart, space) for chart, space in enumerate(spaces)
        ]
        charts += [(k, *each) for k in dead if k for each in enumerate(spaces.without(k))]
        for without, chart, space in charts:
            own = [
                (curve, curve.space.chart.onto(space.chart))
                for curve in owners
                if curve.stratum.dead == without and is_akin(curve.space, space)
            ]
            placed = [
                (curve.middle, image)
                for curve, images in own
                if curve.stratum.fold is None
                for image in _images(images, paths[curve])
            ]
            folded = [
                FoldedBasin(view, curve.middle, paths[curve])
                for curve, images in own
                if curve.stratum.fold is not None
                for view in views(curve.stratum.fold, images)
            ]
            below: frozenset[Dead] = frozenset()
            if not without:
                folded += _valleys(slab, curves, chart, space)
                placed += [
                    (middle, image)
                    for home, middle, path in tips
                    if is_akin(home, space)
                    for image in _images(home.chart.onto(space.chart), path)
                ]
                below = below.union(*(images_of(k, space.chart) for k in dead if k))
            claims[without, chart] = Claim(
                alpha,
                tuple(levels[:count]),
                tuple(placed),
                every,
                tuple(folded),
                below,
                slab.kind is Kind.FADE,
            )
        return Settled(slab, tuple(curves), claims, further, contact=contact)


def _settle_divided(spaces: Spaces, slab: Slab, ends: tuple[fmpq, fmpq]) -> Settled:
    """A slab of f divided by α − α₀: that of s·h, and the place of its only chart."""
    number, factor, own = spaces.divided_for(slab)
    factor.check_bias(spaces.network.walls[-1], slab.lower, slab.upper)
    found = settle(own, replace(slab, root=None), ends)
    (claim,) = found.claims.values()
    return replace(found, slab=slab, claims={((), len(spaces) + number): claim}, factor=factor)


def _copies(
    curves: Sequence[Curve], spaces: Spaces, slab: Slab, ends: tuple[fmpq, fmpq]
) -> tuple[Copies, ...]:
    """The copies of all curves in further charts, with basins there.

    Raises:
        Refuted: one of them has none.
    """
    found: list[Copies] = [
        {
            copy.stratum.chart: (copy, copy)
            for copy in copies(curve, spaces.without(curve.stratum.dead))
        }
        for curve in curves
    ]
    # Where both curves of a switch or crossing are seen they share a basin, as at home.
    together = slab.kind in (Kind.SWITCH, Kind.CROSS)
    shared = found[0].keys() & found[1].keys() if together else set()
    for chart in shared:
        both = [own[chart][0] for own in found[:2]]
        (check_switch if slab.kind is Kind.SWITCH else check_cross)(both, slab, ends)
        (owner,) = basin_owners(slab.kind, both)
        for own, copy in zip(found, both, strict=False):
            own[chart] = (copy, owner)
    for number, own in enumerate(found):
        for chart in own.keys() - (shared if number < 2 else set()):
            copy = own[chart][0]
            if slab.kind is Kind.FADE and not copy.stratum.dead:
                check_faded_basin(copy, split(curves)[1])
            else:
                basins.check_basin(copy, basin_box(copy))
    return tuple(found)


def is_akin(space: Space, other: Space) -> bool:
    """Whether two charts differ in the orthant at most."""
    return (space.network.outputs, space.chart.fixed) == (
        other.network.outputs, other.chart.fixed,
    )  # fmt: skip


def _tips(
    slab: Slab, curves: Sequence[Curve], further: Sequence[Copies], spaces: Spaces
) -> list[tuple[Space, Range, Path]]:
    """Basins around the points where dead units have parameters 0, with their charts."""
    found = []
    for tip in slab.tips:
        curve = curves[tip.curve]
        if curve not in basin_owners(slab.kind, curves):
            raise Refuted("a tip at a curve without a basin of its own")
        seen = [curve, *(copy for copy, _ in further[tip.curve].values())]
        path = check_tip(spaces[tip.chart], seen, tip.radius)
        found.append((spaces[tip.chart], curve.middle, path))
    return found


def _valleys(slab: Slab, curves: Sequence[Curve], chart: int, space: Space) -> list[FoldedBasin]:
    """Further basins in products, of curves that lie in one chart, and their images."""
    found = []
    for valley in slab.valleys:
        curve = curves[valley.curve]
        if slab.kind not in (Kind.ONE, Kind.TIE, Kind.KINK, Kind.TOUCH):
            raise Refuted("a valley at a curve without a basin of its own")
        if curve.stratum.place == ((), chart):
            path = _held(space, valley.path)
            check_valley(curve, valley.product, path)
            found += [
                FoldedBasin(view, curve.middle, path)
                for view in views(valley.product, space.chart.images)
            ]
    return found


def _basin(curve: Curve) -> Path:
    """The path with the half widths of the basin: everything, for a minimum of a convex f."""
    if not curve.is_everywhere:
        return curve.path
    return Path(curve.path.centre, curve.path.slope, np.full(len(curve.path.radius), HELD))


def _held(space: Space, path: Path) -> Path:
    """The path with the parameters that the chart holds at their walls."""
    centre, slope, radius = path.centre.copy(), path.slope.copy(), path.radius.copy()
    for parameter, side in space.chart.fixed.items():
        centre[parameter] = space.wall(parameter, side).middle[0]
        slope[parameter], radius[parameter] = 0.0, HELD
    return Path(centre, slope, radius)


def _images(symmetries: Sequence[Image], path: Path) -> list[Path]:
    """The basin under some symmetries."""
    found = []
    for sources, signs in symmetries:
        index, sign = np.array(sources, dtype=int), np.array(signs, dtype=float)
        found.append(Path(sign * path.centre[index], sign * path.slope[index], path.radius[index]))
    return found


def _check_one(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    try:
        for curve in curves:
            basins.check_basin(curve, basin_box(curve))
    except Refuted as refuted:
        if len(curves) > 1:
            raise
        try:
            check_everywhere(curves[0], slab.lower, slab.upper)
        except Refuted:
            raise refuted from None
        curves[0].is_everywhere = True
    for curve in curves[1:]:
        _check_not_below(curves[0], curve, slab)


def _check_not_below(first: Curve, further: Curve, slab: Slab) -> None:
    if not (fits_mean(first) and fits_mean(further)):
        check_above(first, further, slab.lower, slab.upper)


def _check_switch(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    check_switch(curves[:2], slab, ends)
    stuck = max(curves[:2], key=lambda c: len(c.stratum.groups) + len(c.stratum.walls))
    for curve in curves[2:]:  # the minimum is not above the value of the stuck one
        basins.check_basin(curve, basin_box(curve))
        _check_not_below(stuck, curve, slab)


def _check_fade(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    check_fade(curves, slab)


def _check_kink(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    for curve in curves:
        basins.check_basin(curve, basin_box(curve))
    first, second = curves[0], curves[1]
    for curve in curves[2:]:
        mean = fits_mean(curve) and (fits_mean(first) or fits_mean(second))
        above = any(difference(curve, each).lo[0] > 0 for each in (first, second))
        if not (mean or above):
            raise Refuted("a further curve is not above the others")
    if not (first.slope - second.slope).lo[0] > 0:
        raise Refuted("the two values may cross more than once")
    low = end(second, slab.lower).value - end(first, slab.lower).value
    high = end(first, slab.upper).value - end(second, slab.upper).value
    if not (low.lo[0] > 0 and high.lo[0] > 0):
        raise Refuted("the two values do not change places")
