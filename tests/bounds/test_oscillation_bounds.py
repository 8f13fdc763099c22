"""Lemmas 1, 2, 3, 5, 6 against hand-computed values, brute force and monotonicity."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import combinations, pairwise
from math import comb, e, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounds import BoundsError, from_components, pseudo_dimension, sublevel_components
from bounds.oscillations import (
    from_level_counts,
    level_bezout,
    level_multihomogeneous,
    quadratic_strata,
)
from bounds.pseudodimension import binomial_sum, gj_pseudo_dimension, oscillations_needed

small = st.integers(1, 30)
huge = st.integers(0, 10**60)


def gray_path(n: int, most_flips: int, length: int) -> list[int] | None:
    """Distinct vertices v_0 … v_length of the n-cube, neighbours adjacent, each coordinate
    flipped at most ``most_flips`` times."""
    path, flips = [0], [0] * n

    def extend() -> bool:
        if len(path) == length + 1:
            return True
        for i in range(n):
            vertex = path[-1] ^ (1 << i)
            if flips[i] < most_flips and vertex not in path:
                path.append(vertex)
                flips[i] += 1
                if extend():
                    return True
                path.pop()
                flips[i] -= 1
        return False

    return path if extend() else None


@pytest.mark.parametrize("oscillations", [*range(200), 10**9, 10**30])
def test_lemma_1_is_the_largest_n_with_enough_patterns(oscillations):
    n = pseudo_dimension(oscillations)
    assert 2**n <= n * oscillations + 1
    assert all(2**k > k * oscillations + 1 for k in range(n + 1, n + 12))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_lemma_1_is_tight(n):
    """Step functions along a balanced Gray code: n instances are shattered with the fewest
    cuts Lemma 1 allows."""
    cuts = oscillations_needed(n)
    path = gray_path(n, cuts, 2**n - 1)
    assert path is not None
    assert sorted(path) == list(range(2**n))
    assert pseudo_dimension(cuts) == n
    assert pseudo_dimension(cuts - 1) < n


@pytest.mark.parametrize(("n", "cuts"), [(2, 1), (3, 1), (4, 3), (5, 3), (5, 5)])
def test_the_pattern_count_of_lemma_1_is_attained(n, cuts):
    """nB + 1 different patterns from n duals with B cuts each (B odd: after an even number of
    flips of each the first pattern comes back)."""
    path = gray_path(n, cuts, n * cuts)
    assert path is not None
    flips = [sum((a ^ b) >> i & 1 for a, b in pairwise(path)) for i in range(n)]
    assert flips == [cuts] * n
    assert len(set(path)) == n * cuts + 1


# docs/theorems.md, Lemma 3; the comment gives the base, e^2 = 7.3890561 and e^3 = 20.0855369
@pytest.mark.parametrize(
    ("arguments", "per_piece", "all_at_once"),
    [
        ((1, 0, 1, 1), 738, 738),  # s = 5 twice, (10e)^2 = 738.90
        ((2, 3, 2, 1), 2 * 7566, 9576),  # (32e)^2 = 7566.39 and (36e)^2 = 9576.21
        ((1, 0, 1, 2), 16330, 16330),  # s = 7 twice, (28e/3)^3 = 21952/27 * e^3 = 16330.29
    ],
)
def test_lemma_3_by_hand(arguments, per_piece, all_at_once):
    bound = sublevel_components(*arguments)
    assert (bound.per_piece, bound.all_at_once) == (per_piece, all_at_once)
    assert bound.oscillations == 2 * min(per_piece, all_at_once)


@given(small, small, small, st.integers(1, 12), small)
def test_lemma_3_against_decimal_arithmetic(pieces, boundaries, degree, d, more):
    with localcontext() as context:
        context.prec = 120
        euler = Decimal(1).exp()
        per_piece = pieces * int(
            (4 * euler * degree * (boundaries + 2 * d + 3) / (d + 1)) ** (d + 1)
        )
        s = boundaries + more + pieces + 2 * d + 2
        together = int((4 * euler * degree * s / (d + 1)) ** (d + 1))
    bound = sublevel_components(pieces, boundaries, degree, d, boundaries + more)
    assert (bound.per_piece, bound.all_at_once) == (per_piece, together)


@given(small, small, small, st.integers(1, 12), st.integers(0, 3))
def test_lemma_3_grows_with_every_count(pieces, boundaries, degree, d, which):
    arguments = [pieces, boundaries, degree, d]
    base = sublevel_components(*arguments)
    arguments[which] += 1
    grown = sublevel_components(*arguments)
    assert grown.components >= base.components


def test_lemma_3_leaves_out_a_form_that_is_too_long():
    bound = sublevel_components(10 ** (10**5), 10, 2, 100)
    assert bound.all_at_once is None
    assert bound.components == bound.per_piece


def test_lemma_2():
    assert from_components(7) == 14


def test_quadratic_strata_by_hand():
    # N = 3, M = 1, d = 1, a = 2: (C(3,0)*2*2 + C(3,1)*2*1) * 3 = (4 + 6) * 3
    assert quadratic_strata(3, 1, 1, 2) == 30
    # one parameter, no boundary, ridge: no active wall 1*2, either wall 2*1
    assert quadratic_strata(1, 0, 1, 1) == 4


@given(small, st.integers(0, 6), st.integers(1, 4), small)
def test_quadratic_strata_counts_faces_one_by_one(pieces, boundaries, d, a):
    constraints = range(boundaries + 2 * d)
    faces = [s for s in range(d + 1) for _ in combinations(constraints, s)]
    expected = pieces * sum(a * (d + 1 - s) for s in faces)
    assert quadratic_strata(pieces, boundaries, d, a) == expected


@given(small, small, st.integers(1, 8), small, st.integers(0, 3))
def test_quadratic_strata_grow_with_every_count(pieces, boundaries, d, a, which):
    arguments = [pieces, boundaries, d, a]
    base = quadratic_strata(*arguments)
    arguments[which] += 1
    assert quadratic_strata(*arguments) > base


def test_level_bezout_by_hand():
    # d = 1, M = 0, degrees 4 and 1: s = 0: 3*4; s = 1 (two walls): 3*1*4
    assert level_bezout(1, 0, 1, 4, 1) == 12 + 2 * 12
    # a linear piece still has one stationarity equation of degree at least one
    assert level_bezout(1, 0, 1, 1, 1) == 1 + 2 * 1


def test_multihomogeneous_number_is_a_coefficient():
    sympy = pytest.importorskip("sympy")
    x, y, z = sympy.symbols("x y z")
    for d in range(1, 5):
        for s in range(d + 1):
            for a in (1, 2, 3):
                product = sympy.Poly((a * x + y + z) ** d * y**s * (a * x + 2 * y), x, y, z)
                assert product.coeff_monomial(x * y**d * z**s) == level_multihomogeneous(d, s, a)


def test_multihomogeneous_is_below_bezout_on_a_stratum():
    for d in range(1, 6):
        for s in range(d + 1):
            assert level_multihomogeneous(d, s, 2) <= 3**d * 4


def test_given_level_counts_are_summed():
    assert from_level_counts({"generic": [2, 3, 5], "bezout": [4, 4]}) == {
        "generic": 10,
        "bezout": 8,
    }


@given(huge, huge)
def test_lemma_1_is_monotone(a, b):
    assert (pseudo_dimension(a) <= pseudo_dimension(b)) or a > b


@given(st.integers(0, 200), st.integers(0, 200))
def test_binomial_sums(n, top):
    assert binomial_sum(n, top) == sum(comb(n, i) for i in range(top + 1))


def test_long_binomial_sums_are_bounded_from_above():
    exact = sum(comb(9000, i) for i in range(2101))
    closed = binomial_sum(9000, 2100)
    assert exact <= closed <= 2**9000


@pytest.mark.parametrize("p", [1, 2, 5])
@pytest.mark.parametrize("degree", [1, 3])
@pytest.mark.parametrize("predicates", [1, 2, 50])
def test_gj_bound_is_the_largest_n(p, degree, predicates):
    def slack(n):
        return p * log2(8 * e * degree * max(n * predicates, p) / p) - n

    n = gj_pseudo_dimension(p, degree, predicates)
    assert slack(n) >= 0 > slack(n + 1)
    # closed form of [Goldberg–Jerrum 1995, Thm 2.2]
    assert n <= 2 * p * log2(8 * e * degree * predicates)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pseudo_dimension(-1), "oscillations: -1 is too small"),
        (lambda: pseudo_dimension(2.0), "oscillations: 2.0 is not an integer"),
        (lambda: pseudo_dimension(True), "oscillations: True is not an integer"),
        (lambda: pseudo_dimension(1 << (1 << 25)), "longer than"),
        (lambda: sublevel_components(0, 1, 1, 1), "pieces: 0 is too small; it must be at least 1"),
        (lambda: sublevel_components(1, -3, 1, 1), "boundaries: -3 is too small"),
        (lambda: sublevel_components(1, 5, 1, 1, 4), "all_boundaries: 4 is too small"),
        (lambda: sublevel_components(1, 1, 1, 0), "parameters: 0 is too small"),
        (lambda: sublevel_components(1, 1, 1, 10**18), "reduce"),
        (lambda: sublevel_components(1, 1, 10 ** (10**5), 10**9), "reduce"),
        (lambda: quadratic_strata(1, 1, 10**6, 2), "reduce d"),
        (lambda: quadratic_strata(1, 1, 1, 0), "alpha_degree: 0 is too small"),
        (lambda: level_multihomogeneous(2, 3, 1), "active: 3 constraints exceed"),
        (lambda: gj_pseudo_dimension(0, 1, 1), "parameters: 0 is too small"),
        (lambda: binomial_sum(10**12, 10**12), "reduce the sizes"),
        (lambda: from_level_counts({"generic": [1, -1]}), "generic count of stratum 2: -1"),
    ],
)
def test_bad_arguments_give_one_line(call, words):
    with pytest.raises(BoundsError) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
