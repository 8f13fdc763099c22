"""Generalisation gaps and sample sizes: hand values, both directions, experiment."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from fractions import Fraction
from math import comb, e, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounds import (
    BoundsError,
    Patterns,
    StructureCounts,
    feedforward,
    generalisation_gap,
    instances_needed,
    massart,
    pseudo_dimension,
    sample_gap,
    sauer_patterns,
    summary,
)
from bounds.summary import entries

cuts = st.integers(0, 10**6)
sizes = st.integers(1, 10**5)
deltas = st.fractions(Fraction(1, 1000), Fraction(999, 1000))


def lemma_4(b, m, delta, h):
    return 2 * h * sqrt(2 * log(m * b + 1) / m) + h * sqrt(log(2 / delta) / (2 * m))


def test_lemma_4_by_hand():
    # B = 1, m = 3, H = 1: R = sqrt(2 ln 4 / 3), confidence sqrt(ln 40 / 6)
    gap = generalisation_gap(Patterns(oscillations=1), 3, "0.05")
    assert Fraction("0.96135") < gap.rademacher < Fraction("0.96136")
    assert float(gap.rademacher) == pytest.approx(sqrt(2 * log(4) / 3), rel=1e-11)
    assert float(gap.confidence) == pytest.approx(sqrt(log(40) / 6), rel=1e-11)
    assert gap.excess_risk == 2 * gap.deviation == 2 * (2 * gap.rademacher + gap.confidence)


@given(cuts, sizes, deltas, st.integers(1, 50))
def test_lemma_4_is_rounded_upwards(b, m, delta, h):
    gap = generalisation_gap(Patterns(oscillations=b), m, delta, h)
    assert float(gap.deviation) == pytest.approx(lemma_4(b, m, float(delta), h), rel=1e-9)
    assert float(gap.deviation) >= lemma_4(b, m, float(delta), h) * (1 - 1e-15)


@given(st.integers(1, 60), sizes)
def test_sauer_route(d, m):
    expected = m * log(2) if m <= d else min(m * log(2), d * log(e * m / d))
    gap = generalisation_gap(Patterns(dimension=d), m, "0.5")
    assert float(gap.rademacher) == pytest.approx(sqrt(2 * expected / m), rel=1e-9)
    if m <= 400:
        assert log(sauer_patterns(m, d)) <= expected * (1 + 1e-12)


def test_sauer_patterns_by_hand():
    assert sauer_patterns(5, 2) == 1 + 5 + 10
    assert sauer_patterns(3, 7) == 8
    assert sauer_patterns(9, 0) == 1


def test_a_class_without_oscillations_has_only_the_confidence_term():
    for patterns in (Patterns(oscillations=0), Patterns(dimension=0)):
        assert generalisation_gap(patterns, 10, "0.1").rademacher == 0


@pytest.mark.parametrize("patterns", [Patterns(oscillations=6), Patterns(dimension=4)])
@pytest.mark.parametrize(("epsilon", "h"), [("0.1", 1), ("0.5", 3), (2, 1), ("1e-6", 1)])
def test_sample_size_inverts_the_gap(patterns, epsilon, h):
    m = instances_needed(patterns, epsilon, "0.05", h)
    assert generalisation_gap(patterns, m, "0.05", h).deviation <= Fraction(epsilon) + Fraction(
        1, 10**9
    )
    if m > 1:
        assert generalisation_gap(patterns, m - 1, "0.05", h).deviation > Fraction(epsilon)


def test_sample_size_by_hand():
    """ε = 2√(2 ln(6m+1)/m) + √(ln 40/(2m)) crosses 0.1 between m = 11676 and 11677."""
    assert lemma_4(6, 11677, 0.05, 1) < 0.1 < lemma_4(6, 11676, 0.05, 1)
    assert instances_needed(Patterns(oscillations=6), "0.1", "0.05") == 11677


def test_extreme_requests():
    assert instances_needed(Patterns(oscillations=0), 10**400, "0.5") == 1
    assert instances_needed(Patterns(oscillations=10**400), 1, "1e-300") > 10**3


@given(cuts, cuts, st.fractions(Fraction(1, 100), 1), st.fractions(Fraction(1, 100), 1), deltas)
def test_sample_size_is_monotone(b, more, epsilon, wider, delta):
    m = instances_needed(Patterns(oscillations=b), epsilon, delta)
    assert instances_needed(Patterns(oscillations=b + more), epsilon, delta) >= m
    assert instances_needed(Patterns(oscillations=b), epsilon + wider, delta) <= m
    assert instances_needed(Patterns(oscillations=b), epsilon, delta / 2) >= m
    assert instances_needed(Patterns(oscillations=b), epsilon, delta, 2) >= m


@given(cuts, sizes, deltas)
def test_gap_shrinks_with_the_sample(b, m, delta):
    for patterns in (Patterns(oscillations=b), Patterns(dimension=b % 100)):
        now = generalisation_gap(patterns, m, delta).deviation
        later = generalisation_gap(patterns, m + 1, delta).deviation
        assert later <= now * (1 + Fraction(1, 10**10))


def test_massart_and_the_data_dependent_gap():
    assert float(massart(8, 5, 2)) == pytest.approx(2 * sqrt(2 * log(8) / 5), rel=1e-11)
    assert massart(1, 5) == 0
    assert float(sample_gap("0.1", 100, "0.05", 2)) == pytest.approx(
        0.2 + 6 * sqrt(log(60) / 200), rel=1e-11
    )
    assert sample_gap(0, 100, "0.05") < sample_gap("0.001", 100, "0.05")


def test_the_gap_holds_in_an_experiment():
    """Duals 1[α ≥ θ] with θ uniform (B = 1): the deviation is the Kolmogorov–Smirnov one."""
    random.seed(11)
    m, delta = 60, Fraction(1, 5)
    bound = generalisation_gap(Patterns(oscillations=1), m, delta).deviation
    failures = 0
    for _ in range(200):
        theta = sorted(random.random() for _ in range(m))
        worst = max(max(abs((i + 1) / m - t), abs(i / m - t)) for i, t in enumerate(theta))
        failures += worst > bound
    assert failures <= 200 * delta


def test_summary_of_cars():
    structure = feedforward([1], 1, 50)
    found = summary({"oscillations": 6, "cases": 38, "pieces": 11}, structure)
    assert [entry["theorem"] for entry in found] == [
        "Lemma 1, exact oscillation count",
        "Lemma 5, quadratic strata (measured)",
        "Lemma 5, quadratic strata (analytic)",
        "Lemmas 2 and 3, sublevel components (measured)",
        "Lemmas 2 and 3, sublevel components (analytic)",
    ]
    # Lemma 5 by hand: M + 2d = 54, weights 6, 4, 2: 6 + 54*4 + C(54,2)*2 = 3084 per cell
    assert found[1]["oscillations"] == 38 * (6 + 54 * 4 + comb(54, 2) * 2) == 117192
    assert found[2]["oscillations"] == 308400
    assert [entry["pseudo_dimension"] for entry in found] == [4, 21, 22, 37, 39]
    for entry in found:
        assert entry["pseudo_dimension"] == pseudo_dimension(entry["oscillations"])
        assert set(entry) == {
            "theorem",
            "source",
            "assumptions",
            "oscillations",
            "pseudo_dimension",
        }
    assert json.loads(json.dumps(found)) == found
    reasons = [entry.reason for entry in entries({"oscillations": 6, "cases": 38}, structure)]
    assert reasons[0] == ""
    assert all(reasons[1:])


def test_summary_says_only_what_is_known():
    assert summary({}, None) == []
    assert [entry["oscillations"] for entry in summary({"oscillations": 3}, None)] == [3]
    analytic = summary({"oscillations": None}, feedforward([2, 2], 1, 5))
    assert [entry["theorem"] for entry in analytic] == [
        "Lemmas 2 and 3, sublevel components (analytic)"
    ]


def test_summary_of_a_wide_network_can_be_written_as_json():
    found = summary({"oscillations": 3}, feedforward([100, 100], 20, 1000))
    assert found[1]["oscillations"] is None
    assert found[1]["pseudo_dimension"] > 10_000
    json.dumps(found)


def test_summary_of_given_counts():
    """The calculator: N = 2, M = 3, Δ = 2, d = 1, by hand (36e)^2 = 9576.2."""
    (entry,) = summary({}, StructureCounts.given(2, 3, 2, 1))
    assert entry["theorem"] == "Lemmas 2 and 3, sublevel components (given)"
    assert entry["oscillations"] == 2 * 9576
    assert "no instance of the class exceeds the given counts" in entry["assumptions"]


def test_summary_needs_no_symbolic_algebra():
    code = "import sys, bounds; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: generalisation_gap(Patterns(oscillations=1), 5, 0), "delta: 0 is not strictly"),
        (
            lambda: generalisation_gap(Patterns(oscillations=1), 5, "1"),
            "delta: '1' is not strictly",
        ),
        (lambda: generalisation_gap(Patterns(oscillations=1), 0, "0.1"), "instances: 0"),
        (lambda: generalisation_gap(Patterns(oscillations=1), 5, "0.1", -2), "value_range: -2"),
        (lambda: generalisation_gap(Patterns(oscillations=1), 5, float("nan")), "delta"),
        (lambda: instances_needed(Patterns(oscillations=1), 0, "0.1"), "epsilon: 0"),
        (lambda: instances_needed(Patterns(oscillations=1), "1e-40", "0.1"), "2^200"),
        (lambda: instances_needed(Patterns(oscillations=1), "1e-400", "0.1"), "2^200"),
        (lambda: instances_needed(Patterns(dimension=10**400), 1, "1e-400"), "2^200"),
        (lambda: Patterns(), "either oscillations or dimension"),
        (lambda: Patterns(oscillations=1, dimension=1), "either oscillations or dimension"),
        (lambda: Patterns(dimension=-1), "dimension: -1 is too small"),
        (lambda: massart(0, 5), "patterns: 0"),
        (lambda: sample_gap(-1, 5, "0.1"), "rademacher: -1"),
        (lambda: summary({"oscillations": -1}, None), "oscillations: -1"),
        (lambda: StructureCounts.given(0, 1, 1, 1), "pieces: 0 is too small"),
        (lambda: StructureCounts.given(1, 2, 1, 1, 1), "all_boundaries: 1 is too small"),
        (lambda: summary({"cases": 0}, feedforward([1], 1, 3)), "cases: 0"),
    ],
)
def test_bad_arguments_give_one_line(call, words):
    with pytest.raises(BoundsError) as caught:
        call()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
