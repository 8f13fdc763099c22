"""``pieceproof gap``: numbers, picture, document."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from pieceproof.cli import main
from pieceproof.gaps import decades

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


def test_decades():
    assert decades(1) == (1,)
    assert decades(7) == (1, 2, 5, 7)
    assert decades(40) == (1, 2, 5, 10, 20, 40)
    assert decades(1000) == (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gap")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    arguments = ["gap", str(folder / "spec.toml"), "--population", "6", "--tasks", "8"]
    assert main([*arguments, "--out", str(folder / "out")]) == 0
    return folder


def test_the_document_agrees_with_its_bounds(folder):
    document = json.loads((folder / "out/gap.json").read_text())
    assert document["distribution"]["instances"] == 6
    assert document["distribution"]["certificates_accepted"] is True
    spread = Fraction(document["distribution"]["value_range"])
    assert [step["tasks"] for step in document["steps"]] == [1, 2, 5, 8]
    best = [Fraction(end) for end in document["distribution"]["minimum"]["value"]]
    for step in document["steps"]:
        low, high = map(Fraction, step["deviation"])
        assert 0 <= low <= high <= spread
        gap = [Fraction(end) for end in step["gap"]]
        assert max(map(abs, gap)) <= high + Fraction(1, 10**6)
        bounds = [Fraction(bound) for bound in step["bounds"].values()]
        assert len(bounds) == 4
        assert all(bound >= low for bound in bounds)
        # no hyperparameter is better than the best, in expectation
        assert Fraction(step["expected"][1]) >= best[0]
    medians, quantiles = document["measured"]["median"], document["measured"]["quantile"]
    assert all(m <= q for m, q in zip(medians, quantiles, strict=True))


def test_the_same_seed_gives_the_same_document(folder, capsys):
    arguments = ["gap", str(folder / "spec.toml"), "--population", "6", "--tasks", "8", "--json"]
    assert main([*arguments, "--out", str(folder / "again"), "--jobs", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((folder / "out/gap.json").read_text())


def test_a_validation_loss_has_no_worst_case(folder, capsys):
    """It is no minimum of a loss: only bounds from exact counts stand above it."""
    held_out = "\n[validation]\ninputs = [[1.5], [2.5]]\ntargets = [0, 2]\n"
    (folder / "held.toml").write_text(
        SPEC.replace("interval = [0, 1]", "interval = [0, 0.5]") + held_out, encoding="utf-8"
    )
    arguments = ["gap", str(folder / "held.toml"), "--population", "3", "--tasks", "2", "--json"]
    main([*arguments, "--out", str(folder / "held")])
    document = json.loads(capsys.readouterr().out)
    names = {name for step in document["steps"] for name in step["bounds"]}
    assert names == {"from the sample", "Lemma 4, exact B"}


def test_the_pictures_are_written(folder):
    assert (folder / "out/gap.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "out/gap.svg").read_text().count("<path") > 20


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--delta", "2", "delta: '2' is not strictly between"),
        ("--tasks", "0", "0 is not in the range"),
    ],
)
def test_bad_input_is_one_line(folder, capsys, option, value, words):
    arguments = ["gap", str(folder / "spec.toml"), "--population", "2", "--tasks", "2"]
    assert main([*arguments, option, value]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
