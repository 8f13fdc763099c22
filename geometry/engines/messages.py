"""Systems and polynomials as JSON, for the child processes of the exact engines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_poly, fmpz, fmpz_mpoly, fmpz_poly

from geometry.algebraic import read_fmpq
from geometry.engines.parametrisation import Parametrisation
from geometry.engines.system import PolynomialSystem, Terms, ring
from piecewise.exact import to_fmpq, to_fraction


def number(value: Fraction | int | fmpq | fmpz) -> str:
    """ "p/q" or "p", of any length; ``read_fmpq`` is the inverse."""
    return str(to_fmpq(value))


def terms(polynomial: Terms | fmpz_mpoly) -> list[list[Any]]:
    """[[exponents, coefficient], …] in the order of the polynomial's terms."""
    items = polynomial.terms() if isinstance(polynomial, fmpz_mpoly) else polynomial.items()
    return [[[int(e) for e in monomial], number(c)] for monomial, c in items]


def read_terms(data: Iterable[Sequence[Any]]) -> dict[tuple[int, ...], Fraction]:
    """The inverse of ``terms``."""
    return {tuple(monomial): to_fraction(read_fmpq(c)) for monomial, c in data}


def read_polynomial(data: Iterable[Sequence[Any]], names: Sequence[str]) -> fmpz_mpoly:
    """The integer polynomial in ``ring(names)`` that ``terms`` wrote."""
    return ring(names).from_dict({tuple(monomial): fmpz(c) for monomial, c in data})


def system(value: PolynomialSystem) -> dict[str, Any]:
    """The whole system."""
    return {
        "variables": list(value.variables),
        "parameter": value.parameter,
        "equations": [terms(equation) for equation in value.equations],
    }


def read_system(data: dict[str, Any]) -> PolynomialSystem:
    """The inverse of ``system``."""
    names = [*data["variables"], *([data["parameter"]] if data["parameter"] is not None else [])]
    return PolynomialSystem(
        tuple(data["variables"]),
        tuple(read_polynomial(equation, names) for equation in data["equations"]),
        data["parameter"],
    )


def parametrisation(value: Parametrisation) -> dict[str, Any]:
    """Coefficient lists, constant first."""
    return {
        "eliminant": [number(c) for c in value.eliminant.coeffs()],
        "numerators": [[number(c) for c in n.coeffs()] for n in value.numerators],
        "denominator": [number(c) for c in value.denominator.coeffs()],
        "form": [number(c) for c in value.linear_form],
    }


def read_parametrisation(data: dict[str, Any]) -> Parametrisation:
    """The inverse of ``parametrisation``."""
    return Parametrisation(
        fmpz_poly([fmpz(c) for c in data["eliminant"]]),
        tuple(fmpq_poly([read_fmpq(c) for c in n]) for n in data["numerators"]),
        fmpz_poly([fmpz(c) for c in data["denominator"]]),
        tuple(to_fraction(read_fmpq(c)) for c in data["form"]),
    )
