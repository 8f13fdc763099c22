"""Signs of polynomials and real algebraic numbers, against planted roots."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from pieceproof.checking.intervals import Interval, nonnegative, positive, roots_inside
from pieceproof.checking.numerals import check_algebraic, read_end, rounds_to
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.checking.reals import Real, between, compare, exactly, sign_at
from pieceproof.checking.signs import isolate, squarefree_part

X = fmpz_poly([0, 1])
SQRT2 = Real(X**2 - 2, fmpq(1), fmpq(2))
SQRT3 = Real(X**2 - 3, fmpq(1), fmpq(2))
SMALL = settings(derandomize=True, max_examples=60, deadline=None)

rationals = st.builds(Fraction, st.integers(-30, 30), st.integers(1, 7))
irreducible_quadratics = st.sampled_from([X**2 - 2, X**2 - 3, 2 * X**2 - 5, X**2 + X - 1, X**2 + 1])


def to_flint(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def linear(root: Fraction) -> fmpz_poly:
    return fmpz_poly([-root.numerator, root.denominator])


def closed(low: Fraction | int, high: Fraction | int) -> Interval:
    return Interval(exactly(fmpq(low)), exactly(fmpq(high)))


@given(st.lists(rationals, max_size=6), st.lists(irreducible_quadratics, max_size=2))
@SMALL
def test_isolation_finds_every_planted_root_once(planted, quadratics):
    product = fmpz_poly([1])
    for factor in [*map(linear, planted), *quadratics]:
        product *= factor
    low, high = fmpq(-31), fmpq(31)
    intervals = isolate(squarefree_part(product), low, high)
    for left, right in pairwise(intervals):
        assert left[1] <= right[0]
    real_quadratics = {str(q) for q in quadratics if q[1] ** 2 > 4 * q[0] * q[2]}
    assert len(intervals) == len(set(planted)) + 2 * len(real_quadratics)
    for root in set(planted):
        holders = [(lo, up) for lo, up in intervals if lo <= to_flint(root) <= up]
        assert len(holders) >= 1


@given(st.lists(st.tuples(rationals, st.integers(1, 3)), max_size=4), rationals, rationals)
@SMALL
def test_nonnegative_and_positive_agree_with_the_planted_roots(planted, first, second):
    low, high = sorted((first, second))
    if low == high:
        high += 1
    product = fmpz_poly([1])
    for root, multiplicity in planted:
        product *= linear(root) ** multiplicity
    middle = between(exactly(to_flint(low)), exactly(to_flint(high)))
    while product(middle) == 0:
        middle = between(exactly(middle), exactly(to_flint(high)))
    if product(middle) < 0:
        product = -product
    orders: dict[Fraction, int] = {}
    for root, multiplicity in planted:
        orders[root] = orders.get(root, 0) + multiplicity
    interval = Interval(exactly(to_flint(low)), exactly(to_flint(high)))
    stays = all(order % 2 == 0 for root, order in orders.items() if low < root < high)
    assert nonnegative(product, interval) == stays
    assert not nonnegative(-product, interval)
    assert positive(product, interval) == (not any(low <= root <= high for root in orders))


def test_signs_at_algebraic_ends_are_exact():
    """α² − 2 vanishes at √2; no enclosure decides that, the common divisor does."""
    up_to = Interval(exactly(fmpq(1)), SQRT2)
    assert nonnegative(2 - X**2, up_to)
    assert not positive(2 - X**2, up_to)
    assert not nonnegative(X**2 - 2, up_to)
    assert nonnegative((2 - X**2) ** 3 * (X + 5), up_to)
    assert not nonnegative((2 - X**2) * (X * 10 - 14), up_to)  # changes sign at 1.4 < √2
    assert nonnegative((2 - X**2) * (X * 100 - 142), up_to) is False  # negative throughout
    assert nonnegative((X**2 - 2) * (X * 100 - 142), up_to)  # 1.42 > √2
    assert sign_at((X**2 - 2) * (X - 7), SQRT2) == 0
    assert sign_at(X**4 - 4, SQRT2) == 0
    assert sign_at(10**40 * X**2 - 2 * 10**40 - 1, SQRT2) == -1
    assert sign_at(fmpz_poly([3]), SQRT2) == 1
    assert sign_at(fmpz_poly(), SQRT2) == 0


def test_comparison_tells_equal_from_close():
    same = Real((X**2 - 2) * (X**2 + 7), fmpq(7, 5), fmpq(3, 2))
    assert compare(SQRT2, same) == 0
    assert compare(SQRT2, SQRT3) == -1
    assert compare(SQRT3, SQRT2) == 1
    near = exactly(fmpq(1414213562373095048801688724209698, 10**33))
    assert compare(SQRT2, near) == 1
    assert compare(near, SQRT2) == -1
    assert compare(exactly(fmpq(1)), SQRT2) == -1
    assert compare(exactly(fmpq(1, 2)), exactly(fmpq(1, 2))) == 0
    assert compare(Real(X**2 - 4, fmpq(1), fmpq(3)), exactly(fmpq(2))) == 0
    assert SQRT2.lower < between(SQRT2, SQRT3) < SQRT3.upper
    assert compare(exactly(between(SQRT2, SQRT3)), SQRT3) == -1


def test_roots_at_the_ends_are_not_inside():
    roots = roots_inside((X**2 - 2) * (X**2 - 3) * (X - 1), Interval(SQRT2, SQRT3))
    assert roots == []
    roots = roots_inside((X**2 - 2) * (X**2 - 3) * (2 * X - 3), Interval(SQRT2, SQRT3))
    assert [str(root) for root in roots] == ["1.5"]


@pytest.mark.parametrize(
    ("text", "value", "accepted"),
    [
        ("0.5", fmpq(1, 2), True),
        ("0.50000000000000000000", fmpq(1, 2), True),
        ("5e-1", fmpq(1, 2), True),
        ("-12", fmpq(-12), True),
        ("0", fmpq(0), True),
        ("0.33333333333333333333", fmpq(1, 3), True),
        ("0.33333333333333333334", fmpq(1, 3), False),
        ("0.3333333333333333333", fmpq(1, 3), False),  # 19 digits
        ("0.3333333333333333333", fmpq(3333333333333333333, 10**19), True),
        ("0.250000000000000000004", fmpq(1, 4), False),
        ("0.25", fmpq(1, 4) + fmpq(1, 10**21), True),
        ("0.25", fmpq(1, 4) + fmpq(1, 10**19), False),
        ("0", fmpq(1, 10**40), False),
        ("-0.66666666666666666667", fmpq(-2, 3), True),
        ("-0.66666666666666666666", fmpq(-2, 3), False),
        ("3.3333333333333333333e-3", fmpq(1, 300), True),
        ("0.0033333333333333333333", fmpq(1, 300), True),
        ("0.5 ", fmpq(1, 2), False),
        ("٠.٥", fmpq(1, 2), False),
        ("nan", fmpq(0), False),
        ("", fmpq(0), False),
        ("1e99999999", fmpq(0), False),
    ],
)
def test_decimals_are_correctly_rounded(text, value, accepted):
    assert rounds_to(text, lambda c: compare(exactly(value), exactly(c))) is accepted


def end(polynomial: list[str], interval: list[str]) -> Node:
    return Node({"polynomial": polynomial, "interval": interval}, "end")


def test_ends_must_isolate_one_simple_root():
    root = read_end(end(["-2", "0", "1"], ["1", "2"]))
    assert compare(root, SQRT2) == 0
    for polynomial, interval in [
        (["-2", "0", "1"], ["-2", "2"]),  # two roots
        (["-2", "0", "1"], ["2", "3"]),  # none
        (["2", "0", "1"], ["0", "1"]),  # none real
        (["-8", "12", "-6", "1"], ["1", "3"]),  # (x − 2)³
        (["0", "-1", "0", "1"], ["-2", "2"]),  # three roots, with a change of sign
    ]:
        with pytest.raises(Refuted):
            read_end(end(polynomial, interval))
    for polynomial, interval in [
        (["-1", "2"], ["0", "1"]),  # linear: write the rational
        (["2", "0", "-1"], ["1", "2"]),  # negative leading coefficient
        (["-2", "0", "1"], ["2", "1"]),
        (["-2", "0", "1", "0"], ["1", "2"]),
        (["-2", "0", "1.0"], ["1", "2"]),
        ([-2, 0, 1], ["1", "2"]),
    ]:
        with pytest.raises(CertificateError):
            read_end(end(polynomial, interval))


def test_isolation_survives_a_close_pair_of_complex_roots():
    """Descartes' rule counts three for this interval; bisection finds the only root."""
    complex_pair = (10 * X - 15) ** 2 * 100 + 1
    polynomial = complex_pair * (X**2 - 3)
    coefficients = [str(c) for c in polynomial.coeffs()]
    assert compare(read_end(end(coefficients, ["1", "2"])), SQRT3) == 0


GOOD = {"polynomial": ["-2", "0", "1"], "interval": ["1", "2"], "approx": "1.4142135623730950488"}
HALF = {"polynomial": ["-1", "2"], "interval": ["1/2", "1/2"], "approx": "0.5"}


def test_algebraic_numbers_are_what_they_should_be_in_normal_form():
    check_algebraic(Node(GOOD, "x"), SQRT2, "expected")
    reducible = Real((X**2 - 2) * (X**2 + X + 7) ** 2, fmpq(1), fmpq(2))
    check_algebraic(Node(GOOD, "x"), reducible, "expected")
    check_algebraic(Node(HALF, "x"), exactly(fmpq(1, 2)), "expected")
    check_algebraic(Node(HALF, "x"), Real((2 * X - 1) * (X**2 - 3), fmpq(0), fmpq(1)), "expected")


@pytest.mark.parametrize(
    "wrong",
    [
        GOOD | {"approx": "1.4142135623730950489"},
        GOOD | {"polynomial": ["-4", "0", "2"]},
        GOOD | {"polynomial": ["2", "-2", "-1", "1"], "interval": ["5/4", "2"]},  # reducible
        GOOD | {"polynomial": ["-3", "0", "1"]},
        GOOD | {"interval": ["-2", "-1"]},
        GOOD | {"interval": ["1", "3/2", "2"]},
        GOOD | {"interval": ["7/5", "7/5"]},
        GOOD | {"approx": 1.4142135623730951},
    ],
)
def test_other_numbers_and_other_forms_are_refused(wrong):
    with pytest.raises((Refuted, CertificateError)):
        check_algebraic(Node(wrong, "x"), SQRT2, "expected")


@pytest.mark.parametrize(
    "change", [{"polynomial": ["-2", "4"]}, {"interval": ["1/3", "1/3"]}, {"approx": "0.51"}]
)
def test_rationals_have_one_form(change):
    with pytest.raises(Refuted):
        check_algebraic(Node(HALF | change, "x"), exactly(fmpq(1, 2)), "expected")


@given(
    st.lists(rationals, min_size=1, max_size=4),
    st.lists(irreducible_quadratics, max_size=2),
    st.integers(0, 300),
)
@SMALL
def test_refining_keeps_the_root_and_isolates_it(planted, quadratics, bits):
    product = fmpz_poly([1])
    for factor in [*map(linear, planted), *quadratics]:
        product *= factor
    polynomial, width = squarefree_part(product), fmpq(1, 2**bits)
    for low, high in isolate(polynomial, fmpq(-31), fmpq(31)):
        if polynomial(low) * polynomial(high) >= 0:
            continue
        found = Real(polynomial, low, high).refined(width)
        assert low <= found.lower <= found.upper <= high
        assert found.upper - found.lower <= width
        if found.rational:
            assert polynomial(found.lower) == 0
        else:
            assert polynomial(found.lower) * polynomial(found.upper) < 0
        slowly = Real(polynomial, low, high)
        while slowly.upper - slowly.lower > width:
            slowly = slowly.halved()
        assert max(found.lower, slowly.lower) <= min(found.upper, slowly.upper)


def test_refining_is_quadratic():
    signs = []
    evaluated = fmpz_poly([-2, 0, 1])

    class Counted:
        def __call__(self, value):
            signs.append(value)
            return evaluated(value)

    found = Real(Counted(), fmpq(1), fmpq(2)).refined(fmpq(1, 2**2000))  # type: ignore[arg-type]
    assert found.lower**2 < 2 < found.upper**2
    assert len(signs) < 100  # bisection takes 2000
