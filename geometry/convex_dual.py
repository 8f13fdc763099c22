"""The dual function of a convex objective, with the proofs for every cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from geometry.arcs import continuous_points
from geometry.cell_programs import program_of
from geometry.convex import CellBound
from geometry.dual import DualFunction, Piece
from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval
from geometry.verdicts import Verdict
from piecewise.exact import Number, rational, to_fmpq, to_fraction
from piecewise.objective import CellKey, ConvexObjective


@dataclass(frozen=True)
class Minimiser:
    """Parameters that attain ℓ*(α) at a rational α, and the cell they lie in."""

    key: CellKey
    w: tuple[Fraction, ...]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ConvexDual(DualFunction):
    """ℓ* of a convex objective; the parts of its pieces are :class:`~geometry.envelope.Segment`.

    ``bounds`` prove that no cell lies below; ``open_cells`` counts cells a budget left
    without proof (then ℓ* is only bounded from above by what is given here).
    """

    objective: ConvexObjective
    bounds: tuple[CellBound, ...]
    open_cells: int = 0

    @classmethod
    def of_envelope(
        cls,
        objective: ConvexObjective,
        envelope: Envelope,
        bounds: Sequence[CellBound],
        open_cells: int = 0,
    ) -> ConvexDual:
        """Join neighbouring segments with the same value function into pieces."""
        pieces = pieces_of(envelope)
        reason = (
            f"the time budget ran out: {open_cells} of {open_cells + len(bounds)} cells "
            "have no proof yet"
        )
        return cls(
            objective.problem,
            pieces,
            tuple(continuous_points([(piece.interval, piece.value) for piece in pieces])),
            claim=Verdict.UNRESOLVED if open_cells else Verdict.PROVED,
            reasons=(reason,) if open_cells else (),
            objective=objective,
            bounds=tuple(bounds),
            open_cells=open_cells,
        )

    def minimisers(self, alpha: Number | Fraction) -> list[Minimiser]:
        """One exact minimiser for every cell (orbit under exchange of units) that attains ℓ*(α).

        Within a cell the minimiser need not be unique (flat directions); points shared
        by neighbouring cells are given once.
        """
        at = to_fmpq(rational(alpha))
        least = self.piece_at(to_fraction(at)).value(at)
        found: dict[tuple[tuple[Fraction, ...], tuple[int, ...]], Minimiser] = {}
        for cell in map(self.objective.cell, self.objective.keys()):
            program = program_of(cell)
            value, w = program.minimise(at)
            if value == least:
                point = tuple(to_fraction(entry) for entry in w)
                found.setdefault((point, cell.key.signs), Minimiser(cell.key, point))
        return list(found.values())


def pieces_of(envelope: Envelope) -> tuple[Piece, ...]:
    """Neighbouring segments with the same value function as parts of one piece."""
    groups: list[list[Segment]] = []
    for segment in envelope.segments:
        if groups and groups[-1][-1].function == segment.function:
            groups[-1].append(segment)
        else:
            groups.append([segment])
    return tuple(
        Piece(
            Interval(group[0].interval.lower, group[-1].interval.upper),
            group[0].function,
            tuple(group),
        )
        for group in groups
    )
