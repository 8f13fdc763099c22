"""Envelopes of rational functions against pointwise minima; arcs and oscillations by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from geometry.arcs import profile
from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval, sign_pattern
from geometry.rational_functions import RationalFunction
from geometry.shape import extrema, global_minima, oscillations
from piecewise.objective import CellKey

A = Interval.rational(fmpq(-2), fmpq(3))

HIGH = RationalFunction.reduced(fmpz_poly([1000]), fmpz_poly([1]))


def segment(coefficients: list[int], index: int = 0, within: Interval = A) -> Segment:
    function = RationalFunction.reduced(fmpz_poly(coefficients), fmpz_poly([5, 0, 1]))
    return Segment(within, function, CellKey((index,)), (), HIGH)


def value(envelope: Envelope, alpha: fmpq) -> fmpq:
    return next(s.function(alpha) for s in envelope.segments if s.interval.has_inside(alpha))


polynomials = st.lists(st.integers(-6, 6), min_size=1, max_size=4)


@given(st.lists(polynomials, min_size=1, max_size=5))
def test_the_envelope_is_the_pointwise_minimum(functions: list[list[int]]) -> None:
    segments = [segment(coefficients, k) for k, coefficients in enumerate(functions)]
    envelope = Envelope().lowered(segments)
    assert envelope.segments[0].interval.lower == A.lower
    assert envelope.segments[-1].interval.upper == A.upper
    for left, right in zip(envelope.segments, envelope.segments[1:], strict=False):
        assert left.interval.upper == right.interval.lower
    for alpha in (fmpq(k, 7) for k in range(-13, 21)):
        if any(s.interval.lower.compare_rational(alpha) == 0 for s in envelope.segments):
            continue
        assert value(envelope, alpha) == min(s.function(alpha) for s in segments)


@given(polynomials, polynomials)
def test_comparison_is_the_sign_of_the_difference(left: list[int], right: list[int]) -> None:
    envelope = Envelope().lowered([segment(left)])
    other = segment(right)
    for part, sign in envelope.comparison(*other.oriented, A):
        alpha = part.sample()
        difference = other.function(alpha) - envelope.segments[0].function(alpha)
        assert difference * sign >= 0  # a touching point may be the sample


def test_of_equal_functions_the_first_stays() -> None:
    envelope = Envelope().lowered([segment([1, 1], 0), segment([1, 1], 1)])
    assert [s.key.cells for s in envelope.segments] == [(0,)]


def test_tangential_contact_makes_no_segment() -> None:
    # (α−1)²/(5+α²) touches 0 at 1 from above.
    envelope = Envelope().lowered([segment([0]), segment([1, -2, 1], 1)])
    assert len(envelope.segments) == 1


def test_even_roots_do_not_split() -> None:
    square = fmpz_poly([-1, 1]) ** 2 * fmpz_poly([-2, 1])
    pattern = [(part.upper.as_rational(), sign) for part, sign in sign_pattern(square, A)]
    assert pattern == [(2, -1), (3, 1)]


def pieces(*entries: tuple[int, int, list[int]]) -> list[tuple[Interval, RationalFunction]]:
    return [
        (
            Interval.rational(fmpq(lower), fmpq(upper)),
            RationalFunction.reduced(fmpz_poly(coefficients), fmpz_poly([1])),
        )
        for lower, upper, coefficients in entries
    ]


@pytest.mark.parametrize(
    ("function", "minima", "maxima", "cuts"),
    [
        (pieces((0, 1, [5])), 1, 1, 0),  # constant: one plateau, both
        (pieces((0, 1, [0, 1])), 1, 1, 1),  # monotone: the ends
        (pieces((-1, 1, [0, 0, 1])), 1, 2, 2),  # valley
        (pieces((-1, 1, [0, 0, -1])), 2, 1, 2),  # hill
        (pieces((0, 1, [0, 1]), (1, 2, [1]), (2, 3, [3, -1])), 2, 1, 2),  # plateau on top
        (pieces((0, 1, [0, 1]), (1, 2, [1]), (2, 3, [-1, 1])), 1, 1, 1),  # terrace: no extremum
        (pieces((0, 1, [0, 1]), (1, 2, [2, -1]), (2, 3, [-2, 1])), 2, 2, 3),  # zigzag 0 1 0 1
        # Heights 0 2 1 3: no level is crossed three times at the ends, but 1 < τ < 2 is.
        (pieces((0, 1, [0, 2]), (1, 2, [3, -1]), (2, 3, [-3, 2])), 2, 2, 3),
        # Heights 0 1 0 2 0: the upper half of the second hill is cut twice only.
        (
            pieces((0, 1, [0, 1]), (1, 2, [2, -1]), (2, 3, [-4, 2]), (3, 4, [8, -2])),
            3,
            2,
            4,
        ),
    ],
)
def test_shapes_by_hand(
    function: list[tuple[Interval, RationalFunction]], minima: int, maxima: int, cuts: int
) -> None:
    arcs = profile(function)
    low, high = extrema(arcs)
    assert (len(low), len(high), oscillations(arcs)) == (minima, maxima, cuts)


def test_equal_minima_are_all_reported_and_compared_exactly() -> None:
    # α⁴ − 2α² has its minima −1 at ±1; α⁴ − 2α² + 10⁻⁴⁰α breaks the tie.
    tie = profile(pieces((-2, 2, [0, 0, -2, 0, 1])))
    places = global_minima(extrema(tie)[0])
    assert [place.lower.as_rational() for place in places] == [-1, 1]
    tilted = RationalFunction.reduced(
        fmpz_poly([0, 1, -2 * 10**40, 0, 10**40]), fmpz_poly([10**40])
    )
    lowest = global_minima(extrema(profile([(Interval.rational(fmpq(-2), fmpq(2)), tilted)]))[0])
    assert len(lowest) == 1
    assert lowest[0].lower.compare_rational(fmpq(0)) < 0


def test_irrational_ties_are_decided_by_their_polynomials() -> None:
    # (α² − 2)² has minima 0 at ±√2, which no enclosure separates.
    places = global_minima(extrema(profile(pieces((-3, 3, [4, 0, -4, 0, 1]))))[0])
    assert [float(place.lower) for place in places] == pytest.approx([-(2**0.5), 2**0.5])
    assert places[0].level.exact.as_rational() == Fraction(0)
