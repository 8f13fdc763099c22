"""A shattered set as a document that the checker re-derives (docs/certificate.md).

{"format": "pieceproof-shattering/1",
 "claim": {"pseudo_dimension_at_least": n},
 "instances": [a whole result document per instance],
 "thresholds": n rationals, "alphas": 2^n rationals,
 "provenance": {...}, "digest": ...}
"""

from __future__ import annotations

from typing import Any

from bounds import pseudo_dimension, structure_of
from bounds.rows import Architecture
from pieceproof.analysis import analyze_exactly
from pieceproof.certificate import Document, digest
from pieceproof.checking.witnesses import FORMAT
from pieceproof.methods import Progress, silent
from pieceproof.shattered import Found, Witness
from piecewise.errors import PiecewiseError
from piecewise.problems import Problem


def witness_document(found: Found, witness: Witness, progress: Progress = silent) -> Document:
    """The document of a witness, each instance with the certificate of its dual loss."""
    instances = []
    for number, data in enumerate(witness.data):
        progress("certificates", number, witness.instances)
        instances.append(analyze_exactly(witness.family.problem(data)).document)
    body: Document = {
        "format": FORMAT,
        "claim": {"pseudo_dimension_at_least": witness.instances},
        "instances": instances,
        "thresholds": [str(threshold) for threshold in witness.thresholds],
        "alphas": [str(alpha) for alpha in witness.alphas],
        "provenance": {"seed": found.seed, "tried": found.tried},
    }
    return {**body, "digest": digest(body)}


def upper_bound(problem: Problem) -> tuple[int, str] | None:
    """The best proved upper bound on the pseudo-dimension of the problem's class.

    The class is that of all data sets with as many examples. None where no bound of the
    toolkit covers the model.
    """
    try:
        row = Architecture({}, structure_of(problem))
    except PiecewiseError:
        return None
    name = "Lemma 5" if row.oscillations == row.quadratic else "Lemmas 2 and 3"
    return pseudo_dimension(row.oscillations), f"Lemma 1 with {name}"


def facts(found: Found, examples: int) -> list[tuple[str, str]]:
    """What was found, as lines (what, value) for people."""
    witness = found.witness
    n = witness.instances if witness else 0
    lines: list[tuple[str, Any]] = [("lower bound", witness.report if witness else "Pdim >= 0")]
    if witness:
        lines.append(("thresholds", ", ".join(map(str, witness.thresholds))))
        upper = upper_bound(witness.family.problem(witness.data[0]))
        if upper is not None:
            lines.append(("upper bound", f"Pdim <= {upper[0]} ({upper[1]})"))
    if found.patterns:
        lines.append(("next", f"{found.patterns} of {1 << n + 1} patterns of {n + 1} instances"))
    lines.append(("search", f"{found.tried} data sets of {examples} examples, seed {found.seed}"))
    return [(name, str(value)) for name, value in lines]
