"""The validation loss at all minimisers of the training loss, as the checker finds them.

Along contacts with one minimiser it is a list of rational functions on intervals; at single α
it is a value. Where a cell has several minimisers the stated best one is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.argmins import Contact, roots_on
from pieceproof.checking.attained import read_increasing
from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.heldout import Path, loss_at, losses_on
from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.kinks import Kinks
from pieceproof.checking.numerals import read_end
from pieceproof.checking.orbits import Case, Orbits
from pieceproof.checking.pieces import Piece, Value, gap, read_value
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import Real, compare, exactly, minimal_polynomial, sign_at
from pieceproof.checking.refined import Ground, Refined, RefinedCase, linear_ground
from pieceproof.checking.secondstage import Along, At, Minimisers, lower_bound

BEST = ("alpha", "cell", "active", "optimistic", "minimiser", "value")
SEVERAL = ("interval", "cell", "active", "optimistic")


@dataclass(frozen=True)
class Best:
    """An entry of "best": the minimiser of a cell with the least loss at one α."""

    node: Node
    case: Case
    alpha: Real


@dataclass(frozen=True)
class Bounded:
    """On the interval the loss of all minimisers of a cell is no less than the pieces, but perhaps
    at the α in ``weak``."""

    case: Case
    interval: Interval
    weak: tuple[Real, ...]

    def holds_at(self, alpha: Real) -> bool:
        """Whether the bound holds at α."""
        start, end = self.interval.start, self.interval.end
        return compare(start, alpha) <= 0 <= compare(end, alpha) and not any(
            compare(alpha, each) == 0 for each in self.weak
        )


@dataclass
class Fitted:
    """The validation loss on all contacts.

    Attributes:
        problem: the problem with its held-out examples.
        kinks: the training loss on the joint cells.
        orbits: the joint cells.
        refined: the refined cells of a network; None if no cell is refined.
        training: the training dual.
        paths: contacts with one minimiser, with the loss along it.
        isolated: the loss at minimisers of single α.
        flats: contacts with several minimisers.
        bounded: where the loss of all minimisers of a cell has been shown to be no less than
            the pieces.
    """

    problem: Problem
    kinks: Kinks
    orbits: Orbits
    refined: Refined | None
    training: Sequence[Piece]
    paths: list[tuple[Contact, Interval, Value]] = field(default_factory=list)
    isolated: list[Height] = field(default_factory=list)
    flats: list[Contact] = field(default_factory=list)
    bounded: list[Bounded] = field(default_factory=list)

    def read_case(self, entry: dict[str, Node], path: str) -> Case:
        """The joint cell that an entry names, or the part of it.

        Raises:
            CertificateError: malformed.
            Refuted: the refined cell is no part of it.
        """
        case = self.orbits.read_case(entry, path)
        if "refined" not in entry:
            return case
        if self.refined is None:
            raise entry["refined"].wrong("no refined cell, as none are listed")
        return self.refined.read(entry["refined"], case)

    def ground(self, case: Case, path: str) -> Ground:
        """Both losses on a cell where they are convex.

        Raises:
            Refuted: they are not.
        """
        if self.refined is not None and isinstance(case, RefinedCase):
            return self.refined.ground(case)
        if self.problem.units:
            raise Refuted(f"{path}: several minimisers need a refined cell")
        return linear_ground(self.problem, self.kinks, case)

    def read_best(self, node: Node) -> Best:
        """An entry of "best".

        Raises:
            CertificateError: malformed.
            Refuted: not an α of A.
        """
        entry = node.fields(*BEST, optional=("signs", "refined"))
        alpha = read_end(entry["alpha"])
        low, high = map(exactly, self.problem.interval)
        if compare(alpha, low) < 0 or compare(alpha, high) > 0:
            raise Refuted(f"{node.path}: not an α of A")
        return Best(node, self.read_case(entry, node.path), alpha)

    def best(self, stated: Best) -> Height:
        """The least loss of the minimisers of a cell at one α.

        Raises:
            CertificateError: malformed.
            Refuted: another minimiser may be better, or the stated one is none.
        """
        entry, path = stated.node.fields(*stated.node.value), stated.node.path
        place = At(stated.alpha)
        several = Minimisers.of(self.ground(stated.case, path), entry["active"], place)
        several.check_optimal(self.training, path)
        bound = lower_bound(several, entry["optimistic"])
        if any(place.vanishes(f) for f in bound.weak):
            raise Refuted(f"{entry['optimistic'].path}: no bound at alpha")
        point, value = self._point(entry["minimiser"], place), read_value(entry["value"])
        several.check_member(point, path)
        if sign_at(value.denominator, stated.alpha) <= 0:
            raise Refuted(f"{entry['value'].path}.denominator: not positive at alpha")
        if not place.nonnegative(bound.value * value.denominator - value.numerator * bound.divisor):
            raise Refuted(f"{entry['optimistic'].path}: the bound is below the value")
        outputs = self.problem.weights or tuple(map(fmpq, stated.case.signs or (1,)))
        loss = loss_at(self.problem, Path(point[:-1], point[-1], outputs), stated.alpha)
        if not place.vanishes(
            loss.numerator * value.denominator - value.numerator * loss.denominator
        ):
            raise Refuted(f"{entry['value'].path}: not the loss at the minimiser")
        return Height(loss, stated.alpha)

    def _point(self, node: Node, place: At) -> list[fmpq_poly]:
        """Parameters at one α, their divisor last and positive there."""
        member = node.fields("numerators", "denominator")
        numerators, divisor = member["numerators"].polynomials(), member["denominator"].polynomial()
        if len(numerators) != len(self.problem.parameters):
            raise member["numerators"].wrong(f"{len(self.problem.parameters)} numerators")
        side = sign_at(divisor, place.alpha)
        if not side:
            raise Refuted(f"{member['denominator'].path}: has a root at alpha")
        return [fmpq_poly(side * p) for p in (*numerators, divisor)]

    def bound(self, node: Node, pieces: Sequence[Piece]) -> None:
        """An entry of "several": all minimisers of a cell on an interval have no smaller loss.

        Raises:
            CertificateError: malformed.
            Refuted: that is not shown.
        """
        entry = node.fields(*SEVERAL, optional=("signs", "refined"))
        case = self.read_case(entry, node.path)
        interval = read_increasing(entry["interval"])
        place = Along(interval)
        several = Minimisers.of(self.ground(case, node.path), entry["active"], place)
        several.check_optimal(self.training, node.path)
        bound = lower_bound(several, entry["optimistic"])
        for number, piece in enumerate(pieces):
            common = _common(interval, piece.interval)
            if common is not None and not nonnegative(
                bound.value * piece.denominator - piece.numerator * bound.divisor, common
            ):
                raise Refuted(f"{entry['optimistic'].path}: the bound is below pieces[{number}]")
        weak = [root for f in bound.weak for root in roots_on(f, interval)]
        self.bounded.append(Bounded(case, interval, tuple(weak)))

    def check_bounded(self, stated: Sequence[Best]) -> None:
        """The loss of all of several minimisers has been bounded, on intervals or at single α.

        Raises:
            Refuted: that of some has not.
        """
        for contact in self.flats:
            own = [each for each in self.bounded if each.case == contact.case]
            own.sort(key=lambda each: cmp_to_key(compare)(each.interval.start))
            reached = contact.start
            for each in own:
                start, end = each.interval.start, each.interval.end
                if compare(start, reached) <= 0 < compare(end, reached):
                    reached = end
            if compare(reached, contact.end) < 0:
                raise Refuted(
                    f"several: {contact.case} has several minimisers at {reached} and beyond"
                )
            known = [best.alpha for best in stated if best.case == contact.case]
            for alpha in (alpha for each in own for alpha in each.weak):
                if contact.meets(alpha) and not (
                    contact.settles(alpha)
                    or any(compare(alpha, other) == 0 for other in known)
                    or any(each.holds_at(alpha) for each in own)
                ):
                    raise Refuted(f"best: {contact.case} may have better minimisers at {alpha}")

    def add(self, contact: Contact) -> None:
        """The loss along a contact.

        Raises:
            Refuted: there are several minimisers where the held-out loss is not convex.
        """
        if contact.flat:
            self.ground(contact.case, "training")
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
        known += [end for e in self.bounded for end in (e.interval.start, e.interval.end)]
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
                common = _common(part, piece.interval)
                if common is not None and not nonnegative(
                    value.numerator * piece.denominator - piece.numerator * value.denominator,
                    common,
                ):
                    raise Refuted(
                        f"{node.path}[{number}].value: a minimiser of {contact.case} has a smaller "
                        f"loss somewhere on [{common.start}, {common.end}]"
                    )


def _common(left: Interval, right: Interval) -> Interval | None:
    """What two intervals have in common, None if no more than a point."""
    low = max(left.start, right.start, key=cmp_to_key(compare))
    high = min(left.end, right.end, key=cmp_to_key(compare))
    return Interval(low, high) if compare(low, high) < 0 else None


def _with_polynomial(number: Real, minimal: fmpz_poly) -> Real:
    if number.rational:
        return exactly(number.lower)
    return Real(minimal, number.lower, number.upper)
