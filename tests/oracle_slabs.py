"""ℓ* of a zero-one loss for one hidden unit with two parameters, by a point in every cell at α.

The score of example t changes its sign only where a_t·w is a root of v·σ_α + c. Between the
abscissas of all crossings of these lines and the walls every cell is a strip; a point in each strip
of each slab is evaluated. No linear programs, no regions, no code of the product but σ_α itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, pairwise

from piecewise import FeedForward, Problem

Line = tuple[Fraction, Fraction, Fraction]
"""a·w_1 + b·w_2 = c."""


def fewest_errors(problem: Problem, alpha: Fraction) -> int:
    """The fewest errors over the open cells at α; σ_α is piecewise linear and continuous."""
    (x_low, x_high), (y_low, y_high) = ((p.lower, p.upper) for p in problem.parameters)
    lines = [*_lines(problem, alpha)]
    lines += [(Fraction(0), Fraction(1), wall) for wall in (y_low, y_high)]
    abscissas = {x_low, x_high, *(c / a for a, b, c in lines if a and not b)}
    for (a, b, c), (d, e, f) in combinations(lines, 2):
        if a * e != b * d:
            abscissas.add((c * e - b * f) / (a * e - b * d))
    best = len(problem.targets)
    for left, right in pairwise(sorted(x for x in abscissas if x_low <= x <= x_high)):
        x = (left + right) / 2
        heights = {(c - a * x) / b for a, b, c in lines if b}
        for below, above in pairwise(sorted(y for y in heights if y_low <= y <= y_high)):
            best = min(best, _errors(problem, alpha, x, (below + above) / 2))
    return best


def _lines(problem: Problem, alpha: Fraction) -> Iterator[Line]:
    network = problem.model
    assert isinstance(network, FeedForward)
    level = -Fraction(network.output_bias) / Fraction(network.output_weights[0])
    for row in problem.inputs:
        a, b = (*row, Fraction(1)) if network.bias else row
        if not (a or b):
            continue
        for pair in network.activation.pairs:
            first, second = ((*piece, 0, 0)[:2] for piece in pair)
            q, s = (alpha * u + (1 - alpha) * v for u, v in zip(first, second, strict=True))
            if s:
                yield a, b, (level - q) / s


def _errors(problem: Problem, alpha: Fraction, x: Fraction, y: Fraction) -> int:
    network = problem.model
    assert isinstance(network, FeedForward)
    found = 0
    for row, label in zip(problem.inputs, problem.targets, strict=True):
        a, b = (*row, Fraction(1)) if network.bias else row
        value = network.activation(alpha, a * x + b * y)
        found += label * (network.output_weights[0] * value + network.output_bias) <= 0
    return found
