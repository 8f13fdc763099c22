"""The sign of an integer polynomial on an interval with rational ends.

Descartes' rule after x = (u + l·s)/(1 + s), which maps s ∈ (0, ∞) to (l, u): the number
of roots of F in (l, u), with multiplicity, is at most the number V of sign variations
of the transformed coefficients and has the same parity; V = 0 proves that there is none and V = 1
that there is exactly one. Bisection of a squarefree F reaches V <= 1 everywhere
(Vincent; Collins and Akritas 1976; the one- and two-circle theorems).
"""

from __future__ import annotations

from collections.abc import Iterable

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

_SHIFT = fmpz_poly([1, 1])


def sign(value: fmpq | fmpz | int) -> int:
    """−1, 0 or 1."""
    return (value > 0) - (value < 0)


def onto_ray(f: fmpz_poly, lower: fmpq, upper: fmpq) -> list[fmpz]:
    """Coefficients of a positive multiple of (1+s)^n·F((u + l·s)/(1 + s)), n = deg F.

    With t = 1/(1+s) this is t^{−n}·G(t) for G(t) = F(l + (u − l)t): reverse and shift.
    """
    unit = f(fmpq_poly([lower, upper - lower])).numer().coeffs()
    unit.reverse()
    return fmpz_poly(unit)(_SHIFT).coeffs()


def variations(coefficients: Iterable[fmpz]) -> int:
    """Number of sign changes in the sequence, zeros left out."""
    changes = previous = 0
    for coefficient in coefficients:
        if coefficient:
            current = 1 if coefficient > 0 else -1
            changes += current == -previous
            previous = current
    return changes


def isolate(f: fmpz_poly, lower: fmpq, upper: fmpq) -> list[tuple[fmpq, fmpq]]:
    """Disjoint intervals, increasing, one for each root of the squarefree F in the open (l, u).

    An entry is (r, r) for a rational root met on the way, else an open interval that
    holds exactly one root, simple, and has no root of F at its ends inside (l, u).
    """
    changes = variations(onto_ray(f, lower, upper)) if f.degree() > 0 else 0
    if changes == 0:
        return []
    if changes == 1 and f(lower) != 0 and f(upper) != 0:
        return [(lower, upper)]
    middle = (lower + upper) / 2
    exact = [(middle, middle)] if f(middle) == 0 else []
    return [*isolate(f, lower, middle), *exact, *isolate(f, middle, upper)]


def odd_part(f: fmpz_poly) -> fmpz_poly:
    """Product of the squarefree factors of odd multiplicity: the roots where F changes sign."""
    product = fmpz_poly([1])
    for factor, multiplicity in f.factor_squarefree()[1]:
        if multiplicity % 2:
            product *= factor
    return product


def squarefree_part(f: fmpz_poly) -> fmpz_poly:
    """Product of the distinct squarefree factors: the same roots, each simple."""
    product = fmpz_poly([1])
    for factor, _ in f.factor_squarefree()[1]:
        product *= factor
    return product
