"""Validation loss: exact curves against brute force over all minimisers of the training loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from flint import fmpq, fmpq_mat
from oracle_faces import to_flint
from oracle_fits import best_fit
from oracle_pointwise import least
from test_kinked_duals import FAMILIES

from geometry.best_fits import BestFits, Contribution
from geometry.search import exact_dual
from geometry.validation import Task, perform, validation_dual
from pieceproof import analyze
from pieceproof.cli import main
from pieceproof.specfile import load_problem
from pieceproof.verify import load
from piecewise import Examples, Linear, Penalty, Problem
from piecewise.objective import ConvexObjective
from piecewise.problems import copied

LINEAR = tuple(name for name in FAMILIES if "unit" not in name and "step" not in name)
NETWORKS = ("unit with lasso", "unit with elastic net", "unit with ridge")
INSTANCES = 20
EXAMPLES = Path(__file__).parent.parent / "examples"


def held_out(problem: Problem, random: Random) -> Problem:
    """The problem with two or three held-out examples."""
    width = len(problem.inputs[0])

    def number() -> Fraction:
        return Fraction(random.randint(-5, 5), random.choice((1, 2)))

    rows = [[number() for _ in range(width)] for _ in range(random.choice((2, 3)))]
    return copied(problem, Examples(rows, [number() for _ in rows]))


def best_loss(problem: Problem, alpha: Fraction) -> Fraction:
    """min g over the convex hull of all extreme minimisers of f, for a linear model.

    On the hull of affinely independent minimisers, with the residuals of some held-out examples
    held at 0 for the absolute loss, the least value is at a stationary point or on a face.
    """
    _, found = least(problem.training(), alpha)
    points = [[Fraction(str(c)) for c in point] for point, _ in found]
    return min(
        problem.validation_loss(alpha, w)
        for size in range(1, len(points[0]) + 2)
        for corners in combinations(points, size)
        for w in _candidates(problem, corners)
    )


def _candidates(
    problem: Problem, corners: Sequence[Sequence[Fraction]]
) -> Iterator[Sequence[Fraction]]:
    """Points of the simplex: stationary for the squared loss, else vertices of the kinks."""
    origin, *others = corners
    edges = [[a - b for a, b in zip(p, origin, strict=True)] for p in others]
    if not edges:
        yield origin
        return
    if fmpq_mat([[_q(c) for c in edge] for edge in edges]).rank() < len(edges):
        return
    rows, levels = [], []
    for x, y in zip(problem.validation.inputs, problem.validation.targets, strict=True):
        row = (*x, Fraction(1)) if problem.model.bias else x
        rows.append([_q(_dot(row, edge)) for edge in edges])
        levels.append(_q(y - _dot(row, origin)))
    if problem.loss == "squared":
        design = fmpq_mat(rows)
        gram = design.transpose() * design
        systems: Iterable[tuple[fmpq_mat, fmpq_mat]] = [
            (gram, design.transpose() * fmpq_mat(len(levels), 1, levels))
        ]
    else:
        systems = (
            (fmpq_mat([rows[t] for t in chosen]), fmpq_mat([[levels[t]] for t in chosen]))
            for chosen in combinations(range(len(rows)), len(edges))
        )
    for matrix, right in systems:
        if matrix.rank() < len(edges):
            continue
        steps = [Fraction(str(s)) for s in matrix.solve(right).entries()]
        if min(steps) >= 0 and sum(steps) <= 1:
            yield [
                o + sum(s * edge[i] for s, edge in zip(steps, edges, strict=True))
                for i, o in enumerate(origin)
            ]


def _q(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def sampled(problem: Problem, dual) -> set[Fraction]:
    """Ends of A, a point of some pieces, rational breakpoints and events with a best minimiser."""
    alphas = set(problem.interval)
    alphas |= {Fraction(str(piece.interval.sample())) for piece in dual.pieces[:3]}
    alphas |= {b.alpha.as_rational() or problem.interval[0] for b in dual.breakpoints[:3]}
    return alphas | {Fraction(str(best.lower.lower)) for _, best in dual.best[:3]}


@pytest.mark.parametrize("family", LINEAR)
def test_curves_of_linear_models_are_proved_and_agree_with_brute_force(family: str) -> None:
    for seed in range(INSTANCES):
        random = Random(seed)
        problem = held_out(FAMILIES[family](random), random)
        dual = analyze(problem)
        assert dual.report.accepted, (seed, dual.report)
        for alpha in sampled(problem, dual):
            assert dual(alpha) == best_loss(problem, alpha), (seed, alpha)


@pytest.mark.parametrize("family", NETWORKS)
def test_curves_of_networks_are_proved_and_agree_with_brute_force(family: str) -> None:
    for seed in range(INSTANCES):
        random = Random(seed)
        problem = held_out(FAMILIES[family](random), random)
        dual = analyze(problem)
        assert dual.report.accepted, (seed, dual.report)
        for alpha in sampled(problem, dual):
            assert dual(alpha) == best_fit(problem, alpha), (seed, alpha)


def test_a_repeated_column_leaves_the_split_of_its_weight_to_the_held_out_examples() -> None:
    """Columns x and 3 times x: the lasso prefers the longer one; with equal columns any split
    of the weight is optimal, and the held-out examples choose."""
    problem = Problem(
        Linear(),
        inputs=[[1, 1], [2, 2], [-1, -1]],
        targets=[2, 3, -1],
        interval=(0, 8),
        penalty=Penalty.of("l1"),
        reduction="sum",
        validation=Examples([[1, 0], [0, 1]], [1, 0]),
    )
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    assert any(fit.optimistic for fit in dual.fits.values())
    for alpha in (0, 1, Fraction(7, 2), 8):
        assert dual(alpha) == best_loss(problem, Fraction(alpha))


def test_an_edge_of_minimisers_at_one_alpha_is_an_isolated_value() -> None:
    """|w| + ... : at the α where an edge of minimisers appears ℓ* is below both limits."""
    problem = Problem(
        Linear(),
        inputs=[[1]],
        targets=[2],
        interval=(0, 2),
        loss="absolute",
        penalty=Penalty.of("l1"),
        validation=Examples([[1]], [1]),
    )
    dual = analyze(problem)
    assert dual.report.accepted, dual.report
    assert [str(b.kind) for b in dual.breakpoints] == ["jump"]
    assert (dual(Fraction(1, 2)), dual(1), dual(Fraction(3, 2))) == (1, 0, 1)
    assert [place.lower.as_rational() for place in dual.minimum().places] == [1]
    assert dual.oscillations() == 2


def test_a_budget_that_runs_out_in_training_leaves_the_loss_of_what_is_found(
    tmp_path, capsys
) -> None:
    """All of A is open; going on in the same folder gives what one run gives."""
    spec, out = EXAMPLES / "tuning.toml", tmp_path / "out"
    assert main(["analyze", str(spec), "--out", str(out), "--seconds", "0"]) == 3
    shown = " ".join(capsys.readouterr().out.split())
    assert "31 of 32 cells" in shown
    assert shown.startswith("The held-out loss of the best fits found, not proved")
    document = load(out / "result.json")
    assert document["open"] == [["0", "99/100"]]
    assert (out / "unfinished.sqlite").exists()
    assert main(["evaluate", str(out / "result.json"), "1/2"]) == 3
    assert "(best fit found)" in capsys.readouterr().out
    assert main(["analyze", str(spec), "--out", str(out)]) == 0
    assert load(out / "result.json")["pieces"] == analyze(spec).document["pieces"]


def test_a_budget_that_runs_out_after_training_leaves_open_intervals() -> None:
    """Cells that are not searched are open where they attain the training dual, and only there."""
    problem = load_problem(EXAMPLES / "tuning.toml")
    training = exact_dual(ConvexObjective(problem.training()))
    fits = BestFits(problem, training.objective, training.pieces)
    whole = validation_dual(fits, training)
    for allowed in (0, 8, 24):
        done = iter(range(100))

        def carry(
            tasks: Sequence[Task], done: Iterator[int] = done, most: int = allowed
        ) -> Iterator[list[Contribution | None]]:
            for task in tasks:
                yield [own if next(done) < most else None for own in perform(fits, task)]

        partial = validation_dual(fits, training, carry)
        assert str(partial.claim) == "unresolved"
        assert f"{32 - allowed} of 32 cells" in partial.reasons[0]
        for k in range(1, 100):
            alpha = Fraction(99 * k, 10000)
            value = to_flint(alpha)
            is_open = any(
                lower.compare_rational(value) <= 0 <= upper.compare_rational(value)
                for lower, upper in partial.open
            )
            assert partial(alpha) == whole(alpha) or (is_open and partial(alpha) > whole(alpha))
