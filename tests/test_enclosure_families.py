"""Enclosed duals of random instances against minimisation by another route.

The other route reduces f to one weight w: without an output weight f(α, ·) is a polynomial on
every cell of w; a trainable output weight v is the solution of a linear equation for given w; in a
deeper chain the second weight minimises a polynomial on every cell for given w. Roots are NumPy's.
Breakpoints are counted as changes of the minimiser's cell, walls and kinks along a grid of α.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import numpy.typing as npt
import pytest

import pieceproof
from pieceproof.enclosed import EnclosedDual
from pieceproof.verify import Conclusion
from piecewise import FeedForward, Interpolated, Problem, activations
from piecewise.networks import TRAINABLE
from piecewise.polynomial_objective import PiecewiseObjective

Array = npt.NDArray[np.float64]
PAIRS = [
    ("relu2", "identity"),
    ("relu", "square"),
    ("hard_tanh", "relu2"),
    ("abs", "square"),
]
GRID = 160


def mixed(first: str, second: str) -> Interpolated:
    """α·first + (1−α)·second, by catalogue names."""
    return Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])


def instance(family: str, seed: int) -> Problem:
    """A random problem whose parameters are one or two weights."""
    random = Random(f"{family}{seed}")
    inputs = [[Fraction(random.randint(-20, 20), 10) or Fraction(1)] for _ in range(3)]
    targets = [Fraction(random.randint(-10, 25), 10) for _ in range(3)]
    activation = mixed(*PAIRS[seed % len(PAIRS)])
    decay = Fraction(0)
    if family == "polynomial":
        model = FeedForward([1], activation, bias=False)
    elif family == "trainable":
        model = FeedForward([1], activation, bias=False, output_weights=TRAINABLE)
        decay = Fraction(1, 10)
    else:
        model = FeedForward([1, 1], activation, bias=False)
    return Problem(
        model,
        inputs=inputs,
        targets=targets,
        interval=("2/5", "3/5"),
        box=(-2, 2),
        weight_decay=decay,
    )


class Chain:
    """f(α, w) in floating point, written from its definition alone."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.x = np.array([float(row[0]) for row in problem.inputs])
        self.y = np.array([float(v) for v in problem.targets])
        self.decay = float(problem.weight_decay)
        self.activation = problem.model.activation
        self.points = np.array([float(b) for b in self.activation.breakpoints])

    def sigma(self, alpha: float, z: Array) -> Array:
        """σ_α(z)."""
        pieces = np.searchsorted(self.points, z, side="right")
        found = np.zeros_like(z)
        for k, (first, second) in enumerate(self.activation.pairs):
            here = pieces == k
            a, b = (
                np.polynomial.Polynomial([float(c) for c in p] or [0.0]) for p in (first, second)
            )
            found[here] = alpha * a(z[here]) + (1 - alpha) * b(z[here])
        return found

    def values(self, alpha: float, w: Array) -> Array:
        """f at points (B, d)."""
        out = self.sigma(alpha, w[:, :1] * self.x)
        if self.problem.model.output_weights == TRAINABLE:
            out = w[:, 1:2] * out
        elif w.shape[1] == 2:
            out = self.sigma(alpha, w[:, 1:2] * out)
        found: Array = ((out - self.y) ** 2).mean(1) + self.decay * (w**2).sum(1)
        return found

    def minimum(self, alpha: float) -> tuple[float, Array]:
        """The least value on nested grids around the best points of the ones before."""
        d = len(self.problem.parameters)
        size = 4001 if d == 1 else 301
        axes = [np.linspace(-2.0, 2.0, size)] * d
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, d)
        best = grid[np.argsort(self.values(alpha, grid), kind="stable")[:24]]
        step = 4.0 / (size - 1)
        offsets = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9)] * d, indexing="ij"), -1)
        offsets = offsets.reshape(-1, d)
        while step > 1e-9:
            near = np.clip((best[:, None] + 1.5 * step * offsets).reshape(-1, d), -2.0, 2.0)
            best = near[np.argsort(self.values(alpha, near), kind="stable")[:24]]
            step *= 0.4
        return float(self.values(alpha, best[:1])[0]), best[0]


def stratum(problem: Problem, alpha: Fraction) -> object:
    """Cell, kinks and walls of the minimiser of one weight, from the roots on every cell."""
    objective = PiecewiseObjective(problem)
    best: tuple[float, object] = (np.inf, None)
    for key in objective.keys():  # noqa: SIM118
        coefficients = np.zeros(9)
        for (power_alpha, power), c in objective.cell(key).objective.terms():
            coefficients[int(power)] += float(alpha) ** int(power_alpha) * int(c.p) / int(c.q)
        ends = [face.centre[0] for face in objective.faces(key) if face.codimension == 1]
        low, high = float(min(ends)), float(max(ends))
        curve = np.polynomial.Polynomial(coefficients)
        roots = curve.deriv().trim(1e-14).roots()
        inside = [z.real for z in roots if abs(z.imag) < 1e-9 and low < z.real < high]
        # The ends of cells are boundaries and walls: the same name from either side.
        named = [(w, ("end", round(w, 9))) for w in (low, high)]
        named += [(w, ("cell", key)) for w in inside]
        for w, name in named:
            if curve(w) < best[0] - 1e-12:
                best = (float(curve(w)), name)
    return best[1]


def solved(family: str, seed: int) -> EnclosedDual:
    dual = pieceproof.analyze(instance(family, seed), seconds=150)
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is not Conclusion.REJECTED
    return dual


def agrees(dual: EnclosedDual, samples: int) -> None:
    """ℓ* and its extrema against the other route where nothing is open."""
    problem = dual.problem
    chain = Chain(problem)
    lower, upper = problem.interval
    values = []
    for k in range(samples + 1):
        alpha = lower + (upper - lower) * k / samples
        if any(low <= alpha <= high for low, high, _ in dual.open):
            continue
        found = dual(alpha)
        expected, _ = chain.minimum(float(alpha))
        assert found.lower - 1e-9 <= expected <= found.upper + 1e-7
        point = [Fraction(w) for w in found.minimiser.values()]
        assert float(problem.value(alpha, point)) <= found.upper + 1e-9 * (1 + abs(found.upper))
        values.append(expected)
    if str(dual.verdict) != "proved":
        return
    turns = [b - a for a, b in pairwise(values) if abs(b - a) > 1e-6]
    changes = sum((a > 0) != (b > 0) for a, b in pairwise(turns))
    assert changes <= dual.counts["local_minima"] + dual.counts["local_maxima"] - 2


def pieces_agree(dual: EnclosedDual) -> None:
    """Breakpoints and their kinds against changes of the minimiser along a grid, for one weight."""
    if str(dual.verdict) != "proved":
        return
    problem = dual.problem
    lower, upper = problem.interval
    grid = [lower + (upper - lower) * Fraction(2 * k + 1, 2 * GRID) for k in range(GRID)]
    names = [stratum(problem, alpha) for alpha in grid]
    changes = [(a, b) for (a, x), (b, y) in pairwise(zip(grid, names, strict=True)) if x != y]
    inside = [(low, high) for _, low, high in dual.breakpoints]
    step = (upper - lower) / GRID
    for a, b in changes:
        assert any(low <= b + step and a - step <= high for low, high in inside)
    isolated = [
        (low, high)
        for i, (low, high) in enumerate(inside)
        if all(abs(low - other) > 3 * step for j, (other, _) in enumerate(inside) if j != i)
        and lower + step < low < upper - step
    ]
    for low, high in isolated:
        crossed = [(a, b) for a, b in changes if low <= b + step and a - step <= high]
        same_cell = not crossed
        # A jump within one cell, or through a C1 boundary, need not change the name.
        assert len(crossed) <= 2
        if same_cell:
            before, behind = dual(low - step / 8), dual(high + step / 8)
            moved = [abs(before.minimiser[n] - behind.minimiser[n]) for n in before.minimiser]
            assert max(moved) > 1e-4


@pytest.mark.parametrize(
    ("family", "seed"), [("polynomial", 1), ("polynomial", 4), ("trainable", 0), ("deep", 2)]
)
def test_random_instances_agree_with_another_route(family: str, seed: int) -> None:
    dual = solved(family, seed)
    agrees(dual, 5)
    if family == "polynomial":
        pieces_agree(dual)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["polynomial", "trainable", "deep"])
@pytest.mark.parametrize("seed", range(20))
def test_twenty_random_instances_agree_with_another_route(family: str, seed: int) -> None:
    dual = solved(family, seed)
    agrees(dual, 13)
    if family == "polynomial":
        pieces_agree(dual)
