"""The result document: a dual function with its proofs as JSON (docs/certificate.md)."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import flint
import numpy as np
from flint import fmpq, fmpq_poly, fmpz_poly

from bounds import summary
from bounds.architectures import structure_of
from geometry.algebraic import RealAlgebraic
from geometry.dual import Breakpoint, DualFunction, Kind, Piece
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.shape import Extremum
from geometry.values import Level, ValueFunction
from geometry.verdicts import Verdict
from pieceproof.files import write_atomically
from pieceproof.problem_document import problem_document

FORMAT = "pieceproof/1"
DIGITS = 20
"""Significant digits of every "approx"."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What the provenance says of a computation."""

    wall_time: float
    jobs: int
    seed: int = 0
    engine: str = "flint"


def document(
    dual: DualFunction,
    method: str,
    *,
    own: Mapping[str, Any],
    pieces: Sequence[Document],
    counts: Mapping[str, int],
    run: Run,
    open_intervals: Sequence[tuple[RealAlgebraic, RealAlgebraic]] = (),
) -> Document:
    """The result document of a dual function, ``digest`` included.

    Args:
        dual: the dual function; its shape is written here.
        method: the name under which the checker finds the method.
        own: members of the document that only this method has (its proofs).
        pieces: the entries of ``pieces``; see :func:`piece_document`.
        counts: counts that only this method has, put before the common ones.
        run: what the provenance says of the computation.
        open_intervals: where nothing is proved, if the method can say so.
    """
    problem = problem_document(dual.problem)
    structure = None if dual.problem.validation else structure_of(dual.problem)
    all_counts = {**counts, **_counts(dual)}
    body: Document = {
        "format": FORMAT,
        "method": method,
        "problem": problem,
        **own,
        "pieces": list(pieces),
        "breakpoints": [_breakpoint(point) for point in dual.breakpoints],
        "ends": {
            side: _end_value(level)
            for side, level in (("lower", dual.points[0]), ("upper", dual.points[-1]))
        },
        "minimum": _minimum(dual),
        "extrema": {
            "minima": [_extremum(extremum) for extremum in dual.local_minima],
            "maxima": [_extremum(extremum) for extremum in dual.local_maxima],
        },
        "counts": all_counts,
        "verdict": str(dual.claim),
        "reasons": list(dual.reasons),
        "open": [[end_document(end) for end in ends] for ends in open_intervals],
        "bounds": summary(_counted(dual, all_counts), structure),
        "provenance": provenance(problem, run),
    }
    return {**body, "digest": digest(body)}


def provenance(problem: Document, run: Run) -> Document:
    """The ``provenance`` of a result about a problem, given as documents write it."""
    return {
        "versions": {
            "pieceproof": version("pieceproof"),
            "python": platform.python_version(),
            "python-flint": flint.__version__,
            "numpy": np.__version__,
        },
        "engine": run.engine,
        "seed": run.seed,
        "input_digest": digest(problem),
        "wall_time": round(run.wall_time, 3),
        "jobs": run.jobs,
    }


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


def end_document(number: RealAlgebraic) -> str | Document:
    """An ``END``."""
    if number.is_rational:
        return str(number.lower)
    written = algebraic(number)
    return {"polynomial": written["polynomial"], "interval": written["interval"]}


def interval_document(interval: Interval) -> list[str | Document]:
    """Two ``END``s."""
    return [end_document(interval.lower), end_document(interval.upper)]


def vector_document(numerators: Iterable[fmpz_poly], denominator: fmpz_poly) -> Document:
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


def sample_document(
    piece: Piece,
    alpha: fmpq,
    numerators: Iterable[fmpz_poly | fmpq_poly],
    denominator: fmpz_poly | fmpq_poly,
) -> Document:
    """ℓ* at a rational α of a piece, and the parameters numerators/denominator there; a root of all
    of these polynomials at α is divided out."""
    point = [fmpq_poly(p) for p in (*numerators, denominator)]
    root = fmpq_poly([-alpha, 1])
    while point[-1](alpha) == 0:
        point = [p // root for p in point]
    *values, below = (p(alpha) for p in point)
    return {
        "alpha": str(alpha),
        "value": str(piece.value(alpha)),
        "witness": [str(value / below) for value in values],
    }


def piece_document(piece: Piece) -> Document:
    """What the entry of every piece has: its interval and value.

    The method adds ``sample`` and ``parts`` and what else it needs.
    """
    return {
        "interval": interval_document(piece.interval),
        "value": value_document(piece.value, RealAlgebraic.rational(piece.interval.sample())),
    }


def value_document(value: ValueFunction, at: RealAlgebraic) -> Document:
    """A value function; the denominator is positive near ``at``.

    Raises:
        TypeError: a kind of function that documents cannot express.
    """
    if not isinstance(value, RationalFunction):
        raise TypeError(f"no way to write {value!r}")
    side = at.sign_of(value.denominator)
    return {
        "numerator": coefficients(side * value.numerator),
        "denominator": coefficients(side * value.denominator),
    }


def _breakpoint(point: Breakpoint) -> Document:
    entry: Document = {"kind": str(point.kind), "alpha": algebraic(point.alpha)}
    if point.kind is Kind.JUMP:
        entry["value"] = value_document(point.level.function, point.alpha)
    return entry


def _end_value(level: Level) -> Document:
    return {
        "alpha": str(level.at.lower),
        "value": str(level.exact.lower),
        "approx": level.decimal(DIGITS),
    }


def _minimum(dual: DualFunction) -> Document:
    minimum = dual.minimum()
    return {
        "alpha": [algebraic(place.lower) for place in minimum.places if not place.is_plateau],
        "intervals": [
            interval_document(Interval(place.lower, place.upper))
            for place in minimum.places
            if place.is_plateau
        ],
        "value": algebraic(minimum.value),
    }


def _extremum(extremum: Extremum) -> Document:
    approx = {"value_approx": extremum.level.decimal(DIGITS)}
    if not extremum.is_plateau:
        return {"alpha": algebraic(extremum.lower), **approx}
    sides = {"lower": extremum.lower_open, "upper": extremum.upper_open}
    missing = [side for side, is_open in sides.items() if is_open]
    return {
        "interval": interval_document(Interval(extremum.lower, extremum.upper)),
        **({"open": missing} if missing else {}),
        **approx,
    }


def _counted(dual: DualFunction, counts: Mapping[str, int]) -> dict[str, int]:
    """What bounds may use: nothing of an unfinished run, and no number of cells where kinks
    divide the cells into more pieces."""
    if dual.claim is Verdict.UNRESOLVED:
        return {}
    hidden = {"cases"} if dual.problem.has_kinks else set[str]()
    return {key: n for key, n in counts.items() if key not in hidden}


def _counts(dual: DualFunction) -> dict[str, int]:
    return {
        "pieces": len(dual.pieces),
        "breakpoints": len(dual.breakpoints),
        "discontinuities": dual.discontinuities(),
        "kinks": [point.kind for point in dual.breakpoints].count(Kind.KINK),
        "local_minima": len(dual.local_minima),
        "local_maxima": len(dual.local_maxima),
        "oscillations": dual.oscillations(),
    }
