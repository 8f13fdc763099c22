"""Random instances of the zero-one loss of networks, family by family.

Numbers are few and small, so that equal inputs, opposite labels, scores of 0 and bounds that bind
are common.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from piecewise import FeedForward, Interpolated, Problem, abs_, identity, relu, relu2, square

F = Fraction
BOXES = ((-1, 1), (-2, 3), (-10, 10), (F(-1, 2), 2), (0, 2))


@dataclass(frozen=True)
class Family:
    """Networks that random data are drawn for."""

    hidden: Sequence[int]
    activation: Interpolated
    inputs: int = 1
    examples: tuple[int, int] = (3, 6)
    output_weights: tuple[Sequence[int] | str, ...] = ([1], [-1], [2])
    output_bias: tuple[Fraction | int | str, ...] = (-1, F(1, 2), 0, "trainable")

    def instance(self, seed: int) -> Problem:
        """The instance of a seed."""
        r = random.Random(seed)
        rows = [
            [F(r.randint(-6, 6), r.choice((1, 2))) for _ in range(self.inputs)]
            for _ in range(r.randint(*self.examples))
        ]
        if r.random() < 0.3:
            rows[-1] = rows[0]
        network = FeedForward(
            self.hidden,
            self.activation,
            bias=r.random() < 0.8,
            output_weights=r.choice(self.output_weights),
            output_bias=r.choice(self.output_bias),
        )
        return Problem(
            network,
            inputs=rows,
            targets=[r.choice((-1, 1)) for _ in rows],
            box=r.choice(BOXES),
            loss="zero-one",
            reduction="sum",
        )


FAMILIES = {
    "relu/square": Family([1], Interpolated(relu, square)),
    "relu2/identity": Family([1], Interpolated(relu2, identity)),
    "abs/square": Family([1], Interpolated(abs_, square)),
    "two inputs": Family([1], Interpolated(relu, square), 2, (3, 5)),
    "two units": Family([2], Interpolated(relu, square), 1, (3, 4), ([1, -1], [1, 1])),
    "trainable": Family(
        [1], Interpolated(relu, square), 1, (3, 5), ("trainable",), (0, -1, "trainable")
    ),
    "1-1-1": Family([1, 1], Interpolated(abs_, identity), 1, (3, 5)),
    "2-1-1": Family([1, 1], Interpolated(abs_, identity), 2, (3, 4)),
    "1-2-1": Family([2, 1], Interpolated(abs_, identity), 1, (3, 4)),
}
"""The families by name; deep ones by inputs and hidden widths."""
