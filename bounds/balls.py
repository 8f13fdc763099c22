"""Upper bounds by ball arithmetic: what is printed is never below the true value.

A formula with e, logarithms or roots is evaluated in real balls (Arb, through
python-flint); the upper end of the ball is an exact dyadic number, and only that is
rounded further, upwards. Precision is local to each call.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from flint import arb, ctx, fmpq

from bounds.errors import MAX_BITS, BoundsError, shown

Ball = Callable[[], arb]
"""A formula; it is called again at a higher precision when the first ball is too wide."""

START_PRECISION = 96
EXACT_BITS = 4096
"""Integers up to this length are computed to the last digit; longer ones to this precision."""


def ball(value: int | Fraction) -> arb:
    """The ball around an exact number at the working precision."""
    if isinstance(value, int):
        return arb(value)
    return arb(fmpq(value.numerator, value.denominator))


def _upper_end(formula: Ball, precision: int) -> tuple[int, int]:
    """(m, e) with value of ``formula`` ≤ m·2^e."""
    with ctx.workprec(precision):
        value = formula()
        if not value.is_finite():
            raise BoundsError("the bound is too large to evaluate; reduce the counts or the degree")
        mantissa, exponent = value.upper().man_exp()
    return int(mantissa), int(exponent)


def floor_upper(formula: Ball) -> int:
    """An integer ≥ ⌊x⌋ for the value x of ``formula``; ⌊x⌋ itself up to 2^4096 but for freak ties.

    An integer count that is at most x is at most the result.

    Raises:
        BoundsError: the result has more than ``MAX_BITS`` bits.
    """
    mantissa, exponent = _upper_end(formula, START_PRECISION)
    bits = mantissa.bit_length() + exponent
    if bits > MAX_BITS:
        raise BoundsError(
            f"the bound has about {bits} bits, more than the {MAX_BITS} that are written out; "
            "reduce the number of parameters or the degree"
        )
    if bits > START_PRECISION // 2:
        mantissa, exponent = _upper_end(formula, min(bits, EXACT_BITS) + START_PRECISION)
    return mantissa << exponent if exponent >= 0 else mantissa >> -exponent


def decimal_upper(formula: Ball, digits: int = 12) -> Fraction:
    """A decimal number of ``digits`` significant digits that is ≥ the value of ``formula``."""
    mantissa, exponent = _upper_end(formula, 4 * digits + START_PRECISION)
    if abs(mantissa.bit_length() + exponent) > EXACT_BITS:
        raise BoundsError(f"the number lies outside 2^-{EXACT_BITS} … 2^{EXACT_BITS}")
    value = Fraction(mantissa) * Fraction(2) ** exponent
    if value == 0:
        return value
    # 10^(order-1) <= |value| < 10^order
    order = math.floor(math.log10(2) * (mantissa.bit_length() + exponent)) - 1
    while abs(value) >= Fraction(10) ** order:
        order += 1
    scale = Fraction(10) ** (digits - order)
    return math.ceil(value * scale) / scale


def proved_at_most(formula: Ball, limit: Fraction) -> bool:
    """Whether the value of ``formula`` is proved to be ≤ ``limit``.

    The precision is doubled until the ball decides; a tie that 4096 bits do not decide
    counts as not proved.
    """
    precision = START_PRECISION
    while precision <= EXACT_BITS:
        with ctx.workprec(precision):
            value, bound = formula(), ball(limit)
            if value <= bound:
                return True
            if value > bound:
                return False
        precision *= 2
    return False


def power(base: int, exponent: int) -> int:
    """base^exponent for base ≥ 0, exactly.

    Raises:
        BoundsError: the result has more than ``MAX_BITS`` bits.
    """
    bits = exponent * base.bit_length()
    if base > 1 and bits > MAX_BITS:
        raise BoundsError(
            f"a count of about {shown(bits)} bits exceeds the {MAX_BITS} allowed; reduce the sizes"
        )
    return int(base**exponent)
