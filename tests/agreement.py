"""One comparison of an exact dual function with the brute-force oracle, for every test of it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_poly
from oracle import Oracle
from oracle_convolution import ConvolutionOracle
from oracle_faces import to_flint
from oracle_pieces import RESOLUTION, Break
from oracle_shape import Node, Shape, shape

from geometry.algebraic import RealAlgebraic
from geometry.convex_dual import ConvexDual
from geometry.dual import Breakpoint, DualFunction
from geometry.shape import Extremum
from piecewise import Problem, Ridge

SAMPLES = 11
"""Values are compared at this many equidistant rationals, the ends of A among them."""


def assert_agreement(
    problem: Problem, dual: DualFunction, oracle: Oracle | ConvolutionOracle | None = None
) -> Shape:
    """Values, pieces, breakpoints with kinds, extrema and oscillations are the oracle's."""
    oracle = oracle or Oracle(problem)
    expected = shape(oracle)
    lower, upper = problem.interval
    for index in range(SAMPLES):
        alpha = lower + (upper - lower) * Fraction(index, SAMPLES - 1)
        assert to_flint(dual(alpha)) == oracle.sample(to_flint(alpha)).value
    found = [(piece.value.numerator, piece.value.denominator) for piece in dual.pieces]
    assert found == [(piece.numerator, piece.denominator) for piece in expected.pieces]
    for breakpoint_, change in zip(dual.breakpoints, expected.breaks, strict=True):
        _assert_same_breakpoint(breakpoint_, change)
    _assert_same_places(dual.local_minima, expected.minima)
    _assert_same_places(dual.local_maxima, expected.maxima)
    _assert_same_places(dual.minimum().places, expected.lowest)
    assert dual.oscillations() == expected.oscillations
    return expected


def assert_minimisers_attain(problem: Problem, dual: ConvexDual, alpha: Fraction) -> None:
    """Every minimiser lies in the box and, for a continuous activation, attains ℓ*(α)."""
    found = dual.minimisers(alpha)
    assert found
    smooth = isinstance(problem.model, Ridge) or problem.model.activation.is_continuous
    for minimiser in found:
        for w, parameter in zip(minimiser.w, problem.parameters, strict=True):
            assert parameter.lower <= w <= parameter.upper
        if smooth:
            assert problem.value(alpha, minimiser.w) == dual(alpha)


def _assert_same_breakpoint(found: Breakpoint, change: Break) -> None:
    """The product's isolating interval, refined, lies in the oracle's bracket of the change."""
    assert str(found.kind) == change.kind
    assert _lies_between(found.alpha, change.lower, change.upper)
    irreducible, crossing = fmpq_poly(found.alpha.polynomial), fmpq_poly(change.polynomial)
    assert len(found.alpha.polynomial.factor()[1]) == 1
    assert crossing % irreducible == 0


def _assert_same_places(found: Sequence[Extremum], expected: Sequence[Node]) -> None:
    assert len(found) == len(expected)
    for extremum, node in zip(found, expected, strict=True):
        assert extremum.is_plateau == node.is_plateau
        for end in (extremum.lower, extremum.upper):
            margin = 0 if node.is_plateau else RESOLUTION
            assert _lies_between(end, node.lower - margin, node.upper + margin)
        if node.is_plateau:
            assert _lies_between(extremum.lower, node.lower, node.lower + 2 * RESOLUTION)
            assert _lies_between(extremum.upper, node.upper - 2 * RESOLUTION, node.upper)


def _lies_between(number: RealAlgebraic, lower: fmpq, upper: fmpq) -> bool:
    return number.compare_rational(lower) >= 0 >= number.compare_rational(upper)
