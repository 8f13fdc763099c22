"""Events: known folds and crossings, special α, two routes, and what stays open."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import fmpq, fmpz_mpoly, fmpz_poly
from sample_families import (
    FOUR,
    SIX,
    SIX_WITH_TWO_INPUTS,
    one_unit,
    plane_family,
    product_family,
    two_units,
)

from geometry.algebraic import RealAlgebraic, roots_of
from geometry.counting.jacobian import jacobian_determinant
from geometry.engines import (
    PRIME,
    Failure,
    Flint,
    Limits,
    Msolve,
    PolynomialSystem,
    Reason,
    Singular,
    read,
)
from geometry.engines.quotient import krull_dimension, staircase
from geometry.engines.system import ring
from geometry.errors import InvalidSystem
from geometry.events import EventKind, find_events
from geometry.families import Family
from geometry.resultants import CriticalValueCurve, critical_value_curve, discriminant
from geometry.special import Unsolved, solve_off_special
from geometry.verdicts import Verdict
from piecewise.exact import to_fmpq

LIMITS = Limits(seconds=60)
ALL = [pytest.param((engine,), id=engine.name) for engine in (Msolve(), Flint(), Singular())]
X = fmpz_poly([0, 1])
THIRD = Fraction(1, 3)


def available(engines):
    if not all(engine.is_available() for engine in engines):
        pytest.skip("not installed here")
    return engines


def univariate(polynomial: fmpz_mpoly, name: str) -> fmpz_poly:
    index = polynomial.context().names().index(name)
    result = fmpz_poly([0])
    for monomial, coefficient in polynomial.terms():
        result += coefficient * X ** int(monomial[index])
    return result


@pytest.mark.parametrize("engines", ALL)
def test_folds_and_crossings_of_a_circle(engines):
    """x² = ¼ − (α − ½)²: folds at both ends of (0, 1); x crosses 2/5 at α = 1/5 and 4/5."""
    family = plane_family(
        lambda x, a: x**2 + a**2 - a, (-1, 2), constraints=lambda x, a: [5 * x - 2]
    )
    found = find_events(family, available(engines), LIMITS)
    crossings = found.of_kind(EventKind.CROSSING)
    assert [float(e.alpha[0]) for e in crossings] == pytest.approx([0.2, 0.8])
    for event, exact in zip(crossings, (Fraction(1, 5), Fraction(4, 5)), strict=True):
        assert event.certified
        assert event.alpha[0] <= exact <= event.alpha[1]
        assert event.point[0][0] <= Fraction(2, 5) <= event.point[0][1]
    folds = found.of_kind(EventKind.FOLD)
    assert [round(float(e.alpha[0])) for e in folds] == [0, 1]
    assert found.special == ()
    assert found.reasons == ()
    exact_engine = engines[0].name != "msolve"
    assert found.verdict is (Verdict.PROVED if exact_engine else Verdict.MODULAR)
    assert list(found.events) == sorted(found.events, key=lambda event: event.alpha)


@pytest.mark.parametrize("engines", ALL)
def test_the_hyperbola_is_a_special_value(engines):
    found = find_events(product_family(), available(engines), LIMITS)
    assert [value.alpha for value in found.special] == [(0, 0)]
    (fold,) = found.of_kind(EventKind.FOLD)
    assert fold.alpha[0] <= 1 <= fold.alpha[1]
    assert all(low <= 0 <= high for low, high in fold.point)
    systems = {system.kind: system for system in found.systems}
    assert systems[EventKind.FOLD].special == X


def test_points_outside_the_box_are_no_events():
    family = plane_family(lambda x, a: (x - 20) ** 2 + a**2 - 1, (-2, 2))
    assert find_events(family, (Flint(),), LIMITS).events == ()


def test_walls_are_crossed():
    """x = 1/α leaves [−10, 10] at α = 1/10."""
    found = find_events(plane_family(lambda x, a: a * x - 1), (Flint(),), LIMITS)
    (event,) = found.events
    assert (event.kind, event.index, event.certified) == (EventKind.WALL, 1, True)
    assert event.alpha[0] <= Fraction(1, 10) <= event.alpha[1]


def test_multiplier_zeros():
    """Minimum of (w − α)² on w = ½: λ = 2α − 1 changes sign at α = ½."""
    w, m, a = ring(["w", "m", "a"]).gens()
    system = read([2 * (w - a) + m, 2 * w - 1], ["w", "m"], "a")
    family = Family.of(system, (0, 1), ((-1, 1),), (), (w - a) ** 2)
    assert family.multipliers == ("m",)
    (event,) = find_events(family, (Flint(),), LIMITS).events
    assert event.kind is EventKind.MULTIPLIER
    assert event.alpha[0] <= Fraction(1, 2) <= event.alpha[1]


def test_escapes_are_events():
    family = plane_family(lambda x, a: x - a)
    with_escape = Family(
        family.system, family.domain, family.box, (), family.objective, ((THIRD, THIRD),)
    )
    (event,) = find_events(with_escape, (Flint(),), LIMITS).events
    assert (event.kind, event.alpha) == (EventKind.ESCAPE, (THIRD, THIRD))


@pytest.mark.parametrize("engines", ALL)
def test_points_degenerate_for_every_alpha_stay_open(engines):
    found = find_events(plane_family(lambda x, a: (x - a) ** 2), available(engines), LIMITS)
    assert found.verdict is Verdict.UNRESOLVED
    assert any("fold" in reason and "infinitely many" in reason for reason in found.reasons)


@pytest.mark.parametrize("engines", ALL)
def test_branches_along_a_constraint_are_told_from_those_that_cross_it(engines):
    """Of x = α/2, x = 1 − α the second crosses {x = α/2}, at α = 2/3."""
    family = plane_family(
        lambda x, a: (2 * x - a) * (x + a - 1), constraints=lambda x, a: [2 * x - a]
    )
    found = find_events(family, available(engines), LIMITS)
    assert found.reasons == ()
    (crossing,) = found.of_kind(EventKind.CROSSING)
    (fold,) = found.of_kind(EventKind.FOLD)
    for event in (crossing, fold):
        assert event.alpha[0] <= Fraction(2, 3) <= event.alpha[1]


def test_a_missing_engine_is_a_reason():
    family = plane_family(lambda x, a: x**2 - a)
    found = find_events(family, (Msolve(program="no-such-msolve"),), LIMITS)
    assert found.verdict is Verdict.UNRESOLVED
    assert found.events == ()
    assert "install" in found.reasons[0]


@pytest.mark.parametrize("domain", [(1, 0), (0, 0)])
def test_empty_intervals_are_refused(domain):
    with pytest.raises(InvalidSystem, match="lower < upper"):
        plane_family(lambda x, a: x - a, domain)


def test_an_irrational_special_value_is_isolated():
    """(α² − 2)·x² + (α² − 2) = 0 and x free over α = ±√2."""
    family = plane_family(lambda x, a: (a**2 - 2) * (x**2 - a), (0, 2))
    found = find_events(family, (Flint(),), LIMITS)
    (value,) = found.special
    assert value.alpha[0] ** 2 < 2 < value.alpha[1] ** 2
    assert [e.kind for e in found.events if e.alpha == value.alpha] == [EventKind.SPECIAL]


@pytest.mark.parametrize("active", [(0, 1), (0, 1, 2)])
def test_folds_are_the_odd_roots_of_the_discriminant(active):
    """Two routes: Disc_v of the critical-value curve vanishes to odd order at folds, to even
    order where two values are equal without touching branches."""
    family = one_unit(FOUR, active, width=10**6)
    engines = available((Msolve(),))
    curve = critical_value_curve(
        family.system, _terms_polynomial(family), engines=engines, limits=LIMITS
    )
    assert isinstance(curve, CriticalValueCurve)
    assert curve.bidegree == (9, 32)
    odd = [f for f, k in discriminant(curve.branches.polynomial, "v").factors if k % 2]
    expected = sorted(
        root
        for factor in odd
        for root in roots_of(univariate(factor, "a"), fmpq(0), fmpq(1))
        if RealAlgebraic.rational(0) < root < RealAlgebraic.rational(1)
    )
    found = find_events(family, engines, LIMITS)
    folds = [e for e in found.of_kind(EventKind.FOLD) if e.alpha[0] > 0 and e.alpha[1] < 1]
    assert len(expected) == len(folds) > 0
    for root, event in zip(expected, folds, strict=True):
        assert event.certified
        assert root.compare_rational(to_fmpq(event.alpha[0])) >= 0
        assert root.compare_rational(to_fmpq(event.alpha[1])) <= 0


def _terms_polynomial(family: Family) -> fmpz_mpoly:
    return family.system.context.from_dict({m: int(c) for m, c in family.objective.items()})


def test_a_positive_dimensional_end_is_saturated_away():
    """One active row of six, two inputs: at α = 1 the loss depends on one form only."""
    found = find_events(one_unit(SIX_WITH_TWO_INPUTS, [0]), available((Msolve(),)), LIMITS)
    assert [(value.alpha, value.dimension) for value in found.special] == [((1, 1), 2)]
    fold = next(system for system in found.systems if system.kind is EventKind.FOLD)
    assert (fold.complex_count, fold.special) == (126, X - 1)
    assert found.verdict is Verdict.MODULAR
    assert all(event.certified for event in found.events)


def two_unit_pattern(first: tuple[int, int], second: tuple[int, int]) -> list[tuple[int, int]]:
    """Which rows, ordered by their input, each unit has active: from, to (half-open)."""
    rows = sorted(SIX)
    own = [[int(low <= i < high) for i in range(6)] for low, high in (first, second)]
    active = {x: pair for (x, _), pair in zip(rows, zip(*own, strict=True), strict=True)}
    return [active[x] for x, _ in SIX]


TWO_UNITS = [
    # α = 1 is special iff the active rows leave fewer than four independent forms.
    pytest.param((4, 6), (0, 2), X, 252, id="four forms"),
    pytest.param((4, 6), (2, 6), X, 252, id="four forms, overlapping"),
    pytest.param((5, 6), (0, 2), X * (X - 1), 246, id="three forms"),
    pytest.param((4, 6), (3, 6), X * (X - 1), 246, id="three forms, overlapping"),
    pytest.param((5, 6), (0, 1), X * (X - 1), 216, id="two forms"),
]


def off_special(system: PolynomialSystem, special: fmpz_poly) -> PolynomialSystem:
    """With 1 = t·special(α), α the last of the five variables."""
    terms = {(0, 0, 0, 0, k, 1): int(c) for k, c in enumerate(special.coeffs()) if c}
    return system.joined(["t"], [{**terms, (0,) * 6: -1}])


def null_vectors(system: PolynomialSystem) -> PolynomialSystem:
    """F = 0, ∂F/∂x·n = 0, c·n = 1: a kernel of dimension 1 at a point is one solution."""
    rows = []
    for equation in system.equations:
        row = {}
        for j in range(4):
            for monomial, coefficient in equation.derivative(j).terms():
                key = (*(int(e) for e in monomial), *(int(k == j) for k in range(4)))
                row[key] = row.get(key, 0) + int(coefficient)
        rows.append(row)
    chart = {(0,) * 5 + tuple(int(k == j) for k in range(4)): (3, -5, 7, 11)[j] for j in range(4)}
    return system.parameter_as_variable().joined(
        ["n0", "n1", "n2", "n3"], [*rows, {**chart, (0,) * 9: -1}]
    )


@pytest.mark.parametrize(("first", "second", "special", "folds"), TWO_UNITS)
def test_two_units_have_their_folds_off_special_ends(first, second, special, folds):
    """33 critical points. At α = 0 the two units rotate into each other. At α = 1 the loss sees
    only the forms of active rows; with fewer than four there is a flat of minima, and fewer
    folds remain elsewhere: 252 with none, 246 with a line, 216 with a plane. Counted modulo a
    prime by the determinant, and by null vectors."""
    (msolve,) = available((Msolve(),))
    family = two_units(SIX, two_unit_pattern(first, second))
    basis = msolve.groebner(family.system, LIMITS, PRIME, 123456)
    assert len(staircase(basis.leading, 4)) == 33
    whole = family.whole
    fold = jacobian_determinant(family.system)
    system = PolynomialSystem.of(whole.variables, [*whole.equations, fold])
    by_determinant = msolve.groebner(off_special(system, special), LIMITS, PRIME)
    assert len(staircase(by_determinant.leading, 6)) == folds
    if special == X * (X - 1):  # the end α = 1 has to go
        left = msolve.groebner(off_special(system, X), LIMITS, PRIME)
        assert krull_dimension(left.leading, 6) > 0
    kernel = null_vectors(family.system)
    terms = {(0, 0, 0, 0, k, 0, 0, 0, 0, 1): int(c) for k, c in enumerate(special.coeffs()) if c}
    saturated = kernel.joined(["t"], [{**terms, (0,) * 10: -1}])
    by_vectors = msolve.groebner(saturated, LIMITS, PRIME)
    assert len(staircase(by_vectors.leading, 10)) == folds


@pytest.mark.slow
def test_special_ends_of_two_units_are_found():
    """The same over Q, with nothing told about special α."""
    family = two_units(SIX, two_unit_pattern((5, 6), (0, 2)))
    whole = family.whole
    fold = jacobian_determinant(family.system)
    system = PolynomialSystem.of(whole.variables, [*whole.equations, fold])
    found = solve_off_special(system, available((Msolve(),)), Limits(seconds=300))
    assert not isinstance(found, Unsolved)
    assert found.special == X * (X - 1)
    assert found.solutions.parametrisation.degree == 246


def test_a_saturation_modulo_primes_is_not_rounded_up():
    """msolve tells the branches apart, flint finds where they meet: modular together."""

    class Eliminator:
        """msolve that does not solve."""

        name = "eliminator"

        def is_available(self):
            return True

        def groebner(self, *arguments, **options):
            return Failure(self.name, Reason.UNSUPPORTED, "on purpose")

        def solve(self, *arguments, **options):
            return Failure(self.name, Reason.UNSUPPORTED, "on purpose")

        def eliminate(self, *arguments):
            return Msolve().eliminate(*arguments)

    available((Msolve(),))
    family = plane_family(
        lambda x, a: (2 * x - a) * (x + a - 1), constraints=lambda x, a: [2 * x - a]
    )
    found = find_events(family, (Eliminator(), Flint()), LIMITS)
    crossing = next(s for s in found.systems if s.kind is EventKind.CROSSING)
    assert crossing.verdict is Verdict.MODULAR
    assert len(crossing.events) == 1
