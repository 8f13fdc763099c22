"""Patterns from changes at events, by searcher and checker, against listing all in every gap."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from flint import fmpq, fmpz_poly

from geometry.intervals import Interval
from geometry.moving_patterns import patterns_at, spells
from geometry.pattern_changes import Planes
from geometry.sign_rows import Row
from pieceproof.checking.flips import Planes as CheckedPlanes
from pieceproof.checking.intervals import Interval as CheckedInterval
from pieceproof.checking.reals import exactly
from pieceproof.checking.turning import find_spells

F = Fraction
WHOLE = Interval.rational(fmpq(-1), fmpq(2))
Listed = set[tuple[tuple[int, ...], str, str]]


def random_rows(seed: int) -> dict[int, Row]:
    """Rows of small polynomials; some equal up to a factor that changes sign, some dependent for
    every α, some planes that only touch."""
    r = random.Random(seed)
    width = r.choice([1, 2, 2, 3, 3])

    def entry(degree: int) -> fmpz_poly:
        return fmpz_poly([r.randint(-3, 3) for _ in range(degree + 1)])

    degree = r.choice([1, 1, 2])
    rows = [tuple(entry(degree) for _ in range(width)) for _ in range(r.randint(2, 6))]
    if r.random() < 0.4:  # the same plane, turned over at a root of the factor
        rows.append(tuple(fmpz_poly([r.randint(-2, 2), 1]) * p for p in rows[0]))
    if r.random() < 0.4 and len(rows) > 2:  # three planes with a line in common
        rows.append(tuple(p + 2 * q for p, q in zip(rows[0], rows[1], strict=True)))
    if r.random() < 0.3:  # a square: the planes touch at a root
        square = fmpz_poly([r.randint(-1, 1), 1]) ** 2
        rows.append(tuple(p + square * entry(0) for p in rows[0]))
    if r.random() < 0.3:
        rows.append(tuple(-p for p in rows[-1]))
    return {3 * i + 1: row for i, row in enumerate(rows) if any(row)}


def searched(rows: dict[int, Row], given: dict[int, bool]) -> Listed:
    found, complete = spells(rows, WHOLE, 10**5, known=given)
    assert complete
    ends = [(s.active, s.interval.lower.decimal(20), s.interval.upper.decimal(20)) for s in found]
    assert len(set(ends)) == len(ends)
    return set(ends)


def checked(rows: dict[int, Row], given: dict[int, bool]) -> set[tuple[int, ...]]:
    found = find_spells(rows, CheckedInterval(exactly(fmpq(-1)), exactly(fmpq(2))), given)
    return {tuple(sorted(s.active)) for s in found}


@pytest.mark.parametrize("seed", range(60))
def test_changes_agree_with_lists(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing all patterns in every gap is the second route; a sample in every gap is the third."""
    rows = random_rows(seed)
    r = random.Random(seed)
    given = {j: r.random() < 0.5 for j in rows if r.random() < 0.3} if seed % 3 == 0 else {}
    quick, seen = searched(rows, given), checked(rows, given)
    with monkeypatch.context() as patch:
        patch.setattr(Planes, "change", lambda self, members, alpha: None)
        patch.setattr(CheckedPlanes, "change", lambda self, event, before: None)
        assert searched(rows, given) == quick
        assert checked(rows, given) == seen == {active for active, _, _ in quick}
    for k in range(20):
        alpha = fmpq(3 * (2 * k + 1) * 1009, 40 * 1009 + 7) - 1
        if not alpha < 2:
            continue
        here = {
            active
            for active, lower, upper in quick
            if F(lower) < F(int(alpha.p), int(alpha.q)) < F(upper)
        }
        assert here == set(patterns_at(rows, alpha, 10**5, given))


def test_most_events_need_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight planes in space in general position: one list at the start."""
    r = random.Random(1)
    rows = {
        i: tuple(fmpz_poly([r.randint(-9, 9), r.randint(-9, 9)]) for _ in range(3))
        for i in range(8)
    }
    calls = []

    def counted(*arguments: object) -> object:
        calls.append(arguments)
        return patterns_at(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("geometry.moving_patterns.patterns_at", counted)
    found, _ = spells(rows, WHOLE, 10**5)
    assert len(calls) == 1
    assert len({s.interval.lower.decimal(20) for s in found}) > 20


def test_planes_that_touch_change_nothing() -> None:
    """(1, 0), (0, 1) and (1, α²): the minor α² does not change its sign at 0."""
    one, zero = fmpz_poly([1]), fmpz_poly()
    rows = {0: (one, zero), 1: (zero, one), 2: (one, fmpz_poly([0, 0, 1]))}
    found, _ = spells(rows, WHOLE, 100)
    assert all(str(s.interval.lower) == "-1" and str(s.interval.upper) == "2" for s in found)
    assert {s.active for s in found} == checked(rows, {})
