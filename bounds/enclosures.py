"""A real number known to lie between two rationals."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb


@dataclass(frozen=True)
class Enclosure:
    """lower ≤ value ≤ upper, proved."""

    lower: Fraction
    upper: Fraction

    @classmethod
    def of(cls, ball: arb) -> Enclosure:
        """The ends of a ball as exact fractions."""
        return cls(_fraction(ball.lower()), _fraction(ball.upper()))

    @property
    def width(self) -> Fraction:
        """upper − lower."""
        return self.upper - self.lower

    def __float__(self) -> float:
        return float((self.lower + self.upper) / 2)

    def __str__(self) -> str:
        return f"{float(self):.12g}"


def _fraction(end: arb) -> Fraction:
    mantissa, exponent = end.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
