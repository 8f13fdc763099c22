"""Nested cells: deep piecewise linear networks whose trainable inner weights are held at walls.

As for convex cells every cell has a proof in steps. Cells are found layer by layer; those of
deeper layers turn with α and exist on an interval of it.
"""

from __future__ import annotations

from time import monotonic

from geometry.dual import Piece
from geometry.envelope import Segment
from geometry.moving_dual import MovingDual, moving_dual
from geometry.moving_programs import Vector
from geometry.nested_cells import NestedCells
from geometry.search import ORDER_SEED
from pieceproof import certificate
from pieceproof.cache import Cache, opened
from pieceproof.certificate import (
    Document,
    interval_document,
    piece_document,
    sample_document,
    vector_document,
)
from pieceproof.methods.convex_cells import proof_document
from pieceproof.methods.options import Options
from pieceproof.parallel import runner
from piecewise.nested import Active, Chart, NestedNetwork, refusal
from piecewise.networks import TRAINABLE, FeedForward
from piecewise.problems import Problem

__all__ = ["NAME", "document", "is_for", "refusal", "run"]

NAME = "nested-cells"
SIDES = ("lower", "upper")

Dual = MovingDual[NestedCells]


def is_for(problem: Problem) -> bool:
    """Whether model and loss are of the kind that the method is made for."""
    model = problem.model
    if not isinstance(model, FeedForward) or problem.loss != "squared" or problem.validation:
        return False
    return len(model.hidden) > 1 or model.output_weights == TRAINABLE


def run(problem: Problem, options: Options) -> tuple[Dual, Document]:
    """The dual function and its document.

    Raises:
        TooManyCells: more cells than ``options.max_cells``.
        CacheError: the cache file cannot be used.
    """
    with opened(options.cache, problem) as store:
        cells = _cells(problem, options, store)
        with runner(cells, options.jobs, store) as carry_out:
            dual = moving_dual(
                cells,
                carry_out,
                report=lambda done: options.progress("cells", done, len(cells.cells)),
                out_of_time=options.out_of_time,
            )
        return dual, document(dual, monotonic() - options.start, options.jobs)


def _cells(problem: Problem, options: Options, store: Cache | None) -> NestedCells:
    """All cells; patterns that an earlier run kept are not looked for again."""
    spells = store.spells if store else None
    cells = NestedCells(
        problem,
        options.max_cells,
        options.out_of_time,
        report=lambda found: options.progress("cells found", found, None),
        memory=spells,
    )
    if spells:
        spells.flush()
    return cells


def document(dual: Dual, wall_time: float, jobs: int) -> Document:
    """The result document of a dual function, ``digest`` included."""
    cells = dual.cells
    strata = {
        (bound.key, tuple(sorted(step.active))) for bound in dual.bounds for step in bound.steps
    }
    return certificate.document(
        dual,
        NAME,
        own={
            "charts": charts_document(cells),
            "cells": cells_document(cells),
            "proofs": [proof_document(bound) for bound in dual.bounds],
        },
        pieces=[_piece(dual, piece) for piece in dual.pieces],
        counts={
            "charts": len(cells.charts),
            "cases": len(dual.bounds),
            "strata": len(strata),
        },
        run=certificate.Run(wall_time, jobs, ORDER_SEED),
    )


def charts_document(cells: NestedCells) -> list[Document]:
    """The parameters that are held, and output signs."""
    return [_chart(cells.nested, chart) for chart in cells.charts]


def cells_document(cells: NestedCells) -> list[Document]:
    """All patterns with the intervals on which they occur."""
    return [
        {
            "chart": cell.chart,
            "on": _on(cells.nested, cell.active),
            "interval": interval_document(cell.interval),
        }
        for cell in cells.cells
    ]


def _chart(nested: NestedNetwork, chart: Chart) -> Document:
    names = nested.problem.parameters
    return {
        "held": [f"{names[index].name}:{SIDES[side]}" for index, side in chart.held],
        **({"signs": list(chart.signs)} if chart.signs else {}),
    }


def _on(nested: NestedNetwork, active: Active) -> list[list[int]]:
    """For every unit the examples on which it is positive, from 0."""
    return [
        [t for t in range(nested.examples) if unit * nested.examples + t in active]
        for unit in range(sum(nested.network.hidden))
    ]


def _piece(dual: Dual, piece: Piece) -> Document:
    alpha = piece.parts[0].interval.sample()
    minimisers = [dual.cells.minimiser(part) for part in piece.parts]
    return {
        **piece_document(piece),
        "sample": sample_document(piece, alpha, *minimisers[0]),
        "parts": [_part(dual, *entry) for entry in zip(piece.parts, minimisers, strict=True)],
    }


def _part(dual: Dual, part: Segment, minimiser: Vector) -> Document:
    return {
        "interval": interval_document(part.interval),
        "chart": dual.cells.chart_of(part),
        "active": list(part.active),
        "minimiser": vector_document(*minimiser),
    }
