"""A system of polynomial equations with rational coefficients, and its conversions.

All equations live in one flint ring Z[variables, parameter] (graded reverse
lexicographic), primitive. The parameter α, if there is one, is a coefficient: solutions
are counted over Q(α), and ``at`` gives the system for one rational α. SymPy appears at
the surface only and is imported when a SymPy expression is given.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpq_mpoly, fmpz, fmpz_mpoly, fmpz_mpoly_ctx

from geometry.errors import InvalidSystem
from piecewise.errors import ProblemError
from piecewise.exact import rational

Monomial = tuple[int, ...]
"""Exponents, one per variable."""

Terms = Mapping[Monomial, int | Fraction]
"""A polynomial as coefficients by monomial."""


def ring(names: Sequence[str]) -> fmpz_mpoly_ctx:
    """Z[names], graded reverse lexicographic."""
    return fmpz_mpoly_ctx.get(tuple(names), "degrevlex")


def primitive(terms: Terms, context: fmpz_mpoly_ctx) -> fmpz_mpoly:
    """The integer polynomial without content proportional to ``terms``, leading coefficient > 0."""
    denominator = fmpz(1)
    for coefficient in terms.values():
        denominator = denominator.lcm(fmpz(Fraction(coefficient).denominator))
    scaled = context.from_dict(
        {
            monomial: fmpz(Fraction(coefficient).numerator)
            * (denominator // fmpz(Fraction(coefficient).denominator))
            for monomial, coefficient in terms.items()
        }
    )
    if scaled.is_zero():
        return scaled
    result = scaled.primitive()[1]
    return -result if result.leading_coefficient() < 0 else result


@dataclass(frozen=True, eq=False)
class PolynomialSystem:
    """f_1 = … = f_m = 0 in ``variables``, with coefficients in Z[parameter].

    Build it with :func:`read` (validates) or :meth:`of` (assumes flint polynomials in
    ``ring(variables + parameter)``). Zero equations are dropped.
    """

    variables: tuple[str, ...]
    equations: tuple[fmpz_mpoly, ...]
    parameter: str | None = None

    @classmethod
    def of(
        cls,
        variables: Sequence[str],
        equations: Iterable[fmpz_mpoly],
        parameter: str | None = None,
    ) -> PolynomialSystem:
        """The system of ``equations`` as they are, zero polynomials dropped."""
        kept = tuple(equation for equation in equations if not equation.is_zero())
        return cls(tuple(variables), kept, parameter)

    @property
    def names(self) -> tuple[str, ...]:
        """The generators of the ring: variables, then the parameter."""
        return self.variables + ((self.parameter,) if self.parameter is not None else ())

    @property
    def context(self) -> fmpz_mpoly_ctx:
        """The flint ring of the equations."""
        return ring(self.names)

    @property
    def is_square(self) -> bool:
        """As many equations as variables."""
        return len(self.equations) == len(self.variables)

    def supports(self) -> tuple[tuple[Monomial, ...], ...]:
        """The monomials in ``variables`` of each equation, sorted; coefficients are in Q[α]."""
        n = len(self.variables)
        return tuple(
            tuple(sorted({tuple(int(e) for e in monomial[:n]) for monomial in equation.monoms()}))
            for equation in self.equations
        )

    def at(self, alpha: Fraction | int) -> PolynomialSystem:
        """The system in ``variables`` alone with the parameter set to ``alpha``."""
        if self.parameter is None:
            return self
        value, n = Fraction(alpha), len(self.variables)
        context = ring(self.variables)
        equations = []
        for equation in self.equations:
            terms: dict[Monomial, Fraction] = {}
            for monomial, coefficient in equation.terms():
                key = tuple(int(e) for e in monomial[:n])
                power = value ** int(monomial[n])
                terms[key] = terms.get(key, Fraction(0)) + int(coefficient) * power
            equations.append(primitive(terms, context))
        return PolynomialSystem.of(self.variables, equations)

    def modulo(self, prime: int, alpha: int = 0) -> tuple[dict[Monomial, int], ...]:
        """The equations over F_prime at parameter value ``alpha``; zero ones are kept, empty."""
        n, reduced = len(self.variables), []
        for equation in self.equations:
            terms: dict[Monomial, int] = {}
            for monomial, coefficient in equation.terms():
                key = tuple(int(e) for e in monomial[:n])
                power = pow(alpha, int(monomial[n]), prime) if self.parameter is not None else 1
                terms[key] = (terms.get(key, 0) + int(coefficient) * power) % prime
            reduced.append({monomial: value for monomial, value in terms.items() if value})
        return tuple(reduced)

    def joined(self, variables: Sequence[str], equations: Iterable[Terms]) -> PolynomialSystem:
        """With further ``variables`` (put last) and equations, given by terms in all names."""
        names = self.variables + tuple(variables)
        extended = PolynomialSystem(names, (), self.parameter)
        context, n, extra = extended.context, len(self.variables), len(variables)
        lifted = [
            context.from_dict(
                {
                    tuple(monomial[:n]) + (0,) * extra + tuple(monomial[n:]): coefficient
                    for monomial, coefficient in equation.terms()
                }
            )
            for equation in self.equations
        ]
        added = [primitive(terms, context) for terms in equations]
        return PolynomialSystem.of(names, lifted + added, self.parameter)

    def parameter_as_variable(self) -> PolynomialSystem:
        """The same equations with α as the last variable."""
        return PolynomialSystem(self.names, self.equations)

    def __str__(self) -> str:
        unknowns = ", ".join(self.variables)
        given = f" with parameter {self.parameter}" if self.parameter is not None else ""
        return f"{len(self.equations)} equations in {unknowns}{given}"


def read(
    equations: Iterable[Any], variables: Sequence[Any], parameter: Any = None
) -> PolynomialSystem:
    """The system of SymPy or flint polynomials ``equations`` in ``variables``.

    Variables and parameter are names, SymPy symbols or flint generators. Numbers stand
    for constant polynomials; a SymPy ``Eq`` is its left side minus its right side.

    Raises:
        InvalidSystem: an equation is no polynomial with rational coefficients in the
            variables and the parameter.
    """
    names = [str(variable) for variable in variables]
    if parameter is not None:
        names.append(str(parameter))
    if len(set(names)) != len(names):
        raise InvalidSystem(f"the names {', '.join(names)} are not distinct")
    if len(names) == (parameter is not None):
        raise InvalidSystem("a system needs at least one variable")
    context = ring(names)
    polynomials = [primitive(terms_of(equation, names), context) for equation in equations]
    unknowns = names if parameter is None else names[:-1]
    return PolynomialSystem.of(unknowns, polynomials, None if parameter is None else names[-1])


def terms_of(equation: Any, names: Sequence[str]) -> Terms:
    """Coefficients by monomial in ``names`` of a SymPy or flint polynomial or a number; terms
    are given back.

    Raises:
        InvalidSystem: no polynomial with rational coefficients in ``names``.
    """
    if isinstance(equation, Mapping):
        return equation
    if isinstance(equation, (fmpz_mpoly, fmpq_mpoly)):
        return _flint_terms(equation, names)
    if hasattr(equation, "free_symbols"):
        return _sympy_terms(equation, names)
    if isinstance(equation, str):
        raise InvalidSystem(f"{equation!r} is text; pass a SymPy expression or a flint polynomial")
    try:
        return {(0,) * len(names): rational(equation)}
    except ProblemError as error:
        raise InvalidSystem(f"{equation!r} is no polynomial: {error}") from None


def _flint_terms(polynomial: fmpz_mpoly | fmpq_mpoly, names: Sequence[str]) -> Terms:
    place = {name: index for index, name in enumerate(names)}
    own = polynomial.context().names()
    terms: dict[Monomial, Fraction] = {}
    for monomial, coefficient in polynomial.terms():
        exponents = [0] * len(names)
        for name, exponent in zip(own, monomial, strict=True):
            if exponent:
                if name not in place:
                    raise InvalidSystem(f"{name} is neither a variable nor the parameter")
                exponents[place[name]] = int(exponent)
        terms[tuple(exponents)] = rational(coefficient)
    return terms


def _sympy_terms(expression: Any, names: Sequence[str]) -> Terms:
    sympy = importlib.import_module("sympy")
    if isinstance(expression, sympy.Equality):
        expression = expression.lhs - expression.rhs
    symbols = {symbol.name: symbol for symbol in expression.free_symbols}
    unknown = sorted(set(symbols) - set(names))
    if unknown:
        raise InvalidSystem(f"{', '.join(unknown)}: neither a variable nor the parameter")
    generators = [symbols.get(name, sympy.Symbol(name)) for name in names]
    # Floats first: one of them would turn every other coefficient into a float.
    exact = {float_: _sympy_rational(float(float_)) for float_ in expression.atoms(sympy.Float)}
    try:
        polynomial = sympy.Poly(expression.xreplace(exact), *generators)
    except sympy.PolynomialError as error:
        raise InvalidSystem(f"{expression} is no polynomial: {error}") from None
    terms: dict[Monomial, Fraction] = {}
    for monomial, coefficient in polynomial.terms():
        if not coefficient.is_Rational:
            raise InvalidSystem(f"the coefficient {coefficient} of {expression} is not rational")
        terms[tuple(int(e) for e in monomial)] = Fraction(int(coefficient.p), int(coefficient.q))
    return terms


def _sympy_rational(value: float) -> Any:
    sympy = importlib.import_module("sympy")
    exact = rational(value)
    return sympy.Rational(exact.numerator, exact.denominator)
