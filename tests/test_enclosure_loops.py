"""The compiled loops of enclosures against exact arithmetic, ball arithmetic and false claims."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.proposals.charts import charts
from geometry.proposals.tracking import Tracker
from pieceproof.checking.enclosing.compiled import jit
from pieceproof.checking.enclosing.covering import Claim, Covering, Level
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.jets import Jets
from pieceproof.checking.enclosing.networks import Network, read_network
from pieceproof.checking.enclosing.ranges import Range, exact_double
from pieceproof.checking.reading import Node
from pieceproof.problem_document import problem_document
from piecewise import FeedForward, Interpolated, Penalty, Problem, activations
from piecewise.networks import TRAINABLE

PAIRS = [("relu2", "identity"), ("relu", "square"), ("hard_tanh", "relu2"), ("abs", "square")]


def problem(
    random: Random, hidden: Sequence[int], pair: tuple[str, str], **options: Any
) -> Problem:
    """A random problem with one input and five examples."""
    first, second = pair
    mixed = Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])
    return Problem(
        FeedForward(list(hidden), mixed, **options),
        inputs=[[Fraction(random.randint(-20, 20), 10)] for _ in range(5)],
        targets=[Fraction(random.randint(-10, 30), 10) for _ in range(5)],
        interval=("1/10", "9/10"),
        box=(-4, 4),
        weight_decay=random.choice(["0", "0.1"]),
        penalty=random.choice([None, Penalty.of("l2"), Penalty.of("l2", biases=True)]),
    )


class Jet:
    """A value with its derivatives over any ring: forward differentiation, one by one."""

    def __init__(self, value: Any, first: dict[int, Any], second: dict[tuple[int, int], Any]):
        self.value, self.first, self.second = value, first, second

    def __add__(self, other: Jet) -> Jet:
        first = {
            k: self.first.get(k, 0) + other.first.get(k, 0) for k in {*self.first, *other.first}
        }
        keys = {*self.second, *other.second}
        second = {k: self.second.get(k, 0) + other.second.get(k, 0) for k in keys}
        return Jet(self.value + other.value, first, second)

    def __mul__(self, other: Jet) -> Jet:
        keys = {*self.first, *other.first}
        first = {
            k: self.first.get(k, 0) * other.value + self.value * other.first.get(k, 0) for k in keys
        }
        second = {
            (i, j): self.second.get((i, j), 0) * other.value
            + self.value * other.second.get((i, j), 0)
            + self.first.get(i, 0) * other.first.get(j, 0)
            + self.first.get(j, 0) * other.first.get(i, 0)
            for i in keys
            for j in keys
        }
        return Jet(self.value * other.value, first, second)


def slow(network: Network, point: Sequence[Any], pattern: Any, ring: Any) -> Jet:
    """f by the definition, over rationals or balls; ``pattern`` is asked for pieces of σ_α."""

    def constant(x: Any) -> Jet:
        return Jet(ring(fmpq(x)), {}, {})

    variables = [Jet(ring(x), {k: ring(fmpq(1))}, {}) for k, x in enumerate(point)]
    alpha, weights = variables[0], iter(variables[1:])
    total = constant(0)
    outputs = None
    rows = [[constant(x) for x in row] for row in network.inputs]
    unit = 0
    for width in network.hidden:
        following: list[list[Jet]] = [[] for _ in rows]
        for _ in range(width):
            own = [next(weights) for _ in rows[0]]
            bias = next(weights) if network.bias else constant(0)
            for t, row in enumerate(rows):
                z = bias
                for w, source in zip(own, row, strict=True):
                    z = z + w * source
                j = pattern(unit, t, z.value)
                sides = []
                for piece in (network.first[j], network.second[j]):
                    value = constant(0)
                    for c in reversed(piece.coeffs()):
                        value = value * z + constant(c)
                    sides.append(value)
                blend = alpha * sides[0] + (constant(1) + constant(-1) * alpha) * sides[1]
                following[t].append(blend)
            unit += 1
        rows = following
    outputs = (
        [next(weights) for _ in rows[0]]
        if network.outputs is None
        else [constant(v) for v in network.outputs]
    )
    offset = next(weights) if network.offset is None else constant(network.offset)
    for row, y in zip(rows, network.targets, strict=True):
        r = offset + constant(-y)
        for v, a in zip(outputs, row, strict=True):
            r = r + v * a
        total = total + r * r
    scale = constant(fmpq(1, network.examples)) if network.mean else constant(1)
    total = total * scale
    for w in variables[1:]:
        total = total + constant(network.decay) * w * w
    for index in network.penalised:
        total = total + alpha * variables[1 + index] * variables[1 + index]
    return total


def fraction(x: float) -> fmpq:
    return exact_double(float(x))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    hidden=st.sampled_from([(1,), (2,), (1, 1), (2, 1)]),
    pair=st.sampled_from(PAIRS),
    radius=st.sampled_from([0.0, 1e-9, 1e-3, 0.2, 1.0]),
    trained=st.booleans(),
    bias=st.booleans(),
)
def test_jets_hold_exact_derivatives_and_are_hardly_wider_than_balls(
    seed: int,
    hidden: tuple[int, ...],
    pair: tuple[str, str],
    radius: float,
    trained: bool,
    bias: bool,
) -> None:
    random = Random(seed)
    options = {"output_weights": TRAINABLE, "output_bias": TRAINABLE} if trained else {
        "output_weights": [random.choice([1, -1, 2]) for _ in range(hidden[-1])]
    }  # fmt: skip
    network = read_network(
        Node(problem_document(problem(random, hidden, pair, bias=bias, **options)), "problem")
    )
    jets = Jets(network)
    centre = np.array([random.uniform(0.2, 0.8), *(random.uniform(-2, 2) for _ in network.names)])
    size = np.array([min(radius, 0.1), *[radius] * len(network.names)])
    box = Range((centre - size)[None], (centre + size)[None])
    point = [
        fraction(np.clip(c + s * random.uniform(-1, 1), low, high))
        for c, s, low, high in zip(centre, size, box.lo[0], box.hi[0], strict=True)
    ]
    seen: dict[tuple[int, int], int] = {}

    def piece(unit: int, example: int, z: Any) -> int:
        seen[unit, example] = sum(z >= b for b in network.breakpoints)
        return seen[unit, example]

    exact = slow(network, point, piece, fmpq)
    pattern = tuple(
        tuple(seen[unit, t] for t in range(network.examples)) for unit in range(len(network.units))
    )
    balls = slow(
        network,
        [arb((low + high) / 2, (high - low) / 2) for low, high in zip(
            map(fraction_arb, box.lo[0]), map(fraction_arb, box.hi[0]), strict=True)],
        lambda unit, t, z: pattern[unit][t],
        arb,
    )  # fmt: skip
    for chosen in (None, pattern):
        jet = jets.objective(box, 2, chosen)
        parts = [(exact.value, balls.value, jet.value[0])]
        for p in range(jets.n):
            parts.append((exact.first.get(p, 0), balls.first.get(p, 0), jet.gradient[0, p]))
            parts += [
                (exact.second.get((p, q), 0), balls.second.get((p, q), 0), jet.hessian[0, p, q])
                for q in range(jets.n)
            ]
        for value, ball, found in parts:
            low, high = fraction(found.lo), fraction(found.hi)
            assert low <= value <= high
            if chosen is not None and radius:
                ball = arb(ball)
                width, mine = 2 * float(ball.rad()), float(found.hi - found.lo)
                assert mine <= 2 * width + 1e-12 * (1 + abs(float(ball.mid())))


def fraction_arb(x: float) -> arb:
    return arb(float(x))


def test_boxes_that_would_overflow_prove_nothing() -> None:
    network = read_network(Node(problem_document(problem(Random(1), (1, 1), PAIRS[1])), "problem"))
    jets = Jets(network)
    for low, high in ((-1e200, 1e200), (np.nan, 1.0), (0.0, np.inf), (1.0, 0.0)):
        box = Range(np.full((1, jets.n), low), np.full((1, jets.n), high))
        jet = jets.objective(box, 2)
        assert jet.value.lo[0] == -np.inf
        assert jet.value.hi[0] == np.inf
        assert np.all(jet.hessian.hi == np.inf)


def test_machine_code_is_kept_elsewhere_where_the_sources_cannot_be_written_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(jit, "HERE", blocked)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert str(jit.folder()).startswith(str(tmp_path / "cache" / "pieceproof"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert jit.folder() is None


def covered(found: Problem, claims: Sequence[Claim]) -> set[int]:
    """The numbers of claims that are settled by the covering of the only chart."""
    (space,) = Spaces(Node(problem_document(found), "problem"))
    cover = Covering(space, claims, 20_000).run(20_000 * len(claims))
    return set(range(len(claims))) - set(cover.open) - {index for index, _, _ in cover.lower}


def level(alpha: Range, value: float, tilt: float) -> Claim:
    middle = Range.exactly(alpha.middle)
    slope = Range.exactly(np.array([tilt]))
    at = Level(middle, Range.exactly(np.array([value])), slope, slope)
    return Claim(alpha, (at,), ())


@pytest.mark.parametrize("seed", range(16))
def test_no_claim_above_the_minimum_is_covered_and_every_one_below_is(seed: int) -> None:
    random = Random(seed)
    found = problem(
        random, [(1,), (2,)][seed % 2], PAIRS[seed % 4], bias=seed % 2 == 0,
        output_weights=[1] if seed % 2 == 0 else [1, -1],
    )  # fmt: skip
    tracker = Tracker(charts(found), (0.1, 0.9))
    tracker.start()
    marks = np.linspace(0.3, 0.3 + 8e-3, 9)
    true, false = [], []
    wrong = seed % 8
    for k in range(8):
        alpha = Range(marks[k : k + 1], marks[k + 1 : k + 2])
        middle = float(alpha.middle[0])
        lowest = tracker.best(middle)
        assert lowest is not None
        solver = tracker.solvers[lowest.chart]
        tilt = float(solver.objective.local(middle, lowest.w, lowest.face.pattern).gradient[0])
        gap = 0.02 * (1 + abs(lowest.value))
        true.append(level(alpha, lowest.value - gap, tilt))
        above = 1e-7 if k == wrong else -gap
        false.append(level(alpha, lowest.value + above, tilt))
    assert covered(found, true) == set(range(8))
    assert wrong not in covered(found, false)
