"""Where a held-out example passes from one piece of σ_α to another, exactly once.

On [a, b] the curve w(α) is analytic. If z − β has opposite signs at a and b and its derivative
∂z/∂α + ∇z·w′ has no zero on [a, b], while all other boundaries keep their sides, then g consists of
two analytic functions, one on either side of one α*.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from pieceproof.checking.enclosing.claimedslabs import end
from pieceproof.checking.enclosing.groups import coincide
from pieceproof.checking.enclosing.tubes import Curve, Label, Place
from pieceproof.checking.judging.breaks import over
from pieceproof.checking.judging.examples import HeldOut, NotOnOneSide, Seen, box_of, seen_by
from pieceproof.checking.judging.motions import velocity
from pieceproof.checking.reading import Refuted


def crossed(
    held: HeldOut, curve: Curve, lower: fmpq, upper: fmpq
) -> tuple[tuple[Label, ...], Seen, Seen]:
    """The boundary that is crossed once, as labels that are one hyperplane, and what is seen before
    and behind.

    Raises:
        Refuted: this could not be shown.
    """
    part = curve.at(over(lower, upper))
    space = held.space(part.stratum.place)
    try:
        seen_by(held, part)
    except NotOnOneSide as met:
        labels = met.labels
    else:
        raise Refuted("no held-out boundary is crossed")
    if len(labels) > 1 and not coincide(space, labels):
        raise Refuted("two held-out boundaries are crossed at once")
    before, behind = (seen_by(held, end(part, at)) for at in (lower, upper))
    if not _differ_at(labels, before, behind):
        raise Refuted("a held-out boundary is not crossed")
    v, box = velocity(part), box_of(part)
    for unit, example, _ in labels:
        gradient = space.jets.both(box, 1)[1][unit].gradient[0, example]
        speed = (gradient * v).sum(0)
        if not (speed.lo > 0 or speed.hi < 0):
            raise Refuted("a held-out boundary may be crossed more than once")
    return labels, before, behind


def _differ_at(labels: Sequence[Label], before: Seen, behind: Seen) -> bool:
    """Whether the patterns differ by the boundaries ``labels`` and nothing else."""
    changed = {(unit, example): k for unit, example, k in labels}
    if len(changed) != len(labels):
        return False
    for unit, (own, other) in enumerate(zip(before.pattern, behind.pattern, strict=True)):
        for example, (x, y) in enumerate(zip(own, other, strict=True)):
            k = changed.get((unit, example))
            if (x != y) != (k is not None):
                return False
            if k is not None and {x, y} != {k, k + 1}:
                return False
    return True


def is_smooth(held: HeldOut, place: Place, labels: Sequence[Label]) -> bool:
    """Whether g is C¹ across the boundary."""
    return all(held.space(place).network.is_soft(*label) for label in labels)
