"""A real number known to lie between two rationals."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Enclosure:
    """lower ≤ x ≤ upper, proved."""

    lower: Fraction
    upper: Fraction

    @property
    def width(self) -> Fraction:
        """upper − lower."""
        return self.upper - self.lower

    def __float__(self) -> float:
        return float((self.lower + self.upper) / 2)

    def __str__(self) -> str:
        if self.lower == self.upper:
            return str(self.lower)
        return f"between {float(self.lower):.12g} and {float(self.upper):.12g}"
