"""Random data sets of one class, and small changes of them, on a grid of exact numbers.

The class is that of all data sets of T examples whose numbers lie within the ranges of given
data, for one model, interval, box and loss. Labels of the zero-one loss are −1 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from random import Random

from piecewise.errors import ProblemError
from piecewise.graphs import GraphConvolution
from piecewise.problems import Problem

ZERO_ONE = "zero-one"

LEVELS = 64
"""Numbers are drawn from LEVELS + 1 equally spaced values of their range."""

Data = tuple[tuple[int, ...], ...]
"""A data set in steps of its ranges: per example the inputs, then the target."""


@dataclass(frozen=True)
class DataClass:
    """All problems like ``like`` with ``examples`` examples within the ranges of its data.

    Raises:
        ProblemError: fewer than one example, a graph, or held-out examples.
    """

    like: Problem
    examples: int

    def __post_init__(self) -> None:
        if self.examples < 1:
            raise ProblemError(f"examples: {self.examples} given; an instance has at least 1")
        if isinstance(self.like.model, GraphConvolution):
            raise ProblemError("model: the nodes of a graph are no independent examples")
        if self.like.validation is not None:
            raise ProblemError("validation: held-out examples are not varied; leave them out")

    @cached_property
    def ranges(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """Per input, then for the target: least and largest number, one apart from an only one."""
        columns = [*zip(*self.like.inputs, strict=True), self.like.targets]
        ends = [(min(column), max(column)) for column in columns]
        return tuple((low, high) if low < high else (low - 1, high + 1) for low, high in ends)

    def problem(self, data: Data) -> Problem:
        """The problem with this data set."""
        rows = [
            [
                low + (high - low) * Fraction(k, LEVELS)
                for k, (low, high) in zip(row, self.ranges, strict=True)
            ]
            for row in data
        ]
        given = self.like
        if given.loss == ZERO_ONE:
            rows = [[*row[:-1], Fraction(1 if 2 * k[-1] > LEVELS else -1)]
                    for row, k in zip(rows, data, strict=True)]  # fmt: skip
        return Problem(
            given.model,
            inputs=[row[:-1] for row in rows],
            targets=[row[-1] for row in rows],
            interval=given.interval,
            box={p.name: (p.lower, p.upper) for p in given.parameters},
            loss=given.loss,
            weight_decay=given.weight_decay,
            reduction=given.reduction,
            features=given.features,
            target=given.target,
            penalty=given.penalty,
        )

    def drawn(self, random: Random) -> Data:
        """A data set drawn uniformly."""
        return tuple(
            tuple(random.randint(0, LEVELS) for _ in self.ranges) for _ in range(self.examples)
        )

    def changed(self, data: Data, random: Random) -> Data:
        """``data`` with one to three numbers moved."""
        rows = [list(row) for row in data]
        for _ in range(random.choice((1, 1, 2, 3))):
            row = random.choice(rows)
            k = random.randrange(len(row))
            step = random.choice((1, 2, 4, 8, 16)) * random.choice((-1, 1))
            row[k] = min(max(row[k] + step, 0), LEVELS)
        return tuple(map(tuple, rows))

    def places(self, number: int) -> list[Fraction]:
        """``number`` equally spaced hyperparameters strictly inside A."""
        lower, upper = self.like.interval
        return [lower + (upper - lower) * Fraction(k, number + 1) for k in range(1, number + 1)]
