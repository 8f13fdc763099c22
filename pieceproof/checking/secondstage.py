"""The best of several minimisers of the training loss on a cell where both losses are convex.

Let w_S, with multipliers, minimise f over the closed cell. A w of the cell is a minimiser iff
H(w − w_S) = 0, the strict equations of S hold, and σ_k z_k(w) ≥ 0 for the kinks whose multiplier is
at the bound σ_k ρ_k ≠ 0 (complementary slackness; f is convex). Over these w the held-out loss g,
convex too, is bounded from below by Lagrange duality: the multipliers of equations are free, those
of constraints and sides are ≥ 0, those of the kinks of g lie within their weights.

Everything is asked either on an interval, of polynomials, or at one α, of their signs there. On
an interval the bound holds at every α at which the multipliers have no pole (g(w) is at least the
Lagrangian with their limits) and what is used of S holds: equations with margins > 0, sides of
kinks with weight > 0. The other α are *weak*: there may be better minimisers than the limits of
those beside it, and they are asked for by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from flint import fmpq_poly, fmpz_poly

from pieceproof.checking.constraints import Row
from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.kinkedpoints import Solution, full_point, solve_face
from pieceproof.checking.kinks import RELATIONS, Face, Form, Kink, with_signs
from pieceproof.checking.pieces import Piece
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import Real, compare, sign_at
from pieceproof.checking.refined import Ground


class Place(Protocol):
    """Where signs are asked."""

    def nonnegative(self, f: fmpz_poly) -> bool:
        """Whether F >= 0."""

    def vanishes(self, f: fmpz_poly) -> bool:
        """Whether F = 0."""

    def meets(self, interval: Interval) -> bool:
        """Whether the interval has more than a point in common with it, or holds it."""


@dataclass(frozen=True)
class Along:
    """On a closed interval; a polynomial that is not 0 vanishes at finitely many points only."""

    interval: Interval

    def nonnegative(self, f: fmpz_poly) -> bool:
        """Whether F >= 0 throughout."""
        return nonnegative(f, self.interval)

    def vanishes(self, f: fmpz_poly) -> bool:
        """Whether F = 0 identically."""
        return not f

    def meets(self, interval: Interval) -> bool:
        """Whether the intervals have more than a point in common."""
        return (
            compare(self.interval.start, interval.end) < 0
            and compare(interval.start, self.interval.end) < 0
        )


@dataclass(frozen=True)
class At:
    """At one α."""

    alpha: Real

    def nonnegative(self, f: fmpz_poly) -> bool:
        """Whether F(α) >= 0."""
        return sign_at(f, self.alpha) >= 0

    def vanishes(self, f: fmpz_poly) -> bool:
        """Whether F(α) = 0."""
        return sign_at(f, self.alpha) == 0

    def meets(self, interval: Interval) -> bool:
        """Whether the interval holds α."""
        return compare(interval.start, self.alpha) <= 0 <= compare(interval.end, self.alpha)


@dataclass(frozen=True)
class Minimisers:
    """The minimisers of f in a cell: those that a face S describes at a place."""

    ground: Ground
    face: Face
    solution: Solution
    place: Place

    @classmethod
    def of(cls, ground: Ground, active: Node, place: Place) -> Minimisers:
        """The minimisers that an active set describes.

        Raises:
            CertificateError: a label names nothing.
            Refuted: the stationary point is not unique.
        """
        face = ground.kinks.face(active, ground.case)
        return cls(ground, face, solve_face(face, ground.kinks.objective.scale), place)

    @cached_property
    def point(self) -> list[fmpq_poly]:
        """w_S, its divisor last."""
        return full_point(self.solution, self.ground.inside)

    def check_optimal(self, pieces: Sequence[Piece], path: str) -> None:
        """w_S is feasible, its multipliers are in their ranges, and f is the stated dual there.

        Raises:
            Refuted: that is not so, or there is a pole.
        """
        if self.place.vanishes(self.solution.determinant.numer()):
            raise Refuted(f"{path}: a pole")
        facets = self.ground.kinks.constraints.facets(self.ground.case)
        slacks = [_slack(row, self.point) for _, row in facets]
        slacks += [sign * form_at(kink.form, self.point) for sign, kink in self.face.signed]
        margins = [bound for _, bound in self.solution.bound.ranges]
        bound = self.solution.bound
        if not all(self.place.nonnegative(f) for f in (*margins, *(s.numer() for s in slacks))):
            raise Refuted(f"{path}: no minimiser of the training loss in the cell")
        for piece in pieces:
            excess = bound.value * piece.denominator - piece.numerator * bound.divisor
            if self.place.meets(piece.interval) and not self.place.vanishes(excess):
                raise Refuted(f"{path}: the cell does not attain the training dual")

    @cached_property
    def equations(self) -> dict[str, Form]:
        """Affine forms that vanish on all minimisers: strict equations and H(w − w_S)."""
        parameters = self.ground.kinks.problem.parameters
        size = len(parameters)
        names = [*self.face.labels, *(f"{kink.name}:zero" for kink in self.face.zeros)]
        rows = {
            name: equation.row
            for name, equation in zip(names, self.solution.equations, strict=True)
            if not any(self.place.vanishes(f) for f in equation.margins)
        }
        for i, row in enumerate(self.solution.matrix):
            rows[f"{parameters[i].name}:gradient"] = row
        *point, below = self.point
        found: dict[str, Form] = {}
        for name, row in rows.items():
            level = sum((a * p for a, p in zip(row, point, strict=True)), fmpq_poly())
            entries = [*(a * below for a in row), -level]
            found[name] = tuple((i, e) for i, e in enumerate(entries) if e and i <= size)
        return found

    @cached_property
    def conditions(self) -> dict[str, tuple[fmpz_poly, ...]]:
        """What must be > 0 for strict equations and sides to hold at all minimisers."""
        names = [*self.face.labels, *(f"{kink.name}:zero" for kink in self.face.zeros)]
        found = {
            name: equation.margins
            for name, equation in zip(names, self.solution.equations, strict=True)
        }
        for kink in (*self.face.zeros, *(kink for _, kink in self.face.signed)):
            for name in ("positive", "negative"):
                found[f"{kink.name}:{name}"] = (kink.weight.numer(),)
        return found

    @cached_property
    def sides(self) -> dict[str, Form]:
        """Affine forms that are >= 0 on all minimisers: the kinks at a bound."""
        sided = [(sign, kink) for sign, kink in self.face.signed]
        count = len(self.face.rows)
        for kink, equation in zip(self.face.zeros, self.solution.equations[count:], strict=True):
            below, above = (self.place.vanishes(f) for f in equation.margins)
            sided.append((above - below, kink))
        found: dict[str, Form] = {}
        for sign, kink in sided:
            if sign and not self.place.vanishes(kink.weight.numer()):
                name = "positive" if sign > 0 else "negative"
                form = tuple((position, sign * entry) for position, entry in kink.form)
                found[f"{kink.name}:{name}"] = form
        return found

    def check_member(self, point: Sequence[fmpq_poly], path: str) -> None:
        """A point, the divisor last and positive, is one of the minimisers.

        Raises:
            Refuted: it is not.
        """
        facets = self.ground.kinks.constraints.facets(self.ground.case)
        slacks = [(label, _slack(row, point)) for label, row in facets]
        slacks += [(label, form_at(form, point)) for label, form in self.sides.items()]
        for label, slack in slacks:
            if not self.place.nonnegative(slack.numer()):
                raise Refuted(f"{path}: leaves the minimisers of the training loss at {label}")
        for label, form in self.equations.items():
            if not self.place.vanishes(form_at(form, point).numer()):
                raise Refuted(f"{path}: not on {label}, as all minimisers of the training loss")

    def second_face(self, labels: Node) -> Face:
        """The face of min g that labels describe; equations and sides are kinks of weight 0.

        Raises:
            CertificateError: a label names nothing, or a kink of g has no relation.
        """
        goal, case = self.ground.goal, self.ground.case
        signs: dict[str, int] = {}
        rows: dict[str, Row] = {}
        chosen: dict[str, Form] = {}
        own = {f"v{kink.name[1:]}": kink for kink in goal.on(case)} if goal.present else {}
        for node in labels:
            text = node.text()
            name, _, relation = text.rpartition(":")
            if name in own and relation in RELATIONS:
                signs[name] = RELATIONS[relation]
            elif text in self.equations:
                chosen[text] = self.equations[text]
            elif text in self.sides:
                chosen[text] = self.sides[text]
            else:
                rows[text] = self.ground.kinks.constraints.row(node, case)
        missing = next((name for name in own if name not in signs), None)
        if missing is not None:
            raise labels.wrong(f"a relation for {missing}")
        signed = tuple((signs[name], kink) for name, kink in own.items() if signs[name])
        zeros = [kink for name, kink in own.items() if not signs[name]]
        zeros += [Kink(name, fmpq_poly(), form) for name, form in chosen.items()]
        gram = with_signs(goal.objective.gram(case), signed)
        return Face(gram, tuple(rows), tuple(rows.values()), tuple(zeros), signed)


@dataclass(frozen=True)
class Bound:
    """g >= value/divisor, divisor >= 0, at all minimisers, but perhaps at roots of ``weak``."""

    value: fmpz_poly
    divisor: fmpz_poly
    weak: tuple[fmpz_poly, ...]


def lower_bound(found: Minimisers, labels: Node) -> Bound:
    """What a second active set says of g at the minimisers.

    Raises:
        CertificateError: a label names nothing.
        Refuted: a multiplier is out of its range.
    """
    face = found.second_face(labels)
    solution = solve_face(face, found.ground.goal.objective.scale)
    determinant = solution.determinant.numer()
    if found.place.vanishes(determinant):
        raise Refuted(f"{labels.path}: a pole")
    names = (*face.labels, *(kink.name for kink in face.zeros))
    weak: list[fmpz_poly] = []
    for number, (name, equation) in enumerate(zip(names, solution.equations, strict=True)):
        margins = equation.margins
        if number >= len(face.rows) and name in found.equations:
            margins, own = (), found.conditions.get(name, ())
        elif number >= len(face.rows) and name in found.sides:  # of weight 0: (−μ, μ), μ >= 0
            margins, own = margins[1:], found.conditions.get(name, ())
        else:
            own = ()
        if not all(found.place.nonnegative(allowed) for allowed in margins):
            raise Refuted(f"{labels.path}: the multiplier of {name} leaves its range")
        bounded = len(margins) == 2  # by the weight of a kink of g
        if not bounded:
            multiplier = equation.margins[-1]
            weak.append(determinant // determinant.gcd(multiplier))
            weak += own if multiplier else ()
    return Bound(solution.bound.value, solution.bound.divisor, tuple(weak))


def form_at(form: Form, point: Sequence[fmpq_poly]) -> fmpq_poly:
    """The numerator of an affine form at a point, its divisor last."""
    return sum((entry * point[position] for position, entry in form), fmpq_poly())


def _slack(row: Row, point: Sequence[fmpq_poly]) -> fmpq_poly:
    """a·n − b·d."""
    last = len(point) - 1
    return sum(
        (point[place] * (-value if place == last else value) for place, value in row), fmpq_poly()
    )
