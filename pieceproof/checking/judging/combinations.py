"""Where g is constant along a curve because one vector field leaves f and g as they are.

Let f and g be the polynomials of the patterns, in the free coordinates x, and

    m·∂f/∂α = Σ_i A_i·∂f/∂x_i,    m·∂g/∂α = Σ_i A_i·∂g/∂x_i + Σ_i B_i·∂f/∂x_i,

m ≠ 0 at one point of a curve of critical points of f. By the first identity ∂f/∂α = 0 on the
curve around that point; differentiated there it gives m·∂_α∇f = H·A, so x′ = −A/m where H is
regular. Then m·g′ = m·∂g/∂α − Σ A_i·∂g/∂x_i = Σ B_i·∂f/∂x_i = 0, and g is constant as it is
analytic. Whether there are such m, A_i and B_i of small degree is linear algebra over Q. So it is
where all examples are on the piece (1 − α)z², and the weights undo what α does.
"""

from __future__ import annotations

from flint import fmpq_mpoly

from pieceproof.checking.enclosing.flatness import restricted
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.identities import factors_of
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.polynomials import PolynomialJets, cell_polynomial
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.examples import HeldOut, box_of
from pieceproof.checking.reading import Refuted

DEGREE, REST_DEGREE = 2, 1
"""Degrees of A_i and B_i in x that are tried."""
MAX_FREE = 4
"""Free parameters at most."""


def is_constant(held: HeldOut, curve: Curve, pattern: Pattern) -> bool:
    """Whether g is constant so. False says nothing."""
    stratum, network = curve.stratum, curve.space.network
    if stratum.groups or len(curve.free) > MAX_FREE or len(network.hidden) > 1:
        return False
    fold = None if isinstance(stratum.fold, Frame) else stratum.fold
    key = (stratum.place, stratum.pattern, tuple(stratum.walls.items()), fold, pattern)
    if key not in held.factors:
        f = cell_polynomial(network, stratum.pattern)
        g = cell_polynomial(held.space(stratum.place).network, pattern)
        try:
            if fold is not None:
                f, g = (fold.folded(each, 1 + network.parameters) for each in (f, g))
        except Refuted:
            held.factors[key] = ()
        else:
            f, g, free = _held(f, curve), _held(g, curve), [1 + i for i in curve.free.tolist()]
            zero = f.context().constant(0)
            rest = [((f.derivative(i), g.derivative(i)), DEGREE) for i in free]
            rest += [((zero, f.derivative(i)), REST_DEGREE) for i in free]
            held.factors[key] = factors_of((f.derivative(0), g.derivative(0)), rest, free)
    if not held.factors[key]:
        return False
    try:
        at = curve.centred
    except Refuted:
        return False
    # A frame mixes free parameters only, so f in W decides, with its small coefficients.
    box = box_of(at) if fold is None else at.box
    values = (PolynomialJets(network, m).both(box, 1)[0].value for m in held.factors[key])
    return any(value.lo[0] > 0 or value.hi[0] < 0 for value in values)


def _held(polynomial: fmpq_mpoly, curve: Curve) -> fmpq_mpoly:
    """With all coordinates put in that are held, at walls or by the chart."""
    own, context = restricted(polynomial, curve), polynomial.context()
    values = list(context.gens())
    for i, side in curve.space.chart.fixed.items():
        values[1 + i] = context.constant(curve.space.network.walls[i][side])
    return own.compose(*values, ctx=context)
