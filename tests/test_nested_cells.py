"""Deep piecewise linear networks: against brute force, another method, traps, mutations."""

from __future__ import annotations

import copy
import pickle
import random
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from flint import fmpq, fmpz_poly
from oracle_strata import Strata
from oracle_sweep import Ambiguous, sweep
from scipy.optimize import minimize

import pieceproof
from geometry import nested_cells
from geometry.intervals import Interval
from geometry.moving_patterns import spells
from geometry.nested_cells import NestedCells
from geometry.verdicts import Verdict
from pieceproof.cache import opened
from pieceproof.certificate import digest
from pieceproof.checking.intervals import Interval as CheckedInterval
from pieceproof.checking.reals import exactly
from pieceproof.checking.turning import find_spells
from pieceproof.evaluation import evaluate
from pieceproof.verify import CertificateError, verify
from piecewise import FeedForward, Interpolated, Problem
from piecewise.activations import CATALOGUE
from piecewise.exact import to_fraction

F = Fraction
PAIRS = [
    ("relu", "identity"),
    ("identity", "relu"),
    ("abs", "identity"),
    ("relu", "abs"),
]
SHAPES = [([1, 1], 4), ([1, 1], 3), ([2, 1], 2), ([1, 1, 1], 2)]


def activation(first: str, second: str) -> Interpolated:
    return Interpolated(CATALOGUE[first], CATALOGUE[second])


def random_problem(seed: int, **changes: Any) -> Problem:
    r = random.Random(seed)
    hidden, examples = SHAPES[seed % len(SHAPES)]
    options: dict[str, Any] = {
        "inputs": [[F(r.randint(-8, 8), 4)] for _ in range(examples)],
        "targets": [F(r.randint(-8, 8), 4) for _ in range(examples)],
        "interval": (0, 1) if r.random() < 0.5 else (F(1, 10), F(9, 10)),
        "box": r.choice([(-5, 5), (-1, 2), (0, 3)]),
        "reduction": r.choice(["mean", "sum"]),
    }
    model: dict[str, Any] = {
        "output_weights": r.choice([[1], [-1], [2], "signs", "trainable"]),
        "bias": r.random() < 0.7,
        "output_bias": r.choice([0, F(1, 2), "trainable"]),
    }
    model.update(changes.pop("model", {}))
    hidden = changes.pop("hidden", hidden)
    pair = changes.pop("pair", r.choice(PAIRS))
    return Problem(FeedForward(hidden, activation(*pair), **model), **{**options, **changes})


def least(problem: Problem, alpha: float) -> float:
    """ℓ*(α) in floating point: on every sign vector of all units, feasible or not, the
    polynomial is minimised over the cone where the signs hold, from many starts.

    Weights of units are left free: what is minimised is a polynomial, not a convex quadratic.
    """
    network = problem.model
    assert isinstance(network, FeedForward)
    lower = np.array([float(p.lower) for p in problem.parameters])
    upper = np.array([float(p.upper) for p in problem.parameters])
    rng = np.random.default_rng(0)
    signs = [(1.0,), (-1.0,)] if network.output_weights == "signs" else [()]
    best = np.inf
    for sign in signs:
        for pattern in product((0, 1), repeat=sum(network.hidden) * len(problem.targets)):

            def f(w: np.ndarray, pattern: Any = pattern, sign: Any = sign) -> float:
                return run(problem, alpha, w, pattern, sign)[0]

            def sides(w: np.ndarray, pattern: Any = pattern, sign: Any = sign) -> np.ndarray:
                return run(problem, alpha, w, pattern, sign)[1]

            for _ in range(2):
                found = minimize(
                    f,
                    rng.uniform(lower, upper),
                    bounds=list(zip(lower, upper, strict=True)),
                    constraints={"type": "ineq", "fun": sides},
                    method="SLSQP",
                    options={"ftol": 1e-12, "maxiter": 200},
                )
                if np.min(sides(found.x), initial=0.0) > -1e-9:
                    best = min(best, found.fun)
    return float(best)


def run(
    problem: Problem, alpha: float, w: np.ndarray, pattern: Any, signs: Any
) -> tuple[float, np.ndarray]:
    """f along a pattern, and ±z of all units: ≥ 0 where the pattern holds."""
    network = problem.model
    assert isinstance(network, FeedForward)
    slopes = []
    for first, second in network.activation.pairs:
        one, two = (float(p[1]) if len(p) > 1 else 0.0 for p in (first, second))
        slopes.append(alpha * one + (1 - alpha) * two)
    total, seen = 0.0, []
    for t, (x, y) in enumerate(zip(problem.inputs, problem.targets, strict=True)):
        sources, at, unit = [float(v) for v in x], 0, 0
        for width in network.hidden:
            following = []
            for _ in range(width):
                z = sum(w[at + i] * a for i, a in enumerate(sources))
                at += len(sources)
                if network.bias:
                    z += w[at]
                    at += 1
                side = pattern[unit * len(problem.targets) + t]
                seen.append(z if side else -z)
                following.append(slopes[side] * z)
                unit += 1
            sources = following
        if network.output_weights == "trainable":
            out = sum(w[at + k] * a for k, a in enumerate(sources))
        else:
            weights = signs or [float(v) for v in network.output_weights]
            out = sum(v * a for v, a in zip(weights, sources, strict=True))
        out += w[-1] if network.output_bias == "trainable" else float(network.output_bias)
        total += (out - float(y)) ** 2
    return total / (len(problem.targets) if problem.reduction == "mean" else 1), np.array(seen)


def agrees(dual: pieceproof.CertifiedDual, alpha: Fraction) -> None:
    """Brute force finds nothing lower, and what is stated is attained, exactly.

    Local minimisation may miss the minimum; so it need not reach it.
    """
    assert least(dual.problem, float(alpha)) > float(dual(alpha)) - 1e-7
    at = evaluate(dual.document, alpha)
    assert at.value == dual(alpha) == dual.problem.value(alpha, list(at.minimiser.values()))


@pytest.mark.filterwarnings("ignore:Values in x were outside bounds")
@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_brute_force(seed: int) -> None:
    problem = random_problem(seed)
    dual = pieceproof.analyze(problem)
    assert dual.document["method"] == "nested-cells"
    assert dual.verdict is Verdict.PROVED, dual.report
    lower, upper = problem.interval
    agrees(dual, lower + (upper - lower) * F(random.Random(seed).randint(1, 99), 100))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Values in x were outside bounds")
@pytest.mark.parametrize("seed", range(8, 40))
def test_agrees_with_brute_force_on_more(seed: int) -> None:
    problem = random_problem(seed)
    dual = pieceproof.analyze(problem)
    assert dual.verdict is Verdict.PROVED, dual.report
    lower, upper = problem.interval
    for k in (1, 7, 19):
        agrees(dual, lower + (upper - lower) * F(k, 20))


@pytest.mark.parametrize("seed", range(12))
def test_a_trainable_output_weight_is_a_sign_in_a_scaled_box(seed: int) -> None:
    """v·σ(w·x + b) with |v| ≤ 2 and |w|, |b| ≤ 3 is ±σ(w·x + b) with |w|, |b| ≤ 6."""
    r = random.Random(seed)
    units = 2 if seed % 4 == 0 else 1
    trained = random_problem(
        seed,
        hidden=[units],
        inputs=[[F(r.randint(-8, 8), 4)] for _ in range(4 if units > 1 else 6)],
        targets=[F(r.randint(-8, 8), 4) for _ in range(4 if units > 1 else 6)],
        box=dict.fromkeys([f"v{k + 1}" for k in range(units)], (-2, 2))
        | {name: (-3, 3) for k in range(units) for name in (f"w{k + 1}_x1", f"b{k + 1}")},
        model={"output_weights": "trainable", "bias": True, "output_bias": F(1, 4)},
    )
    network = trained.model
    assert isinstance(network, FeedForward)
    signed = Problem(
        FeedForward(
            network.hidden, network.activation, output_weights="signs", output_bias=F(1, 4)
        ),
        inputs=trained.inputs,
        targets=trained.targets,
        interval=trained.interval,
        box=(-6, 6),
        reduction=trained.reduction,
    )
    one, other = pieceproof.analyze(trained), pieceproof.analyze(signed)
    assert one.document["method"] == "nested-cells"
    assert other.document["method"] == "convex-cells"
    assert one.verdict is other.verdict is Verdict.PROVED
    for key in ("interval", "value"):
        assert [piece[key] for piece in one.document["pieces"]] == [
            piece[key] for piece in other.document["pieces"]
        ]
    assert one.document["breakpoints"] == other.document["breakpoints"]


def chain(seed: int) -> Problem:
    """Two weights, no bias; small numbers, repeated examples, walls that bind."""
    r = random.Random(f"chain {seed}")
    examples = r.choice([1, 2, 3, 4])
    inputs = [[F(r.randint(-4, 4), r.choice([1, 2]))] for _ in range(examples)]
    targets = [F(r.randint(-4, 4), r.choice([1, 2])) for _ in range(examples)]
    if examples > 1 and r.random() < 0.3:
        inputs[-1] = inputs[0]
    model = FeedForward(
        [1, 1],
        activation(*r.choice([*PAIRS, ("identity", "abs")])),
        bias=False,
        output_weights=r.choice([[1], [-1], [2]]),
        output_bias=r.choice([0, 0, 1]),
    )
    interval, box = r.choice([(0, 1), (F(1, 4), F(3, 4))]), r.choice([(-2, 2), (-1, 2), (0, 3)])
    return Problem(model, inputs=inputs, targets=targets, interval=interval, box=box)


@pytest.mark.parametrize("seed", range(24))
def test_chains_agree_with_all_strata(seed: int) -> None:
    """Exact values, and breakpoints from samples, by a certified second route."""
    problem = chain(seed)
    dual = pieceproof.analyze(problem)
    assert dual.verdict is Verdict.PROVED, dual.report
    strata = Strata(problem)
    lower, upper = problem.interval
    for k in range(9):
        alpha = lower + (upper - lower) * F(k, 8)
        sample = strata.sample(alpha)
        assert sample.lower <= dual(alpha) <= sample.upper
    try:
        found = sweep(strata.sample, problem.interval, 8, 4).breaks
    except Ambiguous:  # minimisers that are not unique
        return
    assert [str(b.kind) for b in dual.breakpoints] == [kind for kind, _, _ in found]
    for point, (_, low, high) in zip(dual.breakpoints, found, strict=True):
        assert to_fraction(point.alpha.lower) <= high
        assert low <= to_fraction(point.alpha.upper)


# -- traps -----------------------------------------------------------------------------


def trap(**changes: Any) -> pieceproof.CertifiedDual:
    options: dict[str, Any] = {
        "pair": ("relu", "identity"),
        "hidden": [1, 1],
        "interval": (0, 1),
        "box": (-5, 5),
        "reduction": "sum",
        "model": {"output_weights": [1], "bias": True, "output_bias": 0},
    }
    dual = pieceproof.analyze(random_problem(0, **{**options, **changes}))
    assert dual.verdict is Verdict.PROVED, dual.report
    return dual


def values(dual: pieceproof.CertifiedDual) -> list[Fraction]:
    return [dual(F(k, 7)) for k in range(8)]


def test_exact_interpolation_is_one_piece() -> None:
    """A line through two points, and a constant; the identity of both layers does it."""
    dual = trap(inputs=[[0], [1]], targets=[F(1, 2), 1])
    assert values(dual) == [0] * 8
    assert len(dual.pieces) == 1


def test_duplicate_points_with_different_targets() -> None:
    """The least residuals of equal inputs are half their difference, whatever α is."""
    dual = trap(inputs=[[1], [1], [2], [2]], targets=[0, 1, 1, 2])
    assert values(dual) == [1] * 8


def test_inputs_of_zero_without_bias() -> None:
    """σ(u·σ(w·0)) = 0: the example costs its target."""
    model = {"output_weights": [1], "bias": False, "output_bias": 0}
    dual = trap(inputs=[[0], [1]], targets=[3, 1], model=model)
    assert values(dual) == [9] * 8


def test_a_minimum_on_a_corner_of_the_box() -> None:
    """Targets far beyond what the box allows: all parameters at walls."""
    dual = trap(inputs=[[1], [2]], targets=[100, 100], box=(0, 1))
    # w = b = u = b' = 1: ŷ = 1·(x + 1) + 1.
    assert values(dual) == [97**2 + 96**2] * 8
    part = dual.document["pieces"][0]["parts"][0]
    assert sorted(part["active"]) == ["b1:upper", "b2.1:upper", "w1_x1:upper"]


def test_a_network_that_is_zero_at_one_alpha() -> None:
    """α·|z| − (1−α)·|z| vanishes at α = 1/2: only the output bias is left there."""
    from piecewise.activations import custom

    pair = Interpolated(CATALOGUE["abs"], custom([0], [[0, 1], [0, -1]]))
    model = FeedForward([1, 1], pair, output_bias=0)
    dual = pieceproof.analyze(
        Problem(model, inputs=[[1], [-1]], targets=[1, -2], interval=(0, 1), box=(-4, 4))
    )
    assert dual.verdict is Verdict.PROVED
    assert dual(F(1, 2)) == F(5, 2)


def test_a_dead_end_of_the_interval() -> None:
    """At α = 1 of (relu, identity) a dead network predicts 0, at the cost of all y²."""
    dual = trap(inputs=[[-1], [1], [2]], targets=[-1, -2, -3])
    assert dual(1) == 14
    assert dual(0) < F(1, 2)


def kept(document: dict[str, Any]) -> dict[str, Any]:
    """What must be the same for all runs."""
    return {key: value for key, value in document.items() if key not in ("digest", "provenance")}


def test_the_document_does_not_depend_on_the_workers() -> None:
    problem = random_problem(0, inputs=[[-2], [-1], [1], [2], [3]], targets=[1, 0, 2, 1, 0])
    one, two = (pieceproof.analyze(problem, jobs=jobs).document for jobs in (1, 2))
    assert kept(one) == kept(two)


def test_cells_are_found_once_and_sent_and_kept(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that goes on, and one with workers, states the same cells without looking for them."""
    problem = random_problem(0, inputs=[[-2], [-1], [1], [2], [3]], targets=[1, 0, 2, 1, 0])
    path = tmp_path / "work.sqlite"
    first = pieceproof.analyze(problem, cache=path)
    cells = NestedCells(problem)
    again = pickle.loads(pickle.dumps(cells.again()))  # noqa: S301 - as it is sent to a worker

    def searched(*_: Any) -> None:
        raise AssertionError("the cells are known")

    monkeypatch.setattr(nested_cells, "spells", searched)
    assert again().cells == cells.cells
    assert kept(pieceproof.analyze(problem, cache=path).document) == kept(first.document)


def test_a_cell_that_is_remembered_wrongly_is_no_proof(tmp_path: Any) -> None:
    """What an earlier run kept is only believed by the search; the checker finds all cells."""
    problem = random_problem(0)
    path = tmp_path / "work.sqlite"
    with opened(path, problem) as store:
        spells = store.spells
        NestedCells(problem, memory=spells)
        spells.flush()
        first = spells.spells(1)
        assert first
        spells.keep_spells(1, first[:-1])
        spells.flush()
    dual = pieceproof.analyze(problem, cache=path)
    assert not dual.report.accepted
    assert dual.verdict is Verdict.UNRESOLVED


@pytest.mark.parametrize("seed", range(12))
def test_patterns_within_a_cone_are_those_of_all_with_its_signs(seed: int) -> None:
    """Rows that turn, repeated and opposite ones among them: the search and the checker, each with
    given signs, against all patterns of the search filtered."""
    r = random.Random(seed)
    width, fixed, turning = r.choice([(2, 3, 3), (3, 4, 3), (3, 5, 2), (4, 4, 3)])
    rows: dict[int, Any] = {}
    while len(rows) < fixed + turning:
        degrees = [0 if len(rows) < fixed else 1] * width
        row = tuple(fmpz_poly([r.randint(-2, 2) for _ in range(d + 1)]) for d in degrees)
        if rows and r.random() < 0.2:
            row = tuple(r.choice((-1, 2)) * p for p in rows[r.choice(list(rows))])
        if any(row):
            rows[3 * len(rows)] = row
    whole = Interval.rational(fmpq(-1), fmpq(3, 2))
    every, _ = spells(rows, whole, 10_000)

    def ends(spell: Any) -> tuple[Any, Any]:
        return spell.interval.lower, spell.interval.upper

    nodes = list(rows)[: r.choice((fixed, fixed, fixed + 1))]
    sides = {tuple(j in spell.active for j in nodes) for spell in every}
    for side in r.sample(sorted(sides), min(8, len(sides))):
        given = dict(zip(nodes, side, strict=True))
        expected = {
            (frozenset(spell.active), str(spell.interval))
            for spell in every
            if tuple(j in spell.active for j in nodes) == side
        }
        found, complete = spells(rows, whole, 10_000, known=given)
        assert complete
        assert {(frozenset(e.active), str(e.interval)) for e in found} == expected
        checked = find_spells(rows, CheckedInterval(exactly(fmpq(-1)), exactly(fmpq(3, 2))), given)
        assert {
            (e.active, *(round(float(str(end)), 7) for end in (e.interval.start, e.interval.end)))
            for e in checked
        } == {(frozenset(e.active), *(round(float(end), 7) for end in ends(e))) for e in found}
    impossible = set(product((False, True), repeat=len(nodes))) - sides
    for side in sorted(impossible)[:3]:
        assert spells(rows, whole, 10_000, known=dict(zip(nodes, side, strict=True)))[0] == []


def test_no_time_is_an_honest_answer() -> None:
    problem = random_problem(0)
    dual = pieceproof.analyze(problem, seconds=0)
    assert dual.verdict in (Verdict.UNRESOLVED, Verdict.PROVED)
    full = pieceproof.analyze(problem)
    lower, upper = problem.interval
    assert all(dual(alpha) >= full(alpha) for alpha in (lower, (lower + upper) / 2, upper))


# -- mutations -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proved() -> dict[str, Any]:
    return pieceproof.analyze(random_problem(4)).document


def numbers(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where numbers and rationals stand."""
    if isinstance(value, dict):
        return [p for key, entry in value.items() for p in numbers(entry, (*path, key))]
    if isinstance(value, list):
        return [p for key, entry in enumerate(value) for p in numbers(entry, (*path, key))]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    is_rational = isinstance(value, str) and value.lstrip("-").replace("/", "").isdigit()
    return [path] if is_number or is_rational else []


def test_changed_numbers_are_rejected(proved: dict[str, Any]) -> None:
    """Numbers of the claims and proofs; what is only shown (approx) is no rational."""
    r = random.Random(1)
    members = ("charts", "cells", "proofs", "pieces")
    places = [p for name in members for p in numbers(proved[name], (name,))]
    for path in r.sample(places, min(len(places), 60)):
        changed = copy.deepcopy(proved)
        node = changed
        for key in path[:-1]:
            node = node[key]
        old = node[path[-1]]
        node[path[-1]] = old + 1 if isinstance(old, int) else str(F(old) + F(1, 7))
        changed["digest"] = digest(changed)
        try:
            accepted = verify(changed).accepted
        except CertificateError:
            continue
        assert not accepted, (path, old)


def test_a_missing_cell_is_noticed(proved: dict[str, Any]) -> None:
    changed = copy.deepcopy(proved)
    last = len(changed["cells"]) - 1
    changed["cells"].pop()
    changed["proofs"] = [each for each in changed["proofs"] if each["cell"] != [last]]
    changed["digest"] = digest(changed)
    assert not verify(changed).accepted
