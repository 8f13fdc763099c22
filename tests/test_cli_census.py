"""The command ``census``: document, table, picture, budgets, resumption, bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pieceproof.cli import main

SPEC = """
[hyperparameter]
interval = [0, 1]
[model]
kind = "feedforward"
hidden = [{hidden}]
activation = {{ interpolate = ["relu", "{second}"] }}
bias = true
[parameters]
box = [-20, 20]
[data]
inputs = [[-1], [1], [2]]
targets = [1, "1/2", 3]
"""


def spec(folder: Path, hidden: str = "1", second: str = "identity") -> str:
    path = folder / "spec.toml"
    path.write_text(SPEC.format(hidden=hidden, second=second))
    return str(path)


def stable(document: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in document.items() if key != "digest"}
    kept["provenance"] = {
        key: value
        for key, value in document["provenance"].items()
        if key not in ("wall_time", "jobs")
    }
    return kept


def census(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["census", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("census")
    assert main(["census", spec(folder), "--out", str(folder / "out")]) == 0
    result: dict[str, Any] = json.loads((folder / "out" / "census.json").read_text())
    assert (folder / "out" / "census.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "out" / "census.svg").read_text().rstrip().endswith("</svg>")
    assert not (folder / "out" / "unfinished.sqlite").exists()
    return result


def test_the_document(document: dict[str, Any]) -> None:
    assert document["format"] == "pieceproof-census/1"
    assert document["verdict"] == "proved"
    assert document["complete"] is True
    assert document["counts"]["strata"] == len(document["strata"])
    assert sum(entry["strata"] for entry in document["classes"]) == len(document["strata"])
    assert document["assumption"]["holds"] in (True, False)
    assert document["dual"]["verdict"] == "proved"
    assert document["steps"][0]["interval"][0] == "0"
    for name, rung in document["ladder"].items():
        parts = [entry["ladder"][name] for entry in document["classes"]]
        assert rung["lower"] == sum(part["lower"] for part in parts)


def test_two_workers_write_the_same(
    document: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = census(
        capsys, spec(tmp_path), "--out", str(tmp_path / "out"), "--jobs", "2", "--json"
    )
    assert status == 0
    assert stable(json.loads(out)) == stable(document)


def test_a_budget_leaves_strata_open_and_the_rest_resumes(
    document: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = spec(tmp_path), tmp_path / "out"
    status, out, _ = census(capsys, path, "--out", str(folder), "--seconds", "0.3", "--json")
    part = json.loads(out)
    assert status == 3
    assert part["verdict"] == "unresolved"
    assert part["complete"] is False
    assert part["ladder"]["minimal"]["lower"] == 0
    assert (folder / "unfinished.sqlite").exists()
    status, out, _ = census(capsys, path, "--out", str(folder), "--json")
    assert status == 0
    whole, expected = stable(json.loads(out)), stable(document)
    assert whole == expected


def test_the_table_names_every_rung(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = census(
        capsys, spec(tmp_path), "--out", str(tmp_path / "out"), "--max-codimension", "0"
    )
    assert status == 0
    for word in ("Bézout", "m-hom.", "stable MV", "generic", "distinct", "real", "feas.", "min."):
        assert word in out
    assert "codim" not in out
    assert "assumption 1" in out


def test_what_is_not_covered_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = census(capsys, spec(tmp_path, "1, 1"), "--out", str(tmp_path / "out"))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "hidden layer" in err
    assert not (tmp_path / "out").exists()
