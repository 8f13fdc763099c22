"""The checker of documents whose method is "enclosed-validation".

1. The slabs prove where the minimisers of the training loss are, as in "enclosures";
2. the marks, and what follows from the minimisers where there are none, give the held-out loss;
3. pieces, breakpoints, extrema, the best α and counts follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing import claims
from pieceproof.checking.enclosing.documents import Spaces, check_charts
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.slabs import Settled
from pieceproof.checking.enclosing.summary import check_order
from pieceproof.checking.enclosing.verification import Tell, checked_by, proved, read_slabs
from pieceproof.checking.judging.examples import HeldOut, read_examples
from pieceproof.checking.judging.summary import JudgedWriter, judged_outcome
from pieceproof.checking.judging.timelines import Mark, items, timeline
from pieceproof.checking.reading import Node
from pieceproof.checking.run import Findings

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


def check(document: dict[str, Any], tell: Tell, jobs: int) -> Findings:
    """What does not hold.

    Raises:
        CertificateError: the document cannot be read.
    """
    members = Node(document, "").fields(*MEMBERS)
    return checked_by(_check, members, tell, jobs)


def _check(
    members: dict[str, Node], tell: Tell, jobs: int, checked: dict[str, int]
) -> Iterator[str]:
    held = read_problem(members["problem"])
    spaces = held.spaces
    check_charts(members["charts"], spaces)
    for node in members["slabs"]:
        if node.has("factor"):
            raise node.member("factor").wrong("no factor where examples are held out")
        if node.member("kind").value == "fade":
            raise node.member("kind").wrong("no fade where examples are held out")
    slabs, marked = read_slabs(members["slabs"], spaces), members["marks"].items()
    if len(marked) > MAX_MARKS:
        raise members["marks"].wrong(f"at most {MAX_MARKS} marks")
    if any(isinstance(slab, Open) and slab.bounds for slab in slabs):
        raise members["slabs"].wrong("open slabs without bounds, which would be those of f")
    marks = [read_mark(node) for node in marked]
    settled, boxes = proved(spaces, slabs, tell, jobs)
    check_order(spaces, slabs)
    parts: list[Settled | Open] = [
        slab if isinstance(slab, Open) else _proved(each)
        for slab, each in zip(slabs, settled, strict=True)
    ]
    count = sum(each is not None for each in settled)
    with np.errstate(all="ignore"):
        pieces = items(held, parts)
        found = judged_outcome(held, timeline(held, pieces, marks), pieces, count, boxes)
        best, floor = _best(members["best"])
        checked |= {
            "slabs": count,
            "boxes": boxes,
            "marks": len(marks),
            "breakpoints": len(found.breakpoints),
            "charts": len(spaces),
        }
        yield from claims.check(members, JudgedWriter(found, spaces, best, floor))


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
