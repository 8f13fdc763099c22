"""Charts of W: coordinates that boxes are made of, and what may be held at walls.

*Outputs.* With trainable output weights v and an output bias c that is trainable or 0, (v, c) ↦
s·(v, c) with s > 0 changes no sign of a score. If all their ranges hold 0, any (v, c) ≠ 0 can be
scaled until one of them is at a wall that is not 0 and the others are in their ranges; at
(v, c) = 0 all scores are 0 and all examples wrong. So one chart for each such wall does.

*Hidden units.* If σ_α is positively homogeneous of degree 1, the same holds for the incoming
parameters u of a unit that a trainable weight r alone reads: (u, r) ↦ (su, r/s), s ≥ 1 until u is
at a wall; u = 0 is r = 0. It is done layer by layer, and r grows again with its own group. If the
output weights are fixed and there is no output bias, all parameters of the last hidden layer scale
the scores together.

*Scales.* Differences of scores vanish where all first-layer weights do. Where these may be 0, a
scale t ∈ [0, 1] is a coordinate of its own: w = t·p with p on a face of a box, p_j = ±r_j, |p_i|
≤ r_i
(``WEIGHTS``). A single unit with a bias b is covered by (w, b) = t·p on the faces of the weights
(``UNITS``) and by w = (t|b|/r_b)·p on those of the bias (``BELOW``), as |w_j|/r_j ≤ |b|/r_b there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from flint import fmpq, fmpq_poly

from pieceproof.checking.coverings.compiled.records import (
    BELOW,
    UNITS,
    WEIGHTS,
    WHOLE,
    Net,
)
from pieceproof.checking.coverings.models import Model
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Array, Range, around

Key = tuple[tuple[int, ...], tuple[tuple[int, int], ...]]
"""Signs of the output weights (of a model with "signs") and parameters at walls (0 lower, 1
upper): what parameters are like, whatever coordinates cover them."""


@dataclass(frozen=True, eq=False)
class Chart:
    """Parameters with a key, in coordinates (t, p) of a ``mode`` (``compiled.records``).

    ``face`` is the weight with p_j = ±r_j and the sign; ``half`` the sign of the bias in mode
    ``BELOW``.
    """

    model: Model
    key: Key
    net: Net
    mode: int = WHOLE
    face: tuple[int, int] | None = None
    half: int = 0

    @cached_property
    def walls(self) -> Range:
        """The ranges of w, held parameters at their walls."""
        network = self.model.network
        held = dict(self.key[1])
        pairs = [
            (pair[held[i]], pair[held[i]]) if i in held else pair
            for i, pair in enumerate(network.walls)
        ]
        low, high = around([a for a, _ in pairs]), around([b for _, b in pairs])
        return Range(low.lo, high.hi)

    @cached_property
    def free(self) -> tuple[int, ...]:
        """The parameters that are not held."""
        held = dict(self.key[1])
        return tuple(i for i in range(self.model.network.parameters) if i not in held)

    @cached_property
    def first(self) -> tuple[Array, Array]:
        """Boxes (B, 1 + d) in (t, p) that cover the chart; weights are cut at 0."""
        low, high = self.walls.lo.copy(), self.walls.hi.copy()
        scaled = list(self.model.first_layer)
        if self.mode == UNITS and self.model.network.bias:
            scaled += [self.model.network.incoming[0][-1]]
        start = 1.0
        if self.face is not None:
            start = 0.0
            for i in scaled:
                reach = max(-low[i], high[i])
                low[i], high[i] = (-reach if low[i] < 0 else 0.0), (reach if high[i] > 0 else 0.0)
            index, sign = self.face
            low[index] = high[index] = high[index] if sign > 0 else low[index]
        if self.mode == BELOW:
            bias = self.model.network.incoming[0][-1]
            reach = max(-low[bias], high[bias])
            # t·|b|·p: divided by a little less than r_b, so that the faces are reached.
            for i in scaled:
                low[i], high[i] = (end / reach * (1 + 2.0**-50) for end in (low[i], high[i]))
            low[bias], high[bias] = (0.0, high[bias]) if self.half > 0 else (low[bias], 0.0)
        return self._cut(np.array([start, *low]), np.array([1.0, *high]))

    def _cut(self, low: Array, high: Array) -> tuple[Array, Array]:
        weights = {*self.model.first_layer, *self._readers()}
        sides = [
            [(a, 0.0), (0.0, b)] if i - 1 in weights and a < 0.0 < b else [(a, b)]
            for i, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True))
        ]
        boxes = np.array(list(product(*sides)))
        return boxes[:, :, 0], boxes[:, :, 1]

    def _readers(self) -> Iterator[int]:
        """Weights by which hidden units are read."""
        for own in self.model.network.outgoing:
            yield from own

    def at(self, place: Array) -> Array:
        """w at (t, p), rounded."""
        network = self.model.network
        w = place[1:].copy()
        if self.mode == WHOLE:
            return w
        scale = place[0]
        scaled = list(self.model.first_layer)
        if network.bias and self.mode == UNITS:
            scaled.append(network.incoming[0][-1])
        if self.mode == BELOW:
            scale *= abs(w[network.incoming[0][-1]])
        w[scaled] *= scale
        return np.clip(w, self.walls.lo, self.walls.hi)


def charts(model: Model) -> list[Chart]:
    """Charts whose union is W, up to parameters that predict as others do."""
    network = model.network
    signs = list(product((-1, 1), repeat=network.hidden[-1])) if model.signs else [()]
    groups = [
        [(i, side) for i in group for side in (0, 1) if network.walls[i][side] != 0]
        for group in _scaled_groups(network)
    ]
    found: list[Chart] = []
    for sign in signs:
        outputs = tuple(map(fmpq, sign)) if model.signs else network.outputs
        net = model.net(outputs)
        for held in product(*groups):
            key = (sign, tuple(sorted(held)))
            found += _in_coordinates(model, key, net)
    return found


def _in_coordinates(model: Model, key: Key, net: Net) -> Iterator[Chart]:
    network = model.network
    weights = model.first_layer
    single = network.hidden[0] == 1 and network.bias
    scaled = (*weights, network.incoming[0][-1]) if single else weights
    held = dict(key[1])
    may_vanish = all(network.walls[i][0] <= 0 <= network.walls[i][1] for i in scaled)
    if not may_vanish or len(scaled) < 2 or any(i in held for i in scaled):
        yield Chart(model, key, net)
        return
    faces = [
        (i, sign) for i in weights for sign in (-1, 1) if network.walls[i][(sign + 1) // 2] != 0
    ]
    for face in faces:
        yield Chart(model, key, net, UNITS if single else WEIGHTS, face)
    if single:
        low, high = network.walls[network.incoming[0][-1]]
        for half in (-1, 1):
            if (high if half > 0 else -low) > 0:
                for face in faces:
                    yield Chart(model, key, net, BELOW, face, half)


def _scaled_groups(network: Network) -> list[tuple[int, ...]]:
    """Groups of parameters of which one may be held at a wall."""
    ranges = network.walls
    found: list[tuple[int, ...]] = []
    if network.outputs is None and (network.offset is None or network.offset == 0):
        start = network.incoming[-1][-1] + 1
        group = tuple(range(start, network.parameters))
        if _scalable(network, group):
            found.append(group)
    if _is_homogeneous(network):
        for unit, readers in enumerate(network.outgoing):
            own = network.incoming[unit]
            if len(readers) != 1 or not _scalable(network, own):
                continue
            if ranges[readers[0]][0] <= 0 <= ranges[readers[0]][1]:
                found.append(own)
        if network.outputs is not None and network.offset == 0:
            last = network.incoming[-network.hidden[-1] :]
            group = tuple(i for own in last for i in own)
            if _scalable(network, group):
                found.append(group)
    return found


def _scalable(network: Network, group: tuple[int, ...]) -> bool:
    return all(network.walls[i][0] <= 0 <= network.walls[i][1] for i in group)


def _is_homogeneous(network: Network) -> bool:
    pieces = (*network.first, *network.second)
    return all(fmpq_poly([0, q[1]]) == q for q in pieces) and not any(
        point != 0 for point in network.breakpoints
    )
