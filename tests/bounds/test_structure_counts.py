"""Counting lemmas and structure counts against enumeration and symbolic degrees."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from math import prod

import pytest
from flint import fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from bounds import (
    BoundsError,
    Loss,
    OutputWeights,
    feedforward,
    graph_convolution,
    ridge,
    structure_of,
)
from bounds.counting import (
    affine_cells,
    basu_pollack_roy,
    central_cells,
    milnor_thom,
    sign_conditions,
    warren,
)
from bounds.structure import Origin, Rule
from piecewise.activations import Interpolated, custom
from piecewise.networks import FeedForward, Linear, Ridge
from piecewise.penalties import Penalty
from piecewise.problems import Problem

RELU = custom([0], [[0], [0, 1]])
IDENTITY = custom([], [[0, 1]])
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23)


# reference-values item 9 (Cover): bias-free unit, one breakpoint at 0
@pytest.mark.parametrize(("n", "d", "cells"), [(4, 2, 8), (5, 3, 22), (1, 1, 2), (0, 3, 1)])
def test_central_arrangements(n, d, cells):
    assert central_cells(n, d) == cells


@pytest.mark.parametrize(("s", "n", "cells"), [(0, 2, 1), (3, 1, 4), (3, 2, 7), (5, 3, 26)])
def test_affine_arrangements(s, n, cells):
    assert affine_cells(s, n) == cells


@given(st.integers(1, 40), st.integers(1, 6))
def test_warren_is_above_the_true_count_for_hyperplanes(s, n):
    if s >= n:
        assert warren(s, 1, n) >= affine_cells(s, n)
    assert sign_conditions(s, 1, n) >= sum(
        # faces of a simple arrangement, the most sign conditions hyperplanes have
        affine_cells(s - k, n - k) * prod(range(s - k + 1, s + 1)) // prod(range(1, k + 1))
        for k in range(min(n, s) + 1)
    )


@given(st.integers(1, 30), st.integers(1, 8))
def test_counting_lemmas_on_the_line(s, degree):
    """s polynomials of degree Δ with all sΔ roots real and different."""
    roots = s * degree
    assert warren(s, degree, 1) >= roots + 1
    assert sign_conditions(s, degree, 1) >= 2 * roots + 1
    assert basu_pollack_roy(s, degree, 1) >= 2 * roots + 1
    assert milnor_thom(degree, 1) == degree


def test_counting_lemmas_by_hand():
    assert milnor_thom(3, 4) == 3 * 5**3
    # (1 + 4*3 + 16*3) * 2*3 for three conics in the plane
    assert basu_pollack_roy(3, 2, 2) == 61 * 6
    # (4e*2*3/2)^2 = (12e)^2 = 144 * 7.3890561 = 1064.02
    assert warren(3, 2, 2) == 1064
    # (8e*2*3/2)^2 = (24e)^2 = 4256.10
    assert sign_conditions(3, 2, 2) == 4256
    # fewer polynomials than variables: as many as variables
    assert sign_conditions(1, 2, 3) == sign_conditions(3, 2, 3)


def test_cars_structure():
    """One unit with bias on 50 examples: 2·(1 + 49) cells, degree (αw)²."""
    counts = feedforward([1], 1, 50)
    assert (counts.pieces, counts.boundaries, counts.all_boundaries) == (100, 50, 50)
    assert (counts.degree, counts.boundary_degree, counts.parameters) == (4, 1, 2)
    assert counts.alpha_degree == 2
    assert counts.layers[0].rule is Rule.ARRANGEMENT


def test_two_layers_by_hand():
    counts = feedforward([2, 3], 2, 10, breakpoints=1, degree=1, output_bias=True)
    first, second = counts.layers
    assert first.patterns == central_cells(10, 3) ** 2 == 92**2
    # second layer: 30 polynomials of degree 3 in 6 + 9 + 1 variables; 2^30 is smaller
    assert (second.boundaries, second.degree, second.variables) == (30, 3, 16)
    assert (second.patterns, second.rule) == (2**30, Rule.ORDERINGS)
    assert counts.pieces == 92**2 * 2**30
    assert (counts.boundaries, counts.all_boundaries) == (50, 20 + 92**2 * 30)
    assert counts.parameters == 6 + 9 + 1
    assert counts.objective_degree == 2 * (3 + 1)
    assert counts.alpha_degree is None


def test_warren_takes_over_for_many_examples():
    counts = feedforward([2, 3], 2, 10_000)
    assert counts.layers[1].rule is Rule.WARREN
    assert counts.layers[1].patterns == warren(30_000, 3, 16)


def test_ridge_and_output_choices():
    assert (ridge(3, bias=True).parameters, ridge(3).degree, ridge(3).pieces) == (4, 3, 1)
    assert feedforward([3], 1, 4, output_weights=OutputWeights.SIGNS).pieces == 8 * 8**3
    trainable = feedforward([3], 1, 4, output_weights=OutputWeights.TRAINABLE)
    assert (trainable.parameters, trainable.objective_degree) == (9, 6)
    assert trainable.alpha_degree is None
    zero_one = feedforward([1], 1, 4, loss=Loss.ZERO_ONE)
    assert (zero_one.objective_degree, zero_one.degree, zero_one.boundaries) == (0, 2, 8)
    assert feedforward([1], 1, 4, loss=Loss.ZERO_ONE, weight_decay=True).objective_degree == 2
    assert feedforward([1], 1, 4, loss=Loss.ABSOLUTE).objective_degree == 2


def test_measured_counts_replace_the_analytic_ones():
    measured = feedforward([1], 1, 50).measured(38, boundaries=19)
    assert (measured.pieces, measured.boundaries, measured.all_boundaries) == (38, 19, 19)
    assert measured.origin is Origin.MEASURED
    assert measured.degree == 4


# A total degree in (α, w) is the degree in t after a generic substitution α, w ↦ c·t + e.
def generic_line():
    t = fmpz_poly([0, 1])
    return (c * t + e for c, e in zip(PRIMES, reversed(PRIMES), strict=True))


@pytest.mark.parametrize(
    ("delta", "hidden"), [(1, (1, 1)), (2, (1,)), (2, (1, 1)), (1, (1, 1, 1)), (0, (1, 1))]
)
@pytest.mark.parametrize("output", [OutputWeights.FIXED, OutputWeights.TRAINABLE])
def test_degrees_of_networks_are_attained(delta, hidden, output):
    """Composing polynomials along one sign pattern of a generic network."""
    counts = feedforward(hidden, 1, 1, degree=delta, output_weights=output)
    variables = generic_line()
    alpha, a = next(variables), fmpz_poly([3])
    for layer in counts.layers:
        z = next(variables) * a + next(variables)
        assert z.degree() == layer.degree
        first, second = (sum((k + c) * z**k for k in range(delta + 1)) for c in (1, 5))
        a = alpha * first + (1 - alpha) * second * 7
    v = next(variables) if output is OutputWeights.TRAINABLE else fmpz_poly([2])
    assert ((v * a - 1) ** 2).degree() == counts.objective_degree


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize(("hidden", "propagations"), [(None, 1), (None, 2), (1, 1)])
def test_degrees_of_graph_convolutions(normalised, hidden, propagations):
    """Numerator degrees on the complete graph with three nodes, in lowest terms."""
    variables = generic_line()
    alpha, w, v = next(variables), next(variables), next(variables)
    n, kernel = 3, 2
    weights = [[1, 2, 5], [2, 1, 3], [5, 3, 1]]
    a = [[(weights[i][j] + alpha) ** kernel for j in range(n)] for i in range(n)]
    one = fmpz_poly([1])
    rows = [sum(row, fmpz_poly()) if normalised else one for row in a]

    def propagated(column):
        """Â·column for a column of fractions (numerator, denominator)."""
        common = prod((d for _, d in column), start=one)
        sums = [
            sum((a[i][j] * p * (common // d) for j, (p, d) in enumerate(column)), fmpz_poly())
            for i in range(n)
        ]
        return [lowest(s, rows[i] * common) for i, s in enumerate(sums)]

    def lowest(numerator, denominator):
        g = numerator.gcd(denominator)
        return numerator // g, denominator // g

    column = [(c * w, one) for c in (2, 3, 7)]
    hidden_scores = scores = propagated(column)
    if propagations == 2:
        scores = propagated(scores)
    if hidden:
        scores = propagated([(p * v, d) for p, d in scores])
    sizes = {
        "kernel_degree": kernel,
        "hidden": hidden,
        "propagations": propagations,
        "normalised": normalised,
    }
    counts = graph_convolution(n, 1, **sizes)
    squared = graph_convolution(n, 1, **sizes, loss=Loss.SQUARED)
    assert max(p.degree() for p, _ in scores) == counts.layers[-1].degree
    common = prod((d for _, d in scores), start=one) ** 2
    loss = sum(
        ((p - y * d) ** 2 * (common // d**2) for y, (p, d) in enumerate(scores)), fmpz_poly()
    )
    numerator, _ = lowest(loss - 11 * common, common)
    assert numerator.degree() <= squared.objective_degree
    if hidden:
        degrees = [(p - 5 * d).degree() for p, d in hidden_scores]
        assert max(degrees) == counts.layers[0].degree


def test_graph_convolution_sizes():
    binary = graph_convolution(34, 2, kernel_degree=1)
    assert (binary.parameters, binary.boundaries, binary.boundary_degree) == (2, 34, 2)
    many = graph_convolution(10, 3, kernel_degree=2, hidden=4, classes=3, labelled=6)
    assert many.parameters == 3 * 4 + 4 * 3
    assert [layer.boundaries for layer in many.layers] == [40, 6 * 3]


def test_sign_patterns_of_random_networks_stay_below_the_count():
    """Exact sign patterns of a two-layer net at many random rational (α, w)."""
    random.seed(5)
    net = FeedForward([1, 1], Interpolated(RELU, IDENTITY))
    points = [(Fraction(x),) for x in (1, 2, 4)]
    patterns = set()
    for _ in range(4000):
        alpha = Fraction(random.randint(0, 20), 20)
        w1, b1, w2, b2 = (Fraction(random.randint(-9, 9), random.randint(1, 5)) for _ in range(4))
        first = [w1 * x[0] + b1 for x in points]
        second = [w2 * net.activation(alpha, z) + b2 for z in first]
        if all(first) and all(second):
            patterns.add(tuple(z > 0 for z in first + second))
    counts = feedforward([1, 1], 1, 3)
    assert len(patterns) <= counts.pieces
    assert len({pattern[:3] for pattern in patterns}) == counts.layers[0].patterns == 6


def test_structure_of_a_problem():
    net = FeedForward(
        [2], Interpolated(RELU, IDENTITY), output_weights="signs", output_bias="trainable"
    )
    problem = Problem(net, inputs=[[1], [2], [4]], targets=[1, 0, 2])
    assert structure_of(problem) == feedforward(
        [2], 1, 3, output_weights=OutputWeights.SIGNS, output_bias=True
    )
    assert structure_of(problem).parameters == len(problem.parameters)
    rows = [[1, 2], [3, 4], [5, 7]]
    assert structure_of(Problem(Ridge(), inputs=rows, targets=[1, 2, 3])) == ridge(2)
    deep = FeedForward([2, 3], Interpolated(RELU, RELU), bias=False, output_weights="trainable")
    problem = Problem(deep, inputs=rows, targets=[1, 2, 3])
    assert structure_of(problem).parameters == len(problem.parameters)
    assert structure_of(problem).layers[0].patterns == central_cells(3, 2) ** 2


sizes = st.integers(1, 8)


@given(st.lists(sizes, min_size=1, max_size=3), sizes, sizes, sizes, sizes, st.integers(0, 5))
def test_structure_grows_with_every_size(hidden, inputs, examples, points, degree, which):
    def build(values):
        widths, i, t, p, delta = values
        return feedforward(widths, i, t, breakpoints=p, degree=delta)

    base = [hidden, inputs, examples, points, degree]
    grown = list(base)
    if which == 5:
        grown[0] = [*hidden[:-1], hidden[-1] + 1]
    elif which == 0:
        grown[0] = [hidden[0] + 1, *hidden[1:]]
    else:
        grown[which] += 1
    a, b = build(base), build(grown)
    for name in ("pieces", "boundaries", "all_boundaries", "degree", "parameters"):
        assert getattr(a, name) <= getattr(b, name), name


def test_all_products_are_layerwise():
    for hidden, t in product(([3], [2, 2], [4, 1, 2]), (3, 50, 2000)):
        counts = feedforward(hidden, 3, t, breakpoints=2, degree=2)
        assert counts.pieces == prod(layer.patterns for layer in counts.layers)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: feedforward([], 1, 1), "hidden: give at least one layer"),
        (lambda: feedforward([1, 0], 1, 1), "hidden[1]: 0 is too small"),
        (lambda: feedforward([1], 0, 1, bias=False), "needs a bias"),
        (lambda: feedforward([1], 1, 0), "examples: 0 is too small"),
        (lambda: feedforward([1], 1, 1, breakpoints=-1), "breakpoints: -1"),
        (lambda: feedforward([10**9, 10**9], 1, 10**9), "reduce"),
        (lambda: graph_convolution(5, 1, kernel_degree=0), "kernel_degree: 0"),
        (lambda: graph_convolution(5, 1, kernel_degree=1, labelled=6), "exceeds the 5 nodes"),
        (lambda: graph_convolution(5, 1, kernel_degree=1, hidden=2, propagations=2), "propagat"),
        (lambda: ridge(0), "parameters: 0 is too small"),
        (lambda: warren(1, 1, 2), "fewer than the 2 variables"),
        (lambda: warren(1, 0, 1), "degree: 0 is too small"),
        (lambda: feedforward([1], 1, 5).measured(0), "pieces: 0 is too small"),
    ],
)
def test_bad_arguments_give_one_line(call, words):
    with pytest.raises(BoundsError) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_kinks_of_penalties_and_of_the_absolute_loss_are_boundaries():
    rows = [[1, 2], [3, 4], [5, 7]]
    lasso = structure_of(
        Problem(Linear(bias=True), inputs=rows, targets=[1, 2, 3], penalty=Penalty.of("l1"))
    )
    assert (lasso.pieces, lasso.boundaries, lasso.parameters) == (4, 2, 3)
    assert (lasso.objective_degree, lasso.boundary_degree, lasso.alpha_degree) == (2, 1, 1)
    net = structure_of(
        Problem(Linear(), inputs=rows, targets=[1, 2, 3], penalty=Penalty.of("elastic", "1/2"))
    )
    assert (net.pieces, net.objective_degree) == (4, 3)
    absolute = structure_of(Problem(Linear(), inputs=rows, targets=[1, 2, 3], loss="absolute"))
    assert (absolute.pieces, absolute.boundaries) == (7, 3)  # three lines in general position
    assert (absolute.objective_degree, absolute.alpha_degree) == (1, None)
