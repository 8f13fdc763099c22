"""Spec files of the measured problems."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random

SEED = 20250
LINEAR = 'activation = { interpolate = ["relu", "identity"] }'
SQUARE = 'activation = { interpolate = ["relu", "square"] }'
ZERO_ONE = 'kind = "zero-one"'
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


def karate(folder: Path) -> Path:
    """The karate club with two features, D = k = 2."""
    text = (EXAMPLES / "karate.toml").read_text(encoding="utf-8")
    path = folder / "karate.toml"
    path.write_text(text.replace("degree = 1", "degree = 2").replace("power = 1", "power = 2"))
    return path


def absolute_lasso(folder: Path) -> Path:
    """The absolute loss with the penalty α|w|₁ for the first 60 diabetes patients."""
    rows = (EXAMPLES / "diabetes442.csv").read_text(encoding="utf-8").splitlines()[:61]
    text = (EXAMPLES / "lasso.toml").read_text(encoding="utf-8")
    (folder / "diabetes442.csv").write_text("\n".join(rows) + "\n")
    path = folder / "absolute-lasso.toml"
    path.write_text(
        text.replace("interval = [0, 5]", "interval = [0, 1]").replace(
            "[data]", '[loss]\nkind = "absolute"\n\n[data]'
        )
    )
    return path
