"""Rational univariate parametrisations: x_i = n_i(t)/d_i(t) over the roots t of w.

An engine may find it in any way; ``verify`` checks in exact arithmetic that every root
of w gives a solution and that different roots give different ones. Then deg w solutions
are *known*, and if no more than deg w distinct ones exist, the real solutions are exactly
those over the real roots of w [Rouillier, AAECC 1999].
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq_poly, fmpz_mpoly, fmpz_poly, nmod_poly

from geometry.boxes import Box, interval
from geometry.engines.system import PolynomialSystem
from piecewise.exact import to_fmpq

MAX_REFINEMENTS = 10
"""Doublings of the working precision before a box is given as wide as it is."""


@dataclass(frozen=True, eq=False)
class Parametrisation:
    """x_i = numerators[i](t)/denominator(t), t a root of the squarefree ``eliminant``.

    ``linear_form`` holds the c_i with Σ c_i x_i = t.
    """

    eliminant: fmpz_poly
    numerators: tuple[fmpq_poly, ...]
    denominator: fmpz_poly
    linear_form: tuple[Fraction, ...]

    @property
    def degree(self) -> int:
        """Number of distinct complex solutions it describes."""
        return max(0, int(self.eliminant.degree()))

    def verify(self, system: PolynomialSystem) -> bool:
        """Whether the deg w points are distinct solutions of ``system``; exact.

        w squarefree, d coprime to w, Σ c_i n_i ≡ t·d and d^deg(f)·f(n/d) ≡ 0 (mod w).
        """
        w, d = fmpq_poly(self.eliminant), fmpq_poly(self.denominator)
        if self.degree == 0 or len(self.numerators) != len(system.variables):
            return False
        if self.eliminant.gcd(self.eliminant.derivative()).degree() > 0:
            return False
        if self.eliminant.gcd(self.denominator).degree() > 0:
            return False
        form = sum(
            (to_fmpq(c) * n for c, n in zip(self.linear_form, self.numerators, strict=True)),
            fmpq_poly([0]),
        )
        if (form - fmpq_poly([0, 1]) * d) % w:
            return False
        return not any(self._value(equation, w) for equation in system.equations)

    def avoids(self, polynomial: fmpz_mpoly, prime: int = 1073741827) -> bool:
        """A proof that ``polynomial`` vanishes at none of the points; False proves nothing.

        A common factor of w and d^deg·polynomial(n/d) over Q leaves one modulo any prime
        that keeps the degree of w.
        """
        w = _modulo(fmpq_poly(self.eliminant), prime)
        if w is None or w.degree() != self.degree:
            return False
        value = self._value(polynomial, w)
        return value is not None and bool(w.gcd(value).degree() == 0)

    def _value(self, polynomial: fmpz_mpoly, w: Any) -> Any:
        """d^deg·polynomial(n/d) modulo w, over Q or the prime field of w; None if not integral."""
        prime = w.modulus() if isinstance(w, nmod_poly) else 0
        bases = [*self.numerators, fmpq_poly(self.denominator)]
        reduced = [_modulo(base, prime) if prime else base for base in bases]
        if any(base is None for base in reduced):
            return None
        one = nmod_poly([1], prime) if prime else fmpq_poly([1])
        powers: list[list[Any]] = [[one] for _ in reduced]

        def power(index: int, exponent: int) -> Any:
            while len(powers[index]) <= exponent:
                powers[index].append(powers[index][-1] * reduced[index] % w)
            return powers[index][exponent]

        degree, total = int(polynomial.total_degree()), 0 * one
        for monomial, coefficient in polynomial.terms():
            exponents = [int(e) for e in monomial]
            term = power(len(bases) - 1, degree - sum(exponents)) * coefficient
            for index, exponent in enumerate(exponents):
                if exponent:
                    term = term * power(index, exponent) % w
            total += term
        return total % w

    def real_points(self, precision: int = 64) -> list[Box]:
        """Boxes of relative width ≤ 2^−precision, sorted, one for each real root of w."""
        bits = 2 * precision + 64
        for _ in range(MAX_REFINEMENTS):
            with ctx.workprec(bits):
                # flint isolates complex roots; those with an exact real part only are real.
                found = [root for root, _ in _complex_roots(self.eliminant) if root.imag == 0]
                boxes = [self._box(root.real) for root in found]
            if all(box is not None and _narrow(box, precision) for box in boxes):
                break
            bits *= 2
        known = [box for box in boxes if box is not None]
        if len(known) < len(boxes):
            raise ArithmeticError("the denominator vanishes at a root of the eliminant")
        return sorted_boxes(known)

    def _box(self, t: arb) -> Box | None:
        """Enclosure of the point over the root in the ball t; None if d may vanish there."""
        d = _evaluate(fmpq_poly(self.denominator), t)
        if d.contains(0):
            return None
        return tuple(interval(_evaluate(n, t) / d) for n in self.numerators)


def sorted_boxes(
    boxes: Iterable[Box],
) -> list[Box]:
    """By midpoints; coordinates that agree to 2^−20 count as equal, so that the order does
    not depend on how equal coordinates are enclosed."""
    return sorted(boxes, key=lambda box: [round(sum(side) * 2**19) for side in box])


def _complex_roots(p: fmpz_poly) -> Any:
    return p.complex_roots()


def _modulo(p: fmpq_poly, prime: int) -> nmod_poly | None:
    """p over F_prime; None when a denominator vanishes there."""
    denominator = int(p.denom()) % prime
    if denominator == 0:
        return None
    inverse = pow(denominator, -1, prime)
    return nmod_poly([int(c) * inverse % prime for c in p.numer().coeffs()], prime)


def _evaluate(p: fmpq_poly, t: arb) -> arb:
    value = arb(0)
    for coefficient in reversed(p.coeffs()):
        value = value * t + arb(coefficient)
    return value


def _narrow(box: Box, precision: int) -> bool:
    return all((u - l) * 2**precision <= max(1, abs(l)) for l, u in box)  # noqa: E741
