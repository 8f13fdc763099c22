"""How far every family goes: sizes that finish in 10 s, in 10 minutes, or not.

Seeded random instances, the whole command each; what is printed are rows of the table in
``docs/reach.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.measure import Measurement, run

LIMIT = 600.0
"""Seconds given to the search; a checker and a picture come after it."""


@dataclass(frozen=True)
class Size:
    """One row: a network, or a graph convolution, on random data.

    ``model`` and ``loss`` are lines of the spec; ``labels`` makes the targets 1 and −1.
    """

    family: str
    size: str
    examples: int
    model: str
    inputs: int = 1
    loss: str = 'kind = "squared"'
    interval: tuple[str, str] = ("0", "1")
    labels: bool = False

    def spec(self, seed: int) -> str:
        """The spec of one random instance."""
        random = Random(seed)
        grid = 4 if self.examples <= 20 else 400  # many examples should be different ones
        rows = [
            [random.randint(-2 * grid, 2 * grid) / grid for _ in range(self.inputs)]
            for _ in self._each()
        ]
        targets = [
            random.choice((1, -1)) if self.labels else random.randint(-8, 16) / 4
            for _ in self._each()
        ]
        return "\n".join(
            (
                f'[hyperparameter]\ninterval = ["{self.interval[0]}", "{self.interval[1]}"]',
                f'[model]\nkind = "feedforward"\n{self.model}',
                "[parameters]\nbox = [-5, 5]",
                f"[loss]\n{self.loss}",
                f"[data]\ninputs = {[[str(x) for x in row] for row in rows]}",
                f"targets = {[str(y) for y in targets]}",
            )
        )

    def _each(self) -> range:
        return range(self.examples)


LINEAR = 'activation = { interpolate = ["relu", "identity"] }'
SQUARE = 'activation = { interpolate = ["relu", "square"] }'
ZERO_ONE = 'kind = "zero-one"'


def sizes() -> Iterator[Size]:
    """All rows."""
    for examples in (50, 200, 800):
        yield Size("one unit", "1 input, bias", examples, f"hidden = [1]\n{LINEAR}")
    for examples in (10, 20):
        yield Size("one unit", "2 inputs, bias", examples, f"hidden = [1]\n{LINEAR}", 2)
    for examples in (6, 12):
        yield Size("two units", "1 input, bias", examples, f"hidden = [2]\n{LINEAR}")
    for examples in (10, 20):
        yield Size(
            "absolute loss, one unit", "1 input, bias", examples,
            f"hidden = [1]\n{LINEAR}", loss='kind = "absolute"',
        )  # fmt: skip
    for examples in (6, 10, 14):
        yield Size("deep 1-1-1-1", "1 input, biases", examples, f"hidden = [1, 1]\n{LINEAR}")
    yield Size("deep 1-2-1-1", "1 input, biases", 4, f"hidden = [2, 1]\n{LINEAR}")
    yield Size("deep 1-1-1-1-1", "1 input, biases", 4, f"hidden = [1, 1, 1]\n{LINEAR}")
    for examples in (8, 16, 32):
        yield Size(
            "zero-one, one unit", "1 input, bias", examples,
            f"hidden = [1]\n{LINEAR}", loss=ZERO_ONE, labels=True,
        )  # fmt: skip
    for units, inputs, examples in (
        (2, 1, 8), (2, 1, 16), (2, 1, 24), (2, 2, 8), (2, 2, 12), (3, 1, 10), (4, 1, 8)
    ):  # fmt: skip
        weights = [(-1) ** unit for unit in range(units)]
        yield Size(
            f"zero-one, {units} units", f"{inputs} input{'s' * (inputs > 1)}, bias", examples,
            f"hidden = [{units}]\noutput_weights = {weights}\n{LINEAR}", inputs,
            loss=ZERO_ONE, labels=True,
        )  # fmt: skip
    for ends in (("1/10", "9/10"), ("0", "1")):
        name = f"relu/square on [{ends[0]}, {ends[1]}]"
        for inputs, examples in ((1, 8), (1, 16), (2, 8)):
            biased = f"one unit, {inputs} input{'s' * (inputs > 1)}, bias"
            yield Size(name, biased, examples, f"hidden = [1]\n{SQUARE}", inputs, interval=ends)
        for weights in ("[1, 1]", "[1, -1]"):
            yield Size(
                name, f"two units {weights}, 1 input", 8,
                f"hidden = [2]\nbias = false\noutput_weights = {weights}\n{SQUARE}", interval=ends,
            )  # fmt: skip
        yield Size(
            name, "trainable output weight, 1 input, bias, decay 1/10", 6,
            f'hidden = [1]\noutput_weights = "trainable"\n{SQUARE}',
            loss='kind = "squared"\nweight_decay = "1/10"', interval=ends,
        )  # fmt: skip
        yield Size(
            name, "two units [1, -1], 1 input, biases", 6,
            f"hidden = [2]\noutput_weights = [1, -1]\n{SQUARE}", interval=ends,
        )  # fmt: skip


def reach(folder: Path, seeds: int = 1, only: str = "") -> None:
    """Print a row for every size and seed whose family begins with ``only``."""
    print("| family | size | T | pieces | open part of A | seconds | MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for number, size in enumerate(sizes()):
        if not size.family.startswith(only):
            continue
        for seed in range(seeds):
            spec = folder / f"reach{number}.toml"
            spec.write_text(size.spec(100 * number + seed), encoding="utf-8")
            print(_row(size, spec), flush=True)


def _analyzed(spec: Path) -> Measurement:
    out = spec.with_suffix("")
    arguments = ["-m", "pieceproof", "analyze", str(spec), "--out", str(out)]
    # Status 3, a partial result, is one of the outcomes to be measured.
    code = (
        "import sys, runpy\n"
        "sys.argv[0] = 'pieceproof'\n"
        "try:\n    runpy.run_module('pieceproof', run_name='__main__')\n"
        "except SystemExit as end:\n    sys.exit(0 if end.code == 3 else end.code)"
    )
    return run(["-c", code, *arguments[2:], "--seconds", str(LIMIT)], Path.cwd(), 3 * LIMIT)


def _row(size: Size, spec: Path) -> str:
    measured = _analyzed(spec)
    pieces, share = "", "not finished"
    if measured.finished:
        document = json.loads((spec.with_suffix("") / "result.json").read_text())
        pieces, share = str(document["counts"]["pieces"]), _open_share(document)
    return (
        f"| {size.family} | {size.size} | {size.examples} | {pieces} | {share} | "
        f"{measured.seconds:.1f} | {measured.mebibytes:.0f} |"
    )


def _open_share(document: dict[str, object]) -> str:
    if document["verdict"] == "proved":
        return "none"
    reasons = document["reasons"]
    return str(reasons[0] if isinstance(reasons, list) and reasons else document["verdict"])
