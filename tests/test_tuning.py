"""Tuning for several instances from Python: tasks, certificates that are kept, budgets."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

import pieceproof
from bounds import BoundsError
from bounds.erm import minimise_mean
from geometry.verdicts import Verdict
from pieceproof.stored_duals import StoredDual
from pieceproof.tables import SpecError
from pieceproof.task_duals import OutOfTime, TaskError
from pieceproof.tasks import bootstrap, load_tasks
from piecewise import FeedForward, Interpolated, Problem, identity, relu

SPEC = """\
[hyperparameter]
interval = [0, 1]
[model]
kind = "feedforward"
hidden = [1]
activation = { interpolate = ["relu", "identity"] }
output_bias = 1
[data]
features = ["x"]
inputs = [[0], [1], [2], [3], [5]]
targets = [1, 0, 0.5, 3, 2]
"""


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Problem(
        FeedForward([1], Interpolated(relu, identity), output_bias=1),
        inputs=[[0], [1], [2], [3], [5]],
        targets=[1, 0, "1/2", 3, 2],
        box=(-50, 50),
    )


@pytest.fixture(scope="module")
def result(problem: Problem) -> pieceproof.ErmResult:
    return pieceproof.erm(bootstrap(problem, 5, seed=1))


def test_bootstrap_draws_examples_of_the_problem(problem):
    tasks = bootstrap(problem, 6, seed=3)
    examples = set(zip(problem.inputs, problem.targets, strict=True))
    for task in tasks:
        assert set(zip(task.inputs, task.targets, strict=True)) <= examples
        assert len(task.targets) == 5
        assert (task.model, task.parameters) == (problem.model, problem.parameters)
    assert bootstrap(problem, 6, seed=3) == tasks
    assert bootstrap(problem, 4, seed=3) == tasks[:4]
    assert bootstrap(problem, 6, seed=4) != tasks
    assert [len(task.targets) for task in bootstrap(problem, 2, size=9)] == [9, 9]


def test_the_mean_of_certified_duals(problem, result):
    duals = [pieceproof.analyze(task) for task in bootstrap(problem, 5, seed=1)]
    assert result.verdict is Verdict.PROVED
    assert [dual.oscillations() for dual in result.duals] == [d.oscillations() for d in duals]
    for k in range(21):
        alpha = Fraction(k, 20)
        mean = sum((dual(alpha) for dual in duals), Fraction(0)) / 5
        assert result.mean(alpha) == mean
        assert mean >= result.value.lower
        assert [dual(alpha) for dual in result.duals] == [dual(alpha) for dual in duals]
    assert result.grid.value == min(result.mean(Fraction(k, 100)) for k in range(101))
    assert result.grid.regret.upper >= result.grid.value - result.value.upper >= 0


def test_exact_duals_are_taken_as_they_are(problem, result):
    again = pieceproof.erm(result.duals)
    assert [place.alpha for place in again.places] == [place.alpha for place in result.places]
    shorter = pieceproof.erm(result.duals[:2])
    assert [p.alpha for p in shorter.places] == [
        p.alpha for p in minimise_mean(result.duals[:2]).places
    ]


def test_workers_do_not_change_the_result(problem, result, tmp_path):
    spread = pieceproof.erm(bootstrap(problem, 5, seed=1), jobs=2, folder=tmp_path)
    assert [p.alpha for p in spread.places] == [p.alpha for p in result.places]
    assert spread.value == result.value
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"task-{k}.json" for k in range(1, 6)
    ]


def test_kept_certificates_are_used_if_they_pass_the_checker(problem, tmp_path, monkeypatch):
    tasks = bootstrap(problem, 3, seed=1)
    first = pieceproof.erm(tasks, folder=tmp_path)
    computed = []

    def counting(problem, **options):
        computed.append(problem)
        return pieceproof.analyze(problem, **options)

    monkeypatch.setattr("pieceproof.task_duals.analyze_exactly", counting)
    assert pieceproof.erm(tasks, folder=tmp_path).value == first.value
    assert computed == []
    # a changed certificate, one of another problem, and one that is no JSON are computed anew
    path = tmp_path / "task-1.json"
    document = json.loads(path.read_text())
    document["counts"]["oscillations"] += 1
    path.write_text(json.dumps(document))
    (tmp_path / "task-2.json").write_bytes((tmp_path / "task-3.json").read_bytes())
    (tmp_path / "task-3.json").write_text("{")
    assert pieceproof.erm(tasks, folder=tmp_path).value == first.value
    assert computed == list(tasks)


def test_a_budget_keeps_what_is_finished(problem, tmp_path):
    with pytest.raises(OutOfTime, match="1 of 3 dual losses are computed and kept in"):
        pieceproof.erm(bootstrap(problem, 3, seed=1), folder=tmp_path, seconds=0)
    assert [path.name for path in tmp_path.iterdir()] == ["task-1.json"]


def test_an_unproved_dual_leaves_the_mean_unresolved(problem, result):
    partial = pieceproof.analyze(bootstrap(problem, 1, seed=7)[0], seconds=0)
    found = pieceproof.erm([*result.duals, partial])
    assert found.verdict is Verdict.UNRESOLVED
    assert "the document claims 'unresolved'" in found.reasons[0]


def test_instances_that_cannot_be_computed_are_named(problem):
    deep = Problem(FeedForward([1, 2], Interpolated(relu, identity)), inputs=[[1]], targets=[1])
    with pytest.raises((TaskError, BoundsError), match="task-2: model: "):
        pieceproof.erm([problem, deep], max_cells=200)
    with pytest.raises(TaskError, match=r"task-1: model: .*cells"):
        pieceproof.erm([problem], max_cells=2)


def test_a_dual_that_is_only_enclosed_is_refused_by_name(problem, monkeypatch):
    dual = pieceproof.analyze(problem)
    pieces = [{**entry, "value": {"lower": "0", "upper": "1"}} for entry in dual.document["pieces"]]
    enclosed = StoredDual("it", {**dual.document, "pieces": pieces}, dual.report)
    with pytest.raises(BoundsError, match="it: a piece of its dual loss is no rational function"):
        pieceproof.erm([enclosed])
    monkeypatch.setattr("pieceproof.task_duals.analyze_exactly", lambda *_, **__: enclosed)
    with pytest.raises(TaskError, match="task-1: model: its dual loss is enclosed"):
        pieceproof.erm([problem])


def test_nothing_to_tune_for():
    with pytest.raises(BoundsError, match="at least one instance"):
        pieceproof.erm([])
    with pytest.raises(BoundsError, match="neither a problem, a spec, nor a dual"):
        pieceproof.erm([3])


def test_tasks_of_spec_files(tmp_path: Path):
    one, many = tmp_path / "one.toml", tmp_path / "many.toml"
    one.write_text(SPEC)
    many.write_text(f"{SPEC}\n[tasks]\nbootstrap = 10\nseed = 2\nsize = 3\n")
    names = [task.name for task in load_tasks([one, many])]
    assert names == ["one", *(f"many-{k:02d}" for k in range(1, 11))]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.toml").write_text(SPEC)
    assert [t.name for t in load_tasks([one, tmp_path / "sub" / "one.toml"])] == ["1-one", "2-one"]
    # the other commands read the spec itself
    assert len(pieceproof.load_problem(many).targets) == 5


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("bootstrap = 0", "tasks.bootstrap: 0 is not a positive integer"),
        ("bootstrap = 1000000", "tasks.bootstrap: 1000000 exceeds"),
        ("size = 1000000000", "tasks.size: 40 x 1000000000 examples exceed 1,000,000"),
        ("seed = -1", "tasks.seed: -1 is not an integer >= 0"),
        ("sizes = 1", "tasks.sizes: unknown key; did you mean 'size'?"),
    ],
)
def test_bad_tasks(section, message, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(f"{SPEC}\n[tasks]\n{section}\n")
    with pytest.raises(SpecError) as error:
        load_tasks([path])
    assert message in str(error.value)


def test_intervals_must_agree(tmp_path):
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(SPEC)
    other.write_text(SPEC.replace("interval = [0, 1]", "interval = [0, 2]"))
    with pytest.raises(SpecError, match=r"other.toml: hyperparameter.interval: it differs"):
        load_tasks([one, other])


def test_a_stored_dual_is_the_dual(problem):
    dual = pieceproof.analyze(problem)
    stored = StoredDual("it", dual.document, dual.report)
    assert [piece.value for piece in dual.pieces] == [value for _, value in stored.pieces]
    assert [arc.interval for arc in stored.arcs] == [arc.interval for arc in dual.arcs]
    assert stored.oscillations() == dual.oscillations()
