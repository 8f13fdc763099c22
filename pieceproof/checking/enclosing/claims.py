"""What a document says of ℓ* beside its slabs, and whether the slabs imply it.

A PLACE is {"interval": [p/q, p/q], "approx": number}, a VALUE {"lower": number, "upper":
number}: they enclose. What the checker finds must lie inside what is stated; the writer widens
a little, since another processor may round otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

import numpy as np
from flint import fmpq

from pieceproof.checking.agreement import compare
from pieceproof.checking.claims import check_bounds
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.joins import Link, Segment, enclosure_at
from pieceproof.checking.enclosing.ranges import Range, exact_double
from pieceproof.checking.enclosing.shapes import Node as ShapeNode
from pieceproof.checking.enclosing.summary import Outcome
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.reading import Node, Refuted

UNDECIDED = "the shape of ℓ* is not decided"

Json = dict[str, Any]


class Writer:
    """The claims of an outcome, in the form of a document."""

    def __init__(self, outcome: Outcome, spaces: Spaces) -> None:
        self.outcome, self.spaces = outcome, spaces
        self.ends = spaces.network.interval

    def members(self) -> Json:
        """The members of a document that follow from its slabs."""
        outcome, whole = self.outcome, self.outcome.whole
        minima = whole.minima if whole else ()
        maxima = whole.maxima if whole else ()
        return {
            "pieces": [self._piece(part) for part in outcome.segments],
            "breakpoints": [
                {"kind": point.kind, "alpha": self.place(point.lower, point.upper)}
                for point in outcome.breakpoints
            ],
            "ends": {
                side: self._end(alpha)
                for side, alpha in zip(("lower", "upper"), self.ends, strict=True)
            },
            "minimum": None if whole is None else self._minimum(whole.lowest()),
            "extrema": {
                "minima": [self._extremum(*pair) for pair in minima],
                "maxima": [self._extremum(*pair) for pair in maxima],
            },
            "counts": outcome.counts(),
            "verdict": "unresolved" if self.reasons() else "proved",
            "reasons": self.reasons(),
            "open": [
                {
                    "interval": [str(each.lower), str(each.upper)],
                    "reason": each.reason,
                    "floor": each.bounds.floor if each.bounds else None,
                    "ceiling": each.bounds.ceiling if each.bounds else None,
                }
                for each in outcome.open
            ],
        }

    def reasons(self) -> list[str]:
        """Why the outcome is not complete."""
        outcome = self.outcome
        found = []
        if outcome.open:
            width = sum((each.upper - each.lower for each in outcome.open), fmpq(0))
            share = width / (self.ends[1] - self.ends[0])
            found.append(
                f"open: {float(share.p) / float(share.q):.2g} of A, in {len(outcome.open)} "
                "intervals; counts are those proved outside"
            )
            found += sorted({each.reason for each in outcome.open})
        elif outcome.unclear:
            found.append(f"{UNDECIDED}: {outcome.unclear}")
        return found

    # -- parts -------------------------------------------------------------------------

    def place(self, lower: fmpq, upper: fmpq) -> Json:
        """A PLACE, widened by its own width to both sides within A."""
        width = upper - lower
        low, high = max(lower - width, self.ends[0]), min(upper + width, self.ends[1])
        middle = (low + high) / 2
        return {"interval": [str(low), str(high)], "approx": int(middle.p) / int(middle.q)}

    def _piece(self, segments: list[Segment]) -> Json:
        if not segments:
            return {"interval": [], "sample": None}
        lower, upper = segments[0].lower, segments[-1].upper
        widest = max(segments, key=lambda s: s.upper - s.lower)
        alpha = (widest.lower + widest.upper) / 2
        return {"interval": [str(lower), str(upper)], "sample": self._sample(alpha, [widest])}

    def _sample(self, alpha: fmpq, links: list[Link]) -> Json:
        curve, value = self.enclosure(links, alpha)
        point = curve.point
        names = self.spaces.network.names
        return {
            "alpha": str(alpha),
            "value": as_value(float(value.lo[0]), float(value.hi[0])),
            "minimiser": {
                name: as_value(float(point.lo[i]), float(point.hi[i]))
                for i, name in enumerate(names)
            },
        }

    def enclosure(self, links: Sequence[Link], alpha: fmpq) -> tuple[Curve, Range]:
        """The curve and ℓ* at a rational α of the links."""
        return enclosure_at(links, alpha)

    def _end(self, alpha: fmpq) -> Json | None:
        for run in self.outcome.runs:
            if run[0].lower <= alpha <= run[-1].upper:
                return self._sample(alpha, list(run))
        return None

    def _minimum(self, lowest: list[tuple[ShapeNode, ShapeNode]]) -> Json:
        low = min(node.value[0] for node, _ in lowest)
        high = min(node.value[1] for node, _ in lowest)
        return {
            "alpha": [self.place(a.lower, b.upper) for a, b in lowest],
            "value": as_value(low, high),
        }

    def _extremum(self, first: ShapeNode, last: ShapeNode) -> Json:
        return {
            "alpha": self.place(first.lower, last.upper),
            "value": as_value(
                min(first.value[0], last.value[0]), max(first.value[1], last.value[1])
            ),
        }


def as_value(lower: float, upper: float) -> Json:
    slack = 1e-13 * max(abs(lower), abs(upper)) + 1e-300
    return {"lower": lower - slack, "upper": upper + slack}


def check(members: dict[str, Node], writer: Writer) -> Iterator[str]:
    """The claims that do not follow from the slabs, as reasons."""
    own = writer.members()
    for key, value in own.items():
        try:
            compare(members[key], value, _settled)
        except Refuted as refuted:
            yield str(refuted)
    oscillations = own["counts"]["oscillations"]
    if own["verdict"] == "proved" and oscillations is not None:
        try:
            check_bounds(members["bounds"], oscillations)
        except Refuted as refuted:
            yield str(refuted)


def _settled(stated: Node, own: Json) -> bool:
    """Whether the object is an enclosure, of a place or of a value, that is checked as such."""
    if set(own) == {"interval", "approx"}:
        _check_place(stated, own)
        return True
    if set(own) == {"lower", "upper"} and isinstance(own["lower"], float):
        _check_value(stated, own["lower"], own["upper"])
        return True
    return False


def _check_place(stated: Node, own: Json) -> None:
    entry = stated.fields("interval", "approx")
    ends = entry["interval"].rationals()
    inner = [fmpq(*map(int, [*text.split("/"), "1"][:2])) for text in own["interval"]]
    width = inner[1] - inner[0]
    # The writer's intervals are three times as wide as what is proved.
    low, high = inner[0] + width / 3, inner[1] - width / 3
    if len(ends) != 2 or not ends[0] <= low or not high <= ends[1]:
        raise Refuted(f"{stated.path}: not where the slabs put it")
    if ends[1] - ends[0] > 16 * width:
        raise Refuted(f"{stated.path}: wider than the slabs say")
    approx = _number(entry["approx"])
    if not ends[0] <= exact_double(approx) <= ends[1] and width > 0:
        raise Refuted(f"{entry['approx'].path}: outside its interval")
    if width == 0 and approx != own["approx"]:
        raise Refuted(f"{entry['approx'].path}: not the rational it stands for")


def _check_value(stated: Node, lower: float, upper: float) -> None:
    entry = stated.fields("lower", "upper")
    low, high = _number(entry["lower"]), _number(entry["upper"])
    inner = np.nextafter(lower, upper), np.nextafter(upper, lower)
    slack = 0.5e-13 * max(abs(lower), abs(upper))
    if not (low <= inner[0] + slack and inner[1] - slack <= high):
        raise Refuted(f"{stated.path}: does not enclose what the slabs give")
    if high - low > 16 * (upper - lower):
        raise Refuted(f"{stated.path}: wider than the slabs say")


def _number(node: Node) -> float:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise node.wrong("a number")
    value = float(node.value) if abs(node.value) < 1e300 else float("inf")
    if not isfinite(value):
        raise node.wrong("a number below 1e300")
    return value
