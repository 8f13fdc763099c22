"""Awkward instances on purpose, each with the one thing that makes it so in its name."""

from __future__ import annotations

from fractions import Fraction

from strategies import jump, wave

from piecewise import (
    FeedForward,
    Interpolated,
    Problem,
    Ridge,
    abs_,
    custom,
    hard_tanh,
    identity,
    leaky_relu,
    relu,
    step,
)

RELU = Interpolated(relu, identity)
POINTS = [[1], [2], [3], [-1]]
HEIGHTS = [1, 3, 2, 2]

falling = custom([0], [[0, -1], []], name="falling")
zero = custom([], [[]], name="zero")


def _network(activation: Interpolated, **options: object) -> FeedForward:
    units = options.pop("units", 1)
    return FeedForward([units], activation, **options)


INSTANCES = {
    "duplicate examples": Problem(
        _network(RELU, output_bias=2),
        inputs=[[1], [1], [2], [2], [4], [4], [5]],
        targets=[0, 0, 1, 1, 5, 4, 5],
        box=(-10, 10),
    ),
    "one input for all examples": Problem(
        _network(RELU), inputs=[[2], [2], [2]], targets=[-1, 0, 4], box=(-5, 5)
    ),
    "collinear examples": Problem(
        _network(RELU, bias=False), inputs=[[1, 2], [2, 4], [-1, -2]], targets=[1, -3, 2]
    ),
    "an input 0 without bias": Problem(
        _network(RELU, bias=False, output_bias=1), inputs=[[0], [1], [-2]], targets=[4, -2, 2]
    ),
    "an input 0 without bias on a jump": Problem(
        _network(Interpolated(step, jump), bias=False), inputs=[[0], [1], [-2]], targets=[4, -2, 2]
    ),
    "all inputs 0 without bias": Problem(
        _network(Interpolated(step, relu), bias=False), inputs=[[0], [0]], targets=[2, 1]
    ),
    "every wall binds": Problem(
        _network(RELU), inputs=POINTS, targets=[9, 20, -30, 15], box=(Fraction(-1, 2), 1)
    ),
    "the box leaves out 0": Problem(
        _network(Interpolated(abs_, leaky_relu("1/3"))), inputs=POINTS, targets=HEIGHTS, box=(1, 2)
    ),
    "a box with an edge on a boundary": Problem(
        _network(RELU, bias=False), inputs=POINTS, targets=[-3, 1, -1, 2], box=(0, 3)
    ),
    "weight decay": Problem(
        _network(RELU), inputs=POINTS, targets=[-1, 3, -4, 2], weight_decay="1/7", reduction="sum"
    ),
    "a dead unit": Problem(
        _network(Interpolated(relu, zero), output_bias="1/2"),
        inputs=POINTS,
        targets=[-1, -2, 0, -3],
    ),
    "output weight 0": Problem(
        _network(RELU, output_weights=[0]), inputs=POINTS, targets=HEIGHTS, box=(-3, 3)
    ),
    "one of two output weights 0": Problem(
        _network(RELU, units=2, bias=False, output_weights=[1, 0]),
        inputs=POINTS,
        targets=HEIGHTS,
        box=(-3, 3),
    ),
    "weight decay on a unit with output weight 0": Problem(
        _network(RELU, units=2, bias=False, output_weights=[1, 0]),
        inputs=POINTS,
        targets=HEIGHTS,
        box=(1, 3),
        weight_decay=1,
    ),
    "a jump in the activation": Problem(
        _network(Interpolated(step, identity)), inputs=POINTS, targets=HEIGHTS, box=(-4, 4)
    ),
    "jumps in both activations": Problem(
        _network(Interpolated(step, jump)), inputs=[[1], [2], [-1]], targets=[1, 3, 2], box=(-4, 4)
    ),
    "two breakpoints": Problem(
        _network(Interpolated(hard_tanh, identity)), inputs=POINTS, targets=HEIGHTS
    ),
    "breakpoints of both activations": Problem(
        _network(Interpolated(wave, hard_tanh), bias=False),
        inputs=[[1], [2], [-3]],
        targets=[1, -2, 1],
    ),
    "alpha below 0 and above 1": Problem(
        _network(Interpolated(abs_, leaky_relu("1/3")), output_bias="trainable"),
        inputs=POINTS,
        targets=HEIGHTS,
        interval=("-1/2", "3/2"),
    ),
    "a slope that vanishes inside the interval": Problem(
        _network(RELU), inputs=POINTS, targets=[-1, -3, -2, 1], interval=(0, 2), box=(-20, 20)
    ),
    "the interval ends at a kink": Problem(
        _network(Interpolated(falling, relu), bias=False),
        inputs=[[1]],
        targets=[1],
        weight_decay=1,
        interval=("1/2", 1),
    ),
    "the interval starts where a wall binds": Problem(
        _network(RELU, bias=False), inputs=[[1]], targets=[-1], box=(-2, 2), interval=("1/2", 1)
    ),
    "mirror images": Problem(
        _network(RELU, bias=False),
        inputs=[[1], [-1], [2], [-2]],
        targets=[1, 1, 3, 3],
        box=(-5, 5),
    ),
    "exchangeable units with signs": Problem(
        _network(RELU, units=2, bias=False, output_weights="signs"),
        inputs=[[1], [-1], [2]],
        targets=[1, 2, -1],
        box=(-5, 5),
    ),
    "exact interpolation on an interval": Problem(
        _network(RELU, units=2, output_weights=[1, -1]),
        inputs=[[0], [1], [3]],
        targets=[0, 1, 0],
        box=(-2, 2),
    ),
    "constant up to where a wall binds": Problem(
        _network(RELU, bias=False), inputs=[[1]], targets=[-1], box=(-2, 2)
    ),
    "zero targets": Problem(_network(RELU), inputs=POINTS, targets=[0, 0, 0, 0]),
    "equal minima at both ends": Problem(
        _network(Interpolated(falling, relu), bias=False),
        inputs=[[1]],
        targets=[1],
        weight_decay=1,
    ),
    "ridge against a wall": Problem(
        Ridge(bias=True), inputs=POINTS, targets=[5, 9, 14, -3], interval=(0, 20), box=(-1, 2)
    ),
    "ridge with dependent columns": Problem(
        Ridge(), inputs=[[1, 2], [2, 4], [3, 6]], targets=[1, 0, 2], interval=(0, 3), box=(-9, 9)
    ),
    "complex roots beside the interval": Problem(
        _network(Interpolated(relu, abs_), units=2, bias=False, output_weights="signs"),
        inputs=[[-1], [4], [5], [4]],
        targets=[1, "-17/5", -8, "-17/5"],
        interval=(0, 5),
        weight_decay=1,
        reduction="sum",
    ),
}
"""The last one sends an upper bound that is sought by a sufficient root test into a loop."""
