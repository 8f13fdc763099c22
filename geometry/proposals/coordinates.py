"""f in other coordinates of W, one polynomial along each pattern, in floating point."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from flint import fmpq_mpoly

from geometry.proposals.floats import FloatObjective, Local, Pattern
from geometry.proposals.loops import Array, Integers
from geometry.proposals.polynomials import FloatPolynomial, FloatPolynomialObjective


class Coordinates(Protocol):
    """Other coordinates x of w: a fold, or a frame."""

    @property
    def own(self) -> tuple[int, ...]:
        """The slots that hold other coordinates."""

    @property
    def squared(self) -> tuple[int, ...]:
        """The slots that hold squares."""

    def folded(self, w: Array) -> Array:
        """x."""

    def unfolded(self, x: Array) -> Array:
        """A point with the coordinates x."""

    def polynomial(self, f: fmpq_mpoly) -> fmpq_mpoly | None:
        """F with f = F(α, x), or None if there is none."""


class TransformedObjective:
    """F in floating point, one polynomial for every pattern; what a :class:`Solver` asks of f."""

    units = 0

    def __init__(
        self, own: FloatObjective | FloatPolynomialObjective, coordinates: Coordinates
    ) -> None:
        self.own, self.coordinates, self.d = own, coordinates, own.d
        self.lower, self.upper = own.lower.copy(), own.upper.copy()
        self.lower[list(coordinates.own)], self.upper[list(coordinates.own)] = -np.inf, np.inf
        self.lower[list(coordinates.squared)] = 0.0
        self.y, self.points = np.zeros(0), np.zeros(0)
        self.known: dict[bytes, FloatPolynomial | None] = {}

    def of(self, pattern: Pattern) -> FloatPolynomial | None:
        """F of a pattern, or None if there is none."""
        key = pattern.tobytes()
        if key not in self.known:
            found = self.coordinates.polynomial(self.own.exact(pattern))
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
        raise ValueError("values in other coordinates need a pattern")

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
