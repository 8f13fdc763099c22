"""The separate checker of result documents.

:func:`verify` takes nothing from a document on trust but the problem that it states, and
re-derives the claim in its own way (:mod:`pieceproof.checking`):

1. the listed cells of every unit are all its cells, each once;
2. the proofs run over all joint cells up to exchangeable units, each once;
3. no joint cell goes below the stated pieces (Lagrange duality, step by step);
4. every piece is attained by a feasible minimiser, so the pieces are ℓ*;
5. neighbouring pieces are different functions: their ends are the breakpoints, of the stated
   kind; the number of pieces is therefore the number of maximal analytic arcs;
6. ends, extrema, minimum, oscillations and counts follow from the pieces.

The digest is checked last. A changed number that makes a statement false is caught by
1–6 also when the digest has been recomputed. Only the digest protects what may change
without making a statement false: choices of representation (another witness of the same
cell, another isolating interval of the same root, steps that overlap more, a sample or
a proof that is as good), bounds that are still not below the exact number, and the provenance.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from math import isinf
from pathlib import Path
from typing import Any, NoReturn

from pieceproof.checking import claims
from pieceproof.checking.constraints import Constraints
from pieceproof.checking.envelopes import JUMP, KINK, check_breakpoints
from pieceproof.checking.objectives import Objective
from pieceproof.checking.orbits import Orbits, check_cases, check_classes
from pieceproof.checking.pieces import Piece, read_pieces
from pieceproof.checking.problems import Problem, read_problem
from pieceproof.checking.reading import (
    CertificateError,
    Node,
    Refuted,
    canonical_digest,
    one_line,
)
from pieceproof.checking.shapes import Shape, shape
from pieceproof.checking.unitcells import Arrangement, check_arrangements
from pieceproof.checking.upperbounds import UpperBounds
from pieceproof.checking.workers import Task, check_proofs

__all__ = ["CertificateError", "Conclusion", "Report", "load", "verify"]

FORMAT = "pieceproof/1"
MAX_BYTES = 512 * 2**20
MAX_REASONS = 20
"""Reasons reported; a document that is wrong everywhere needs no longer list."""

Progress = Callable[[str, int, int | None], None]
"""``progress(stage, done, total)``."""


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
    ``checked`` counts what has been looked at.
    """

    accepted: bool
    verdict: Conclusion
    reasons: tuple[str, ...]
    checked: Mapping[str, int]

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
        raise CertificateError(f"{name}: not valid JSON ({line})") from None
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


def verify(document: dict[str, Any], progress: Progress | None = None, jobs: int = 1) -> Report:
    """Re-derive every claim of a result document.

    Args:
        document: the JSON object, for example from :func:`load`.
        progress: called as ``progress("verify", cases done, cases in all)``.
        jobs: worker processes for the proofs; the report does not depend on it.

    Raises:
        CertificateError: the document is not a readable ``pieceproof/1`` certificate.
    """
    members = Node(document, "").fields(
        "format", "problem", "cells", "exchangeable", "proofs", "pieces", "breakpoints", "ends",
        "minimum", "extrema", "counts", "verdict", "reasons", "open", "bounds", "provenance",
        "digest",
    )  # fmt: skip
    members["format"].choice(FORMAT)
    verdict = members["verdict"].choice("proved", "modular", "bounds", "unresolved")
    reasons = members["reasons"].texts()
    if verdict != "proved":
        stated = f"the document claims {verdict!r}, not a proof"
        quoted = map(one_line, reasons[:MAX_REASONS])
        return Report(False, Conclusion.UNRESOLVED, (stated, *quoted), {})
    check = _Check(members, progress, jobs)
    with check.collecting():
        check.run()
    if check.reasons:
        return Report(False, Conclusion.REJECTED, tuple(check.reasons[:MAX_REASONS]), check.checked)
    return Report(True, Conclusion.PROVED, (), check.checked)


@dataclass
class _Check:
    """One run over a document: later parts are reached only if what they need holds."""

    members: dict[str, Node]
    progress: Progress | None
    jobs: int
    reasons: list[str] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Turn a refuted claim into a reason."""
        try:
            yield
        except Refuted as refuted:
            self.reasons.append(str(refuted))

    def run(self) -> None:
        """All checks, in the order of the module's list."""
        members = self.members
        problem = read_problem(members["problem"])
        arrangements = check_arrangements(members["cells"], problem)
        orbits = check_classes(members["exchangeable"], problem, arrangements)
        pieces = read_pieces(members["pieces"], problem)
        self.checked |= {
            "unit cells": sum(len(each.indices) for each in arrangements),
            "pieces": len(pieces),
        }
        self._upper(problem, orbits, arrangements, pieces)
        strata = self._lower(problem, orbits, arrangements)
        with self.collecting():
            kinds = check_breakpoints(members["breakpoints"], pieces)
            self.checked["breakpoints"] = sum(kinds.values())
            self._summary(problem, orbits, pieces, strata, kinds)
        with self.collecting():
            claims.check_provenance(members["provenance"], members["problem"].value)
        with self.collecting():
            for key in ("reasons", "open"):
                if members[key].items():
                    raise Refuted(f"{key}: not empty although the verdict is 'proved'")
        with self.collecting():
            content = {key: node.value for key, node in members.items() if key != "digest"}
            if members["digest"].text() != canonical_digest(content):
                raise Refuted("digest: not that of this document, which has been changed")

    def _upper(
        self,
        problem: Problem,
        orbits: Orbits,
        arrangements: list[Arrangement],
        pieces: list[Piece],
    ) -> None:
        bounds = UpperBounds(
            problem,
            orbits,
            Constraints(problem, tuple(arrangements)),
            Objective(problem, arrangements),
        )
        parts = 0
        for node, piece in zip(self.members["pieces"], pieces, strict=True):
            with self.collecting():
                parts += bounds.check(node, piece)
        self.checked["parts"] = parts

    def _lower(self, problem: Problem, orbits: Orbits, arrangements: list[Arrangement]) -> int:
        proofs = self.members["proofs"]
        entries = proofs.items()
        with self.collecting():
            cases = [
                orbits.read_case(entry.fields("cell", "steps", optional=("signs",)), entry.path)
                for entry in entries
            ]
            check_cases(proofs, cases, orbits)
        task = Task(
            self.members["problem"].value,
            self.members["pieces"].value,
            tuple(arrangements),
            orbits,
        )
        done = steps = strata = 0
        for outcomes in check_proofs(task, entries, self.jobs):
            done += len(outcomes)
            steps += sum(outcome.steps for outcome in outcomes)
            strata += sum(outcome.strata for outcome in outcomes)
            self.reasons += [outcome.reason for outcome in outcomes if outcome.reason]
            if self.progress is not None:
                self.progress("verify", done, len(entries))
            if len(self.reasons) >= MAX_REASONS:
                break
        self.checked |= {"joint cells": done, "steps": steps}
        return strata

    def _summary(
        self,
        problem: Problem,
        orbits: Orbits,
        pieces: list[Piece],
        strata: int,
        kinds: dict[str, int],
    ) -> None:
        members = self.members
        found: Shape = shape(pieces)
        self.checked["extrema"] = len(found.minima) + len(found.maxima)
        with self.collecting():
            claims.check_ends(members["ends"], problem, pieces)
        with self.collecting():
            claims.check_extrema(members["extrema"], found)
        with self.collecting():
            claims.check_minimum(members["minimum"], found)
        with self.collecting():
            expected = {
                "cells": orbits.joint_cells,
                "cases": orbits.total,
                "strata": strata,
                "pieces": len(pieces),
                "breakpoints": len(pieces) - 1,
                "discontinuities": kinds[JUMP],
                "kinks": kinds[KINK],
                "local_minima": len(found.minima),
                "local_maxima": len(found.maxima),
                "oscillations": found.oscillations,
            }
            claims.check_counts(members["counts"], expected)
        with self.collecting():
            claims.check_bounds(members["bounds"], found.oscillations)
