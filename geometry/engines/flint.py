"""flint: exact Gröbner bases over Q and Q(α), always there.

Buchberger's algorithm on integer polynomials. flint orders monomials by total degree
(reverse lexicographic ties); other orders come from giving x_i the weight k_i, that is
from the ideal in x_i^{k_i}:

- elimination: weight W for what is dropped, 1 for what is kept;
- over Q(α): weights W·k_i with different k_i for the variables, 1 for α.

A basis G for one order is one for another order in which all its leading monomials stay
the same, since one initial ideal cannot contain the other properly; so each use checks
just that on the result, and the choice of W needs no bound. The computation runs in a
child process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpz_mpoly, fmpz_mpoly_vec

from geometry.engines.exact_child import ask
from geometry.engines.protocol import (
    Elimination,
    Failure,
    GroebnerBasis,
    Limits,
    Reason,
    Solutions,
)
from geometry.engines.system import Monomial, PolynomialSystem, ring

WEIGHT = 1024
"""W: larger than the degrees in α, or in the kept variables, that usually occur."""

BASE = 256
"""The variables' weights over Q(α) are BASE + 1, BASE + 4, BASE + 9, …: nearly a total
degree, with few ties between monomials that the power of α would have to break."""


@dataclass(frozen=True)
class Flint:
    """python-flint in a child process."""

    name: str = "flint"

    def is_available(self) -> bool:
        return True

    def groebner(
        self, system: PolynomialSystem, limits: Limits, prime: int = 0, alpha: int = 0
    ) -> GroebnerBasis | Failure:
        if prime:
            return Failure(self.name, Reason.UNSUPPORTED, "it has no bases over finite fields")
        return ask(self.name, system, limits).groebner()

    def solve(
        self, system: PolynomialSystem, limits: Limits, precision: int = 64
    ) -> Solutions | Failure:
        return ask(self.name, system, limits).solve(precision)

    def eliminate(
        self, system: PolynomialSystem, keep: Sequence[str], limits: Limits
    ) -> Elimination | Failure:
        return ask(self.name, system, limits).eliminate(keep)


class OrderLost(ArithmeticError):
    """The basis found is none for the order wanted."""


def basis_over_q(system: PolynomialSystem) -> list[fmpz_mpoly]:
    """The reduced graded reverse lexicographic basis over Q (no parameter)."""
    return _reduced(system.equations, system)


def leading_over_parameter(system: PolynomialSystem) -> list[Monomial]:
    """The minimal leading monomials in the variables of a basis over Q(α).

    Raises:
        OrderLost: some element's leading term depends on the power of α.
    """
    n = len(system.variables)
    weights = [BASE + (n - i) ** 2 for i in range(n)]
    stretched = _stretch(system, [WEIGHT * weight for weight in weights] + [1])
    found: set[Monomial] = set()
    for element in fmpz_mpoly_vec(stretched, system.context).buchberger_naive():
        leading, *others = [
            tuple(int(e) // (WEIGHT * k) for e, k in zip(monomial, weights, strict=False))
            for monomial in element.monoms()
        ]

        def height(monomial: Monomial) -> tuple[int, ...]:
            weight = sum(k * e for k, e in zip(weights, monomial, strict=True))
            return (weight, *(-e for e in reversed(monomial)))

        if any(height(other) > height(leading) for other in others):
            raise OrderLost("a power of the parameter decides a leading monomial")
        found.add(leading)
    return sorted(m for m in found if not any(_properly_divides(a, m) for a in found))


def elimination_ideal(system: PolynomialSystem, keep: Sequence[str]) -> list[fmpz_mpoly]:
    """A reduced basis of ⟨system⟩ ∩ Q[keep], in ``ring(keep)``.

    Raises:
        OrderLost: an element with its leading monomial in Q[keep] lies outside Q[keep].
    """
    names, target = system.names, ring(keep)
    kept = [names.index(name) for name in keep]
    dropped = [i for i in range(len(names)) if i not in kept]
    weights = [1 if i in kept else WEIGHT for i in range(len(names))]
    inside = []
    for element in fmpz_mpoly_vec(_stretch(system, weights), system.context).buchberger_naive():
        monomials = element.monoms()
        if any(monomials[0][i] for i in dropped):
            continue
        if any(monomial[i] for monomial in monomials for i in dropped):
            raise OrderLost("the kept variables outweigh an eliminated one")
        inside.append(target.from_dict({tuple(m[i] for i in kept): c for m, c in element.terms()}))
    return _reduced(inside, PolynomialSystem(tuple(keep), ()))


def _stretch(system: PolynomialSystem, weights: Sequence[int]) -> list[fmpz_mpoly]:
    context = system.context
    return [
        context.from_dict(
            {
                tuple(int(e) * k for e, k in zip(monomial, weights, strict=True)): coefficient
                for monomial, coefficient in equation.terms()
            }
        )
        for equation in system.equations
    ]


def _reduced(polynomials: Sequence[fmpz_mpoly], system: PolynomialSystem) -> list[fmpz_mpoly]:
    if not polynomials:
        return []
    basis = fmpz_mpoly_vec(list(polynomials), system.context).buchberger_naive()
    reduced = [element.primitive()[1] for element in basis.autoreduction()]
    return [-e if e.leading_coefficient() < 0 else e for e in reduced]


def _properly_divides(a: Monomial, b: Monomial) -> bool:
    return a != b and all(i <= j for i, j in zip(a, b, strict=True))
