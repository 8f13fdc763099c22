"""Tips: near w_K = 0, where the boundaries of dead units meet, f is not below the smaller loss.

Let units K have parameters s·ω (incoming weights and bias; outgoing weights too where weight decay
or a penalty holds them at 0), 0 ≤ s ≤ 1, ω on the surface of a box around 0. No example comes to
another bend of σ_α than 0 there, so on either side s_t = Σ_j A_tj(ω) s^j, A_tj from the
coefficients of σ_α and powers of z_t(ω), and with residuals r_t of the network without K

    (f − f_K)/c = Σ_j E_j s^j + Σ_t s_t²,   E_j = Σ_t 2 r_t A_tj,

with (μ|ω|² + α(1 − ρ)|ω̃|²)/c in E_2 and αρ|ω̃|₁/c in E_1.

Branch and bound over ω and α shows, box by box, that this is not negative for any s: the E_j of low
degree are not negative, and the next one, with Σ_t A_t1² in degree 2, outweighs the negative
parts of those that follow. Residuals are enclosed over the whole basin N of the curve in the
network without K: for w with its other parameters in N, f ≥ f_K ≥ v. Parts outside W do not count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from flint import fmpq

from pieceproof.checking.enclosing.claimedslabs import basin_box
from pieceproof.checking.enclosing.nearby import BasinTooLarge
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Array, Range, around, exact_double
from pieceproof.checking.enclosing.reductions import ReducedSpace, alike, kept, parameters_of
from pieceproof.checking.enclosing.tubes import Curve, Path, Space
from pieceproof.checking.reading import Refuted

Flags = npt.NDArray[np.bool_]

BOXES = 20_000
"""Boxes of directions for one tip."""
NARROWEST = 1e-9
"""Sides of boxes are not cut below this part of the tip's."""
HALVINGS = 3
"""Times that a slab is cut, so that residuals are enclosed over less of it."""
HELD = 1e300


def check_tip(
    space: Space, curves: Sequence[Curve], radius: Sequence[float], boxes: int = BOXES
) -> Path:
    """The basin in a chart of W around the curve with w_K = 0, once f ≥ v is proved on it.

    ``curves``: the curve and its copies, of which the one in the same orthant counts. ``radius``:
    half widths of all parameters; those that the curve has are not above its own.

    Raises:
        Refuted: that could not be shown.
    """
    curve = next((each for each in curves if _shares_orthant(space, each)), curves[0])
    small = curve.space
    if not isinstance(small, ReducedSpace) or curve.stratum.fold is not None:
        raise Refuted("tips belong to curves of ordinary coordinates with dead units")
    network, fixed = space.network, space.chart.fixed
    rest = kept(network, small.dead)
    if (
        not _shares_orthant(space, curve)
        or {rest[i]: side for i, side in small.chart.fixed.items()}
        != {i: side for i, side in fixed.items() if i in rest}
        or (network.outputs is not None and small.network.outputs != _without(network, small.dead))
    ):
        raise Refuted("a tip in a chart other than that of its curve")
    own = parameters_of(network, small.dead)
    moving = [i for i in own if i not in fixed]
    reach = np.array(radius, dtype=np.float64)
    reach[list(fixed)] = HELD
    if not np.all(reach[list(rest)] <= curve.path.radius):
        raise Refuted("a tip reaches beyond the basin of its curve")
    _Tip(space, curve, small, moving, reach).check(boxes)
    centre, slope = np.zeros(network.parameters), np.zeros(network.parameters)
    centre[list(rest)], slope[list(rest)] = curve.path.centre, curve.path.slope
    for i in own:
        if i in fixed:
            centre[i] = space.wall(i, fixed[i]).middle[0]
    return Path(centre, slope, reach)


def _shares_orthant(space: Space, curve: Curve) -> bool:
    """Whether a chart has the signs of the curve's."""
    small = curve.space
    if not isinstance(small, ReducedSpace):
        return False
    rest, own = kept(space.network, small.dead), dict(space.chart.orthant)
    return all(own.get(rest[i]) == sign for i, sign in small.chart.orthant)


def _without(network: Network, dead: Sequence[int]) -> tuple[fmpq, ...]:
    return tuple(v for unit, v in enumerate(network.outputs or ()) if unit not in dead)


@dataclass(frozen=True, eq=False)
class _Tip:
    """One tip: a space, a curve of the space ``small``, and the parameters of K that move.

    ``reach``: half widths of all parameters.
    """

    space: Space
    curve: Curve
    small: ReducedSpace
    moving: list[int]
    reach: Array

    def check(self, budget: int) -> None:
        """That the sum is not negative, for all α of the slab.

        Raises:
            Refuted: it may be negative in some direction.
        """
        self._check(self.curve.alpha, budget, HALVINGS)

    def _check(self, alpha: Range, budget: int, halvings: int) -> None:
        try:
            return self._check_part(alpha, budget)
        except BasinTooLarge:
            if not halvings or not alpha.lo[0] < alpha.middle[0] < alpha.hi[0]:
                raise
        for part in (Range(alpha.lo, alpha.middle), Range(alpha.middle, alpha.hi)):
            self._check(part, budget, halvings - 1)

    def _check_part(self, alpha: Range, budget: int) -> None:
        """Branch and bound over the surface of the box."""
        network = self.space.network
        radius = self.reach[self.moving]
        low = np.maximum(-radius, [_below(network.walls[i][0]) for i in self.moving])
        high = np.minimum(radius, [-_below(-network.walls[i][1]) for i in self.moving])
        if not np.all((low <= 0) & (high >= 0)):
            raise Refuted("0 is outside W")
        terms = self._terms(alpha, Range(low, high))
        lows, highs = [], []
        for slot in range(len(self.moving)):
            for side in (low, high):
                if side[slot] == 0:
                    continue  # a wall of W at 0: nothing lies beyond
                face = low.copy(), high.copy()
                face[0][slot] = face[1][slot] = side[slot]
                lows.append([*face[0], alpha.lo[0]])
                highs.append([*face[1], alpha.hi[0]])
        boxes, looked = Range(np.array(lows), np.array(highs)), 0
        size = np.array([*radius, max(alpha.hi[0] - alpha.lo[0], 1e-300)])
        while len(boxes.lo):
            looked += len(boxes.lo)
            boxes = boxes[~terms.hold(boxes)]
            width = (boxes.hi - boxes.lo) / size
            if looked + 2 * len(boxes.lo) > budget or np.any(width.max(axis=1) < NARROWEST):
                raise BasinTooLarge("f could not be shown to grow from w = 0 of dead units")
            boxes = _halved(boxes, width.argmax(axis=1))

    def _terms(self, alpha: Range, box: Range) -> _Terms:
        network = self.space.network
        k = bisect_right(network.breakpoints, fmpq(0))
        left = k - 1 if k > 0 and network.breakpoints[k - 1] == 0 else k
        degree = max(p.degree() for p in (*network.first, *network.second))
        pairs = [(network.first[j], network.second[j]) for j in (left, k)]
        pieces = [[(around([p[i]]), around([q[i]])) for i in range(degree + 1)] for p, q in pairs]
        if any(p[0] != 0 or q[0] != 0 for p, q in pairs):
            raise Refuted("σ_α(0) is not 0")
        units = [self._unit(unit) for unit in self.small.dead]
        examples, sizes, means = alike(network)
        columns, _ = network.data
        inputs = Range(columns.lo[:, examples], columns.hi[:, examples])
        self.small.jets.both(self._rest(alpha), 0)
        last = self.small.jets.room.nodes[:, -1, examples, 0]
        shifts = around([network.targets[t] - y for t, y in zip(examples, means, strict=True)])
        residuals = _plus(Range(last[0], last[1]), shifts)
        scale = fmpq(1, network.examples) if network.mean else fmpq(1)
        least = max(exact_double(self.curve.alpha.lo[0]), fmpq(0))
        decays = [network.decay + least * network.squares[i] for i in self.moving]
        tilts = [least * network.tilts[i] for i in self.moving]
        found = _Terms(pieces, units, inputs, np.array(sizes, dtype=float), residuals,
                       around([decay / scale for decay in decays]),
                       around([tilt / scale for tilt in tilts]))  # fmt: skip
        ends = around(network.breakpoints)
        for unit in units:
            z = found.reached(box[None], unit)
            if (left > 0 and np.any(z.lo < ends.hi[left - 1])) or (
                k < len(network.breakpoints) and np.any(z.hi > ends.lo[k])
            ):
                raise BasinTooLarge("another bend of σ is near w = 0 of dead units")
        return found

    def _rest(self, alpha: Range) -> Range:
        """The box of (α, w) of the smaller network, one-sided at active walls as its basin is."""
        curve, rest = self.curve, list(kept(self.space.network, self.small.dead))
        path, radius = curve.along(alpha), Range.exactly(self.reach[rest])
        narrow = Range((path - radius).lo, (path + radius).hi)
        return basin_box(curve, alpha).meet(self.small.placed(alpha, narrow, {}))

    def _unit(self, unit: int) -> _Unit:
        network, fixed = self.space.network, self.space.chart.fixed
        own = [self.moving.index(i) for i in network.incoming[unit]]
        bias = own.pop() if network.bias else None
        if network.outputs is not None:
            return _Unit(own, bias, around([network.outputs[unit]]), None)
        (out,) = network.outgoing[unit]
        if out in fixed:
            return _Unit(own, bias, self.space.wall(out, fixed[out]), None)
        if network.decay == 0 and out not in network.penalised:
            raise Refuted("the outgoing weight of a dead unit is free")
        return _Unit(own, bias, Range.exactly([0.0]), self.moving.index(out))


@dataclass(frozen=True, eq=False)
class _Unit:
    """Slots of ω: incoming weights, bias, outgoing weight if it is one of them, else its value."""

    incoming: list[int]
    bias: int | None
    outgoing: Range
    slot: int | None


@dataclass(frozen=True, eq=False)
class _Terms:
    """The terms E_j over boxes of (ω, α); examples with equal inputs are one.

    ``pieces``: on the left and on the right of 0, the coefficients of both activations.
    ``decays`` and ``tilts``: for every slot of ω the least factors of its square and, but for the
    sign that it has on the orthant, of the slot itself.
    """

    pieces: list[list[tuple[Range, Range]]]
    units: list[_Unit]
    inputs: Range
    sizes: Array
    residuals: Range
    decays: Range
    tilts: Range

    def reached(self, boxes: Range, unit: _Unit) -> Range:
        """z(ω) of one unit, (B, G), on boxes (B, m)."""
        shape = (len(boxes.lo), len(self.sizes))
        total = Range(np.zeros(shape), np.zeros(shape))
        for slot, column in zip(unit.incoming, range(len(self.inputs.lo)), strict=True):
            total = _plus(total, _times(boxes[:, slot, None], self.inputs[column][None]))
        if unit.bias is not None:
            total = _plus(total, boxes[:, unit.bias, None])
        return total

    def hold(self, boxes: Range) -> Flags:
        """Whether the sum is shown not to be negative, for every box (B, m + 1)."""
        alpha, directions = boxes[:, -1, None], boxes[:, :-1]
        rest = Range.exactly([[1.0]]) - alpha
        mixes = (alpha.lo >= 0) & (alpha.hi <= 1)
        rest = Range(np.where(mixes, np.maximum(rest.lo, 0.0), rest.lo), rest.hi)
        first, second = (self._parts(directions, which) for which in (0, 1))
        both = [
            _plus(_times(alpha, a), _times(rest, b)) for a, b in zip(first, second, strict=True)
        ]
        squares = self._squares(both)
        found = self._outweigh(self._floors(directions, both), squares)
        # αE′ + (1 − α)E″: neither has to be weighed against the other.
        own = [self._floors(directions, parts) for parts in (first, second)]
        apart = self._outweigh(own[0]) & self._outweigh(own[1])
        return found | (apart & mixes[:, 0])

    def _parts(self, boxes: Range, which: int) -> list[Range]:
        """A_j (B, G) with one of the activations for σ_α; A_0 = 0."""
        shape, shift = (len(boxes.lo), len(self.sizes)), int(self.shifted)
        powers = len(self.pieces[0]) - 1
        parts = [Range(np.zeros(shape), np.zeros(shape)) for _ in range(max(3, powers + 1 + shift))]
        for unit in self.units:
            z = self.reached(boxes, unit)
            above = Range(np.maximum(z.lo, 0.0), np.maximum(z.hi, 0.0))
            below = Range(np.minimum(z.lo, 0.0), np.minimum(z.hi, 0.0))
            factor = unit.outgoing if unit.slot is None else boxes[:, unit.slot, None]
            upper, lower = above, below
            for j in range(1, powers + 1):
                left, right = (own[j][which] for own in self.pieces)
                side = _plus(_times(upper, right), _times(lower, left))
                parts[j + shift] = _plus(parts[j + shift], _times(factor, side))
                upper, lower = _times(upper, above), _times(lower, below)
        return parts

    @property
    def shifted(self) -> bool:
        """Whether ω has outgoing weights, which raises all degrees by one."""
        return self.units[0].slot is not None

    def _floors(self, boxes: Range, parts: list[Range]) -> Array:
        """Lower bounds of the E_j, (J, B)."""
        twice = _times(Range.exactly(2 * self.sizes), self.residuals)
        floors = np.array([_total(_times(twice, part).lo) for part in parts])
        floors[1] = _added(floors[1], _total(_times(self.tilts, boxes).lo))
        floors[2] = _added(floors[2], _total(_times(self.decays, boxes.square()).lo))
        return floors

    def _squares(self, parts: list[Range]) -> Array:
        """A lower bound of Σ_t (A_t1 + A_t2 s + …)² for 0 ≤ s ≤ 1."""
        total, unit = parts[1], Range(np.zeros(1), np.ones(1))
        for part in parts[2:]:
            total = _plus(total, _times(unit, part))
        return _total(np.maximum(_times(Range.exactly(self.sizes), total.square()).lo, 0.0))

    @staticmethod
    def _outweigh(floors: Array, squares: Array | None = None) -> Flags:
        """Whether Σ_j E_j s^j + s²·squares ≥ 0 for 0 ≤ s ≤ 1, from lower bounds (J, B) of E_j."""
        before = np.ones(floors.shape[1], dtype=bool)
        found = np.zeros(floors.shape[1], dtype=bool)
        for j in range(1, len(floors)):
            total = floors[j] if squares is None or j != 2 else _added(floors[j], squares)
            for following in floors[j + 1 :]:
                total = _added(total, np.minimum(following, 0.0))
            found |= before & (total >= 0)
            before &= floors[j] >= 0
        return found | before


def _below(value: fmpq) -> float:
    return float(around([value]).lo[0])


def _halved(boxes: Range, axis: npt.NDArray[np.intp]) -> Range:
    rows = np.arange(len(boxes.lo))
    cut = 0.5 * (boxes.lo[rows, axis] + boxes.hi[rows, axis])
    below, above = boxes.hi.copy(), boxes.lo.copy()
    below[rows, axis] = above[rows, axis] = cut
    return Range(np.concatenate([boxes.lo, above]), np.concatenate([below, boxes.hi]))


def _times(a: Range, b: Range) -> Range:
    """a·b, of one sign where a and b are: rounding outwards does not pass 0."""
    found = a * b
    alike = ((a.lo >= 0) & (b.lo >= 0)) | ((a.hi <= 0) & (b.hi <= 0))
    apart = ((a.lo >= 0) & (b.hi <= 0)) | ((a.hi <= 0) & (b.lo >= 0))
    return Range(
        np.where(alike, np.maximum(found.lo, 0.0), found.lo),
        np.where(apart, np.minimum(found.hi, 0.0), found.hi),
    )


def _plus(a: Range, b: Range) -> Range:
    """a + b, of one sign where a and b are."""
    found = a + b
    return Range(
        np.where((a.lo >= 0) & (b.lo >= 0), np.maximum(found.lo, 0.0), found.lo),
        np.where((a.hi <= 0) & (b.hi <= 0), np.minimum(found.hi, 0.0), found.hi),
    )


def _added(a: Array, b: Array) -> Array:
    """A lower bound of a + b."""
    return _plus(Range(a, a), Range(b, b)).lo


def _total(rows: Array) -> Array:
    """Lower bounds of the sums of the rows (B, G)."""
    total = np.zeros(len(rows))
    for column in rows.T:
        total = _added(total, column)
    return total
