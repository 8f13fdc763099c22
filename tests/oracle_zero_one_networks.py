"""Zero-one loss of a one-hidden-layer network at a rational α: all patterns, all sign vectors.

Units have their own parameters, so patterns of activation pieces are found unit by unit.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import product

from oracle_zero_one import Vector, feasible, least_errors

from piecewise import FeedForward, Problem

F = Fraction
Pattern = tuple[int, ...]


def brute_force(problem: Problem, alpha: Fraction) -> int:
    """The fewest errors over the open cells at α.

    ℓ* is that number, but for the finitely many α at which a cell has no interior that has one
    beside α.
    """
    network = problem.model
    assert isinstance(network, FeedForward)
    units, size = network.hidden[0], len(problem.parameters)
    pairs = network.activation.pairs
    rows = _rows(problem)
    block = len(rows[0])
    labels = [int(y) for y in problem.targets]
    signs = (
        product((1, -1), repeat=units)
        if network.output_weights == "signs"
        else [tuple(network.output_weights)]
    )
    best = len(rows)
    for weights in signs:
        for chosen in product(*(_patterns(problem, unit) for unit in range(units))):
            scores = []
            for example, x in enumerate(rows):
                score = [F(0)] * (size + 1)
                if network.output_bias == "trainable":
                    score[-2] = F(1)
                else:
                    score[-1] = F(network.output_bias)
                for unit, (pattern, _) in enumerate(chosen):
                    first, second = ((*c, F(0), F(0))[:2] for c in pairs[pattern[example]])
                    q, s = (alpha * a + (1 - alpha) * b for a, b in zip(first, second, strict=True))
                    for i, value in enumerate(x):
                        score[unit * block + i] += F(weights[unit]) * s * value
                    score[-1] += F(weights[unit]) * q
                scores.append(tuple(score))
            constraints = [row for _, own in chosen for row in own]
            if network.output_bias == "trainable":
                constraints += _walls(problem, size - 1)
            best = min(best, least_errors(scores, labels, constraints, best))
    return best


def _rows(problem: Problem) -> list[Vector]:
    return [(*x, F(1)) if problem.model.bias else tuple(x) for x in problem.inputs]


def _walls(problem: Problem, index: int) -> list[Vector]:
    parameter, found = problem.parameters[index], []
    for sign, wall in ((1, parameter.lower), (-1, parameter.upper)):
        row = [F(0)] * (len(problem.parameters) + 1)
        row[index], row[-1] = F(sign), -sign * wall
        found.append(tuple(row))
    return found


@lru_cache(maxsize=8)
def _patterns(problem: Problem, unit: int) -> list[tuple[Pattern, list[Vector]]]:
    """The pieces that the examples can use in one unit, with the rows that say so."""
    network = problem.model
    assert isinstance(network, FeedForward)
    points, count = network.activation.breakpoints, len(network.activation.pairs)
    rows, size = _rows(problem), len(problem.parameters)
    block = len(rows[0])
    own = range(unit * block, (unit + 1) * block)

    def beyond(x: Vector, point: Fraction, sign: int) -> Vector:
        row = [F(0)] * (size + 1)
        row[own.start : own.stop] = [sign * value for value in x]
        row[-1] = -sign * point
        return tuple(row)

    def short(row: Vector) -> Vector:
        return (*row[own.start : own.stop], row[-1])

    found: list[tuple[Pattern, list[Vector]]] = [
        ((), [row for index in own for row in _walls(problem, index)])
    ]
    for x in rows:
        following = []
        for pattern, constraints in found:
            for piece in range(count):
                if not any(x):  # no boundary: the activation's own value
                    if piece == network.activation.piece_index(F(0)):
                        following.append(((*pattern, piece), constraints))
                    continue
                rows_ = [beyond(x, points[piece - 1], 1)] if piece else []
                rows_ += [beyond(x, points[piece], -1)] if piece < len(points) else []
                both = [*constraints, *rows_]
                if feasible([short(row) for row in both]):
                    following.append(((*pattern, piece), both))
        found = following
    return found
