"""Regions of parameters on which every score of a zero-one loss is linear."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from flint import fmpq, fmpz_poly

from pieceproof.checking.intervals import Interval
from pieceproof.checking.problems import Parameter
from pieceproof.checking.reading import Node
from pieceproof.checking.signmodels import T

EXAMPLE = re.compile(r"e([1-9][0-9]{0,8})")
"""The name of the row of an example."""

Row = tuple[fmpz_poly, ...]
Names = Callable[[int, Node], tuple[int | None, Row]]
"""For the number of a region and the name of a row: the row, and the example if it is one."""


@dataclass(frozen=True)
class Region:
    """Scores as rows on (w, 1) where all ``constraints`` are positive.

    ``settled`` are the signs of the scores on the whole region where these are known, else 0.
    ``alive`` are the intervals of α on which the region exists; None if it always does.
    """

    scores: tuple[Row, ...]
    constraints: tuple[Row, ...]
    settled: tuple[int, ...]
    alive: tuple[Interval, ...] | None = None


class Reduced(Protocol):
    """Some parameters have one value on each region, and rows act on the others."""

    def hidden(self, point: Sequence[T], signs: Sequence[int]) -> list[T] | None:
        """A point (w, 1), times a common factor, without them; None if it has other values."""


@dataclass(frozen=True)
class Problem:
    """Regions that cover the box, labels, box; where circuits prove, ``names`` gives for every
    region its rows by name; of a network ``signs`` are those of output weights, or the chart."""

    regions: tuple[Region, ...]
    labels: tuple[int, ...]
    parameters: tuple[Parameter, ...]
    interval: tuple[fmpq, fmpq]
    mean: bool
    names: Names | None = None
    trained: Reduced | None = None
    signs: tuple[tuple[int, ...], ...] = ()

    def point(self, region: int, point: Sequence[T]) -> Sequence[T] | None:
        """What the rows of a region act on, at parameters and 1, times a common factor.

        None if trainable output weights, or what is held at walls, are not those of the region.
        """
        return point if self.trained is None else self.trained.hidden(point, self.signs[region])

    def value(self, errors: int) -> fmpq:
        """The loss of so many errors."""
        return fmpq(errors, len(self.labels) if self.mean else 1)


def through_zero(
    scores: Sequence[Row],
    constraints: Sequence[Row],
    parameters: Sequence[Parameter],
    settled: tuple[int, ...],
    alive: tuple[Interval, ...] | None = None,
) -> Region:
    """A region whose rows are linear in w. A box that holds 0 inside has parameters in every
    direction, and signs depend on no more."""
    zero = fmpz_poly()
    rows = [(*row, zero) for row in constraints]
    if not all(p.lower < 0 < p.upper for p in parameters):
        rows += walls(parameters)
    return Region(tuple((*row, zero) for row in scores), tuple(rows), settled, alive)


def walls(parameters: Sequence[Parameter]) -> list[Row]:
    """w − lower and upper − w of every parameter, as rows on (w, 1)."""
    rows: list[Row] = []
    for index, parameter in enumerate(parameters):
        for side, wall in ((1, parameter.lower), (-1, parameter.upper)):
            row = [fmpz_poly()] * (len(parameters) + 1)
            row[index], row[-1] = fmpz_poly([side * wall.q]), fmpz_poly([-side * wall.p])
            rows.append(tuple(row))
    return rows


def label_of(target: fmpq) -> int:
    """The label 1 or −1 that a target is; 0 for any other number."""
    return int(target.p) if target in (1, -1) else 0
