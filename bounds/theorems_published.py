"""Published theorems whose constants are hidden in O(·) and Ω(·), and lower bounds.

The expression inside O or Ω is all that the source gives; it is marked as a rate and
never used as a number. Where one hyperparameter is tuned, ``sibling`` names the theorem
of this toolkit with explicit constants and the same rate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bounds.constructions import degree_lower_bound, grid_lower_bound, interval_lower_bound
from bounds.errors import positive, probability
from bounds.theorem import Argument, Arguments, Assumption, Formula, Kind, Quantity, Theorem, Trend
from bounds.theorems_oscillations import (
    BOUNDARIES,
    DEGREE,
    GRAPH,
    NETWORK,
    ONE,
    PARAMETERS,
    PIECES,
    TUNED,
)

_SOME_BOUNDARIES = Argument("boundaries", "M", "boundaries")
_HYPER = Argument("hyperparameters", "p", "dimension of the hyperparameter")
_SEMIALGEBRAIC = (Assumption.PIECEWISE_POLYNOMIAL, Assumption.COMPACT_BOX)
_ORIGINAL = (ONE, Assumption.PIECEWISE_POLYNOMIAL, Assumption.REGULARITY)


def _rate(
    key: str,
    title: str,
    statement: str,
    source: str,
    assumptions: tuple[Assumption, ...],
    arguments: tuple[Argument, ...],
    formula: Formula,
    sibling: str | None = None,
    renamed: dict[str, str] | None = None,
    kind: Kind = Kind.UPPER_RATE,
    quantity: Quantity = Quantity.PSEUDO_DIMENSION,
    domain: str = "",
    inside: Callable[[Arguments], bool] = lambda v: True,
) -> Theorem:
    return Theorem(
        key,
        title,
        quantity,
        kind,
        statement,
        source,
        assumptions,
        arguments,
        formula,
        sibling=sibling,
        renamed=renamed or {},
        domain=domain,
        inside=inside,
    )


_lower = partial(_rate, kind=Kind.LOWER_RATE)

UPPER_RATES = (
    _rate(
        "bns25_constant",
        "One hyperparameter, piecewise constant loss",
        r"\mathrm{Pdim} = O(\log N)",
        "[BNS25], piecewise constant case",
        (ONE, Assumption.PIECEWISE_CONSTANT),
        (Argument("pieces", "N", "connected pieces"),),
        lambda v, ring: ring.log(v.N),
        "connected_pieces",
    ),
    _rate(
        "bns25_polynomial",
        "One hyperparameter, piecewise polynomial loss",
        r"\mathrm{Pdim} = O(\log N + d\log(\Delta M))",
        "[BNS25], main theorem (piecewise polynomial case)",
        _ORIGINAL,
        (PIECES, _SOME_BOUNDARIES, DEGREE, PARAMETERS),
        lambda v, ring: ring.log(v.N) + v.d * ring.log(v.Delta * v.M),
        "sublevel_per_piece",
    ),
    *(
        _rate(
            f"bns25_{task}",
            f"Activation interpolation, {task}",
            r"\mathrm{Pdim} = O(L^2W\log\Delta + LW\log(TpU))",
            "[BNS25, Sec. 6], activation interpolation",
            (*_ORIGINAL, Assumption.TUNED_NETWORK, loss),
            TUNED,
            lambda v, ring: (
                v.L**2 * v.W * ring.log(v.Delta) + v.L * v.W * ring.log(v.T * v.p * v.U)
            ),
            f"tuned_{task}",
        )
        for task, loss in (
            ("regression", Assumption.SQUARED_LOSS),
            ("classification", Assumption.ZERO_ONE_LOSS),
        )
    ),
    _rate(
        "bns25_graph",
        "Polynomial-kernel graph convolution",
        r"\mathrm{Pdim} = O(W\log(nhFD)),\quad W = xh+hF",
        "[BNS25, Sec. 6], graph convolution; its general theorem at the counts of this toolkit",
        (*_ORIGINAL, Assumption.GRAPH_KERNEL),
        GRAPH,
        lambda v, ring: (v.x * v.h + v.h * v.F) * ring.log(v.n * v.h * v.F * v.D),
        "tuned_graph",
    ),
    _rate(
        "lnn26_upper",
        "p hyperparameters, semialgebraic loss",
        r"\mathrm{Pdim} = O(pd\log(M+T+d) + p^2d\log\Delta)",
        "[LNN26], upper bound",
        _SEMIALGEBRAIC,
        (_HYPER, Argument("pieces", "T", "pieces"), BOUNDARIES, DEGREE, PARAMETERS),
        lambda v, ring: v.p * v.d * ring.log(v.M + v.T + v.d) + v.p**2 * v.d * ring.log(v.Delta),
        "sublevel_at_once",
        {"N": "T"},
    ),
    _rate(
        "nn26_upper",
        "p hyperparameters, sharper count",
        r"\mathrm{Pdim} = O(p\log T + pd\log(M+d) + pd\log\Delta)",
        "[NN26, Thm 5.1]",
        _SEMIALGEBRAIC,
        (_HYPER, Argument("pieces", "T", "pieces"), BOUNDARIES, DEGREE, PARAMETERS),
        lambda v, ring: (
            v.p * ring.log(v.T) + v.p * v.d * ring.log(v.M + v.d) + v.p * v.d * ring.log(v.Delta)
        ),
        "sublevel_per_piece",
        {"N": "T"},
    ),
    _rate(
        "nn26_validation",
        "p hyperparameters, validation loss",
        r"\mathrm{Pdim} = O(p\log(T_fT_g) + pd^2\log(2 + M_{tot}\Delta))",
        "[NN26, Thm 6.1]",
        (*_SEMIALGEBRAIC, Assumption.SEPARATE_VALIDATION),
        (
            _HYPER,
            Argument("training_pieces", "T_f", "pieces of the training loss"),
            Argument("validation_pieces", "T_g", "pieces of the validation loss"),
            Argument("boundaries", "M", "boundaries of both losses together", 0),
            DEGREE,
            PARAMETERS,
        ),
        lambda v, ring: v.p * ring.log(v.T_f * v.T_g) + v.p * v.d**2 * ring.log(2 + v.M * v.Delta),
    ),
    _rate(
        "nn26_group_lasso",
        "Weighted group lasso",
        r"\mathrm{Pdim} = O(p(d+p)^2\log p)",
        "[NN26, Thm 7.1]",
        (Assumption.GROUP_LASSO, Assumption.SEPARATE_VALIDATION),
        (Argument("hyperparameters", "p", "groups", 2), PARAMETERS),
        lambda v, ring: v.p * (v.d + v.p) ** 2 * ring.log(v.p),
    ),
    _rate(
        "biw22",
        "GJ framework",
        r"\mathrm{Pdim} = O(p\log(\Delta\Lambda))",
        "[BIW22, Thm 3.3]",
        (Assumption.GJ_ALGORITHM,),
        (
            Argument("parameters", "p", "real inputs of the algorithm"),
            Argument("degree", "Delta", "degree of its predicates"),
            Argument("predicates", "Lambda", "number of its predicates"),
        ),
        lambda v, ring: v.p * ring.log(v.Delta * v.Lambda),
        "gj_algorithm",
    ),
    _rate(
        "bhlm19",
        "Networks with piecewise polynomial activations",
        r"\mathrm{Pdim} = O(LW\log(pU) + L^2W\log\Delta)",
        "[BHLM19, Thm 7]",
        (Assumption.NETWORK_CLASS,),
        NETWORK,
        lambda v, ring: v.L * v.W * ring.log(v.p * v.U) + v.L**2 * v.W * ring.log(v.Delta),
        "network_class",
    ),
    _rate(
        "pollard",
        "Sample complexity from the pseudo-dimension",
        r"m = O\left((H/\varepsilon)^2(D + \log(1/\delta))\right)",
        "[Pol84], [AB99, Ch. 19]",
        (Assumption.BOUNDED_RANGE, Assumption.INDEPENDENT),
        (
            Argument("dimension", "D", "pseudo-dimension", 0),
            Argument("epsilon", "epsilon", "deviation", trend=Trend.DOWN, domain=positive),
            Argument("delta", "delta", "failure probability", trend=Trend.DOWN, domain=probability),
            Argument("value_range", "H", "range of the dual values", domain=positive),
        ),
        lambda v, ring: (v.H / v.epsilon) ** 2 * (v.D + ring.log(1 / v.delta)),
        quantity=Quantity.INSTANCES,
    ),
)

LOWER_RATES = (
    _lower(
        "lnn26_lower",
        "Degree",
        r"\mathrm{Pdim} = \Omega(pd\log\Delta)",
        "[LNN26, Thm 5.2]",
        _SEMIALGEBRAIC,
        (_HYPER, DEGREE, PARAMETERS),
        lambda v, ring: v.p * v.d * ring.log(v.Delta),
        "wells_construction",
    ),
    _lower(
        "nn26_lower_pieces",
        "Pieces",
        r"\mathrm{Pdim} = \Omega(p\log T)",
        "[NN26, Lemma 5.2]",
        _SEMIALGEBRAIC,
        (_HYPER, Argument("pieces", "T", "pieces")),
        lambda v, ring: v.p * ring.log(v.T),
        "interval_construction",
        {"K": "T"},
    ),
    _lower(
        "nn26_lower_boundaries",
        "Boundaries",
        r"\mathrm{Pdim} = \Omega(pd\log(1+M/d))",
        "[NN26, Lemma 5.3]",
        _SEMIALGEBRAIC,
        (_HYPER, BOUNDARIES, PARAMETERS),
        lambda v, ring: v.p * v.d * ring.log(1 + v.M / v.d),
        "grid_construction",
    ),
    _lower(
        "bhlm19_lower",
        "Networks with piecewise linear activations",
        r"\mathrm{VCdim} = \Omega(WL\log(W/L))",
        "[BHLM19, Thm 3]",
        (Assumption.NETWORK_CLASS,),
        (
            Argument("parameters", "W", "parameters"),
            Argument("hidden_layers", "L", "layers", trend=Trend.UNKNOWN),
        ),
        lambda v, ring: v.W * v.L * ring.log(v.W / v.L),
        domain="W >= L",
        inside=lambda v: v.W >= v.L,
    ),
)

CONSTRUCTIONS = (
    Theorem(
        "interval_construction",
        "K intervals shatter ⌊log₂ K⌋ instances",
        Quantity.PSEUDO_DIMENSION,
        Kind.LOWER,
        r"\mathrm{Pdim} \ge \lfloor\log_2 K\rfloor",
        "[NN26, Lemma 5.2 at p = 1]; docs/theorems.md, Construction 1",
        (ONE,),
        (Argument("pieces", "K", "intervals"),),
        lambda v, ring: ring.log(v.K) / ring.log(2),
        interval_lower_bound,
    ),
    Theorem(
        "grid_construction",
        "M thresholds in d parameters shatter ⌊d log₂(1+M/d)⌋ instances",
        Quantity.PSEUDO_DIMENSION,
        Kind.LOWER,
        r"\mathrm{Pdim} \ge \lfloor\log_2\prod_i(1+q_i)\rfloor,\ \sum_iq_i=M",
        "[NN26, Lemma 5.3 at p = 1]; docs/theorems.md, Construction 2",
        (ONE,),
        (BOUNDARIES, PARAMETERS),
        lambda v, ring: v.d * ring.log(1 + v.M / v.d) / ring.log(2),
        grid_lower_bound,
    ),
    Theorem(
        "wells_construction",
        "Polynomials of degree Δ in d parameters shatter d⌊log₂(Δ/2)⌋ instances",
        Quantity.PSEUDO_DIMENSION,
        Kind.LOWER,
        r"\mathrm{Pdim} \ge d\lfloor\log_2(\Delta/2)\rfloor",
        "[LNN26, Thm 5.2 at p = 1]; docs/theorems.md, Construction 3",
        (ONE,),
        (Argument("degree", "Delta", DEGREE.meaning, 2), PARAMETERS),
        lambda v, ring: v.d * ring.log(v.Delta / 2) / ring.log(2),
        degree_lower_bound,
    ),
)
