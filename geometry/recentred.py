"""A system in coordinates that move along one of its branches, and Krawczyk's test there.

    x = c + vβ + qβ² + Ty,   α = m + β

F becomes G(β, y), a polynomial computed exactly. Let B approximate (∂G/∂y)⁻¹ at 0 and write
H = B·G − y = Σ h_{ab} y^a β^b. For |β| ≤ η and |y_k| ≤ Y_k Krawczyk's operator (centre 0) is

    −B·G(β, 0) + (I − B·∂G/∂y)·y  ∈  ±  Σ_{a=0} |h_{0b}| η^b + Σ_{a≠0} |a|·|h_{ab}| Y^a η^b.

If the sum is < Y_k in every component, then for each β the map y ↦ y − B·G contracts {|y| ≤ Y}
into itself: there is exactly one solution, and it is simple. [Krawczyk 1969; Neumaier,
*Interval Methods for Systems of Equations*, Thm 5.1.8.]

Expanding F at the branch avoids the cancellation of large terms that makes ranges over boxes
too wide; it is what steps gain most from. The frame T is any regular matrix. With
∂F/∂x = UΣVᵀ it is VΣ^{−1/2}: where F is a gradient, the y_k are of one size however long
and narrow the valley is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt
from flint import arb, arb_mat, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz_mpoly

from geometry.balls import BallSystem
from geometry.engines.system import PolynomialSystem
from piecewise.exact import to_fmpq

SMALLEST = 2.0**-40
"""Least ratio of singular values for which floats give a frame."""

ROUNDS = 6
"""Times a box Y is enlarged before η counts as too large."""

Floats = npt.NDArray[np.float64]
Vector = tuple[Fraction, ...]


class Flow:
    """F and ∂F/∂(x, α) in ball arithmetic, and F in moving coordinates."""

    def __init__(self, system: PolynomialSystem) -> None:
        self.n = len(system.variables)
        self.values = BallSystem(system)
        partials = [e.derivative(k) for e in system.equations for k in range(self.n + 1)]
        # Zero partials stay: the rows are addressed by position.
        self._partials = self._balls(partials)
        self._both = self._balls([*system.equations, *partials])

    def _balls(self, rows: Sequence[fmpz_mpoly]) -> BallSystem:
        system = self.values.system
        return BallSystem(PolynomialSystem(system.variables, tuple(rows), system.parameter))

    def at(self, point: Sequence[arb]) -> tuple[arb_mat, arb_mat]:
        """F, a column, and ∂F/∂(x, α), n × (n + 1); the monomials are evaluated once."""
        rows = self._both.values(point)
        return arb_mat(self.n, 1, rows[: self.n]), arb_mat(self.n, self.n + 1, rows[self.n :])

    def second(self, point: Sequence[arb], direction: Sequence[arb]) -> arb_mat:
        """D²F(u, u) for u = ``direction`` in (x, α), a column."""
        column = arb_mat(self.n + 1, 1, direction)
        turn = (self._partials.jacobian(point) * column).entries()
        return arb_mat(self.n, self.n + 1, turn) * column

    @cached_property
    def scales(self) -> Floats:
        """See ``symmetrising_scales``."""
        return np.array(symmetrising_scales(self.values.system))

    def frame(self, jacobian: Floats) -> Floats:
        """VΣ^{−1/2}; the identity where floats do not serve."""
        scaled = jacobian * self.scales[:, None]
        if self.n == 0 or not np.isfinite(scaled).all():
            return np.eye(self.n)
        _, sizes, rotation = np.linalg.svd(scaled)
        if sizes[-1] <= sizes[0] * SMALLEST:
            return np.eye(self.n)
        frame: Floats = rotation.T / np.sqrt(sizes)
        return frame

    def recentred(
        self, middle: Fraction, curve: tuple[Vector, Vector, Vector], frame: Sequence[Vector]
    ) -> Recentred | None:
        """G, exactly, and B; None without a usable B."""
        places = moving_coordinates(middle, curve, frame)
        terms: dict[tuple[int, ...], list[fmpq]] = {}
        for row, equation in enumerate(self._rational):
            for monomial, coefficient in equation.compose(*places).terms():
                entry = terms.setdefault(tuple(int(e) for e in monomial), [fmpq(0)] * self.n)
                entry[row] = coefficient
        return Recentred.of(self.n, terms)

    @cached_property
    def _rational(self) -> list[fmpq_mpoly]:
        system = self.values.system
        context = fmpq_mpoly_ctx.get(system.names, "degrevlex")
        return [
            context.from_dict({tuple(m): fmpq(c) for m, c in equation.terms()})
            for equation in system.equations
        ]


def moving_coordinates(
    middle: Fraction, curve: tuple[Vector, Vector, Vector], frame: Sequence[Vector]
) -> list[fmpq_mpoly]:
    """c + vβ + qβ² + Ty and m + β as polynomials in (y, β): what x and α are replaced by."""
    context = fmpq_mpoly_ctx.get((*(f"y{i}" for i in range(len(frame))), "beta"), "degrevlex")
    *y, beta = context.gens()
    places = [
        sum(
            (to_fmpq(t) * gen for t, gen in zip(row, y, strict=True)),
            context.constant(to_fmpq(c)) + to_fmpq(v) * beta + to_fmpq(q) * beta**2,
        )
        for c, v, q, row in zip(*curve, frame, strict=True)
    ]
    return [*places, context.constant(to_fmpq(middle)) + beta]


@dataclass(frozen=True)
class Recentred:
    """|h_{ab}| as balls and, for proposals, as floats; one column per monomial (a, b)."""

    size: arb_mat
    floats: Floats
    degrees: npt.NDArray[np.int64]

    @classmethod
    def of(cls, n: int, terms: dict[tuple[int, ...], list[fmpq]]) -> Recentred | None:
        """From the coefficients of G by monomial."""
        unit = [tuple(int(i == j) for i in range(n + 1)) for j in range(n)]
        zero = [fmpq(0)] * n
        linear = [arb(terms.get(unit[j], zero)[i]) for i in range(n) for j in range(n)]
        try:
            inverse = arb_mat(n, n, linear).mid().inv().mid()
        except ZeroDivisionError:
            return None
        if not all(entry.is_finite() for entry in inverse.entries()):
            return None
        order = sorted({*terms, *unit, (0,) * (n + 1)})
        columns = [terms.get(monomial, zero) for monomial in order]
        entries = [arb(column[i]) for i in range(n) for column in columns]
        product = inverse * arb_mat(n, len(order), entries)
        for i, monomial in enumerate(unit):
            product[i, order.index(monomial)] -= 1
        size = arb_mat(n, len(order), [abs(entry) for entry in product.entries()])
        floats = np.array([float(entry.upper()) for entry in size.entries()])
        return cls(size, floats.reshape(n, len(order)), np.array(order, dtype=np.int64))

    def propose(self, eta: float, least: Floats) -> Floats | None:
        """A Y with which the test should pass for this η."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._proposed(eta, least)

    def _proposed(self, eta: float, least: Floats) -> Floats | None:
        powers = eta ** self.degrees[:, -1]
        exponents, total = self.degrees[:, :-1], self.degrees[:, :-1].sum(axis=1)
        factors = powers * np.maximum(total, 1)
        box: Floats = 1.25 * (self.floats @ np.where(total == 0, powers, 0.0)) + least
        for _ in range(ROUNDS):
            image = self.floats @ (factors * np.prod(box**exponents, axis=1))
            if not np.isfinite(image).all():
                return None
            if (image < 0.99 * box).all():
                return box
            box = np.maximum(box, 1.25 * image + least)
        return None

    def contracts(self, eta: arb, box: Sequence[arb]) -> bool:
        """The test, in ball arithmetic; ``eta`` and ``box`` hold η and Y."""
        image = self.image(eta, box)
        return all(bool(bound < side) for bound, side in zip(image, box, strict=True))

    def image(self, eta: arb, box: Sequence[arb]) -> list[arb]:
        """The sum of the test: a solution with |y| ≤ Y for |β| ≤ η has |y| ≤ image."""
        weights = []
        for *exponents, power in self.degrees.tolist():
            weight = eta**power * max(sum(exponents), 1)
            for side, exponent in zip(box, exponents, strict=True):
                if exponent:
                    weight *= side**exponent
            weights.append(weight)
        return (self.size * arb_mat(len(weights), 1, weights)).entries()


def symmetrising_scales(system: PolynomialSystem) -> list[float]:
    """s_i with s_i·∂F_i/∂x_j = s_j·∂F_j/∂x_i where F is a gradient up to factors; else ones."""
    n = len(system.variables)
    scales: dict[int, fmpq] = {}
    for start in range(n):
        pending = [] if start in scales else [start]
        scales.setdefault(start, fmpq(1))
        while pending:
            i = pending.pop()
            for j in range(n):
                ratio = _ratio(system.equations[i].derivative(j), system.equations[j].derivative(i))
                if ratio is None:
                    return [1.0] * n
                if ratio and j not in scales:
                    scales[j] = scales[i] * ratio
                    pending.append(j)
    return [float(scales[i].p) / float(scales[i].q) for i in range(n)]


def _ratio(p: fmpz_mpoly, q: fmpz_mpoly) -> fmpq | None:
    """r with p = r·q; 0 where both vanish, None where there is none."""
    if p.is_zero() or q.is_zero():
        return fmpq(0) if p.is_zero() and q.is_zero() else None
    ratio = fmpq(p.leading_coefficient(), q.leading_coefficient())
    return ratio if q * ratio.p == p * ratio.q else None
