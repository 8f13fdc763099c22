"""Validation loss: ℓ*(α) = min { g(w) : w ∈ argmin_W f(α, ·) }, g the loss on held-out examples.

The minimisers of f over W lie in the cells that attain the training dual
(:mod:`geometry.argmins`). Where such a cell has one minimiser w(α), a vector of rational
functions, g(w(α)) is piecewise rational (:mod:`geometry.validation_values`); ℓ* is the lower
envelope of these functions, and may jump where the minimiser changes cells. At an α where more
cells attain the training dual than beside it, ℓ* is the least of their values: the optimistic
choice. It is lower semicontinuous because the graph of argmin is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from geometry.algebraic import RealAlgebraic
from geometry.argmins import Contact, contacts
from geometry.cell_programs import program_of
from geometry.convex_dual import ConvexDual
from geometry.dual import DualFunction, Piece
from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval
from geometry.validation_values import Path, loss_at, losses_on
from geometry.values import Level
from geometry.verdicts import Verdict
from piecewise.objective import CellKey
from piecewise.problems import Problem


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ValidationDual(DualFunction):
    """The validation loss of the best α-dependent fit; parts are segments of argmin paths.

    ``training`` is the dual function of the training loss, with its proofs.
    """

    training: ConvexDual


def validation_dual(problem: Problem, training: ConvexDual) -> ValidationDual:
    """The validation loss on A.

    Where a cell that attains the training dual has, or may have, several minimisers, what is
    found is an upper bound: the claim is then ``UNRESOLVED`` with the reasons.
    """
    segments: list[Segment] = []
    points: list[Level] = []
    doubts: list[str] = []
    for bound in training.bounds:
        program = program_of(training.objective.cell(bound.key))
        found = list(contacts(program, bound, training.pieces, doubts))
        doubts += _several(found)
        for contact in found:
            path = path_of(contact, bound.key)
            if contact.interval is None:
                points.append(Level(loss_at(problem, path, contact.lower), contact.lower))
                continue
            segments += [
                Segment(part, function, bound.key, contact.labels, function)
                for part, function in losses_on(problem, path, contact.interval)
            ]
    pieces, values = _pieces(Envelope().lowered(segments).segments, points)
    return ValidationDual(
        problem,
        tuple(pieces),
        tuple(values),
        claim=Verdict.UNRESOLVED if doubts else Verdict.PROVED,
        reasons=tuple(dict.fromkeys(doubts)),
        training=training,
    )


def _several(found: Sequence[Contact]) -> list[str]:
    """Where no contact of a cell proves that its minimiser is the only one."""
    doubts = [
        f"the training loss may have several minimisers for α in [{contact.lower.decimal(8)}, "
        f"{contact.upper.decimal(8)}]"
        for contact in found
        if contact.flat
    ]
    return doubts + [
        f"the training loss may have several minimisers at α = {alpha.decimal(12)}"
        for contact in found
        for alpha in contact.unclear
        if not any(
            other.lower <= alpha <= other.upper and not other.flat and alpha not in other.unclear
            for other in found
        )
    ]


def path_of(contact: Contact, key: CellKey) -> Path:
    """The minimiser of a contact as a path of all parameters."""
    point, denominator = contact.program.full_point(contact.stationary)
    return Path(point, denominator, key.signs)


def _pieces(
    segments: Sequence[Segment], isolated: Iterable[Level]
) -> tuple[list[Piece], list[Level]]:
    """Pieces with the values of ℓ* at their ends: the least limit, or the least value there."""
    lowest: list[Level] = []
    for level in sorted(isolated, key=lambda each: each.at):
        if lowest and lowest[-1].at == level.at:
            lowest[-1] = min(lowest[-1], level, key=_Order)
        else:
            lowest.append(level)
    dips = [level for level in lowest if _is_dip(level, segments)]
    groups: list[list[Segment]] = []
    for segment in _split(segments, [level.at for level in dips]):
        last = groups[-1][-1] if groups else None
        joins = last is not None and last.function == segment.function
        if joins and not any(level.at == segment.interval.lower for level in dips):
            groups[-1].append(segment)
        else:
            groups.append([segment])
    pieces = [
        Piece(Interval(g[0].interval.lower, g[-1].interval.upper), g[0].function, tuple(g))
        for g in groups
    ]
    ends = [pieces[0].interval.lower, *(piece.interval.upper for piece in pieces)]
    values = []
    for index, end in enumerate(ends):
        limits = [Level(piece.value, end) for piece in pieces[max(index - 1, 0) : index + 1]]
        values.append(min([*limits, *(d for d in dips if d.at == end)], key=_Order))
    return pieces, values


class _Order:
    """Levels as sort keys."""

    def __init__(self, level: Level) -> None:
        self.level = level

    def __lt__(self, other: _Order) -> bool:
        return self.level.compare(other.level) < 0


def _is_dip(level: Level, segments: Sequence[Segment]) -> bool:
    """Whether the value at a point is below ℓ* of the segments there."""
    return all(
        level.compare(Level(segment.function, level.at)) < 0
        for segment in segments
        if segment.interval.lower <= level.at <= segment.interval.upper
    )


def _split(segments: Sequence[Segment], at: Sequence[RealAlgebraic]) -> Iterator[Segment]:
    for segment in segments:
        rest = segment
        for alpha in at:
            if rest.interval.lower < alpha < rest.interval.upper:
                yield rest.on(Interval(rest.interval.lower, alpha))
                rest = rest.on(Interval(alpha, rest.interval.upper))
        yield rest
