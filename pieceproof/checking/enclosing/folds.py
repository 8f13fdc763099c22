"""Folds: coordinates in which a mirror of f becomes a wall, so that a pitchfork is a switch.

Let ϱ be a reflection of w: the exchange of w_i and w_j, the exchange with both signs changed, or
a change of the sign of w_i. In the coordinates

    s = (w_i + w_j)/2, t = (w_i − w_j)/2;    t = (w_i + w_j)/2, s = (w_i − w_j)/2;    t = w_i

ϱ is t ↦ −t. Where the polynomial f_c of a pattern is even in t, f_c(α, w) = F(α, s, T) with T = t²,
and to minimise f_c near the mirror is to minimise F over T ≥ 0. A branch that splits in two at
the mirror (f_tt = 0 there) is a regular branch of F that passes T = 0: on the mirror f_tt = 2·F_T.
Several disjoint reflections, and both exchanges of one pair, can be folded at once.

Nothing is taken on trust: f_c is made from the problem, and whether F exists is decided exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq, fmpq_mpoly

from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.networks import ring
from pieceproof.checking.enclosing.products import Product
from pieceproof.checking.enclosing.ranges import Array, Range, down, up
from pieceproof.checking.reading import Refuted

KINDS = {"swap": 2, "opposite": 2, "flip": 1}
"""Reflections and how many parameters they name."""

Reflection = tuple[str, tuple[int, ...]]
"""("swap", (i, j)), ("opposite", (i, j)): (w_i, w_j) ↦ (−w_j, −w_i), or ("flip", (i,))."""


@dataclass(frozen=True)
class Fold:
    """Folded coordinates x: slots of ``pairs`` hold (w_i + w_j)/2 and (w_i − w_j)/2, other slots w.

    The slots in ``squared`` hold squares of that.
    """

    reflections: tuple[Reflection, ...]

    products = ()

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The pairs (i, j) that are turned by 45 degrees."""
        return tuple(dict.fromkeys((own[0], own[1]) for _, own in self.reflections if own[1:]))

    @cached_property
    def squared(self) -> tuple[int, ...]:
        """The slots that hold squares."""
        return tuple(own[1] if kind == "swap" else own[0] for kind, own in self.reflections)

    @cached_property
    def touched(self) -> tuple[int, ...]:
        """The slots that do not hold the parameter itself."""
        return tuple(sorted({i for _, own in self.reflections for i in own}))

    def matrix(self, d: int) -> Array:
        """The rows (d, d) that give the coordinates before slots are squared."""
        rows: Array = np.eye(d)
        for i, j in self.pairs:
            rows[[i, j]] = (rows[i] + rows[j]) / 2, (rows[i] - rows[j]) / 2
        return rows

    def is_sound(self) -> bool:
        """Whether the reflections can be folded together."""
        alone = [own for _, own in self.reflections if not own[1:]]
        slots = [i for own in (*self.pairs, *alone) for i in own]
        return (
            bool(self.reflections)
            and len(set(self.reflections)) == len(self.reflections)
            and len(set(slots)) == len(slots)
            and all(KINDS[kind] == len(own) for kind, own in self.reflections)
        )

    # -- polynomials -----------------------------------------------------------------

    def folded(self, polynomial: fmpq_mpoly, n: int) -> fmpq_mpoly:
        """F with f = F(α, x), in the same ring with n generators.

        Raises:
            Refuted: f is not even where it should be.
        """
        context = ring(n)
        variables = list(context.gens())
        for i, j in self.pairs:
            plus, minus = variables[1 + i], variables[1 + j]
            variables[1 + i], variables[1 + j] = plus + minus, plus - minus
        turned = polynomial.compose(*variables, ctx=context)
        halved: dict[tuple[int, ...], fmpq] = {}
        for monomial, value in turned.terms():
            exponents = list(map(int, monomial))
            for slot in self.squared:
                if exponents[1 + slot] % 2:
                    raise Refuted("f is not symmetric under a fold")
                exponents[1 + slot] //= 2
            halved[tuple(exponents)] = value
        return context.from_dict(halved)

    # -- boxes -----------------------------------------------------------------------

    def image(self, weights: Range) -> Range:
        """The ranges (…, d) of the folded coordinates on boxes (…, d) of W."""
        low, high = weights.lo.copy(), weights.hi.copy()
        half = Range.exactly(0.5)
        for i, j in self.pairs:
            a, b = weights[..., i], weights[..., j]
            for slot, value in ((i, half * (a + b)), (j, half * (a - b))):
                low[..., slot], high[..., slot] = value.lo, value.hi
        for slot in self.squared:
            square = Range(low[..., slot], high[..., slot]).square()
            low[..., slot], high[..., slot] = square.lo, square.hi
        return Range(low, high)

    def preimage(self, folded: Range) -> Range:
        """A box of W that holds all w whose folded coordinates lie in a box (d,)."""
        low, high = folded.lo.copy(), folded.hi.copy()
        for slot in self.squared:
            reach = up(np.sqrt(np.maximum(high[slot], 0.0)))
            low[slot], high[slot] = -reach, reach
        return self._turned(Range(low, high))

    def point(self, folded: Range) -> Range:
        """Of the images of a point enclosed in folded coordinates the first in order."""
        low, high = folded.lo.copy(), folded.hi.copy()
        for slot in self.squared:
            near = np.maximum(down(np.sqrt(np.maximum(low[slot], 0.0))), 0.0)
            far = up(np.sqrt(np.maximum(high[slot], 0.0)))
            second = any(slot == j for _, j in self.pairs)
            low[slot], high[slot] = (-far, -near) if second else (near, far)
        return self._turned(Range(low, high))

    def _turned(self, weights: Range) -> Range:
        low, high = weights.lo.copy(), weights.hi.copy()
        for i, j in self.pairs:
            for slot, value in (
                (i, weights[i : i + 1] + weights[j : j + 1]),
                (j, weights[i : i + 1] - weights[j : j + 1]),
            ):
                low[slot], high[slot] = value.lo[0], value.hi[0]
        return Range(low, high)


Coordinates = Fold | Frame | Product
"""Other coordinates of W along one pattern."""


@dataclass(frozen=True, eq=False)
class View:
    """Coordinates of an image of w under a signed permutation."""

    fold: Coordinates
    sources: tuple[int, ...]
    signs: tuple[int, ...]

    @cached_property
    def rows(self) -> Array:
        """The rows (d, d) in w that give the coordinates before squares and products are taken."""
        d = len(self.sources)
        image: Array = np.zeros((d, d))
        image[np.arange(d), list(self.sources)] = self.signs
        found: Array = self.fold.matrix(d) @ image  # one term to each sum
        return found

    @cached_property
    def key(self) -> object:
        """Equal for views with the same coordinates."""
        rows = self.rows.copy()
        for slot in self.fold.squared:
            lead = rows[slot][np.flatnonzero(rows[slot])[0]]
            rows[slot] *= np.sign(lead)
        return self.fold.squared, self.fold.products, (rows + 0.0).tobytes()


def views(
    fold: Coordinates, images: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]
) -> list[View]:
    """The different views under the symmetries ``images``."""
    found: dict[object, View] = {}
    for sources, signs in images:
        view = View(fold, sources, signs)
        found.setdefault(view.key, view)
    return list(found.values())
