"""Exact rationals: what a number in a data file or a call means.

A decimal is read as the fraction it prints: "0.1", Decimal("0.1") and the float
0.1 are all 1/10. Fractions stand at the surface (immutable, hashable, printable);
flint's ``fmpq`` does the arithmetic inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational
from typing import Any

from flint import fmpq, fmpz

from piecewise.errors import ProblemError

Number = int | float | str | Fraction | Decimal

MAX_DIGITS = 400
"""Longest mantissa and largest decimal exponent read; more is a typing error or an attack."""

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_RATIO = re.compile(r"[+-]?\d+\s*/\s*\d+")


def rational(value: object) -> Fraction:
    """The exact rational that ``value`` denotes; bools, NaN and infinities are refused.

    Raises:
        ProblemError: ``value`` is not a finite number, "p/q" or decimal string.
    """
    if isinstance(value, bool):
        raise ProblemError(f"{value!r} is not a number")
    if isinstance(value, Fraction):
        return value
    if isinstance(value, (fmpq, fmpz)):
        return Fraction(int(fmpq(value).p), int(fmpq(value).q))
    if isinstance(value, Integral):
        return Fraction(int(value))
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if hasattr(value, "item") and not isinstance(value, str):  # NumPy scalars
        return rational(value.item())
    text = (repr(value) if isinstance(value, float) else str(value)).strip()
    if len(text) > 2 * MAX_DIGITS:
        raise ProblemError(f"a number of {len(text)} characters is longer than {2 * MAX_DIGITS}")
    if _RATIO.fullmatch(text):
        numerator, denominator = (int(part) for part in text.split("/"))
        if denominator == 0:
            raise ProblemError(f"{text!r} has a zero denominator")
        return Fraction(numerator, denominator)
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ProblemError(f'{text!r} is not a finite number; write a decimal or "p/q"')
    if match[2] and abs(int(match[2][1:])) > MAX_DIGITS:
        raise ProblemError(f"{text!r} has a decimal exponent beyond {MAX_DIGITS}")
    return Fraction(text)


def rationals(values: Iterable[Any]) -> tuple[Fraction, ...]:
    """``rational`` for each of ``values``."""
    return tuple(rational(value) for value in values)


def to_fmpq(value: Fraction | int | fmpq | fmpz) -> fmpq:
    """The flint number equal to ``value``."""
    if isinstance(value, fmpq):
        return value
    if isinstance(value, Fraction):
        return fmpq(value.numerator, value.denominator)
    return fmpq(value)


def to_fraction(value: fmpq) -> Fraction:
    """The fraction equal to the flint number ``value``."""
    return Fraction(int(value.p), int(value.q))
