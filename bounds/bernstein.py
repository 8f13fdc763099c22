"""Polynomials on a cube of grid points in tensor Bernstein form, exact.

On [0, K−1]^d with degree K−1 in every variable: values lie between the least and the largest
coefficient, and derivatives are differences of coefficients [Far12].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import comb

from flint import fmpq, fmpq_mat, fmpq_mpoly

from piecewise.exact import to_fraction


@dataclass(frozen=True)
class Bernstein:
    """A polynomial with the tensor Bernstein ``coefficients``, the first axis fastest.

    The coefficient number r belongs to the grid point whose coordinates are the digits of r
    to base K, lowest first.
    """

    coefficients: tuple[fmpq, ...]
    per_axis: int
    """K."""
    parameters: int
    """d."""

    @classmethod
    def through(cls, values: Sequence[int], per_axis: int, parameters: int) -> Bernstein:
        """The interpolant with ``values[r]`` at grid point number r."""
        solve = _basis_values(per_axis).inv()
        entries = _along_axes(solve, [fmpq(v) for v in values], per_axis, parameters)
        return cls(tuple(entries), per_axis, parameters)

    def on_grid(self) -> list[fmpq]:
        """The values at all grid points, by number."""
        basis = _basis_values(self.per_axis)
        return _along_axes(basis, list(self.coefficients), self.per_axis, self.parameters)

    def height(self) -> Fraction:
        """A bound on |P| over the cube."""
        return max(abs(to_fraction(c)) for c in self.coefficients)

    def slopes(self) -> list[Fraction]:
        """For each axis a bound on |∂P/∂w_i| over the cube.

        The derivative in x = w/(K−1) is K−1 times the differences of neighbouring
        coefficients, so in w it is the differences themselves.
        """
        found = []
        for axis in range(self.parameters):
            step = self.per_axis**axis
            differences = (
                abs(self.coefficients[r + step] - c)
                for r, c in enumerate(self.coefficients)
                if r // step % self.per_axis < self.per_axis - 1
            )
            found.append(to_fraction(max(differences)))
        return found

    def polynomial(self, w: Sequence[fmpq_mpoly]) -> fmpq_mpoly:
        """The polynomial in the generators ``w``."""
        degree = self.per_axis - 1
        axes = [i for i, slope in enumerate(self.slopes()) if slope]
        basis = {
            i: [
                comb(degree, k) * (w[i] / degree) ** k * (1 - w[i] / degree) ** (degree - k)
                for k in range(self.per_axis)
            ]
            for i in axes
        }
        total = w[0] * 0
        for r, c in enumerate(self.coefficients):
            place = [r // self.per_axis**i % self.per_axis for i in range(self.parameters)]
            # along an axis that P does not depend on, one coefficient stands for all
            if c and all(k == 0 for i, k in enumerate(place) if i not in basis):
                total += reduce(lambda p, i: p * basis[i][place[i]], axes, w[0] ** 0) * c
        return total


def _basis_values(per_axis: int) -> fmpq_mat:
    """The Bernstein polynomials of degree K−1 on [0, K−1] at 0 … K−1, one row per point."""
    degree = per_axis - 1
    rows = [
        [comb(degree, k) * x**k * (degree - x) ** (degree - k) for k in range(per_axis)]
        for x in range(per_axis)
    ]
    return fmpq_mat(per_axis, per_axis, [fmpq(v, degree**degree) for row in rows for v in row])


def _along_axes(
    matrix: fmpq_mat, entries: list[fmpq], per_axis: int, parameters: int
) -> list[fmpq]:
    """The matrix applied along every axis of the tensor ``entries``.

    One step multiplies along the first axis and makes it the last; d steps bring all axes
    back to their place.
    """
    rest = per_axis ** (parameters - 1)
    for _ in range(parameters):
        table = fmpq_mat(rest, per_axis, entries)
        entries = (matrix * table.transpose()).entries()
    return entries
