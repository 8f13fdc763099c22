"""The second derivative of a curve of first-order points.

On the curve F(α, x) = 0 with F = ∂f_c/∂x − Σ λ_j ∂z_j/∂x and z_j = β_j (``enclosing.tubes``). Twice
differentiated, with v = (1, x′) and boundaries of the first layer, which are affine and free of α:

    J·(x, λ)″ = −( vᵀ ∇²(∂_i f_c) v )_i    in the free coordinates,  0 for the boundaries.

f_c is made as an exact polynomial, so that third derivatives are those of polynomials.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pieceproof.checking.enclosing.jets import Jets
from pieceproof.checking.enclosing.polynomials import PolynomialJets, cell_polynomial
from pieceproof.checking.enclosing.ranges import Array, Range
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.examples import HeldOut
from pieceproof.checking.reading import Refuted

MAX_TERMS = 4000
"""Terms of f_c at most."""


def direction(curve: Curve) -> Range:
    """(1, dx/dα) in all coordinates (n,); those that are held have 0.

    Raises:
        Refuted: the derivative is not enclosed.
    """
    m = len(curve.free)
    low, high = np.zeros(1 + len(curve.space.box.lo)), np.zeros(1 + len(curve.space.box.lo))
    low[0] = high[0] = 1.0
    rates = curve.derivative[:m]
    low[1 + curve.free], high[1 + curve.free] = rates.lo, rates.hi
    return Range(low, high)


def quadratic_form(hessian: Range, v: Range) -> Range:
    """vᵀ H v, a range of length 1."""
    total = (hessian * (v[:, None] * v[None, :])).sum(0).sum(0)
    return Range(np.atleast_1d(total.lo), np.atleast_1d(total.hi))


def acceleration(held: HeldOut, curve: Curve) -> Range:
    """d²x/dα² in the free coordinates.

    Raises:
        Refuted: it could not be enclosed.
    """
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
