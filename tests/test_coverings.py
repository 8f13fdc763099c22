"""Zero-one duals by coverings: planted instances, brute force, traps, and changed documents."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from certificates import copied, sealed

import pieceproof
from pieceproof.checking.coverings.covering import Cover
from pieceproof.checking.coverings.slabs import Space
from pieceproof.checking.reading import Node
from pieceproof.cli import main
from pieceproof.covered import CoveredDual, analyze_covered, kept, refusal
from pieceproof.covered import dual as covered_dual
from pieceproof.covered.search import Search
from pieceproof.evaluation import OutsideError
from pieceproof.methods import Options
from pieceproof.problem_document import problem_document
from pieceproof.store import Store
from pieceproof.verify import CertificateError, verify
from piecewise import (
    FeedForward,
    Interpolated,
    NotYetSupported,
    Problem,
    abs_,
    custom,
    hard_tanh,
    identity,
    relu,
    relu2,
    square,
    step,
)

F = Fraction
HALF = F(1, 2)
RELU_SQUARE = Interpolated(relu, square)


def analyzed(problem: Problem, **options: Any) -> CoveredDual:
    """By coverings, also where an exact method would do."""
    return analyze_covered(problem, Options(**options))


def stated(
    inputs: list[list[Fraction | int]],
    targets: list[int],
    *,
    activation: Any = RELU_SQUARE,
    hidden: tuple[int, ...] = (1,),
    box: tuple[int, int] = (-2, 2),
    interval: tuple[Fraction, Fraction] = (F(1, 10), F(9, 10)),
    **network: Any,
) -> Problem:
    return Problem(
        FeedForward(list(hidden), activation, **network),
        inputs=inputs,
        targets=targets,
        interval=interval,
        box=box,
        loss="zero-one",
        reduction="sum",
    )


def fewest_on_a_grid(problem: Problem, alpha: Fraction, steps: int) -> int:
    """The fewest errors over a grid of the box, exactly: not below ℓ*."""
    network = problem.model
    assert isinstance(network, FeedForward)
    axes = [
        [p.lower + (p.upper - p.lower) * F(k, steps) for k in range(steps + 1)]
        for p in problem.parameters
    ]
    signs = (
        list(product((-1, 1), repeat=network.hidden[-1]))
        if network.output_weights == "signs"
        else [None]
    )
    return min(
        sum(
            y * network.predict(alpha, w, x, sign) <= 0
            for x, y in zip(problem.inputs, problem.targets, strict=True)
        )
        for w in product(*axes)
        for sign in signs
    )


@pytest.fixture(scope="module")
def climbing() -> CoveredDual:
    """w·x with |w| ≤ 1 and the threshold 1/2: σ_α(2) = 4 − 2α and σ_α(1) = 1 are above it, and
    σ_α(1/2) = 1/4 + α/4 never, so that only one unit and one parameter decide."""
    return analyzed(
        stated(
            [[2], [1], [HALF], [-1]],
            [1, -1, 1, -1],
            bias=False,
            output_bias=F(-1, 2),
            box=(-1, 1),
        )
    )


def test_one_parameter_against_a_fine_grid(climbing: CoveredDual) -> None:
    assert climbing.report.accepted, climbing.report
    for alpha in (F(1, 5), F(47, 100), F(4, 5)):
        known = climbing(alpha)
        assert known.value == fewest_on_a_grid(climbing.problem, alpha, 400)


def test_jump_where_an_image_passes_the_threshold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """σ_α(w) with w = 1/2 is 1/4 + α/4: it passes 3/8 at α = 1/2, exactly one jump."""
    dual = analyzed(
        stated([[1], [1]], [1, 1], bias=False, output_bias=F(-3, 8), box=(F(-1, 4), F(1, 2)))
    )
    assert dual.report.accepted, dual.report
    ((kind, lower, upper),) = dual.breakpoints
    assert kind == "jump"
    assert lower < HALF < upper
    assert upper - lower < F(1, 10**9)
    assert [piece["errors"] for piece in dual.document["pieces"]] == [2, 0]
    assert dual.counts["discontinuities"] == dual.counts["oscillations"] == 1
    assert dual.document["breakpoints"][0]["value"] == "0"  # the smaller limit
    assert dual(F(1, 4)).value == 2
    assert dual(F(3, 4)).value == 0
    with pytest.raises(OutsideError, match="enclosure of a jump"):
        dual(HALF)
    with pytest.raises(OutsideError, match="outside A"):
        dual(2)
    path = tmp_path / "result.json"
    dual.save(path)
    assert main(["evaluate", str(path), "1/4", "1/2", "--json"]) == 3
    known, open_ = json.loads(capsys.readouterr().out)["evaluations"]
    assert known["value"] == "2"
    assert open_["value"] is None
    assert open_["bounds"] == {"lower": 0, "upper": 2}
    assert "enclosure of a jump" in open_["open"]


def test_two_units_of_opposite_sign(two_jumps: CoveredDual) -> None:
    assert two_jumps.report.accepted, two_jumps.report
    assert [piece["errors"] for piece in two_jumps.document["pieces"]] == [2, 1, 0]
    alphas = [lower for _, lower, _ in two_jumps.breakpoints]
    assert [round(float(alpha), 6) for alpha in alphas] == [0.208259, 0.293671]
    for alpha in (F(3, 20), F(1, 4), F(3, 5)):
        value = two_jumps(alpha).value
        assert value is not None
        assert value <= fewest_on_a_grid(two_jumps.problem, alpha, 40)


@pytest.fixture(scope="module")
def two_jumps() -> CoveredDual:
    tenths = [19, -4, 2, 13, -19, 9, -5, -17]
    return analyzed(
        stated(
            [[F(x, 10)] for x in tenths],
            [-1, -1, 1, 1, -1, 1, -1, -1],
            hidden=(2,),
            bias=False,
            output_weights=[1, -1],
            output_bias=HALF,
            box=(-3, 3),
        )
    )


def test_workers_do_not_change_the_document(two_jumps: CoveredDual) -> None:
    other = analyzed(two_jumps.problem, jobs=2)
    for document in (first := copied(two_jumps.document), second := copied(other.document)):
        del document["provenance"], document["digest"]
    assert first == second


def test_views_of_a_document(two_jumps: CoveredDual, tmp_path: Any) -> None:
    path = tmp_path / "result.json"
    two_jumps.save(path)
    assert verify(two_jumps.document, jobs=2).accepted
    assert "3 pieces, 2 jumps" in repr(two_jumps)
    assert len(two_jumps.plot().axes) == 1
    known = two_jumps(HALF)
    assert dict(known.lines())["ℓ*(1/2)"] == "0"
    assert known.as_json()["bounds"] == ["0", "0"]
    assert known.as_json()["approx"] == 0.0
    w = [known.minimiser[p.name] for p in two_jumps.problem.parameters]
    network = two_jumps.problem.model
    assert isinstance(network, FeedForward)
    for x, y in zip(two_jumps.problem.inputs, two_jumps.problem.targets, strict=True):
        assert y * network.predict(HALF, w, x) > 0


# -- random instances ------------------------------------------------------------------

KINDS: list[dict[str, Any]] = [
    {"output_bias": F(-1, 2)},
    {"output_bias": "trainable", "output_weights": [-1]},
    {"output_bias": 0, "activation": Interpolated(relu2, identity)},
    {"output_bias": HALF, "output_weights": "signs", "activation": Interpolated(square, relu)},
    {"output_bias": F(-1, 4), "activation": Interpolated(hard_tanh, relu2)},
    {"output_bias": HALF, "bias": False, "hidden": (2,), "output_weights": [1, -1]},
]


@pytest.mark.parametrize("seed", range(11))
def test_random_instances_are_not_above_a_grid(seed: int) -> None:
    """ℓ* is proved, at most what a grid of parameters attains, and attained by its witness."""
    r = random.Random(seed)
    rows = [[F(r.randint(-8, 8), 4)] for _ in range(r.randint(3, 6))]
    problem = stated(rows, [r.choice((-1, 1)) for _ in rows], **KINDS[seed % len(KINDS)])
    dual = analyzed(problem)
    assert dual.report.accepted, dual.report
    network = problem.model
    assert isinstance(network, FeedForward)
    for alpha in (F(173, 1009), F(611, 1009)):
        known = dual(alpha)
        steps = 24 if len(problem.parameters) < 3 else 8
        assert known.value is not None
        assert known.value <= fewest_on_a_grid(problem, alpha, steps)
        if known.minimiser:
            w = [known.minimiser[p.name] for p in problem.parameters]
            wrong = sum(
                y * network.predict(alpha, w, x, known.signs or None) <= 0
                for x, y in zip(rows, problem.targets, strict=True)
            )
            assert wrong == known.value


@pytest.mark.parametrize("seed", range(8))
def test_piecewise_linear_instances_agree_with_circuits(seed: int) -> None:
    """Where the exact method serves as well: values, and the intervals that hold the jumps."""
    r = random.Random(seed)
    rows = [[F(r.randint(-8, 8), 4)] for _ in range(r.randint(4, 7))]
    problem = stated(
        rows,
        [r.choice((-1, 1)) for _ in rows],
        activation=r.choice([Interpolated(relu, identity), Interpolated(abs_, relu)]),
        output_bias=r.choice([F(-1, 2), HALF, F(-3, 2)]),
        box=r.choice([(-1, 1), (-1, 2)]),
    )
    exact, dual = pieceproof.analyze(problem), analyzed(problem, seconds=10)
    assert exact.report.accepted
    assert str(dual.report.verdict) != "rejected"
    if dual.report.accepted:
        assert dual.counts["pieces"] == len(exact.pieces)
        assert dual.oscillations() == exact.oscillations()
    for k in range(1, 40):
        alpha = F(1, 10) + F(4, 5) * F(k, 40) + F(1, 1013)
        known = dual(alpha)
        assert known.lower <= exact(alpha) <= known.upper


# -- traps -----------------------------------------------------------------------------


def test_constant_dual_with_opposite_labels_at_one_input() -> None:
    dual = analyzed(stated([[1], [1], [1], [-1]], [1, -1, 1, 1], output_bias=F(-1, 2)))
    assert dual.report.accepted
    assert dual.counts["pieces"] == 1
    assert dual(HALF).value == 1
    assert dual.counts["local_minima"] == dual.counts["local_maxima"] == 1


def test_score_that_is_zero_for_all_parameters() -> None:
    """x = 0 without biases: both labels are errors, whatever α and w are."""
    dual = analyzed(stated([[0], [0], [1]], [1, -1, 1], bias=False))
    assert dual.report.accepted
    assert dual(F(1, 3)).value == 2


def test_jump_at_an_end_of_the_interval_is_none() -> None:
    """w = 1/2: σ_α(1/2) = 1/4 + α/4 passes 3/8 at α = 1/2, the lower end: ℓ* = 0 on all of A."""
    dual = analyzed(
        stated(
            [[1]],
            [1],
            bias=False,
            output_bias=F(-3, 8),
            box=(F(-1, 4), HALF),
            interval=(HALF, F(1)),
        )
    )
    assert [piece["errors"] for piece in dual.document["pieces"]] == [0]
    assert dual(F(3, 4)).value == 0
    assert not dual.document["breakpoints"]


def test_jump_at_a_rational_where_the_activation_degenerates() -> None:
    """σ_α(−w) = (2α − 1)·w with w > 0: the score of x = −1 changes its sign at 1/2, exactly."""
    dual = analyzed(
        stated(
            [[-1]],
            [1],
            activation=Interpolated(abs_, identity),
            bias=False,
            box=(HALF, 1),
        ),
        seconds=20,
    )
    assert dual.report.accepted, dual.report
    assert [piece["errors"] for piece in dual.document["pieces"]] == [1, 0]
    assert dual.breakpoints == [("jump", HALF, HALF)]
    assert dual(HALF).value == 0


def test_a_score_of_one_sign_where_the_network_vanishes_for_one_alpha() -> None:
    """σ_α(z) = (2α − 1)·z² has one sign for all z, also around z = 0: the labels of that sign are
    right, the others wrong, and at α = 1/2 the network is identically zero."""
    negative = custom([], [[0, 0, -1]], name="negative")
    for activation, errors in ((Interpolated(square, negative), [2, 1]), (square, [1])):
        dual = analyzed(
            stated([[1], [2], [-1]], [1, 1, -1], activation=activation, interval=(F(0), F(1))),
            seconds=20,
        )
        assert dual.report.accepted, dual.report
        assert dual.document["verdict"] == "proved"
        assert [piece["errors"] for piece in dual.document["pieces"]] == errors
        assert dual.breakpoints == [("jump", HALF, HALF)] * (len(errors) - 1)


@pytest.mark.parametrize(
    ("inputs", "targets", "network", "errors"),
    [
        # All scores vanish at w = 0, b = ±1, for every α: σ_α(1) = 1.
        (
            [0, "-7/2", "-7/2", "-7/4", "9/2", 5, "10/3", "11/2", "2/3", "11/4"],
            [-1, 1, 1, 1, 1, -1, 1, -1, 1, 1],
            {"output_bias": -1},
            {2, 3, 4},
        ),
        # All scores vanish at α = 1 and c = 0 where no example reaches the unit.
        (
            ["3/2", "-8/3", "7/3", 2, "-5/2", -4, -1, "-5/2"],
            [1, 1, -1, -1, -1, 1, -1, -1],
            {"output_weights": [-1], "output_bias": "trainable"},
            {1},
        ),
    ],
)  # fmt: skip
def test_scores_that_vanish_together_at_walls_and_ends(
    inputs: Any, targets: list[int], network: dict[str, Any], errors: set[int]
) -> None:
    """Order and sign survive there: products and sums that are exact are not moved outwards, and a
    piece of σ_α that is met only at its end does not count."""
    rows = [[F(x)] for x in inputs]
    problem = stated(rows, targets, box=(-1, 1), interval=(F(0), F(1)), **network)
    dual = analyzed(problem, seconds=60)
    assert dual.report.accepted, dual.report
    assert {piece["errors"] for piece in dual.document["pieces"]} == errors
    for alpha in (F(1, 97), F(1, 2), F(90, 97), F(999, 1000)):
        assert dual(alpha).value <= fewest_on_a_grid(problem, alpha, 12)


def test_compiling_comes_before_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[float] = []

    class Stopped(Exception):
        pass

    def compiled(space: Space) -> None:
        sleep(0.05)

    def search(space: Space, options: Options, kept: Any) -> None:
        started.append(options.start)
        raise Stopped

    monkeypatch.setattr(covered_dual, "compile_loops", compiled)
    monkeypatch.setattr(covered_dual, "Search", search)
    options = Options(seconds=1)
    with pytest.raises(Stopped):
        analyze_covered(stated([[1]], [1]), options)
    assert started[0] >= options.start + 0.05


def test_the_checker_keeps_its_time() -> None:
    """What was covered for slabs is covered again: the search stops so much earlier."""
    problem = stated([[1], [2]], [1, -1])
    space = Space(Node(problem_document(problem), "problem"))
    search = Search(space, Options(seconds=1000))
    assert not search.is_late()
    slab = space.interval
    assert search.coverings.cover(slab, 0, most=1000).done
    assert 0 < search.coverings.seconds < 100
    assert search.is_late(more=900)
    assert not Search(space, Options(seconds=1000, jobs=2)).is_late(more=900)


def test_budget_leaves_an_honest_document() -> None:
    rows = [[F(r, 4), F(r * r % 7, 4)] for r in range(-4, 4)]
    problem = stated(rows, [1, -1, 1, -1, -1, 1, 1, -1], hidden=(2,), output_weights=[1, -1])
    dual = analyzed(problem, seconds=1e-3)
    assert str(dual.report.verdict) == "unresolved"
    assert dual.open
    assert dual.counts["local_minima"] is None
    known = dual(HALF)
    assert known.lower <= known.upper


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (stated([[1]], [1], activation=Interpolated(step, square)), "continuous"),
        (stated([[1]], [1], box=(-(10**70), 10**70)), "smaller"),
    ],
)
def test_refusals_say_why(problem: Problem, reason: str) -> None:
    assert reason in (refusal(problem) or "")
    with pytest.raises(NotYetSupported, match=reason):
        pieceproof.analyze(problem)


# -- changed documents -----------------------------------------------------------------


def _fewer(document: dict[str, Any]) -> None:
    for slab in document["slabs"]:
        slab["errors"] = [max(0, k - 1) for k in slab["errors"]]


def _more(document: dict[str, Any]) -> None:
    for slab in document["slabs"]:
        slab["errors"] = [k + 1 for k in slab["errors"]]


def _shifted_jump(document: dict[str, Any]) -> None:
    jump = next(slab for slab in document["slabs"] if slab["kind"] == "jump")
    width = F(jump["interval"][1]) - F(jump["interval"][0])
    jump["alpha"] = [str(F(end) + width / 8) for end in jump["alpha"]]


def _other_way(document: dict[str, Any]) -> None:
    jump = next(slab for slab in document["slabs"] if slab["kind"] == "jump")
    jump["errors"] = jump["errors"][::-1]


def _no_jump(document: dict[str, Any]) -> None:
    """A slab of a jump as a constant one."""
    jump = next(slab for slab in document["slabs"] if slab["kind"] == "jump")
    del jump["cells"], jump["alpha"]
    jump["kind"], jump["errors"] = "constant", [min(jump["errors"])] * 2


def _wide_box(document: dict[str, Any]) -> None:
    jump = next(slab for slab in document["slabs"] if slab["kind"] == "jump")
    jump["cells"][0]["radius"] = [100 * r for r in jump["cells"][0]["radius"]]


def _other_score(document: dict[str, Any]) -> None:
    jump = next(slab for slab in document["slabs"] if slab["kind"] == "jump")
    free = next(f"e{k}" for k in range(1, 9) if f"e{k}" not in jump["cells"][0]["right"])
    jump["cells"][0]["right"][0] = free


def _other_witness(document: dict[str, Any]) -> None:
    slab = next(slab for slab in document["slabs"] if slab["kind"] == "constant")
    slab["witnesses"][0]["minimiser"] = ["0"] * len(document["problem"]["parameters"])


def _outside(document: dict[str, Any]) -> None:
    slab = next(slab for slab in document["slabs"] if slab["kind"] == "constant")
    slab["witnesses"][0]["minimiser"][0] = "1000"


def _label(document: dict[str, Any]) -> None:
    targets = document["problem"]["data"]["targets"]
    targets[0] = str(-int(targets[0]))


def _piece(document: dict[str, Any]) -> None:
    document["pieces"][0]["value"] = "7"


def _count(document: dict[str, Any]) -> None:
    document["counts"]["oscillations"] += 1


def _gap(document: dict[str, Any]) -> None:
    del document["slabs"][0]


def _unknown(document: dict[str, Any]) -> None:
    document["slabs"][0]["extra"] = 1


@pytest.mark.parametrize(
    "change",
    [
        _fewer, _more, _shifted_jump, _other_way, _no_jump, _wide_box, _other_score,
        _other_witness, _outside, _label, _piece, _count, _gap, _unknown,
    ],
)  # fmt: skip
def test_changed_documents_are_refused(
    two_jumps: CoveredDual, change: Callable[[dict[str, Any]], None]
) -> None:
    document = copied(two_jumps.document)
    change(document)
    try:
        report = verify(sealed(document))
    except CertificateError:
        return
    assert str(report.verdict) == "rejected"


def test_a_changed_digest_is_refused(two_jumps: CoveredDual) -> None:
    document = copied(two_jumps.document)
    document["provenance"]["jobs"] += 1
    assert not verify(document).accepted


def test_an_interrupted_run_goes_on_with_what_it_covered(
    climbing: CoveredDual, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, path = Store.put, tmp_path / "kept"

    def interrupted(store: Store, task: Any, result: Any) -> None:
        put(store, task, result)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", interrupted)
        with pytest.raises(KeyboardInterrupt):
            analyzed(climbing.problem, cache=path)
    analyzed(climbing.problem, cache=path)

    def covers(*arguments: Any) -> Cover:
        raise AssertionError("this was covered before")

    monkeypatch.setattr(kept, "cover", covers)
    for jobs in (1, 2):
        again = analyzed(climbing.problem, cache=path, jobs=jobs)
        for key in ("slabs", "pieces", "breakpoints", "counts", "verdict"):
            assert again.document[key] == climbing.document[key]


def test_two_labels_at_one_input_cost_one_error_whatever_the_score() -> None:
    """Also where the point 0 of the box, with the score −1, is the only witness looked at."""
    dual = analyzed(stated([[1], [1]], [1, -1], output_bias=-1, box=(-10, 10)))
    assert dual.counts["pieces"] == 1
    assert not dual.open
    assert dual(F(7, 10)).value == 1
