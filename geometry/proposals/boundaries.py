"""The boundaries of a network: those that are one hyperplane, and those at which σ_α is smooth."""

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


def smooth_breakpoints(network: FeedForward) -> set[int]:
    """The breakpoints at which σ_α is C¹ for every α."""
    activation = network.activation
    found = set()
    for k, at in enumerate(activation.breakpoints):
        jumps = []
        for side in (0, 1):
            left, right = activation.pairs[k][side], activation.pairs[k + 1][side]
            slope = [
                sum((i * c * at ** (i - 1) for i, c in enumerate(piece) if i), 0 * at)
                for piece in (left, right)
            ]
            jumps.append(slope[0] - slope[1])
        if not any(jumps):
            found.add(k)
    return found
