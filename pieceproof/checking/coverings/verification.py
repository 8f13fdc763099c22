"""The checker of documents whose method is "coverings"."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pieceproof.checking import claims as common
from pieceproof.checking.coverings import claims
from pieceproof.checking.coverings.profile import profile
from pieceproof.checking.coverings.slabs import Slab, Space, read_slab, settle
from pieceproof.checking.reading import Node, Refuted, check_digest
from pieceproof.checking.run import Findings

NAME = "coverings"
MEMBERS = (
    "format",
    "method",
    "problem",
    "slabs",
    *claims.DERIVED,
    "bounds",
    "provenance",
    "digest",
)
MAX_SLABS = 10_000

Tell = Callable[[int, int], None]


def check(document: dict[str, Any], tell: Tell, jobs: int) -> Findings:
    """What does not hold.

    Slabs are settled in ``jobs`` threads, on which the answer does not depend.

    Raises:
        CertificateError: the document cannot be read.
    """
    members = Node(document, "").fields(*MEMBERS)
    members["format"].choice("pieceproof/1")
    findings = Findings()
    try:
        space = Space(members["problem"])
        nodes = members["slabs"].items()
        if not 1 <= len(nodes) <= MAX_SLABS:
            raise members["slabs"].wrong(f"1 to {MAX_SLABS} slabs")
        slabs = [read_slab(node, space) for node in nodes]
        found = profile(slabs, space.interval)
        findings.checked |= {
            "slabs": found.slabs,
            "boxes": _settled(space, slabs, tell, jobs),
            "jumps": len(found.jumps),
        }
        findings.reasons += claims.check(members, claims.Claims(space.model, found))
        _check_rest(members)
    except Refuted as refuted:
        findings.reasons.append(str(refuted))
    return findings


def _settled(space: Space, slabs: list[Slab], tell: Tell, jobs: int) -> int:
    """Prove all slabs: the number of boxes.

    Raises:
        Refuted: a slab does not hold.
    """

    def one(index: int) -> int | str:
        try:
            return settle(space, slabs[index])
        except Refuted as refuted:
            return f"slabs[{index}]: {refuted}"

    boxes = 0
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        for done, outcome in enumerate(pool.map(one, range(len(slabs))), start=1):
            if isinstance(outcome, str):
                pool.shutdown(cancel_futures=True)
                raise Refuted(outcome)
            boxes += outcome
            tell(done, len(slabs))
    return boxes


def _check_rest(members: dict[str, Node]) -> None:
    counts = members["counts"].value
    if members["verdict"].value == "proved" and isinstance(counts, dict):
        oscillations = Node(counts, "counts").member("oscillations").count()
        common.check_bounds(members["bounds"], oscillations)
    common.check_provenance(members["provenance"], members["problem"].value)
    check_digest(members)
