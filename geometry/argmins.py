"""Where a convex cell attains ℓ*, and whether its minimiser is unique there.

A step of a cell's proof gives v_S ≤ min_cell f(α, ·) on an interval. Where v_S > ℓ* the cell has
no minimiser. Where v_S = ℓ* let w_S be the stationary point and call an equation of S *strict*
if its multiplier is inside its range (λ_j > 0; |τ_k| < ρ_k). By complementary slackness every
point w of the cell with f(α, w) = v_S satisfies the strict equations and H(w − w_S) = 0. So if

    U(α) = det(H + Σ_{strict} r rᵀ) > 0,

w_S is the only candidate: it is the cell's minimiser if it is feasible, and if it is not, the
cell stays above ℓ*. At finitely many α (*events*) equations cease to be strict or U vanishes;
there the same question is asked with the equations that are strict at that α.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpz_poly

from geometry.algebraic import RealAlgebraic, increasing, roots_of
from geometry.convex import CellBound
from geometry.dual import Piece
from geometry.intervals import Interval
from geometry.polynomial_systems import determinant_sign
from geometry.stationary import CellProgram, Held, Stationary


@dataclass(frozen=True, eq=False)
class Contact:
    """On [lower, upper] (perhaps a point) w_S minimises f over W and over the cell.

    ``unclear`` lists the points of it at which S does not prove that it is the only
    minimiser of the cell; ``flat`` says that S does not prove it anywhere between these.
    """

    program: CellProgram
    labels: tuple[str, ...]
    stationary: Stationary
    lower: RealAlgebraic
    upper: RealAlgebraic
    unclear: tuple[RealAlgebraic, ...]
    flat: bool

    @property
    def interval(self) -> Interval | None:
        """The interval, None for a single point."""
        return Interval(self.lower, self.upper) if self.lower < self.upper else None


@dataclass(frozen=True, eq=False)
class Contacts:
    """Where a cell attains ℓ*.

    Attributes:
        contacts: in the order of the steps; all there are, but at the α of ``open``.
        unsettled: the α at which there is a minimiser and none is shown to be the only one.
        poles: the α at which v_S touches ℓ* and w_S has a pole: if S is optimal on one side there
            are minimisers.
        open: intervals, perhaps points, on which there may be a minimiser that no contact shows.
    """

    contacts: tuple[Contact, ...]
    unsettled: tuple[RealAlgebraic, ...]
    poles: tuple[RealAlgebraic, ...]
    open: tuple[tuple[RealAlgebraic, RealAlgebraic], ...]

    @property
    def is_clear(self) -> bool:
        """Whether every minimiser of the cell is the only one at its α, and known."""
        doubtful = self.unsettled or self.poles or self.open
        return not (doubtful or any(each.flat for each in self.contacts))


def contacts(program: CellProgram, bound: CellBound, pieces: Sequence[Piece]) -> Contacts:
    """Where a cell attains ℓ* given by ``pieces``.

    v_S is compared in lowest terms: where it exceeds ℓ* at a pole of w_S there is no minimiser
    either, since f(α, w) is continuous in α.
    """
    found: list[Contact] = []
    poles: list[RealAlgebraic] = []
    open_: list[tuple[RealAlgebraic, RealAlgebraic]] = []
    for labels, stationary, start, end in _meetings(program, bound, pieces):
        if start == end:
            if start.sign_of(stationary.denominator) == 0:
                poles.append(start)
            elif _feasible_at(stationary, start):
                found.append(_contact(program, labels, stationary, start, start))
            elif not _unique_at(program, stationary, start):
                open_.append((start, start))
            continue
        for lower, upper, feasible in _feasibility(stationary, Interval(start, end)):
            contact = _contact(program, labels, stationary, lower, upper)
            if feasible:
                found.append(contact)
            elif contact.flat or contact.unclear:
                open_.append((lower, upper))

    def doubtful(numbers: Iterable[RealAlgebraic]) -> tuple[RealAlgebraic, ...]:
        return tuple(a for a in increasing(numbers) if not any(_settles(each, a) for each in found))

    unclear = [alpha for each in found for alpha in each.unclear]
    return Contacts(tuple(found), doubtful(unclear), doubtful(poles), tuple(open_))


def meetings(
    program: CellProgram, bound: CellBound, pieces: Sequence[Piece]
) -> list[tuple[RealAlgebraic, RealAlgebraic]]:
    """Intervals and points of A outside which the cell does not attain ℓ*."""
    return [(lower, upper) for _, _, lower, upper in _meetings(program, bound, pieces)]


def _meetings(
    program: CellProgram, bound: CellBound, pieces: Sequence[Piece]
) -> Iterator[tuple[tuple[str, ...], Stationary, RealAlgebraic, RealAlgebraic]]:
    """Where v_S = ℓ*: active set, stationary point, and an interval or twice the same point."""
    for step in bound.steps:
        stationary = program.stationary(program.active_set(step.active))
        for piece in pieces:
            common = step.interval.meet(piece.interval)
            if common is None:
                continue
            n, d = piece.value.numerator, piece.value.denominator  # type: ignore[attr-defined]
            excess = stationary.value.numerator * d - n * stationary.value.denominator
            if excess:
                for alpha in roots_within(excess, common):
                    yield step.active, stationary, alpha, alpha
            else:
                yield step.active, stationary, common.lower, common.upper


def _settles(contact: Contact, alpha: RealAlgebraic) -> bool:
    """Whether the contact shows that its minimiser at α is the cell's only one."""
    if alpha in contact.unclear or not contact.lower <= alpha <= contact.upper:
        return False
    return not contact.flat or alpha in (contact.lower, contact.upper)


def _contact(
    program: CellProgram,
    labels: tuple[str, ...],
    stationary: Stationary,
    lower: RealAlgebraic,
    upper: RealAlgebraic,
) -> Contact:
    unclear, flat = _doubts(program, stationary, lower, upper)
    return Contact(program, labels, stationary, lower, upper, unclear, flat)


def roots_within(p: fmpz_poly, interval: Interval) -> list[RealAlgebraic]:
    """The distinct roots of p ≠ 0 in the closed interval, increasing."""
    found = roots_of(p, interval.lower.lower, interval.upper.upper)
    return [root for root in found if interval.lower <= root <= interval.upper]


def _feasibility(
    stationary: Stationary, within: Interval
) -> list[tuple[RealAlgebraic, RealAlgebraic, bool]]:
    """Maximal closed subintervals on which all slacks are ≥ 0, and those on which not all are.

    The first include points that are feasible alone.
    """
    roots = [root for p in stationary.slacks if p for root in roots_within(p, within)]
    ends = increasing([within.lower, *roots, within.upper])
    spans: list[tuple[RealAlgebraic, RealAlgebraic, bool]] = []
    for left, right in pairwise(ends):
        at = Interval(left, right).sample()
        feasible = all(p(at) >= 0 for p in stationary.slacks)
        if spans and spans[-1][2] == feasible:
            spans[-1] = (spans[-1][0], right, feasible)
        else:
            spans.append((left, right, feasible))
    inside = [(a, b) for a, b, feasible in spans if feasible]
    return spans + [
        (end, end, True)
        for end in ends
        if not any(a <= end <= b for a, b in inside)
        and all(end.sign_of(p) >= 0 for p in stationary.slacks)
    ]


def _feasible_at(stationary: Stationary, alpha: RealAlgebraic) -> bool:
    return all(alpha.sign_of(p) >= 0 for p in stationary.slacks)


def uniqueness(program: CellProgram, held: Sequence[Held], strict: Sequence[bool]) -> fmpz_poly:
    """A polynomial with the sign of det(H + Σ_{strict} r rᵀ) ≥ 0 (0 with a dead parameter)."""
    size = len(program.live)
    if size < len(program.cell.objective.linear):
        return fmpz_poly([])
    matrix = [list(row) for row in program.hessian]
    for equation, is_strict in zip(held, strict, strict=True):
        support = [i for i in range(size) if equation.row[i]]
        for i in support if is_strict else ():
            for j in support:
                matrix[i][j] = matrix[i][j] + equation.row[i] * equation.row[j]
    return determinant_sign(matrix)


def _doubts(
    program: CellProgram, stationary: Stationary, lower: RealAlgebraic, upper: RealAlgebraic
) -> tuple[tuple[RealAlgebraic, ...], bool]:
    """Events in [lower, upper] without proof of uniqueness; True if there is none in between."""
    events, held, flat = [lower, upper], program.held(stationary), False
    if lower < upper:
        within = Interval(lower, upper)
        generic = [all(equation.margins) for equation in held]
        margin = uniqueness(program, held, generic)
        flat = not margin
        polynomials = [
            *([] if flat else [margin]),
            stationary.denominator,
            *(p for e, g in zip(held, generic, strict=True) if g for p in e.margins),
        ]
        events += [root for p in polynomials for root in roots_within(p, within)]
    doubtful = [alpha for alpha in increasing(events) if not _unique_at(program, stationary, alpha)]
    return tuple(doubtful), flat


def _unique_at(program: CellProgram, stationary: Stationary, alpha: RealAlgebraic) -> bool:
    held = program.held(stationary)
    regular = alpha.sign_of(stationary.denominator) != 0  # else there are no multipliers
    strict = [regular and all(alpha.sign_of(p) > 0 for p in equation.margins) for equation in held]
    return alpha.sign_of(uniqueness(program, held, strict)) > 0
