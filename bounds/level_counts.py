"""Lemma 6 for a whole family: how often a generic stratum can be critical at a level.

The family of a stratum with s active constraints: f of degree ≤ a in α and ≤ 2 in
w ∈ C^d, s affine constraints in w, all coefficients free. Its level system, in (α, w, λ),

    ∂f/∂w + Σ_{j ≤ s} λ_j c_j = 0,   c_j·w = b_j (j ≤ s),   f = τ,

has for generic coefficients a(d+1−s) solutions: on the constraints the stationary value is
that of a quadratic in r = d−s unknowns, and τ solves the bordered determinant, of degree
a(r+1) in α. The stable mixed volume and the multihomogeneous number of the same
supports are upper bounds of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import product
from math import comb

from bounds.errors import count
from bounds.oscillations import level_multihomogeneous
from geometry.counting.mixed_cells import TooManyCells
from geometry.counting.newton import volumes

Monomial = tuple[int, ...]

MOST_UNKNOWNS = 9
"""Level systems with more unknowns are left without a mixed volume."""


def level_supports(parameters: int, active: int, alpha_degree: int) -> list[list[Monomial]]:
    """The supports of the level system in (α, w_1 … w_d, λ_1 … λ_s), equation by equation."""
    d, s, a = parameters, active, alpha_degree
    unit = [tuple(int(i == j) for j in range(d)) for i in range(d)]
    affine = [(0,) * d, *unit]
    quadratic = sorted(
        {tuple(map(sum, zip(u, v, strict=True))) for u, v in product(affine, affine)}
    )
    free = (0,) * s
    powers = range(a + 1)
    multipliers = [(0, *(0,) * d, *(int(i == j) for j in range(s))) for i in range(s)]
    gradient = [(k, *w, *free) for k in powers for w in affine] + multipliers
    constraint = [(0, *w, *free) for w in affine]
    level = [(k, *w, *free) for k in powers for w in quadratic]
    return [gradient] * d + [constraint] * s + [level]


@lru_cache(maxsize=256)
def stable_mixed_volume(parameters: int, active: int, alpha_degree: int) -> int | None:
    """Of the level system; None where it takes too long.

    Bounds the isolated solutions in C^n with multiplicity [HS97, Thm 2.1].
    """
    if 1 + parameters + active > MOST_UNKNOWNS:
        return None
    try:
        return volumes(level_supports(parameters, active, alpha_degree)).stable
    except TooManyCells:
        return None


def generic_count(parameters: int, active: int, alpha_degree: int) -> int:
    """a(d+1−s): solutions of the level system for generic coefficients."""
    return alpha_degree * (parameters + 1 - active)


def summed_counts(
    pieces: int, boundaries: int, parameters: int, alpha_degree: int
) -> dict[str, int | None]:
    """N·Σ_{s ≤ d} C(M+2d, s)·c_s for each kind of count; None where one is out of reach.

    Raises:
        BoundsError: N < 1, M < 0, d < 1 or a < 1.
    """
    n, m = count("pieces", pieces, 1), count("boundaries", boundaries)
    d, a = count("parameters", parameters, 1), count("alpha_degree", alpha_degree, 1)
    faces = [comb(m + 2 * d, s) for s in range(d + 1)] if d <= MOST_UNKNOWNS else []
    kinds: dict[str, Callable[[int, int, int], int | None]] = {
        "multihomogeneous_count": level_multihomogeneous,
        "mixed_volume_count": stable_mixed_volume,
        "generic_count": generic_count,
    }
    found: dict[str, int | None] = {}
    for name, of_stratum in kinds.items():
        counts = [of_stratum(d, s, a) for s in range(d + 1)] if faces else [None]
        known = [c for c in counts if c is not None]
        whole = len(known) == len(faces) and faces
        found[name] = n * sum(f * c for f, c in zip(faces, known, strict=True)) if whole else None
    return found
