"""The boundaries of a network: those that are one hyperplane, and those at which f is smooth."""

from __future__ import annotations

from fractions import Fraction

from piecewise.networks import FeedForward
from piecewise.problems import Problem

Label = tuple[int, int, int]
"""(unit, example, breakpoint), counted from 0."""
Group = tuple[Label, ...]


def boundaries(problem: Problem, network: FeedForward) -> list[Group]:
    """Boundaries, those of a first-layer unit that are one hyperplane together."""
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
                key = tuple(v / lead for v in (*row, at))
                merged.setdefault(key, []).append((unit, t, k))
        found += [tuple(group) for group in merged.values()]
    for unit in range(hidden[0], sum(hidden)):
        found += [((unit, t, k),) for t in range(len(problem.targets)) for k in range(len(points))]
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
