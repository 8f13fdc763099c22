"""Tuning runs: the minimum over A of the mean of certified dual losses.

What is re-derived from an ``erm.json`` and the certificates beside it:

1. every certificate is accepted, is the one with the stated digest, and has A as its interval;
2. the listed places attain a mean within the stated enclosure, and everywhere else on A it is
   larger: A is cut at all ends of pieces, and every part is too high, has F′ ≠ 0, or has F″ > 0
   with its only critical point at a listed place or too high;
3. the grid's answer and its regret.

What the document says of the sample (patterns, complexity, deviations) follows from the
duals by the theorems that it names and is protected by its digest only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flint import ctx, fmpq, fmpz_poly

from pieceproof.checking.intervals import Interval
from pieceproof.checking.means import PRECISION, Dual, Mean
from pieceproof.checking.minima import Found, Undecided, attained
from pieceproof.checking.numerals import check_algebraic, read_algebraic, read_interval
from pieceproof.checking.pieces import Piece, Value
from pieceproof.checking.reading import CertificateError, Node, Refuted, check_digest
from pieceproof.checking.reals import Real, compare, exactly

FORMAT = "pieceproof-erm/1"
MOST_GRID = 100_000
"""Grid points that are evaluated again."""


def check_tuning(
    document: dict[str, Any],
    certificate: Callable[[str], dict[str, Any]],
    refusals: Callable[[dict[str, Any]], tuple[str, ...]],
) -> dict[str, int]:
    """Re-derive the claim; the counts of what was looked at.

    Args:
        document: the JSON object.
        certificate: the document at a relative path.
        refusals: why a certificate is not accepted; empty if it is.

    Raises:
        CertificateError: a document cannot be read.
        Refuted: the claim is false.
        Undecided: the claim could not be confirmed.
    """
    keys = ("format", "interval", "tasks", "minimum", "grid", "sample", "bounds", "verdict",
            "reasons", "provenance", "digest")  # fmt: skip
    members = Node(document, "").fields(*keys)
    members["format"].choice(FORMAT)
    ends = members["interval"].rationals()
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise members["interval"].wrong("[lower, upper] with lower < upper")
    duals = [_dual(task, ends, certificate, refusals) for task in members["tasks"]]
    if not duals:
        raise CertificateError("tasks: there are none")
    mean = Mean(duals)
    minimum = members["minimum"].fields("value", "places")
    with ctx.workprec(PRECISION):
        value = _enclosure(minimum["value"])
        found = list(attained(mean, value))
        _check_places(minimum["places"], found, value)
        _check_grid(members["grid"], mean, ends, value)
    check_digest(members)
    return {"instances": len(duals), "gaps": len(mean.gaps), "minimisers": len(found)}


def _dual(
    task: Node,
    ends: tuple[fmpq, ...],
    certificate: Callable[[str], dict[str, Any]],
    refusals: Callable[[dict[str, Any]], tuple[str, ...]],
) -> Dual:
    entry = task.fields("name", "certificate", "digest", "pieces", "oscillations")
    document = certificate(entry["certificate"].text())
    for reason in refusals(document):
        raise Refuted(f"{task.path}: {entry['name'].text()}: {reason}")
    root = Node(document, entry["name"].text())
    if root.member("digest").text() != entry["digest"].text():
        raise Refuted(f"{task.path}.digest: not that of the certificate")
    if root.member("problem").member("interval").rationals() != ends:
        raise Refuted(f"{task.path}: its interval is another one")
    pieces = [_piece(node) for node in root.member("pieces")]
    if entry["pieces"].count() != len(pieces):
        raise Refuted(f"{task.path}.pieces: the certificate has {len(pieces)}")
    if entry["oscillations"].count() != root.member("counts").member("oscillations").count():
        raise Refuted(f"{task.path}.oscillations: the certificate has another number")
    return Dual(pieces, list(_points(root)))


def _piece(node: Node) -> Piece:
    value = _value(node.member("value"))
    return Piece(
        Interval(*read_interval(node.member("interval"))), value.numerator, value.denominator
    )


def _value(node: Node) -> Value:
    if not node.has("numerator"):
        raise Undecided(f"{node.path}: no rational function")
    entry = node.fields("numerator", "denominator")
    return Value(entry["numerator"].polynomial(), entry["denominator"].polynomial())


def _points(root: Node) -> Iterator[tuple[Real, Value]]:
    """Values that a dual has at single points: at jumps and at both ends."""
    for entry in root.member("breakpoints"):
        if entry.has("value"):
            yield read_algebraic(entry.member("alpha")), _value(entry.member("value"))
    for side in ("lower", "upper"):
        end = root.member("ends").member(side)
        value = end.member("value").rational()
        constant = Value(fmpz_poly([value.p]), fmpz_poly([value.q]))
        yield exactly(end.member("alpha").rational()), constant


def _enclosure(node: Node) -> tuple[fmpq, fmpq]:
    entry = node.fields("lower", "upper", "approx")
    lower, upper = entry["lower"].rational(), entry["upper"].rational()
    if lower > upper:
        raise Refuted(f"{node.path}: the lower end is above the upper one")
    return lower, upper


def _check_places(node: Node, found: list[Found], value: tuple[fmpq, fmpq]) -> None:
    """The places are exactly what was found, and the values there are equal."""
    expected = _merged(found)
    places = node.items()
    if len(places) != len(expected):
        raise Refuted(f"{node.path}: there are {len(expected)} places of least mean")
    for place, own in zip(places, expected, strict=True):
        if place.member("kind").text() != own.kind:
            raise Refuted(f"{place.path}.kind: it is a {own.kind}")
        if own.kind == "plateau":
            start, end = read_interval(place.fields("kind", "interval")["interval"])
            if compare(start, own.start) != 0 or compare(end, own.end) != 0:
                raise Refuted(f"{place.path}: the plateau is from {own.start} to {own.end}")
        else:
            check_algebraic(place.fields("kind", "alpha")["alpha"], own.start, "the minimiser is")
    known = {own.exact for own in expected}
    if len(expected) > 1 and (None in known or len(known) > 1):
        if None not in known:
            raise Refuted(f"{node.path}: the means differ")
        raise Undecided(f"{node.path}: the means agree as far as balls tell")
    exact = next(iter(known))
    if exact is not None and value != (exact, exact):
        raise Refuted("minimum.value: it is known exactly")


def _merged(found: list[Found]) -> list[Found]:
    """In order; neighbouring plateaus are one, and points on them are left out."""
    plateaus: list[Found] = []
    for place in (place for place in found if place.kind == "plateau"):
        if plateaus and compare(plateaus[-1].end, place.start) == 0:
            last = plateaus.pop()
            place = Found(last.start, place.end, "plateau", place.exact)
        plateaus.append(place)
    points: list[Found] = []
    for place in (place for place in found if place.kind != "plateau"):
        on_plateau = any(
            compare(p.start, place.start) <= 0 <= compare(p.end, place.start) for p in plateaus
        )
        if not on_plateau and all(compare(p.start, place.start) != 0 for p in points):
            points.append(place)
    ordered: list[Found] = []
    for place in (*plateaus, *points):
        index = sum(compare(other.start, place.start) < 0 for other in ordered)
        ordered.insert(index, place)
    return ordered


def _check_grid(node: Node, mean: Mean, ends: tuple[fmpq, ...], value: tuple[fmpq, fmpq]) -> None:
    entry = node.fields("points", "alpha", "value", "regret")
    points = entry["points"].count()
    if points < 2:
        raise entry["points"].wrong("at least 2")
    if points > MOST_GRID:
        raise Undecided(f"{node.path}.points: more than {MOST_GRID} are not evaluated again")
    step = (ends[1] - ends[0]) / (points - 1)
    best: tuple[fmpq, fmpq] | None = None
    for k in range(points):
        alpha = ends[0] + step * k
        found = mean.exactly_at(alpha)
        if best is None or found < best[1]:
            best = (alpha, found)
    if best != (entry["alpha"].rational(), entry["value"].rational()):
        raise Refuted(f"{node.path}: the best point is {best and best[0]}")
    regret = _enclosure(entry["regret"])
    expected = max(fmpq(0), best[1] - value[1]), best[1] - value[0]
    if regret != expected:
        raise Refuted(f"{node.path}.regret: not the value minus the minimum")
