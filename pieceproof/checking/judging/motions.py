"""How a curve of first-order points moves: w, dw/dα and d²w/dα² in W.

In the coordinates x of the curve F(α, x) = 0 with F = ∂f_c/∂x − Σ λ_j ∂z_j/∂x and z_j = β_j
(``enclosing.tubes``). Twice differentiated, with v = (1, x′) and boundaries of the first layer,
which are affine and free of α:

    J·(x, λ)″ = −( vᵀ ∇²(∂_i f_c) v )_i    in the free coordinates,  0 for the boundaries.

f_c is made as an exact polynomial, so that third derivatives are those of polynomials. Other
coordinates are turned into w by the chain rule: w = R⁻¹x in a frame, q = u/p and w = (q ± p)/2 in
products, t = ±√T in folded ones. Where T may be 0 and is not held there, next to a pitchfork, t has
no derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pieceproof.checking.enclosing.folds import Fold
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.jets import Jets
from pieceproof.checking.enclosing.polynomials import PolynomialJets, cell_polynomial
from pieceproof.checking.enclosing.products import Product
from pieceproof.checking.enclosing.ranges import Array, Range, down, up
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.examples import HeldOut
from pieceproof.checking.reading import Refuted

MAX_TERMS = 4000
"""Terms of f_c at most."""
HALF = Range.exactly(np.array([0.5]))


def direction(curve: Curve) -> Range:
    """(1, dx/dα) in the coordinates of the curve (n,); those that are held have 0.

    Raises:
        Refuted: the derivative is not enclosed.
    """
    return _spread(curve, curve.derivative[: len(curve.free)], 1.0)


def turning(held: HeldOut, curve: Curve) -> Range:
    """(0, d²x/dα²) in the coordinates of the curve.

    Raises:
        Refuted: it could not be enclosed.
    """
    return _spread(curve, _acceleration(held, curve), 0.0)


def _spread(curve: Curve, own: Range, first: float) -> Range:
    low, high = np.zeros((2, 1 + len(curve.space.box.lo)))
    low[0] = high[0] = first
    low[1 + curve.free], high[1 + curve.free] = own.lo, own.hi
    return Range(low, high)


def quadratic_form(hessian: Range, v: Range) -> Range:
    """vᵀ H v, a range of length 1."""
    total = (hessian * (v[:, None] * v[None, :])).sum(0).sum(0)
    return Range(np.atleast_1d(total.lo), np.atleast_1d(total.hi))


def _acceleration(held: HeldOut, curve: Curve) -> Range:
    from pieceproof.checking.enclosing.compiled.curves import rates

    network, m = curve.space.network, len(curve.free)
    if any(unit >= network.hidden[0] for group in curve.stratum.groups for unit, _, _ in group):
        raise Refuted("no second derivative where a boundary of a deeper layer is active")
    if not m:
        return Range.exactly(np.zeros(0))
    v = direction(curve)
    drift = np.zeros((2, curve.count))
    for row, jets in enumerate(_gradient(held, curve)):
        second = quadratic_form(jets.both(curve.box, 2)[0].hessian[0], v)
        drift[:, row] = second.lo[0], second.hi[0]
    found: Array = np.zeros((2, curve.count))
    jacobian = np.stack([curve.jacobian.lo, curve.jacobian.hi])
    if not rates(curve.inverse, jacobian, drift, found):
        raise Refuted("a curve has no enclosed second derivative")
    return Range(found[0, :m], found[1, :m])


def _gradient(held: HeldOut, curve: Curve) -> Sequence[Jets]:
    """The components of ∇f_c in the free coordinates."""
    jets, stratum = curve.space.jets, curve.stratum
    key = (stratum.place, stratum.fold, stratum.pattern, tuple(curve.free.tolist()))
    known = held.thirds.get(key)
    if known is None:
        own = (
            jets.polynomial
            if isinstance(jets, PolynomialJets)
            else cell_polynomial(curve.space.network, stratum.pattern)
        )
        if len(own) > MAX_TERMS:
            raise Refuted("no second derivative of a polynomial with so many terms")
        known = [
            PolynomialJets(curve.space.network, own.derivative(1 + i)) for i in curve.free.tolist()
        ]
        held.thirds[key] = known
    return known


# -- in W ------------------------------------------------------------------------------


class Moving(NamedTuple):
    """A coordinate, or several, with rate and bend."""

    at: Range
    rate: Range
    bend: Range


def is_splitting(curve: Curve) -> bool:
    """Whether the curve may leave a mirror, so that w has no derivative there."""
    fold, walls = curve.stratum.fold, curve.stratum.walls
    return isinstance(fold, Fold) and any(
        slot not in walls and not curve.box.lo[0, 1 + slot] > 0 for slot in fold.squared
    )


def velocity(curve: Curve) -> Range:
    """(1, dw/dα) in W (n,).

    Raises:
        Refuted: there is no derivative, or it could not be enclosed.
    """
    x = direction(curve)
    if curve.stratum.fold is None:
        return x
    return _joined(1.0, _in_parameters(curve, x, _spread(curve, _none(curve), 0.0)).rate)


def bending(held: HeldOut, curve: Curve) -> Range:
    """(0, d²w/dα²) in W (n,).

    Raises:
        Refuted: there is no derivative, or it could not be enclosed.
    """
    x = turning(held, curve)
    if curve.stratum.fold is None:
        return x
    return _joined(0.0, _in_parameters(curve, direction(curve), x).bend)


def _none(curve: Curve) -> Range:
    return Range.exactly(np.zeros(len(curve.free)))


def _joined(first: float, own: Range) -> Range:
    return Range(np.concatenate([[first], own.lo]), np.concatenate([[first], own.hi]))


def _in_parameters(curve: Curve, rate: Range, bend: Range) -> Moving:
    """w from the coordinates x of the curve, its rate and its bend, both with α in front."""
    fold, x = curve.stratum.fold, Moving(curve.box[0, 1:], rate[1:], bend[1:])
    if isinstance(fold, Frame):
        return Moving(*(fold.preimage(part) for part in x))
    if isinstance(fold, Product):
        return _of_product(fold, x)
    if isinstance(fold, Fold):
        return _of_fold(curve, fold, x)
    return x


def _of_product(fold: Product, x: Moving) -> Moving:
    i, j = fold.pair
    p, u = (Moving(*(part[k : k + 1] for part in x)) for k in (i, j))
    over = _reciprocal(p.at)
    q = u.at * over
    dq = (u.rate - q * p.rate) * over
    two = Range.exactly(np.array([2.0]))
    ddq = (u.bend - two * dq * p.rate - q * p.bend) * over
    pairs = ((q, p.at), (dq, p.rate), (ddq, p.bend))
    return Moving(
        *(
            _put(_put(part, i, HALF * (a + b)), j, HALF * (a - b))
            for part, (a, b) in zip(x, pairs, strict=True)
        )
    )


def _of_fold(curve: Curve, fold: Fold, x: Moving) -> Moving:
    """Of mirror images the first in order, as ``Fold.point`` chooses it."""
    for slot in fold.squared:
        own = Moving(*(part[slot : slot + 1] for part in x))
        zero = Range.exactly(np.zeros(1))
        t = Moving(zero, zero, zero)
        if slot not in curve.stratum.walls:
            if not own.at.lo[0] > 0:
                raise Refuted("a curve next to a pitchfork has no derivative in W")
            root = Range(down(np.sqrt(own.at.lo)), up(np.sqrt(own.at.hi)))
            if any(slot == j for _, j in fold.pairs):
                root = -root
            over = _reciprocal(root)
            rate = HALF * own.rate * over
            t = Moving(root, rate, (HALF * own.bend - rate.square()) * over)
        x = Moving(*(_put(part, slot, new) for part, new in zip(x, t, strict=True)))
    for i, j in fold.pairs:
        parts = []
        for part in x:
            a, b = part[i : i + 1], part[j : j + 1]
            parts.append(_put(_put(part, i, a + b), j, a - b))
        x = Moving(*parts)
    return x


def _reciprocal(own: Range) -> Range:
    if own.lo[0] <= 0 <= own.hi[0]:
        raise Refuted("coordinates that are not regular")
    return Range(down(1 / own.hi), up(1 / own.lo))


def _put(own: Range, slot: int, value: Range) -> Range:
    low, high = own.lo.copy(), own.hi.copy()
    low[slot], high[slot] = value.lo[0], value.hi[0]
    return Range(low, high)
