"""Spec files: what they state is read exactly; what they cannot state is refused in one line."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pieceproof.specfile import DEFAULT_ROWS, KEYS, load_problem
from pieceproof.tables import SpecError
from piecewise import Interpolated, Ridge, custom, identity, leaky_relu, relu

EXAMPLES = Path(__file__).parent.parent / "examples"

SPEC = """\
[hyperparameter]
interval = [0, 1]

[model]
kind = "feedforward"
hidden = [2]
activation = { interpolate = ["relu", "identity"] }
output_weights = [1, -1]
output_bias = 40

[parameters]
box = [-10, 10]

[loss]
weight_decay = 0

[data]
csv = "data.csv"
features = ["speed", "load"]
target = "dist"
"""

ROWS = "speed,load,dist\n4,0.1,2\n4,1/3,10\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good spec and its data."""
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "data.csv").write_text(ROWS, encoding="utf-8")
    return tmp_path


class Bare(str):
    """A TOML value written as it is."""


def toml(value: object) -> str:
    """A TOML value on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(entry) for entry in value) + "]"
    return value if isinstance(value, Bare) else json.dumps(value)


def refusal(path: Path) -> str:
    """The one line with which the spec at ``path`` is refused, without the folder's name."""
    with pytest.raises(SpecError) as caught:
        load_problem(path)
    line = str(caught.value)
    assert "\n" not in line
    prefix = f"{path.parent}/"
    assert line.startswith(prefix)
    return line.removeprefix(prefix)


def edited(folder: Path, old: str, new: str) -> Path:
    """The spec with ``old`` replaced by ``new``."""
    path = folder / "spec.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


# --- what a spec states ----------------------------------------------------------------


def test_every_part_of_a_spec_is_read_exactly(folder: Path) -> None:
    problem = load_problem(folder / "spec.toml")
    assert problem.interval == (0, 1)
    assert problem.model.hidden == (2,)
    assert problem.model.activation == Interpolated(relu, identity)
    assert problem.model.bias
    assert problem.model.output_weights == (1, -1)
    assert problem.model.output_bias == 40
    assert (problem.loss, problem.reduction, problem.weight_decay) == ("squared", "mean", 0)
    assert problem.features == ("speed", "load")
    assert problem.target == "dist"
    assert problem.inputs == ((4, Fraction(1, 10)), (4, Fraction(1, 3)))
    assert problem.targets == (2, 10)
    assert [entry.name for entry in problem.parameters] == [
        *("w1_speed", "w1_load", "b1"),
        *("w2_speed", "w2_load", "b2"),
    ]
    assert {(entry.lower, entry.upper) for entry in problem.parameters} == {(-10, 10)}


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.toml")))
def test_the_examples_are_problems(name: str) -> None:
    problem = load_problem(EXAMPLES / name)
    alpha = problem.interval[0]
    middle = [(entry.lower + entry.upper) / 2 for entry in problem.parameters]
    assert problem.value(alpha, middle) > 0


def test_the_examples_state_what_their_comments_say() -> None:
    cars = load_problem(EXAMPLES / "cars.toml")
    assert len(cars.inputs) == 50
    assert [entry.name for entry in cars.parameters] == ["w1_speed", "b1"]
    diabetes = load_problem(EXAMPLES / "diabetes.toml")
    assert len(diabetes.inputs) == 60
    assert diabetes.inputs[0] == (Fraction("32.1"), 101)
    assert load_problem(EXAMPLES / "ridge.toml").model == Ridge(bias=True)
    hat = load_problem(EXAMPLES / "custom.toml")
    assert hat.model.activation == Interpolated(
        custom([-1, 0, 1], [[], [1, 1], [1, -1], []], name="hat"), leaky_relu("0.1")
    )
    assert hat.parameters[1].lower == -2
    assert load_problem(EXAMPLES / "signs.toml").model.output_weights == "signs"


def test_the_documented_spec_states_every_key(tmp_path: Path) -> None:
    page = (EXAMPLES.parent / "docs/spec.md").read_text(encoding="utf-8")
    block = re.search(
        r"(?:^    .*\n|^\n)+", page[page.index("    [hyperparameter]") :], re.MULTILINE
    )
    assert block is not None
    text = textwrap.dedent(block[0])
    stated = tomllib.loads(text)
    assert set(stated) == set(KEYS)
    for section, keys in KEYS.items():
        assert set(stated[section]) == set(keys) - {"inputs", "targets"}
    text = text.replace("last = 20", "").replace('csv = "more.csv"', "")
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    shutil.copy(EXAMPLES / "cars.csv", tmp_path)
    assert load_problem(tmp_path / "spec.toml").parameters[0].upper == 100


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0.1", Fraction(1, 10)),
        ('"1/3"', Fraction(1, 3)),
        ("1_000.25", Fraction(4001, 4)),
        ("1e-3", Fraction(1, 1000)),
        ("0.30000000000000000000000000000000000001", Fraction(3 * 10**37 + 1, 10**38)),
    ],
)
def test_decimals_are_exact(folder: Path, written: str, value: Fraction) -> None:
    path = edited(folder, "weight_decay = 0", f"weight_decay = {written}")
    assert load_problem(path).weight_decay == value


def test_boxes_by_parameter_name_leave_the_others_wide(folder: Path) -> None:
    path = edited(folder, "box = [-10, 10]", "box.b1 = [0, 0.5]\nbox.w2_load = [-1, 1]")
    ranges = {entry.name: (entry.lower, entry.upper) for entry in load_problem(path).parameters}
    assert ranges["b1"] == (0, Fraction(1, 2))
    assert ranges["w2_load"] == (-1, 1)
    assert ranges["w1_speed"] == (-100_000, 100_000)


def test_what_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text(
        "hyperparameter.interval = [0, 1]\n"
        '[model]\nkind = "feedforward"\nhidden = [2]\n'
        'activation = { interpolate = ["abs", "relu"] }\n'
        "[data]\ninputs = [[1, 2], [3, 4]]\ntargets = [1, 0.5]\n",
        encoding="utf-8",
    )
    problem = load_problem(path)
    assert problem.features == ("x1", "x2")
    assert problem.target == "y"
    assert problem.model.output_weights == (1, 1)
    assert problem.model.output_bias == 0
    assert problem.targets == (1, Fraction(1, 2))


def test_trainable_output_bias(folder: Path) -> None:
    path = edited(folder, "output_bias = 40", 'output_bias = "trainable"')
    assert load_problem(path).parameters[-1].name == "c"


def test_csv_with_byte_order_mark_blank_lines_quotes_and_other_columns(folder: Path) -> None:
    (folder / "data.csv").write_bytes(
        '\ufeffdist,note, load ,speed\r\n2,"a, b",0.1,4\r\n\r\n  \r\n10,,1/3, 4 \r\n'.encode()
    )
    problem = load_problem(folder / "spec.toml")
    assert problem.inputs == ((4, Fraction(1, 10)), (4, Fraction(1, 3)))
    assert problem.targets == (2, 10)


def test_spec_with_byte_order_mark_and_windows_line_ends(folder: Path) -> None:
    path = folder / "spec.toml"
    expected = load_problem(path)
    path.write_bytes(b"\xef\xbb\xbf" + SPEC.replace("\n", "\r\n").encode())
    assert load_problem(path) == expected


# --- what is refused -------------------------------------------------------------------

WRONG_SPECS = {
    "unknown penalty": (
        "[loss]",
        '[regularisation]\npenalty = "l3"\n[loss]',
        "regularisation.penalty: 'l3' is unknown; choose l1, l2 or elastic",
    ),
    "elastic net without a ratio": (
        "[loss]",
        '[regularisation]\npenalty = "elastic"\n[loss]',
        "regularisation.ratio: missing; give the share of |w|₁, for example ratio = 0.5",
    ),
    "a ratio out of range": (
        "[loss]",
        '[regularisation]\npenalty = "elastic"\nratio = 1\n[loss]',
        "regularisation.ratio: 1 is not between 0 and 1; use l2 for 0 and l1 for 1",
    ),
    "a ratio for the lasso": (
        "[loss]",
        '[regularisation]\npenalty = "l1"\nratio = 0.5\n[loss]',
        "regularisation.ratio: only penalty = \"elastic\" has one, not 'l1'",
    ),
    "a ratio without a penalty": (
        "[loss]",
        "[regularisation]\nratio = 0.5\n[loss]",
        'regularisation.penalty: missing; write penalty = "l1", "l2" or "elastic"',
    ),
    "unknown section": ("[loss]", "[los]", "los: unknown key; did you mean 'loss'?"),
    "unknown key": (
        "hidden = [2]",
        "hiden = [2]",
        "model.hiden: unknown key; did you mean 'hidden'?",
    ),
    "unknown key without a neighbour": (
        "weight_decay = 0",
        "zzz = 0",
        "loss.zzz: unknown key; choose one of kind, weight_decay, reduction",
    ),
    "unknown activation": (
        '"relu"',
        '"swish"',
        "model.activation.interpolate: unknown activation 'swish'; choose from abs, hard_sigmoid, "
        "hard_tanh, identity, relu, relu2, square, step, leaky_relu(SLOPE), or give a table "
        "{ breakpoints = [..], pieces = [[..], ..] }",
    ),
    "python code as activation": (
        '"relu"',
        "\"__import__('os').system\"",
        "model.activation.interpolate: unknown activation \"__import__('os').system\"; "
        "choose from abs, hard_sigmoid, hard_tanh, identity, relu, relu2, square, step, "
        "leaky_relu(SLOPE), or give a table { breakpoints = [..], pieces = [[..], ..] }",
    ),
    "python code as slope": (
        '"relu"',
        '"leaky_relu(exit())"',
        "model.activation.interpolate: 'exit()' is not a finite number; write a decimal or \"p/q\"",
    ),
    "python module as key": (
        "hidden = [2]",
        'hidden = [2]\npython = "module:function"',
        "model.python: unknown key; choose one of kind, hidden, activation, bias, "
        "output_weights, output_bias",
    ),
    "python code as coefficient": (
        '"identity"',
        '{ breakpoints = [0], pieces = [[], ["1+1"]] }',
        "model.activation.interpolate.pieces: '1+1' is not a finite number; "
        'write a decimal or "p/q"',
    ),
    "custom activation of the wrong shape": (
        '"identity"',
        '{ name = "hat", breakpoints = [0, 1], pieces = [[], [1]] }',
        "model.activation.interpolate: activation hat: 2 breakpoints need 3 coefficient lists, "
        "not 2; write breakpoints = [0], pieces = [[0], [0, 1]]",
    ),
    "activation neither name nor table": (
        '{ interpolate = ["relu", "identity"] }',
        "1",
        'model.activation: it must be a name or a table; write "relu", '
        'or { interpolate = ["relu", "identity"] }',
    ),
    "one activation": (
        '["relu", "identity"]',
        '["relu"]',
        "model.activation.interpolate: it must name two activations; "
        'write interpolate = ["relu", "identity"]',
    ),
    "unknown model": (
        '"feedforward"',
        '"feedfoward"',
        "model.kind: unknown model 'feedfoward'; did you mean 'feedforward'?",
    ),
    "keys of a network for a graph": (
        '"feedforward"',
        '"gcn"',
        "model.activation: unknown key; choose one of kind, graph, edges, nodes, degree, power, "
        "hidden, output_weights",
    ),
    "key of another model": (
        '"feedforward"',
        '"ridge"',
        "model.hidden: unknown key; choose one of kind, bias",
    ),
    "no units": (
        "hidden = [2]",
        "hidden = [0]",
        "model.hidden: give at least one layer, each with at least one unit",
    ),
    "too many units": (
        "hidden = [2]",
        "hidden = [100000]",
        "model.hidden: 100000 units are more than 1000 in a layer",
    ),
    "nothing said about what is held out": (
        "[data]",
        "[validation]\n[data]",
        'validation.every: give one of every = 4, last = 20, csv = "FILE.csv", or inputs and '
        "targets",
    ),
    "fractional width": (
        "hidden = [2]",
        "hidden = [2.5]",
        "model.hidden: widths must be integers; write hidden = [1]",
    ),
    "output weights of another length": (
        "[1, -1]",
        "[1]",
        "model.output_weights: 1 given for 2 units in the last layer",
    ),
    "unknown output weights": (
        "[1, -1]",
        '"sings"',
        'model.output_weights: \'sings\' is neither a list, "signs" nor "trainable"',
    ),
    "text as output bias": (
        "output_bias = 40",
        'output_bias = "fixed"',
        "model.output_bias: 'fixed' is not a finite number; write a decimal or \"p/q\"",
    ),
    "text as truth value": (
        "hidden = [2]",
        'hidden = [2]\nbias = "yes"',
        "model.bias: 'yes' is not a truth value; write true or false",
    ),
    "missing interval": (
        "interval = [0, 1]",
        "",
        "hyperparameter.interval: missing; write interval = [0, 1]",
    ),
    "reversed interval": (
        "interval = [0, 1]",
        "interval = [1, 0]",
        "hyperparameter.interval: lower end 1 is not below upper end 0",
    ),
    "infinite interval": (
        "interval = [0, 1]",
        "interval = [0, inf]",
        "hyperparameter.interval: 'inf' is not a finite number; write a decimal or \"p/q\"",
    ),
    "interval of three": (
        "interval = [0, 1]",
        "interval = [0, 1, 2]",
        "hyperparameter.interval: it must be a pair [lower, upper]; write interval = [0, 1]",
    ),
    "section that is no table": (
        "[hyperparameter]\ninterval = [0, 1]",
        "hyperparameter = 1",
        "hyperparameter: 1 is not a table; write [hyperparameter]",
    ),
    "reversed box": (
        "[-10, 10]",
        "[10, -10]",
        "parameters.box: lower end 10 is not below upper end -10",
    ),
    "reversed range in a box": (
        "box = [-10, 10]",
        "box.b1 = [1, 1]",
        "parameters.box.b1: lower end 1 is not below upper end 1",
    ),
    "unknown parameter in a box": (
        "box = [-10, 10]",
        "box.b3 = [0, 1]",
        "parameters.box: no parameter is called 'b3'; "
        "there are w1_speed, w1_load, b1, w2_speed, w2_load, b2",
    ),
    "nan": (
        "weight_decay = 0",
        "weight_decay = nan",
        "loss.weight_decay: 'nan' is not a finite number; write a decimal or \"p/q\"",
    ),
    "negative weight decay": (
        "weight_decay = 0",
        "weight_decay = -0.5",
        "loss.weight_decay: -1/2 is negative; it must be at least 0",
    ),
    "huge exponent": (
        "weight_decay = 0",
        "weight_decay = 1e9999",
        "loss.weight_decay: '1e9999' has a decimal exponent beyond 400",
    ),
    "unknown loss": (
        "weight_decay = 0",
        'kind = "hinge"',
        "loss: 'hinge' is unknown; choose one of squared, absolute, zero-one",
    ),
    "unknown reduction": (
        "weight_decay = 0",
        'reduction = "max"',
        "loss.reduction: 'max' is unknown; choose mean or sum",
    ),
    "missing csv": (
        "data.csv",
        "missing.csv",
        "data.csv: missing.csv: no such file; check the path",
    ),
    "folder as csv": ("data.csv", ".", "data.csv: .: not a regular file; check the path"),
    "wrong column": (
        '"dist"',
        '"dits"',
        "data.csv: data.csv: no column 'dits'; did you mean 'dist'?",
    ),
    "wrong feature": (
        '"load"',
        '"wind"',
        "data.csv: data.csv: no column 'wind'; choose one of speed, load, dist",
    ),
    "features that are no strings": (
        '"load"',
        "2",
        'data.features: it must be an array of strings; write features = ["NAME"]',
    ),
    "feature named twice": (
        '"load"',
        '"speed"',
        "data.features: 2 distinct names are needed, got ['speed', 'speed']",
    ),
    "csv and inline data": (
        'csv = "data.csv"',
        'csv = "data.csv"\ninputs = [[1]]',
        "data.inputs: unknown key; choose one of csv, features, target",
    ),
    "no data": (
        'csv = "data.csv"',
        "",
        'data.csv: missing; write csv = "FILE.csv", or inputs = [[1], [2]]',
    ),
    "row budget of nothing": (
        "[loss]",
        "[budget]\nrows = 0\n[loss]",
        f"budget.rows: 0 is not a positive integer; write rows = {DEFAULT_ROWS}",
    ),
}


@pytest.mark.parametrize("case", WRONG_SPECS)
def test_wrong_spec(folder: Path, case: str) -> None:
    old, new, expected = WRONG_SPECS[case]
    assert refusal(edited(folder, old, new)) == f"spec.toml: {expected}"


WRONG_DATA = {
    "non-numeric cell": (
        "4,1/3,10",
        "4,fast,10",
        "row 2 (line 3), column load: 'fast' is not a finite number; write a decimal or \"p/q\"",
    ),
    "nan cell": (
        "4,1/3,10",
        "4,1/3,nan",
        "row 2 (line 3), column dist: 'nan' is not a finite number; write a decimal or \"p/q\"",
    ),
    "infinite cell": (
        "4,0.1,2",
        "-inf,0.1,2",
        "row 1 (line 2), column speed: '-inf' is not a finite number; write a decimal or \"p/q\"",
    ),
    "empty cell": (
        "4,0.1,2",
        "\n,0.1,2",
        "row 1 (line 3), column speed: '' is not a finite number; write a decimal or \"p/q\"",
    ),
    "python code in a cell": (
        "4,0.1,2",
        "__import__('os'),0.1,2",
        "row 1 (line 2), column speed: \"__import__('os')\" is not a finite number; "
        'write a decimal or "p/q"',
    ),
    "zero denominator": (
        "1/3",
        "1/0",
        "row 2 (line 3), column load: '1/0' has a zero denominator",
    ),
    "missing cell": ("4,0.1,2", "4,2", "row 1 (line 2): 2 cells, but the header names 3"),
    "no rows": (
        "4,0.1,2\n4,1/3,10\n",
        "",
        "there are no rows below the header; give at least one example",
    ),
    "empty file": (ROWS, "", "no column 'speed'; the file is empty"),
    "column twice": (
        "speed,load,dist",
        "speed,load,load",
        "column 'load' appears twice; rename one",
    ),
    "open quote": ("4,0.1,2", '4,"0.1,2', "not CSV: unexpected end of data"),
    "endless line": (
        "4,0.1,2",
        "4" * 1_100_000,
        "a line is longer than 1,048,576 characters; is this CSV?",
    ),
}


@pytest.mark.parametrize("case", WRONG_DATA)
def test_wrong_data(folder: Path, case: str) -> None:
    old, new, expected = WRONG_DATA[case]
    assert old in ROWS
    text = ROWS.replace(old, new)
    (folder / "data.csv").write_text(text, encoding="utf-8")
    assert refusal(folder / "spec.toml") == f"spec.toml: data.csv: data.csv: {expected}"


def test_data_that_is_not_text(folder: Path) -> None:
    (folder / "data.csv").write_bytes(b"speed,load,dist\n\xff\xfe,1,2\n")
    assert "is not UTF-8; save the file as UTF-8" in refusal(folder / "spec.toml")


WRONG_INLINE = {
    "ragged rows": ("[[1, 2], [3]]", "[1, 2]", "data: row 2 has 1 inputs, row 1 has 2"),
    "fewer targets": ("[[1], [3]]", "[1]", "data: 2 input rows but 1 targets"),
    "empty": ("[]", "[]", "data: there are no examples; give at least one row"),
    "no rows but numbers": (
        "[1, 2]",
        "[1, 2]",
        "data.inputs: 1 is not an array of numbers; write inputs = [[1], [2]]",
    ),
    "a word": (
        '[["one"]]',
        "[1]",
        "data.inputs: 'one' is not a finite number; write a decimal or \"p/q\"",
    ),
    "a truth value": ("[[1]]", "[true]", "data.targets: True is not a number"),
}


@pytest.mark.parametrize("case", WRONG_INLINE)
def test_wrong_inline_data(folder: Path, case: str) -> None:
    inputs, targets, expected = WRONG_INLINE[case]
    path = folder / "spec.toml"
    head = SPEC[: SPEC.index("[data]")]
    path.write_text(f"{head}[data]\ninputs = {inputs}\ntargets = {targets}\n", encoding="utf-8")
    assert refusal(path) == f"spec.toml: {expected}"


def test_a_million_rows_are_refused_with_a_size_and_a_remedy(folder: Path) -> None:
    rows = 1_000_000
    (folder / "data.csv").write_text("speed,load,dist\n" + "12,3,45\n" * rows, encoding="utf-8")
    assert refusal(folder / "spec.toml") == (
        "spec.toml: data.csv: data.csv has about 1,000,000 rows (8.0 MB), up to 10^34 cells, "
        "exceeds the budget of 10,000 rows; keep fewer rows, "
        "or raise it with [budget] rows = 1000000"
    )


def test_the_row_budget_can_be_lowered_and_raised(folder: Path) -> None:
    path = edited(folder, "[loss]", "[budget]\nrows = 1\n[loss]")
    assert "has about 2 rows" in refusal(path)
    path = edited(folder, "rows = 1", "rows = 2")
    assert len(load_problem(path).inputs) == 2


def test_inline_rows_count_against_the_budget(folder: Path) -> None:
    path = folder / "spec.toml"
    head = SPEC[: SPEC.index("[data]")]
    path.write_text(
        f"{head}[budget]\nrows = 2\n[data]\ninputs = [[1], [2], [3]]\ntargets = [1, 2, 3]\n",
        encoding="utf-8",
    )
    assert refusal(path) == (
        "spec.toml: data.inputs: 3 rows, up to 10^2 cells, exceeds the budget of 2 rows; "
        "keep fewer rows, or raise it with [budget] rows = 3"
    )


UNREADABLE = {
    "syntax": (b"[model\n", "not TOML: Expected ']' at the end of a table declaration"),
    "huge integer": (b"a = 1" + b"0" * 5000, "not TOML: Exceeds the limit"),
    "deep nesting": (b"a = " + b"[" * 5000, "not TOML: "),
    "bytes": (b"\xff\xfe\x00", "not UTF-8; save the file as UTF-8"),
    "size": (b"# " + b"x" * 4_000_000, "larger than 4 MB; put the data in a CSV file"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_spec(tmp_path: Path, case: str) -> None:
    content, expected = UNREADABLE[case]
    path = tmp_path / "spec.toml"
    path.write_bytes(content)
    assert refusal(path).startswith(f"spec.toml: spec: {expected}")


def test_missing_spec(tmp_path: Path) -> None:
    expected = "spec.toml: spec: no such file; check the path"
    assert refusal(tmp_path / "spec.toml") == expected


# --- whatever a spec holds -------------------------------------------------------------

values = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-3, 3),
        st.sampled_from(["0.5", "inf", "nan"]).map(Bare),
        st.sampled_from(["relu", "signs", "trainable", "ridge", "1/2", "1/0", "x", "", "data.csv"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["interpolate", "breakpoints", "pieces", "b1"]), inner),
    ),
    max_leaves=6,
)
sections = {name: st.dictionaries(st.sampled_from(keys), values) for name, keys in KEYS.items()}


@given(st.fixed_dictionaries({}, optional=sections), st.sets(st.sampled_from(sorted(KEYS))))
def test_any_spec_is_a_problem_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, Any], kept: set[str]
) -> None:
    """Sections in ``kept`` are those of a good spec with some entries replaced."""
    folder = tmp_path_factory.getbasetemp()
    (folder / "data.csv").write_text(ROWS, encoding="utf-8")
    good = tomllib.loads(SPEC, parse_float=Bare)
    for section in kept & good.keys():
        entries[section] = {**good[section], **entries.get(section, {})}
    path = folder / "random.toml"
    path.write_text(
        "".join(f"{section} = {toml(table)}\n" for section, table in entries.items()),
        encoding="utf-8",
    )
    line = complaint(path)
    if line is not None:
        assert line.startswith(f"{path}: ")
        assert "\n" not in line
        assert "not TOML" not in line


def complaint(path: Path) -> str | None:
    """The line with which the spec is refused, or None."""
    try:
        load_problem(path)
    except SpecError as error:
        return str(error)
    return None
