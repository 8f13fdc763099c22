"""Exact quadratic programs: optimality conditions, ties, flat directions."""

from __future__ import annotations

from itertools import combinations

from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from geometry.programs import QuadraticProgram, optimal_active_set, proves_optimality

small = st.integers(-4, 4)


def boxed(
    gram: list[list[int]], linear: list[int], cuts: list[tuple[list[int], int]]
) -> QuadraticProgram:
    """H = GᵀG for G = ``gram``; the box is [−2, 2]^n and ``cuts`` leave 0 strictly inside."""
    n = len(linear)
    hessian = [[fmpq(sum(row[i] * row[j] for row in gram)) for j in range(n)] for i in range(n)]
    # A linear term in the range of H keeps the objective bounded below in every direction.
    image = [sum((hessian[i][j] * linear[j] for j in range(n)), fmpq(0)) for i in range(n)]
    normals = [[s * (i == j) for j in range(n)] for i in range(n) for s in (1, -1)]
    offsets = [fmpq(-2)] * (2 * n)
    for normal, offset in cuts:
        normals.append(normal)
        offsets.append(fmpq(-abs(offset) - 1))
    return QuadraticProgram(hessian, image, normals, offsets, [fmpq(0)] * n)


programs = st.integers(1, 3).flatmap(
    lambda n: st.builds(
        boxed,
        st.lists(st.lists(small, min_size=n, max_size=n), min_size=1, max_size=n),
        st.lists(small, min_size=n, max_size=n),
        st.lists(st.tuples(st.lists(small, min_size=n, max_size=n), small), max_size=4),
    )
)


@given(programs)
def test_the_active_set_proves_optimality(program: QuadraticProgram) -> None:
    assert proves_optimality(program, optimal_active_set(program))


@given(programs)
def test_the_value_is_the_least_over_all_active_sets(program: QuadraticProgram) -> None:
    def value(w: list[fmpq]) -> fmpq:
        n = len(w)
        quadratic = sum(
            (w[i] * program.hessian[i][j] * w[j] for i in range(n) for j in range(n)), fmpq(0)
        )
        return quadratic - 2 * sum((g * x for g, x in zip(program.linear, w, strict=True)), fmpq(0))

    n, m = len(program.linear), len(program.offsets)
    candidates = []
    for size in range(n + 1):
        for active in combinations(range(m), size):
            solution = program.stationary(active)
            if solution and all(program.slack(j, solution[0]) >= 0 for j in range(m)):
                candidates.append(value(solution[0]))
    w, _ = program.kkt_point(optimal_active_set(program))
    assert value(w) == min(candidates)


def test_a_degenerate_apex_ends() -> None:
    """Eight constraints through one vertex, all active at the optimum."""
    rim = [(1, 0), (0, 1), (1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (3, 2)]
    normals = [[a, b, 0] for a, b in rim] + [[0, 0, 1], [0, 0, -1]]
    offsets = [fmpq(0)] * len(rim) + [fmpq(-1)] * 2
    bounds = [[-1, 0, 0], [0, -1, 0]]
    program = QuadraticProgram(
        [[fmpq(int(i == j)) for j in range(3)] for i in range(3)],
        [fmpq(-1), fmpq(-1), fmpq(0)],
        normals + bounds,
        [*offsets, fmpq(-5), fmpq(-5)],
        [fmpq(1), fmpq(1), fmpq(1, 2)],
    )
    active = optimal_active_set(program)
    assert proves_optimality(program, active)
    assert program.kkt_point(active)[0] == [fmpq(0), fmpq(0), fmpq(0)]


def test_flat_directions_end_on_constraints() -> None:
    """The objective does not depend on the second parameter at all."""
    program = boxed([[1, 0]], [1, 0], [])
    active = optimal_active_set(program)
    assert proves_optimality(program, active)
    assert any(program.normals[j][1] for j in active)
