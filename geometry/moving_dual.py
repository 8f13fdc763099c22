"""The dual function of a two-layer graph convolution with the squared loss, with its proofs.

A *cell* is a pattern for every channel (and a sign vector) on the interval of α on which all of its
patterns occur. Cells are closed and f is continuous in (α, w), so ℓ* is the lower envelope of their
minima, and bounds that hold between events hold at events too. At w = 0, which is in every
closed cell, f does not depend on α: that is where the envelope starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from itertools import combinations_with_replacement, product
from typing import Generic, Protocol, TypeVar

from flint import fmpq, fmpz_poly

from geometry.arcs import continuous_points
from geometry.convex import CellBound
from geometry.convex_dual import pieces_of
from geometry.dual import DualFunction
from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval
from geometry.moving_patterns import Spell, SpellMemory, spells
from geometry.moving_programs import TIP, Constraint, MovingProgram, Vector, at_tip
from geometry.search import Cells, Run, hyperparameter_interval, swept
from geometry.verdicts import Verdict
from piecewise.convolutions import Convolution, Pattern
from piecewise.errors import TooManyCells
from piecewise.exact import to_fmpq
from piecewise.graphs import GraphConvolution
from piecewise.layers import DEFAULT_MAX_CELLS, CellKey
from piecewise.problems import Problem


def refusal(problem: Problem) -> str | None:
    """Why a problem is no such problem; None if it is."""
    model = problem.model
    if not isinstance(model, GraphConvolution):
        return "no graph convolution"
    if model.hidden is None:
        return "a graph convolution without hidden channels"
    if problem.loss != "squared":
        return f"loss {problem.loss!r} of a graph convolution"
    if problem.regulariser is not None:
        return "a graph convolution with a penalty of strength α; use weight_decay"
    outside = next((p.name for p in problem.parameters if not p.lower <= 0 <= p.upper), None)
    if outside is not None:
        return (
            f"a graph convolution with hidden channels in a box that does not hold 0 ({outside}); "
            "widen the box"
        )
    return None


class MovingCells:
    """The cells of a problem that :func:`refusal` does not refuse.

    ``complete`` is False if time ran out before all patterns and cells were known; there are no
    keys then.
    ``known`` are all patterns with their intervals, found before; ``memory`` may have them.

    Raises:
        TooManyCells: more than ``max_cells``.
    """

    def __init__(
        self,
        problem: Problem,
        max_cells: int = DEFAULT_MAX_CELLS,
        out_of_time: Callable[[], bool] = lambda: False,
        known: Sequence[Spell] | None = None,
        memory: SpellMemory | None = None,
    ) -> None:
        self.problem, self.max_cells = problem, max_cells
        self._out_of_time = out_of_time
        self.convolution = Convolution(problem)
        self.whole = hyperparameter_interval(problem)
        self.complete = True
        if known is None and memory is not None:
            known = memory.spells(0)
        if known is None:
            known, self.complete = spells(self.convolution.rows, self.whole, max_cells, out_of_time)
            if memory is not None and self.complete:
                memory.keep_spells(0, known)
        self.spells: tuple[Spell, ...] = tuple(known)

    def again(self) -> Callable[[], MovingCells]:
        """The same patterns, not searched for."""
        return partial(MovingCells, self.problem, self.max_cells, known=self.spells)

    def keys(self) -> Iterator[CellKey]:
        """One key for every orbit of cells under exchange of channels."""
        if self.complete:
            yield from self._keys

    @cached_property
    def _keys(self) -> list[CellKey]:
        signed = self.convolution.graph.has_signs
        options = [(s, i) for s in ((-1, 1) if signed else (1,)) for i in range(len(self.spells))]
        found: list[CellKey] = []
        classes = self.convolution.exchangeable
        choices = [combinations_with_replacement(options, len(members)) for members in classes]
        for chosen in product(*choices):
            cells, signs = [0] * self.convolution.channels, [1] * self.convolution.channels
            for members, states in zip(classes, chosen, strict=True):
                for channel, (sign, index) in zip(members, states, strict=True):
                    cells[channel], signs[channel] = index, sign
            if self._out_of_time():
                self.complete = False
                return []
            if self._common(cells) is not None:
                found.append(CellKey(tuple(cells), tuple(signs) if signed else ()))
            if len(found) > self.max_cells:
                raise TooManyCells(
                    f"{self.convolution.channels} channels make more than {self.max_cells:,} "
                    "cells; use fewer channels or nodes, or raise --max-cells"
                )
        return found

    def _common(self, indices: tuple[int, ...] | list[int]) -> Interval | None:
        common: Interval | None = self.whole
        for index in indices:
            common = common and common.meet(self.spells[index].interval)
        return common

    def within(self, key: CellKey) -> Interval:
        """Where all patterns of the cell occur."""
        common = self._common(key.cells)
        if common is None:
            raise ValueError(f"{key} is no cell")
        return common

    def program(self, key: CellKey) -> MovingProgram:
        """The parametric program of a cell."""
        pattern = [self.spells[index].active for index in key.cells]
        return MovingProgram(
            key,
            self.convolution.quadratic(pattern, key.signs),
            list(boundaries(self.convolution, pattern)),
            self.problem.parameters,
            self.problem.interval,
            self.at_zero,
        )

    @cached_property
    def at_zero(self) -> fmpq:
        """f(α, 0), the same for all α."""
        total = sum((y * y for y in self.problem.targets), Fraction(0))
        count = len(self.problem.targets) if self.problem.reduction == "mean" else 1
        return to_fmpq(total / count)

    def minimiser(self, part: Segment) -> Vector:
        """w(α) on a part, as numerators over one denominator."""
        if part.key == TIP:
            return [fmpz_poly([])] * len(self.problem.parameters), fmpz_poly([1])
        return self.program(part.key).minimiser(part)

    def start(self) -> Envelope:
        """f(α, 0) on A."""
        return at_tip(self.whole, self.at_zero)


def boundaries(convolution: Convolution, pattern: Sequence[Pattern]) -> Iterator[Constraint]:
    """σ_j a_j(α)·w_k ≥ 0 for every channel and node: ``h1:ada`` for node ada in channel 1."""
    size, zero = convolution.features, fmpz_poly([])
    for channel, active in enumerate(pattern):
        before, after = channel * size, (convolution.channels - channel - 1) * size
        for node, row in convolution.rows.items():
            side = 1 if node in active else -1
            label = f"h{channel + 1}:{convolution.graph.nodes[node]}"
            turned = tuple(side * p for p in row)
            yield label, ((zero,) * before) + turned + ((zero,) * after), 0


class Family(Cells, Protocol):
    """Cells that move with α, all of which may not be known."""

    complete: bool
    """False if time ran out before all cells were known."""


F = TypeVar("F", bound=Family)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MovingDual(DualFunction, Generic[F]):
    """ℓ* from cells that move with α; parts of pieces are :class:`~geometry.envelope.Segment`.

    ``bounds`` prove that no cell lies below.
    """

    cells: F
    bounds: tuple[CellBound, ...]


def moving_dual(
    cells: F,
    run: Run | None = None,
    report: Callable[[int], None] = lambda done: None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> MovingDual[F]:
    """The dual function with the proofs for every cell; arguments as those of
    :func:`geometry.search.swept`."""
    envelope, bounds, left = swept(cells, run, report, out_of_time)
    pieces = pieces_of(envelope)
    reasons = []
    if not cells.complete:
        reasons.append("the time budget ran out before all activation patterns were known")
    elif left:
        reasons.append(
            f"the time budget ran out: {left} of {left + len(bounds)} cells have no proof yet"
        )
    return MovingDual(
        cells.problem,
        pieces,
        tuple(continuous_points([(piece.interval, piece.value) for piece in pieces])),
        claim=Verdict.UNRESOLVED if reasons else Verdict.PROVED,
        reasons=tuple(reasons),
        cells=cells,
        bounds=tuple(bounds),
    )
