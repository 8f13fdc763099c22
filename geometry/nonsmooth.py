"""Convex programs with kinks at one rational α, solved exactly.

min wᵀHw − Gᵀw + Σ_k ρ_k·|m_k·w − n_k| subject to a_j·w ≥ b_j, H ⪰ 0, over a bounded polytope.
A *state* is an active set S together with a sign σ_k ∈ {−1, 0, 1} for every kink: 0 keeps
m_k·w = n_k as an equation. Its stationary point solves

    2Hw − (G − Σ_k σ_k ρ_k m_k) = Σ_{j∈S} λ_j a_j − Σ_{σ_k=0} τ_k m_k,

and it is optimal if it is feasible, the signs are those of m_k·w − n_k, λ ≥ 0 and |τ_k| ≤ ρ_k:
τ_k/ρ_k is then a subgradient of |·| at 0. The method is the primal active-set method
[Nocedal, Wright 2006, Alg. 16.3] with an exact line search through the kinks: a step goes on
across kinks, whose signs turn, as long as the objective falls. For a quadratic alone it is
:mod:`geometry.programs`; for absolute values alone it is a simplex method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flint import fmpq, fmpq_mat

from geometry.null_vectors import rational_null_vector
from geometry.programs import MAX_ZERO_STEPS

Vector = list[fmpq]
ZERO, ONE = fmpq(0), fmpq(1)


@dataclass(frozen=True)
class State:
    """An active set (increasing) and the signs of all kinks."""

    active: tuple[int, ...]
    signs: tuple[int, ...]

    @property
    def zeros(self) -> tuple[int, ...]:
        """The kinks held at 0."""
        return tuple(k for k, s in enumerate(self.signs) if s == 0)


@dataclass(frozen=True)
class NonsmoothProgram:
    """min wᵀHw − Gᵀw + Σ ρ_k|m_k·w − n_k| s.t. a_j·w ≥ b_j.

    ``linear`` is G; ``matrix`` and ``levels`` hold m_k and n_k, ``weights`` ρ_k ≥ 0. The last
    ``equations`` kinks are held at 0 whatever their multipliers; the ``sides`` before them have
    weight 0 and say m_k·w ≥ n_k.
    """

    hessian: fmpq_mat
    linear: Vector
    normals: Sequence[Sequence[int]]
    offsets: Sequence[fmpq]
    matrix: fmpq_mat
    levels: Vector
    weights: Vector
    equations: int = 0
    sides: int = 0

    @property
    def free(self) -> int:
        """The number of kinks that are neither sides nor equations."""
        return len(self.levels) - self.sides - self.equations

    def is_side(self, k: int) -> bool:
        """Whether kink k is an inequality."""
        return self.free <= k < self.free + self.sides

    def kinks_at(self, w: Vector) -> Vector:
        """m_k·w − n_k."""
        if not self.levels:
            return []
        values = _times(self.matrix, w) if w else [ZERO] * len(self.levels)
        return [z - n for z, n in zip(values, self.levels, strict=True)]

    def slack(self, j: int, w: Vector) -> fmpq:
        """a_j·w − b_j."""
        return _dot(self.normals[j], w) - self.offsets[j]

    def signed_linear(self, signs: Sequence[int]) -> Vector:
        """G − Σ σ_k ρ_k m_k."""
        if not self.levels or not self.linear:
            return self.linear
        forces = [s * rho for s, rho in zip(signs, self.weights, strict=True)]
        pull = (fmpq_mat(1, len(forces), forces) * self.matrix).entries()
        return [g - p for g, p in zip(self.linear, pull, strict=True)]

    def rows(self, state: State) -> tuple[list[Vector], Vector]:
        """The equations of a state: a_j·w = b_j, then m_k·w = n_k."""
        n = len(self.linear)
        rows = [[fmpq(a) for a in self.normals[j]] for j in state.active]
        rows += [[self.matrix[k, i] for i in range(n)] for k in state.zeros]
        levels = [self.offsets[j] for j in state.active] + [self.levels[k] for k in state.zeros]
        return rows, levels

    def stationary(self, state: State) -> tuple[Vector, Vector] | None:
        """(w, μ) with μ = (λ, −τ) for the rows of the state; None if it is singular.

        Rows with one entry pin a parameter, and only the others enter the linear system.
        """
        n = len(self.linear)
        rows, levels = self.rows(state)
        pins = pinned(rows)
        if pins is None:
            return None
        w = [ZERO] * n
        for i, r in pins.items():
            w[i] = levels[r] / rows[r][i]
        free = [i for i in range(n) if i not in pins]
        coupled = [r for r in range(len(rows)) if r not in pins.values()]
        linear = self.signed_linear(state.signs)
        moved = [linear[i] - 2 * value for i, value in enumerate(_times(self.hessian, w))]
        system: list[Vector] = [
            [*(2 * self.hessian[i, j] for j in free), *(-rows[r][i] for r in coupled)] for i in free
        ]
        system += [[*(rows[r][i] for i in free), *([ZERO] * len(coupled))] for r in coupled]
        right = [moved[i] for i in free] + [levels[r] - _dot(rows[r], w) for r in coupled]
        solution: Vector = []
        if system:
            try:
                solution = fmpq_mat(system).solve(fmpq_mat(len(right), 1, right)).entries()
            except ZeroDivisionError:
                return None
        for i, value in zip(free, solution, strict=False):
            w[i] = value
        multipliers = [ZERO] * len(rows)
        for r, value in zip(coupled, solution[len(free) :], strict=True):
            multipliers[r] = value
        images = _times(self.hessian, w)
        for i, r in pins.items():
            held = sum([multipliers[c] * rows[c][i] for c in coupled], ZERO)
            multipliers[r] = (2 * images[i] - linear[i] - held) / rows[r][i]
        return w, multipliers

    def flat_direction(self, state: State) -> Vector:
        """A d ≠ 0 with Hd = 0 on the rows of a singular state, along which f does not rise."""
        rows, _ = self.rows(state)
        direction = rational_null_vector([*self.hessian.tolist(), *rows])
        if _dot(self.signed_linear(state.signs), direction) < 0:
            direction = [-d for d in direction]
        return direction

    def proves_optimality(self, state: State) -> bool:
        """Whether the stationary point of the state is a minimiser, by the conditions above."""
        solution = self.stationary(state)
        if solution is None:
            return False
        w, multipliers = solution
        return (
            _worst(self, state, multipliers) is None
            and all(self.slack(j, w) >= 0 for j in range(len(self.offsets)))
            and all(s * z >= 0 for s, z in zip(state.signs, self.kinks_at(w), strict=True))
        )


def pinned(rows: Sequence[Vector]) -> dict[int, int] | None:
    """{parameter: row} for rows with one non-zero entry; None if two pin the same parameter."""
    pins: dict[int, int] = {}
    for r, row in enumerate(rows):
        support = [i for i, value in enumerate(row) if value]
        if len(support) == 1:
            if support[0] in pins:
                return None
            pins[support[0]] = r
    return pins


def optimal_state(
    program: NonsmoothProgram, start: Vector, state: State | None = None
) -> tuple[State, Vector]:
    """A state that proves optimality, and its stationary point.

    Args:
        program: what is minimised.
        start: a feasible point.
        state: independent rows that hold at ``start``, with the signs there; by default none.
    """
    found = _active_set_method(program, start, state or _state_at(program, start))
    bits = 64
    while found is None:
        # Ties: relax constraints and shift kinks by distinct tiny amounts, and keep the answer if
        # it also proves optimality of the original program.
        count = len(program.offsets)
        relaxed = replace(
            program,
            offsets=[b - fmpq(j * j + 1, 1 << bits) for j, b in enumerate(program.offsets)],
            levels=[
                n + _shift(program, k) * fmpq((count + k) ** 2 + 1, 1 << bits)
                for k, n in enumerate(program.levels)
            ],
        )
        candidate = _active_set_method(relaxed, start, _state_at(relaxed, start))
        if candidate is not None and program.proves_optimality(candidate[0]):
            solution = program.stationary(candidate[0])
            found = None if solution is None else (candidate[0], solution[0])
        bits *= 2
    return found


def _shift(program: NonsmoothProgram, k: int) -> int:
    """Which way a kink is shifted to break ties: sides outwards, equations not at all."""
    return -1 if program.is_side(k) else int(k < program.free)


def _state_at(program: NonsmoothProgram, w: Vector) -> State:
    signs = [1 if z >= 0 else -1 for z in program.kinks_at(w)]
    return State((), (*signs[: program.free + program.sides], *[0] * program.equations))


def _active_set_method(
    program: NonsmoothProgram, start: Vector, state: State
) -> tuple[State, Vector] | None:
    """The optimal state, or None after too many steps of length zero."""
    w, zero_steps = list(start), 0
    while zero_steps <= MAX_ZERO_STEPS:
        solution = program.stationary(state)
        if solution is None:
            direction, limit = program.flat_direction(state), None
        else:
            direction, limit = [b - a for a, b in zip(w, solution[0], strict=True)], ONE
        length, after = _search(program, w, direction, state, limit)
        w = [a + length * b for a, b in zip(w, direction, strict=True)]
        if after == state and solution is not None:
            w = solution[0]
            better = _worst(program, state, solution[1])
            if better is None:
                return state, w
            state = better
            continue
        zero_steps = zero_steps + 1 if length == 0 else 0
        state = after
    return None


def _worst(program: NonsmoothProgram, state: State, multipliers: Vector) -> State | None:
    """The state without the row whose multiplier is furthest outside its range, or None."""
    worst, better = ZERO, None
    for j, value in zip(state.active, multipliers, strict=False):
        if -value > worst:
            worst = -value
            better = State(tuple(i for i in state.active if i != j), state.signs)
    for k, value in zip(state.zeros, multipliers[len(state.active) :], strict=True):
        is_side = program.is_side(k)
        excess = -value if is_side else abs(value) - program.weights[k]
        if (k < program.free or is_side) and excess > worst:
            # τ = −μ; τ_k > ρ_k says that the rest of the objective falls as m_k·w − n_k grows.
            worst, turned = excess, list(state.signs)
            turned[k] = 1 if value < 0 else -1
            better = State(state.active, tuple(turned))
    return better


def _search(
    program: NonsmoothProgram, w: Vector, direction: Vector, state: State, limit: fmpq | None
) -> tuple[fmpq, State]:
    """The step along ``direction`` to the least objective that constraints allow, and the state
    there: a kink where the slope turns is held at 0, those passed before have turned.

    Without kinks on the way the minimum lies at ``limit`` (None: nowhere, but the polytope is
    bounded).
    """
    length, blocking = limit, None
    for j, normal in enumerate(program.normals):
        rate = _dot(normal, direction)
        if rate < 0 and j not in state.active:
            reached = program.slack(j, w) / -rate
            if length is None or reached < length:
                length, blocking = reached, j
    rates = _times(program.matrix, direction) if program.levels else []
    ahead = sorted(
        (-z / rate, k)
        for k, (s, z, rate) in enumerate(zip(state.signs, program.kinks_at(w), rates, strict=True))
        if s * rate < 0
    )
    image = _times(program.hessian, direction)
    bend = 2 * _dot(image, direction)
    slope = 2 * _dot(image, w) - _dot(program.signed_linear(state.signs), direction)
    signs = list(state.signs)
    for reached, k in ahead:
        if length is not None and reached >= length:
            break
        slope += 2 * program.weights[k] * abs(rates[k])
        if program.is_side(k) or slope + bend * reached >= 0:
            signs[k] = 0
            return reached, State(state.active, tuple(signs))
        signs[k] = -signs[k]
    if length is None:
        raise ZeroDivisionError("no constraint blocks the direction: the polytope is unbounded")
    active = state.active if blocking is None else tuple(sorted((*state.active, blocking)))
    return length, State(active, tuple(signs))


def _times(matrix: fmpq_mat, vector: Sequence[fmpq]) -> Vector:
    if not vector:
        return [ZERO] * matrix.nrows()
    return list((matrix * fmpq_mat(len(vector), 1, list(vector))).entries())


def _dot(left: Sequence[int | fmpq], right: Sequence[fmpq]) -> fmpq:
    return sum([b * a for a, b in zip(left, right, strict=True) if a], ZERO)
