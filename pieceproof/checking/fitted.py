"""The validation loss at all minimisers of the training loss, as the checker finds them.

Along contacts with one minimiser it is a list of rational functions on intervals; at single α
it is a value. Where a linear model has several minimisers the stated best one is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, cmp_to_key

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.argmins import Contact
from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.heldout import Path, loss_at, losses_on
from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.kinks import Kinks
from pieceproof.checking.orbits import Case, Orbits
from pieceproof.checking.pieces import Piece, Value, gap
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import Real, compare, exactly, minimal_polynomial, sign_at
from pieceproof.checking.secondstage import At, Minimisers, goal_of, lower_bound

BEST = ("alpha", "cell", "active", "optimistic", "minimiser", "value")


@dataclass(frozen=True)
class Best:
    """An entry of "best": the minimiser of a cell with the least loss at one α."""

    node: Node
    case: Case
    alpha: fmpq


def read_best(node: Node, orbits: Orbits) -> Best:
    entry = node.fields(*BEST, optional=("signs",))
    return Best(node, orbits.read_case(entry, node.path), entry["alpha"].rational())


def alpha_is(alpha: Real, value: fmpq) -> bool:
    """Whether the number is the rational ``value``."""
    return compare(alpha, exactly(value)) == 0


@dataclass
class Fitted:
    """The validation loss on all contacts."""

    problem: Problem
    kinks: Kinks
    paths: list[tuple[Contact, Interval, Value]] = field(default_factory=list)
    isolated: list[Height] = field(default_factory=list)
    flats: list[Contact] = field(default_factory=list)

    @cached_property
    def goal(self) -> Kinks:
        """The held-out loss of a linear model."""
        return goal_of(self.problem)

    def best(self, stated: Best) -> Height:
        """The least loss of the minimisers of a linear model at a rational α.

        Raises:
            CertificateError: malformed.
            Refuted: another minimiser may be better, or the stated one is none.
        """
        entry, alpha = stated.node.fields(*stated.node.value), stated.alpha
        low, high = self.problem.interval
        if self.problem.units or not low <= alpha <= high:
            raise Refuted(f"{stated.node.path}: not an α of a linear model")
        several = Minimisers.of(self.kinks, stated.case, entry["active"], At(alpha))
        several.check_optimal(stated.node.path)
        above, below = lower_bound(several, self.goal, entry["optimistic"])
        point, value = entry["minimiser"].rationals(), entry["value"].rational()
        if len(point) != len(self.problem.parameters):
            raise entry["minimiser"].wrong(f"{len(self.problem.parameters)} coordinates")
        several.check_member([fmpq_poly([c]) for c in (*point, fmpq(1))], stated.node.path)
        if above(alpha) < value * below(alpha):
            raise Refuted(f"{entry['optimistic'].path}: the bound is below the value")
        path = Path([fmpq_poly([c]) for c in point], fmpq_poly([1]), (fmpq(1),))
        loss = loss_at(self.problem, path, exactly(alpha))
        if loss.numerator(alpha) != value * loss.denominator(alpha):
            raise Refuted(f"{entry['value'].path}: not the loss at the minimiser")
        return Height(loss, exactly(alpha))

    def add(self, contact: Contact) -> None:
        """The loss along a contact.

        Raises:
            Refuted: there are several minimisers and the model is no linear one.
        """
        if contact.flat:
            if self.problem.units:
                raise Refuted(f"training: {contact.case} may have several minimisers")
            self.flats.append(contact)
            return
        outputs = self.problem.weights or tuple(map(fmpq, contact.case.signs or ()))
        path = Path(contact.point, contact.below, outputs)
        if compare(contact.start, contact.end) == 0:
            value = loss_at(self.problem, path, contact.start)
            self.isolated.append(Height(value, contact.start))
            return
        for part, value in losses_on(self.problem, path, Interval(contact.start, contact.end)):
            self.paths.append((contact, part, value))

    def points(self, pieces: Sequence[Piece]) -> list[Height]:
        """ℓ* at the ends of A and between pieces, with numbers that this checker knows.

        Raises:
            Refuted: a minimiser at a single α is better than the piece around it.
        """
        ends = [pieces[0].interval.start, *(piece.interval.end for piece in pieces)]
        points = []
        for index, end in enumerate(ends):
            own = [Height(p, end) for p in pieces[max(index - 1, 0) : index + 1]]
            own += [each for each in self.isolated if compare(each.alpha, end) == 0]
            least = min(own, key=cmp_to_key(compare_heights))
            points.append(Height(least.piece, self._known(end, pieces, index)))
        for each in self.isolated:
            for piece in pieces:
                inside = (
                    compare(piece.interval.start, each.alpha) < 0
                    and compare(each.alpha, piece.interval.end) < 0
                )
                if inside and compare_heights(each, Height(piece, each.alpha)) < 0:
                    raise Refuted(f"pieces: a minimiser at {each.alpha} has a smaller loss")
        return points

    def _known(self, end: Real, pieces: Sequence[Piece], index: int) -> Real:
        """The same number as found by this checker: an end of A or of a contact, or a crossing."""
        if 0 < index < len(pieces):
            difference = gap(pieces[index - 1], pieces[index])
            if difference and sign_at(difference, end) == 0:
                factors = (factor for factor, _ in difference.factor()[1])
                minimal = next(factor for factor in factors if sign_at(factor, end) == 0)
                return _with_polynomial(end, minimal)
        known = [exactly(each) for each in self.problem.interval]
        known += [number for _, part, _ in self.paths for number in (part.start, part.end)]
        known += [each.alpha for each in self.isolated]
        for number in known:
            if compare(number, end) == 0:
                return _with_polynomial(number, minimal_polynomial(number))
        raise Refuted(f"pieces: nothing changes at {end}")

    def check_lower(self, node: Node, pieces: Sequence[Piece]) -> None:
        """No minimiser has a smaller validation loss than stated.

        Raises:
            Refuted: one has.
        """
        for contact, part, value in self.paths:
            for number, piece in enumerate(pieces):
                low = max(part.start, piece.interval.start, key=cmp_to_key(compare))
                high = min(part.end, piece.interval.end, key=cmp_to_key(compare))
                if compare(low, high) < 0 and not nonnegative(
                    value.numerator * piece.denominator - piece.numerator * value.denominator,
                    Interval(low, high),
                ):
                    raise Refuted(
                        f"{node.path}[{number}].value: a minimiser of {contact.case} has a smaller "
                        f"loss somewhere on [{low}, {high}]"
                    )


def _with_polynomial(number: Real, minimal: fmpz_poly) -> Real:
    if number.rational:
        return exactly(number.lower)
    return Real(minimal, number.lower, number.upper)
