"""Held-out losses by enclosures on random instances, against three other routes."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from held_out import judged
from oracle_strata import Strata

import pieceproof
from pieceproof.judged import JudgedDual
from piecewise import FeedForward, Interpolated, Problem, activations
from piecewise.networks import TRAINABLE
from piecewise.problems import Examples

F = Fraction


PAIRS = (("relu2", "identity"), ("relu", "square"), ("abs", "square"), ("hard_tanh", "relu2"))


def instance(seed: int, *, bias: bool = False, trainable: bool = False) -> Problem:
    random = Random(f"held out {bias} {trainable} {seed}")
    first, second = (activations.CATALOGUE[name] for name in PAIRS[seed % len(PAIRS)])

    def drawn(count: int) -> tuple[list[list[Fraction]], list[Fraction]]:
        rows = [[F(random.randint(-20, 20), 10) or F(1)] for _ in range(count)]
        return rows, [F(random.randint(-10, 25), 10) for _ in range(count)]

    inputs, targets = drawn(random.randint(3, 5))
    rows, values = drawn(random.randint(2, 4))
    if seed % 3 == 0:
        rows[0] = inputs[1]
    return Problem(
        FeedForward(
            [1],
            Interpolated(first, second),
            bias=bias,
            output_weights=TRAINABLE if trainable else None,
        ),
        inputs=inputs,
        targets=targets,
        interval=("1/10", "9/10"),
        box=(-2, 2),
        weight_decay=F(int(bias or trainable), 10),
        validation=Examples(rows, values),
    )


def exact(problem: Problem, strata: Strata, alpha: Fraction) -> float:
    """The least held-out loss of all minimisers, from exact solution of all strata."""
    found = strata.sample(alpha).minimisers
    return min(float(problem.validation_loss(alpha, [F(c) for c in m.w])) for m in found)


def agrees(problem: Problem, grid: int) -> JudgedDual:
    """Values at rational α, beside jumps as well; samples do not oscillate more than is claimed."""
    dual, strata = judged(problem, 120), Strata(problem.training())
    lower, upper = problem.interval
    places = [lower + (upper - lower) * F(k, grid) for k in range(grid + 1)]
    for kind, left, right in dual.breakpoints:
        beside = [left - F(1, 10**7), right + F(1, 10**7)]
        values = [exact(problem, strata, at) for at in beside]
        sizes = [dual(at) for at in beside]
        # A jump is seen by the oracle too, and nothing but a jump is.
        seen = abs(values[0] - values[1]) > 1e-4
        gap = max(sizes[0].lower - sizes[1].upper, sizes[1].lower - sizes[0].upper)
        assert seen == (kind == "jump" and gap > 1e-4)
        places += beside
    samples = []
    for alpha in sorted(places):
        if any(a <= alpha <= b for a, b, _ in dual.open):
            continue
        value, known = dual(alpha), exact(problem, strata, alpha)
        assert value.lower - 1e-9 <= known <= value.upper + 1e-9
        samples.append(known)
    if dual.oscillations() is not None:
        signs = [b > a for a, b in pairwise(samples) if abs(b - a) > 1e-9]
        turns = sum(x != y for x, y in pairwise(signs))
        extrema = dual.counts["local_minima"], dual.counts["local_maxima"]
        assert turns + 2 <= sum(each or 0 for each in extrema) + dual.counts["discontinuities"] * 2
        if samples:
            assert dual.document["best"]["floor"] <= min(samples) + 1e-9
    return dual


def seeds(normal: int, most: int) -> list[Any]:
    """The first ones, and further ones where there is time."""
    return [
        *range(normal),
        *(pytest.param(k, marks=pytest.mark.slow) for k in range(normal, most)),
    ]


@pytest.mark.parametrize("seed", seeds(12, 40))
def test_one_weight_agrees_with_strata(seed: int) -> None:
    agrees(instance(seed), 16)


@pytest.mark.parametrize("seed", seeds(4, 24))
def test_weight_and_bias_with_decay_agree_with_strata(seed: int) -> None:
    agrees(instance(seed, bias=True), 6)


@pytest.mark.parametrize(
    "seed", [2, *(pytest.param(k, marks=pytest.mark.slow) for k in (0, 1, 3, 4))]
)
def test_a_trainable_output_weight_agrees_with_strata(seed: int) -> None:
    agrees(instance(seed, trainable=True), 6)


@pytest.mark.parametrize(
    "seed", [1, 3, 7, *(pytest.param(k, marks=pytest.mark.slow) for k in (0, 4, 5, 6, 8, 9))]
)
def test_trainable_output_weights_agree_with_the_exact_curve_of_signs(seed: int) -> None:
    """v·σ(z) = sign(v)·σ(|v|·z): the exact method has the same pieces, breakpoints and extrema."""
    random = Random(f"tr{seed}")

    def drawn(count: int) -> tuple[list[list[Fraction]], list[Fraction]]:
        rows = [[F(random.randint(-8, 8), 4)] for _ in range(count)]
        return rows, [F(random.randint(-4, 12), 4) for _ in range(count)]

    (inputs, targets), held = drawn(5), Examples(*drawn(3))

    def stated(weights: str, bound: int) -> Problem:
        return Problem(
            FeedForward(
                [1],
                Interpolated(activations.relu, activations.identity),
                output_weights=weights,
            ),
            inputs=inputs,
            targets=targets,
            interval=("1/10", "9/10"),
            box=(-bound, bound),
            validation=held,
        )

    dual = judged(stated(TRAINABLE, 5))
    exact_dual = pieceproof.analyze(stated("signs", 25))
    assert str(exact_dual.verdict) == "proved"
    known = [
        (entry["kind"], F(entry["alpha"]["approx"])) for entry in exact_dual.document["breakpoints"]
    ]
    outside = [each for each in known if not any(a <= each[1] <= b for a, b, _ in dual.open)]
    assert [kind for kind, _, _ in dual.breakpoints] == [kind for kind, _ in outside]
    for (_, lower, upper), (_, alpha) in zip(dual.breakpoints, outside, strict=True):
        assert lower <= alpha <= upper
    if not dual.open:
        keys = ("pieces", "discontinuities", "local_minima", "local_maxima", "oscillations")
        counts = exact_dual.document["counts"]
        assert [dual.counts[key] for key in keys] == [counts[key] for key in keys]
    for k in range(17):
        alpha = F(1, 10) + F(k, 20)
        if not any(a <= alpha <= b for a, b, _ in dual.open):
            value = dual(alpha)
            assert value.lower - 1e-12 <= exact_dual(alpha) <= value.upper + 1e-12


@pytest.mark.parametrize("seed", seeds(8, 40))
def test_no_jump_of_one_weight_is_missed(seed: int) -> None:
    """w* by brute force on a grid of α and w; large jumps of the held-out loss are counted."""
    problem = instance(seed)
    dual = judged(problem, 120)
    if dual.open:
        return
    jumps = 0
    before: tuple[float, float] | None = None
    model = problem.model
    assert isinstance(model, FeedForward)
    weights = np.linspace(-2, 2, 4001)
    for alpha in np.linspace(0.1, 0.9, 401):
        w = _fitted(problem, float(alpha), weights)
        now = w, _loss(problem, float(alpha), w)
        if before is not None and abs(before[0] - w) > 0.1 and abs(before[1] - now[1]) > 0.05:
            jumps += 1
        before = now
    large = 0
    for kind, left, right in dual.breakpoints:
        if kind == "jump":
            a, b = dual(left), dual(right)
            large += abs(a.lower - b.lower) > 0.06
            assert jumps >= large
    assert jumps == sum(
        kind == "jump" and abs(dual(left).lower - dual(right).lower) > 0.05
        for kind, left, right in dual.breakpoints
    )


def _sigma(problem: Problem, alpha: float, z: np.ndarray) -> np.ndarray:
    model = problem.model
    assert isinstance(model, FeedForward)
    definitions = {
        "relu2": lambda z: np.maximum(z, 0) ** 2,
        "identity": lambda z: z,
        "relu": lambda z: np.maximum(z, 0),
        "square": lambda z: z**2,
        "abs": np.abs,
        "hard_tanh": lambda z: np.clip(z, -1, 1),
    }
    first, second = (
        definitions[each.name] for each in (model.activation.first, model.activation.second)
    )
    mixed: np.ndarray = alpha * first(z) + (1 - alpha) * second(z)
    return mixed


def _fitted(problem: Problem, alpha: float, weights: np.ndarray) -> float:
    x = np.array([float(row[0]) for row in problem.inputs])
    y = np.array(problem.targets, dtype=float)
    for _ in range(3):
        losses = ((_sigma(problem, alpha, weights[:, None] * x) - y) ** 2).mean(axis=1)
        best = weights[np.argmin(losses)]
        step = weights[1] - weights[0]
        weights = np.clip(np.linspace(best - step, best + step, 201), -2, 2)
    return float(best)


def _loss(problem: Problem, alpha: float, w: float) -> float:
    held = problem.validation
    assert held is not None
    x = np.array([float(row[0]) for row in held.inputs])
    y = np.array(held.targets, dtype=float)
    return float(((_sigma(problem, alpha, w * x) - y) ** 2).mean())
