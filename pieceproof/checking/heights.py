"""Values of ℓ* at algebraic points, compared exactly.

A height is h = P(α)/Q(α) for a function P/Q, mostly a piece, and a real algebraic α.
Enclosures separate heights that differ. To settle a tie, h = θ is located as a root of its minimal
polynomial: the squarefree part of the characteristic polynomial of multiplication by
P·Q⁻¹ in the field Q[x]/(p), p the minimal polynomial of α.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz_poly

from pieceproof.checking.pieces import Piece, Value
from pieceproof.checking.reals import Real, compare, exactly, minimal_polynomial, sign_at
from pieceproof.checking.signs import isolate, squarefree_part

_BITS = (32, 128, 512)
Range = tuple[fmpq, fmpq]


@dataclass(frozen=True)
class Height:
    """The value of ``piece`` at ``alpha``, where its denominator is positive."""

    piece: Piece | Value
    alpha: Real

    def against(self, value: fmpq) -> int:
        """Sign of h − value."""
        return sign_at(
            self.piece.numerator * value.q - self.piece.denominator * value.p, self.alpha
        )

    def enclosure(self, bits: int) -> Range | None:
        """A rational interval that holds h, from α within 2^−bits; None if too wide to divide."""
        if bits not in self._enclosures:
            self._enclosures[bits] = self._enclosed(bits)
        return self._enclosures[bits]

    @cached_property
    def _enclosures(self) -> dict[int, Range | None]:
        return {}

    def _enclosed(self, bits: int) -> Range | None:
        alpha = self.alpha.refined(fmpq(1, 2**bits))
        low, high = _horner(self.piece.numerator, alpha)
        least, most = _horner(self.piece.denominator, alpha)
        if least <= 0:
            return None
        ends = [low / least, low / most, high / least, high / most]
        return min(ends), max(ends)

    @cached_property
    def number(self) -> Real:
        """h as a real algebraic number."""
        if self.alpha.rational:
            at = self.alpha.lower
            return exactly(self.piece.numerator(at) / self.piece.denominator(at))
        modulus = fmpq_poly(minimal_polynomial(self.alpha))
        _, inverse, _ = fmpq_poly(self.piece.denominator).xgcd(modulus)
        element = fmpq_poly(self.piece.numerator) * inverse % modulus
        size = modulus.degree()
        multiplication = fmpq_mat(size, size)
        for row in range(size):
            for column in range(size):
                multiplication[row, column] = element[column]
            element = element * fmpq_poly([0, 1]) % modulus
        polynomial = squarefree_part(multiplication.charpoly().numer())
        if polynomial.degree() == 1:
            return exactly(fmpq(-polynomial[0], polynomial[1]))
        bits = _BITS[0]
        while not (found := self._located(polynomial, bits)):
            bits *= 2
        return found

    def _located(self, polynomial: fmpz_poly, bits: int) -> Real | None:
        ends = self.enclosure(bits)
        if ends is None or len(isolate(polynomial, *ends)) != 1:
            return None
        if polynomial(ends[0]) * polynomial(ends[1]) >= 0:
            return None
        return Real(polynomial, *ends)


def compare_heights(left: Height, right: Height) -> int:
    """Sign of left − right."""
    if left is right:
        return 0
    if left.alpha is right.alpha or (
        left.piece is right.piece and compare(left.alpha, right.alpha) == 0
    ):
        return sign_at(
            left.piece.numerator * right.piece.denominator
            - right.piece.numerator * left.piece.denominator,
            left.alpha,
        )
    for bits in _BITS:
        one, other = left.enclosure(bits), right.enclosure(bits)
        if one is not None and other is not None:
            if one[1] < other[0]:
                return -1
            if other[1] < one[0]:
                return 1
            if one[0] == one[1] == other[0] == other[1]:
                return 0
    return compare(left.number, right.number)


def _horner(f: fmpz_poly, x: Real) -> Range:
    """A range of F over [l, u] by interval arithmetic."""
    low = high = fmpq(0)
    for coefficient in reversed(f.coeffs()):
        products = [low * x.lower, low * x.upper, high * x.lower, high * x.upper]
        low, high = min(products) + coefficient, max(products) + coefficient
    return low, high
