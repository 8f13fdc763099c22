"""Where v is constant because ∂f/∂α is a combination of the components of ∇f.

On a curve of critical points of a polynomial f(α, x) in its free coordinates x, v′ = ∂f/∂α. If

    m(α)·∂f/∂α = Σ_i A_i(α, x)·∂f/∂x_i,   m ≠ 0,

then m·v′ = 0, and v is constant as it is analytic. Whether there are such m and A_i of small degree
is linear algebra over Q. Two equal units without bias, relu mixed with a square, are such a case:
with one pattern f depends on α(w₁ + w₂) and (1 − α)(w₁² + w₂²) only, and where w₁ ≠ w₂ both may be
chosen freely. There A_i has the denominator w₁ − w₂; in folded coordinates it has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement

from flint import fmpq, fmpq_mat, fmpq_mpoly

from pieceproof.checking.enclosing.folds import Fold
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.polynomials import PolynomialJets, cell_polynomial
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.reading import Refuted

ALPHA_DEGREE, DEGREE = 2, 2
"""Degrees of m and A_i in α, and of A_i in x, that are tried."""
ROWS = 400
"""Rows of a matrix at most."""


def is_constant(curve: Curve) -> bool:
    """Whether v is constant by such a combination. False only says that none was found."""
    space, stratum = curve.space, curve.stratum
    if stratum.groups or space.chart.fixed:
        return False
    key = (stratum.pattern, tuple(stratum.walls.items()))
    # A frame mixes free parameters only, so f itself decides, with its small coefficients.
    if isinstance(space.jets, PolynomialJets) and not isinstance(stratum.fold, Frame):
        if key not in space.constant:
            space.constant[key] = _is_combination(restricted(space.jets.polynomial, curve), curve)
        return space.constant[key]
    if space.network.hidden and not space.network.bias and len(space.network.inputs[0]) == 1:
        if key not in space.constant:
            own = cell_polynomial(space.network, stratum.pattern)
            space.constant[key] = _is_combination(restricted(own, curve), curve)
        return space.constant[key] or any(
            _is_folded_combination(curve, pair) for pair in _pairs(curve)
        )
    return False


def _pairs(curve: Curve) -> list[tuple[int, int]]:
    """Pairs of free parameters of first-layer units that are different on the whole curve."""
    network, box = curve.space.network, curve.point
    own = [network.incoming[unit][0] for unit in range(network.hidden[0])]
    return [
        (i, j)
        for i, j in combinations([i for i in own if i in curve.free], 2)
        if box.hi[i] < box.lo[j] or box.hi[j] < box.lo[i]
    ]


def _is_folded_combination(curve: Curve, pair: tuple[int, int]) -> bool:
    """For F(α, s, T): off the mirror critical points of f are those of F."""
    space, stratum = curve.space, curve.stratum
    key = (stratum.pattern, (*stratum.walls.items(), pair))
    if key not in space.constant:
        try:
            own = cell_polynomial(space.network, stratum.pattern)
            folded = Fold((("swap", pair),)).folded(own, 1 + space.network.parameters)
        except Refuted:
            space.constant[key] = False
        else:
            space.constant[key] = _is_combination(restricted(folded, curve), curve)
    return space.constant[key]


def restricted(f: fmpq_mpoly, curve: Curve) -> fmpq_mpoly:
    """f with the coordinates at active walls put in."""
    context, fold = f.context(), curve.stratum.fold
    values = list(context.gens())
    for i, side in curve.stratum.walls.items():
        mirror = fold is not None and i in fold.squared
        at = fmpq(0) if mirror else curve.space.network.walls[i][side]
        values[1 + i] = context.constant(at)
    return f.compose(*values, ctx=context)


def _is_combination(f: fmpq_mpoly, curve: Curve) -> bool:
    target = f.derivative(0)
    if target.is_zero():
        return True
    free = [1 + i for i in curve.free.tolist()]
    generators = f.context().gens()
    one = f.context().constant(1)
    powers = [generators[0] ** k for k in range(ALPHA_DEGREE + 1)]
    factors = [one]
    for degree in range(1, DEGREE + 1):
        for chosen in combinations_with_replacement(free, degree):
            factor = one
            for i in chosen:
                factor = factor * generators[i]
            factors.append(factor)
    gradients = [f.derivative(i) for i in free]
    rest = [g * factor * power for g in gradients for factor in factors for power in powers]
    wanted = [target * power for power in powers]
    if len(wanted) + len(rest) > ROWS:
        return False
    return rank_of([*wanted, *rest]) < rank_of(rest) + len(wanted)


def rank_of(polynomials: Sequence[fmpq_mpoly]) -> int:
    """The dimension of the space that the polynomials span over Q."""
    rows = [
        {tuple(map(int, monomial)): value for monomial, value in p.terms()} for p in polynomials
    ]
    columns = sorted({monomial for row in rows for monomial in row})
    if not rows or not columns:
        return 0
    zero = fmpq(0)
    entries = [row.get(column, zero) for row in rows for column in columns]
    rank: int = fmpq_mat(len(rows), len(columns), entries).rank()
    return rank
