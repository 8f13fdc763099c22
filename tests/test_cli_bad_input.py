"""The command line on bad input: one line on stderr, nothing on stdout, exit status 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pieceproof.cli import MAX_MESSAGE, main

CARS = Path(__file__).parent.parent / "examples" / "cars.toml"

SPEC = """\
[hyperparameter]
interval = [0, 1]
[model]
kind = "feedforward"
hidden = [1]
activation = { interpolate = ["relu", "identity"] }
[data]
csv = "data.csv"
features = ["speed"]
target = "dist"
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good spec in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "data.csv").write_text("speed,dist\n4,2\n7,4\n", encoding="utf-8")
    return tmp_path / "spec.toml"


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The line with which the command is refused."""
    status = main(arguments)
    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err.removesuffix("\n")


ARGUMENTS = {
    "unknown command": (["analyse"], "pieceproof: No such command 'analyse'."),
    "unknown option": (["analyze", "--fast", "x"], "pieceproof analyze: No such option '--fast'."),
    "missing spec": (["analyze"], "pieceproof analyze: Missing argument 'SPEC'."),
    "no workers": (
        ["analyze", "spec.toml", "--jobs", "0"],
        "pieceproof analyze: Invalid value for '--jobs': 0 is not in the range x>=1.",
    ),
    "missing alpha": (["evaluate", "x"], "pieceproof evaluate: Missing argument 'ALPHA...'."),
    "no such spec": (["analyze", "no.toml"], "no.toml: spec: no such file; check the path"),
    "spec is a folder": (["analyze", "."], ".: spec: no such file; check the path"),
    "out is a file": (
        ["analyze", "spec.toml", "--out", "data.csv"],
        "data.csv: --out: File exists; choose another folder",
    ),
    "no such certificate": (["verify", "no.json"], "no.json: cannot be read"),
    "certificate is no JSON": (["verify", "data.csv"], "data.csv: not valid JSON"),
    "certificate to evaluate is no JSON": (
        ["evaluate", "spec.toml", "0"],
        "spec.toml: not valid JSON",
    ),
    "certificate to plot is no JSON": (["plot", "spec.toml"], "spec.toml: not valid JSON"),
}


@pytest.mark.usefixtures("spec")
@pytest.mark.parametrize("case", ARGUMENTS)
def test_wrong_arguments(capsys: pytest.CaptureFixture[str], case: str) -> None:
    arguments, expected = ARGUMENTS[case]
    assert refusal(capsys, *arguments).startswith(expected)


SPECS = {
    "non-numeric cell": (
        "data.csv",
        "7,4",
        "7,four",
        "spec.toml: data.csv: data.csv: row 2 (line 3), column dist: 'four' is not a finite "
        'number; write a decimal or "p/q"',
    ),
    "unknown key": (
        "spec.toml",
        "hidden",
        "hiden",
        "spec.toml: model.hiden: unknown key; did you mean 'hidden'?",
    ),
    "reversed interval": (
        "spec.toml",
        "[0, 1]",
        "[1, 0]",
        "spec.toml: hyperparameter.interval: lower end 1 is not below upper end 0",
    ),
    "a later loss": (
        "spec.toml",
        "[data]",
        '[loss]\nkind = "zero-one"\n[data]',
        "spec.toml: ",
    ),
}


@pytest.mark.parametrize("case", SPECS)
def test_wrong_spec_or_data(spec: Path, capsys: pytest.CaptureFixture[str], case: str) -> None:
    name, old, new, expected = SPECS[case]
    path = spec.parent / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert refusal(capsys, "analyze", "spec.toml").startswith(expected)


def test_a_hostile_key_neither_breaks_the_line_nor_fills_the_screen(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "x\\n\\u001b[31m" + "y" * 5000
    spec.write_text(SPEC.replace("hidden", f'"{key}"'), encoding="utf-8")
    line = refusal(capsys, "analyze", "spec.toml")
    assert line.isprintable()
    assert len(line) <= MAX_MESSAGE + 1


def test_nothing_asked_for_is_answered_with_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "analyze" in capsys.readouterr().err


def test_the_module_runs_as_a_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pieceproof", "analyze", "no.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert (done.stdout, done.stderr) == ("", "no.toml: spec: no such file; check the path\n")


@pytest.mark.parametrize("method", ["enclosures", "enclosed-validation", "coverings", "validation"])
def test_a_document_that_was_cut_short_is_not_evaluated(
    spec: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    spec.with_name("cut.json").write_text(
        f'{{"format": "pieceproof/1", "method": "{method}"}}', encoding="utf-8"
    )
    assert refusal(capsys, "evaluate", "cut.json", "0.5").isprintable()
