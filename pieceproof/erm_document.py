"""The result document of a tuning run: minimum, grid answer, sample, bounds (docs/erm.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from typing import Any

from bounds import BoundsError
from bounds.architectures import structure_of
from bounds.enclosures import Enclosure
from bounds.erm import Place, Where
from bounds.pseudodimension import pseudo_dimension
from bounds.rows import Architecture
from bounds.sample import SampleReport
from bounds.sample_complexity import Patterns, generalisation_gap
from geometry.intervals import Interval
from pieceproof.certificate import algebraic, digest, interval_document
from pieceproof.problem_document import problem_from_document
from pieceproof.tuning import ErmResult

FORMAT = "pieceproof-erm/1"


@dataclass(frozen=True)
class GapBound:
    """A bound on sup_α |mean on the sample − expectation|, with what it rests on."""

    statement: str
    deviation: Fraction
    needs: str
    oscillations: int | None = None


def gap_bounds(result: ErmResult, sample: SampleReport) -> Iterator[GapBound]:
    """The deviation from data-dependent to worst case, all with probability ≥ 1−δ."""
    how = "enumerated" if sample.complexity.delta is None else "from drawn signs"
    yield GapBound(
        f"empirical Rademacher complexity, {how}", sample.deviation, "nothing but the range H"
    )
    most = max(sample.oscillations)
    yield _worst(
        "Lemma 4 at the largest exact oscillation count", most, sample,
        "no instance of the distribution has more oscillations",
    )  # fmt: skip
    if (cuts := _architecture_cuts(result)) is not None:
        yield _worst(
            "Lemma 4 at the bound for the architecture", cuts, sample,
            "every instance has this architecture and at most as many examples",
        )  # fmt: skip


def _architecture_cuts(result: ErmResult) -> int | None:
    """The largest analytic oscillation bound; None if it is too long or the problems unknown."""
    documents = [getattr(dual, "document", None) for dual in result.duals]
    if not all(documents):
        return None
    structures = (structure_of(problem_from_document(d["problem"])) for d in documents if d)
    try:
        return max(Architecture({}, structure).oscillations for structure in structures)
    except BoundsError:
        return None


def _worst(statement: str, cuts: int, sample: SampleReport, needs: str) -> GapBound:
    gap = generalisation_gap(
        Patterns(oscillations=cuts), sample.instances, sample.delta, sample.value_range
    )
    return GapBound(statement, gap.deviation, needs, cuts)


def erm_document(result: ErmResult, sample: SampleReport, folder: str | None) -> dict[str, Any]:
    """The document; ``folder`` is where the certificates are, relative to it."""
    lower, upper = (place.as_rational() for place in _ends(result))
    body: dict[str, Any] = {
        "format": FORMAT,
        "interval": [str(lower), str(upper)],
        "tasks": list(_tasks(result, folder)),
        "minimum": {
            "value": _enclosure(result.value),
            "places": [_place(place) for place in result.places],
        },
        "grid": {
            "points": result.grid.points,
            "alpha": str(result.grid.alpha),
            "value": str(result.grid.value),
            "regret": _enclosure(result.grid.regret),
        },
        "sample": _sample(sample),
        "bounds": [
            {
                "statement": bound.statement,
                "needs": bound.needs,
                "oscillations": bound.oscillations,
                "pseudo_dimension": None
                if bound.oscillations is None
                else pseudo_dimension(bound.oscillations),
                "deviation": str(bound.deviation),
            }
            for bound in gap_bounds(result, sample)
        ],
        "verdict": str(result.verdict),
        "reasons": list(result.reasons),
        "provenance": {"versions": {"pieceproof": version("pieceproof")}},
    }
    return {**body, "digest": digest(body)}


def _ends(result: ErmResult) -> tuple[Any, Any]:
    nodes = result.minimum.total.nodes
    return nodes[0], nodes[-1]


def _tasks(result: ErmResult, folder: str | None) -> Iterator[dict[str, Any]]:
    for name, dual in zip(result.names, result.duals, strict=True):
        document = getattr(dual, "document", None)
        yield {
            "name": name,
            "certificate": f"{folder}/{name}.json" if folder is not None and document else None,
            "digest": document["digest"] if document else None,
            "pieces": len(dual.pieces),
            "oscillations": dual.oscillations(),
        }


def _enclosure(value: Enclosure) -> dict[str, Any]:
    return {"lower": str(value.lower), "upper": str(value.upper), "approx": float(value)}


def _place(place: Place) -> dict[str, Any]:
    if place.where is Where.PLATEAU:
        ends = interval_document(Interval(place.lower, place.upper))
        return {"kind": place.where.name.lower(), "interval": ends}
    return {"kind": place.where.name.lower(), "alpha": algebraic(place.alpha)}


def _sample(sample: SampleReport) -> dict[str, Any]:
    complexity = sample.complexity
    return {
        "instances": sample.instances,
        "range": str(sample.value_range),
        "range_is_given": sample.range_is_given,
        "delta": str(sample.delta),
        "level": str(sample.profile.busiest),
        "patterns_at_level": sample.patterns.count,
        "patterns_at_most": sample.profile.patterns,
        "largest_shattered": sample.largest_shattered,
        "rademacher": {
            "lower": str(complexity.lower),
            "upper": str(complexity.upper),
            "draws": complexity.draws,
            "delta": None if complexity.delta is None else str(complexity.delta),
        },
        "massart": str(sample.massart),
        "level_bound": str(sample.level_bound),
        "deviation": str(sample.deviation),
    }
