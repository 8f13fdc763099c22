"""Fades: the outgoing weight v of a unit reaches 0 while its incoming parameters are at walls.

Beyond that α the unit is dead, and f does not depend on its incoming parameters at v = 0: of
walls that are not at 0, as that of a bias without a penalty, the multiplier is v times something.
Let Z be the walls of the free curve w(α), those of all incoming parameters of a unit k among them,
y the other parameters, v among these, N a box around the curve and N⁺ its part in W with v on its
side of 0, say v ≥ 0. Suppose that

1. on N⁺ ∂_i f presses against its wall for i ∈ Z: all elements of Clarke's gradient do, or, with a
   penalty of w_i that presses against it or none, v·D_i does, D_i = 2c Σ_t r_t ∂_i σ(z_kt) ≠ 0;
2. F(α, y) = f(α, w) with w_Z at the walls is one polynomial on N, and ∇²F positive definite.

Then f ≥ F on N⁺, along segments to the walls, and F has its least value v_free at w(α). Where
v > 0 at w(α), f > v_free elsewhere on N⁺: off the walls where v > 0, f > F. Where v ≤ 0 at w(α),
the segment from any y with v ≥ 0 to w(α), along which F does not rise, meets v = 0, where F is
the loss f_K of the network without the unit, as penalties of w_Z are 0: f ≥ min f_K on N⁺.

The least point of f_K, with v = 0 and w_Z at the walls, is in N: v_free ≤ min f_K = v_dead, with
equality only where it is w(α), so v = 0. v changes its sign once. So ℓ* is v_free on one side and
v_dead on the other one, different analytic functions that touch: a smooth breakpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pieceproof.checking.enclosing import basins
from pieceproof.checking.enclosing.claimedslabs import Slab, basin_box, end
from pieceproof.checking.enclosing.nearby import BasinTooLarge, boundaries_near
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.reductions import kept
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.reading import Refuted


class Fading(NamedTuple):
    """The unit, its outgoing weight v, and the side on which v has its wall 0 (0: v ≥ 0)."""

    unit: int
    outgoing: int
    side: int


def check_fade(curves: Sequence[Curve], slab: Slab) -> None:
    """A slab on which a unit fades, or comes to life: everything but coverings and copies.

    Raises:
        Refuted: that could not be shown.
    """
    if len(curves) != 2:
        raise Refuted("a fade has two curves")
    free, dead = split(curves)
    fading = _fading(free, dead)
    check_faded_basin(free, dead)
    basins.check_basin(dead, basin_box(dead))
    alive, beyond = slab.lower, slab.upper
    if free is curves[1]:
        alive, beyond = beyond, alive
    v, place = 1 + fading.outgoing, int(np.flatnonzero(free.free == fading.outgoing)[0])
    near, far = (end(free, at).box[0][v : v + 1] for at in (alive, beyond))
    if fading.side:
        near, far = -near, -far
    if not (near.lo[0] > 0 and far.hi[0] < 0):
        raise Refuted("the outgoing weight does not change sides on the slab")
    slope = free.derivative[place : place + 1]
    if slope.lo[0] <= 0 <= slope.hi[0]:
        raise Refuted("the outgoing weight may change sides more than once")


def split(curves: Sequence[Curve]) -> tuple[Curve, Curve]:
    """The curve of the whole network, and the one without the unit."""
    first, second = curves[:2]
    return (second, first) if first.stratum.dead else (first, second)


def outgoing_gap(free: Curve, dead: Curve) -> Range:
    """v, positive on its own side of 0."""
    fading = _fading(free, dead)
    gap = free.box[0][1 + fading.outgoing : 2 + fading.outgoing]
    return -gap if fading.side else gap


def check_faded_basin(free: Curve, dead: Curve) -> None:
    """That f is nowhere below what it is on the two curves, on N⁺ of the free one.

    Raises:
        Refuted: that could not be shown.
    """
    fading, box = _fading(free, dead), basin_box(free)
    basins.check_inside(free, except_=(fading.outgoing, fading.side))
    basins.check_owned(free, box)
    rest = list(kept(free.space.network, dead.stratum.dead))
    own, seen = box[0, 1:], dead.box[0, 1:]
    moving = [k for k, i in enumerate(rest) if i in free.free]
    inside = [rest[k] for k in moving]
    v = fading.outgoing
    if not (
        np.all((own.lo[inside] <= seen.lo[moving]) & (seen.hi[moving] <= own.hi[inside]))
        and own.lo[v] <= 0 <= own.hi[v]
        and {rest[i]: side for i, side in dead.stratum.walls.items()}
        == {i: side for i, side in free.stratum.walls.items() if i in rest}
    ):
        raise Refuted("the curve without the unit is not in the basin")
    _check_pressed(free, box, fading)
    _check_convex(free, box)


def _fading(free: Curve, dead: Curve) -> Fading:
    """What fades.

    Raises:
        Refuted: it is not of this kind.
    """
    own, other, network = free.stratum, dead.stratum, free.space.network
    plain = own.fold is None is other.fold and not (own.groups or other.groups or own.dead)
    if not plain or len(other.dead) != 1 or network.polynomial is not None:
        raise Refuted("these curves are not those of a unit that fades")
    (unit,) = other.dead
    if len(network.hidden) != 1 or network.outputs is not None or free.space.chart.fixed:
        raise Refuted("a unit that fades has a trainable outgoing weight")
    (out,) = network.outgoing[unit]
    zeros = [side for side in (0, 1) if network.walls[out][side] == 0]
    if not zeros or out not in free.free or not network.tilts[out]:
        raise Refuted("the outgoing weight has no wall at 0, is held, or has no penalty αρ|v|")
    if not all(
        i in own.walls and (_is_free(network, i) or network.walls[i][own.walls[i]] == 0)
        for i in network.incoming[unit]
    ):
        raise Refuted("an incoming parameter is not at a wall, or has a penalty there")
    return Fading(unit, out, zeros[0])


def _is_free(network: Network, parameter: int) -> bool:
    """Whether nothing penalises a parameter."""
    return network.decay == 0 and parameter not in network.penalised


def _check_pressed(free: Curve, box: Range, fading: Fading) -> None:
    """That f does not fall from the walls of the stratum into N⁺.

    Raises:
        BasinTooLarge: it may.
    """
    space, v = free.space, 1 + fading.outgoing
    low, high = box.lo.copy(), box.hi.copy()
    bound, limit = ((low, np.maximum), (high, np.minimum))[fading.side]
    bound[0, v] = limit(bound[0, v], 0.0)
    f, residual, output = space.jets.influences(Range(low, high), fading.unit)
    for parameter, side in free.stratum.walls.items():
        slope = f.gradient[0, 1 + parameter : 2 + parameter]
        if (-slope if side else slope).lo[0] > 0:
            continue
        # v·D_i; what a penalty adds is 0, or presses against its wall 0.
        moved = (residual.value[0] * output.gradient[0][:, 1 + parameter]).sum(0)
        pressing = -moved if side != fading.side else moved
        own = parameter in space.network.incoming[fading.unit]
        if not (own and np.all(pressing.lo > 0)):
            raise BasinTooLarge("f may fall away from a wall of a unit that fades")


def _check_convex(free: Curve, box: Range) -> None:
    """That F is one polynomial on N, and strictly convex.

    Raises:
        BasinTooLarge: that could not be shown.
    """
    from pieceproof.checking.enclosing.compiled.convexity import is_convex

    space, stratum = free.space, free.stratum
    held = space.placed(Range(box.lo[0, :1], box.hi[0, :1]), box[0, 1:], stratum.walls)
    if boundaries_near(space, held, stratum.pattern, ()).all:
        raise BasinTooLarge("a boundary is near")
    jets, none = space.jets, np.zeros(0)
    if not is_convex(
        jets.net, np.stack([held.lo[0], held.hi[0]]), jets.marks(stratum.pattern),
        np.zeros((0, 3), dtype=np.int64), np.zeros((2, 0)), none, np.zeros(jets.n),
        1 + free.free, jets.room,
    ):  # fmt: skip
        raise BasinTooLarge("f is not convex enough around a curve")
