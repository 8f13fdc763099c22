"""Curves of first-order points: existence, derivative and value, by Krawczyk's operator.

On a stratum with pattern c and boundaries z_j = β_j, j ∈ S, the unknowns are the free
parameters (neither fixed by the chart nor at an active wall) and one multiplier for each
j ∈ S; the equations are

    F:  ∂f_c/∂w − Σ_j λ_j ∂z_j/∂w = 0 (free parameters),   z_j − β_j = 0 (j ∈ S).

For all α of a slab at once, around the affine path p(α) of a certificate: if

    K = −Y·F(α, p(α)) + (1 − Y·J)·X  lies in the interior of X,

J enclosing the Jacobian on p + X, there is exactly one solution in p(α) + X for every α, and
it is an analytic function of α (Krawczyk 1969; Rump 1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from flint import fmpq, fmpq_mpoly

from pieceproof.checking.enclosing.charts import Chart
from pieceproof.checking.enclosing.folds import Coordinates
from pieceproof.checking.enclosing.jets import Jet, Jets, Pattern
from pieceproof.checking.enclosing.polynomials import jets_of
from pieceproof.checking.enclosing.ranges import Array, Range, around
from pieceproof.checking.reading import Refuted

if TYPE_CHECKING:
    from pieceproof.checking.enclosing.compiled.records import Integers

Dead = tuple[int, ...]
"""Hidden units that are left out, counted from 0, increasing."""
Place = tuple[Dead, int]
"""A chart of the network without some units, by its number."""
Label = tuple[int, int, int]
"""(unit, example, breakpoint), all counted from 0."""


@dataclass(frozen=True, eq=False)
class Stratum:
    """Pattern, boundaries in groups that coincide, and active walls (parameter → side).

    With a ``fold`` coordinates are folded, or those of a frame or of a product; a wall of a squared
    slot is the mirror. With ``dead`` units the chart is one of the network without them.
    """

    chart: int
    pattern: Pattern
    groups: tuple[tuple[Label, ...], ...]
    walls: dict[int, int]
    fold: Coordinates | None = None
    dead: Dead = ()

    @property
    def place(self) -> Place:
        """Where the curve lives."""
        return self.dead, self.chart

    @cached_property
    def identity(self) -> object:
        """Equal for equal strata: the sides of active boundaries do not matter.

        The polynomials on either side agree on the stratum, so they have the same curves.
        """
        pattern = [list(unit) for unit in self.pattern]
        for group in self.groups:
            for unit, example, k in group:
                pattern[unit][example] = -1 - k
        return (
            self.place, self.fold, tuple(map(tuple, pattern)),
            frozenset(frozenset(group) for group in self.groups), frozenset(self.walls.items()),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Path:
    """p(α) = centre + slope·(α − middle), and the half widths of a box around it."""

    centre: Array
    slope: Array
    radius: Array


class Space:
    """A chart with its enclosures: where curves of this chart live."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.network = chart.network
        self.jets = jets_of(chart.network)
        self.moving = np.array(chart.moving, dtype=int)
        self.box = chart.network.box
        lower = around([wall[0] for wall in chart.network.walls])
        upper = around([wall[1] for wall in chart.network.walls])
        self.sides = (lower, upper)
        self.folds: dict[tuple[Coordinates, Pattern], Space] = {}
        self.factors: dict[object, tuple[fmpq_mpoly, ...]] = {}

    def wall(self, parameter: int, side: int) -> Range:
        """The wall, enclosed."""
        return self.sides[side][parameter : parameter + 1]

    def placed(self, alpha: Range, weights: Range, walls: dict[int, int]) -> Range:
        """The box (1, n) with fixed parameters and active walls at their exact places."""
        low, high = weights.lo.copy(), weights.hi.copy()
        for parameter, side in {**self.chart.fixed, **walls}.items():
            at = self.wall(parameter, side)
            low[parameter], high[parameter] = at.lo[0], at.hi[0]
        return Range(
            np.concatenate([alpha.lo, low])[None, :], np.concatenate([alpha.hi, high])[None, :]
        )

    # -- what folded coordinates change ----------------------------------------------

    def point(self, weights: Range) -> Range:
        """The point of W enclosed in ``weights`` (d,)."""
        return weights

    def check_domain(self, box: Range, pattern: Pattern) -> None:
        """That coordinates are good on the box (1, n); those of W always are."""

    def check_within(self, box: Range) -> None:
        """That coordinates in the box mean points of W, as far as their walls do not say so."""


class Curve:
    """A certified curve over the slab ``alpha`` (a range of length 1).

    ``path`` is first moved by ``polish`` steps of Newton's method. ``jet`` and ``seen`` are the
    jets of f and of the pre-activations on the tube ``box``; there the multipliers, the Jacobian
    and ∂F/∂α lie in ``multipliers``, ``jacobian`` and ``drift``. The curve is unique within
    ``unique`` around its path, and lies within ``offset``.

    Raises:
        Refuted: existence could not be proved.
    """

    def __init__(
        self, space: Space, stratum: Stratum, path: Path, alpha: Range, polish: int = 0
    ) -> None:
        from pieceproof.checking.enclosing.compiled import curves

        self.space, self.stratum, self.alpha = space, stratum, alpha
        d, s = len(space.box.lo), len(stratum.groups)
        held = {**space.chart.fixed, **stratum.walls}
        self.free = np.array([i for i in range(d) if i not in held], dtype=np.int64)
        self.middle = Range.exactly(alpha.middle)
        self.count = n = len(self.free) + s
        walls = np.zeros((2, d))
        for parameter, side in held.items():
            at = space.wall(parameter, side)
            walls[:, parameter] = at.lo[0], at.hi[0]
        centre = path.centre.copy()
        self.start, self.drifting = np.zeros(s), np.zeros(s)
        self.inverse, jacobian = np.zeros((n, n)), np.zeros((2, n, n))
        vectors, box, multipliers = np.zeros((3, 2, n)), np.zeros((2, 1 + d)), np.zeros((2, s))
        jets = space.jets
        answer = curves.enclose(
            jets.net, np.array([alpha.lo[0], alpha.hi[0]]), centre, path.slope,
            np.array([i in held for i in range(d)], dtype=np.int64), walls, self.free,
            jets.marks(stratum.pattern), labels_of(stratum.groups), polish, jets.room,
            self.start, self.drifting, self.inverse, vectors, box, multipliers, jacobian,
        )  # fmt: skip
        if answer == curves.SINGULAR:
            raise Refuted("the curve is singular")
        if answer != curves.PROVED:
            raise Refuted("the curve could not be enclosed")
        self.path = Path(centre, path.slope, path.radius)
        self.unique, self.offset, self.drift = (Range(low, high) for low, high in vectors)
        self.box = Range(box[:1], box[1:])
        self.multipliers, self.jacobian = Range(*multipliers), Range(*jacobian)
        self.jet, self.seen = jets.copied(jets.room.f, jets.room.nodes)

    is_zero = False
    """Whether f vanishes on the curve."""
    is_everywhere = False
    """Whether it is known to be a global minimiser, though perhaps not an isolated one."""

    def along(self, alpha: Range) -> Range:
        """p(α) over a range of α."""
        step = alpha - self.middle
        return Range.exactly(self.path.centre) + Range.exactly(self.path.slope) * step

    # -- what is known of it ---------------------------------------------------------

    @cached_property
    def derivative(self) -> Range:
        """d(w free, λ)/dα over the slab.

        Raises:
            Refuted: the enclosure of the Jacobian is not regular.
        """
        if not self.count:
            return Range.exactly(np.zeros(0))
        from pieceproof.checking.enclosing.compiled.curves import rates

        found = np.zeros((2, self.count))
        drift = np.stack([self.drift.lo, self.drift.hi])
        jacobian = np.stack([self.jacobian.lo, self.jacobian.hi])
        if not rates(self.inverse, jacobian, drift, found):
            raise Refuted("a curve has no enclosed derivative")
        return Range(*found)

    @cached_property
    def slope(self) -> Range:
        """v′(α) = ∂_α(f − Σ λ z) over the slab (envelope theorem), a range of length 1."""
        total = self.jet.gradient[0, 0:1]
        for j, group in enumerate(self.stratum.groups):
            _, dz, _ = bent(self.space.jets, self.seen, group[0])
            total = total - self.multipliers[j : j + 1] * dz[0:1]
        return total

    @cached_property
    def curvature(self) -> Range:
        """v″(α) over the slab."""
        row = self.jet.hessian[0, 0]
        m = len(self.free)
        for j, group in enumerate(self.stratum.groups):
            _, _, ddz = bent(self.space.jets, self.seen, group[0])
            row = row - self.multipliers[j : j + 1] * ddz[0]
        total = row[0:1]
        if m:
            total = total + (row[1 + self.free] * self.derivative[:m]).sum(0)
        for j, group in enumerate(self.stratum.groups):
            _, dz, _ = bent(self.space.jets, self.seen, group[0])
            total = total - self.derivative[m + j : m + j + 1] * dz[0:1]
        return total

    def at(self, alpha: Range) -> Curve:
        """The curve over a smaller range of α, usually one point."""
        step = Range.exactly(alpha.middle) - self.middle
        shift = self.path.centre + self.path.slope * step.middle
        path = Path(shift, self.path.slope, self.path.radius)
        found = Curve(self.space, self.stratum, path, alpha, polish=2)
        self._check_same(found)
        return found

    @cached_property
    def centred(self) -> Curve:
        """The curve over the middle of its slab alone.

        Raises:
            Refuted: it could not be enclosed there.
        """
        return self.at(self.middle)

    def _check_same(self, part: Curve) -> None:
        """That a curve over a part of the slab is this one: it lies where this one is unique.

        Both paths have one slope, so their distance is the same for all α. w decides: with
        affine boundaries f is strictly convex on the stratum within the basin. In deeper layers
        the multipliers are compared too.

        Raises:
            Refuted: it may be another curve.
        """
        m = len(self.free)
        step = part.middle - self.middle
        own = Range.exactly(self.path.centre) + Range.exactly(self.path.slope) * step
        shift = (Range.exactly(part.path.centre) - own)[self.free]
        inside = (shift + part.offset[:m]).within(self.unique[:m]) if m else True
        deep = any(group[0][0] >= self.space.network.hidden[0] for group in self.stratum.groups)
        if deep and inside:
            drift = Range.exactly(self.start) + Range.exactly(self.drifting) * (
                part.alpha - self.middle
            )
            reach = self.unique[m:]
            low, high = drift.hi + reach.lo, drift.lo + reach.hi
            inside = bool(np.all(part.multipliers.lo > low) and np.all(part.multipliers.hi < high))
        if not inside:
            raise Refuted("a curve could not be followed within its tube")

    @property
    def point(self) -> Range:
        """The curve's points in W (d,); of mirror images one."""
        return self.space.point(self.box[0, 1:])

    @property
    def value(self) -> Range:
        """v over the range of α, a range of length 1."""
        return self.jet.value

    def is_flat(self) -> bool:
        """Whether v is known to be constant, by an identity."""
        from pieceproof.checking.enclosing.stationarity import is_flat

        return is_flat(self)

    def is_flat_at(self, alpha: fmpq) -> bool:
        """Whether v′ is known to vanish at one α, by an identity."""
        from pieceproof.checking.enclosing.stationarity import is_flat_at

        return is_flat_at(self, alpha)


def bent(jets: Jets, seen: Sequence[Jet], label: Label) -> tuple[Range, Range, Range]:
    """z − β, its gradient and its Hessian in (α, w) on one box."""
    unit, example, k = label
    z = seen[unit]
    value = z.value[0, example : example + 1] - jets.points[k : k + 1]
    gradient = z.gradient[0, example]
    hessian = z.hessian[0, min(example, z.hessian.shape[1] - 1)]
    return value, gradient, hessian


def labels_of(groups: Sequence[Sequence[Label]]) -> Integers:
    """The first member of every group, (S, 3)."""
    return np.array([group[0] for group in groups], dtype=np.int64).reshape(-1, 3)


def wall_speed(curve: Curve, parameter: int) -> Range:
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
