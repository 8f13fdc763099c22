"""Enclosed duals of random instances against exact solution of all strata at rational α.

Values must lie in the intervals of the document, floors and ceilings of open intervals hold
exact values, and pieces, kinks, extrema and oscillations agree with counts made from samples alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from random import Random

import pytest
from enclosure_agreement import agrees_with_strata
from flint import fmpq
from oracle import Oracle
from oracle_planes import X, Y, decomposition
from oracle_strata import Strata, flint_of

from piecewise import FeedForward, Interpolated, Penalty, Problem, activations
from piecewise.networks import TRAINABLE


@dataclass(frozen=True)
class Family:
    """Networks with one input; ``pairs`` are taken in turn."""

    hidden: tuple[int, ...] = (1,)
    bias: bool = False
    is_trainable: bool = False
    is_tuned: bool = False
    has_zeros: bool = False
    examples: int = 3
    interval: tuple[str, str] = ("1/10", "9/10")
    pairs: tuple[tuple[str, str], ...] = (
        ("relu2", "identity"),
        ("relu", "square"),
        ("abs", "square"),
        ("hard_tanh", "relu2"),
    )
    grid: int = 24
    crowd: int = 8

    def target(self, random: Random) -> Fraction:
        """With zeros a unit that is silent fits an example."""
        if self.has_zeros:
            return Fraction(random.choice([0, 0, 1, 2]))
        return Fraction(random.randint(-10, 25), 10)

    def problem(self, seed: int) -> Problem:
        random = Random(f"{self.hidden}{self.bias}{self.is_trainable}{self.examples}{seed}")
        decay = Fraction(int(self.is_trainable and not self.is_tuned), 10)
        first, second = self.pairs[seed % len(self.pairs)]
        mixed = Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])
        weights = TRAINABLE if self.is_trainable else None
        return Problem(
            FeedForward(list(self.hidden), mixed, bias=self.bias, output_weights=weights),
            inputs=[
                [Fraction(random.randint(-20, 20), 10) or Fraction(1)] for _ in range(self.examples)
            ],
            targets=[self.target(random) for _ in range(self.examples)],
            interval=self.interval,
            box=(-2, 2),
            weight_decay=decay,
            penalty=Penalty.of("l2", biases=True) if self.is_tuned else None,
        )


# -- the oracle itself ------------------------------------------------------------------------


def test_every_cell_has_a_point() -> None:
    """Lines through one point, a line that ends at a corner of the box, and a conic."""
    curves = [X - 2 * Y, X + Y, X - Y - 3, X * Y - fmpq(1, 2), X - fmpq(1, 3)]
    box = [(fmpq(-2), fmpq(2)), (fmpq(-1), fmpq(2))]
    random = Random(1)

    def signs(x: fmpq, y: fmpq) -> tuple[bool, ...]:
        return tuple(h(x, y) > 0 for h in curves)

    known = {signs(*point) for stack in decomposition(curves, box).stacks for point in stack}
    for _ in range(4000):
        x, y = (fmpq(random.randint(low, up), 1009) for low, up in ((-2018, 2018), (-1009, 2018)))
        if all(h(x, y) != 0 for h in curves):
            assert signs(x, y) in known


@pytest.mark.parametrize("seed", range(4))
def test_strata_agree_with_the_exact_values_of_convex_cells(seed: int) -> None:
    """Piecewise linear activations, by an oracle of another kind: the rationals are equal."""
    convex = (("relu", "identity"), ("hard_tanh", "abs"))
    problem = Family(bias=True, examples=4, pairs=convex).problem(seed)
    strata, oracle = Strata(problem), Oracle(problem)
    for alpha in (Fraction(1, 10), Fraction(4, 9), Fraction(7, 8)):
        sample, exact = strata.sample(alpha), oracle.sample(flint_of(alpha))
        value = Fraction(int(exact.value.p), int(exact.value.q))
        assert sample.lower <= value <= sample.upper


@pytest.mark.parametrize("family", ["weight and bias", "trainable with bias", "deep", "two units"])
def test_no_point_of_the_box_is_below_all_strata(family: str) -> None:
    random = Random(family)
    for seed in range(3):
        problem = FAMILIES[family].problem(seed)
        alpha = Fraction(random.randint(40, 60), 100)
        sample = Strata(problem).sample(alpha)
        for _ in range(200):
            w = [Fraction(random.randint(-2000, 2000), 1000) for _ in problem.parameters]
            assert problem.value(alpha, w) >= sample.lower
        for minimiser in sample.minimisers:
            value = problem.value(alpha, [Fraction(c) for c in minimiser.w])
            assert abs(value - sample.upper) <= 1e-12 * (1 + sample.upper)


def test_curves_of_minimisers_are_met() -> None:
    """One example fitted exactly by a curve of weights: the grids hold points of it."""
    one = Family(hidden=(1, 1), examples=1, pairs=(("relu2", "identity"),)).problem(3)
    assert abs(Strata(one).sample(Fraction(1, 3)).upper) < 1e-60


# -- families ---------------------------------------------------------------------------------

BOUNDED = (("hard_tanh", "hard_sigmoid"),)
ODD = (("hard_tanh", "identity"),)
FAMILIES = {
    "one weight": Family(examples=4),
    "weight and bias": Family(bias=True, examples=4, grid=12),
    "trainable": Family(is_trainable=True, examples=4, pairs=Family.pairs + BOUNDED),
    "trainable with bias": Family(
        bias=True,
        is_trainable=True,
        interval=("2/5", "3/5"),
        pairs=Family.pairs + BOUNDED,
        grid=6,
        crowd=3,
    ),
    "deep": Family(hidden=(1, 1), interval=("2/5", "3/5"), pairs=Family.pairs[:3], grid=12),
    "two units": Family(hidden=(2,), examples=4, interval=("2/5", "3/5"), pairs=Family.pairs[:3]),
    "six examples": Family(bias=True, examples=6, grid=12),
    "l2": Family(bias=True, examples=4, is_tuned=True, grid=12),
    "l2, trainable": Family(
        is_trainable=True,
        examples=4,
        is_tuned=True,
        pairs=(*Family.pairs, ("relu", "relu")),
        grid=12,
    ),
    "zeros": Family(
        bias=True,
        examples=4,
        has_zeros=True,
        pairs=(("relu", "square"), ("relu", "relu2"), ("relu2", "identity"), ("abs", "square")),
        grid=12,
    ),
    "zeros, l2, trainable": Family(
        is_trainable=True,
        is_tuned=True,
        has_zeros=True,
        examples=5,
        pairs=(("relu", "relu"), ("relu", "square")),
        grid=12,
    ),
    "odd": Family(is_trainable=True, examples=5, pairs=ODD, grid=12),
    "odd with bias": Family(bias=True, is_trainable=True, examples=4, pairs=ODD, grid=8, crowd=3),
    "l2, deep": Family(
        hidden=(1, 1), interval=("2/5", "3/5"), is_tuned=True, pairs=Family.pairs[:3], grid=12
    ),
}


def compared(family: Family, seed: int, seconds: float) -> None:
    agrees_with_strata(family.problem(seed), seconds, family.grid, family.crowd)


QUICK = [
    *[("one weight", seed) for seed in range(5)],
    *[("weight and bias", seed) for seed in (2, 3, 4)],
    *[("trainable", seed) for seed in (2, 4)],
    *[("two units", seed) for seed in range(4)],
    *[("deep", seed) for seed in (2, 3, 4, 5)],
    *[("l2", seed) for seed in (0, 1, 2, 4, 5, 6)],
    *[("l2, trainable", seed) for seed in (2, 4, 6, 7)],
    ("l2, deep", 5),
    *[("odd", seed) for seed in (4, 9)],
    *[("odd with bias", seed) for seed in (4, 6)],
    *[("zeros", seed) for seed in (0, 1, 3, 4, 5, 7)],
    *[("zeros, l2, trainable", seed) for seed in (1, 4, 8, 9)],
]


@pytest.mark.parametrize(("family", "seed"), QUICK)
def test_random_instances_agree_with_all_strata(family: str, seed: int) -> None:
    compared(FAMILIES[family], seed, 240)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "seed"),
    [(f, s) for f in FAMILIES for s in range(20) if (f, s) not in QUICK],
)
def test_twenty_random_instances_agree_with_all_strata(family: str, seed: int) -> None:
    compared(FAMILIES[family], seed, 60)
