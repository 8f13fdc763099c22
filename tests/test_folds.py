"""Pitchforks of two equal units: folded coordinates against resultants, and the checker."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from oracle_two_units import changes, least

import pieceproof
from geometry.verdicts import Verdict
from pieceproof.certificate import digest
from pieceproof.checking.enclosing.folds import Fold, View, views
from pieceproof.checking.enclosing.networks import read_network, ring
from pieceproof.checking.enclosing.polynomials import PolynomialJets, cell_polynomial
from pieceproof.checking.enclosing.ranges import Range, exact_double
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.enclosed import EnclosedDual
from pieceproof.problem_document import problem_document
from pieceproof.verify import verify
from piecewise import FeedForward, Interpolated, Polynomial, Problem, activations

EQUAL, OPPOSITE = (1, 1), (1, -1)


def two_units(seed: int, weights: tuple[int, int], interval: tuple[str, str]) -> Problem:
    """Two units without bias on eight examples with one input."""
    random = Random(seed)
    inputs = [[Fraction(random.randint(-8, 8), 4) or Fraction(1)] for _ in range(8)]
    targets = [Fraction(random.randint(-8, 16), 4) for _ in range(8)]
    mixed = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])
    return Problem(
        FeedForward([2], mixed, bias=False, output_weights=list(weights)),
        inputs=inputs,
        targets=targets,
        interval=interval,
        box=(-5, 5),
    )


def agrees(dual: EnclosedDual, problem: Problem, weights: tuple[int, int], count: int) -> None:
    """Values at ``count`` rational α, and breakpoints with their kinds."""
    lower, upper = problem.interval
    for k in range(count):
        alpha = lower + (upper - lower) * Fraction(2 * k + 1, 2 * count)
        value, expected = dual(alpha), least(problem, alpha, weights).value
        assert value.lower - 1e-9 <= expected <= value.upper + 1e-9
    grid = [lower + (upper - lower) * Fraction(k, 16) for k in range(17)]
    found = changes(problem, weights, grid)
    assert [kind for kind, _, _ in dual.breakpoints] == [kind for kind, _ in found]
    for (_, low, high), (_, alpha) in zip(dual.breakpoints, found, strict=True):
        assert float(low) - 1e-6 <= alpha <= float(high) + 1e-6
    assert dual.counts["pieces"] == 1 + len(found)


PITCHFORKS = [
    pytest.param(4, ("33/50", "333/500"), marks=pytest.mark.slow),
    (3, ("19/50", "193/500")),
    (0, ("183/250", "369/500")),
]


@pytest.mark.parametrize(("seed", "interval"), PITCHFORKS)
def test_a_pitchfork_is_a_smooth_breakpoint(seed: int, interval: tuple[str, str]) -> None:
    problem = two_units(seed, EQUAL, interval)
    dual = pieceproof.analyze(problem)
    assert isinstance(dual, EnclosedDual)
    assert dual.verdict is Verdict.PROVED
    assert [kind for kind, _, _ in dual.breakpoints] == ["smooth"]
    agrees(dual, problem, EQUAL, 12)


@pytest.mark.slow
@pytest.mark.parametrize("weights", [EQUAL, OPPOSITE], ids=["equal", "opposite"])
@pytest.mark.parametrize("seed", range(6))
def test_two_units_against_resultants(seed: int, weights: tuple[int, int]) -> None:
    """Outside what is left open values, breakpoints and their kinds agree."""
    problem = two_units(seed, weights, ("1/10", "9/10"))
    dual = pieceproof.analyze(problem, seconds=600)
    assert isinstance(dual, EnclosedDual)
    assert sum(upper - lower for lower, upper, _ in dual.open) < Fraction(1, 20)
    for k in range(50):
        alpha = Fraction(1, 10) + Fraction(8, 10) * Fraction(2 * k + 1, 100)
        if any(lower <= alpha <= upper for lower, upper, _ in dual.open):
            continue
        value, expected = dual(alpha), least(problem, alpha, weights).value
        assert value.lower - 1e-9 <= expected <= value.upper + 1e-9
    grid = [Fraction(1, 10) + Fraction(k, 20) for k in range(17)]
    settled = [
        (kind, alpha)
        for kind, alpha in changes(problem, weights, grid)
        if not any(float(a) - 1e-6 <= alpha <= float(b) + 1e-6 for a, b, _ in dual.open)
    ]
    assert [kind for kind, _, _ in dual.breakpoints] == [kind for kind, _ in settled]
    for (_, low, high), (_, alpha) in zip(dual.breakpoints, settled, strict=True):
        assert float(low) - 1e-6 <= alpha <= float(high) + 1e-6


# -- polynomials -----------------------------------------------------------------------


def pitchfork(interval: tuple[int, int] = (0, 2)) -> Problem:
    """½(w₁w₂ − 1)² + (α/2)|w|²."""
    model = Polynomial.parse(["w1", "w2"], "(w1*w2 - 1)^2/2 + alpha/2*(w1^2 + w2^2)")
    return Problem(model, interval=interval, box=(-100, 100))


@cache
def product_dual() -> EnclosedDual:
    dual = pieceproof.analyze(pitchfork())
    assert isinstance(dual, EnclosedDual)
    return dual


def test_values_of_the_product_are_the_closed_form() -> None:
    dual = product_dual()
    assert dual.verdict is Verdict.PROVED
    for k in range(33):
        alpha = Fraction(k, 16)
        expected = alpha - alpha**2 / 2 if alpha <= 1 else Fraction(1, 2)
        value = dual(alpha)
        assert value.lower <= expected <= value.upper
        assert value.upper - value.lower < 1e-9


def random_quartic(seed: int) -> tuple[Problem, np.ndarray]:
    """w⁴/4 + c₃w³ + (c₂ + d₂α)w² + c₁w + c₀, coefficients by powers of α."""
    random = Random(seed)
    c = [Fraction(random.randint(-9, 9), 4) for _ in range(4)]
    d = Fraction(random.randint(-9, 9), 4)
    terms = {(0, 4): Fraction(1, 4), (0, 0): c[0], (0, 1): c[1], (0, 2): c[2], (0, 3): c[3] / 3,
             (1, 2): d}  # fmt: skip
    table = np.array([[float(x) for x in c[:3]] + [float(c[3] / 3), 0.25], [0, 0, float(d), 0, 0]])
    return Problem(Polynomial(["w"], terms), interval=(-1, 1), box=(-20, 20)), table


@pytest.mark.parametrize("seed", range(4))
def test_quartics_against_roots_of_the_derivative(seed: int) -> None:
    problem, table = random_quartic(seed)
    dual = pieceproof.analyze(problem)
    assert isinstance(dual, EnclosedDual)
    for k in range(50):
        alpha = Fraction(2 * k - 49, 50)
        if any(lower <= alpha <= upper for lower, upper, _ in dual.open):
            continue
        curve = np.polynomial.Polynomial(table[0] + float(alpha) * table[1])
        roots = [z.real for z in curve.deriv().roots() if abs(z.imag) < 1e-9]
        expected = min(float(curve(w)) for w in roots)
        value = dual(alpha)
        slack = 1e-9 * (1 + abs(expected))
        assert value.lower - slack <= expected <= value.upper + slack
    assert sum(float(upper - lower) for lower, upper, _ in dual.open) < 0.01


def test_enclosures_of_polynomials_hold_exact_values() -> None:
    network = read_network(Node(problem_document(pitchfork()), "problem"))
    random, n = Random(7), 3
    for _ in range(20):
        f = ring(n).from_dict(
            {
                tuple(random.randint(0, 4) for _ in range(n)): fmpq(random.randint(-9, 9), 7)
                for _ in range(9)
            }
        )
        low = np.array([[random.uniform(-2, 2) for _ in range(n)]])
        high = low + 10.0 ** random.uniform(-8, 0.5) * np.array([[random.random()] * n])
        jet = PolynomialJets(network, f).objective(Range(low, high), 2)
        at = [
            exact_double(float(a))
            + (exact_double(float(b)) - exact_double(float(a))) * fmpq(random.randint(0, 8), 8)
            for a, b in zip(low[0], high[0], strict=True)
        ]
        expected = [(f, jet.value[0])]
        for i in range(n):
            expected.append((f.derivative(i), jet.gradient[0, i]))
            expected += [(f.derivative(i).derivative(j), jet.hessian[0, i, j]) for j in range(n)]
        for exact, enclosed in expected:
            value = fmpq(0) + exact(*at)
            assert exact_double(float(enclosed.lo)) <= value <= exact_double(float(enclosed.hi))


# -- folds -----------------------------------------------------------------------------


def test_a_fold_is_derived_exactly_and_only_where_f_is_even() -> None:
    network = read_network(Node(problem_document(two_units(4, EQUAL, ("0", "1"))), "problem"))
    alike = tuple(tuple(int(x[0] > 0) for x in network.inputs) for _ in range(2))
    folded = Fold((("swap", (0, 1)),)).folded(cell_polynomial(network, alike), 3)
    f = cell_polynomial(network, alike)
    for s, t in ((fmpq(1, 3), fmpq(2, 7)), (fmpq(-2), fmpq(5, 2))):
        assert folded(fmpq(1, 5), s, t * t) == f(fmpq(1, 5), s + t, s - t)
    other = (alike[0], tuple(1 - piece for piece in alike[1]))
    with pytest.raises(Refuted):
        Fold((("swap", (0, 1)),)).folded(cell_polynomial(network, other), 3)


def test_folds_of_shared_parameters_are_refused() -> None:
    assert Fold((("swap", (0, 1)), ("opposite", (0, 1)))).is_sound()
    assert not Fold((("swap", (0, 1)), ("flip", (1,)))).is_sound()
    assert not Fold((("swap", (0, 1)), ("swap", (1, 2)))).is_sound()
    assert not Fold(()).is_sound()


def test_images_and_preimages_of_boxes_hold_each_other() -> None:
    random = Random(3)
    fold = Fold((("swap", (0, 1)), ("flip", (2,))))
    for _ in range(30):
        w = np.array([random.uniform(-3, 3) for _ in range(3)])
        box = fold.image(Range(w - 1e-9, w + 1e-9))
        back = fold.preimage(box)
        assert np.all((back.lo <= w) & (w <= back.hi))
        point = fold.point(fold.image(Range.exactly(w)))
        assert np.allclose(point.middle, [min(w[:2]), max(w[:2]), abs(w[2])], atol=1e-7)


def test_views_under_the_own_reflection_are_one() -> None:
    fold = Fold((("swap", (0, 1)),))
    plain, swapped, third = ((0, 1, 2), (1, 0, 2), (2, 1, 0))
    assert len(views(fold, [(plain, (1, 1, 1)), (swapped, (1, 1, 1))])) == 1
    assert len(views(fold, [(plain, (1, 1, 1)), (third, (1, 1, 1))])) == 2
    w = np.array([[1.0, 2.0, 4.0]])
    rows = View(fold, third, (1, 1, 1)).rows
    assert np.array_equal(w @ rows.T, [[3.0, 1.0, 1.0]])


# -- the checker -----------------------------------------------------------------------


@cache
def forked() -> EnclosedDual:
    dual = pieceproof.analyze(two_units(0, EQUAL, ("183/250", "369/500")))
    assert isinstance(dual, EnclosedDual)
    return dual


def altered(change: Callable[[dict[str, Any]], None], source: EnclosedDual) -> dict[str, Any]:
    document = copy.deepcopy(source.document)
    change(document)
    body = {key: value for key, value in document.items() if key != "digest"}
    return {**body, "digest": digest(body)}


def is_refused(document: dict[str, Any]) -> bool:
    """Whether the checker finds it wrong, or unreadable."""
    try:
        return not verify(document).accepted
    except CertificateError:
        return True


def folded_curves(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [c for slab in document["slabs"] for c in slab.get("curves", ()) if "fold" in c]


def without_fold(document: dict[str, Any]) -> None:
    for curve in folded_curves(document):
        del curve["fold"]


def other_fold(document: dict[str, Any]) -> None:
    for curve in folded_curves(document):
        curve["fold"] = [["opposite", "w1_x1", "w2_x1"]]


def flipped(document: dict[str, Any]) -> None:
    for curve in folded_curves(document):
        curve["fold"] = [["flip", "w2_x1"]]


def wide(document: dict[str, Any]) -> None:
    for curve in folded_curves(document):
        curve["radius"] = [50 * r for r in curve["radius"]]


def other_side(document: dict[str, Any]) -> None:
    for curve in folded_curves(document):
        curve["pattern"][0][0] = 1 - curve["pattern"][0][0]


def both_free(document: dict[str, Any]) -> None:
    for slab in document["slabs"]:
        if slab["kind"] == "switch":
            slab["curves"][0]["walls"] = []


def one_kind(document: dict[str, Any]) -> None:
    for slab in document["slabs"]:
        if slab["kind"] == "switch":
            slab["kind"], slab["curves"] = "one", slab["curves"][:1]


def kinked(document: dict[str, Any]) -> None:
    document["breakpoints"][0]["kind"] = "kink"


def moved(document: dict[str, Any]) -> None:
    folded_curves(document)[0]["centre"][0] += 0.3


def other_target(document: dict[str, Any]) -> None:
    document["problem"]["data"]["targets"][2] = "1/7"


CHANGES = [
    without_fold, other_fold, flipped, wide, other_side, both_free, one_kind, kinked, moved,
    other_target,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_fold_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    assert forked().verdict is Verdict.PROVED
    assert folded_curves(forked().document)
    assert is_refused(altered(change, forked()))


def more_weight(document: dict[str, Any]) -> None:
    document["problem"]["model"]["terms"][0][1] = "3/7"


def no_mirror(document: dict[str, Any]) -> None:
    for curve in folded_curves(document):
        curve["walls"] = []


def half_folded(document: dict[str, Any]) -> None:
    for curve in folded_curves(document):
        curve["fold"] = curve["fold"][:1]


@pytest.mark.parametrize("change", [more_weight, no_mirror, half_folded, kinked])
def test_a_changed_polynomial_document_is_refused(
    change: Callable[[dict[str, Any]], None],
) -> None:
    assert is_refused(altered(change, product_dual()))


@pytest.mark.parametrize(
    "fold",
    [
        [["swap", "w1_x1"]],
        [["turn", "w1_x1", "w2_x1"]],
        [["swap", "w1_x1", "w1_x1"]],
        [["swap", "w1_x1", "w9"]],
        [],
    ],
)
def test_a_malformed_fold_is_unreadable(fold: list[list[str]]) -> None:
    def change(document: dict[str, Any]) -> None:
        for curve in folded_curves(document):
            curve["fold"] = fold

    with pytest.raises(CertificateError):
        verify(altered(change, forked()))
