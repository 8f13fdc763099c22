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

import numpy as np

from pieceproof.checking.enclosing.charts import Chart
from pieceproof.checking.enclosing.jets import Jet, Jets, Pattern
from pieceproof.checking.enclosing.ranges import Array, Range, around
from pieceproof.checking.reading import Refuted

Label = tuple[int, int, int]
"""(unit, example, breakpoint), all counted from 0."""

ROUNDS = 16


@dataclass(frozen=True, eq=False)
class Stratum:
    """Pattern, boundaries in groups that coincide, and active walls (parameter → side)."""

    chart: int
    pattern: Pattern
    groups: tuple[tuple[Label, ...], ...]
    walls: dict[int, int]

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
            self.chart, tuple(map(tuple, pattern)),
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
        self.jets = Jets(chart.network)
        self.network = chart.network
        self.moving = np.array(chart.moving, dtype=int)
        self.box = chart.network.box
        lower = around([wall[0] for wall in chart.network.walls])
        upper = around([wall[1] for wall in chart.network.walls])
        self.sides = (lower, upper)

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


class Curve:
    """A certified curve over the slab ``alpha`` (a range of length 1).

    Raises:
        Refuted: existence could not be proved.
    """

    def __init__(self, space: Space, stratum: Stratum, path: Path, alpha: Range) -> None:
        self.space, self.stratum, self.path, self.alpha = space, stratum, path, alpha
        held = {**space.chart.fixed, **stratum.walls}
        self.free = np.array([i for i in range(len(space.box.lo)) if i not in held], dtype=int)
        self.middle = Range.exactly(alpha.middle)
        self.count = len(self.free) + len(stratum.groups)
        self.start, self.drifting, self.inverse = self._guess()
        self.unique, self.offset, self.box, self.multipliers, self.jacobian, self.drift = (
            self._krawczyk()
        )

    # -- the system ------------------------------------------------------------------

    def along(self, alpha: Range) -> Range:
        """p(α) over a range of α."""
        step = alpha - self.middle
        return Range.exactly(self.path.centre) + Range.exactly(self.path.slope) * step

    def _system(self, box: Range, multipliers: Range) -> tuple[Range, Range, Range]:
        """F, its Jacobian in (w, λ) and its derivative in α, on one box."""
        jets, free, groups = self.space.jets, 1 + self.free, self.stratum.groups
        f, seen = jets.both(box, 2, self.stratum.pattern)
        gradient, hessian = f.gradient[0], f.hessian[0]
        rows, values = [], []
        for j, group in enumerate(groups):
            z, dz, ddz = bent(jets, seen, group[0])
            values.append(z)
            rows.append(dz)
            factor = multipliers[j : j + 1]
            gradient = gradient - factor * dz
            hessian = hessian - factor[:, None] * ddz
        s, m = len(groups), len(free)
        low, high = np.zeros((m + s, m + s)), np.zeros((m + s, m + s))
        main = hessian[np.ix_(free, free)]
        low[:m, :m], high[:m, :m] = main.lo, main.hi
        drift_low, drift_high = np.zeros(m + s), np.zeros(m + s)
        drift_low[:m], drift_high[:m] = hessian.lo[free, 0], hessian.hi[free, 0]
        value_low, value_high = np.zeros(m + s), np.zeros(m + s)
        value_low[:m], value_high[:m] = gradient.lo[free], gradient.hi[free]
        for j, (z, dz) in enumerate(zip(values, rows, strict=True)):
            low[m + j, :m], high[m + j, :m] = dz.lo[free], dz.hi[free]
            low[:m, m + j], high[:m, m + j] = -dz.hi[free], -dz.lo[free]
            drift_low[m + j], drift_high[m + j] = dz.lo[0], dz.hi[0]
            value_low[m + j], value_high[m + j] = z.lo[0], z.hi[0]
        return Range(value_low, value_high), Range(low, high), Range(drift_low, drift_high)

    def _guess(self) -> tuple[Array, Array, Array]:
        """Approximate multipliers and their slopes at the middle, and an inverse Jacobian."""
        m, s = len(self.free), len(self.stratum.groups)
        box = self.space.placed(self.middle, self.along(self.middle), self.stratum.walls)
        value, jacobian, _ = self._system(box, Range.exactly(np.zeros(s)))
        try:
            columns = jacobian.middle[:m, m:]
            start = np.linalg.lstsq(columns, -value.middle[:m], rcond=None)[0].astype(np.float64)
            _, jacobian, drift = self._system(box, Range.exactly(start))
            inverse = np.linalg.inv(jacobian.middle).astype(np.float64)
        except np.linalg.LinAlgError:
            raise Refuted("the curve is singular") from None
        drifting: Array = -(inverse @ drift.middle)[m:]
        return start, drifting, inverse

    def _krawczyk(self) -> tuple[Range, Range, Range, Range, Range, Range]:
        """X, K inside it, then the box of w, the multipliers, J and ∂F/∂α over all that."""
        m = len(self.free)
        step = self.alpha - self.middle
        start, drifting = Range.exactly(self.start), Range.exactly(self.drifting)
        y, eye = Range.exactly(self.inverse), Range.exactly(np.eye(self.count))
        at_middle = self.space.placed(self.middle, self.along(self.middle), self.stratum.walls)
        f, _, _ = self._system(at_middle, start)
        over = self.space.placed(self.alpha, self.along(self.alpha), self.stratum.walls)
        affine = start + drifting * step
        _, jacobian, drift = self._system(over, affine)
        direction = Range.exactly(np.concatenate([self.path.slope[self.free], self.drifting]))
        residual = -_apply(y, f + (drift + _apply(jacobian, direction)) * step)
        scale = np.abs(np.concatenate([self.path.centre[self.free], self.start]))
        reach = np.maximum(residual.magnitude * 2, 4e-16 * np.maximum(scale, 1e-6))
        for _ in range(ROUNDS):
            x = Range(-reach, reach)
            box = self._widened(x[:m])
            multipliers = affine + x[m:]
            _, jacobian, drift = self._system(box, multipliers)
            image = residual + _apply(eye - _product(y, jacobian), x)
            if image.within(x):
                return x, image, box, multipliers, jacobian, drift
            reach = np.maximum(image.magnitude * 1.25, reach * 1.5)
            if not np.all(np.isfinite(reach)):
                break
        raise Refuted("the curve could not be enclosed")

    def _widened(self, x: Range) -> Range:
        path = self.along(self.alpha)
        low, high = path.lo.copy(), path.hi.copy()
        around_ = Range(path.lo[self.free], path.hi[self.free]) + x
        low[self.free], high[self.free] = around_.lo, around_.hi
        return self.space.placed(self.alpha, Range(low, high), self.stratum.walls)

    # -- what is known of it ---------------------------------------------------------

    @cached_property
    def derivative(self) -> Range:
        """d(w free, λ)/dα over the slab.

        Raises:
            Refuted: the enclosure of the Jacobian is not regular.
        """
        if not self.count:
            return Range.exactly(np.zeros(0))
        guess = -self.inverse @ self.drift.middle
        y = Range.exactly(self.inverse)
        error = _apply(y, self.drift + _apply(self.jacobian, Range.exactly(guess))).magnitude
        defect = (Range.exactly(np.eye(self.count)) - _product(y, self.jacobian)).magnitude
        norm = float(np.max(defect.sum(axis=1))) * (1 + 1e-12)
        if not norm < 0.9:
            raise Refuted("a curve has no enclosed derivative")
        bound = float(np.max(error)) / (1 - norm) * (1 + 1e-12) + 1e-300
        return Range.exactly(guess) + Range(np.full(self.count, -bound), np.full(self.count, bound))

    @cached_property
    def _both(self) -> tuple[Jet, list[Jet]]:
        return self.space.jets.both(self.box, 2, self.stratum.pattern)

    @property
    def jet(self) -> Jet:
        """f_c on the tube."""
        return self._both[0]

    @property
    def seen(self) -> list[Jet]:
        """The pre-activations on the tube."""
        return self._both[1]

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

    @property
    def is_constant(self) -> bool:
        """Whether no piece of the pattern depends on α, so that v is constant."""
        network = self.space.network
        used = {piece for unit in self.stratum.pattern for piece in unit}
        return all(network.first[j] == network.second[j] for j in used)

    def at(self, alpha: Range) -> Curve:
        """The curve over a smaller range of α, usually one point."""
        step = Range.exactly(alpha.middle) - self.middle
        shift = self.path.centre + self.path.slope * step.middle
        path = Path(shift, self.path.slope, self.path.radius)
        near = Curve(self.space, self.stratum, path, alpha)
        centre = near.path.centre.copy()
        centre[self.free] += near.offset.middle[: len(self.free)]
        found = Curve(self.space, self.stratum, Path(centre, path.slope, path.radius), alpha)
        self._check_same(found)
        return found

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
    def value(self) -> Range:
        """v over the range of α, a range of length 1."""
        return self.jet.value


def bent(jets: Jets, seen: Sequence[Jet], label: Label) -> tuple[Range, Range, Range]:
    """z − β, its gradient and its Hessian in (α, w) on one box."""
    unit, example, k = label
    z = seen[unit]
    value = z.value[0, example : example + 1] - jets.points[k : k + 1]
    gradient = z.gradient[0, example]
    hessian = z.hessian[0, min(example, z.hessian.shape[1] - 1)]
    return value, gradient, hessian


def _apply(matrix: Range, vector: Range) -> Range:
    return (matrix * vector[None, :]).sum(1) if vector.shape[0] else vector


def _product(a: Range, b: Range) -> Range:
    if not a.shape[0]:
        return a
    return (a[:, :, None] * b[None, :, :]).sum(1)
