"""Interval arithmetic of coverings: what is exact stays so, everything else is enclosed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

from pieceproof.checking.coverings.compiled import arithmetic
from pieceproof.checking.enclosing.compiled.jit import entry

F = Fraction
LARGE = 1e60


@entry
def product(al: float, ah: float, bl: float, bh: float, found: Any) -> None:
    found[0], found[1] = arithmetic.times(al, ah, bl, bh)


@entry
def total(al: float, ah: float, bl: float, bh: float, found: Any) -> None:
    found[0], found[1] = arithmetic.plus(al, ah, bl, bh)


def numbers() -> st.SearchStrategy[float]:
    simple = st.sampled_from([0.0, 1.0, -1.0, 0.5, -3.0, 2.0**-30, 1 / 3, -0.1])
    return simple | st.floats(-LARGE, LARGE) | st.floats(-1.0, 1.0) | st.floats(-1e-300, 1e-300)


def applied(kind: Any, *ends: float) -> tuple[float, float]:
    found = np.zeros(2)
    kind(*ends, found)
    return float(found[0]), float(found[1])


@pytest.mark.parametrize(("kind", "exact"), [(product, F.__mul__), (total, F.__add__)])
@settings(deadline=None, max_examples=400, derandomize=True)
@given(a=st.tuples(numbers(), numbers()), b=st.tuples(numbers(), numbers()))
def test_bounds_enclose_and_are_tight(
    kind: Any, exact: Any, a: tuple[float, float], b: tuple[float, float]
) -> None:
    """Against rational arithmetic; a bound that is a double is hit, others are an ulp off."""
    a, b = (min(a), max(a)), (min(b), max(b))
    low, high = applied(kind, *a, *b)
    values = [exact(F(x), F(y)) for x in a for y in b]
    for bound, true, outer in ((low, min(values), -np.inf), (high, max(values), np.inf)):
        assert (F(bound) <= true) if outer < 0 else (F(bound) >= true)
        nearest = float(true)
        if F(nearest) == true and (true == 0 or abs(true) > F(2) ** -890):
            assert bound == nearest
        elif abs(true) > F(2) ** -890:
            assert abs(bound - nearest) <= 2.0**-50 * abs(nearest)


def test_what_vanishes_at_a_wall_vanishes() -> None:
    """b² − 1 at b = −1: the score of a square at α = 0, w = 0 with an output bias of −1."""
    square = applied(product, -1.0, -1.0, -1.0, -1.0)
    assert square == (1.0, 1.0)
    assert applied(total, *square, -1.0, -1.0) == (0.0, 0.0)
