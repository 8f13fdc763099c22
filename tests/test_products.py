"""Coordinates p = w_1 − w_2 and u = w_1² − w_2² of two units of opposite sign."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import numba
import numpy as np
import pytest
from flint import fmpq

import pieceproof
from geometry.proposals import products as proposals
from pieceproof.certificate import digest
from pieceproof.checking.enclosing.covering import Claim, Covering, FoldedBasin, Level
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.folds import View
from pieceproof.checking.enclosing.polynomials import cell_polynomial
from pieceproof.checking.enclosing.products import Product
from pieceproof.checking.enclosing.ranges import Array, Range
from pieceproof.checking.enclosing.tubes import Path
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.enclosed import EnclosedDual
from pieceproof.problem_document import problem_document
from pieceproof.verify import Conclusion, verify
from piecewise import FeedForward, Interpolated, Problem, activations

MIXED = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])
X = [Fraction(-2), Fraction(-1), Fraction(1), Fraction(3, 2), Fraction(-1, 2)]
NOISE = [Fraction(1, 4), Fraction(-1, 4), Fraction(1, 8), Fraction(-1, 4), Fraction(0)]
TARGETS = [
    (-t / 4 if t < 0 else 0) + Fraction(3, 4) * t * t + e for t, e in zip(X, NOISE, strict=True)
]


def two_units(outputs: tuple[int, int] = (1, -1), decay: int = 0) -> Problem:
    return Problem(
        FeedForward([2], MIXED, bias=False, output_weights=list(outputs)),
        inputs=[[t] for t in X],
        targets=TARGETS,
        interval=("2/5", "9/20"),
        box=(-5, 5),
        weight_decay=decay,
    )


NEGATIVE = tuple(int(t < 0) for t in X)


def test_f_along_equal_patterns_is_a_polynomial_in_products() -> None:
    spaces = Spaces(Node(problem_document(two_units()), "problem"))
    f = cell_polynomial(spaces.network, (NEGATIVE, NEGATIVE))
    turned = Product((0, 1)).folded(f, 3)
    random = Random(3)
    for _ in range(20):
        alpha, a, b = (fmpq(random.randint(-9, 9), 7) for _ in range(3))
        assert f(alpha, a, b) == turned(alpha, a - b, (a - b) * (a + b))
    assert turned.degrees() == (2, 2, 2)  # convex in (p, u)
    same = proposals.Product((0, 1)).polynomial(f)
    assert same == turned


@pytest.mark.parametrize(
    ("problem", "pattern"),
    [
        (two_units(), (NEGATIVE, tuple(1 - piece for piece in NEGATIVE))),
        (two_units(decay=1), (NEGATIVE, NEGATIVE)),
        (two_units((1, -2)), (NEGATIVE, NEGATIVE)),
        (two_units((1, 1)), (NEGATIVE, NEGATIVE)),
    ],
)
def test_other_polynomials_are_not(problem: Problem, pattern: Any) -> None:
    network = Spaces(Node(problem_document(problem), "problem")).network
    f = cell_polynomial(network, pattern)
    with pytest.raises(Refuted, match="products only"):
        Product((0, 1)).folded(f, 3)
    assert proposals.Product((0, 1)).polynomial(f) is None


def test_images_and_preimages_enclose() -> None:
    generator, product = np.random.default_rng(4), Product((2, 0))
    floats = proposals.Product((2, 0))
    for _ in range(200):
        w = generator.normal(size=3)
        x = floats.folded(w)
        half = 10 ** generator.uniform(-9, -1)
        box = Range(w - half, w + half)
        image = product.image(box)
        assert np.all((image.lo <= x) & (x <= image.hi))
        back = product.preimage(Range(x - half, x + half))
        assert np.all((back.lo <= w) & (w <= back.hi))
        assert floats.unfolded(x) == pytest.approx(w)
        if x[2] - half < 0 < x[2] + half:
            assert back.lo[0] == back.lo[2] == -np.inf


def test_the_covering_takes_boxes_of_a_basin_only() -> None:
    """A basin {|p − p*| ≤ r, |u − u*| ≤ s} against points of boxes that are said to lie in it."""
    from pieceproof.checking.enclosing.compiled.places import Claims, in_basin

    @numba.njit  # type: ignore[untyped-decorator]
    def lies(claims: Claims, box: Array, slab: int) -> bool:
        return in_basin(claims, box, slab)

    space = Spaces(Node(problem_document(two_units()), "problem"))[0]
    middle, zero = Range.exactly(np.array([0.425])), Range.exactly(np.zeros(1))
    path = Path(np.array([-0.7, 1.3]), np.array([0.5, -0.3]), np.array([0.3, 0.4]))
    view = View(Product((0, 1)), (0, 1), (1, 1))
    alpha = Range(np.array([0.4]), np.array([0.45]))
    claim = Claim(
        alpha, (Level(middle, zero, zero, zero),), (), False, (FoldedBasin(view, middle, path),)
    )
    claims = Covering(space, [claim], 1000).claims
    generator = np.random.default_rng(5)
    inside = 0
    for _ in range(4000):
        centre = generator.uniform([-2, -1.2], [-0.6, 0])
        half = 10 ** generator.uniform(-3, -0.5)
        box = np.array([[0.4, *(centre - half)], [0.45, *(centre + half)]])
        if not lies(claims, box, 0):
            continue
        inside += 1
        for a in (0.4, 0.45):
            points = generator.uniform(centre - half, centre + half, (20, 2))
            p = points[:, 0] - points[:, 1]
            u = points[:, 0] ** 2 - points[:, 1] ** 2
            assert np.all(np.abs(p + 0.7 - 0.5 * (a - 0.425)) <= 0.3)
            assert np.all(np.abs(u - 1.3 + 0.3 * (a - 0.425)) <= 0.4)
    assert inside > 100


@cache
def solved() -> EnclosedDual:
    dual = pieceproof.analyze(two_units())
    assert isinstance(dual, EnclosedDual)
    return dual


def curves(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [curve for slab in document["slabs"] for curve in slab["curves"]]


def test_a_valley_is_one_slab_with_values_in_closed_form() -> None:
    """For w_1, w_2 < 0 the outputs are αp·min(x, 0) + (1 − α)u·x²: ℓ* is constant."""
    dual = solved()
    assert str(dual.verdict) == "proved"
    assert all(curve["product"] == ["w1_x1", "w2_x1"] for curve in curves(dual.document)[:1])
    assert dual.counts["pieces"] == 1
    assert dual.counts["oscillations"] == 0
    x, y = np.array([float(t) for t in X]), np.array([float(t) for t in TARGETS])
    columns = np.stack([np.minimum(x, 0), x**2], 1)
    (a, b), *_ = np.linalg.lstsq(columns, y, rcond=None)
    value = float(np.mean((columns @ [a, b] - y) ** 2))
    for alpha in (Fraction(2, 5), Fraction(17, 40), Fraction(9, 20)):
        found = dual(alpha)
        assert found.lower - 1e-12 <= value <= found.upper + 1e-12
        p = a / float(alpha)
        q = b / float(1 - alpha) / p
        assert list(found.minimiser.values()) == pytest.approx([(q + p) / 2, (q - p) / 2])


def test_changed_products_are_rejected() -> None:
    def turned(curve: dict[str, Any]) -> None:
        curve["product"].reverse()

    def larger(curve: dict[str, Any]) -> None:
        curve["radius"] = [4 * r for r in curve["radius"]]

    def none(curve: dict[str, Any]) -> None:
        del curve["product"]

    def single(curve: dict[str, Any]) -> None:
        curve["product"] = curve["product"][:1] * 2

    def both(curve: dict[str, Any]) -> None:
        curve["frame"] = [[1.0, 0.0], [0.0, 1.0]]

    def walled(curve: dict[str, Any]) -> None:
        curve["walls"] = ["w1_x1:lower"]

    def changed(change: Callable[[dict[str, Any]], None]) -> Conclusion:
        document = copy.deepcopy(solved().document)
        for curve in curves(document):
            if "product" in curve:
                change(curve)
        document["digest"] = digest({k: v for k, v in document.items() if k != "digest"})
        try:
            return verify(document).verdict
        except CertificateError:
            return Conclusion.REJECTED

    assert changed(lambda curve: None) is Conclusion.PROVED
    for change in (turned, larger, none, single, both, walled):
        assert changed(change) is Conclusion.REJECTED, change
