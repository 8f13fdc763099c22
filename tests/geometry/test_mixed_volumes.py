"""Bézout bounds and mixed volumes: known values, definitions, independence, a second program."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from famous_systems import build, caprasse, cyclic, deep_linear, eco, katsura
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.counting import bezout, gfan_mixed_volume, multihomogeneous, polyhedral, volumes
from geometry.counting.mixed_cells import TooManyCells, mixed_cells
from geometry.counting.newton import with_origin
from geometry.engines import Failure, Flint, GroebnerBasis, Limits, PolynomialSystem, Reason
from geometry.engines.process import find_program
from geometry.engines.quotient import krull_dimension, staircase
from geometry.verdicts import Verdict

LIMITS = Limits(seconds=30)
Support = tuple[tuple[int, ...], ...]


def random_supports(seed: int, n: int, size: int, degree: int) -> list[Support]:
    random = Random(seed)
    points = [p for p in product(range(degree + 1), repeat=n) if sum(p) <= degree]
    return [tuple(sorted(random.sample(points, size))) for _ in range(n)]


def doubled_area(points: set[tuple[int, int]]) -> int:
    """Twice the area of the convex hull (monotone chain, shoelace)."""
    ordered = sorted(points)
    if len(ordered) < 3:
        return 0

    def half(sequence: list[tuple[int, int]]) -> list[tuple[int, int]]:
        hull: list[tuple[int, int]] = []
        for p in sequence:
            while len(hull) > 1 and (
                (hull[-1][0] - hull[-2][0]) * (p[1] - hull[-2][1])
                - (hull[-1][1] - hull[-2][1]) * (p[0] - hull[-2][0])
            ) <= 0:  # fmt: skip
                hull.pop()
            hull.append(p)
        return hull[:-1]

    hull = half(ordered) + half(ordered[::-1])
    pairs = zip(hull, hull[1:] + hull[:1], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)


planar = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6)


@settings(deadline=None)
@given(planar, planar)
def test_in_the_plane_it_is_the_area_formula(p: set, q: set) -> None:  # type: ignore[type-arg]
    """MV(P, Q) = area(P+Q) − area(P) − area(Q)."""
    minkowski = {(a[0] + b[0], a[1] + b[1]) for a in p for b in q}
    expected = (doubled_area(minkowski) - doubled_area(p) - doubled_area(q)) // 2
    supports = [tuple(sorted(p)), tuple(sorted(q))]
    cells = mixed_cells(supports, [[0] * len(s) for s in supports], 10_000)
    assert sum(cell.volume for cell in cells) == expected


@settings(deadline=None)
@given(planar, planar)
def test_the_three_volumes_are_ordered(p: set, q: set) -> None:  # type: ignore[type-arg]
    found = volumes([tuple(sorted(p)), tuple(sorted(q))])
    assert found.torus <= found.stable <= found.with_origin


@pytest.mark.parametrize("seed", range(6))
def test_the_random_refinement_does_not_matter(seed: int) -> None:
    supports, heights = with_origin(random_supports(seed, 3, 5, 4))
    found = {
        sum(cell.volume for cell in mixed_cells(supports, heights, 10_000, choice))
        for choice in (1, 2, 3)
    }
    assert len(found) == 1


@pytest.mark.skipif(find_program("gfan") is None, reason="gfan is not installed")
@pytest.mark.parametrize("seed", range(6))
def test_gfan_agrees(seed: int) -> None:
    n = 2 + seed % 3
    supports = random_supports(100 + seed, n, 5, 3)
    found = volumes(supports)
    assert gfan_mixed_volume(supports, LIMITS) == found.torus
    assert gfan_mixed_volume(with_origin(supports)[0], LIMITS) == found.with_origin


def with_random_coefficients(supports: list[Support], seed: int) -> PolynomialSystem:
    random, n = Random(seed), len(supports)

    def equations(*x: object) -> list[object]:
        rows = []
        for support in supports:
            row = 0 * x[0]  # type: ignore[operator]
            for monomial in support:
                term = row * 0 + random.randint(1, 10**6)
                for variable, exponent in zip(x, monomial, strict=True):
                    term = term * variable**exponent  # type: ignore[operator]
                row = row + term
            rows.append(row)
        return rows

    return build(" ".join(f"x{i}" for i in range(n)), equations)


@pytest.mark.parametrize("seed", range(10))
def test_the_stable_volume_counts_the_solutions_of_generic_systems(seed: int) -> None:
    """Equality for random coefficients, where the solution set is finite [Huber–Sturmfels]."""
    n = 2 + seed % 2
    supports = random_supports(seed, n, 3 + seed % 2, 3)
    basis = Flint().groebner(with_random_coefficients(supports, seed), LIMITS)
    assert isinstance(basis, GroebnerBasis)
    if krull_dimension(basis.leading, n) > 0:
        pytest.skip("a coordinate subspace of solutions")
    count = 0 if krull_dimension(basis.leading, n) < 0 else len(staircase(basis.leading, n))
    assert volumes(supports).stable == count


def test_the_example_of_huber_and_sturmfels() -> None:
    """Three roots in the torus, six in the plane, eight with constant terms."""
    supports = [((0, 1), (0, 2), (1, 3)), ((1, 0), (2, 0), (3, 1))]
    found = volumes(supports)
    assert (found.torus, found.stable, found.with_origin) == (3, 6, 8)
    basis = Flint().groebner(with_random_coefficients(supports, 5), LIMITS)
    assert isinstance(basis, GroebnerBasis)
    assert len(staircase(basis.leading, 2)) == 6


@pytest.mark.parametrize(
    ("system", "plain", "groups", "torus", "stable"),
    [
        (deep_linear([1, 1, 1]), 9, 5, 4, 5),
        (deep_linear([1, 1, 2]), 27, 9, 8, 9),
        (deep_linear([1, 2, 1]), 81, 33, 16, 25),
        (deep_linear([1, 1, 1, 1]), 125, 29, 16, 17),
        (deep_linear([1, 1, 1, 1, 1]), 2401, 233, 48, 49),
        (caprasse(), 144, 62, 48, 56),
        (cyclic(5), 120, 120, 70, 70),
        (katsura(4), 16, 16, 12, 16),
        (eco(5), 54, 20, 8, 8),
    ],
)
def test_bounds_of_named_systems(
    system: PolynomialSystem, plain: int, groups: int, torus: int, stable: int
) -> None:
    assert int(bezout(system)) == plain
    assert multihomogeneous(system).bound == groups
    found = polyhedral(system, LIMITS)
    assert int(found.mixed_volume) == torus
    assert int(found.stable_mixed_volume) == stable
    assert found.stable_mixed_volume.verdict is Verdict.PROVED


def test_multihomogeneous_names_its_partition() -> None:
    found = multihomogeneous(deep_linear([1, 2, 1]))
    assert found.partition == (("x0", "x1"), ("x2", "x3"))
    assert found.exhaustive


def test_many_variables_use_a_greedy_descent() -> None:
    found = multihomogeneous(deep_linear([2, 2, 2]))
    assert not found.exhaustive
    assert found.bound <= int(bezout(deep_linear([2, 2, 2]))) == 3**8


def test_a_budget_ends_the_homotopy() -> None:
    supports = cyclic(5).supports()
    with pytest.raises(TooManyCells):
        volumes(supports, flips=3)


@pytest.mark.skipif(find_program("gfan") is None, reason="gfan is not installed")
def test_gfan_takes_over_and_is_labelled() -> None:
    found = polyhedral(cyclic(6), LIMITS, flips=3)
    assert (int(found.mixed_volume), int(found.stable_mixed_volume)) == (156, 156)
    origin = polyhedral(caprasse(), LIMITS, flips=3).stable_mixed_volume
    assert origin.verdict is Verdict.PROVED or "origin added" in origin.reason
    weak = polyhedral(
        build("x y", lambda x, y: [y + y**2 + x * y**3, x + x**2 + x**3 * y]), LIMITS, flips=0
    )
    assert int(weak.mixed_volume) == 3
    assert weak.stable_mixed_volume.verdict is Verdict.BOUNDS
    assert weak.stable_mixed_volume.value == weak.stable_mixed_volume.upper == 8
    assert "origin added" in weak.stable_mixed_volume.reason


def test_without_gfan_large_systems_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geometry.counting.newton.find_program", lambda name: None)
    missing = gfan_mixed_volume(cyclic(5).supports(), LIMITS)
    assert isinstance(missing, Failure)
    assert missing.reason is Reason.MISSING
    assert "install it with" in missing.message
    found = polyhedral(cyclic(5), LIMITS, flips=3)
    assert found.mixed_volume.verdict is Verdict.UNRESOLVED
