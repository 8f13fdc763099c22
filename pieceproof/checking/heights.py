"""Values of ℓ* at algebraic points, compared exactly.

A height is h = P(α)/Q(α) for a function P/Q, mostly a piece, and a real algebraic α.
Enclosures separate heights that differ. To settle a tie, h is located as a root of its minimal
polynomial: with p, the minimal polynomial of α, the squarefree part of the norm

    Norm(P(α) − y·Q(α)) ~ Res_x(p, P − y·Q),

in y of degree deg p, which is interpolated at y = 0, …, deg p. (The characteristic polynomial of
the matrix of P·Q⁻¹ is the same, but takes minutes at degree 100.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import factorial

from flint import fmpq, fmpz_poly

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
        polynomial = squarefree_part(self._norm())
        if polynomial.degree() == 1:
            return exactly(fmpq(-polynomial[0], polynomial[1]))
        bits = _BITS[0]
        while not (found := self._located(polynomial, bits)):
            bits *= 2
        return found

    def _norm(self) -> fmpz_poly:
        """A multiple of ∏ (P(α_j) − y·Q(α_j)) over the conjugates α_j, as a polynomial in y.

        Res_x(p, q) = lc(p)^deg q · ∏ q(α_j): powers of lc(p) make up for a lower degree of q.
        """
        p = minimal_polynomial(self.alpha)
        above, below = self.piece.numerator, self.piece.denominator
        degree = max(above.degree(), below.degree())
        differences = []
        for y in range(p.degree() + 1):
            q = above - y * below
            missing = degree - max(q.degree(), 0)
            differences.append(p.resultant(q) * p.leading_coefficient() ** missing)
        # Newton: Σ_k Δ^k(0)·C(y, k), here times (deg p)!
        total, falling, weight = fmpz_poly(), fmpz_poly([1]), factorial(p.degree())
        for k in range(p.degree() + 1):
            total += differences[0] * weight * falling
            falling *= fmpz_poly([-k, 1])
            weight //= k + 1
            differences = [right - left for left, right in pairwise(differences)]
        return total

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
