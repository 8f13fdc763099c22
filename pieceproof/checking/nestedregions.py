"""Regions of a deep network with units that bend at 0: patterns with inner weights at walls.

The charts reach all predictions on W (:mod:`.nested`): for a weight u ≠ 0 that is the only one to
read a unit, (incoming, u) ↦ (c·incoming, wall) with c = |u|/|wall| changes none, and what is right
at u = 0 is right beside it. On a chart the patterns cover what moves up to boundaries, each on its
intervals of α; scores are linear there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.convolutions import integral
from pieceproof.checking.nested import NestedCell, NestedNetwork, read_nested
from pieceproof.checking.nestedcells import check_charts, check_patterns, read_cells
from pieceproof.checking.reading import Node
from pieceproof.checking.regions import EXAMPLE, Problem, Region, Row, label_of
from pieceproof.checking.signmodels import T


@dataclass(frozen=True)
class Held:
    """Which parameters are at which wall, for every chart; the others move."""

    moving: tuple[int, ...]
    walls: tuple[dict[int, fmpq], ...]

    def hidden(self, point: Sequence[T], chart: Sequence[int]) -> list[T] | None:
        """A point (w, 1), times a common factor, without what is held; None if it is not."""
        for index, wall in self.walls[chart[0]].items():
            if point[index] * wall.q != point[-1] * wall.p:
                return None
        return [point[index] for index in (*self.moving, len(point) - 1)]


def nested_regions(members: Mapping[str, Node]) -> Problem:
    """The stated problem; its regions must be all patterns with all their intervals.

    Raises:
        CertificateError: malformed, or outside the covered family.
        Refuted: a region is missing, repeated, or has another interval.
    """
    node = members["problem"]
    loss = {**node.value["loss"], "kind": "squared"}
    nested = read_nested(Node({**node.value, "loss": loss}, node.path))
    check_charts(members["cells"].fields("charts")["charts"], nested)
    if members["exchangeable"].items():
        raise members["exchangeable"].wrong("no exchangeable units")
    cells = read_cells(members["regions"], nested)
    check_patterns(members["regions"], cells, nested)
    named = [_rows(nested, cell) for cell in cells]
    regions = [_region(nested, cell, rows) for cell, rows in zip(cells, named, strict=True)]
    labels = tuple(map(label_of, nested.network.targets))
    size = len(nested.moving)
    one: Row = (*[fmpz_poly()] * size, fmpz_poly([1]))

    def names(number: int, name: Node) -> tuple[int | None, Row]:
        text = name.text()
        if text == "1":
            return None, one
        match = EXAMPLE.fullmatch(text)
        if match is None:
            if text not in named[number]:
                raise name.wrong("the name of a row")
            return None, named[number][text]
        example = int(match[1]) - 1
        if example >= len(labels):
            raise name.wrong(f"an example up to e{len(labels)}")
        return example, tuple(labels[example] * p for p in regions[number].scores[example])

    return Problem(
        tuple(regions),
        labels,
        nested.parameters,
        nested.network.interval,
        nested.network.mean,
        names,
        Held(tuple(nested.moving), tuple(nested.held(chart) for chart in nested.charts)),
        tuple((cell.chart,) for cell in cells),
    )


def _rows(nested: NestedNetwork, cell: NestedCell) -> dict[str, Row]:
    """Walls and boundaries by name, as rows on (what moves, 1)."""
    listed = nested.constraints(nested.charts[cell.chart], cell.active)
    return {
        label: integral([*normal, fmpq_poly([-level])]) for label, (normal, level) in listed.items()
    }


def _region(nested: NestedNetwork, cell: NestedCell, rows: Mapping[str, Row]) -> Region:
    residuals = nested.residuals(nested.charts[cell.chart], cell.active)
    targets = nested.network.targets
    scores = tuple(
        integral([*form, fmpq_poly([level + y])])
        for (form, level), y in zip(residuals, targets, strict=True)
    )
    return Region(scores, tuple(rows.values()), (0,) * len(scores))
