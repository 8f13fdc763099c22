"""Breakpoints of ℓ* and their kinds.

Neighbouring pieces f₁ = P₁/Q₁ and f₂ = P₂/Q₂ are different rational functions that agree
at the common end α₀. With D = P₁Q₂ − P₂Q₁, f₁ − f₂ = D/(Q₁Q₂) vanishes at α₀ to the order
of the root of D: order one is a kink (the derivatives differ), a higher order is smooth.
Either way ℓ* is not analytic at α₀. On closed cells of a box the minimum of a continuous
function is continuous in α, so there are no jumps.
"""

from __future__ import annotations

from itertools import pairwise

from pieceproof.checking.numerals import check_algebraic
from pieceproof.checking.pieces import Piece, gap
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import sign_at

JUMP, KINK, SMOOTH = "jump", "kink", "smooth"


def check_breakpoints(node: Node, pieces: list[Piece]) -> dict[str, int]:
    """Number of breakpoints of each kind.

    Raises:
        CertificateError: malformed.
        Refuted: a breakpoint is missing, is no common end of pieces, or has another kind.
    """
    entries = node.items()
    if len(entries) != len(pieces) - 1:
        raise Refuted(f"{node.path}: {len(entries)} listed between {len(pieces)} pieces")
    kinds = {JUMP: 0, KINK: 0, SMOOTH: 0}
    for entry, (left, right) in zip(entries, pairwise(pieces), strict=True):
        member = entry.fields("kind", "alpha")
        kind = member["kind"].choice(*kinds)
        check_algebraic(member["alpha"], left.interval.end, "its two pieces meet at")
        slope = sign_at(gap(left, right).derivative(), left.interval.end)
        actual = SMOOTH if slope == 0 else KINK
        if kind != actual:
            raise Refuted(f"{entry.path}.kind: the breakpoint is a {actual}")
        kinds[actual] += 1
    return kinds
