"""The census as one JSON document, ``"format": "pieceproof-census/1"`` (docs/census.md).

Rational numbers are strings "p/q"; values along branches are floats with error bounds.
"""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version

import flint

from bounds import summary
from bounds.architectures import structure_of
from geometry.assumptions import Kind
from geometry.census import Census, ClassTotal, LowestPart, Rung, Step
from geometry.engines import ENGINES, available
from pieceproof.census.run import builtins_of
from pieceproof.certificate import Document, digest
from pieceproof.problem_document import problem_document
from piecewise.problems import Problem

FORMAT = "pieceproof-census/1"


def census_document(
    census: Census,
    problem: Problem,
    dual: Document | None,
    wall_time: float,
    jobs: int,
    question_seconds: float,
) -> Document:
    """The document of a census; ``dual`` is what is known of ℓ*."""
    steps = census.steps
    stated = problem_document(problem)
    body: Document = {
        "format": FORMAT,
        "problem": stated,
        "counts": {
            "cells": census.cells,
            "strata": len(census.records),
            "most_real": steps.most_real.real if steps.steps else 0,
            "most_feasible": steps.most_feasible.feasible if steps.steps else 0,
            "events": len(events(census)),
        },
        "verdict": str(census.verdict),
        "reasons": list(census.open_reasons),
        "complete": census.complete,
        "assumption": _assumption(census),
        "ladder": _ladder(census.total),
        "classes": [_class(total) for total in census.classes],
        "events": dict(sorted(Counter(kind for kind, _ in events(census)).items())),
        "steps": [_step(step) for step in steps.steps],
        "lowest": [_lowest(part) for part in census.lowest.parts],
        "strata": [
            {**builtins_of(record), "minimal": _rung(census.minimal(place))}
            for place, record in enumerate(census.records)
        ],
        "dual": dual,
        "bounds": bounds_of(problem),
        "provenance": {
            "versions": {
                "pieceproof": version("pieceproof"),
                "python": platform.python_version(),
                "python-flint": flint.__version__,
            },
            "engines": [engine.name for engine in available(ENGINES)],
            "question_seconds": question_seconds,
            "input_digest": digest(stated),
            "wall_time": round(wall_time, 3),
            "jobs": jobs,
        },
    }
    return {**body, "digest": digest(body)}


def bounds_of(problem: Problem) -> list[dict[str, object]]:
    """Worst-case bounds of the oscillations of ℓ* from the structure of the problem alone."""
    return summary({}, None if problem.validation else structure_of(problem))


def events(census: Census) -> list[tuple[str, float]]:
    """Kind and approximate α of every event in A, increasing in α.

    Strata with the same event (a face of two cells) each have it.
    """
    found = [
        (event.kind, float(sum(event.alpha) / 2))
        for record in census.records
        for event in record.events
    ]
    return sorted(found, key=lambda event: event[::-1])


def _assumption(census: Census) -> Document:
    total = census.total
    return {
        "holds": census.satisfies_assumption,
        "strata": {str(kind): total.regularity.get(kind, 0) for kind in Kind},
        "proved": total.proved,
        "examples": [
            {
                "kind": str(kind),
                "cell": record.cell,
                "active": list(record.active),
                "dimension": record.regularity.dimension,
                "witness": record.regularity.witness,
            }
            for kind in Kind
            if kind is not Kind.REGULAR
            for record in [r for r in census.records if r.regularity.kind is kind][:1]
        ],
    }


def _class(total: ClassTotal) -> Document:
    return {
        "class": str(total.kind),
        "codimension": total.kind.codimension if total.kind else None,
        "walls": total.kind.walls if total.kind else None,
        "strata": total.strata,
        "regularity": {str(kind): number for kind, number in sorted_kinds(total)},
        "ladder": _ladder(total),
    }


def sorted_kinds(total: ClassTotal) -> list[tuple[Kind, int]]:
    """The kinds that occur, in the order of their definition."""
    return [(kind, total.regularity[kind]) for kind in Kind if total.regularity.get(kind)]


def _ladder(total: ClassTotal) -> Document:
    return {name: _rung(rung) for name, rung in total.ladder.items()}


def _rung(rung: Rung) -> Document:
    return {
        "value": rung.value,
        "verdict": str(rung.verdict),
        "lower": rung.lower,
        "upper": rung.upper,
        **({"reason": rung.reason} if rung.reason else {}),
    }


def _step(step: Step) -> Document:
    return {
        "interval": [str(end) for end in step.alpha],
        "real": step.real,
        "feasible": step.feasible,
        "open": step.open,
        "verdict": str(step.verdict),
    }


def _lowest(part: LowestPart) -> Document:
    return {
        "interval": [str(end) for end in part.alpha],
        "candidates": [list(key) for key in part.candidates],
        "start": part.start,
        "end": part.end,
        "error": part.error,
    }
