"""The separate checker of result documents.

:func:`verify` takes nothing from a document on trust but the problem that it states, and
re-derives the claim in its own way (:mod:`pieceproof.checking`):

1. the pieces are ℓ*, and so are the values at the ends of A and between pieces: this is
   what the checker of the document's method establishes (:mod:`pieceproof.checking.methods`);
2. where pieces meet ℓ* is not analytic, and the breakpoint has the stated kind; the number of
   pieces is therefore the number of maximal analytic arcs;
3. ends, extrema, minimum, oscillations and counts follow from the pieces.

The digest is checked last. A changed number that makes a statement false is caught by
1–3 also when the digest has been recomputed. Only the digest protects what may change
without making a statement false: choices of representation (another witness of the same
cell, another isolating interval of the same root, steps that overlap more, a sample or
a proof that is as good), bounds that are still not below the exact number, and the provenance.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import count
from math import isinf
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from pieceproof.checking import claims
from pieceproof.checking.coverings import verification as coverings
from pieceproof.checking.enclosing import verification as enclosing
from pieceproof.checking.envelopes import check_breakpoints
from pieceproof.checking.judging import verification as judging
from pieceproof.checking.methods import CHECKERS
from pieceproof.checking.minima import Undecided
from pieceproof.checking.reading import (
    CertificateError,
    Node,
    Refuted,
    check_digest,
    one_line,
)
from pieceproof.checking.run import MAX_REASONS, Dual, Findings, Progress, Run
from pieceproof.checking.shapes import shape
from pieceproof.checking.tuning import FORMAT as TUNING_FORMAT
from pieceproof.checking.tuning import check_tuning
from pieceproof.checking.witnesses import FORMAT as WITNESS_FORMAT
from pieceproof.checking.witnesses import check_witness

__all__ = ["CertificateError", "Conclusion", "Report", "load", "verify"]

FORMAT = "pieceproof/1"
MAX_BYTES = 512 * 2**20

SlabChecker = Callable[[dict[str, Any], Callable[[int, int], None], int], Findings]
"""The checker of a method that works with slabs of α."""

COMMON = (
    "format", "method", "problem", "pieces", "breakpoints", "ends", "minimum", "extrema", "counts",
    "verdict", "reasons", "open", "bounds", "provenance", "digest",
)  # fmt: skip
"""Members of every document; the checker of a method names those that it has besides."""


class Conclusion(Enum):
    """What the checker concludes."""

    PROVED = "proved"
    """Every claim of the document has been re-derived."""
    UNRESOLVED = "unresolved"
    """The document itself does not claim a proof."""
    REJECTED = "rejected"
    """A claim is false, or its proof does not hold."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Report:
    """The verdict of the checker.

    ``accepted`` is True only if the verdict is ``proved``; ``reasons`` say why it is not;
    ``checked`` counts what has been looked at; ``uncovered`` has the numbers of the slabs that
    the checker's boxes do not cover, where a document is rejected for this alone.
    """

    accepted: bool
    verdict: Conclusion
    reasons: tuple[str, ...]
    checked: Mapping[str, int]
    uncovered: tuple[int, ...] = ()

    def __str__(self) -> str:
        if self.accepted:
            counts = ", ".join(f"{what} {count}" for what, count in self.checked.items())
            return f"accepted: {self.verdict} (checked: {counts})"
        return "\n".join((f"not accepted: {self.verdict}", *(f"  {why}" for why in self.reasons)))


def load(path: str | Path, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The JSON object in a file, without trusting it.

    Raises:
        CertificateError: the file cannot be read, is larger than ``max_bytes``, or is not one
            JSON object with finite numbers and no repeated key. The message is one line.
    """
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CertificateError(f"{name}: cannot be read ({reason})") from None
    if len(content) > max_bytes:
        raise CertificateError(f"{name}: larger than {max_bytes} bytes; raise the limit to read it")
    try:
        document = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_members,
            parse_constant=_constant,
            parse_float=_finite,
        )
    except CertificateError as error:
        raise CertificateError(f"{name}: {error}") from None
    except UnicodeDecodeError:
        raise CertificateError(f"{name}: not UTF-8 text") from None
    except RecursionError:
        raise CertificateError(f"{name}: nested too deeply") from None
    except ValueError as error:
        line = " ".join(str(error).split())[:200]
        raise CertificateError(
            f"{name}: not valid JSON ({line}); name a document that pieceproof wrote"
        ) from None
    if not isinstance(document, dict):
        raise CertificateError(f"{name}: not a JSON object")
    return document


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise CertificateError(f"the key {twin[:40]!r} is repeated")
    return members


def _constant(name: str) -> NoReturn:
    raise CertificateError(f"{name} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise CertificateError(f"{text[:40]} is too large")
    return value


def verify(
    document: dict[str, Any],
    progress: Progress | None = None,
    jobs: int = 1,
    folder: Path | None = None,
) -> Report:
    """Re-derive every claim of a result document, a shattering witness, or a tuning run.

    Args:
        document: the JSON object, for example from :func:`load`.
        progress: called as ``progress("verify", done, total)``.
        jobs: worker processes for the proofs; the report does not depend on it.
        folder: where the certificates of a tuning run are.

    Raises:
        CertificateError: the document is not a readable ``pieceproof/1`` certificate.
    """
    if isinstance(document, dict) and document.get("format") == WITNESS_FORMAT:
        return _verify_witness(document, progress, jobs)
    if isinstance(document, dict) and document.get("format") == TUNING_FORMAT:
        return _verify_tuning(document, progress, jobs, folder)
    if not isinstance(document, dict) or "method" not in document:
        raise CertificateError("document: the key 'method' is missing")
    for intervals in (enclosing, coverings, judging):
        if document["method"] == intervals.NAME:
            return _verify_slabs(intervals.check, document, progress, jobs)
    checker = CHECKERS[Node(document["method"], "method").choice(*CHECKERS)]
    members = Node(document, "").fields(*COMMON, *checker.MEMBERS)
    members["format"].choice(FORMAT)
    verdict = members["verdict"].choice("proved", "modular", "bounds", "unresolved")
    reasons = members["reasons"].texts()
    if verdict != "proved":
        stated = f"the document claims {verdict!r}, not a proof"
        quoted = map(one_line, reasons[:MAX_REASONS])
        return Report(False, Conclusion.UNRESOLVED, (stated, *quoted), {})
    run = Run(members, progress, jobs)
    with run.collecting():
        dual = checker.check(run)
        with run.collecting():
            _check_shape(run, dual)
        with run.collecting():
            claims.check_provenance(members["provenance"], members["problem"].value)
        with run.collecting():
            for key in ("reasons", "open"):
                if members[key].items():
                    raise Refuted(f"{key}: not empty although the verdict is 'proved'")
        with run.collecting():
            check_digest(members)
    if run.reasons:
        return Report(False, Conclusion.REJECTED, tuple(run.reasons[:MAX_REASONS]), run.checked)
    return Report(True, Conclusion.PROVED, (), run.checked)


def _verify_slabs(
    check: SlabChecker, document: dict[str, Any], progress: Progress | None, jobs: int
) -> Report:
    """A document with slabs; what an unresolved one says is proved is checked all the same."""
    Node(document, "").member("format").choice(FORMAT)

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress("verify", done, total)

    found = check(document, tell, jobs)
    if found.reasons:
        reasons = tuple(found.reasons[:MAX_REASONS])
        return Report(False, Conclusion.REJECTED, reasons, found.checked, tuple(found.uncovered))
    if document["verdict"] == "proved":
        return Report(True, Conclusion.PROVED, (), found.checked)
    stated = tuple(one_line(reason) for reason in document["reasons"][:MAX_REASONS])
    return Report(False, Conclusion.UNRESOLVED, stated, found.checked)


def _verify_witness(document: dict[str, Any], progress: Progress | None, jobs: int) -> Report:
    """A witness: each instance as a document of its own, then the patterns."""

    def refusals(certificate: dict[str, Any]) -> tuple[str, ...]:
        if certificate.get("format") == WITNESS_FORMAT:
            raise CertificateError("instances: a witness inside a witness")
        report = verify(certificate, progress, jobs)
        return () if report.accepted else report.reasons or (str(report.verdict),)

    try:
        return Report(True, Conclusion.PROVED, (), check_witness(document, refusals))
    except Refuted as refuted:
        return Report(False, Conclusion.REJECTED, (str(refuted),), {})


def _verify_tuning(
    document: dict[str, Any], progress: Progress | None, jobs: int, folder: Path | None
) -> Report:
    """A tuning run: each certificate beside it, then the minimum of their mean."""
    verdict = Node(document, "").member("verdict").text()
    if verdict != "proved":
        stated = f"the document claims {one_line(verdict)!r}, not a proof"
        return Report(False, Conclusion.UNRESOLVED, (stated,), {})
    tasks, done = len(Node(document, "").member("tasks").items()), count(1)

    def certificate(name: str) -> dict[str, Any]:
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or "\\" in name or not place.parts:
            raise CertificateError(f"{one_line(name)}: not a path below the folder of the document")
        return load((folder or Path()) / place)

    def refusals(found: dict[str, Any]) -> tuple[str, ...]:
        if "method" not in found:
            raise CertificateError("tasks: a certificate of one instance is expected")
        report = verify(found, None, jobs)
        if progress is not None:
            progress("instances", min(next(done), tasks), tasks)
        return () if report.accepted else report.reasons or (str(report.verdict),)

    try:
        return Report(True, Conclusion.PROVED, (), check_tuning(document, certificate, refusals))
    except Undecided as open_:
        return Report(False, Conclusion.UNRESOLVED, (str(open_),), {})
    except Refuted as refuted:
        return Report(False, Conclusion.REJECTED, (str(refuted),), {})


def _check_shape(run: Run, dual: Dual) -> None:
    """Everything that follows from the pieces of ℓ* and its values between them."""
    members, pieces, points = run.members, dual.pieces, dual.points
    kinds = check_breakpoints(members["breakpoints"], pieces, points)
    run.checked["breakpoints"] = sum(kinds.values())
    found = shape(pieces, points)
    run.checked["extrema"] = len(found.minima) + len(found.maxima)
    with run.collecting():
        claims.check_ends(members["ends"], points)
    with run.collecting():
        claims.check_extrema(members["extrema"], found)
    with run.collecting():
        claims.check_minimum(members["minimum"], found)
    with run.collecting():
        shared = claims.shape_counts(pieces, points, kinds, found)
        claims.check_counts(members["counts"], {**dual.counts, **shared})
    with run.collecting():
        claims.check_bounds(members["bounds"], found.oscillations)
