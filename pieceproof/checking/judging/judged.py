"""g along a curve of minimisers of f: g(α, w(α)), with its first and second derivative.

    g′ = ∂g/∂α + ∇g·x′,    g″ = vᵀ ∇²g v + ∇g·x″,    v = (1, x′),

in the free coordinates x, ∇ and ∇² being those of the polynomial that the pattern of the held-out
examples selects. A curve in a frame, in products or in folded coordinates is followed in W, by a
tube of its own; next to a pitchfork, where w(α) has no derivative, in folded coordinates: then g
has to be a polynomial in them too.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from flint import fmpq

from pieceproof.checking.enclosing.foldedspaces import folded
from pieceproof.checking.enclosing.folds import Fold
from pieceproof.checking.enclosing.jets import Jet
from pieceproof.checking.enclosing.ranges import Array, Range
from pieceproof.checking.enclosing.tubes import Curve, Path, Stratum
from pieceproof.checking.judging.accelerations import acceleration, direction, quadratic_form
from pieceproof.checking.judging.combinations import is_constant
from pieceproof.checking.judging.examples import HeldOut, Seen
from pieceproof.checking.reading import Refuted


class Judged(Curve):
    """g in place of f along ``origin``, a curve of a slab, over ``alpha``, a part of the slab.

    The polynomial of g is that of the pattern of ``pieces``. ``owner`` is the curve of the slab in
    whose basin the minimisers are.
    """

    def __init__(
        self,
        held: HeldOut,
        origin: Curve,
        owner: Curve,
        pieces: Seen,
        alpha: Range | None = None,
    ) -> None:
        self.held, self.origin, self.owner, self.pieces = held, origin, owner, pieces
        self.space, self.stratum = origin.space, origin.stratum
        self.alpha = origin.alpha if alpha is None else alpha
        self.middle = Range.exactly(self.alpha.middle)

    def at(self, alpha: Range) -> Judged:
        """g over another part of the slab."""
        return Judged(self.held, self.origin, self.owner, self.pieces, alpha)

    @cached_property
    def followed(self) -> Curve:
        """The curve over α, in W where that can be.

        Raises:
            Refuted: it could not be followed.
        """
        return followed(self.held, self.origin, self.owner, self.alpha)

    @cached_property
    def _jet(self) -> Jet:
        own, pattern = self.followed, self.pieces.pattern
        space = self.held.space(own.stratum.chart)
        if own.stratum.fold is not None:
            space = folded(space, own.stratum.fold, pattern)
        return space.jets.both(own.box, 2, pattern)[0]

    @property
    def value(self) -> Range:
        """g over the range of α."""
        return self._jet.value

    @cached_property
    def slope(self) -> Range:
        """g′ over the range of α."""
        own, gradient = self.followed, self._jet.gradient[0]
        total = gradient[0:1]
        m = len(own.free)
        if m:
            total = total + (gradient[1 + own.free] * own.derivative[:m]).sum(0)
        return total

    @cached_property
    def curvature(self) -> Range:
        """g″ over the range of α."""
        own, jet = self.followed, self._jet
        total = quadratic_form(jet.hessian[0], direction(own))
        if len(own.free):
            bend = acceleration(self.held, own)
            total = total + (jet.gradient[0, 1 + own.free] * bend).sum(0)
        return total

    @property
    def point(self) -> Range:
        """The curve's points in W (d,); of mirror images one."""
        return self.followed.point

    def is_flat(self) -> bool:
        """Whether g is constant. False says nothing."""
        if self.pieces.is_still:
            return True
        return is_constant(self.held, self.origin, self.pieces.pattern)

    def is_flat_at(self, alpha: fmpq) -> bool:
        """g′ = 0 at one α is not known by identities."""
        return False


def followed(held: HeldOut, origin: Curve, owner: Curve, alpha: Range) -> Curve:
    """The curve over a part of its slab, in W where that can be.

    Raises:
        Refuted: it could not be followed.
    """
    own = origin.at(alpha)
    if own.stratum.fold is None:
        return own
    try:
        return in_parameters(held, owner, own)
    except Refuted:
        if isinstance(own.stratum.fold, Fold):
            return own
        raise


def in_parameters(held: HeldOut, owner: Curve, part: Curve) -> Curve:
    """A part of a curve in other coordinates, as a curve of W.

    At the middle of the part its image lies in the basin of ``owner``, which has one point of
    first order; there it is that one. Both are curves of first-order points of f_c in W (on a
    mirror ∂f/∂t = 0 as f_c is even in t), and the new one is regular, so they are one on the part.

    Raises:
        Refuted: this could not be shown.
    """
    stratum, fold = part.stratum, part.stratum.fold
    if fold is None:
        return part
    space = held.spaces[stratum.chart]
    walls = {i: side for i, side in stratum.walls.items() if i not in fold.touched}
    middle = part.at(part.middle)
    centre = middle.point.middle
    slope: Array = np.zeros(len(centre))
    low, high = part.alpha.lo, part.alpha.hi
    if high[0] > low[0]:
        ends = [part.at(Range(x, x)).point.middle for x in (low, high)]
        slope = (ends[1] - ends[0]) / (high[0] - low[0])
    plain = Stratum(stratum.chart, stratum.pattern, (), walls)
    path = Path(centre, slope, np.ones(len(centre)))
    found = Curve(space, plain, path, part.alpha, polish=2)
    here = found.at(found.middle)
    image = fold.image(here.box[0, 1:])
    reach = Range.exactly(owner.path.radius)
    basin = owner.along(found.middle)
    floor, top = (basin - reach).lo, (basin + reach).hi
    for slot in fold.squared:
        floor[slot] = -np.inf if floor[slot] <= 0 else floor[slot]
    free = [i for i in part.space.chart.moving if i not in walls]
    if not np.all((floor <= image.lo)[free] & (image.hi <= top)[free]):
        raise Refuted("a curve in other coordinates is not found in W")
    return found
