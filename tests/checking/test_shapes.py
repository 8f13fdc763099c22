"""Extrema, minimum and oscillations of functions that are given piece by piece."""

from __future__ import annotations

from itertools import pairwise

import pytest
from flint import fmpq, fmpz_poly

from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.intervals import Interval
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reals import Real, compare, exactly
from pieceproof.checking.shapes import shape
from pieceproof.checking.spans import Envelope, span

X = fmpz_poly([0, 1])
ONE = fmpz_poly([1])


def at(value):
    return (
        value
        if isinstance(value, Real)
        else exactly(fmpq(*value) if isinstance(value, tuple) else fmpq(value))
    )


def function(*parts):
    """Pieces from (start, numerator, denominator), …, end."""
    *pieces, end = parts
    starts = [at(piece[0]) for piece in pieces]
    return [
        Piece(Interval(start, stop), fmpz_poly(numerator), fmpz_poly(denominator))
        for (_, numerator, denominator), start, stop in zip(
            pieces, starts, [*starts[1:], at(end)], strict=True
        )
    ]


def spots(extrema):
    return [(str(e.start), str(e.end)) if e.plateau else str(e.start) for e in extrema]


def zigzag(*levels):
    """Straight lines through (0, levels[0]), (1, levels[1]), …"""
    parts = [
        (i, [a - (b - a) * i, b - a] if b != a else [a], [1])
        for i, (a, b) in enumerate(pairwise(levels))
    ]
    return function(*parts, len(levels) - 1)


@pytest.mark.parametrize(
    ("levels", "minima", "maxima", "lowest", "oscillations"),
    [
        ([0, 1], ["0"], ["1"], ["0"], 1),
        ([1, 0], ["1"], ["0"], ["1"], 1),
        ([0, 1, 0], ["0", "2"], ["1"], ["0", "2"], 2),
        ([1, 0, 1], ["1"], ["0", "2"], ["1"], 2),
        ([5], None, None, None, 0),
        ([0, 2, 1, 3], ["0", "2"], ["1", "3"], ["0"], 3),
        ([0, 1, 1, 2], ["0"], ["3"], ["0"], 1),
        ([0, 2, 3, 1, 1, 2], ["0", ("3", "4")], ["2", "5"], ["0"], 3),
        ([2, 2, 1, 1], [("2", "3")], [("0", "1")], [("2", "3")], 1),
        ([0, 2, 2, 0], ["0", "3"], [("1", "2")], ["0", "3"], 2),
        # a threshold equal to the maximum 1 of the first hump is not above the minimum 1
        ([0, 1, 0, 2, 1, 2], ["0", "2", "4"], ["1", "3", "5"], ["0", "2"], 3),
        ([0, 3, 1, 2, 0], ["0", "2", "4"], ["1", "3"], ["0", "4"], 4),
        ([0, 1, 0, 3, 2, 3], ["0", "2", "4"], ["1", "3", "5"], ["0", "2"], 3),
    ],
)
def test_zigzags(levels, minima, maxima, lowest, oscillations):
    if minima is None:
        found = shape(function((0, levels, [1]), 1))
        minima = maxima = lowest = [("0", "1")]
    else:
        found = shape(zigzag(*levels))
    assert spots(found.minima) == minima
    assert spots(found.maxima) == maxima
    assert spots(found.lowest) == lowest
    assert found.oscillations == oscillations


def test_turning_points_inside_a_piece_are_roots_of_odd_order_of_the_slope():
    """(α² − 2)² on [−2, 2] turns at ±√2 and 0; (α − 1)³ does not turn at 1."""
    found = shape(function((-2, ((X**2 - 2) ** 2).coeffs(), [1]), 2))
    assert spots(found.minima) == ["-1.414213562", "1.414213562"]
    assert spots(found.maxima) == ["-2", "0", "2"]
    assert len(found.lowest) == 2
    assert found.oscillations == 4
    found = shape(function((0, ((X - 1) ** 3).coeffs(), [1]), 2))
    assert spots(found.minima) == ["0"]
    assert found.oscillations == 1


def test_equal_minima_at_different_algebraic_points_tie():
    """α³ − 3α² + 2 and its mirror image: irrational critical values are compared exactly."""
    cubic = X**3 - 2 * X
    mirrored = (4 - X) ** 3 - 2 * (4 - X)
    pieces = function((0, cubic.coeffs(), [1]), (2, mirrored.coeffs(), [1]), 4)
    found = shape(pieces)
    assert len(found.minima) == 2
    assert len(found.lowest) == 2
    assert found.oscillations == 4
    left, right = (extremum.height for extremum in found.minima)
    assert left.number.polynomial.degree() == 2
    assert compare(left.number, right.number) == 0
    value = Real(27 * X**2 - 32, fmpq(-2), fmpq(-1))  # −4√2/(3√3)
    assert compare(left.number, value) == 0
    nudged = function((0, cubic.coeffs(), [1]), (2, (10**30 * mirrored + 1).coeffs(), [10**30]), 4)
    assert len(shape(nudged).lowest) == 1


def test_heights_against_rationals_are_exact():
    piece = function((0, [0, 1], [1, 1]), 2)[0]
    root = Real(X**2 - 2, fmpq(1), fmpq(2))
    height = Height(piece, root)  # √2/(1 + √2) = 2 − √2
    assert compare(height.number, Real(X**2 - 4 * X + 2, fmpq(0), fmpq(1))) == 0
    assert height.against(fmpq(1, 2)) == 1
    assert height.against(fmpq(586, 1000)) == -1
    square = Height(function((0, [0, 0, 1], [1]), 2)[0], root)
    assert square.against(fmpq(2)) == 0
    assert square.number.rational
    assert compare_heights(square, Height(function((0, [2], [1]), 1)[0], exactly(fmpq(1)))) == 0
    assert compare_heights(height, square) == -1


@pytest.mark.parametrize("degree", [2, 3, 7, 90])
def test_the_polynomial_of_a_height_is_the_norm(degree):
    """x^n − x − 1 is irreducible [Selmer 1956]. At y = 1 the degree of P − y·Q drops."""
    root = Real(X**degree - X - 1, fmpq(1), fmpq(2))
    above = sum((X**k * (7 * k**3 % 101 - 50) * 10**30 for k in range(1, 60)), X**60)
    height = Height(function((1, above.coeffs(), (X**60 + 1).coeffs()), 2)[0], root)
    number = height.number
    assert number.polynomial.degree() == degree
    assert len(number.polynomial.factor()[1]) == 1
    low, high = height.enclosure(512)
    assert number.polynomial(low) * number.polynomial(high) < 0
    assert number.lower <= low <= high <= number.upper


def test_an_envelope_names_the_piece_that_a_bound_misses():
    pieces = zigzag(0, 4, 2, 5)
    envelope = Envelope(pieces)

    def missed(value, start, end):
        return envelope.missed_by(fmpz_poly(value), ONE, Interval(at(start), at(end)))

    assert missed([5], 0, 3) is None
    assert missed([4], 0, 3) == 2
    assert missed([4], 0, (8, 3)) is None
    assert missed([3], 0, 3) == 0
    assert missed([3], (3, 2), (7, 3)) is None
    assert missed([3], (3, 2), (5, 2)) == 2
    assert missed([0, 4], 0, 1) is None
    assert missed([0, 3], 0, 1) == 0
    assert missed([-1, 4], 0, 1) == 0
    assert envelope.missed_by(pieces[1].numerator, ONE, pieces[1].interval) is None
    assert envelope.missed_by(fmpz_poly([9]), fmpz_poly([2]), pieces[2].interval) == 2


def test_the_line_of_a_span_is_above_all_its_pieces():
    """Pieces of 1/(1 + α²) and of −α⁵ between irrational ends, and a zigzag."""
    ends = [Real(X**2 - k, fmpq(1), fmpq(4)) for k in (2, 3, 5, 7, 11)]
    bell = function(*((end, [1], [1, 0, 1]) for end in ends), 4)
    power = function(*((end, [0, 0, 0, 0, 0, -1], [1]) for end in ends), 4)
    for pieces in (bell, power, zigzag(0, 4, 2, 5, -7, -7, 100)):
        pending = [span(pieces, 0, len(pieces) - 1)]
        while pending:
            node = pending.pop()
            pending += node.halves
            low, high = node.interval.hull
            for alpha in (low + (high - low) * fmpq(step, 100) for step in range(101)):
                if _holds(node.interval, alpha):
                    (value,) = {
                        piece.numerator(alpha) / piece.denominator(alpha)
                        for piece in pieces
                        if _holds(piece.interval, alpha)
                    }
                    assert node.line(alpha) >= value


def _holds(interval, alpha):
    at_alpha = exactly(alpha)
    return compare(interval.start, at_alpha) <= 0 <= compare(interval.end, at_alpha)
