"""From slabs to a document that the checker confirms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pieceproof.certificate import Document
from pieceproof.enclosed.search import Search
from pieceproof.methods.options import Options
from pieceproof.verify import Report, verify


def confirmed(
    search: Search,
    slabs: list[dict[str, Any]],
    document_of: Callable[[list[dict[str, Any]]], Document],
    options: Options,
) -> tuple[Document, Report]:
    """The document of the slabs, and what the checker says of it.

    The search covers W with other boxes than the checker, as slabs that are covered together
    share them. Where the values of two minima nearly agree the checker's may not do: such
    slabs are left open, rather than losing all that holds.
    """
    while True:
        document = document_of(slabs)
        report = verify(document, options.progress, options.jobs)
        if not report.uncovered:
            return document, report
        listed = document["slabs"]
        slabs = search.without([tuple(listed[i]["interval"]) for i in report.uncovered])
