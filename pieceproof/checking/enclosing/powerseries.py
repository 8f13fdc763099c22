"""Polynomials at power series in ε, cut off, with coefficients in a ring.

For a function v(α) = L(α, y(α)), where all ∂L/∂y_i vanish along y, let y be known up to an error
O(ε^m) at α₀ + ε. Then L(α₀ + ε, y) = v(α₀ + ε) + O(ε^{2m}), since L is stationary in y: so values
are known twice as far as points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from flint import arb, fmpq, fmpq_mpoly

C = TypeVar("C")


class Ring(Protocol[C]):
    """What coefficients are multiplied in; they are added by +."""

    def constant(self, value: fmpq) -> C:
        """A rational number."""

    def product(self, a: C, b: C) -> C:
        """a·b."""


class Balls:
    """Real numbers enclosed in balls."""

    def constant(self, value: fmpq) -> arb:
        """A ball around a rational."""
        return arb(value)

    def product(self, a: arb, b: arb) -> arb:
        """a·b."""
        return a * b


def composed(f: fmpq_mpoly, ring: Ring[C], values: Sequence[Sequence[C]], size: int) -> list[C]:
    """f(values) modulo ε^size; a series that is shorter goes on with zeros."""
    zero, one = ring.constant(fmpq(0)), ring.constant(fmpq(1))
    powers: list[list[Sequence[C]]] = [[[one]] for _ in values]
    total = [zero] * size
    for monomial, factor in f.terms():
        term: Sequence[C] = [ring.constant(factor)]
        for own, value, exponent in zip(powers, values, map(int, monomial), strict=True):
            while len(own) <= exponent:
                own.append(_product(ring, own[-1], value, size))
            if exponent:
                term = _product(ring, term, own[exponent], size)
        for k, coefficient in enumerate(term):
            total[k] = total[k] + coefficient  # type: ignore[operator]
    return total


def _product(ring: Ring[C], a: Sequence[C], b: Sequence[C], size: int) -> list[C]:
    found: list[C] = []
    for k in range(min(size, len(a) + len(b) - 1)):
        parts = [
            ring.product(a[i], b[k - i]) for i in range(max(0, k - len(b) + 1), min(k + 1, len(a)))
        ]
        total = parts[0]
        for part in parts[1:]:
            total = total + part  # type: ignore[operator]
        found.append(total)
    return found
