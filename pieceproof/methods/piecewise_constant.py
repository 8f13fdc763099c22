"""The zero-one loss: a piecewise constant dual from the minors of the score rows.

The certificate holds, for every piece, parameters that attain it as functions of α. That ℓ* is
nowhere lower is shown for a network by circuits of every region; for a graph convolution it is
not written out: the checker proves it anew, vertex by vertex.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from time import monotonic

from flint import fmpq, fmpz_poly

from geometry.constant_dual import ConstantDual, constant_dual, without_regions
from geometry.disagreement import TooManyFlats
from geometry.dual import Piece
from geometry.intervals import Interval
from geometry.margin_dual import Searches, margin_dual
from geometry.margins import Bound
from geometry.nested_regions import NestedRegions
from geometry.network_regions import NetworkRegions
from geometry.regions import Region, is_joint, refusal
from geometry.split_proofs import supports_of
from geometry.witnesses import Part
from pieceproof import certificate
from pieceproof.certificate import (
    Document,
    interval_document,
    piece_document,
    sample_document,
    vector_document,
)
from pieceproof.kept_regions import KeptRegions, KeptSweep
from pieceproof.methods.convex_cells import arrangements
from pieceproof.methods.nested_cells import cells_document, charts_document
from pieceproof.methods.options import Options
from pieceproof.parallel import region_runner
from pieceproof.problem_document import problem_document
from pieceproof.store import opened
from piecewise.activations import identity
from piecewise.deadlines import OutOfTime
from piecewise.errors import TooManyCells
from piecewise.exact import to_fmpq
from piecewise.networks import FeedForward, Linear
from piecewise.problems import Parameter, Problem

__all__ = ["NAME", "document", "is_for", "refusal", "run"]

NAME = "piecewise-constant"
SHARES = 1000
"""Progress is told in thousandths of A."""
STEPS = 0.75
"""The part of the time in which the steps of ℓ* are found, before parameters that attain them."""


def is_for(problem: Problem) -> bool:
    """Whether model and loss are of the kind that the method is made for."""
    return problem.loss == "zero-one" and problem.validation is None


def run(problem: Problem, options: Options) -> tuple[ConstantDual, Document]:
    """The dual function and its document.

    Raises:
        TooManyCells: too many regions, or an arrangement with too many vertices.
        CacheError: the cache file cannot be used.
    """
    if isinstance(problem.model, Linear):
        dual = replace(_by_circuits(as_unit(problem), options), problem=problem)
    else:
        by_circuits = isinstance(problem.model, FeedForward) or is_joint(problem)
        dual = (_by_circuits if by_circuits else _by_rays)(problem, options)
    return dual, document(dual, monotonic() - options.start, options.jobs)


def as_unit(problem: Problem) -> Problem:
    """A linear model as a network of one unit whose activation is the identity."""
    model = problem.model
    if not isinstance(model, Linear):
        raise TypeError(f"{model!r} is no linear model")
    unit = FeedForward([1], identity, bias=model.bias)
    ranges = [(p.lower, p.upper) for p in problem.parameters]
    return Problem(
        unit,
        inputs=problem.inputs,
        targets=problem.targets,
        interval=problem.interval,
        box=dict(zip(unit.parameter_names(problem.features), ranges, strict=True)),
        loss=problem.loss,
        reduction=problem.reduction,
        features=problem.features,
        target=problem.target,
    )


def _by_circuits(problem: Problem, options: Options) -> ConstantDual:
    about = [version("pieceproof"), "zero-one", problem_document(problem)]
    with opened(options.cache, about) as store:
        try:
            searches = Searches(
                problem,
                options.max_cells,
                memory=None if store is None else KeptRegions(store),
                out_of_time=options.out_of_time,
                report=lambda found: options.progress("cells found", found, None),
            )
        except OutOfTime:
            return without_regions(problem)
        deadline = None if options.seconds is None else options.start + options.seconds
        with region_runner(searches, options.jobs, options.cache, about) as carry:
            return margin_dual(
                searches,
                carry,
                lambda done, total: options.progress("regions", done, total),
                deadline,
            )


def _by_rays(problem: Problem, options: Options) -> ConstantDual:
    late = options.middle(STEPS)
    about = [version("pieceproof"), "zero-one", problem_document(problem)]
    try:
        with opened(options.cache, about) as store:
            return constant_dual(
                problem,
                lambda share: options.progress("intervals", round(SHARES * share), SHARES),
                options.out_of_time,
                options.max_cells,
                None if store is None else KeptSweep(store),
                lambda: monotonic() > late,
            )
    except TooManyFlats as error:
        raise TooManyCells(str(error)) from None


def document(dual: ConstantDual, wall_time: float, jobs: int) -> Document:
    """The result document of a dual function, ``digest`` included."""
    return certificate.document(
        dual,
        NAME,
        own={
            "cells": _cells(dual),
            "exchangeable": _exchangeable(dual),
            "regions": _names(dual),
            "proofs": [
                {"steps": [_step(dual, number, bound) for bound in bounds]}
                for number, bounds in enumerate(dual.bounds)
            ],
        },
        pieces=[
            _piece(dual, piece, errors)
            for piece, errors in zip(dual.pieces, dual.errors, strict=True)
        ],
        counts={"regions": len(dual.regions)},
        run=certificate.Run(wall_time, jobs),
    )


def _cells(dual: ConstantDual) -> Document | None:
    """The unit cells of a network, the charts of a deep one; a graph convolution has none."""
    if isinstance(dual.regions, NestedRegions):
        return {"charts": charts_document(dual.regions.cells)}
    if not isinstance(dual.regions, NetworkRegions):
        return None
    return {"arrangements": arrangements(dual.regions.layer)}


def _exchangeable(dual: ConstantDual) -> list[list[int]]:
    if not isinstance(dual.regions, NetworkRegions):
        return []
    return [[unit + 1 for unit in members] for members in dual.regions.layer.exchangeable]


def _names(dual: ConstantDual) -> list[dict[str, object]]:
    regions = dual.regions
    if isinstance(regions, NestedRegions):
        return cells_document(regions.cells)
    if isinstance(regions, NetworkRegions):
        return [regions.name(number) for number in range(len(regions))]
    return [region.key for region in regions]


def _step(dual: ConstantDual, number: int, bound: Bound) -> Document:
    region = dual.regions[number]
    names = [*(f"e{t + 1}" for t in range(len(region.scores))), "1", *region.labels]
    circuits = supports_of(bound.proof)
    place = {support: i for i, support in enumerate(circuits)}
    step: Document = {
        "interval": interval_document(bound.interval),
        "circuits": [
            [names[i] if i >= 0 else f"-{names[~i]}" for i in support] for support in circuits
        ],
    }
    if len(bound.proof) > 1:
        step["tree"] = [
            names[node] if isinstance(node, int) else [place[support] for support in node]
            for node in bound.proof
        ]
    return step


def _piece(dual: ConstantDual, piece: Piece, errors: int) -> Document:
    part = piece.parts[0]
    alpha = next(each for each in part.interval.samples() if _is_typical(dual, part, each))
    return {
        **piece_document(piece),
        "errors": errors,
        "sample": sample_document(piece, alpha, *_parameters(dual, part)),
        "parts": [
            {
                "interval": interval_document(part.interval),
                "region": part.region,
                "minimiser": vector_document(*_parameters(dual, part)),
            }
            for part in piece.parts
        ],
    }


def _is_typical(dual: ConstantDual, part: Part, alpha: fmpq) -> bool:
    """False where a score vanishes at α alone: there are more errors there than beside."""
    if isinstance(dual.regions, NetworkRegions):
        return True
    direction = part.direction
    if isinstance(dual.regions, NestedRegions):
        direction = dual.regions.moving(direction)
    for row in dual.regions[part.region].scores:
        score = sum((a * u for a, u in zip(row, direction, strict=False)), fmpz_poly())
        if score and score(alpha) == 0:
            return False
    return True


def _parameters(dual: ConstantDual, part: Part) -> tuple[list[fmpz_poly], fmpz_poly]:
    """w(α) in the box, on the ray of the direction."""
    region: Region = dual.regions[part.region]
    direction = list(part.direction)
    if not direction:  # every score is zero: all parameters are alike
        direction = [fmpz_poly()] * len(dual.problem.parameters)
    if region.homogeneous:
        return direction, _scale(dual.problem.parameters, direction, part.interval)
    return direction[:-1], direction[-1]


def _scale(
    parameters: Sequence[Parameter], direction: Sequence[fmpz_poly], interval: Interval
) -> fmpz_poly:
    """An integer by which the direction is divided to lie well inside the box."""
    reach = max(abs(interval.lower.lower), abs(interval.upper.upper), fmpq(1))
    scale = 1
    for parameter, p in zip(parameters, direction, strict=True):
        largest = sum((abs(c) * reach**i for i, c in enumerate(p.coeffs())), fmpq(0))
        wall = min(to_fmpq(parameter.upper), -to_fmpq(parameter.lower))
        scale = max(scale, int((2 * largest / wall).ceil()))
    return fmpz_poly([scale])
