"""Closed forms for linear families and for one unknown, against engines and by hand."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
import sympy
from flint import fmpz_mpoly
from sample_families import gradient_family, plane_family

from geometry.branches import BranchDiagram, branch_diagram
from geometry.engines import Flint, Limits, read
from geometry.engines.system import ring
from geometry.events import EventKind
from geometry.families import Family
from geometry.linear_route import LinearRoute
from geometry.optimality import Stratum
from geometry.plane_route import PlaneRoute
from geometry.stratum_families import stratum_family
from geometry.verdicts import Verdict

LIMITS = Limits(seconds=60)
NONE: tuple[()] = ()


def both(family: Family) -> tuple[BranchDiagram, BranchDiagram]:
    closed = branch_diagram(family, engines=NONE)
    assert closed.verdict is Verdict.PROVED, closed.reasons
    return closed, branch_diagram(family, engines=(Flint(),), limits=LIMITS, closed_forms=False)


def random_polynomial(chance: random.Random, x: fmpz_mpoly, a: fmpz_mpoly) -> fmpz_mpoly:
    return sum(
        (chance.randint(-4, 4) * x**i * a**j for i in range(4) for j in range(3)), start=x**3 - 1
    )


@pytest.mark.parametrize("seed", range(3))
def test_one_unknown_by_both_routes(seed):
    chance = random.Random(seed)
    family = plane_family(
        lambda x, a: random_polynomial(chance, x, a),
        constraints=lambda x, a: [2 * x - 1 + a, x**2 - 2 * a, 3 * a - 1],
    )
    closed, engine = both(family)
    assert engine.verdict is Verdict.PROVED
    for gap in (*closed.gaps, *engine.gaps):
        for alpha in (gap.sample, gap.sample + (gap.alpha[1] - gap.sample) / 7):
            known = {closed.counts_at(alpha), engine.counts_at(alpha)} - {None}
            assert len(known) == 1


@pytest.mark.parametrize("seed", range(2))
def test_linear_families_by_both_routes(seed):
    chance = random.Random(seed)
    u, v, a = ring(["u", "v", "a"]).gens()
    loss = a * u**2 + (1 + a) * v**2
    for _ in range(3):
        p, q, r = (chance.randint(-5, 5) for _ in range(3))
        loss += (p * u + q * v - r * (1 + chance.randint(0, 1) * a)) ** 2
    family = gradient_family("u v", loss, [u - v, u + v - a, 2 * v + 1], 10)
    closed, engine = both(family)
    assert [(m.alpha, len(m.events)) for m in closed.moments] == pytest.approx(
        [(m.alpha, len(m.events)) for m in engine.moments]
    )
    assert [(g.real, g.feasible) for g in closed.gaps] == [
        (g.real, g.feasible) for g in engine.gaps
    ]
    for one, other in zip(closed.moments, engine.moments, strict=True):
        assert {(e.kind, e.index) for e in one.events} == {(e.kind, e.index) for e in other.events}


def test_a_vertex_is_a_branch_without_unknowns():
    x, y, a = sympy.symbols("x y a")
    stratum = Stratum.of(x**2 + a * y, [x, y], a, active=[x - a, y - 1], inactive=[1 - 2 * x])
    diagram = branch_diagram(stratum_family(stratum, (0, 1), ((-5, 5), (-5, 5))), engines=NONE)
    assert diagram.verdict is Verdict.PROVED
    assert diagram.steps() == (((0, Fraction(1, 2)), 1, 1), ((Fraction(1, 2), 1), 1, 0))


def test_a_pole_is_no_event_and_a_free_value_is_special():
    """(2α − 1)x = 3α − 1 leaves W before α = ½; (2α − 1)x = 0 has any x there."""
    pole = branch_diagram(plane_family(lambda x, a: (2 * a - 1) * x - 3 * a + 1), engines=NONE)
    assert {e.kind for m in pole.moments for e in m.events} == {EventKind.WALL}
    assert [gap.real for gap in pole.gaps] == [1, 0, 1]
    w, v, a = ring(["w", "v", "a"]).gens()
    system = read([(2 * a - 1) * w, v - w - a], ["w", "v"], "a")
    free = branch_diagram(Family.of(system, (0, 1), ((-9, 9), (-9, 9))), engines=NONE)
    assert [(s.alpha, s.dimension) for s in free.events.special] == [((0.5, 0.5), 1)]
    assert [gap.real for gap in free.gaps] == [1, 1]


def test_multiple_branches_are_counted_with_their_multiplicity():
    """x·(x − α)³·(x² − α + ½) : branches of multiplicity 1, 3, 1, 1."""
    family = plane_family(lambda x, a: x * (x - a) ** 3 * (2 * x**2 - 2 * a + 1))
    diagram = branch_diagram(family, engines=NONE)
    assert diagram.verdict is Verdict.PROVED
    # x = α meets x = 0 at the end α = 0, x² = α − ½ nowhere (α² = α − ½ has no real root).
    assert [gap.real for gap in diagram.gaps] == [2, 4]
    for gap in diagram.gaps:
        assert sorted(b.multiplicity for b in gap.branches)[-1] == 3
        assert gap.with_multiplicity == gap.real + 2
        assert all(b.up.reason == b.down.reason == "" for b in gap.branches)


def test_vertical_lines_are_special_values():
    family = plane_family(lambda x, a: (3 * a - 1) * (a**2 - 2) * (x - a))
    special = branch_diagram(family, engines=NONE).events.special
    assert [(s.alpha, s.dimension) for s in special] == [((Fraction(1, 3),) * 2, 1)]


def test_branches_on_a_constraint_belong_to_the_smaller_face():
    """Of x·(x² − α) = 0 with x ≥ 0, the branch x = 0 lies on the wall of the cell."""
    family = plane_family(lambda x, a: x * (x**2 - a), constraints=lambda x, a: [x])
    diagram = branch_diagram(family, engines=NONE)
    assert diagram.verdict is Verdict.PROVED
    (gap,) = diagram.gaps
    assert sorted(b.signs for b in gap.branches) == [(-1,), (0,), (1,)]
    assert (gap.real, gap.feasible) == (3, 1)


def test_branches_on_a_wall_of_the_box_are_not_inside():
    family = plane_family(lambda x, a: (x - 10) * (x - a), constraints=lambda x, a: [x])
    diagram = branch_diagram(family, engines=NONE)
    assert diagram.verdict is Verdict.PROVED
    assert [gap.real for gap in diagram.gaps] == [1]
    w, v, a = ring(["w", "v", "a"]).gens()
    linear = Family.of(read([w - 9, v - a], ["w", "v"], "a"), (0, 1), ((-9, 9), (-9, 9)))
    assert [gap.real for gap in branch_diagram(linear, engines=NONE).gaps] == [0]


def test_routes_are_for_their_families_only():
    x, y, a = ring(["x", "y", "a"]).gens()
    box = ((-1, 1), (-1, 1))
    two = Family.of(read([x * y - a, x - y], ["x", "y"], "a"), (0, 1), box)
    assert LinearRoute.of(two) is None
    assert PlaneRoute.of(two) is None
    singular = Family.of(read([x - y, a * x - a * y], ["x", "y"], "a"), (0, 1), box)
    assert LinearRoute.of(singular) is None
