"""Real algebraic numbers against planted roots and against each other."""

from __future__ import annotations

import pickle
from fractions import Fraction
from math import isclose, sqrt

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from geometry.algebraic import RealAlgebraic, roots_of, simplest_between
from geometry.polynomials import variations
from geometry.rational_functions import RationalFunction

SQRT2 = fmpz_poly([-2, 0, 1])
GOLDEN = fmpz_poly([-1, -1, 1])

fractions = st.fractions(min_value=-20, max_value=20, max_denominator=30)


def exact(value: Fraction | int) -> fmpq:
    fraction = Fraction(value)
    return fmpq(fraction.numerator, fraction.denominator)


def linear(root: Fraction) -> fmpz_poly:
    return fmpz_poly([-root.numerator, root.denominator])


@given(st.lists(fractions, min_size=1, max_size=6), st.integers(0, 2))
def test_planted_roots_come_back_in_order_with_irrational_ones_between(
    roots: list[Fraction], power: int
) -> None:
    p = SQRT2**power
    for root in roots:
        p *= linear(root)
    expected = sorted({float(root) for root in roots} | ({-sqrt(2), sqrt(2)} if power else set()))
    found = roots_of(p, fmpq(-30), fmpq(30))
    assert [float(root) for root in found] == pytest.approx(expected, abs=1e-15)
    assert found == sorted(found)


@given(st.lists(fractions, min_size=1, max_size=5))
def test_odd_roots_are_the_sign_changes(roots: list[Fraction]) -> None:
    p = fmpz_poly([1])
    for root in roots:
        p *= linear(root)
    odd = sorted({root for root in roots if roots.count(root) % 2})
    found = roots_of(p, fmpq(-30), fmpq(30), odd_only=True)
    assert [root.as_rational() for root in found] == odd


@given(st.lists(fractions, min_size=2, max_size=6, unique=True))
def test_descartes_count_has_the_parity_of_the_roots_and_is_no_smaller(
    roots: list[Fraction],
) -> None:
    p = fmpz_poly([1, 0, 1])  # complex roots may add an even number
    for root in roots:
        p *= linear(root)
    inside = sum(-7 < root < Fraction(22, 3) for root in roots)
    count = variations(p, fmpq(-7), fmpq(22, 3))
    assert count >= inside
    if all(root not in (-7, Fraction(22, 3)) for root in roots):
        assert (count - inside) % 2 == 0


def test_numbers_that_agree_to_many_digits_are_told_apart() -> None:
    near = fmpz_poly([-(2 * 10**60 + 1), 0, 10**60])  # sqrt(2 + 10^-60)
    root = roots_of(SQRT2, fmpq(0), fmpq(2))[0]
    other = roots_of(near, fmpq(0), fmpq(2))[0]
    assert root < other
    assert root != other
    assert root.compare_rational(fmpq(141421356237309504880, 10**20)) > 0


def test_equal_numbers_from_different_intervals_are_equal() -> None:
    one, other = roots_of(SQRT2, fmpq(0), fmpq(2))[0], roots_of(SQRT2, fmpq(1), fmpq(3, 2))[0]
    other.bisect(200)
    assert one == other
    assert hash(one) == hash(other)
    assert one.isolating_interval() == other.isolating_interval()
    assert pickle.loads(pickle.dumps(one)) == other  # noqa: S301  our own bytes


def test_sign_of_a_polynomial_at_its_own_root_is_zero() -> None:
    root = roots_of(GOLDEN, fmpq(0), fmpq(2))[0]
    assert root.sign_of(GOLDEN * fmpz_poly([3, 1])) == 0
    assert root.sign_of(fmpz_poly([-1618, 1000])) > 0
    assert root.sign_of(fmpz_poly([-1619, 1000])) < 0
    assert root.sign_of(fmpz_poly([-5])) < 0


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (Fraction(1, 8), 20, "0.125"),
        (Fraction(2, 3), 5, "0.66667"),
        (Fraction(-1, 3000), 3, "-0.000333"),
        (Fraction(1234567), 3, "1230000"),
        (Fraction(99999), 3, "100000"),
        (Fraction(0), 5, "0"),
        (Fraction(1, 2) + 1000, 4, "1000"),  # ties to even
    ],
)
def test_decimals_of_rationals(value: Fraction, digits: int, text: str) -> None:
    assert RealAlgebraic.rational(exact(value)).decimal(digits) == text


def test_decimals_of_irrationals_show_every_digit() -> None:
    root = roots_of(SQRT2, fmpq(0), fmpq(2))[0]
    assert root.decimal(30) == "1.41421356237309504880168872421"


@given(fractions, fractions)
def test_simplest_rational_between_is_between_and_simplest(a: Fraction, b: Fraction) -> None:
    if a == b:
        return
    lower, upper = sorted((a, b))
    found = simplest_between(
        RealAlgebraic.rational(exact(lower)), RealAlgebraic.rational(exact(upper))
    )
    value = Fraction(int(found.p), int(found.q))
    assert lower < value < upper
    for denominator in range(1, value.denominator):
        above = lower * denominator // 1 + 1
        assert Fraction(above, denominator) >= upper


def test_simplest_rational_does_not_depend_on_refinement() -> None:
    coarse = roots_of(SQRT2 * GOLDEN, fmpq(1), fmpq(2))
    fine = roots_of(SQRT2 * GOLDEN, fmpq(1), fmpq(2))
    for number in fine:
        number.bisect(100)
    assert simplest_between(*coarse) == simplest_between(*fine) == fmpq(3, 2)


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=5), st.lists(st.integers(-5, 5), max_size=4)
)
def test_values_at_algebraic_numbers_are_roots_of_their_polynomial(
    numerator: list[int], denominator: list[int]
) -> None:
    # 3x³ − x − 1 is irreducible with a leading coefficient ≠ 1: degree drops of N − vD matter.
    at = roots_of(fmpz_poly([-1, -1, 0, 3]), fmpq(0), fmpq(2))[0]
    p, q = fmpz_poly(numerator), fmpz_poly([*denominator, 7])
    if at.sign_of(q) == 0:
        return
    function = RationalFunction.reduced(p, q)
    x = float(at)
    expected = sum(c * x**i for i, c in enumerate(numerator)) / (
        sum(c * x**i for i, c in enumerate(denominator)) + 7 * x ** len(denominator)
    )
    assert isclose(float(function.value_at(at)), expected, rel_tol=1e-9, abs_tol=1e-12)
