"""Enclosures of f, of its gradient and of its Hessian in (α, w) on boxes.

Forward differentiation through the network, in interval arithmetic. Coordinate 0 is α,
coordinate 1 + i the i-th parameter. Without a pattern every piece of σ_α that a
pre-activation can reach on the box contributes, so that values and gradients enclose the
(Clarke) derivatives of the continuous, piecewise polynomial f; with a pattern the polynomial
of that pattern is enclosed, also where the pattern does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from flint import fmpq, fmpq_poly

from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Array, Range, around

if TYPE_CHECKING:
    from pieceproof.checking.enclosing.compiled.records import Integers, Net, Room

Pattern = tuple[tuple[int, ...], ...]
"""``pattern[unit][example]``: the piece of σ_α in use."""

LARGEST = 1e150
"""Nothing in an enclosure is larger than this, so that products of enclosures are doubles."""


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
        self.points = around(network.breakpoints)
        self.n = 1 + network.parameters

    @cached_property
    def net(self) -> Net:
        """The network as compiled loops take it."""
        from pieceproof.checking.enclosing.compiled.records import Net

        network = self.network
        inputs, targets = network.data
        degree = max(p.degree() for p in (*network.first, *network.second))
        kinds = [
            network.second,
            [a - b for a, b in zip(network.first, network.second, strict=True)],
        ]
        flags = (network.bias, network.outputs is None, network.offset is None)
        scale = fmpq(1, network.examples) if network.mean else fmpq(1)
        reach, span = (fmpq(int(x)) for x in (_reach(network, degree), _span(network)))
        constants = [scale, network.decay, network.offset or fmpq(0), reach, span]
        return Net(
            np.array([*flags, *network.hidden], dtype=np.int64),
            _both(Range(*(np.vstack([x, y]).T for x, y in _sides(inputs, targets)))),
            _both(self.points),
            np.stack([_coefficients(pieces, degree) for pieces in kinds], axis=1),
            _both(around([*constants, *(network.outputs or ())])),
            np.stack([_both(around(network.squares)), _both(around(network.tilts))], axis=1),
            np.array(network.pieces, dtype=np.int64).reshape(-1, network.examples, 2),
        )

    @cached_property
    def room(self) -> Room:
        """Room for one box at a time."""
        return self.fresh_room()

    def fresh_room(self) -> Room:
        """More of it, for another thread."""
        from pieceproof.checking.enclosing.compiled.records import room

        return room(self.net, self.n)

    def objective(self, box: Range, order: int, pattern: Pattern | None = None) -> Jet:
        """f on the boxes ``box`` (B, n): value (B,), gradient (B, n), Hessian (B, n, n)."""
        from pieceproof.checking.enclosing.compiled.network import evaluate_all

        count, n = box.lo.shape[0], self.n
        found = np.zeros((2, count, (1, 1 + n, 1 + n + n * n)[order]))
        evaluate_all(self.net, _both(box), order, self.marks(pattern), self.room, found)
        low, high = found
        gradient = Range(low[:, 1 : 1 + n], high[:, 1 : 1 + n]) if order else None
        shape = (count, n, n)
        hessian = (
            Range(low[:, 1 + n :].reshape(shape), high[:, 1 + n :].reshape(shape))
            if order > 1
            else None
        )
        return Jet(Range(low[:, 0], high[:, 0]), gradient, hessian)

    def both(self, box: Range, order: int, pattern: Pattern | None = None) -> tuple[Jet, list[Jet]]:
        """f on a single box (1, n) as by ``objective``, and the pre-activations of all units."""
        from pieceproof.checking.enclosing.compiled.network import evaluate

        room = self.room
        if evaluate(self.net, _both(box)[:, 0].copy(), order, self.marks(pattern), room):
            return self.copied(room.f, room.nodes, order)
        nodes = room.nodes[:, len(self.network.inputs[0]) :]  # inputs stay in their places
        for part in (room.f, nodes):
            part[0], part[1] = -np.inf, np.inf
        found = self.copied(room.f, room.nodes, order)
        # Second derivatives of affine z are 0 from the start and never written.
        nodes[..., 1 + self.n :] = 0.0
        return found

    def residuals(self, box: Range, pattern: Pattern) -> tuple[Jet, list[Jet]]:
        """ŷ_t − y_t on a single box with their gradients, and the pre-activations of all units."""
        _, seen = self.both(box, 1, pattern)
        return self._jet(self.room.nodes[:, -1], 1), seen

    def influences(self, box: Range, unit: int) -> tuple[Jet, Jet, Jet]:
        """f, ŷ_t − y_t and the values of a unit on a single box, over all patterns there."""
        f, _ = self.both(box, 1)
        node = len(self.network.inputs[0]) + 2 * unit + 1
        return f, self._jet(self.room.nodes[:, -1], 1), self._jet(self.room.nodes[:, node], 1)

    def copied(self, f: Array, nodes: Array, order: int = 2) -> tuple[Jet, list[Jet]]:
        """Jets of f and of the pre-activations, from what compiled loops have left."""
        features = len(self.network.inputs[0])
        units = range(len(self.network.units))
        return self._jet(f, order), [self._jet(nodes[:, features + 2 * u], order) for u in units]

    def _jet(self, rows: Array, order: int) -> Jet:
        """From rows (2, ..., 1 + n + n²), with a first axis of length 1."""
        n = self.n
        shape = (1, *rows.shape[1:-1])
        low, high = rows.copy().reshape(2, 1, *rows.shape[1:])
        value = Range(low[..., 0], high[..., 0])
        if not order:
            return Jet(value)
        gradient = Range(low[..., 1 : 1 + n], high[..., 1 : 1 + n])
        if order == 1:
            return Jet(value, gradient)
        square = (*shape, n, n)
        hessian = Range(low[..., 1 + n :].reshape(square), high[..., 1 + n :].reshape(square))
        return Jet(value, gradient, hessian)

    def marks(self, pattern: Pattern | None) -> Integers:
        """A pattern as compiled loops take it."""
        if not pattern:
            return np.zeros((0, 0), dtype=np.int64)
        return np.array(pattern, dtype=np.int64)


def _sides(*parts: Range) -> Iterator[tuple[Array, ...]]:
    """All lower bounds, then all upper bounds."""
    yield tuple(part.lo for part in parts)
    yield tuple(part.hi for part in parts)


def _both(part: Range) -> Array:
    shape = np.broadcast_shapes(part.lo.shape, part.hi.shape)
    found = np.empty((2, *shape))
    found[0], found[1] = part.lo, part.hi
    return found


def _coefficients(pieces: Sequence[fmpq_poly], degree: int) -> Array:
    rows = [around([fmpq(piece[i]) for i in range(degree + 1)]) for piece in pieces]
    return np.array([[row.lo for row in rows], [row.hi for row in rows]])


def _reach(network: Network, degree: int) -> float:
    """The largest power of 2 tried for which nothing comes out larger than ``LARGEST``."""
    for power in range(100, -1, -1):
        try:
            if _majorant(network, degree, 2.0**power) <= LARGEST:
                return 2.0**power
        except OverflowError:
            continue
    return 0.0


def _majorant(network: Network, degree: int, reach: float) -> float:
    """A bound of everything met in evaluating f, f′ and f″ for |w_i| ≤ reach, α near A.

    Triangle inequality for values v, first derivatives g and second derivatives h, layer by
    layer; a factor of 2²⁰ is room for the sums in between and for rounding.
    """
    fixed = [*network.targets, *(network.outputs or ()), network.offset or fmpq(0), network.decay]
    known = _largest(fixed)
    size = 1 + _largest([x for row in network.inputs for x in row])
    points = _largest(network.breakpoints)
    coefficients = [c for p in (*network.first, *network.second) for c in map(fmpq, p.coeffs())]
    steepest = 2 * (1 + _span(network)) * (degree + 1) ** 3 * (1 + _largest(coefficients))
    v, g, h, sources = size, 0.0, 0.0, len(network.inputs[0])
    for width in (*network.hidden, 0):
        weight = sources * (reach if width or network.outputs is None else 1 + known)
        z = weight * v + reach + known
        dz = weight * g + v + 1
        ddz = weight * h + 2 * g
        if not width:
            v, g, h = z, dz, ddz
            break
        sigma = steepest * max(1.0, 2 * z, points) ** degree
        v, g, h = sigma, sigma * (dz + 1), sigma * (ddz + dz * dz + 2 * dz)
        sources = width
    factor = known + _span(network)
    return (
        2.0**20
        * network.examples
        * (max(v * v, v * h, g * g, h) + factor * reach * (reach + 1) + 1)
    )


def _span(network: Network) -> float:
    """Above |α| for α in A."""
    return 1 + 2 * _largest(network.interval)


def _largest(values: Sequence[fmpq]) -> float:
    return max((abs(int(v.p) / int(v.q)) for v in values), default=0.0)
