"""The regions of a deep network with units that bend at 0: its nested cells.

With inner weights held at walls (:mod:`piecewise.nested`) pre-activations and scores are linear in
what moves on every pattern of signs (:mod:`geometry.nested_cells`). A region is a pattern on an
interval of α; elsewhere it is empty. Rows act on the moving parameters and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from math import lcm

from flint import fmpz_poly

from geometry.moving_patterns import SpellMemory
from geometry.nested_cells import NestedCell, NestedCells
from geometry.regions import Region, walls
from piecewise.deadlines import OutOfTime
from piecewise.layers import DEFAULT_MAX_CELLS
from piecewise.problems import Problem


class NestedRegions:
    """The regions in the order of their cells; they cover the moving parameters up to boundaries.

    ``known`` are all cells, found before; ``report`` is told how many have been found; ``memory``
    may have patterns that an earlier run found.

    Raises:
        OutOfTime: time ran out before all were known.
        TooManyCells: more than ``max_cells``.
    """

    def __init__(
        self,
        problem: Problem,
        max_cells: int = DEFAULT_MAX_CELLS,
        out_of_time: Callable[[], bool] = lambda: False,
        known: Sequence[NestedCell] | None = None,
        report: Callable[[int], None] = lambda found: None,
        memory: SpellMemory | None = None,
    ) -> None:
        squared = copy(problem)  # the cells are those of the squared loss
        object.__setattr__(squared, "loss", "squared")
        self.cells = NestedCells(squared, max_cells, out_of_time, known, report, memory)
        if not self.cells.complete:
            raise OutOfTime
        self.nested = self.cells.nested
        self._regions: dict[int, Region] = {}

    def __len__(self) -> int:
        return len(self.cells.cells)

    def __iter__(self) -> Iterator[Region]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> Region:
        known = self._regions.get(number)
        if known is None:
            known = self._regions[number] = self._made(self.cells.cells[number])
        return known

    @property
    def known(self) -> Sequence[NestedCell]:
        """All cells."""
        return self.cells.cells

    def _made(self, cell: NestedCell) -> Region:
        chart, zero = self.cells.charts[cell.chart], fmpz_poly()
        boundaries = {
            self.nested.node_name(node): tuple(
                p if node in cell.active else -p for p in (*row, zero)
            )
            for node, row in self.nested.rows(chart, cell.active, self.nested.depth).items()
        }
        parameters = self.nested.parameters()
        labels = [f"{p.name}:{end}" for p in parameters for end in ("lower", "upper")]
        return Region(
            {},
            tuple(self.nested.scores(chart, cell.active)),
            (*boundaries.values(), *walls(parameters)),
            False,
            (*boundaries, *labels),
            alive=(cell.interval,),
        )

    def full(self, number: int, direction: Sequence[fmpz_poly]) -> tuple[fmpz_poly, ...]:
        """The direction with the parameters that are held, up to a positive factor."""
        chart = self.cells.charts[self.cells.cells[number].chart]
        *moving, below = direction
        ends = {index: self.nested.wall(index, side) for index, side in chart.held}
        scale = lcm(*(int(end.q) for end in ends.values()))
        found = [fmpz_poly()] * (len(moving) + len(ends))
        for index, p in zip(self.nested.moving, moving, strict=True):
            found[index] = scale * p
        for index, end in ends.items():
            found[index] = int(end * scale) * below
        return (*found, scale * below)

    def moving(self, full: Sequence[fmpz_poly]) -> tuple[fmpz_poly, ...]:
        """The direction without the parameters that are held, up to the same factor."""
        return (*(full[index] for index in self.nested.moving), full[-1])
