"""Counting lemmas: components, sign conditions and cells of polynomial families.

All results are integers that are never below the bound of the theorem (irrational
bounds are rounded down only after an upper enclosure: a count is an integer).
"""

from __future__ import annotations

from math import comb

from flint import arb

from bounds.balls import ball, floor_upper
from bounds.errors import BoundsError, count
from bounds.pseudodimension import binomial_sum


def warren(polynomials: int, degree: int, variables: int) -> int:
    """⌊(4eΔs/n)^n⌋ for s ``polynomials`` of degree ≤ Δ in n variables, s ≥ n.

    Bounds the connected components of R^n minus the zero sets, hence also the
    non-empty open sign cells [War68, Thm 2].

    Raises:
        BoundsError: Δ < 1, n < 1 or s < n.
    """
    s, delta, n = _family(polynomials, degree, variables)
    if s < n:
        raise BoundsError(f"polynomials: {s} are fewer than the {n} variables that Warren needs")
    return floor_upper(lambda: (4 * arb(1).exp() * ball(delta) * ball(s) / ball(n)) ** n)


def sign_conditions(polynomials: int, degree: int, variables: int) -> int:
    """⌊(8eΔs/n)^n⌋, s ≥ n: a bound on the sign vectors in {−1, 0, 1}^s that occur.

    Warren's bound for the 2s polynomials h ± ε with ε below all non-zero values of |h|
    at one chosen point per sign vector: different vectors lie in different components.
    For s < n the bound of s = n holds (add constants).
    """
    s, delta, n = _family(polynomials, degree, variables)
    return warren(2 * max(s, n), delta, n)


def milnor_thom(degree: int, variables: int) -> int:
    """Δ(2Δ−1)^{n−1}: a bound on the sum of the Betti numbers of a real algebraic set in R^n.

    The set is defined by any number of polynomials of degree ≤ Δ; in particular it has
    at most so many components [Milnor, Proc. AMS 15, 1964, Thm 2; Thom 1965;
    Oleinik–Petrovsky 1949].
    """
    _, delta, n = _family(0, degree, variables)
    return floor_upper(lambda: ball(delta) * ball(2 * delta - 1) ** (n - 1))


def basu_pollack_roy(polynomials: int, degree: int, variables: int) -> int:
    """Σ_{j ≤ n} C(s, j)·4^j · Δ(2Δ−1)^{n−1}.

    Bounds the components of all realised sign conditions (zeros included) of s
    polynomials of degree ≤ Δ in R^n together [Basu, Pollack, Roy, *Algorithms in Real
    Algebraic Geometry*, bound on the Betti numbers of sign conditions, at b₀ and without
    equations].
    """
    s, delta, n = _family(polynomials, degree, variables)
    total = sum(comb(s, j) << (2 * j) for j in range(min(s, n) + 1))
    return total * milnor_thom(delta, n)


def affine_cells(hyperplanes: int, dimension: int) -> int:
    """Σ_{i ≤ n} C(s, i): most cells that s hyperplanes cut R^n into [Buck, AMM 50, 1943]."""
    return binomial_sum(count("hyperplanes", hyperplanes), count("dimension", dimension))


def central_cells(hyperplanes: int, dimension: int) -> int:
    """2·Σ_{i < n} C(s−1, i): most cells of s hyperplanes through one point [Cover 1965, Thm 1]."""
    s, n = count("hyperplanes", hyperplanes), count("dimension", dimension, 1)
    return 2 * binomial_sum(s - 1, n - 1) if s else 1


def _family(polynomials: int, degree: int, variables: int) -> tuple[int, int, int]:
    return (
        count("polynomials", polynomials),
        count("degree", degree, 1),
        count("variables", variables, 1),
    )
