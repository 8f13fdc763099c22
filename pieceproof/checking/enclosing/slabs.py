"""Slabs: what ℓ* is on one small interval of α, from curves in basins.

Given that f is above the claimed values outside the basins (``covering``), ℓ* is

- ``one``: v of the first curve; further curves have larger values throughout;
- ``zero``: 0, since all residuals vanish at a point of W (``interpolation``);
- ``tie``: the same on a slab at an end of A, where further curves may have an equal value at
  that end by a symmetry of f(α, ·), and have larger ones inside;
- ``kink``: v_0 up to one α, then v_1: v_0 − v_1 increases strictly and changes sign;
- ``switch``: one curve is free of a constraint g that the other has active. In the common basin
  f is minimal on the free curve while g ≥ 0 on it, else on the other; g changes sign once
  along the free curve. The values touch there, v_free ≤ v_active: a smooth breakpoint;
- ``cross``: the minimiser passes a C¹ boundary, so that another polynomial takes over. The
  values are different functions that touch: a smooth breakpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing import basins
from pieceproof.checking.enclosing.covering import Claim, FoldedBasin, Level
from pieceproof.checking.enclosing.foldedspaces import space_of
from pieceproof.checking.enclosing.folds import views
from pieceproof.checking.enclosing.interpolation import Interpolation
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.stationarity import same_slope
from pieceproof.checking.enclosing.tubes import Curve, Label, Path, Space, Stratum, bent
from pieceproof.checking.reading import Refuted

HALVINGS = 16
"""Times that an interval of α is cut to compare two values there."""
CONVEX = 7
"""Times that it is cut to show that their difference is convex."""

HELD = 1e300
"""The half width of a basin along a parameter that its chart holds."""


class Kind(Enum):
    """How ℓ* is put together from the curves of a slab."""

    ONE = "one"
    TIE = "tie"
    KINK = "kink"
    SWITCH = "switch"
    CROSS = "cross"
    ZERO = "zero"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, eq=False)
class Slab:
    """A claim: ``kind`` on [lower, upper] with the given strata and paths."""

    lower: fmpq
    upper: fmpq
    kind: Kind
    curves: tuple[tuple[Stratum, Path], ...]
    fitted: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    """For ``zero``: the examples that are fitted, and the parameters that are solved for."""

    @property
    def alpha(self) -> Range:
        """The slab as a range of doubles around it."""
        return Range(around([self.lower]).lo, around([self.upper]).hi)


@dataclass(frozen=True, eq=False)
class Settled:
    """A slab whose curves are proved: the curves, left one first, and its claims by chart."""

    slab: Slab
    curves: tuple[Curve, ...]
    claims: dict[int, Claim]

    @property
    def left(self) -> Curve:
        """The curve on which ℓ* is attained at the lower end."""
        return self.curves[0]

    @property
    def right(self) -> Curve:
        """The curve on which ℓ* is attained at the upper end."""
        return self.curves[0 if self.slab.kind in (Kind.ONE, Kind.TIE, Kind.ZERO) else 1]


def settle(spaces: Sequence[Space], slab: Slab, ends: tuple[fmpq, fmpq]) -> Settled:
    """Everything about a slab except the covering.

    Raises:
        Refuted: something could not be proved; the message says what.
    """
    with np.errstate(all="ignore"):
        alpha = slab.alpha
        if slab.kind is Kind.ZERO:
            stratum, path = slab.curves[0]
            zero = Interpolation(spaces[stratum.chart], stratum, path, alpha, *slab.fitted)
            return Settled(slab, (zero,), {})
        curves = [
            Curve(space_of(spaces, s), s, _held(spaces[s.chart], p), alpha) for s, p in slab.curves
        ]
        if len(curves) < (1 if slab.kind is Kind.ONE else 2):
            raise Refuted("too few curves")
        check = {
            Kind.ONE: _check_one, Kind.TIE: _check_tie, Kind.KINK: _check_kink,
            Kind.SWITCH: _check_switch, Kind.CROSS: _check_cross,
        }[slab.kind]  # fmt: skip
        check(curves, slab, ends)
        levels = [level_of(curve) for curve in curves]
        every = slab.kind in (Kind.SWITCH, Kind.CROSS)
        count = 1 if slab.kind in (Kind.ONE, Kind.TIE) else 2
        claims = {}
        for chart, space in enumerate(spaces):
            own = [curve for curve in curves if curve.stratum.chart == chart]
            placed = [
                (curve.middle, image)
                for curve in own
                if curve.stratum.fold is None
                for image in _images(space, curve.path)
            ]
            folded = [
                FoldedBasin(view, curve.middle, curve.path)
                for curve in own
                if curve.stratum.fold is not None
                for view in views(curve.stratum.fold, space.chart.images)
            ]
            claims[chart] = Claim(alpha, tuple(levels[:count]), tuple(placed), every, tuple(folded))
        return Settled(slab, tuple(curves), claims)


def level_of(curve: Curve) -> Level:
    """v at the middle, and its slope on the slab."""
    return Level(curve.middle, curve.at(curve.middle).value, curve.slope)


def _held(space: Space, path: Path) -> Path:
    """The path with the parameters that the chart holds at their walls."""
    centre, slope, radius = path.centre.copy(), path.slope.copy(), path.radius.copy()
    for parameter, side in space.chart.fixed.items():
        centre[parameter] = space.wall(parameter, side).middle[0]
        slope[parameter], radius[parameter] = 0.0, HELD
    return Path(centre, slope, radius)


def _images(space: Space, path: Path) -> list[Path]:
    """The basin under the symmetries of the chart."""
    found = []
    for sources, signs in space.chart.images:
        index, sign = np.array(sources, dtype=int), np.array(signs, dtype=float)
        found.append(Path(sign * path.centre[index], sign * path.slope[index], path.radius[index]))
    return found


def basin_box(curve: Curve, alpha: Range | None = None) -> Range:
    """N of a curve over its slab, or over a part of it."""
    return basins.surroundings(curve, curve.alpha if alpha is None else alpha)


def difference(a: Curve, b: Curve) -> Range:
    """v_a − v_b over the slab, by the mean value form."""
    first, second = level_of(a), level_of(b)
    step = a.alpha - a.middle
    return (first.value - second.value) + (first.slope - second.slope) * step


def end(curve: Curve, alpha: fmpq) -> Curve:
    """The curve at one rational α."""
    return curve.at(around([alpha]))


def _check_one(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    for curve in curves:
        basins.check_basin(curve, basin_box(curve))
    for curve in curves[1:]:
        check_above(curves[0], curve, slab.lower, slab.upper)


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


def _check_tie(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
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
    if network.polynomial is not None:
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
        if all(_contains(basin, _negated(point, own)) for point, basin in ends_):
            return units
    raise Refuted("the tied curves are no mirror images")


def _negated(point: Range, parameters: Sequence[int]) -> Range:
    low, high = point.lo.copy(), point.hi.copy()
    own = list(parameters)
    low[own], high[own] = -point.hi[own], -point.lo[own]
    return Range(low, high)


def _contains(outer: Range, inner: Range) -> bool:
    return bool(np.all((outer.lo <= inner.lo) & (inner.hi <= outer.hi)))


def _check_kink(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    for curve in curves:
        basins.check_basin(curve, basin_box(curve))
    first, second = curves[0], curves[1]
    for curve in curves[2:]:
        if not (difference(curve, first).lo[0] > 0 or difference(curve, second).lo[0] > 0):
            raise Refuted("a further curve is not above the others")
    if not (first.slope - second.slope).lo[0] > 0:
        raise Refuted("the two values may cross more than once")
    low = end(second, slab.lower).value - end(first, slab.lower).value
    high = end(first, slab.upper).value - end(second, slab.upper).value
    if not (low.lo[0] > 0 and high.lo[0] > 0):
        raise Refuted("the two values do not change places")


def _check_switch(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    if len(curves) != 2:
        raise Refuted("a switch has two curves")
    size = [len(c.stratum.groups) + len(c.stratum.walls) for c in curves]
    free_first = size[0] < size[1]
    free, stuck = curves if free_first else (curves[1], curves[0])
    extra, wall = _extra(free.stratum, stuck.stratum)
    space, own = free.space, free.stratum
    box = basin_box(free)
    for curve in curves:
        if not _contains(box[0], curve.box[0]):
            raise Refuted("a curve leaves the common basin")
    hard = [*own.groups, *([extra] if extra else [])]
    soft = basins.soft_boundaries(space, box, own.pattern, hard)
    basins.check_inside(stuck)
    basins.check_inside(free, except_=wall)
    for curve in curves:
        basins.check_sides(curve, soft)
    for pattern in basins.patterns(own.pattern, own.groups):
        _check_free_side(free, stuck, box, pattern, extra, soft)
        if extra:
            other = basins.crossed(pattern, extra)
            found, walls = basins.multipliers_of(stuck, other, hard)
            floors = basins.check_signs(other, hard, found, walls)
            basins.check_basin_convex(stuck, box, other, soft, hard, found, floors, walls)
    where = slab.lower if free_first else slab.upper
    beyond = slab.upper if free_first else slab.lower
    if extra:
        label = extra[0]
        side = basins.sides(own.pattern, extra)
        slope = _speed(free, label)
        near, far = (
            bent(space.jets, at.seen, label)[0] for at in (end(free, where), end(free, beyond))
        )
        pressing = stuck.derivative[len(stuck.free) + len(own.groups)]
        pressing = Range(np.atleast_1d(pressing.lo), np.atleast_1d(pressing.hi))
    else:
        if wall is None:
            raise Refuted("a switch without a constraint")
        at_wall = space.wall(wall[0], wall[1])
        side = 1 if wall[1] == 0 else -1
        place = int(np.flatnonzero(free.free == wall[0])[0])
        slope = free.derivative[place : place + 1]
        near, far = (
            at.box[0][1 + wall[0] : 2 + wall[0]] - at_wall
            for at in (end(free, where), end(free, beyond))
        )
        pressing = _wall_speed(stuck, wall[0])
    if side < 0:
        near, far = -near, -far
    if not (near.lo[0] > 0 and far.hi[0] < 0):
        raise Refuted("the constraint does not change sides on the slab")
    for speed in (slope, pressing):
        if speed.lo[0] <= 0 <= speed.hi[0]:
            raise Refuted("the constraint may change sides more than once")
    if not strictly_pressing(stuck, beyond, extra, wall, len(own.groups)):
        raise Refuted("the multiplier of the constraint has the wrong sign")


def strictly_pressing(
    stuck: Curve,
    beyond: fmpq,
    extra: tuple[Label, ...] | None,
    wall: tuple[int, int] | None,
    index: int,
) -> bool:
    """Whether the multiplier of the added constraint is positive at the end beyond."""
    at = end(stuck, beyond)
    found, walls = basins.multipliers_of(at, at.stratum.pattern, at.stratum.groups)
    if extra:
        own = found[index] if basins.sides(at.stratum.pattern, extra) > 0 else -found[index]
        return bool(own.lo[0] > 0)
    if wall is None:
        return False
    return bool(walls[wall[0]].lo[0] > 0)


def _check_free_side(
    free: Curve,
    stuck: Curve,
    box: Range,
    pattern: Pattern,
    extra: tuple[Label, ...] | None,
    soft: Sequence[Sequence[Label]],
) -> None:
    """∇²G positive definite where the constraint holds, for the multipliers of both curves."""
    groups = free.stratum.groups
    one, one_walls = basins.multipliers_of(free, pattern, groups)
    hard = [*groups, *([extra] if extra else [])]
    two, two_walls = basins.multipliers_of(stuck, pattern, hard)
    common = {i: two_walls[i] for i in one_walls}
    floors = [
        min(a, b)
        for a, b in zip(
            basins.check_signs(pattern, groups, one, one_walls),
            basins.check_signs(pattern, groups, two[: len(groups)], common),
            strict=True,
        )
    ]
    factors = [a.hull(b) for a, b in zip(one, two, strict=False)]
    if extra:
        zero = Range.exactly(np.zeros(1))
        factors.append(two[-1].hull(zero))
        floors.append(0.0)
    walls = {i: one_walls[i].hull(two_walls[i]) for i in one_walls}
    basins.check_basin_convex(free, box, pattern, soft, hard, factors, floors, walls)


def _extra(
    free: Stratum, stuck: Stratum
) -> tuple[tuple[Label, ...] | None, tuple[int, int] | None]:
    """The group or the wall that the second stratum has more than the first."""
    if (free.chart, free.fold, free.pattern) != (stuck.chart, stuck.fold, stuck.pattern):
        raise Refuted("the strata of a switch are not neighbours")
    if stuck.groups == free.groups and len(stuck.walls) == len(free.walls) + 1:
        added = [(i, side) for i, side in stuck.walls.items() if i not in free.walls]
        if len(added) == 1 and {**free.walls, added[0][0]: added[0][1]} == stuck.walls:
            return None, added[0]
    elif stuck.walls == free.walls and stuck.groups[:-1] == free.groups:
        return stuck.groups[-1], None
    raise Refuted("the strata of a switch are not neighbours")


def _speed(curve: Curve, label: Label) -> Range:
    """d(z − β)/dα along the curve."""
    _, dz, _ = bent(curve.space.jets, curve.seen, label)
    total = dz[0:1]
    if len(curve.free):
        moved = dz[1 + curve.free] * curve.derivative[: len(curve.free)]
        total = total + moved.sum(0)
    return total


def _wall_speed(curve: Curve, parameter: int) -> Range:
    """dν/dα of the multiplier of an active wall along the curve, up to sign."""
    m = len(curve.free)
    row = curve.jet.hessian[0, 1 + parameter]
    total = None
    for j, group in enumerate(curve.stratum.groups):
        _, dz, ddz = bent(curve.space.jets, curve.seen, group[0])
        row = row - curve.multipliers[j : j + 1] * ddz[1 + parameter]
        term = curve.derivative[m + j : m + j + 1] * dz[1 + parameter : 2 + parameter]
        total = term if total is None else total + term
    speed = row[0:1]
    if m:
        speed = speed + (row[1 + curve.free] * curve.derivative[:m]).sum(0)
    return speed if total is None else speed - total


def _check_cross(curves: Sequence[Curve], slab: Slab, ends: tuple[fmpq, fmpq]) -> None:
    if len(curves) != 2:
        raise Refuted("a crossing has two curves")
    first, second = curves
    a, b = first.stratum, second.stratum
    if (a.chart, a.fold, a.groups, a.walls) != (b.chart, b.fold, b.groups, b.walls):
        raise Refuted("the strata of a crossing are not neighbours")
    space = first.space
    changed = [
        (unit, example)
        for unit, (own, other) in enumerate(zip(a.pattern, b.pattern, strict=True))
        for example in range(len(own))
        if own[example] != other[example]
    ]
    if any(abs(a.pattern[u][t] - b.pattern[u][t]) != 1 for u, t in changed) or not changed:
        raise Refuted("the strata of a crossing are not neighbours")
    passed = tuple((u, t, min(a.pattern[u][t], b.pattern[u][t])) for u, t in changed)
    if len(passed) > 1 and not coincide(space, passed):
        raise Refuted("two boundaries are crossed at once")
    if not all(space.network.bends_smoothly(k) for _, _, k in passed):
        raise Refuted("the boundary crossed is not C¹")
    box = basin_box(first)
    for curve in curves:
        if not _contains(box[0], curve.box[0]):
            raise Refuted("a curve leaves the common basin")
        basins.check_inside(curve)
    soft = basins.soft_boundaries(space, box, a.pattern, a.groups)
    listed = {label for group in soft for label in group}
    if not set(passed) <= listed:
        raise Refuted("the boundary crossed is not in the basin")
    others = [group for group in soft if group[0] not in passed]
    for curve in curves:
        basins.check_sides(curve, others)
    for choice in zip(
        basins.patterns(a.pattern, a.groups), basins.patterns(b.pattern, b.groups), strict=True
    ):
        found = [
            basins.multipliers_of(curve, pattern, a.groups)
            for curve, pattern in zip(curves, choice, strict=True)
        ]
        floors = [
            min(pair)
            for pair in zip(
                *(
                    basins.check_signs(pattern, a.groups, *each)
                    for pattern, each in zip(choice, found, strict=True)
                ),
                strict=True,
            )
        ]
        factors = [x.hull(y) for x, y in zip(found[0][0], found[1][0], strict=True)]
        walls = {i: found[0][1][i].hull(found[1][1][i]) for i in a.walls}
        basins.check_basin_convex(first, box, choice[0], soft, a.groups, factors, floors, walls)
    label = passed[0]
    speed = _speed(first, label)
    near, far = (
        bent(space.jets, at.seen, label)[0]
        for at in (end(first, slab.lower), end(first, slab.upper))
    )
    if basins.sides(a.pattern, [label]) < 0:
        near, far = -near, -far
    if not (near.lo[0] > 0 and far.hi[0] < 0) or speed.lo[0] <= 0 <= speed.hi[0]:
        raise Refuted("the boundary is not crossed exactly once")
    for at in (slab.lower, slab.upper):
        gap = end(first, at).value - end(second, at).value
        if gap.lo[0] > 0 or gap.hi[0] < 0:
            return
    raise Refuted("the two values cannot be told apart")


def coincide(space: Space, group: Sequence[Label]) -> bool:
    """Whether boundaries of one first-layer unit are one hyperplane, patterns being alike.

    Rows (x_t, 1 | β) are proportional; the sides are compared by the caller's patterns.
    """
    network = space.network
    rows = []
    for unit, example, k in group:
        if unit >= network.hidden[0] or unit != group[0][0]:
            return False
        bias = [fmpq(1)] if network.bias else []
        rows.append([*network.inputs[example], *bias, network.breakpoints[k]])
    first = rows[0]
    return all(
        first[i] * row[j] == first[j] * row[i]
        for row in rows[1:]
        for i in range(len(first))
        for j in range(i)
    ) and all(any(row[:-1]) for row in rows)


def consistent(space: Space, stratum: Stratum) -> bool:
    """Whether in every group the pattern puts all members on sides that occur together."""
    network = space.network
    for group in stratum.groups:
        senses = set()
        for unit, example, k in group:
            if stratum.pattern[unit][example] not in (k, k + 1):
                return False
            sense = 1 if stratum.pattern[unit][example] == k + 1 else -1
            if len(group) > 1:
                row = [*network.inputs[example], *([fmpq(1)] if network.bias else [])]
                sense *= 1 if next(entry for entry in row if entry) > 0 else -1
            senses.add(sense)
        if len(senses) != 1 or (len(group) > 1 and not coincide(space, group)):
            return False
    return True
