"""The stated pieces of ℓ* as a function: intervals in order with their rational functions.

A piece is (interval, P/Q) with coprime integer polynomials and Q > 0 on the closed
interval. The intervals cover A end to end, and neighbours are different functions that
agree where they meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq, fmpz_poly

from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.checking.reals import (
    Interval,
    Real,
    between,
    compare,
    exactly,
    nonnegative,
    positive,
    read_end,
    sign_at,
)


@dataclass(frozen=True)
class Piece:
    """ℓ* = numerator/denominator on the interval; ``ceiling`` bounds it from above there."""

    interval: Interval
    numerator: fmpz_poly
    denominator: fmpz_poly
    ceiling: fmpq


def read_interval(node: Node) -> tuple[Real, Real]:
    """The two ENDs of an interval."""
    ends = node.items()
    if len(ends) != 2:
        raise node.wrong("two ends")
    return read_end(ends[0]), read_end(ends[1])


def read_pieces(node: Node, problem: Problem) -> list[Piece]:
    """The pieces as functions that cover A.

    Raises:
        CertificateError: malformed.
        Refuted: a gap or overlap, a value not in lowest terms or with a pole, equal
            neighbours, or neighbours that disagree at the common end.
    """
    entries = node.items()
    if not entries:
        raise CertificateError(f"{node.path}: there are no pieces")
    pieces = [_read_piece(entry) for entry in entries]
    low, high = (exactly(end) for end in problem.interval)
    if compare(pieces[0].interval.start, low) != 0:
        raise Refuted(f"{node.path}[0]: does not start at the lower end of A")
    if compare(pieces[-1].interval.end, high) != 0:
        raise Refuted(f"{node.path}[{len(pieces) - 1}]: does not end at the upper end of A")
    for number, (left, right) in enumerate(pairwise(pieces), start=1):
        where = f"{node.path}[{number}]"
        if compare(left.interval.end, right.interval.start) != 0:
            raise Refuted(f"{where}: does not start where piece {number - 1} ends")
        difference = gap(left, right)
        if not difference:
            raise Refuted(f"{where}.value: the same function as piece {number - 1}")
        if sign_at(difference, right.interval.start) != 0:
            raise Refuted(f"{where}.value: differs from piece {number - 1} at the common end")
    return pieces


def gap(left: Piece, right: Piece) -> fmpz_poly:
    """P₁Q₂ − P₂Q₁: the numerator of the difference of two pieces."""
    return left.numerator * right.denominator - right.numerator * left.denominator


def piece_fields(node: Node) -> dict[str, Node]:
    """The members of a piece."""
    return node.fields(
        "interval", "cell", "active_set", "value", "sample", "parts", optional=("signs",)
    )


def _read_piece(node: Node) -> Piece:
    entry = piece_fields(node)
    start, end = read_interval(entry["interval"])
    if compare(start, end) >= 0:
        raise Refuted(f"{entry['interval'].path}: the ends are not in increasing order")
    interval = Interval(start, end)
    value = entry["value"].fields("numerator", "denominator")
    numerator, denominator = value["numerator"].polynomial(), value["denominator"].polynomial()
    path = entry["value"].path
    common = numerator.gcd(denominator)
    if common.degree() > 0 or abs(common[0]) != 1:
        raise Refuted(f"{path}: not in lowest terms")
    if not positive(denominator, interval):
        raise Refuted(f"{path}.denominator: not positive on the closed interval")
    return Piece(interval, numerator, denominator, _ceiling(numerator, denominator, interval))


def _ceiling(numerator: fmpz_poly, denominator: fmpz_poly, interval: Interval) -> fmpq:
    """A rational with few digits that is >= numerator/denominator on the interval, proved."""
    low, high = interval.hull
    grid = [low + (high - low) * fmpq(step, 16) for step in range(17)]
    samples = [
        numerator(at) / denominator(at)
        for at in (between(interval.start, interval.end), *grid)
        if denominator(at) > 0
    ]
    margin = (max(samples) - min(samples)) / 64 + abs(max(samples)) / 2**20 + fmpq(1, 2**40)
    while True:
        unit = fmpq(1)
        while unit > margin:
            unit /= 2
        while unit * 4 < margin:
            unit *= 2
        ceiling = ((max(samples) + margin) / unit).ceil() * unit
        if nonnegative(denominator * ceiling.p - numerator * ceiling.q, interval):
            return ceiling
        margin *= 4
