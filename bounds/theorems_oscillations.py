"""Upper bounds on oscillations as theorem objects; proofs in docs/theorems.md.

A formula is the closed form of a bound. Where the bound itself is a sum (Lemmas 5 and 6)
the formula is a closed upper estimate of it, and ``evaluate`` gives the smaller number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import arb

from bounds import network_class
from bounds import oscillations as osc
from bounds.balls import floor_upper
from bounds.errors import BoundsError
from bounds.theorem import Argument, Arguments, Assumption, Kind, Quantity, Theorem

PIECES = Argument("pieces", "N", "pieces (cells)")
BOUNDARIES = Argument("boundaries", "M", "boundaries along one sign pattern", 0)
DEGREE = Argument("degree", "Delta", "degree of boundaries and pieces in (α, w)")
PARAMETERS = Argument("parameters", "d", "parameters")

ONE = Assumption.ONE_HYPERPARAMETER
GENERAL = (ONE, Assumption.PIECEWISE_POLYNOMIAL, Assumption.COMPACT_BOX)
_LEVELS = (*GENERAL, Assumption.CONTINUOUS_DUAL, Assumption.MULTIPLIERS)


def _per_piece(pieces: int, boundaries: int, degree: int, parameters: int) -> int:
    bound = osc.sublevel_components(pieces, boundaries, degree, parameters)
    return osc.from_components(bound.per_piece)


def _at_once(pieces: int, all_boundaries: int, degree: int, parameters: int) -> int:
    bound = osc.sublevel_components(pieces, 0, degree, parameters, all_boundaries)
    if bound.all_at_once is None:
        raise BoundsError(
            "pieces: the bound with all pieces at once is too long; go piece by piece"
        )
    return osc.from_components(bound.all_at_once)


def _connected(pieces: int) -> int:
    return osc.from_components(pieces)


OSCILLATION_THEOREMS = (
    Theorem(
        "connected_pieces",
        "Lemma 2 for a piecewise constant loss",
        Quantity.OSCILLATIONS,
        Kind.UPPER,
        r"B(\ell^*) \le 2\max_\tau b_0\{f<\tau\} \le 2N",
        "docs/theorems.md, Lemma 2",
        (ONE, Assumption.PIECEWISE_CONSTANT),
        (Argument("pieces", "N", "connected pieces"),),
        lambda v, ring: 2 * v.N,
        _connected,
    ),
    Theorem(
        "sublevel_per_piece",
        "Lemmas 2 and 3, piece by piece",
        Quantity.OSCILLATIONS,
        Kind.UPPER,
        r"B(\ell^*) \le 2N\left(\frac{4e\Delta(M+2d+3)}{d+1}\right)^{d+1}",
        "docs/theorems.md, Lemmas 2 and 3; [War68, Thm 2]",
        GENERAL,
        (PIECES, BOUNDARIES, DEGREE, PARAMETERS),
        lambda v, ring: (
            2 * v.N * (4 * ring.e * v.Delta * (v.M + 2 * v.d + 3) / (v.d + 1)) ** (v.d + 1)
        ),
        _per_piece,
    ),
    Theorem(
        "sublevel_at_once",
        "Lemmas 2 and 3, all pieces at once",
        Quantity.OSCILLATIONS,
        Kind.UPPER,
        r"B(\ell^*) \le 2\left(\frac{4e\Delta(\bar M+N+2d+2)}{d+1}\right)^{d+1}",
        "docs/theorems.md, Lemmas 2 and 3; [War68, Thm 2]",
        GENERAL,
        (
            PIECES,
            Argument("all_boundaries", "M", "boundaries over all sign patterns", 0),
            DEGREE,
            PARAMETERS,
        ),
        lambda v, ring: (
            2 * (4 * ring.e * v.Delta * (v.M + v.N + 2 * v.d + 2) / (v.d + 1)) ** (v.d + 1)
        ),
        _at_once,
    ),
    Theorem(
        "quadratic_strata",
        "Lemma 5: quadratic strata",
        Quantity.OSCILLATIONS,
        Kind.UPPER,
        r"B(\ell^*) \le N\sum_{s=0}^{d}\binom{M+2d}{s}\,a\,(d+1-s)",
        "docs/theorems.md, Lemma 5",
        (*GENERAL, Assumption.CONVEX_QUADRATIC, Assumption.FIXED_POLYHEDRA),
        (
            PIECES,
            BOUNDARIES,
            PARAMETERS,
            Argument("alpha_degree", "a", "degree of the coefficients in α"),
        ),
        lambda v, ring: v.N * v.a * (v.d + 1) * (ring.e * (v.M + 2 * v.d) / v.d) ** v.d,
        osc.quadratic_strata,
    ),
    Theorem(
        "level_bezout",
        "Lemma 6 with Bézout numbers",
        Quantity.OSCILLATIONS,
        Kind.UPPER,
        r"B(\ell^*) \le N\sum_{s=0}^{d}\binom{M+2d}{s}\max(1,\Delta_f-1,[s>0]\Delta_h)^d"
        r"\Delta_h^s\,\Delta_f",
        "docs/theorems.md, Lemma 6; refined Bézout theorem [Ful98, Ex. 8.4.6]",
        _LEVELS,
        (
            PIECES,
            BOUNDARIES,
            PARAMETERS,
            Argument("objective_degree", "Delta_f", "degree of the pieces"),
            Argument("boundary_degree", "Delta_h", "degree of the boundaries"),
        ),
        lambda v, ring: (
            v.N
            * (ring.e * (v.M + 2 * v.d) / v.d) ** v.d
            * (v.Delta_f + v.Delta_h) ** v.d
            * v.Delta_h**v.d
            * v.Delta_f
        ),
        osc.level_bezout,
    ),
    *(
        Theorem(
            f"level_{key}",
            f"Lemma 6 with {name}",
            Quantity.OSCILLATIONS,
            Kind.UPPER,
            r"B(\ell^*) \le \sum_S c_S",
            f"docs/theorems.md, Lemma 6; {source}",
            (*_LEVELS, *needs),
            (Argument("components", "C", f"{name}, summed over the strata", 0),),
            lambda v, ring: v.C,
            lambda components: components,
        )
        for key, name, source, needs in (
            (
                "multihomogeneous",
                "multihomogeneous Bézout numbers",
                "multihomogeneous Bézout theorem [MS87]",
                (Assumption.ISOLATED_LEVELS,),
            ),
            (
                "mixed_volume",
                "stable mixed volumes",
                "[HS97, Thm 2.1] (isolated roots in C^n, coordinates zero included)",
                (Assumption.ISOLATED_LEVELS,),
            ),
            (
                "generic",
                "generic counts",
                "[SW05, Thm 7.1.1] (isolated roots of a member against the generic member)",
                (Assumption.ISOLATED_LEVELS, Assumption.GENERIC_FAMILY),
            ),
        )
    ),
)


def _floor(formula: Callable[[Any, Any], Any], symbols: dict[str, str]) -> Callable[..., int]:
    """The certified evaluation of a closed formula in integers and e."""

    def evaluate(**values: int) -> int:
        def value() -> arb:
            arguments = Arguments({symbols[name]: arb(number) for name, number in values.items()})
            return arb(formula(arguments, arb(1).exp()))

        return floor_upper(value)

    return evaluate


_NETWORK = (
    Argument("parameters", "W", "parameters"),
    Argument("hidden_layers", "L", "hidden layers"),
    Argument("units", "U", "hidden units"),
    Argument("breakpoints", "p", "breakpoints of the activation"),
)
_ACTIVATION_DEGREE = Argument("degree", "Delta", "degree of the activation")
TUNED = (*_NETWORK, Argument("examples", "T", "training examples"), _ACTIVATION_DEGREE)
NETWORK = (*_NETWORK, _ACTIVATION_DEGREE)
GRAPH = (
    Argument("nodes", "n", "nodes"),
    Argument("features", "x", "features of a node"),
    Argument("hidden", "h", "hidden units"),
    Argument("classes", "F", "classes", 2),
    Argument("kernel_degree", "D", "degree of the kernel"),
)


def _family(
    key: str,
    title: str,
    statement: str,
    arguments: tuple[Argument, ...],
    assumptions: tuple[Assumption, ...],
    formula: Callable[[Any, Any], Any],
) -> Theorem:
    symbols = {argument.name: argument.symbol for argument in arguments}
    return Theorem(
        key,
        title,
        Quantity.OSCILLATIONS,
        Kind.UPPER,
        statement,
        "docs/theorems.md, Lemma 3 with the layerwise argument of [BHLM19, proof of Thm 7]",
        (*GENERAL, *assumptions),
        arguments,
        lambda v, ring: formula(v, ring.e),
        _floor(formula, symbols),
    )


FAMILY_THEOREMS = (
    _family(
        "tuned_regression",
        "Lemma 3 for a tuned activation, squared loss",
        r"B \le 2\left(\tfrac{4e(2L-1)\Delta^{L-1}(TUp+W+1)}{W+1}\right)^{L(W+1)}"
        r"\left(\tfrac{8e(2L+1)\Delta^L(TUp+2W+3)}{W+1}\right)^{W+1}",
        TUNED,
        (Assumption.TUNED_NETWORK, Assumption.SQUARED_LOSS),
        network_class.tuned_regression,
    ),
    _family(
        "tuned_classification",
        "Lemma 3 for a tuned activation, zero–one loss",
        r"B \le 2\left(\tfrac{4e(2L-1)\Delta^{L-1}(TUp+W+1)}{W+1}\right)^{L(W+1)}"
        r"\left(\tfrac{4eD(T+W+1)}{W+1}\right)^{W+1}"
        r"\left(\tfrac{4eD(TUp+T+2W+3)}{W+1}\right)^{W+1},\ D=(2L+1)\Delta^L",
        TUNED,
        (Assumption.TUNED_NETWORK, Assumption.ZERO_ONE_LOSS),
        network_class.tuned_classification,
    ),
    _family(
        "tuned_graph",
        "Lemma 3 for a tuned graph kernel, two layers, zero–one loss",
        r"B \le 2\left(\tfrac{4e(D+1)(nh+W+1)}{W+1}\right)^{W+1}"
        r"\left(\tfrac{4eD_2(nF^2+W+1)}{W+1}\right)^{W+1}"
        r"\left(\tfrac{4eD_2(n(h+F^2)+2W+3)}{W+1}\right)^{W+1},\ D_2=D(n+1)+2,\ W=xh+hF",
        GRAPH,
        (Assumption.GRAPH_KERNEL, Assumption.ZERO_ONE_LOSS),
        network_class.tuned_graph,
    ),
)
