"""Frames: linear coordinates x = R·w in which a narrow valley of f lies along an axis.

f along a pattern is a polynomial; so is F(α, x) = f(α, R⁻¹x), which is made exactly. A basin that
is a box in x is a parallelepiped in W: long along the valley, narrow across it. R has entries in
doubles, taken as exact; its inverse is rational.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_mpoly

from pieceproof.checking.enclosing.networks import Network, ring
from pieceproof.checking.enclosing.ranges import Array, Range, around, exact_double
from pieceproof.checking.reading import Refuted

MOST_TERMS = 20_000
"""Polynomials that may have more in new coordinates are not turned."""


@dataclass(frozen=True)
class Frame:
    """x = R·w; ``rows`` are those of R."""

    rows: tuple[tuple[float, ...], ...]

    reflections = ()
    squared = ()
    products = ()

    @cached_property
    def touched(self) -> tuple[int, ...]:
        """The slots that do not hold the parameter itself."""
        differs = np.any(np.array(self.rows) != np.eye(len(self.rows)), axis=1)
        return tuple(int(i) for i in np.flatnonzero(differs))

    def is_sound(self) -> bool:
        """Whether R is regular."""
        return bool(self._exact.det() != 0)

    def matrix(self, d: int) -> Array:
        """R."""
        return np.array(self.rows)

    @cached_property
    def _exact(self) -> fmpq_mat:
        d = len(self.rows)
        return fmpq_mat(d, d, [exact_double(value) for row in self.rows for value in row])

    @cached_property
    def _inverse(self) -> list[list[fmpq]]:
        d, inverse = len(self.rows), self._exact.inv()
        return [[inverse[i, j] for j in range(d)] for i in range(d)]

    @cached_property
    def _back(self) -> Range:
        """R⁻¹, enclosed."""
        d = len(self.rows)
        flat = around([value for row in self._inverse for value in row])
        return Range(flat.lo.reshape(d, d), flat.hi.reshape(d, d))

    # -- polynomials -----------------------------------------------------------------

    def folded(self, polynomial: fmpq_mpoly, n: int) -> fmpq_mpoly:
        """F with f(α, w) = F(α, R·w), in the same ring with n generators.

        Raises:
            Refuted: it may have too many terms.
        """
        if comb(n + int(polynomial.total_degree()), n) > MOST_TERMS:
            raise Refuted("the polynomial is too large to be turned")
        context = ring(n)
        alpha, *variables = context.gens()
        zero = context.constant(0)
        weights = [
            sum((x * c for x, c in zip(variables, row, strict=True) if c != 0), zero)
            for row in self._inverse
        ]
        return polynomial.compose(alpha, *weights, ctx=context)

    # -- boxes -----------------------------------------------------------------------

    def image(self, weights: Range) -> Range:
        """The ranges (d,) of x on a box (d,) of W."""
        return (Range.exactly(self.matrix(len(self.rows))) * weights[None, :]).sum(1)

    def preimage(self, turned: Range) -> Range:
        """A box of W that holds all w with R·w in a box (d,)."""
        return (self._back * turned[None, :]).sum(1)

    def point(self, turned: Range) -> Range:
        """The point enclosed in coordinates x, enclosed in W."""
        return self.preimage(turned)

    def pre_activations(self, network: Network, box: Range) -> Range:
        """z of all units of a single hidden layer and all examples (U, T) on a box (1, 1 + d)."""
        forms = self._forms(network)
        found = (forms * box[0, 1:][None, None, :]).sum(2)
        empty = np.all((forms.lo == 0) & (forms.hi == 0), axis=2)
        return Range(np.where(empty, 0.0, found.lo), np.where(empty, 0.0, found.hi))

    def _forms(self, network: Network) -> Range:
        """Coefficients (U, T, d) of the z in x."""
        d, values = len(self.rows), []
        for own in network.incoming:
            for row in network.inputs:
                inputs = [*row, fmpq(1)] if network.bias else list(row)
                values += [
                    sum(
                        (c * self._inverse[i][j] for c, i in zip(inputs, own, strict=True)),
                        fmpq(0),
                    )
                    for j in range(d)
                ]
        shape = (len(network.incoming), network.examples, d)
        flat = around(values)
        return Range(flat.lo.reshape(shape), flat.hi.reshape(shape))
