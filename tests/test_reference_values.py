"""Known dual functions, and variants of them that the brute-force route has worked out."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from agreement import assert_agreement
from oracle import Oracle
from oracle_shape import shape

from geometry.verdicts import Verdict
from pieceproof import CertifiedDual, analyze
from piecewise import FeedForward, Interpolated, Polynomial, Problem, Ridge, identity, relu

CARS = Path(__file__).parent.parent / "examples" / "cars.csv"

SMOOTH, KINK = "smooth", "kink"
BREAKPOINTS = {
    "0": [],
    "10": [],
    "20": [(KINK, 0.293199)],
    "25": [(SMOOTH, 0.092954), (SMOOTH, 0.095350)],
    "30": [(KINK, 0.452082), (KINK, 0.727634), (KINK, 0.920118)],
    "40": [
        (SMOOTH, 0.137924),
        (SMOOTH, 0.143690),
        (SMOOTH, 0.448069),
        (SMOOTH, 0.454560),
        (KINK, 0.684397),
        (KINK, 0.808366),
        (KINK, 0.863890),
        (KINK, 0.920781),
        (KINK, 0.974196),
        (KINK, 0.982107),
    ],
    "50": [
        (KINK, 0.331809),
        (SMOOTH, 0.566026),
        (KINK, 0.735200),
        (KINK, 0.899100),
        (KINK, 0.954653),
        (KINK, 0.988041),
        (SMOOTH, 0.999634),
        (KINK, 0.999878),
    ],
    "60": [
        (SMOOTH, 0.189340),
        (SMOOTH, 0.245641),
        (KINK, 0.776741),
        (SMOOTH, 0.897484),
        (SMOOTH, 0.901047),
        (KINK, 0.967232),
        (SMOOTH, 0.999433),
        (KINK, 0.999799),
        (SMOOTH, 0.999994),
        (KINK, 0.999996),
    ],
    "80": [(SMOOTH, 0.999032), (KINK, 0.999064), (SMOOTH, 0.999983), (KINK, 1.0)],
    "trainable": [
        (SMOOTH, 0.531224),
        (KINK, 0.713160),
        (SMOOTH, 0.838997),
        (SMOOTH, 0.877582),
        (KINK, 0.917971),
        (KINK, 0.919818),
    ],
}
"""Kind and place (six decimals) of every breakpoint of the cars dual, by output bias.

From output bias 50 on walls of the box bind close to α = 1: the least slope 1 − α of the
activation asks for ever larger parameters.
"""


def _cars(output_bias: str) -> Problem:
    with CARS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return Problem(
        FeedForward([1], Interpolated(relu, identity), output_bias=output_bias),
        inputs=[[row["speed"]] for row in rows],
        targets=[row["dist"] for row in rows],
    )


@pytest.fixture(scope="module")
def cars() -> CertifiedDual:
    return analyze(_cars("40"))


@pytest.mark.parametrize("output_bias", BREAKPOINTS)
def test_cars_breakpoints_by_output_bias(output_bias):
    dual = analyze(_cars(output_bias))
    assert dual.verdict is Verdict.PROVED
    found = [(str(b.kind), round(float(b.alpha), 6)) for b in dual.breakpoints]
    assert found == BREAKPOINTS[output_bias]
    assert len(dual.pieces) == len(found) + 1


@pytest.mark.parametrize("output_bias", BREAKPOINTS)
def test_the_brute_force_route_finds_the_same_cars_breakpoints(output_bias):
    changes = shape(Oracle(_cars(output_bias))).breaks
    found = [(c.kind, round(float(c.root.enclosure), 6)) for c in changes]
    assert found == BREAKPOINTS[output_bias]


def test_the_cars_dual_has_eleven_pieces_and_its_known_values(cars):
    assert len(cars.pieces) == 11
    assert round(float(cars(0)), 4) == 227.0704
    assert round(float(cars.minimum().value), 2) == 218.21
    assert round(float(cars.minimum().alpha), 2) == 0.45
    assert round(float(cars(1)), 6) == 357.571168
    assert abs(float(cars(Fraction(10**9 - 1, 10**9))) - 357.571168) < 1e-4
    assert cars.oscillations() == 2


def test_the_cars_dual_is_that_of_brute_force_in_every_detail(cars):
    assert_agreement(_cars("40"), cars)


@pytest.mark.parametrize("upper", [1, 50, 10_000])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_ridge_has_one_piece_when_the_box_does_not_bind(upper, reduction):
    """f = |Xw − y|² + α|w|² on [0, R]; the value is yᵀ(I − X(XᵀX + αI)⁻¹Xᵀ)y."""
    inputs = [[1, 2, 0], [0, 1, -1], [3, 1, 1], [2, 2, 5], [1, 0, 4]]
    targets = [3, -1, 2, 0, 7]
    problem = Problem(
        Ridge(), inputs=inputs, targets=targets, interval=(0, upper), reduction=reduction
    )
    dual = analyze(problem)
    assert dual.verdict is Verdict.PROVED
    assert (len(dual.pieces), len(dual.breakpoints)) == (1, 0)
    assert dual.pieces[0].value.denominator.degree() == 3


def test_ridge_of_one_weight_has_its_closed_form():
    """Σy² − (Σxy)²/(Σx² + α) with Σx² = 14, Σxy = 9, Σy² = 6."""
    problem = Problem(
        Ridge(), inputs=[[1], [2], [3]], targets=[1, 1, 2], interval=(0, 8), reduction="sum"
    )
    dual = analyze(problem)
    for alpha in (Fraction(0), Fraction(1, 3), Fraction(8)):
        assert dual(alpha) == 6 - Fraction(81) / (14 + alpha)


def test_a_regularised_product_has_a_smooth_breakpoint_at_a_pitchfork() -> None:
    """f = (w1 w2 - 1)^2/2 + alpha/2 |w|^2: alpha - alpha^2/2 up to 1, then 1/2."""
    model = Polynomial.parse(["w1", "w2"], "(w1*w2 - 1)^2/2 + alpha/2*(w1^2 + w2^2)")
    dual = analyze(Problem(model, interval=(0, 2), box=(-1000, 1000)))
    assert dual.verdict is Verdict.PROVED
    assert dual.counts["pieces"] == 2
    ((kind, lower, upper),) = dual.breakpoints
    assert kind == SMOOTH
    assert lower <= 1 <= upper
    for alpha in (Fraction(0), Fraction(1, 1000), Fraction(1, 3), Fraction(1), Fraction(3, 2)):
        expected = alpha - alpha**2 / 2 if alpha <= 1 else Fraction(1, 2)
        value = dual(alpha)
        assert value.lower <= expected <= value.upper
