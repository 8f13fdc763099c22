"""What the documents of all methods say of a piece: parts that divide it, on which parameters
n(α)/d(α) in the box attain it, and a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from flint import fmpq, fmpz_poly

from pieceproof.checking.intervals import Interval, nonnegative, positive
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.pieces import Piece
from pieceproof.checking.problems import Parameter
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import compare, exactly

Vector = tuple[list[fmpz_poly], fmpz_poly]
"""Numerators over one denominator."""


def read_increasing(node: Node) -> Interval:
    """An interval with ends in increasing order.

    Raises:
        CertificateError: malformed.
        Refuted: they are not.
    """
    start, end = read_interval(node)
    if compare(start, end) >= 0:
        raise Refuted(f"{node.path}: the ends are not in increasing order")
    return Interval(start, end)


def check_divided(node: Node, intervals: Sequence[Interval], piece: Piece) -> None:
    """That the intervals of the parts follow each other and make up the piece.

    Raises:
        Refuted: they do not.
    """
    ends = (intervals[0].start, intervals[-1].end)
    if any(compare(left.end, right.start) != 0 for left, right in pairwise(intervals)) or any(
        compare(*pair) != 0
        for pair in zip(ends, (piece.interval.start, piece.interval.end), strict=True)
    ):
        raise Refuted(f"{node.path}: do not divide the interval of the piece")


def read_vector(node: Node, length: int) -> Vector:
    """A vector of rational functions over one denominator, without a common factor."""
    entry = node.fields("numerators", "denominator")
    numerators = entry["numerators"].polynomials()
    denominator = entry["denominator"].polynomial()
    if len(numerators) != length:
        raise entry["numerators"].wrong(f"{length} numerators")
    if not denominator or denominator.leading_coefficient() < 0:
        raise entry["denominator"].wrong("a positive leading coefficient")
    common = denominator
    for numerator in numerators:
        common = common.gcd(numerator)
    if common.degree() > 0 or abs(common[0]) != 1:
        raise Refuted(f"{node.path}: numerators and denominator have a common factor")
    return list(numerators), denominator


def read_path(node: Node, length: int, interval: Interval) -> Vector:
    """A vector as :func:`read_vector`, turned so that the denominator is > 0 on the interval.

    Raises:
        Refuted: the denominator has a root there.
    """
    numerators, below = read_vector(node, length)
    if positive(below, interval):
        return numerators, below
    if positive(-below, interval):
        return [-p for p in numerators], -below
    raise Refuted(f"{node.path}.denominator: has a root on the closed interval")


def read_path_in_box(node: Node, box: Sequence[Parameter], interval: Interval) -> Vector:
    """Parameters as :func:`read_path` that stay in the box on the closed interval.

    Raises:
        Refuted: they leave it.
    """
    numerators, below = read_path(node, len(box), interval)
    for parameter, p in zip(box, numerators, strict=True):
        low, high = parameter.lower, parameter.upper
        for slack in (p * low.q - below * low.p, below * high.p - p * high.q):
            if not nonnegative(slack, interval):
                raise Refuted(f"{node.path}: leaves the box at {parameter.name}")
    return numerators, below


def read_place(sample: Mapping[str, Node], piece: Piece) -> tuple[fmpq, fmpq]:
    """A rational α strictly inside the piece, and the value of the piece there.

    Raises:
        Refuted: it is not, or has another value.
    """
    alpha, value = sample["alpha"].rational(), sample["value"].rational()
    at = exactly(alpha)
    if compare(at, piece.interval.start) <= 0 or compare(at, piece.interval.end) >= 0:
        raise Refuted(f"{sample['alpha'].path}: not strictly inside the piece")
    if piece.numerator(alpha) != value * piece.denominator(alpha):
        raise Refuted(f"{sample['value'].path}: not the value of the piece at alpha")
    return alpha, value


def read_witness(node: Node, box: Sequence[Parameter]) -> tuple[fmpq, ...]:
    """Rational parameters in the box.

    Raises:
        Refuted: they are not.
    """
    witness = node.rationals()
    if len(witness) != len(box):
        raise node.wrong(f"{len(box)} coordinates")
    for parameter, w in zip(box, witness, strict=True):
        if not parameter.lower <= w <= parameter.upper:
            raise Refuted(f"{node.path}: outside the box at {parameter.name}")
    return tuple(witness)
