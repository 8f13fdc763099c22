"""Basins: a box N around a curve in which f is nowhere below the curve's value.

Fix α. Let w* be the curve's point, S its boundaries {z_j = β_j} and walls, c′ any pattern that
occurs in N (S-boundaries and boundaries where σ_α is C¹ taken on either side, all others
being of one sign on N), and σ_j the side of boundary j. Let μ_j ≥ 0 solve
∇f_c′(w*) = Σ_j μ_j σ_j ∇z_j(w*), walls included. For w ∈ N of pattern c′, where
0 ≤ σ_j(z_j − β_j) ≤ δ_j, put κ_j = μ_j/δ_j:

    f(w) ≥ f_c′(w) − Σ_j μ_j σ_j (z_j − β_j) + Σ_j κ_j (z_j − β_j)² =: G(w).

∇G(w*) = 0, and G and ∇G agree where two patterns meet at a C¹ boundary. So if ∇²G is
positive definite on N for every c′, G is strictly convex and f(w) ≥ G(w) > G(w*) = f(w*)
for w ≠ w*. Further boundaries may run through N where f beyond them is at least the polynomial
of the near side (``rising``): there f ≥ f_c′ ≥ G.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.rising import rises
from pieceproof.checking.enclosing.tubes import Curve, Label, Space, bent, labels_of
from pieceproof.checking.reading import Refuted

if TYPE_CHECKING:
    from pieceproof.checking.enclosing.compiled.records import Integers

MAX_BOUNDARIES = 8
"""Boundaries and C¹ boundaries in one basin at most: their sides are enumerated."""


class BasinTooLarge(Refuted):
    """A basin does not do; a smaller one around the same curve may."""


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


def sides(pattern: Pattern, group: Sequence[Label]) -> int:
    """σ of a group: 1 if the first member's pattern lies above the boundary, else −1."""
    unit, example, k = group[0]
    return 1 if pattern[unit][example] == k + 1 else -1


def crossed(pattern: Pattern, group: Sequence[Label]) -> Pattern:
    """The pattern on the other side of a group of coinciding boundaries."""
    changed = [list(unit) for unit in pattern]
    for unit, example, k in group:
        changed[unit][example] = 2 * k + 1 - changed[unit][example]
    return tuple(tuple(unit) for unit in changed)


def patterns(pattern: Pattern, groups: Sequence[Sequence[Label]]) -> Iterator[Pattern]:
    """All patterns with the groups taken on either side."""
    for choice in product((False, True), repeat=len(groups)):
        current = pattern
        for change, group in zip(choice, groups, strict=True):
            if change:
                current = crossed(current, group)
        yield current


@dataclass(frozen=True)
class Near:
    """The boundaries that N meets besides the active ones, each as a group of one."""

    soft: tuple[tuple[Label, ...], ...]
    """C¹ boundaries."""
    rising: tuple[tuple[Label, ...], ...]
    """Beyond them f is at least the polynomial of the near side."""

    @property
    def all(self) -> tuple[tuple[Label, ...], ...]:
        """Both kinds: the curve must stay on its side of them."""
        return self.soft + self.rising


def boundaries_near(
    space: Space, box: Range, pattern: Pattern, hard: Sequence[Sequence[Label]]
) -> Near:
    """The boundaries that N meets, for every side of the ``hard`` ones.

    Raises:
        Refuted: one is met at which f may be smaller beyond, or too many.
    """
    space.check_domain(box, pattern)
    network, jets = space.network, space.jets
    listed = {label for group in hard for label in group}
    soft: list[tuple[Label, ...]] = []
    rising: list[tuple[Label, ...]] = []
    known: set[tuple[Label, ...]] = set()
    pending = [pattern]
    if len(hard) > MAX_BOUNDARIES:
        raise BasinTooLarge(f"more than {MAX_BOUNDARIES} boundaries in one basin")
    done: set[Pattern] = set()
    while pending:
        base = pending.pop()
        for current in patterns(base, [*hard, *soft]):
            if current in done:
                continue
            done.add(current)
            _, seen = jets.both(box, 0, current)
            for unit, z in enumerate(seen):
                for example in range(network.examples):
                    low, high = z.value.lo[0, example], z.value.hi[0, example]
                    piece = current[unit][example]
                    for k, inside in (
                        (piece - 1, piece == 0 or low >= jets.points.hi[piece - 1]),
                        (
                            piece,
                            piece == len(network.breakpoints) or high <= jets.points.lo[piece],
                        ),
                    ):
                        label = (unit, example, k)
                        if inside or label in listed:
                            continue
                        constant = low == high == jets.points.lo[k] == jets.points.hi[k]
                        if constant and not any(network.inputs[example]) and not network.bias:
                            continue
                        if (label,) in known:
                            continue
                        known.add((label,))
                        if network.bends_smoothly(k):
                            soft.append((label,))
                            pending.append(pattern)
                        else:
                            rising.append((label,))
            if len(hard) + len(soft) > MAX_BOUNDARIES:
                raise BasinTooLarge(f"more than {MAX_BOUNDARIES} boundaries in one basin")
    for (label,) in rising:
        # Other boundaries count as far as they change the output at the same example.
        others = [
            group
            for group in (*hard, *soft, *rising)
            if label not in group and any(member[1] == label[1] for member in group)
        ]
        if len(others) > MAX_BOUNDARIES or not rises(space, box, patterns(pattern, others), label):
            unit, example, k = label
            raise BasinTooLarge(f"{network.units[unit]}:e{example + 1}:k{k + 1} is near")
    return Near(tuple(soft), tuple(rising))


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
        middle, at_walls, _ = _multipliers_on(curve.at(curve.middle), pattern, groups)
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
    found = _combination(rows, f.gradient[0], free)

    def rates() -> tuple[list[Range], dict[int, Range]]:
        along = np.zeros((2, space.jets.n))
        along[:, 0] = 1.0
        along[0, free] = curve.derivative.lo[: len(free)]
        along[1, free] = curve.derivative.hi[: len(free)]
        direction = Range(*along)[None, :]
        change = (f.hessian[0] * direction).sum(1)
        for factor, (_, _, second) in zip(found, bends, strict=True):
            change = change - factor * (second * direction).sum(1)
        own = _combination(rows, change, free)
        return own, _at_walls(walls, change, own, rows)

    return found, _at_walls(walls, f.gradient[0], found, rows), rates


def _combination(rows: Sequence[Range], gradient: Range, free: Integers) -> list[Range]:
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


def check_basin(curve: Curve, box: Range) -> None:
    """That f ≥ v on N, with equality only on the curve.

    Raises:
        Refuted: that could not be shown.
    """
    stratum, space = curve.stratum, curve.space
    check_inside(curve)
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
