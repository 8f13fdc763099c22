"""Held-out loss of models whose training dual is enclosed: planted answers, traps, the checker."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from certificates import copied, is_refused, sealed
from flint import fmpq
from held_out import judged
from oracle_strata import Strata

import pieceproof
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.shapes import Node as Place
from pieceproof.checking.enclosing.shapes import Shape
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.judging.examples import HeldOut
from pieceproof.checking.judging.motions import turning
from pieceproof.checking.judging.verification import read_problem
from pieceproof.checking.reading import Node
from pieceproof.cli import main
from pieceproof.enclosed import EnclosedDual
from pieceproof.evaluation import OutsideError
from pieceproof.judged import JudgedDual
from pieceproof.verify import Conclusion, verify
from piecewise import FeedForward, Interpolated, NotYetSupported, Problem, activations, custom
from piecewise.problems import Examples

F = Fraction
HAT = custom([1], [[0, 1], [0, 0, 1]])
"""z up to 1, then z²: mixed with the identity it has a kink at 1."""
BENT = Interpolated(HAT, activations.identity)
ENDS = ("1/10", "1/2")


def one_weight(
    held: Examples, box: tuple[Any, Any] = (0, 5), interval: tuple[Any, Any] = ENDS
) -> Problem:
    """Two examples at x = 1 with targets 1 and 3: σ_α(w) = 2, so αw² + (1 − α)w = 2 for w ≥ 1."""
    return Problem(
        FeedForward([1], BENT, bias=False),
        inputs=[[1], [1]],
        targets=[1, 3],
        interval=interval,
        box=box,
        validation=held,
    )


def weight(alpha: Fraction) -> float:
    a = float(alpha)
    return (a - 1 + sqrt((1 - a) ** 2 + 8 * a)) / (2 * a)


def output(alpha: Fraction, z: float) -> float:
    a = float(alpha)
    return a * z * z + (1 - a) * z if z > 1 else z


@cache
def crossing() -> JudgedDual:
    """z = 3w/5 of the held-out example is 1 at w = 5/3, that is at α = 3/10."""
    return judged(one_weight(Examples([["3/5"]], [2])))


# -- planted answers --------------------------------------------------------------------------


def test_a_held_out_example_passes_a_kink_at_three_tenths() -> None:
    dual = crossing()
    assert str(dual.verdict) == "proved"
    ((kind, lower, upper),) = dual.breakpoints
    assert kind == "kink"
    assert lower <= F(3, 10) <= upper
    assert upper - lower < F(1, 10**9)
    assert dual.counts["discontinuities"] == 0
    for k in range(21):
        alpha = F(1, 10) + F(k, 50)
        value = dual(alpha)
        exact = (output(alpha, 0.6 * weight(alpha)) - 2) ** 2
        assert value.lower - 1e-12 <= exact <= value.upper + 1e-12


def test_the_certified_best_is_a_minimum_of_a_grid() -> None:
    best = crossing().document["best"]
    grid = [F(1, 10) + F(2 * k, 5 * 500) for k in range(501)]
    lowest = min((output(a, 0.6 * weight(a)) - 2) ** 2 for a in grid)
    assert best["floor"] <= lowest + 1e-12
    assert best["value"]["upper"] <= lowest + 1e-9
    assert best["floor"] >= best["value"]["lower"] * (1 - 1e-6)


def test_an_example_that_leaves_its_boundary_where_the_minimiser_leaves_a_wall() -> None:
    """The weight is 5/3 up to α = 3/10, and z = 1 exactly so long; then z < 1, as all over W."""
    dual = judged(one_weight(Examples([["3/5"]], [2]), (0, "5/3")))
    assert str(dual.verdict) == "proved"
    ((kind, lower, upper),) = dual.breakpoints
    assert kind == "kink"
    assert lower <= F(3, 10) <= upper
    for alpha in (F(1, 10), F(1, 4), F(3, 10), F(2, 5), F(1, 2)):
        value = dual(alpha)
        exact_there = (output(alpha, 0.6 * min(weight(alpha), 5 / 3)) - 2) ** 2
        assert value.lower - 1e-12 <= exact_there <= value.upper + 1e-12


def test_an_example_that_passes_where_the_minimiser_leaves_a_wall_stays_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two weights, w1 ≤ 5/3, are 5/3 at α = 3/10, where z = 3(w1 + w2)/10 passes 1."""
    problem = Problem(
        FeedForward([1], BENT, bias=False),
        inputs=[[1, 0], [1, 0], [0, 1], [0, 1]],
        targets=[1, 3, 1, 3],
        interval=("1/5", "2/5"),
        box={"w1_x1": (0, "5/3"), "w1_x2": (0, 5)},
        validation=Examples([["3/10", "3/10"]], [2]),
    )
    dual = judged(problem)
    ((lower, upper, reason),) = dual.open
    assert lower <= F(3, 10) <= upper
    assert upper - lower < F(1, 10**9)
    assert "held-out boundary" in reason
    assert dual.breakpoints == []
    entry = dual.document["open"][0]
    assert entry["floor"] <= 1 <= entry["ceiling"]
    for alpha in (F(1, 5), F(1, 4), F(2, 5)):
        value, w = dual(alpha), weight(alpha)
        exact_there = (output(alpha, 0.3 * (min(w, 5 / 3) + w)) - 2) ** 2
        assert value.lower - 1e-12 <= exact_there <= value.upper + 1e-12
    middle = (lower + upper) / 2
    with pytest.raises(OutsideError, match="open interval"):
        dual(middle)
    path = tmp_path / "result.json"
    dual.save(path)
    assert main(["evaluate", str(path), "1/4", str(middle)]) == 3
    shown = capsys.readouterr().out
    assert "ℓ*(1/4)" in shown
    assert f"ℓ*({middle})" in shown
    assert f"not proved, in [{entry['floor']}, {entry['ceiling']}]" in shown


def test_where_the_minimiser_leaves_a_wall_g_has_a_kink() -> None:
    dual = judged(one_weight(Examples([["1/2"], [2]], [2, 1]), (0, "5/3")))
    assert str(dual.verdict) == "proved"
    ((kind, lower, upper),) = dual.breakpoints
    assert kind == "kink"
    assert lower <= F(3, 10) <= upper


def squares(held: Examples, interval: tuple[Any, Any] = ("1/10", "9/10")) -> Problem:
    """Nearly y = x²: up to α ≈ 0.4 all examples are on the piece αz + (1 − α)z², w > 0; then w < 0
    is better, where they are on (1 − α)z² and w undoes what α does."""
    return Problem(
        FeedForward([1], Interpolated(activations.relu, activations.square), bias=False),
        inputs=[[1], [2], ["3/2"]],
        targets=["11/10", "39/10", "9/4"],
        interval=interval,
        box=(-5, 5),
        validation=held,
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_a_piece_on_which_the_weights_undo_alpha_is_constant(sign: int) -> None:
    """For held-out inputs of the sign of the training inputs; for others the ReLU works."""
    dual = judged(squares(Examples([[F(sign, 2)], [3 * sign]], [1, 2])))
    assert str(dual.verdict) == "proved"
    assert [kind for kind, _, _ in dual.breakpoints] == ["jump"]
    (minimum,) = dual.document["extrema"]["minima"]
    levels = [dual(alpha) for alpha in (F(1, 2), F(3, 5), F(9, 10))]
    flat = max(e.lower for e in levels) <= min(e.upper for e in levels)
    assert flat == (sign > 0)
    assert minimum["value"]["upper"] < max(e.upper for e in levels)


def test_at_a_pitchfork_g_has_a_kink_and_is_constant_behind_it() -> None:
    """Two equal units become different; then weights undo what α does, for held-out inputs too."""
    random = Random(0)
    inputs = [[F(random.randint(-8, 8), 4) or F(1)] for _ in range(8)]
    targets = [F(random.randint(-8, 16), 4) for _ in range(8)]
    problem = Problem(
        FeedForward([2], Interpolated(activations.relu, activations.square), bias=False),
        inputs=inputs,
        targets=targets,
        interval=("183/250", "369/500"),
        box=(-5, 5),
        validation=Examples([["1/2"], ["-3/2"], ["5/4"]], [1, 2, "1/3"]),
    )
    dual = judged(problem)
    assert str(dual.verdict) == "proved"
    assert [kind for kind, _, _ in dual.breakpoints] == ["kink"]
    low, high = dual(F(736, 1000)), dual(F(369, 500))
    assert max(low.lower, high.lower) <= min(low.upper, high.upper)


def test_outputs_that_nothing_changes_have_one_piece() -> None:
    """σ(0) = 0: held-out inputs 0 see none of the jumps of w."""
    dual = judged(squares(Examples([[0], [0]], [1, 2]), ("3/8", "7/16")))
    assert str(dual.verdict) == "proved"
    assert (dual.counts["pieces"], dual.counts["oscillations"]) == (1, 0)
    value = dual(F(13, 32))
    assert value.lower <= 2.5 <= value.upper


def test_held_out_training_examples_give_the_training_dual() -> None:
    """The loss is that of training: the same breakpoints, which are no jumps, and counts."""
    held = Examples([[1], [2], ["3/2"]] * 2, ["11/10", "39/10", "9/4"] * 2)
    near = ("3/8", "7/16")
    dual = judged(squares(held, near))
    training = pieceproof.analyze(squares(held, near).training())
    assert isinstance(training, EnclosedDual)
    assert dual.breakpoints == training.breakpoints
    keys = ("pieces", "discontinuities", "kinks", "local_minima", "local_maxima", "oscillations")
    assert [dual.counts[k] for k in keys] == [training.counts[k] for k in keys]


def test_equal_losses_where_two_best_fits_change_places_stay_open() -> None:
    """The target lies half-way between both predictions, as far as doubles go."""
    near = ("3/8", "7/16")
    known = judged(squares(Examples([["5/2"]], [0]), near))
    ((_, lower, upper),) = known.breakpoints
    slack = upper - lower
    sides = [known(lower - slack), known(upper + slack)]
    low, high = (sqrt((e.lower + e.upper) / 2) for e in sides)
    dual = judged(squares(Examples([["5/2"]], [F((low + high) / 2)]), near))
    (opened,) = dual.open
    assert opened[0] <= upper
    assert lower <= opened[1]
    assert "equal where they change places" in opened[2]
    assert dual.breakpoints == []


def test_of_two_mirrored_networks_the_better_one_counts() -> None:
    """x ↦ −x exchanges the training examples: N(x) and N(−x) are best fits."""
    problem = Problem(
        FeedForward([1], Interpolated(activations.relu, activations.square)),
        inputs=[[-1], [1], [2], [-2]],
        targets=[1, 1, 2, 2],
        interval=("1/10", "3/20"),
        box=(-5, 5),
        weight_decay="1/10",
        validation=Examples([[1], [3]], [0, 4]),
    )
    dual = judged(problem)
    assert str(dual.verdict) == "proved"
    strata = Strata(problem.training())
    for alpha in (F(1, 10), F(3, 25), F(3, 20)):
        (w, b), *_ = (m.w for m in strata.sample(alpha).minimisers)
        both = [problem.validation_loss(alpha, [F(x), F(b)]) for x in (w, -w)]
        assert abs(both[0] - both[1]) > F(1, 1000)
        value = dual(alpha)
        assert value.lower - 1e-9 <= float(min(both)) <= value.upper + 1e-9
    equal = judged(replaced(problem, Examples([[1], [3], [-1], [-3]], [0, 4, 0, 4])))
    assert str(equal.verdict) == "proved"
    single = judged(replaced(problem, Examples([[0]], [0])))
    assert str(single.verdict) == "proved"


def replaced(problem: Problem, held: Examples) -> Problem:
    return Problem(
        problem.model,
        inputs=problem.inputs,
        targets=problem.targets,
        interval=problem.interval,
        box={p.name: (p.lower, p.upper) for p in problem.parameters},
        weight_decay=problem.weight_decay,
        validation=held,
    )


def test_a_dead_unit_is_named() -> None:
    """Negative targets: the ReLU rests on a whole region, but not for all inputs."""
    problem = Problem(
        FeedForward([1], Interpolated(activations.relu, activations.relu2)),
        inputs=[[1], [2]],
        targets=[-1, -2],
        interval=("1/10", "1/5"),
        box=(-2, 2),
        validation=Examples([[-3]], [1]),
    )
    dual = judged(problem)
    assert dual.counts["breakpoints"] == 0
    assert all("has no influence" in reason for _, _, reason in dual.open)
    assert dual.document["minimum"] is None


def bent() -> Problem:
    """A weight and a bias under weight decay."""
    return Problem(
        FeedForward([1], Interpolated(activations.relu, activations.square)),
        inputs=[[-1], [0], ["1/2"], [2]],
        targets=[1, 0, "1/2", 2],
        interval=("1/10", "9/10"),
        box=(-2, 2),
        weight_decay="1/10",
        validation=Examples([[1], ["3/2"]], [1, 1]),
    )


# -- what it rests on -------------------------------------------------------------------------


def test_second_derivatives_of_curves_agree_with_differences() -> None:
    document = judged(bent()).document
    held = read_problem(Node(document["problem"], "problem"))
    slab = next(each for each in document["slabs"] if each["kind"] == "one")
    curve = settle(
        held.spaces, read_slab(Node(slab, "slab"), held.spaces), held.spaces.network.interval
    ).curves[0]
    middle, step = float(curve.middle.lo[0]), 1e-4 * float(curve.alpha.hi[0] - curve.alpha.lo[0])
    points = [
        curve.at(Range.exactly(np.array([middle + k * step]))).point.middle for k in (-1, 0, 1)
    ]
    bend = (points[0] - 2 * points[1] + points[2]) / step**2
    found = turning(held, curve.at(curve.middle))[1 + curve.free]
    assert np.allclose(found.middle, bend[curve.free], rtol=1e-2, atol=1e-3)


def test_the_top_of_a_jump_is_no_maximum() -> None:
    """Rising, then down by a jump, then rising: only the end of A is a maximum."""
    whole = Place(fmpq(0), fmpq(0), (0.0, 0.0)), Place(fmpq(2), fmpq(2), (1.5, 1.5))
    top = Place(fmpq(1), fmpq(1), (1.0, 1.0), is_attained=False)
    low = Place(fmpq(1), fmpq(1), (0.5, 0.5))
    found = Shape((whole[0], top, low, whole[1]), (1, -1, 1))
    assert len(found.maxima) == 1
    assert len(found.minima) == 2
    assert found.oscillations() == (3, 3)


def test_boundaries_of_training_examples_are_known_exactly() -> None:
    """z = w meets 1 with the training examples, z = 2w elsewhere, z = −w nowhere in W."""
    held = HeldOut(crossing_spaces(), (((fmpq(1),), (fmpq(2),), (fmpq(-1),)), (fmpq(0),) * 3))
    slab = read_slab(Node(crossing().document["slabs"][0], "slab"), held.spaces)
    curve = settle(held.spaces, slab, held.spaces.network.interval).curves[0]
    assert held.twins == (1, None, None)
    assert [held.sides(curve, {}, 0, h) for h in range(3)] == [(True,), (None,), (False,)]


def crossing_spaces() -> Spaces:
    problem = one_weight(Examples([["3/5"]], [2]))
    document = pieceproof.problem_document.problem_document(problem.training())
    return Spaces(Node(document, "problem"))


# -- the checker ------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another target": lambda d: d["problem"]["validation"]["targets"].__setitem__(0, "3"),
    "another input": lambda d: d["problem"]["validation"]["inputs"][0].__setitem__(0, "7/10"),
    "no mark": lambda d: d["marks"].clear(),
    "a mark that ends early": lambda d: d["marks"][0].__setitem__(
        "interval", [d["marks"][0]["interval"][0], "2999999999/10000000000"]
    ),
    "a mark elsewhere": lambda d: d["marks"][0].__setitem__("interval", ["1/5", "1/4"]),
    "one mark more": lambda d: d["marks"].append({"interval": ["2/5", "9/20"], "kind": "crossing"}),
    "an open mark, hidden": lambda d: d["marks"].append(
        {"interval": ["2/5", "9/20"], "kind": "open", "reason": "nothing"}
    ),
    "another kind": lambda d: d["breakpoints"][0].__setitem__("kind", "smooth"),
    "another place": lambda d: d["breakpoints"][0]["alpha"].__setitem__(
        "interval", ["31/100", "8/25"]
    ),
    "no breakpoint": lambda d: d["breakpoints"].clear(),
    "a floor too high": lambda d: d["best"].__setitem__("floor", d["best"]["floor"] * 1.001),
    "a better value": lambda d: d["best"]["value"].__setitem__("upper", 0.5),
    "another minimum": lambda d: d["minimum"]["value"].__setitem__("lower", 0.9),
    "more pieces": lambda d: d["counts"].__setitem__("pieces", 3),
    "fewer oscillations": lambda d: d["counts"].__setitem__("oscillations", 0),
    "a jump": lambda d: d["counts"].__setitem__("discontinuities", 1),
    "another curve": lambda d: d["slabs"][0]["curves"][0]["centre"].__setitem__(0, 1.0),
    "a slab less": lambda d: d["slabs"].pop(),
    "bounds of f": lambda d: d["slabs"].__setitem__(
        0, {**d["slabs"][0], "kind": "open", "reason": "x"}
    ),
    "another format": lambda d: d.__setitem__("format", "pieceproof/2"),
    "no validation": lambda d: d["problem"].pop("validation"),
    "a wall in the way": lambda d: d["problem"]["parameters"][0].__setitem__("upper", "17/10"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_altered_certificate_is_refused(change: str) -> None:
    assert is_refused(crossing().document, CHANGES[change])


def test_an_open_mark_makes_an_honest_document_unresolved() -> None:
    """What is open is open: the same document, with counts to match, is no proof."""
    changed = copied(crossing().document)
    changed["marks"].append({"interval": ["2/5", "9/20"], "kind": "open", "reason": "left out"})
    report = verify(sealed(changed))
    assert report.verdict is Conclusion.REJECTED
    assert any("verdict" in reason or "pieces" in reason for reason in report.reasons)


def test_what_is_not_covered_is_refused_with_the_reason() -> None:
    problem = Problem(
        FeedForward([1], Interpolated(activations.relu, activations.square)),
        inputs=[[1]],
        targets=[1],
        loss="absolute",
        validation=Examples([[2]], [1]),
    )
    with pytest.raises(NotYetSupported, match="degree 2"):
        pieceproof.analyze(problem)


def test_a_budget_leaves_an_honest_part() -> None:
    dual = judged(bent(), 0.05)
    assert str(dual.verdict) == "unresolved"
    assert dual.open
    assert "time budget" in " ".join(reason for _, _, reason in dual.open)


SPEC = """
[hyperparameter]
interval = ["1/10", "1/2"]
[model]
kind = "feedforward"
hidden = [1]
activation = { interpolate = ["relu2", "identity"] }
bias = false
[parameters]
box = [0, 5]
[data]
inputs = [[1], [1]]
targets = [1, 3]
[validation]
inputs = [[2], [-1]]
targets = [5, 0]
"""


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """analyze, verify, evaluate and plot take it; erm refuses it in one line."""
    spec, folder = tmp_path / "spec.toml", tmp_path / "out"
    spec.write_text(SPEC)
    assert main(["analyze", str(spec), "--out", str(folder)]) == 0
    assert "certified best" in capsys.readouterr().out
    assert (folder / "dual.png").exists()
    certificate = str(folder / "result.json")
    assert main(["verify", certificate]) == 0
    assert main(["plot", certificate, "--out", str(tmp_path / "more")]) == 0
    capsys.readouterr()
    assert main(["evaluate", certificate, "1/4", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["evaluations"]
    a = 0.25
    w = (a - 1 + sqrt((1 - a) ** 2 + 8 * a)) / (2 * a)
    exact = ((4 * a * w * w + 2 * (1 - a) * w - 5) ** 2 + ((1 - a) * w) ** 2) / 2
    assert found["value"]["lower"] - 1e-12 <= exact <= found["value"]["upper"] + 1e-12
    assert main(["evaluate", certificate, "2"]) == 2
    assert main(["erm", str(spec)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2
    assert main(["analyze", str(spec), "--out", str(folder), "--seconds", "0.01"]) == 3


TURNED = Interpolated(
    custom([0], [[0, 0, "1/2"], [0, 0, 1]]), custom([0], [[0, 0, "3/2"], [0, 0, 1]])
)
"""z² for z > 0, (3/2 − α)z² for z < 0: even at α = 1/2."""


def test_where_values_of_the_training_loss_touch_the_held_out_loss_is_open() -> None:
    """f(α, −1) − f(α, 1) = 15(α − 1/2)²/2: at α = 1/2 alone both walls count."""
    problem = Problem(
        FeedForward([1], TURNED, bias=False),
        inputs=[[2], [-1]],
        targets=[5, 5],
        interval=("1/4", "3/4"),
        box=(-1, 1),
        validation=Examples([[1]], [2]),
    )
    dual = pieceproof.analyze(problem, seconds=60)
    assert isinstance(dual, JudgedDual)
    assert dual.report.verdict is Conclusion.UNRESOLVED
    assert any(low <= F(1, 2) <= high for low, high, _ in dual.open)
    assert all("equal values at one α" in reason for _, _, reason in dual.open)
