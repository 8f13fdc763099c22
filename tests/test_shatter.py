"""Shattered sets found by search: proposals, witnesses, their checker, the command."""

from __future__ import annotations

import copy
import json
from dataclasses import fields
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounds import BoundsError
from bounds.patterns import threshold_patterns
from bounds.splits import best_split, clearest_places, count_patterns, pattern_labels
from pieceproof import verify
from pieceproof.certificate import digest
from pieceproof.cli import main
from pieceproof.datasets import LEVELS, DataClass
from pieceproof.shattered import dual_of, find_shattered
from pieceproof.shattering import upper_bound, witness_document
from piecewise import (
    FeedForward,
    Interpolated,
    Linear,
    Penalty,
    Problem,
    ProblemError,
    Ridge,
    identity,
    relu,
)
from piecewise.problems import Examples, copied

LIKE = Problem(
    FeedForward([1], activation=Interpolated(relu, identity), output_bias=1),
    inputs=[[0], [2], [1]],
    targets=[-1, 3, "1/2"],
    interval=(0, 1),
)
FAMILY = DataClass(LIKE, 4)


@pytest.fixture(scope="module")
def found():
    return find_shattered(FAMILY, tries=150, instances=2, seed=5)


@pytest.fixture(scope="module")
def document(found):
    return witness_document(found, found.witness)


# -- proposals -------------------------------------------------------------------------------

values = st.lists(st.integers(0, 6), min_size=8, max_size=8)


@given(values, st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_best_split_against_all_thresholds(row, labels):
    row, labels = np.array(row, dtype=float), np.array(labels)
    found = best_split(row, labels)

    def splits(threshold):
        return count_patterns(2 * labels + (row >= threshold)) - count_patterns(labels)

    assert found.classes == max(splits(k / 2) for k in range(-1, 15))
    if found.classes:
        assert found.lower < found.upper
        assert splits(found.upper) == found.classes
        assert splits((found.lower + found.upper) / 2) == found.classes


@given(st.lists(values, min_size=1, max_size=3))
def test_places_have_their_pattern(rows):
    rows = [np.array(row, dtype=float) for row in rows]
    thresholds = [2.5] * len(rows)
    labels = pattern_labels(rows, thresholds)
    places = clearest_places(rows, thresholds)
    assert len(places) == count_patterns(labels)
    for pattern, place in places.items():
        assert pattern == sum(int(row[place] >= 2.5) << i for i, row in enumerate(rows))


def test_data_sets_stay_in_the_ranges_and_differ():
    random = Random(0)
    data = FAMILY.drawn(random)
    for _ in range(200):
        data = FAMILY.changed(data, random)
        assert len(data) == 4
        assert all(0 <= k <= LEVELS for row in data for k in row)
    problem = FAMILY.problem(data)
    assert all(0 <= x <= 2 for (x,) in problem.inputs)
    assert all(-1 <= y <= 3 for y in problem.targets)
    assert (problem.model, problem.interval) == (LIKE.model, LIKE.interval)
    one_value = DataClass(Problem(Ridge(), inputs=[[3], [3]], targets=[0, 1], interval=(0, 1)), 2)
    assert one_value.ranges[0] == (2, 4)


def test_a_data_set_changes_nothing_but_the_data():
    """Whatever a problem comes to hold, it is kept."""
    like = Problem(
        FeedForward([1], activation=Interpolated(relu, identity), output_weights="signs"),
        inputs=[[0], [2]],
        targets=[1, 3],
        interval=("1/3", "1/2"),
        box=(-2, 3),
        weight_decay="1/7",
        reduction="sum",
        features=["speed"],
        target="dist",
    )
    made = DataClass(like, 2).problem(((0, 0), (LEVELS, LEVELS)))
    for entry in fields(Problem):
        if entry.name in ("inputs", "targets"):
            continue
        assert getattr(made, entry.name) == getattr(like, entry.name), entry.name
    assert (made.inputs, made.targets) == (like.inputs, like.targets)
    lasso = Problem(Linear(), inputs=[[1]], targets=[1], penalty=Penalty(Fraction(1), False))
    assert DataClass(lasso, 1).problem(((0, 0),)).penalty == lasso.penalty


def test_labels_of_the_zero_one_loss():
    like = Problem(Linear(), inputs=[[1], [2]], targets=[1, -1], loss="zero-one")
    random = Random(1)
    family = DataClass(like, 9)
    assert set(family.problem(family.drawn(random)).targets) == {1, -1}


# -- the search ------------------------------------------------------------------------------


def test_a_shattered_pair_is_found_and_confirmed_by_another_route(found):
    witness = found.witness
    assert str(witness.report) == "Pdim >= 2, verified (4 patterns)"
    duals = [dual_of(FAMILY, data) for data in witness.data]
    assert threshold_patterns(duals, witness.thresholds).shattered
    for r, alpha in enumerate(witness.alphas):
        pattern = [int(dual(alpha) >= t) for dual, t in zip(duals, witness.thresholds, strict=True)]
        assert pattern == [r & 1, r >> 1]


def test_the_result_is_a_function_of_the_seed(found):
    again = find_shattered(FAMILY, tries=150, instances=2, seed=5, jobs=2)
    assert again.witness.data == found.witness.data
    assert again.witness.thresholds == found.witness.thresholds
    assert again.witness.alphas == found.witness.alphas
    assert again.tried == found.tried


def test_the_lower_bound_is_below_the_upper_bound(found):
    upper, name = upper_bound(FAMILY.problem(found.witness.data[0]))
    assert found.witness.instances <= upper
    assert name == "Lemma 1 with Lemma 5"


def test_duals_that_only_rise_shatter_no_pair():
    """Ridge duals increase in α: two of them take at most three patterns."""
    ridge = Problem(Ridge(), inputs=[[0], [1]], targets=[0, 1], interval=(0, 2))
    found = find_shattered(DataClass(ridge, 1), tries=200)
    assert found.witness.instances == 1
    assert found.patterns <= 3
    assert 200 <= found.tried < 210


def test_a_budget_of_time_ends_the_search():
    found = find_shattered(FAMILY, out_of_time=lambda: True)
    assert found.witness is None
    assert found.tried == 0


# -- the document and its checker ------------------------------------------------------------


def test_the_witness_is_accepted(document):
    report = verify(document)
    assert report.accepted
    assert str(report) == "accepted: proved (checked: instances 2, patterns 4)"
    assert json.loads(json.dumps(document)) == document


def forged(document, change):
    """The document after ``change``, with digests that fit."""
    copied = copy.deepcopy(document)
    change(copied)
    for part in (*copied["instances"], copied):
        part["digest"] = digest({k: v for k, v in part.items() if k != "digest"})
    return copied


def swap(document):
    alphas = document["alphas"]
    alphas[1], alphas[2] = alphas[2], alphas[1]


def other_class(document):
    other = find_shattered(DataClass(LIKE, 5), tries=8, instances=1, seed=1)
    document["instances"][1] = witness_document(other, other.witness)["instances"][0]


def deeper(document):
    document["instances"][0]["pieces"][0]["value"]["numerator"][0] = "7"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swap, "alphas[1]: pattern 01 does not occur"),
        (lambda d: d["thresholds"].__setitem__(1, "1000000"), "pattern 10 does not occur"),
        (lambda d: d["thresholds"].__setitem__(0, "-1000000"), "pattern 00 does not occur"),
        (lambda d: d["instances"].reverse(), "does not occur"),
        (lambda d: d["claim"].update(pseudo_dimension_at_least=3), "2 instances are given"),
        (lambda d: d["alphas"].pop(), "2 instances need 2 thresholds and 4"),
        (lambda d: d["alphas"].__setitem__(0, "2"), "2 is not inside the interval"),
        (lambda d: d["alphas"].__setitem__(0, "0"), "0 is not inside the interval"),
        (other_class, "instances[1].problem: not of the class of instances[0]"),
        (deeper, "instances[0]: "),
        (lambda d: d["instances"][0].update(verdict="unresolved"), "instances[0]: the document"),
    ],
)
def test_a_false_witness_is_rejected(document, change, words):
    report = verify(forged(document, change))
    assert not report.accepted
    assert words in str(report)


def test_a_changed_provenance_is_noticed(document):
    changed = copy.deepcopy(document)
    changed["provenance"]["seed"] = 6
    assert "digest: not that of this document" in str(verify(changed))


def test_no_value_is_read_off_a_jump(document):
    """A certificate that is accepted is taken at its word about jumps: none is used."""
    from pieceproof.checking.reading import Refuted
    from pieceproof.checking.witnesses import check_witness

    changed = copy.deepcopy(document)
    certificate = changed["instances"][0]
    point = changed["alphas"][0]
    certificate["pieces"] = [
        {**certificate["pieces"][0], "interval": ["0", point]},
        {**certificate["pieces"][0], "interval": [point, "1"]},
    ]
    certificate["breakpoints"] = [{"kind": "jump"}]
    with pytest.raises(Refuted, match="its dual jumps at"):
        check_witness(changed, lambda certificate: ())


# -- the command -----------------------------------------------------------------------------

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


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    assert main(["shatter", "spec.toml", "--tries", "60", "--instances", "2"]) == 0
    printed = capsys.readouterr().out
    assert "Pdim >= 2, verified (4 patterns)" in printed
    assert "Lemma 1 with Lemma 5" in printed
    assert "of 4 examples, seed 0" in printed
    assert main(["verify", "spec-shattered.json"]) == 0
    assert "instances 2, patterns 4" in capsys.readouterr().out
    (tmp_path / "other.json").write_text(
        (tmp_path / "spec-shattered.json").read_text().replace('"alphas"', '"places"')
    )
    assert main(["verify", "other.json"]) == 2
    assert "the key 'alphas' is missing" in capsys.readouterr().err


def test_a_goal_that_is_not_reached_is_partial(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    arguments = ["shatter", "spec.toml", "--tries", "8", "--instances", "9", "--json"]
    assert main([*arguments, "--out", "w.json"]) == 3
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "w.json").read_text())
    assert main([*arguments, "--seconds", "0"]) == 3
    assert json.loads(capsys.readouterr().out)["claim"] == {"pseudo_dimension_at_least": 0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "no/w.json"], "no/w.json: --out: there is no folder no"),
        (["--instances", "21"], "21 is not in the range 1<=x<=20"),
        (["--examples", "0"], "0 is not in the range"),
    ],
)
def test_bad_input_is_one_line(tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    assert main(["shatter", "spec.toml", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: find_shattered(FAMILY, tries=0), BoundsError, "tries: 0 is too small"),
        (lambda: find_shattered(FAMILY, instances=21), BoundsError, "instances: 21 exceeds"),
        (lambda: DataClass(LIKE, 0), ProblemError, "examples: 0 given"),
        (
            lambda: DataClass(copied(LIKE, Examples([[1]], [1])), 2),
            ProblemError,
            "validation: held-out examples are not varied",
        ),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()


# -- constructions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["intervals", "--pieces", "9"], "Pdim >= 3, verified (8 patterns)"),
        (["grid", "--boundaries", "3", "--parameters", "2"], "Pdim >= 2, verified (4 patterns)"),
        (["wells", "--per-axis", "4", "--parameters", "2"], "degree       8 in 2 parameters"),
    ],
)
def test_constructions_by_the_command(capsys, arguments, words):
    assert main(["construct", *arguments]) == 0
    assert words in capsys.readouterr().out
    assert main(["construct", *arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "verified"
    assert document["patterns_checked"] == 2 ** document["pseudo_dimension_at_least"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["wells", "--per-axis", "4"], "--parameters is missing; give --per-axis N --parameters N"),
        (["grid", "--pieces", "4", "--boundaries", "1", "--parameters", "1"], "--pieces is not"),
        (["intervals", "--pieces", "1"], "instances: 0 are constructed"),
        (["intervals", "--pieces", "0"], "pieces: 0 is too small"),
        (["wells", "--per-axis", "900", "--parameters", "9"], "more than the 8192 wells"),
        (["cubes"], "'cubes' is not one of"),
    ],
)
def test_constructions_that_cannot_be_built(capsys, arguments, words):
    assert main(["construct", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
