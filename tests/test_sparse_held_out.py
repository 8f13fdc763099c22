"""Held-out losses of networks tuned by lasso and elastic net: charts by orthant, weights at 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import pytest
from brute_force import BruteForce
from certificates import copied, is_refused, sealed
from flint import fmpq
from held_out import judged

import pieceproof
from pieceproof.checking.judging.resting import total
from pieceproof.checking.judging.verification import read_problem
from pieceproof.checking.reading import Node
from pieceproof.cli import main
from pieceproof.judged import JudgedDual
from pieceproof.problem_document import problem_document
from pieceproof.verify import CertificateError, verify
from piecewise import FeedForward, Interpolated, Penalty, Problem, activations, relu
from piecewise.networks import TRAINABLE
from piecewise.problems import Examples

F = Fraction
EXAMPLE = Path(__file__).parent.parent / "examples" / "sparse-held-out.toml"
LASSO, ELASTIC = Penalty.of("l1"), Penalty.of("elastic", "1/3")


def mixed(first: str, second: str) -> Interpolated:
    return Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])


# -- against brute force ---------------------------------------------------------------------

FAMILIES: dict[str, tuple[FeedForward, int]] = {
    "relu/identity, trainable": (
        FeedForward([1], mixed("relu", "identity"), bias=False, output_weights=TRAINABLE), 1,
    ),
    "relu/square": (FeedForward([1], mixed("relu", "square"), bias=False), 2),
    "relu/square, bias": (FeedForward([1], mixed("relu", "square")), 1),
    "relu2/identity, bias": (FeedForward([1], mixed("relu2", "identity")), 1),
}  # fmt: skip
"""Network and inputs."""
GRID = 5


def instance(family: str, seed: int) -> Problem:
    """Six examples and three held-out ones; every third instance holds out a training input."""
    network, features = FAMILIES[family]
    random = Random(f"sparse held out {family} {seed}")

    def drawn(count: int) -> tuple[list[list[Fraction]], list[Fraction]]:
        rows = [[F(random.randint(-12, 12), 4) for _ in range(features)] for _ in range(count)]
        return rows, [F(random.randint(-8, 12), 8) for _ in range(count)]

    (inputs, targets), (rows, values) = drawn(6), drawn(3)
    if seed % 3 == 0:
        rows[0] = inputs[1]
    return Problem(
        network,
        inputs=inputs,
        targets=targets,
        interval=("1/20", "9/10"),
        box=(-3, 3),
        penalty=ELASTIC if seed % 2 else LASSO,
        validation=Examples(rows, values),
    )


def agrees(dual: JudgedDual, problem: Problem) -> int:
    """Values at rational α and beside breakpoints; how many. Jumps, and only they, are seen."""
    brute, (lower, upper), known = BruteForce(problem), problem.interval, 0

    def compared(alpha: Fraction) -> float | None:
        nonlocal known
        fits, value = brute.best(float(alpha)), dual(alpha)
        seen = [fit.g for fit in fits]
        assert any(value.lower - 1e-5 <= g <= value.upper + 1e-5 for g in seen), (alpha, value)
        if max(seen) - min(seen) > 1e-5:
            return None  # two best fits, as far as brute force goes
        known += 1
        return seen[0]

    for k in range(GRID):
        alpha = lower + (upper - lower) * F(7 * k + 1, 7 * GRID)
        if not any(a <= alpha <= b for a, b, _ in dual.open):
            compared(alpha)
    for kind, left, right in dual.breakpoints:
        beside = [left - F(1, 10**5), right + F(1, 10**5)]
        if any(a <= at <= b for at in beside for a, b, _ in dual.open):
            continue
        sides = [compared(at) for at in beside]
        if None not in sides and abs(sides[0] - sides[1]) > 1e-3:  # type: ignore[operator]
            assert kind == "jump"
    return known


QUICK = [("relu/identity, trainable", 2), ("relu/square", 0), ("relu/square", 1)]
QUICK += [("relu/square, bias", 1), ("relu2/identity, bias", 0)]
MORE = [(family, seed) for family in FAMILIES for seed in range(8) if (family, seed) not in QUICK]


@pytest.mark.parametrize(
    ("family", "seed"), [*QUICK, *(pytest.param(*each, marks=pytest.mark.slow) for each in MORE)]
)
def test_random_instances_agree_with_brute_force(family: str, seed: int) -> None:
    problem = instance(family, seed)
    dual = judged(problem, 300)
    assert sum(b - a for a, b, _ in dual.open) < F(1, 100)
    assert agrees(dual, problem) >= GRID - 1


# -- planted answers -------------------------------------------------------------------------


def alone(network: FeedForward, target: str, interval: tuple[str, str], held: Examples) -> Problem:
    """One example, of input 1, under α|w|₁."""
    return Problem(
        network, inputs=[[1]], targets=[target], interval=interval, box=(-2, 2),
        penalty=LASSO, validation=held,
    )  # fmt: skip


@cache
def threshold() -> JudgedDual:
    """(αw₊² + (1 − α)w − 1/4)² + α|w|: the weight leaves 0 at α = 1/3, downwards."""
    network = FeedForward([1], mixed("relu2", "identity"), bias=False)
    return judged(alone(network, "1/4", ("1/8", "3/4"), Examples([[1], [-1], [0]], [1, 2, 2])))


def test_z_is_zero_for_all_held_out_examples_while_the_weight_is() -> None:
    """g is 3 from α = 1/3 on; before, z = ±w have the signs of the orthant."""
    dual = threshold()
    assert str(dual.verdict) == "proved"
    ((kind, low, high),) = dual.breakpoints
    assert kind == "kink"
    assert low <= F(1, 3) <= high
    for alpha in (F(1, 3) + F(1, 10**6), F(1, 2), F(3, 4)):
        value = dual(alpha)
        assert value.lower <= 3 <= value.upper
        assert value.upper - value.lower < 1e-12
    for alpha in (F(1, 8), F(1, 5), F(3, 10)):
        a, w = float(alpha), BruteForce(dual.problem).best(float(alpha))[0].w[0]
        exact = ((a * w * w + (1 - a) * w - 1) ** 2 + (-(1 - a) * w - 2) ** 2 + 4) / 3
        value = dual(alpha)
        assert value.lower - 1e-7 <= exact <= value.upper + 1e-7


def test_mirror_images_in_different_orthants_are_one_network() -> None:
    """(w² − 1)² + α|w| is least at ±w up to α = √(32/27), where w² = 2/3, then at 0."""
    network = FeedForward([1], activations.CATALOGUE["square"], bias=False)
    dual = judged(alone(network, "1", ("1/4", "2"), Examples([[2], [-1]], [1, "1/2"])))
    assert str(dual.verdict) == "proved"
    ((kind, low, high),) = dual.breakpoints
    assert kind == "jump"
    assert low <= F(sqrt(32 / 27)) <= high + F(1, 10**12)
    square = 2 / 3  # w² where the two change places
    before, beyond = dual(low - F(1, 10**9)), dual(F(3, 2))
    exact = ((4 * square - 1) ** 2 + (square - 0.5) ** 2) / 2
    assert before.lower - 1e-6 <= exact <= before.upper + 1e-6
    assert beyond.lower <= 5 / 8 <= beyond.upper


def test_a_dead_unit_adds_nothing_under_a_penalty() -> None:
    """w = v = s > 0, (s² − 3/2)² + 2αs, up to α = 1, where s² = 1; beyond, all outputs are 0."""
    network = FeedForward([1], relu, bias=False, output_weights=TRAINABLE)
    dual = judged(alone(network, "3/2", ("1/4", "2"), Examples([[2], [-1]], ["1/2", 1])))
    assert str(dual.verdict) == "proved"
    ((kind, low, high),) = dual.breakpoints
    assert kind == "jump"
    assert low <= 1 <= high
    before, beyond = dual(low - F(1, 10**9)), dual(F(3, 2))
    assert before.lower - 1e-6 <= (1.5**2 + 1) / 2 <= before.upper + 1e-6
    assert beyond.lower <= 5 / 8 <= beyond.upper
    assert dual.document["slabs"][-1]["curves"][0]["dead"] == ["u1"]


BIASED = Problem(
    FeedForward([1], relu, output_weights=TRAINABLE),
    inputs=[["-3/4"], ["-3/2"], ["3/4"], ["-1/2"], ["5/4"], ["-3/2"]],
    targets=["1/2", "-1/4", "3/2", "1/2", "3/8", "1/4"],
    interval=("29/10", "3"),
    box=(-3, 3),
    penalty=LASSO,
    validation=Examples([[2], [-2]], [1, "1/2"]),
)
"""From α = 2·3·ȳ = 23/8 on, 3 being the largest bias, w and v are 0 and the bias is arbitrary."""


def test_an_arbitrary_bias_does_not_matter_where_the_output_weight_is_zero() -> None:
    dual = judged(BIASED)
    assert str(dual.verdict) == "proved"
    assert dual.document["slabs"][0]["curves"][0]["dead"] == ["u1"]
    value = dual(F(3))
    assert value.lower <= 5 / 8 <= value.upper
    assert (dual.counts["pieces"], dual.counts["oscillations"]) == (1, 0)


def test_two_biases_attain_one_constant() -> None:
    """With w = 0 the output is the mean of the targets, 7/10, for whatever bias and input."""
    problem = Problem(
        FeedForward([1], mixed("relu", "square")),
        inputs=[[-2], [-1], [0], [1], [2]],
        targets=["1/2", "1/4", 1, "3/4", 1],
        interval=("1/2", "9/10"),
        box=(-3, 3),
        penalty=LASSO,
        validation=Examples([[3], [-3]], [1, 0]),
    )
    dual = judged(problem)
    assert str(dual.verdict) == "proved"
    assert [kind for kind, _, _ in dual.breakpoints] == ["kink"]
    value = dual(F(9, 10))
    assert value.lower <= (0.3**2 + 0.7**2) / 2 <= value.upper
    (minimum,) = dual.document["extrema"]["minima"]
    assert agrees(dual, problem) >= GRID - 1
    assert minimum["value"]["upper"] <= value.upper


def test_of_mirrored_networks_in_two_orthants_the_better_one_counts() -> None:
    """x ↦ −x exchanges the training examples; where w = 0 both are one network."""
    problem = Problem(
        FeedForward([1], mixed("relu", "square")),
        inputs=[[-1], [1], [2], [-2]],
        targets=[1, 1, "3/2", "3/2"],
        interval=("1/10", "9/10"),
        box=(-3, 3),
        penalty=LASSO,
        validation=Examples([[1], [3]], [0, 4]),
    )
    dual = judged(problem, 300)
    brute = BruteForce(problem)
    for alpha in (F(1, 10), F(1, 5), F(9, 10)):
        seen = [fit.g for fit in brute.best(float(alpha))]
        value = dual(alpha)
        assert value.lower - 1e-5 <= min(seen) <= value.upper + 1e-5


# -- what stays open -------------------------------------------------------------------------


def test_slopes_that_are_equal_where_a_weight_dies_stay_open() -> None:
    """Targets of x = ±1 are equal, so that g, in w, has slope 0 at w = 0."""
    network = FeedForward([1], mixed("relu2", "identity"), bias=False)
    dual = judged(alone(network, "1/4", ("1/8", "3/4"), Examples([[1], [-1]], [1, 1])))
    ((lower, upper, reason),) = dual.open
    assert lower <= F(1, 3) <= upper
    assert "not decided where the minimiser meets a boundary" in reason
    assert dual.breakpoints == []


def test_losses_that_are_equal_where_a_unit_dies_stay_open() -> None:
    """At α = 1 outputs are 2 and 0, or 0 and 0: the held-out loss is 1 for both."""
    network = FeedForward([1], relu, bias=False, output_weights=TRAINABLE)
    dual = judged(alone(network, "3/2", ("1/4", "2"), Examples([[2], [-1]], [1, 1])))
    ((lower, upper, reason),) = dual.open
    assert lower <= 1 <= upper
    assert "equal where they change places" in reason


def repeated(penalty: Penalty, held: Examples) -> Problem:
    """Both inputs of all training examples are equal."""
    return Problem(
        FeedForward([1], mixed("relu2", "identity"), bias=False),
        inputs=[[1, 1], [2, 2], [-1, -1]],
        targets=[1, 2, -1],
        interval=("1/10", "1/2"),
        box=(-3, 3),
        penalty=penalty,
        validation=held,
    )


def test_weights_that_the_lasso_does_not_determine_stay_open() -> None:
    """Only w_1 + w_2 matters to f and |w|₁ ; held-out outputs depend on more."""
    held = Examples([[1, 0]], [1])
    dual = judged(repeated(LASSO, held), 10)
    assert sum(b - a for a, b, _ in dual.open) > F(3, 10)
    assert dual.breakpoints == []
    elastic = judged(repeated(ELASTIC, held))
    assert str(elastic.verdict) == "proved"


def test_a_dead_unit_without_a_penalty_stays_open() -> None:
    """A free output weight: what no example reaches may be reached by a held-out one."""
    problem = alone(FeedForward([1], relu, bias=True), "-1", ("1/10", "1/2"), Examples([[-3]], [1]))
    free = Problem(
        problem.model, inputs=problem.inputs, targets=problem.targets,
        interval=("1/10", "1/2"), box=(-2, 2), validation=problem.validation,
    )  # fmt: skip
    assert str(judged(replaced(free, mixed("relu", "relu2"))).verdict) == "unresolved"
    assert str(judged(replaced(problem, mixed("relu", "relu2"))).verdict) == "proved"


def test_a_dead_unit_stays_open_where_the_penalty_vanishes() -> None:
    """At α = 0 weights that no example reaches are free; the slab that holds 0 is open."""
    network = FeedForward([1], mixed("relu", "relu2"))
    dual = judged(alone(network, "-1", ("0", "1/2"), Examples([[-3]], [1])), 60)
    lower, _, reason = dual.open[0]
    assert lower == 0
    assert "has no influence" in reason
    assert dual.breakpoints == []


def replaced(problem: Problem, activation: Interpolated) -> Problem:
    return Problem(
        FeedForward([1], activation),
        inputs=problem.inputs,
        targets=problem.targets,
        interval=problem.interval,
        box=(-2, 2),
        penalty=problem.penalty,
        validation=problem.validation,
    )


# -- what it rests on ------------------------------------------------------------------------


def test_g_has_no_penalty_in_any_orthant() -> None:
    held = read_problem(Node(problem_document(BIASED), "problem"))
    assert len(held.spaces) == 4
    for chart in range(4):
        network = held.space(((), chart)).network
        assert not any((*network.tilts, *network.squares))
        assert any(held.spaces[chart].network.tilts)


def test_sums_are_numbers_only_if_all_that_counts_is_known() -> None:
    two, zero = fmpq(2), fmpq(0)
    assert total([(two, two), (None, zero), (zero, None)]) == 4
    assert total([(two, None)]) is None
    assert total([(None, two)]) is None
    assert total([]) == 0


# -- the example, its certificate, the commands ----------------------------------------------


@pytest.mark.slow
def test_the_example_is_proved() -> None:
    dual = pieceproof.analyze(EXAMPLE)
    assert isinstance(dual, JudgedDual)
    assert str(dual.verdict) == "proved"
    kinds = [kind for kind, _, _ in dual.breakpoints]
    assert kinds == ["jump", "kink", "jump", "kink", "kink"]


def in_another_chart(document: dict[str, Any]) -> None:
    """A curve that is not in the face, stated for the orthant on its other side."""
    curve = document["slabs"][0]["curves"][0]
    curve["chart"] = 1 - curve["chart"]


def off_the_face(document: dict[str, Any]) -> None:
    """A weight that rests at 0 is said to be free."""
    document["slabs"][-1]["curves"][0]["walls"] = []


def as_segments(document: dict[str, Any]) -> None:
    """The switch, where the held-out loss bends, is said to be open, and nothing else."""
    (slab,) = (each for each in document["slabs"] if each["kind"] == "switch")
    ends = slab["interval"]
    document["marks"].append({"interval": ends, "kind": "open", "reason": "nothing"})


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another ratio": lambda d: d["problem"]["penalty"].__setitem__("ratio", "1/2"),
    "no penalty": lambda d: d["problem"].pop("penalty"),
    "another target": lambda d: d["problem"]["validation"]["targets"].__setitem__(0, "3"),
    "another input": lambda d: d["problem"]["validation"]["inputs"][2].__setitem__(0, "1/7"),
    "one chart less": lambda d: d["charts"].pop(),
    "another orthant": lambda d: d["charts"][0]["orthant"].__setitem__("w1_x1", "-"),
    "in another chart": in_another_chart,
    "off the face": off_the_face,
    "an open mark": as_segments,
    "a smooth breakpoint": lambda d: d["breakpoints"][0].__setitem__("kind", "smooth"),
    "a jump": lambda d: d["breakpoints"][0].__setitem__("kind", "jump"),
    "no breakpoint": lambda d: d["breakpoints"].clear(),
    "a floor too high": lambda d: d["best"].__setitem__("floor", d["best"]["floor"] * 1.01),
    "another count": lambda d: d["counts"].__setitem__("pieces", 3),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_altered_certificate_is_refused(change: str) -> None:
    assert is_refused(threshold().document, CHANGES[change])


@pytest.mark.parametrize(("key", "value"), [("kind", "fade"), ("factor", "1/2")])
def test_slabs_that_do_not_say_where_all_minimisers_are_are_refused(key: str, value: str) -> None:
    document = copied(threshold().document)
    document["slabs"][0][key] = value
    with pytest.raises(CertificateError, match=f"no {value if key == 'kind' else key} where"):
        verify(sealed(document))


SPEC = """
[hyperparameter]
interval = ["1/8", "3/4"]
[model]
kind = "feedforward"
hidden = [1]
activation = { interpolate = ["relu2", "identity"] }
bias = false
[parameters]
box = [-2, 2]
[regularisation]
penalty = "l1"
[data]
inputs = [[1]]
targets = [0.25]
[validation]
inputs = [[1], [-1], [0]]
targets = [1, 2, 2]
"""


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """analyze, verify, evaluate, plot, bound; erm refuses it, as under weight decay."""
    spec, folder = tmp_path / "spec.toml", tmp_path / "out"
    spec.write_text(SPEC)
    assert main(["analyze", str(spec), "--out", str(folder)]) == 0
    assert "certified best" in capsys.readouterr().out
    certificate = str(folder / "result.json")
    assert main(["verify", certificate]) == 0
    assert main(["plot", certificate, "--out", str(tmp_path / "more")]) == 0
    assert (tmp_path / "more" / "dual.png").exists()
    capsys.readouterr()
    assert main(["evaluate", certificate, "1/2", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["evaluations"]
    assert found["value"]["lower"] <= 3 <= found["value"]["upper"]
    known = ["--certificate", certificate, "--json"]
    assert main(["bound", str(spec), *known]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["statements"]
    assert entry["oscillations"] == "1"
    assert main(["bound", str(spec), "--exact"]) == main(["erm", str(spec)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2
