"""Basins turned into narrow valleys: the coordinates exactly, results by resultants, mutations."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from test_folds import OPPOSITE, agrees, two_units

import pieceproof
from geometry.proposals.frames import Frame as FloatFrame
from geometry.verdicts import Verdict
from pieceproof.certificate import digest
from pieceproof.checking.enclosing.claimedslabs import Slab
from pieceproof.checking.enclosing.documents import Spaces, read_slab
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.joins import check_joined, narrowed
from pieceproof.checking.enclosing.networks import read_network
from pieceproof.checking.enclosing.polynomials import cell_polynomial
from pieceproof.checking.enclosing.ranges import Range, exact_double
from pieceproof.checking.enclosing.slabs import settle
from pieceproof.checking.reading import CertificateError, Node
from pieceproof.enclosed import EnclosedDual
from pieceproof.problem_document import problem_document
from pieceproof.verify import verify
from piecewise import FeedForward, Interpolated, Problem, activations


def skew(random: Random, d: int) -> Frame:
    rows = [[random.randint(-64, 64) / 64 + 2 * (i == j) for j in range(d)] for i in range(d)]
    return Frame(tuple(map(tuple, rows)))


def test_polynomials_in_a_frame_have_the_same_values_exactly() -> None:
    random = Random(5)
    mixed = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])
    problem = Problem(
        FeedForward([2], mixed, bias=True, output_weights=[1, -2]),
        inputs=[["1/2"], [-1], ["3/4"]],
        targets=[1, 0, 2],
        interval=("1/10", "9/10"),
        box=(-5, 5),
    )
    network = read_network(Node(problem_document(problem), "problem"))
    own = cell_polynomial(network, ((1, 0, 1), (0, 1, 1)))
    for _ in range(5):
        frame = skew(random, 4)
        turned = frame.folded(own, 5)
        assert FloatFrame(frame.rows).polynomial(own) == turned
        for _ in range(4):
            w = [fmpq(random.randint(-20, 20), 7) for _ in range(4)]
            alpha = fmpq(random.randint(0, 9), 9)
            x = [
                sum((exact_double(a) * v for a, v in zip(row, w, strict=True)), fmpq(0))
                for row in frame.rows
            ]
            assert turned(alpha, *x) == own(alpha, *w)


def test_boxes_of_a_frame_hold_their_points() -> None:
    random = Random(7)
    for _ in range(40):
        frame = skew(random, 3)
        w = np.array([random.uniform(-3, 3) for _ in range(3)])
        half = np.array([random.uniform(0, 0.1) for _ in range(3)])
        image = frame.image(Range(w - half, w + half))
        back = frame.preimage(image)
        assert np.all((back.lo <= w - half) & (w + half <= back.hi))
        corner = w + half * np.array([random.choice([-1, 1]) for _ in range(3)])
        at = np.array(frame.rows) @ corner
        assert np.all((image.lo <= at + 1e-12) & (at - 1e-12 <= image.hi))


def test_pre_activations_over_a_parallelepiped_are_sharp() -> None:
    problem = two_units(5, OPPOSITE, ("1/10", "3/20"))
    network = read_network(Node(problem_document(problem), "problem"))
    frame = Frame(((0.5, 0.5), (0.5, -0.5)))
    box = Range(np.array([[0.1, -0.01, 3.0]]), np.array([[0.15, 0.01, 4.0]]))
    z = frame.pre_activations(network, box)
    for t, (x,) in enumerate(network.inputs):
        reach = abs(float(x.p) / float(x.q))
        widest = sorted([3.0 - 0.01, 4.0 + 0.01])
        sign = 1 if x > 0 else -1
        expected = sorted(sign * reach * v for v in widest)
        assert np.allclose([z.lo[0, t], z.hi[0, t]], expected, rtol=1e-12)
        assert z.lo[0, t] <= expected[0]
        assert expected[1] <= z.hi[0, t]


@cache
def valley() -> EnclosedDual:
    dual = pieceproof.analyze(two_units(5, OPPOSITE, ("3/10", "8/25")))
    assert isinstance(dual, EnclosedDual)
    return dual


def framed(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [c for slab in document["slabs"] for c in slab.get("curves", ()) if "frame" in c]


def test_a_narrow_valley_is_proved_in_a_frame() -> None:
    dual = valley()
    assert dual.verdict is Verdict.PROVED
    assert framed(dual.document)
    agrees(dual, dual.problem, OPPOSITE, 8)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5, 9))
def test_valleys_against_resultants(seed: int) -> None:
    problem = two_units(seed, OPPOSITE, ("1/5", "9/10"))
    dual = pieceproof.analyze(problem, seconds=600)
    assert isinstance(dual, EnclosedDual)
    assert dual.verdict is Verdict.PROVED
    agrees(dual, problem, OPPOSITE, 20)


def altered(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    document = copy.deepcopy(valley().document)
    change(document)
    body = {key: value for key, value in document.items() if key != "digest"}
    return {**body, "digest": digest(body)}


def no_frame(document: dict[str, Any]) -> None:
    for curve in framed(document):
        del curve["frame"]


def other_frame(document: dict[str, Any]) -> None:
    for curve in framed(document):
        curve["frame"][0][0] += 0.125


def exchanged(document: dict[str, Any]) -> None:
    for curve in framed(document):
        curve["frame"].reverse()


def wide(document: dict[str, Any]) -> None:
    for curve in framed(document):
        curve["radius"] = [30 * r for r in curve["radius"]]


def thin(document: dict[str, Any]) -> None:
    for curve in framed(document):
        curve["radius"] = [1e-7 * r for r in curve["radius"]]


def other_side(document: dict[str, Any]) -> None:
    for curve in framed(document):
        curve["pattern"][0][0] = 1 - curve["pattern"][0][0]


def moved(document: dict[str, Any]) -> None:
    framed(document)[0]["centre"][1] += 0.3


@pytest.mark.parametrize(
    "change", [no_frame, other_frame, exchanged, wide, thin, other_side, moved]
)
def test_a_changed_frame_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    assert not verify(altered(change)).accepted


@pytest.mark.parametrize(
    "frame",
    [
        [[1.0, 0.0]],
        [[1.0, 1.0], [1.0, 1.0]],
        [[1e9, 0.0], [0.0, 1.0]],
        [[1.0, "x"], [0.0, 1.0]],
        [],
    ],
)
def test_a_malformed_frame_is_unreadable(frame: list[list[Any]]) -> None:
    def change(document: dict[str, Any]) -> None:
        for curve in framed(document):
            curve["frame"] = frame

    with pytest.raises(CertificateError):
        verify(altered(change))


def test_a_frame_besides_a_fold_is_unreadable() -> None:
    def change(document: dict[str, Any]) -> None:
        for curve in framed(document):
            curve["fold"] = [["swap", "w1_x1", "w2_x1"]]

    with pytest.raises(CertificateError):
        verify(altered(change))


def test_curves_at_a_wall_are_joined_whatever_rounding_says() -> None:
    """In the two frames the wall w_2 = −5 comes out on either side of itself."""
    mixed = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])
    problem = Problem(
        FeedForward([2], mixed, bias=False, output_weights=[1, -1]),
        inputs=[[2], ["5/4"], ["1/4"], ["3/4"], ["1/4"], ["-3/4"], [0], ["-5/4"]],
        targets=[-2, "-1/4", 1, "15/4", "5/4", 0, 2, "1/2"],
        interval=("1/10", "9/10"),
        box=(-5, 5),
    )
    spaces = Spaces(Node(problem_document(problem), "problem"))
    below: dict[str, Any] = {
        "chart": 0, "active": [], "frame": [[1.0, -1.005859375], [0.0, 1.0]],
        "pattern": [[0, 0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1, 1, 1]], "walls": ["w2_x1:lower"],
        "centre": [0.1859355817672644, -5.0], "slope": [0.8293748842186488, 0.0],
        "radius": [0.011878632009029388, 0.4729258591730522],
    }  # fmt: skip
    above: dict[str, Any] = {
        **below, "frame": [[1.0, -1.021728515625], [0.0, 1.0]],
        "centre": [0.27124739116541313, -5.0], "slope": [0.87483531751604, 0.0],
        "radius": [0.00703125, 0.33663171019839355],
    }  # fmt: skip
    other: dict[str, Any] = {
        **above, "walls": ["w2_x1:upper"],
        "pattern": [[1, 1, 1, 1, 1, 0, 1, 0], [1, 1, 1, 1, 1, 0, 1, 0]],
        "centre": [-0.23811342252755965, 5.0], "slope": [-0.5514634075078049, 0.0],
        "radius": [0.00703125, 0.4810888457100768],
    }  # fmt: skip
    marks = [
        "1258130050546940873/1441151880758558720",
        "3986915081692875/4503599627370496",
        "3994717973803531/4503599627370496",
    ]
    written = [
        {"interval": marks[:2], "kind": "one", "curves": [below]},
        {"interval": marks[1:], "kind": "kink", "curves": [above, other]},
    ]
    settled = []
    for each in written:
        slab = read_slab(Node(each, "slab"), spaces)
        assert isinstance(slab, Slab)
        settled.append(settle(spaces, slab, spaces.network.interval))
    check_joined(*settled)
    (kink,) = settled[1:]
    low, high = narrowed(kink, fmpq(1, 10**6))
    assert kink.slab.lower < low < high < kink.slab.upper
