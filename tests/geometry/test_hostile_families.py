"""Families nobody would draw on a board: each gets a verdict, with a reason where it is open."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sample_families import gradient_family

from geometry.branches import branch_diagram
from geometry.engines import PRIME, Flint, Limits, Msolve, read
from geometry.engines.system import ring
from geometry.events import EventKind
from geometry.families import Family
from geometry.verdicts import Verdict

LIMITS = Limits(seconds=30)
X, Y, A = ring(["x", "y", "a"]).gens()
BOX = ((-10, 10), (-10, 10))


def found_engines() -> tuple[Msolve, Flint]:
    if not Msolve().is_available():
        pytest.skip("msolve is not installed")
    return Msolve(), Flint()


def test_an_inconsistent_family_has_no_branches():
    family = Family.of(read([X * Y - A, X * Y - A - 1], ["x", "y"], "a"), (0, 1), BOX, (X,))
    diagram = branch_diagram(family, engines=found_engines(), limits=LIMITS)
    assert diagram.verdict is Verdict.MODULAR
    assert [gap.real for gap in diagram.gaps] == [0]


def test_a_family_with_solutions_over_one_alpha_only():
    """x = 0 and x = α − ½: only α = ½ has a solution, a point off all branches."""
    family = Family.of(read([X * Y, X * Y + X - 2 * A + 1], ["x", "y"], "a"), (0, 1), BOX)
    diagram = branch_diagram(family, engines=found_engines(), limits=LIMITS)
    assert diagram.verdict is not Verdict.UNRESOLVED
    assert len({gap.real for gap in diagram.gaps}) == 1


def test_huge_coefficients():
    """Critical points of a bowl and a saddle at 1e-40 scale differences."""
    huge = 10**40
    objective = huge * (X**2 - A) ** 2 + (Y - huge * X) ** 2
    family = gradient_family("x y", objective, [huge * X - 1], 10**41)
    diagram = branch_diagram(family, engines=found_engines(), limits=LIMITS)
    assert diagram.reasons == ()
    assert diagram.verdict is Verdict.MODULAR
    assert max(gap.real for gap in diagram.gaps) == 3
    assert diagram.counts_at(diagram.gaps[-1].sample) == (3, 1)


def test_a_prime_that_divides_everything():
    """Modulo the prime of modular questions the family loses its branches; counts do not."""
    system = read([PRIME * X**2 + X * Y - PRIME * A, Y - PRIME * X**2], ["x", "y"], "a")
    family = Family.of(system, (0, 1), BOX)
    diagram = branch_diagram(family, engines=found_engines(), limits=LIMITS)
    exact = branch_diagram(family, engines=(Flint(),), limits=LIMITS)
    assert [gap.real for gap in diagram.gaps] == [gap.real for gap in exact.gaps]
    multiple = read([PRIME * X**3, Y**2 - PRIME * A], ["x", "y"], "a")
    branches = branch_diagram(
        Family.of(multiple, (0, 1), ((-10, 10), (-(10**6), 10**6))),
        engines=found_engines(),
        limits=LIMITS,
    )
    assert branches.verdict in (Verdict.MODULAR, Verdict.BOUNDS, Verdict.UNRESOLVED)
    assert branches.verdict is Verdict.MODULAR or branches.reasons


def program(folder: Path, behaviour: str) -> str:
    """A stand-in for msolve that works a few times, then misbehaves."""
    real = Msolve().path()
    count = folder / "count"
    count.write_text("0")
    script = folder / "msolve"
    script.write_text(
        f"#!/bin/sh\nn=$(cat {count}); echo $((n+1)) > {count}\n"
        f'if [ "$n" -ge 3 ]; then {behaviour}; fi\nexec {real} "$@"\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


@pytest.mark.parametrize("behaviour", ["kill -9 $$", "sleep 9", "echo nonsense; exit 0"])
def test_an_engine_that_dies_midway(behaviour: str, tmp_path: Path):
    found_engines()
    family = gradient_family("x y", (X * Y - 1) ** 2 + A * (X**2 + Y**2), [X], 10)
    dying = Msolve(program=program(tmp_path, behaviour))
    diagram = branch_diagram(family, engines=(dying,), limits=Limits(seconds=1))
    assert diagram.verdict is Verdict.UNRESOLVED
    assert any("msolve" in reason for reason in diagram.reasons)


def test_another_engine_takes_over(tmp_path: Path):
    found_engines()
    family = gradient_family("x y", (X * Y - 1) ** 2 + (A + 1) * (X**2 + 2 * Y**2), [], 10)
    dying = Msolve(program=program(tmp_path, "kill -9 $$"))
    diagram = branch_diagram(family, engines=(dying, Flint()), limits=LIMITS)
    assert diagram.reasons == ()
    assert diagram.verdict in (Verdict.MODULAR, Verdict.PROVED)


def test_no_engine_at_all_says_how_to_install_one():
    family = gradient_family("x y", (X * Y - 1) ** 2 + A * (X**2 + Y**2), [], 10)
    diagram = branch_diagram(family, engines=(Msolve(program="no-such-program"),))
    assert diagram.verdict is Verdict.UNRESOLVED
    assert "pip install" in diagram.reasons[0]


def test_an_event_at_a_sample_point_and_events_at_both_ends():
    """x² = α(1 − α) and a double meeting at α = ½, where the first sample lies."""
    family = Family.of(
        read([X**2 - A * (1 - A), (Y - 20) * (2 * Y - 40 - (2 * A - 1))], ["x", "y"], "a"),
        (0, 1),
        ((-10, 10), (-10, 10)),
    )
    diagram = branch_diagram(family, engines=found_engines(), limits=LIMITS)
    assert diagram.reasons == ()
    assert [gap.real for gap in diagram.gaps] == [0]
    inside = Family.of(family.system, (0, 1), ((-10, 10), (-30, 30)))
    diagram = branch_diagram(inside, engines=found_engines(), limits=LIMITS)
    assert [gap.real for gap in diagram.gaps] == [4, 4]
    kinds = [{event.kind for event in moment.events} for moment in diagram.moments]
    assert kinds == [{EventKind.FOLD}] * 3
