"""Folded coordinates in floating point: (s, T) with T = t², t being what a reflection negates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq_mpoly

from geometry.proposals.floats import FloatObjective, Local, Pattern
from geometry.proposals.loops import Array, Integers
from geometry.proposals.polynomials import FloatPolynomial, FloatPolynomialObjective

Reflection = tuple[str, tuple[int, ...]]
"""("swap", (i, j)), ("opposite", (i, j)) or ("flip", (i,)), as in certificates."""


@dataclass(frozen=True)
class Fold:
    """One reflection: ``slot`` holds T, the others of ``own`` a coordinate that it fixes."""

    reflection: Reflection

    @property
    def own(self) -> tuple[int, ...]:
        """The parameters that take part."""
        return self.reflection[1]

    @property
    def slot(self) -> int:
        """The slot of T."""
        kind, own = self.reflection
        return own[1] if kind == "swap" else own[0]

    def turned(self, w: Array) -> Array:
        """(s, t) in the slots of w."""
        found = w.copy()
        if len(self.own) == 2:
            i, j = self.own
            found[i], found[j] = (w[i] + w[j]) / 2, (w[i] - w[j]) / 2
        return found

    def folded(self, w: Array) -> Array:
        """(s, T)."""
        found = self.turned(w)
        found[self.slot] **= 2
        return found

    def unfolded(self, x: Array) -> Array:
        """w with t ≤ 0 for an exchange, else t ≥ 0: units stay sorted."""
        found = x.copy()
        root = np.sqrt(max(0.0, float(x[self.slot])))
        found[self.slot] = -root if self.reflection[0] == "swap" else root
        if len(self.own) == 2:
            i, j = self.own
            found[i], found[j] = found[i] + found[j], found[i] - found[j]
        return found

    def polynomial(self, f: fmpq_mpoly) -> fmpq_mpoly | None:
        """F with f = F(α, s, T), or None if f is not even in t."""
        context = f.context()
        variables = list(context.gens())
        if len(self.own) == 2:
            i, j = self.own
            plus, minus = variables[1 + i], variables[1 + j]
            variables[1 + i], variables[1 + j] = plus + minus, plus - minus
        halved = {}
        for monomial, value in f.compose(*variables, ctx=context).terms():
            exponents = list(map(int, monomial))
            if exponents[1 + self.slot] % 2:
                return None
            exponents[1 + self.slot] //= 2
            halved[tuple(exponents)] = value
        return context.from_dict(halved)


class FoldedObjective:
    """F in floating point, one polynomial for every pattern; what a :class:`Solver` asks of f."""

    units = 0

    def __init__(self, own: FloatObjective | FloatPolynomialObjective, fold: Fold) -> None:
        self.own, self.fold, self.d = own, fold, own.d
        self.lower, self.upper = own.lower.copy(), own.upper.copy()
        self.lower[list(fold.own)], self.upper[list(fold.own)] = -np.inf, np.inf
        self.lower[fold.slot] = 0.0
        self.y, self.points = np.zeros(0), np.zeros(0)
        self.known: dict[bytes, FloatPolynomial | None] = {}

    def of(self, pattern: Pattern) -> FloatPolynomial | None:
        """F of a pattern, or None if f is not even there."""
        key = pattern.tobytes()
        if key not in self.known:
            found = self.fold.polynomial(self.own.exact(pattern))
            self.known[key] = None if found is None else FloatPolynomial(found, self.d)
        return self.known[key]

    def local(self, alpha: float, w: Array, pattern: Pattern | None = None) -> Local:
        """F with its derivatives at a point, along a pattern."""
        return self._known(pattern).local(alpha, w)

    def values(self, alpha: float, w: Array) -> Array:
        """F has no pattern of its own at a point.

        Raises:
            ValueError: always.
        """
        raise ValueError("values in folded coordinates need a pattern")

    def piece(self, z: Array) -> Pattern:
        """No pre-activations."""
        return np.zeros((0, 0), dtype=np.int64)

    def newton(
        self, alpha: float, x: Array, pattern: Pattern, free: Integers, active: Integers,
        multipliers: Array,
    ) -> tuple[bool, Array, Array]:  # fmt: skip
        """Newton's method; there are no active boundaries."""
        return self._known(pattern).newton(alpha, x, free)

    def _known(self, pattern: Pattern | None) -> FloatPolynomial:
        found = None if pattern is None else self.of(pattern)
        if found is None:
            raise ValueError("f is not symmetric along this pattern")
        return found
