"""Enclosures of f, of its gradient and of its Hessian in (α, w) on many boxes at once.

Forward differentiation through the network, in interval arithmetic. Coordinate 0 is α,
coordinate 1 + i the i-th parameter. Without a pattern every piece of σ_α that a
pre-activation can reach on the box contributes, so that values and gradients enclose the
(Clarke) derivatives of the continuous, piecewise polynomial f; with a pattern the polynomial
of that pattern is enclosed, also where the pattern does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from flint import fmpq, fmpq_poly

from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Array, Range, around, stack

Pattern = tuple[tuple[int, ...], ...]
"""``pattern[unit][example]``: the piece of σ_α in use."""


@dataclass(frozen=True, eq=False)
class Jet:
    """Value (B, T), gradient (B, T, n) and Hessian (B, T, n, n), as far as asked for."""

    value: Range
    first: Range | None = None
    second: Range | None = None

    @property
    def gradient(self) -> Range:
        """The gradient, which has been asked for."""
        return _known(self.first)

    @property
    def hessian(self) -> Range:
        """The Hessian, which has been asked for."""
        return _known(self.second)


def _known(part: Range | None) -> Range:
    if part is None:
        raise ValueError("a derivative of an order that was not asked for")
    return part


class Jets:
    """The enclosures for one network; ``order`` 0, 1, 2 asks for value, gradient, Hessian."""

    def __init__(self, network: Network) -> None:
        self.network = network
        inputs, targets = network.data
        self.inputs, self.targets = inputs, targets
        self.points = around(network.breakpoints)
        self.n = 1 + network.parameters
        pairs = zip(network.first, network.second, strict=True)
        self.pieces = [_Piece(first, second) for first, second in pairs]
        self.outputs = None if network.outputs is None else around(network.outputs)
        self.offset = None if network.offset is None else around([network.offset])
        self.scale = around([fmpq(1, network.examples) if network.mean else fmpq(1)])
        self.decay = around([network.decay])

    def objective(self, box: Range, order: int, pattern: Pattern | None = None) -> Jet:
        """f on the boxes ``box`` (B, n): value (B,), gradient (B, n), Hessian (B, n, n)."""
        return self.both(box, order, pattern)[0]

    def both(self, box: Range, order: int, pattern: Pattern | None = None) -> tuple[Jet, list[Jet]]:
        """f as by ``objective``, and the pre-activations of all units."""
        residual, seen = self.forward(box, order, pattern)
        return self._loss(box, order, residual), seen

    def _loss(self, box: Range, order: int, residual: Jet) -> Jet:
        value = residual.value.square().sum(1) * self.scale
        weights = box[:, 1:]
        value = value + weights.square().sum(1) * self.decay
        if order == 0:
            return Jet(value)
        two = Range.exactly(2.0)
        r, g = residual.value, residual.gradient
        gradient = two * self.scale * (r[:, :, None] * g).sum(1)
        zero = Range.exactly(np.zeros((len(box.lo), 1)))
        flat = Range(
            np.concatenate([zero.lo, weights.lo], axis=1),
            np.concatenate([zero.hi, weights.hi], axis=1),
        )
        gradient = gradient + two * self.decay * flat
        if order == 1:
            return Jet(value, gradient)
        h = residual.hessian
        outer = _outer(g)
        hessian = two * self.scale * (outer + r[:, :, None, None] * h).sum(1)
        ridge = np.diag([0.0, *[1.0] * (self.n - 1)])
        hessian = hessian + two * self.decay * Range.exactly(ridge)
        return Jet(value, gradient, hessian)

    def forward(
        self, box: Range, order: int, pattern: Pattern | None = None
    ) -> tuple[Jet, list[Jet]]:
        """ŷ_t − y_t and the pre-activations of all units, on the boxes ``box`` (B, n)."""
        network = self.network
        alpha = box[:, 0]
        seen: list[Jet] = []
        sources: list[Jet] = []
        unit = 0
        for depth, width in enumerate(network.hidden):
            following = []
            for _ in range(width):
                own = network.incoming[unit]
                z = (
                    self._first_layer(box, own, order)
                    if depth == 0
                    else self._sum(box, own, sources, order)
                )
                seen.append(z)
                chosen = None if pattern is None else pattern[unit]
                following.append(self._activate(alpha, z, order, chosen))
                unit += 1
            sources = following
        return self._output(box, sources, order), seen

    # -- layers ----------------------------------------------------------------------

    def _first_layer(self, box: Range, own: Sequence[int], order: int) -> Jet:
        features = len(self.network.inputs[0])
        z = Range.exactly(np.zeros((1, 1)))
        for i in range(features):
            term = box[:, 1 + own[i]][:, None] * self.inputs[i][None, :]
            z = z + term
        shape = (1, self.network.examples, self.n)
        low, high = np.zeros(shape), np.zeros(shape)
        for i in range(features):
            low[0, :, 1 + own[i]], high[0, :, 1 + own[i]] = self.inputs[i].lo, self.inputs[i].hi
        if self.network.bias:
            b = box[:, 1 + own[-1]][:, None]
            z = z + b
            low[0, :, 1 + own[-1]] = high[0, :, 1 + own[-1]] = 1.0
        full = (len(box.lo), self.network.examples)
        z = Range(np.broadcast_to(z.lo, full), np.broadcast_to(z.hi, full))
        hessian = Range.exactly(np.zeros((1, 1, self.n, self.n))) if order > 1 else None
        return Jet(z, Range(low, high) if order else None, hessian)

    def _sum(self, box: Range, own: Sequence[int], sources: Sequence[Jet], order: int) -> Jet:
        total = self._weighted(box, own[: len(sources)], sources, order)
        if not self.network.bias:
            return total
        index = 1 + own[-1]
        gradient = total.first
        if gradient is not None:
            gradient = gradient + _basis(self.n, index)
        return Jet(total.value + box[:, index][:, None], gradient, total.second)

    def _weighted(
        self, box: Range, weights: Sequence[int], sources: Sequence[Jet], order: int
    ) -> Jet:
        """Σ w_i·a_i with trainable weights."""
        terms = []
        for i, a in zip(weights, sources, strict=True):
            w = box[:, 1 + i][:, None]
            value = w * a.value
            gradient = hessian = None
            if a.first is not None:
                unit = _basis(self.n, 1 + i)
                gradient = w[:, :, None] * a.gradient + a.value[:, :, None] * unit
                if a.second is not None:
                    mixed = a.gradient[:, :, :, None] * unit[:, :, None, :]
                    crossed = _transposed(mixed)
                    hessian = w[:, :, None, None] * a.hessian + mixed + crossed
            terms.append(Jet(value, gradient, hessian))
        return reduce(_plus, terms)

    def _output(self, box: Range, sources: Sequence[Jet], order: int) -> Jet:
        network = self.network
        start = network.incoming[-1][-1] + 1
        if self.outputs is None:
            weights = range(start, start + len(sources))
            start += len(sources)
            total = self._weighted(box, weights, sources, order)
        else:
            terms = [_times(self.outputs[k], a) for k, a in enumerate(sources)]
            total = terms[0]
            for term in terms[1:]:
                total = _plus(total, term)
        if self.offset is not None:
            value = total.value + (self.offset - self.targets)
            return Jet(value, total.first, total.second)
        value = total.value + (box[:, 1 + start][:, None] - self.targets)
        gradient = total.first
        if gradient is not None:
            gradient = gradient + _basis(self.n, 1 + start)
        return Jet(value, gradient, total.second)

    # -- activation ------------------------------------------------------------------

    def _activate(self, alpha: Range, z: Jet, order: int, chosen: Sequence[int] | None) -> Jet:
        sigma = self._sigma(alpha, z.value, order, chosen)
        if order == 0:
            return Jet(sigma[0])
        slope, tilt = sigma[1], sigma[2]
        unit = _basis(self.n, 0)
        g = z.gradient
        gradient = slope[:, :, None] * g + tilt[:, :, None] * unit
        if order == 1:
            return Jet(sigma[0], gradient)
        bend, turn = sigma[3], sigma[4]
        mixed = (turn[:, :, None] * g)[:, :, :, None] * unit[:, :, None, :]
        crossed = _transposed(mixed)
        hessian = slope[:, :, None, None] * z.hessian + bend[:, :, None, None] * _outer(g)
        return Jet(sigma[0], gradient, hessian + mixed + crossed)

    def _sigma(
        self, alpha: Range, z: Range, order: int, chosen: Sequence[int] | None
    ) -> list[Range]:
        """σ, and then ∂σ/∂z, ∂σ/∂α, and then ∂²σ/∂z², ∂²σ/∂z∂α."""
        column = alpha[:, None]
        count = (1, 3, 5)[order]
        found: list[Range | None] = [None] * count
        marks = None if chosen is None else np.asarray(chosen)
        last = len(self.pieces) - 1
        for j, piece in enumerate(self.pieces):
            if marks is None:
                low, high = z.lo, z.hi
                touched = np.ones(z.shape, dtype=bool)
                if j > 0:
                    touched &= ~(z.hi < self.points.lo[j - 1])
                    low = np.maximum(low, self.points.lo[j - 1])
                if j < last:
                    touched &= ~(z.lo > self.points.hi[j])
                    high = np.minimum(high, self.points.hi[j])
                if not touched.any():
                    continue
                part = Range(low, np.maximum(low, high))
            else:
                touched = np.broadcast_to(marks == j, z.shape)
                if not touched.any():
                    continue
                part = z
            parts = piece.ranges(column, part, order)
            for k in range(count):
                new, old = parts[k], found[k]
                lo = np.where(touched, new.lo, np.inf)
                hi = np.where(touched, new.hi, -np.inf)
                if old is not None:
                    lo, hi = np.minimum(old.lo, lo), np.maximum(old.hi, hi)
                found[k] = Range(lo, hi)
        return [entry for entry in found if entry is not None]


class _Piece:
    """One polynomial piece of σ_α: affine in α, so extreme at the ends of a range of α."""

    def __init__(self, first: fmpq_poly, second: fmpq_poly) -> None:
        self.tilt = _coefficients(first - second)
        self.turn = _coefficients((first - second).derivative())
        self.base = [_coefficients(p) for p in (second, second.derivative())]
        self.base.append(_coefficients(second.derivative().derivative()))
        slopes = (first - second).derivative()
        self.steps = [self.tilt, self.turn, _coefficients(slopes.derivative())]

    def ranges(self, alpha: Range, z: Range, order: int) -> list[Range]:
        """See :meth:`Jets._sigma`."""
        found = [self._blend(0, alpha, z)]
        if order:
            found += [self._blend(1, alpha, z), _range(self.tilt, z)]
        if order > 1:
            found += [self._blend(2, alpha, z), _range(self.turn, z)]
        return found

    def _blend(self, k: int, alpha: Range, z: Range) -> Range:
        base, step = self.base[k], self.steps[k]
        if not step:
            return _range(base, z)
        ends = []
        for end in (alpha.lo, alpha.hi):
            at = Range(end, end)
            size = max(len(base), len(step))
            ends.append(
                _range(
                    [
                        (base[i] if i < len(base) else _ZERO)
                        + (at * step[i] if i < len(step) else _ZERO)
                        for i in range(size)
                    ],
                    z,
                )
            )
        return ends[0].hull(ends[1])


_ZERO = Range.exactly(0.0)


def _coefficients(p: fmpq_poly) -> list[Range]:
    ranges = around([fmpq(c) for c in p.coeffs()]) if p.degree() >= 0 else None
    return [] if ranges is None else [ranges[i] for i in range(p.degree() + 1)]


def _horner(coefficients: Sequence[Range], z: Range) -> Range:
    value = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        value = value * z + coefficient
    return value


def _range(coefficients: Sequence[Range], z: Range) -> Range:
    """The range of Σ c_i z^i over the intervals ``z``, sharp up to rounding for degree ≤ 2.

    Where the derivative keeps its sign the ends decide; a parabola takes its other extreme
    value within [c_0 − c_1²/(4c_2)]; else Horner's scheme.
    """
    if not coefficients:
        return Range(np.zeros(z.shape), np.zeros(z.shape))
    ends = _horner(coefficients, Range(z.lo, z.lo)).hull(_horner(coefficients, Range(z.hi, z.hi)))
    if len(coefficients) <= 2:
        return Range(np.broadcast_to(ends.lo, z.shape), np.broadcast_to(ends.hi, z.shape))
    slope = [Range.exactly(float(i)) * c for i, c in enumerate(coefficients)][1:]
    along = _horner(slope, z) if len(coefficients) == 3 else _range(slope, z)
    monotone = (along.lo >= 0) | (along.hi <= 0)
    naive = _horner(coefficients, z)
    wide = Range(np.minimum(ends.lo, naive.lo), np.maximum(ends.hi, naive.hi))
    if len(coefficients) == 3:
        c0, c1, c2 = coefficients
        with np.errstate(divide="ignore", invalid="ignore"):
            top = (c1.square() * Range.exactly(0.25)).magnitude
            least = np.where(c2.lo > 0, down_ratio(top, c2.lo), -np.inf)
            most = np.where(c2.hi < 0, down_ratio(top, -c2.hi), -np.inf)
            vertex_low = (c0 + Range(least, least)).lo
            vertex_high = (c0 - Range(most, most)).hi
        low = np.where(
            c2.lo > 0, np.minimum(ends.lo, vertex_low), np.where(c2.hi < 0, ends.lo, wide.lo)
        )
        high = np.where(
            c2.hi < 0, np.maximum(ends.hi, vertex_high), np.where(c2.lo > 0, ends.hi, wide.hi)
        )
        wide = Range(np.maximum(low, wide.lo), np.minimum(high, wide.hi))
    return Range(np.where(monotone, ends.lo, wide.lo), np.where(monotone, ends.hi, wide.hi))


def down_ratio(top: Array, bottom: Array) -> Array:
    """Not above −top/bottom for top ≥ 0 and bottom > 0."""
    ratio = -(top / bottom)
    lowered: Array = ratio - (np.abs(ratio) * 2.0**-50 + 5e-324)
    return lowered


def _basis(n: int, index: int) -> Range:
    vector = np.zeros((1, 1, n))
    vector[0, 0, index] = 1.0
    return Range.exactly(vector)


def _outer(g: Range) -> Range:
    """g gᵀ, with squares on the diagonal."""
    product = g[:, :, :, None] * g[:, :, None, :]
    squares = g.square()
    low, high = product.lo.copy(), product.hi.copy()
    i = np.arange(low.shape[-1])
    low[..., i, i], high[..., i, i] = squares.lo, squares.hi
    return Range(low, high)


def _transposed(matrix: Range) -> Range:
    return Range(np.swapaxes(matrix.lo, -1, -2), np.swapaxes(matrix.hi, -1, -2))


def _plus(a: Jet, b: Jet) -> Jet:
    return Jet(
        a.value + b.value,
        None if a.first is None or b.first is None else a.first + b.first,
        None if a.second is None or b.second is None else a.hessian + b.hessian,
    )


def _times(factor: Range, a: Jet) -> Jet:
    return Jet(
        factor * a.value,
        None if a.first is None else factor * a.gradient,
        None if a.second is None else factor * a.hessian,
    )


def boxes(alpha: Range, weights: Sequence[Range]) -> Range:
    """Boxes (B, n) from a column of α and one column per parameter."""
    return stack([alpha, *weights], axis=1)
