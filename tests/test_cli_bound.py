"""``pieceproof bound``: numbers, specs, certificates, and what is refused."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from bounds import pseudo_dimension, sublevel_components
from bounds.calculator import argument_names, evaluate_all
from bounds.theorem import Assumption
from bounds.theorems import THEOREMS
from pieceproof.cli import main

CARS = Path(__file__).parent.parent / "examples" / "cars.toml"

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


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    return tmp_path / "spec.toml"


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    assert main(["bound", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["bound", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    return err


def by_key(document: dict) -> dict:
    return {theorem["key"]: theorem for theorem in document["theorems"]}


def test_numbers_alone(capsys):
    found = answer(
        capsys, "--pieces", 100, "--boundaries", 50, "--degree", 4, "--parameters", 2,
        "--epsilon", "0.2",
    )  # fmt: skip
    cuts = sublevel_components(100, 50, 4, 2).oscillations
    first = found["statements"][0]
    assert int(first["oscillations"]) == cuts
    assert first["pseudo_dimension"] == pseudo_dimension(cuts) == 39
    assert int(by_key(found)["oscillation_lemma"]["value"]) == 39
    # four times fewer instances for twice the deviation, up to the logarithm
    tenth = answer(capsys, "--oscillations", cuts)["statements"][0]["instances_needed"]
    assert 3 < int(tenth) / int(first["instances_needed"]) < 5
    assert set(by_key(found)) == set(THEOREMS)


def test_oscillations_are_those_along_one_interval(capsys):
    counts = ("--pieces", 100, "--boundaries", 50, "--degree", 4, "--parameters", 2)
    found = answer(capsys, *counts, "--hyperparameters", 3)
    assert found["statements"] == []
    theorems = by_key(found)
    assert theorems["sublevel_per_piece"]["applies"] is False
    assert theorems["oscillation_lemma"]["value"] is None
    single = by_key(answer(capsys, *counts))
    assert Fraction(theorems["nn26_upper"]["value"]) == pytest.approx(
        3 * Fraction(single["nn26_upper"]["value"]), rel=1e-9
    )


def test_every_theorem_has_its_statement_and_assumptions(capsys):
    found = by_key(answer(capsys, "--oscillations", 7))
    for key, theorem in THEOREMS.items():
        assert found[key]["statement"] == theorem.statement
        assert found[key]["source"] == theorem.source
        assert [a["statement"] for a in found[key]["assumptions"]] == [
            assumption.value for assumption in theorem.assumptions
        ]
        assert (found[key]["value"] is None) == bool(found[key]["reason"])


def test_epsilon_from_m_and_m_from_epsilon_agree(capsys):
    found = answer(capsys, "--oscillations", 5, "--epsilon", "0.05", "--range", "2")
    needed = int(found["statements"][0]["instances_needed"])
    for instances, enough in ((needed, True), (needed - 1, False)):
        again = answer(capsys, "--oscillations", 5, "--range", "2", "--instances", instances)[
            "statements"
        ][0]
        assert (Fraction(again["deviation"]) <= Fraction("0.050000001")) == enough or enough


def test_counts_may_be_long(capsys):
    found = answer(capsys, "--oscillations", "10^300")
    assert found["statements"][0]["pseudo_dimension"] == pseudo_dimension(10**300)
    assert int(found["statements"][0]["oscillations"]) == 10**300
    assert main(["bound", "--oscillations", "10^300"]) == 0
    assert "10^300.00" in capsys.readouterr().out


def test_a_spec_without_certificate(spec, capsys):
    found = answer(capsys, spec)
    assert [counts["origin"] for counts in found["structure"]] == ["analytic", "measured"]
    assert [int(counts["pieces"]) for counts in found["structure"]] == [8, 8]
    assert all("exact" not in entry["statement"] for entry in found["statements"])
    assert any("--exact" in note for note in found["notes"])


def test_a_spec_with_its_exact_count(spec, capsys):
    assert main(["analyze", "spec.toml"]) == 0
    capsys.readouterr()
    certificate = json.loads(Path("spec-result/result.json").read_text())
    exact = certificate["counts"]["oscillations"]
    for arguments in (
        ["spec.toml"],  # found beside the spec
        ["spec.toml", "--exact"],
        ["spec.toml", "--certificate", "spec-result/result.json"],
        ["spec-result/result.json"],
    ):
        found = answer(capsys, *arguments)
        first, *others = found["statements"]
        assert first["statement"] == "Lemma 1, exact oscillation count"
        assert int(first["oscillations"]) == exact
        assert others
        for entry in others:
            assert int(entry["oscillations"]) >= exact
            assert entry["larger_because"]
        holds = {a["statement"]: a["holds"] for t in found["theorems"] for a in t["assumptions"]}
        assert holds[Assumption.CONVEX_QUADRATIC.value] is True
        assert holds[Assumption.PIECEWISE_CONSTANT.value] is False
        assert holds[Assumption.REGULARITY.value] is None


def test_a_census_decides_regularity(spec, capsys):
    small = SPEC.replace("[[0], [1], [2], [3]]", "[[1], [2]]").replace("1, 0, 0.5, 3", "1, 3")
    Path("small.toml").write_text(small)

    def regularity(*arguments):
        found = answer(capsys, *arguments)
        holds = {a["statement"]: a["holds"] for t in found["theorems"] for a in t["assumptions"]}
        return holds[Assumption.REGULARITY.value]

    assert regularity("small.toml") is None
    assert main(["census", "small.toml"]) == 0
    capsys.readouterr()
    path = Path("small-census/census.json")
    census = json.loads(path.read_text())
    expected = census["assumption"]["holds"]
    assert isinstance(expected, bool)
    assert regularity("small.toml") is expected
    assert regularity("small.toml", "--census", path) is expected
    assert "not that of the spec" in refused(capsys, "spec.toml", "--census", path)
    path.write_text(json.dumps({**census, "complete": False}))
    assert "not the unchanged result of a census" in refused(capsys, "small.toml", "--census", path)
    assert regularity("small.toml") is None  # found by itself it is left aside


def test_a_graph_with_the_zero_one_loss(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("graph.toml").write_text("""\
[hyperparameter]
interval = [0, 2]
[model]
kind = "gcn"
nodes = ["a", "b", "c"]
edges = [["a", "b", 1], ["b", "c", 2]]
[loss]
kind = "zero-one"
[parameters]
box = [-1, 1]
[data]
inputs = [[1, 1], [2, 1], [-1, 1]]
targets = [1, -1, 1]
""")
    found = answer(capsys, "graph.toml", "--exact")
    exact, *others = found["statements"]
    assert exact["statement"] == "Lemma 1, exact oscillation count"
    assert others
    assert all(int(entry["oscillations"]) >= int(exact["oscillations"]) for entry in others)
    theorems = by_key(found)
    assert theorems["level_bezout"]["value"] is None  # the dual jumps
    assert theorems["connected_pieces"]["applies"] is None  # sign cells may be disconnected
    assert theorems["bns25_graph"]["reason"].startswith("needs hidden")


def test_a_validation_loss_is_no_minimum(spec, capsys):
    text = """\
[hyperparameter]
interval = [0, 2]
[model]
kind = "linear"
[regularisation]
penalty = "l1"
[data]
inputs = [[0], [1], [2], [3]]
targets = [1, 0, 0.5, 3]
[validation]
inputs = [[1], [4]]
targets = [1, 2]
"""
    Path("held-out.toml").write_text(text)
    found = answer(capsys, "held-out.toml", "--exact")
    assert [entry["statement"] for entry in found["statements"]] == [
        "Lemma 1, exact oscillation count"
    ]
    theorems = by_key(found)
    assert theorems["nn26_validation"]["applies"] is True
    assert theorems["nn26_validation"]["value"] is not None
    assert "sublevel_per_piece" not in theorems
    assert "quadratic_strata" not in theorems
    assert answer(capsys, "held-out.toml")["statements"] == []


def test_the_cars_side_by_side(capsys):
    assert main(["bound", str(CARS), "--exact"]) == 0
    text = capsys.readouterr().out
    for part in ("analytic", "measured", "308400", "117192", "23135741342", "352000", "5349600"):
        assert part in text
    assert text.count("larger because") >= 8


def test_a_certificate_that_is_not_accepted(spec, capsys):
    assert main(["analyze", "spec.toml"]) == 0
    capsys.readouterr()
    path = Path("spec-result/result.json")
    document = json.loads(path.read_text())
    document["counts"]["oscillations"] += 1
    path.write_text(json.dumps(document))
    assert "not accepted" in refused(capsys, path)
    assert "not accepted" in refused(capsys, "spec.toml", "--certificate", path)
    # found by itself it is left aside
    found = answer(capsys, "spec.toml")
    assert all("exact" not in entry["statement"] for entry in found["statements"])
    Path("other.toml").write_text(SPEC.replace("0.5", "0.6"))
    assert main(["analyze", "other.toml"]) == 0
    capsys.readouterr()
    other = "other-result/result.json"
    assert "not that of the spec" in refused(capsys, "spec.toml", "--certificate", other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to bound"),
        (["--oscillations", "-1"], "--oscillations: -1 is too small; it must be at least 0"),
        (["--pieces", "0"], "--pieces: 0 is too small; it must be at least 1"),
        (["--pieces", "-3", "--degree", "2"], "--pieces: -3 is too small"),
        (["--boundaries", "-1"], "--boundaries: -1 is too small"),
        (["--pieces", "1.5"], "'1.5' is not an integer"),
        (["--pieces", "1e9"], "'1e9' is not an integer"),
        (["--oscillations", "1", "--delta", "0"], "--delta: '0' is not strictly between 0 and 1"),
        (["--oscillations", "1", "--delta", "1"], "--delta: '1' is not strictly between 0 and 1"),
        (["--oscillations", "1", "--delta", "nan"], "--delta: "),
        (["--oscillations", "1", "--epsilon", "0"], "--epsilon: '0' is not positive"),
        (["--oscillations", "1", "--range", "-1"], "--range: '-1' is not positive"),
        (["--oscillations", "1", "--instances", "0"], "--instances: 0 is too small"),
        (["--oscillations", "9" * 5000], "is longer than 4000"),
        (["--oscillations", "10^999999"], "has more than 4000 digits"),
        (
            ["--pieces", "1", "--boundaries", "1", "--degree", "1", "--parameters", "10^30"],
            "bits",
        ),
        (["none.toml"], "no such file"),
        (["none.json"], "cannot be read"),
        (["none.json", "--exact"], "--exact go with a spec"),
    ],
)  # fmt: skip
def test_bad_arguments_are_one_line(arguments, message, capsys):
    assert message in refused(capsys, *arguments)


def test_options_for_every_argument(capsys):
    """Every theorem can be evaluated from the command line."""
    names = [name for name in argument_names() if name not in ("epsilon", "delta", "value_range")]
    flags = [part for name in names for part in (f"--{name.replace('_', '-')}", "3")]
    found = answer(capsys, *flags)
    assert all(theorem["value"] is not None for theorem in found["theorems"])
    values = dict.fromkeys(names, 3)
    asked = {"epsilon": "0.1", "delta": "0.05", "value_range": 1}
    for evaluation in evaluate_all({**values, **asked}, {}):
        assert by_key(found)[evaluation.theorem.key]["value"] is not None
