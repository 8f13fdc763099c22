"""Basins in products for minimisers that are held at a wall, and where they are needed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from flint import fmpq

import pieceproof
from pieceproof.certificate import digest
from pieceproof.checking.enclosing.claimedslabs import Kind, Slab
from pieceproof.checking.enclosing.documents import Spaces
from pieceproof.checking.enclosing.foldedspaces import space_of
from pieceproof.checking.enclosing.frames import Frame
from pieceproof.checking.enclosing.nearby import BasinTooLarge
from pieceproof.checking.enclosing.polynomials import cell_polynomial
from pieceproof.checking.enclosing.products import Product
from pieceproof.checking.enclosing.ranges import Array, Range
from pieceproof.checking.enclosing.tubes import Curve, Path, Stratum
from pieceproof.checking.enclosing.valleys import _bump, check_valley
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.enclosed import EnclosedDual
from pieceproof.enclosed.valleys import Valleys
from pieceproof.problem_document import problem_document
from pieceproof.verify import Conclusion, verify
from piecewise import FeedForward, Interpolated, Problem, activations

MIXED = Interpolated(activations.CATALOGUE["relu"], activations.CATALOGUE["square"])
X = [Fraction(n, 4) for n in (-3, -5, 6, 2, -1, -2, 7, 7)]
Y = [Fraction(n, 4) for n in (-3, 7, 1, 6, 0, -2, 0, 14)]
WALLS = {"equal": ((-5, 5), (-5, 5)), "second": ((-20, 20), (-4, 4))}
"""Boxes: a wall is met by the larger weight, by the smaller one if the other has more room."""
ENDS = fmpq(9, 20), fmpq(113, 250)
MIDDLE = 0.451


def problem(
    mirrored: bool = False, exchanged: bool = False, box: str = "equal", a: Any = ("9/20", "91/200")
) -> Problem:
    """With x negated the weights are; with y negated the units are exchanged."""
    order = (1, 0) if exchanged else (0, 1)
    return Problem(
        FeedForward([2], MIXED, bias=False, output_weights=[1, -1]),
        inputs=[[-t if mirrored else t] for t in X],
        targets=[-t if exchanged else t for t in Y],
        interval=a,
        box={f"w{1 + k}_x1": WALLS[box][own] for k, own in enumerate(order)},
    )


def losses(alpha: float, w: Array, mirrored: bool, exchanged: bool) -> Array:
    x = np.array([float(-t if mirrored else t) for t in X])
    y = np.array([float(-t if exchanged else t) for t in Y])
    z = w[..., None] * x
    s = alpha * np.maximum(z, 0) + (1 - alpha) * z**2
    found: Array = np.mean((s[..., 0, :] - s[..., 1, :] - y) ** 2, axis=-1)
    return found


def held(mirrored: bool, exchanged: bool, box: str) -> tuple[Spaces, Curve]:
    """The minimiser at the wall, (−5, −4.906) in the case that nothing is turned."""
    own = problem(mirrored, exchanged, box)
    spaces = Spaces(Node(problem_document(own), "problem"))
    start = [-5.0, -4.9056] if box == "equal" else [-4.1, -4.0]
    w = np.array(start[::-1] if exchanged else start) * (-1 if mirrored else 1)
    slot = (0 if box == "equal" else 1) ^ int(exchanged)
    pattern = tuple(int(float(-t if mirrored else t) * w[0] > 0) for t in X)
    # In a frame along the valley, as it is proposed: else the multiplier is not enclosed well.
    rows = np.eye(2)
    rows[1 - slot, slot] = -round(4096 * w[slot] / w[1 - slot]) / 4096
    walls = {slot: 1 if mirrored else 0}
    stratum = Stratum(0, (pattern, pattern), (), walls, Frame(tuple(map(tuple, rows.tolist()))))
    space, path = space_of(spaces, stratum), Path(rows @ w, np.zeros(2), np.ones(2))
    low, middle, high = (
        Curve(space, stratum, path, Range.exactly(np.array([at])), polish=9).path.centre
        for at in (0.45, MIDDLE, 0.452)
    )
    alpha = Range(np.array([0.45]), np.array([0.452]))
    return spaces, Curve(space, stratum, Path(middle, (high - low) / 2e-3, np.ones(2)), alpha)


CASES = [
    (mirrored, exchanged, box)
    for mirrored in (False, True)
    for exchanged in (False, True)
    for box in WALLS
]


def largest(spaces: Spaces, curve: Curve) -> dict[str, Any]:
    slab = Slab(*ENDS, Kind.ONE, ((curve.stratum, curve.path),))
    written = {"interval": ["a", "b"], "curves": [{}]}
    valleys = Valleys(spaces)
    assert valleys.seek(written, slab, (curve,))
    assert not valleys.seek(written, slab, (curve,))
    (found,) = valleys.added(written)["curves"]
    own: dict[str, Any] = found["valley"]
    valleys.forget(written)
    assert valleys.added(written) is written
    return own


@pytest.mark.parametrize(("mirrored", "exchanged", "box"), CASES)
def test_f_is_above_the_value_all_over_a_valley(mirrored: bool, exchanged: bool, box: str) -> None:
    spaces, curve = held(mirrored, exchanged, box)
    found = largest(spaces, curve)
    assert found["product"] == ["w1_x1", "w2_x1"]
    centre, slope, radius = (np.array(found[key]) for key in ("centre", "slope", "radius"))
    assert radius[0] >= 0.4 * abs(centre[0])
    lower = np.array([float(wall[0].p / wall[0].q) for wall in spaces.network.walls])
    upper = np.array([float(wall[1].p / wall[1].q) for wall in spaces.network.walls])
    generator = np.random.default_rng(8)
    for at in (0.45, 0.4511, 0.452):
        here = curve.at(Range.exactly(np.array([at])))
        middle = centre + slope * (at - MIDDLE)
        x = middle + radius * generator.uniform(-1, 1, (4000, 2))
        p, q = x[:, 0], x[:, 1] / x[:, 0]
        w = np.stack([(q + p) / 2, (q - p) / 2], 1)
        # And close to the curve, along the wall and off it.
        middle_w = here.point.middle
        near = middle_w + 10 ** generator.uniform(-6, -1, (4000, 1)) * generator.normal(
            size=(4000, 2)
        )
        slot = next(iter(curve.stratum.walls))
        near[::2, slot] = middle_w[slot]
        w = np.concatenate([w, near])
        w = w[np.all((lower <= w) & (w <= upper), axis=1)]
        turned = np.stack([w[:, 0] - w[:, 1], w[:, 0] ** 2 - w[:, 1] ** 2], 1)
        w = w[np.all(np.abs(turned - middle) <= radius, axis=1)]
        assert len(w) > 2000
        gap = losses(at, w, mirrored, exchanged) - here.value.hi[0]
        assert np.min(gap) >= -1e-13
        assert np.min(np.abs(gap)) < 1e-6


@pytest.mark.parametrize(("mirrored", "exchanged", "box"), CASES[:2] + CASES[-2:])
def test_other_valleys_are_refused(mirrored: bool, exchanged: bool, box: str) -> None:
    spaces, curve = held(mirrored, exchanged, box)
    found = largest(spaces, curve)
    centre, slope, radius = (np.array(found[key]) for key in ("centre", "slope", "radius"))
    product = Product((0, 1))
    check_valley(curve, product, Path(centre, slope, radius))
    with pytest.raises(BasinTooLarge, match="p = 0"):
        check_valley(curve, product, Path(centre, slope, radius * [30, 1]))
    with pytest.raises(BasinTooLarge, match="is near"):
        check_valley(curve, product, Path(centre, slope, radius * [1, 30]))
    for slot in range(2):
        beside = centre.copy()
        beside[slot] += 1.01 * radius[slot]
        with pytest.raises(Refuted, match="leave its valley"):
            check_valley(curve, product, Path(beside, slope, radius))
    with pytest.raises(Refuted, match="leave its valley"):
        check_valley(curve, Product((1, 0)), Path(centre, slope, radius))
    ((slot, side),) = curve.stratum.walls.items()
    # As if the other side of W ended there: then the wall does not hold the minimiser.
    opposite = copy.copy(curve)
    opposite.stratum = replace(curve.stratum, walls={slot: 1 - side})
    with pytest.raises(Refuted):
        check_valley(opposite, product, Path(centre, slope, radius))
    opposite.stratum = replace(curve.stratum, walls={})
    with pytest.raises(Refuted, match="single wall"):
        check_valley(opposite, product, Path(centre, slope, radius))


@pytest.mark.parametrize(("mirrored", "exchanged", "box"), CASES)
def test_the_gradient_of_g_vanishes_and_its_hessian_has_the_stated_term(
    mirrored: bool, exchanged: bool, box: str
) -> None:
    """h = u + τp² − 2bp = 2p(w_k − b); ∇F = F_u·∇h on the curve; −2τF_u is a term of ∂²G/∂p²."""
    spaces, curve = held(mirrored, exchanged, box)
    ((slot, side),) = curve.stratum.walls.items()
    tau, wall = (1, -1)[slot], (-1 if side == 0 else 1) * (5 if box == "equal" else 4)
    random = Random(2)
    for _ in range(20):
        w = [Fraction(random.randint(-30, 30), 7) for _ in range(2)]
        p, u = w[0] - w[1], w[0] ** 2 - w[1] ** 2
        assert u + tau * p * p - 2 * wall * p == 2 * p * (w[slot] - wall)
    folded = Product((0, 1)).folded(cell_polynomial(spaces.network, curve.stratum.pattern), 3)
    point = curve.at(curve.middle).point
    w1, w2 = point.middle
    at = [fmpq(*float(v).as_integer_ratio()) for v in (MIDDLE, w1 - w2, w1**2 - w2**2)]
    by_p, by_u = (float(Fraction(str(folded.derivative(k)(*at)))) for k in (1, 2))
    assert by_p == pytest.approx(by_u * (2 * tau * (w1 - w2) - 2 * wall), rel=1e-6)
    assert by_u * (w1 - w2) * (1 if side == 0 else -1) > 0
    found = _bump(curve, slot, side, curve.point[:1] - curve.point[1:], slot == 0)
    wanted = -2 * tau * by_u
    assert found <= wanted < found + 0.3 * abs(found)
    assert (wanted > 0) == (box == "equal")


@cache
def solved() -> EnclosedDual:
    """f − ℓ* is below 10⁻⁷ along a piece of the valley of length 0.1 from the wall."""
    dual = pieceproof.analyze(problem(a=("21/50", "91/200")))
    assert isinstance(dual, EnclosedDual)
    return dual


def test_a_valley_at_a_wall_is_covered() -> None:
    dual = solved()
    assert str(dual.verdict) == "proved"
    assert dual.counts["pieces"] == 1
    assert any("valley" in curve for slab in dual.document["slabs"] for curve in slab["curves"])
    grid = np.stack(np.meshgrid(np.linspace(-5, -4.5, 301), np.linspace(-5, -4.5, 301)), -1)
    for at in (Fraction(21, 50), Fraction(11, 25)):
        found = dual(at)
        least = float(np.min(losses(float(at), grid, False, False)))
        assert found.upper <= least + 1e-13
        assert least - found.lower < 1e-2
        assert found.minimiser["w1_x1"] == -5


def test_changed_valleys_are_rejected() -> None:
    def wide(valley: dict[str, Any]) -> None:
        valley["radius"] = [30 * r for r in valley["radius"]]

    def shifted(valley: dict[str, Any]) -> None:
        valley["centre"][0] *= 30

    def reversed_(valley: dict[str, Any]) -> None:
        valley["product"].reverse()

    def single(valley: dict[str, Any]) -> None:
        valley["product"] = valley["product"][:1] * 2

    def empty(valley: dict[str, Any]) -> None:
        valley["radius"] = [0.0, 1.0]

    def short(valley: dict[str, Any]) -> None:
        valley["slope"] = [0.0]

    def changed(change: Callable[[dict[str, Any]], None]) -> Conclusion:
        document = copy.deepcopy(solved().document)
        for slab in document["slabs"]:
            for curve in slab["curves"]:
                if "valley" in curve:
                    change(curve["valley"])
        document["digest"] = digest({k: v for k, v in document.items() if k != "digest"})
        try:
            return verify(document).verdict
        except CertificateError:
            return Conclusion.REJECTED

    assert changed(lambda valley: None) is Conclusion.PROVED
    for change in (wide, shifted, reversed_, single, empty, short):
        assert changed(change) is Conclusion.REJECTED, change


def test_a_box_that_is_too_large_leaves_nothing_behind() -> None:
    """Second derivatives of z, which are 0, are read by whoever comes next."""
    jets = Spaces(Node(problem_document(problem()), "problem"))[0].jets
    point = Range.exactly(np.array([[0.45, -5.0, -4.9]]))
    before, _ = jets.both(point, 2)
    everything = Range(np.array([[0.45, -np.inf, -1e300]]), np.array([[0.45, np.inf, 1e300]]))
    lost, seen = jets.both(everything, 2)
    assert np.all(np.isinf(lost.hessian.lo))
    assert np.all(np.isinf(seen[0].value.hi))
    after, seen = jets.both(point, 2)
    assert np.array_equal(before.hessian.lo, after.hessian.lo)
    assert all(np.all(z.hessian.lo == 0) and np.all(z.hessian.hi == 0) for z in seen)
