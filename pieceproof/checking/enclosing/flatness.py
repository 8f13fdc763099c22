"""Where v is constant because ∂f/∂α is a combination of the components of ∇f.

On a curve of critical points of a polynomial f(α, x) in its free coordinates x, v′ = ∂f/∂α. If

    m(α, x)·∂f/∂α = Σ_i A_i(α, x)·∂f/∂x_i,   m ≠ 0 at one point of the curve,

then v′ = 0 around that point, and v is constant as it is analytic. Whether there are such m and A_i
of small degree is linear algebra over Q. Two units without bias, relu mixed with a square, are such
a case: with equal patterns f depends on α(w₁ ± w₂) and (1 − α)(w₁² ± w₂²) only. Where w₁ ≠ w₂ both
may be chosen freely; m has the factor w₁ − w₂. Where no example reaches the first unit f depends on
αw₂ and (1 − α)(w₁² ± w₂²), and m has the factor w₁.
"""

from __future__ import annotations

import numpy as np
from flint import fmpq, fmpq_mpoly

from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.identities import factors_of
from pieceproof.checking.enclosing.polynomials import PolynomialJets, cell_polynomial
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.reading import Refuted

DEGREE = 2
"""The degree of A_i in x that is tried."""


def is_constant(curve: Curve) -> bool:
    """Whether v is constant by such a combination. False only says that none was found."""
    space, stratum = curve.space, curve.stratum
    if stratum.groups or space.chart.fixed:
        return False
    own = _own_polynomial(curve)
    network = space.network
    if own is None and (not network.hidden or network.bias or len(network.inputs[0]) != 1):
        return False
    key = (stratum.pattern, tuple(stratum.walls.items()))
    if key not in space.factors:
        f = cell_polynomial(network, stratum.pattern) if own is None else own
        f, free = restricted(f, curve), [1 + i for i in curve.free.tolist()]
        rest = [((f.derivative(i),), DEGREE) for i in free]
        space.factors[key] = factors_of((f.derivative(0),), rest, free)
    if not space.factors[key]:
        return False
    try:
        at = curve.centred
    except Refuted:
        return False
    x = at.point if own is None else at.box[0, 1:]
    box = Range(
        np.concatenate([at.alpha.lo, x.lo])[None], np.concatenate([at.alpha.hi, x.hi])[None]
    )
    return any(_differs_from_zero(m, curve, box) for m in space.factors[key])


def _own_polynomial(curve: Curve) -> fmpq_mpoly | None:
    """f in the curve's own coordinates, if these are not parameters.

    A frame mixes free parameters only, so f itself decides, with its small coefficients.
    """
    jets = curve.space.jets
    if isinstance(jets, PolynomialJets) and not isinstance(curve.stratum.fold, Frame):
        return jets.polynomial
    return None


def _differs_from_zero(m: fmpq_mpoly, curve: Curve, box: Range) -> bool:
    value = PolynomialJets(curve.space.network, m).both(box, 1)[0].value
    return bool(value.lo[0] > 0 or value.hi[0] < 0)


def restricted(f: fmpq_mpoly, curve: Curve) -> fmpq_mpoly:
    """f with the coordinates at active walls put in."""
    context, fold = f.context(), curve.stratum.fold
    values = list(context.gens())
    for i, side in curve.stratum.walls.items():
        mirror = fold is not None and i in fold.squared
        at = fmpq(0) if mirror else curve.space.network.walls[i][side]
        values[1 + i] = context.constant(at)
    return f.compose(*values, ctx=context)
