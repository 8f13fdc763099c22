"""Alternatives, hitting sets and null vectors against brute force and their definitions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import pytest
from flint import fmpq, fmpq_mat, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle_zero_one import feasible

from geometry.alternatives import Alternatives, Vertex
from geometry.circuits import System
from geometry.hitting_sets import Core, Hit, TooManyChoices, hitting_set, irredundant
from geometry.intervals import Interval
from geometry.null_vectors import null_vector
from pieceproof.checking.circuits import Budget, meets_all, multipliers
from pieceproof.checking.reading import Refuted

FAMILIES = st.lists(st.integers(0, 127), max_size=9)
POLYNOMIALS = st.lists(st.integers(-3, 3), max_size=3).map(fmpz_poly)


def _sets(family: Sequence[int]) -> list[frozenset[int]]:
    return [frozenset(i for i in range(7) if s >> i & 1) for s in family]


def _is_met(family: Sequence[int], most: int) -> bool:
    return any(
        all(chosen & s for s in family)
        for size in range(min(most, 7) + 1)
        for chosen in (sum(1 << i for i in c) for c in combinations(range(7), size))
    )


@given(family=FAMILIES, most=st.integers(0, 5))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_hitting_sets_by_both_searches_and_by_listing_all(family: list[int], most: int) -> None:
    found = hitting_set(family, most)
    assert (
        isinstance(found, Hit)
        == _is_met(family, most)
        == meets_all(_sets(family), most, Budget("here"))
    )
    if isinstance(found, Core):
        assert not _is_met([family[i] for i in found.members], most)
        kept = [family[i] for i in irredundant(family, most)]
        assert not _is_met(kept, most)
        assert all(_is_met(kept[:i] + kept[i + 1 :], most) for i in range(len(kept)))
    else:
        assert found.elements.bit_count() <= most
        assert all(found.elements & s for s in family)


@given(family=FAMILIES, most=st.integers(0, 5), limit=st.integers(1, 6))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_a_limited_search_says_the_same_or_nothing(
    family: list[int], most: int, limit: int
) -> None:
    try:
        found = hitting_set(family, most, limit=limit)
    except TooManyChoices:
        return
    assert isinstance(found, Hit) == _is_met(family, most)
    if isinstance(found, Core):
        kept = [family[i] for i in irredundant(family, most, limit=limit)]
        assert not _is_met(kept, most)


def test_a_search_of_the_checker_ends() -> None:
    family = [frozenset(c) for c in combinations(range(20), 4)]
    with pytest.raises(Refuted, match="here: too many"):
        meets_all(family, 12, Budget("here", 10))


@given(data=st.data(), width=st.integers(1, 4), count=st.integers(1, 7))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_a_vertex_or_a_circuit(data: st.DataObject, width: int, count: int) -> None:
    """One after the other for several sets of demanded rows; the cube's sides give the rank."""
    entry = st.integers(-2, 2)
    rows = data.draw(
        st.lists(st.lists(entry, min_size=width, max_size=width), min_size=count, max_size=count)
    )
    rows += [[int(i == j) for j in range(width)] for i in range(width)]
    total = len(rows)
    sample = Alternatives(fmpq_mat(rows), range(count, total))
    for _ in range(4):
        demanded = data.draw(st.sets(st.integers(0, total - 1)))
        negated = data.draw(st.sets(st.integers(0, total - 1)))
        outcome = sample.solve(demanded, negated)
        signed = {i: [-v for v in row] if i in negated else row for i, row in enumerate(rows)}
        chosen = [tuple(map(Fraction, signed[i])) for i in sorted(demanded)]
        assert isinstance(outcome, Vertex) == feasible(chosen)
        if isinstance(outcome, Vertex):
            assert all(~j in negated for j in outcome.basis if j < 0)
            assert all(outcome.values[j] == 1 for j in outcome.basis if j >= 0)
            assert all(outcome.values[~j] == -1 for j in outcome.basis if j < 0)
            assert all((-1 if i in negated else 1) * outcome.values[i] > 0 for i in demanded)
        else:
            plain = [~i if i < 0 else i for i in outcome.support]
            assert demanded >= set(plain)
            assert all(
                (i < 0) == (p in negated) for i, p in zip(outcome.support, plain, strict=True)
            )
            own = [[fmpz_poly([v]) for v in signed[i]] for i in plain]
            factors = null_vector(list(zip(*own, strict=True)))
            assert factors is not None
            assert len({p[0] > 0 for p in factors}) == 1
            assert all(factors)


@given(data=st.data(), size=st.integers(1, 5))
@settings(derandomize=True, max_examples=150, deadline=None)
def test_null_vectors_by_elimination_and_by_minors(data: st.DataObject, size: int) -> None:
    """The producer eliminates, the checker expands: the same multipliers up to sign."""
    rows = [tuple(data.draw(POLYNOMIALS) for _ in range(size)) for _ in range(size)]
    rows.append(
        tuple(sum((data.draw(st.integers(-2, 2)) * p for p in column), fmpz_poly()) for column in
              zip(*rows, strict=True))
    )  # fmt: skip
    by_elimination = null_vector(list(zip(*rows, strict=True)))
    by_minors = multipliers(rows)
    assume(by_elimination is not None and by_minors is not None)
    assert by_elimination is not None
    assert by_minors in (by_elimination, [-p for p in by_elimination])
    for column in zip(*rows, strict=True):
        assert not sum((a * b for a, b in zip(by_minors, column, strict=True)), fmpz_poly())


def test_a_long_circuit_of_sparse_rows() -> None:
    """The unit vectors of 30 dimensions and (−1, −2, …): as with many inputs and walls."""
    size = 30
    rows = [tuple(fmpz_poly([int(i == j)]) for j in range(size)) for i in range(size)]
    rows.append(tuple(fmpz_poly([-1 - j]) for j in range(size)))
    found = multipliers(rows)
    assert found is not None
    assert [abs(p[0]) for p in found] == [*range(1, size + 1), 1]
    assert len({p[0] > 0 for p in found}) == 1


@pytest.mark.parametrize(
    "rows",
    [
        [[fmpz_poly([1]), fmpz_poly()], [fmpz_poly(), fmpz_poly([1])]],
        [[fmpz_poly([0, 1])], [fmpz_poly([1])], [fmpz_poly([2])]],
    ],
    ids=["independent", "two relations"],
)
def test_no_circuit(rows: list[list[fmpz_poly]]) -> None:
    assert null_vector(list(zip(*rows, strict=True))) is None
    assert multipliers([tuple(row) for row in rows]) is None


def test_intervals_of_a_circuit() -> None:
    """(1, α), (−1, α) and (0, 1 − 2α): multipliers 1, 1 and −2α/(1 − 2α)."""
    rows = [(1, [0, 1]), (-1, [0, 1]), (0, [1, -2])]
    system = System(tuple((fmpz_poly([a]), fmpz_poly(b)) for a, b in rows), 2)
    whole = Interval.rational(fmpq(-2), fmpq(2))
    found = system.intervals((0, 1, 2), whole)
    assert [(str(i.lower), str(i.upper)) for i in found] == [("-2", "0"), ("1/2", "2")]
    assert [str(i.lower) for i in system.intervals((~0, 1), whole)] == []
