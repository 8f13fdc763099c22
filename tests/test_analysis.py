"""The main job: one document for any number of workers, resumption, budgets, refusals."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import pieceproof
from geometry.dual import OutsideInterval
from geometry.verdicts import Verdict
from pieceproof.analysis import analyze, analyze_exactly
from pieceproof.cache import Cache
from pieceproof.processes import worker_pool
from pieceproof.store import CacheError
from piecewise import (
    FeedForward,
    Interpolated,
    Linear,
    Penalty,
    Problem,
    Ridge,
    abs_,
    identity,
    relu,
    square,
)
from piecewise.errors import NotYetSupported, TooManyCells

X = [[0], [1], [2], [3], [5]]
Y = [1, 0, "1/2", 3, 1]


def two_units() -> Problem:
    model = FeedForward([2], Interpolated(relu, abs_), output_weights=[1, -1], output_bias=1)
    return Problem(model, inputs=X, targets=Y, box=(-100, 100))


def stable(document: dict[str, object]) -> dict[str, object]:
    """The document without what may differ from run to run."""
    return {key: entry for key, entry in document.items() if key not in ("provenance", "digest")}


@pytest.fixture(scope="module")
def dual() -> pieceproof.CertifiedDual:
    return analyze(two_units())


def test_workers_do_not_change_the_document(dual: pieceproof.CertifiedDual) -> None:
    assert stable(analyze(two_units(), jobs=2).document) == stable(dual.document)


def test_the_checker_accepts(dual: pieceproof.CertifiedDual) -> None:
    assert dual.verdict is Verdict.PROVED
    assert dual.report.accepted


def test_finished_work_is_not_done_again(
    dual: pieceproof.CertifiedDual, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "work.sqlite"
    partial = analyze(two_units(), cache=path, seconds=0)
    assert partial.verdict is Verdict.UNRESOLVED
    assert path.exists()
    with sqlite3.connect(path) as connection:
        finished = connection.execute("SELECT count(*) FROM finished").fetchone()[0]
    assert finished > 0
    computed = []
    put = Cache.put
    monkeypatch.setattr(
        Cache, "put", lambda self, task, bounds: (computed.append(task), put(self, task, bounds))
    )
    resumed = analyze(two_units(), cache=path)
    assert stable(resumed.document) == stable(dual.document)
    total = len(resumed.bounds)
    assert sum(len(task.keys) for task in computed) < total


def test_a_killed_run_resumes(dual: pieceproof.CertifiedDual, tmp_path: Path) -> None:
    path = tmp_path / "work.sqlite"
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from test_analysis import two_units\n"
        "from pieceproof.analysis import analyze\n"
        "analyze(two_units(), cache=Path(sys.argv[2]))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(Path(__file__).parent), str(path)],
        cwd=Path(__file__).parent.parent,
    )
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline and not _rows(path):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert stable(analyze(two_units(), cache=path).document) == stable(dual.document)


def blocked() -> bool:
    """Whether this process is deaf to interrupts."""
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_interrupts_reach_no_worker() -> None:
    with worker_pool(1) as pool:
        assert pool.submit(blocked).result()
    assert not blocked()


def _rows(path: Path) -> int:
    if not path.exists():
        return 0
    try:
        with sqlite3.connect(path) as connection:
            count: int = connection.execute("SELECT count(*) FROM finished").fetchone()[0]
            return count
    except sqlite3.OperationalError:  # the table is about to be made
        return 0


def test_a_file_that_is_no_cache_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "work.sqlite"
    path.write_text("something else entirely, long enough to be read as a database header")
    with pytest.raises(CacheError, match="remove the file"):
        analyze(two_units(), cache=path)


def test_no_time_leaves_an_honest_upper_bound() -> None:
    partial = analyze(two_units(), seconds=0)
    assert partial.verdict is Verdict.UNRESOLVED
    assert partial.document["verdict"] == "unresolved"
    assert "have no proof yet" in partial.document["reasons"][0]
    complete = analyze(two_units())
    for alpha in (Fraction(1, 7), Fraction(1, 2), Fraction(8, 9)):
        assert partial(alpha) >= complete(alpha)


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (Problem(FeedForward([2, 2], Interpolated(relu, abs_)), inputs=X, targets=Y), "layers"),
        (Problem(FeedForward([1], Interpolated(relu, square)), inputs=X, targets=Y), "degree 2"),
        (
            Problem(
                FeedForward([1], Interpolated(relu, abs_), output_weights="trainable"),
                inputs=X,
                targets=Y,
                weight_decay=1,
            ),
            '"trainable"',
        ),
        (
            Problem(
                FeedForward([2], Interpolated(relu, square)),
                inputs=X,
                targets=[1] * len(X),
                loss="zero-one",
            ),
            "zero-one",
        ),
        (Problem(Ridge(), inputs=X, targets=Y, interval=(-1, 1)), "negative"),
        (
            Problem(
                Linear(),
                inputs=X,
                targets=Y,
                interval=(-1, 1),
                penalty=Penalty.of("l1"),
                weight_decay=2,
            ),
            "lasso penalty that is negative",
        ),
    ],
)
def test_families_without_an_exact_method_are_told(problem: Problem, reason: str) -> None:
    with pytest.raises(NotYetSupported, match="not yet supported") as error:
        analyze_exactly(problem)
    assert reason in str(error.value)


def test_too_many_cells_are_told_before_the_work(dual: pieceproof.CertifiedDual) -> None:
    cases = len(dual.bounds)
    with pytest.raises(TooManyCells, match=f"{cases} cells"):
        analyze(two_units(), max_cells=cases - 1)
    with pytest.raises(TooManyCells, match="one unit alone"):
        analyze(two_units(), max_cells=2)


def test_values_at_rationals_floats_and_arrays(dual: pieceproof.CertifiedDual) -> None:
    third = dual(Fraction(1, 3))
    assert isinstance(third, Fraction)
    assert dual("1/3") == third
    grid = np.linspace(0, 1, 12).reshape(3, 4)
    values = dual(grid)
    assert values.shape == (3, 4)
    assert values[1, 2] == dual(float(grid[1, 2])) == float(dual(Fraction(float(grid[1, 2]))))
    with pytest.raises(OutsideInterval, match="outside"):
        dual(2)
    with pytest.raises(OutsideInterval, match="outside"):
        dual(-1)


def test_minimisers_attain_the_value(dual: pieceproof.CertifiedDual) -> None:
    for alpha in (0, Fraction(1, 3), 1):
        minimisers = dual.minimisers(alpha)
        assert minimisers
        for minimiser in minimisers:
            assert dual.problem.value(alpha, minimiser.w) == dual(alpha)


def test_mirror_images_make_one_piece_and_two_minimisers() -> None:
    """ŷ = |wx| for α = 0 … 1: w and −w are both minimal and ℓ* is analytic."""
    model = FeedForward([1], Interpolated(abs_, abs_), bias=False)
    dual = analyze(Problem(model, inputs=[[1], [2]], targets=[1, 3]))
    assert len(dual.pieces) == 1
    found = {minimiser.w for minimiser in dual.minimisers(Fraction(1, 2))}
    assert found == {(Fraction(7, 5),), (Fraction(-7, 5),)}


def test_a_spec_path_is_taken_too(tmp_path: Path) -> None:
    spec = Path(__file__).parent.parent / "examples" / "ridge.toml"
    dual = pieceproof.analyze(spec)
    assert len(dual.pieces) == 1
    dual.save(tmp_path / "result.json")
    assert pieceproof.verify(pieceproof.load(tmp_path / "result.json")).accepted
    assert "pieces" in repr(dual)


def test_signs_equal_the_best_fixed_weights() -> None:
    def problem(weights: list[int] | str) -> Problem:
        model = FeedForward([2], Interpolated(relu, identity), output_weights=weights)
        return Problem(model, inputs=X[:3], targets=Y[:3], box=(-50, 50))

    best = [analyze(problem(list(signs))) for signs in ((1, 1), (1, -1), (-1, -1))]
    free = analyze(problem("signs"))
    for alpha in (Fraction(k, 9) for k in range(10)):
        assert free(alpha) == min(dual(alpha) for dual in best)


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys, time\n"
        "from pieceproof.processes import worker_pool\n"
        "if __name__ == '__main__':\n"
        "    pool = worker_pool(2)\n"
        "    pids = {pool.submit(os.getpid).result() for _ in range(20)}\n"
        "    print(*pids, flush=True)\n"
        "    time.sleep(60)\n"
    )
    path = tmp_path / "parent.py"
    path.write_text(script)
    process = subprocess.Popen(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert process.stdout is not None
    workers = [int(pid) for pid in process.stdout.readline().split()]
    assert workers
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 20
    while any(_alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in workers)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
