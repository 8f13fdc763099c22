"""Chains of units with a rising activation: the zero-one loss of a linear classifier, constant.

The linear classifier is solved by :mod:`pieceproof.methods.piecewise_constant`; the proof that it
makes no fewer errors is part of the document; the parts have parameters of the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from time import monotonic

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from geometry.arcs import lower_points
from geometry.chain_parameters import ChainPart, parts, refusal
from geometry.constant_dual import ConstantDual, loss_of
from geometry.dual import DualFunction, Piece
from geometry.intervals import Interval
from geometry.rising_chains import is_chain, linear_problem, network_of
from geometry.verdicts import Verdict
from pieceproof import certificate
from pieceproof.certificate import (
    Document,
    interval_document,
    piece_document,
    sample_document,
    vector_document,
)
from pieceproof.kept_parts import KeptParts
from pieceproof.methods import piecewise_constant
from pieceproof.methods.options import Options
from pieceproof.problem_document import problem_document
from pieceproof.store import opened
from piecewise.deadlines import until
from piecewise.exact import to_fmpq
from piecewise.problems import Problem

__all__ = ["NAME", "is_for", "refusal", "run"]

NAME = "rising-chains"
SHARED = ("cells", "exchangeable", "regions", "proofs")
"""Members of the document of the linear classifier that prove its least number of errors."""


def is_for(problem: Problem) -> bool:
    """Whether model and loss are of the kind that the method is made for: one piecewise linear unit
    is left to :mod:`pieceproof.methods.piecewise_constant`."""
    if problem.loss != "zero-one" or problem.validation is not None or not is_chain(problem):
        return False
    network = network_of(problem)
    return len(network.hidden) > 1 or network.activation.degree > 1


def run(problem: Problem, options: Options) -> tuple[DualFunction, Document]:
    """The dual function and its document.

    Raises:
        TooManyCells: the linear classifier has too many examples.
        CacheError: the cache file cannot be used.
    """
    linear, written = piecewise_constant.run(linear_problem(problem), options)
    classifier, errors = _best(linear)
    right = _right(problem, classifier)
    whole = Interval.rational(*map(to_fmpq, problem.interval))
    about = [version("pieceproof"), "rising chain", problem_document(problem)]
    with opened(options.cache, about) as store:
        memory = None if store is None else KeptParts(store)
        found = parts(problem, classifier, right, until(options.out_of_time), memory)
    pieces, counts = _pieces(problem, found, whole, errors)
    reasons = list(linear.reasons)
    if len(pieces) > 1:
        why = "the time budget ran out: " if options.out_of_time() else ""
        reasons.append(f"{why}no parameters in closed form were found on parts of A")
    dual = DualFunction(
        problem,
        pieces,
        tuple(lower_points([(piece.interval, piece.value) for piece in pieces])),
        Verdict.UNRESOLVED if reasons else Verdict.PROVED,
        tuple(reasons),
    )
    document = certificate.document(
        dual,
        NAME,
        own={"linear": {key: written[key] for key in SHARED}},
        pieces=[_piece(*each) for each in zip(pieces, counts, strict=True)],
        counts={},
        run=certificate.Run(monotonic() - options.start, options.jobs),
    )
    return dual, document


def _best(linear: ConstantDual) -> tuple[list[fmpq], int]:
    """(w, θ) with the fewest errors. Nothing depends on α, so it has them everywhere."""
    errors = min(linear.errors)
    part = linear.pieces[linear.errors.index(errors)].parts[0]
    alpha = part.interval.sample()
    *direction, last = (p(alpha) for p in part.direction)
    return [fmpq(entry) / last for entry in direction], errors


def _right(problem: Problem, classifier: Sequence[fmpq]) -> list[bool]:
    found = []
    for x, y in zip(problem.inputs, problem.targets, strict=True):
        values = [*map(to_fmpq, x), fmpq(1)]
        score = sum((a * b for a, b in zip(classifier, values, strict=False)), fmpq(0))
        found.append(score * to_fmpq(y) > 0)
    return found


def _pieces(
    problem: Problem, found: Sequence[ChainPart], whole: Interval, errors: int
) -> tuple[tuple[Piece, ...], list[int]]:
    """One piece with the parts, or several with all examples wrong where there are none."""
    every = len(problem.targets)
    centre = tuple(
        fmpq_poly([(to_fmpq(p.lower) + to_fmpq(p.upper)) / 2]) for p in problem.parameters
    )
    gaps = [ChainPart(gap, centre) for gap in whole.minus([part.interval for part in found])]
    listed = sorted(
        [*((part, errors) for part in found), *((gap, every) for gap in gaps)],
        key=lambda entry: entry[0].interval.lower,
    )
    pieces: list[Piece] = []
    counts: list[int] = []
    for part, count in listed:
        if counts and counts[-1] == count:
            last = pieces.pop()
            interval = Interval(last.interval.lower, part.interval.upper)
            pieces.append(Piece(interval, last.value, (*last.parts, part)))
        else:
            pieces.append(Piece(part.interval, loss_of(problem, count), (part,)))
            counts.append(count)
    return tuple(pieces), counts


def _piece(piece: Piece, errors: int) -> Document:
    alpha = piece.parts[0].interval.sample()
    return {
        **piece_document(piece),
        "errors": errors,
        "sample": sample_document(piece, alpha, *_vector(piece.parts[0])),
        "parts": [
            {
                "interval": interval_document(part.interval),
                "minimiser": vector_document(*_vector(part)),
            }
            for part in piece.parts
        ],
    }


def _vector(part: ChainPart) -> tuple[list[fmpz_poly], fmpz_poly]:
    """The parameters over one denominator."""
    common = fmpz(1)
    for p in part.path:
        common *= p.denom() // common.gcd(p.denom())
    return [(p * common).numer() for p in part.path], fmpz_poly([common])
