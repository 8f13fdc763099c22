"""Tubes: what they enclose is on the branch, and they never change branches."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from sample_families import plane_family

from geometry.continuation import Tube, follow
from geometry.engines.system import PolynomialSystem, ring
from geometry.recentred import Flow

HALF = Fraction(1, 2)


def tube(build: object, start: int, target: Fraction, alpha: Fraction = Fraction(0)) -> Tube:
    exact = (Fraction(start), Fraction(start))
    return follow(Flow(plane_family(build).system), (exact,), alpha, target)


def points(found: Tube) -> list[tuple[Fraction, Fraction, Fraction]]:
    """(α, lower, upper) at five α of every piece."""
    result = []
    for piece in found.pieces:
        width = piece.alpha[1] - piece.alpha[0]
        for fifth in range(5):
            alpha = piece.alpha[0] + width * fifth / 4
            lower, upper = piece.at(alpha)[0]
            result.append((alpha, lower, upper))
    return result


def test_a_circle_is_followed_and_enclosed():
    found = tube(lambda x, a: x**2 + a**2 - 1, 1, HALF)
    assert (found.reason, found.reached) == ("", HALF)
    for alpha, lower, upper in points(found):
        assert 0 < lower < upper
        assert lower**2 <= 1 - alpha**2 <= upper**2
    (lower, upper) = found.nodes[-1][1][0]
    assert upper - lower < Fraction(1, 2**40)
    assert lower**2 <= Fraction(3, 4) <= upper**2


@pytest.mark.parametrize("target", [Fraction(1), Fraction(2)])
def test_a_tube_stops_before_a_fold_and_says_so(target):
    found = tube(lambda x, a: x**2 + a**2 - 1, 1, target)
    assert "fold" in found.reason
    assert Fraction(999, 1000) < found.reached < 1


def test_pieces_are_glued_in_both_directions():
    for target in (Fraction(9, 10), Fraction(-9, 10)):
        found = tube(lambda x, a: x**2 + a**2 - 1, 1, target)
        ends = [alpha for alpha, _ in found.nodes]
        spans = [tuple(sorted(pair)) for pair in pairwise(ends)]
        assert [piece.alpha for piece in found.pieces] == spans
        for piece, (first, last) in zip(found.pieces, pairwise(found.nodes), strict=True):
            for alpha, box in (first, last):
                (low, high), (inner, outer) = piece.at(alpha)[0], box[0]
                assert low <= inner <= outer <= high


@pytest.mark.parametrize("distance", [100, 10_000, 1_000_000])
def test_close_branches_are_not_mixed_up(distance):
    """x² = (α − ½)² + ε²: two branches, ε apart at α = ½."""
    square = distance**2

    def build(x, a):
        return 4 * square * x**2 - square * (2 * a - 1) ** 2 - 4

    context = ring(["x", "a"])
    system = PolynomialSystem.of(["x"], [build(*context.gens())], "a")
    exact = arb(Fraction(1, 4).numerator) / 4 + arb(1) / square
    root = exact.sqrt()
    low = Fraction(int((root.lower() * 2**60).floor().fmpz()), 2**60)
    start = ((low - Fraction(1, 2**30), low + Fraction(1, 2**30)),)
    found = follow(Flow(system), start, Fraction(0), Fraction(1))
    assert found.reason == ""
    assert all(lower > 0 for _, lower, _ in points(found))


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(1, 5))
def test_rational_branches(p, q, r):
    """x = (p + qα)/(1 + rα²), followed from 0 to 1."""
    found = tube(lambda x, a: x * (1 + r * a**2) - p - q * a, p, Fraction(1))
    assert found.reason == ""
    for alpha, lower, upper in points(found):
        assert lower <= (p + q * alpha) / (1 + r * alpha**2) <= upper


def test_a_singular_start_gives_a_reason():
    found = tube(lambda x, a: x**2 - a, 0, Fraction(1))
    assert found.pieces == ()
    assert found.reached == 0
    assert found.reason
