"""The result document: a dual function with its proofs as JSON (docs/certificate.md)."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import flint
import numpy as np
from flint import fmpz_poly

from bounds import summary
from bounds.architectures import structure_of
from geometry.algebraic import RealAlgebraic
from geometry.arcs import Extremum
from geometry.convex import CellBound
from geometry.dual import DualFunction, Kind, Piece
from geometry.envelope import Segment
from geometry.intervals import Interval
from geometry.search import ORDER_SEED
from geometry.stationary import CellProgram
from pieceproof.files import write_atomically
from pieceproof.problem_document import problem_document
from piecewise.exact import to_fraction

FORMAT = "pieceproof/1"
DIGITS = 20
"""Significant digits of every "approx"."""

Document = dict[str, Any]


def document(dual: DualFunction, wall_time: float, jobs: int) -> Document:
    """The result document of a dual function, ``digest`` included."""
    problem = problem_document(dual.problem)
    counts = _counts(dual)
    body: Document = {
        "format": FORMAT,
        "problem": problem,
        "cells": {"arrangements": _arrangements(dual)},
        "exchangeable": [[unit + 1 for unit in members] for members in dual.objective.exchangeable],
        "proofs": [_proof(bound) for bound in dual.bounds],
        "pieces": [_piece(dual, piece) for piece in dual.pieces],
        "breakpoints": [
            {"kind": str(point.kind), "alpha": algebraic(point.alpha)} for point in dual.breakpoints
        ],
        "ends": {
            side: _end_value(dual, alpha)
            for side, alpha in zip(("lower", "upper"), _ends(dual), strict=True)
        },
        "minimum": _minimum(dual),
        "extrema": {
            "minima": [_extremum(extremum) for extremum in dual.local_minima],
            "maxima": [_extremum(extremum) for extremum in dual.local_maxima],
        },
        "counts": counts,
        "verdict": str(dual.verdict),
        "reasons": _reasons(dual),
        "open": [],
        # an unfinished run has counted neither cells nor oscillations
        "bounds": summary({} if dual.open_cells else counts, structure_of(dual.problem)),
        "provenance": {
            "versions": {
                "pieceproof": version("pieceproof"),
                "python": platform.python_version(),
                "python-flint": flint.__version__,
                "numpy": np.__version__,
            },
            "engine": "flint",
            "seed": ORDER_SEED,
            "input_digest": digest(problem),
            "wall_time": round(wall_time, 3),
            "jobs": jobs,
        },
    }
    return {**body, "digest": digest(body)}


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of ``value``."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def write(result: Mapping[str, Any], path: Path) -> None:
    """Write the document atomically: the file is complete or not there.

    Raises:
        OSError: the folder cannot be written.
    """
    text = json.dumps(result, indent=1, ensure_ascii=True) + "\n"
    write_atomically(path, text.encode("ascii"))


# -- numbers and functions -------------------------------------------------------------


def algebraic(number: RealAlgebraic) -> Document:
    """An ``ALG``."""
    lower, upper = number.isolating_interval()
    return {
        "polynomial": coefficients(number.polynomial),
        "interval": [str(lower), str(upper)],
        "approx": number.decimal(DIGITS),
    }


def coefficients(p: fmpz_poly) -> list[str]:
    """Coefficients, constant first."""
    return [str(c) for c in p.coeffs()]


def _end(number: RealAlgebraic) -> str | Document:
    if number.is_rational:
        return str(number.lower)
    written = algebraic(number)
    return {"polynomial": written["polynomial"], "interval": written["interval"]}


def _interval(interval: Interval) -> list[str | Document]:
    return [_end(interval.lower), _end(interval.upper)]


def _vector(numerators: Iterable[fmpz_poly], denominator: fmpz_poly) -> Document:
    """A vector of rational functions over one denominator, without a common factor."""
    listed = list(numerators)
    common = denominator
    for p in listed:
        common = common.gcd(p)
    if (denominator // common).leading_coefficient() < 0:
        common = -common
    return {
        "numerators": [coefficients(p // common) for p in listed],
        "denominator": coefficients(denominator // common),
    }


# -- sections --------------------------------------------------------------------------


def _arrangements(dual: DualFunction) -> list[Document]:
    objective = dual.objective
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


def _proof(bound: CellBound) -> Document:
    return {
        **_key(bound),
        "steps": [
            {"interval": _interval(step.interval), "active": list(step.active)}
            for step in bound.steps
        ],
    }


def _piece(dual: DualFunction, piece: Piece) -> Document:
    alpha = piece.parts[0].interval.sample()
    numerator, denominator = piece.parts[0].oriented
    parts = [_part(dual, part) for part in piece.parts]
    value, witness = CellProgram(dual.objective.cell(piece.parts[0].key)).minimise(alpha)
    return {
        "interval": _interval(piece.interval),
        **_key(piece.parts[0]),
        "active_set": list(piece.parts[0].active),
        "value": {
            "numerator": coefficients(numerator),
            "denominator": coefficients(denominator),
        },
        "sample": {
            "alpha": str(alpha),
            "value": str(value),
            "witness": [str(entry) for entry in witness],
        },
        "parts": parts,
    }


def _part(dual: DualFunction, part: Segment) -> Document:
    program = CellProgram(dual.objective.cell(part.key))
    stationary = program.stationary(program.active_set(part.active))
    numerators, denominator = program.full_point(stationary)
    order = [program.labels[j] for j in stationary.active]
    return {
        "interval": _interval(part.interval),
        **_key(part),
        "active": order,
        "minimiser": _vector(numerators, denominator),
        "multipliers": _vector(stationary.multipliers, stationary.multiplier_denominator),
    }


def _ends(dual: DualFunction) -> tuple[RealAlgebraic, RealAlgebraic]:
    return dual.pieces[0].interval.lower, dual.pieces[-1].interval.upper


def _end_value(dual: DualFunction, alpha: RealAlgebraic) -> Document:
    value = dual.piece_at(to_fraction(alpha.lower)).value(alpha.lower)
    return {
        "alpha": str(alpha.lower),
        "value": str(value),
        "approx": RealAlgebraic.rational(value).decimal(DIGITS),
    }


def _minimum(dual: DualFunction) -> Document:
    minimum = dual.minimum()
    return {
        "alpha": [algebraic(place.lower) for place in minimum.places if not place.is_plateau],
        "intervals": [
            _interval(Interval(place.lower, place.upper))
            for place in minimum.places
            if place.is_plateau
        ],
        "value": algebraic(minimum.value),
    }


def _extremum(extremum: Extremum) -> Document:
    place = (
        {"interval": _interval(Interval(extremum.lower, extremum.upper))}
        if extremum.is_plateau
        else {"alpha": algebraic(extremum.lower)}
    )
    return {**place, "value_approx": extremum.level.decimal(DIGITS)}


def _counts(dual: DualFunction) -> dict[str, int]:
    kinds = [point.kind for point in dual.breakpoints]
    strata = {
        (bound.key, tuple(sorted(step.active))) for bound in dual.bounds for step in bound.steps
    }
    return {
        "cells": dual.objective.cell_count(),
        "cases": len(dual.bounds),
        "strata": len(strata),
        "pieces": len(dual.pieces),
        "breakpoints": len(kinds),
        "discontinuities": kinds.count(Kind.JUMP),
        "kinks": kinds.count(Kind.KINK),
        "local_minima": len(dual.local_minima),
        "local_maxima": len(dual.local_maxima),
        "oscillations": dual.oscillations(),
    }


def _reasons(dual: DualFunction) -> list[str]:
    if not dual.open_cells:
        return []
    total = dual.open_cells + len(dual.bounds)
    return [f"the time budget ran out: {dual.open_cells} of {total} cells have no proof yet"]
