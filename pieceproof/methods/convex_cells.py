"""Convex cells: an exact active-set sweep on every cell, and the lower envelope of all.

For models whose cells are convex problems in w, quadratic up to kinks
(:mod:`piecewise.objective`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from flint import fmpz_poly

from geometry.cell_programs import program_of
from geometry.convex import CellBound
from geometry.convex_dual import ConvexDual
from geometry.dual import Piece
from geometry.envelope import Segment
from geometry.search import ORDER_SEED, ConvexCells, exact_dual
from pieceproof import certificate
from pieceproof.cache import opened
from pieceproof.certificate import (
    Document,
    interval_document,
    piece_document,
    sample_document,
    vector_document,
)
from pieceproof.methods.options import Options
from pieceproof.parallel import runner
from piecewise.graphs import GraphConvolution
from piecewise.layers import LayerCells
from piecewise.objective import ConvexObjective, refusal
from piecewise.problems import Problem

__all__ = ["NAME", "document", "is_for", "refusal", "run"]

NAME = "convex-cells"


def is_for(problem: Problem) -> bool:
    """Whether model and loss are of the kind that the method is made for."""
    is_graph = isinstance(problem.model, GraphConvolution)
    return problem.validation is None and problem.loss in ("squared", "absolute") and not is_graph


def run(problem: Problem, options: Options) -> tuple[ConvexDual, Document]:
    """The dual function and its document.

    Raises:
        TooManyCells: more cells than ``options.max_cells``.
        CacheError: the cache file cannot be used.
    """
    objective = ConvexObjective(problem, options.max_cells)
    total = objective.case_count()
    with (
        opened(options.cache, problem) as store,
        runner(ConvexCells.of(objective), options.jobs, store) as carry_out,
    ):
        dual = exact_dual(
            objective,
            carry_out,
            report=lambda done: options.progress("cells", done, total),
            out_of_time=options.out_of_time,
        )
        return dual, document(dual, monotonic() - options.start, options.jobs)


def document(dual: ConvexDual, wall_time: float, jobs: int) -> Document:
    """The result document of a dual function, ``digest`` included."""
    strata = {
        (bound.key, tuple(sorted(step.active))) for bound in dual.bounds for step in bound.steps
    }
    return certificate.document(
        dual,
        NAME,
        own={
            "cells": {"arrangements": arrangements(dual.objective)},
            "exchangeable": [
                [unit + 1 for unit in members] for members in dual.objective.exchangeable
            ],
            "proofs": [proof_document(bound) for bound in dual.bounds],
        },
        pieces=[_piece(dual, piece) for piece in dual.pieces],
        counts={
            "cells": dual.objective.cell_count(),
            "cases": len(dual.bounds),
            "strata": len(strata),
        },
        run=certificate.Run(wall_time, jobs, ORDER_SEED),
    )


def arrangements(objective: LayerCells) -> list[Document]:
    """The unit cells of every arrangement, by their witnesses."""
    return [
        {
            "units": [k + 1 for k, own in enumerate(objective.arrangement_of) if own == index],
            "cells": [{"witness": [str(value) for value in cell.witness]} for cell in cells],
        }
        for index, cells in enumerate(objective.unit_cells)
    ]


def _key(entry: Segment | CellBound) -> Document:
    key = entry.key
    return {
        "cell": list(key.cells),
        **({"signs": list(key.signs)} if key.signs else {}),
    }


def proof_document(bound: CellBound) -> Document:
    """The steps that prove the bound of a cell."""
    return {
        **_key(bound),
        "steps": [
            {"interval": interval_document(step.interval), "active": list(step.active)}
            for step in bound.steps
        ],
    }


def _piece(dual: ConvexDual, piece: Piece) -> Document:
    alpha = piece.parts[0].interval.sample()
    solved = [_solved(dual, part) for part in piece.parts]
    return {
        **piece_document(piece),
        **_key(piece.parts[0]),
        "active_set": list(piece.parts[0].active),
        "sample": sample_document(piece, alpha, *solved[0].minimiser),
        "parts": [_part(*entry) for entry in zip(piece.parts, solved, strict=True)],
    }


@dataclass(frozen=True)
class _Solved:
    """The stratum of a part, solved over Q(α): constraints in order, w(α) and multipliers."""

    order: list[str]
    minimiser: tuple[list[fmpz_poly], fmpz_poly]
    multipliers: tuple[Sequence[fmpz_poly], fmpz_poly]


def _solved(dual: ConvexDual, part: Segment) -> _Solved:
    program = program_of(dual.objective.cell(part.key))
    stationary = program.stationary(program.active_set(part.active))
    return _Solved(
        [program.labels[j] for j in stationary.active],
        program.full_point(stationary),
        (stationary.forces, stationary.multiplier_denominator),
    )


def _part(part: Segment, solved: _Solved) -> Document:
    return {
        "interval": interval_document(part.interval),
        **_key(part),
        "active": solved.order,
        "minimiser": vector_document(*solved.minimiser),
        "multipliers": vector_document(*solved.multipliers),
    }
