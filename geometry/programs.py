"""Convex quadratic programs at one rational α, solved exactly.

min wᵀHw − 2gᵀw subject to a_j·w ≥ b_j, H ⪰ 0, over a bounded polytope with a known
interior point, by the primal active-set method [Nocedal, Wright 2006, Alg. 16.3] in
rational arithmetic. Along a direction d with Hd = 0 and Ad = 0 the objective is
constant (it is a sum of squares), so the iterate moves until a constraint blocks it:
the final active set has independent rows and a non-singular KKT matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flint import fmpq, fmpq_mat, fmpz

from geometry.null_vectors import rational_null_vector

MAX_ZERO_STEPS = 40
"""Steps of length zero allowed before the constraints are relaxed to break ties."""


@dataclass(frozen=True)
class QuadraticProgram:
    """min wᵀHw − 2gᵀw s.t. a_j·w ≥ b_j.

    ``start`` is feasible and meets the independent constraints in ``active`` with equality.
    """

    hessian: Sequence[Sequence[fmpq]]
    linear: Sequence[fmpq]
    normals: Sequence[Sequence[int | fmpq]]
    offsets: Sequence[fmpq]
    start: Sequence[fmpq]
    active: tuple[int, ...] = ()

    def slack(self, j: int, w: Sequence[fmpq]) -> fmpq:
        """a_j·w − b_j."""
        return _dot(self.normals[j], w) - self.offsets[j]

    def stationary(self, active: Sequence[int]) -> tuple[list[fmpq], list[fmpq]] | None:
        """(w, λ/2) with Hw − g = Σ λ_j/2·a_j and a_j·w = b_j on ``active``; None if singular."""
        n, s = len(self.linear), len(active)
        rows: list[list[int | fmpz | fmpq]] = [
            [*row, *(-self.normals[j][i] for j in active)] for i, row in enumerate(self.hessian)
        ]
        rows += [[*self.normals[j], *([0] * s)] for j in active]
        right = [*self.linear, *(self.offsets[j] for j in active)]
        try:
            solution = fmpq_mat(rows).solve(fmpq_mat(n + s, 1, right)).entries()
        except ZeroDivisionError:
            return None
        return solution[:n], solution[n:]

    def kkt_point(self, active: Sequence[int]) -> tuple[list[fmpq], list[tuple[fmpq, fmpq]]]:
        """The stationary point of a non-singular active set, and (λ_j/2, b_j) for j in it."""
        solution = self.stationary(active)
        if solution is None:
            raise ZeroDivisionError("the active set has a singular KKT matrix")
        w, multipliers = solution
        return w, [(value, self.offsets[j]) for value, j in zip(multipliers, active, strict=True)]

    def flat_direction(self, active: Sequence[int]) -> list[fmpq]:
        """A d ≠ 0 with Hd = 0 and a_j·d = 0 on ``active``, for a singular KKT matrix."""
        return rational_null_vector([*self.hessian, *[self.normals[j] for j in active]])


def _dot(normal: Sequence[int | fmpq], w: Sequence[fmpq]) -> fmpq:
    return sum([a * v for a, v in zip(normal, w, strict=True) if a], fmpq(0))


def optimal_active_set(program: QuadraticProgram) -> tuple[int, ...]:
    """Indices S, increasing, of independent constraints with a non-singular KKT matrix whose
    stationary point is feasible with multipliers ≥ 0: a proof of optimality."""
    active = _active_set_method(program)
    bits = 64
    while active is None:
        # Ties at a degenerate vertex: relax the constraints by distinct tiny amounts and
        # keep the answer if it also proves optimality of the original program.
        relaxed = [offset - fmpq(j * j + 1, 1 << bits) for j, offset in enumerate(program.offsets)]
        candidate = _active_set_method(replace(program, offsets=relaxed, active=()))
        if candidate is not None and proves_optimality(program, candidate):
            active = candidate
        bits *= 2
    return tuple(sorted(active))


def proves_optimality(program: QuadraticProgram, active: Sequence[int]) -> bool:
    """Whether ``active`` satisfies the Karush–Kuhn–Tucker conditions exactly."""
    solution = program.stationary(active)
    if solution is None:
        return False
    w, multipliers = solution
    return all(value >= 0 for value in multipliers) and all(
        program.slack(j, w) >= 0 for j in range(len(program.offsets)) if j not in active
    )


def _active_set_method(program: QuadraticProgram) -> list[int] | None:
    """The active set at the optimum, or None after too many steps of length zero."""
    w, active, zero_steps = list(program.start), list(program.active), 0
    while zero_steps <= MAX_ZERO_STEPS:
        solution = program.stationary(active)
        if solution is None:
            direction = program.flat_direction(active)
            blocked = _longest_step(program, w, direction, active, limit=None)
        else:
            target, multipliers = solution
            direction = [b - a for a, b in zip(w, target, strict=True)]
            blocked = _longest_step(program, w, direction, active, limit=fmpq(1))
            if blocked[1] is None:
                w = target
                negative = [
                    (value, j) for value, j in zip(multipliers, active, strict=True) if value < 0
                ]
                if not negative:
                    return active
                active.remove(min(negative)[1])
                continue
        length, constraint = blocked
        w = [a + length * b for a, b in zip(w, direction, strict=True)]
        zero_steps = zero_steps + 1 if length == 0 else 0
        if constraint is not None:
            active.append(constraint)
    return None


def _longest_step(
    program: QuadraticProgram,
    w: Sequence[fmpq],
    direction: Sequence[fmpq],
    active: Sequence[int],
    limit: fmpq | None,
) -> tuple[fmpq, int | None]:
    """The longest feasible step (at most ``limit``) and the constraint that ends it, if any.

    Without a limit the direction is bounded in at least one sense by the polytope; the
    polytope is bounded, so some constraint outside ``active`` always blocks.
    """
    best, blocking = limit, None
    for j, normal in enumerate(program.normals):
        if j in active:
            continue
        rate = _dot(normal, direction)
        if rate < 0:
            length = program.slack(j, w) / -rate
            if best is None or length < best:
                best, blocking = length, j
    if best is None:
        raise ZeroDivisionError("no constraint blocks the direction: the polytope is unbounded")
    return best, blocking
