"""Cells of one unit against theorems and against the brute-force faces."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_faces import Hyperplane, arrangement, to_flint
from strategies import BOXES, numbers

from piecewise.cells import UnitArrangement, UnitCell


def _moment_curve(examples: int, inputs: int) -> list[list[Fraction]]:
    """Points (1, t, t², …): every ``inputs`` of them are linearly independent."""
    return [[Fraction(t) ** k for k in range(inputs)] for t in range(1, examples + 1)]


@pytest.mark.parametrize(("examples", "inputs"), [(4, 2), (5, 3), (1, 3), (7, 2), (6, 4), (9, 3)])
@pytest.mark.parametrize("half_width", [Fraction(1, 10**6), Fraction(1), Fraction(10**6)])
def test_points_in_general_position_make_as_many_cells_as_cover_counts(
    examples, inputs, half_width
):
    """2·Σ_{k<d} C(N−1, k); a box around 0 cuts no cell of a central arrangement off."""
    unit = UnitArrangement(
        _moment_curve(examples, inputs), [Fraction(0)], [(-half_width, half_width)] * inputs
    )
    assert len(list(unit.cells())) == 2 * sum(comb(examples - 1, k) for k in range(inputs))


def test_the_reference_counts_of_bias_free_units():
    counts = {}
    for examples, inputs in ((4, 2), (5, 3)):
        box = [(Fraction(-100_000), Fraction(100_000))] * inputs
        unit = UnitArrangement(_moment_curve(examples, inputs), [Fraction(0)], box)
        counts[examples, inputs] = len(list(unit.cells()))
    assert counts == {(4, 2): 8, (5, 3): 22}


def test_parallel_boundaries_make_a_grid():
    """Two inputs along the axes and four breakpoints: 5 × 5 boxes."""
    unit = UnitArrangement(
        [[Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)]],
        [Fraction(j) for j in range(4)],
        [(Fraction(-9), Fraction(9))] * 2,
    )
    assert len(list(unit.cells())) == 25


def _facet_planes(unit: UnitArrangement, cell: UnitCell) -> set[tuple[fmpq, ...]]:
    """The facets the product states, as inward forms with leading coefficient ±1."""
    forms = [unit.form(("boundary", *facet)) for facet in cell.boundaries]
    forms += [unit.form(("wall", *wall)) for wall in cell.walls]
    return {_unit_form([fmpq(c) for c in form]) for form in forms}


def _unit_form(form: list[fmpq]) -> tuple[fmpq, ...]:
    lead = next(c for c in form if c)
    size = lead if lead > 0 else -lead
    return tuple(c / size for c in form)


@given(
    size=st.integers(1, 3),
    data=st.data(),
    breakpoints=st.sampled_from(([0], [-1, 1], [Fraction(1, 2)])),
    ends=st.sampled_from(BOXES),
)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_cells_patterns_witnesses_and_facets_are_those_of_brute_force(
    size, data, breakpoints, ends
):
    rows = data.draw(
        st.lists(st.lists(numbers, min_size=size, max_size=size), min_size=1, max_size=6 - size)
    )
    if data.draw(st.booleans()):
        rows.append([-2 * c for c in rows[0]])
    box = [(Fraction(ends[0]), Fraction(ends[1]))] * size
    unit = UnitArrangement(rows, [Fraction(at) for at in breakpoints], box)
    planes = [
        Hyperplane(tuple(map(to_flint, row)), to_flint(Fraction(at)))
        for row in rows
        if any(row)
        for at in breakpoints
    ]
    found = arrangement(planes, [tuple(map(to_flint, pair)) for pair in box])
    by_signs = {cell: found.facets(cell) for cell in found.cells}
    seen = set()
    for cell in unit.cells():
        witness = tuple(map(to_flint, cell.witness))
        signs = [plane.sign(witness) for plane in found.hyperplanes]
        assert all(signs)
        key = next(c for c in by_signs if signs == [c.of(i) for i in range(len(signs))])
        seen.add(key)
        pattern = [
            sum(
                sum(Fraction(c) * w for c, w in zip(row, cell.witness, strict=True)) >= at
                for at in breakpoints
            )
            for row in rows
        ]
        assert list(cell.pattern) == pattern
        expected = set()
        for index in by_signs[key]:
            plane = found.hyperplanes[index]
            inward = [key.of(index) * c for c in (*plane.normal, -plane.offset)]
            expected.add(_unit_form(inward))
        assert _facet_planes(unit, cell) == expected
    assert len(seen) == len(by_signs) == len(list(unit.cells()))
