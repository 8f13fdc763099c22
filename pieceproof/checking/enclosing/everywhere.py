"""Convex quadratics: a first-order point is a minimiser everywhere, also where it is not alone.

Let F(α, x) be a polynomial objective, folded or not, of degree at most 2 in x with a Hessian
that is affine in α and positive semidefinite at both ends of a slab: F(α, ·) is convex for every
α of the slab. A first-order point whose multipliers are not negative is then a global minimiser,
and W need not be covered. A multiplier may vanish at one end of the slab: exactly there, as a
combination
of the other first-order conditions, and it grows from there. At that end minimisers need not be
isolated.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

from flint import fmpq, fmpq_mpoly

from pieceproof.checking.enclosing.basins import check_inside
from pieceproof.checking.enclosing.flatness import restricted
from pieceproof.checking.enclosing.identities import rank_of
from pieceproof.checking.enclosing.multipliers import multipliers_of
from pieceproof.checking.enclosing.polynomials import PolynomialJets
from pieceproof.checking.enclosing.tubes import Curve, wall_speed
from pieceproof.checking.reading import Refuted


def check_everywhere(curve: Curve, lower: fmpq, upper: fmpq) -> None:
    """That ``curve`` is a global minimiser for every α of [lower, upper].

    Raises:
        Refuted: that could not be shown.
    """
    space = curve.space
    if space.network.polynomial is None or not isinstance(space.jets, PolynomialJets):
        raise Refuted("only a polynomial objective can be convex everywhere")
    moving = [1 + i for i in space.chart.moving]
    if not is_convex(space.jets.polynomial, moving, (lower, upper)):
        raise Refuted("f is not a convex quadratic")
    check_inside(curve)
    _, walls = multipliers_of(curve, curve.stratum.pattern, ())
    for parameter, value in walls.items():
        if not value.lo[0] > 0 and not _leaves(curve, parameter, (lower, upper)):
            raise Refuted("a multiplier may be negative")


def is_convex(f: fmpq_mpoly, moving: Sequence[int], ends: tuple[fmpq, fmpq]) -> bool:
    """Whether ∇²f in ``moving`` is free of x, affine in α, and semidefinite at both ends."""
    context = f.context()
    n = context.nvars()
    rows = [[f.derivative(i).derivative(j) for j in moving] for i in moving]
    for row in rows:
        for entry in row:
            for monomial, _ in entry.terms():
                degrees = list(map(int, monomial))
                if degrees[0] > 1 or any(degrees[1:]):
                    return False
    for end in ends:
        at = [end, *([fmpq(0)] * (n - 1))]
        if not _is_semidefinite([[fmpq(0) + entry(*at) for entry in row] for row in rows]):
            return False
    return True


def _is_semidefinite(rows: list[list[fmpq]]) -> bool:
    """By elimination: pivots are not negative, and a row with pivot 0 is 0."""
    size = len(rows)
    for k in range(size):
        pivot = rows[k][k]
        if pivot < 0 or (pivot == 0 and any(rows[k][j] != 0 for j in range(k, size))):
            return False
        if pivot == 0:
            continue
        for i in range(k + 1, size):
            factor = rows[i][k] / pivot
            for j in range(k, size):
                rows[i][j] -= factor * rows[k][j]
    return True


def _leaves(curve: Curve, parameter: int, ends: tuple[fmpq, fmpq]) -> bool:
    """Whether the multiplier of a wall is 0 at one end of the slab and positive elsewhere."""
    speed = wall_speed(curve, parameter)
    if curve.stratum.walls[parameter] == 1:
        speed = -speed
    for end, away in ((ends[0], speed.lo[0] > 0), (ends[1], speed.hi[0] < 0)):
        if away and _vanishes(curve, parameter, end):
            return True
    return False


def _vanishes(curve: Curve, parameter: int, alpha: fmpq) -> bool:
    """Whether ∂f/∂x_i at a wall is a combination of the free first-order conditions at one α."""
    jets = curve.space.jets
    if not isinstance(jets, PolynomialJets):
        return False
    f, context = jets.polynomial, jets.polynomial.context()
    generators = context.gens()
    at = [context.constant(alpha), *generators[1:]]
    free = [1 + i for i in curve.free.tolist()]

    def here(g: fmpq_mpoly) -> fmpq_mpoly:
        return restricted(g, curve).compose(*at, ctx=context)

    factors = [context.constant(1), *(generators[i] for i in free)]
    factors += [generators[i] * generators[j] for i, j in combinations_with_replacement(free, 2)]
    rows = [here(f.derivative(i)) * factor for i in free for factor in factors]
    target = here(f.derivative(1 + parameter))
    return rank_of([target, *rows]) == rank_of(rows)
