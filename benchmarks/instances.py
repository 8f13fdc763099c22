"""Spec files of the measured problems."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random

SEED = 20250
EXAMPLES = Path(__file__).parent.parent / "examples"

NETWORK = """\
[hyperparameter]
interval = [0, 1]

[model]
kind = "feedforward"
hidden = [{units}]
activation = {{ interpolate = ["relu", "identity"] }}
output_weights = {weights}
output_bias = {bias}

[data]
"""


def cars(units: int, folder: Path) -> Path:
    """The cars data with ``units`` units, signs alternating, trainable output bias from two on."""
    weights = [1 if unit % 2 == 0 else -1 for unit in range(units)]
    head = NETWORK.format(units=units, weights=weights, bias=40 if units == 1 else '"trainable"')
    path = folder / f"cars{units}.toml"
    source = f'csv = "{EXAMPLES / "cars.csv"}"\nfeatures = ["speed"]\ntarget = "dist"\n'
    path.write_text(head + source)
    return path


def scattered(examples: int, folder: Path) -> Path:
    """``examples`` distinct rational inputs scattered around the least squares line of cars."""
    random = Random(SEED)
    inputs = random.sample(range(4000, 25000), examples)
    rows = [Fraction(x, 1000) for x in sorted(inputs)]
    targets = [
        Fraction(-176, 10) + Fraction(393, 100) * x + Fraction(random.randint(-1500, 1500), 100)
        for x in rows
    ]
    path = folder / f"scattered{examples}.toml"
    lines = [f"inputs = {[[str(x)] for x in rows]}", f"targets = {[str(y) for y in targets]}"]
    path.write_text(NETWORK.format(units=1, weights=[1], bias=40) + "\n".join(lines) + "\n")
    return path
