"""Curves of f from those of s·h, f = κ(α) + (α − α₀)h (``factors``), and where they meet others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from flint import fmpq, fmpq_mpoly, fmpq_poly

from pieceproof.checking.enclosing.claimedslabs import basin_box, end
from pieceproof.checking.enclosing.factors import Factor
from pieceproof.checking.enclosing.networks import Network
from pieceproof.checking.enclosing.polynomials import PolynomialJets
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.reductions import ReducedSpace, parameters_of
from pieceproof.checking.enclosing.stationarity import resting_point
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.reading import Refuted

if TYPE_CHECKING:
    from pieceproof.checking.enclosing.slabs import Settled


class Restored(Curve):
    """A curve of s·h with the values of f: v = κ + s(α − α₀)·v_h, v′ and v″ by the product rule."""

    def __init__(self, own: Curve, factor: Factor) -> None:
        self.own, self.factor = own, factor
        self.space, self.stratum, self.path = own.space, own.stratum, own.path
        self.alpha, self.middle, self.box, self.free = own.alpha, own.middle, own.box, own.free

    @property
    def _distance(self) -> Range:
        away = self.alpha - around([self.factor.root])
        return away if self.factor.sign > 0 else -away

    def _base(self, order: int) -> Range:
        base = self.factor.base
        for _ in range(order):
            base = base.derivative()
        return evaluated(base, self.alpha)

    @property
    def value(self) -> Range:
        """v."""
        return self._base(0) + self._distance * self.own.value

    @cached_property
    def slope(self) -> Range:
        """v′."""
        moved = self._distance * self.own.slope
        return self._base(1) + moved + self._signed(self.own.value)

    @cached_property
    def curvature(self) -> Range:
        """v″."""
        moved = self._distance * self.own.curvature
        return self._base(2) + moved + self._signed(self.own.slope + self.own.slope)

    def _signed(self, value: Range) -> Range:
        return value if self.factor.sign > 0 else -value

    def at(self, alpha: Range) -> Restored:
        """The curve over a smaller range of α."""
        return Restored(self.own.at(alpha), self.factor)

    @cached_property
    def centred(self) -> Restored:
        """The curve over the middle of its slab alone."""
        return self.at(self.middle)

    @property
    def point(self) -> Range:
        """The curve's points in W, with an output bias that was eliminated."""
        found = self.space.point(self.own.box[0, 1:])
        if self.factor.bias is None:
            return found
        c = _polynomial(self.factor.bias, Range(
            np.concatenate([self.alpha.lo, found.lo]), np.concatenate([self.alpha.hi, found.hi])
        ))  # fmt: skip
        return Range(np.concatenate([found.lo, c.lo]), np.concatenate([found.hi, c.hi]))

    def is_flat(self) -> bool:
        """Whether the curve rests at one point w₀, and κ + (α − α₀)·h(α, w₀) is constant."""
        point = resting_point(self.own, None)
        return point is not None and self._along(point).degree() < 1

    def _along(self, point: list[fmpq]) -> fmpq_poly:
        """f(α, w₀)."""
        total, jets = fmpq_poly([0]), self.own.space.jets
        if isinstance(jets, PolynomialJets):  # in the coordinates of the curve
            for (power, *key), value in jets.terms:
                for w, e in zip(point, key, strict=True):
                    value *= w**e
                total += value * fmpq_poly([0] * power + [1])
        away = self.factor.sign * fmpq_poly([-self.factor.root, 1])
        return self.factor.base + away * total

    def is_flat_at(self, alpha: fmpq) -> bool:
        """Not asked: v′ is enclosed well enough."""
        return False


def restored(settled: Settled, curve: Curve) -> Curve:
    """A curve of a slab with the values of f."""
    return curve if settled.factor is None else Restored(curve, settled.factor)


def evaluated(polynomial: fmpq_poly, alpha: Range) -> Range:
    """A polynomial over a range of length 1, by Horner's scheme."""
    total = Range.exactly([0.0])
    for k in range(polynomial.degree(), -1, -1):
        total = total * alpha + around([polynomial[k]])
    return total


def _polynomial(f: fmpq_mpoly, box: Range) -> Range:
    """A polynomial over a box (n,), term by term."""
    total = Range.exactly([0.0])
    for exponents, value in f.terms():
        term = around([value])
        for i, e in enumerate(map(int, exponents)):
            for _ in range(e):
                term = term * box[i : i + 1]
        total = total + term
    return total


def _check_rests(network: Network, parameters: Sequence[int]) -> None:
    """That ∂h/∂w_i = 0 for these parameters wherever all of them are 0.

    Raises:
        Refuted: it is not.
    """
    h = network.polynomial
    if h is not None:
        context = h.context()
        own = {1 + i for i in parameters}
        at = [context.constant(0) if i in own else x for i, x in enumerate(context.gens())]
        if all(h.derivative(i).compose(*at, ctx=context).is_zero() for i in own):
            return
    raise Refuted("a unit may come to life where a slab of another objective begins")


def is_turn(left: Settled, right: Settled) -> bool:
    """Whether two slabs meet at α₀, where ℓ* has a kink (``factors``)."""
    a, b = left.factor, right.factor
    return (
        a is not None
        and b is not None
        and (a.root, a.sign, b.sign) == (b.root, -1, 1)
        and left.slab.upper == a.root == right.slab.lower
    )


def check_met(left: Settled, right: Settled, at: fmpq) -> None:
    """That ℓ* is analytic where a slab of s·h meets one of s·h or of f, not at α₀.

    If ℓ* is constant on both, the constants are the same, as ℓ* is continuous. Else there is a
    global minimiser at the point of one curve; an image of it lies in the basin of a curve of s·h,
    where that one's point is the only one, at the same walls. As α ≠ α₀ first-order points of f
    and h are the same, and regular, so both curves are one. If some units K are dead on the curve
    of f, ∂h/∂w_K is to vanish identically where w_K = 0.

    Raises:
        Refuted: this could not be shown.
    """
    a, b = restored(left, left.right), restored(right, right.left)
    if a.is_flat() and b.is_flat():
        return
    divided, plain, own = (
        (right, left.right, right.left) if left.factor is None else (left, right.left, left.right)
    )
    factor = divided.factor
    if factor is None or at == factor.root or (left.factor and right.factor not in (None, factor)):
        raise Refuted(f"two different factors meet at α = {at}")
    fold = plain.stratum.fold
    if own.stratum.fold is not None or plain.is_zero or own.is_everywhere:
        raise Refuted(f"the slabs that meet at α = {at} lie on different strata")
    touched = () if fold is None else fold.touched
    held = {i: side for i, side in plain.stratum.walls.items() if i not in touched}
    held |= plain.space.chart.fixed
    if isinstance(plain.space, ReducedSpace):
        _check_rests(factor.network, parameters_of(plain.space.whole, plain.space.dead))
        held = {int(plain.space.kept[i]): side for i, side in held.items()}
    point, basin = end(plain, at).point, basin_box(divided.owner(own), around([at]))[0, 1:]
    for sources, signs in own.space.chart.images:
        index, minus = list(sources), np.array(signs) < 0
        walls = {i: held[j] ^ int(minus[i]) for i, j in enumerate(index) if j in held}
        moving = [i for i in range(len(index)) if i not in walls]
        image = Range(
            np.where(minus, -point.hi[index], point.lo[index]),
            np.where(minus, -point.lo[index], point.hi[index]),
        )
        inside = np.all((basin.lo <= image.lo)[moving] & (image.hi <= basin.hi)[moving])
        if walls == own.stratum.walls and len(walls) == len(held) and inside:
            return
    raise Refuted(f"the slabs that meet at α = {at} follow different curves")
