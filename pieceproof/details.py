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


def _fit(piece: Node) -> str:
    """What the fitted parameters of the first part satisfy with equality."""
    part = piece.member("parts").items()[0]
    labels = part.member("active").texts()
    best = ", the best of several" if part.has("optimistic") else ""
    return (
        ", ".join(each for each in labels if not each.endswith((":positive", ":negative"))) + best
    )


def _validation_facts(counts: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    yield from _convex_facts(counts)
    refined = f"; {counts['refined_cells']:,} refined cells" if counts["refined_cells"] else ""
    yield "training", f"{counts['training_pieces']:,} pieces of min f(α, ·){refined}"


def _switched_on(piece: Node) -> str:
    """How many nodes of every channel are active in the first part, with the output signs."""
    part = piece.member("parts").items()[0]
    numbers = [str(len(channel.items())) for channel in part.member("on")]
    signs = part.member("signs").value if part.has("signs") else []
    return " ".join(["·".join(numbers), *("+" if sign > 0 else "−" for sign in signs)])


def _moving_facts(counts: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    proofs = f"{counts['cases']:,} cells and {counts['strata']:,} strata in the proofs"
    yield "patterns", f"{counts['patterns']:,} of a channel; {proofs}"


def _nested_facts(counts: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    proofs = f"{counts['cases']:,} cells and {counts['strata']:,} strata in the proofs"
    charts = "chart" if counts["charts"] == 1 else "charts"
    yield "cells", f"on {counts['charts']:,} {charts} (weights at walls); {proofs}"


def _errors(piece: Node) -> str:
    return f"{piece.member('errors').count():,}"


def _chain_facts(counts: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    yield "reduction", "to a linear classifier: the activation rises (or falls) for all α inside A"


COLUMNS: dict[str, dict[str, Column]] = {
    "piecewise-constant": {"misclassified": _errors},
    "rising-chains": {"misclassified": _errors},
    "convex-cells": {"cell": _cell, "active constraints": _active_set},
    "validation": {"fitted parameters": _fit},
    "moving-cells": {"active nodes": _switched_on, "active constraints": _fit},
    "nested-cells": {"active constraints": _fit},
}
FACTS: dict[str, Facts] = {
    "rising-chains": _chain_facts,
    "convex-cells": _convex_facts,
    "validation": _validation_facts,
    "moving-cells": _moving_facts,
    "nested-cells": _nested_facts,
}
