"""g along a curve of minimisers of f: g(α, w(α)), with its first and second derivative.

    g′ = vᵀ∇g,    g″ = vᵀ ∇²g v + ∇g·(0, w″),    v = (1, w′),

∇ and ∇² in (α, w) being those of the polynomial that the pattern of the held-out examples selects.
Next to a pitchfork, where w(α) has no derivative, folded coordinates take the place of w: then g
has to be a polynomial in them too.
"""

from __future__ import annotations

from functools import cached_property

from flint import fmpq

from pieceproof.checking.enclosing.foldedspaces import folded
from pieceproof.checking.enclosing.jets import Jet
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.judging.combinations import is_constant
from pieceproof.checking.judging.examples import HeldOut, Seen, box_of
from pieceproof.checking.judging.motions import (
    bending,
    direction,
    is_splitting,
    quadratic_form,
    turning,
    velocity,
)

ZERO = Range.exactly([0.0])


class Judged(Curve):
    """g in place of f along ``origin``, a curve of a slab, over ``alpha``, a part of the slab.

    The polynomial of g is that of the pattern of ``pieces``.
    """

    def __init__(
        self, held: HeldOut, origin: Curve, pieces: Seen, alpha: Range | None = None
    ) -> None:
        self.held, self.origin, self.pieces = held, origin, pieces
        self.space, self.stratum = origin.space, origin.stratum
        self.alpha = origin.alpha if alpha is None else alpha
        self.middle = Range.exactly(self.alpha.middle)

    def at(self, alpha: Range) -> Judged:
        """g over another part of the slab."""
        return Judged(self.held, self.origin, self.pieces, alpha)

    @cached_property
    def followed(self) -> Curve:
        """The curve over α.

        Raises:
            Refuted: it could not be followed.
        """
        return self.origin.at(self.alpha)

    @cached_property
    def _is_splitting(self) -> bool:
        return is_splitting(self.followed)

    @cached_property
    def _jet(self) -> Jet:
        own, pattern = self.followed, self.pieces.pattern
        space = self.held.space(own.stratum.place)
        if self._is_splitting and own.stratum.fold is not None:
            space = folded(space, own.stratum.fold, pattern)
            return space.jets.both(own.box, 2, pattern)[0]
        return space.jets.both(box_of(own), 2, pattern)[0]

    @property
    def value(self) -> Range:
        """g over the range of α: as nearly as doubles can if no output moves."""
        known = self.pieces.residuals
        if None in known:
            return self._jet.value
        return around([self.held.loss([r for r in known if r is not None])])

    @cached_property
    def _direction(self) -> Range:
        return direction(self.followed) if self._is_splitting else velocity(self.followed)

    @cached_property
    def slope(self) -> Range:
        """g′ over the range of α."""
        if self.pieces.is_still:
            return ZERO
        total = (self._jet.gradient[0] * self._direction).sum(0)
        return Range(total.lo.reshape(1), total.hi.reshape(1))

    @cached_property
    def curvature(self) -> Range:
        """g″ over the range of α."""
        if self.pieces.is_still:
            return ZERO
        held, own = self.held, self.followed
        bend = turning(held, own) if self._is_splitting else bending(held, own)
        total = (self._jet.gradient[0] * bend).sum(0)
        curved = Range(total.lo.reshape(1), total.hi.reshape(1))
        return quadratic_form(self._jet.hessian[0], self._direction) + curved

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
