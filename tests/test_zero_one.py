"""Zero-one loss of graph convolutions: brute force, the karate club, traps, mutations."""

from __future__ import annotations

import copy
import random
from fractions import Fraction
from math import gcd, lcm
from typing import Any

import pytest
from oracle_zero_one import least_errors

import pieceproof
from geometry.cases import is_general
from geometry.regions import regions
from geometry.verdicts import Verdict
from pieceproof.certificate import digest
from pieceproof.evaluation import evaluate
from pieceproof.verify import verify
from piecewise import GraphConvolution, Problem
from piecewise.exact import to_fmpq, to_fraction

F = Fraction
BOXES = [(-1, 1), (-1, 1), (0, 1), (F(1, 2), 2)]


def random_problem(seed: int) -> Problem:
    """A small graph with small integer features, some rows equal."""
    r = random.Random(seed)
    n, d = r.randint(3, 6), r.choice([1, 2, 2, 3])
    names = [str(i) for i in range(n)]
    edges = [
        (a, b, F(r.randint(0, 4), r.choice([1, 1, 2])))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if r.random() < 0.5
    ]
    graph = GraphConvolution(names, edges, degree=r.choice([1, 1, 2, 3]), power=r.choice([1, 1, 2]))
    inputs = [[r.randint(-2, 2) for _ in range(d)] for _ in range(n)]
    if r.random() < 0.3:
        inputs[1] = inputs[0]
    return Problem(
        graph,
        inputs=inputs,
        targets=[r.choice([-1, 1]) for _ in range(n)],
        interval=(0, r.choice([1, 3, 10])),
        box=r.choice(BOXES),
        loss="zero-one",
        reduction="sum",
    )


def brute_force(problem: Problem, alpha: Fraction) -> int:
    """ℓ*(α) over the open cells of the slice, the scores by powers of Â."""
    graph = problem.model
    assert isinstance(graph, GraphConvolution)
    rows = node_rows(problem, alpha)
    chosen = [(*rows[t], F(0)) for t in graph.training]
    walls = []
    for i, parameter in enumerate(problem.parameters):
        for sign, wall in ((1, parameter.lower), (-1, parameter.upper)):
            row = [F(0)] * (len(problem.parameters) + 1)
            row[i], row[-1] = F(sign), -sign * wall
            walls.append(tuple(row))
    return least_errors(chosen, [int(y) for y in problem.targets], walls)


def general(problem: Problem, alpha: Fraction) -> bool:
    """Whether no boundary conditions degenerate at α: there the slice has all the cells."""
    return all(
        is_general(region.case(problem.targets), to_fmpq(alpha)) for region in regions(problem)
    )


@pytest.mark.parametrize("seed", range(200, 222))
def test_random_instances_agree_with_brute_force(seed: int) -> None:
    problem = random_problem(seed)
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    r = random.Random(seed)
    alphas = [to_fraction(piece.interval.sample()) for piece in dual.pieces]
    alphas += [F(r.randint(0, 10**6), 10**6) * problem.interval[1] for _ in range(2)]
    for alpha in alphas:
        if general(problem, alpha):
            assert dual(alpha) == brute_force(problem, alpha)


@pytest.mark.parametrize("seed", [203, 210, 217])
def test_witnesses_attain_the_value(seed: int) -> None:
    """In the interior of a part the stated parameters make exactly the stated errors."""
    problem = random_problem(seed)
    document = pieceproof.analyze(problem).document
    lower, upper = problem.interval
    for k in range(1, 20):
        alpha = lower + (upper - lower) * F(2 * k + 1, 43)
        found = evaluate(document, alpha)
        w = list(found.minimiser.values())
        for value, parameter in zip(w, problem.parameters, strict=True):
            assert parameter.lower <= value <= parameter.upper
        assert problem.value(alpha, w) == found.value


def karate(degree: int, power: int, features: list[str]) -> Problem:
    import networkx

    club = networkx.karate_club_graph()
    columns = {
        "degree": lambda i: club.degree(i),
        "one": lambda i: 1,
        "strength": lambda i: club.degree(i, weight="weight"),
    }
    return Problem(
        GraphConvolution(
            [str(i) for i in club],
            [(str(a), str(b), w["weight"]) for a, b, w in club.edges(data=True)],
            degree=degree,
            power=power,
        ),
        inputs=[[int(columns[name](i)) for name in features] for i in club],
        targets=[1 if club.nodes[i]["club"] == "Mr. Hi" else -1 for i in club],
        interval=(0, 10),
        box=(-1, 1),
        loss="zero-one",
        reduction="sum",
        features=features,
    )


@pytest.fixture(scope="module")
def club() -> pieceproof.CertifiedDual:
    return pieceproof.analyze(karate(1, 1, ["degree", "one"]))


def test_the_karate_club(club: pieceproof.CertifiedDual) -> None:
    """12 errors up to 0.186332, 11 up to 0.447074, 12 after."""
    assert [piece.value(to_fmpq(F(0))) for piece in club.pieces] == [12, 11, 12]
    assert [point.alpha.decimal(6) for point in club.breakpoints] == ["0.186332", "0.447074"]
    assert [str(point.kind) for point in club.breakpoints] == ["jump", "jump"]
    assert all(point.alpha.polynomial.degree() == 2 for point in club.breakpoints)
    assert club.oscillations() == 2
    (minimum,) = club.minimum().places
    assert (minimum.lower_open, minimum.upper_open) == (False, False)
    assert [(e.lower_open, e.upper_open) for e in club.local_maxima] == [
        (False, True),
        (True, False),
    ]
    assert club.document["counts"]["discontinuities"] == 2


def test_a_time_budget_leaves_an_honest_rest() -> None:
    problem = karate(1, 2, ["degree", "one"])
    full = pieceproof.analyze(problem)
    for seconds in (0, 0.02, 0.1):
        partial = pieceproof.analyze(problem, seconds=seconds)
        if partial.claim is Verdict.PROVED:
            continue
        assert partial.verdict is Verdict.UNRESOLVED
        assert "time budget" in partial.document["reasons"][0]
        for alpha in (0, F(1, 3), 1, 2, 5, 10):
            assert partial(alpha) >= full(alpha)
            assert evaluate(partial.document, F(alpha)).value == partial(alpha)
    assert pieceproof.analyze(problem, seconds=0)(0) == 34


def node_rows(problem: Problem, alpha: Fraction) -> list[tuple[Fraction, ...]]:
    """The score rows Âᵏ X by powers of Â."""
    graph = problem.model
    assert isinstance(graph, GraphConvolution)
    rows = [tuple(row) for row in problem.inputs]
    propagation = graph.propagation(alpha)
    for _ in range(graph.power):
        rows = [
            tuple(sum((w * rows[j][c] for j, w in row.items()), F(0)) for c in range(len(rows[0])))
            for row in propagation
        ]
    return rows


def angular_sweep(rows: list[tuple[int, ...]], labels: list[int]) -> int:
    """The fewest errors of a score row_t·(cos θ, sin θ): a little to either side of each ray on
    which a row vanishes."""
    best = len(rows)
    for x, y in rows:
        products = [b * x - a * y for a, b in rows]
        along = [a * x + b * y for a, b in rows]
        for side in (1, -1):
            for tilt in (1, -1):
                errors = sum(
                    label * (side * p or tilt * q) <= 0
                    for p, q, label in zip(products, along, labels, strict=True)
                )
                best = min(best, errors)
    return best


def least_errors_at(problem: Problem, alpha: Fraction) -> int:
    """ℓ*(α) for two or three features, counted in integers.

    Every cell in space has a facet on the plane of some row: the cells of the arrangement in
    that plane, taken to either side of it.
    """
    rows = [integer_row(row) for row in node_rows(problem, alpha)]
    labels = [int(y) for y in problem.targets]
    if len(rows[0]) == 2:
        return angular_sweep(rows, labels)
    best = len(rows)
    for a, b, c in {integer_row(tuple(map(F, row))) for row in rows}:
        basis = ((-b, a, 0), (-c, 0, a)) if a else ((1, 0, 0), (0, -c, b))
        within, outer, across = [], [], []
        for row, label in zip(rows, labels, strict=True):
            flat = tuple(sum(p * q for p, q in zip(row, e, strict=True)) for e in basis)
            if any(flat):
                within.append(flat)
                outer.append(label)
            else:
                across.append(label * (row[0] * a + row[1] * b + row[2] * c))
        aside = min(sum(side * p <= 0 for p in across) for side in (1, -1))
        best = min(best, aside + angular_sweep(within, outer))
    return best


def integer_row(row: tuple[Fraction, ...]) -> tuple[int, ...]:
    """The positive multiple of a row with coprime integers."""
    scale = lcm(*(entry.denominator for entry in row))
    entries = [int(entry * scale) for entry in row]
    common = gcd(*entries) or 1
    return tuple(entry // common for entry in entries)


def test_the_karate_club_at_random_alphas(club: pieceproof.CertifiedDual) -> None:
    r = random.Random(0)
    for _ in range(100):
        alpha = F(r.randint(0, 10**6), 10**5)
        assert club(alpha) == least_errors_at(club.problem, alpha)


@pytest.mark.slow
@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("power", [1, 2, 3])
def test_karate_clubs_agree_with_sweeps(degree: int, power: int) -> None:
    problem = karate(degree, power, ["degree", "one"])
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    r = random.Random(degree + 10 * power)
    alphas = [to_fraction(piece.interval.sample()) for piece in dual.pieces]
    for alpha in [*alphas, *(F(r.randint(0, 10**6), 10**5) for _ in range(2000))]:
        assert dual(alpha) == least_errors_at(problem, alpha)


@pytest.mark.slow
@pytest.mark.parametrize(("degree", "power"), [(1, 1), (2, 2)])
def test_karate_clubs_with_three_features(degree: int, power: int) -> None:
    problem = karate(degree, power, ["degree", "one", "strength"])
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted, dual.report
    r = random.Random(degree)
    alphas = [to_fraction(piece.interval.sample()) for piece in dual.pieces]
    for alpha in [*alphas, *(F(r.randint(0, 10**6), 10**5) for _ in range(200))]:
        assert dual(alpha) == least_errors_at(problem, alpha)


def test_three_features_and_a_training_set() -> None:
    dual = pieceproof.analyze(karate(2, 1, ["degree", "one", "strength"]))
    assert dual.report.accepted
    assert [piece.value(to_fmpq(F(0))) for piece in dual.pieces] == [5, 4, 5, 4, 3, 4]


# -- traps -----------------------------------------------------------------------------


def two_nodes(**changes: Any) -> Problem:
    """ŷ_1 = (x_1 + (δ + α)·x_2)/(1 + δ + α) and the mirror image."""
    options: dict[str, Any] = {
        "inputs": [[1], [-1]],
        "targets": [1, -1],
        "interval": (0, 2),
        "box": (-1, 1),
        "loss": "zero-one",
        "reduction": "sum",
    }
    graph = GraphConvolution(["a", "b"], [("a", "b", changes.pop("weight", 0))])
    return Problem(graph, **{**options, **changes})


def test_a_score_that_is_zero_at_one_alpha() -> None:
    """At α = 1 both scores vanish and change sign at once; ℓ* does not notice."""
    dual = pieceproof.analyze(two_nodes())
    assert dual.report.accepted
    assert [piece.value(to_fmpq(F(0))) for piece in dual.pieces] == [0]


def test_a_jump_from_one_label_pattern_to_another() -> None:
    """Node b has feature 0: its score is α/(1+α)·w, that of a is w/(1+α): both or none."""
    dual = pieceproof.analyze(two_nodes(inputs=[[1], [0]], interval=(0, 1)))
    assert dual.report.accepted
    assert dual(F(1, 2)) == 1
    assert dual.document["counts"]["discontinuities"] == 0


def test_a_jump_at_an_end_of_the_interval_is_none() -> None:
    """The score of b is (δ + α)·w over a positive number: it changes sign at α = −δ."""
    whole = pieceproof.analyze(two_nodes(inputs=[[1], [0]], weight=F(-1, 2), box=(0, 1)))
    right = pieceproof.analyze(
        two_nodes(inputs=[[1], [0]], weight=F(-1, 2), interval=(F(1, 2), 2), box=(0, 1))
    )
    assert all(dual.report.accepted for dual in (whole, right))
    assert [piece.value(to_fmpq(F(0))) for piece in whole.pieces] == [0, 1]
    assert whole(F(1, 2)) == 0  # the smaller limit, although the score of b is 0 there
    assert whole.breakpoints[0].alpha.as_rational() == F(1, 2)
    assert len(right.pieces) == 1
    assert right(F(1, 2)) == 1  # on this interval there is no cell with 0 errors


def test_a_score_that_is_zero_everywhere_is_an_error() -> None:
    dual = pieceproof.analyze(two_nodes(inputs=[[0], [0]]))
    assert dual.report.accepted
    assert dual(1) == 2


def test_equal_rows_with_different_labels() -> None:
    names = ["a", "b", "c"]
    graph = GraphConvolution(names, [])
    problem = Problem(
        graph, inputs=[[1, 2], [1, 2], [2, 4]], targets=[1, -1, 1], loss="zero-one", box=(-1, 1)
    )
    dual = pieceproof.analyze(problem)
    assert dual.report.accepted
    assert dual(0) == F(1, 3)


# -- the checker -----------------------------------------------------------------------


def altered(document: dict[str, Any], *path: Any, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    body = {key: entry for key, entry in changed.items() if key != "digest"}
    changed["digest"] = digest(body)
    return changed


def test_mutations_are_found(club: pieceproof.CertifiedDual) -> None:
    document = club.document
    assert verify(document).accepted
    piece = document["pieces"][1]
    higher = {"numerator": ["12"], "denominator": ["1"]}
    lower = {"numerator": ["10"], "denominator": ["1"]}
    point = document["breakpoints"][0]
    mutations = [
        altered(document, "pieces", 1, "errors", value=10),
        altered(document, "pieces", 1, value={**piece, "errors": 10, "value": lower}),
        altered(document, "pieces", 0, "errors", value=13),
        altered(document, "pieces", 0, "parts", 0, "minimiser", "numerators", 0, value=["13"]),
        altered(document, "pieces", 1, "sample", "alpha", value="5"),
        altered(document, "breakpoints", 0, "value", value=higher),
        altered(document, "breakpoints", 0, "kind", value="kink"),
        altered(document, "breakpoints", 0, "alpha", value=document["breakpoints"][1]["alpha"]),
        altered(document, "ends", "upper", "value", value="11"),
        altered(document, "extrema", "maxima", 0, "open", value=["lower"]),
        altered(document, "minimum", "value", "approx", value="10"),
        altered(document, "counts", "oscillations", value=1),
        altered(document, "problem", "data", "targets", 0, value="-1"),
        altered(document, "problem", "model", "edges", 0, 2, value="5"),
        altered(document, "problem", "parameters", 1, "upper", value="1/1000"),
    ]
    assert point["kind"] == "jump"
    for number, mutation in enumerate(mutations):
        assert not verify(mutation).accepted, number


def test_a_piece_that_ends_elsewhere_is_refused(club: pieceproof.CertifiedDual) -> None:
    """A part of the piece with 12 errors claimed for its neighbour with 11, and the reverse."""
    document = copy.deepcopy(club.document)
    third = document["pieces"][2]
    for end in ("1/5", "1/8"):
        changed = copy.deepcopy(document)
        changed["pieces"][0]["interval"][1] = end
        changed["pieces"][0]["parts"][-1]["interval"][1] = end
        changed["pieces"][1]["interval"][0] = end
        changed["pieces"][1]["parts"][0]["interval"][0] = end
        changed["digest"] = digest({k: v for k, v in changed.items() if k != "digest"})
        assert not verify(changed).accepted
    assert third["errors"] == 12
