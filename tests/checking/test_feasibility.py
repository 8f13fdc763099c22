"""Strict linear inequalities against an exhaustive search for a solution or a contradiction."""

from __future__ import annotations

from itertools import combinations

from flint import fmpq, fmpq_mat
from hypothesis import given
from hypothesis import strategies as st

from pieceproof.checking.feasibility import is_open

small = st.integers(-3, 3)


def by_vertices(rows: list[list[int]]) -> bool:
    """A bounded polytope is open iff the mean of its vertices satisfies every row strictly."""
    n = len(rows[0]) - 1
    vertices = []
    for chosen in combinations(rows, n):
        try:
            point = fmpq_mat([row[:n] for row in chosen]).solve(
                fmpq_mat(n, 1, [row[n] for row in chosen])
            )
        except ZeroDivisionError:
            continue
        values = point.entries()
        if all(_value(row, values) >= 0 for row in rows):
            vertices.append(values)
    if not vertices:
        return False
    mean = [sum((v[k] for v in vertices), fmpq(0)) / len(vertices) for k in range(n)]
    return all(_value(row, mean) > 0 for row in rows)


def _value(row: list[int], point: list[fmpq]) -> fmpq:
    return sum((a * x for a, x in zip(row, point, strict=False)), fmpq(-row[-1]))


@st.composite
def boxed(draw: st.DrawFn) -> list[list[int]]:
    n = draw(st.integers(1, 3))
    rows = [[s * (i == k) for i in range(n)] + [-2] for k in range(n) for s in (1, -1)]
    extra = st.lists(st.lists(small, min_size=n + 1, max_size=n + 1), max_size=4)
    return rows + [row for row in draw(extra) if any(row[:-1])]


@given(boxed())
def test_agrees_with_the_vertices(rows: list[list[int]]) -> None:
    assert is_open(rows) == by_vertices(rows)


def test_rows_without_a_variable_are_judged_by_their_right_side() -> None:
    assert is_open([[1, -1], [-1, -1], [0, -1]])
    assert not is_open([[1, -1], [-1, -1], [0, 0]])


def test_touching_half_spaces_are_not_open() -> None:
    assert not is_open([[1, 0], [-1, 0]])
    assert is_open([[1, 0], [1, -5]])  # unbounded


def test_a_box_in_many_dimensions_is_quick() -> None:
    n = 20
    rows = [[s * (i == k) for i in range(n)] + [-1] for k in range(n) for s in (1, -1)]
    assert is_open([*rows, [1] * n + [n - 1]])
    assert not is_open([*rows, [1] * n + [n]])
