"""Stationary points of a convex cell on an active set, as rational functions of α.

For S with independent rows, {A_S w = b_S} = {w_0 + Zu} with rational Z, and
∇q ⊥ ker A_S becomes the linear system (ZᵀHZ)u = Zᵀ(g − Hw_0) over Q[α], solved without
fractions [Bareiss 1968]. Since ZᵀHZ ⪰ 0 for every real α, its determinant D is ≥ 0, and
the numerators over D carry all signs. By Lagrange duality, wherever λ_S(α) ≥ 0 the value
v_S(α) bounds the cell's minimum from below; where w_S(α) is feasible too it is equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import lcm

from flint import fmpq, fmpq_mat, fmpz_poly

from geometry.polynomial_systems import (
    Polynomials,
    SingularSystem,
    inner_product,
    solve_definite,
    sum_of_products,
)
from geometry.programs import QuadraticProgram, optimal_active_set
from geometry.rational_functions import RationalFunction
from piecewise.exact import to_fmpq
from piecewise.objective import CellKey, ConvexCell
from piecewise.quadratics import Kink


@dataclass(frozen=True, eq=False)
class Stationary:
    """w_S = point/denominator, λ_S = multipliers/multiplier_denominator and v_S likewise.

    Integer polynomials; the denominators are ≥ 0 for every real α and not identically
    0, so ``slacks`` (of all constraints outside S) and ``multipliers`` carry the signs of
    a_j·w − b_j and λ_j.
    """

    active: tuple[int, ...]
    point: Polynomials
    denominator: fmpz_poly
    multipliers: Polynomials
    multiplier_denominator: fmpz_poly
    value_numerator: fmpz_poly
    value_denominator: fmpz_poly
    slacks: Polynomials
    forces: Polynomials
    """The multipliers of the equations, where ``multipliers`` are sign conditions on them."""

    @cached_property
    def value(self) -> RationalFunction:
        """v_S in lowest terms."""
        return RationalFunction.reduced(self.value_numerator, self.value_denominator)


@dataclass(frozen=True)
class Held:
    """The equation ``label``, row·w = level, of an active set (live parameters).

    Where all ``margins`` are > 0 it is *strict*: every minimiser of the cell satisfies it.
    """

    label: str
    row: Polynomials
    margins: Polynomials


class CellProgram:
    """The parametric program of one cell, without its dead parameters.

    A parameter is dead if f does not depend on it on the cell and no constraint couples
    it to a live one; it stays at the witness point (a dead unit).
    """

    def __init__(self, cell: ConvexCell) -> None:
        self.cell = cell
        quadratic = cell.objective
        self.live = _live_parameters(cell)
        self.hessian = [[quadratic.hessian[i][j] for j in self.live] for i in self.live]
        self.linear = [quadratic.linear[i] for i in self.live]
        kept = [c for c in cell.constraints if any(c.normal[i] for i in self.live)]
        self.labels = tuple(constraint.label for constraint in kept)
        self.normals = [[constraint.normal[i] for i in self.live] for constraint in kept]
        self.offsets = [constraint.offset for constraint in kept]
        self.start = [to_fmpq(cell.witness[i]) for i in self.live]
        self._warm: tuple[int, ...] = ()
        self._known: dict[tuple[int, ...], Stationary] = {}

    @property
    def key(self) -> CellKey:
        """The cell's key."""
        return self.cell.key

    def at(self, alpha: fmpq) -> QuadraticProgram:
        """The quadratic program at a rational α."""
        return QuadraticProgram(
            [[entry(alpha) for entry in row] for row in self.hessian],
            [entry(alpha) for entry in self.linear],
            self.normals,
            [fmpq(offset) for offset in self.offsets],
            self.start,
            self._warm,
        )

    def optimum(self, alpha: fmpq) -> tuple[int, ...]:
        """An optimal active set at a rational α (exact).

        The next search starts from this optimum: the constraints do not depend on α.
        """
        program = self.at(alpha)
        active = optimal_active_set(program)
        self.start, self._warm = program.kkt_point(active)[0], active
        return active

    def minimise(self, alpha: fmpq) -> tuple[fmpq, list[fmpq]]:
        """The cell's minimum at a rational α and a point (of all parameters) that attains it."""
        program = self.at(alpha)
        w, half_multipliers = program.kkt_point(optimal_active_set(program))
        quadratic = self.cell.objective
        point = self.embed(w)
        product = sum([g(alpha) * v for g, v in zip(quadratic.linear, point, strict=True)], fmpq(0))
        # At the optimum wᵀHw − gᵀw = (Hw − g)·w = Σ λ_j/2·b_j.
        curvature = sum([h * b for h, b in half_multipliers], fmpq(0))
        return (quadratic.constant(alpha) - product + curvature) / quadratic.scale, point

    def embed(self, live: Sequence[fmpq]) -> list[fmpq]:
        """The point of the full parameter space with the given live parameters."""
        point = [to_fmpq(value) for value in self.cell.witness]
        for i, value in zip(self.live, live, strict=True):
            point[i] = value
        return point

    def full_point(self, stationary: Stationary) -> tuple[list[fmpz_poly], fmpz_poly]:
        """w_S for all parameters, dead ones at the witness: (numerators, denominator)."""
        witness = self.cell.witness
        scale = lcm(1, *(value.denominator for value in witness))
        numerators = [int(value * scale) * stationary.denominator for value in witness]
        for i, p in zip(self.live, stationary.point, strict=True):
            numerators[i] = scale * p
        return numerators, scale * stationary.denominator

    def value_at_fixed(self, stationary: Stationary, alpha: fmpq) -> RationalFunction:
        """α ↦ f(α, w) for the fixed w = w_S(``alpha``), by wᵀH(α)w − 2g(α)ᵀw + c(α)."""
        point = [p(alpha) / stationary.denominator(alpha) for p in stationary.point]
        scale = lcm(1, *(int(value.q) for value in point))
        u = [int(value * scale) for value in point]
        quadratic = self.cell.objective
        numerator = scale * scale * quadratic.constant - 2 * scale * inner_product(u, self.linear)
        numerator += inner_product(u, _combine(self.hessian, u))
        return RationalFunction.reduced(numerator, fmpz_poly([scale * scale * quadratic.scale]))

    def active_set(self, labels: Iterable[str]) -> tuple[int, ...]:
        """Indices of the constraints with the given labels."""
        return tuple(sorted(self.labels.index(label) for label in labels))

    def stationary(self, active: tuple[int, ...]) -> Stationary:
        """w_S, λ_S and v_S on the active set.

        Raises:
            SingularSystem: no unique stationary point over Q(α).
        """
        known = self._known.get(active)
        if known is None:
            known = self._known[active] = self._solve(active)
        return known

    def held(self, stationary: Stationary) -> list[Held]:
        """The equations of the active set."""
        return [
            Held(self.labels[j], tuple(fmpz_poly([a]) for a in self.normals[j]), (multiplier,))
            for j, multiplier in zip(stationary.active, stationary.multipliers, strict=True)
        ]

    def sides(self, stationary: Stationary, sign: Callable[[fmpz_poly], int]) -> tuple[Kink, ...]:
        """Forms in all parameters, of weight 0, that are ≥ 0 at all minimisers."""
        return ()

    def _solve(self, active: tuple[int, ...]) -> Stationary:
        basis, origin, scale, pivots = self._affine_hull(active)
        size = len(self.live)
        # With w = (origin + basis·u)/scale:  (BᵀHB)u = Bᵀ(scale·g − H·origin).
        images = [_combine(self.hessian, column) for column in basis]
        at_origin = _combine(self.hessian, origin)
        residual = [scale * g - h for g, h in zip(self.linear, at_origin, strict=True)]
        matrix = [[inner_product(b, image) for image in images] for b in basis]
        numerators, determinant = solve_definite(
            matrix, [inner_product(b, residual) for b in basis]
        )
        point = tuple(
            inner_product([column[i] for column in basis], numerators) + origin[i] * determinant
            for i in range(size)
        )
        denominator = scale * determinant
        multipliers, factor = self._multipliers(active, pivots, point, denominator)
        # scale·f = c − g·w + (Hw − g)·w and (Hw − g)·w = ½ λ·b_S.
        value = (
            2
            * factor
            * (self.cell.objective.constant * denominator - sum_of_products(self.linear, point))
        )
        value += inner_product([self.offsets[j] for j in active], multipliers)
        return Stationary(
            active,
            point,
            denominator,
            multipliers,
            factor * self.cell.objective.scale * denominator,
            value,
            2 * factor * self.cell.objective.scale * denominator,
            tuple(
                inner_product(normal, point) - offset * denominator
                for j, (normal, offset) in enumerate(zip(self.normals, self.offsets, strict=True))
                if j not in active
            ),
            multipliers,
        )

    def _affine_hull(
        self, active: tuple[int, ...]
    ) -> tuple[list[list[int]], list[int], int, list[int]]:
        """Integers (B, o, s, pivots) with {A_S w = b_S} = {(o + Bu)/s}."""
        size = len(self.live)
        if not active:
            return [[int(i == j) for i in range(size)] for j in range(size)], [0] * size, 1, []
        system = fmpq_mat([[*self.normals[j], self.offsets[j]] for j in active])
        reduced, rank = system.rref()
        pivots = [next((i for i in range(size) if reduced[r, i]), size) for r in range(rank)]
        if rank < len(active) or size in pivots:
            raise SingularSystem(f"constraints {[self.labels[j] for j in active]} are dependent")
        scale = lcm(*(int(entry.q) for entry in reduced.entries()))
        origin = [0] * size
        for r, pivot in enumerate(pivots):
            origin[pivot] = int(reduced[r, size] * scale)
        basis = []
        for free in (i for i in range(size) if i not in pivots):
            column = [0] * size
            column[free] = scale
            for r, pivot in enumerate(pivots):
                column[pivot] = int(-reduced[r, free] * scale)
            basis.append(column)
        return basis, origin, scale, pivots

    def _multipliers(
        self,
        active: tuple[int, ...],
        pivots: list[int],
        point: Polynomials,
        denominator: fmpz_poly,
    ) -> tuple[Polynomials, int]:
        """λ·factor·denominator for A_Sᵀλ = 2(Hw − g), read off the pivot rows, and the factor."""
        if not active:
            return (), 1
        square = fmpq_mat([[self.normals[j][i] for j in active] for i in pivots])
        inverse = square.inv()
        factor = lcm(*(int(entry.q) for entry in inverse.entries()))
        gradient = [
            2 * (sum_of_products(self.hessian[i], point) - self.linear[i] * denominator)
            for i in pivots
        ]
        rows = [[int(entry * factor) for entry in row] for row in inverse.tolist()]
        return tuple(inner_product(row, gradient) for row in rows), factor


def _live_parameters(cell: ConvexCell) -> list[int]:
    quadratic = cell.objective
    size = len(quadratic.linear)
    bent = {i for kink in cell.kinks for i in range(size) if kink.normal[i]}
    dead = {
        i
        for i in range(size)
        if not any(quadratic.hessian[i]) and not quadratic.linear[i] and i not in bent
    }
    changed = bool(dead)
    while changed:
        changed = False
        for constraint in cell.constraints:
            support = {i for i in range(size) if constraint.normal[i]}
            if support & dead and not support <= dead:
                dead -= support
                changed = True
    return [i for i in range(size) if i not in dead]


def _combine(matrix: Sequence[Sequence[fmpz_poly]], vector: Sequence[int]) -> list[fmpz_poly]:
    return [inner_product(vector, row) for row in matrix]
