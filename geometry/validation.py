"""Validation loss: ℓ*(α) = min { g(w) : w ∈ argmin_W f(α, ·) }, g the loss on held-out examples.

The minimisers of f over W lie in the cells that attain the training dual
(:mod:`geometry.argmins`). Where such a cell has one minimiser w(α), a vector of rational
functions, g(w(α)) is piecewise rational (:mod:`geometry.validation_values`); ℓ* is the lower
envelope of these functions, and may jump where the minimiser changes cells. At an α where more
cells attain the training dual than beside it, ℓ* is the least of their values: the optimistic
choice. It is lower semicontinuous because the graph of argmin is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from geometry.algebraic import RealAlgebraic, increasing
from geometry.argmins import Contact, contacts
from geometry.cell_programs import program_of
from geometry.convex_dual import ConvexDual
from geometry.dual import DualFunction, Piece
from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval
from geometry.second_stage import Best, best_at, best_on
from geometry.validation_values import Path, inside, loss_at, losses_on
from geometry.values import Level
from geometry.verdicts import Verdict
from piecewise.networks import FeedForward
from piecewise.objective import CellKey
from piecewise.problems import Problem


@dataclass(frozen=True)
class Fit:
    """How a part of a piece is attained: the active set of a minimiser of f, the second active
    set that makes it the best one (None if it is the only one), and the minimiser itself."""

    labels: tuple[str, ...]
    optimistic: tuple[str, ...] | None
    path: Path


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ValidationDual(DualFunction):
    """The validation loss of the fitted parameters; parts are segments.

    Attributes:
        training: the dual function of the training loss, with its proofs.
        fits: for (cell, active set) of a segment what attains it.
        best: the best minimisers at single α at which there are several.
    """

    training: ConvexDual
    fits: Mapping[tuple[CellKey, tuple[str, ...]], Fit]
    best: tuple[tuple[CellKey, Best], ...]


def validation_dual(problem: Problem, training: ConvexDual) -> ValidationDual:
    """The validation loss on A.

    Where a cell that attains the training dual has, or may have, several minimisers and the best
    of them is not found, the result is an upper bound: the claim is then ``UNRESOLVED``, with
    the reasons. That happens for networks, and at irrational α.
    """
    search = _Search(problem)
    for bound in training.bounds:
        program = program_of(training.objective.cell(bound.key))
        found = list(contacts(program, bound, training.pieces, search.doubts))
        for contact in found:
            search.follow(contact)
        for alpha, contact in _unsettled(found):
            search.settle(alpha, contact)
    pieces, values = _pieces(Envelope().lowered(search.segments).segments, search.points)
    return ValidationDual(
        problem,
        tuple(pieces),
        tuple(values),
        claim=Verdict.UNRESOLVED if search.doubts else Verdict.PROVED,
        reasons=tuple(dict.fromkeys(search.doubts)),
        training=training,
        fits=search.fits,
        best=tuple(search.best),
    )


def _unsettled(found: Sequence[Contact]) -> list[tuple[RealAlgebraic, Contact]]:
    """Events at which no contact of a cell proves that its minimiser is the only one."""
    result: list[tuple[RealAlgebraic, Contact]] = []
    for contact in found:
        for alpha in contact.unclear:
            settled = any(
                other.lower <= alpha <= other.upper
                and alpha not in other.unclear
                and (not other.flat or alpha in (other.lower, other.upper))
                for other in found
            )
            if not settled and alpha not in [known for known, _ in result]:
                result.append((alpha, contact))
    return result


class _Search:
    """Values of the validation loss at minimisers of the training loss, cell by cell."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.segments: list[Segment] = []
        self.points: list[Level] = []
        self.fits: dict[tuple[CellKey, tuple[str, ...]], Fit] = {}
        self.best: list[tuple[CellKey, Best]] = []
        self.doubts: list[str] = []
        self._linear = not isinstance(problem.model, FeedForward)

    def follow(self, contact: Contact) -> None:
        """The loss along a contact; along its best minimisers where there are several."""
        key, path = contact.program.key, _path_of(contact)
        if contact.interval is None:
            self.points.append(Level(loss_at(self.problem, path, contact.lower), contact.lower))
            return
        if contact.flat and self._linear:
            ends = increasing([contact.lower, *contact.unclear, contact.upper])
            for lower, upper in pairwise(ends):
                self._choose(contact, Interval(lower, upper))
            return
        if contact.flat:
            self.doubts.append(
                f"the training loss may have several minimisers for α in "
                f"[{contact.lower.decimal(8)}, {contact.upper.decimal(8)}]"
            )
        self.fits[key, contact.labels] = Fit(contact.labels, None, path)
        self.segments += [
            Segment(part, function, key, contact.labels, function)
            for part, function in losses_on(self.problem, path, contact.interval)
        ]

    def _choose(self, contact: Contact, within: Interval) -> None:
        key = contact.program.key
        sign = inside(within)
        for best in best_on(self.problem, contact.program, contact.stationary, within, sign):
            name = (*contact.labels, "best", *best.labels)
            self.fits[key, name] = Fit(contact.labels, best.labels, best.path)
            interval = Interval(best.lower, best.upper)
            self.segments.append(Segment(interval, best.function, key, name, best.function))

    def settle(self, alpha: RealAlgebraic, contact: Contact) -> None:
        """The best minimiser of a cell at one α with several."""
        if not self._linear or not alpha.is_rational:
            self.doubts.append(
                f"the training loss may have several minimisers at α = {alpha.decimal(12)}"
            )
            return
        best = best_at(self.problem, contact.program, alpha)
        self.best.append((contact.program.key, best))
        self.points.append(Level(best.function, alpha))


def _path_of(contact: Contact) -> Path:
    """The minimiser of a contact as a path of all parameters."""
    point, denominator = contact.program.full_point(contact.stationary)
    return Path(point, denominator, contact.program.key.signs)


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
