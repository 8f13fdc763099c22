"""Enclosures of the value v(α) = f(α, x(α)) along a certified branch, and of v′.

    v′ = ∂f/∂α + ∂f/∂x · x′,    ∂F/∂x · x′ = −∂F/∂α

Where every partial derivative of f by x is a multiple of an equation of F, the second term
is zero on solutions (envelope theorem): so it is for the Lagrangian of a stratum, whose
values on solutions are those of the objective. Otherwise x′ is enclosed by solving the
interval linear system over the piece. Over a piece that starts at a node α₀,

    v(α) ∈ v(α₀) + V′·(α − α₀)          (mean value theorem).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from flint import arb, arb_mat, ctx, fmpz_mpoly

from geometry.balls import BallSystem
from geometry.boxes import Box, Interval, ball, interval
from geometry.continuation import BITS, Tube
from geometry.engines.system import PolynomialSystem, ring
from geometry.families import Family


@dataclass(frozen=True)
class ValuePiece:
    """For all α in ``alpha``: v(α) ∈ ``value``, and v′(α) ∈ ``slope`` (None: no bound found)."""

    alpha: Interval
    value: Interval
    slope: Interval | None


class ValueFunction:
    """The objective of a family in ball arithmetic, along the branches of the family."""

    def __init__(self, family: Family) -> None:
        system = family.system
        self.denominator = lcm(*(Fraction(c).denominator for c in family.objective.values()))
        numerator = ring(system.names).from_dict(
            {m: int(c * self.denominator) for m, c in family.objective.items()}
        )
        # Zero and constant objectives keep their place: rows are addressed by position.
        self._value = BallSystem(PolynomialSystem(system.variables, (numerator,), system.parameter))
        self._family = BallSystem(system)
        self._n = len(system.variables)
        partials = (numerator.derivative(i) for i in range(self._n))
        equations = {str(_normal(equation)) for equation in system.equations}
        self.is_stationary = all(p.is_zero() or str(_normal(p)) in equations for p in partials)

    def at(self, alpha: Fraction, point: Box) -> Interval:
        """f(alpha, x) for all x in ``point``."""
        with ctx.workprec(BITS):
            return interval(self._at(alpha, point))

    def along(self, tube: Tube) -> tuple[ValuePiece, ...]:
        """One enclosure per piece of ``tube``, in its order."""
        found = []
        with ctx.workprec(BITS):
            for piece, (start, point) in zip(tube.pieces, tube.nodes, strict=False):
                region = [*(ball(*side) for side in piece.hull()), ball(*piece.alpha)]
                slope = self._slope(region)
                if slope is None:
                    value = self._value.values(region)[0] / self.denominator
                else:
                    value = self._at(start, point) + slope * (region[-1] - ball(start, start))
                found.append(
                    ValuePiece(
                        piece.alpha,
                        interval(value),
                        None if slope is None else interval(slope),
                    )
                )
        return tuple(found)

    def _at(self, alpha: Fraction, point: Box) -> arb:
        region = [*(ball(*side) for side in point), ball(alpha, alpha)]
        return self._value.values(region)[0] / self.denominator

    def _slope(self, region: list[arb]) -> arb | None:
        n = self._n
        gradient = self._value.jacobian(region)
        slope = gradient[0, n]
        if not self.is_stationary:
            jacobian = self._family.jacobian(region)
            square = arb_mat(n, n, [jacobian[i, j] for i in range(n) for j in range(n)])
            try:
                speed = square.solve(arb_mat(n, 1, [-jacobian[i, n] for i in range(n)]))
            except ZeroDivisionError:
                return None
            slope += sum((gradient[0, j] * speed[j, 0] for j in range(n)), arb(0))
        return slope / self.denominator


def _normal(polynomial: fmpz_mpoly) -> fmpz_mpoly:
    """The primitive associate with positive leading coefficient."""
    part = polynomial.primitive()[1]
    return -part if part.leading_coefficient() < 0 else part
