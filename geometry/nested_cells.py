"""The cells of a deep piecewise linear network, found layer by layer.

On a chart the signs of the first layer are those of the chambers of fixed hyperplanes. With them
the second layer's pre-activations are rows that turn with α, and so on: the patterns of l + 1
layers are found within every pattern of l layers, on the interval where it occurs
(:mod:`geometry.moving_patterns`). Empty patterns are never looked at.

Cells are closed and f is continuous, so ℓ* is the lower envelope of the minima of the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from flint import fmpq_poly, fmpz_poly

from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval
from geometry.moving_patterns import SpellMemory, spells
from geometry.moving_programs import TIP, Constraint, MovingProgram, Vector, at_tip
from geometry.search import hyperparameter_interval
from piecewise.errors import TooManyCells
from piecewise.layers import DEFAULT_MAX_CELLS, CellKey
from piecewise.moving_quadratics import integral
from piecewise.nested import Active, Chart, NestedNetwork
from piecewise.problems import Problem


@dataclass(frozen=True)
class NestedCell:
    """A pattern of all layers on a chart, and a maximal interval on which it occurs."""

    chart: int
    active: Active
    interval: Interval


class NestedCells:
    """The cells of a problem that :func:`piecewise.nested.refusal` does not refuse.

    ``complete`` is False if time ran out before all were known; there are no keys then. ``known``
    are all cells, found before; ``report`` is told how many have been found; ``memory`` may have
    patterns that an earlier run found.

    Raises:
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
        self.problem, self.max_cells = problem, max_cells
        self.nested = NestedNetwork(problem)
        self.charts: tuple[Chart, ...] = tuple(self.nested.charts())
        self.whole = hyperparameter_interval(problem)
        self.complete = True
        self._memory, self._place = memory or SpellMemory(), 0
        self.cells = tuple(self._found(out_of_time, report) if known is None else known)
        self._check_count(len(self.cells))

    def _found(
        self, out_of_time: Callable[[], bool], report: Callable[[int], None]
    ) -> list[NestedCell]:
        found: list[NestedCell] = []
        for number, chart in enumerate(self.charts):
            for active, interval in self._patterns(chart, self.nested.depth, out_of_time):
                found.append(NestedCell(number, active, interval))
                self._check_count(len(found))
                report(len(found))
        return found

    def _check_count(self, count: int) -> None:
        if count > self.max_cells:
            raise TooManyCells(
                f"the network has more than {self.max_cells:,} cells; "
                "use fewer examples or layers, or raise --max-cells"
            )

    def again(self) -> Callable[[], NestedCells]:
        """The same cells, not searched for."""
        return partial(NestedCells, self.problem, self.max_cells, known=self.cells)

    def _patterns(
        self, chart: Chart, layers: int, out_of_time: Callable[[], bool]
    ) -> Iterator[tuple[Active, Interval]]:
        """The patterns of the first layers with the intervals on which they occur."""
        if layers == 0:
            yield frozenset(), self.whole
            return
        for active, interval in self._patterns(chart, layers - 1, out_of_time):
            self.complete &= not out_of_time()
            if not self.complete:
                return
            rows = self.nested.rows(chart, active, layers)
            known = {j: j in active for j in rows if self.nested.layer_of(j) < layers - 1}
            self._place += 1
            listed = self._memory.spells(self._place)
            if listed is None:
                listed, complete = spells(rows, interval, self.max_cells, out_of_time, known)
                self.complete &= complete
                if complete:
                    self._memory.keep_spells(self._place, listed)
            for spell in listed:
                yield frozenset(spell.active), spell.interval

    def keys(self) -> Iterator[CellKey]:
        """All cells, by their places."""
        if self.complete:
            yield from (CellKey((place,)) for place in range(len(self.cells)))

    def within(self, key: CellKey) -> Interval:
        """Where the pattern occurs."""
        return self.cells[key.cells[0]].interval

    def program(self, key: CellKey) -> MovingProgram:
        """The parametric program of a cell."""
        cell = self.cells[key.cells[0]]
        chart = self.charts[cell.chart]
        return MovingProgram(
            key,
            self.nested.quadratic(chart, cell.active),
            list(self._boundaries(chart, cell.active)),
            self.nested.parameters(),
            self.problem.interval,
            self.nested.at_zero(),
        )

    def _boundaries(self, chart: Chart, active: Active) -> Iterator[Constraint]:
        for node, row in self.nested.rows(chart, active, self.nested.depth).items():
            side = 1 if node in active else -1
            yield self.nested.node_name(node), tuple(side * p for p in row), 0

    def start(self) -> Envelope:
        """f where everything that moves is 0, on A."""
        return at_tip(self.whole, self.nested.at_zero())

    def chart_of(self, part: Segment) -> int:
        """The chart on which a part of ℓ* is attained."""
        return self.cells[part.key.cells[0]].chart if part.key.cells else 0

    def minimiser(self, part: Segment) -> Vector:
        """w(α) on a part, as numerators over one denominator, held parameters included."""
        chart = self.charts[self.chart_of(part)]
        moving, below = [fmpz_poly()] * len(self.nested.moving), fmpz_poly([1])
        if part.key != TIP:
            moving, below = self.program(part.key).minimiser(part)
        divisor = fmpq_poly(below)
        values = self.nested.full(chart, [fmpq_poly(p) for p in moving])
        for index, _ in chart.held:
            values[index] = values[index] * divisor
        *numerators, denominator = integral([*values, divisor])
        return numerators, denominator
