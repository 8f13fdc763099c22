"""Hand-made traps of the enclosure method: ties, exact interpolation, corners, duplicates."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from oracle_strata import Strata

import pieceproof
from pieceproof.certificate import digest
from pieceproof.checking.enclosing.charts import charts
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.networks import read_network
from pieceproof.checking.enclosing.openings import Open
from pieceproof.checking.enclosing.shapes import Node as ShapeNode
from pieceproof.checking.enclosing.shapes import Shape
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.reading import Node, Refuted
from pieceproof.enclosed import EnclosedDual
from pieceproof.problem_document import problem_document
from pieceproof.verify import Conclusion, verify
from piecewise import FeedForward, Interpolated, Problem, activations
from piecewise.activations import PiecewisePolynomial
from piecewise.networks import TRAINABLE


def mixed(first: str, second: str) -> Interpolated:
    """α·first + (1−α)·second, by catalogue names."""
    return Interpolated(activations.CATALOGUE[first], activations.CATALOGUE[second])


def enclosed(problem: Problem) -> EnclosedDual:
    dual = pieceproof.analyze(problem)
    assert isinstance(dual, EnclosedDual)
    return dual


def changed(dual: EnclosedDual, change: Callable[[dict[str, Any]], None]) -> Conclusion:
    """What the checker says of a document after a change, with a digest that fits."""
    document = copy.deepcopy(dual.document)
    change(document)
    document["digest"] = digest({k: v for k, v in document.items() if k != "digest"})
    return verify(document).verdict


# -- mirror images of equal value at α = 0 -------------------------------------------------


@cache
def tie() -> EnclosedDual:
    """At α = 0 σ is even; by a free bias the values of mirror images have equal slopes there."""
    return enclosed(
        Problem(
            FeedForward([1], mixed("relu", "square")),
            inputs=[["-3/2"], ["1/2"], [0], ["5/4"], ["-3/4"]],
            targets=["3/4", "7/4", "1/2", 3, "1/4"],
            interval=(0, "1/20"),
            box=(-5, 5),
        )
    )


def test_a_tie_of_equal_slopes_at_an_end_is_proved() -> None:
    dual = tie()
    assert str(dual.verdict) == "proved"
    assert dual.document["slabs"][0]["kind"] == "tie"
    assert dual.counts["pieces"] == 1


def test_a_tie_without_its_mirror_image_or_by_another_name_is_rejected() -> None:
    def plain(document: dict[str, Any]) -> None:
        document["slabs"][0]["kind"] = "one"

    def alone(document: dict[str, Any]) -> None:
        del document["slabs"][0]["curves"][1]

    def wrong_image_first(document: dict[str, Any]) -> None:
        document["slabs"][0]["curves"].reverse()

    def elsewhere(document: dict[str, Any]) -> None:
        document["problem"]["interval"][0] = "-1/100"
        document["slabs"][0]["interval"][0] = "-1/100"

    for change in (plain, alone, wrong_image_first, elsewhere):
        assert changed(tie(), change) is Conclusion.REJECTED


def test_a_constant_dual_is_told_exactly() -> None:
    """Inactive by the box, so that only (1 − α)z² counts, which the weights rescale."""
    dual = enclosed(
        Problem(
            FeedForward([1], mixed("relu", "square")),
            inputs=[[1], [2], [3], [5]],
            targets=[1, 4, 5, 9],
            interval=(0, "1/2"),
            box=(-5, 0),
        )
    )
    assert str(dual.verdict) == "proved"
    assert dual.counts["pieces"] == dual.counts["local_minima"] == 1
    assert dual.counts["oscillations"] == 0
    place = dual.document["minimum"]["alpha"][0]["interval"]
    assert [Fraction(end) for end in place] == [0, Fraction(1, 2)]


def test_a_minimum_at_which_all_boundaries_are_one_is_constant() -> None:
    """Targets below 0: w = 0, where every pre-activation sits at the bend of |z|."""
    dual = enclosed(
        Problem(
            FeedForward([1], mixed("abs", "square"), bias=False),
            inputs=[[1], [2], [3]],
            targets=[-1, -2, -1],
            interval=("1/5", "4/5"),
            box=(-4, 4),
        )
    )
    assert str(dual.verdict) == "proved"
    assert dual.counts["oscillations"] == 0
    value = dual(Fraction(1, 2))
    assert value.lower <= 2 <= value.upper
    assert value.upper - value.lower < 1e-12


# -- corners, copies, lines ----------------------------------------------------------------


def test_a_minimum_on_a_corner_of_the_box_is_proved_and_exact() -> None:
    dual = enclosed(
        Problem(
            FeedForward([1], mixed("relu2", "identity")),
            inputs=[[1], [2], [3]],
            targets=[50, 60, 70],
            interval=("1/5", "4/5"),
            box=(-1, 1),
        )
    )
    assert str(dual.verdict) == "proved"
    assert dual.counts["pieces"] == 1
    assert dual.document["slabs"][0]["curves"][0]["walls"] == ["w1_x1:upper", "b1:upper"]
    for alpha in (Fraction(1, 5), Fraction(1, 3), Fraction(4, 5)):
        outputs = [alpha * z * z + (1 - alpha) * z for z in (2, 3, 4)]
        pairs = zip(outputs, (50, 60, 70), strict=True)
        exact = sum(((a - y) ** 2 for a, y in pairs), Fraction(0)) / 3
        value = dual(alpha)
        assert value.lower <= exact <= value.upper
        assert value.upper - value.lower <= Fraction(1, 10**12) * exact


def test_rows_of_zeros_sit_at_a_bend_and_do_no_harm() -> None:
    dual = enclosed(
        Problem(
            FeedForward([1], mixed("relu", "square"), bias=False),
            inputs=[[0], [1], [2], [-1]],
            targets=[3, 1, 2, 1],
            interval=("1/5", "4/5"),
            box=(-4, 4),
        )
    )
    assert str(dual.verdict) == "proved"
    assert dual.counts["kinks"] == dual.counts["breakpoints"] == 1


def test_where_the_network_vanishes_identically_there_is_a_kink() -> None:
    """(2α − 1)z³ fits best at walls; at α = 1/2 nothing depends on w, and f = 14/3."""
    cubic = PiecewisePolynomial("cubic", (), ((0, 0, 0, 1),))
    minus = PiecewisePolynomial("minus cubic", (), ((0, 0, 0, -1),))
    dual = enclosed(
        Problem(
            FeedForward([1], Interpolated(cubic, minus), bias=False),
            inputs=[[1], [2], [-1]],
            targets=[1, 3, 2],
            interval=("49/100", "51/100"),
            box=(-2, 2),
        )
    )
    assert dual.report.accepted
    assert dual.breakpoints == [("kink", Fraction(1, 2), Fraction(1, 2))]
    value = dual("1/2")
    assert value.lower <= Fraction(14, 3) <= value.upper


# -- exact interpolation -------------------------------------------------------------------


@cache
def interpolated() -> EnclosedDual:
    """αz² + (1 − α)z with z ≤ 3 reaches the target 6 from α = 1/2 on."""
    return enclosed(
        Problem(
            FeedForward([1], mixed("relu2", "identity")),
            inputs=[[1]],
            targets=[6],
            interval=(0, 1),
            box=(-1, "3/2"),
        )
    )


def test_exact_interpolation_is_a_piece_and_its_end_a_short_open_interval() -> None:
    dual = interpolated()
    assert dual.report.verdict is not Conclusion.REJECTED
    ((lower, upper, reason),) = dual.open
    assert lower <= Fraction(1, 2) <= upper
    assert upper - lower < Fraction(1, 10**4)
    assert "interpolation" in reason
    for alpha in (Fraction(51, 100), Fraction(3, 4), Fraction(1)):
        value = dual(alpha)
        assert value.piece == 1
        assert value.lower == value.upper == 0
    for alpha in (Fraction(0), Fraction(1, 4), Fraction(49, 100)):
        expected = (9 * alpha + 3 * (1 - alpha) - 6) ** 2
        value = dual(alpha)
        assert value.lower <= expected <= value.upper


@pytest.mark.parametrize(
    ("model", "inputs", "targets"),
    [
        (FeedForward([1], mixed("relu", "square")), [[1], [2]], [1, 2]),
        (FeedForward([1], mixed("relu", "square")), [[1], [2], [2]], [1, 2, 2]),
        (FeedForward([2], mixed("relu", "square")), [[1], [2], [-1]], [1, 2, 3]),
        (FeedForward([1], mixed("relu2", "relu")), [[1], [2], [3]], [0, 0, 0]),
        (
            FeedForward([1], mixed("relu2", "identity"), output_weights=TRAINABLE),
            [[1], [2]],
            [1, 2],
        ),
        (FeedForward([1, 1], mixed("relu2", "identity")), [[1], [2]], [1, 2]),
    ],
    ids=["isolated", "copies", "two units", "no unit", "trainable", "deep"],
)
def test_a_dual_that_is_zero_everywhere(
    model: FeedForward, inputs: list[list[int]], targets: list[int]
) -> None:
    interval = ("1/4", "3/4")
    dual = enclosed(Problem(model, inputs=inputs, targets=targets, interval=interval, box=(-5, 5)))
    assert str(dual.verdict) == "proved"
    assert dual.counts["pieces"] == 1
    assert dual.counts["oscillations"] == 0
    assert {slab["kind"] for slab in dual.document["slabs"]} == {"zero"}
    third = Fraction(1, 3)
    point = [Fraction(w) for w in dual(third).minimiser.values()]
    assert dual.problem.value(third, point) < Fraction(1, 10**12)


def test_a_fit_that_no_independent_residuals_explain_does_not_go_on_for_ever() -> None:
    """The row of zeros is fitted by all weights, which the certificate cannot say."""
    dual = enclosed(
        Problem(
            FeedForward([1], mixed("relu2", "identity"), bias=False),
            inputs=[[0, 0], [1, 2]],
            targets=[0, 1],
            interval=("1/4", "3/4"),
            box=(-2, 2),
        )
    )
    assert dual.report.verdict is Conclusion.UNRESOLVED
    assert all(entry["floor"] == 0 for entry in dual.document["open"])


def test_weight_decay_leaves_no_exact_interpolation() -> None:
    dual = enclosed(
        Problem(
            FeedForward([1], mixed("relu2", "identity"), bias=False),
            inputs=[[1]],
            targets=[1],
            interval=("1/4", "1/2"),
            box=(-5, 5),
            weight_decay="1/10",
        )
    )
    assert all(slab["kind"] != "zero" for slab in dual.document["slabs"])
    assert dual(Fraction(1, 3)).lower > 0


def test_a_changed_interpolation_is_rejected() -> None:
    place = next(
        i for i, slab in enumerate(interpolated().document["slabs"]) if slab["kind"] == "zero"
    )

    def curve(document: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = document["slabs"][place]["curves"][0]
        return found

    def other_start(document: dict[str, Any]) -> None:
        curve(document)["centre"] = [c - 1 for c in curve(document)["centre"]]

    def out_of_the_box(document: dict[str, Any]) -> None:
        document["problem"]["parameters"][0]["upper"] = "1"
        document["problem"]["parameters"][1]["upper"] = "1"

    def nothing_fitted(document: dict[str, Any]) -> None:
        curve(document)["examples"], curve(document)["solved"] = [], []

    def other_pattern(document: dict[str, Any]) -> None:
        curve(document)["pattern"] = [[1 - curve(document)["pattern"][0][0]]]

    def decay(document: dict[str, Any]) -> None:
        document["problem"]["loss"]["weight_decay"] = "1/1000"

    def wider(document: dict[str, Any]) -> None:
        first = document["slabs"][place]
        before = document["slabs"][place - 1]
        first["interval"][0] = before["interval"][0]
        del document["slabs"][place - 1]

    for change in (other_start, out_of_the_box, nothing_fitted, other_pattern, decay, wider):
        assert changed(interpolated(), change) is Conclusion.REJECTED


# -- both sides of ℓ* on what stays open ----------------------------------------------------


def test_an_open_interval_has_both_sides_of_the_dual() -> None:
    (entry,) = interpolated().document["open"]
    lower, upper = map(Fraction, entry["interval"])
    for alpha in (lower, (lower + upper) / 2):
        exact = max(Fraction(0), 6 - 9 * alpha - 3 * (1 - alpha)) ** 2
        assert entry["floor"] <= exact <= entry["ceiling"]


@cache
def rushed() -> EnclosedDual:
    """A search that was stopped before anything was proved; bounds are stated by hand."""
    problem = Problem(
        FeedForward([1], mixed("relu2", "identity"), bias=False),
        inputs=[[1], [2], ["-1/2"]],
        targets=[1, 3, 2],
        interval=("1/4", "1/2"),
        box=(-3, 3),
    )
    dual = pieceproof.analyze(problem, seconds=0)
    assert isinstance(dual, EnclosedDual)
    return dual


def test_a_budget_of_nothing_leaves_all_of_the_interval_open_with_bounds() -> None:
    dual = rushed()
    ((lower, upper, reason),) = dual.open
    assert [lower, upper] == [Fraction(1, 4), Fraction(1, 2)]
    assert "budget" in reason
    assert dual.report.verdict is not Conclusion.REJECTED
    (entry,) = dual.document["open"]
    assert entry["floor"] == 0 < entry["ceiling"]


def test_bounds_of_an_open_interval_follow_the_dual() -> None:
    parts = rushed().document["slabs"]
    assert len(parts) > 16
    ceilings = [part["bounds"]["ceiling"] for part in parts]
    assert ceilings[0] != ceilings[-1]


def test_floors_and_ceilings_are_checked() -> None:
    def stated(floor: float, share: float = 1.0) -> Callable[[dict[str, Any]], None]:
        def change(document: dict[str, Any]) -> None:
            parts = [slab["bounds"] for slab in document["slabs"]]
            for place in (*parts, document["open"][0]):
                place["floor"] = floor
                place["ceiling"] *= share

        return change

    def outside(document: dict[str, Any]) -> None:
        document["slabs"][0]["bounds"]["witness"] = [5.0]

    assert changed(rushed(), stated(0.5)) is Conclusion.UNRESOLVED
    assert changed(rushed(), stated(2.5)) is Conclusion.REJECTED
    assert changed(rushed(), stated(0.0, 0.99)) is Conclusion.REJECTED
    assert changed(rushed(), outside) is Conclusion.REJECTED


def test_a_dead_unit_of_a_deep_network_is_named_and_the_dual_is_bounded_from_both_sides() -> None:
    """Targets below 0: the last unit is silent at the minimum, for a whole region of weights."""
    dual = pieceproof.analyze(
        Problem(
            FeedForward([1, 1], mixed("relu2", "relu"), bias=False),
            inputs=[[1], [2], [3]],
            targets=[-1, -2, -1],
            interval=("1/5", "4/5"),
            box=(-2, 2),
        )
    )
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is Conclusion.UNRESOLVED
    ((_, _, reason),) = dual.open
    assert "has no influence" in reason
    (entry,) = dual.document["open"]
    assert 0 < entry["floor"] <= 2 <= entry["ceiling"]
    assert entry["ceiling"] - entry["floor"] < 1e-2


# -- symmetry ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hidden", "pair", "upper", "images"),
    [
        ([1, 1], ("abs", "square"), 2, [4]),
        ([1, 1], ("abs", "square"), 3, [2]),  # W is not symmetric in the second layer
        ([2, 1], ("abs", "square"), 2, [8]),
        ([1, 1], ("relu", "square"), 2, [1]),
        ([1, 1], ("abs", "abs"), 2, [2, 2]),  # the second weight is held at a wall
    ],
)
def test_symmetries_leave_f_as_it_is(
    hidden: list[int], pair: tuple[str, str], upper: int, images: list[int]
) -> None:
    """Units of an even activation are negated in every layer; f is compared exactly."""
    symmetric(FeedForward(hidden, mixed(*pair), bias=False), upper, images)


CUBE = activations.custom([], [[0, 0, 0, 1]], name="cube")


@pytest.mark.parametrize(
    ("model", "upper", "images"),
    [
        (FeedForward([1], mixed("hard_tanh", "identity"), output_weights=TRAINABLE), 2, [2]),
        (FeedForward([2], mixed("hard_tanh", "identity"), output_weights=TRAINABLE), 2, [8]),
        (FeedForward([1], mixed("hard_tanh", "identity")), 2, [1]),  # no weight to negate
        (FeedForward([1, 1], mixed("hard_tanh", "identity"), bias=False), 2, [2]),
        (FeedForward([1, 1], mixed("hard_tanh", "identity"), bias=False), 3, [1]),
        (
            FeedForward(
                [2, 1], Interpolated(activations.CATALOGUE["hard_tanh"], CUBE), bias=False,
                output_weights=TRAINABLE,
            ),
            2,
            [8],
        ),
        (FeedForward([1], mixed("hard_tanh", "square"), output_weights=TRAINABLE), 2, [1]),
    ],
)  # fmt: skip
def test_units_of_an_odd_activation_are_negated_with_the_weights_that_read_them(
    model: FeedForward, upper: int, images: list[int]
) -> None:
    symmetric(model, upper, images)


def symmetric(model: FeedForward, upper: int, images: list[int]) -> None:
    """So many images in the charts, none of which changes f; ``upper`` bounds second layers."""
    names = model.parameter_names(["x1"])
    problem = Problem(
        model,
        inputs=[[1], ["-1/2"], [3]],
        targets=[1, 0, 2],
        box={name: (-2, upper if name.startswith("w2.") else 2) for name in names},
    )
    found = charts(read_network(Node(problem_document(problem), "problem")), signs=False)
    assert [len(chart.images) for chart in found] == images
    w = [Fraction(k + 1, 3) * (-1) ** k for k in range(len(names))]
    for chart in found:
        for sources, signs in chart.images:
            image = [sign * w[source] for source, sign in zip(sources, signs, strict=True)]
            assert problem.value(Fraction(1, 3), image) == problem.value(Fraction(1, 3), w)


@pytest.mark.parametrize(
    ("model", "targets", "upper", "images"),
    [
        (FeedForward([1], mixed("relu", "square")), [1, 2, 2, 1], 2, 2),
        (FeedForward([1], mixed("relu", "square")), [1, 2, 2, 3], 2, 1),
        (FeedForward([1], mixed("relu", "square")), [1, 2, 2, 1], 3, 1),
        (FeedForward([1], mixed("abs", "square")), [1, 2, 2, 1], 2, 2),  # of the unit alone
        (FeedForward([2], mixed("relu", "square")), [1, 2, 2, 1], 2, 2),  # of the units alone
        (
            FeedForward([2], mixed("relu", "square"), output_weights=[1, -1]),
            [1, 2, 2, 1],
            2,
            2,
        ),
        (FeedForward([1, 1], mixed("relu2", "identity")), [1, 2, 2, 1], 2, 2),
    ],
    ids=["unit", "targets", "box", "even", "equal units", "two units", "deep"],
)
def test_reflected_data_are_a_symmetry(
    model: FeedForward, targets: list[int], upper: int, images: int
) -> None:
    """−x for x exchanges the examples; weights of the first layer are negated together."""
    inputs = [[-2, 1], [-1, 0], [1, 0], [2, -1]]
    problem = Problem(
        model,
        inputs=inputs,
        targets=targets,
        box=dict.fromkeys(model.parameter_names(["x1", "x2"]), (-2, upper)),
    )
    (chart,) = charts(read_network(Node(problem_document(problem), "problem")), signs=False)
    assert len(chart.images) == images
    w = [Fraction(k + 1, 4) * (-1) ** k for k in range(len(problem.parameters))]
    for sources, signs in chart.images:
        image = [sign * w[source] for source, sign in zip(sources, signs, strict=True)]
        assert problem.value(Fraction(1, 3), image) == problem.value(Fraction(1, 3), w)


def test_minima_that_reflected_data_make_equal_are_proved() -> None:
    """And no symmetry is needed where one target differs by a little."""
    for last in (3, "301/100"):
        problem = Problem(
            FeedForward([1], mixed("relu", "square"), bias=False),
            inputs=[[1], [-1], [2], [-2]],
            targets=[1, 1, 3, last],
            interval=("1/4", "3/4"),
            box=(-2, 2),
        )
        dual = enclosed(problem)
        assert str(dual.verdict) == "proved"
        strata = Strata(problem)
        for alpha in (Fraction(1, 4), Fraction(2, 5), Fraction(3, 4)):
            value, exact = dual(alpha), strata.sample(alpha)
            assert Fraction(value.lower) <= exact.upper
            assert Fraction(value.upper) >= exact.lower


# -- basins --------------------------------------------------------------------------------


def test_a_basin_that_its_curve_leaves_is_refused() -> None:
    """f is convex on the box; but of a minimiser outside of it nothing follows for the box."""
    problem = Problem(
        FeedForward([1], mixed("relu", "square")),
        inputs=[[-1], [1], [2], [-2]],
        targets=["1/2", 1, 2, "5/2"],
        interval=("3/10", "2/5"),
        box=(-4, 4),
    )
    dual = enclosed(problem)
    assert str(dual.verdict) == "proved"
    spaces = Spaces(Node(dual.document["problem"], "problem"))
    plain = next(slab for slab in dual.document["slabs"] if slab["kind"] == "one")
    slab = read_slab(Node(plain, "slab"), spaces)
    assert not isinstance(slab, Open)
    ends = spaces.network.interval
    (curve,) = settle(spaces, slab, ends).curves
    reach = np.max(np.abs([curve.offset.lo, curve.offset.hi]), axis=0)
    for slot, away in enumerate(reach):
        for radius, holds in ((1.001 * away, True), (0.999 * away, False)):
            (own,) = copy.deepcopy(plain["curves"])
            own["radius"][slot] = radius
            narrow = read_slab(Node({**plain, "curves": [own]}, "slab"), spaces)
            assert not isinstance(narrow, Open)
            if holds:
                settle(spaces, narrow, ends)
                continue
            with pytest.raises(Refuted, match="leave its basin"):
                settle(spaces, narrow, ends)


def test_a_basin_at_a_wall_holds_the_wall() -> None:
    problem = Problem(
        FeedForward([1], mixed("relu", "square"), bias=False),
        inputs=[[1], [2]],
        targets=[9, 17],
        interval=("1/2", "3/5"),
        box=(-2, 2),
    )
    dual = enclosed(problem)
    assert str(dual.verdict) == "proved"
    spaces = Spaces(Node(dual.document["problem"], "problem"))
    (slab,) = dual.document["slabs"]
    (curve,) = slab["curves"]
    assert curve["walls"] == ["w1_x1:upper"]
    ends = spaces.network.interval
    for centre, holds in ((1.875, True), (1.75, False)):
        own = {**curve, "centre": [centre], "radius": [0.1875]}
        moved = read_slab(Node({**slab, "curves": [own]}, "slab"), spaces)
        assert not isinstance(moved, Open)
        if holds:
            settle(spaces, moved, ends)
            continue
        with pytest.raises(Refuted, match="leave its basin"):
            settle(spaces, moved, ends)


def test_of_the_curves_of_a_switch_one_has_a_basin() -> None:
    """The box of the curve at the wall is not shown to be a basin, however large it is stated."""
    problem = Problem(
        FeedForward([1], mixed("relu2", "identity"), bias=False),
        inputs=[[1], [2]],
        targets=[3, "9/2"],
        interval=("1/10", "9/10"),
        box=(-2, "3/2"),
    )
    dual = enclosed(problem)
    assert str(dual.verdict) == "proved"
    (switch,) = (slab for slab in dual.document["slabs"] if slab["kind"] == "switch")
    stuck = max(switch["curves"], key=lambda curve: len(curve["walls"]))
    stuck["radius"] = [1000.0]
    spaces = Spaces(Node(dual.document["problem"], "problem"))
    slab = read_slab(Node(switch, "slab"), spaces)
    assert not isinstance(slab, Open)
    (claim,) = settle(spaces, slab, spaces.network.interval).claims.values()
    assert [path.radius[0] < 1 for _, path in claim.basins] == [True]


# -- shapes --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_oscillations_are_the_most_cuts_of_one_level(seed: int) -> None:
    """Values are known up to 10⁻¹²; a plateau between two rising arcs is a part of one arc."""
    random = Random(seed)
    values, directions = [random.randint(0, 5)], []
    while len(directions) < random.randint(1, 6):
        step = random.choice([s for s in (-2, -1, 0, 1, 2) if s or directions[-1:] != [0]])
        direction = (step > 0) - (step < 0)
        if directions[-1:] == [direction]:
            continue
        values.append(values[-1] + step)
        directions.append(direction)
    nodes = tuple(
        ShapeNode(fmpq(k), fmpq(k), (value - 1e-12, value + 1e-12))
        for k, value in enumerate(values)
    )
    # The exact function takes few values: between neighbours all levels are cut alike.
    levels = sorted({v + d for v in values for d in (-0.5, 0.5)})
    most = max(sum((a >= level) != (b >= level) for a, b in pairwise(values)) for level in levels)
    low, high = Shape(nodes, tuple(directions)).oscillations()
    assert low <= most <= high
    if all(abs(a - b) > 0 for a, b in combinations(extremal(values), 2)):
        assert low == high == most


def extremal(values: list[int]) -> list[int]:
    """The values at the ends and where a function turns, each once for a plateau."""
    kept = [v for i, v in enumerate(values) if i == 0 or v != values[i - 1]]
    inner = [b for a, b, c in zip(kept, kept[1:], kept[2:], strict=False) if (a < b) != (b < c)]
    return [kept[0], *inner, *kept[-1:]] if len(kept) > 1 else kept
