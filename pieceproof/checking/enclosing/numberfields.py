"""Numbers of a number field Q(θ), written as polynomials in θ.

p ∈ Q[t] changes its sign on (lower, upper); θ is its root there to which halving the interval by
the sign of p leads. A number is a(θ), a ∈ Q[t] reduced modulo p. What vanishes modulo p vanishes
at θ: so equalities are decided exactly. p need not be irreducible; if it is not, equal numbers may
be written differently, and fewer equalities are seen. Q itself is p = t.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq, fmpq_poly

from pieceproof.checking.reading import Refuted

HALVINGS = 2_000
"""Times that an interval around θ is halved at most."""


@dataclass(frozen=True, eq=False)
class NumberField:
    """Q(θ), p being ``modulus``."""

    modulus: fmpq_poly
    lower: fmpq
    upper: fmpq

    def __post_init__(self) -> None:
        if not self.lower < self.upper or self._side(self.lower) * self._side(self.upper) >= 0:
            raise Refuted("a number field without its root")

    def _side(self, at: fmpq) -> int:
        value = self.modulus(at)
        return (value > 0) - (value < 0)

    def constant(self, value: fmpq) -> fmpq_poly:
        """A rational number."""
        return fmpq_poly([value])

    def product(self, a: fmpq_poly, b: fmpq_poly) -> fmpq_poly:
        """a·b."""
        return (a * b) % self.modulus

    def enclosed(self, number: fmpq_poly, width: fmpq) -> tuple[fmpq, fmpq]:
        """Rationals around a number, at most ``width`` apart; equal ones if it is written as one.

        Raises:
            Refuted: θ would have to be enclosed too closely.
        """
        if number.degree() < 1:
            return number[0], number[0]
        low, high, side = self.lower, self.upper, self._side(self.lower)
        # |a(θ) − a(m)| ≤ max |a′|·|θ − m|, and |t| is at most ``size`` between both ends.
        size = max(abs(low), abs(high), fmpq(1))
        steepest = sum(
            (abs(number[i]) * i * size ** (i - 1) for i in range(1, number.length())), fmpq(0)
        )
        for _ in range(HALVINGS):
            if steepest * (high - low) <= width:
                value, reach = number((low + high) / 2), steepest * (high - low) / 2
                return value - reach, value + reach
            middle = (low + high) / 2
            here = self._side(middle)
            if here == 0:
                return number(middle), number(middle)
            low, high = (middle, high) if here == side else (low, middle)
        raise Refuted("a number that is not enclosed closely enough")

    def compare(self, number: fmpq_poly, value: fmpq) -> int:
        """The sign of a number less a rational.

        Raises:
            Refuted: they are too close to be told apart, but not written as equal.
        """
        width = fmpq(1)
        for _ in range(8):
            low, high = self.enclosed(number, width)
            if low == high:
                return (low > value) - (low < value)
            if low > value or high < value:
                return 1 if low > value else -1
            width /= 2**64
        raise Refuted("a number that cannot be told from a rational")
