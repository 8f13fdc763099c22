"""Boundaries beyond which f is larger than the polynomial on the near side.

Let N be a box, t an example, z = z_u(x_t) a pre-activation of the last hidden layer and β a
breakpoint of σ_α at which it may bend. Beyond z = β the output changes by u·δ(z),
δ = σ_far − σ_near with δ(β) = 0, u being the output weight. Only the residual of example t
changes, r_far = r_near + u·δ, and

    f_far − f_near = r_far² − r_near² = u·δ·(r_far + r_near).

If δ′ keeps its sign beyond β, so does δ; if u·δ·(r_far + r_near) ≥ 0 all over N, then
f_far ≥ f_near beyond the boundary. A basin of f_near may therefore run across it. That is how a
minimiser meets the boundary that it will be held at.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.tubes import Label, Space


def rises(space: Space, box: Range, around_: Iterable[Pattern], label: Label) -> bool:
    """Whether f_far ≥ f_near beyond the boundary ``label`` on the box (1, n).

    ``around_``: the patterns on the near side that may occur on the box.
    """
    network, jets = space.network, space.jets
    unit, example, k = label
    if network.polynomial is not None or unit < len(network.units) - network.hidden[-1]:
        return False
    weight = _output_weight(space, box, unit)
    for near in around_:
        piece = near[unit][example]
        if piece not in (k, k + 1):
            continue  # on the far side of another boundary of the same unit: z cannot be at both
        above = piece == k
        far = piece + 1 if above else piece - 1
        changed = [list(row) for row in near]
        changed[unit][example] = far
        before, seen = jets.residuals(box, near)
        z = seen[unit].value[0, example : example + 1]
        after, _ = jets.residuals(box, tuple(map(tuple, changed)))
        beyond = _beyond(space, z, k, above)
        if beyond is None:
            return False
        slope = _difference_of_slopes(space, box[0, :1], beyond, far, piece)
        change = weight * (slope if above else -slope)
        both = before.value[0, example : example + 1] + after.value[0, example : example + 1]
        if not ((change.lo[0] >= 0 and both.lo[0] >= 0) or (change.hi[0] <= 0 and both.hi[0] <= 0)):
            return False
    return True


def _output_weight(space: Space, box: Range, unit: int) -> Range:
    network = space.network
    own = unit - (len(network.units) - network.hidden[-1])
    if network.outputs is not None:
        return around([network.outputs[own]])
    place = 1 + network.outgoing[unit][0]
    return box[0, place : place + 1]


def _beyond(space: Space, z: Range, k: int, above: bool) -> Range | None:
    """The part of z's range beyond breakpoint k, None if it passes the next breakpoint."""
    points = space.jets.points
    low, high = z.lo, z.hi
    if above:
        if k + 1 < len(points.lo) and not high[0] <= points.lo[k + 1]:
            return None
        return Range(np.minimum(points.lo[k : k + 1], high), high)
    if k > 0 and not low[0] >= points.hi[k - 1]:
        return None
    return Range(low, np.maximum(points.hi[k : k + 1], low))


def _difference_of_slopes(space: Space, alpha: Range, z: Range, far: int, near: int) -> Range:
    """∂_z(σ_far − σ_near) for α and z in the ranges given."""
    network = space.network
    first = (network.first[far] - network.first[near]).derivative()
    second = (network.second[far] - network.second[near]).derivative()
    total = Range.exactly(np.zeros(1))
    for power in range(max(first.degree(), second.degree()), -1, -1):
        a, b = fmpq(first[power]), fmpq(second[power])
        total = total * z + around([b]) + around([a - b]) * alpha
    return total
