"""Exact numbers behind many digits: rationals, or numbers of one number field.

Lattice reduction (LLL) finds integer relations: the minimal polynomial of θ among its powers, and
a number as a combination of these. Relations are proposals; the checker decides them exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import arb, fmpq, fmpq_poly, fmpz, fmpz_mat, fmpz_poly

from pieceproof.checking.enclosing.numberfields import NumberField
from pieceproof.checking.reading import Refuted

DEGREES = (2, 3, 4, 5, 6, 8, 9, 12)
"""Degrees of fields that are tried."""
LIKELY = 0.6
"""Relations use at most this part of the bits: by chance there are others that use about all."""
RATIONALS = NumberField(fmpq_poly([0, 1]), fmpq(-1), fmpq(1))
"""Q."""
ROOT = 64
"""Bits of the interval around θ."""


def recognised(values: Sequence[arb], bits: int) -> tuple[NumberField, list[fmpq_poly]] | None:
    """A field and the numbers in it that agree with ``values``, which are known to ``bits``."""
    numbers = [_exact(value) for value in values]
    rational = [_rational(number, bits) for number in numbers]
    if all(known is not None for known in rational):
        return RATIONALS, [fmpq_poly([known]) for known in rational if known is not None]
    theta, weight = fmpq(0), 0
    for number, known in zip(numbers, rational, strict=True):
        if known is not None:
            continue
        if weight:
            field = _field(theta, bits)
            if field is not None and _in_field(number, theta, field, bits) is not None:
                continue
        weight += 1
        theta = theta + weight * number
    field = _field(theta, bits)
    if field is None:
        return None
    found = []
    for number, known in zip(numbers, rational, strict=True):
        own = fmpq_poly([known]) if known is not None else _in_field(number, theta, field, bits)
        if own is None:
            return None
        found.append(own)
    return field, found


def _exact(value: arb) -> fmpq:
    mantissa, exponent = value.mid().man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _rational(number: fmpq, bits: int) -> fmpq | None:
    """The short fraction that a number is near to, if any."""
    own = Fraction(int(number.p), int(number.q))
    near = own.limit_denominator(2 ** (bits // 4))
    if abs(own - near) > Fraction(1, 2 ** (bits * 3 // 4)):
        return None
    return fmpq(near.numerator, near.denominator)


def _field(theta: fmpq, bits: int) -> NumberField | None:
    """Q(θ), if θ is a root of a polynomial of small degree."""
    for degree in DEGREES:
        powers = [theta**k for k in range(degree + 1)]
        relation = _relation(powers, bits)
        if relation is None:
            continue
        scale = fmpq(2) ** ROOT
        low, high = (theta * scale).floor() / scale, ((theta * scale).floor() + 1) / scale
        for factor, _ in fmpz_poly(relation).factor()[1]:
            modulus = fmpq_poly(factor)
            try:
                return NumberField(modulus / modulus[modulus.degree()], low, high)
            except Refuted:
                continue
    return None


def _in_field(number: fmpq, theta: fmpq, field: NumberField, bits: int) -> fmpq_poly | None:
    """A number as a polynomial in θ, if it is one."""
    powers = [theta**k for k in range(field.modulus.degree())]
    relation = _relation([number, *powers], bits)
    if relation is None or relation[0] == 0:
        return None
    return fmpq_poly([fmpq(-c, relation[0]) for c in relation[1:]])


def _relation(numbers: Sequence[fmpq], bits: int) -> list[fmpz] | None:
    """Small integers a_i with Σ a_i x_i = 0 as far as the numbers are known."""
    size = len(numbers)
    scale = fmpq(2) ** (bits * 3 // 4)
    rows = [
        [int(i == j) for j in range(size)] + [int((x * scale).floor())]
        for i, x in enumerate(numbers)
    ]
    first = fmpz_mat(rows).lll().tolist()[0]
    used = size * max(abs(int(c)).bit_length() for c in first)
    return first[:size] if used <= LIKELY * bits else None
