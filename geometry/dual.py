"""The dual function ℓ*: its pieces, breakpoints, minima and the proofs behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from flint import fmpq

from geometry.algebraic import RealAlgebraic
from geometry.arcs import (
    Arc,
    Extremum,
    arcs_of,
    extrema,
    global_minima,
    oscillations,
    slopes_differ,
    values_differ,
)
from geometry.convex import CellBound
from geometry.envelope import Envelope, Segment
from geometry.errors import GeometryError
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.stationary import CellProgram
from geometry.verdicts import Verdict
from piecewise.exact import Number, rational, to_fmpq, to_fraction
from piecewise.objective import CellKey, ConvexObjective
from piecewise.problems import Problem


class OutsideInterval(GeometryError):
    """A hyperparameter value outside A."""


class Kind(Enum):
    """How ℓ* fails to be analytic at a breakpoint."""

    JUMP = "jump"
    KINK = "kink"
    SMOOTH = "smooth"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Breakpoint:
    """An interior α at which ℓ* is not analytic."""

    alpha: RealAlgebraic
    kind: Kind

    def __repr__(self) -> str:
        return f"<{self.kind} at {self.alpha.decimal(8)}>"


@dataclass(frozen=True)
class Piece:
    """A maximal open interval on which ℓ* is analytic, with its value function.

    ``parts`` are the strata whose stationary point attains ℓ*, in order; a change of
    minimiser that leaves ℓ* analytic separates parts, not pieces.
    """

    interval: Interval
    value: RationalFunction
    parts: tuple[Segment, ...]

    def __repr__(self) -> str:
        lower, upper = self.interval.lower.decimal(8), self.interval.upper.decimal(8)
        part = self.parts[0]
        where = f"active {', '.join(part.active)}" if part.active else "interior"
        return f"<piece ({lower}, {upper}): cell {part.key.cells}, {where}>"


@dataclass(frozen=True)
class Minimum:
    """The least value of ℓ* on A and everywhere it is attained (points and plateaus)."""

    places: tuple[Extremum, ...]

    @property
    def value(self) -> RealAlgebraic:
        """min ℓ*, exactly."""
        return self.places[0].level.exact

    @property
    def alpha(self) -> RealAlgebraic:
        """The first minimiser."""
        return self.places[0].lower

    def __repr__(self) -> str:
        places = ", ".join(
            f"[{p.lower.decimal(8)}, {p.upper.decimal(8)}]" if p.is_plateau else p.lower.decimal(8)
            for p in self.places
        )
        return f"<minimum {self.value.decimal(10)} at α = {places}>"


@dataclass(frozen=True)
class Minimiser:
    """Parameters that attain ℓ*(α) at a rational α, and the cell they lie in."""

    key: CellKey
    w: tuple[Fraction, ...]


@dataclass(frozen=True, eq=False, repr=False)
class DualFunction:
    """ℓ*(α) = min_{w∈W} f(α, w) on A, exactly.

    ``bounds`` prove that no cell lies below; ``open_cells`` counts cells a budget left
    without proof (then ℓ* is only bounded from above by what is given here).
    """

    objective: ConvexObjective
    pieces: tuple[Piece, ...]
    bounds: tuple[CellBound, ...]
    open_cells: int = 0

    @classmethod
    def of_envelope(
        cls,
        objective: ConvexObjective,
        envelope: Envelope,
        bounds: Sequence[CellBound],
        open_cells: int = 0,
    ) -> DualFunction:
        """Join neighbouring segments with the same value function into pieces."""
        groups: list[list[Segment]] = []
        for segment in envelope.segments:
            if groups and groups[-1][-1].function == segment.function:
                groups[-1].append(segment)
            else:
                groups.append([segment])
        pieces = tuple(
            Piece(
                Interval(group[0].interval.lower, group[-1].interval.upper),
                group[0].function,
                tuple(group),
            )
            for group in groups
        )
        return cls(objective, pieces, tuple(bounds), open_cells)

    @property
    def problem(self) -> Problem:
        """The problem whose dual this is."""
        return self.objective.problem

    @property
    def verdict(self) -> Verdict:
        """What the computation claims: ``PROVED``, or ``UNRESOLVED`` if cells are open."""
        return Verdict.UNRESOLVED if self.open_cells else Verdict.PROVED

    @cached_property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """Interior points where ℓ* is not analytic, increasing."""
        return tuple(self._breakpoints())

    def _breakpoints(self) -> Iterator[Breakpoint]:
        for left, right in pairwise(self.pieces):
            alpha = left.interval.upper
            if values_differ(left.value, right.value, alpha):
                kind = Kind.JUMP
            else:
                kind = Kind.KINK if slopes_differ(left.value, right.value, alpha) else Kind.SMOOTH
            yield Breakpoint(alpha, kind)

    # -- values ----------------------------------------------------------------------

    def piece_at(self, alpha: Number | Fraction) -> Piece:
        """The first piece whose closed interval holds α.

        Raises:
            OutsideInterval: α is not in A.
        """
        at = to_fmpq(rational(alpha))
        if self.pieces[0].interval.lower.compare_rational(at) > 0:
            raise OutsideInterval(self._outside(at))
        for piece in self.pieces:
            if piece.interval.upper.compare_rational(at) >= 0:
                return piece
        raise OutsideInterval(self._outside(at))

    def _outside(self, at: fmpq) -> str:
        lower, upper = self.problem.interval
        return f"alpha = {at} lies outside A = [{lower}, {upper}]"

    @overload
    def __call__(self, alpha: int | str | Fraction) -> Fraction: ...
    @overload
    def __call__(self, alpha: float) -> float: ...
    @overload
    def __call__(self, alpha: npt.NDArray[Any]) -> npt.NDArray[np.float64]: ...
    def __call__(
        self, alpha: Number | Fraction | npt.NDArray[Any]
    ) -> Fraction | float | npt.NDArray[np.float64]:
        """ℓ*(α): a Fraction for an exact α, floats for a float or an array.

        Float results are the exact values at the given binary numbers, rounded once.

        Raises:
            OutsideInterval: some α is not in A.
        """
        if isinstance(alpha, np.ndarray):
            values = [self._value(Fraction(float(a))) for a in alpha.ravel()]
            return np.array([float(value) for value in values]).reshape(alpha.shape)
        if isinstance(alpha, float):
            return float(self._value(Fraction(alpha)))
        return self._value(rational(alpha))

    def _value(self, alpha: Fraction) -> Fraction:
        return to_fraction(self.piece_at(alpha).value(to_fmpq(alpha)))

    def minimisers(self, alpha: Number | Fraction) -> list[Minimiser]:
        """One exact minimiser for every cell (orbit under exchange of units) that attains ℓ*(α).

        Within a cell the minimiser need not be unique (flat directions); points shared
        by neighbouring cells are given once.
        """
        at = to_fmpq(rational(alpha))
        least = self.piece_at(to_fraction(at)).value(at)
        found: dict[tuple[tuple[Fraction, ...], tuple[int, ...]], Minimiser] = {}
        for cell in map(self.objective.cell, self.objective.keys()):
            program = CellProgram(cell)
            value, w = program.minimise(at)
            if value == least:
                point = tuple(to_fraction(entry) for entry in w)
                found.setdefault((point, cell.key.signs), Minimiser(cell.key, point))
        return list(found.values())

    # -- shape -----------------------------------------------------------------------

    @cached_property
    def arcs(self) -> tuple[Arc, ...]:
        """Maximal intervals inside pieces on which ℓ* is monotone."""
        return tuple(arcs_of([(piece.interval, piece.value) for piece in self.pieces]))

    @cached_property
    def _extrema(self) -> tuple[list[Extremum], list[Extremum]]:
        return extrema(self.arcs)

    @property
    def local_minima(self) -> tuple[Extremum, ...]:
        """Local minima of ℓ* on A (ends and plateaus included), increasing."""
        return tuple(self._extrema[0])

    @property
    def local_maxima(self) -> tuple[Extremum, ...]:
        """Local maxima of ℓ* on A (ends and plateaus included), increasing."""
        return tuple(self._extrema[1])

    def minimum(self) -> Minimum:
        """The certified least value of ℓ* on A and all its minimisers α."""
        return Minimum(tuple(global_minima(self._extrema[0])))

    def oscillations(self) -> int:
        """B(ℓ*), the largest number of cuts of a superlevel indicator [BDDKSV21]."""
        return oscillations(self.arcs)

    def __repr__(self) -> str:
        lower, upper = self.problem.interval
        return (
            f"<dual function on [{lower}, {upper}]: {len(self.pieces)} pieces, "
            f"{len(self.breakpoints)} breakpoints, {self.verdict}>"
        )
