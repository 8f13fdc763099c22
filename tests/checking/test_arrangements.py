"""Cell counts by deletion and restriction, and complete lists of unit cells."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from math import comb
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_faces import Hyperplane, arrangement, to_flint

from pieceproof.checking.arrangements import TooMany, count_regions
from pieceproof.checking.problems import read_problem
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.checking.unitcells import check_arrangements
from pieceproof.problem_document import problem_document
from piecewise import FeedForward, Interpolated, Problem, hard_tanh, identity, relu

NO_LIMIT = 10**9


def rows(values):
    return [[Fraction(value) for value in row] for row in values]


def box(size, bound=100_000):
    walls = []
    for axis in range(size):
        unit = [int(axis == other) for other in range(size)]
        walls += [[*unit, -bound], [*(-value for value in unit), -bound]]
    return rows(walls)


@pytest.mark.parametrize(("examples", "inputs"), [(4, 2), (5, 3), (60, 3), (12, 4), (9, 5), (7, 1)])
def test_central_arrangements_in_general_position_have_covers_count(examples, inputs):
    random = Random(examples)
    planes = rows([[*(random.randint(-99, 99) for _ in range(inputs)), 0] for _ in range(examples)])
    distinct = 1 if inputs == 1 else examples
    expected = 2 * sum(comb(distinct - 1, k) for k in range(inputs))
    assert count_regions(planes, box(inputs), NO_LIMIT) == expected
    with pytest.raises(TooMany):
        count_regions(planes, box(inputs), expected - 1)


@pytest.mark.parametrize(("planes", "inputs"), [(7, 2), (8, 3), (7, 4)])
def test_planes_in_general_position_have_buck_s_count(planes, inputs):
    """1 + N + C(N, 2) + … + C(N, d) regions when the box holds every vertex."""
    moment = rows([[t**power for power in range(inputs + 1)] for t in range(1, planes + 1)])
    expected = sum(comb(planes, k) for k in range(inputs + 1))
    assert count_regions(moment, box(inputs, 10**12), NO_LIMIT) == expected


@given(
    st.integers(1, 3).flatmap(
        lambda size: st.tuples(
            st.lists(
                st.lists(st.integers(-3, 3), min_size=size + 1, max_size=size + 1), max_size=6
            ),
            st.lists(
                st.tuples(st.integers(-3, 1), st.integers(1, 3)), min_size=size, max_size=size
            ),
        )
    )
)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_counts_agree_with_faces_by_brute_force(case):
    """Parallel, repeated and void planes, planes that miss the box or touch a corner of it."""
    planes, ranges = case
    walls = []
    for axis, (centre, width) in enumerate(ranges):
        unit = [int(axis == other) for other in range(len(ranges))]
        walls += [[*unit, centre], [*(-value for value in unit), -centre - width]]
    hyperplanes = [
        Hyperplane(tuple(map(to_flint, map(Fraction, row[:-1]))), to_flint(Fraction(row[-1])))
        for row in planes
        if any(row[:-1])
    ]
    limits = [(to_flint(Fraction(c)), to_flint(Fraction(c + width))) for c, width in ranges]
    expected = len(arrangement(hyperplanes, limits).cells)
    assert count_regions(rows(planes), rows(walls), NO_LIMIT) == expected


def test_large_numbers_leave_int64_and_stay_exact():
    """Three lines through one point, or almost: the coordinates need far more than 64 bits."""
    big = 10**30
    lines = rows([[1, 0, big], [0, 1, big], [1, 1, 2 * big]])
    assert count_regions(lines, box(2, 10 * big), NO_LIMIT) == 6
    lines[2][2] += 1
    assert count_regions(lines, box(2, 10 * big), NO_LIMIT) == 7


def test_a_void_row_is_no_plane_and_an_empty_list_has_one_cell():
    assert count_regions([], box(3), NO_LIMIT) == 1
    assert count_regions(rows([[0, 0, 1]]), box(2), NO_LIMIT) == 1


def _problem(xs, activation=relu, bounds=(-10, 10), bias=True):
    return Problem(
        FeedForward([1], Interpolated(activation, identity), bias=bias),
        inputs=[[x] for x in xs],
        targets=list(range(len(xs))),
        box=bounds,
    )


def _cells(problem, witnesses):
    entry = {"units": [1], "cells": [{"witness": list(point)} for point in witnesses]}
    stated = read_problem(Node(problem_document(problem), "problem"))
    return check_arrangements(Node({"arrangements": [entry]}, "cells"), stated)


FOUR = [("1", "0"), ("-1", "0"), ("0", "1"), ("0", "-1")]
"""Cells of z = ±w + b for the inputs 1 and −1."""


def test_complete_lists_are_accepted_with_their_piece_indices():
    (found,) = _cells(_problem([1, -1]), FOUR)
    assert found.units == (0,)
    assert found.indices.tolist() == [[1, 0], [0, 1], [1, 1], [0, 0]]
    (found,) = _cells(_problem([1, -1, 1]), FOUR)
    assert found.indices.tolist() == [[1, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 0]]


def test_a_boundary_that_vanishes_identically_uses_the_right_continuous_piece():
    (found,) = _cells(_problem([0, 1], hard_tanh, bias=False), [("0",), ("2",), ("-2",)])
    assert found.indices.tolist() == [[1, 1], [1, 2], [1, 0]]
    (found,) = _cells(_problem([0], bias=False), [("1",)])
    assert found.indices.tolist() == [[1]]


@pytest.mark.parametrize(
    ("witnesses", "reason"),
    [
        (FOUR[:3], "incomplete"),
        ([*FOUR, ("2", "1")], "same cell as number 0"),
        ([*FOUR[:3], ("0", "2")], "same cell as number 2"),
        ([*FOUR[:3], ("1", "1")], "boundary"),
        ([*FOUR[:3], ("0", "-10")], "not strictly inside the box"),
        ([*FOUR[:3], ("0", "-11")], "not strictly inside the box"),
        ([], "incomplete"),
    ],
)
def test_wrong_lists_are_refuted(witnesses, reason):
    with pytest.raises(Refuted, match=reason):
        _cells(_problem([1, -1]), witnesses)


def test_malformed_lists_are_not_read():
    problem = _problem([1, -1])
    for witnesses in ([("1",)], [("1", "0", "0")], [("1", 0)], [("1", "0.5")], [("1", "2/4")]):
        with pytest.raises(CertificateError):
            _cells(problem, witnesses)
    stated = read_problem(Node(problem_document(problem), "problem"))
    entry = {"units": [1], "cells": [{"witness": list(point)} for point in FOUR]}
    for change in ({"units": []}, {"units": [2]}, {"units": [True]}, {"extra": 1}):
        with pytest.raises(CertificateError):
            check_arrangements(Node({"arrangements": [deepcopy(entry) | change]}, "c"), stated)
    for arrangements in ([], [entry, entry], [entry | {"units": [1, 1]}]):
        with pytest.raises(Refuted, match="one arrangement for each"):
            check_arrangements(Node({"arrangements": arrangements}, "c"), stated)


def test_signs_beyond_floating_point_are_exact():
    """The witnesses differ from the boundary w + b = 0 by one part in 10^40."""
    tiny = "1/" + "1" + "0" * 40
    above, below = (
        ("1", "-" + "9" * 40 + "/1" + "0" * 40),
        ("1", "-1" + "0" * 39 + "1/1" + "0" * 40),
    )
    problem = _problem([1])
    (found,) = _cells(problem, [above, below])
    assert found.indices.tolist() == [[1], [0]]
    with pytest.raises(Refuted, match="boundary"):
        _cells(problem, [above, (tiny, "-" + tiny)])


def test_numbers_beyond_the_range_of_floats_are_exact():
    huge = "1" + "0" * 400
    problem = _problem([1], bounds=("-" + huge, huge))
    (found,) = _cells(problem, [("9" * 399, "-1" + "0" * 398), ("-" + "9" * 399, "1")])
    assert found.indices.tolist() == [[1], [0]]
