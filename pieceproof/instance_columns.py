"""Columns of a table that are counted on instances: random data, exact dual losses.

For every architecture and seed, T examples with integer inputs and targets, uniform on
[−20, 20], make a problem. Its dual loss is computed exactly; a column reports the
largest count over the seeds, to stand beside the bounds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bounds.columns import Column
from bounds.pseudodimension import pseudo_dimension
from bounds.rows import Architecture
from geometry.search import exact_dual
from pieceproof.modelspec import activation_of
from pieceproof.processes import worker_pool
from pieceproof.progress import Progress
from pieceproof.tables import Table
from piecewise import FeedForward, Interpolated, Problem, identity, relu
from piecewise.errors import PiecewiseError
from piecewise.objective import ConvexObjective

LARGEST = 20
"""Inputs and targets are integers of at most this size."""

MOST_CELLS = 20_000
"""An architecture with more cells is left out."""


@dataclass(frozen=True)
class Counts:
    """What is counted on one exact dual loss."""

    cells: int
    pieces: int
    oscillations: int


Key = tuple[tuple[str, object], ...]
"""The settings of a row."""


@dataclass(frozen=True, eq=False)
class Instances:
    """How instances are drawn, and what has been counted on them so far."""

    seeds: int = 3
    activation: Interpolated = field(default_factory=lambda: Interpolated(relu, identity))
    counted: dict[Key, tuple[Counts, ...] | None] = field(default_factory=dict)

    @classmethod
    def read(cls, section: Table) -> Instances:
        """The table ``[instances]``: keys ``seeds`` (how many) and ``activation``.

        Raises:
            SpecError: an unknown key or a value of the wrong kind.
        """
        section.allow("seeds", "activation")
        usual = cls()
        chosen = activation_of(section) if "activation" in section else usual.activation
        return cls(section.positive("seeds", usual.seeds), chosen)

    def counts(self, row: Architecture) -> tuple[Counts, ...] | None:
        """One entry per seed; None where no instance can be computed."""
        key = _key(row)
        if key not in self.counted:
            self.counted[key] = _counted(self._problems(row))
        return self.counted[key]

    def compute(self, rows: Sequence[Architecture], jobs: int, progress: Progress) -> None:
        """Count on the instances of all rows, in worker processes if ``jobs`` > 1."""
        with worker_pool(jobs) as pool:
            work = map if jobs == 1 else pool.map
            results = work(_counted, [self._problems(row) for row in rows])
            for done, (row, result) in enumerate(zip(rows, results, strict=True), start=1):
                self.counted[_key(row)] = result
                progress("instances", done, len(rows))

    def _problems(self, row: Architecture) -> tuple[Problem, ...] | None:
        """The instances of an architecture; None where it is not one with this activation."""
        settings, activation = row.settings, self.activation
        hidden, weights = settings.get("hidden"), settings.get("output_weights")
        fits = (
            settings.get("family") == "feedforward"
            and settings["degree"] == activation.degree
            and settings["breakpoints"] == len(activation.breakpoints)
            and settings["loss"] == "squared"
        )
        if not fits or not isinstance(hidden, tuple):
            return None
        model = FeedForward(
            list(hidden),
            activation,
            bias=bool(settings["bias"]),
            output_weights=None if weights == "fixed" else str(weights),
            output_bias="trainable" if settings["output_bias"] else 0,
        )
        decay = 1 if settings["weight_decay"] else 0
        inputs, examples = settings["inputs"], settings["examples"]
        drawn = (_data(seed, int(str(inputs)), int(str(examples))) for seed in range(self.seeds))
        return tuple(
            Problem(model, inputs=rows, targets=targets, weight_decay=decay)
            for rows, targets in drawn
        )


def instance_columns(instances: Instances) -> tuple[Column, ...]:
    """``exact_cells``, ``exact_pieces``, ``exact_oscillations`` and ``exact_dimension``."""

    def column(name: str, heading: str, what: str, read: Callable[[Counts], int]) -> Column:
        def value(row: Architecture) -> int | None:
            counts = instances.counts(row)
            return None if counts is None else max(map(read, counts))

        def steps(row: Architecture) -> list[str]:
            counts = instances.counts(row)
            if counts is None:
                return [
                    "not computed: it needs one hidden layer, fixed output weights or signs, the "
                    f"activation of [instances], and at most {MOST_CELLS} cells"
                ]
            return [
                *(
                    f"seed {seed}: {entry.cells} cells, {entry.pieces} pieces, "
                    f"{entry.oscillations} oscillations of the exact dual loss"
                    for seed, entry in enumerate(counts)
                ),
                f"the largest {what}: {value(row)}; one instance proves no bound for its class",
            ]

        return Column(name, heading, value, steps)

    return (
        column("exact_cells", "cells (exact)", "number of cells", lambda c: c.cells),
        column("exact_pieces", "pieces (exact)", "number of pieces", lambda c: c.pieces),
        column("exact_oscillations", "B (exact)", "oscillation count", lambda c: c.oscillations),
        column(
            "exact_dimension",
            "Pdim (Lemma 1 at B exact)",
            "value of Lemma 1 at the oscillation count",
            lambda c: pseudo_dimension(c.oscillations),
        ),
    )


def _key(row: Architecture) -> Key:
    return tuple(sorted(row.settings.items()))


def _data(seed: int, inputs: int, examples: int) -> tuple[list[list[int]], list[int]]:
    generator = random.Random(seed)

    def integer() -> int:
        return generator.randint(-LARGEST, LARGEST)

    return [[integer() for _ in range(inputs)] for _ in range(examples)], [
        integer() for _ in range(examples)
    ]


def _counted(problems: Sequence[Problem] | None) -> tuple[Counts, ...] | None:
    if problems is None:
        return None
    found = []
    for problem in problems:
        try:
            objective = ConvexObjective(problem, MOST_CELLS)
        except PiecewiseError:  # a family without exact duals, or too many cells
            return None
        dual = exact_dual(objective)
        found.append(Counts(objective.cell_count(), len(dual.pieces), dual.oscillations()))
    return tuple(found)
