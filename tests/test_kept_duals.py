"""``gap`` and ``shatter`` go on where they were interrupted, to the same result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_gap import SPEC

from pieceproof import shattered, task_duals
from pieceproof.cli import main
from pieceproof.options import UNFINISHED


class Killed(BaseException):
    """As SIGKILL: nothing is tidied up."""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.toml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def killed_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, call: int) -> list[object]:
    """The process dies in this call; calls are listed."""
    calls: list[object] = []
    function = getattr(module, name)

    def dying(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) == call:
            raise Killed
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, dying)
    return calls


def test_gap_goes_on(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = spec.parent
    arguments = ["gap", str(spec), "--population", "6", "--tasks", "8", "--out"]
    assert main([*arguments, str(folder / "whole")]) == 0
    with monkeypatch.context() as patch:
        killed_at(patch, task_duals, "analyze_exactly", 4)
        with pytest.raises(Killed):
            main([*arguments, str(folder / "out")])
    assert (folder / "out" / UNFINISHED).exists()
    calls = killed_at(monkeypatch, task_duals, "analyze_exactly", 100)
    assert main([*arguments, str(folder / "out")]) == 0
    assert len(calls) == 3
    assert not (folder / "out" / UNFINISHED).exists()
    one, two = (json.loads((folder / name / "gap.json").read_text()) for name in ("whole", "out"))
    assert one == two


def test_gap_without_time_says_how_to_go_on(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = spec.parent / "out"
    arguments = ["gap", str(spec), "--population", "3", "--tasks", "2", "--out", str(folder)]
    assert main([*arguments, "--seconds", "0"]) == 3
    assert "run it again to go on" in capsys.readouterr().err
    assert not (folder / "gap.json").exists()
    assert main(arguments) == 0


def test_shatter_goes_on(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = spec.parent
    arguments = ["shatter", str(spec), "--examples", "3", "--tries", "60", "--out"]
    status = main([*arguments, str(folder / "whole.json")])
    assert status in (0, 3)
    with monkeypatch.context() as patch:
        killed_at(patch, shattered, "member", 30)
        with pytest.raises(Killed):
            main([*arguments, str(folder / "out.json")])
    kept = folder / f"out.json.{UNFINISHED}"
    assert kept.exists()
    calls = killed_at(monkeypatch, shattered, "member", 1000)
    assert main([*arguments, str(folder / "out.json")]) == status
    assert len(calls) < 60
    assert not kept.exists()
    one, two = (json.loads((folder / name).read_text()) for name in ("whole.json", "out.json"))
    assert one["instances"]
    assert claims(one) == claims(two)


def claims(document: dict[str, Any]) -> list[Any]:
    """Data, thresholds and hyperparameters of a witness."""
    names = [key for key in document if key not in ("instances", "provenance", "digest")]
    return [*(document[key] for key in names), [i["problem"] for i in document["instances"]]]
