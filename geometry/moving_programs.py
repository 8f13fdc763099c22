"""Stationary points of a convex cell whose boundaries turn with α, as rational functions.

On the cone of an activation pattern, min wᵀHw − 2gᵀw + c subject to σ_j a_j(α)·w ≥ 0 and the
walls of W. An active set S gives the linear system [[2H, −Bᵀ], [B, 0]] (w; λ) = (2g; b) over Z[α],
B the rows of S. The sum of the matrix and its transpose is ⪰ 0 for every real α, so its
determinant D is ≥ 0 and the numerators over D carry all signs. Where λ_S ≥ 0 the value v_S bounds
the cell's minimum from below, whether or not the cell has an inside at that α (Lagrange).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpz_poly

from geometry.envelope import Envelope, Segment
from geometry.intervals import Interval
from geometry.polynomial_systems import solve_state, sum_of_products
from geometry.polynomials import has_no_root
from geometry.programs import QuadraticProgram, optimal_active_set
from geometry.rational_functions import RationalFunction
from geometry.stationary import Stationary
from piecewise.exact import to_fmpq
from piecewise.layers import CellKey
from piecewise.moving_quadratics import MovingQuadratic, Row
from piecewise.problems import Parameter

Constraint = tuple[str, Row, int]
"""(label, row, level): row·w ≥ level."""
Vector = tuple[list[fmpz_poly], fmpz_poly]
"""Numerators over one denominator."""

TIP = CellKey((), ())
"""The key of the point that is in every closed cell, where all that moves is 0; it needs none."""


def at_tip(whole: Interval, value: fmpq) -> Envelope:
    """The envelope to start from: f at the tip, which does not depend on α."""
    constant = RationalFunction.reduced(fmpz_poly([value.p]), fmpz_poly([value.q]))
    return Envelope((Segment(whole, constant, TIP, (), constant),))


class MovingProgram:
    """The parametric program of one pattern.

    Args:
        key: of the cell.
        quadratic: f on the cell.
        boundaries: what is ≥ 0 there.
        parameters: those that move, whose walls are labelled ``w1_x1:lower`` and
            ``w1_x1:upper``; their ranges hold 0.
        interval: A.
        at_zero: f(α, 0), the same for all α.
    """

    def __init__(
        self,
        key: CellKey,
        quadratic: MovingQuadratic,
        boundaries: Sequence[Constraint],
        parameters: Sequence[Parameter],
        interval: tuple[Fraction, Fraction],
        at_zero: fmpq,
    ) -> None:
        self.key = key
        self.quadratic = quadratic
        self._at_zero = at_zero
        self._ends = tuple(to_fmpq(end) for end in interval)
        known = [*boundaries, *_walls(parameters)]
        self._boundaries = len(boundaries)
        self.labels = tuple(label for label, _, _ in known)
        self.rows = [row for _, row, _ in known]
        self.levels = [level for _, _, level in known]
        self._known: dict[tuple[int, ...], Stationary] = {}

    # -- at a rational α ---------------------------------------------------------------

    def optimum(self, alpha: fmpq) -> tuple[int, ...]:
        """An optimal active set at a rational α (exact)."""
        return optimal_active_set(self._at(alpha))

    def minimiser(self, part: Segment) -> Vector:
        """w(α) on a part of ℓ* that lies in this cell."""
        stationary = self.stationary(self.active_set(part.active))
        return list(stationary.point), stationary.denominator

    def minimise(self, alpha: fmpq) -> tuple[fmpq, list[fmpq]]:
        """The cell's minimum at a rational α and a point that attains it."""
        program = self._at(alpha)
        w, _ = program.kkt_point(optimal_active_set(program))
        total = fmpq(self.quadratic.constant(alpha))
        for value, row, g in zip(w, program.hessian, program.linear, strict=True):
            image = sum((h * v for h, v in zip(row, w, strict=True)), fmpq(0))
            total += value * (image - 2 * g)
        return total / self.quadratic.scale(alpha), w

    def _at(self, alpha: fmpq) -> QuadraticProgram:
        """The program at a rational α, from the tip of the cone: w = 0."""
        quadratic, size = self.quadratic, len(self.quadratic.linear)
        normals = [[fmpq(p(alpha)) for p in row] for row in self.rows]
        return QuadraticProgram(
            [[fmpq(entry(alpha)) for entry in row] for row in quadratic.hessian],
            [fmpq(entry(alpha)) for entry in quadratic.linear],
            normals,
            [fmpq(level) for level in self.levels],
            [fmpq(0)] * size,
            _independent(normals[: self._boundaries]),
        )

    # -- over Q(α) -----------------------------------------------------------------------

    def stationary(self, active: tuple[int, ...]) -> Stationary:
        """w_S, λ_S and v_S on the active set.

        Raises:
            SingularSystem: no unique stationary point over Q(α).
        """
        known = self._known.get(active)
        if known is None:
            known = self._known[active] = self._solve(active)
        return known

    def active_set(self, labels: Iterable[str]) -> tuple[int, ...]:
        """Indices of the constraints with the given labels."""
        return tuple(sorted(self.labels.index(label) for label in labels))

    def value_at_fixed(self, stationary: Stationary, alpha: fmpq) -> RationalFunction:
        """α ↦ f(α, 0): the cell moves, and 0 is the one point that is always in it."""
        value = self._at_zero
        return RationalFunction.reduced(fmpz_poly([value.p]), fmpz_poly([value.q]))

    def _solve(self, active: tuple[int, ...]) -> Stationary:
        quadratic = self.quadratic
        rows = [self.rows[j] for j in active]
        levels = [fmpz_poly([self.levels[j]]) for j in active]
        linear = [2 * entry for entry in quadratic.linear]
        point, denominator, multipliers, factor = solve_state(
            quadratic.hessian, linear, rows, levels
        )
        below = factor * denominator
        value = 2 * factor * (quadratic.constant * denominator)
        value += sum_of_products(levels, multipliers) - factor * sum_of_products(linear, point)
        divisor = 2 * quadratic.scale * below
        common = self._common_factor(value, divisor)
        slacks = tuple(
            sum_of_products(row, point) - level * denominator
            for j, (row, level) in enumerate(zip(self.rows, self.levels, strict=True))
            if j not in active
        )
        return Stationary(
            active,
            point,
            denominator,
            tuple(multipliers),
            quadratic.scale * below,
            value // common,
            divisor // common,
            slacks,
            tuple(multipliers),
        )

    def _common_factor(self, value: fmpz_poly, divisor: fmpz_poly) -> fmpz_poly:
        """A common factor that is positive on A, so that what is left of the divisor stays ≥ 0."""
        common, (low, high) = value.gcd(divisor), self._ends
        if not (common(low) and common(high) and has_no_root(common, low, high)):
            common = common.gcd(self.quadratic.scale**3)
        return common if common(low) > 0 else -common


def _walls(parameters: Sequence[Parameter]) -> Iterator[Constraint]:
    for index, parameter in enumerate(parameters):
        for name, side, wall in (("lower", 1, parameter.lower), ("upper", -1, parameter.upper)):
            row = [fmpz_poly([])] * len(parameters)
            row[index] = fmpz_poly([side * wall.denominator])
            yield f"{parameter.name}:{name}", tuple(row), side * wall.numerator


def _independent(rows: Sequence[Sequence[fmpq]]) -> tuple[int, ...]:
    """Indices of a largest set of independent rows, the first ones first."""
    if not rows:
        return ()
    reduced, rank = fmpq_mat([list(column) for column in zip(*rows, strict=True)]).rref()
    return tuple(next(j for j in range(len(rows)) if reduced[i, j] != 0) for i in range(rank))
