"""Folded coordinates in floating point: (s, T) with T = t², t being what a reflection negates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq_mpoly

from geometry.proposals.loops import Array

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

    @property
    def squared(self) -> tuple[int, ...]:
        """The slots that hold squares."""
        return (self.slot,)

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
