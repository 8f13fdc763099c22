"""Where v is constant because every example that a curve depends on is fitted exactly.

On a curve of critical points in the free parameters, without weight decay, penalty or active
boundaries,

    0 = ∂f/∂w = 2c·Σ_t r_t ∂r_t/∂w   (free w),

the sum running over the examples whose residual r_t(α, w) is not a constant along the pattern. If
their gradients are linearly independent at the curve's point for one α, they are so nearby, all
these r_t vanish there, and v is the sum of the squares of the others: constant, as it is analytic.
"""

from __future__ import annotations

import numpy as np

from pieceproof.checking.enclosing.multipliers import combination
from pieceproof.checking.enclosing.polynomials import PolynomialJets, residuals
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.reading import Refuted


def is_fitted(curve: Curve) -> bool:
    """Whether all examples are fitted whose residuals depend on α or w. False says nothing."""
    space, stratum = curve.space, curve.stratum
    network = space.network
    if network.polynomial is not None or network.is_regularised or stratum.groups:
        return False
    if stratum.fold is not None and set(stratum.fold.squared) & set(stratum.walls):
        return False  # on a mirror f is critical in the other coordinates only
    free = np.array([i for i in space.moving if i not in stratum.walls], dtype=np.int64)
    depending = [r for r in residuals(network, stratum.pattern) if r.total_degree() > 0]
    if len(depending) > len(free):
        return False
    try:
        at = curve.centred
        box = Range(
            np.concatenate([at.alpha.lo, at.point.lo])[None],
            np.concatenate([at.alpha.hi, at.point.hi])[None],
        )
        rows = [PolynomialJets(network, r).both(box, 1)[0].gradient[0] for r in depending]
        combination(rows, Range.exactly(np.zeros(1 + network.parameters)), 1 + free)
    except Refuted:
        return False
    return True
