"""Lower bounds by construction: problems whose duals write a number in binary.

Instance b has a dual loss that is low where bit b of r is 0 and high where it is 1, at the
r-th of 2^n places of α. With thresholds 1/4 the n instances take all 2^n patterns, so the
pseudo-dimension is at least n. Three families realise this with one hyperparameter; what
they cost is what their bound is stated in:

- :class:`Intervals`: pieces [NN26, Lemma 5.2];
- :class:`Grid`: boundaries and parameters [NN26, Lemma 5.3];
- :class:`bounds.wells.Wells`: degree and parameters [LNN26, Thm 5.2].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import floor, prod
from typing import Protocol

from flint import fmpq_mpoly, fmpq_mpoly_ctx

from bounds.enclosures import Enclosure
from bounds.errors import BoundsError, count
from bounds.shattering import MOST_INSTANCES, WitnessReport, verify_witness
from bounds.wells import Wells
from piecewise.cell_polynomials import PARAMETER

THRESHOLD = Fraction(1, 4)


def interval_lower_bound(pieces: int) -> int:
    """⌊log₂ K⌋: K intervals of α, constant on each [NN26, Lemma 5.2 at p = 1]."""
    return count("pieces", pieces, 1).bit_length() - 1


def grid_lower_bound(boundaries: int, parameters: int) -> int:
    """⌊log₂ R⌋ with R = ∏_i (1 + q_i), Σ q_i = M split evenly [NN26, Lemma 5.3 at p = 1].

    At least ⌊d·log₂(1 + ⌊M/d⌋)⌋.
    """
    m, d = count("boundaries", boundaries), count("parameters", parameters, 1)
    q, more = divmod(m, d)
    if d * (q + 2).bit_length() > 1 << 24:
        raise BoundsError("parameters: the grid is too large; reduce d")
    return int((q + 2) ** more * (q + 1) ** (d - more)).bit_length() - 1


def degree_lower_bound(degree: int, parameters: int) -> int:
    """d·⌊log₂(Δ/2)⌋: K = 2^⌊log₂(Δ/2)⌋ wells per axis, degree 2K ≤ Δ; 0 below Δ = 4.

    An explicit form of [LNN26, Thm 5.2] at p = 1; docs/theorems.md, Construction 3.
    """
    d = count("parameters", parameters, 1)
    return d * max(0, count("degree", degree, 1).bit_length() - 2)


class Construction(Protocol):
    """n problems with the duals ℓ*_b and the places α_r that shatter them."""

    @property
    def instances(self) -> int: ...
    def places(self) -> Sequence[Fraction]: ...
    def dual(self, bit: int, alpha: Fraction) -> Fraction | Enclosure: ...


def verify_construction(family: Construction) -> WitnessReport:
    """Check all 2^n patterns of the family at its places, with thresholds 1/4.

    Raises:
        BoundsError: more than ``MOST_INSTANCES`` instances.
    """
    n = family.instances
    if not 1 <= n <= MOST_INSTANCES:
        raise BoundsError(f"instances: {n} are constructed; 1 to {MOST_INSTANCES} can be checked")
    duals = [partial(family.dual, bit) for bit in range(n)]
    return verify_witness(duals, [THRESHOLD] * n, family.places()[: 1 << n])


@dataclass(frozen=True)
class Intervals:
    """K = ``pieces`` intervals of α ∈ [0, K]; on the r-th instance b has loss bit_b(r)/2.

    The loss does not depend on w. It is lower semicontinuous: at a boundary the smaller of
    the two values counts.
    """

    pieces: int

    def __post_init__(self) -> None:
        count("pieces", self.pieces, 1)

    @property
    def instances(self) -> int:
        """⌊log₂ K⌋."""
        return interval_lower_bound(self.pieces)

    def places(self) -> list[Fraction]:
        """The middles of the intervals."""
        return [Fraction(2 * r + 1, 2) for r in range(self.pieces)]

    def dual(self, bit: int, alpha: Fraction) -> Fraction:
        """ℓ*_b(α), exactly.

        Raises:
            BoundsError: α outside [0, K].
        """
        if not 0 <= alpha <= self.pieces:
            raise BoundsError(f"alpha: {alpha} lies outside [0, {self.pieces}]")
        right = min(floor(alpha), self.pieces - 1)
        left = max(0, right - 1) if alpha == right else right
        return Fraction(min(left >> bit & 1, right >> bit & 1), 2)


@dataclass(frozen=True)
class Grid:
    """M = ``boundaries`` hyperplanes w_i = q + ½ in d = ``parameters`` axes, as even as can be.

    They cut W into R = ∏(1 + q_i) boxes. On box r the loss of instance b is
    (α−r)² + bit_b(r)/2 for r < 2^n ≤ R, and 2 on the others; α ∈ [0, 2^n − 1].
    """

    boundaries: int
    parameters: int

    def __post_init__(self) -> None:
        count("boundaries", self.boundaries)
        count("parameters", self.parameters, 1)

    @property
    def per_axis(self) -> tuple[int, ...]:
        """1 + q_i for every axis."""
        q, more = divmod(self.boundaries, self.parameters)
        return tuple(q + 1 + (i < more) for i in range(self.parameters))

    @property
    def boxes(self) -> int:
        """R."""
        return prod(self.per_axis)

    @property
    def instances(self) -> int:
        """⌊log₂ R⌋."""
        return grid_lower_bound(self.boundaries, self.parameters)

    def places(self) -> list[Fraction]:
        """0 … 2^n − 1."""
        return [Fraction(r) for r in range(1 << self.instances)]

    def pieces(
        self, bit: int
    ) -> Iterator[tuple[tuple[tuple[Fraction, Fraction], ...], fmpq_mpoly]]:
        """Every box of W, as ranges of the coordinates, with its polynomial in Q[α, w]."""
        names = (PARAMETER, *(f"w{i}" for i in range(1, self.parameters + 1)))
        alpha = fmpq_mpoly_ctx.get(names, "degrevlex").gens()[0]
        half = Fraction(1, 2)
        for r in range(self.boxes):
            rest, ranges = r, []
            for size in self.per_axis:
                rest, q = divmod(rest, size)
                ranges.append((q - half, q + half))
            used = r < 1 << self.instances
            loss = (2 * (alpha - r) ** 2 + (r >> bit & 1)) / 2 if used else alpha * 0 + 2
            yield tuple(ranges), loss

    def dual(self, bit: int, alpha: Fraction) -> Fraction:
        """ℓ*_b(α), exactly: the minimum is attained on a box next to α.

        One step further away the square grows by at least 1, the bit saves at most ½; and
        the least of the neighbours is at most ¾.

        Raises:
            BoundsError: α outside [0, 2^n − 1].
        """
        last = (1 << self.instances) - 1
        if not 0 <= alpha <= last:
            raise BoundsError(f"alpha: {alpha} lies outside [0, {last}]")
        below = floor(alpha)
        return min(
            (alpha - r) ** 2 + Fraction(r >> bit & 1, 2) for r in (below, min(last, below + 1))
        )


__all__ = [
    "THRESHOLD",
    "Construction",
    "Grid",
    "Intervals",
    "Wells",
    "degree_lower_bound",
    "grid_lower_bound",
    "interval_lower_bound",
    "verify_construction",
]
