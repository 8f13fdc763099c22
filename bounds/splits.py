"""Proposals for shattered sets: which threshold splits the patterns that are there already.

n instances with thresholds sort the places of A into classes, one per pattern. One more
instance shatters with them when its threshold splits every class. For each class let
(low, high] run from its least to its largest value: a threshold τ splits the class
exactly when low < τ ≤ high, so the best threshold is a point in most of these intervals.

Values are floats at finitely many places: nothing here proves anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float64]
"""Values of one dual function at the places."""

Labels = npt.NDArray[np.int64]
"""The class of every place."""


@dataclass(frozen=True)
class Split:
    """Every τ with lower < τ ≤ upper splits ``classes`` classes, and none splits more."""

    classes: int
    lower: float
    upper: float


def best_split(row: Row, labels: Labels) -> Split:
    """The thresholds of one more instance that split the most classes.

    Of several ranges of thresholds the widest is taken.
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) > 0])
    low = np.sort(np.minimum.reduceat(row[order], starts))
    high = np.sort(np.maximum.reduceat(row[order], starts))
    ends = np.unique(np.r_[low, high])
    if len(ends) == 1:
        return Split(0, float(ends[0]), float(ends[0]))
    # classes whose interval holds (ends[j], ends[j+1]]
    holding = np.searchsorted(low, ends[:-1], "right") - np.searchsorted(high, ends[:-1], "right")
    most = int(holding.max())
    widths = np.where(holding == most, np.diff(ends), -1.0)
    j = int(widths.argmax())
    return Split(most, float(ends[j]), float(ends[j + 1]))


def pattern_labels(rows: Sequence[Row], thresholds: Sequence[float]) -> Labels:
    """The pattern at every place as a number: bit i is 1 where row i is ≥ its threshold."""
    labels = np.zeros(len(rows[0]) if rows else 0, dtype=np.int64)
    for i, (row, threshold) in enumerate(zip(rows, thresholds, strict=True)):
        labels |= (row >= threshold).astype(np.int64) << i
    return labels


def count_patterns(labels: Labels) -> int:
    """How many patterns occur."""
    return len(np.unique(labels))


def clearest_places(rows: Sequence[Row], thresholds: Sequence[float]) -> dict[int, int]:
    """For every pattern the place where the values keep farthest from their thresholds.

    Distances are measured in units of the range of each row.
    """
    labels = pattern_labels(rows, thresholds)
    distance = np.min(
        [
            np.abs(row - threshold) / max(float(np.ptp(row)), 1e-300)
            for row, threshold in zip(rows, thresholds, strict=True)
        ],
        axis=0,
    )
    found: dict[int, int] = {}
    for place in np.argsort(-distance, kind="stable"):
        found.setdefault(int(labels[place]), int(place))
    return found
