"""Where g is constant along a curve because one vector field leaves f and g as they are.

Let f and g be the polynomials of the patterns, in the free coordinates x, and

    m(α)·∂f/∂α = Σ_i A_i·∂f/∂x_i,    m(α)·∂g/∂α = Σ_i A_i·∂g/∂x_i + Σ_i B_i·∂f/∂x_i,    m ≠ 0.

Differentiated on a curve of critical points of f the first gives m·∂_α∇f = H·A, so x′ = −A/m
where H is regular, and then m·g′ = m·∂g/∂α − Σ A_i·∂g/∂x_i = Σ B_i·∂f/∂x_i = 0. Whether there are
such m, A_i and B_i of small degree is linear algebra over Q. So it is where all examples are on the
piece (1 − α)z², and the weights undo what α does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

from flint import fmpq, fmpq_mat, fmpq_mpoly

from pieceproof.checking.enclosing.flatness import restricted
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.polynomials import cell_polynomial
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.examples import HeldOut

ALPHA_DEGREE, DEGREE = 2, 1
"""Degrees of m, A_i and B_i in α, and of A_i and B_i in x, that are tried."""
MAX_FREE, ROWS = 4, 400
"""Free parameters, and rows of a matrix, at most."""


def is_constant(held: HeldOut, curve: Curve, pattern: Pattern) -> bool:
    """Whether g is constant so, along a curve in coordinates of W. False says nothing."""
    stratum = curve.stratum
    if stratum.groups or stratum.fold is not None or len(curve.free) > MAX_FREE:
        return False
    if len(curve.space.network.hidden) > 1:
        return False
    key = (stratum.chart, stratum.pattern, tuple(stratum.walls.items()), pattern)
    if key not in held.flat:
        f = cell_polynomial(curve.space.network, stratum.pattern)
        g = cell_polynomial(held.space(stratum.chart).network, pattern)
        held.flat[key] = _leaves_both(_held(f, curve), _held(g, curve), curve)
    return held.flat[key]


def _held(polynomial: fmpq_mpoly, curve: Curve) -> fmpq_mpoly:
    """With all coordinates put in that are held, at walls or by the chart."""
    own, context = restricted(polynomial, curve), polynomial.context()
    values = list(context.gens())
    for i, side in curve.space.chart.fixed.items():
        values[1 + i] = context.constant(curve.space.network.walls[i][side])
    return own.compose(*values, ctx=context)


def _leaves_both(f: fmpq_mpoly, g: fmpq_mpoly, curve: Curve) -> bool:
    free = [1 + i for i in curve.free.tolist()]
    context = f.context()
    generators, one, zero = context.gens(), context.constant(1), context.constant(0)
    powers = [generators[0] ** k for k in range(ALPHA_DEGREE + 1)]
    factors = [one]
    for degree in range(1, DEGREE + 1):
        for chosen in combinations_with_replacement(free, degree):
            factor = one
            for i in chosen:
                factor = factor * generators[i]
            factors.append(factor)
    scales = [factor * power for factor in factors for power in powers]
    wanted = [(f.derivative(0) * power, g.derivative(0) * power) for power in powers]
    rest = [(f.derivative(i) * s, g.derivative(i) * s) for i in free for s in scales]
    rest += [(zero, f.derivative(i) * s) for i in free for s in scales]
    if len(wanted) + len(rest) > ROWS:
        return False
    known = _rank(rest)
    # One combination with m ≠ 0 is enough: some of the wanted rows depend on the rest.
    return _rank([*wanted, *rest]) < known + len(wanted)


def _rank(pairs: Sequence[tuple[fmpq_mpoly, fmpq_mpoly]]) -> int:
    """The dimension of the space of pairs of polynomials."""
    rows = [
        {(k, *map(int, monomial)): value for k in (0, 1) for monomial, value in pair[k].terms()}
        for pair in pairs
    ]
    columns = sorted({monomial for row in rows for monomial in row})
    if not rows or not columns:
        return 0
    entries = [row.get(column, fmpq(0)) for row in rows for column in columns]
    rank: int = fmpq_mat(len(rows), len(columns), entries).rank()
    return rank
