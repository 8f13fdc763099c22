"""One contract for all engines: the same named systems, the same kinds of failure."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from time import monotonic, sleep

import pytest
from famous_systems import SMALL, Known, build, deep_linear

from geometry.engines import (
    ENGINES,
    PRIME,
    Dimension,
    Engine,
    Failure,
    GroebnerBasis,
    Limits,
    Msolve,
    Qepcad,
    Reason,
    Singular,
    Solutions,
)
from geometry.engines.process import run
from geometry.engines.quotient import QuotientAlgebra, krull_dimension, staircase
from geometry.krawczyk import certify_all
from geometry.verdicts import Verdict

LIMITS = Limits(seconds=30)
CURVE = build("x y", lambda x, y: [x * y, x * y - y])
CIRCLE = build("x y", lambda x, y: [x**2 + y**2 - 5, x * y - 1])


# SymPy takes seconds to start.
MARKED = [
    pytest.param(engine, marks=[pytest.mark.slow] if engine.name == "sympy" else [])
    for engine in ENGINES
]


@pytest.fixture(params=MARKED, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    if not chosen.is_available():
        pytest.skip(f"{chosen.name} is not installed")
    return chosen


def solved(engine: Engine, known: Known) -> Solutions:
    found = engine.solve(known.system, LIMITS)
    assert isinstance(found, Solutions), found
    return found


@pytest.mark.parametrize("known", SMALL, ids=lambda known: known.name)
def test_real_solutions(engine: Engine, known: Known) -> None:
    if engine.name == "qepcad" and known.name == "huge coefficients":
        pytest.skip("ten digits do not tell the roots apart")
    found = solved(engine, known)
    assert len(found.boxes) == known.real
    expected = (Dimension.EMPTY if known.generic == 0 else Dimension.FINITE, None)
    assert found.dimension in expected
    for box in found.boxes:
        assert all(lower <= upper for lower, upper in box)


def test_reported_roots_are_certified_and_distinct(engine: Engine) -> None:
    found = engine.solve(CIRCLE, LIMITS)
    assert isinstance(found, Solutions)
    certification = certify_all(CIRCLE, found.boxes)
    assert certification.all_certified
    assert len(certification.certified) == 4


def test_rational_solutions_are_enclosed(engine: Engine) -> None:
    """(±½, ±41/4): an exact box is printed in a way of its own."""
    system = next(known.system for known in SMALL if known.name == "halves")
    found = engine.solve(system, LIMITS)
    assert isinstance(found, Solutions)
    for box, sign in zip(found.boxes, (-1, 1), strict=True):
        assert box[0][0] <= Fraction(sign, 2) <= box[0][1]
        assert box[1][0] <= Fraction(41 * sign, 4) <= box[1][1]


def test_infinitely_many_solutions_are_an_outcome(engine: Engine) -> None:
    found = engine.solve(CURVE, LIMITS)
    assert isinstance(found, Solutions)
    assert found.dimension is Dimension.POSITIVE
    assert found.boxes == ()


def test_answers_do_not_vary(engine: Engine) -> None:
    first, second = (engine.solve(SMALL[1].system, LIMITS) for _ in range(2))
    assert isinstance(first, Solutions)
    assert isinstance(second, Solutions)
    assert first.boxes == second.boxes


def test_a_parameter_must_have_a_value_to_solve(engine: Engine) -> None:
    found = engine.solve(deep_linear([1, 1, 1]), LIMITS)
    assert isinstance(found, Failure)
    assert found.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("prime", [0, PRIME])
@pytest.mark.parametrize("known", SMALL, ids=lambda known: known.name)
def test_quotient_dimension(engine: Engine, known: Known, prime: int) -> None:
    basis = engine.groebner(known.system, LIMITS, prime)
    if isinstance(basis, Failure):
        assert basis.reason is Reason.UNSUPPORTED
        pytest.skip(str(basis))
    n = len(known.system.variables)
    if known.generic == 0:
        assert krull_dimension(basis.leading, n) == -1
        return
    assert krull_dimension(basis.leading, n) == 0
    assert len(staircase(basis.leading, n)) == known.generic
    algebra = QuotientAlgebra.of(basis)
    assert algebra.dimension == known.generic
    assert algebra.distinct(algebra.trace_functional()) == known.distinct
    assert basis.verdict is (Verdict.MODULAR if prime else Verdict.PROVED)


def test_quotient_dimension_over_the_rational_functions(engine: Engine) -> None:
    for prime in (0, PRIME):
        basis = engine.groebner(deep_linear([1, 2, 1]), LIMITS, prime, 12345)
        if isinstance(basis, GroebnerBasis):
            assert len(staircase(basis.leading, 4)) == 9
        else:
            assert basis.reason is Reason.UNSUPPORTED


def test_elimination(engine: Engine) -> None:
    system = build("x y", lambda x, y, a: [x**2 + y**2 - 5, x * y - a], "a")
    found = engine.eliminate(system, ["y", "a"], LIMITS)
    if isinstance(found, Failure):
        assert found.reason is Reason.UNSUPPORTED
        pytest.skip(str(found))
    assert [str(generator) for generator in found.generators] == ["y^4 - 5*y^2 + a^2"]


def test_an_empty_elimination_ideal(engine: Engine) -> None:
    system = build("x y", lambda x, y, a: [x * y - a], "a")
    found = engine.eliminate(system, ["y", "a"], LIMITS)
    if isinstance(found, Failure):
        assert found.reason is Reason.UNSUPPORTED
        pytest.skip(str(found))
    assert found.generators == ()


def test_parametrisations_describe_all_solutions(engine: Engine) -> None:
    found = solved(engine, SMALL[1])
    if found.parametrisation is None:
        assert engine.name == "qepcad"
        return
    assert found.parametrisation.degree == 4
    assert found.parametrisation.verify(SMALL[1].system)
    assert not found.parametrisation.verify(SMALL[0].system)
    assert len(found.parametrisation.real_points()) == 4


def test_time_limit(engine: Engine) -> None:
    found = engine.solve(SMALL[1].system, Limits(seconds=0.0001))
    assert isinstance(found, Failure)
    assert found.reason is Reason.TIME
    assert found.verdict is Verdict.UNRESOLVED


def test_memory_limit(engine: Engine) -> None:
    found = engine.solve(SMALL[1].system, Limits(seconds=20, megabytes=2))
    assert isinstance(found, Failure)
    assert found.reason in (Reason.MEMORY, Reason.CRASH)


@pytest.mark.parametrize("kind", [Msolve, Singular, Qepcad])
def test_a_missing_program_is_named_with_its_remedy(kind: type) -> None:
    missing = kind(program="no-such-program")
    assert not missing.is_available()
    found = missing.solve(CIRCLE, LIMITS)
    assert isinstance(found, Failure)
    assert found.reason is Reason.MISSING
    assert "install it with" in found.message


@pytest.mark.parametrize("kind", [Msolve, Singular, Qepcad])
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("kill -9 $$", Reason.CRASH),
        ("kill -11 $$", Reason.CRASH),
        ("echo nonsense", Reason.UNREADABLE),
        ("echo '[0, [0, 1'", Reason.UNREADABLE),
        ("exit 3", Reason.CRASH),
        ("echo out of memory >&2; exit 1", Reason.MEMORY),
        ("sleep 60", Reason.TIME),
    ],
)
def test_a_program_that_misbehaves(
    kind: type, behaviour: str, reason: Reason, tmp_path: Path
) -> None:
    program = tmp_path / "engine"
    program.write_text(f"#!/bin/sh\n{behaviour}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    found = kind(program=str(program)).solve(CIRCLE, Limits(seconds=1))
    assert isinstance(found, Failure)
    assert found.reason is reason


def test_output_without_end_is_cut() -> None:
    found = run("yes", ["yes"], Limits(seconds=60))
    assert isinstance(found, Failure)
    assert found.reason is Reason.UNREADABLE


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    record = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {record}; wait"
    found = run("sleeper", ["sh", "-c", script], Limits(seconds=1))
    assert isinstance(found, Failure)
    assert [path.name for path in tmp_path.iterdir()] == ["pid"]
    grandchild = int(record.read_text())
    until = monotonic() + 10  # a busy machine takes its time to end what was killed
    while _runs(grandchild) and monotonic() < until:
        sleep(0.05)
    assert not _runs(grandchild)


def _runs(process: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_importing_geometry_imports_no_sympy() -> None:
    code = "import sys, json, geometry, geometry.ladders; print(json.dumps('sympy' in sys.modules))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert json.loads(result.stdout) is False
