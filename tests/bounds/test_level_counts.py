"""Counts of the level system of a generic stratum: against engines and against each other."""

from __future__ import annotations

import random
from math import comb

import pytest

from bounds.errors import BoundsError
from bounds.level_counts import generic_count, level_supports, stable_mixed_volume, summed_counts
from bounds.oscillations import level_bezout, level_multihomogeneous, quadratic_strata
from geometry.counting import count_complex
from geometry.engines import Limits, PolynomialSystem, available
from geometry.engines.system import primitive, ring

SMALL = [(d, s, a) for d in (1, 2) for s in range(d + 1) for a in (1, 2)]


def random_level_system(d, s, a, seed=1):
    """A quadratic with random coefficients of degree a in α, s random affine constraints."""
    generator = random.Random(seed)
    names = ["alpha", *(f"w{i}" for i in range(d)), *(f"l{j}" for j in range(s))]
    size = len(names)

    def number():
        return generator.choice([-1, 1]) * generator.randint(1, 99)

    def monomial(k, w=(), multiplier=None):
        exponents = [k] + [0] * (size - 1)
        for i in w:
            exponents[1 + i] += 1
        if multiplier is not None:
            exponents[1 + d + multiplier] += 1
        return tuple(exponents)

    squares = [(i, j) for i in range(d) for j in range(i, d)]
    loss = {
        monomial(k, w): number()
        for k in range(a + 1)
        for w in ((), *((i,) for i in range(d)), *squares)
    }
    constraints = [
        {monomial(0): number(), **{monomial(0, (i,)): number() for i in range(d)}} for _ in range(s)
    ]
    gradient = []
    for i in range(d):
        terms = {}
        for exponents, coefficient in loss.items():
            power = exponents[1 + i]
            if power:
                lowered = list(exponents)
                lowered[1 + i] -= 1
                terms[tuple(lowered)] = coefficient * power
        for j, constraint in enumerate(constraints):
            terms[monomial(0, (), j)] = constraint[monomial(0, (i,))]
        gradient.append(terms)
    level = {**loss, monomial(0): loss[monomial(0)] - 1234567}
    context = ring(names)
    equations = [primitive(terms, context) for terms in (*gradient, *constraints, level)]
    return PolynomialSystem.of(names, equations, None)


@pytest.mark.parametrize(("d", "s", "a"), SMALL)
def test_a_random_member_has_the_generic_count(d, s, a):
    found = count_complex(random_level_system(d, s, a), None, available(), Limits(60))
    assert found.generic.value == generic_count(d, s, a) == a * (d + 1 - s)


@pytest.mark.parametrize(("d", "s", "a"), [*SMALL, (3, 1, 2), (4, 0, 1), (3, 3, 2)])
def test_the_ladder_of_a_stratum(d, s, a):
    stable = stable_mixed_volume(d, s, a)
    assert generic_count(d, s, a) <= stable <= level_multihomogeneous(d, s, a)
    supports = level_supports(d, s, a)
    assert len(supports) == 1 + d + s == len(supports[0][0])
    bezout = 1
    for support in supports:
        bezout *= max(map(sum, support))
    assert stable <= bezout


def test_sums_over_strata():
    found = summed_counts(100, 50, 2, 2)  # cars
    assert found["generic_count"] == quadratic_strata(100, 50, 2, 2) == 308400
    by_hand = 100 * (10 + comb(54, 1) * 6 + comb(54, 2) * 2)
    assert found["mixed_volume_count"] == by_hand == 319600
    assert found["multihomogeneous_count"] == 100 * (10 + 54 * 12 + comb(54, 2) * 2) == 352000
    assert found["multihomogeneous_count"] <= level_bezout(100, 50, 2, 4, 1)


def test_sums_out_of_reach_are_left_out():
    found = summed_counts(5, 3, 7, 2)
    assert found["mixed_volume_count"] is None
    assert found["generic_count"] == quadratic_strata(5, 3, 7, 2)
    assert set(summed_counts(5, 3, 50, 2).values()) == {None}
    with pytest.raises(BoundsError, match="pieces: 0 is too small"):
        summed_counts(0, 1, 1, 1)
