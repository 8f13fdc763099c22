"""Validation loss: the exact training dual, then the loss on held-out examples at its minimisers.

The training certificate of :mod:`pieceproof.methods.convex_cells` is part of the document.
"""

from __future__ import annotations

from time import monotonic

from geometry.best_fits import BestFits
from geometry.convex import CellBound
from geometry.dual import DualFunction, Piece
from geometry.envelope import Segment
from geometry.intervals import Interval
from geometry.refinement import RefinedKey
from geometry.search import ORDER_SEED, ConvexCells, exact_dual
from geometry.second_stage import Best
from geometry.validation import ValidationDual, validation_dual
from pieceproof import certificate, kept_fits
from pieceproof.cache import opened
from pieceproof.certificate import (
    Document,
    end_document,
    interval_document,
    piece_document,
    sample_document,
    value_document,
    vector_document,
)
from pieceproof.methods import convex_cells
from pieceproof.methods.options import Options
from pieceproof.parallel import fits_runner, runner
from piecewise import objective
from piecewise.networks import FeedForward
from piecewise.objective import CellKey, ConvexObjective
from piecewise.problems import Problem

NAME = "validation"


def is_for(problem: Problem) -> bool:
    """Whether model and loss are of the kind that the method is made for."""
    return problem.validation is not None


def refusal(problem: Problem) -> str | None:
    """None for a problem with held-out examples whose training loss has convex cells."""
    if problem.validation is None:
        return "no held-out examples"
    model = problem.model
    if isinstance(model, FeedForward) and not model.activation.is_continuous:
        return "held-out examples with a discontinuous activation"
    return objective.refusal(problem.training())


def run(problem: Problem, options: Options) -> tuple[DualFunction, Document]:
    """The validation loss and its document.

    When time runs out during the search for the training dual, the document has the held-out loss
    of the best parameters found, and all of A is open.

    Raises:
        TooManyCells: more cells than ``options.max_cells``.
        CacheError: the cache file cannot be used.
    """
    training = ConvexObjective(problem.training(), options.max_cells)
    total = training.case_count()
    with (
        opened(options.cache, problem.training()) as store,
        runner(ConvexCells.of(training), options.jobs, store) as carry_out,
    ):
        fitted = exact_dual(
            training,
            carry_out,
            report=lambda done: options.progress("cells", done, total),
            out_of_time=options.out_of_time,
        )
    fits = BestFits(problem, training, fitted.pieces)
    deadline = None if options.seconds is None else options.start + options.seconds
    with (
        kept_fits.opened(options.cache, fits) as kept,
        fits_runner(fits, options.jobs, kept) as look,
    ):
        dual = validation_dual(fits, fitted, look, options.progress, deadline)
    return dual, document(dual, monotonic() - options.start, options.jobs)


def document(dual: ValidationDual, wall_time: float, jobs: int) -> Document:
    """The result document of a validation loss, ``digest`` included."""
    trained = convex_cells.document(dual.training, wall_time, jobs)
    members = ("cells", "exchangeable", "proofs", "pieces")
    counts = {key: trained["counts"][key] for key in ("cells", "cases", "strata")}
    return certificate.document(
        dual,
        NAME,
        own={
            "training": {key: trained[key] for key in members},
            "refined": {
                "cells": {"arrangements": _refined_cells(dual)},
                "proofs": [_refined(bound) for bound in dual.refined_bounds],
            },
            "several": [_several(key, best) for key, best in dual.several],
            "best": [_best(key, best) for key, best in dual.best],
        },
        pieces=[_piece(dual, piece) for piece in dual.pieces],
        counts={
            **counts,
            "refined_cells": len(dual.refined_bounds),
            "training_pieces": len(dual.training.pieces),
        },
        run=certificate.Run(wall_time, jobs, ORDER_SEED),
        open_intervals=dual.open,
    )


def _refined_cells(dual: ValidationDual) -> list[Document]:
    """The unit cells of the arrangement of all examples, if any cell is refined."""
    return convex_cells.arrangements(dual.refined.layer) if dual.refined_bounds else []


def _refined(bound: CellBound) -> Document:
    return {**convex_cells.proof_document(bound), **_key(bound.key)}


def _several(key: CellKey, best: Best) -> Document:
    return {
        "interval": interval_document(Interval(best.lower, best.upper)),
        **_key(key),
        "active": list(best.first),
        "optimistic": list(best.labels),
    }


def _best(key: CellKey, best: Best) -> Document:
    return {
        "alpha": end_document(best.lower),
        **_key(key),
        "active": list(best.first),
        "optimistic": list(best.labels),
        "minimiser": vector_document(best.path.point, best.path.denominator),
        "value": value_document(best.function, best.lower),
    }


def _piece(dual: ValidationDual, piece: Piece) -> Document:
    alpha = piece.parts[0].interval.sample()
    path = dual.fits[piece.parts[0].key, piece.parts[0].active].path
    return {
        **piece_document(piece),
        "sample": sample_document(piece, alpha, path.point, path.denominator),
        "parts": [_part(dual, part) for part in piece.parts],
    }


def _part(dual: ValidationDual, part: Segment) -> Document:
    fit = dual.fits[part.key, part.active]
    return {
        "interval": interval_document(part.interval),
        **_key(part.key),
        "active": list(fit.labels),
        **({} if fit.optimistic is None else {"optimistic": list(fit.optimistic)}),
        "minimiser": vector_document(fit.path.point, fit.path.denominator),
    }


def _key(key: CellKey) -> Document:
    """A joint cell of the training examples, and the part of it."""
    signs = {"signs": list(key.signs)} if key.signs else {}
    if isinstance(key, RefinedKey) and key.cells:
        return {"cell": list(key.coarse), "refined": list(key.cells), **signs}
    return {"cell": list(key.cells), **signs}
