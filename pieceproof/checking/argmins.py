"""Where a joint cell attains the training dual, with its only minimiser there.

A step of a cell's proof bounds the cell from below by v_S. Where v_S exceeds the training dual the
cell has no minimiser. Where v_S equals it, any point w of the cell with that loss satisfies
H(w − w_S) = 0 and the *strict* equations of S, those whose multiplier lies inside its range. (At a
pole of w_S the value of v_S is its limit, which bounds the cell because f is continuous in α; where
the limit is the training dual the cell may have several minimisers.) If

    U = det(H + Σ_{strict} r rᵀ) > 0,

that leaves w_S alone: the minimiser if it is feasible, and otherwise the cell has none. At the
*events*, finitely many α where an equation ceases to be strict or U = 0, the same is asked with
the equations that are strict at that α, of any step of the cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import pairwise

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.intervals import Interval, roots_inside
from pieceproof.checking.kinkedpoints import Solution, full_point, solve_face, uniqueness
from pieceproof.checking.kinks import Face, Form, Kinks
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.orbits import Case
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import Real, between, compare, sign_at
from pieceproof.checking.signs import squarefree_part


@dataclass(frozen=True)
class Contact:
    """On [start, end], perhaps a point, w_S = point/below is the cell's only minimiser, except
    that this is not shown at the ``doubts``; below ≥ 0."""

    case: Case
    labels: tuple[str, ...]
    point: tuple[fmpq_poly, ...]
    below: fmpq_poly
    start: Real
    end: Real
    doubts: tuple[Real, ...]
    flat: bool = False
    """Whether there are several minimisers between the doubts."""

    def settles(self, alpha: Real) -> bool:
        """Whether its minimiser at α is shown to be the only one of the cell.

        At an end of a flat contact it may be: the several ones beside it shrink to it.
        """
        if any(compare(alpha, doubt) == 0 for doubt in self.doubts):
            return False
        if self.flat:
            return compare(self.start, alpha) == 0 or compare(self.end, alpha) == 0
        return self.meets(alpha)

    def meets(self, alpha: Real) -> bool:
        """Whether α is in [start, end]."""
        return compare(self.start, alpha) <= 0 <= compare(self.end, alpha)


def contacts(
    kinks: Kinks,
    case: Case,
    steps: Node,
    pieces: Sequence[Piece],
    inside: Sequence[fmpq] | None = None,
) -> tuple[list[Contact], list[Real]]:
    """All contacts of a joint cell, and the α at which it may have several minimisers.

    Args:
        kinks: the training loss on the joint cells.
        case: the cell.
        steps: those of its proof.
        pieces: the training dual.
        inside: where parameters without influence are. With such parameters no minimiser is the
            only one, so that it does not matter where they are not known.

    Raises:
        Refuted: the cell may have a minimiser that no contact shows.
    """
    found: list[Contact] = []
    poles: list[Real] = []
    for step in steps:
        entry = step.fields("interval", "active")
        face = kinks.face(entry["active"], case)
        walk = _Walk(kinks, case, face, step.path, inside)
        start, end = read_interval(entry["interval"])
        for piece in pieces:
            low = start if compare(start, piece.interval.start) >= 0 else piece.interval.start
            high = end if compare(end, piece.interval.end) <= 0 else piece.interval.end
            if compare(low, high) < 0:
                found += walk.along(piece, Interval(low, high))
        poles += walk.poles
    doubtful = _increasing([*poles, *(alpha for contact in found for alpha in contact.doubts)])
    return found, [a for a in doubtful if not any(contact.settles(a) for contact in found)]


class _Walk:
    """One step of a cell: its stationary point and what must be ≥ 0 for it to be feasible."""

    def __init__(
        self, kinks: Kinks, case: Case, face: Face, path: str, inside: Sequence[fmpq] | None
    ) -> None:
        self.case, self.path = case, path
        self.poles: list[Real] = []
        solution = solve_face(face, kinks.objective.scale)
        self.solution: Solution = solution
        size = len(kinks.problem.parameters)
        *point, self.below = full_point(solution, inside or [fmpq(0)] * size)
        self.point = tuple(point)
        self.labels = tuple(sorted((*face.labels, *face.relations)))
        common = [*self.point, self.below]
        self.slacks = []
        for _, row in kinks.constraints.facets(case):
            total = fmpq_poly()
            for position, value in row:
                total += common[position] * (-value if position == size else value)
            self.slacks.append(total.numer())
        for sign, kink in face.signed:
            self.slacks.append((sign * _form(kink.form, common)).numer())

    def along(self, piece: Piece, within: Interval) -> list[Contact]:
        """The contacts with one piece of the training dual."""
        bound = self.solution.bound
        common = bound.value.gcd(bound.divisor)
        value, divisor = bound.value // common, bound.divisor // common
        excess = value * piece.denominator - piece.numerator * divisor
        if excess:
            return [c for alpha in roots_on(excess, within) for c in self._touching(alpha)]
        found = []
        for low, high, feasible in self._feasibility(within):
            contact = self._contact(low, high)
            if feasible:
                found.append(contact)
            elif contact.doubts or contact.flat:
                raise Refuted(f"{self.path} ({self.case}): a minimiser may exist at {low}")
        return found

    def _contact(self, low: Real, high: Real) -> Contact:
        doubts, flat = self._doubts(low, high)
        return Contact(self.case, self.labels, self.point, self.below, low, high, doubts, flat)

    def _touching(self, alpha: Real) -> list[Contact]:
        if sign_at(self.below.numer(), alpha) == 0:
            self.poles.append(alpha)
            return []
        if all(sign_at(f, alpha) >= 0 for f in self.slacks):
            return [self._contact(alpha, alpha)]
        if not self._unique_at(alpha):
            raise Refuted(f"{self.path} ({self.case}): a minimiser may exist at {alpha}")
        return []

    def _feasibility(self, within: Interval) -> list[tuple[Real, Real, bool]]:
        """Maximal closed intervals with one answer, and points that are feasible alone."""
        ends = _increasing(
            [within.start, *(r for f in self.slacks if f for r in roots_on(f, within)), within.end]
        )
        spans: list[tuple[Real, Real, bool]] = []
        for left, right in pairwise(ends):
            at = between(left, right)
            feasible = all(f(at) >= 0 for f in self.slacks)
            if spans and spans[-1][2] == feasible:
                spans[-1] = (spans[-1][0], right, feasible)
            else:
                spans.append((left, right, feasible))
        alone = [
            (end, end, True)
            for end in ends
            if all(sign_at(f, end) >= 0 for f in self.slacks)
            and not any(
                ok and compare(low, end) <= 0 <= compare(high, end) for low, high, ok in spans
            )
        ]
        return [*spans, *alone]

    def _doubts(self, low: Real, high: Real) -> tuple[tuple[Real, ...], bool]:
        """Events in [low, high] at which this step does not show uniqueness, and whether it
        shows it nowhere between them."""
        events, flat = [low, high], False
        if compare(low, high) < 0:
            generic = [all(equation.margins) for equation in self.solution.equations]
            margin = uniqueness(self.solution, generic)
            flat = not margin
            within = Interval(low, high)
            for f in (margin, self.below.numer(), *self._margins(generic)):
                events += roots_on(f, within) if f else []
        doubts = tuple(alpha for alpha in _increasing(events) if not self._unique_at(alpha))
        return doubts, flat

    def _margins(self, strict: Sequence[bool]) -> list[fmpz_poly]:
        equations = zip(self.solution.equations, strict, strict=True)
        return [f for equation, counts in equations if counts for f in equation.margins]

    def _unique_at(self, alpha: Real) -> bool:
        regular = sign_at(self.below.numer(), alpha) != 0  # else there are no multipliers
        strict = [
            regular and all(sign_at(f, alpha) > 0 for f in equation.margins)
            for equation in self.solution.equations
        ]
        return sign_at(uniqueness(self.solution, strict), alpha) > 0


def _form(form: Form, point: Sequence[fmpq_poly]) -> fmpq_poly:
    total = fmpq_poly()
    for position, entry in form:
        total += entry * point[position]
    return total


def roots_on(f: fmpz_poly, interval: Interval) -> list[Real]:
    """The real roots of F != 0 in the closed interval, increasing."""
    if f.degree() <= 0:
        return []
    first = [interval.start] if sign_at(f, interval.start) == 0 else []
    last = [interval.end] if sign_at(f, interval.end) == 0 else []
    return [*first, *roots_inside(squarefree_part(f), interval), *last]


def _increasing(numbers: Sequence[Real]) -> list[Real]:
    result: list[Real] = []
    for number in sorted(numbers, key=cmp_to_key(compare)):
        if not result or compare(result[-1], number) < 0:
            result.append(number)
    return result
