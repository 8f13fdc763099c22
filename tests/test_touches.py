"""Two minima whose values touch, cross with a common tangent, or are equal at an end of A.

Wells with random rational data, whose values differ by about (α − α₀)^k, against minimisation on a
fine grid of α; values that miss each other, or cross twice, by little; altered documents.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpq_poly

import pieceproof
from geometry.verdicts import Verdict
from pieceproof.certificate import digest
from pieceproof.checking.enclosing.claimedslabs import Slab
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.lagrangians import lagrangian
from pieceproof.checking.enclosing.numberfields import NumberField
from pieceproof.checking.enclosing.ranges import Range
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.reading import Node, Refuted
from pieceproof.enclosed import EnclosedDual
from pieceproof.enclosed.recognition import recognised
from pieceproof.verify import Conclusion, verify
from piecewise import FeedForward, Interpolated, Polynomial, Problem, activations

F = Fraction


@dataclass(frozen=True)
class Wells:
    """A problem with two wells, near ``starts`` for all α, and where their values touch."""

    text: str
    names: tuple[str, ...]
    starts: tuple[tuple[Fraction, ...], ...]
    alpha: float
    order: int

    @property
    def problem(self) -> Problem:
        """With W = [−3, 3]^d."""
        return Problem(Polynomial.parse(self.names, self.text), interval=(0, 1), box=(-3, 3))


def fraction(random: Random, low: int, high: int, most: int = 6) -> Fraction:
    q = random.randint(2, most)
    return F(random.randint(low * q, high * q), q)


def line(random: Random, order: int, place: str) -> Wells:
    """Two wells on a line."""
    a = -fraction(random, 1, 2)
    b = fraction(random, 1, 2)
    m = fraction(random, -2, 2)
    lift = random.choice([-1, 1]) * F(random.randint(1, 4), 3)
    wells = f"(w - {b})^2*(w + {-a})^2*({random.randint(4, 6)} + w*{random.randint(-1, 1)})"
    drift = f"{fraction(random, -1, 1)}*alpha^2 + {fraction(random, -1, 1)}*alpha + alpha/11"
    text = f"{wells} + ({lift})*({place})^{order}*(w - ({m})) + {drift}"
    at = {"alpha": 0.0, "1 - alpha": 1.0, "alpha^2 - 1/2": 0.5**0.5}
    alpha = at[place] if place in at else float(F(place.split(" - ")[1]))
    return Wells(text, ("w",), ((a,), (b,)), alpha, order)


def plane(random: Random, order: int) -> Wells:
    """Two wells in a plane, whose Hessians differ."""
    a, b = (fraction(random, -2, -1, 4), F(1, 2)), (fraction(random, 1, 2, 4), F(-1, 3))
    place = F(random.randint(1, 6), 7)
    first = f"((x - ({a[0]}))^2 + {random.randint(1, 3)}*(y - {a[1]})^2)"
    second = f"((x - {b[0]})^2 + (y + 1/3)^2 + (x - {b[0]})*(y + 1/3)/{random.randint(2, 5)})"
    tilt = f"{random.choice([-1, 1])}*(alpha - {place})^{order}*(x + y/{random.randint(2, 5)})"
    text = f"{first}*{second} + {tilt} + alpha/{random.randint(2, 5)}"
    return Wells(text, ("x", "y"), (a, b), float(place), order)


class Floats:
    """A polynomial with derivatives in doubles."""

    def __init__(self, model: Polynomial) -> None:
        self.d = len(model.names)
        self.powers = np.array([e for e, _ in model.terms], dtype=float)
        self.factors = np.array([float(c) for _, c in model.terms])

    def derivative(self, alpha: float, w: Any, *wrt: int) -> float:
        """The derivative in some of the parameters."""
        powers, factors = self.powers.copy(), self.factors.copy()
        for i in wrt:
            factors = factors * powers[:, 1 + i]
            powers[:, 1 + i] = np.maximum(powers[:, 1 + i] - 1, 0)
        return float(np.prod(np.array([alpha, *w]) ** powers, axis=1) @ factors)

    def followed(self, alpha: float, w: Any) -> Any:
        """The first-order point near w."""
        w = np.array(w, dtype=float)
        for _ in range(30):
            h = [[self.derivative(alpha, w, i, j) for j in range(self.d)] for i in range(self.d)]
            step = np.linalg.solve(h, [self.derivative(alpha, w, i) for i in range(self.d)])
            w = w - step
            if np.max(np.abs(step)) < 1e-14:
                break
        return w


@dataclass(frozen=True)
class Grid:
    """Values on a grid of α: ℓ*, in which well it is, and how far below the next one."""

    alphas: Any
    values: Any
    best: Any
    gaps: Any

    @property
    def changes(self) -> list[float]:
        """The α at which another well takes over."""
        sure = np.flatnonzero(self.gaps > 1e-12)  # next to α₀ rounding decides
        return [float(self.alphas[j]) for i, j in pairwise(sure) if self.best[i] != self.best[j]]

    @property
    def extrema(self) -> tuple[int, int]:
        """The numbers of local minima and maxima."""
        signs = np.sign(np.diff(self.values))
        signs = signs[signs != 0]
        arcs = [-1 if signs[0] > 0 else 1, *signs, 1 if signs[-1] < 0 else -1]
        turns = [(a, b) for a, b in pairwise(arcs) if a != b]
        return sum(b > 0 for _, b in turns), sum(b < 0 for _, b in turns)


def grid(wells: Wells, size: int = 1200) -> Grid:
    """Every well followed from α₀ to both ends of A."""
    floats = Floats(wells.problem.model)  # type: ignore[arg-type]
    # No multiple of a fraction with a small denominator is met.
    alphas = np.concatenate([[0.0], (np.arange(size) + 0.5123) / size, [1.0]])
    values = np.zeros((len(wells.starts), len(alphas)))
    for row, start in zip(values, wells.starts, strict=True):
        behind = np.flatnonzero(alphas >= wells.alpha)
        before = np.flatnonzero(alphas < wells.alpha)[::-1]
        for part in (behind, before):
            w = [float(x) for x in start]
            for k in part:
                w = floats.followed(alphas[k], w)
                row[k] = floats.derivative(alphas[k], w)
    gaps = np.diff(np.sort(values, axis=0), axis=0)[0]
    return Grid(alphas, values.min(axis=0), values.argmin(axis=0), gaps)


def analysed(problem: Problem) -> EnclosedDual:
    dual = pieceproof.analyze(problem, seconds=60)
    assert isinstance(dual, EnclosedDual)
    assert dual.report.verdict is not Conclusion.REJECTED
    return dual


def agrees(wells: Wells) -> EnclosedDual:
    """Proved, with the counts and values of the grid, and a touch where it is planted."""
    dual, known = analysed(wells.problem), grid(wells)
    assert dual.verdict is Verdict.PROVED, dual.document["reasons"]
    assert len(dual.breakpoints) == len(known.changes)
    for (_, low, high), place in zip(dual.breakpoints, known.changes, strict=True):
        assert low - F(1, 200) <= place <= high + F(1, 200)
    assert (dual.counts["local_minima"], dual.counts["local_maxima"]) == known.extrema
    for k in range(0, len(known.alphas), 97):
        found = dual(F(float(known.alphas[k])))
        assert found.lower - 1e-11 <= known.values[k] <= found.upper + 1e-11
    here = [kind for kind, low, high in dual.breakpoints if low <= wells.alpha <= high]
    inside = 0 < wells.alpha < 1
    assert here == (["smooth"] if inside and wells.order % 2 else [])
    assert any(slab["kind"] == "touch" for slab in dual.document["slabs"])
    return dual


PLACES = ("alpha - 1/3", "alpha - 2/7", "alpha - 1/2", "alpha - 5/8")
FAMILIES: dict[str, Callable[[Random], Wells]] = {
    "touching": lambda random: line(random, 2, random.choice(PLACES)),
    "common tangent": lambda random: line(random, 3, random.choice(PLACES)),
    "higher orders": lambda random: line(random, random.choice((4, 5)), random.choice(PLACES)),
    "at an end": lambda random: line(
        random, random.choice((1, 2, 3)), random.choice(("alpha", "1 - alpha"))
    ),
    "irrational": lambda random: line(random, random.choice((2, 3)), "alpha^2 - 1/2"),
    "in a plane": lambda random: plane(random, random.choice((2, 3))),
}


@pytest.mark.parametrize("seed", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in (1, 2, 3))])
@pytest.mark.parametrize("family", FAMILIES)
def test_random_wells_against_a_grid(family: str, seed: int) -> None:
    agrees(FAMILIES[family](Random(f"{family} {seed}")))


# -- near misses --------------------------------------------------------------------------------

WELLS = "(w^2 - 1)^2*(1 + w/4) + alpha^2/5"


def near(difference: str) -> Problem:
    """Two wells whose values differ by about 2·(difference)/3."""
    text = f"{WELLS} + ({difference})*(w + 2)/3"
    return Problem(Polynomial.parse(("w",), text), interval=(0, 1), box=(-3, 3))


SHIFTED = "(alpha - 1/2)"
NEAR = {
    "miss": (f"{SHIFTED}^2 + 1/10^9", ()),
    "miss by less": (f"{SHIFTED}^2 + 1/10^13", ()),
    "cross twice": (f"{SHIFTED}^2 - 1/(4*10^8)", ("kink", "kink")),
    "cross once": (f"{SHIFTED}^3 + {SHIFTED}/10^9", ("kink",)),
    "cross three times": (f"{SHIFTED}^3 - {SHIFTED}/10^8", ("kink", "kink", "kink")),
    "miss at an end": ("alpha + 1/10^9", ()),
    "miss at an end by less": ("alpha + 1/10^15", ()),
}


@pytest.mark.parametrize("name", NEAR)
def test_near_misses_are_no_touches(name: str) -> None:
    text, kinds = NEAR[name]
    dual = analysed(near(text))
    assert not any(slab["kind"] == "touch" for slab in dual.document["slabs"])
    found = [kind for kind, _, _ in dual.breakpoints]
    if dual.verdict is Verdict.PROVED:
        assert found == list(kinds)
    else:
        assert len(found) <= len(kinds)
        assert sum(high - low for low, high, _ in dual.open) < F(1, 20)


# -- several at once, walls, and what is exact ----------------------------------------------------


def test_four_wells_meet_in_a_field_of_degree_four() -> None:
    text = "(w^2 - 3)^2*(w^2 - 2)^2*(w + 5) + (alpha - 1/2)^2*(w + 3)"
    dual = analysed(Problem(Polynomial.parse(("w",), text), interval=(0, 1), box=(-3, 3)))
    assert dual.verdict is Verdict.PROVED
    assert dual.counts["pieces"] == 1
    touch = next(slab for slab in dual.document["slabs"] if slab["kind"] == "touch")["touch"]
    assert len(touch["field"]) == 5
    assert len(touch["points"]) == 4


def test_a_third_well_meets_two_where_they_cross() -> None:
    text = "w^2*(w^2 - 1)^2 + (alpha - 1/2)*w"
    dual = analysed(Problem(Polynomial.parse(("w",), text), interval=(0, 1), box=(-3, 3)))
    assert [(kind, low < F(1, 2) < high) for kind, low, high in dual.breakpoints] == [
        ("kink", True)
    ]


def test_a_minimum_at_a_wall_is_touched() -> None:
    text = "w^2*(w^2 - 1)^2*(3 + w) + (alpha - 1/3)^2*(w + 2)"
    dual = analysed(Problem(Polynomial.parse(("w",), text), interval=(0, 1), box=(-3, 3)))
    assert dual.verdict is Verdict.PROVED
    touch = next(slab for slab in dual.document["slabs"] if slab["kind"] == "touch")
    assert touch["curves"][0]["walls"] == ["w:lower"]
    assert touch["touch"]["points"][0] == []


def test_extrema_at_a_touch_are_counted() -> None:
    """v′ has a multiple zero at α₀: one value is constant, or its fourth derivative decides."""
    for text, breakpoints, extrema in (
        ("(w^2 - 1)^2*(5 + w) + (w + 1)^2*(alpha - 1/2)^3", 1, (1, 1)),
        ("(w^2 - 1)^2*(5 + w) + (w + 1)*(alpha - 1/2)^2", 0, (2, 1)),
        ("(w^2 - 1)^2 + w*(alpha - 1/2)^3", 1, (2, 1)),
    ):
        dual = analysed(Problem(Polynomial.parse(("w",), text), interval=(0, 1), box=(-3, 3)))
        assert dual.verdict is Verdict.PROVED
        assert len(dual.breakpoints) == breakpoints
        assert (dual.counts["local_minima"], dual.counts["local_maxima"]) == extrema


# -- documents ------------------------------------------------------------------------------------


@cache
def documents() -> dict[str, dict[str, Any]]:
    """A touch, a common tangent, and a touch at irrational points."""
    texts = {
        "even": near("(alpha - 1/3)^2"),
        "odd": near("(alpha - 1/3)^3"),
        "field": Problem(
            Polynomial.parse(("w",), "(w^2 - 2)^2*(1 + w/4) + (alpha - 1/3)^3*(w + 3)/3 + alpha/5"),
            interval=(0, 1),
            box=(-3, 3),
        ),
    }
    return {name: analysed(problem).document for name, problem in texts.items()}


def slab_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in document["slabs"] if s["kind"] == "touch")
    return found


def other_alpha(document: dict[str, Any]) -> None:
    slab_of(document)["touch"]["alpha"] = ["333333333333/1000000000000"]


def other_point(document: dict[str, Any]) -> None:
    slab_of(document)["touch"]["points"][0][0][0][0] = "1000000000001/1000000000000"


def other_slope(document: dict[str, Any]) -> None:
    slab_of(document)["touch"]["points"][0][0][1:] = [["1/1000"]]


def exchanged_points(document: dict[str, Any]) -> None:
    slab_of(document)["touch"]["points"].reverse()


def exchanged_curves(document: dict[str, Any]) -> None:
    slab_of(document)["touch"]["points"].reverse()
    slab_of(document)["curves"].reverse()


def fewer_points(document: dict[str, Any]) -> None:
    slab_of(document)["touch"]["points"].pop()


def one_coordinate_more(document: dict[str, Any]) -> None:
    points = slab_of(document)["touch"]["points"]
    points[0].append(points[0][0])


def same_curve_twice(document: dict[str, Any]) -> None:
    slab = slab_of(document)
    slab["curves"][1], slab["touch"]["points"][1] = slab["curves"][0], slab["touch"]["points"][0]


def called_a_kink(document: dict[str, Any]) -> None:
    slab = slab_of(document)
    slab["kind"] = "kink"
    del slab["touch"]


def called_one(document: dict[str, Any]) -> None:
    called_a_kink(document)
    next(s for s in document["slabs"] if s["kind"] == "kink")["kind"] = "one"


def a_little_higher(document: dict[str, Any]) -> None:
    """The same slabs for an objective that differs by w/10³⁰."""
    terms = document["problem"]["model"]["terms"]
    term = next((t for t in terms if t[0] == [0, 1]), None)
    shift = F(1, 10**30)
    if term is None:
        terms.append([[0, 1], str(shift)])
        terms.sort(key=lambda each: each[0])
    else:
        term[1] = str(F(term[1]) + shift)


def other_breakpoints(document: dict[str, Any]) -> None:
    if document["breakpoints"]:
        document["breakpoints"][0]["kind"] = "kink"
    else:
        place = copy.deepcopy(document["minimum"]["alpha"][0])
        document["breakpoints"] = [{"kind": "smooth", "alpha": place}]


CHANGES = (
    other_alpha, other_point, other_slope, exchanged_points, exchanged_curves, fewer_points,
    one_coordinate_more, same_curve_twice, called_a_kink, called_one, a_little_higher,
    other_breakpoints,
)  # fmt: skip


@pytest.mark.parametrize("name", ["even", "odd", "field"])
@pytest.mark.parametrize("change", CHANGES)
def test_an_altered_document_is_rejected(change: Callable[[Any], None], name: str) -> None:
    document = copy.deepcopy(documents()[name])
    assert verify(document).verdict is Conclusion.PROVED
    change(document)
    document["digest"] = digest(document)
    assert verify(document).verdict is Conclusion.REJECTED


def test_the_other_root_of_the_field_is_rejected() -> None:
    document = copy.deepcopy(documents()["field"])
    touch = slab_of(document)["touch"]
    touch["root"] = [str(-F(end)) for end in reversed(touch["root"])]
    document["digest"] = digest(document)
    assert verify(document).verdict is Conclusion.REJECTED


# -- the exact first-order system ---------------------------------------------------------------


def test_series_of_strata_of_networks_agree_with_their_curves() -> None:
    """Value, slope and curvature of curves with active boundaries, from exact polynomials."""
    random = Random(10)
    problem = Problem(
        FeedForward([1], Interpolated(activations.relu, activations.square)),
        inputs=[[F(random.randint(-6, 6), 2)] for _ in range(4)],
        targets=[F(random.randint(-4, 8), 3) for _ in range(4)],
        interval=("2/5", "3/5"),
        box=(-5, 5),
    )
    document = analysed(problem).document
    spaces, groups = Spaces(Node(document["problem"], "problem")), 0
    for entry in document["slabs"]:
        slab = read_slab(Node(entry, "slab"), spaces)
        if not isinstance(slab, Slab):
            continue
        for curve in settle(spaces, slab, spaces.network.interval).curves:
            at, system = curve.centred, lagrangian(curve.space, curve.stratum)
            groups += len(curve.stratum.groups)
            own = at.box[0]
            tube = [ball(own[1 + i : 2 + i]) for i in at.free]
            tube += [ball(at.multipliers[j : j + 1]) for j in range(len(curve.stratum.groups))]
            value, slope, bend = system.enclosed(ball(at.alpha), tube, 2)
            assert value.overlaps(ball(at.value))
            assert slope.overlaps(ball(at.slope))
            assert (2 * bend).overlaps(ball(at.curvature))
            assert max(float(each.rad()) for each in (value, slope, bend)) < 1e-6
    assert groups


def ball(value: Range) -> arb:
    return arb(float(value.lo[0])).union(arb(float(value.hi[0])))


# -- number fields --------------------------------------------------------------------------------


def test_numbers_of_a_field_are_enclosed_and_compared() -> None:
    field = NumberField(fmpq_poly([-2, 0, 1]), fmpq(1), fmpq(2))
    root = fmpq_poly([0, 1])
    assert field.product(root, root) == fmpq_poly([2])
    low, high = field.enclosed(fmpq_poly([1, -3]), fmpq(1, 10**30))
    assert high - low <= fmpq(1, 10**30)
    assert (1 - low) ** 2 >= 18 >= (1 - high) ** 2
    assert field.compare(root, fmpq(141421356237309, 10**14)) == 1
    assert field.compare(root, fmpq(141421356237310, 10**14)) == -1
    assert field.compare(fmpq_poly([fmpq(1, 3)]), fmpq(1, 3)) == 0
    with pytest.raises(Refuted):
        NumberField(fmpq_poly([2, 0, 1]), fmpq(1), fmpq(2))


def test_numbers_are_recognised_and_others_are_not() -> None:
    with ctx.workprec(3072):
        two, three = arb(2).sqrt(), arb(3).sqrt()
        found = recognised([two * three / 7, 1 - two, arb(fmpq(22, 7)), three], 3000)
        assert found is not None
        field, numbers = found
        assert field.modulus.degree() == 4
        square = field.product(numbers[1] - 1, numbers[1] - 1)
        assert square == fmpq_poly([2])
        assert numbers[2] == fmpq_poly([fmpq(22, 7)])
        assert recognised([arb.pi()], 3000) is None
