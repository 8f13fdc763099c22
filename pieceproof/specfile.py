"""Spec files: a TOML description of model, data, hyperparameter interval and parameter box.

Decimals are exact ("0.1" is 1/10) and may be written as strings "p/q"; paths are relative
to the spec; nothing in a spec is ever evaluated as code; unknown keys are errors.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, log10
from pathlib import Path

from pieceproof import graphspec, modelspec
from pieceproof.csvdata import DataError, TooManyRows, read_csv
from pieceproof.tables import SpecError, Table
from piecewise import (
    Examples,
    FeedForward,
    Linear,
    Model,
    Penalty,
    Problem,
    ProblemError,
)
from piecewise.problems import DEFAULT_BOX

MAX_SPEC_BYTES = 4_000_000
"""Largest spec read; more data belongs into a CSV file."""

DEFAULT_ROWS = 10_000
"""Examples accepted unless ``[budget] rows`` says otherwise."""

DATA_KEYS = ("csv", "features", "target", "inputs", "targets")

KEYS = {
    "hyperparameter": ("interval",),
    "model": modelspec.KEYS,
    "parameters": ("box",),
    "loss": ("kind", "weight_decay", "reduction"),
    "regularisation": ("penalty", "ratio", "biases"),
    "data": DATA_KEYS,
    "validation": ("every", "last", "csv", "inputs", "targets"),
    "budget": ("rows",),
    "tasks": ("bootstrap", "seed", "size"),
}
"""Sections of a spec and their keys; a graph convolution has others in ``model`` and ``data``."""

GRAPH_KEYS = {"model": graphspec.MODEL_KEYS, "data": graphspec.DATA_KEYS}

Rows = Sequence[Sequence[Fraction]]


def load_problem(path: str | Path) -> Problem:
    """The problem that the spec file ``path`` states.

    Raises:
        SpecError: with one line ``file: key: problem; remedy``.
    """
    file = str(path)
    root = Table(file, "", read_toml(Path(path), "examples/cars.toml")).allow(*KEYS)
    sections = {name: root.table(name) for name in KEYS}
    for name, keys in KEYS.items():
        if name not in GRAPH_KEYS:
            sections[name].allow(*keys)
    loss, data, interval = sections["loss"], sections["data"], sections["hyperparameter"]
    try:
        budget = sections["budget"].positive("rows", DEFAULT_ROWS)
        folder = Path(path).parent
        if modelspec.kind_of(sections["model"]) == "polynomial":
            _check_alone(sections)
        stated = _stated(sections["model"], data, folder, budget)
        inputs, targets, validation = stated.inputs, stated.targets, None
        if "validation" in root:
            inputs, targets, validation = _split(sections, folder, stated, budget)
        return Problem(
            stated.model,
            inputs=inputs,
            targets=targets,
            interval=_pair(interval, "interval", "interval = [0, 1]"),
            box=_box(sections["parameters"]),
            loss=loss.text("kind", 'kind = "squared"') if "kind" in loss else "squared",
            weight_decay=loss.number("weight_decay", loss.entries.get("weight_decay", 0)),
            reduction=loss.text("reduction", 'reduction = "mean"')
            if "reduction" in loss
            else "mean",
            features=stated.features,
            target=stated.target,
            penalty=_penalty(sections["regularisation"]),
            validation=validation,
        )
    except ProblemError as error:
        raise SpecError(f"{file}: {_located(str(error))}") from None


@dataclass(frozen=True)
class _Stated:
    """Model and examples."""

    model: Model
    inputs: Rows
    targets: Sequence[Fraction]
    features: Sequence[str] | None
    target: str


def _check_alone(sections: dict[str, Table]) -> None:
    """That a polynomial objective comes without data and loss.

    Raises:
        SpecError: it does not.
    """
    for name in ("data", "loss", "regularisation", "validation", "tasks"):
        for key in sections[name].entries:
            problem = f"a polynomial is the whole objective; leave [{name}] out"
            raise sections[name].error(key, problem)


def _stated(table: Table, data: Table, folder: Path, budget: int) -> _Stated:
    if modelspec.kind_of(table) == "gcn":
        graph = graphspec.graph_data(table, data, folder, budget)
        return _Stated(graph.model, graph.inputs, graph.targets, graph.features, graph.target)
    if modelspec.kind_of(table) == "polynomial":
        return _Stated(modelspec.model_of(table), (), (), None, "y")
    data.allow(*DATA_KEYS)
    model = modelspec.model_of(table)
    inputs, targets = _examples(data, folder, model, budget)
    features = _features(data) if "features" in data else None
    return _Stated(model, inputs, targets, features, _target(data) if "target" in data else "y")


def task_section(path: str | Path) -> Table:
    """The table ``[tasks]`` of a spec, empty when it is missing (see :mod:`pieceproof.tasks`).

    Raises:
        SpecError: not a spec file, or an unknown key.
    """
    root = Table(str(path), "", read_toml(Path(path), "examples/cars.toml"))
    return root.table("tasks").allow(*KEYS["tasks"])


def read_toml(path: Path, example: str) -> dict[str, object]:
    """The file as TOML, a decimal as the string of its digits; ``example`` shows how to write one.

    Raises:
        SpecError: no such file, too large, or not TOML.
    """
    try:
        if not path.is_file():
            raise SpecError(f"{path}: spec: no such file; check the path")
        if path.stat().st_size > MAX_SPEC_BYTES:
            limit = f"{MAX_SPEC_BYTES // 10**6} MB"
            raise SpecError(f"{path}: spec: larger than {limit}; put the data in a CSV file")
        content = path.read_bytes()
    except OSError as error:
        raise SpecError(f"{path}: spec: {error.strerror}; check the path") from None
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        return tomllib.loads(text, parse_float=_digits)
    except UnicodeDecodeError:
        raise SpecError(f"{path}: spec: not UTF-8; save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:  # also an integer of thousands of digits
        raise SpecError(f"{path}: spec: not TOML: {error}; see {example}") from None


def _digits(text: str) -> str:
    """A TOML float kept as its digits, so that it is read exactly."""
    return text.replace("_", "")


def _located(message: str) -> str:
    """The message of a ProblemError, ``key: …`` or ``key.part: …``, under its full key."""
    key = message.partition(":")[0].partition(".")[0]
    known = [*KEYS.items(), *GRAPH_KEYS.items(), ("model", modelspec.POLYNOMIAL_KEYS)]
    sections = [name for name, keys in known if key in keys]
    if sections:
        return f"{sections[0]}.{message}"
    return message if key in KEYS else f"model: {message}"


def _pair(table: Table, key: str, example: str) -> tuple[Fraction, ...]:
    ends = table.numbers(key, table.require(key, example), example)
    if len(ends) != 2:
        raise table.error(key, f"it must be a pair [lower, upper]; write {example}")
    return ends


def _box(table: Table) -> Sequence[Fraction | int] | dict[str, Sequence[Fraction]]:
    if "box" not in table:
        return DEFAULT_BOX
    if not isinstance(table.entries["box"], dict):
        return _pair(table, "box", "box = [-100, 100]")
    ranges = table.table("box")
    return {name: _pair(ranges, name, f"{name} = [-100, 100]") for name in ranges.entries}


def _penalty(table: Table) -> Penalty | None:
    if not table.entries:
        return None
    return Penalty.of(
        table.text("penalty", 'penalty = "l1", "l2" or "elastic"'),
        table.number("ratio", table.entries["ratio"]) if "ratio" in table else None,
        table.flag("biases", False),
    )


def _features(table: Table) -> list[str]:
    return table.strings("features", 'features = ["NAME"]')


def _target(table: Table) -> str:
    return table.text("target", 'target = "NAME"')


def _examples(
    table: Table, folder: Path, model: Model, budget: int
) -> tuple[Rows, Sequence[Fraction]]:
    if "csv" in table:
        table.allow("csv", "features", "target")
        return _from_csv(table, folder, model, budget)
    if "inputs" not in table:
        raise table.error("csv", 'missing; write csv = "FILE.csv", or inputs = [[1], [2]]')
    example = "inputs = [[1], [2]]"
    rows = table.items("inputs", example)
    targets = table.items("targets", "targets = [1, 2]")
    if len(rows) > budget:
        width = len(rows[0]) if isinstance(rows[0], list) else 1
        size = f"{len(rows):,} rows{_cell_bound(model, len(rows), width)}"
        raise _over_budget(table, "inputs", size, len(rows), budget)
    return (
        [table.numbers("inputs", row, example) for row in rows],
        [table.number("targets", value) for value in targets],
    )


def _split(
    sections: dict[str, Table], folder: Path, data: _Stated, budget: int
) -> tuple[Rows, Sequence[Fraction], Examples]:
    """Training inputs and targets, and the held-out examples that [validation] states."""
    table = sections["validation"]
    if not isinstance(data.model, (FeedForward, Linear)):
        raise table.error("every", "a graph has no held-out examples; leave [validation] out")
    ways = [way for way in ("every", "last", "csv", "inputs") if way in table]
    if len(ways) != 1:
        raise table.error(
            "every", 'give one of every = 4, last = 20, csv = "FILE.csv", or inputs and targets'
        )
    if ways[0] in ("csv", "inputs"):
        chosen = {key: sections["data"].entries.get(key) for key in ("features", "target")}
        known = {key: value for key, value in chosen.items() if value is not None}
        own = Table(table.file, table.name, {**table.entries, **known})
        held_out = Examples(*_examples(own, folder, data.model, budget))
        return data.inputs, data.targets, held_out
    table.allow(ways[0])
    size, count = len(data.targets), table.positive(ways[0], 4)
    held = range(count - 1, size, count) if ways[0] == "every" else range(size - count, size)
    if not 0 < len(held) < size or held[0] < 0:
        raise table.error(ways[0], f"{count} does not split {size} examples in two; choose another")
    kept = [row for row in range(size) if row not in held]
    return (
        [data.inputs[row] for row in kept],
        [data.targets[row] for row in kept],
        Examples([data.inputs[row] for row in held], [data.targets[row] for row in held]),
    )


def _from_csv(
    table: Table, folder: Path, model: Model, budget: int
) -> tuple[Rows, Sequence[Fraction]]:
    name, features = table.text("csv", 'csv = "FILE.csv"'), _features(table)
    try:
        return read_csv(folder / name, features, _target(table), budget)
    except TooManyRows as error:
        size = f"{name} has {error}{_cell_bound(model, error.rows, len(features))}"
        raise _over_budget(table, "csv", size, error.rows, budget) from None
    except DataError as error:
        raise table.error("csv", f"{name}: {error}") from None
    except OSError as error:
        raise table.error("csv", f"{name}: {error.strerror}; check the path") from None


def _over_budget(table: Table, key: str, size: str, rows: int, budget: int) -> SpecError:
    remedy = f"keep fewer rows, or raise it with [budget] rows = {rows}"
    return table.error(key, f"{size} exceeds the budget of {budget:,} rows; {remedy}")


def _cell_bound(model: Model, rows: int, inputs: int) -> str:
    """Σ_{i≤n} C(m, i) cells of m hyperplanes in R^n per unit of a layer, for a size estimate."""
    if not isinstance(model, FeedForward):
        return ""
    hyperplanes, dimension = rows * len(model.activation.breakpoints), inputs + model.bias
    cells = sum(comb(hyperplanes, i) for i in range(dimension + 1))
    return f", up to 10^{model.hidden[0] * log10(cells):.0f} cells,"
