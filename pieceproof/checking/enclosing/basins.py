"""Basins: a box N around a curve in which f is nowhere below the curve's value.

Fix α. Let w* be the curve's point, S its boundaries {z_j = β_j} and walls, c′ any pattern that
occurs in N (S-boundaries and boundaries where σ_α is C¹ taken on either side, all others
being of one sign on N), and σ_j the side of boundary j. Let μ_j ≥ 0 solve
∇f_c′(w*) = Σ_j μ_j σ_j ∇z_j(w*), walls included. For w ∈ N of pattern c′, where
0 ≤ σ_j(z_j − β_j) ≤ δ_j, put κ_j = μ_j/δ_j:

    f(w) ≥ f_c′(w) − Σ_j μ_j σ_j (z_j − β_j) + Σ_j κ_j (z_j − β_j)² =: G(w).

∇G(w*) = 0, and G and ∇G agree where two patterns meet at a C¹ boundary. So if w* ∈ N and ∇²G
is positive definite on N for every c′, G is strictly convex and f(w) ≥ G(w) > G(w*) = f(w*)
for w ≠ w*. Further boundaries may run through N where f beyond them is at least the polynomial
of the near side (``rising``): there f ≥ f_c′ ≥ G.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.multipliers import check_signs, multipliers_of
from pieceproof.checking.enclosing.nearby import BasinTooLarge, boundaries_near, patterns, sides
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.tubes import Curve, Label, Space, bent, labels_of
from pieceproof.checking.reading import Refuted


def surroundings(curve: Curve, alpha: Range) -> Range:
    """N over a range of α: the box around the path, one-sided at active walls.

    Elsewhere it may reach beyond W; polynomials do not mind.
    """
    space = curve.space
    path, radius = curve.along(alpha), Range.exactly(curve.path.radius)
    low, high = (path - radius).lo, (path + radius).hi
    for parameter in curve.stratum.walls:
        low[parameter] = max(low[parameter], space.box.lo[parameter])
        high[parameter] = min(high[parameter], space.box.hi[parameter])
    return space.placed(alpha, Range(low, high), {})


@dataclass(frozen=True, eq=False)
class Augmented:
    """G up to f: signed multipliers of the groups, lower bounds of κ_j, multipliers of walls."""

    groups: Sequence[Sequence[Label]]
    factors: Sequence[Range]
    kappas: Sequence[float]
    walls: dict[int, float]


def augmented(
    space: Space,
    box: Range,
    around: Sequence[Pattern],
    groups: Sequence[Sequence[Label]],
    factors: Sequence[Range],
    floors: Sequence[float],
    walls: dict[int, tuple[int, float]],
) -> Augmented:
    """κ = floor/δ, δ the largest |z − β| on N for any of the patterns ``around``.

    ``walls``: parameter → (side, floor).
    """
    jets = space.jets
    passes = [jets.both(box, 0, pattern)[1] for pattern in around]
    kappas = []
    for group, floor in zip(groups, floors, strict=True):
        unit, example, k = group[0]
        reach = max(
            float((seen[unit].value[0, example] - jets.points[k]).magnitude) for seen in passes
        )
        kappas.append(floor / reach * (1 - 1e-9) if floor > 0 and reach > 0 else 0.0)
    along = {}
    for parameter, (side, floor) in walls.items():
        at = space.wall(parameter, side)
        reach = float((box[0, 1 + parameter] - at[0]).magnitude)
        along[parameter] = floor / reach * (1 - 1e-9) if floor > 0 and reach > 0 else 0.0
    return Augmented(groups, factors, kappas, along)


def check_convex(space: Space, box: Range, pattern: Pattern, g: Augmented) -> None:
    """∇²G positive definite on N, for one pattern.

    Raises:
        Refuted: that could not be shown.
    """
    from pieceproof.checking.enclosing.compiled.convexity import is_convex

    jets, count = space.jets, len(g.groups)
    factors = np.zeros((2, count))
    for j, factor in enumerate(g.factors):
        factors[:, j] = factor.lo[0], factor.hi[0]
    bumps = np.zeros(jets.n)
    for parameter, kappa in g.walls.items():
        bumps[1 + parameter] = 2 * kappa
    if not is_convex(
        jets.net, np.stack([box.lo[0], box.hi[0]]), jets.marks(pattern), labels_of(g.groups),
        factors, np.array(g.kappas, dtype=float), bumps, 1 + space.moving, jets.room,
    ):  # fmt: skip
        raise BasinTooLarge("f is not convex enough around a curve")


def check_basin(curve: Curve, box: Range) -> None:
    """That f ≥ v on N, with equality only on the curve.

    Raises:
        Refuted: that could not be shown.
    """
    stratum, space = curve.stratum, curve.space
    check_inside(curve)
    check_owned(curve, box)
    near = boundaries_near(space, box, stratum.pattern, stratum.groups)
    check_sides(curve, near.all)
    for pattern in patterns(stratum.pattern, stratum.groups):
        # On its own side of C¹ boundaries f_σ is the polynomial of the curve's pattern.
        found, walls = multipliers_of(curve, pattern, stratum.groups)
        floors = check_signs(pattern, stratum.groups, found, walls)
        check_basin_convex(curve, box, pattern, near.soft, stratum.groups, found, floors, walls)


def check_basin_convex(
    curve: Curve,
    box: Range,
    pattern: Pattern,
    soft: Sequence[Sequence[Label]],
    groups: Sequence[Sequence[Label]],
    factors: Sequence[Range],
    floors: Sequence[float],
    walls: dict[int, Range],
) -> None:
    """G strictly convex on N for one choice of sides of ``groups``, all C¹ sides included.

    Raises:
        Refuted: that could not be shown.
    """
    space = curve.space
    around = list(patterns(pattern, soft))
    floored = {i: (curve.stratum.walls[i], float(f.lo[0])) for i, f in walls.items()}
    g = augmented(space, box, around, groups, factors, floors, floored)
    for each in around:
        check_convex(space, box, each, g)


def check_inside(curve: Curve, except_: tuple[int, int] | None = None) -> None:
    """That the curve stays in W: its free parameters are strictly inside their ranges.

    ``except_`` names a wall (parameter, side) that may be crossed.

    Raises:
        Refuted: one may leave.
    """
    low = np.array([curve.space.sides[0].hi[i] for i in curve.free])
    high = np.array([curve.space.sides[1].lo[i] for i in curve.free])
    if except_ is not None:
        bound, value = ((low, -np.inf), (high, np.inf))[except_[1]]
        bound[curve.free == except_[0]] = value
    own = curve.box[0][1 + curve.free]
    if not (np.all(own.lo > low) and np.all(own.hi < high)):
        raise Refuted("the curve may leave the box W")
    curve.space.check_within(curve.box)


def check_owned(curve: Curve, box: Range) -> None:
    """That the curve lies in N, so that G is convex between its points and all others of N.

    Raises:
        Refuted: it may leave N; over a shorter slab it may not.
    """
    free = curve.free
    own = curve.along(curve.alpha)[free] + curve.offset[: len(free)]
    inside = np.all(box.lo[0, 1 + free] <= own.lo) and np.all(own.hi <= box.hi[0, 1 + free])
    for parameter, side in curve.stratum.walls.items():
        at, around = curve.space.wall(parameter, side), box[0, 1 + parameter]
        inside = inside and around.lo <= at.lo[0] and at.hi[0] <= around.hi
    if not inside:
        raise Refuted("the curve may leave its basin")


def check_sides(curve: Curve, near: Sequence[Sequence[Label]]) -> None:
    """That the curve stays on the sides of boundaries in its basin that its pattern says.

    Raises:
        Refuted: it may cross one.
    """
    for group in near:
        if not clearance(curve, group) > 0:
            raise Refuted("the curve may cross a boundary")


def clearance(curve: Curve, group: Sequence[Label]) -> float:
    """A lower bound of σ(z − β) on the tube of the curve."""
    value, _, _ = bent(curve.space.jets, curve.seen, group[0])
    own = value if sides(curve.stratum.pattern, group) > 0 else -value
    return float(own.lo[0])
