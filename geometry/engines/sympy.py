"""SymPy: Gröbner bases over Q, Q(α) and F_p; slow, everywhere installable, for cross-checks."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpz_mpoly

from geometry.engines.exact_child import Question, ask
from geometry.engines.protocol import (
    Elimination,
    Failure,
    GroebnerBasis,
    Limits,
    Reason,
    Solutions,
)
from geometry.engines.system import Monomial, PolynomialSystem, Terms, primitive, ring

INSTALL = "install it with `pip install sympy`"


@dataclass(frozen=True)
class Sympy:
    """SymPy in a child process."""

    name: str = "sympy"

    def is_available(self) -> bool:
        return importlib.util.find_spec("sympy") is not None

    def groebner(
        self, system: PolynomialSystem, limits: Limits, prime: int = 0, alpha: int = 0
    ) -> GroebnerBasis | Failure:
        question = self._ask(system, limits)
        return question if isinstance(question, Failure) else question.groebner(prime, alpha)

    def solve(
        self, system: PolynomialSystem, limits: Limits, precision: int = 64
    ) -> Solutions | Failure:
        question = self._ask(system, limits)
        return question if isinstance(question, Failure) else question.solve(precision)

    def eliminate(
        self, system: PolynomialSystem, keep: Sequence[str], limits: Limits
    ) -> Elimination | Failure:
        question = self._ask(system, limits)
        return question if isinstance(question, Failure) else question.eliminate(keep)

    def _ask(self, system: PolynomialSystem, limits: Limits) -> Question | Failure:
        if not self.is_available():
            return Failure(self.name, Reason.MISSING, f"the package is not found; {INSTALL}")
        return ask(self.name, system, limits)


class Library:
    """What the child process calls; SymPy is imported here and nowhere else."""

    def basis(self, system: PolynomialSystem) -> list[Terms]:
        return [_terms(element) for element in _groebner(system)]

    def leading(self, system: PolynomialSystem) -> list[Monomial]:
        sympy = _sympy()
        field = sympy.QQ.frac_field(_symbol(system.parameter))
        basis = _groebner(system, domain=field)
        return [tuple(element.monoms(order=sympy.polys.orderings.grevlex)[0]) for element in basis]

    def modular(self, system: PolynomialSystem, prime: int, alpha: int) -> list[Terms]:
        equations = [
            ring(system.variables).from_dict(terms) for terms in system.modulo(prime, alpha)
        ]
        reduced = PolynomialSystem.of(system.variables, equations)
        return [
            {monomial: int(c) % prime for monomial, c in _terms(element).items()}
            for element in _groebner(reduced, modulus=prime)
        ]

    def elimination(self, system: PolynomialSystem, keep: Sequence[str]) -> list[fmpz_mpoly]:
        sympy = _sympy()
        ordered = [*(name for name in system.names if name not in keep), *keep]
        skip, context = len(ordered) - len(keep), ring(keep)
        basis = _groebner(system, names=ordered, order=sympy.polys.orderings.lex)
        return [
            primitive({m[skip:]: c for m, c in terms.items()}, context)
            for terms in map(_terms, basis)
            if not any(any(m[:skip]) for m in terms)
        ]


def _sympy() -> Any:
    return importlib.import_module("sympy")


def _symbol(name: str | None) -> Any:
    return _sympy().Symbol(name)


def _groebner(
    system: PolynomialSystem, names: Sequence[str] | None = None, **options: Any
) -> list[Any]:
    """SymPy's reduced basis in ``names`` (the variables unless given); [] for no equations."""
    sympy = _sympy()
    symbols = [_symbol(name) for name in system.names]
    polynomials = [
        sympy.Poly.from_dict(
            {tuple(int(e) for e in m): sympy.Integer(int(c)) for m, c in equation.terms()},
            *symbols,
        ).as_expr()
        for equation in system.equations
    ]
    if not polynomials:
        return []
    options.setdefault("order", sympy.polys.orderings.grevlex)
    if "modulus" not in options:
        options.setdefault("domain", sympy.QQ)
    generators = [_symbol(name) for name in names or system.variables]
    return list(sympy.groebner(polynomials, *generators, **options).polys)


def _terms(element: Any) -> dict[Monomial, int | Fraction]:
    """Coefficients by monomial, grevlex-leading term first."""
    order = _sympy().polys.orderings.grevlex  # by name it fails for one variable
    return {tuple(m): Fraction(int(c.p), int(c.q)) for m, c in element.terms(order=order)}
