"""Branches over A: counts against another engine at random α, values, verdicts and reasons."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import combinations

import pytest
from sample_families import (
    FOUR,
    SIX_WITH_TWO_INPUTS,
    gradient_family,
    one_unit,
    plane_family,
    product_family,
)

from geometry.branch_values import ValueFunction
from geometry.branches import BranchDiagram, branch_diagram
from geometry.engines import (
    Engine,
    Flint,
    Limits,
    Msolve,
    Singular,
    Solutions,
    read,
)
from geometry.engines.system import PolynomialSystem, ring
from geometry.events import EventKind
from geometry.families import Family
from geometry.verdicts import Verdict

LIMITS = Limits(seconds=60)


def available(engine: Engine) -> Engine:
    if not engine.is_available():
        pytest.skip("not installed here")
    return engine


def counted(family: Family, alpha: Fraction, engine: Engine) -> tuple[int, int]:
    """(real in W, feasible) at one α, from the boxes of an engine and signs at midpoints."""
    found = engine.solve(family.system.at(alpha), LIMITS)
    assert isinstance(found, Solutions)
    inside = [box for box in found.boxes if family.position(box) == 1]
    assert all(family.position(box) is not None for box in found.boxes)
    feasible = 0
    for box in inside:
        point = [sum(side) / 2 for side in box]
        feasible += all(value(h, [*point, alpha]) > 0 for h in family.constraints)
    return len(inside), feasible


def value(polynomial: object, point: list[Fraction]) -> Fraction:
    total = Fraction(0)
    for monomial, coefficient in polynomial.terms():
        term = Fraction(int(coefficient))
        for x, exponent in zip(point, monomial, strict=True):
            term *= x ** int(exponent)
        total += term
    return total


def agree_at_random(diagram: BranchDiagram, engine: Engine, number: int, seed: int) -> None:
    chance = random.Random(seed)
    lower, upper = diagram.family.domain
    for _ in range(number):
        alpha = lower + (upper - lower) * Fraction(chance.randrange(1, 10**4), 10**4)
        counts = diagram.counts_at(alpha)
        if counts is not None:
            assert counts == counted(diagram.family, alpha, engine), alpha


@pytest.mark.parametrize("engine", [Flint(), Msolve(), Singular()], ids=lambda e: e.name)
def test_three_branches_become_one(engine):
    diagram = branch_diagram(product_family(), engines=(available(engine),), limits=LIMITS)
    assert [gap.real for gap in diagram.gaps] == [3, 1]
    assert diagram.verdict is (Verdict.MODULAR if engine.name == "msolve" else Verdict.PROVED)
    assert diagram.most_real == 3
    first, last = diagram.moments
    assert EventKind.SPECIAL in {event.kind for event in first.events}
    assert first.alpha[0] <= 0 <= first.alpha[1]
    assert last.alpha[0] <= 1 <= last.alpha[1]
    assert diagram.counts_at(Fraction(1, 2)) == (3, 3)
    assert diagram.counts_at(Fraction(3, 2)) == (1, 1)
    assert diagram.counts_at(Fraction(3)) is None


def test_values_of_the_product_family():
    """ℓ = α − α²/2 on two branches and ½ on the third; v′ = (w₁² + w₂²)/2."""
    family = product_family()
    diagram = branch_diagram(family, engines=(Flint(),), limits=LIMITS)
    values = ValueFunction(family)
    assert values.is_stationary
    constant = 0
    for branch in diagram.gaps[0].branches:
        bent = any(high < 0 or low > 0 for low, high in branch.root.enclosure)
        constant += not bent
        for piece in (*values.along(branch.down), *values.along(branch.up)):
            for alpha in piece.alpha:
                expected = alpha - alpha**2 / 2 if bent else Fraction(1, 2)
                assert piece.value[0] <= expected <= piece.value[1]
                slope = 1 - alpha if bent else 0
                assert piece.slope[0] <= slope <= piece.slope[1]
        low, high = values.at(branch.up.reached, branch.up.nodes[-1][1])
        assert high - low < Fraction(1, 10**9)
    assert constant == 1


def test_values_without_the_envelope_theorem():
    """f = x along x = 1/(1 + α): v′ = −1/(1 + α)²."""
    family = plane_family(lambda x, a: x * (1 + a) - 1)
    (gap,) = branch_diagram(family, limits=LIMITS).gaps
    values = ValueFunction(family)
    assert not values.is_stationary
    (branch,) = gap.branches
    assert branch.reach == (0, 1)
    for piece in (*values.along(branch.down), *values.along(branch.up)):
        for alpha in piece.alpha:
            assert piece.value[0] <= 1 / (1 + alpha) <= piece.value[1]
            assert piece.slope[0] <= -1 / (1 + alpha) ** 2 <= piece.slope[1]


def test_linear_families_are_proved_by_default():
    """Ridge: the minimiser of (w − 1)² + αw² is feasible (w ≥ ⅔) until α = ½."""
    w, a = ring(["w", "a"]).gens()
    family = gradient_family("w", (w - 1) ** 2 + a * w**2, [3 * w - 2], 10)
    diagram = branch_diagram(family, limits=LIMITS)
    assert diagram.verdict is Verdict.PROVED
    assert diagram.reasons == ()
    assert [(gap.real, gap.feasible) for gap in diagram.gaps] == [(1, 1), (1, 0)]
    (moment,) = diagram.moments
    assert moment.alpha[0] <= Fraction(1, 2) <= moment.alpha[1]
    assert diagram.counts_at(moment.alpha[0]) is None


def test_multipliers_and_their_signs():
    """Minimum of (w − α)² on w = ½: λ = 2α − 1."""
    w, m, a = ring(["w", "m", "a"]).gens()
    system = read([2 * (w - a) + m, 2 * w - 1], ["w", "m"], "a")
    family = Family.of(system, (0, 1), ((-1, 1),), (), (w - a) ** 2)
    diagram = branch_diagram(family, limits=LIMITS)
    signs = [branch.multiplier_signs for gap in diagram.gaps for branch in gap.branches]
    assert signs == [(-1,), (1,)]


def test_events_at_the_same_alpha_are_one_moment():
    diagram = branch_diagram(
        plane_family(lambda x, a: (x - 2) ** 2 * 4 * (x + 2) ** 2 - 2 * a + 1),
        engines=(Flint(),),
        limits=LIMITS,
        closed_forms=False,
    )
    (moment,) = diagram.moments
    assert [event.kind for event in moment.events] == [EventKind.FOLD] * 2
    assert [gap.real for gap in diagram.gaps] == [0, 4]


@pytest.mark.parametrize("active", [(0, 1), (3,)])
def test_real_counts_agree_with_another_engine(active):
    """One unit, four rows: every α asked of an engine of another make."""
    family = one_unit(FOUR, active)
    diagram = branch_diagram(family, engines=(available(Msolve()),), limits=LIMITS)
    assert diagram.verdict is Verdict.MODULAR
    agree_at_random(diagram, Flint(), 5, sum(active))
    for gap in diagram.gaps:
        for branch in gap.branches:
            assert branch.down.reason == "" == branch.up.reason
            assert gap.alpha[0] <= branch.reach[0] < gap.sample < branch.reach[1] <= gap.alpha[1]


@pytest.mark.slow
def test_real_counts_agree_at_fifty_alphas():
    for active in ((), (0,), *combinations(range(4), 2), (0, 1, 2)):
        diagram = branch_diagram(one_unit(FOUR, active), engines=(available(Msolve()),))
        agree_at_random(diagram, Flint(), 50, 7)


@pytest.mark.slow
def test_the_stratum_of_27_branches():
    """One unit, two inputs, bias, six rows: 27 complex branches, 162 complex folds."""
    family = one_unit(SIX_WITH_TWO_INPUTS, (0, 1, 2, 4))
    msolve = available(Msolve())
    diagram = branch_diagram(family, engines=(msolve,))
    assert diagram.verdict is Verdict.MODULAR
    fold = next(s for s in diagram.events.systems if s.kind is EventKind.FOLD)
    assert fold.complex_count == 162
    assert diagram.events.special == ()
    sample = msolve.solve(family.system.at(Fraction(3, 7)), LIMITS)
    assert sample.parametrisation.degree == 27
    assert all(b.up.reason == b.down.reason == "" for g in diagram.gaps for b in g.branches)
    agree_at_random(diagram, available(Singular()), 10, 1)


def test_an_open_question_keeps_its_reason():
    diagram = branch_diagram(
        plane_family(lambda x, a: x**2 - a),
        engines=(Msolve(program="no-such-msolve"),),
        closed_forms=False,
    )
    assert "install" in diagram.reasons[0]
    assert diagram.verdict is Verdict.UNRESOLVED
    assert diagram.gaps == () or diagram.reasons


def test_infinitely_many_solutions_for_every_alpha_are_no_branches():
    """x = α with y free: nothing is simple, nothing is counted, the dimension is told."""
    context = ring(["x", "y", "a"])
    x, y, a = context.gens()
    system = PolynomialSystem.of(["x", "y"], [x - a, (x - a) * y], "a")
    family = Family.of(system, (0, 1), ((-10, 10), (-10, 10)))
    diagram = branch_diagram(family, engines=(Flint(),), limits=LIMITS)
    assert diagram.verdict is Verdict.BOUNDS
    assert "dimension 1 for every α" in diagram.reasons[0]
    assert [gap.real for gap in diagram.gaps] == [0]
