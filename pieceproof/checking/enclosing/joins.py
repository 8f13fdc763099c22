"""ℓ* over A from its slabs: segments, breakpoints, and what neighbouring slabs share.

Two neighbouring slabs with one stratum are joined when the right one's point at the common
end lies in the basin of the left one: there f has one minimiser, so the points are the same,
and since the curve through it is unique and analytic, ℓ* is analytic across the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing.claimedslabs import Kind, basin_box, end
from pieceproof.checking.enclosing.fades import outgoing_gap, split
from pieceproof.checking.enclosing.interpolation import vanishes
from pieceproof.checking.enclosing.nearby import sides
from pieceproof.checking.enclosing.ranges import Range, around, exact_double
from pieceproof.checking.enclosing.restored import check_met, is_turn, restored
from pieceproof.checking.enclosing.slabs import Settled
from pieceproof.checking.enclosing.touches import Turning
from pieceproof.checking.enclosing.tubes import Curve, bent
from pieceproof.checking.reading import Refuted

FINEST = fmpq(1, 10**11)
"""Breakpoints are enclosed to this width, relative to A, where doubles allow."""


@dataclass(frozen=True, eq=False)
class Segment:
    """ℓ* is the value of ``curve`` on [lower, upper]; ``slab`` is the slab's number."""

    curve: Curve
    lower: fmpq
    upper: fmpq
    slab: int
    turning: Turning | None = None


@dataclass(frozen=True, eq=False)
class Breakpoint:
    """Exactly one breakpoint of ℓ* lies in (lower, upper); ℓ* is analytic elsewhere there.

    Or it lies at lower = upper, a rational that is known exactly.
    """

    kind: str
    lower: fmpq
    upper: fmpq
    left: Curve
    right: Curve
    turnings: tuple[Turning | None, Turning | None] = (None, None)


Link = Segment | Breakpoint


def links(settled: Sequence[Settled], width: fmpq) -> list[Link]:
    """Segments and breakpoints of consecutive slabs, in order.

    Raises:
        Refuted: two neighbouring slabs cannot be joined.
    """
    for left, right in pairwise(settled):
        check_joined(left, right)
    found: list[Link] = []
    before: Settled | None = None
    for index, each in enumerate(settled):
        slab = each.slab
        first, last = restored(each, each.left), restored(each, each.right)
        if before is not None and is_turn(before, each):
            turn = restored(before, before.right)
            found.append(Breakpoint("kink", slab.lower, slab.lower, turn, first))
        before = each
        # Where v turns is known of f itself, not of what is divided.
        contact = each.contact if each.factor is None else None
        if not each.changes:
            turning = None if contact is None else contact.turnings[0]
            found.append(Segment(first, slab.lower, slab.upper, index, turning))
            continue
        lower, upper = narrowed(each, width * FINEST)
        turnings = (None, None) if contact is None else contact.turned(lower, upper)
        kink = slab.kind is Kind.KINK if each.contact is None else each.contact.order == 1
        kind = "kink" if kink else "smooth"
        found += [
            Segment(first, slab.lower, lower, index, turnings[0]),
            Breakpoint(kind, lower, upper, first, last, turnings),
            Segment(last, upper, slab.upper, index, turnings[1]),
        ]
    return [link for link in found if isinstance(link, Breakpoint) or link.lower < link.upper]


def check_joined(left: Settled, right: Settled) -> None:
    """That ℓ* is analytic across the common end of two slabs, or has a kink there (``factors``).

    Raises:
        Refuted: this could not be shown.
    """
    at = left.slab.upper
    if right.slab.lower != at:
        raise Refuted(f"the slabs leave a gap at α = {at}")
    if left.factor is right.factor:
        try:
            _check_continued(left, right, at)
        except Refuted:
            if left.factor is None:
                raise
        else:
            return
    if not is_turn(left, right):
        check_met(left, right, at)


def _check_continued(left: Settled, right: Settled, at: fmpq) -> None:
    """That ℓ* is analytic across the common end of two slabs of one objective.

    Raises:
        Refuted: this could not be shown.
    """
    a, b = left.right, right.left
    if a.stratum.place != b.stratum.place:  # one of them has a copy in the other's chart
        a = left.copy(a, b.stratum.place)
        b = right.copy(b, a.stratum.place)
    if a.is_everywhere and b.is_everywhere:
        raise Refuted(f"no basin tells the minimisers apart that meet at α = {at}")
    if (a.is_zero or b.is_zero) and vanishes(a) and vanishes(b):
        return
    if a.is_zero or b.is_zero:
        raise Refuted(f"exact interpolation ends near α = {int(at.p) / int(at.q):.10g}")
    folds = a.stratum.fold, b.stratum.fold
    if a.is_everywhere or b.is_everywhere or (None not in folds and folds[0] != folds[1]):
        fewer = a.is_everywhere or (not b.is_everywhere and _mirrors(b) < _mirrors(a))
        _check_isolated(*((b, right, a) if fewer else (a, left, b)), at)
        return
    if None in folds and folds != (None, None):
        _check_unfolded((left, a), (right, b), at)
        return
    if a.stratum.identity != b.stratum.identity:
        raise Refuted(f"the slabs that meet at α = {at} lie on different strata")
    point = end(b, at).box[0]
    # In a switch or crossing the basin is that of the slab's first-mentioned free curve.
    basin = basin_box(left.owner(a), around([at]))[0]
    inside = all(
        basin.lo[1 + i] <= point.lo[1 + i] and point.hi[1 + i] <= basin.hi[1 + i]
        for i in a.space.chart.moving
    )
    if not inside:
        raise Refuted(f"the slabs that meet at α = {at} follow different curves")


def _check_unfolded(left: tuple[Settled, Curve], right: tuple[Settled, Curve], at: fmpq) -> None:
    """That an ordinary curve and one in folded coordinates are one where their slabs meet.

    In W both follow one polynomial. The ordinary curve's point, folded, lies in the basin
    of the other one, so it is that one's point. Critical curves of f_c correspond to those of F:
    off the mirror ∂_t f = 2t·∂_T F, and on it ∂_t f = 0. Both are regular, so they are one.

    Raises:
        Refuted: this could not be shown.
    """
    plain, (settled, folded) = (
        (left[1], right) if left[1].stratum.fold is None else (right[1], left)
    )
    fold = folded.stratum.fold
    if fold is None:
        raise ValueError("one of the curves is folded")
    kept = {i: side for i, side in folded.stratum.walls.items() if i not in fold.touched}
    own, other = plain.stratum, folded.stratum
    same = (own.place, own.pattern, own.groups) == (other.place, other.pattern, other.groups)
    if not same or own.walls != kept:
        raise Refuted(f"the slabs that meet at α = {at} lie on different strata")
    point = fold.image(end(plain, at).box[0, 1:])
    basin = basin_box(settled.owner(folded), around([at]))[0, 1:]
    low = basin.lo.copy()
    squared = list(fold.squared)
    low[squared] = np.where(low[squared] <= 0, -np.inf, low[squared])
    moving = [i for i in folded.space.chart.moving if i not in kept]
    if not np.all((low <= point.lo)[moving] & (point.hi <= basin.hi)[moving]):
        raise Refuted(f"the slabs that meet at α = {at} follow different curves")


def _mirrors(curve: Curve) -> int:
    return 0 if curve.stratum.fold is None else len(curve.stratum.fold.squared)


def _check_isolated(curve: Curve, settled: Settled, other: Curve, at: fmpq) -> None:
    """That two curves in different coordinates are one where their slabs meet.

    An image of the point of ``other`` lies in the basin of ``curve``, whose mirrors are among those
    of ``other``; and it is at the same ones. So its branch satisfies the first-order system of
    ``curve``, which is regular.

    Raises:
        Refuted: this could not be shown.
    """
    own, theirs = curve.stratum, other.stratum
    fold = own.fold
    mirrors = () if fold is None else fold.squared
    known = () if theirs.fold is None else theirs.fold.touched
    same = fold is None or set(fold.reflections) <= set(
        () if theirs.fold is None else theirs.fold.reflections
    )
    walls = [
        {(i, side) for i, side in each.walls.items() if i in mirrors or i not in known}
        for each in (own, theirs)
    ]
    if (own.place, own.pattern, own.groups) != (theirs.place, theirs.pattern, theirs.groups):
        same = False
    if not same or walls[0] != walls[1]:
        raise Refuted(f"the slabs that meet at α = {at} lie on different strata")
    point = end(other, at).point
    basin = basin_box(settled.owner(curve), around([at]))[0, 1:]
    floor = basin.lo.copy()
    for slot in mirrors:
        floor[slot] = -np.inf if floor[slot] <= 0 else floor[slot]
    common = {i for i, _ in walls[0] if i not in mirrors}
    for sources, signs in curve.space.chart.images:
        index, minus = list(sources), np.array(signs) < 0
        # At a common wall both points have the same coordinate, whatever rounding says.
        held = {i for i in common if index[i] == i and not minus[i]}
        moving = [i for i in curve.space.chart.moving if i not in held]
        image = Range(
            np.where(minus, -point.hi[index], point.lo[index]),
            np.where(minus, -point.lo[index], point.hi[index]),
        )
        image = image if fold is None else fold.image(image)
        if np.all((floor <= image.lo)[moving] & (image.hi <= basin.hi)[moving]):
            return
    raise Refuted(f"the slabs that meet at α = {at} follow different curves")


def narrowed(settled: Settled, width: fmpq) -> tuple[fmpq, fmpq]:
    """A smaller interval around the slab's breakpoint, as far as signs can be decided."""
    lower, upper = settled.slab.lower, settled.slab.upper
    while upper - lower > width:
        # Cut at short dyadic numbers, so that ends stay short to write.
        middle = _short((lower + upper) / 2, (upper - lower) / 64)
        side = _side(settled, middle)
        if side is None:
            middle = _short(lower + (upper - lower) * fmpq(3, 8), (upper - lower) / 64)
            side = _side(settled, middle)
        if side is None:
            break
        if side < 0:
            lower = middle
        else:
            upper = middle
    return lower, upper


def _short(value: fmpq, tolerance: fmpq) -> fmpq:
    scale = fmpq(1)
    while 1 / scale > tolerance:
        scale *= 2
    return (
        (value * scale).floor() / scale
        if (value * scale).floor() / scale > 0 or value < 0
        else value
    )


def _side(settled: Settled, at: fmpq) -> int | None:
    """−1 if the breakpoint, or a touch, lies above ``at``, 1 if below, None if undecided."""
    if settled.contact is not None:
        return settled.contact.side(at)
    kind, first, second = settled.slab.kind, settled.curves[0], settled.curves[1]
    try:
        if kind is Kind.KINK:
            gap = end(first, at).value - end(second, at).value
        elif kind is Kind.FADE:
            free, dead = split((first, second))
            gap = -outgoing_gap(end(free, at), dead)
            if free is second:
                gap = -gap
        elif kind is Kind.CROSS:
            changed = next(
                (u, t, min(x, y))
                for u, (own, other) in enumerate(
                    zip(first.stratum.pattern, second.stratum.pattern, strict=True)
                )
                for t, (x, y) in enumerate(zip(own, other, strict=True))
                if x != y
            )
            gap = -_oriented(end(first, at), changed)
        else:
            owner = settled.owner(first)
            stuck = second if owner is first else first
            gap = -_constraint(end(owner, at), stuck)
            if owner is second:
                gap = -gap
    except Refuted:
        return None
    if gap.hi[0] < 0:
        return -1
    return 1 if gap.lo[0] > 0 else None


def _oriented(curve: Curve, label: tuple[int, int, int]) -> Range:
    value = bent(curve.space.jets, curve.seen, label)[0]
    return value if sides(curve.stratum.pattern, [label]) > 0 else -value


def _constraint(free: Curve, stuck: Curve) -> Range:
    """The constraint of a switch along the free curve, positive where it is inactive."""
    extra = [group for group in stuck.stratum.groups if group not in free.stratum.groups]
    if extra:
        return _oriented(free, extra[0][0])
    ((parameter, side),) = (
        (i, s) for i, s in stuck.stratum.walls.items() if i not in free.stratum.walls
    )
    gap = free.box[0][1 + parameter : 2 + parameter] - free.space.wall(parameter, side)
    return gap if side == 0 else -gap


def enclosure_at(links_: Sequence[Link], alpha: fmpq) -> tuple[Curve, Range]:
    """The curve and ℓ*(α) at a rational α of the slabs.

    Raises:
        Refuted: no slab holds α.
    """
    for link in links_:
        if not link.lower <= alpha <= link.upper:
            continue
        if isinstance(link, Segment):
            curve = end(link.curve, alpha)
            return curve, curve.value
        sides_ = [end(link.left, alpha), end(link.right, alpha)]
        values = [each.value for each in sides_]
        if link.kind == "kink":
            low = min(float(v.lo[0]) for v in values)
            high = min(float(v.hi[0]) for v in values)
        else:
            low = min(float(v.lo[0]) for v in values)
            high = max(float(v.hi[0]) for v in values)
        best = min(sides_, key=lambda each: float(each.value.hi[0]))
        return best, Range(np.array([low]), np.array([high]))
    raise Refuted(f"α = {alpha} is not settled")


def rational_range(value: Range) -> tuple[fmpq, fmpq]:
    """The ends of an enclosure, exactly."""
    return exact_double(float(value.lo[0])), exact_double(float(value.hi[0]))
