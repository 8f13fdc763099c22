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

from collections.abc import Sequence
from itertools import combinations_with_replacement

from flint import fmpq, fmpq_mat, fmpq_mpoly

from pieceproof.checking.enclosing.flatness import restricted
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.polynomials import PolynomialJets, cell_polynomial
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.examples import HeldOut, box_of
from pieceproof.checking.reading import Refuted

ALPHA_DEGREE, FACTOR_DEGREE, DEGREE, REST_DEGREE = 2, 1, 2, 1
"""Degrees of all in α, and of m, A_i and B_i in x, that are tried."""
MAX_FREE, ROWS = 4, 400
"""Free parameters, and rows of a matrix, at most."""


def is_constant(held: HeldOut, curve: Curve, pattern: Pattern) -> bool:
    """Whether g is constant so. False says nothing."""
    stratum, network = curve.stratum, curve.space.network
    if stratum.groups or len(curve.free) > MAX_FREE or len(network.hidden) > 1:
        return False
    fold = None if isinstance(stratum.fold, Frame) else stratum.fold
    key = (stratum.chart, stratum.pattern, tuple(stratum.walls.items()), fold, pattern)
    if key not in held.factors:
        f = cell_polynomial(network, stratum.pattern)
        g = cell_polynomial(held.space(stratum.chart).network, pattern)
        try:
            if fold is not None:
                f, g = (fold.folded(each, 1 + network.parameters) for each in (f, g))
        except Refuted:
            held.factors[key] = ()
        else:
            own, other = _held(f, curve), _held(g, curve)
            held.factors[key] = _factors(own, other, [1 + i for i in curve.free.tolist()])
    if not held.factors[key]:
        return False
    try:
        at = curve.at(curve.middle)
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


def _factors(f: fmpq_mpoly, g: fmpq_mpoly, free: Sequence[int]) -> tuple[fmpq_mpoly, ...]:
    """A basis of all m of such combinations, within the degrees that are tried."""
    context = f.context()
    generators, one, zero = context.gens(), context.constant(1), context.constant(0)
    powers = [generators[0] ** k for k in range(ALPHA_DEGREE + 1)]

    def monomials(degree: int) -> list[fmpq_mpoly]:
        found = []
        for size in range(degree + 1):
            for chosen in combinations_with_replacement(free, size):
                factor = one
                for i in chosen:
                    factor = factor * generators[i]
                found += [factor * power for power in powers]
        return found

    multiples = monomials(FACTOR_DEGREE)
    pairs = [(f.derivative(0) * m, g.derivative(0) * m) for m in multiples]
    pairs += [(f.derivative(i) * a, g.derivative(i) * a) for i in free for a in monomials(DEGREE)]
    pairs += [(zero, f.derivative(i) * b) for i in free for b in monomials(REST_DEGREE)]
    if len(pairs) > ROWS:
        return ()
    # Rows that elimination makes 0 are combinations; the columns behind say of how much of each m.
    values = _coefficients(pairs)
    width, count = len(values[0]), len(multiples)
    marked = [[*row, *(fmpq(int(i == j)) for j in range(count))] for i, row in enumerate(values)]
    reduced, rank = fmpq_mat(marked).rref()
    return tuple(
        sum((reduced[i, width + j] * m for j, m in enumerate(multiples)), zero)
        for i in range(rank)
        if all(reduced[i, j] == 0 for j in range(width))
    )


def _coefficients(pairs: Sequence[tuple[fmpq_mpoly, fmpq_mpoly]]) -> list[list[fmpq]]:
    """Rows of coefficients of both polynomials, one column for each monomial that occurs."""
    rows = [
        {(k, *map(int, monomial)): value for k in (0, 1) for monomial, value in pair[k].terms()}
        for pair in pairs
    ]
    columns, zero = sorted({monomial for row in rows for monomial in row}), fmpq(0)
    return [[row.get(column, zero) for column in columns] for row in rows]
