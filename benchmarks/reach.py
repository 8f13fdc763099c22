"""How far every family goes: sizes that finish in 10 s, in 10 minutes, or not.

Seeded random instances, the whole command each; what is printed are rows of the table in
``docs/reach.md``. ``python -m benchmarks.reach WORD`` runs those whose family or size holds WORD.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.curves import ProvedCurve
from benchmarks.instances import LINEAR, SQUARE, ZERO_ONE, Size
from benchmarks.measure import analyze, table

LIMIT = 600.0
"""Seconds given to the search; a checker and a picture come after it."""


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
        alternating = [(-1) ** unit for unit in range(units)]
        yield Size(
            f"zero-one, {units} units", f"{inputs} input{'s' * (inputs > 1)}, bias", examples,
            f"hidden = [{units}]\noutput_weights = {alternating}\n{LINEAR}", inputs,
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


def reach(folder: Path, word: str = "") -> None:
    """Print a row for every size whose family or size holds ``word``."""
    for line in table(
        ("family", "size", "T", "result", "seconds", "CPU", "MiB"), _rows(folder, word)
    ):
        print(line, flush=True)


def _rows(folder: Path, word: str) -> Iterator[tuple[object, ...]]:
    for number, size in enumerate(sizes()):
        if word not in f"{size.family}, {size.size}, T = {size.examples}":
            continue
        spec = folder / f"reach{number}.toml"
        spec.write_text(size.spec(100 * number), encoding="utf-8")
        measured = analyze(spec, seconds=LIMIT, limit=3 * LIMIT)
        said = "not finished"
        if measured.finished:
            curve = ProvedCurve.read(folder / "result" / "result.json")
            said = "; ".join([str(curve), *curve.document["reasons"][:1]])
        yield (
            size.family, size.size, size.examples, said,
            f"{measured.seconds:.1f}", f"{measured.processor:.1f}", f"{measured.mebibytes:.0f}",
        )  # fmt: skip


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        reach(Path(place), *sys.argv[1:2])
