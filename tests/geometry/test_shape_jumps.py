"""Extrema and oscillations of functions that jump: by hand, by the checker, by sampling."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from geometry.arcs import lower_points, profile
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.shape import extrema, global_minima, oscillations
from geometry.values import Level
from pieceproof.checking.heights import Height
from pieceproof.checking.intervals import Interval as CheckedInterval
from pieceproof.checking.pieces import Piece, Value
from pieceproof.checking.reals import exactly
from pieceproof.checking.shapes import shape

ONE = fmpz_poly([1])
Coefficients = list[int]


@dataclass(frozen=True)
class Given:
    """The function that is ``pieces[i]`` on (i, i+1) and ``points[i]`` at i."""

    pieces: list[Coefficients]
    points: list[int]

    def producer(self):
        functions = [RationalFunction.reduced(fmpz_poly(p), ONE) for p in self.pieces]
        parts = [
            (Interval.rational(fmpq(i), fmpq(i + 1)), function)
            for i, function in enumerate(functions)
        ]
        ends = [parts[0][0].lower, *(interval.upper for interval, _ in parts)]
        constants = [RationalFunction.reduced(fmpz_poly([v]), ONE) for v in self.points]
        levels = [Level(value, at) for value, at in zip(constants, ends, strict=True)]
        return profile(parts, levels)

    def checked(self):
        ends = [exactly(fmpq(i)) for i in range(len(self.points))]
        pieces = [
            Piece(CheckedInterval(*pair), fmpz_poly(p), ONE)
            for p, pair in zip(self.pieces, pairwise(ends), strict=True)
        ]
        points = [
            Height(Value(fmpz_poly([v]), ONE), at) for v, at in zip(self.points, ends, strict=True)
        ]
        return shape(pieces, points)


def places(extrema_):
    """Each as text: [0, 1) for a plateau without its upper end."""
    found = []
    for e in extrema_:
        lower, upper = e.lower.decimal(4), e.upper.decimal(4)
        text = f"{'(['[not e.lower_open]}{lower}, {upper}{')]'[not e.upper_open]}"
        found.append(text if e.is_plateau else lower)
    return found


@pytest.mark.parametrize(
    ("function", "minima", "maxima", "cuts"),
    [
        # 12, then 11 on a closed interval, then 12: the error counts of a classifier
        (Given([[12], [11], [12]], [12, 11, 11, 12]), ["[1, 2]"], ["[0, 1)", "(2, 3]"], 2),
        # one lower value in the middle of a constant
        (Given([[5], [5]], [5, 4, 5]), ["1"], ["[0, 1)", "(1, 2]"], 2),
        # one lower value at an end of A
        (Given([[5]], [3, 5]), ["0"], ["(0, 1]"], 1),
        # the limit 1 from the left is not attained: no maximum at 1
        (Given([[0, 1], [-1, 1]], [0, 0, 1]), ["0", "1"], ["2"], 3),
        # both limits greater than the value, and both arcs lead away from it
        (Given([[2, -1], [1, 1]], [2, 0, 3]), ["1"], ["0", "2"], 2),
        # a step down on a falling function is no extremum
        (Given([[5, -1], [2, -1]], [5, 1, 0]), ["2"], ["0"], 1),
        # a step down from a plateau to a rising arc
        (Given([[3], [0, 1]], [3, 1, 2]), ["1"], ["[0, 1)", "2"], 2),
    ],
)
def test_by_hand(function, minima, maxima, cuts):
    low, high = extrema(function.producer())
    assert (places(low), places(high)) == (minima, maxima)
    assert oscillations(function.producer()) == cuts


@st.composite
def functions(draw):
    """Up to five pieces of degree ≤ 2; at their ends no value is above a limit."""
    polynomials = st.lists(st.integers(-3, 3), min_size=1, max_size=3)
    pieces = draw(st.lists(polynomials, min_size=1, max_size=5))
    points = []
    for at in range(len(pieces) + 1):
        around = [fmpz_poly(p)(at) for p in pieces[max(at - 1, 0) : at + 1]]
        points.append(int(min(around)) - draw(st.sampled_from([0, 0, 0, 1, 2])))
    return Given([fmpz_poly(p).coeffs() or [0] for p in pieces], points)


@given(functions())
def test_producer_and_checker_agree(function):
    low, high = extrema(function.producer())
    found = function.checked()
    for own, other in (
        (low, found.minima),
        (high, found.maxima),
        (global_minima(low), found.lowest),
    ):
        assert [(e.lower_open, e.upper_open) for e in own] == [
            ("lower" in e.missing, "upper" in e.missing) for e in other
        ]
        assert [e.lower.decimal(9) for e in own] == [_decimal(e.start) for e in other]
        assert [e.upper.decimal(9) for e in own] == [_decimal(e.end) for e in other]
    assert oscillations(function.producer()) == found.oscillations


def _decimal(number):
    from geometry.algebraic import roots_of

    if number.rational:
        return roots_of(fmpz_poly([-number.lower.p, number.lower.q]), number.lower, number.lower)[
            0
        ].decimal(9)
    (root,) = roots_of(number.polynomial, number.lower, number.upper)
    return root.decimal(9)


@given(functions())
def test_oscillations_are_the_cuts_of_a_fine_sampling(function):
    """With turning points of denominators ≤ 12 the values at multiples of 1/240 show every cut,
    apart from limits, which neighbours within 1/1000000 stand for."""
    alphas = {fmpq(k, 240) for k in range(240 * len(function.pieces) + 1)}
    step = fmpq(1, 10**6)
    alphas |= {alpha + s for alpha in alphas for s in (step, -step)}
    ordered = sorted(alpha for alpha in alphas if 0 <= alpha <= len(function.pieces))

    def value(alpha):
        if alpha.q == 1:
            return fmpq(function.points[int(alpha.p)])
        return fmpz_poly(function.pieces[int(alpha.floor())])(alpha)

    values = [value(alpha) for alpha in ordered]
    turns = [values[0]]
    for v in values[1:]:  # only extremes of monotone runs matter
        if len(turns) > 1 and (turns[-1] - turns[-2]) * (v - turns[-1]) > 0:
            turns[-1] = v
        elif v != turns[-1]:
            turns.append(v)
    cuts = max(
        (sum(min(x, y) < tau <= max(x, y) for x, y in pairwise(turns)) for tau in turns), default=0
    )
    assert oscillations(function.producer()) == cuts


def test_lower_points_take_the_smaller_limit():
    parts = [
        (Interval.rational(fmpq(i), fmpq(i + 1)), RationalFunction.reduced(fmpz_poly(p), ONE))
        for i, p in enumerate(([0, 1], [3], [0, 1]))
    ]
    assert [level.exact.as_rational() for level in lower_points(parts)] == [0, 1, 2, 3]
