"""The scores of a chain of units along parameters that move with α.

On an interval on which no pre-activation crosses a breakpoint, scores are polynomials in α.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq_poly, fmpz_poly

from geometry.algebraic import RealAlgebraic
from geometry.intervals import Interval, sign_changes
from geometry.polynomials import sign
from geometry.rising_chains import network_of
from piecewise.affine import affine_coefficient
from piecewise.deadlines import Check, go_on
from piecewise.exact import to_fmpq
from piecewise.networks import SIGNS, TRAINABLE
from piecewise.problems import Problem

Path = tuple[fmpq_poly, ...]
"""All parameters as polynomials in α."""


@dataclass(frozen=True)
class Layout:
    """Where the parameters of a chain are in the list of all; ``first`` is the number of inputs."""

    first: int
    biases: tuple[int, ...]
    inner: tuple[int, ...]
    output: int | None
    offset: int | None

    @classmethod
    def of(cls, problem: Problem) -> Layout:
        network = network_of(problem)
        width, bias = len(problem.features), int(network.bias)
        inner = tuple(width + bias + (1 + bias) * k for k in range(len(network.hidden) - 1))
        after = width + bias + (1 + bias) * len(inner)
        return cls(
            width,
            (width, *(index + 1 for index in inner)) if bias else (),
            inner,
            after if network.output_weights == TRAINABLE else None,
            len(problem.parameters) - 1 if network.output_bias == TRAINABLE else None,
        )


def divided(
    problem: Problem,
    path: Path,
    starts: Sequence[fmpq_poly],
    within: Interval,
    check: Check = go_on,
) -> Iterator[tuple[Interval, list[fmpq_poly]]]:
    """Intervals on which no pre-activation crosses a breakpoint, with the scores.

    ``starts`` are pre-activations of the first unit; of an example :func:`start`. ``check`` is
    called for every unit.
    """
    pending = [within]
    while pending:
        interval = pending.pop()
        scores: list[fmpq_poly] = []
        for z in starts:
            score = _score(problem, path, z, interval, check)
            if not isinstance(score, fmpq_poly):
                pending += [Interval(score, interval.upper), Interval(interval.lower, score)]
                break
            scores.append(score)
        else:
            yield interval, scores


def start(problem: Problem, path: Path, x: Sequence[Fraction]) -> fmpq_poly:
    """The pre-activation of the first unit."""
    own = zip(path, x, strict=False)
    total = sum((p * to_fmpq(value) for p, value in own), fmpq_poly())
    return total + path[len(x)] if network_of(problem).bias else total


def _score(
    problem: Problem, path: Path, z: fmpq_poly, interval: Interval, check: Check
) -> fmpq_poly | RealAlgebraic:
    """The score, or a point inside the interval at which a pre-activation crosses a breakpoint."""
    network, layout = network_of(problem), Layout.of(problem)
    for layer in range(len(network.hidden)):
        check()
        if layer:
            z = z * path[layout.inner[layer - 1]]
            if network.bias:
                z += path[layout.biases[layer]]
        piece = 0
        for point in map(to_fmpq, network.activation.breakpoints):
            distance = (z - point).numer()
            crossings = sign_changes(distance, interval)
            if crossings:
                return crossings[0]
            piece += _sign_inside(distance, interval) >= 0
        first, second = network.activation.pairs[piece]
        value = fmpq_poly()
        for power in reversed(range(max(len(first), len(second)))):
            value = value * z + affine_coefficient(first, second, power)
        z = value
    if layout.output is not None:
        z = z * path[layout.output]
    elif network.output_weights != SIGNS:
        z = z * to_fmpq(Fraction(network.output_weights[0]))
    return z + (path[-1] if layout.offset is not None else to_fmpq(Fraction(network.output_bias)))


def _sign_inside(p: fmpz_poly, interval: Interval) -> int:
    """The sign of a polynomial that does not change it inside an interval."""
    return next(s for s in (sign(p(a)) for a in interval.samples()) if s) if p else 0
