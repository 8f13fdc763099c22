"""The stated pieces of ℓ* as a function: intervals in order with their rational functions.

A piece is (interval, P/Q) with coprime integer polynomials and Q > 0 on the closed
interval. The intervals cover A end to end, and neighbours are different functions that
agree where they meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from flint import fmpz_poly

from pieceproof.checking.intervals import Interval, positive
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.checking.reals import (
    Real,
    compare,
    exactly,
    sign_at,
)


@dataclass(frozen=True)
class Piece:
    """ℓ* = numerator/denominator on the interval, where the denominator is positive."""

    interval: Interval
    numerator: fmpz_poly
    denominator: fmpz_poly


def read_pieces(node: Node, problem: Problem) -> list[Piece]:
    """The pieces as functions that cover A; common ends have their minimal polynomials.

    Raises:
        CertificateError: malformed.
        Refuted: a gap or overlap, a value not in lowest terms or with a pole, equal
            neighbours, or neighbours that disagree at the common end.
    """
    entries = node.items()
    if not entries:
        raise CertificateError(f"{node.path}: there are no pieces")
    pieces = [_read_piece(entry, len(problem.parameters)) for entry in entries]
    low, high = (exactly(end) for end in problem.interval)
    if compare(pieces[0].interval.start, low) != 0:
        raise Refuted(f"{node.path}[0]: does not start at the lower end of A")
    if compare(pieces[-1].interval.end, high) != 0:
        raise Refuted(f"{node.path}[{len(pieces) - 1}]: does not end at the upper end of A")
    ends = [low]
    for number, (left, right) in enumerate(pairwise(pieces), start=1):
        ends.append(_common_end(left, right, f"{node.path}[{number}]", number - 1))
    ends.append(high)
    return [
        replace(piece, interval=Interval(start, end))
        for piece, (start, end) in zip(pieces, pairwise(ends), strict=True)
    ]


def _common_end(left: Piece, right: Piece, where: str, before: int) -> Real:
    """The end that two neighbours share, with its minimal polynomial."""
    stated = right.interval.start
    if compare(left.interval.end, stated) != 0:
        raise Refuted(f"{where}: does not start where piece {before} ends")
    difference = gap(left, right)
    if not difference:
        raise Refuted(f"{where}.value: the same function as piece {before}")
    if sign_at(difference, stated) != 0:
        raise Refuted(f"{where}.value: differs from piece {before} at the common end")
    minimal = next(factor for factor, _ in difference.factor()[1] if sign_at(factor, stated) == 0)
    for end in (left.interval.end, stated):
        if end.polynomial != minimal:
            raise Refuted(f"{where}.interval: the polynomial of the end {stated} is not minimal")
    return stated


def gap(left: Piece, right: Piece) -> fmpz_poly:
    """P₁Q₂ − P₂Q₁: the numerator of the difference of two pieces."""
    return left.numerator * right.denominator - right.numerator * left.denominator


def piece_fields(node: Node) -> dict[str, Node]:
    """The members of a piece."""
    return node.fields(
        "interval", "cell", "active_set", "value", "sample", "parts", optional=("signs",)
    )


def _read_piece(node: Node, parameters: int) -> Piece:
    entry = piece_fields(node)
    start, end = read_interval(entry["interval"])
    if compare(start, end) >= 0:
        raise Refuted(f"{entry['interval'].path}: the ends are not in increasing order")
    interval = Interval(start, end)
    value = entry["value"].fields("numerator", "denominator")
    numerator, denominator = value["numerator"].polynomial(), value["denominator"].polynomial()
    path = entry["value"].path
    if numerator.degree() > 2 * parameters + 2 or denominator.degree() > 2 * parameters:
        raise Refuted(f"{path}: of higher degree than a stationary value can have")
    common = numerator.gcd(denominator)
    if common.degree() > 0 or abs(common[0]) != 1:
        raise Refuted(f"{path}: not in lowest terms")
    if not positive(denominator, interval):
        raise Refuted(f"{path}.denominator: not positive on the closed interval")
    return Piece(interval, numerator, denominator)
