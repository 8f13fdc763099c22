"""Subresultants, discriminants and critical-value curves."""

from __future__ import annotations

import pytest
from famous_systems import build, deep_linear, relu_square_stratum
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geometry.engines import Failure, Flint, Limits, Msolve, Reason, Singular
from geometry.engines.system import ring
from geometry.resultants import (
    CriticalValueCurve,
    critical_value_curve,
    discriminant,
    resultant,
    subresultants,
)
from geometry.verdicts import Verdict

X, Y = ring(["x", "y"]).gens()
LIMITS = Limits(seconds=30)

polynomials = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(-5, 5)), min_size=1, max_size=5
).map(lambda terms: sum((c * X**i * Y**j for i, j, c in terms), start=0 * X))


@settings(deadline=None)
@given(polynomials, polynomials)
def test_the_chain_ends_in_the_resultant(p: object, q: object) -> None:
    assume(p.degrees()[0] >= q.degrees()[0] > 0)  # type: ignore[attr-defined]
    chain = subresultants(p, q, "x")  # type: ignore[arg-type]
    degrees = [int(member.degrees()[0]) for member in chain]
    assert degrees == sorted(degrees, reverse=True)
    last, expected = chain[-1], p.resultant(q, "x")  # type: ignore[attr-defined]
    if degrees[-1] == 0 and degrees[-2] == 1:
        assert last in (expected, -expected)
    elif degrees[-1] > 0:
        assert expected.is_zero()


@settings(deadline=None)
@given(polynomials, polynomials, polynomials)
def test_the_chain_of_a_common_factor_ends_in_it(p: object, q: object, g: object) -> None:
    assume(min(p.degrees()[0], q.degrees()[0], g.degrees()[0]) > 0)  # type: ignore[attr-defined]
    first, second = sorted((p * g, q * g), key=lambda f: -int(f.degrees()[0]))  # type: ignore[operator]
    last = subresultants(first, second, "x")[-1]
    common = first.gcd(second)
    assert last.degrees()[0] == common.degrees()[0]
    assert last.gcd(common).degrees()[0] == common.degrees()[0]


def test_known_discriminant_and_resultant() -> None:
    a, b, c, x = ring(["a", "b", "c", "x"]).gens()
    assert str(discriminant(a * x**2 + b * x + c, "x").polynomial) == "b^2 - 4*a*c"
    found = resultant((X - Y) * (X - 2), X**2 - Y, "x")
    assert sorted(str(f) for f, _ in found.factors) == ["y", "y - 1", "y - 4"]
    assert found.degrees("y") == (1, 1, 1)


def test_constants_have_no_factors() -> None:
    assert resultant(X - 1, X - 2, "x").factors == ()


def test_hyperbola_of_minima_at_the_end_of_the_interval() -> None:
    """½(w₁w₂ − 1)² + (α/2)|w|²: values ½ and α − α²/2 (twice, and −α branch)."""
    x, y, a = ring(["x", "y", "a"]).gens()
    doubled = (x * y - 1) ** 2 + a * (x**2 + y**2)
    system = build("x y", lambda x, y, a: [(x * y - 1) * y + a * x, (x * y - 1) * x + a * y], "a")
    found = critical_value_curve(system, doubled, engines=(Flint(),), limits=LIMITS)
    assert isinstance(found, CriticalValueCurve)
    assert found.verdict is Verdict.PROVED
    branches = {str(f) for f, _ in found.branches.factors}
    assert branches == {"a^2 + v - 2*a", "a^2 + v + 2*a", "v - 1"}
    assert found.branch_bidegrees == ((1, 0), (1, 2), (1, 2))


@pytest.mark.parametrize(
    ("inactive", "bidegrees"), [(0, ((1, 4), (4, 12))), (1, ((9, 32),)), (2, ((9, 32),))]
)
def test_strata_of_one_relu_square_unit(inactive: int, bidegrees: tuple[tuple[int, int]]) -> None:
    if not Msolve().is_available():
        pytest.skip("msolve is not installed")
    system, loss = relu_square_stratum(inactive)
    found = critical_value_curve(system, loss, engines=(Msolve(),), limits=LIMITS)
    assert isinstance(found, CriticalValueCurve)
    assert found.branch_bidegrees == bidegrees
    assert found.verdict is Verdict.MODULAR


def test_engines_agree_on_a_curve() -> None:
    system = deep_linear([1, 1, 1])
    x0, x1, alpha = ring(system.names).gens()
    objective = x0**2 * (1 + alpha) - x1
    found = [
        critical_value_curve(system, objective, engines=(engine,), limits=LIMITS)
        for engine in (Msolve(), Flint(), Singular())
        if engine.is_available()
    ]
    assert all(isinstance(curve, CriticalValueCurve) for curve in found)
    curves = {str(c.branches.polynomial) for c in found if isinstance(c, CriticalValueCurve)}
    assert len(curves) == 1


def test_a_curve_needs_a_parameter_and_an_engine() -> None:
    with pytest.raises(ValueError, match="needs a system with a parameter"):
        critical_value_curve(deep_linear([1, 1, 1], parameter=False), 0)
    missing = critical_value_curve(
        deep_linear([1, 1, 1]), X * 0, engines=(Msolve(program="no-such-program"),)
    )
    assert isinstance(missing, Failure)
    assert missing.reason is Reason.MISSING
