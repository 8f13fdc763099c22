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
from geometry.argmins import Contact, Undecided, contacts
from geometry.cell_programs import program_of
from geometry.convex_dual import ConvexDual
from geometry.dual import DualFunction, Piece
from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval
from geometry.validation_values import Path, loss_at, losses_on
from geometry.values import Level
from piecewise.objective import CellKey
from piecewise.problems import Problem


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ValidationDual(DualFunction):
    """The validation loss of the best α-dependent fit; parts are segments of argmin paths.

    ``training`` is the dual function of the training loss, with its proofs.
    """

    training: ConvexDual


@dataclass(frozen=True)
class Attained:
    """Values of g at minimisers of f: on intervals, and at single α."""

    segments: tuple[Segment, ...]
    points: tuple[tuple[Level, CellKey], ...]


def validation_dual(problem: Problem, training: ConvexDual) -> ValidationDual:
    """The validation loss on A.

    Raises:
        Undecided: the minimiser of a cell is not unique where the cell attains the training
            dual, or that could not be decided.
    """
    segments: list[Segment] = []
    points: list[tuple[Level, CellKey]] = []
    for bound in training.bounds:
        program = program_of(training.objective.cell(bound.key))
        found = list(contacts(program, bound, training.pieces))
        _require_unique(found)
        for contact in found:
            attained = _attained(problem, bound.key, contact)
            segments += attained.segments
            points += attained.points
    envelope = Envelope().lowered(segments)
    pieces, values = _pieces(envelope.segments, [level for level, _ in points])
    return ValidationDual(problem, tuple(pieces), tuple(values), training=training)


def _require_unique(found: Sequence[Contact]) -> None:
    """Every α of every contact of a cell has a contact that proves uniqueness there."""
    for contact in found:
        if contact.flat:
            raise Undecided(
                f"the minimiser is not unique on [{contact.lower.decimal(8)}, "
                f"{contact.upper.decimal(8)}]"
            )
        for alpha in contact.unclear:
            if not any(
                other.lower <= alpha <= other.upper and alpha not in other.unclear
                for other in found
            ):
                raise Undecided(f"the minimiser may not be unique at α = {alpha.decimal(12)}")


def path_of(contact: Contact, key: CellKey) -> Path:
    """The minimiser of a contact as a path of all parameters."""
    point, denominator = contact.program.full_point(contact.stationary)
    return Path(point, denominator, key.signs)


def _attained(problem: Problem, key: CellKey, contact: Contact) -> Attained:
    path = path_of(contact, key)
    if contact.interval is None:
        return Attained((), ((Level(loss_at(problem, path, contact.lower), contact.lower), key),))
    segments = [
        Segment(part, function, key, contact.labels, function)
        for part, function in losses_on(problem, path, contact.interval)
    ]
    return Attained(tuple(segments), ())


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
