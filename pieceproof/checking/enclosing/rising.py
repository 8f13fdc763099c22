"""Boundaries beyond which f is larger than the polynomial on the near side.

Let N be a box, t an example, z = z_u(x_t) a pre-activation of the last hidden layer and β a
breakpoint of σ_α at which it may bend. Beyond z = β the output changes by u·δ(z),
δ = σ_far − σ_near with δ(β) = 0, u being the output weight. Only the residual of example t
changes, r_far = r_near + u·δ, and

    f_far − f_near = r_far² − r_near² = u·δ·(r_far + r_near).

Where δ′ keeps its sign beyond β, so does δ. Boundaries of one unit may be one hyperplane, so that
several examples t pass theirs at once: then z_t − β_t = c_t·ζ, all |ζ| being the same, and by the
mean value theorem

    f_far − f_near = |ζ|·u·Σ_t |c_t|·(±δ_t′(ξ_t))·(r_far,t + r_near,t),   + above, − below.

If that is ≥ 0 for all z beyond β that N has, f_far ≥ f_near there. A basin of f_near may
therefore run across the boundary. That is how a minimiser meets the boundary it will be held at.

Intervals have rational ends: a residual that is 0 at the boundary must not come out below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np
from flint import fmpq, fmpq_poly

from pieceproof.checking.enclosing.groups import coincide
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Range, exact_double
from pieceproof.checking.enclosing.tubes import Label, Space

Interval = tuple[fmpq, fmpq]


def rises(space: Space, box: Range, patterns: Iterable[Pattern], group: Sequence[Label]) -> bool:
    """Whether f_far ≥ f_near beyond the hyperplane of the boundaries ``group`` on the box (1, n).

    ``patterns``: those on the near side that may occur on the box.
    """
    network = space.network
    unit = group[0][0]
    first = len(network.units) - (network.hidden[-1] if network.hidden else 0)
    if network.polynomial is not None or unit < first:
        return False
    if len(group) > 1 and not coincide(space, group):
        return False
    shares = _shares(network, group)
    alpha, (weights, offset) = _ends(box, 0, 0), _output(network, box)
    for near in patterns:
        pieces = [near[unit][example] for _, example, _ in group]
        if any(piece not in (k, k + 1) for piece, (_, _, k) in zip(pieces, group, strict=True)):
            continue  # beyond another boundary of the same unit: z cannot be at both
        sides = [piece == k for piece, (_, _, k) in zip(pieces, group, strict=True)]
        if len({above == (share > 0) for above, share in zip(sides, shares, strict=True)}) > 1:
            return False  # sides that do not occur together
        _, seen = space.jets.both(box, 0, near)
        if not all(np.all(np.isfinite([v.value.lo, v.value.hi])) for v in seen):
            return False
        total = (fmpq(0), fmpq(0))
        for (_, example, k), above, share in zip(group, sides, shares, strict=True):
            piece = k if above else k + 1
            far = piece + 1 if above else piece - 1
            z = _beyond(network, _ends(seen[unit].value, 0, example), k, above)
            if z is None:
                return False
            both = _sum(
                _scaled(offset, fmpq(2)), _scaled((network.targets[example],) * 2, fmpq(-2))
            )
            for v, weight in enumerate(weights, start=first):
                if v == unit:
                    values = [_sigma(network, p, alpha, z) for p in (piece, far)]
                    both = _sum(both, _times(weight, _sum(*values)))
                else:
                    own = _ends(seen[v].value, 0, example)
                    value = _sigma(network, near[v][example], alpha, own)
                    both = _sum(both, _scaled(_times(weight, value), fmpq(2)))
            slope = _blended(
                [(network.first[far] - network.first[piece]).derivative(),
                 (network.second[far] - network.second[piece]).derivative()],
                alpha, z,
            )  # fmt: skip
            change = _times(slope if above else _scaled(slope, fmpq(-1)), both)
            total = _sum(total, _scaled(change, abs(share)))
        if _times(weights[unit - first], total)[0] < 0:
            return False
    return True


def _shares(network: Network, group: Sequence[Label]) -> list[fmpq]:
    """c_t with z_t − β_t = c_t·(z_1 − β_1) for boundaries that are one hyperplane."""
    if len(group) == 1:
        return [fmpq(1)]
    rows = [[*network.inputs[t], *([fmpq(1)] if network.bias else [])] for _, t, _ in group]
    lead = next(i for i, value in enumerate(rows[0]) if value)
    return [row[lead] / rows[0][lead] for row in rows]


def _output(network: Network, box: Range) -> tuple[list[Interval], Interval]:
    """Output weights and output bias."""
    start = 1 + (network.incoming[-1][-1] + 1)
    if network.outputs is None:
        weights = [_ends(box, 0, start + i) for i in range(network.hidden[-1])]
    else:
        weights = [(value, value) for value in network.outputs]
    if network.offset is None:
        return weights, _ends(box, 0, box.lo.shape[1] - 1)
    return weights, (network.offset, network.offset)


def _beyond(network: Network, z: Interval, k: int, above: bool) -> Interval | None:
    """The part of z's range beyond breakpoint k, None if it passes the next breakpoint."""
    points = network.breakpoints
    if above:
        passes = k + 1 < len(points) and z[1] > points[k + 1]
        return None if passes else (points[k], max(points[k], z[1]))
    passes = k > 0 and z[0] < points[k - 1]
    return None if passes else (min(points[k], z[0]), points[k])


def _sigma(network: Network, piece: int, alpha: Interval, z: Interval) -> Interval:
    return _blended([network.first[piece], network.second[piece]], alpha, z)


def _blended(pair: list[fmpq_poly], alpha: Interval, z: Interval) -> Interval:
    """α·first(z) + (1 − α)·second(z): affine in α, so its ends decide."""
    ends = []
    for a in alpha:
        polynomial = a * pair[0] + (1 - a) * pair[1]
        total = (fmpq(polynomial[0]),) * 2
        for power in range(1, polynomial.degree() + 1):
            total = _sum(total, _scaled(_power(z, power), fmpq(polynomial[power])))
        ends.append(total)
    return min(low for low, _ in ends), max(high for _, high in ends)


def _ends(values: Range, *index: int) -> Interval:
    return exact_double(float(values.lo[index])), exact_double(float(values.hi[index]))


def _sum(a: Interval, b: Interval) -> Interval:
    return a[0] + b[0], a[1] + b[1]


def _scaled(a: Interval, factor: fmpq) -> Interval:
    ends = a[0] * factor, a[1] * factor
    return min(ends), max(ends)


def _times(a: Interval, b: Interval) -> Interval:
    ends = [x * y for x, y in product(a, b)]
    return min(ends), max(ends)


def _power(z: Interval, power: int) -> Interval:
    ends = z[0] ** power, z[1] ** power
    low = fmpq(0) if power % 2 == 0 and z[0] <= 0 <= z[1] else min(ends)
    return low, max(ends)
