"""The checker of documents whose method is "enclosures"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pieceproof.checking import claims as common
from pieceproof.checking.enclosing import claims
from pieceproof.checking.enclosing.documents import MAX_SLABS, Spaces, check_charts, read_slab
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.openings import check as check_opening
from pieceproof.checking.enclosing.summary import covers, outcome, settle_all
from pieceproof.checking.reading import Node, Refuted, canonical_digest

NAME = "enclosures"
MEMBERS = (
    "format", "method", "problem", "charts", "slabs", "pieces", "breakpoints", "ends", "minimum",
    "extrema", "counts", "verdict", "reasons", "open", "bounds", "provenance", "digest",
)  # fmt: skip

Tell = Callable[[int, int], None]


def check(document: dict[str, Any], tell: Tell, jobs: int) -> tuple[list[str], dict[str, int]]:
    """What does not hold, as reasons, and counts of what has been looked at.

    W is covered in ``jobs`` threads.

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
    spaces = Spaces(members["problem"])
    check_charts(members["charts"], spaces)
    nodes = members["slabs"].items()
    if not 1 <= len(nodes) <= MAX_SLABS:
        raise members["slabs"].wrong(f"1 to {MAX_SLABS} slabs")
    slabs = [read_slab(node, spaces) for node in nodes]
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
    for index, slab in enumerate(slabs):
        if isinstance(slab, Open):
            try:
                check_opening(spaces, slab)
            except Refuted as refuted:
                raise Refuted(f"slabs[{index}]: {refuted}") from None
    found = outcome(spaces, slabs, settled, boxes)
    checked |= {
        "slabs": len(known),
        "boxes": boxes,
        "breakpoints": len(found.breakpoints),
        "charts": len(spaces),
    }
    reasons += claims.check(members, claims.Writer(found, spaces))
    try:
        common.check_provenance(members["provenance"], members["problem"].value)
        check_digest(members)
    except Refuted as refuted:
        reasons.append(str(refuted))


def check_digest(members: dict[str, Node]) -> None:
    """That the digest is that of all other members.

    Raises:
        Refuted: it is not.
    """
    content = {key: node.value for key, node in members.items() if key != "digest"}
    if members["digest"].text() != canonical_digest(content):
        raise Refuted("digest: not that of this document, which has been changed")
