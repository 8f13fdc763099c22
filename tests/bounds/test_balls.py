"""Certified rounding: never below, decided at any precision, refused when too large."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from bounds import BoundsError
from bounds.balls import ball, decimal_upper, floor_upper, power, proved_at_most
from bounds.thresholds import smallest

positive = st.fractions(Fraction(1, 10**12), 10**12)


@given(positive, st.integers(2, 15))
def test_decimals_are_the_next_ones_above(value, digits):
    found = decimal_upper(lambda: ball(value), digits)
    assert value <= found <= value * (1 + Fraction(11, 10**digits))
    assert len(str(int(found * Fraction(10) ** 40)).strip("0")) <= digits


def test_integers_are_floors():
    assert floor_upper(lambda: arb(1).exp()) == 2
    assert floor_upper(lambda: arb(2).sqrt() * 10**30) == 1414213562373095048801688724209
    assert floor_upper(lambda: arb(0)) == 0
    # beyond 4096 bits only an upper bound, of relative size 2^-4096
    exact = 3**5000
    found = floor_upper(lambda: arb(3) ** 5000)
    assert exact <= found <= exact + (exact >> 4000)


def test_comparisons_raise_the_precision_until_they_are_decided():
    close = Fraction(1, 2**1000)
    root = lambda: arb(2).sqrt() ** 2  # noqa: E731
    assert proved_at_most(root, 2 + close)
    assert not proved_at_most(root, 2 - close)
    # a tie is never decided, hence not proved
    assert not proved_at_most(root, Fraction(2))


def test_precision_is_local():
    before = ctx.prec
    floor_upper(lambda: arb(1).exp() ** 100)
    assert ctx.prec == before


@given(st.integers(1, 1000), st.integers(-50, 2000))
def test_galloping_finds_the_smallest(answer, guess):
    assert smallest(lambda m: m >= answer, guess, 1000, "none") == answer


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: floor_upper(lambda: arb(1) / 0), "too large to evaluate"),
        (lambda: floor_upper(lambda: arb(2) ** (1 << 40)), "reduce the number of parameters"),
        (lambda: decimal_upper(lambda: arb(2) ** 9000), "lies outside"),
        (lambda: power(2, 1 << 40), "reduce the sizes"),
        (lambda: smallest(lambda m: False, 1, 99, "none below 99"), "none below 99"),
    ],
)
def test_what_cannot_be_written_is_refused(call, words):
    with pytest.raises(BoundsError) as caught:
        call()
    assert words in str(caught.value)
