"""``pieceproof erm``: what is printed, written and refused."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from pieceproof.cli import main

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
[tasks]
bootstrap = 4
seed = 1
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("erm")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    arguments = ["erm", str(folder / "spec.toml"), "--out", str(folder / "out"), "--jobs", "2"]
    assert main(arguments) == 0
    return folder


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["erm", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    return err


def test_files(job):
    names = {str(path.relative_to(job / "out")) for path in (job / "out").rglob("*.*")}
    assert names == {"erm.json", "mean.svg", "mean.png", *(f"tasks/spec-{k}.json" for k in "1234")}


def test_the_document(job):
    document = json.loads((job / "out/erm.json").read_text())
    assert document["format"] == "pieceproof-erm/1"
    assert document["verdict"] == "proved"
    assert len(document["minimum"]["places"]) >= 1
    least = document["minimum"]["value"]
    assert Fraction(least["lower"]) <= Fraction(least["upper"])
    assert Fraction(document["grid"]["regret"]["lower"]) >= 0
    for task in document["tasks"]:
        certificate = json.loads((job / "out" / task["certificate"]).read_text())
        assert certificate["digest"] == task["digest"]
        assert certificate["counts"]["oscillations"] == task["oscillations"]
        assert main(["verify", str(job / "out" / task["certificate"])]) == 0
    sample = document["sample"]
    assert sample["patterns_at_level"] <= sample["patterns_at_most"]
    assert sample["rademacher"]["draws"] is None
    deviations = [Fraction(bound["deviation"]) for bound in document["bounds"]]
    assert deviations == sorted(deviations)


def test_the_same_document_again_from_kept_certificates(job, capsys):
    spec, out = job / "spec.toml", job / "out"
    before = json.loads((out / "erm.json").read_text())
    stamps = {path: path.stat().st_mtime_ns for path in (out / "tasks").iterdir()}
    assert main(["erm", str(spec), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == before
    assert {path: path.stat().st_mtime_ns for path in (out / "tasks").iterdir()} == stamps


def test_the_table(job, capsys):
    assert main(["erm", str(job / "spec.toml"), "--out", str(job / "out"), "--grid", "3"]) == 0
    text = capsys.readouterr().out
    for part in ("mean of 4 dual losses", "minimiser", "grid of 3", "regret", "Lemma 4", "proved"):
        assert part in text


def test_several_specs_and_bootstrap(job, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = SPEC[: SPEC.index("[tasks]")]
    for name, shift in (("one", 1), ("two", 2)):
        text = plain.replace("targets = [1,", f"targets = [{shift},")
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert main(["erm", "one.toml", "two.toml", "--json", "--range", "100"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [task["name"] for task in document["tasks"]] == ["one", "two"]
    assert document["sample"]["range"] == "100"
    assert (tmp_path / "one-erm" / "erm.json").is_file()
    assert main(["erm", "one.toml", "--bootstrap", "3", "--seed", "5", "--json"]) == 0
    names = [task["name"] for task in json.loads(capsys.readouterr().out)["tasks"]]
    assert names == ["one-1", "one-2", "one-3"]


def test_a_budget_is_partial_and_kept(job, tmp_path, capsys):
    assert main(["erm", str(job / "spec.toml"), "--out", str(tmp_path), "--seconds", "0"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "1 of 4 dual losses are computed and kept in" in err
    assert [path.name for path in (tmp_path / "tasks").iterdir()] == ["spec-1.json"]
    assert not (tmp_path / "erm.json").exists()


GRAPH = """\
[hyperparameter]
interval = [0, 1]
[model]
kind = "gcn"
graph = "karate"
[loss]
kind = "zero-one"
[data]
features = ["degree", "one"]
positive = "Mr. Hi"
"""


def test_the_nodes_of_a_graph_are_no_examples(tmp_path, capsys):
    path = tmp_path / "graph.toml"
    path.write_text(GRAPH, encoding="utf-8")
    out = ("--out", tmp_path / "o")
    assert "--bootstrap: data: the nodes of a graph" in refused(
        capsys, path, *out, "--bootstrap", "2"
    )
    path.write_text(f"{GRAPH}[tasks]\nbootstrap = 2\n", encoding="utf-8")
    assert "tasks.bootstrap: data: the nodes of a graph" in refused(capsys, path, *out)


def test_refusals(job, tmp_path, capsys):
    spec, out = job / "spec.toml", ("--out", tmp_path / "o")
    assert "--delta: " in refused(capsys, spec, *out, "--delta", "1.5")
    assert "--delta: " in refused(capsys, spec, *out, "--delta", "x")
    assert "--range: 0.001 is smaller than the range" in refused(
        capsys, spec, *out, "--range", "0.001"
    )
    assert "--range: '-1' is not positive" in refused(capsys, spec, *out, "--range=-1")
    assert "--grid" in refused(capsys, spec, *out, "--grid", "1")
    assert "one SPEC" in refused(capsys, spec, spec, *out, "--bootstrap", "2")
    assert "no such file" in refused(capsys, tmp_path / "none.toml", *out)
    assert "spec-1: model: " in refused(capsys, spec, *out, "--max-cells", "1", "--bootstrap", "2")
    assert "--bootstrap" in refused(capsys, spec, *out, "--bootstrap", "0")
    if (tmp_path / "o").exists():  # finished certificates only
        assert [path.name for path in (tmp_path / "o").iterdir()] == ["tasks"]
    other = ("--out", tmp_path / "p", "--max-cells", "1")
    refused(capsys, spec, *other)
    assert not (tmp_path / "p").exists()
