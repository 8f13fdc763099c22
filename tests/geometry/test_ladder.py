"""The ladder of counts: named systems, what each number rests on, hostile inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from famous_systems import (
    CLASSICAL,
    SMALL,
    Known,
    build,
    caprasse,
    cyclic,
    deep_linear,
    nearest_rank_one,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.counting import Count
from geometry.engines import (
    PRIME,
    Elimination,
    Failure,
    Flint,
    GroebnerBasis,
    Limits,
    Msolve,
    PolynomialSystem,
    Reason,
    Singular,
    Solutions,
    read,
)
from geometry.engines.quotient import staircase
from geometry.errors import InvalidSystem
from geometry.ladders import Ladder, LadderBroken, ladder
from geometry.verdicts import Verdict

LIMITS = Limits(seconds=20)
FAST = (Msolve(), Flint())


def climbed(system: PolynomialSystem) -> Ladder:
    return ladder(system, engines=FAST, limits=LIMITS)


@pytest.mark.parametrize("known", [*SMALL, *CLASSICAL], ids=lambda known: known.name)
def test_named_systems(known: Known) -> None:
    found = climbed(known.system)
    assert (int(found.generic), found.generic.verdict) == (known.generic, Verdict.PROVED)
    for name, expected in (
        ("distinct", known.distinct),
        ("real", known.real),
        ("mixed_volume", known.mixed_volume),
        ("stable_mixed_volume", known.stable),
    ):
        count = getattr(found, name)
        if expected is not None:
            assert (int(count), count.verdict) == (expected, Verdict.PROVED), name


@pytest.mark.parametrize(
    ("widths", "rungs"),
    [
        ([1, 1, 1], (9, 5, 5, 5)),
        ([1, 1, 2], (27, 9, 9, 9)),
        ([1, 2, 1], (81, 33, 25, 9)),
        ([1, 1, 1, 1], (125, 29, 17, 17)),
        ([1, 1, 1, 1, 1], (2401, 233, 49, 49)),
        ([1] * 6, (59049, 2329, 129, 129)),
        ([2, 1, 1], (27, 9, 9, 9)),
        ([1, 1, 1, 2], (625, 85, 33, 33)),
        ([2, 1, 2], (81, 33, 33, 17)),
    ],
)
@pytest.mark.parametrize("parameter", [True, False])
def test_deep_linear_networks(widths: list[int], rungs: Sequence[int], parameter: bool) -> None:
    """[MCTH18]; a chain of H hidden layers of width 1 has H·2^{H+1} + 1 critical points."""
    found = climbed(deep_linear(widths, parameter))
    counts = (found.bezout, found.multihomogeneous, found.stable_mixed_volume, found.generic)
    assert tuple(int(count) for count in counts) == rungs
    assert all(count.verdict is Verdict.PROVED for count in counts)
    assert int(found.mixed_volume) < int(found.stable_mixed_volume)
    if len(set(widths)) == 1:
        hidden = len(widths) - 2
        assert int(found.generic) == hidden * 2 ** (hidden + 1) + 1 > int(found.mixed_volume)


@pytest.mark.skipif(not Singular().is_available(), reason="Singular is not installed")
@pytest.mark.parametrize("widths", [[2, 1, 1], [1, 1, 1, 2], [2, 1, 2], [1] * 6])
def test_deep_linear_networks_by_singular(widths: list[int]) -> None:
    """The number of standard monomials, by an engine that the ladder has not asked."""
    system = deep_linear(widths)
    basis = Singular().groebner(system, LIMITS, PRIME, 777)
    assert isinstance(basis, GroebnerBasis)
    count = len(staircase(basis.leading, len(system.variables)))
    assert count == int(climbed(system).generic)


def test_multiple_solutions_are_told_from_distinct_ones() -> None:
    found = climbed(caprasse())
    assert (int(found.generic), int(found.distinct), int(found.real)) == (56, 32, 18)
    assert found.generic.verdict is Verdict.PROVED
    assert int(found.mixed_volume) == 48


def test_a_parameter_leaves_the_real_count_open() -> None:
    found = climbed(deep_linear([1, 1, 1]))
    assert found.real.value is None
    assert found.real.upper == 5
    assert "depends on the parameter" in found.real.reason


def test_rank_one_weights_matter() -> None:
    generic, unit = (climbed(nearest_rank_one(weights)) for weights in ((2, 3, 5, 7), (1, 1, 1, 1)))
    assert (int(generic.generic), int(unit.generic)) == (6, 2)
    assert generic.bezout == unit.bezout


def test_real_roots_come_certified() -> None:
    found = climbed(cyclic(5))
    assert int(found.real) == len(found.roots.certified) == 10
    assert found.roots.all_certified


def test_positive_dimension_with_isolated_points() -> None:
    """x(x−1) = x(y−2)(y−3) = 0: the line x = 0 and two points."""
    found = climbed(build("x y", lambda x, y: [x * (x - 1), x * (y - 2) * (y - 3)]))
    assert found.dimension == 1
    assert found.generic.value is None
    assert found.generic.verdict is Verdict.BOUNDS
    assert (found.generic.lower, found.generic.upper) == (2, 4)
    assert "dimension 1" in found.generic.reason
    assert found.real.verdict is Verdict.UNRESOLVED


def test_fewer_equations_than_unknowns() -> None:
    found = climbed(build("x y", lambda x, y: [x * y - 1]))
    assert (int(found.generic), found.real.value) == (0, None)
    assert found.mixed_volume.verdict is Verdict.UNRESOLVED


def test_no_equations() -> None:
    found = climbed(build("x y", lambda x, y: []))
    assert int(found.generic) == 0
    assert int(found.bezout) == 1


def test_an_unlucky_prime_does_not_decide() -> None:
    """p·x² + x − 1 has one root modulo p."""
    found = climbed(build("x", lambda x: [PRIME * x**2 + x - 1]))
    assert (int(found.generic), int(found.real)) == (2, 2)
    twice = climbed(build("x y", lambda x, y: [PRIME * x**2 + x * y - y, y**2 - x * y - PRIME]))
    assert int(twice.generic) == 4


def test_without_exact_confirmation_the_count_is_modular() -> None:
    found = ladder(deep_linear([1, 2, 1]), engines=(Msolve(),), limits=LIMITS)
    if not Msolve().is_available():
        pytest.skip("msolve is not installed")
    assert (found.generic.value, found.generic.verdict) == (9, Verdict.MODULAR)
    assert (found.generic.lower, found.generic.upper) == (9, 25)


def test_flint_alone_suffices_for_small_systems() -> None:
    found = ladder(SMALL[1].system, engines=(Flint(),), limits=LIMITS)
    assert [int(c) for c in (found.generic, found.distinct, found.real)] == [4, 4, 4]
    assert found.generic.verdict is Verdict.PROVED


@dataclass(frozen=True)
class Broken:
    """An engine that always fails for one reason."""

    reason: Reason
    name: str = "broken"

    def is_available(self) -> bool:
        return True

    def groebner(
        self, system: PolynomialSystem, limits: Limits, prime: int = 0, alpha: int = 0
    ) -> GroebnerBasis | Failure:
        return Failure(self.name, self.reason, "on purpose")

    def solve(
        self, system: PolynomialSystem, limits: Limits, precision: int = 64
    ) -> Solutions | Failure:
        return Failure(self.name, self.reason, "on purpose")

    def eliminate(
        self, system: PolynomialSystem, keep: Sequence[str], limits: Limits
    ) -> Elimination | Failure:
        return Failure(self.name, self.reason, "on purpose")


@pytest.mark.parametrize("reason", list(Reason))
def test_failing_engines_leave_proved_bounds(reason: Reason) -> None:
    found = ladder(caprasse(), engines=(Broken(reason),), limits=LIMITS)
    assert (found.generic.value, found.generic.upper) == (None, 56)
    assert found.generic.verdict is Verdict.BOUNDS
    assert "on purpose" in found.generic.reason
    assert "on purpose" in found.real.reason


def test_a_failing_engine_is_followed_by_the_next() -> None:
    found = ladder(SMALL[0].system, engines=(Broken(Reason.CRASH), Flint()), limits=LIMITS)
    assert int(found.real) == 4


def test_a_violated_rung_is_an_error() -> None:
    found = climbed(SMALL[0].system)
    with pytest.raises(LadderBroken, match="generic is 4, but stable_mixed_volume is 3"):
        replace(found, stable_mixed_volume=Count.proved(3)).check()
    with pytest.raises(LadderBroken, match="mixed volume"):
        replace(found, mixed_volume=Count.proved(9)).check()


def test_the_ladder_prints_all_rungs() -> None:
    text = str(climbed(deep_linear([1, 1, 1])))
    for word in ("bezout", "multihomogeneous", "stable mixed volume", "generic", "{x0} {x1}"):
        assert word in text


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(-4, 4), min_size=1, max_size=2, unique=True), min_size=2, max_size=2
    )
)
def test_planted_roots(coordinates: list[list[int]]) -> None:
    """Π(x − a_i) = Π(y − b_j) = 0, sheared: every root is planted."""

    def equations(x: object, y: object) -> list[object]:
        first, second = 1 + 0 * x, 1 + 0 * y  # type: ignore[operator]
        for a in coordinates[0]:
            first = first * (x + y - a)  # type: ignore[operator]
        for b in coordinates[1]:
            second = second * (x - 2 * y - b)  # type: ignore[operator]
        return [first, second]

    found = ladder(build("x y", equations), engines=(Flint(),), limits=LIMITS)
    number = len(coordinates[0]) * len(coordinates[1])
    assert [int(c) for c in (found.generic, found.distinct, found.real)] == [number] * 3
    assert found.roots.all_certified


def test_sympy_polynomials_are_read_exactly() -> None:
    sympy = pytest.importorskip("sympy")
    x, y, a = sympy.symbols("x y a")
    found = ladder([sympy.Eq(x**2 + y**2, 5), x * y - sympy.Rational(1, 3)], [x, y], engines=FAST)
    assert int(found.real) == 4
    system = read([0.1 * x**2 + sympy.Rational(1, 3) * y - a], [x, y], a)
    assert str(system.equations[0]) == "3*x^2 + 10*y - 30*a"
    assert (
        system.at(Fraction(1, 3)).equations[0]
        == read([3 * x**2 + 10 * y - 10], [x, y]).equations[0]
    )


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("sin", "no polynomial"),
        ("sqrt", "not rational"),
        ("foreign", "neither a variable nor the parameter"),
        ("text", "is text"),
        ("inverse", "no polynomial|not rational"),
    ],
)
def test_what_is_no_polynomial_is_refused(expression: str, message: str) -> None:
    sympy = pytest.importorskip("sympy")
    x, z = sympy.symbols("x z")
    wrong = {
        "sin": sympy.sin(x) + x,
        "sqrt": sympy.sqrt(2) * x,
        "foreign": x + z,
        "text": "x + 1",
        "inverse": 1 / x + 1,
    }[expression]
    with pytest.raises(InvalidSystem, match=message):
        ladder([wrong], [x])


def test_names_must_differ() -> None:
    with pytest.raises(InvalidSystem, match="not distinct"):
        read([], ["x", "x"])
    with pytest.raises(InvalidSystem, match="at least one variable"):
        read([], [], "a")
