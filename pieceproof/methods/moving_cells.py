"""Cells that move with α: two-layer graph convolutions with the squared loss.

As for convex cells every cell has a proof in steps; the boundaries of a cell turn with α, and a
cell exists on an interval of α.
"""

from __future__ import annotations

from time import monotonic

from flint import fmpz_poly

from geometry.dual import Piece
from geometry.envelope import Segment
from geometry.moving_dual import MovingCells, MovingDual, moving_dual, refusal
from geometry.moving_programs import Vector
from geometry.search import ORDER_SEED
from pieceproof import certificate
from pieceproof.cache import opened
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
from piecewise.graphs import GraphConvolution
from piecewise.problems import Problem

__all__ = ["NAME", "document", "is_for", "refusal", "run"]

NAME = "moving-cells"


def is_for(problem: Problem) -> bool:
    """Whether model and loss are of the kind that the method is made for."""
    model = problem.model
    is_deep = isinstance(model, GraphConvolution) and model.hidden is not None
    return is_deep and problem.loss != "zero-one"


def run(problem: Problem, options: Options) -> tuple[MovingDual[MovingCells], Document]:
    """The dual function and its document.

    Raises:
        TooManyCells: more cells than ``options.max_cells``.
        CacheError: the cache file cannot be used.
    """
    with opened(options.cache, problem) as store:
        spells = store.spells if store else None
        cells = MovingCells(problem, options.max_cells, options.out_of_time, memory=spells)
        if spells:
            spells.flush()
        total = len(list(cells.keys()))
        with runner(cells, options.jobs, store) as carry_out:
            dual = moving_dual(
                cells,
                carry_out,
                report=lambda done: options.progress("cells", done, total),
                out_of_time=options.out_of_time,
            )
        return dual, document(dual, monotonic() - options.start, options.jobs)


def document(dual: MovingDual[MovingCells], wall_time: float, jobs: int) -> Document:
    """The result document of a dual function, ``digest`` included."""
    cells = dual.cells
    strata = {
        (bound.key, tuple(sorted(step.active))) for bound in dual.bounds for step in bound.steps
    }
    return certificate.document(
        dual,
        NAME,
        own={
            "patterns": [
                {"active": list(spell.active), "interval": interval_document(spell.interval)}
                for spell in cells.spells
            ],
            "exchangeable": [
                [channel + 1 for channel in members] for members in cells.convolution.exchangeable
            ],
            "proofs": [proof_document(bound) for bound in dual.bounds],
        },
        pieces=[_piece(dual, piece) for piece in dual.pieces],
        counts={
            "patterns": len(cells.spells),
            "cases": len(dual.bounds),
            "strata": len(strata),
        },
        run=certificate.Run(wall_time, jobs, ORDER_SEED),
    )


def _piece(dual: MovingDual[MovingCells], piece: Piece) -> Document:
    alpha = piece.parts[0].interval.sample()
    minimisers = [dual.cells.minimiser(part) for part in piece.parts]
    return {
        **piece_document(piece),
        "sample": sample_document(piece, alpha, *minimisers[0]),
        "parts": [_part(dual, *entry) for entry in zip(piece.parts, minimisers, strict=True)],
    }


def _part(dual: MovingDual[MovingCells], part: Segment, minimiser: Vector) -> Document:
    numerators, denominator = minimiser
    return {
        "interval": interval_document(part.interval),
        **({"signs": _signs(dual, part)} if dual.cells.convolution.graph.has_signs else {}),
        "on": _switched_on(dual, part, numerators),
        "active": list(part.active),
        "minimiser": vector_document(numerators, denominator),
    }


def _signs(dual: MovingDual[MovingCells], part: Segment) -> list[int]:
    return list(part.key.signs or (1,) * dual.cells.convolution.channels)


def _switched_on(
    dual: MovingDual[MovingCells], part: Segment, numerators: list[fmpz_poly]
) -> list[list[int]]:
    """For every channel the nodes whose pre-activation at w(α) is positive."""
    convolution, found = dual.cells.convolution, []
    for channel, index in enumerate(part.key.cells or (None,) * convolution.channels):
        own = numerators[channel * convolution.features : (channel + 1) * convolution.features]
        active = () if index is None else dual.cells.spells[index].active
        found.append(
            [
                j
                for j in active
                if sum((a * w for a, w in zip(convolution.rows[j], own, strict=True)), fmpz_poly())
            ]
        )
    return found
