"""Dual functions by enclosures against exact minimisation in one parameter, and the checker."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from flint import fmpq

import pieceproof
from pieceproof.certificate import digest
from pieceproof.checking.enclosing import verification
from pieceproof.checking.enclosing.jets import Jets
from pieceproof.checking.enclosing.networks import read_network
from pieceproof.checking.enclosing.ranges import Range, around
from pieceproof.checking.reading import CertificateError, Node
from pieceproof.enclosed import EnclosedDual, compiling, coverings
from pieceproof.enclosed.views import rounded
from pieceproof.methods import Options
from pieceproof.problem_document import problem_document
from pieceproof.store import Store
from pieceproof.verify import Conclusion, verify
from piecewise import FeedForward, Interpolated, Problem, activations
from piecewise.networks import TRAINABLE
from piecewise.polynomial_objective import PiecewiseObjective
from piecewise.problems import Examples

PAIRS = [
    ("relu2", "identity"),
    ("relu", "square"),
    ("hard_tanh", "relu2"),
    ("abs", "square"),
]


def mixed(first: str, second: str) -> Interpolated:
    """α·first + (1−α)·second, by catalogue names."""
    return Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])


def one_weight(
    seed: int, pair: tuple[str, str], examples: int = 3, validation: Examples | None = None
) -> Problem:
    """One unit without bias and one input: f is piecewise polynomial in a single weight."""
    random = Random(seed)
    inputs = [[Fraction(random.randint(-20, 20), 10) or Fraction(1)] for _ in range(examples)]
    targets = [Fraction(random.randint(-10, 25), 10) for _ in range(examples)]
    return Problem(
        FeedForward([1], mixed(*pair), bias=False),
        inputs=inputs,
        targets=targets,
        interval=("1/5", "4/5"),
        box=(-3, 3),
        validation=validation,
    )


def exact_minimum(problem: Problem, alpha: Fraction) -> float:
    """min f(α, ·) from the roots of the derivative on every cell of one weight."""
    objective = PiecewiseObjective(problem)
    best = np.inf
    for key in objective.keys():  # noqa: SIM118
        polynomial = objective.cell(key).objective
        coefficients = np.zeros(9)
        for (power_alpha, power), c in polynomial.terms():
            coefficients[int(power)] += float(alpha) ** int(power_alpha) * int(c.p) / int(c.q)
        ends = [face.centre[0] for face in objective.faces(key) if face.codimension == 1]
        low, high = float(min(ends)), float(max(ends))
        curve = np.polynomial.Polynomial(coefficients)
        stationary = curve.deriv().trim(1e-14).roots()
        inside = [z.real for z in stationary if abs(z.imag) < 1e-9 and low <= z.real <= high]
        best = min(best, *(float(curve(w)) for w in (low, high, *inside)))
    return best


def agrees(dual: EnclosedDual, problem: Problem, alphas: list[Fraction]) -> None:
    """ℓ* is enclosed wherever nothing is open."""
    for alpha in alphas:
        if any(lower <= alpha <= upper for lower, upper, _ in dual.open):
            continue
        value, expected = dual(alpha), exact_minimum(problem, alpha)
        slack = 1e-9 * (1 + abs(expected))
        assert value.lower - slack <= expected <= value.upper + slack
        point = [Fraction(w) for w in value.minimiser.values()]
        assert float(problem.value(alpha, point)) <= expected + 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_one_weight_against_exact_minimisation(seed: int) -> None:
    problem = one_weight(seed, PAIRS[seed % len(PAIRS)])
    dual = pieceproof.analyze(problem, seconds=120)
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is not Conclusion.REJECTED
    lower, upper = problem.interval
    agrees(dual, problem, [lower + (upper - lower) * k / 37 for k in range(38)])
    kinks = [entry for entry in dual.breakpoints if entry[0] == "kink"]
    for _, low, high in kinks:
        # The minimiser jumps there.
        gap = Fraction(1, 10**4)
        before, after = dual(low - gap), dual(high + gap)
        moved = [abs(before.minimiser[n] - after.minimiser[n]) for n in before.minimiser]
        assert max(moved) > 1e-3


@cache
def small() -> EnclosedDual:
    """A small certified dual function."""
    problem = one_weight(3, ("relu2", "identity"), examples=2)
    dual = pieceproof.analyze(problem)
    assert isinstance(dual, EnclosedDual)
    return dual


def test_the_picture_shows_the_dual_and_its_minimiser() -> None:
    """The curve of the picture is ℓ*, with a line at every breakpoint; the minimiser is below."""
    dual = small()
    top, below = dual.plot().axes
    curve = max(top.lines, key=lambda line: len(line.get_xdata()))
    for alpha, value in list(zip(*curve.get_data(), strict=True))[::40]:
        where = min(max(Fraction(alpha), Fraction(1, 5)), Fraction(4, 5))
        exact = dual(where)
        assert exact.lower - 1e-6 <= value <= exact.upper + 1e-6
    marks = [line for line in top.lines if len(line.get_xdata()) == 2]
    assert len(marks) >= len(dual.document["breakpoints"])
    assert "α" in below.get_xlabel()


def test_a_small_dual_is_proved_and_right() -> None:
    dual = small()
    assert str(dual.verdict) == "proved"
    lower, upper = dual.problem.interval
    agrees(dual, dual.problem, [lower + (upper - lower) * k / 7 for k in range(8)])
    assert json.loads(json.dumps(dual.document)) == dual.document


def altered(change: Any) -> dict[str, Any]:
    """The small document after a change, with a digest that fits."""
    document = copy.deepcopy(small().document)
    change(document)
    document["digest"] = digest({k: v for k, v in document.items() if k != "digest"})
    return document


def shift_path(document: dict[str, Any]) -> None:
    document["slabs"][0]["curves"][0]["centre"][0] += 0.2


def other_pattern(document: dict[str, Any]) -> None:
    pattern = document["slabs"][0]["curves"][0]["pattern"]
    pattern[0] = [1 - piece for piece in pattern[0]]


def huge_basin(document: dict[str, Any]) -> None:
    document["slabs"][0]["curves"][0]["radius"][0] = 50.0


def gap(document: dict[str, Any]) -> None:
    del document["slabs"][0]


def one_more_piece(document: dict[str, Any]) -> None:
    document["counts"]["pieces"] += 1


def other_minimum(document: dict[str, Any]) -> None:
    document["minimum"]["value"]["lower"] += 0.01
    document["minimum"]["value"]["upper"] += 0.01


def other_end(document: dict[str, Any]) -> None:
    document["ends"]["upper"]["value"]["upper"] -= 0.01


def other_oscillations(document: dict[str, Any]) -> None:
    document["counts"]["oscillations"] += 1


def other_data(document: dict[str, Any]) -> None:
    document["problem"]["data"]["targets"][0] = "7/3"


def made_up_breakpoint(document: dict[str, Any]) -> None:
    document["breakpoints"].append(
        {"kind": "kink", "alpha": {"interval": ["1/2", "1/2"], "approx": 0.5}}
    )


@pytest.mark.parametrize(
    "change",
    [
        shift_path,
        other_pattern,
        huge_basin,
        gap,
        one_more_piece,
        other_minimum,
        other_end,
        other_oscillations,
        other_data,
        made_up_breakpoint,
    ],
)
def test_a_changed_document_is_rejected(change: Any) -> None:
    assert verify(altered(change)).verdict is Conclusion.REJECTED


def test_a_changed_digest_is_rejected_and_an_unknown_key_is_unreadable() -> None:
    document = copy.deepcopy(small().document)
    document["provenance"]["seed"] += 1
    assert verify(document).verdict is Conclusion.REJECTED
    with pytest.raises(CertificateError):
        verify({**document, "surprise": 1})


@pytest.mark.parametrize("pair", PAIRS)
def test_ranges_hold_values_and_slopes_of_random_networks(pair: tuple[str, str]) -> None:
    random = Random(str(pair))
    problem = Problem(
        FeedForward([2, 1], mixed(*pair), output_weights=TRAINABLE, output_bias=TRAINABLE),
        inputs=[[Fraction(random.randint(-30, 30), 10)] for _ in range(3)],
        targets=[1, "-1/3", 2],
        box=(-4, 4),
        weight_decay="0.1",
    )
    network = read_network(Node(problem_document(problem), "problem"))
    jets = Jets(network)
    for _ in range(25):
        centre = np.array([random.random(), *(random.uniform(-2, 2) for _ in network.names)])
        radius = random.choice([0.0, 1e-3, 0.3])
        box = Range((centre - radius)[None], (centre + radius)[None])
        jet = jets.objective(box, 1)
        ends = []
        for _ in range(2):
            point = centre + radius * np.array([random.uniform(-1, 1) for _ in centre])
            exact = [Fraction(x) for x in np.clip(point, box.lo[0], box.hi[0])]
            ends.append((exact, problem.value(exact[0], exact[1:])))
            assert Fraction(jet.value.lo[0]) <= ends[-1][1] <= Fraction(jet.value.hi[0])
        (p, at_p), (q, at_q) = ends
        # Lebourg: f(q) − f(p) = g·(q − p) for some g in the enclosed gradients.
        step = around([_rational(b - a) for a, b in zip(p, q, strict=True)])
        drift = (jet.gradient * step[None, :]).sum(1)
        assert Fraction(drift.lo[0]) <= at_q - at_p <= Fraction(drift.hi[0])


def _rational(value: Fraction) -> Any:
    from flint import fmpq

    return fmpq(value.numerator, value.denominator)


def test_no_digit_is_printed_that_the_enclosure_does_not_support() -> None:
    assert rounded(0.16769614, 0.16770108) == "0.1677"
    assert rounded(2.0, 2.0) == "2"
    assert rounded(-1e-9, 1e-9) == "0"
    assert rounded(99.5, 100.5) == "1e+02"


def test_a_budget_counts_from_when_loops_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    options = Options(seconds=60, progress=lambda stage, *_: told.append(stage))
    small()
    assert compiling.compiled(options) is options
    monkeypatch.setattr(compiling, "is_compiled", lambda function: False)
    assert compiling.compiled(options).start > options.start
    assert told == ["compiling, once"]


def test_time_that_covering_leaves_is_for_more_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The share of the time for slabs is over at once in the first round, not in the second."""
    ends = iter([-np.inf])
    monkeypatch.setattr(Options, "middle", lambda own, part: next(ends, np.inf))
    dual = pieceproof.analyze(one_weight(3, ("relu2", "identity"), examples=2), seconds=600)
    assert str(dual.verdict) == "proved"
    assert dual.counts == small().counts


def never_covering(monkeypatch: pytest.MonkeyPatch, alpha: fmpq) -> None:
    """Let the checker's boxes not do for the slab that holds α, as may be next to near-ties."""
    covered = verification.covers_in_stages

    def fewer(spaces: Any, settled: Sequence[Any], *more: Any) -> Any:
        left, lower, boxes = covered(spaces, settled, *more)
        hard = {i for i, each in enumerate(settled) if each.slab.lower <= alpha < each.slab.upper}
        return sorted({*left, *hard}), lower, boxes

    monkeypatch.setattr(verification, "covers_in_stages", fewer)


@pytest.mark.parametrize("held_out", [False, True])
def test_a_slab_that_the_checker_cannot_cover_is_left_open(
    monkeypatch: pytest.MonkeyPatch, held_out: bool
) -> None:
    held = Examples([["1/3"]], [1]) if held_out else None
    problem = one_weight(3, ("relu2", "identity"), examples=2, validation=held)
    whole = pieceproof.analyze(problem)
    assert str(whole.verdict) == "proved"
    never_covering(monkeypatch, fmpq(1, 3))
    report = verify(whole.document)
    assert report.verdict is Conclusion.REJECTED
    (number,) = report.uncovered
    lost = whole.document["slabs"][number]["interval"]
    dual = pieceproof.analyze(problem)
    assert dual.report.verdict is Conclusion.UNRESOLVED
    ((lower, upper, reason),) = dual.open
    assert [str(lower), str(upper)] == lost
    assert "not covered" in reason
    assert dual.counts["slabs"] == whole.counts["slabs"] - 1


def test_an_interrupted_run_goes_on_with_what_it_covered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = one_weight(3, ("relu2", "identity"), examples=2)
    kept = tmp_path / "kept"
    groups: list[int] = []
    covers = coverings.covers

    def counted(spaces: Any, settled: Sequence[Any], *arguments: Any, **more: Any) -> Any:
        groups.append(len(settled))
        return covers(spaces, settled, *arguments, **more)

    monkeypatch.setattr(coverings, "covers", counted)

    put = Store.put

    def interrupted(store: Store, task: Any, result: Any) -> None:
        put(store, task, result)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pieceproof.analyze(problem, cache=kept)
    first = groups.copy()
    groups.clear()
    dual = pieceproof.analyze(problem, cache=kept)
    assert isinstance(dual, EnclosedDual)
    assert first[0] > 0 == groups[0]
    for key in ("slabs", "pieces", "counts", "minimum", "verdict"):
        assert dual.document[key] == small().document[key]
