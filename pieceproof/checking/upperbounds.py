"""ℓ* is nowhere above the pieces: feasible minimisers, as identities of polynomials.

A piece P/Q is divided into parts, each with a minimiser w(α) = n(α)/d(α) in one joint cell: d
has no root on the closed part; every wall and boundary of the cell holds for w(α) there;
and q_α(w(α)) = P/Q as rational functions. Hence ℓ* <= P/Q on the piece. The stated
multipliers l/e satisfy the Karush–Kuhn–Tucker conditions ∇q_α = Σ_j λ_j a_j, λ >= 0, with
equality on the active constraints. Where f has kinks, q_α is the minorant with the signs of the
part (:mod:`.kinks`), which is f at w(α) because the kinks have these signs there; the kinks
held at 0 have multipliers of absolute value at most their weight, listed after the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.attained import (
    check_divided,
    read_increasing,
    read_path,
    read_place,
    read_vector,
)
from pieceproof.checking.constraints import Row
from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.kinks import Face, Kinks, form_at, form_value
from pieceproof.checking.objectives import Gram
from pieceproof.checking.orbits import Case, Orbits
from pieceproof.checking.pieces import Piece, check_continuous, read_pieces
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import compare, exactly

OWN = ("cell", "active_set", "sample", "parts")
"""Members of a piece that belong to this method."""


def read_quadratic_pieces(node: Node, problem: Problem) -> list[Piece]:
    """The pieces of the minimum of quadratics in d parameters with coefficients of degree 2 in α.

    Raises:
        CertificateError: malformed.
        Refuted: as :func:`read_pieces`; not continuous; or a value of a degree that no
            stationary value has.
    """
    pieces = read_pieces(node, problem.interval, OWN, ("signs",))
    degree = 2 * len(problem.parameters)
    for number, piece in enumerate(pieces):
        if piece.numerator.degree() > degree + 2 or piece.denominator.degree() > degree:
            path = f"{node.path}[{number}].value"
            raise Refuted(f"{path}: of higher degree than a stationary value can have")
    check_continuous(node, pieces)
    return pieces


@dataclass(frozen=True)
class UpperBounds:
    """Checks the parts and the sample of the stated pieces."""

    problem: Problem
    orbits: Orbits
    kinks: Kinks

    def check(self, node: Node, piece: Piece) -> int:
        """Number of parts of a piece that is attained everywhere on its interval.

        Raises:
            CertificateError: malformed.
            Refuted: the parts do not divide the piece, or a stated function or number
                does not have its property.
        """
        entry = node.fields("interval", "value", *OWN, optional=("signs",))
        parts = entry["parts"].items()
        if not parts:
            raise entry["parts"].wrong("at least one part")
        intervals = [self._check_part(part, piece) for part in parts]
        check_divided(entry["parts"], intervals, piece)
        self._check_sample(entry, piece, intervals)
        return len(parts)

    def _check_part(self, node: Node, piece: Piece) -> Interval:
        entry = node.fields(
            "interval", "cell", "active", "minimiser", "multipliers", optional=("signs",)
        )
        interval = read_increasing(entry["interval"])
        case = self.orbits.read_case(entry, node.path)
        face = self.kinks.face(entry["active"], case)
        numerators, below = read_path(entry["minimiser"], len(self.problem.parameters), interval)
        point = [*numerators, below]
        where = entry["minimiser"].path
        for label, row in self.kinks.constraints.facets(case):
            if not nonnegative(_slack(row, point).numer(), interval):
                raise Refuted(f"{where}: leaves the closed cell or the box at {label}")
        for sign, kink in face.signed:
            if not nonnegative((sign * form_at(kink.form, point)).numer(), interval):
                raise Refuted(f"{where}: kink {kink.name} does not have its sign")
        for kink in face.zeros:
            if form_at(kink.form, point):
                raise Refuted(f"{where}: kink {kink.name} is not 0")
        square = point[-1] * point[-1] * self.kinks.objective.scale
        if _quadratic(face.gram, point) * piece.denominator != square * piece.numerator:
            raise Refuted(f"{node.path}: the value is not the objective at the minimiser")
        self._check_multipliers(entry, face, interval, point)
        return interval

    def _check_multipliers(
        self,
        entry: dict[str, Node],
        face: Face,
        interval: Interval,
        point: list[fmpz_poly],
    ) -> None:
        where, scale = entry["multipliers"].path, self.kinks.objective.scale
        count, size = len(face.rows), len(self.problem.parameters)
        numerators, denominator = read_vector(entry["multipliers"], count + len(face.zeros))
        for label, row in zip(face.labels, face.rows, strict=True):
            if _slack(row, point):
                raise Refuted(f"{entry['active'].path}: the minimiser is not on {label}")
        ranges = [fmpq_poly(numerator) for numerator in numerators[:count]]
        for kink, numerator in zip(face.zeros, numerators[count:], strict=True):
            limit = kink.weight * denominator / scale
            ranges += [limit - numerator, limit + numerator]
        for number, allowed in enumerate(ranges):
            if not nonnegative((allowed * denominator).numer(), interval):
                index = number if number < count else count + (number - count) // 2
                raise Refuted(f"{where}.numerators[{index}]: leaves its range on the interval")
        forces = [fmpq_poly()] * (size + 1)
        for numerator, row in zip(numerators, face.rows, strict=False):
            for position, value in row:
                forces[position] += fmpq_poly(numerator) * value
        for kink, numerator in zip(face.zeros, numerators[count:], strict=True):
            for position, slope in kink.form:
                forces[position] += slope * numerator
        for index, force in enumerate(forces[:size]):
            gradient = 2 * _product(face.gram, index, point) * denominator
            if force * fmpq_poly(point[-1]) * scale != fmpq_poly(gradient):
                name = self.problem.parameters[index].name
                raise Refuted(f"{where}: not stationary in {name}")

    def _check_sample(
        self, entry: dict[str, Node], piece: Piece, intervals: list[Interval]
    ) -> None:
        sample = entry["sample"].fields("alpha", "value", "witness")
        alpha, value = read_place(sample, piece)
        at = exactly(alpha)
        path = entry["value"].path.removesuffix(".value")
        case, active = self.orbits.read_case(entry, path), entry["active_set"].texts()
        for part, interval in zip(entry["parts"], intervals, strict=True):
            if compare(interval.start, at) <= 0 <= compare(interval.end, at):
                members = part.fields(*part.value)
                same = active == members["active"].texts()
                if same and self.orbits.read_case(members, part.path) == case:
                    break
        else:
            raise Refuted(f"{path}: cell and active_set are not those of the part at the sample")
        self._check_witness(sample["witness"], case, alpha, value)

    def _check_witness(self, node: Node, case: Case, alpha: fmpq, value: fmpq) -> None:
        witness = node.rationals()
        if len(witness) != len(self.problem.parameters):
            raise node.wrong(f"{len(self.problem.parameters)} coordinates")
        point = (*witness, fmpq(-1))
        for label, row in self.kinks.constraints.facets(case):
            if sum((a * point[position] for position, a in row), fmpq(0)) < 0:
                raise Refuted(f"{node.path}: outside the closed cell or the box at {label}")
        at = (*witness, fmpq(1))
        attained = _quadratic_at(self.kinks.objective.gram(case), alpha, at)
        for kink in self.kinks.on(case):
            attained += kink.weight(alpha) * abs(form_value(kink.form, alpha, at))
        if attained != value * self.kinks.objective.scale:
            raise Refuted(f"{node.path}: the objective there is not the value")


def _quadratic(gram: Gram, point: list[fmpz_poly]) -> fmpz_poly:
    """(n, d)ᵀ G(α) (n, d)."""
    total = fmpz_poly()
    for index, coordinate in enumerate(point):
        total += coordinate * _product(gram, index, point)
    return total


def _product(gram: Gram, index: int, point: list[fmpz_poly]) -> fmpz_poly:
    """Entry ``index`` of G(α)(n, d)."""
    total = fmpz_poly()
    for position, coordinate in enumerate(point):
        total += fmpz_poly([part[index, position] for part in gram]) * coordinate
    return total


def _quadratic_at(gram: Gram, alpha: fmpq, point: Sequence[fmpq]) -> fmpq:
    total = fmpq(0)
    for row, left in enumerate(point):
        for column, right in enumerate(point):
            entry = gram[0][row, column] + alpha * gram[1][row, column]
            total += (entry + alpha * alpha * gram[2][row, column]) * left * right
    return total


def _slack(row: Row, point: list[fmpz_poly]) -> fmpq_poly:
    """a·n − b·d."""
    total = fmpq_poly()
    last = len(point) - 1
    for position, value in row:
        total += fmpq_poly(point[position]) * (-value if position == last else value)
    return total
