"""The stated pieces of ℓ* as a function: intervals in order with their rational functions.

A piece is (interval, P/Q) with coprime integer polynomials and Q > 0 on the closed
interval. The intervals cover A end to end. Where ℓ* is continuous, neighbours are different
functions that agree where they meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from flint import fmpq, fmpz_poly

from pieceproof.checking.intervals import Interval, positive
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.checking.reals import (
    Real,
    compare,
    exactly,
    sign_at,
)


@dataclass(frozen=True)
class Value:
    """The function numerator/denominator near a point where the denominator is positive."""

    numerator: fmpz_poly
    denominator: fmpz_poly


@dataclass(frozen=True)
class Piece:
    """ℓ* = numerator/denominator on the interval, where the denominator is positive."""

    interval: Interval
    numerator: fmpz_poly
    denominator: fmpz_poly


def read_pieces(
    node: Node, ends: tuple[fmpq, fmpq], own: tuple[str, ...], optional: tuple[str, ...] = ()
) -> list[Piece]:
    """The pieces as functions that cover A = [ends].

    Args:
        node: the list of pieces.
        ends: the ends of A.
        own: members of a piece besides "interval" and "value".
        optional: members that may be absent.

    Raises:
        CertificateError: malformed.
        Refuted: a gap or overlap, or a value not in lowest terms or with a pole.
    """
    entries = node.items()
    if not entries:
        raise CertificateError(f"{node.path}: there are no pieces")
    pieces = [
        _read_piece(entry.fields("interval", "value", *own, optional=optional)) for entry in entries
    ]
    low, high = (exactly(end) for end in ends)
    if compare(pieces[0].interval.start, low) != 0:
        raise Refuted(f"{node.path}[0]: does not start at the lower end of A")
    if compare(pieces[-1].interval.end, high) != 0:
        raise Refuted(f"{node.path}[{len(pieces) - 1}]: does not end at the upper end of A")
    for number, (left, right) in enumerate(pairwise(pieces), start=1):
        if compare(left.interval.end, right.interval.start) != 0:
            raise Refuted(f"{node.path}[{number}]: does not start where piece {number - 1} ends")
    return with_ends(pieces, [low, *(piece.interval.start for piece in pieces[1:]), high])


def with_ends(pieces: Sequence[Piece], ends: Sequence[Real]) -> list[Piece]:
    """The same pieces with equal ends written in another way."""
    return [
        replace(piece, interval=Interval(start, end))
        for piece, (start, end) in zip(pieces, pairwise(ends), strict=True)
    ]


def check_continuous(node: Node, pieces: Sequence[Piece]) -> None:
    """Neighbours are different functions that agree at the common end, named by its minimal
    polynomial.

    Raises:
        Refuted: equal neighbours, neighbours that disagree, or a polynomial that is not minimal.
    """
    for number, (left, right) in enumerate(pairwise(pieces), start=1):
        where, end = f"{node.path}[{number}]", right.interval.start
        difference = gap(left, right)
        if not difference:
            raise Refuted(f"{where}.value: the same function as piece {number - 1}")
        if sign_at(difference, end) != 0:
            raise Refuted(f"{where}.value: differs from piece {number - 1} at the common end")
        factors = (factor for factor, _ in difference.factor()[1])
        minimal = next(factor for factor in factors if sign_at(factor, end) == 0)
        check_common_end(where, left, right, minimal)


def check_common_end(where: str, left: Piece, right: Piece, minimal: fmpz_poly) -> None:
    """Both neighbours name the end that they share by its minimal polynomial.

    Raises:
        Refuted: one names it by another polynomial.
    """
    for end in (left.interval.end, right.interval.start):
        if end.polynomial != minimal:
            raise Refuted(f"{where}.interval: the polynomial of the end {end} is not minimal")


def gap(left: Piece, right: Piece) -> fmpz_poly:
    """P₁Q₂ − P₂Q₁: the numerator of the difference of two pieces."""
    return left.numerator * right.denominator - right.numerator * left.denominator


def _read_piece(entry: dict[str, Node]) -> Piece:
    start, end = read_interval(entry["interval"])
    if compare(start, end) >= 0:
        raise Refuted(f"{entry['interval'].path}: the ends are not in increasing order")
    interval = Interval(start, end)
    value = read_value(entry["value"])
    if not positive(value.denominator, interval):
        raise Refuted(f"{entry['value'].path}.denominator: not positive on the closed interval")
    return Piece(interval, value.numerator, value.denominator)


def read_value(node: Node) -> Value:
    """A rational function in lowest terms.

    Raises:
        CertificateError: malformed.
        Refuted: not in lowest terms.
    """
    value = node.fields("numerator", "denominator")
    numerator, denominator = value["numerator"].polynomial(), value["denominator"].polynomial()
    common = numerator.gcd(denominator)
    if common.degree() > 0 or abs(common[0]) != 1:
        raise Refuted(f"{node.path}: not in lowest terms")
    return Value(numerator, denominator)
