"""Exact objects as JSON values and back, for finished work that is kept on disk.

What is read back is data; the checker verifies the certificate made of it like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpz, fmpz_poly

from geometry.algebraic import RealAlgebraic, read_fmpq
from geometry.convex import CellBound, Step
from geometry.envelope import Segment
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.refinement import RefinedKey
from piecewise.objective import CellKey


def number_json(number: RealAlgebraic) -> list[Any]:
    """A real algebraic number by its polynomial and isolating interval."""
    lower, upper = number.isolating_interval()
    return [poly_json(number.polynomial), str(lower), str(upper)]


def read_number(entry: Sequence[Any]) -> RealAlgebraic:
    """Back from :func:`number_json`."""
    return RealAlgebraic(read_poly(entry[0]), read_fmpq(entry[1]), read_fmpq(entry[2]))


def poly_json(p: fmpz_poly) -> list[str]:
    """The coefficients, constant first."""
    return [str(c) for c in p.coeffs()]


def read_poly(entry: Sequence[str]) -> fmpz_poly:
    """Back from :func:`poly_json`."""
    return fmpz_poly([fmpz(c) for c in entry])


def interval_json(interval: Interval) -> list[Any]:
    """The two ends."""
    return [number_json(interval.lower), number_json(interval.upper)]


def read_interval(entry: Sequence[Any]) -> Interval:
    """Back from :func:`interval_json`."""
    return Interval(read_number(entry[0]), read_number(entry[1]))


def key_json(key: CellKey) -> list[Any]:
    """The unit cells, the signs, and the cell of the training examples around a refined one."""
    coarse = [list(key.coarse)] if isinstance(key, RefinedKey) else []
    return [list(key.cells), list(key.signs), *coarse]


def read_key(entry: Sequence[Any]) -> CellKey:
    """Back from :func:`key_json`."""
    cells, signs, *coarse = map(tuple, entry)
    return RefinedKey(cells, signs, coarse[0]) if coarse else CellKey(cells, signs)


def function_json(function: RationalFunction) -> list[Any]:
    """Numerator and denominator."""
    return [poly_json(function.numerator), poly_json(function.denominator)]


def read_function(entry: Sequence[Any]) -> RationalFunction:
    """Back from :func:`function_json`."""
    return RationalFunction(read_poly(entry[0]), read_poly(entry[1]))


def segment_json(segment: Segment) -> list[Any]:
    """A segment of an envelope."""
    return [
        interval_json(segment.interval),
        function_json(segment.function),
        key_json(segment.key),
        list(segment.active),
        function_json(segment.above),
    ]


def read_segment(entry: Sequence[Any]) -> Segment:
    """Back from :func:`segment_json`."""
    interval, function, key, active, above = entry
    return Segment(
        read_interval(interval),
        read_function(function),
        read_key(key),
        tuple(active),
        read_function(above),
    )


def bound_json(bound: CellBound) -> list[Any]:
    """The proof of a cell."""
    return [
        key_json(bound.key),
        [[interval_json(step.interval), list(step.active)] for step in bound.steps],
        [segment_json(segment) for segment in bound.improvements],
    ]


def read_bound(entry: Sequence[Any]) -> CellBound:
    """Back from :func:`bound_json`."""
    key, steps, improvements = entry
    return CellBound(
        read_key(key),
        tuple(Step(read_interval(interval), tuple(active)) for interval, active in steps),
        tuple(read_segment(segment) for segment in improvements),
    )
