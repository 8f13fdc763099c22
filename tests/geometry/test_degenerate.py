"""Branches that are multiple for every α, and critical sets of positive dimension."""

from __future__ import annotations

from fractions import Fraction

import pytest
from sample_families import gradient_family

from geometry.branches import branch_diagram
from geometry.degenerate import Separated
from geometry.engines import Flint, Limits, Msolve, read
from geometry.engines.system import ring
from geometry.events import EventKind
from geometry.families import Family
from geometry.special import Unsolved
from geometry.verdicts import Verdict

LIMITS = Limits(seconds=30)
X, Y, A = ring(["x", "y", "a"]).gens()
BOX = ((-10, 10), (-10, 10))

pytestmark = pytest.mark.skipif(not Msolve().is_available(), reason="msolve is not installed")


def diagram(family: Family):
    return branch_diagram(family, engines=(Msolve(), Flint()), limits=LIMITS)


@pytest.mark.parametrize(
    ("objective", "multiplicities"),
    [
        (X**4 + Y**4, [9]),
        ((X - A) ** 4 + (Y - 1) ** 2, [3]),
        (X**4 + Y**4 + A * X**2 * Y**2 - X**3, [1, 6]),
        # (x − α)²(x + 1)² in x: three simple ones; y³: double.
        ((X - A) ** 2 * (X + 1) ** 2 + Y**3, [2, 2, 2]),
    ],
)
def test_multiple_points_are_counted(objective, multiplicities):
    found = diagram(gradient_family("x y", objective, [X + 3], 10))
    assert found.verdict is Verdict.MODULAR
    assert found.reasons == ()
    for gap in found.gaps:
        assert sorted(branch.multiplicity for branch in gap.branches) == multiplicities
        assert gap.with_multiplicity == sum(multiplicities)
        assert gap.feasible == gap.real
        for branch in gap.branches:
            assert branch.up.reason == branch.down.reason == ""


def test_multiple_branches_are_followed_to_where_they_meet():
    """x³ = 0, y² = α: two branches of multiplicity 3 from α = 0 on."""
    system = read([X**3, Y**2 - A], ["x", "y"], "a")
    found = diagram(Family.of(system, (-1, 1), BOX, (Y,)))
    assert [gap.real for gap in found.gaps] == [0, 2]
    assert {b.multiplicity for b in found.gaps[1].branches} == {3}
    (moment,) = found.moments
    assert moment.alpha[0] <= 0 <= moment.alpha[1]
    assert EventKind.FOLD in {event.kind for event in moment.events}
    up = max(found.gaps[1].branches, key=lambda branch: branch.root.approximate()[1])
    assert up.is_feasible
    for piece in up.up.pieces:
        for alpha in piece.alpha:
            low, high = piece.at(alpha)[1]
            assert low**2 <= alpha <= high**2


def test_isolated_points_beside_a_curve_are_bounds():
    """(xy − 1)(x − α) = (xy − 1)(y − 2) = 0: a hyperbola, and (α, 2), which it meets at α = ½."""
    system = read([(X * Y - 1) * (X - A), (X * Y - 1) * (Y - 2)], ["x", "y"], "a")
    family = Family.of(system, (0, 1), BOX, (X - Y + 3,), X * Y - 1)
    found = diagram(family)
    assert found.verdict is Verdict.BOUNDS
    assert "dimension 1 for every α" in found.reasons[0]
    assert [(gap.real, gap.feasible, gap.verdict) for gap in found.gaps] == [
        (1, 1, Verdict.BOUNDS)
    ] * 2
    (moment,) = found.moments
    assert moment.alpha[0] <= Fraction(1, 2) <= moment.alpha[1]
    # Values: 0 on the hyperbola, 2α − 1 at the point.
    assert {str(f) for f, _ in found.events.values.branches.factors} == {"v", "v - 2*a + 1"}


def test_a_valley_has_values_and_no_counted_points():
    """(x + y − α)⁴ + 1: a line of minima of value 1."""
    family = gradient_family("x y", (X + Y - A) ** 4 + 1, [], 10)
    found = diagram(family)
    assert found.verdict in (Verdict.UNRESOLVED, Verdict.BOUNDS)
    assert any("dimension 1" in reason for reason in found.reasons)
    assert all(gap.real == 0 for gap in found.gaps)
    assert [str(f) for f, _ in found.events.values.branches.factors] == ["v - 1"]


def test_without_an_answer_nothing_is_separated():
    system = read([X**3, Y**2 - A], ["x", "y"], "a")
    missing = Separated.of(system, (Msolve(program="no-such-msolve"),), LIMITS)
    assert isinstance(missing, Unsolved)
    assert "install" in missing.reason
    curve = read([X * (X - A), X * Y], ["x", "y"], "a")
    infinite = Separated.of(curve, (Msolve(),), LIMITS)
    assert isinstance(infinite, Unsolved)
    assert infinite.is_infinite
