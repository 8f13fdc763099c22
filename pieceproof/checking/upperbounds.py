"""ℓ* is nowhere above the pieces: feasible minimisers, as identities of polynomials.

For a piece P/Q on I with minimiser w(α) = n(α)/d(α) in a joint cell: d has no root on I; every
wall and boundary of the cell holds for w(α) on I; and q_α(w(α)) = P/Q as rational
functions. Hence ℓ*(α) <= P/Q on I. The stated multipliers l/e satisfy the Karush–Kuhn–
Tucker conditions ∇q_α = Σ_j λ_j a_j, λ >= 0, with equality on the active constraints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.constraints import Constraints, Row
from pieceproof.checking.objectives import Gram, Objective
from pieceproof.checking.orbits import Case, Orbits
from pieceproof.checking.pieces import Piece
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import compare, exactly, nonnegative, positive


@dataclass(frozen=True)
class UpperBounds:
    """Checks the minimisers, multipliers and samples of the stated pieces."""

    problem: Problem
    orbits: Orbits
    constraints: Constraints
    objective: Objective

    def check(self, node: Node, piece: Piece) -> None:
        """Everything that a piece states about its minimiser.

        Raises:
            CertificateError: malformed.
            Refuted: a stated function or number does not have its property.
        """
        entry = node.fields(
            "interval",
            "cell",
            "active",
            "value",
            "minimiser",
            "multipliers",
            "sample",
            optional=("signs",),
        )
        case = self.orbits.read_case(entry, node.path)
        gram = self.objective.gram(case)
        point = self._minimiser(entry["minimiser"], piece)
        self._check_feasible(entry["minimiser"].path, case, piece, point)
        if self._quadratic(gram, point) * piece.denominator != (
            point[-1] * point[-1] * piece.numerator * self.objective.scale
        ):
            raise Refuted(f"{entry['value'].path}: not the objective at the minimiser in {case}")
        self._check_multipliers(entry, case, gram, piece, point)
        self._check_sample(entry["sample"], case, gram, piece)

    def _minimiser(self, node: Node, piece: Piece) -> list[fmpz_poly]:
        """(n_1 … n_d, d) with d > 0 on the closed interval."""
        entry = node.fields("numerators", "denominator")
        numerators = entry["numerators"].polynomials()
        denominator = entry["denominator"].polynomial()
        if len(numerators) != len(self.problem.parameters):
            raise entry["numerators"].wrong(f"{len(self.problem.parameters)} numerators")
        if positive(denominator, piece.interval):
            return [*numerators, denominator]
        if positive(-denominator, piece.interval):
            return [-polynomial for polynomial in (*numerators, denominator)]
        raise Refuted(f"{entry['denominator'].path}: has a root on the closed interval")

    def _check_feasible(self, path: str, case: Case, piece: Piece, point: list[fmpz_poly]) -> None:
        for label, row in self._facets(case):
            if not nonnegative(_slack(row, point).numer(), piece.interval):
                raise Refuted(f"{path}: leaves the closed cell or the box at {label}")

    def _facets(self, case: Case) -> Iterator[tuple[str, Row]]:
        """Walls and boundaries that imply all others.

        With one input, w·x_t + b − β_j is affine in x_t: of the examples on one side of
        β_j those with the smallest and the largest x_t imply the rest.
        """
        yield from self.constraints.walls.items()
        problem = self.problem
        examples = [t for t, x in enumerate(problem.inputs) if problem.bias or any(x)]
        for unit in range(problem.units):
            for step in range(len(problem.breakpoints)):
                chosen = examples
                if len(problem.inputs[0]) == 1:
                    sides: dict[int, list[int]] = {}
                    for example in examples:
                        side = self.constraints.direction(case, unit, example, step)
                        sides.setdefault(side, []).append(example)
                    chosen = [
                        extreme(side, key=lambda example: problem.inputs[example][0])
                        for side in sides.values()
                        for extreme in (min, max)
                    ]
                for example in chosen:
                    label = f"u{unit + 1}:e{example + 1}:k{step + 1}"
                    yield label, self.constraints.boundary(case, unit, example, step)

    def _check_multipliers(
        self,
        entry: dict[str, Node],
        case: Case,
        gram: Gram,
        piece: Piece,
        point: list[fmpz_poly],
    ) -> None:
        rows = [self.constraints.row(label, case) for label in entry["active"]]
        member = entry["multipliers"].fields("numerators", "denominator")
        numerators = member["numerators"].polynomials()
        denominator = member["denominator"].polynomial()
        if len(numerators) != len(rows):
            raise member["numerators"].wrong(f"{len(rows)} numerators")
        if not denominator:
            raise member["denominator"].wrong("a polynomial that is not zero")
        for label, row in zip(entry["active"], rows, strict=True):
            if _slack(row, point):
                raise Refuted(f"{label.path}: the minimiser is not on {label.value}")
        for number, numerator in enumerate(numerators):
            if not nonnegative(numerator * denominator, piece.interval):
                raise Refuted(f"{member['numerators'].path}[{number}]: negative on the interval")
        forces = [fmpq_poly()] * (len(point) - 1)
        for numerator, row in zip(numerators, rows, strict=True):
            for position, value in row:
                if position < len(forces):
                    forces[position] += fmpq_poly(numerator) * value
        width = self.objective.scale
        for index, force in enumerate(forces):
            gradient = 2 * _product(gram, index, point)
            if force * fmpq_poly(point[-1]) * width != fmpq_poly(gradient * denominator):
                name = self.problem.parameters[index].name
                raise Refuted(f"{entry['multipliers'].path}: not stationary in {name}")

    def _check_sample(self, node: Node, case: Case, gram: Gram, piece: Piece) -> None:
        entry = node.fields("alpha", "value", "witness")
        alpha, value = entry["alpha"].rational(), entry["value"].rational()
        witness = entry["witness"].rationals()
        if len(witness) != len(self.problem.parameters):
            raise entry["witness"].wrong(f"{len(self.problem.parameters)} coordinates")
        at = exactly(alpha)
        if compare(at, piece.interval.start) <= 0 or compare(at, piece.interval.end) >= 0:
            raise Refuted(f"{entry['alpha'].path}: not strictly inside the piece")
        if piece.numerator(alpha) != value * piece.denominator(alpha):
            raise Refuted(f"{entry['value'].path}: not the value of the piece at alpha")
        point = [*witness, fmpq(1)]
        for label, row in self._facets(case):
            last = len(witness)
            if sum((a * point[i] for i, a in row if i < last), fmpq(0)) < dict(row).get(last, 0):
                raise Refuted(f"{entry['witness'].path}: outside the closed cell at {label}")
        total = fmpq(0)
        for power, part in enumerate(gram):
            for i, left in enumerate(point):
                for j, right in enumerate(point):
                    total += alpha**power * part[i, j] * left * right
        if total != value * self.objective.scale:
            raise Refuted(f"{entry['witness'].path}: the objective there is not the value")

    @staticmethod
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


def _slack(row: Row, point: list[fmpz_poly]) -> fmpq_poly:
    """a·n − b·d."""
    total = fmpq_poly()
    last = len(point) - 1
    for position, value in row:
        total += fmpq_poly(point[position]) * (-value if position == last else value)
    return total
