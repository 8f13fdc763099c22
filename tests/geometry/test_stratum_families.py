"""From strata to families: the same critical points, walls of solved parameters, dead units."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from flint import fmpq_mpoly_ctx

from geometry.branch_values import ValueFunction
from geometry.branches import branch_diagram
from geometry.engines import Flint, Limits, Msolve, Solutions, read
from geometry.errors import InvalidSystem
from geometry.optimality import Stratum
from geometry.projection import projected
from geometry.stratification import strata
from geometry.stratum_families import stratum_family
from piecewise import FeedForward, Interpolated, Problem, relu, relu2, square
from piecewise.polynomial_objective import PiecewiseObjective

A, X, Y, Z = sympy.symbols("a x y z")
WIDE = ((-10, 10), (-10, 10), (-10, 10))
LIMITS = Limits(seconds=60)
THIRD = Fraction(1, 3)


def test_solved_parameters_keep_their_walls():
    """(x − 1)² + (y − 2)² on x + y = 4a with y ≤ 1: x ≥ 4a − 1 is a condition of W."""
    stratum = Stratum.of((X - 1) ** 2 + (Y - 2) ** 2, [X, Y], A, active=[X + Y - 4 * A])
    family = stratum_family(stratum, (0, 1), {"x": (-10, 10), "y": (-10, 1)})
    assert len(family.system.variables) == len(family.box) == 1
    assert len(family.region) == 2
    diagram = branch_diagram(family, engines=(Flint(),), limits=LIMITS)
    # x = 2a − ½, y = 2a + ½: inside W until a = ¼.
    assert [gap.real for gap in diagram.gaps] == [1, 0]
    assert diagram.moments[0].alpha[0] <= Fraction(1, 4) <= diagram.moments[0].alpha[1]


def test_values_are_those_of_the_objective():
    stratum = Stratum.of(X**2 + A * Y, [X, Y], A, active=[X**2 + Y**2 - 1])
    family = stratum_family(stratum, (THIRD, 1), WIDE[:2], engines=(Flint(),))
    assert family.multipliers == ("lambda_1",)
    assert family.escapes == ()
    values = ValueFunction(family)
    assert values.is_stationary
    diagram = branch_diagram(family, engines=(Flint(),), limits=LIMITS)
    found = sorted(
        float(sum(values.at(gap.sample, branch.root.enclosure)) / 2)
        for gap in diagram.gaps[:1]
        for branch in gap.branches
    )
    # y = ±1: value ±α; y = α/2: value 1 + α²/4, twice.
    sample = diagram.gaps[0].sample
    expected = [-sample, sample, 1 + sample**2 / 4, 1 + sample**2 / 4]
    assert found == pytest.approx(sorted(map(float, expected)))


def test_multipliers_escape_where_gradients_are_dependent():
    """x² + y² = (α − ½)²: a point at α = ½, where λ is infinite."""
    circle = X**2 + Y**2 - (A - sympy.Rational(1, 2)) ** 2
    family = stratum_family(
        Stratum.of(X + 2 * Y, [X, Y], A, active=[circle]), (0, 1), WIDE[:2], engines=(Flint(),)
    )
    assert family.escapes == ((Fraction(1, 2), Fraction(1, 2)),)
    assert family.unknown == ()


def test_two_surfaces_touch_over_finitely_many_alpha():
    """A sphere and a surface that moves with α, by charts and by the 2 × 2 minors."""
    ball, plane = X**2 + Y**2 + Z**2 - 1, Y * X + Z * (1 + Z**2) - A * (4 + 6 * A) + X**2
    stratum = Stratum.of(X + 2 * Y, [X, Y, Z], A, active=[ball, plane])
    family = stratum_family(stratum, (0, 1), WIDE, engines=(Msolve(), Flint()), limits=LIMITS)
    if not Msolve().is_available():
        pytest.skip("msolve is not installed")
    assert family.unknown == ()
    # The gradients are dependent where all minors vanish.
    names = [X, Y, Z]
    rows = sympy.Matrix([[h.diff(v) for v in names] for h in (ball, plane)])
    minors = [rows[:, [i, j]].det() for i, j in ((0, 1), (0, 2), (1, 2))]
    found = Msolve().solve(read([ball, plane, *minors], [X, Y, Z, A]), LIMITS)
    expected = sorted(box[-1] for box in found.boxes if box[-1][1] >= 0 and box[-1][0] <= 1)
    assert len(family.escapes) == len(expected) > 0
    for own, other in zip(family.escapes, expected, strict=True):
        assert own[0] <= other[1]
        assert other[0] <= own[1]


def test_gradients_dependent_for_every_alpha_leave_the_family_open():
    stratum = Stratum.of(X + A * Y, [X, Y], A, active=[X * Y])
    family = stratum_family(stratum, (0, 1), WIDE[:2], engines=(Flint(),))
    assert "dependent for every α" in family.unknown[0]
    diagram = branch_diagram(family, engines=(Flint(),), limits=LIMITS)
    assert family.unknown[0] in diagram.reasons


def test_a_parameter_without_influence_is_projected_away():
    """f depends on x only; 0 ≤ y − x and y ≤ 3 say x ≤ 3."""
    stratum = Stratum.of((X - 4 * A) ** 2, [X, Y], A, inactive=[Y - X, 3 - Y])
    family = stratum_family(stratum, (0, 1), WIDE[:2])
    assert [str(h) for h in family.constraints] == ["-x + 3"]
    diagram = branch_diagram(family, engines=(Flint(),), limits=LIMITS)
    assert [(gap.real, gap.feasible) for gap in diagram.gaps] == [(1, 1), (1, 0)]


def test_projection_of_a_triangle():
    context = fmpq_mpoly_ctx.get(("x", "y", "z"), "degrevlex")
    x, y, z = context.gens()
    found = projected([y - x, z - y, 1 - z, x + 2], ["y", "z"])
    assert {str(h) for h in found} == {"-x + 1", "x + 2"}
    assert projected([x * y - 1], ["y"]) is None
    assert projected([y - 1, -y], ["y"]) == (context.constant(-1),)
    assert projected([y - 1, 2 - y], ["y"]) == ()


def test_a_contradiction_and_a_missing_wall_are_named():
    empty = Stratum.of(X**2, [X], A, active=[X - 1, X - 2])
    with pytest.raises(InvalidSystem, match="the stratum is empty"):
        stratum_family(empty, (0, 1), [(-1, 1)])
    with pytest.raises(InvalidSystem, match="no side for x"):
        stratum_family(Stratum.of(X**2, [X], A), (0, 1), {})
    with pytest.raises(InvalidSystem, match="2 walls for 1 parameters"):
        stratum_family(Stratum.of(X**2, [X], A), (0, 1), WIDE[:2])
    with pytest.raises(InvalidSystem, match="needs a stratum with a parameter"):
        stratum_family(Stratum.of(X**2, [X]), (0, 1), [(-1, 1)])


@pytest.mark.parametrize("pair", [(relu, square), (relu2, relu)])
def test_restricted_families_have_the_critical_points_of_the_whole_system(pair):
    """The KKT system with all parameters and multipliers, solved at one α."""
    model = FeedForward([1], Interpolated(*pair))
    problem = Problem(model, inputs=[[1], [2], [4]], targets=[1, -1, 2], box=(-9, 9))
    box = {p.name: (p.lower, p.upper) for p in problem.parameters}
    for stratum in strata(PiecewiseObjective(problem)):
        family = stratum_family(stratum, problem.interval, box)
        whole = stratum.kkt()
        if not family.system.variables or not Msolve().is_available():
            continue
        fewer, more = (Msolve().solve(s.at(THIRD), LIMITS) for s in (family.system, whole))
        assert isinstance(fewer, Solutions)
        assert isinstance(more, Solutions)
        assert (fewer.dimension, len(fewer.boxes)) == (more.dimension, len(more.boxes))
