"""The exact first-order system of a curve, and its value, as power series at one α.

On a stratum with boundaries z_j = β_j, j ∈ S, and y = (free coordinates, λ) let

    L(α, y) = f_c − Σ_j λ_j (z_j − β_j)   ∈ Q[α, y],

coordinates at walls put in. The curve solves ∂L/∂y = 0, and v(α) = L(α, y(α)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, fmpq, fmpq_mpoly, fmpq_poly

from pieceproof.checking.enclosing.networks import ring
from pieceproof.checking.enclosing.numberfields import NumberField
from pieceproof.checking.enclosing.polynomials import (
    PolynomialJets,
    cell_polynomial,
    seen,
)
from pieceproof.checking.enclosing.powerseries import Balls, composed
from pieceproof.checking.enclosing.tubes import Space, Stratum
from pieceproof.checking.reading import Refuted


@dataclass(frozen=True, eq=False)
class Lagrangian:
    """L with ∂L/∂y and, as rows, ∂²L/∂y²."""

    value: fmpq_mpoly
    slopes: tuple[fmpq_mpoly, ...]
    bends: tuple[tuple[fmpq_mpoly, ...], ...]

    @property
    def size(self) -> int:
        """How many unknowns y has."""
        return len(self.slopes)

    def exact(
        self, field: NumberField, alpha: fmpq_poly, points: Sequence[Sequence[fmpq_poly]]
    ) -> list[fmpq_poly]:
        """The coefficients of v(α₀ + ε) up to ε^(2m − 1), from those of y up to ε^(m − 1).

        Raises:
            Refuted: y does not solve the first-order system up to there.
        """
        known = len(points[0]) if points else 1
        values = [[alpha, field.constant(fmpq(1))], *points]
        for slope in self.slopes:
            if any(c for c in composed(slope, field, values, known)):
                raise Refuted("a point is no first-order point of its stratum")
        return composed(self.value, field, values, 2 * known if points else ORDERS)

    def unknowns(self, alpha: arb, tube: Sequence[arb], order: int) -> list[list[arb]]:
        """Balls around y^(k)(α)/k!, k ≤ ``order``, for all α of a ball with y(α) in the tube.

        ∂L/∂y = 0 along y(α + ε) gives the coefficients of y one after the other.

        Raises:
            Refuted: the system may be singular.
        """
        balls, points = Balls(), [[y] for y in tube]
        if not points or not order:
            return points
        matrix = arb_mat(
            [[composed(f, balls, [[alpha], *points], 1)[0] for f in row] for row in self.bends]
        )
        near = _near_inverse(matrix)
        matrix = near * matrix
        for k in range(1, order + 1):
            values = [[alpha, arb(1)], *points]
            rest = [[-composed(f, balls, values, k + 1)[k]] for f in self.slopes]
            try:
                following = matrix.solve(near * arb_mat(rest))
            except ZeroDivisionError:
                raise Refuted("the system of a curve may be singular") from None
            for i, own in enumerate(points):
                own.append(following[i, 0])
        return points

    def enclosed(self, alpha: arb, tube: Sequence[arb], order: int) -> list[arb]:
        """Balls around v^(k)(α)/k!, k ≤ ``order``, for all α of a ball with y(α) in the tube.

        Raises:
            Refuted: the system may be singular.
        """
        points = self.unknowns(alpha, tube, order // 2)
        return composed(self.value, Balls(), [[alpha, arb(1)], *points], order + 1)


def _near_inverse(matrix: arb_mat) -> arb_mat:
    """About the inverse of the middle of a matrix: multiplied by it, wide ones can be solved.

    Raises:
        Refuted: the middle is singular.
    """
    middle = arb_mat([[entry.mid() for entry in row] for row in matrix.tolist()])
    try:
        return arb_mat([[entry.mid() for entry in row] for row in middle.inv().tolist()])
    except ZeroDivisionError:
        raise Refuted("the system of a curve may be singular") from None


ORDERS = 16
"""Coefficients of v where there are no unknowns: all of them are known."""


def lagrangian(space: Space, stratum: Stratum) -> Lagrangian:
    """L of a stratum in the coordinates of its curve; unknowns are in their order there."""
    network, d = space.network, space.network.parameters
    if isinstance(space.jets, PolynomialJets):
        f = space.jets.polynomial
    else:
        f = cell_polynomial(network, stratum.pattern)
    held = {**space.chart.fixed, **stratum.walls}
    free = [i for i in range(d) if i not in held]
    context = ring(1 + len(free) + len(stratum.groups))
    alpha, *unknowns = context.gens()
    values = [alpha, *([context.constant(0)] * d)]
    for i, side in held.items():
        mirror = stratum.fold is not None and i in stratum.fold.squared
        values[1 + i] = context.constant(fmpq(0) if mirror else network.walls[i][side])
    for i, y in zip(free, unknowns, strict=False):
        values[1 + i] = y
    total = f.compose(*values, ctx=context)
    for factor, group in zip(unknowns[len(free) :], stratum.groups, strict=True):
        unit, example, k = group[0]
        z = seen(network, stratum.pattern, example)[0][unit].compose(*values, ctx=context)
        total = total - factor * (z - network.breakpoints[k])
    count = len(unknowns)
    slopes = [total.derivative(1 + i) for i in range(count)]
    bends = [tuple(slope.derivative(1 + j) for j in range(count)) for slope in slopes]
    return Lagrangian(total, tuple(slopes), tuple(bends))
