"""What g does where the minimiser, or the piece of a held-out example, changes.

Left of one α* in (a, b) g is the value of one analytic function, right of it of another; both are
enclosed on all of [a, b]. Then ℓ* has at α*

- a ``jump`` if the values differ on [a, b]: at a kink of the training loss two minimisers change
  places. Both are minimisers at α*, so ℓ* has the smaller value there;
- a ``kink`` if g is continuous and the slopes differ;
- a ``smooth`` breakpoint if g is C¹ and the second derivatives differ;
- none if g is continuous and constant on both sides, or on both of them all outputs are the same
  constants.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from pieceproof.checking.enclosing.joins import Breakpoint, Link, Segment
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.judging.judged import Judged
from pieceproof.checking.reading import Refuted

CLOSE = "the held-out losses of two best fits are equal where they change places, or nearly so"
ALIKE = "whether the held-out loss is analytic is not decided where {what}"


def over(lower: fmpq, upper: fmpq) -> Range:
    """[lower, upper] as a range of doubles around it."""
    return Range(around([lower]).lo, around([upper]).hi)


def judged_break(
    left: Judged,
    right: Judged,
    ends: tuple[fmpq, fmpq],
    slab: int,
    *,
    jumps: bool = False,
    is_smooth: bool = False,
    what: str = "",
) -> list[Link]:
    """The breakpoint in [a, b] = ``ends``, or a segment if there is none.

    Args:
        left, right: the two functions.
        ends: a and b.
        slab: the number of the slab.
        jumps: whether w* jumps; else g is continuous.
        is_smooth: whether g is known to be C¹.
        what: what happens there.

    Raises:
        Refuted: the kind is not decided.
    """
    if left.pieces.is_still and left.pieces.residuals == right.pieces.residuals:
        return [Segment(left, *ends, slab)]
    if not jumps and left.is_flat() and right.is_flat():
        return [Segment(left, *ends, slab)]
    alpha = over(*ends)
    a, b = left.at(alpha), right.at(alpha)
    kind = None
    if jumps:
        kind = "jump" if _differ(a, b, lambda each: each.value) else None
        if kind is None:
            raise Refuted(CLOSE)
    elif _differ(a, b, lambda each: each.slope):
        kind = "kink"
    elif is_smooth and _differ(a, b, lambda each: each.curvature):
        kind = "smooth"
    if kind is None:
        raise Refuted(ALIKE.format(what=what))
    return [Breakpoint(kind, *ends, left, right)]


def _differ(a: Judged, b: Judged, part: Callable[[Judged], Range]) -> bool:
    x, y = part(a), part(b)
    return bool(x.hi[0] < y.lo[0] or y.hi[0] < x.lo[0])
