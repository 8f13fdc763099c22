"""Breakpoints of ℓ* and their kinds.

Neighbouring pieces f₁ = P₁/Q₁ and f₂ = P₂/Q₂ meet at α₀, where ℓ* has a value v. If v is not the
limit of both, α₀ is a jump. Otherwise the pieces are different functions that agree at α₀. With
D = P₁Q₂ − P₂Q₁, f₁ − f₂ = D/(Q₁Q₂) vanishes at α₀ to the order of the root of D: order one
is a kink (the derivatives differ), a higher order is smooth. Either way ℓ* is not analytic at
α₀.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.numerals import check_algebraic
from pieceproof.checking.pieces import Piece, gap, read_value
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import sign_at

JUMP, KINK, SMOOTH = "jump", "kink", "smooth"


def check_breakpoints(
    node: Node, pieces: Sequence[Piece], points: Sequence[Height]
) -> dict[str, int]:
    """Number of breakpoints of each kind.

    Args:
        node: the list of breakpoints.
        pieces: the pieces of ℓ*.
        points: its values at the ends of A and between pieces.

    Raises:
        CertificateError: malformed.
        Refuted: a breakpoint is missing, is no common end of pieces, has another kind or
            another value.
    """
    entries = node.items()
    if len(entries) != len(pieces) - 1:
        raise Refuted(f"{node.path}: {len(entries)} listed between {len(pieces)} pieces")
    kinds = {JUMP: 0, KINK: 0, SMOOTH: 0}
    for entry, pair, point in zip(entries, pairwise(pieces), points[1:], strict=False):
        member = entry.fields("kind", "alpha", optional=("value",))
        kind, actual = member["kind"].choice(*kinds), _kind(*pair, point)
        check_algebraic(member["alpha"], point.alpha, "its two pieces meet at")
        if kind != actual:
            raise Refuted(f"{entry.path}.kind: the breakpoint is a {actual}")
        if ("value" in member) != (kind == JUMP):
            raise Refuted(f"{entry.path}: a value is given for jumps and only for them")
        if kind == JUMP:
            _check_value(member["value"], point)
        kinds[actual] += 1
    return kinds


def _kind(left: Piece, right: Piece, point: Height) -> str:
    limits = (Height(piece, point.alpha) for piece in (left, right))
    if any(compare_heights(limit, point) != 0 for limit in limits):
        return JUMP
    slope = sign_at(gap(left, right).derivative(), point.alpha)
    return SMOOTH if slope == 0 else KINK


def _check_value(node: Node, point: Height) -> None:
    value = read_value(node)
    if sign_at(value.denominator, point.alpha) <= 0:
        raise Refuted(f"{node.path}.denominator: not positive at the jump")
    if compare_heights(Height(value, point.alpha), point) != 0:
        raise Refuted(f"{node.path}: not the value of ℓ* at the jump")
