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

from flint import arb, ctx, fmpq, fmpq_poly, fmpz_poly

from geometry.algebraic import as_fmpq, as_fraction, roots_of
from geometry.engines.system import PolynomialSystem

MAX_REFINEMENTS = 12
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
            (as_fmpq(c) * n for c, n in zip(self.linear_form, self.numerators, strict=True)),
            fmpq_poly([0]),
        )
        if (form - fmpq_poly([0, 1]) * d) % w:
            return False
        n = len(system.variables)
        powers: list[list[fmpq_poly]] = [[fmpq_poly([1])] for _ in range(n + 1)]

        def power(index: int, exponent: int) -> fmpq_poly:
            base = d if index == n else self.numerators[index]
            while len(powers[index]) <= exponent:
                powers[index].append(powers[index][-1] * base % w)
            return powers[index][exponent]

        for equation in system.equations:
            degree, total = int(equation.total_degree()), fmpq_poly([0])
            for monomial, coefficient in equation.terms():
                exponents = [int(e) for e in monomial]
                term = fmpq_poly([coefficient]) * power(n, degree - sum(exponents))
                for index, exponent in enumerate(exponents):
                    term = term * power(index, exponent) % w
                total += term
            if total % w:
                return False
        return True

    def real_points(self, precision: int = 64) -> list[tuple[tuple[Fraction, Fraction], ...]]:
        """Boxes of relative width ≤ 2^−precision, sorted, one for each real root of w."""
        bound = 1 + max(abs(fmpq(c, self.eliminant.leading_coefficient())) for c in self.eliminant)
        boxes = []
        for root in roots_of(self.eliminant, -bound, bound):
            width, box = fmpq(1, 1 << (precision + 16)), None
            for _ in range(MAX_REFINEMENTS):
                root.refine(width)
                box = self._box(root.lower, root.upper, 64 + 2 * width.q.bit_length())
                if box is not None and all(_narrow(side, precision) for side in box):
                    break
                width *= width
            if box is not None:
                boxes.append(box)
        return sorted_boxes(boxes)

    def _box(
        self, lower: fmpq, upper: fmpq, bits: int
    ) -> tuple[tuple[Fraction, Fraction], ...] | None:
        """Enclosure of the point over the root in [lower, upper]; None if d may vanish there."""
        with ctx.workprec(bits):
            t = arb(lower).union(arb(upper)) if lower != upper else arb(lower)
            d = _evaluate(fmpq_poly(self.denominator), t)
            if d.contains(0):
                return None
            return tuple(_interval(_evaluate(n, t) / d) for n in self.numerators)


def sorted_boxes(
    boxes: Iterable[tuple[tuple[Fraction, Fraction], ...]],
) -> list[tuple[tuple[Fraction, Fraction], ...]]:
    """By midpoints; coordinates that agree to 2^−20 count as equal, so that the order does
    not depend on how equal coordinates are enclosed."""
    return sorted(boxes, key=lambda box: [round(sum(side) * 2**19) for side in box])


def _evaluate(p: fmpq_poly, t: arb) -> arb:
    value = arb(0)
    for coefficient in reversed(p.coeffs()):
        value = value * t + arb(coefficient)
    return value


def _interval(ball: arb) -> tuple[Fraction, Fraction]:
    """The exact end points of a ball."""
    return exact(ball.lower()), exact(ball.upper())


def exact(point: arb) -> Fraction:
    """The rational number that a ball of radius 0 is."""
    mantissa, exponent = point.man_exp()
    return as_fraction(fmpq(mantissa) * fmpq(2) ** int(exponent))


def _narrow(side: tuple[Fraction, Fraction], precision: int) -> bool:
    lower, upper = side
    return bool((upper - lower) * 2**precision <= max(1, abs(lower)))
