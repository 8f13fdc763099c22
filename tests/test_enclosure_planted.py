"""Planted answers that enclosures must not get wrong; to leave an interval open is no error.

Minima that touch or cross tangentially, or nearly so; equal minima for all α, at an end or three at
once; corners for an interval of α; walls that are reached and left again; degenerate minima; an α
at which f does not depend on w; silent units, repeated examples, collinear inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from enclosure_agreement import agrees_with_strata

import pieceproof
from geometry.verdicts import Verdict
from pieceproof.enclosed import EnclosedDual
from pieceproof.verify import Conclusion
from piecewise import FeedForward, Interpolated, Polynomial, Problem, activations, custom

F = Fraction
HALF = F(1, 2)


@dataclass(frozen=True)
class Planted:
    """A problem with ℓ*, the places and kinds of its breakpoints, and its numbers of extrema.

    ``open`` is how much of A may be left open, ``reason`` a part of why.
    """

    problem: Problem
    value: Callable[[Fraction], Fraction]
    breakpoints: tuple[tuple[Fraction, str], ...] = ()
    extrema: tuple[int, int] = (1, 1)
    open: float = 1.0
    reason: str = ""


def polynomial(
    f: str, interval: tuple[Any, Any] = (0, 1), box: tuple[Any, Any] = ("-3/2", "3/2")
) -> Problem:
    names = ["w1", "w2"] if "w1" in f else ["w"]
    return Problem(Polynomial.parse(names, f), interval=interval, box=box)


# Both have critical points ±1 for all α, with values 0 and 4, and ∓1.
UP, ODD = "(w + 1)^2*(2 - w)", "(w^3 - 3*w)/2"
WELLS = "4*(w^2 - 1)^2 - alpha"
TIE = "two minimisers have equal values"
PLANTED = {
    "touching": Planted(polynomial(f"{WELLS} + (alpha - 1/2)^2*{UP}"), lambda a: -a, open=0),
    "nearly touching": Planted(
        polynomial(f"{WELLS} + ((alpha - 1/2)^2 + 1/10^6)*{UP}"), lambda a: -a, open=0
    ),
    "crossing twice": Planted(
        polynomial(f"{WELLS} + ((alpha - 1/2)^2 - 1/10^6)*{UP}"),
        lambda a: 4 * min(F(0), (a - HALF) ** 2 - F(1, 10**6)) - a,
        ((HALF - F(1, 1000), "kink"), (HALF + F(1, 1000), "kink")),
        open=0,
    ),
    "crossing with a common tangent": Planted(
        polynomial(f"4*(w^2 - 1)^2 + 4*(alpha - 1/2)^3*{ODD}"),
        lambda a: -4 * abs(a - HALF) ** 3,
        ((HALF, "smooth"),),
        (2, 1),
        open=0,
    ),
    "equal for all α": Planted(
        polynomial("(w - 1)^2*(w + 5/4)^2*(1 + w^2) - alpha*(1 + alpha)"),
        lambda a: -a * (1 + a),
        reason=TIE,
    ),
    "equal at an end": Planted(polynomial(f"{WELLS} + alpha*{UP}"), lambda a: -a, open=0),
    "three at once": Planted(
        polynomial("8*w^2*(w^2 - 1)^2 + (alpha - 1/2)*w^3*(5 - 3*w^2)/2", box=("-5/4", "5/4")),
        lambda a: -abs(a - HALF),
        ((HALF, "kink"),),
        (2, 1),
        open=0,
    ),
    "no w at one α": Planted(
        polynomial("(2*alpha - 1)*w^2", box=(-1, 2)),
        lambda a: min(F(0), 4 * (2 * a - 1)),
        ((HALF, "kink"),),
        open=1e-6,
    ),
    "corner for an interval": Planted(
        polynomial("(w1 - alpha)^2 + (w2 - 2*alpha)^2", (0, "5/4"), ("1/2", 1)),
        lambda a: max(HALF - a, a - 1, F(0)) ** 2 + max(HALF - 2 * a, 2 * a - 1, F(0)) ** 2,
        ((F(1, 4), "smooth"), (HALF, "smooth"), (F(1), "smooth")),
        (1, 2),
        open=1e-5,
    ),
    "flat minimum that splits": Planted(
        polynomial("w^4 + (1/2 - alpha)*w^2 - alpha"),
        lambda a: -a - max(F(0), a - HALF) ** 2 / 4,
        ((HALF, "smooth"),),
        open=1e-5,
    ),
    "wall touched from inside": Planted(
        polynomial("(w - (alpha - 1/2)^2)^2 - alpha", box=(0, 2)), lambda a: -a, open=1e-5
    ),
    "wall that is hardly needed": Planted(
        polynomial("(w + (alpha - 1/2)^2)^2 - alpha", box=(0, 2)),
        lambda a: (a - HALF) ** 4 - a,
        open=1e-5,
    ),
}
SLOW = {
    "flat minimum": Planted(polynomial("w^4 - alpha"), lambda a: -a),
    "multiplier 0 for all α": Planted(
        polynomial("8*w^2*(w^2 - 1)^2 + (alpha - 1/2)*w^3*(5 - 3*w^2)/2", box=(-1, 1)),
        lambda a: -abs(a - HALF),
        ((HALF, "kink"),),
        (2, 1),
    ),
    "wall left with a tangent": Planted(
        polynomial("(w - (alpha - 1/2)^3)^2 - alpha", box=(0, 2)),
        lambda a: min(F(0), a - HALF) ** 6 - a,
        ((HALF, "smooth"),),
    ),
}


def honest(planted: Planted) -> None:
    """Values and bounds hold; every breakpoint is found once, or lies in an open interval."""
    dual = pieceproof.analyze(planted.problem, seconds=240)
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is not Conclusion.REJECTED
    lower, upper = planted.problem.interval
    for k in range(41):
        alpha = lower + (upper - lower) * F(k, 40)
        value = planted.value(alpha)
        inside = False
        for entry in dual.document["open"]:
            low, high = map(F, entry["interval"])
            if low <= alpha <= high:
                inside = True
                if entry["floor"] is not None:
                    assert F(entry["floor"]) <= value <= F(entry["ceiling"])
        if not inside:
            found = dual(alpha)
            assert F(found.lower) <= value <= F(found.upper)
    left = list(dual.breakpoints)
    for place, kind in planted.breakpoints:
        hits = [each for each in left if each[1] <= place <= each[2]]
        if any(low <= place <= high for low, high, _ in dual.open):
            assert not hits
        else:
            assert [each[0] for each in hits] == [kind]
        left = [each for each in left if each not in hits]
    assert not left
    if dual.verdict is Verdict.PROVED:
        assert dual.counts["pieces"] == 1 + len(planted.breakpoints)
        assert (dual.counts["local_minima"], dual.counts["local_maxima"]) == planted.extrema

    assert sum(high - low for low, high, _ in dual.open) <= planted.open
    assert all(planted.reason in reason for _, _, reason in dual.open)


@pytest.mark.parametrize("name", list(PLANTED))
def test_nothing_is_claimed_that_is_not_so(name: str) -> None:
    honest(PLANTED[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_nothing_is_claimed_of_degenerate_minima(name: str) -> None:
    honest(SLOW[name])


# -- networks ---------------------------------------------------------------------------------

TURNED = Interpolated(
    custom([0], [[0, 0, "1/2"], [0, 0, 1]]), custom([0], [[0, 0, "3/2"], [0, 0, 1]])
)
"""z² for z > 0, (3/2 − α)z² for z < 0: even at α = 1/2."""


def network(
    pair: tuple[str, str] | Interpolated, inputs: Any, targets: Any, **options: Any
) -> Problem:
    if isinstance(pair, tuple):
        pair = Interpolated(*(activations.CATALOGUE[name] for name in pair))
    model = FeedForward(
        options.pop("hidden", [1]), pair, bias=options.pop("bias", False),
    )  # fmt: skip
    options = {"interval": ("1/4", "3/4"), "box": (-2, 2), **options}
    return Problem(model, inputs=inputs, targets=targets, **options)


NETWORKS = {
    # f(α, −1) − f(α, 1) = 15(α − 1/2)²/2: opposite walls.
    "touching": Planted(
        network(TURNED, [[2], [-1]], [5, 5], box=(-1, 1)),
        lambda a: (1 + (F(7, 2) + a) ** 2) / 2,
        open=0,
    ),
    # z = 2 at most: 4α + 2(1 − α) reaches 3 at α = 1/2; before that both are at their walls.
    "corner, then a fit": Planted(
        network(("relu2", "identity"), [[1]], [3], bias=True, box=(-1, 1)),
        lambda a: max(F(0), 1 - 2 * a) ** 2,
        ((HALF, "smooth"),),
        open=1e-4,
    ),
}
STRATIFIED = {
    # Exchanging the examples mirrors w: equal values for all α.
    "mirrored data": network(("relu2", "identity"), [[1], [-1], [2], [-2]], [1, 1, 3, 3]),
    # Only w·(1, 2) enters the outputs.
    "collinear with decay": network(
        ("relu", "square"), [[1, 2], [2, 4], [-1, -2]], [1, 2, "1/2"], weight_decay="1/10"
    ),
    "different targets": network(
        ("relu2", "identity"), [[1], [1], [2], [2], [-1]], [0, 1, 2, 4, -1], bias=True
    ),
}
MORE = {
    # The second unit's weight is negative and all inputs are positive.
    "dead in its box": network(
        ("relu2", "relu"),
        [[1], [2]],
        [1, 3],
        hidden=[2],
        box={"w1_x1": (-2, 2), "w2_x1": (-2, -1)},
    ),
    # They part where they begin to fit both examples; later the smaller weight passes 0.
    "equal units": network(("relu", "square"), [[1], [-2]], [1, 2], hidden=[2]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_claimed_of_networks_that_is_not_so(name: str) -> None:
    honest(NETWORKS[name])


@pytest.mark.parametrize("name", STRATIFIED)
def test_networks_agree_with_all_strata(name: str) -> None:
    agrees_with_strata(STRATIFIED[name], 240, 12, 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_more_networks_agree_with_all_strata(name: str) -> None:
    agrees_with_strata(MORE[name], 120, 12, 6)


def test_repeated_examples_are_their_mean_and_a_constant() -> None:
    """(1/n)·Σ (a − y_t)² over copies is (a − mean)² plus their variance."""
    inputs = [[1], [-2]]
    whole = pieceproof.analyze(network(("relu", "square"), [*inputs, *inputs], [0, 1, 2, 2]))
    single = pieceproof.analyze(network(("relu", "square"), inputs, [1, F(3, 2)]))
    assert isinstance(whole, EnclosedDual)
    assert isinstance(single, EnclosedDual)
    assert whole.counts["pieces"] == single.counts["pieces"]
    for alpha in (F(1, 4), F(1, 3), F(3, 4)):
        one, two = single(alpha), whole(alpha)
        assert F(two.lower) <= F(one.upper) + F(5, 8)
        assert F(two.upper) >= F(one.lower) + F(5, 8)
