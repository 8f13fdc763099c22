"""Closed bounds for whole families: network classes and tuned networks by size alone.

Uniform in the layers, so that only W parameters, L hidden layers, U hidden units, p
breakpoints, degree Δ and T examples enter. The layerwise counts of
:mod:`bounds.architectures` are never larger than N here and usually far smaller.
"""

from __future__ import annotations

from typing import Any

from flint import arb

from bounds.balls import ball
from bounds.errors import count
from bounds.pseudodimension import largest_shattered


def network_pseudo_dimension(
    parameters: int, hidden_layers: int, units: int, breakpoints: int, degree: int
) -> int:
    """Pseudo-dimension of a network class by sign counting: an explicit [BHLM19, Thm 7].

    On n inputs, layer l ≤ L+1 adds at most nUp polynomials of degree ≤ (L+1)Δ^L in at
    most W weights, given the sign conditions of the earlier layers, so there are at most
    (8e(L+1)Δ^L·max(nUp, W)/W)^{W(L+1)} sign conditions in all, zeros included. They fix
    the n outputs against their thresholds. Returned is the largest n with 2^n no larger.

    Raises:
        BoundsError: an argument below 1 (0 is allowed for ``breakpoints``).
    """
    w, depth = count("parameters", parameters, 1), count("hidden_layers", hidden_layers, 1)
    u, p = count("units", units, 1), max(1, count("breakpoints", breakpoints))
    delta = count("degree", degree, 1)

    def log_patterns(n: int) -> arb:
        base = 8 * (depth + 1) * ball(delta) ** depth * ball(max(n * u * p, w)) / ball(w)
        return ball(w * (depth + 1)) * (1 + base.log()) / arb(2).log()

    return largest_shattered(log_patterns)


def warren_factor(e: Any, degree: Any, polynomials: Any, variables: Any) -> Any:
    """(4eΔ(s+n)/n)^n ≥ Warren's bound for max(s, n) polynomials in at most n variables."""
    return (4 * e * degree * (polynomials + variables) / variables) ** variables


def tuned_regression(v: Any, e: Any) -> Any:
    """Oscillation bound of a tuned network with squared loss, over any numbers.

    Lemma 3 with N ≤ ∏_l Warren, pre-activations of degree ≤ (2L−1)Δ^{L−1} and loss of
    degree ≤ 2(2L+1)Δ^L in W+1 variables (D_{l+1} = ΔD_l + 2 gives D_l ≤ (2l−1)Δ^{l−1}).
    """
    n, s = v.W + 1, v.T * v.U * v.p
    pieces = warren_factor(e, (2 * v.L - 1) * v.Delta ** (v.L - 1), s, n) ** v.L
    loss = 2 * (2 * v.L + 1) * v.Delta**v.L
    return 2 * pieces * (4 * e * loss * (s + 2 * v.W + 3) / n) ** n


def tuned_classification(v: Any, e: Any) -> Any:
    """The same for the zero–one loss: one more layer of T boundaries, constant pieces."""
    n, s = v.W + 1, v.T * v.U * v.p
    score = (2 * v.L + 1) * v.Delta**v.L
    pieces = warren_factor(e, (2 * v.L - 1) * v.Delta ** (v.L - 1), s, n) ** v.L
    pieces *= warren_factor(e, score, v.T, n)
    return 2 * pieces * (4 * e * score * (s + v.T + 2 * v.W + 3) / n) ** n


def tuned_graph(v: Any, e: Any) -> Any:
    """The same for a two-layer graph convolution with n nodes, h units, F scores, zero–one loss.

    Kernel degree D: hidden boundaries of degree D+1, scores of degree D(n+1)+2 against
    each other, W = xh + hF weights for x features.
    """
    weights = v.x * v.h + v.h * v.F
    n, score = weights + 1, v.D * (v.n + 1) + 2
    pieces = warren_factor(e, v.D + 1, v.n * v.h, n) * warren_factor(e, score, v.n * v.F**2, n)
    boundaries = v.n * (v.h + v.F**2)
    return 2 * pieces * (4 * e * score * (boundaries + 2 * weights + 3) / n) ** n
