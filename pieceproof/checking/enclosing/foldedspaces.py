"""Where curves in other coordinates live (``folds``, ``frames``, ``products``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pieceproof.checking.enclosing import nearby
from pieceproof.checking.enclosing.folds import Coordinates
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.polynomials import PolynomialJets, cell_polynomial
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.tubes import Space, Stratum
from pieceproof.checking.reading import Refuted

if TYPE_CHECKING:
    from pieceproof.checking.enclosing.documents import Spaces


class FoldedSpace(Space):
    """A chart in other coordinates x along one pattern: f(α, w) = F(α, x(w)) where it holds.

    Slots with squares have the wall 0 below, other slots of a fold have no walls.
    """

    def __init__(self, base: Space, fold: Coordinates, pattern: Pattern) -> None:
        self.base, self.fold = base, fold
        self.chart, self.network, self.moving = base.chart, base.network, base.moving
        self.folds = base.folds
        self.factors = {}
        own = cell_polynomial(base.network, pattern)
        self.jets = PolynomialJets(base.network, fold.folded(own, 1 + base.network.parameters))
        touched, squared = list(fold.touched), list(fold.squared)
        sides = [(side.lo.copy(), side.hi.copy()) for side in base.sides]
        for bound in sides[0]:
            bound[touched] = -np.inf
            bound[squared] = 0.0
        for bound in sides[1]:
            bound[touched] = np.inf
        self.sides = (Range(*sides[0]), Range(*sides[1]))
        self.box = Range(self.sides[0].lo, self.sides[1].hi)

    def unfolded(self, weights: Range) -> Range:
        """A box of W that holds everything with folded coordinates in ``weights`` (d,)."""
        return self.fold.preimage(weights)

    def point(self, weights: Range) -> Range:
        """One of the points of W with the folded coordinates ``weights`` (d,)."""
        return self.fold.point(weights)

    def check_domain(self, box: Range, pattern: Pattern) -> None:
        """That f = F on the box ``box`` (1, n): the pattern holds all over it.

        Raises:
            Refuted: another may hold.
        """
        fold, network = self.fold, self.network
        if isinstance(fold, Frame) and len(network.hidden) == 1:
            z, points, last = fold.pre_activations(network, box), self.base.jets.points, np.inf
            pieces = np.array(pattern)
            low = np.concatenate([[-last], points.hi])[pieces]
            high = np.concatenate([points.lo, [last]])[pieces]
            if not (np.all(z.lo >= low) and np.all(z.hi <= high)):
                raise nearby.BasinTooLarge("a boundary is near a curve in a frame")
            return
        weights = fold.preimage(box[0, 1:])
        unfolded = Range(
            np.concatenate([box.lo[0, :1], weights.lo])[None],
            np.concatenate([box.hi[0, :1], weights.hi])[None],
        )
        if nearby.boundaries_near(self.base, unfolded, pattern, ()).all:
            raise nearby.BasinTooLarge("a boundary is near a folded curve")

    def check_within(self, box: Range) -> None:
        """That everything with folded coordinates in the box lies in W.

        Raises:
            Refuted: it may not.
        """
        weights, slots = self.fold.preimage(box[0, 1:]), list(self.fold.touched)
        lower, upper = self.base.sides
        if not (
            np.all(weights.lo[slots] > lower.hi[slots])
            and np.all(weights.hi[slots] < upper.lo[slots])
        ):
            raise Refuted("the curve may leave the box W")


def space_of(spaces: Spaces, stratum: Stratum) -> Space:
    """The space in which a stratum's curve lives: its chart, or a fold of it.

    Raises:
        Refuted: its dead units cannot be dead.
    """
    space = spaces.without(stratum.dead)[stratum.chart]
    return space if stratum.fold is None else folded(space, stratum.fold, stratum.pattern)


def folded(space: Space, fold: Coordinates, pattern: Pattern) -> Space:
    """A chart of W in other coordinates along a pattern, made once.

    Raises:
        Refuted: f is no polynomial in them.
    """
    key = (fold, pattern)
    if key not in space.folds:
        space.folds[key] = FoldedSpace(space, fold, pattern)
    return space.folds[key]
