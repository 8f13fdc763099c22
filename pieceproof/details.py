"""What the table of a result says besides what all methods have: by the name of the method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pieceproof.checking.reading import Node

Column = Callable[[Node], str]
"""The text of a cell of the table from the node of a piece."""
Facts = Callable[[Mapping[str, int]], Iterable[tuple[str, str]]]
"""Lines (what, how much) from the counts."""


def no_facts(counts: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    """Nothing to add."""
    return ()


def _cell(piece: Node) -> str:
    cells = [str(node.count()) for node in piece.member("cell")]
    signs = piece.member("signs").value if piece.has("signs") else []
    return " ".join(["·".join(cells), *("+" if sign > 0 else "−" for sign in signs)])


def _active_set(piece: Node) -> str:
    """Constraints, and kinks at 0; the signs of the other kinks would fill the screen."""
    labels = piece.member("active_set").texts()
    return ", ".join(label for label in labels if not label.endswith((":positive", ":negative")))


def _convex_facts(counts: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    cases = "1 case" if counts["cases"] == 1 else f"{counts['cases']:,} cases"
    proofs = f"{cases} and {counts['strata']:,} strata in the proofs"
    yield "cells", f"{counts['cells']:,}; {proofs}"


COLUMNS: dict[str, dict[str, Column]] = {
    "convex-cells": {"cell": _cell, "active constraints": _active_set},
}
FACTS: dict[str, Facts] = {"convex-cells": _convex_facts}
