"""Products: coordinates in which the valley of two units of opposite weight is straight.

With p = w_i − w_j and q = w_i + w_j squares of two units of opposite output weight give
w_i² − w_j² = p·q, linear pieces p. Where the polynomial f_c of a pattern holds q only in
products with p,

    f_c(α, w) = F(α, p, u),   u = p·q.

Off p = 0 the map w ↦ (p, u) is one to one with a regular derivative, so that critical points of
f_c are those of F. The valley p·q ≈ constant, a hyperbola in W, is a line u ≈ constant. If F is
strictly convex on a box N of (p, u) with a critical point x* in it, p* ≠ 0, then f_c(w) > F(x*)
for all other w that (p, u) takes into N.

Whether F exists is decided exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpq_mpoly

from pieceproof.checking.enclosing.networks import ring
from pieceproof.checking.enclosing.ranges import Array, Range, down, up
from pieceproof.checking.reading import Refuted


@dataclass(frozen=True)
class Product:
    """x = w, but for p = w_i − w_j in slot i and u = (w_i − w_j)(w_i + w_j) in slot j."""

    pair: tuple[int, int]

    reflections = ()
    squared = ()

    @property
    def products(self) -> tuple[tuple[int, int], ...]:
        """(slot, other): the slot holds its linear form times that of the other."""
        i, j = self.pair
        return ((j, i),)

    @property
    def touched(self) -> tuple[int, ...]:
        """The slots that do not hold the parameter itself."""
        return tuple(sorted(self.pair))

    def matrix(self, d: int) -> Array:
        """The rows (d, d) that give p and q, and the other parameters."""
        rows: Array = np.eye(d)
        i, j = self.pair
        rows[[i, j]] = rows[i] - rows[j], rows[i] + rows[j]
        return rows

    # -- polynomials -----------------------------------------------------------------

    def folded(self, polynomial: fmpq_mpoly, n: int) -> fmpq_mpoly:
        """F with f = F(α, x), in the same ring with n generators.

        Raises:
            Refuted: f holds q without p.
        """
        context = ring(n)
        variables = list(context.gens())
        i, j = self.pair
        p, q = variables[1 + i], variables[1 + j]
        half = fmpq(1, 2)
        variables[1 + i], variables[1 + j] = half * (q + p), half * (q - p)
        found: dict[tuple[int, ...], fmpq] = {}
        for monomial, value in polynomial.compose(*variables, ctx=context).terms():
            exponents = list(map(int, monomial))
            exponents[1 + i] -= exponents[1 + j]
            if exponents[1 + i] < 0:
                raise Refuted("f does not depend on products only")
            found[tuple(exponents)] = value
        return context.from_dict(found)

    # -- boxes -----------------------------------------------------------------------

    def image(self, weights: Range) -> Range:
        """The ranges (d,) of x on a box (d,) of W."""
        i, j = self.pair
        a, b = weights[i : i + 1], weights[j : j + 1]
        return self._put(weights, a - b, (a - b) * (a + b))

    def preimage(self, box: Range) -> Range:
        """A box of W that holds all w with p ≠ 0 whose coordinates lie in a box (d,)."""
        i, j = self.pair
        p, u = box[i : i + 1], box[j : j + 1]
        if p.lo[0] <= 0 <= p.hi[0]:
            everything = Range(np.array([-np.inf]), np.array([np.inf]))
            return self._put(box, everything, everything)
        q = u * Range(down(1 / p.hi), up(1 / p.lo))
        half = Range.exactly(np.array([0.5]))
        return self._put(box, half * (q + p), half * (q - p))

    def point(self, box: Range) -> Range:
        """The point enclosed in coordinates x, enclosed in W."""
        return self.preimage(box)

    def _put(self, box: Range, first: Range, second: Range) -> Range:
        low, high = box.lo.copy(), box.hi.copy()
        for slot, value in zip(self.pair, (first, second), strict=True):
            low[slot], high[slot] = value.lo[0], value.hi[0]
        return Range(low, high)
