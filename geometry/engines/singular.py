"""Singular: exact Gröbner bases over Q and Q(α), and over F_p; for cross-checks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from flint import fmpz, fmpz_mpoly

from geometry.engines.exact_child import ask
from geometry.engines.program import Program
from geometry.engines.protocol import (
    Elimination,
    Failure,
    GroebnerBasis,
    Limits,
    Reason,
    Solutions,
)
from geometry.engines.system import Monomial, PolynomialSystem, Terms, primitive, ring
from geometry.verdicts import Verdict


@dataclass(frozen=True)
class Singular(Program):
    """The program ``Singular``."""

    executable = "Singular"
    install = "install it with `apt-get install singular`"

    name: str = "singular"

    def groebner(
        self, system: PolynomialSystem, limits: Limits, prime: int = 0, alpha: int = 0
    ) -> GroebnerBasis | Failure:
        generic = prime == 0 and system.parameter is not None
        if prime:
            equations: Iterable[Terms] = system.modulo(prime, alpha)
        else:
            equations = [_terms(equation) for equation in system.equations]
        n = len(system.variables)
        field = f"({prime},a)" if generic else str(prime)
        script = (
            f"ring r={field},({_names(n)}),dp; ideal i={_ideal(equations, n)};"
            f"option(redSB); ideal g={'simplify(lead(std(i)),1)' if generic else 'std(i)'};"
        )
        output = self._run(script, limits)
        if isinstance(output, Failure):
            return output
        basis = [terms for terms in _read(output, n) if terms]
        leading = tuple(next(iter(terms)) for terms in basis)
        return GroebnerBasis(
            system.variables, leading, () if generic else tuple(basis), prime, alpha if prime else 0
        )

    def solve(
        self, system: PolynomialSystem, limits: Limits, precision: int = 64
    ) -> Solutions | Failure:
        if system.parameter is not None:
            return self.failure(Reason.UNSUPPORTED, "set the parameter to a number first")
        basis = self.groebner(system, limits)
        if isinstance(basis, Failure):
            return basis
        context = ring(system.variables)
        found = [primitive(terms, context) for terms in basis.polynomials]
        # The solutions of the basis are those of the system; the algebra is ours.
        solutions = ask("flint", PolynomialSystem.of(system.variables, found), limits)
        return replace(solutions.solve(precision), engine=self.name)

    def eliminate(
        self, system: PolynomialSystem, keep: Sequence[str], limits: Limits
    ) -> Elimination | Failure:
        names, n = system.names, len(system.names)
        dropped = [f"x{i}" for i in range(n) if names[i] not in keep] or ["1"]
        equations = [_terms(equation) for equation in system.equations]
        output = self._run(
            f"ring r=0,({_names(n)}),dp; ideal i={_ideal(equations, n)};"
            f"ideal g=eliminate(i,{'*'.join(dropped)});",
            limits,
        )
        if isinstance(output, Failure):
            return output
        place, context = [names.index(name) for name in keep], ring(keep)
        generators = [
            primitive({tuple(m[i] for i in place): c for m, c in terms.items()}, context)
            for terms in _read(output, n)
            if terms
        ]
        return Elimination(self.name, tuple(keep), tuple(generators), Verdict.PROVED)

    def _run(self, script: str, limits: Limits) -> str | Failure:
        printing = 'short=0; for(int k=1;k<=ncols(g);k++){"@"+string(g[k]);} "@@"; quit;'
        output = self.start(["-q", "--no-rc"], limits, text=script + printing)
        if isinstance(output, str) and "@@" not in output:
            return self.failure(Reason.UNREADABLE, f"it says {output.strip()[:80]!r}")
        return output


def _terms(equation: fmpz_mpoly) -> dict[Monomial, int]:
    return {tuple(int(e) for e in m): int(c) for m, c in equation.terms()}


def _names(count: int) -> str:
    return ",".join(f"x{i}" for i in range(count))


def _ideal(equations: Iterable[Terms], variables: int) -> str:
    """Names x0, x1, …; an exponent past the last variable belongs to the parameter a."""
    names = [*(f"x{i}" for i in range(variables)), "a"]
    lines = [
        "+".join(
            "*".join(
                [f"({fmpz(int(c))})", *(f"{x}^{e}" for x, e in zip(names, m, strict=False) if e)]
            )
            for m, c in terms.items()
        )
        for terms in equations
    ]
    return ",".join(line or "0" for line in lines) or "0"


def _read(output: str, variables: int) -> list[dict[Monomial, int]]:
    """The polynomials printed one per "@" line, leading term first."""
    polynomials = []
    text = output.replace("\n", "").split("@@")[0]
    for line in text.split("@")[1:]:
        terms: dict[Monomial, int] = {}
        for term in re.findall(r"[+-]?[^+-]+", line):
            coefficient, exponents = fmpz(-1 if term[0] == "-" else 1), [0] * variables
            for factor in term.lstrip("+-").split("*"):
                name, _, exponent = factor.partition("^")
                if name.startswith("x"):
                    exponents[int(name[1:])] += int(exponent or 1)
                else:
                    coefficient *= fmpz(factor)
            if coefficient:
                terms[tuple(exponents)] = int(coefficient)
        polynomials.append(terms)
    return polynomials
