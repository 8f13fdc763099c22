"""What the value of a piece of ℓ* must be able to say, whatever kind of function it is.

A piece of ℓ* is a rational function, a constant, or a branch of an algebraic curve. Pieces,
breakpoints, extrema and oscillations need no more than the questions below, so a further
kind of function is one more class that answers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from flint import fmpq

from geometry.algebraic import RealAlgebraic, rounded_decimal
from geometry.intervals import Interval

SEPARATION_BITS = 192
"""Enclosures are refined to this width before equality of two values is decided algebraically."""


class ValueFunction(Protocol):
    """A real analytic function on a neighbourhood of a closed interval."""

    def __call__(self, at: fmpq) -> Any:
        """The value at a rational."""

    def enclosure(self, at: RealAlgebraic) -> tuple[fmpq, fmpq]:
        """An interval that holds the value at ``at``; it shrinks as ``at`` is refined."""

    def value_at(self, at: RealAlgebraic) -> RealAlgebraic:
        """The exact value."""

    def directions(self, interval: Interval) -> Sequence[tuple[Interval, int]]:
        """Subintervals that cover ``interval`` in order, on each of which the function rises (1),
        falls (−1) or, throughout ``interval``, is constant (0)."""

    def sign_against(self, other: Any, at: RealAlgebraic) -> int:
        """Sign of self − other at ``at``."""

    def slope_differs(self, other: Any, at: RealAlgebraic) -> bool:
        """Whether the derivatives at ``at`` differ."""


@dataclass(frozen=True, eq=False)
class Level:
    """The value function(at), compared exactly; its algebraic form is computed when needed.

    ``function`` is a :class:`ValueFunction`; which one depends on the method.
    """

    function: Any
    at: RealAlgebraic

    @cached_property
    def exact(self) -> RealAlgebraic:
        """The value as a real algebraic number."""
        value: RealAlgebraic = self.function.value_at(self.at)
        return value

    def decimal(self, digits: int) -> str:
        """The value correctly rounded to ``digits`` significant digits."""
        if self.at.is_rational:
            return self.exact.decimal(digits)
        for _ in range(0, SEPARATION_BITS, 16):
            rounded = {rounded_decimal(end, digits) for end in self.function.enclosure(self.at)}
            if len(rounded) == 1:
                return rounded.pop()
            self.at.bisect(16)
        return self.exact.decimal(digits)

    def compare(self, other: Level) -> int:
        """Sign of (self − other): by enclosures first, exactly if they do not separate."""
        if self is other:
            return 0
        if self.at is other.at or (self.function == other.function and self.at == other.at):
            same = self.function == other.function
            return 0 if same else self.function.sign_against(other.function, self.at)
        for _ in range(0, SEPARATION_BITS, 16):
            low, high = self.function.enclosure(self.at)
            other_low, other_high = other.function.enclosure(other.at)
            if high < other_low:
                return -1
            if other_high < low:
                return 1
            if low == high == other_low == other_high:
                return 0
            self.at.bisect(16)
            other.at.bisect(16)
        return self.exact.compare(other.exact)
