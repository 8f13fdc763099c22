"""Empirical Rademacher complexity of a sample of dual functions.

    R_S = E_σ sup_α (1/n) Σ_i σ_i ℓ*_i(α),   σ uniform on {−1, +1}^n.

Up to 12 instances all 2^n signs are enumerated; the result is exact for a table of exact
values and a proved enclosure for continuous duals. Beyond, seeded sampling gives an
enclosure at confidence 1−δ (McDiarmid: a change of one sign moves the mean of S suprema
by at most range_i/(nS) once every column is centred, which leaves R_S unchanged).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from bounds.balls import ball, decimal_upper
from bounds.dual_rows import ValueTable
from bounds.errors import count, probability

MOST_ENUMERATED = 12
"""Samples up to this size are enumerated."""

EXACT_FLOAT = 1 << 53
"""Integers below this are exact in binary64, and so is every sum that stays below it."""

BLOCK = 64
"""Sign vectors handled at once."""


@dataclass(frozen=True)
class Complexity:
    """lower ≤ R_S ≤ upper, proved, or with probability ≥ 1−delta over the drawn signs."""

    lower: Fraction
    upper: Fraction
    draws: int | None = None
    """Number of drawn sign vectors; None when all were enumerated."""
    delta: Fraction | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the number is known exactly."""
        return self.draws is None and self.lower == self.upper

    def __str__(self) -> str:
        if self.is_exact:
            return f"R_S = {self.lower}"
        text = f"{float(self.lower):.6g} <= R_S <= {float(self.upper):.6g}"
        if self.delta is None:
            return text
        return f"{text} with probability {float(1 - self.delta):g} ({self.draws} draws)"


def empirical_complexity(
    table: ValueTable, *, draws: int = 4096, delta: object = "0.05", seed: int = 0
) -> Complexity:
    """R_S for a value table: enumerated up to 12 instances, sampled beyond.

    Args:
        table: exact values, or enclosures that cover A.
        draws: sign vectors to draw when the sample is too large to enumerate.
        delta: failure probability of the sampled enclosure.
        seed: the signs are a function of it.

    Raises:
        BoundsError: draws < 1 or δ outside (0, 1).
    """
    n = table.instances
    count("draws", draws, 1)
    failure = probability("delta", delta)
    if n <= MOST_ENUMERATED:
        low, high = _mean_suprema(
            table, (tuple(1 - 2 * (r >> i & 1) for i in range(n)) for r in range(1 << n))
        )
        return Complexity(low, high)
    centred, spread = _centred(table)
    generator = random.Random(seed)
    low, high = _mean_suprema(
        centred,
        (
            tuple(1 - 2 * (bits >> i & 1) for i in range(n))
            for bits in (generator.getrandbits(n) for _ in range(draws))
        ),
    )
    squares = sum((Fraction(width, n * table.scale) ** 2 for width in spread), Fraction(0))
    slack = decimal_upper(
        lambda: (ball(squares) * ball(2 / failure).log() / ball(2 * draws)).sqrt()
    )
    return Complexity(low - slack, high + slack, draws, failure)


def _centred(table: ValueTable) -> tuple[ValueTable, list[int]]:
    """The table in half units with mid-ranges at 0, and the range of each column."""
    lows, highs = zip(*table.lower, strict=True), zip(*table.upper, strict=True)
    ends = [(min(low), max(high)) for low, high in zip(lows, highs, strict=True)]
    middle = [low + high for low, high in ends]

    def moved(rows: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
        return tuple(
            tuple(2 * entry - m for entry, m in zip(row, middle, strict=True)) for row in rows
        )

    centred = ValueTable(moved(table.lower), moved(table.upper), table.attained, 2 * table.scale)
    return centred, [high - low for low, high in ends]


def _mean_suprema(table: ValueTable, signs: Iterator[tuple[int, ...]]) -> tuple[Fraction, Fraction]:
    """Means over the sign vectors of a lower and an upper bound of max_k (1/n) Σ σ_i ℓ_ki."""
    exact = table.instances * table.largest() < EXACT_FLOAT
    dtype: Any = np.float64 if exact else np.object_
    lower, upper = np.array(table.lower, dtype=dtype), np.array(table.upper, dtype=dtype)
    attained = np.array(table.attained)
    low_total = high_total = total = 0
    while block := list(islice(signs, BLOCK)):
        positive = np.array([[s > 0 for s in sign] for sign in block], dtype=dtype).T
        negative = np.array([[s < 0 for s in sign] for sign in block], dtype=dtype).T
        high = upper @ positive - lower @ negative
        low = lower[attained] @ positive - upper[attained] @ negative
        low_total += sum(int(value) for value in low.max(axis=0))
        high_total += sum(int(value) for value in high.max(axis=0))
        total += len(block)
    unit = table.instances * table.scale * total
    return Fraction(low_total, unit), Fraction(high_total, unit)
