"""Enclosures of rows and of their minors over an interval of α, many at once.

With α = m + ρt and |t| ≤ 1 a polynomial in α is c_0 + c_1 t + … + c_P t^P up to an error of at
most ``rad``: a Taylor model. Arrays of models are multiplied in double precision; the
radius takes in what is cut off and a bound on the rounding errors, so that the enclosure is
proved. Minors keep the dependence on t to order P, and their signs are found on intervals on
which plain ball arithmetic would not see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb, arb_poly, ctx, fmpq, fmpz_poly

from geometry.sign_rows import Row

Array = npt.NDArray[np.float64]

ORDER = 5
"""P."""
BITS = 192
"""Working precision for the entries of rows."""
UNIT = 2.0**-50
"""More than eight times the relative rounding error of an operation on doubles."""
TINY = 1e-300
"""More than underflow can lose."""


@dataclass(frozen=True)
class Models:
    """An array of Taylor models: ``coefficients`` of shape (P+1, …) and ``rad`` of shape (…)."""

    coefficients: Array
    rad: Array

    def __getitem__(self, index: Any) -> Models:
        return Models(np.stack([part[index] for part in self.coefficients]), self.rad[index])

    @property
    def size(self) -> Array:
        """A bound of the polynomial part."""
        total: Array = abs(self.coefficients).sum(axis=0) * (1 + UNIT)
        return total

    def negated(self) -> Models:
        """−f for every model f."""
        return Models(-self.coefficients, self.rad)

    def transposed(self) -> Models:
        """The transposed matrix."""
        return Models(self.coefficients.transpose(0, 2, 1), self.rad.T)

    def times(self, other: Models, *, matrix: bool = False) -> Models:
        """Products entry by entry, or the matrix product."""
        a, b = self.coefficients, other.coefficients

        def product(left: Array, right: Array) -> Array:
            return left @ right if matrix else left * right

        result = np.zeros((ORDER + 1, *product(a[0], b[0]).shape))
        kept = np.zeros(result.shape[1:])
        for i in range(ORDER + 1):
            for j in range(ORDER + 1 - i):
                result[i + j] += product(a[i], b[j])
                kept += product(abs(a[i]), abs(b[j]))
        sizes = self.size, other.size
        whole = product(*sizes)
        rad = product(sizes[0], other.rad) + product(self.rad, sizes[1] + other.rad)
        terms = (ORDER + 2) * (self.rad.shape[-1] + 2 if matrix else 2)
        return Models(
            result,
            ((whole - kept).clip(0) + rad + UNIT * terms * whole) * (1 + UNIT * terms) + TINY,
        )

    @staticmethod
    def total(terms: Sequence[Models]) -> Models:
        """The sum of models of one shape."""
        coefficients = np.sum([term.coefficients for term in terms], axis=0)
        rad = np.sum([term.rad for term in terms], axis=0)
        size = np.sum([term.size for term in terms], axis=0)
        count = UNIT * len(terms)
        return Models(coefficients, (rad + count * size) * (1 + count))

    def signs(self) -> npt.NDArray[np.int8]:
        """±1 where the sign is proved on the whole interval, 0 elsewhere."""
        spread = (abs(self.coefficients[1:]).sum(axis=0) + self.rad) * (1 + UNIT)
        constant = self.coefficients[0]
        found: npt.NDArray[np.int8] = np.sign(constant).astype(np.int8)
        found[abs(constant) <= spread] = 0
        return found


def enclose_rows(rows: Sequence[Row], lower: fmpq, upper: fmpq) -> Models:
    """The rows over [lower, upper], each multiplied by a positive number of its own."""
    width = len(rows[0])
    coefficients = np.zeros((ORDER + 1, len(rows), width))
    rad = np.zeros((len(rows), width))
    with ctx.workprec(BITS):
        line = arb_poly([arb((lower + upper) / 2), arb((upper - lower) / 2)])
        for x, row in enumerate(rows):
            moved = [arb_poly(p)(line).coeffs() for p in row]
            sizes = [sum((abs(c) for c in entry), arb(0)) for entry in moved]
            scale = arb(2) ** -max(_exponent(size) for size in sizes)
            for column, entry in enumerate(moved):
                for i, c in enumerate(entry[: ORDER + 1]):
                    coefficients[i, x, column] = float((c * scale).mid())
                    rad[x, column] += float((c * scale).rad())
                rest = sum((abs(c) for c in entry[ORDER + 1 :]), arb(0)) * scale
                rad[x, column] += float(rest.upper())
    found = Models(coefficients, rad)
    return Models(coefficients, (rad + UNIT * found.size) * (1 + UNIT) + TINY)


def _exponent(value: arb) -> int:
    """An e with value < 2^e, not much larger than need be."""
    mantissa, exponent = value.upper().man_exp()
    return int(mantissa).bit_length() + int(exponent)


def signs_of(polynomials: Sequence[fmpz_poly], lower: fmpq, upper: fmpq) -> npt.NDArray[np.int8]:
    """±1 where a polynomial is proved to keep that sign on [lower, upper], 0 elsewhere."""
    if not polynomials:
        return np.zeros(0, dtype=np.int8)
    return enclose_rows([(p,) for p in polynomials], lower, upper).signs()[:, 0]


def cofactors(rows: Models, subsets: npt.NDArray[np.intp]) -> Models:
    """For every subset S of r−1 rows of length r the vector c with c·x = det(rows of S, x)."""
    count, size = subsets.shape
    width = rows.rad.shape[1]
    one = np.zeros((ORDER + 1, count))
    one[0] = 1
    minors = {0: Models(one, np.zeros(count))}
    for position in range(size):
        chosen = rows[subsets[:, position]]
        grown: dict[int, list[Models]] = {}
        for columns, minor in minors.items():
            for column in range(width):
                if not columns >> column & 1:
                    term = minor.times(chosen[:, column])
                    later = bin(columns >> (column + 1)).count("1")
                    terms = grown.setdefault(columns | 1 << column, [])
                    terms.append(term.negated() if later % 2 else term)
        minors = {columns: Models.total(terms) for columns, terms in grown.items()}
    full = (1 << width) - 1
    parts = []
    for column in range(width):
        minor = minors[full ^ 1 << column]
        later = width - 1 - column
        parts.append(minor.negated() if later % 2 else minor)
    return Models(
        np.stack([part.coefficients for part in parts], axis=-1),
        np.stack([part.rad for part in parts], axis=-1),
    )
