"""Hand-made traps with answers known in closed form, for the families with exact methods.

Symmetric units, minima of equal value for all α or at one α only, corners of the box,
dead units, exact interpolation that ends, networks that vanish identically at one α, repeated
examples with different targets, collinear inputs, changes at an end of A.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest

import pieceproof
from geometry.verdicts import Verdict
from piecewise import (
    FeedForward,
    GraphConvolution,
    Interpolated,
    Linear,
    Penalty,
    Problem,
    abs_,
    custom,
    identity,
    relu,
)

F = Fraction
BENT = Interpolated(relu, identity)
"""z for z > 0, (1 − α)z for z < 0."""
STEEP = Interpolated(identity, custom([], [[0, 2]]))
"""(2 − α)z."""
VANISHING = Interpolated(abs_, custom([0], [[0, 1], [0, -1]]))
"""(2α − 1)|z|."""
TURNED = Interpolated(custom([0], [[0, "-1/2"], [0, 1]]), custom([0], [[0, "-3/2"], [0, 1]]))
"""z for z > 0, (3/2 − α)|z| for z < 0: |z| at α = 1/2."""
LOSSES = ("squared", "absolute")


@dataclass(frozen=True)
class Trap:
    """A problem with ℓ* and the places and kinds of its breakpoints."""

    problem: Problem
    value: Callable[[Fraction], Fraction]
    breakpoints: tuple[tuple[Fraction, str], ...] = ()


def network(
    activation: Interpolated,
    inputs: Any,
    targets: Any,
    hidden: tuple[int, ...] = (1,),
    bias: bool = False,
    weights: Any = None,
    **options: Any,
) -> Problem:
    options = {"interval": (0, 1), "box": (-5, 5), "reduction": "sum", **options}
    model = FeedForward(list(hidden), activation, bias=bias, output_weights=weights)
    return Problem(model, inputs=inputs, targets=targets, **options)


def power(loss: str) -> Callable[[Fraction], Fraction]:
    """r ↦ the loss of a residual r."""
    return (lambda r: r * r) if loss == "squared" else abs


def end_of_interpolation(loss: str, hidden: tuple[int, ...]) -> Trap:
    """k layers reach −5(1 − α)^k, and the target −5/4 up to α = 3/4 or 1/2."""
    size, depth = power(loss), len(hidden)
    return Trap(
        network(BENT, [[1]], ["-5/4"], hidden, loss=loss, box={"w1_x1": (-5, 5), **_ones(hidden)}),
        lambda a: size(max(F(0), F(5, 4) - 5 * (1 - a) ** depth)),
        ((F(3, 4) if depth == 1 else F(1, 2), "smooth" if loss == "squared" else "kink"),),
    )


def _ones(hidden: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """A second layer that passes on what it gets: no weight of it above 1."""
    return {"w2.1_1": (0, 1)} if len(hidden) == 2 else {}


def vanishing(loss: str) -> Trap:
    """Nothing helps up to α = 1/2, where the network is 0; it reaches the target from 3/4 on."""
    size = power(loss)
    return Trap(
        network(VANISHING, [[1]], [1], loss=loss, box=(-2, 2)),
        lambda a: size(min(F(1), max(F(0), 3 - 4 * a))),
        ((F(1, 2), "kink"), (F(3, 4), "smooth" if loss == "squared" else "kink")),
    )


def corner(loss: str, hidden: tuple[int, ...], bias: bool) -> Trap:
    """Two parameters in [0, 1] reach 2(2 − α) together: both at their walls from α = 1/2 on.

    They are a weight and a bias, or the weights of two equal units.
    """
    size = power(loss)
    return Trap(
        network(STEEP, [[1]], [3], hidden, bias, loss=loss, box=(0, 1)),
        lambda a: size(max(F(0), 2 * a - 1)),
        ((F(1, 2), "smooth" if loss == "squared" else "kink"),),
    )


def mirrored(loss: str) -> Trap:
    """Exchanging the examples mirrors w: two minima of equal value for all α, and no symmetry
    of the network."""
    squared = loss == "squared"
    return Trap(
        network(BENT, [[1], [-1]], [1, 1], loss=loss),
        lambda a: 2 - a * a / (1 + (1 - a) ** 2) if squared else 2 - a,
    )


def touching(hidden: tuple[int, ...]) -> Trap:
    """f(α, −1) − f(α, 1) = 3(α − 1/2)²: minima at opposite walls touch and do not cross."""
    box = {"w1_x1": (-1, 1), **_ones(hidden)}
    return Trap(
        network(TURNED, [[2], [-1]], [3, 3], hidden, box=box), lambda a: 1 + (F(3, 2) + a) ** 2
    )


def crossing() -> Trap:
    """The same data and the absolute loss: 2 + 2α against 5/2 + α."""
    return Trap(
        network(TURNED, [[2], [-1]], [3, 3], box=(-1, 1), loss="absolute"),
        lambda a: min(2 + 2 * a, F(5, 2) + a),
        ((F(1, 2), "kink"),),
    )


def crossing_at_an_end(loss: str) -> Trap:
    """The tie of the two above at the end of A, where it is no breakpoint."""
    whole = touching((1,)) if loss == "squared" else crossing()
    options = {"loss": loss, "box": (-1, 1), "interval": ("1/2", 1)}
    return Trap(network(TURNED, [[2], [-1]], [3, 3], **options), whole.value)


def dead(loss: str) -> Trap:
    """The second unit's bias is too low for all examples."""
    size = power(loss)
    box = {"w1_x1": (0, 1), "b1": (0, 1), "w2_x1": (0, 1), "b2": (-4, -2)}
    still = Interpolated(relu, custom([0], [[], [0, 2]]))
    return Trap(
        network(still, [[1]], [3], (2,), True, loss=loss, box=box),
        lambda a: size(max(F(0), 2 * a - 1)),
        ((F(1, 2), "smooth" if loss == "squared" else "kink"),),
    )


def two_below(second: tuple[int, int], reach: int) -> Trap:
    """Two units feed one; ``reach``·(2 − α)² is all they give: the target is 9/4 of it.

    The second unit is silent if its weight is not positive, else it is equal to the first.
    """
    still = Interpolated(relu, custom([0], [[], [0, 2]]))
    box = {"w1_x1": (0, 1), "w2_x1": second, "w2.1_1": (0, 1), "w2.1_2": (0, 1)}
    return Trap(
        network(still, [[1]], [F(9 * reach, 4)], (2, 1), box=box),
        lambda a: (reach * max(F(0), F(9, 4) - (2 - a) ** 2)) ** 2,
        ((F(1, 2), "smooth"),),
    )


def repeated(loss: str) -> Trap:
    """One input with targets 0, 1, 5; beyond α = 3/5 w reaches −5(1 − α) > −2 only."""
    shifted = [[1]] * 3
    if loss == "absolute":  # the median −2 costs 1 + 4; its distance to what is reached counts once
        return Trap(
            network(BENT, shifted, [-3, -2, 2], loss=loss),
            lambda a: 5 + max(F(0), 5 * a - 3),
            ((F(3, 5), "kink"),),
        )
    return Trap(  # the mean −1 is reached up to α = 4/5
        network(BENT, shifted, [-3, -2, 2]),
        lambda a: 14 + 3 * max(F(0), 5 * a - 4) ** 2,
        ((F(4, 5), "smooth"),),
    )


def collinear() -> Trap:
    """Rows (1, 2), (2, 4) and decay 1: s = w·(1, 2) alone counts, |w|² = s²/5."""

    def value(a: Fraction) -> Fraction:
        slope = 2 - a  # min (slope·s − 1)² + (2·slope·s − 2)² + s²/5
        return 5 - (5 * slope) ** 2 / (5 * slope**2 + F(1, 5))

    return Trap(network(STEEP, [[1, 2], [2, 4]], [1, 2], weight_decay=1), value)


def collinear_lasso() -> Trap:
    """|w|₁ is least on the larger feature: (2v − 1)² + (4v − 2)² + α|v|, 0 from α = 20 on."""
    return Trap(
        Problem(
            Linear(), inputs=[[1, 2], [2, 4]], targets=[1, 2], interval=(0, 30), box=(-5, 5),
            penalty=Penalty.of("l1"), reduction="sum",
        ),
        lambda a: 5 - max(F(0), 20 - a) ** 2 / 80,
        ((F(20), "smooth"),),
    )  # fmt: skip


def graph(inputs: Any, targets: Any, **options: Any) -> Problem:
    """Two nodes with an edge: Â·relu(Â·X·W) with Â = [[1, α], [α, 1]]/(1 + α)."""
    options = {"box": (-5, 5), "reduction": "sum", **options}
    model = GraphConvolution(["a", "b"], [("a", "b", 0)], hidden=options.pop("hidden", 1))
    return Problem(model, inputs=inputs, targets=targets, **options)


def mirrored_graph() -> Trap:
    """Features 1 and −1 with equal targets: w and −w have equal values for all α."""
    return Trap(
        graph([[1], [-1]], [1, 1], interval=(0, "1/4")), lambda a: (1 - a) ** 2 / (1 + a * a)
    )


def channels(second: tuple[int, int]) -> Trap:
    """Two equal channels are one; so is a channel beside one that is silent in its box."""

    def value(a: Fraction) -> Fraction:
        first, other = 1 + 4 * a + a * a, 2 + 2 * a + 2 * a * a  # the output over (1 + α)²
        return 5 - (first + 2 * other) ** 2 / (first**2 + other**2)

    box = {"w1_x1": (-5, 5), "w2_x1": second}
    return Trap(graph([[1], [2]], [1, 2], interval=(0, 2), hidden=2, box=box), value)


TRAPS = {
    "equal for all α, graph": mirrored_graph(),
    "equal channels": channels((-5, 5)),
    "dead channel": channels((-1, 0)),
    **{
        f"{name}, {loss}": build(loss)
        for loss in LOSSES
        for name, build in {
            "interpolation ends": lambda loss: end_of_interpolation(loss, (1,)),
            "zero at one α": vanishing,
            "corner for an interval": lambda loss: corner(loss, (1,), True),
            "equal units in a corner": lambda loss: corner(loss, (2,), False),
            "equal for all α": mirrored,
            "tie at an end": crossing_at_an_end,
            "dead unit": dead,
            "different targets": repeated,
        }.items()
    },
    "touching, squared": touching((1,)),
    "touching, nested": touching((1, 1)),
    "dead unit, nested": two_below((-1, 0), 1),
    "equal units, nested": two_below((0, 1), 2),
    "interpolation ends, nested": end_of_interpolation("squared", (1, 1)),
    "crossing, absolute": crossing(),
    "collinear, decay": collinear(),
    "collinear, lasso": collinear_lasso(),
}


@pytest.mark.parametrize("name", TRAPS)
def test_the_answer_is_the_planted_one(name: str) -> None:
    trap = TRAPS[name]
    dual = pieceproof.analyze(trap.problem)
    assert dual.verdict is Verdict.PROVED, dual.report
    found = tuple((b.alpha.as_rational(), str(b.kind)) for b in dual.breakpoints)
    assert found == trap.breakpoints
    lower, upper = trap.problem.interval
    for k in range(25):
        alpha = lower + (upper - lower) * F(k, 24)
        assert dual(alpha) == trap.value(alpha), alpha
