"""ℓ*(α) of networks at rational α by solving all strata exactly; shares nothing with the product.

For networks with at most two parameters, and one trainable output weight v besides. For given
α a minimiser lies in the open part of a face of a closed cell: a cell, an edge or a corner, with
walls of W among them. On a cell f is a polynomial f_c; with a trainable output weight and decay
δ > 0

    min_v f_c = C − B²/A   (v inside),    f_c(v = wall)     (v at a wall),
    A = mean σ_t² + δ > 0,   B = mean σ_t·y_t,   C = mean y_t² + δ·(x² + y²),

so that two unknowns are left. Under α(ρ|w|₁ + (1 − ρ)|w|²) the lines x = 0, y = 0 of weights
in it are further edges, and with γ = αρ/2

    min_v f_c = C − (B ∓ γ)²/A   (v above 0, below it),    C   (v = 0),    f_c(v = wall).

The first-order equations p = q = 0 of every cell, those of every
edge (h = 0 and det(∇f_c, ∇h) = 0) and the corners are solved by resultants. Every real root of
both eliminants is isolated, and the grid of all pairs of roots is kept: it holds every isolated
minimiser, and where f is constant on a curve of critical points a point of each part of it. A
point of a grid lies in W once clipped to it, so none has a value below ℓ*; hence ℓ*(α) is the
least of the values of all points of all grids, each evaluated in balls by the definition of f.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, product
from typing import Any

import flint
from flint import arb, fmpq, fmpq_mpoly
from oracle_planes import (
    PLANE,
    Decomposition,
    Grid,
    Range,
    X,
    Y,
    between,
    critical_grids,
    decomposition,
    depends,
    distinct,
    extremes,
    factors,
    real_roots,
    zeros,
)

from piecewise import Problem
from piecewise.activations import PiecewisePolynomial

PRECISION = 256
"""Bits of the balls around roots."""
ALIKE = 1e-12
"""Minimisers closer than this are one, and pre-activations closer than this to a bend are on it."""

Spot = tuple[int, int, int]
"""Layer, unit and example of a pre-activation."""
Pattern = tuple[tuple[Spot, int], ...]
Activation = tuple[tuple[fmpq, ...], tuple[tuple[tuple[fmpq, ...], tuple[fmpq, ...]], ...]]
"""Breakpoints, and the polynomials at α = 1 and at α = 0 on every interval between them."""

_ZERO, _ONE = (), (0, 1)
Definition = tuple[tuple[int, ...], tuple[tuple[Any, ...], ...]]
DEFINITIONS: dict[str, Definition] = {
    "identity": ((), (_ONE,)),
    "square": ((), ((0, 0, 1),)),
    "relu": ((0,), (_ZERO, _ONE)),
    "abs": ((0,), ((0, -1), _ONE)),
    "relu2": ((0,), (_ZERO, (0, 0, 1))),
    "hard_tanh": ((-1, 1), ((-1,), _ONE, (1,))),
    "hard_sigmoid": ((-3, 3), (_ZERO, (fmpq(1, 2), fmpq(1, 6)), (1,))),
}
"""Breakpoints and coefficients of the pieces, constant first."""


def flint_of(value: Fraction | int) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def definition(activation: PiecewisePolynomial) -> Definition:
    """Of a name, or of one polynomial by its coefficients."""
    if activation.name not in DEFINITIONS and not activation.breakpoints:
        (coefficients,) = activation.pieces
        return (), (tuple(flint_of(c) for c in coefficients),)
    return DEFINITIONS[activation.name]


def is_even(own: Definition) -> bool:
    """Whether a single polynomial is even."""
    return not own[0] and not any(own[1][0][1::2])


def joined(first: Definition, second: Definition) -> Activation:
    """Both activations over the union of their breakpoints."""
    ends = [own[0] for own in (first, second)]
    points = sorted({*ends[0], *ends[1]})
    pieces = []
    for k in range(len(points) + 1):
        pair = []
        for (_, table), own in zip((first, second), ends, strict=True):
            chosen = table[sum(at in points[:k] for at in own)]
            pair.append(tuple(fmpq(c) for c in chosen))
        pieces.append((pair[0], pair[1]))
    return tuple(map(fmpq, points)), tuple(pieces)


@dataclass(frozen=True)
class Minimiser:
    """A point at which the least value is attained; ``face`` has the signs of z − β, of walls, and
    of the difference of two equal units.

    Where several images of it under symmetries of the network exist, it is one fixed image.
    """

    w: tuple[float, ...]
    face: tuple[int, ...]


@dataclass(frozen=True)
class Sample:
    """ℓ*(α) in a ball, with all minimisers that grids hold, up to symmetry."""

    alpha: Fraction
    value: arb
    minimisers: tuple[Minimiser, ...]

    @property
    def lower(self) -> Fraction:
        return _fraction(self.value.mid()) - _fraction(self.value.rad())

    @property
    def upper(self) -> Fraction:
        return _fraction(self.value.mid()) + _fraction(self.value.rad())


def _fraction(ball: arb) -> Fraction:
    """The rational that a ball of radius 0 is."""
    mantissa, exponent = ball.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


class Strata:
    """The strata of a problem with at most two parameters besides one output weight."""

    def __init__(self, problem: Problem) -> None:
        model = problem.model
        both = (model.activation.first, model.activation.second)
        own, names = [definition(each) for each in both], {each.name for each in both}
        self.activation = joined(*own)
        self.even = names <= {"abs", "square"} or all(map(is_even, own))
        self.odd = names <= {"hard_tanh", "identity"}
        self.widths, self.bias = model.hidden, model.bias
        self.inputs = [[flint_of(c) for c in row] for row in problem.inputs]
        self.targets = [flint_of(y) for y in problem.targets]
        self.decay = flint_of(problem.weight_decay)
        self.is_tuned = problem.penalty is not None
        self.ratio = flint_of(problem.penalty.ratio) if problem.penalty else fmpq(0)
        self.penalised = problem.penalised
        box = [(flint_of(p.lower), flint_of(p.upper)) for p in problem.parameters]
        self.outer: Range | None = None
        if model.output_weights == "trainable":
            if self.widths[-1] != 1 or not (self.decay or self.is_tuned):
                raise ValueError("one unit and weight decay are needed here")
            self.outer = box.pop()
            self.weights = [fmpq(1)]
        else:
            self.weights = [flint_of(v) for v in model.output_weights]
        self.offset = flint_of(model.output_bias)
        if self.outer is not None and self.offset:
            raise ValueError("no output bias is expected here")
        self.box, self.size = box, len(box)
        if self.size > 2:
            raise ValueError("two parameters at most")

    def factor(self, alpha: fmpq, i: int) -> fmpq:
        """What w_i² is multiplied by: the weight decay, and α(1 − ρ) under a penalty."""
        return self.decay + alpha * (1 - self.ratio) * (i in self.penalised)

    def tilt(self, alpha: fmpq, i: int) -> fmpq:
        """What |w_i| is multiplied by."""
        return alpha * self.ratio * (i in self.penalised)

    def norm(self, alpha: fmpq, w: Sequence[arb]) -> arb:
        """All penalties."""
        return sum(
            (self.factor(alpha, i) * v * v + self.tilt(alpha, i) * abs(v) for i, v in enumerate(w)),
            arb(0),
        )

    # -- the network -----------------------------------------------------------------------

    def outputs(self, w: Sequence[Any], bend: Callable[[Spot, Any], Any]) -> list[list[Any]]:
        """The last hidden layer for every example; ``bend`` is σ_α at a place of the network."""
        found = []
        for t, row in enumerate(self.inputs):
            left, values = list(w), list[Any](row)
            for layer, width in enumerate(self.widths):
                after = []
                for unit in range(width):
                    z = sum((left.pop(0) * value for value in values), 0 * w[0])
                    after.append(bend((layer, unit, t), z + left.pop(0) if self.bias else z))
                values = after
            found.append(values)
        return found

    def piece(self, alpha: fmpq, index: int) -> list[fmpq]:
        """Coefficients of a piece of σ_α, constant first."""
        first, second = self.activation[1][index]
        size = max(len(first), len(second), 1)
        padded = [(*c, *[fmpq(0)] * (size - len(c))) for c in (first, second)]
        return [alpha * a + (1 - alpha) * b for a, b in zip(*padded, strict=True)]

    def pattern(self, alpha: fmpq, point: Sequence[fmpq], depth: int) -> Pattern:
        """The piece that holds every pre-activation of the first ``depth`` layers, exactly."""
        found = []

        def bend(spot: Spot, z: fmpq) -> fmpq:
            index = sum(z >= at for at in self.activation[0])
            if spot[0] < depth:
                found.append((spot, index))
            return horner(self.piece(alpha, index), z)

        self.outputs(point, bend)
        signs = [((-1, i, 0), 1 if v > 0 else -1) for i, v in enumerate(point)]
        return (*found, *signs)

    def levels(self, alpha: fmpq, pattern: Pattern, depth: int) -> list[fmpq_mpoly]:
        """The pre-activations of layer ``depth`` as polynomials, for a pattern of those before."""
        found: list[fmpq_mpoly] = []
        known = dict(pattern)

        def bend(spot: Spot, z: fmpq_mpoly) -> fmpq_mpoly:
            if spot[0] == depth:
                found.append(z)
            return horner(self.piece(alpha, known[spot]), z) if spot in known else z

        self.outputs([X, Y][: self.size], bend)
        return found

    # -- cells ---------------------------------------------------------------------------------

    def curves(self, alpha: fmpq) -> list[fmpq_mpoly]:
        """Irreducible curves on which pre-activations meet breakpoints, layer after layer."""
        known: list[fmpq_mpoly] = [
            v for i, v in enumerate((X, Y)[: self.size]) if self.ratio and i in self.penalised
        ]
        for depth in range(len(self.widths)):
            patterns = {self.pattern(alpha, p, depth) for p in self.points(alpha, known)}
            for pattern in sorted(patterns):
                bends = [
                    z - at for z in self.levels(alpha, pattern, depth) for at in self.activation[0]
                ]
                known += [f for p in bends if not p.is_constant() for f in factors(p)]
            known = distinct(known)
        return known

    def points(self, alpha: fmpq, curves: list[fmpq_mpoly]) -> list[tuple[fmpq, ...]]:
        """A point of every open cell."""
        if self.size == 2:
            return [p for stack in decomposition(curves, self.box).stacks for p in stack]
        roots = [root for h in curves for root in real_roots(h, 0, self.box[0])]
        return [(x,) for x in between(roots, self.box[0])]

    @cached_property
    def _fixed(self) -> tuple[list[fmpq_mpoly], Decomposition | None, list[Grid]]:
        return self._cut(fmpq(1, 2))

    def _cut(self, alpha: fmpq) -> tuple[list[fmpq_mpoly], Decomposition | None, list[Grid]]:
        curves = self.curves(alpha)
        if self.size == 1:
            return curves, None, []
        walls = [v - end for v, ends in zip((X, Y), self.box, strict=True) for end in ends]
        lines = distinct([*curves, *walls])
        corners = [zeros(g, h, self.box) for g, h in combinations(lines, 2)]
        return curves, decomposition(curves, self.box), corners

    def cut(self, alpha: fmpq) -> tuple[list[fmpq_mpoly], Decomposition | None, list[Grid]]:
        """Curves, cells and corners; with one hidden layer they are the same for all α."""
        return self._fixed if len(self.widths) == 1 else self._cut(alpha)

    # -- first-order points --------------------------------------------------------------------

    def objectives(self, alpha: fmpq, pattern: Pattern) -> list[tuple[fmpq_mpoly, fmpq_mpoly]]:
        """Numerators and denominators of f on a cell; several for a trainable output weight."""
        known = dict(pattern)
        w = [X, Y][: self.size]
        outputs = self.outputs(w, lambda spot, z: horner(self.piece(alpha, known[spot]), z))
        count, one = fmpq(1, len(self.targets)), PLANE.constant(1)
        norm = sum(
            (self.factor(alpha, i) * v * v + self.tilt(alpha, i) * known[-1, i, 0] * v
             for i, v in enumerate(w)), 0 * X,
        )  # fmt: skip
        if self.outer is None:
            total = 0 * X
            for values, y in zip(outputs, self.targets, strict=True):
                r = sum((v * a for v, a in zip(self.weights, values, strict=True)), 0 * X)
                total += (r + (self.offset - y)) ** 2
            return [(count * total + norm, one)]
        a = sum((s * s for (s,) in outputs), 0 * X) * count + self.factor(alpha, self.size)
        b = sum((s * y for (s,), y in zip(outputs, self.targets, strict=True)), 0 * X) * count
        c = norm + sum((y * y for y in self.targets), fmpq(0)) * count
        tilt = self.tilt(alpha, self.size)
        inner = [(c * a - (b + s) ** 2, a) for s in {tilt / 2, -tilt / 2} if not a.is_zero()]
        walls = [(c - 2 * v * b + v * v * a + tilt * abs(v), one) for v in self.outer]
        return [*inner, *walls, *([(c, one)] if tilt else [])]

    def gradients(self, alpha: fmpq, pattern: Pattern) -> list[list[fmpq_mpoly]]:
        """Polynomials with the signs of the derivatives of every objective of a cell."""
        return [
            [p.derivative(k) * q - p * q.derivative(k) for k in range(self.size)]
            for p, q in self.objectives(alpha, pattern)
        ]

    def grids(self, alpha: fmpq) -> Iterator[Grid]:
        """Grids that hold a minimiser."""
        curves, cells, corners = self.cut(alpha)
        depth = len(self.widths)
        if cells is None:
            ends = [real_roots(h, 0, self.box[0]) for h in curves]
            yield [arb(end) for end in self.box[0]] + [x for roots in ends for x in roots], []
            patterns = {self.pattern(alpha, p, depth) for p in self.points(alpha, curves)}
            for pattern in sorted(patterns):
                for (g,) in self.gradients(alpha, pattern):
                    yield real_roots(g, 0, self.box[0]) if depends(g, 0) else [], []
            return
        yield from corners
        own = {p: self.pattern(alpha, p, depth) for stack in cells.stacks for p in stack}
        slopes = {c: self.gradients(alpha, c) for c in sorted(set(own.values()))}
        for gradients in slopes.values():
            for p, q in gradients:
                if p.is_zero() and q.is_zero():
                    continue  # f is constant on the cell; its corners are among the grids
                yield from critical_grids(p, q, self.box)
        for h, pattern in {(str(h), own[p]): (h, own[p]) for h, p in cells.sides}.values():
            for p, q in slopes[pattern]:
                along = p * h.derivative(1) - q * h.derivative(0)
                if along.is_zero() or along.gcd(h) == h:
                    yield from extremes(h, self.box)
                else:
                    yield zeros(h, along, self.box)

    # -- values --------------------------------------------------------------------------------

    def bent(self, alpha: fmpq, z: arb) -> arb:
        """σ_α on a ball: the hull over the pieces that meet it."""
        points = self.activation[0]
        hull: arb | None = None
        for k in range(len(points) + 1):
            if (k and z < points[k - 1]) or (k < len(points) and z > points[k]):
                continue
            value = horner([arb(c) for c in self.piece(alpha, k)], z)
            hull = value if hull is None else hull.union(value)
        assert hull is not None
        return hull

    def value(self, alpha: fmpq, w: Sequence[arb]) -> tuple[arb, list[arb]]:
        """f (least over v) at a point by its definition, and v."""
        outputs = self.outputs(w, lambda _, z: self.bent(alpha, z))
        count = len(self.targets)
        v: list[arb] = []
        if self.outer is not None:
            a = sum((s * s for (s,) in outputs), arb(0)) / count + self.factor(alpha, self.size)
            b = sum((s * y for (s,), y in zip(outputs, self.targets, strict=True)), arb(0)) / count
            half = self.tilt(alpha, self.size) / 2
            ends = [((b - half) / a).max(arb(0)), ((b + half) / a).min(arb(0))]
            v = [clipped(ends[0] + ends[1], self.outer) if a > 0 else arb(0)]
        total = arb(0)
        for values, y in zip(outputs, self.targets, strict=True):
            weights = v or self.weights
            residual = sum((u * s for u, s in zip(weights, values, strict=True)), arb(0))
            residual += self.offset - y
            total += residual * residual  # a power of a ball around 0 would be no number
        return total / count + self.norm(alpha, [*w, *v]), v

    def sample(self, alpha: Fraction) -> Sample:
        """ℓ*(α), as the least value of all grid points."""
        at = flint_of(alpha)
        with flint.ctx.workprec(PRECISION):
            found: list[tuple[arb, list[arb]]] = []
            least: arb | None = None
            for xs, ys in self.grids(at):
                for point in product(xs, ys) if self.size == 2 else ((x,) for x in xs):
                    w = [clipped(c, ends) for c, ends in zip(point, self.box, strict=True)]
                    value, v = self.value(at, w)
                    assert value.is_finite()
                    if least is None or not value > least:
                        found.append((value, [*w, *v]))
                        least = value if least is None or value < least else least.min(value)
            assert least is not None
            assert least.rad() < 2**-100
            near = [w for value, w in found if value.overlaps(least)]
            return Sample(alpha, least, self._distinct(at, near))

    def _distinct(self, alpha: fmpq, points: list[list[arb]]) -> tuple[Minimiser, ...]:
        kept: list[Minimiser] = []
        for w in points:
            image = self._image(w)
            place = tuple(float(c.mid()) for c in image)
            if all(max(abs(a - b) for a, b in zip(place, m.w, strict=True)) > ALIKE for m in kept):
                kept.append(Minimiser(place, self._face(alpha, image)))
        return tuple(sorted(kept, key=lambda m: m.w))

    def _image(self, w: list[arb]) -> list[arb]:
        """One image of w under symmetries: equal units are sorted, units of an even σ negated, the
        unit of an odd one with its output weight."""
        own, rest = w[: self.size], w[self.size :]
        if self.odd and rest and all(low == -up for low, up in [*self.box, self.outer or (0, 0)]):
            lead = next((c for c in own if abs(float(c)) > ALIKE), own[0])
            own, rest = ([-c for c in part] if lead < 0 else part for part in (own, rest))
        if self.even and all(low == -up for low, up in self.box):
            if self.widths == (1,):
                lead = next((c for c in own if abs(float(c)) > ALIKE), own[0])
                own = [-c for c in own] if lead < 0 else own
            elif not self.bias:
                own = [abs(c) for c in own]
        if self._are_equal:
            own = sorted(own, key=float)
        return [*own, *rest]

    @property
    def _are_equal(self) -> bool:
        """Two units that may be exchanged, with one weight each."""
        return (
            self.widths == (2,)
            and self.size == 2
            and self.weights[0] == self.weights[1]
            and self.box[0] == self.box[1]
        )

    def _face(self, alpha: fmpq, w: list[arb]) -> tuple[int, ...]:
        found: list[int] = []

        def bend(_: Spot, z: arb) -> arb:
            found.extend(side(z - at) for at in self.activation[0])
            return self.bent(alpha, z)

        self.outputs(w[: self.size], bend)
        walls = [*self.box, *([self.outer] if self.outer else [])]
        for c, ends in zip(w, walls, strict=True):
            found.extend(side(c - end) for end in ends)
        if self._are_equal:
            found.append(side(w[0] - w[1]))
        return tuple(found)


def side(value: arb) -> int:
    """The sign, 0 for values too close to 0."""
    return 0 if abs(float(value.mid())) < ALIKE else (1 if value > 0 else -1)


def horner(coefficients: Sequence[Any], z: Any) -> Any:
    value = 0 * z
    for c in reversed(coefficients):
        value = value * z + c
    return value


def clipped(value: arb, ends: Range) -> arb:
    """A ball around the point of [ends] nearest to any number in ``value``."""
    return value.max(arb(ends[0])).min(arb(ends[1]))
