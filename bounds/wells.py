"""A polynomial class of degree Δ in d parameters that shatters d·⌊log₂(Δ/2)⌋ instances.

On the grid {0 … K−1}^d the number r(m) = Σ K^i m_i names every point once. Instance b has

    f_b(α, w) = C Σ_i ∏_{j<K} (w_i − j)² + (α − Σ_i K^i w_i)² + ½ P_b(w)

on W = [0, K−1]^d and A = [0, K^d − 1], with P_b(m) = bit b of r(m) on the grid: wells around
the grid points, among which α chooses [LNN26, Thm 5.2 at p = 1, in explicit form]. With
S = Σ K^i, |P_b| ≤ H and Σ_i |∂P_b/∂w_i| ≤ L on W, μ = min_m m!(K−2−m)!, a tolerance
0 < t < 1/4 and

    ρ = t / (2S + L/2),        C ≥ (1 + H/2) / (ρ(1−ρ)μ)²,

the dual loss lies within t below that of the grid family,

    g_b(α) − t ≤ ℓ*_b(α) ≤ g_b(α),      g_b(α) = min_r (α−r)² + ½ bit_b(r).

At α = r it is at most 0 for bit 0 and at least ½ − t > ¼ for bit 1. Proof in docs/theorems.md,
Construction 3. Everything here is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, factorial, floor, prod

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from bounds.bernstein import Bernstein
from bounds.enclosures import Enclosure
from bounds.errors import BoundsError, count, number
from piecewise.cell_polynomials import PARAMETER
from piecewise.exact import to_fmpq, to_fraction

MOST_WELLS = 1 << 13
"""Grids with more points are refused."""


@dataclass(frozen=True)
class Wells:
    """The class with K = ``per_axis`` wells along each of d = ``parameters`` axes.

    Raises:
        BoundsError: K < 2, d < 1, more than ``MOST_WELLS`` wells, or a tolerance that is
            not strictly between 0 and 1/4.
    """

    per_axis: int
    parameters: int
    tolerance: Fraction = Fraction(1, 8)
    """t."""

    def __post_init__(self) -> None:
        k, d = count("per_axis", self.per_axis, 2), count("parameters", self.parameters, 1)
        if d >= MOST_WELLS.bit_length() or k**d > MOST_WELLS:
            raise BoundsError(f"per_axis: more than the {MOST_WELLS} wells allowed; reduce K or d")
        tolerance = number("tolerance", self.tolerance)
        if not 0 < tolerance < Fraction(1, 4):
            raise BoundsError(f"tolerance: {tolerance} is not strictly between 0 and 1/4")
        object.__setattr__(self, "tolerance", tolerance)

    @property
    def wells(self) -> int:
        """K^d."""
        return int(self.per_axis**self.parameters)

    @property
    def instances(self) -> int:
        """n = ⌊log₂ K^d⌋, the instances that are shattered."""
        return self.wells.bit_length() - 1

    def well(self, r: int) -> tuple[int, ...]:
        """The grid point with number r: its digits to base K, lowest first."""
        return tuple(r // self.per_axis**i % self.per_axis for i in range(self.parameters))

    # -- the problems ----------------------------------------------------------------

    def objective(self, bit: int) -> fmpq_mpoly:
        """f_b in Q[α, w1 … wd], over α ∈ [0, K^d − 1] and w ∈ [0, K−1]^d.

        Its degree is 2K when K is a power of two: P_b then depends on one coordinate.

        Raises:
            BoundsError: there is no instance ``bit``.
        """
        interpolant = self.interpolants[self._known(bit)]
        names = (PARAMETER, *(f"w{i}" for i in range(1, self.parameters + 1)))
        alpha, *w = fmpq_mpoly_ctx.get(names, "degrevlex").gens()
        walls = [prod(((x - j) ** 2 for j in range(self.per_axis)), start=x**0) for x in w]
        match = alpha - sum((x * self.per_axis**i for i, x in enumerate(w)), alpha * 0)
        tie = interpolant.polynomial(w) * fmpq(1, 2)
        return self.constant * sum(walls, alpha * 0) + match**2 + tie

    @cached_property
    def interpolants(self) -> tuple[Bernstein, ...]:
        """P_b for every b; the values at all wells are checked exactly."""
        forms = []
        for bit in range(self.instances):
            values = [r >> bit & 1 for r in range(self.wells)]
            form = Bernstein.through(values, self.per_axis, self.parameters)
            if form.on_grid() != values:
                raise ArithmeticError(f"the interpolant of bit {bit} misses a well")
            forms.append(form)
        return tuple(forms)

    def _known(self, bit: int) -> int:
        if count("bit", bit) >= self.instances:
            raise BoundsError(f"bit: {bit} is too large; there are {self.instances} instances")
        return bit

    # -- the constants ---------------------------------------------------------------

    @cached_property
    def height(self) -> Fraction:
        """H."""
        return max(form.height() for form in self.interpolants)

    @cached_property
    def slope(self) -> Fraction:
        """L."""
        return max(sum(form.slopes(), Fraction(0)) for form in self.interpolants)

    @cached_property
    def reach(self) -> int:
        """S = Σ K^i: how fast Σ K^i w_i moves with all coordinates."""
        return sum(self.per_axis**i for i in range(self.parameters))

    @cached_property
    def radius(self) -> Fraction:
        """ρ: a point is in a well when every coordinate is this close to an integer."""
        return self.tolerance / (2 * self.reach + self.slope / 2)

    @cached_property
    def barrier(self) -> Fraction:
        """A lower bound on ∏_{j<K} (x − j)² for x ∈ [0, K−1] at distance ≥ ρ from the integers."""
        last = self.per_axis - 2
        least = min(factorial(m) * factorial(last - m) for m in range(last + 1))
        return (self.radius * (1 - self.radius) * least) ** 2

    @cached_property
    def constant(self) -> int:
        """C, the smallest integer that the proof admits."""
        return ceil((1 + self.height / 2) / self.barrier)

    # -- what is proved --------------------------------------------------------------

    def places(self) -> list[Fraction]:
        """0 … K^d − 1: each chooses a well."""
        return [Fraction(r) for r in range(self.wells)]

    def dual(self, bit: int, alpha: Fraction) -> Enclosure:
        """ℓ*_b(α) from both sides, at most the tolerance apart.

        Above: g_b(α), the value of f_b at the best centre of a well. Below, by the three
        cases of the proof: outside the wells f_b ≥ C·barrier − H/2; in the well of r, with
        every coordinate within ρ of its centre, Σ K^i w_i is within ρS of r and P_b within
        ρL of its bit.

        Raises:
            BoundsError: no such instance, or α outside A.
        """
        self._known(bit)
        if not 0 <= alpha <= self.wells - 1:
            raise BoundsError(f"alpha: {alpha} lies outside [0, {self.wells - 1}]")
        outside, spread, lost = self._losses
        at, upper, lower = to_fmpq(alpha), [], [outside]
        # from distance 2 on the square exceeds 3, while the nearest well costs at most 3/4
        for r in range(max(0, floor(alpha) - 1), min(self.wells, floor(alpha) + 3)):
            tie, away = fmpq(r >> bit & 1, 2), abs(at - r)
            upper.append(away * away + tie)
            lower.append(max(fmpq(0), away - spread) ** 2 + tie - lost)
        return Enclosure(to_fraction(min(lower)), to_fraction(min(upper)))

    @cached_property
    def _losses(self) -> tuple[fmpq, fmpq, fmpq]:
        """C·barrier − H/2, ρS and ρL/2."""
        found = (
            self.constant * self.barrier - self.height / 2,
            self.radius * self.reach,
            self.radius * self.slope / 2,
        )
        outside, spread, lost = map(to_fmpq, found)
        return outside, spread, lost
