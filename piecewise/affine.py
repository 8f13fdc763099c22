"""The coefficients of σ_α on one of its intervals, as polynomials in α."""

from __future__ import annotations

from flint import fmpq, fmpq_poly

from piecewise.activations import Coefficients
from piecewise.exact import to_fmpq


def affine_coefficient(first: Coefficients, second: Coefficients, power: int) -> fmpq_poly:
    """The coefficient of z^power in α·first + (1−α)·second, affine in α."""
    one, other = (
        to_fmpq(piece[power]) if power < len(piece) else fmpq(0) for piece in (first, second)
    )
    return fmpq_poly([other, one - other])
