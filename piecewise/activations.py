"""Univariate piecewise polynomials and their interpolation in the hyperparameter.

An activation o: R -> R is given by breakpoints β_1 < … < β_p and polynomials
q_0 … q_p with o = q_j on [β_j, β_{j+1}) (right-continuous at a jump). The tuned
activation of [BNS25] is σ_α = α·o1 + (1−α)·o2. All numbers are exact rationals;
continuity, degree and homogeneity are read off the pieces.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from piecewise.errors import ProblemError
from piecewise.exact import Number, rational, rationals

Coefficients = tuple[Fraction, ...]
"""Coefficients of a polynomial, constant first, without trailing zeros."""


def _trimmed(coefficients: Iterable[Number | Fraction]) -> Coefficients:
    trimmed = list(rationals(coefficients))
    while trimmed and trimmed[-1] == 0:
        trimmed.pop()
    return tuple(trimmed)


def horner(coefficients: Coefficients, z: Fraction) -> Fraction:
    """Σ_i coefficients[i]·z^i."""
    value = Fraction(0)
    for coefficient in reversed(coefficients):
        value = value * z + coefficient
    return value


@dataclass(frozen=True)
class PiecewisePolynomial:
    """o(z) = pieces[j](z) for breakpoints[j−1] ≤ z < breakpoints[j].

    Build it with :func:`custom`, which validates and merges equal neighbours.
    """

    name: str
    breakpoints: tuple[Fraction, ...]
    pieces: tuple[Coefficients, ...]

    def piece_index(self, z: Fraction) -> int:
        """j with breakpoints[j−1] ≤ z < breakpoints[j]."""
        return bisect_right(self.breakpoints, z)

    def __call__(self, z: Number | Fraction) -> Fraction:
        """o(z), exactly."""
        exact = rational(z)
        return horner(self.pieces[self.piece_index(exact)], exact)

    @property
    def degree(self) -> int:
        """Largest degree of a piece (0 for a piecewise constant function)."""
        return max(0, *(len(piece) - 1 for piece in self.pieces), 0)

    @property
    def is_continuous(self) -> bool:
        """Whether neighbouring pieces agree at every breakpoint."""
        return all(
            horner(left, at) == horner(right, at)
            for at, (left, right) in zip(self.breakpoints, pairwise(self.pieces), strict=True)
        )

    @property
    def homogeneity(self) -> int | None:
        """The r with o(cz) = c^r·o(z) for all c > 0 and z ≠ 0, or None.

        It exists iff the only breakpoint is 0 and every non-zero piece is a
        monomial of the same degree. The zero function is given degree 1.
        """
        if any(self.breakpoints):
            return None
        degrees = set()
        for piece in self.pieces:
            powers = [power for power, coefficient in enumerate(piece) if coefficient]
            if len(powers) > 1:
                return None
            degrees.update(powers)
        if len(degrees) > 1:
            return None
        return degrees.pop() if degrees else 1

    def __repr__(self) -> str:
        return f"<activation {self.name}: {len(self.pieces)} pieces, degree {self.degree}>"


def custom(
    breakpoints: Iterable[Number | Fraction],
    coefficients: Iterable[Iterable[Number | Fraction]],
    name: str = "custom",
) -> PiecewisePolynomial:
    """The piecewise polynomial with the given breakpoints and coefficient lists (constant first).

    Raises:
        ProblemError: breakpoints not increasing, or not one list more than breakpoints.
    """
    points = rationals(breakpoints)
    pieces = [_trimmed(piece) for piece in coefficients]
    if len(pieces) != len(points) + 1:
        raise ProblemError(
            f"activation {name}: {len(points)} breakpoints need {len(points) + 1} "
            f"coefficient lists, not {len(pieces)}"
        )
    if any(left >= right for left, right in pairwise(points)):
        raise ProblemError(f"activation {name}: breakpoints must increase")
    kept = [index for index in range(len(points)) if pieces[index] != pieces[index + 1]]
    return PiecewisePolynomial(
        name,
        tuple(points[index] for index in kept),
        (pieces[0], *(pieces[index + 1] for index in kept)),
    )


def leaky_relu(slope: Number | Fraction) -> PiecewisePolynomial:
    """z for z ≥ 0, slope·z for z < 0."""
    exact = rational(slope)
    return custom([0], [[0, exact], [0, 1]], name=f"leaky_relu({exact})")


identity = custom([], [[0, 1]], name="identity")
square = custom([], [[0, 0, 1]], name="square")
relu = custom([0], [[], [0, 1]], name="relu")
abs_ = custom([0], [[0, -1], [0, 1]], name="abs")
relu2 = custom([0], [[], [0, 0, 1]], name="relu2")
step = custom([0], [[], [1]], name="step")
hard_tanh = custom([-1, 1], [[-1], [0, 1], [1]], name="hard_tanh")
hard_sigmoid = custom([-3, 3], [[], ["1/2", "1/6"], [1]], name="hard_sigmoid")

CATALOGUE = {
    activation.name: activation
    for activation in (identity, square, relu, abs_, relu2, step, hard_tanh, hard_sigmoid)
}
"""Activations by the name a spec file uses; ``leaky_relu(s)`` is built by its slope."""


@dataclass(frozen=True)
class Interpolated:
    """σ_α = α·first + (1−α)·second, over the union of both breakpoint sets.

    ``pairs[j]`` holds the coefficients of (first, second) on the j-th interval of
    ``breakpoints``, so the coefficient of z^i in σ_α there is
    pairs[j][1][i] + α·(pairs[j][0][i] − pairs[j][1][i]).
    """

    first: PiecewisePolynomial
    second: PiecewisePolynomial

    @property
    def breakpoints(self) -> tuple[Fraction, ...]:
        """Breakpoints of either activation, increasing."""
        return tuple(sorted({*self.first.breakpoints, *self.second.breakpoints}))

    @property
    def pairs(self) -> tuple[tuple[Coefficients, Coefficients], ...]:
        """The two polynomials on each interval between breakpoints."""
        points = self.breakpoints
        if not points:
            return ((self.first.pieces[0], self.second.pieces[0]),)
        lefts = (points[0] - 1, *points)  # a point of each right-open interval
        return tuple(
            (
                self.first.pieces[self.first.piece_index(left)],
                self.second.pieces[self.second.piece_index(left)],
            )
            for left in lefts
        )

    def piece_index(self, z: Fraction) -> int:
        """Index of the interval of ``breakpoints`` that holds z (right-continuous)."""
        return bisect_right(self.breakpoints, z)

    def __call__(self, alpha: Number | Fraction, z: Number | Fraction) -> Fraction:
        """σ_α(z), exactly."""
        weight = rational(alpha)
        return weight * self.first(z) + (1 - weight) * self.second(z)

    @property
    def degree(self) -> int:
        """Degree in z."""
        return max(self.first.degree, self.second.degree)

    @property
    def is_continuous(self) -> bool:
        """Whether σ_α is continuous for every α."""
        return self.first.is_continuous and self.second.is_continuous

    @property
    def homogeneity(self) -> int | None:
        """The common degree of positive homogeneity of σ_α for every α, or None."""
        degrees = {
            activation.homogeneity
            for activation in (self.first, self.second)
            if any(activation.pieces)
        }
        if len(degrees) > 1:
            return None
        return degrees.pop() if degrees else 1

    def __repr__(self) -> str:
        return f"α·{self.first.name} + (1−α)·{self.second.name}"
