"""The checker of documents whose method is "enclosed-validation".

1. The slabs prove where the minimisers of the training loss are, as in "enclosures";
2. the marks, and what follows from the minimisers where there are none, give the held-out loss;
3. pieces, breakpoints, extrema, the best α and counts follow.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from flint import fmpq

from pieceproof.checking import claims as common
from pieceproof.checking.enclosing import claims
from pieceproof.checking.enclosing.documents import MAX_SLABS, Spaces, check_charts, read_slab
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.slabs import Settled
from pieceproof.checking.enclosing.summary import covers, settle_all
from pieceproof.checking.enclosing.verification import Tell, check_digest
from pieceproof.checking.judging.examples import HeldOut, read_examples
from pieceproof.checking.judging.summary import JudgedWriter, judged_outcome
from pieceproof.checking.judging.timelines import Mark, items, timeline
from pieceproof.checking.reading import Node, Refuted

NAME = "enclosed-validation"
MEMBERS = (
    "format", "method", "problem", "charts", "slabs", "marks", "pieces", "breakpoints", "ends",
    "minimum", "best", "extrema", "counts", "verdict", "reasons", "open", "bounds", "provenance",
    "digest",
)  # fmt: skip
MAX_MARKS = 100_000


def read_problem(node: Node) -> HeldOut:
    """The charts of the training problem, and the held-out examples.

    Raises:
        CertificateError: malformed, or outside the covered family.
    """
    stated = node.member("validation")
    training = {key: value for key, value in node.value.items() if key != "validation"}
    spaces = Spaces(Node(training, node.path))
    if spaces.network.polynomial is not None:
        raise stated.wrong("no held-out examples of a polynomial")
    if spaces.network.ratio:
        raise node.member("penalty").wrong("the penalty α|w|² (the covered family)")
    return HeldOut(spaces, read_examples(stated, spaces.network))


def read_mark(node: Node) -> Mark:
    """A mark.

    Raises:
        CertificateError: malformed.
    """
    entry = node.fields("interval", "kind", optional=("reason",))
    ends = entry["interval"].rationals()
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise entry["interval"].wrong("two increasing rationals")
    if entry["kind"].choice("crossing", "open") == "crossing":
        node.fields("interval", "kind")
        return Mark(ends[0], ends[1])
    return Mark(ends[0], ends[1], node.fields("interval", "kind", "reason")["reason"].text())


def check(document: dict[str, Any], tell: Tell, jobs: int) -> tuple[list[str], dict[str, int]]:
    """What does not hold, as reasons, and counts of what has been looked at.

    Raises:
        CertificateError: the document cannot be read.
    """
    members = Node(document, "").fields(*MEMBERS)
    reasons: list[str] = []
    checked: dict[str, int] = {}
    try:
        _check(members, tell, jobs, reasons, checked)
    except Refuted as refuted:
        reasons.append(str(refuted))
    return reasons, checked


def _check(
    members: dict[str, Node], tell: Tell, jobs: int, reasons: list[str], checked: dict[str, int]
) -> None:
    held = read_problem(members["problem"])
    spaces = held.spaces
    check_charts(members["charts"], spaces)
    nodes, marked = members["slabs"].items(), members["marks"].items()
    if not 1 <= len(nodes) <= MAX_SLABS:
        raise members["slabs"].wrong(f"1 to {MAX_SLABS} slabs")
    if len(marked) > MAX_MARKS:
        raise members["marks"].wrong(f"at most {MAX_MARKS} marks")
    slabs = [read_slab(node, spaces) for node in nodes]
    if any(isinstance(slab, Open) and slab.bounds for slab in slabs):
        raise members["slabs"].wrong("open slabs without bounds, which would be those of f")
    marks = [read_mark(node) for node in marked]
    total = 2 * len(slabs)
    settled = settle_all(spaces, slabs, lambda done: tell(done, total))
    known = [each for each in settled if each is not None]
    covered = [each for each in known if each.claims]
    left, lower, boxes = covers(
        spaces, covered, tell=lambda done: tell(len(slabs) + done, total), jobs=jobs
    )
    if lower:
        index, _, alpha, _ = lower[0]
        raise Refuted(
            f"slabs: f is below the claimed minimum at α = {alpha} (settled slab {index})"
        )
    if left:
        raise Refuted(f"slabs: W is not covered for {len(left)} slabs, first number {min(left)}")
    at, parts = spaces.network.interval[0], list[Settled | Open]()
    for slab, each in zip(slabs, settled, strict=True):
        if slab.lower != at:
            raise Refuted(f"slabs: a gap or an overlap at α = {at}")
        at = slab.upper
        parts.append(slab if isinstance(slab, Open) else _proved(each))
    if at != spaces.network.interval[1]:
        raise Refuted(f"slabs: they end at α = {at}, not at the end of A")
    with np.errstate(all="ignore"):
        pieces = items(held, parts)
        found = judged_outcome(held, timeline(held, pieces, marks), pieces, len(known), boxes)
        best, floor = _best(members["best"])
        reasons += claims.check(members, JudgedWriter(found, spaces, best, floor))
    checked |= {
        "slabs": len(known),
        "boxes": boxes,
        "marks": len(marks),
        "breakpoints": len(found.breakpoints),
        "charts": len(spaces),
    }
    try:
        common.check_provenance(members["provenance"], members["problem"].value)
        check_digest(members)
    except Refuted as refuted:
        reasons.append(str(refuted))


def _proved(settled: Settled | None) -> Settled:
    if settled is None:
        raise ValueError("a slab that is not open is settled")
    return settled


def _best(node: Node) -> tuple[fmpq | None, float]:
    if node.value is None:
        return None, 0.0
    entry = node.fields("alpha", "value", "floor")
    floor = entry["floor"].value
    if not isinstance(floor, float) or not isfinite(floor):
        raise entry["floor"].wrong("a number")
    return entry["alpha"].rational(), floor
