"""The census: steps, minimal branches and totals against planted records and known duals."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest

import pieceproof
from geometry.assumptions import Kind
from geometry.census import (
    LIMITS,
    BranchRecord,
    Census,
    Chord,
    GapRecord,
    Rung,
    Setting,
    StratumClass,
    StratumRecord,
    examine,
    lowest,
    step_function,
)
from geometry.census.records import RegularityRecord
from geometry.stratification import strata
from geometry.verdicts import Verdict
from piecewise import FeedForward, Interpolated, Problem, identity, relu, square
from piecewise.polynomial_objective import PiecewiseObjective

A = (Fraction(0), Fraction(1))
ONE = Rung(1, Verdict.PROVED, 1, 1)


def chord(left: object, right: object, start: float, end: float, error: float = 0.0) -> Chord:
    return Chord((Fraction(left), Fraction(right)), start, end, error)


def gap(left: object, right: object, *branches: BranchRecord, verdict=Verdict.PROVED) -> GapRecord:
    ends = Fraction(left), Fraction(right)
    return GapRecord(ends, sum(ends) / 2, branches, verdict)


def branch(*chords: Chord, feasible: bool | None = True) -> BranchRecord:
    return BranchRecord(feasible, 1, chords)


def record(*gaps: GapRecord, kind=Kind.REGULAR, verdict=Verdict.PROVED) -> StratumRecord:
    return StratumRecord(
        "0", (), (), StratumClass(0, 0), RegularityRecord(kind, Verdict.PROVED, 0, ""),
        ONE, ONE, (), ONE, ONE, ONE, ONE, ONE, ONE, (), (), gaps, verdict, (),
    )  # fmt: skip


# -- steps -----------------------------------------------------------------------------


def test_steps_add_up_and_join() -> None:
    one = record(gap(0, "1/3", branch(chord(0, "1/3", 0, 0))), gap("1/3", 1))
    two = record(gap(0, 1, branch(chord(0, 1, 1, 1), feasible=False)))
    steps = step_function([one, two], A).steps
    assert [(step.alpha, step.real, step.feasible) for step in steps] == [
        ((0, Fraction(1, 3)), 2, 1),
        ((Fraction(1, 3), 1), 1, 0),
    ]
    same = record(gap(0, "1/2"), gap("1/2", 1))
    assert [step.alpha for step in step_function([same], A).steps] == [A]


def test_nothing_is_said_at_a_moment_or_about_an_open_gap() -> None:
    one = record(gap("1/8", "1/4"), gap("3/8", 1, verdict=Verdict.UNRESOLVED))
    steps = step_function([one], A)
    assert [(s.alpha, s.open, s.verdict) for s in steps.steps] == [
        ((Fraction(1, 8), Fraction(1, 4)), 0, Verdict.PROVED),
        ((Fraction(3, 8), 1), 1, Verdict.UNRESOLVED),
    ]
    assert steps.at(Fraction(5, 16)) is None
    assert steps.at(Fraction(3, 16)) is steps.steps[0]


# -- minimal branches ------------------------------------------------------------------


def test_two_lines_that_cross_are_both_minimal() -> None:
    records = [
        record(gap(0, 1, branch(chord(0, 1, 0.0, 1.0)))),
        record(gap(0, 1, branch(chord(0, 1, 0.5, 0.5)))),
        record(gap(0, 1, branch(chord(0, 1, 0.9, 0.9)))),
        record(gap(0, 1, branch(chord(0, 1, -1.0, -1.0), feasible=False))),
    ]
    found = lowest(records, A)
    assert found.minimal <= {(0, 0, 0), (1, 0, 0)} == found.possible
    finer = [
        record(gap(0, 1, branch(chord(0, "1/4", 0.0, 0.25), chord("1/4", 1, 0.25, 1.0)))),
        record(gap(0, 1, branch(chord(0, "3/4", 0.5, 0.5), chord("3/4", 1, 0.5, 0.5)))),
    ]
    assert lowest(finer, A).minimal == {(0, 0, 0), (1, 0, 0)}


def test_twins_have_bounds_only() -> None:
    twin = record(gap(0, 1, branch(chord(0, 1, 0.0, 1.0))))
    found = lowest([twin, twin], A)
    assert found.minimal == frozenset()
    assert found.numbers(0) == (0, 1)


def test_errors_keep_neighbours_in_the_race() -> None:
    low = record(gap(0, 1, branch(chord(0, 1, 0.0, 0.0, 0.1))))
    near = record(gap(0, 1, branch(chord(0, 1, 0.15, 0.15, 0.1))))
    far = record(gap(0, 1, branch(chord(0, 1, 0.25, 0.25, 0.1))))
    assert lowest([low, near], A).possible == {(0, 0, 0), (1, 0, 0)}
    assert lowest([low, far], A).possible == {(0, 0, 0)}
    assert lowest([low, far], A).minimal == {(0, 0, 0)}


def test_an_undecided_branch_bounds_nothing() -> None:
    known = record(gap(0, 1, branch(chord(0, 1, 1.0, 1.0))))
    unknown = record(gap(0, 1, branch(chord(0, 1, 0.0, 0.0), feasible=None)))
    found = lowest([known, unknown], A)
    assert found.minimal == frozenset()
    assert found.possible == {(0, 0, 0), (1, 0, 0)}


def test_random_broken_lines_agree_with_evaluation() -> None:
    chance = random.Random(5)
    for _ in range(30):
        curves = []
        for _ in range(chance.randrange(2, 6)):
            cuts = sorted({0, 1, *(Fraction(chance.randrange(1, 40), 40) for _ in range(4))})
            heights = [chance.randrange(0, 64) / 64 for _ in cuts]
            curves.append(
                [
                    chord(a, b, u, v)
                    for a, b, u, v in zip(cuts, cuts[1:], heights, heights[1:], strict=False)
                ]
            )
        found = lowest([record(gap(0, 1, branch(*chords))) for chords in curves], A)
        for k in range(1, 400):
            alpha = Fraction(2 * k + 1, 802)
            values = [_height(chords, alpha) for chords in curves]
            least = [i for i, value in enumerate(values) if value == min(values)]
            if len(least) == 1:
                assert (least[0], 0, 0) in found.possible
        for key in found.minimal:
            assert key in found.possible


def _height(chords: list[Chord], alpha: Fraction) -> Fraction:
    part = next(c for c in chords if c.alpha[0] <= alpha <= c.alpha[1])
    share = (alpha - part.alpha[0]) / (part.alpha[1] - part.alpha[0])
    return Fraction(part.start) + share * (Fraction(part.end) - Fraction(part.start))


# -- totals ----------------------------------------------------------------------------


def test_an_unfinished_census_claims_no_numbers_of_minimal_branches() -> None:
    part = Census((record(gap(0, 1, branch(chord(0, 1, 0.0, 0.0)))),), A, 1, complete=False)
    assert part.verdict is Verdict.UNRESOLVED
    assert part.satisfies_assumption is None
    minimal = part.minimal(0)
    assert (minimal.value, minimal.lower, minimal.verdict) == (None, 0, Verdict.BOUNDS)


def test_one_irregular_stratum_is_enough() -> None:
    good = record(gap(0, 1))
    for kind, holds in (
        (Kind.EMPTY, True), (Kind.UNDECIDED, None), (Kind.LICQ_FAILS, False),
        (Kind.DEGENERATE, False), (Kind.POSITIVE_DIMENSIONAL, False),
    ):  # fmt: skip
        assert Census((good, record(gap(0, 1), kind=kind)), A, 1).satisfies_assumption is holds


# -- real instances --------------------------------------------------------------------


def taken(stated: Problem) -> Census:
    walls = {p.name: (p.lower, p.upper) for p in stated.parameters}
    setting = Setting(stated.interval, walls, LIMITS)
    objective = PiecewiseObjective(stated)
    records = tuple(examine(stratum, setting) for stratum in strata(objective))
    return Census(records, stated.interval, objective.layer.cell_count())


def small(seed: int) -> Problem:
    chance = random.Random(seed)
    inputs = chance.sample(range(-4, 5), 3)
    return Problem(
        FeedForward(hidden=[1], activation=Interpolated(relu, identity), output_bias=1),
        inputs=[[x] for x in inputs],
        targets=[chance.randrange(-3, 4) for _ in inputs],
        box=(-20, 20),
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_lowest_branch_is_the_dual_loss(seed: int) -> None:
    """Two routes: the census of all strata, and the exact dual function of convex cells."""
    stated = small(seed)
    census, dual = taken(stated), pieceproof.analyze(stated)
    assert census.verdict is Verdict.PROVED
    assert census.lowest.parts
    for part in census.lowest.parts[::5]:
        for alpha, value in zip(part.alpha, (part.start, part.end), strict=True):
            exact = float(dual(alpha))
            assert exact - 1e-9 <= value <= exact + part.error + 1e-9
            assert part.error < 0.01 * (1 + exact)


def test_ladder_of_one_relu_square_unit() -> None:
    """Each rung of every class bounds the next; interior strata have 9 branches (item 10)."""
    stated = Problem(
        FeedForward(hidden=[1], activation=Interpolated(relu, square)),
        inputs=[[1], [2], [-1], [3]],
        targets=[3, 1, 2, 5],
        box=(-10, 10),
    )
    census = taken(stated)
    inner = [r for r in census.records if not r.active]
    assert {r.generic.value for r in inner} == {9}
    for total in (*census.classes, census.total):
        rungs = [total.ladder[name] for name in (
            "bezout", "multihomogeneous", "stable_mixed_volume", "generic", "distinct", "real",
            "feasible",
        )]  # fmt: skip
        for before, after in pairwise(rungs):
            assert after.lower <= before.upper
        assert total.ladder["minimal"].upper <= total.ladder["feasible"].value
    assert census.verdict in (Verdict.PROVED, Verdict.MODULAR)
    for record_ in census.records:
        for asked in record_.questions:
            assert asked.kind in {"fold", "crossing", "wall", "multiplier"}
    labels = {e.label for r in census.records for e in r.events if e.kind == "crossing"}
    assert labels
    assert all(label.startswith("u1:e") for label in labels)


def test_records_survive_text() -> None:
    from pieceproof.census.run import builtins_of, record_from_builtins

    census = taken(small(1))
    for record_ in census.records:
        assert record_from_builtins(builtins_of(record_)) == record_


def test_a_dead_output_weight_leaves_every_rung_a_bound() -> None:
    """On {w = 0} the output weight has no influence: one critical point up to its value."""
    stated = Problem(
        FeedForward(
            hidden=[1], activation=Interpolated(relu, identity), bias=False,
            output_weights="trainable",
        ),
        inputs=[[1], [-1], [-1]],
        targets=[1, 2, 2],
        box=(-5, 5),
    )  # fmt: skip
    census = taken(stated)
    dead = next(r for r in census.records if r.kind == StratumClass(1, 0))
    assert [dead.bezout.value, dead.generic.value, dead.real.value] == [1, 1, 1]
    for record_ in census.records:
        rungs = [
            record_.bezout, record_.multihomogeneous, record_.stable_mixed_volume,
            record_.generic, record_.distinct, record_.real, record_.feasible,
        ]  # fmt: skip
        for before, after in pairwise(rungs):
            assert before.upper is None or after.lower <= before.upper
    assert census.satisfies_assumption is False
    assert census.verdict is Verdict.BOUNDS


def test_constraints_that_follow_from_others_leave_every_rung_a_bound() -> None:
    """Four facets meet in one point of space: LICQ fails there, one critical point."""
    stated = Problem(
        FeedForward(hidden=[1], activation=Interpolated(relu, identity), bias=False),
        inputs=[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, -1]],
        targets=[1, 2, 2, 1],
        box=(-5, 5),
    )
    walls = {p.name: (p.lower, p.upper) for p in stated.parameters}
    found = strata(PiecewiseObjective(stated))
    corner = examine(next(s for s in found if len(s.active) > 3), Setting(A, walls))
    assert corner.kind == StratumClass(3, 0)
    assert corner.regularity.kind is Kind.LICQ_FAILS
    assert [corner.stable_mixed_volume.value, corner.generic.value, corner.real.value] == [1, 1, 1]
