"""Upper bounds on the oscillations B(ℓ*) from structure counts.

Three independent routes, each with its proof in docs/theorems.md:

- sublevel components (Lemmas 2 and 3): no regularity, any piecewise polynomial;
- quadratic strata (Lemma 5): convex quadratics on polyhedral cells that do not move
  with α, in particular one hidden layer with piecewise linear activations, and ridge;
- critical levels (Lemma 6): a count of the α at which a level can be critical, summed
  over strata, from Bézout numbers or from counts that are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import comb, log2

from flint import arb

from bounds.balls import ball, floor_upper
from bounds.errors import MAX_BITS, BoundsError, count


@dataclass(frozen=True)
class SublevelComponents:
    """The two forms of Lemma 3, as upper bounds on b₀{f < τ} for every τ."""

    per_piece: int
    """N·(4eΔ(M+2d+3)/(d+1))^{d+1}, rounded down piece by piece."""
    all_at_once: int | None
    """(4eΔ(M̄+N+2d+2)/(d+1))^{d+1}, rounded down; None where it is too long to write out."""

    @property
    def components(self) -> int:
        """The smaller of the two."""
        return self.per_piece if self.all_at_once is None else min(self.per_piece, self.all_at_once)

    @property
    def oscillations(self) -> int:
        """2·b₀ (Lemma 2)."""
        return from_components(self.components)


def from_components(components: int) -> int:
    """B ≤ 2·b₀ for b₀ = ``components`` of every sublevel set {f < τ} in A×W (Lemma 2).

    A connected set projects to an interval of A, and an interval has at most two ends.
    Also the explicit form of the piecewise constant case: N connected pieces, f constant
    on each, give b₀ ≤ N.
    """
    return 2 * count("components", components)


def sublevel_components(
    pieces: int, boundaries: int, degree: int, parameters: int, all_boundaries: int | None = None
) -> SublevelComponents:
    """Lemma 3: b₀{f < τ} for N pieces, each cut out by at most M boundaries of degree ≤ Δ.

    Args:
        pieces: N ≥ 1.
        boundaries: M ≥ 0 along one sign pattern.
        degree: Δ ≥ 1 in (α, w), of boundaries and pieces.
        parameters: d ≥ 1.
        all_boundaries: M̄ ≥ M over all patterns; M if left out.

    Each form is Warren's bound [War68, Thm 2] with s polynomials in d+1 variables: the
    boundaries, the 2d+2 walls of A×W, and f_i − τ. Non-decreasing in N, M, M̄ and Δ.

    Raises:
        BoundsError: an argument outside these ranges.
    """
    n_pieces = count("pieces", pieces, 1)
    m = count("boundaries", boundaries)
    m_all = count("all_boundaries", m if all_boundaries is None else all_boundaries, m)
    delta, d = count("degree", degree, 1), count("parameters", parameters, 1)

    def components(polynomials: int) -> arb:
        base = 4 * ball(delta) * ball(polynomials) / ball(d + 1)
        return (arb(1).exp() * base) ** (d + 1)

    together = m_all + n_pieces + 2 * d + 2
    size = (d + 1) * (log2(12 * delta) + log2(together) - log2(d + 1))
    return SublevelComponents(
        per_piece=n_pieces * floor_upper(lambda: components(m + 2 * d + 3)),
        all_at_once=floor_upper(lambda: components(together)) if size < MAX_BITS else None,
    )


def quadratic_strata(pieces: int, boundaries: int, parameters: int, alpha_degree: int) -> int:
    """Lemma 5: B ≤ N·Σ_{s ≤ d} C(M+2d, s)·a·(d+1−s).

    Holds when f_i is, for every α in A, a convex quadratic in w with coefficients of
    degree ≤ a in α, on a cell cut out by at most M affine inequalities in w alone (next
    to the 2d walls): at a cut of a level τ the minimiser is stationary for some
    independent set S of active constraints, and the bordered determinant of that
    stratum is a non-zero polynomial of degree ≤ a(d+1−s) in α for all but finitely many
    τ. a = 2 for a squared loss with interpolated piecewise linear activations, a = 1
    for ridge. No regularity assumption: singular Hessians are covered.

    Raises:
        BoundsError: N < 1, M < 0, d < 1 or a < 1.
    """
    n_pieces, m = count("pieces", pieces, 1), count("boundaries", boundaries)
    d, a = count("parameters", parameters, 1), count("alpha_degree", alpha_degree, 1)
    return n_pieces * _weighted_faces(m + 2 * d, d, [a * (d + 1 - s) for s in range(d + 1)])


def level_bezout(
    pieces: int, boundaries: int, parameters: int, objective_degree: int, boundary_degree: int
) -> int:
    """Lemma 6 with Bézout numbers: B ≤ N·Σ_{s ≤ d} C(M+2d, s)·D_s.

    D_s = max(1, Δ_f−1, Δ_h if s > 0)^d · Δ_h^s · Δ_f is the product of the degrees, in
    (α, w, λ), of the stationarity equations, the s active constraints and f_i = τ.
    Needs a continuous ℓ* and multipliers at some minimiser (affine constraints, or
    LICQ); by the refined Bézout theorem [Fulton, *Intersection Theory*, Ex. 8.4.6] the
    solution set of each system has at most D_s components, and α is constant on each
    but for finitely many τ.

    Raises:
        BoundsError: N < 1, M < 0, d < 1 or a degree below 1.
    """
    n_pieces, m = count("pieces", pieces, 1), count("boundaries", boundaries)
    d = count("parameters", parameters, 1)
    f_degree = count("objective_degree", objective_degree, 1)
    h_degree = count("boundary_degree", boundary_degree, 1)
    free, bound = max(1, f_degree - 1), max(1, f_degree - 1, h_degree)
    weights = [(bound if s else free) ** d * h_degree**s * f_degree for s in range(d + 1)]
    return n_pieces * _weighted_faces(m + 2 * d, d, weights)


def level_multihomogeneous(parameters: int, active: int, alpha_degree: int) -> int:
    """3-homogeneous Bézout number of {F_S = 0, f = τ} for a quadratic f: C(d,s)·a·(1+(d−s)·2).

    The groups are α, w and λ; f has bidegree (a, 2) in (α, w), its gradient (a, 1), the
    s active constraints are affine in w alone with d ≥ s. It is the coefficient of
    x·y^d·z^s in (ax+y+z)^d · y^s · (ax+2y). Counts isolated solutions in C^{1+d+s}, with
    multiplicity.
    """
    d, s = count("parameters", parameters, 1), count("active", active)
    a = count("alpha_degree", alpha_degree, 1)
    if s > d:
        raise BoundsError(f"active: {s} constraints exceed the {d} parameters")
    return comb(d, s) * a * (1 + 2 * (d - s))


def from_level_counts(counts: Mapping[str, Iterable[int]]) -> dict[str, int]:
    """Lemma 6 for given counts: per rung of the ladder, B ≤ Σ over strata of the count.

    ``counts[rung]`` lists, stratum by stratum, an upper bound on the α at which the
    system {F_S = 0, f = τ} has a solution: its Bézout number (always), its
    multihomogeneous number, stable mixed volume or generic count (these count isolated
    solutions, so the level systems must have no other ones for all but finitely many τ).
    """
    return {
        rung: sum(count(f"{rung} count of stratum {i}", c) for i, c in enumerate(values, start=1))
        for rung, values in counts.items()
    }


def _weighted_faces(constraints: int, largest: int, weights: list[int]) -> int:
    """Σ_{s ≤ largest} C(constraints, s)·weights[s]."""
    work = largest * largest * max(constraints.bit_length(), weights[0].bit_length() // largest + 1)
    if work > 1 << 30:
        raise BoundsError(f"parameters: a sum over {largest} face dimensions is too long; reduce d")
    total, binomial = 0, 1
    for s in range(largest + 1):
        total += binomial * weights[s]
        binomial = binomial * (constraints - s) // (s + 1)
    return total
