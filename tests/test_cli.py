"""The command line on a real job: what is printed, written and returned."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pieceproof import analysis, cli
from pieceproof.cli import main
from pieceproof.methods import convex_cells

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
inputs = [[0], [1], [2], [3]]
targets = [1, 0, 0.5, 3]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec and its result."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    assert main(["analyze", str(folder / "spec.toml"), "--out", str(folder / "out")]) == 0
    return folder


def output(capsys: pytest.CaptureFixture[str], *arguments: str | Path, status: int = 0) -> str:
    """What the command prints on stdout."""
    assert main([str(argument) for argument in arguments]) == status
    out, err = capsys.readouterr()
    assert err == ""
    return out


def stored(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "out/result.json").read_text(encoding="utf-8"))
    return document


def test_analyze_leaves_certificate_and_picture_and_nothing_else(folder: Path) -> None:
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {"result.json", "dual.svg", "dual.png"}


def test_analyze_prints_every_piece_and_the_verdict(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = output(capsys, "analyze", folder / "spec.toml", "--out", folder / "again")
    document = stored(folder)
    rows = [line.split() for line in out.splitlines()]
    numbers = [row[0] for row in rows if row and row[0].isdigit()]
    assert numbers == [str(k) for k in range(1, document["counts"]["pieces"] + 1)]
    for point in document["breakpoints"]:
        assert f"{float(point['alpha']['approx']):.6f}" in out
    assert f"oscillations  {document['counts']['oscillations']}" in out
    assert "proved (certificate checked)" in out
    assert str(folder / "again/result.json") in out


def test_json_is_the_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = output(capsys, "analyze", folder / "spec.toml", "--out", folder / "json", "--json")
    printed, kept = json.loads(out), stored(folder)
    for document in (printed, kept):
        del document["digest"], document["provenance"]["wall_time"]
    assert printed == kept


def test_the_default_folder_is_named_after_the_spec(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    output(capsys, "analyze", "spec.toml")
    assert (folder / "spec-result/result.json").is_file()


def test_verify_accepts_the_certificate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "proved" in output(capsys, "verify", folder / "out/result.json")
    answer = json.loads(output(capsys, "verify", folder / "out/result.json", "--json"))
    assert answer["accepted"]
    assert answer["verdict"] == "proved"
    assert answer["reasons"] == []


def test_verify_refuses_a_changed_certificate_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = stored(folder)
    document["counts"]["oscillations"] += 1
    changed = folder / "changed.json"
    changed.write_text(json.dumps(document), encoding="utf-8")
    out = output(capsys, "verify", changed, status=1)
    assert "not accepted" in out
    assert "oscillations" in out
    assert "oscillations" in output(capsys, "verify", changed, "--json", status=1)


@pytest.mark.parametrize("alpha", ["0", "1/3", "0.75", "1"])
def test_evaluate_is_the_objective_at_its_minimiser(
    folder: Path, capsys: pytest.CaptureFixture[str], alpha: str
) -> None:
    out = output(capsys, "evaluate", folder / "out/result.json", alpha, "--json")
    (entry,) = json.loads(out)["evaluations"]
    problem = analysis.load_problem(folder / "spec.toml")
    w = [entry["minimiser"][parameter.name] for parameter in problem.parameters]
    assert Fraction(entry["alpha"]) == Fraction(alpha)
    assert problem.value(alpha, w) == Fraction(entry["value"])
    assert entry["approx"] == pytest.approx(float(Fraction(entry["value"])))


def test_evaluate_agrees_with_the_dual_function_at_many_alphas(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alphas = [str(Fraction(k, 40)) for k in range(41)]
    dual = analysis.analyze(folder / "spec.toml")
    entries = json.loads(output(capsys, "evaluate", folder / "out/result.json", *alphas, "--json"))[
        "evaluations"
    ]
    assert [Fraction(entry["value"]) for entry in entries] == [dual(alpha) for alpha in alphas]
    assert [entry["piece"] for entry in entries] == sorted(entry["piece"] for entry in entries)


def test_evaluate_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = output(capsys, "evaluate", folder / "out/result.json", "1/3", "1")
    assert "ℓ*(1/3)" in out
    assert "ℓ*(1)" in out
    assert out.count("w1_x") == out.count("b1") == 2


HOSTILE = {
    "too large a number": ("numerator", ["1" + "0" * 400 + "1"], "too large to print"),
    "a pole": (
        "denominator",
        ["-1", "1000000"],
        "pieces[0].value.denominator: it vanishes at 1/1000000",
    ),
    "no polynomial": ("numerator", "x", "pieces[0].value.numerator: expected a list"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_evaluate_refuses_hostile_certificates_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    key, value, reason = HOSTILE[case]
    document = stored(folder)
    document["pieces"][0]["value"][key] = value
    hostile = folder / "hostile.json"
    hostile.write_text(json.dumps(document), encoding="utf-8")
    assert main(["evaluate", str(hostile), "1/1000000"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert reason in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("alpha", "reason"),
    [
        ("2", "2 is in no piece; choose α in [0, 1]"),
        ("-1/2", "-1/2 is in no piece; choose α in [0, 1]"),
        ("nan", "'nan' is not a finite number; write a decimal or \"p/q\""),
        ("--x", "'--x' is not a finite number; write a decimal or \"p/q\""),
    ],
)
def test_evaluate_refuses_other_alphas(
    folder: Path, capsys: pytest.CaptureFixture[str], alpha: str, reason: str
) -> None:
    path = folder / "out/result.json"
    assert main(["evaluate", str(path), alpha]) == 2
    assert capsys.readouterr() == ("", f"{path}: ALPHA: {reason}\n")


def test_plot_draws_next_to_the_certificate_or_elsewhere(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = folder / "pictures"
    out = output(capsys, "plot", folder / "out/result.json", "--out", elsewhere)
    assert out.splitlines() == [str(elsewhere / "dual.svg"), str(elsewhere / "dual.png")]
    assert (elsewhere / "dual.png").read_bytes().startswith(b"\x89PNG")


def test_a_budget_that_runs_out_leaves_a_partial_result(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["analyze", folder / "spec.toml", "--out", folder / "partial"]
    out = output(capsys, *arguments, "--seconds", "0", status=3)
    assert "unresolved" in out
    assert "proved (" not in out
    assert json.loads((folder / "partial/result.json").read_text())["verdict"] == "unresolved"
    assert output(capsys, "verify", folder / "partial/result.json", status=3)
    assert "ℓ*(1/2) ≤" in output(
        capsys, "evaluate", folder / "partial/result.json", "1/2", status=3
    )
    assert "proved (certificate checked)" in output(capsys, *arguments)


def test_what_the_checker_rejects_is_not_called_proved(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = convex_cells.document

    def boastful(*arguments: Any) -> dict[str, Any]:
        document = honest(*arguments)
        document["counts"]["pieces"] += 1
        return document

    monkeypatch.setattr(convex_cells, "document", boastful)
    arguments = ["analyze", folder / "spec.toml", "--out", folder / "boast"]
    out = output(capsys, *arguments, status=1)
    assert "rejected" in out
    assert "proved" not in out


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(28, "No space left on device", "f")]
)
def test_interruption_and_full_disks_are_one_line(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    def fails(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(cli, "write", fails)
    status = main(["analyze", str(folder / "spec.toml"), "--out", str(folder / "failed")])
    out, err = capsys.readouterr()
    assert out == ""
    if isinstance(error, KeyboardInterrupt):
        assert (status, err.strip()) == (130, "interrupted")
    else:
        assert (status, err) == (2, "f: No space left on device; choose another place\n")


def test_finished_work_is_kept_until_the_result_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    arguments = ["analyze", tmp_path / "spec.toml", "--out", tmp_path / "out"]
    output(capsys, *arguments, "--seconds", "0", status=3)
    assert (tmp_path / "out" / cli.UNFINISHED).exists()
    output(capsys, *arguments)
    assert not (tmp_path / "out" / cli.UNFINISHED).exists()


def test_what_enclosures_do_not_cover_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.toml"
    tuned = SPEC.replace('"relu", "identity"', '"step", "square"')
    spec.write_text(tuned, encoding="utf-8")
    assert main(["analyze", str(spec), "--out", str(tmp_path / "out")]) == 2
    assert "enclosures cover continuous activations" in capsys.readouterr().err


def test_a_refused_model_leaves_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.toml"
    later = SPEC.replace('"identity"', '"square"') + '[loss]\nkind = "absolute"\n'
    spec.write_text(later, encoding="utf-8")
    assert main(["analyze", str(spec), "--out", str(tmp_path / "out")]) == 2
    assert "not yet supported" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
