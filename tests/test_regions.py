"""Regions by inequalities and their linear programs against theorems and exact vertices."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb, factorial

import pytest
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import BOXES, numbers

from piecewise.cells import MAX_VERTEX_DIMENSION, UnitArrangement, open_cells
from piecewise.homogeneous import Forms, dot, wall_forms
from piecewise.linear_programs import Crossing, LowerBound, minimum_sign
from piecewise.polytopes import Polytope
from piecewise.regions import Region

Ranges = Sequence[tuple[Fraction, Fraction]]


def _box(half_width: int, n: int) -> Ranges:
    return [(Fraction(-half_width), Fraction(half_width))] * n


def _forms(unit: UnitArrangement) -> Forms:
    planes = [boundary.hyperplane.homogeneous for boundary in unit.boundaries]
    return Forms(planes, len(unit.ranges))


@given(
    size=st.integers(1, 4),
    data=st.data(),
    breakpoints=st.sampled_from(([0], [-1, 1], [Fraction(1, 2)])),
    ends=st.sampled_from(BOXES),
)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_inequalities_and_vertices_find_the_same_cells(size, data, breakpoints, ends):
    """Every cell once; the constraints contain the facets; both interior points are inside."""
    row = st.lists(numbers, min_size=size, max_size=size)
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    if data.draw(st.booleans()):
        rows += [rows[0], [-3 * c for c in rows[-1]], [Fraction(0)] * size]
    ranges = [(Fraction(ends[0]), Fraction(ends[1]))] * size
    unit = UnitArrangement(rows, [Fraction(at) for at in breakpoints], ranges)
    by_sides = {
        tuple(sides): region for region, sides in open_cells(Polytope.box(ranges), _forms(unit))
    }
    seen = []
    for region, sides in open_cells(Region.box(ranges), _forms(unit)):
        exact = by_sides[tuple(sides)]
        seen.append(tuple(sides))
        assert exact.constraints.items() <= region.constraints.items()
        for point in (exact.interior_point(), region.interior_point()):
            assert all(dot(form, point) > 0 for form in region.constraints.values())
    assert len(set(seen)) == len(seen) == len(by_sides)


@given(size=st.integers(1, 4), data=st.data(), central=st.booleans())
@settings(derandomize=True, max_examples=150, deadline=None)
def test_both_answers_of_a_linear_program_are_proofs(size, data, central):
    """Crossing: a point inside with c < 0. LowerBound: c = value + Σ λ_j g_j, all ≥ 0.

    ``central`` puts every hyperplane through a corner of the box, the most degenerate case.
    """
    entry = st.integers(-3, 3)
    ranges = [(fmpq(-1), fmpq(2))] * size
    inside = data.draw(
        st.lists(st.sampled_from([fmpq(0), fmpq(1, 3), fmpq(1)]), min_size=size, max_size=size)
    )
    oriented = []
    for normal in data.draw(st.lists(st.tuples(*[entry] * size), min_size=1, max_size=8)):
        form = (*normal, sum(normal) if central else data.draw(entry))
        value = sum((a * v for a, v in zip(form, [*inside, 1], strict=True)), fmpq(0))
        if value and any(normal):
            oriented.append(form if value > 0 else tuple(-a for a in form))
    assume(oriented)
    c, *constraints = oriented
    outcome = minimum_sign(c, constraints, ranges, inside)
    walls = wall_forms([(Fraction(-1), Fraction(2))] * size)
    named = dict(enumerate([*walls, *constraints]))
    if isinstance(outcome, Crossing):
        point = [*outcome.point, fmpq(1)]
        assert sum(a * v for a, v in zip(c, point, strict=True)) < 0
        assert all(sum(a * v for a, v in zip(g, point, strict=True)) > 0 for g in named.values())
    else:
        assert outcome.value >= 0
        assert all(multiplier > 0 for multiplier in outcome.multipliers.values())
        combined = [fmpq(0)] * size + [outcome.value]
        for key, multiplier in outcome.multipliers.items():
            combined = [a + multiplier * b for a, b in zip(combined, named[key], strict=True)]
        assert combined == [fmpq(a) for a in c]


def test_a_hyperplane_that_touches_a_corner_does_not_cut():
    """x + y ≥ 0 on the square [0, 1]²: the minimum is 0, at a vertex."""
    square = [(fmpq(0), fmpq(1))] * 2
    outcome = minimum_sign((1, 1, 0), [], square, [fmpq(1, 2)] * 2)
    assert outcome == LowerBound(fmpq(0), {0: fmpq(1), 2: fmpq(1)})
    assert isinstance(minimum_sign((2, 2, -1), [], square, [fmpq(1, 2)] * 2), Crossing)


@pytest.mark.parametrize("n", [3, 4, 5])
@pytest.mark.parametrize("half_width", [1, 10**5])
def test_braid_arrangement_has_a_cell_for_every_order(n, half_width):
    """x_i = x_j for all i < j: n! cells, with many more hyperplanes than n at the apex."""
    planes = []
    for i, j in combinations(range(n), 2):
        form = [0] * (n + 1)
        form[i], form[j] = 1, -1
        planes.append(tuple(form))
    cells = open_cells(Region.box(_box(half_width, n)), Forms(planes, n))
    assert sum(1 for _ in cells) == factorial(n)


@pytest.mark.parametrize(("examples", "inputs"), [(8, 6), (9, 7), (8, 11), (7, 31)])
def test_many_inputs_in_general_position_make_as_many_cells_as_cover_counts(examples, inputs):
    """2·Σ_{k<n} C(T−1, k), which is 2^T for n ≥ T, and as many patterns."""
    assert inputs > MAX_VERTEX_DIMENSION
    rows = [[Fraction(t) ** k for k in range(inputs)] for t in range(1, examples + 1)]
    cells = list(UnitArrangement(rows, [Fraction(0)], _box(10**5, inputs)).cells())
    expected = 2 * sum(comb(examples - 1, k) for k in range(inputs))
    assert len(cells) == len({tuple(cell.pattern) for cell in cells}) == expected
    for cell in cells:
        values = [sum(x * w for x, w in zip(row, cell.witness, strict=True)) for row in rows]
        assert list(cell.pattern) == [value > 0 for value in values]
        assert all(abs(w) < 10**5 for w in cell.witness)


def test_a_small_box_cuts_cells_off_and_parallel_boundaries_hide_each_other():
    """Seven inputs along the axes and the breakpoints ±1; the walls 1/2 leave two of three."""
    n = MAX_VERTEX_DIMENSION + 2
    rows = [[Fraction(i == k) for i in range(n)] for k in range(n)]
    ranges = [(Fraction(-2), Fraction(1, 2))] * n
    cells = list(UnitArrangement(rows, [Fraction(-1), Fraction(1)], ranges).cells())
    assert len(cells) == 2**n
    assert {len(cell.boundaries) + len(cell.walls) for cell in cells} == {2 * n}


@pytest.mark.parametrize("kind", [Polytope, Region])
def test_numbers_beyond_machine_integers_change_nothing(kind):
    """Box and breakpoints scaled together: the same cells."""
    rows = [[Fraction(a) for a in row] for row in ((1, 2), (-3, 1), (2, 5), (1, -1))]
    found = []
    for scale in (1, 10**30):
        ranges = [(Fraction(-scale), Fraction(3 * scale))] * 2
        unit = UnitArrangement(rows, [Fraction(scale, 3), Fraction(scale)], ranges)
        found.append({tuple(sides) for _, sides in open_cells(kind.box(ranges), _forms(unit))})
    assert found[0] == found[1]
    assert len(found[0]) > len(rows)


def test_more_breakpoints_than_a_byte_counts():
    unit = UnitArrangement([[Fraction(1)]], [Fraction(j) for j in range(300)], _box(1000, 1))
    assert sorted(int(cell.pattern[0]) for cell in unit.cells()) == list(range(301))
