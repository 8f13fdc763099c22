"""Certification of real roots and interval exclusion."""

from __future__ import annotations

from fractions import Fraction

import pytest
from famous_systems import build, caprasse, deep_linear, noon
from flint import arb, arb_mat, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.balls import BallSystem
from geometry.boxes import interval
from geometry.engines import Flint, Limits, Msolve, Solutions
from geometry.exclusion import exclude
from geometry.krawczyk import (
    CertifiedRoot,
    UncertifiedRoot,
    certify,
    certify_all,
    contracts,
    krawczyk,
)
from geometry.verdicts import Verdict

CIRCLE = build("x y", lambda x, y: [x**2 + y**2 - 5, x * y - 2])
ROOTS = [(1, 2), (2, 1), (-1, -2), (-2, -1)]


def around(point: tuple[int, ...], radius: Fraction) -> list[tuple[Fraction, Fraction]]:
    return [(x - radius, x + radius) for x in point]


@pytest.mark.parametrize("root", ROOTS)
def test_a_simple_root_is_proved_and_enclosed(root: tuple[int, int]) -> None:
    found = certify(CIRCLE, around(root, Fraction(1, 100)))
    assert isinstance(found, CertifiedRoot)
    for value, (lower, upper), (left, right) in zip(root, found.enclosure, found.box, strict=True):
        assert left <= lower <= value <= upper <= right
        assert upper - lower < Fraction(1, 2**64)


def test_regions_are_disjoint_and_duplicates_are_found() -> None:
    boxes = [around(root, Fraction(1, 1000)) for root in [*ROOTS, ROOTS[0]]]
    found = certify_all(CIRCLE, boxes)
    assert len(found.certified) == 4
    assert found.duplicates == 1
    assert not found.all_certified
    for i, one in enumerate(found.certified):
        for other in found.certified[:i]:
            assert any(a[1] < b[0] or b[1] < a[0] for a, b in zip(one.box, other.box, strict=True))


@pytest.mark.parametrize(
    ("system", "point", "word"),
    [
        (build("x y", lambda x, y: [x**2, y**2]), (0, 0), "multiple"),
        (build("x y", lambda x, y: [x**2 + y**2 + 1, x - y]), (0, 0), "none"),
        (build("x y", lambda x, y: [x - y]), (0, 0), "1 equations in 2"),
        (deep_linear([1, 1, 1]), (0, 0), "parameter"),
    ],
)
def test_what_cannot_be_proved_says_why(system: object, point: tuple[int, int], word: str) -> None:
    found = certify(system, around(point, Fraction(1, 8)))  # type: ignore[arg-type]
    assert isinstance(found, UncertifiedRoot)
    assert word in found.reason


def test_a_far_root_is_not_taken_for_the_one_asked_for() -> None:
    system = build("x", lambda x: [x**2 - 100])
    assert isinstance(certify(system, [(Fraction(1), Fraction(2))]), UncertifiedRoot)


def test_close_roots_are_told_apart() -> None:
    gap = Fraction(1, 10**25)
    system = build("x", lambda x: [(10**25 * x - 1) * (x * 10**25 - 2)])
    boxes = [[(k * gap * Fraction(99, 100), k * gap * Fraction(101, 100))] for k in (1, 2)]
    assert len(certify_all(system, boxes).certified) == 2


def test_krawczyk_holds_for_a_whole_parameter_interval() -> None:
    system = BallSystem(build("x", lambda x, a: [x**2 - a], "a"))
    with ctx.workprec(64):
        alpha = arb(2, 2.0**-6)
        region = [arb("1.4142") + arb(0, 2.0**-5)]
        assert contracts(krawczyk(system, region, alpha), region)
        assert not contracts(krawczyk(system, region, arb(2, 1)), region)


@settings(deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=4, max_size=4),
    st.lists(st.fractions(-3, 3, max_denominator=64), min_size=2, max_size=2),
)
def test_ball_values_enclose_exact_ones(c: list[int], at: list[Fraction]) -> None:
    def equations(x: object, y: object) -> list[object]:
        return [c[0] * x**3 + c[1] * x * y - 7, c[2] * y**2 + c[3] * x**2 * y + x]  # type: ignore[operator]

    system = build("x y", equations)
    with ctx.workprec(53):
        point = [arb(v.numerator) / v.denominator for v in at]
        values = BallSystem(system).values(point)
        jacobian = BallSystem(system).jacobian(point)
    for row, equation in enumerate(system.equations):
        for enclosure, polynomial in (
            (values[row], equation),
            *((jacobian[row, k], equation.derivative(k)) for k in range(2)),
        ):
            exact = sum(
                int(k) * at[0] ** int(m[0]) * at[1] ** int(m[1]) for m, k in polynomial.terms()
            )
            lower, upper = interval(enclosure)
            assert lower <= exact <= upper
    assert isinstance(jacobian, arb_mat)


def real_roots(system: object, box: object = None) -> list[CertifiedRoot]:
    engine = Msolve() if Msolve().is_available() else Flint()
    found = engine.solve(system, Limits(seconds=30))  # type: ignore[arg-type]
    assert isinstance(found, Solutions)
    return list(certify_all(system, found.boxes).certified)  # type: ignore[arg-type]


@pytest.mark.parametrize("system", [CIRCLE, noon(3)], ids=["circle", "noon-3"])
def test_exclusion_proves_completeness(system: object) -> None:
    roots = real_roots(system)
    box = [(Fraction(-4), Fraction(4))] * len(system.variables)  # type: ignore[attr-defined]
    assert exclude(system, box, roots).verdict is Verdict.PROVED  # type: ignore[arg-type]


def test_exclusion_finds_what_is_missing() -> None:
    roots = real_roots(CIRCLE)
    found = exclude(CIRCLE, [(Fraction(-4), Fraction(4))] * 2, roots[1:])
    assert found.verdict is Verdict.UNRESOLVED
    assert len(found.further) == 1
    inside = roots[0].enclosure
    assert all(
        outer[0] <= inner[0] and inner[1] <= outer[1]
        for outer, inner in zip(found.further[0], inside, strict=True)
    )


def test_exclusion_leaves_multiple_roots_open() -> None:
    system = build("x y", lambda x, y: [x**2, y**2])
    found = exclude(system, [(Fraction(-1), Fraction(1))] * 2, [], budget=200)
    assert found.verdict is Verdict.UNRESOLVED
    assert found.open
    assert not found.further


def test_exclusion_of_an_overdetermined_system() -> None:
    system = build("x y", lambda x, y: [x - y, x + y - 2, x * y - 3])
    assert exclude(system, [(Fraction(-9), Fraction(9))] * 2, []).verdict is Verdict.PROVED


def test_all_roots_of_caprasse_are_certified() -> None:
    assert len(real_roots(caprasse())) == 18
