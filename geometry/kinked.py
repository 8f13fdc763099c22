"""Stationary points of a cell with kinks, as rational functions of α.

A state (S, σ) of :mod:`geometry.nonsmooth` makes a linear system over Z[α] with the matrix
K = [[2H, −Bᵀ], [B, 0]], B the rows of S and of the kinks held at 0. K + Kᵀ ⪰ 0 for real
α, so D = det K ≥ 0, and the numerators over D carry all signs. Where λ_S ≥ 0 and
|τ_k| ≤ ρ_k the value bounds the cell's minimum from below: for every w in the cell

    f(w) ≥ f_smooth(w) + Σ_{σ_k≠0} σ_k ρ_k z_k + Σ_{σ_k=0} τ_k z_k − Σ_j λ_j (a_j·w − b_j) ≥ v,

z_k = m_k·w − n_k, because |z| ≥ tz for |t| ≤ 1 and a convex function is at least its
stationary value. Where moreover the point is feasible with the signs σ the two are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from math import lcm

from flint import fmpq, fmpq_mat, fmpz_poly

from geometry.nonsmooth import NonsmoothProgram, State, optimal_state
from geometry.polynomial_systems import inner_product, solve_state, sum_of_products
from geometry.rational_functions import RationalFunction
from geometry.stationary import CellProgram, Held, Stationary
from piecewise.objective import ConvexCell
from piecewise.quadratics import Kink

NARROW = 1 << 10
"""A kink at 0 is taken to leave it on this part of the unit of α."""

RELATIONS = {"zero": 0, "positive": 1, "negative": -1}
"""``e5:zero`` holds kink e5 at 0; ``e5:positive`` and ``e5:negative`` give its sign."""


class KinkedProgram(CellProgram):
    """The parametric program of a cell whose objective has kinks.

    The labels of an active set name constraints and, for every kink, one of its relations.
    """

    equations = 0
    """Kinks at the end of the list that are held at 0 whatever their multipliers."""
    one_sided = 0
    """Kinks before these, of weight 0, that must not be negative."""

    def __init__(self, cell: ConvexCell) -> None:
        super().__init__(cell)
        self.kinks = cell.kinks
        self.rows = [[kink.normal[i] for i in self.live] for kink in cell.kinks]
        self.constraint_count = len(self.labels)
        self.labels += tuple(f"{kink.label}:{name}" for kink in cell.kinks for name in RELATIONS)
        self._state: State | None = None

    # -- at a rational α ---------------------------------------------------------------

    def program_at(self, alpha: fmpq) -> NonsmoothProgram:
        """The convex program at a rational α."""
        n, count = len(self.live), len(self.kinks)
        return NonsmoothProgram(
            fmpq_mat(n, n, [entry(alpha) for row in self.hessian for entry in row]),
            [2 * entry(alpha) for entry in self.linear],
            self.normals,
            [fmpq(offset) for offset in self.offsets],
            fmpq_mat(count, n, [entry(alpha) for row in self.rows for entry in row]),
            [kink.offset(alpha) for kink in self.kinks],
            [kink.weight(alpha) for kink in self.kinks],
            self.equations,
            self.one_sided,
        )

    def optimum(self, alpha: fmpq) -> tuple[int, ...]:
        """An optimal active set at a rational α (exact); the next search starts from it."""
        program = self.program_at(alpha)
        state, self.start = optimal_state(program, *self._warm_start(program))
        self._state = state
        return self._indices(state)

    def _warm_start(self, program: NonsmoothProgram) -> tuple[list[fmpq], State | None]:
        """The last optimum: moved along with its equations if that point is feasible, else as it
        is, without the kinks that have left 0. Its state is forgotten at an α where its rows, which
        turn with α, are dependent."""
        if self._state is None:
            return self.start, None
        rows, _ = program.rows(self._state)
        if rows and fmpq_mat(rows).rank() < len(rows):
            return self.start, None
        solution = program.stationary(self._state)
        if solution is not None and all(
            program.slack(j, solution[0]) >= 0 for j in range(len(program.offsets))
        ):
            point, state = solution[0], self._state
        else:
            point, state = self.start, self._state
        signs = tuple(
            s if z == 0 else (1 if z > 0 else -1)
            for s, z in zip(state.signs, program.kinks_at(point), strict=True)
        )
        return point, State(state.active, signs)

    def minimise(self, alpha: fmpq) -> tuple[fmpq, list[fmpq]]:
        """The cell's minimum at a rational α and a point (of all parameters) that attains it."""
        program = self.program_at(alpha)
        _, w = optimal_state(program, *self._warm_start(program))
        return self._value(program, alpha, w), self.embed(w)

    def _value(self, program: NonsmoothProgram, alpha: fmpq, w: Sequence[fmpq]) -> fmpq:
        total = self.cell.objective.constant(alpha)
        image = (program.hessian * fmpq_mat(len(w), 1, list(w))).entries() if w else []
        for value, h, g in zip(w, image, program.linear, strict=True):
            total += value * (h - g)
        for rho, z in zip(program.weights, program.kinks_at(list(w)), strict=True):
            total += rho * abs(z)
        return total / self.cell.objective.scale

    # -- states and labels ---------------------------------------------------------------

    def _indices(self, state: State) -> tuple[int, ...]:
        order = list(RELATIONS.values())
        return state.active + tuple(
            self.constraint_count + len(order) * k + order.index(s)
            for k, s in enumerate(state.signs)
        )

    def _state_of(self, active: tuple[int, ...]) -> State:
        order, first = list(RELATIONS.values()), self.constraint_count
        signs = {
            (j - first) // len(order): order[(j - first) % len(order)] for j in active if j >= first
        }
        return State(
            tuple(j for j in active if j < first), tuple(signs[k] for k in range(len(self.kinks)))
        )

    @cached_property
    def _position(self) -> dict[str, int]:
        return {label: index for index, label in enumerate(self.labels)}

    def active_set(self, labels: Iterable[str]) -> tuple[int, ...]:
        """Indices of the given labels."""
        return tuple(sorted(self._position[label] for label in labels))

    # -- over Q(α) -----------------------------------------------------------------------

    def value_at_fixed(self, stationary: Stationary, alpha: fmpq) -> RationalFunction:
        """An upper bound of α ↦ f(α, w) for the fixed w = w_S(``alpha``), close near ``alpha``.

        A kink z that depends on α enters as |z| ≤ (z² + c²)/(2c) with c ≈ |z(``alpha``)|.
        """
        smooth = super().value_at_fixed(stationary, alpha)
        point = [p(alpha) / stationary.denominator(alpha) for p in stationary.point]
        scale = lcm(1, *(int(value.q) for value in point))
        u = [int(value * scale) for value in point]
        kinks = [
            inner_product(u, row) - scale * kink.offset
            for kink, row in zip(self.kinks, self.rows, strict=True)
        ]
        near = [_close(z, alpha) for z in kinks]
        common = lcm(1, *(int((2 * c).p) for c in near), *(int((c / 2).q) for c in near))
        total = fmpz_poly([])
        for kink, z, c in zip(self.kinks, kinks, near, strict=True):
            if z.degree() <= 0:
                total += kink.weight * (abs(int(z[0])) * common)
            else:
                total += kink.weight * (z * z * int(common / (2 * c)) + int(common * c / 2))
        below = fmpz_poly([common * scale * self.cell.objective.scale])
        return RationalFunction.reduced(
            smooth.numerator * below + total * smooth.denominator, smooth.denominator * below
        )

    def held(self, stationary: Stationary) -> list[Held]:
        """The equations of the active set and of the kinks at 0."""
        state = self._state_of(stationary.active)
        count = len(state.active)
        constraints, ranges = stationary.multipliers[:count], stationary.multipliers[count:]
        held = [
            Held(self.labels[j], tuple(fmpz_poly([a]) for a in self.normals[j]), (margin,))
            for j, margin in zip(state.active, constraints, strict=True)
        ]
        for index, k in enumerate(state.zeros):
            margins = ranges[2 * index : 2 * index + 2]
            held.append(Held(f"{self.kinks[k].label}:zero", tuple(self.rows[k]), margins))
        return held

    def sides(self, stationary: Stationary, sign: Callable[[fmpz_poly], int]) -> tuple[Kink, ...]:
        """σ_k z_k ≥ 0 for the kinks whose multiplier is at a bound σ_k ρ_k ≠ 0."""
        state = self._state_of(stationary.active)
        ranges = stationary.multipliers[len(state.active) :]
        bounds = {
            k: (sign(ranges[2 * i]), sign(ranges[2 * i + 1])) for i, k in enumerate(state.zeros)
        }
        found = []
        for k, (kink, s) in enumerate(zip(self.kinks, state.signs, strict=True)):
            if not sign(kink.weight):
                continue
            side = s
            if not s:  # ρ − μ = 0 says τ = −μ = −ρ: the minimisers have z ≤ 0
                below, above = bounds[k]
                side = (above == 0) - (below == 0)
            if side:
                label = f"{kink.label}:{'positive' if side > 0 else 'negative'}"
                normal = tuple(side * entry for entry in kink.normal)
                found.append(Kink(label, fmpz_poly([]), normal, side * kink.offset))
        return tuple(found)

    def _solve(self, active: tuple[int, ...]) -> Stationary:
        state = self._state_of(active)
        rows = [[fmpz_poly([a]) for a in self.normals[j]] for j in state.active]
        rows += [self.rows[k] for k in state.zeros]
        levels = [fmpz_poly([self.offsets[j]]) for j in state.active]
        levels += [self.kinks[k].offset for k in state.zeros]
        linear = [2 * entry for entry in self.linear]
        constant = self.cell.objective.constant
        for s, kink, row in zip(state.signs, self.kinks, self.rows, strict=True):
            if s:
                force = s * kink.weight
                linear = [g - force * m if m else g for g, m in zip(linear, row, strict=True)]
                constant = constant - force * kink.offset
        point, denominator, multipliers, factor = solve_state(self.hessian, linear, rows, levels)
        below = factor * denominator
        value = 2 * factor * (constant * denominator) - factor * sum_of_products(linear, point)
        value += sum_of_products(levels, multipliers)
        held = [self.kinks[k] for k in state.zeros]
        forces = [
            kink.unit * force
            for kink, force in zip(held, multipliers[len(state.active) :], strict=True)
        ]
        free = len(self.kinks) - self.equations - self.one_sided
        ranges: list[fmpz_poly] = []
        for k, force in zip(state.zeros, multipliers[len(state.active) :], strict=True):
            if k < free:
                limit = self.kinks[k].weight * below
                ranges += (limit - force, limit + force)
            elif k < free + self.one_sided:
                ranges.append(force)
        slacks = [
            inner_product(normal, point) - offset * denominator
            for j, (normal, offset) in enumerate(zip(self.normals, self.offsets, strict=True))
            if j not in state.active
        ]
        slacks += [
            s * (sum_of_products(row, point) - kink.offset * denominator)
            for s, kink, row in zip(state.signs, self.kinks, self.rows, strict=True)
            if s
        ]
        scale = self.cell.objective.scale
        return Stationary(
            active,
            point,
            denominator,
            (*multipliers[: len(state.active)], *ranges),
            scale * below,
            value,
            2 * scale * below,
            tuple(slacks),
            (*multipliers[: len(state.active)], *forces),
        )


def _close(z: fmpz_poly, alpha: fmpq) -> fmpq:
    """A c > 0 of at most three binary digits, near |z(alpha)| if that is not 0."""
    size = abs(z(alpha)) or abs(z.derivative()(alpha)) / NARROW or fmpq(1)
    step = fmpq(2) ** (int(size.p).bit_length() - int(size.q).bit_length() - 3)
    return step * (size / step).ceil()
