"""Random exact problems of one hidden layer, and ridge, for every property test.

Numbers come from short lists of small rationals on purpose: equal and proportional inputs,
zeros, ties in the target and minimisers on walls are then common, not rare.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from piecewise import (
    FeedForward,
    Interpolated,
    PiecewisePolynomial,
    Problem,
    Ridge,
    abs_,
    custom,
    hard_sigmoid,
    hard_tanh,
    identity,
    leaky_relu,
    relu,
    relu2,
    square,
    step,
)

jump = custom([1], [[1, "-1/2"], [0, 1]], name="jump")
shifted_relu = custom([1], [[], [-1, 1]], name="shifted_relu")
cubic = custom([0], [[0, 0, 0, 1], [1, 0, "1/2"]], name="cubic")
wave = custom([-1, 0], [[-1], [0, "-1/2"], [0, 2]], name="wave")

ONE_BREAKPOINT = (relu, abs_, leaky_relu("1/3"), step, identity)
MORE_BREAKPOINTS = (hard_tanh, hard_sigmoid, shifted_relu, jump, wave)
HIGHER_DEGREE = (square, relu2, cubic)

INTERVALS = ((0, 1), (0, 1), (Fraction(-1, 2), Fraction(3, 2)), (Fraction(1, 3), 2), (0, 5))
BOXES = (
    (-100_000, 100_000),
    (-100_000, 100_000),
    (-10, 10),
    (-1, 1),
    (Fraction(-1, 2), 2),
    (Fraction(1, 2), 3),
)

grid = st.integers(-4, 4).map(Fraction)
fine = st.builds(Fraction, st.integers(-20, 20), st.sampled_from((1, 2, 3, 5)))
numbers = st.one_of(grid, fine)


def activations(
    catalogue: tuple[PiecewisePolynomial, ...] = ONE_BREAKPOINT,
) -> st.SearchStrategy[Interpolated]:
    """Pairs of different activations."""
    pair = st.tuples(st.sampled_from(catalogue), st.sampled_from(catalogue))
    return pair.filter(lambda names: names[0] != names[1]).map(lambda names: Interpolated(*names))


@st.composite
def problems(
    draw: st.DrawFn,
    units: int = 1,
    inputs: int = 1,
    bias: bool = True,
    examples: tuple[int, int] = (3, 6),
    catalogue: tuple[PiecewisePolynomial, ...] = ONE_BREAKPOINT,
    trainable_offset: bool = False,
) -> Problem:
    """A feedforward problem with ``units`` hidden units on ``inputs`` inputs."""
    model = FeedForward(
        [units],
        draw(activations(catalogue)),
        bias=bias,
        output_weights=draw(
            st.one_of(
                st.just([1] * units),
                st.lists(st.sampled_from((1, -1, 2, 0)), min_size=units, max_size=units),
                st.just("signs"),
            )
        ),
        output_bias="trainable" if trainable_offset else draw(st.one_of(st.just(0), numbers)),
    )
    return draw(_with_data(model, inputs, examples))


@st.composite
def ridges(draw: st.DrawFn, inputs: int, bias: bool, examples: tuple[int, int]) -> Problem:
    """Linear regression with the penalty α|w|²; α ≥ 0, so that the objective is convex."""
    return draw(_with_data(Ridge(bias=bias), inputs, examples, INTERVALS[3:]))


@st.composite
def _with_data(
    draw: st.DrawFn,
    model: FeedForward | Ridge,
    inputs: int,
    examples: tuple[int, int],
    intervals: tuple[tuple[int | Fraction, int | Fraction], ...] = INTERVALS,
) -> Problem:
    row = st.tuples(st.lists(numbers, min_size=inputs, max_size=inputs), numbers)
    rows = draw(st.lists(row, min_size=examples[0], max_size=examples[1]))
    copies = draw(st.integers(0, 1))
    if copies and len(rows) < examples[1]:
        rows.append(draw(st.sampled_from(rows)))
    return Problem(
        model,
        inputs=[x for x, _ in rows],
        targets=[y for _, y in rows],
        interval=draw(st.sampled_from(intervals)),
        box=draw(st.sampled_from(BOXES)),
        weight_decay=draw(st.sampled_from((0, 0, 0, Fraction(1, 10), 1))),
        reduction=draw(st.sampled_from(("mean", "sum"))),
    )


@st.composite
def networks(
    draw: st.DrawFn, layers: tuple[int, int] = (1, 2), units: int = 2, inputs: int = 2
) -> Problem:
    """A small feedforward problem of any depth, degree, bias and kind of output."""
    activation = draw(activations(ONE_BREAKPOINT + MORE_BREAKPOINTS + HIGHER_DEGREE))
    depth = draw(st.integers(*layers))
    if depth > 1 and activation.degree > 1:  # terms multiply: the width stays 1
        units = 1
    hidden = draw(st.lists(st.integers(1, units), min_size=depth, max_size=depth))
    last = hidden[-1]
    model = FeedForward(
        hidden,
        activation,
        bias=draw(st.booleans()),
        output_weights=draw(
            st.one_of(
                st.lists(st.sampled_from((1, -1, 2, 0)), min_size=last, max_size=last),
                st.sampled_from(("signs", "trainable")),
            )
        ),
        output_bias=draw(st.one_of(st.just("trainable"), numbers)),
    )
    return draw(_with_data(model, draw(st.integers(1, inputs)), (1, 4)))
