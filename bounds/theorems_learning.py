"""Counting lemmas, pseudo-dimension and generalisation as theorem objects.

Proofs in docs/theorems.md. Where a bound is a sum or a maximum the formula is a closed
upper estimate of it, and ``evaluate`` gives the smaller number.
"""

from __future__ import annotations

from fractions import Fraction

from bounds import counting, network_class
from bounds.errors import positive, probability
from bounds.pseudodimension import gj_pseudo_dimension, pseudo_dimension
from bounds.sample_complexity import Patterns, generalisation_gap
from bounds.theorem import Argument, Assumption, Kind, Quantity, Theorem, Trend
from bounds.theorems_oscillations import DEGREE, NETWORK, ONE

OSCILLATIONS = Argument("oscillations", "B", "oscillations", 0)
_LEARNING = (Assumption.CUTS_BOUNDED, Assumption.BOUNDED_RANGE, Assumption.INDEPENDENT)
POLYNOMIALS = Argument("polynomials", "s", "polynomials")
VARIABLES = Argument("variables", "n", "variables")

COUNTING_THEOREMS = (
    Theorem(
        "warren",
        "Warren's theorem",
        Quantity.COMPONENTS,
        Kind.UPPER,
        r"b_0(\mathbb{R}^n\setminus\bigcup_i\{h_i=0\}) \le (4e\Delta s/n)^n,\quad s\ge n",
        "[War68, Thm 2]",
        (Assumption.POLYNOMIALS,),
        (POLYNOMIALS, DEGREE, VARIABLES),
        lambda v, ring: (4 * ring.e * v.Delta * v.s / v.n) ** v.n,
        counting.warren,
        domain="s >= n",
        inside=lambda v: v.s >= v.n,
    ),
    Theorem(
        "sign_conditions",
        "Warren's theorem with zeros",
        Quantity.PATTERNS,
        Kind.UPPER,
        r"\#\{\mathrm{sign}(h_1,\dots,h_s)\} \le (8e\Delta s/n)^n,\quad s\ge n",
        "docs/theorems.md, from [War68, Thm 2]",
        (Assumption.POLYNOMIALS,),
        (POLYNOMIALS, DEGREE, VARIABLES),
        lambda v, ring: (8 * ring.e * v.Delta * v.s / v.n) ** v.n,
        counting.sign_conditions,
    ),
    Theorem(
        "milnor_thom",
        "Oleinik–Petrovsky, Milnor, Thom",
        Quantity.COMPONENTS,
        Kind.UPPER,
        r"\sum_i b_i(Z) \le \Delta(2\Delta-1)^{n-1}",
        "[Mil64, Thm 2], [Tho65], [OP49]",
        (Assumption.POLYNOMIALS,),
        (DEGREE, VARIABLES),
        lambda v, ring: v.Delta * (2 * v.Delta - 1) ** (v.n - 1),
        counting.milnor_thom,
    ),
    Theorem(
        "basu_pollack_roy",
        "Basu, Pollack, Roy",
        Quantity.COMPONENTS,
        Kind.UPPER,
        r"\sum_\sigma b_0(\sigma) \le \sum_{j=0}^{n}\binom{s}{j}4^j\,\Delta(2\Delta-1)^{n-1}",
        "[BPR05], sign conditions on R^n",
        (Assumption.POLYNOMIALS,),
        (POLYNOMIALS, DEGREE, VARIABLES),
        lambda v, ring: (4 * ring.e * v.s / v.n) ** v.n * v.Delta * (2 * v.Delta - 1) ** (v.n - 1),
        counting.basu_pollack_roy,
    ),
)


def _oscillation_gap(
    oscillations: int, instances: int, delta: Fraction, value_range: Fraction
) -> Fraction:
    patterns = Patterns(oscillations=oscillations)
    return generalisation_gap(patterns, instances, delta, value_range).deviation


def _sauer_gap(dimension: int, instances: int, delta: Fraction, value_range: Fraction) -> Fraction:
    patterns = Patterns(dimension=dimension)
    return generalisation_gap(patterns, instances, delta, value_range).deviation


SAMPLE = (
    Argument("instances", "m", "instances", trend=Trend.DOWN),
    Argument("delta", "delta", "failure probability", trend=Trend.DOWN, domain=probability),
    Argument("value_range", "H", "range of the dual values", domain=positive),
)

LEARNING_THEOREMS = (
    Theorem(
        "oscillation_lemma",
        "Lemma 1: from oscillations to pseudo-dimension",
        Quantity.PSEUDO_DIMENSION,
        Kind.UPPER,
        r"\mathrm{Pdim} \le \max\{n : 2^n \le nB+1\} \le 2\log_2(B+1)",
        "docs/theorems.md, Lemma 1; explicit form of the lemma of [BDDKSV21]",
        (ONE, Assumption.CUTS_BOUNDED),
        (OSCILLATIONS,),
        lambda v, ring: 2 * ring.log(v.B + 1) / ring.log(2),
        pseudo_dimension,
    ),
    Theorem(
        "oscillation_gap",
        "Lemma 4: from oscillations to generalisation",
        Quantity.DEVIATION,
        Kind.UPPER,
        r"\sup_\alpha|\cdot| \le 2H\sqrt{2\ln(mB+1)/m}+H\sqrt{\ln(2/\delta)/(2m)}",
        "docs/theorems.md, Lemma 4",
        (ONE, *_LEARNING),
        (OSCILLATIONS, *SAMPLE),
        lambda v, ring: (
            v.H
            * (
                2 * ring.sqrt(2 * ring.log(v.m * v.B + 1) / v.m)
                + ring.sqrt(ring.log(2 / v.delta) / (2 * v.m))
            )
        ),
        _oscillation_gap,
    ),
    Theorem(
        "sauer_gap",
        "From pseudo-dimension to generalisation by Sauer's lemma",
        Quantity.DEVIATION,
        Kind.UPPER,
        r"\sup_\alpha|\cdot| \le 2H\sqrt{2D\ln(em/D)/m}+H\sqrt{\ln(2/\delta)/(2m)},\quad m\ge D",
        "docs/theorems.md, Lemma 4 with [AB99, Thm 3.7]",
        (Assumption.BOUNDED_RANGE, Assumption.INDEPENDENT),
        (Argument("dimension", "D", "pseudo-dimension"), *SAMPLE),
        lambda v, ring: (
            v.H
            * (
                2 * ring.sqrt(2 * v.D * ring.log(ring.e * v.m / v.D) / v.m)
                + ring.sqrt(ring.log(2 / v.delta) / (2 * v.m))
            )
        ),
        _sauer_gap,
    ),
    Theorem(
        "gj_algorithm",
        "GJ framework by sign counting",
        Quantity.PSEUDO_DIMENSION,
        Kind.UPPER,
        r"\mathrm{Pdim} \le \max\{n : 2^n \le (8e\Delta\max(n\Lambda,p)/p)^p\}"
        r" \le 2p\log_2(8e\Delta\Lambda)",
        "docs/theorems.md, Lemma 7; explicit form of [BIW22, Thm 3.3] and [GJ95, Thm 2.2]",
        (Assumption.GJ_ALGORITHM,),
        (
            Argument("parameters", "p", "real inputs of the algorithm"),
            Argument("degree", "Delta", "degree of its predicates"),
            Argument("predicates", "Lambda", "number of its predicates"),
        ),
        lambda v, ring: 2 * v.p * ring.log(8 * ring.e * v.Delta * v.Lambda) / ring.log(2),
        gj_pseudo_dimension,
    ),
    Theorem(
        "network_class",
        "Networks with piecewise polynomial activations by sign counting",
        Quantity.PSEUDO_DIMENSION,
        Kind.UPPER,
        r"\mathrm{Pdim} \le \max\{n : 2^n \le (8e(L+1)\Delta^L\max(nUp,W)/W)^{W(L+1)}\}",
        "docs/theorems.md, Lemma 8; explicit form of [BHLM19, Thm 7]",
        (Assumption.NETWORK_CLASS,),
        NETWORK,
        lambda v, ring: (
            2
            * v.W
            * (v.L + 1)
            * ring.log(8 * ring.e * (v.L + 1) ** 2 * v.Delta**v.L * v.U * v.p)
            / ring.log(2)
        ),
        network_class.network_pseudo_dimension,
    ),
)
