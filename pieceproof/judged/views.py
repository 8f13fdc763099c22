"""What people see of a held-out loss by enclosures: values at single α, and the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_FLOOR, Context
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq
from rich.console import RenderableType

from pieceproof.checking.enclosing.documents import read_slab
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.judging.breaks import over
from pieceproof.checking.judging.examples import HeldOut
from pieceproof.checking.judging.summary import least_loss
from pieceproof.checking.judging.timelines import Item, curves_of, items
from pieceproof.checking.judging.verification import read_problem
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.enclosed.views import DIGITS, Enclosed, piece_of, pieces_table, results, rounded
from pieceproof.evaluation import OutsideError, UnknownError
from pieceproof.report import outline
from pieceproof.verify import Report
from piecewise.exact import to_fmpq

SHARP = 1e-6
"""A floor of ℓ* this close to the best value, relative to it, makes it the best."""


def evaluate_judged(document: dict[str, Any], alpha: Fraction) -> Enclosed:
    """ℓ*(α), from the slab that holds α.

    Raises:
        OutsideError: α is outside A.
        UnknownError: α is in an open interval.
        CertificateError: the document cannot be read, or its slab proves nothing.
    """
    at = to_fmpq(alpha)
    held = read_problem(Node(document.get("problem"), "problem"))
    ends = set(held.spaces.network.interval)
    for node in Node(document.get("open"), "open"):
        entry = node.fields("interval", "reason", "floor", "ceiling")
        lower, upper = entry["interval"].rationals()
        if lower < at < upper or at in {lower, upper} & ends:
            floor, ceiling = entry["floor"].value, entry["ceiling"].value
            bounds = None if floor is None or ceiling is None else (float(floor), float(ceiling))
            raise UnknownError(alpha, f"an open interval ({entry['reason'].text()})", bounds)
    for number, _ in enumerate(Node(document.get("slabs"), "slabs")):
        known = known_on(held, document, number)
        inside = [each for each in known if each.lower <= at <= each.upper and each.link]
        if not inside:
            continue
        try:
            with np.errstate(all="ignore"):
                point, value = known_at(held, inside[:1], at)
        except Refuted as refuted:
            raise CertificateError(f"slabs[{number}]: {refuted}") from None
        return Enclosed(
            alpha,
            float(value.lo[0]),
            float(value.hi[0]),
            dict(zip(held.spaces.network.names, map(float, point.middle), strict=True)),
            piece_of(document, alpha),
        )
    if min(ends) <= at <= max(ends):
        raise UnknownError(alpha, "an open interval")
    raise OutsideError(f"{alpha} is outside A; choose α in [{min(ends)}, {max(ends)}]")


def known_on(held: HeldOut, document: dict[str, Any], number: int) -> list[Item]:
    """The links of one slab on which ℓ* is known.

    Raises:
        CertificateError: the slab cannot be read, or proves nothing.
    """
    node = Node(document["slabs"][number], f"slabs[{number}]")
    slab = read_slab(node, held.spaces)
    if isinstance(slab, Open):
        return []
    try:
        with np.errstate(all="ignore"):
            settled = settle(held.spaces, slab, held.spaces.network.interval)
            return [each for each in items(held, [settled]) if each.link is not None]
    except Refuted as refuted:
        raise CertificateError(f"{node.path}: {refuted}") from None


def known_at(held: HeldOut, around: Sequence[Item], alpha: fmpq) -> tuple[Range, Range]:
    """A minimiser of the training loss at α, and g; at a breakpoint that of either side.

    Whatever pieces held-out examples use at α, all that they may use are enclosed.

    Raises:
        Refuted: the curve could not be followed.
    """
    found: list[tuple[Range, Range]] = []
    for item in around:
        for curve in curves_of(item.link) if item.link is not None else ():
            part = curve.at(over(alpha, alpha))
            found.append((part.point, least_loss(held, part)))
    if not found:
        raise Refuted("ℓ* is not known there")
    point, value = min(found, key=lambda each: float(each[1].hi[0]))
    for _, other in found:
        value = value.hull(other)
    return point, value


def judged_summary(
    document: dict[str, Any], report: Report, files: Iterable[tuple[str, str]]
) -> RenderableType:
    """The table of pieces and what follows, as :func:`pieceproof.report.summary` gives it."""
    what = "ℓ*(α), the held-out loss at argmin f(α, ·)"
    return outline(
        document, report, pieces_table(document), [*_results(document)], files, what
    )  # fmt: skip


def _results(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "held-out examples", str(len(document["problem"]["validation"]["targets"]))
    yield from results(document)
    best = document["best"]
    if best:
        value = rounded(best["value"]["lower"], best["value"]["upper"])
        alpha = float(Fraction(best["alpha"]))
        # Where the minimisers are not known ℓ* may be smaller: then this is the best of the rest.
        sharp = best["floor"] >= best["value"]["lower"] * (1 - SHARP)
        yield (
            "certified best α" if sharp else "best α that is known",
            f"{alpha:.10g}: ℓ* ≈ {value} there, ≥ {_down(best['floor'])} on A",
        )


def _down(bound: float) -> str:
    """A lower bound with fewer digits is a lower one."""
    context = Context(prec=DIGITS, rounding=ROUND_FLOOR)
    return f"{context.create_decimal_from_float(bound).normalize():g}"
