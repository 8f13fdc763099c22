"""Between balls of flint and intervals with exact rational ends; always outwards."""

from __future__ import annotations

from fractions import Fraction

from flint import arb, fmpq, fmpz

from piecewise.exact import to_fmpq, to_fraction

Interval = tuple[Fraction, Fraction]
"""A closed interval."""

Box = tuple[Interval, ...]
"""One closed interval per variable."""


def ball(lower: Fraction | fmpq | int, upper: Fraction | fmpq | int) -> arb:
    """A ball that contains [lower, upper], at the current precision."""
    return arb(to_fmpq(lower)).union(arb(to_fmpq(upper)))


def interval(enclosure: arb) -> Interval:
    """An interval with exact ends that contains the ball."""
    return _exact(enclosure.lower()), _exact(enclosure.upper())


def _exact(point: arb) -> Fraction:
    mantissa, exponent = point.man_exp()
    return to_fraction(fmpq(fmpz(mantissa)) * fmpq(2) ** int(exponent))
