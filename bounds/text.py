"""How numbers are printed: integers exactly while they are short, else by their logarithm."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from bounds.balls import ball, decimal_upper

DIGITS = 15
"""Integers with more digits are printed as a power of ten."""


def magnitude(value: int, digits: int = DIGITS) -> str:
    """``value`` ≥ 0 in full, or as 10^e with e rounded upwards to two decimals.

    The integer itself stays exact; only its print is on the logarithmic scale.
    """
    if value < 10**digits:
        return str(value)
    exponent = decimal_upper(lambda: ball(value).log() / ball(10).log(), 20)
    whole = floor(exponent)
    if exponent - whole < Fraction(1, 1000) and value == 10**whole:
        exponent = Fraction(whole)  # a ball around an exact power is never exact
    return f"10^{decimal(exponent, 2)}"


def decimal(value: Fraction, digits: int = 4) -> str:
    """``value`` ≥ 0 rounded upwards to ``digits`` decimals."""
    scaled = ceil(value * 10**digits)
    whole, part = divmod(scaled, 10**digits)
    return f"{whole}.{part:0{digits}d}"
