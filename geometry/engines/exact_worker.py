"""The child process of the exact engines: one JSON question in, one JSON answer out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from flint import fmpz_mpoly

from geometry.engines import flint, messages, sympy
from geometry.engines.protocol import GroebnerBasis
from geometry.engines.quotient import QuotientAlgebra, as_terms, krull_dimension
from geometry.engines.system import Monomial, PolynomialSystem, Terms


class Library(Protocol):
    """What a library computes; every result is exact."""

    def basis(self, system: PolynomialSystem) -> list[Terms]:
        """Graded reverse lexicographic basis over Q, leading term first."""
        ...

    def leading(self, system: PolynomialSystem) -> list[Monomial]:
        """Leading monomials over Q(parameter)."""
        ...

    def modular(self, system: PolynomialSystem, prime: int, alpha: int) -> list[Terms]:
        """Basis over F_prime at ``alpha``."""
        ...

    def elimination(self, system: PolynomialSystem, keep: Sequence[str]) -> list[fmpz_mpoly]:
        """Generators in ring(keep)."""
        ...


class FlintLibrary:
    """python-flint."""

    def basis(self, system: PolynomialSystem) -> list[Terms]:
        return [as_terms(element) for element in flint.basis_over_q(system)]

    def leading(self, system: PolynomialSystem) -> list[Monomial]:
        return flint.leading_over_parameter(system)

    def modular(self, system: PolynomialSystem, prime: int, alpha: int) -> list[Terms]:
        raise NotImplementedError("flint has no bases over finite fields")

    def elimination(self, system: PolynomialSystem, keep: Sequence[str]) -> list[fmpz_mpoly]:
        return flint.elimination_ideal(system, keep)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question, or {"unsupported": reason}."""
    library: Library = sympy.Library() if question["engine"] == "sympy" else FlintLibrary()
    system = messages.read_system(question["system"])
    try:
        if question["task"] == "groebner":
            return _groebner(library, system, question["prime"], question["alpha"])
        if question["task"] == "solve":
            return _solve(library, system)
        generators = library.elimination(system, question["keep"])
        return {"generators": [messages.terms(generator) for generator in generators]}
    except (flint.OrderLost, NotImplementedError) as reason:
        return {"unsupported": str(reason)}


def _groebner(library: Library, system: PolynomialSystem, prime: int, alpha: int) -> dict[str, Any]:
    if not prime and system.parameter is not None:
        return {"leading": library.leading(system), "polynomials": []}
    basis = library.modular(system, prime, alpha) if prime else library.basis(system)
    return {
        "leading": [next(iter(terms)) for terms in basis],
        "polynomials": [messages.terms(terms) for terms in basis],
    }


def _solve(library: Library, system: PolynomialSystem) -> dict[str, Any]:
    basis = library.basis(system)
    leading = tuple(next(iter(terms)) for terms in basis)
    dimension = krull_dimension(leading, len(system.variables))
    if dimension != 0:
        return {"dimension": dimension}
    algebra = QuotientAlgebra.of(GroebnerBasis(system.variables, leading, tuple(basis)))
    return {
        "dimension": 0,
        "parametrisation": messages.parametrisation(algebra.parametrise()),
    }


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
