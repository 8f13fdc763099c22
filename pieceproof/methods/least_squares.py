"""Least squares on a graph: one rational piece with its minimiser."""

from __future__ import annotations

from time import monotonic

from geometry.least_squares import LeastSquaresDual, least_squares_dual, refusal
from pieceproof import certificate
from pieceproof.certificate import (
    Document,
    interval_document,
    piece_document,
    sample_document,
    vector_document,
)
from pieceproof.methods.options import Options
from piecewise.graphs import GraphConvolution
from piecewise.problems import Problem

__all__ = ["NAME", "document", "is_for", "refusal", "run"]

NAME = "least-squares"


def is_for(problem: Problem) -> bool:
    """Whether model and loss are of the kind that the method is made for."""
    model = problem.model
    return isinstance(model, GraphConvolution) and not model.hidden and problem.loss != "zero-one"


def run(problem: Problem, options: Options) -> tuple[LeastSquaresDual, Document]:
    """The dual function and its document.

    Raises:
        NotYetSupported: the minimiser leaves the box.
    """
    dual = least_squares_dual(problem)
    return dual, document(dual, monotonic() - options.start, options.jobs)


def document(dual: LeastSquaresDual, wall_time: float, jobs: int) -> Document:
    """The result document of a dual function, ``digest`` included."""
    (piece,) = dual.pieces
    alpha = piece.interval.sample()
    entry = {
        **piece_document(piece),
        "sample": sample_document(piece, alpha, dual.numerators, dual.denominator),
        "parts": [
            {
                "interval": interval_document(piece.interval),
                "minimiser": vector_document(dual.numerators, dual.denominator),
            }
        ],
    }
    run = certificate.Run(wall_time, jobs)
    return certificate.document(dual, NAME, own={}, pieces=[entry], counts={}, run=run)
