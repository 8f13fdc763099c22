"""Networks that vanish at one α₀, where f does not depend on w: values, the kink, near misses."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest
from enclosure_agreement import values_agree
from flint import fmpq
from oracle_strata import Strata
from oracle_sweep import Ambiguous, sweep

import pieceproof
from pieceproof.certificate import digest
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.factors import Factor
from pieceproof.checking.enclosing.polynomials import cell_polynomial
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.enclosed import EnclosedDual
from pieceproof.problem_document import problem_document
from pieceproof.verify import Conclusion, verify
from piecewise import FeedForward, Interpolated, Problem, activations
from piecewise.activations import custom
from piecewise.networks import TRAINABLE
from piecewise.polynomials import Polynomial

INPUTS, TARGETS = [[1], [2], [-1]], [1, 3, 2]


def blend(*coefficients: str | int) -> Interpolated:
    """α·z² + (1 − α)·(another polynomial, constant first)."""
    return Interpolated(activations.CATALOGUE["square"], custom([], [list(coefficients)], "other"))


OPPOSITE = blend(0, 0, -1)


def problem(activation: Interpolated = OPPOSITE, bias: bool = False, **model: Any) -> Problem:
    return Problem(
        FeedForward([1], activation, bias=bias, **model),
        inputs=INPUTS, targets=TARGETS, interval=("1/10", "9/10"), box=(-2, 2),
    )  # fmt: skip


@cache
def planted() -> EnclosedDual:
    dual = pieceproof.analyze(problem())
    assert isinstance(dual, EnclosedDual)
    return dual


def least(
    alpha: Fraction, most: int = 4, targets: Sequence[int] = TARGETS, offset: bool = False
) -> Fraction:
    """min over 0 ≤ t = v·w² ≤ most of mean (β·t·x² + c − y)², β = 2α − 1; c = 0 or free."""
    beta = 2 * alpha - 1
    squares, values = [Fraction(x) ** 2 for (x,) in INPUTS], [Fraction(y) for y in targets]
    if offset:
        squares, values = ([x - sum(own) / len(own) for x in own] for own in (squares, values))
    a = sum(x**2 for x in squares) * beta**2
    b = sum(x * y for x, y in zip(squares, values, strict=True)) * beta
    t = min(max(b / a, Fraction(0)), Fraction(most)) if a else Fraction(0)
    return (a * t**2 - 2 * b * t + sum(y**2 for y in values)) / len(values)


def test_planted_values_pieces_and_the_kink() -> None:
    dual = planted()
    assert str(dual.verdict) == "proved"
    assert {k: dual.counts[k] for k in ("pieces", "kinks", "local_maxima", "oscillations")} == {
        "pieces": 3, "kinks": 1, "local_maxima": 1, "oscillations": 1,
    }  # fmt: skip
    assert dual.breakpoints[0] == ("kink", Fraction(1, 2), Fraction(1, 2))
    near = [Fraction(1, 2) + s * Fraction(1, 10**k) for k in range(2, 14) for s in (-1, 1)]
    for alpha in [*(Fraction(k, 40) for k in range(4, 37)), *near]:
        value = dual(alpha)
        assert Fraction(value.lower) <= least(alpha) <= Fraction(value.upper)
        assert value.upper - value.lower < 1e-9


def changed(
    change: Callable[[dict[str, Any]], None], dual: EnclosedDual | None = None
) -> Conclusion:
    """What the checker says of the document after a change, with a digest that fits."""
    document = copy.deepcopy((dual or planted()).document)
    change(document)
    document["digest"] = digest({k: v for k, v in document.items() if k != "digest"})
    try:
        return verify(document).verdict
    except CertificateError:
        return Conclusion.REJECTED


def first_divided(document: dict[str, Any]) -> dict[str, Any]:
    return next(slab for slab in document["slabs"] if slab.get("factor"))


def rename(document: dict[str, Any]) -> None:
    first_divided(document)["factor"] = "1/3"


def forget(document: dict[str, Any]) -> None:
    del first_divided(document)["factor"]


def move(document: dict[str, Any]) -> None:
    slab = next(s for s in document["slabs"] if s["interval"][0] == "1/2")
    assert slab["curves"][0]["walls"] == ["w1_x1:upper"]
    slab["curves"][0]["walls"] = []


def reach_over(document: dict[str, Any]) -> None:
    slabs = document["slabs"]
    left = next(k for k, slab in enumerate(slabs) if slab["interval"][1] == "1/2")
    slabs[left]["interval"][1] = slabs[left + 1]["interval"][1]
    del slabs[left + 1]


def add(document: dict[str, Any]) -> None:
    next(slab for slab in document["slabs"] if "factor" not in slab)["factor"] = "1/2"


def lift(document: dict[str, Any]) -> None:
    for piece in document["pieces"]:
        piece["sample"]["value"]["upper"] += 1e-6


def smooth(document: dict[str, Any]) -> None:
    document["breakpoints"][0]["kind"] = "smooth"


def shift(document: dict[str, Any]) -> None:
    document["breakpoints"][0]["alpha"]["interval"] = ["49/100", "50/100"]


@pytest.mark.parametrize("change", [rename, forget, move, reach_over, add, lift, smooth, shift])
def test_changed_documents_are_not_accepted(change: Callable[[dict[str, Any]], None]) -> None:
    assert changed(lambda document: None) is Conclusion.PROVED
    assert changed(change) is Conclusion.REJECTED


# -- the factor ------------------------------------------------------------------------


def factors_of(stated: Problem) -> list[Factor]:
    return [factor for factor, _ in Spaces(Node(problem_document(stated), "problem")).divided]


@pytest.mark.parametrize(
    ("stated", "root"),
    [
        (problem(), fmpq(1, 2)),
        (problem(blend(0, 0, -3), bias=True), fmpq(3, 4)),
        (problem(bias=True, output_weights=TRAINABLE), fmpq(1, 2)),
        (problem(blend("1/5", 0, -1)), fmpq(1, 2)),  # κ depends on α
    ],
)
def test_f_is_what_its_factor_says(stated: Problem, root: fmpq) -> None:
    below, above = factors_of(stated)
    network = Spaces(Node(problem_document(stated), "problem")).network
    f = cell_polynomial(network, ((0,) * len(TARGETS),))
    alpha, *_ = f.context().gens()
    for factor, sign in ((below, -1), (above, 1)):
        assert (factor.root, factor.sign) == (root, sign)
        assert factor.network.polynomial is not None
        base = sum((c * alpha**k for k, c in enumerate(factor.base.coeffs())), 0 * alpha)
        assert f == base + (alpha - root) * sign * factor.network.polynomial


def test_an_output_bias_is_eliminated_where_the_best_one_is_in_its_range() -> None:
    stated = problem(bias=True, output_bias=TRAINABLE)
    below, above = factors_of(stated)
    random = Random(1)
    for _ in range(10):
        alpha, w, b = (Fraction(random.randint(-20, 20), 10) for _ in range(3))
        outputs = [(2 * alpha - 1) * (w * x + b) ** 2 for (x,) in INPUTS]
        best = sum(Fraction(y) - s for y, s in zip(TARGETS, outputs, strict=True)) / len(TARGETS)
        point = (alpha, w, b)
        assert above.bias is not None
        assert above.network.polynomial is not None
        assert value(above.bias, point) == best
        whole = value(above.network.polynomial, point) * (alpha - Fraction(1, 2))
        assert stated.value(alpha, (w, b, best)) == whole + Fraction(2, 3)
    walls = (fmpq(-2), fmpq(5, 2))
    above.check_bias(walls, fmpq(1, 2), fmpq(1, 2) + fmpq(1, 1000))
    for factor, upper in ((above, fmpq(3, 5)), (below, fmpq(1, 2))):
        with pytest.raises(Refuted, match="output bias"):
            factor.check_bias(walls, fmpq(2, 5), upper)


def value(f: Any, point: Sequence[Fraction]) -> Fraction:
    found = f(*(fmpq(x.numerator, x.denominator) for x in point))
    return Fraction(int(found.p), int(found.q))


@pytest.mark.parametrize(
    "stated",
    [
        problem(blend(0, "1/1000000", -1)),
        problem(blend(0, 0, 1)),
        problem(Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])),
        problem(output_weights="signs"),
        Problem(  # α₀ is a threefold root
            FeedForward([1, 1], OPPOSITE, bias=False),
            inputs=INPUTS, targets=TARGETS, interval=(0, 1), box=(-2, 2),
        ),
        Problem(
            FeedForward([1], OPPOSITE, bias=False),
            inputs=INPUTS, targets=TARGETS, interval=(0, 1), box=(-2, 2), weight_decay="1/100",
        ),
    ],
)  # fmt: skip
def test_networks_that_do_not_vanish_simply_have_no_factor(stated: Problem) -> None:
    assert not factors_of(stated)


def test_a_network_that_nearly_vanishes_has_no_kink_at_that_place() -> None:
    """α·z² + (1 − α)(z/10⁶ − z²): at 1/2 f still depends on w, and the document of the other
    problem does not hold for it."""
    stated = problem(blend(0, "1/1000000", -1))

    def replaced(document: dict[str, Any]) -> None:
        document["problem"] = problem_document(stated)

    assert changed(replaced) is Conclusion.REJECTED
    dual = pieceproof.analyze(stated, seconds=20)
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is not Conclusion.REJECTED
    assert ("kink", Fraction(1, 2), Fraction(1, 2)) not in dual.breakpoints
    strata = Strata(stated)
    places = [Fraction(k, 10) for k in (1, 3, 6, 9)]
    values_agree(dual, [strata.sample(alpha) for alpha in places])


# -- other routes ----------------------------------------------------------------------


def instance(seed: int) -> tuple[Problem, Fraction]:
    """One unit with a bias, and the α₀ at which it vanishes."""
    random = Random(f"vanishing{seed}")
    share = Fraction(random.randint(1, 4), random.randint(1, 4))
    linear = Fraction(random.randint(-2, 2), 2) if seed % 2 else Fraction(0)
    first = custom([], [[0, linear, 1]], "first")
    second = custom([], [[0, -share * linear, -share]], "second")
    root = share / (1 + share)
    size = random.randint(3, 5)
    return Problem(
        FeedForward(
            [1], Interpolated(first, second), output_bias=Fraction(random.randint(-1, 1), 3)
        ),
        inputs=[[Fraction(random.randint(-20, 20), 10)] for _ in range(size)],
        targets=[Fraction(random.randint(-10, 25), 10) for _ in range(size)],
        interval=(root - Fraction(1, 12), root + Fraction(1, 12)),
        box=(-2, 2),
    ), root


@pytest.mark.parametrize(
    "seed",
    [0, 2, 4, *(pytest.param(k, marks=pytest.mark.slow) for k in (1, 3, *range(5, 20)))],
)
def test_random_instances_agree_with_exact_solution_of_all_strata(seed: int) -> None:
    stated, root = instance(seed)
    dual = pieceproof.analyze(stated, seconds=60)
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is not Conclusion.REJECTED
    assert ("kink", root, root) in dual.breakpoints
    strata, (lower, upper) = Strata(stated), stated.interval
    near = [root + s * Fraction(1, 10**k) for k in (2, 5, 9) for s in (-1, 1)]
    values_agree(dual, [strata.sample(alpha) for alpha in (root, *near, lower, upper)])
    if dual.open:
        return
    gap = Fraction(1, 10**4)
    try:
        parts = [
            sweep(strata.sample, ends, 8, 4) for ends in ((lower, root - gap), (root + gap, upper))
        ]
    except Ambiguous:
        return
    kinds = [
        kind
        for part in (parts[0].breaks, [("kink", root, root)], parts[1].breaks)
        for kind, _, _ in part
    ]
    assert [kind for kind, _, _ in dual.breakpoints] == kinds


def test_a_trainable_output_weight_has_equal_values_on_both_sides() -> None:
    """v ↦ −v takes α to 1 − α; w may be scaled at the cost of v, so v may be at a wall."""
    dual = pieceproof.analyze(problem(output_weights=TRAINABLE))
    assert isinstance(dual, EnclosedDual)
    assert str(dual.verdict) == "proved"
    assert (dual.counts["pieces"], dual.counts["kinks"], dual.counts["oscillations"]) == (4, 1, 2)
    for k in range(1, 40):
        step = Fraction(k, 100)
        left, right = dual(Fraction(1, 2) - step), dual(Fraction(1, 2) + step)
        assert left.lower <= right.upper
        assert right.lower <= left.upper
        exact = least(Fraction(1, 2) + step, 8)
        assert Fraction(right.lower) <= exact <= Fraction(right.upper)


def test_a_trainable_output_bias_is_proved_next_to_the_kink() -> None:
    stated = Problem(
        FeedForward([1], OPPOSITE, bias=False, output_bias=TRAINABLE),
        inputs=INPUTS, targets=[2, 0, 1], interval=("2/5", "3/5"), box=(-2, 2),
    )  # fmt: skip
    dual = pieceproof.analyze(stated, seconds=60)
    assert isinstance(dual, EnclosedDual)
    assert ("kink", Fraction(1, 2), Fraction(1, 2)) in dual.breakpoints
    near = [Fraction(1, 2) + s * Fraction(1, 10**k) for k in range(2, 10) for s in (-1, 0, 1)]
    for alpha in near:
        found = dual(alpha)
        exact = least(alpha, targets=[2, 0, 1], offset=True)
        assert Fraction(found.lower) <= exact <= Fraction(found.upper)


def test_a_polynomial_objective_that_is_constant_at_one_alpha() -> None:
    """α·((w − 1/4 − α)² − 1) + 3 on [−1, 1]: w = −1 for α < 0, then w = 1/4 + α."""
    model = Polynomial.parse(["w"], "alpha*((w - 1/4 - alpha)^2 - 1) + 3")
    dual = pieceproof.analyze(Problem(model, interval=("-1/5", "1/2"), box=(-1, 1)))
    assert isinstance(dual, EnclosedDual)
    assert str(dual.verdict) == "proved"
    assert dual.breakpoints == [("kink", Fraction(0), Fraction(0))]
    for k in range(-4, 11):
        alpha = Fraction(k, 20)
        exact = 3 - alpha if alpha >= 0 else alpha * ((Fraction(5, 4) + alpha) ** 2 - 1) + 3
        found = dual(alpha)
        assert Fraction(found.lower) <= exact <= Fraction(found.upper)
