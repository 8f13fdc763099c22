"""The checker of documents whose method is "enclosures"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pieceproof.checking import claims as common
from pieceproof.checking.enclosing import claims
from pieceproof.checking.enclosing.claimedslabs import Slab
from pieceproof.checking.enclosing.documents import MAX_SLABS, Spaces, check_charts, read_slab
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.openings import check as check_opening
from pieceproof.checking.enclosing.slabs import Settled
from pieceproof.checking.enclosing.summary import covers_in_stages, outcome, settle_all
from pieceproof.checking.reading import Node, Refuted, check_digest
from pieceproof.checking.run import Findings

NAME = "enclosures"
MEMBERS = (
    "format", "method", "problem", "charts", "slabs", "pieces", "breakpoints", "ends", "minimum",
    "extrema", "counts", "verdict", "reasons", "open", "bounds", "provenance", "digest",
)  # fmt: skip

Tell = Callable[[int, int], None]


def check(document: dict[str, Any], tell: Tell, jobs: int) -> Findings:
    """What does not hold.

    W is covered in ``jobs`` threads.

    Raises:
        CertificateError: the document cannot be read.
    """
    members = Node(document, "").fields(*MEMBERS)
    return checked_by(_check, members, tell, jobs)


Step = Callable[[dict[str, Node], Tell, int, dict[str, int]], Iterator[str]]
"""Looks at members: what does not hold; adds to the counts of what has been looked at."""


class Uncovered(Refuted):
    """W is not covered for some slabs, by number: ``slabs``."""

    def __init__(self, slabs: list[int]) -> None:
        super().__init__(f"slabs: W is not covered for {len(slabs)} slabs, first number {slabs[0]}")
        self.slabs = slabs


def checked_by(step: Step, members: dict[str, Node], tell: Tell, jobs: int) -> Findings:
    """What does not hold by ``step``, or in provenance and digest."""
    found = Findings()
    try:
        found.reasons += step(members, tell, jobs, found.checked)
        common.check_provenance(members["provenance"], members["problem"].value)
        check_digest(members)
    except Uncovered as uncovered:
        found.reasons.append(str(uncovered))
        found.uncovered = uncovered.slabs
    except Refuted as refuted:
        found.reasons.append(str(refuted))
    return found


def read_slabs(node: Node, spaces: Spaces) -> list[Slab | Open]:
    """The slabs of a document.

    Raises:
        CertificateError: malformed.
    """
    nodes = node.items()
    if not 1 <= len(nodes) <= MAX_SLABS:
        raise node.wrong(f"1 to {MAX_SLABS} slabs")
    return [read_slab(each, spaces) for each in nodes]


def proved(
    spaces: Spaces, slabs: Sequence[Slab | Open], tell: Tell, jobs: int
) -> tuple[list[Settled | None], int]:
    """All slabs settled, None for open ones, with W covered: also the number of boxes.

    Raises:
        Uncovered: all hold, but the boxes allowed do not cover W for some.
        Refuted: a slab does not hold.
    """
    total = 2 * len(slabs)
    settled = settle_all(spaces, slabs, lambda done: tell(done, total))
    numbers = [i for i, each in enumerate(settled) if each is not None and each.claims]
    covered = [each for each in settled if each is not None and each.claims]
    left, lower, boxes = covers_in_stages(
        spaces, covered, jobs, lambda done: tell(len(slabs) + done, total)
    )
    if lower:
        index, _, alpha, _ = lower[0]
        raise Refuted(f"slabs[{numbers[index]}]: f is below the claimed minimum at α = {alpha}")
    if left:
        raise Uncovered(sorted(numbers[index] for index in left))
    return settled, boxes


def _check(
    members: dict[str, Node], tell: Tell, jobs: int, checked: dict[str, int]
) -> Iterator[str]:
    spaces = Spaces(members["problem"])
    check_charts(members["charts"], spaces)
    slabs = read_slabs(members["slabs"], spaces)
    settled, boxes = proved(spaces, slabs, tell, jobs)
    for index, slab in enumerate(slabs):
        if isinstance(slab, Open):
            try:
                check_opening(spaces, slab)
            except Refuted as refuted:
                raise Refuted(f"slabs[{index}]: {refuted}") from None
    found = outcome(spaces, slabs, settled, boxes)
    checked |= {
        "slabs": found.settled,
        "boxes": boxes,
        "breakpoints": len(found.breakpoints),
        "charts": len(spaces),
    }
    yield from claims.check(members, claims.Writer(found, spaces))
