"""The boundaries of a network: those that are one hyperplane, and those at which f is smooth."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from geometry.proposals.loops import Integers
from piecewise.networks import FeedForward
from piecewise.problems import Problem
from piecewise.wiring import incoming

Label = tuple[int, int, int]
"""(unit, example, breakpoint), counted from 0."""
Group = tuple[Label, ...]


def boundaries(problem: Problem, network: FeedForward, reached: Integers) -> list[Group]:
    """Boundaries within W, those of a first-layer unit that are one hyperplane together.

    ``reached``: see :func:`pieces_reached`.
    """
    points, hidden = network.activation.breakpoints, network.hidden
    found: list[Group] = []
    for unit in range(hidden[0]):
        merged: dict[object, list[Label]] = {}
        for t, inputs in enumerate(problem.inputs):
            row = [*inputs, *([Fraction(1)] if network.bias else [])]
            lead = next((v for v in row if v), None)
            if lead is None:
                continue
            for k, at in enumerate(points):
                if not reached[unit, t, 0] <= k < reached[unit, t, 1]:
                    continue
                key = tuple(v / lead for v in (*row, at))
                merged.setdefault(key, []).append((unit, t, k))
        found += [tuple(group) for group in merged.values()]
    for unit in range(hidden[0], sum(hidden)):
        found += [((unit, t, k),) for t in range(len(problem.targets)) for k in range(len(points))]
    return found


def pieces_reached(
    problem: Problem, network: FeedForward, ranges: Sequence[tuple[Fraction, Fraction]]
) -> Integers:
    """(U, T, 2): the first and the last piece of σ_α that z has in W; all of them in deep layers.

    A boundary that W does not reach beyond, as where it is a wall, is none.
    """
    points, last = network.activation.breakpoints, len(network.activation.breakpoints)
    found = np.zeros((sum(network.hidden), len(problem.targets), 2), dtype=np.int64)
    found[..., 1] = last
    own = incoming(network, len(problem.inputs[0]))
    for unit in range(network.hidden[0]):
        for t, inputs in enumerate(problem.inputs):
            row = [*inputs, *([Fraction(1)] if network.bias else [])]
            ends = [
                sorted(x * end for end in ranges[i]) for x, i in zip(row, own[unit], strict=True)
            ]
            low, high = (sum((pair[side] for pair in ends), Fraction(0)) for side in (0, 1))
            if low < high:
                found[unit, t] = bisect_right(points, low), bisect_left(points, high)
    return found


def soft_boundaries(problem: Problem, network: FeedForward) -> set[Label]:
    """The boundaries at which f is C¹ for every α.

    There σ_α is, or the unit alone makes the output and fits the example: r_t = 0.
    """
    activation = network.activation
    last = sum(network.hidden) - 1
    found = set()
    for k, at in enumerate(activation.breakpoints):
        jumps, values = [], []
        for side in (0, 1):
            left, right = activation.pairs[k][side], activation.pairs[k + 1][side]
            slope = [
                sum((i * c * at ** (i - 1) for i, c in enumerate(piece) if i), 0 * at)
                for piece in (left, right)
            ]
            jumps.append(slope[0] - slope[1])
            values.append(sum((c * at**i for i, c in enumerate(left)), 0 * at))
        for t, target in enumerate(problem.targets):
            if not any(jumps):
                found |= {(unit, t, k) for unit in range(last + 1)}
            elif network.hidden[-1] == 1 and not any(values) and network.output_bias == target:
                found.add((last, t, k))
    return found
