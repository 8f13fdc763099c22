"""The one error of the bounds layer, and the checks that raise it.

Every check names the argument, what was given and what is allowed, in one line.
"""

from __future__ import annotations

from fractions import Fraction

from piecewise.errors import ProblemError
from piecewise.exact import rational

MAX_BITS = 1 << 24
"""Longest integer a bound may have (about five million decimal digits)."""


class BoundsError(ValueError):
    """An argument outside the domain of a statement, or a result too long to write down."""


def shown(value: object) -> str:
    """``value`` for a message: long integers by their size (Python refuses to print them)."""
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def count(name: str, value: object, least: int = 0) -> int:
    """``value`` as an integer ≥ ``least``.

    Raises:
        BoundsError: not an integer (bools and floats are not), too small, or longer
            than :data:`MAX_BITS` bits.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise BoundsError(
            f"{name}: {shown(value)} is not an integer; give one that is at least {least}"
        )
    if value < least:
        raise BoundsError(f"{name}: {shown(value)} is too small; it must be at least {least}")
    if value.bit_length() > MAX_BITS:
        raise BoundsError(f"{name}: {shown(value)} is longer than the {MAX_BITS} bits allowed")
    return value


def number(name: str, value: object) -> Fraction:
    """``value`` as an exact rational; "0.1" and 0.1 are 1/10.

    Raises:
        BoundsError: not a finite number.
    """
    try:
        return rational(value)
    except ProblemError as error:
        raise BoundsError(f"{name}: {error}") from None


def positive(name: str, value: object) -> Fraction:
    """``value`` as an exact rational > 0.

    Raises:
        BoundsError: not a finite number, or not positive.
    """
    exact = number(name, value)
    if exact <= 0:
        raise BoundsError(f"{name}: {shown(value)} is not positive")
    return exact


def probability(name: str, value: object) -> Fraction:
    """``value`` as an exact rational strictly between 0 and 1.

    Raises:
        BoundsError: not a finite number, or outside (0, 1).
    """
    exact = number(name, value)
    if not 0 < exact < 1:
        raise BoundsError(f"{name}: {shown(value)} is not strictly between 0 and 1")
    return exact
