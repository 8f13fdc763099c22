"""Units without influence at the minimum: planted answers, traps, and floors against sampling."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import pieceproof
from pieceproof.certificate import digest
from pieceproof.checking.enclosing import tips
from pieceproof.checking.enclosing.covering import Claim, Covering, Level
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.foldedspaces import space_of
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.enclosing.summary import covers
from pieceproof.checking.enclosing.tips import check_tip
from pieceproof.checking.enclosing.tubes import Curve
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.enclosed import EnclosedDual
from pieceproof.problem_document import problem_document
from pieceproof.verify import Conclusion, verify
from piecewise import FeedForward, Interpolated, Problem, activations
from piecewise.networks import TRAINABLE

Array = npt.NDArray[np.float64]


def mixed(first: str, second: str) -> Interpolated:
    """α·first + (1−α)·second, by catalogue names."""
    return Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])


def values(problem: Problem, alpha: float, w: Array, dead: Sequence[int] = ()) -> Array:
    """f at points (B, d) from its definition, without the units ``dead`` of the only layer."""
    network = problem.model
    assert isinstance(network, FeedForward)
    x = np.array([[float(v) for v in row] for row in problem.inputs])
    y = np.array([float(v) for v in problem.targets])
    own: dict[str, Callable[[Array], Array]] = {
        "relu": lambda z: np.maximum(z, 0),
        "relu2": lambda z: np.maximum(z, 0) ** 2,
        "square": lambda z: z * z,
        "abs": np.abs,
        "identity": lambda z: z,
    }
    first, second = (own[a.name] for a in (network.activation.first, network.activation.second))
    size, units = x.shape[1] + network.bias, network.hidden[0]
    trainable = network.output_weights == TRAINABLE
    outputs = w[:, units * size :] if trainable else np.array(network.output_weights, dtype=float)
    shift = w[:, -1:] if network.output_bias == TRAINABLE else float(network.output_bias)
    out: Any = np.zeros((len(w), len(y))) + shift
    for k in range(units):
        if k in dead:
            continue
        row = w[:, k * size : (k + 1) * size]
        z = row[:, : x.shape[1]] @ x.T + (row[:, -1:] if network.bias else 0.0)
        v = outputs[:, k : k + 1] if trainable else outputs[k]
        out = out + v * (alpha * first(z) + (1 - alpha) * second(z))
    total = ((out - y) ** 2).mean(1)
    alive = [
        i for i, p in enumerate(problem.parameters) if not any(_is_of(p.name, k) for k in dead)
    ]
    found: Array = total + float(problem.weight_decay) * (w[:, alive] ** 2).sum(1)
    return found


def _is_of(name: str, unit: int) -> bool:
    return name.split("_")[0] in (f"w{unit + 1}", f"b{unit + 1}", f"v{unit + 1}")


def minimum(problem: Problem, alpha: float) -> float:
    """The least value on a grid, refined around its best points."""
    lower = np.array([float(p.lower) for p in problem.parameters])
    upper = np.array([float(p.upper) for p in problem.parameters])
    size = {1: 4001, 2: 201}[len(lower)]
    axes = [np.linspace(a, b, size) for a, b in zip(lower, upper, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(lower))
    offsets = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9)] * len(lower), indexing="ij"), -1)
    offsets, step = offsets.reshape(-1, len(lower)), (upper - lower) / (size - 1)
    while True:
        best = grid[np.argsort(values(problem, alpha, grid), kind="stable")[:16]]
        if np.max(step) < 1e-8:
            return float(values(problem, alpha, best[:1])[0])
        near = best[:, None] + 1.5 * step * offsets
        grid, step = np.clip(near.reshape(-1, len(lower)), lower, upper), 0.4 * step


CASES: dict[str, tuple[Problem, int]] = {
    "silent": (
        Problem(
            FeedForward([1], mixed("relu2", "relu"), bias=False),
            inputs=[[1], [2], [3]], targets=[-1, -2, -1], interval=(0, 1), box=(-2, 2),
        ),
        1,
    ),
    "cone": (
        Problem(
            FeedForward([1], mixed("relu", "square")),
            inputs=[[1], [2], [3]], targets=[-3, "1/2", -2], interval=(0, 1), box=(-2, 2),
        ),
        1,
    ),
    "copies": (
        Problem(
            FeedForward([1], mixed("relu", "square")),
            inputs=[[1], [1], [-2]], targets=[-3, 2, "-1/10"], interval=("1/10", 1), box=(-2, 2),
        ),
        1,
    ),
    "kink": (
        Problem(
            FeedForward([1], mixed("relu", "square"), bias=False),
            inputs=[[1], [2], [-1]], targets=[-3, "6/5", "-1/2"],
            interval=("1/20", "19/20"), box=(-3, 3),
        ),
        2,
    ),
    "wall": (
        Problem(
            FeedForward([1], mixed("relu", "square"), bias=False),
            inputs=[[1], [2]], targets=[-3, "6/5"], interval=("1/20", "19/20"), box=(0, 3),
        ),
        2,
    ),
    "two units": (
        Problem(
            FeedForward([2], mixed("relu2", "relu"), bias=False, output_weights=[1, -1]),
            inputs=[[1], [2], ["1/2"]], targets=[1, 1, "1/2"],
            interval=("3/10", "1/2"), box=(-3, 3),
        ),
        1,
    ),
    "decay": (
        Problem(
            FeedForward([1], mixed("relu", "square")),
            inputs=[[1], [2], [-1]], targets=["1/2", 1, "-1/2"],
            interval=("1/10", "1/4"), box=(-3, 3), weight_decay=1,
        ),
        1,
    ),
    "trainable": (
        Problem(
            FeedForward([1], mixed("relu", "square"), bias=False, output_weights=TRAINABLE),
            inputs=[[1], [2], [-1]], targets=["1/2", 1, "-1/2"],
            interval=("1/10", "9/10"), box=(-3, 3), weight_decay=2,
        ),
        1,
    ),
}  # fmt: skip


@cache
def solved(name: str) -> EnclosedDual:
    dual = pieceproof.analyze(CASES[name][0])
    assert isinstance(dual, EnclosedDual)
    return dual


def curves(dual: EnclosedDual) -> list[dict[str, Any]]:
    return [curve for slab in dual.document["slabs"] for curve in slab["curves"]]


@pytest.mark.parametrize("name", list(CASES))
def test_planted_duals_with_dead_units_are_proved(name: str) -> None:
    dual, (problem, pieces) = solved(name), CASES[name]
    assert str(dual.verdict) == "proved"
    assert dual.counts["pieces"] == pieces
    lower, upper = problem.interval
    for k in range(8):
        alpha = lower + (upper - lower) * Fraction(k, 7)
        found, expected = dual(alpha), minimum(problem, float(alpha))
        assert found.lower - 1e-12 <= expected <= found.upper + 1e-7
        point = np.array([list(found.minimiser.values())])
        assert values(problem, float(alpha), point)[0] <= found.upper + 1e-9


def test_which_units_are_dead_is_stated() -> None:
    for name in ("silent", "cone", "copies", "two units"):
        dead = [curve.get("dead") for curve in curves(solved(name))]
        assert dead == [["u2" if name == "two units" else "u1"]] * len(dead)
    assert sum("dead" in curve for curve in curves(solved("kink"))) >= 2
    constant = solved("silent")
    assert constant.counts["oscillations"] == 0
    assert constant(Fraction(1, 3)).lower <= 2 <= constant(Fraction(1, 3)).upper


@pytest.mark.parametrize("name", ["kink", "wall"])
def test_the_unit_comes_to_life_at_a_kink(name: str) -> None:
    """Where the least value with the unit passes that without it, Σ y²/T."""
    dual, (problem, _) = solved(name), CASES[name]
    ((kind, low, high),) = dual.breakpoints
    assert kind == "kink"
    without = float(sum(y * y for y in problem.targets)) / len(problem.targets)
    assert minimum(problem, float(low) - 1e-6) < without - 1e-8
    assert minimum(problem, float(high) + 1e-6) == pytest.approx(without, abs=1e-15)


# -- changed certificates ------------------------------------------------------------------


def changed(dual: EnclosedDual, change: Callable[[dict[str, Any]], None]) -> Conclusion:
    document = copy.deepcopy(dual.document)
    for slab in document["slabs"]:
        for curve in slab["curves"]:
            if "dead" in curve:
                change(curve)
    document["digest"] = digest({k: v for k, v in document.items() if k != "digest"})
    try:
        return verify(document).verdict
    except CertificateError:
        return Conclusion.REJECTED


def test_changed_tips_are_rejected() -> None:
    def larger(curve: dict[str, Any]) -> None:
        for tip in curve["tips"]:
            tip["radius"] = [100 * r for r in tip["radius"]]

    def none(curve: dict[str, Any]) -> None:
        curve["tips"] = []

    def elsewhere(curve: dict[str, Any]) -> None:
        for tip in curve["tips"]:
            tip["chart"] = 1

    def negative(curve: dict[str, Any]) -> None:
        for tip in curve["tips"]:
            tip["radius"][-1] *= -1

    assert changed(solved("kink"), lambda curve: None) is Conclusion.PROVED
    for change in (larger, none, elsewhere, negative):
        assert changed(solved("kink"), change) is Conclusion.REJECTED, change


def test_other_dead_units_are_rejected() -> None:
    def another(curve: dict[str, Any]) -> None:
        curve["dead"] = ["u1"]

    def both(curve: dict[str, Any]) -> None:
        curve["dead"] = ["u1", "u2"]

    def unknown(curve: dict[str, Any]) -> None:
        curve["dead"] = ["u3"]

    def alive(curve: dict[str, Any]) -> None:
        del curve["dead"], curve["tips"]

    def twice(curve: dict[str, Any]) -> None:
        curve["dead"] = ["u2", "u2"]

    for change in (another, both, unknown, alive, twice):
        assert changed(solved("two units"), change) is Conclusion.REJECTED


def claimed(problem: Problem, dead: Sequence[str] = ("u1",)) -> bool:
    """Whether the checker believes that the only unit of a problem is dead for all α."""
    spaces = Spaces(Node(problem_document(problem), "problem"))
    ends = [str(end) for end in problem.interval]
    empty: dict[str, Any] = {
        key: [] for key in ("pattern", "active", "walls", "centre", "slope", "radius")
    }
    slab = {"interval": ends, "kind": "one", "curves": [{"chart": 0, "dead": list(dead), **empty}]}
    read = read_slab(Node(slab, "slab"), spaces)
    assert not isinstance(read, Open)
    open_, lower, _ = covers(spaces, [settle(spaces, read, spaces.network.interval)], 4000)
    return not open_ and not lower


def one(first: str, second: str, targets: Sequence[object], **other: Any) -> Problem:
    return Problem(
        FeedForward([1], mixed(first, second), bias=False),
        inputs=[[1], [2], [3]],
        targets=targets,
        interval=other.pop("interval", ("1/5", "4/5")),
        **{"box": (-2, 2), **other},
    )


def test_a_unit_that_helps_a_little_is_not_dead() -> None:
    assert claimed(one("relu2", "relu", [-1, -2, -1]))
    assert claimed(one("relu2", "relu", [0, -2, 0]))
    assert not claimed(one("relu2", "relu", ["1/1000", 0, 0]))
    assert not claimed(one("relu2", "relu", [-1, -2, 2]))
    # Square against targets below: w = 0 is the minimum. Above: it is the maximum.
    assert claimed(one("relu", "square", [-1, -2, -1]))
    assert not claimed(one("relu", "square", [-9, 0, 1]))
    assert not claimed(one("identity", "relu2", [-1, -2, -1]))


def test_a_unit_that_cannot_be_silent_is_not_dead() -> None:
    outside = one("relu2", "relu", [-1, -2, -1], box=(1, 2))
    with pytest.raises(Refuted, match="without influence"):
        claimed(outside)
    shifted = Problem(
        FeedForward([1], mixed("hard_sigmoid", "relu2"), bias=False),
        inputs=[[1]], targets=[-1], interval=(0, 1), box=(-2, 2),
    )  # fmt: skip
    with pytest.raises(Refuted, match="without influence"):
        claimed(shifted)
    decayed = one("relu2", "relu", [-1, -2, -1], box=(1, 2), weight_decay=1)
    with pytest.raises(Refuted, match="W does not hold that"):
        claimed(decayed)


# -- floors and tips against sampling ------------------------------------------------------


def drawn(random: Random, box: tuple[Fraction, Fraction] | None = None) -> Problem:
    units, bias = random.choice((1, 2)), random.random() < 0.5
    pair = random.choice(
        [("relu2", "relu"), ("relu", "square"), ("abs", "relu2"), ("relu", "identity")]
    )
    inputs = [[Fraction(random.randint(-4, 4), 2)] for _ in range(4)]
    outputs: Any = TRAINABLE if random.random() < 0.3 else [random.choice((-1, 1, 2))] * units
    shift: Any = TRAINABLE if random.random() < 0.3 else Fraction(random.randint(-2, 2), 2)
    model = FeedForward([units], mixed(*pair), bias=bias, output_weights=outputs, output_bias=shift)
    targets = [Fraction(random.randint(-6, 3), 2) for _ in range(4)]
    decay = random.choice((0, 0, Fraction(1, 2)))
    return Problem(
        model, inputs=inputs, targets=targets, interval=("1/4", "3/4"), box=box or (-2, 2),
        weight_decay=decay,
    )  # fmt: skip


def test_floors_hold_where_they_are_found() -> None:
    """A box that is settled against a level above everything is settled by its floor."""
    random, rng, floored = Random(5), np.random.default_rng(5), 0
    for _ in range(300):
        low = Fraction(random.randint(-16, 12), 8)
        width = Fraction(random.choice((1, 2, 4, 8)), 8)
        problem = drawn(random, (low, low + width))
        spaces = Spaces(Node(problem_document(problem), "problem"))
        space = spaces[0]
        if len(spaces) > 1:
            continue
        alpha = Range(np.array([0.25]), np.array([0.75]))
        high = Level(*(Range.exactly([x]) for x in (0.5, 1e9, 0.0, 0.0)))
        dead = (random.randrange(len(space.network.units)),)
        claim = Claim(alpha, (high,), (), dead=frozenset({dead}))
        cover = Covering(space, [claim], 1).run(1)
        if cover.open or cover.lower:
            continue
        floored += 1
        d = space.network.parameters
        points = rng.uniform(float(low), float(low + width), (200, d))
        points[:100] = np.where(
            points[:100] < float(low + width / 2), float(low), float(low + width)
        )
        for at in (0.25, 0.6, 0.75):
            gap = values(problem, at, points) - values(problem, at, points, dead)
            assert np.min(gap) >= -1e-12
    assert floored > 30


def test_tips_hold_where_they_are_found() -> None:
    random, rng, found = Random(7), np.random.default_rng(7), 0
    for _ in range(500):
        problem = drawn(random)
        network = problem.model
        assert isinstance(network, FeedForward)
        if network.hidden != (1,) or network.output_bias == TRAINABLE:
            continue
        spaces = Spaces(Node(problem_document(problem), "problem"))
        empty: dict[str, Any] = {
            key: [] for key in ("pattern", "active", "walls", "centre", "slope", "radius")
        }
        curve = {"chart": 0, "dead": ["u1"], **empty}
        slab = read_slab(
            Node({"interval": ["1/4", "3/4"], "kind": "one", "curves": [curve]}, "slab"), spaces
        )
        assert not isinstance(slab, Open)
        stratum, path = slab.curves[0]
        tube = Curve(space_of(spaces, stratum), stratum, path, slab.alpha)
        for chart, space in enumerate(spaces):
            radius = rng.uniform(0.01, 0.5, space.network.parameters)
            try:
                tip = check_tip(space, [tube], radius.tolist(), 2000)
            except Refuted:
                continue
            found += 1
            reach = np.minimum(radius, 2.0)
            points = np.clip(rng.uniform(-reach, reach, (300, len(radius))), -2, 2)
            points[::3] *= rng.uniform(0, 1, (100, 1)) ** 4
            for i, side in space.chart.fixed.items():
                points[:, i] = (-2.0, 2.0)[side]
                assert tip.centre[i] == (-2.0, 2.0)[side]
            for at in (0.25, 0.6, 0.75):
                gap = values(problem, at, points) - values(problem, at, points, (0,))
                assert np.min(gap) >= -1e-12, (chart, problem)
    assert found > 30


def test_residuals_of_a_tip_are_enclosed_over_parts_of_a_slab(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To the left of w_1 = 0 f rises with a slope of 0.01 only, over a slab of length 0.01."""
    problem = Problem(
        FeedForward([2], mixed("relu", "square"), bias=False, output_weights=[1, -1]),
        inputs=[["7/4"], [0], ["1/4"], ["-1/2"], ["-3/2"], ["-3/2"], [0], ["1/2"]],
        targets=[0, "3/4", 1, "-3/4", "-1/4", "-1/4", "7/4", "-3/2"],
        interval=("1/10", "9/10"), box=(-5, 5),
    )  # fmt: skip
    spaces = Spaces(Node(problem_document(problem), "problem"))
    own = {
        "chart": 0, "dead": ["u1"], "pattern": [[0, 1, 0, 1, 1, 1, 1, 0]], "active": [],
        "walls": [], "centre": [-0.2587143], "slope": [0.14], "radius": [0.2],
    }  # fmt: skip
    claim = {"interval": ["17/20", "43/50"], "kind": "one", "curves": [own]}
    slab = read_slab(Node(claim, "slab"), spaces)
    assert not isinstance(slab, Open)
    stratum, path = slab.curves[0]
    curve = Curve(space_of(spaces, stratum), stratum, path, slab.alpha)
    reach = [5.0, 2e-4]
    tip = check_tip(spaces[0], [curve], reach)
    assert tip.radius.tolist() == reach
    rng = np.random.default_rng(3)
    for at in (0.85, 0.853, 0.86):
        shift = -0.2587143 + 0.14 * (at - 0.855)
        points = np.stack(
            [rng.uniform(-5, 5, 400) * rng.uniform(0, 1, 400) ** 6,
             shift + rng.uniform(-2e-4, 2e-4, 400)], axis=1
        )  # fmt: skip
        gap = values(problem, at, points) - values(problem, at, points, (0,))
        assert np.min(gap) >= -1e-12
    monkeypatch.setattr(tips, "HALVINGS", 0)
    with pytest.raises(Refuted, match="grow"):
        check_tip(spaces[0], [curve], reach)
