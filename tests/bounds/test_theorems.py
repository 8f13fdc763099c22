"""The theorem catalogue: values, symbolic forms, rates, monotonicity, assumptions."""

from __future__ import annotations

import re
from fractions import Fraction
from math import e, log, log2, sqrt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bounds import (
    BoundsError,
    Loss,
    OutputWeights,
    feedforward,
    graph_convolution,
    pseudo_dimension,
)
from bounds.network_class import network_pseudo_dimension
from bounds.oscillations import from_components, sublevel_components
from bounds.theorem import Arguments, Assumption, Kind, Quantity, Rate, Trend
from bounds.theorems import THEOREMS, theorem

EXPLICIT = [t for t in THEOREMS.values() if not t.kind.is_rate]
RATES = [t for t in THEOREMS.values() if t.kind.is_rate]
WITH_SIBLING = [t for t in RATES if t.sibling]


def key(t):
    return t.key


def values_of(t, size=7):
    """Valid arguments of a theorem."""
    values = {a.name: Fraction(1, 7) if a.domain else max(a.least, size) for a in t.arguments}
    if "polynomials" in values:
        values["polynomials"] += 20
    if "instances" in values:
        values["instances"] += 20
    return values


def test_the_named_sources_are_all_there():
    sources = " ".join(t.source for t in THEOREMS.values())
    for name in ("BNS25", "LNN26", "NN26", "BIW22", "BHLM19", "War68", "Mil64", "OP49", "BPR05"):
        assert f"[{name}" in sources


@pytest.mark.parametrize("t", THEOREMS.values(), ids=key)
def test_every_theorem_is_complete(t):
    assert t.statement
    assert t.source
    assert t.assumptions
    assert t.kind.value in str(t)
    assert (t.explicit is None) == t.kind.is_rate
    assert t.sibling is None or not THEOREMS[t.sibling].kind.is_rate
    assert len({a.name for a in t.arguments}) == len({a.symbol for a in t.arguments})
    assert t.statement.count("{") == t.statement.count("}")


# formula, arguments, value computed by hand or with a pocket calculator, source line
@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("oscillation_lemma", {"oscillations": 6}, 4),  # 2^4 <= 25, 2^5 > 31
        ("connected_pieces", {"pieces": 9}, 18),
        ("warren", {"polynomials": 3, "degree": 2, "variables": 2}, 1064),  # (12e)^2
        ("sign_conditions", {"polynomials": 3, "degree": 2, "variables": 2}, 4256),  # (24e)^2
        ("milnor_thom", {"degree": 3, "variables": 4}, 375),
        ("basu_pollack_roy", {"polynomials": 3, "degree": 2, "variables": 2}, 366),
        ("interval_construction", {"pieces": 1023}, 9),
        ("grid_construction", {"boundaries": 6, "parameters": 2}, 4),  # 4*4 boxes
        ("grid_construction", {"boundaries": 3, "parameters": 2}, 2),  # 3*2 boxes
        ("level_generic", {"components": 12}, 12),
        (
            "quadratic_strata",
            {"pieces": 3, "boundaries": 1, "parameters": 1, "alpha_degree": 2},
            30,
        ),
        (
            "sublevel_per_piece",
            {"pieces": 2, "boundaries": 3, "degree": 2, "parameters": 1},
            2 * 2 * 7566,
        ),
        (
            "sublevel_at_once",
            {"pieces": 2, "all_boundaries": 3, "degree": 2, "parameters": 1},
            2 * 9576,
        ),
    ],
)
def test_explicit_values_by_hand(name, arguments, value):
    assert theorem(name).evaluate(**arguments) == value


# the expression of each source, written out once more with every argument 7 (or 1/7)
PUBLISHED = [
    ("bns25_constant", log(7)),
    ("bns25_polynomial", log(7) + 7 * log(49)),
    ("bns25_regression", 7**3 * log(7) + 49 * log(343)),
    ("bns25_classification", 7**3 * log(7) + 49 * log(343)),
    ("bns25_graph", 98 * log(7**4)),
    ("lnn26_upper", 49 * log(21) + 343 * log(7)),
    ("lnn26_lower", 49 * log(7)),
    ("nn26_upper", 7 * log(7) + 49 * log(14) + 49 * log(7)),
    ("nn26_validation", 7 * log(49) + 343 * log(51)),
    ("nn26_group_lasso", 7 * 196 * log(7)),
    ("nn26_lower_pieces", 7 * log(7)),
    ("nn26_lower_boundaries", 49 * log(2)),
    ("biw22", 7 * log(49)),
    ("bhlm19", 49 * log(49) + 343 * log(7)),
    ("bhlm19_lower", 0),
    ("pollard", 7 + log(7)),
]


@pytest.mark.parametrize(("name", "expected"), PUBLISHED)
def test_rates_are_the_published_expressions(name, expected):
    rate = theorem(name).evaluate(**values_of(theorem(name)))
    assert isinstance(rate, Rate)
    assert float(rate.value) == pytest.approx(expected, rel=1e-10)
    assert re.fullmatch(r"[OΩ]\(.*\)", str(rate))


def test_every_rate_is_written_out_above():
    assert {name for name, _ in PUBLISHED} == {t.key for t in RATES}


def test_gaps_by_hand():
    gap = theorem("oscillation_gap").evaluate(
        oscillations=6, instances=100, delta="0.05", value_range=2
    )
    assert float(gap) == pytest.approx(4 * sqrt(2 * log(601) / 100) + 2 * sqrt(log(40) / 200))
    gap = theorem("sauer_gap").evaluate(dimension=4, instances=100, delta="0.05", value_range=2)
    assert float(gap) == pytest.approx(4 * sqrt(8 * log(25 * e) / 100) + 2 * sqrt(log(40) / 200))


@pytest.mark.parametrize("t", EXPLICIT, ids=key)
def test_symbolic_form_and_closed_form_agree(t):
    """SymPy and ball arithmetic evaluate one formula; the certified value is never above it
    (never below it for a lower bound)."""
    sympy = pytest.importorskip("sympy")
    values = values_of(t, 3)
    by_symbol = {a.symbol: sympy.Rational(values[a.name]) for a in t.arguments}
    symbolic = t.symbolic()
    symbolic = symbolic.subs({symbol: by_symbol[symbol.name] for symbol in symbolic.free_symbols})
    closed = sympy.Rational(t.size(values))
    assert abs(symbolic.evalf(40) / closed - 1) < 1e-11
    evaluated = t.evaluate(**values)
    assert evaluated <= closed * (1 + Fraction(1, 10**11))  # two terms rounded upwards


@pytest.mark.parametrize("t", THEOREMS.values(), ids=key)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_trends(t, data):
    values = {}
    for a in t.arguments:
        if a.domain is None:
            values[a.name] = data.draw(st.integers(max(a.least, 1), 9), label=a.name)
        else:
            values[a.name] = data.draw(st.fractions("1/20", "19/20"), label=a.name)
    if "polynomials" in values:
        values["polynomials"] += 10
    moved = data.draw(st.sampled_from(t.arguments), label="moved")
    grown = dict(values)
    grown[moved.name] += Fraction(1, 40) if moved.domain else 1
    if moved.trend is Trend.UNKNOWN:
        return
    if t.domain:
        assume(
            all(
                t.inside(Arguments({a.symbol: v[a.name] for a in t.arguments}))
                for v in (values, grown)
            )
        )
    before, after = t.evaluate(**values), t.evaluate(**grown)
    if isinstance(before, Rate):
        before, after = before.value, after.value
    slack = 1 + Fraction(1, 10**10)
    if moved.trend is Trend.UP:
        assert before <= after * slack
    else:
        assert after <= before * slack


def limit_of_ratio(t, symbol):
    """lim of (log of the sibling's oscillation bound, or its dimension bound) / rate as one
    symbol grows and the others stay fixed, at p = 1 hyperparameter."""
    import sympy

    sibling = THEOREMS[t.sibling]
    names = {a.symbol: t.renamed.get(a.symbol, a.symbol) for a in sibling.arguments}
    x = sympy.Dummy("x", positive=True)
    rate, other = t.symbolic(), sibling.symbolic()
    fixed = {"p": 1} if any(a.name == "hyperparameters" for a in t.arguments) else {}

    def fill(expression, rename):
        for old in expression.free_symbols:
            new = rename.get(old.name, old.name)
            number = fixed.get(new, sympy.Integer(3))
            expression = expression.subs(old, x if new == symbol else number)
        return expression

    other = fill(other, names)
    if sibling.quantity is Quantity.OSCILLATIONS:
        other = sympy.expand_log(sympy.log(other), force=True)
    return sympy.limit(other / fill(rate, {}), x, sympy.oo)


@pytest.mark.parametrize(
    ("t", "symbol"),
    [
        pytest.param(t, a.symbol, id=f"{t.key}-{a.symbol}")
        for t in WITH_SIBLING
        for a in t.arguments
        if a.name != "hyperparameters"
    ],
)
def test_the_explicit_sibling_has_the_same_rate(t, symbol):
    """One argument to infinity: the ratio has a finite limit, so the explicit bound is O(rate).

    The limit is 0 where the explicit bound is of smaller order (Warren divides by d+1).

    Lemma 1 turns an oscillation bound B into at most 2·log₂(B+1) (test below), hence the
    logarithm is compared.
    """
    pytest.importorskip("sympy")
    limit = limit_of_ratio(t, symbol)
    assert limit.is_finite
    assert limit >= 0


@given(st.integers(0, 10**40))
def test_lemma_1_closed_form(cuts):
    assert pseudo_dimension(cuts) <= 2 * log2(cuts + 1)


@pytest.mark.parametrize("loss", ["squared", "zero-one"])
@pytest.mark.parametrize("hidden", [[3], [2, 2], [4, 3, 2]])
def test_layerwise_counts_are_below_the_closed_family_bound(hidden, loss):
    """The architecture's own N, M, Δ, d give less than the bound by size alone."""
    counts = feedforward(
        hidden,
        2,
        40,
        breakpoints=2,
        degree=2,
        output_weights=OutputWeights.TRAINABLE,
        loss=Loss(loss),
    )
    own = sublevel_components(
        counts.pieces, counts.boundaries, counts.degree, counts.parameters
    ).per_piece
    closed = theorem("tuned_regression" if loss == "squared" else "tuned_classification").evaluate(
        parameters=counts.parameters,
        hidden_layers=len(hidden),
        units=sum(hidden),
        breakpoints=2,
        examples=40,
        degree=2,
    )
    assert from_components(own) <= closed


@pytest.mark.parametrize("classes", [2, 4])
def test_graph_counts_are_below_the_closed_family_bound(classes):
    counts = graph_convolution(12, 3, kernel_degree=2, hidden=4, classes=classes)
    own = sublevel_components(
        counts.pieces, counts.boundaries, counts.degree, counts.parameters
    ).per_piece
    closed = theorem("tuned_graph").evaluate(
        nodes=12, features=3, hidden=4, classes=classes, kernel_degree=2
    )
    assert from_components(own) <= closed


def test_network_class_is_the_largest_n():
    w, depth, u, p, delta = 13, 2, 6, 1, 1

    def slack(n):
        base = 8 * e * (depth + 1) * delta**depth * max(n * u * p, w) / w
        return w * (depth + 1) * log2(base) - n

    n = network_pseudo_dimension(w, depth, u, p, delta)
    assert slack(n) >= 0 > slack(n + 1)


def test_assumptions_are_assessed():
    t = theorem("bns25_polynomial")
    assert t.applies({}) is None
    facts = dict.fromkeys(t.assumptions, True)
    assert t.applies(facts) is True
    assert t.applies({**facts, Assumption.REGULARITY: False}) is False
    assert t.applies({Assumption.REGULARITY: False}) is False
    assert dict(t.assess({Assumption.REGULARITY: False}))[Assumption.REGULARITY] is False
    assert Assumption.REGULARITY not in theorem("sublevel_per_piece").assumptions


def test_kinds():
    assert theorem("oscillation_lemma").kind is Kind.UPPER
    assert theorem("grid_construction").kind is Kind.LOWER
    assert theorem("lnn26_lower").kind is Kind.LOWER_RATE


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theorem("nobody26"), "theorem: 'nobody26' is unknown; choose one of"),
        (lambda: theorem("warren").evaluate(polynomials=1, degree=1), "needs variables"),
        (lambda: theorem("connected_pieces").evaluate(pieces=1, n=2), "does not take n"),
        (lambda: theorem("connected_pieces").evaluate(pieces=-1), "pieces: -1 is too small"),
        (lambda: theorem("bhlm19_lower").evaluate(parameters=1, hidden_layers=2), "W >= L"),
        (lambda: theorem("bns25_constant").evaluate(pieces=0), "pieces: 0 is too small"),
        (
            lambda: theorem("pollard").evaluate(dimension=1, epsilon=1, delta=2, value_range=1),
            "delta: 2 is not strictly between 0 and 1",
        ),
        (lambda: theorem("grid_construction").evaluate(boundaries=1, parameters=10**9), "reduce d"),
        (
            lambda: theorem("tuned_regression").evaluate(
                parameters=10**12,
                hidden_layers=3,
                units=5,
                breakpoints=1,
                examples=5,
                degree=1,
            ),
            "reduce",
        ),
    ],
)
def test_bad_arguments_give_one_line(call, words):
    with pytest.raises(BoundsError) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
