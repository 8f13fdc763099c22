"""Regularity of strata: one table of named examples, witnesses checked, engines compared."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from random import Random

import pytest
import sympy
from flint import fmpz_poly

from geometry.assumptions import Kind, Solutions, regularity
from geometry.counting import count_complex
from geometry.engines import Failure, Flint, Limits, Msolve, Reason
from geometry.linear_systems import LinearRank, rank_over_parameter
from geometry.optimality import Stratum
from geometry.polynomials import X as T
from geometry.qualification import DependentGradients
from geometry.reduction import Combination
from geometry.stratification import cell_strata, strata
from geometry.verdicts import Verdict
from piecewise import (
    FeedForward,
    Interpolated,
    PiecewisePolynomial,
    Problem,
    hard_tanh,
    identity,
    relu,
    relu2,
    square,
)
from piecewise.polynomial_objective import PiecewiseObjective

A, X, Y, Z = sympy.symbols("a x y z")
BOWL = (X - 1) ** 2 + A * Y**2 + Z**2


@dataclass(frozen=True)
class Example:
    name: str
    objective: sympy.Expr
    active: tuple[sympy.Expr, ...]
    kind: Kind
    dimension: int
    witness: type


EXAMPLES = (
    Example("bowl", BOWL, (), Kind.REGULAR, 0, LinearRank),
    Example("bowl on a plane", BOWL, (X + Y + Z,), Kind.REGULAR, 0, LinearRank),
    Example("bowl on a sphere", BOWL, (X**2 + Y**2 + Z**2 - 1,), Kind.REGULAR, 0, Solutions),
    Example("one point", BOWL, (X, Y - A, Z), Kind.REGULAR, 0, LinearRank),
    Example("valley", (X + Y - A) ** 2, (), Kind.POSITIVE_DIMENSIONAL, 1, LinearRank),
    Example("flat", A * (X + Y + Z - 1) ** 2, (), Kind.POSITIVE_DIMENSIONAL, 2, LinearRank),
    Example("circle", (X**2 + Y**2 - A) ** 2, (), Kind.POSITIVE_DIMENSIONAL, 1, Solutions),
    Example("flat on a wall", X * Y**2, (X,), Kind.POSITIVE_DIMENSIONAL, 1, LinearRank),
    Example("slope", X + A * Y**2, (), Kind.EMPTY, -1, LinearRank),
    Example("curved slope", X + X**2 * Y, (), Kind.EMPTY, -1, Solutions),
    Example("parallel planes", BOWL, (X + Y, X + Y - 1), Kind.EMPTY, -1, Combination),
    Example("quartic", (X - A) ** 4, (), Kind.DEGENERATE, 0, Solutions),
    Example("fold line", X**3 / 3 + Y**2, (), Kind.DEGENERATE, 0, Solutions),
    Example("three lines", BOWL, (X - 1, Y, X + Y - 1), Kind.LICQ_FAILS, 0, Combination),
    Example("cone", BOWL, (X**2 + Y**2 - Z**2,), Kind.LICQ_FAILS, 0, DependentGradients),
    Example("two sheets", BOWL, (X * Y,), Kind.LICQ_FAILS, 0, DependentGradients),
    Example("cusp", X, (Y**2 - X**3,), Kind.LICQ_FAILS, -1, DependentGradients),
    Example("pencil", BOWL, (X**2 + Y**2 + Z**2 - 1, X**2 + 2 * Y**2 + Z**2 - 1),
            Kind.LICQ_FAILS, 1, DependentGradients),
    Example("complex pencil", BOWL, (X**2 + Y**2 + Z**2 + 7, X**2 + 2 * Y**2 + Z**2 + 7),
            Kind.LICQ_FAILS, 1, type(None)),
)  # fmt: skip


def _stratum(example: Example) -> Stratum:
    return Stratum.of(example.objective, [X, Y, Z], A, active=example.active)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_named_examples(example):
    stratum = _stratum(example)
    verdict = regularity(stratum)
    assert (verdict.kind, verdict.dimension) == (example.kind, example.dimension)
    assert isinstance(verdict.witness, example.witness)
    assert str(verdict).startswith(example.kind.value)
    if isinstance(verdict.witness, Combination):
        assert verdict.witness.holds(stratum.active)
    if isinstance(verdict.witness, DependentGradients):
        assert verdict.witness.holds(stratum)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_flint_alone_proves_what_is_small(example):
    verdict = regularity(_stratum(example), engines=(Flint(),))
    if example.kind is not Kind.DEGENERATE:  # telling points apart needs a second engine
        assert (verdict.kind, verdict.dimension) == (example.kind, example.dimension)
        assert verdict.verdict is Verdict.PROVED


@pytest.mark.skipif(not Msolve().is_available(), reason="msolve is not installed")
def test_primes_alone_give_modular_verdicts():
    examples = {example.name: example for example in EXAMPLES}
    for name in ("bowl on a sphere", "circle", "quartic", "curved slope"):
        verdict = regularity(_stratum(examples[name]), engines=(Msolve(),))
        assert verdict.kind is examples[name].kind
        assert verdict.dimension == examples[name].dimension
        assert verdict.verdict is Verdict.MODULAR


class _Silent:
    """An engine that never answers."""

    name = "silent"

    def is_available(self) -> bool:
        return True

    def groebner(self, system, limits, prime=0, alpha=0) -> Failure:
        return Failure(self.name, Reason.TIME, "took too long")

    def solve(self, system, limits, precision=64) -> Failure:
        return Failure(self.name, Reason.TIME, "took too long")

    def eliminate(self, system, keep, limits) -> Failure:
        return Failure(self.name, Reason.TIME, "took too long")


def test_without_an_answer_nothing_is_claimed():
    examples = {example.name: example for example in EXAMPLES}
    for name in ("circle", "complex pencil", "quartic"):
        verdict = regularity(_stratum(examples[name]), engines=(_Silent(),), limits=Limits(1))
        assert verdict.kind is Kind.UNDECIDED
        assert verdict.verdict is Verdict.UNRESOLVED
        assert "took too long" in verdict.reason
    linear = regularity(_stratum(examples["valley"]), engines=(_Silent(),))
    assert (linear.kind, linear.verdict) == (Kind.POSITIVE_DIMENSIONAL, Verdict.PROVED)


def test_a_changed_point_is_no_witness():
    stratum = Stratum.of(BOWL, [X, Y, Z], A, active=[X**2 + Y**2 - Z**2])
    witness = regularity(stratum).witness
    assert witness.point == {"x": 0, "y": 0, "z": 0}
    moved = DependentGradients(
        witness.alpha, {"x": Fraction(3), "y": Fraction(4), "z": Fraction(5)}
    )
    assert not moved.holds(stratum)
    off = DependentGradients(witness.alpha, {"x": Fraction(1), "y": Fraction(0), "z": Fraction(0)})
    assert not off.holds(stratum)


def test_ranks_over_the_parameter_are_generic_ones():
    one = fmpz_poly([1])
    # Singular at α = 1 … 4 only, and nowhere of rank 0.
    product = (T - 1) * (T - 2) * (T - 3) * (T - 4)
    assert rank_over_parameter([[product, 0 * one], [0 * one, one]]) == 2
    # det = α·α − α² = 0.
    assert rank_over_parameter([[T, T * T], [one, T]]) == 1
    assert rank_over_parameter([[0 * one]]) == 0
    assert rank_over_parameter([]) == 0


def test_a_deep_boundary_without_bias_fails_licq_at_the_origin():
    problem = Problem(
        FeedForward([1, 1], Interpolated(relu, square), bias=False), inputs=[[1]], targets=[2]
    )
    cell = PiecewiseObjective(problem).cell_at("1/2", (1, 1))
    (on,) = [s for s in cell_strata(cell, 1) if s.labels == ("u2.1:e1:k1",)]
    verdict = regularity(on)
    assert verdict.kind is Kind.LICQ_FAILS
    assert verdict.witness.point == {"w1_x1": 0, "w2.1_1": 0}


def test_a_network_whose_rescaling_leaves_a_curve_of_critical_points():
    """v·relu(w·x) does not change under (v, w) → (v/c, cw)."""
    model = FeedForward([1], Interpolated(relu, relu2), bias=False, output_weights="trainable")
    problem = Problem(model, inputs=[[1], [2]], targets=[1, 3])
    flat = Problem(
        FeedForward([1], Interpolated(relu, relu), bias=False, output_weights="trainable"),
        inputs=[[1], [2]], targets=[1, 3],
    )  # fmt: skip
    kinds = [
        {str(regularity(s).kind) for s in strata(PiecewiseObjective(p), 0) if s.kept}
        for p in (problem, flat)
    ]
    assert kinds == [{"regular"}, {"positive-dimensional"}]


def test_a_vertex_where_more_facets_meet_than_there_are_dimensions():
    """A pyramid: four boundaries through its apex."""
    problem = Problem(
        FeedForward([1], Interpolated(relu, square), bias=False),
        inputs=[[1, 0, 1], [-1, 0, 1], [0, 1, 1], [0, -1, 1]], targets=[1, 2, 3, 4],
    )  # fmt: skip
    apex = [s for s in strata(PiecewiseObjective(problem)) if s.centre == (0, 0, 0)]
    assert len(apex) == 1
    verdict = regularity(apex[0])
    assert len(apex[0].active) == 4 or verdict.kind is Kind.REGULAR
    if len(apex[0].active) == 4:
        assert (verdict.kind, verdict.dimension) == (Kind.LICQ_FAILS, 0)
        assert verdict.witness.holds(apex[0].active)


def _two_units(pair: tuple[PiecewisePolynomial, PiecewisePolynomial]) -> list[Stratum]:
    model = FeedForward([2], Interpolated(*pair), bias=False)
    problem = Problem(model, inputs=[[-2], [1], [3]], targets=[1, 5, 2], box=(-5, 5))
    return list(strata(PiecewiseObjective(problem)))


def _two_layers(pair: tuple[PiecewisePolynomial, PiecewisePolynomial]) -> list[Stratum]:
    problem = Problem(FeedForward([1, 1], Interpolated(*pair)), inputs=[[-2], [1]], targets=[1, 5])
    cell = PiecewiseObjective(problem).cell_at("1/3", ("1/5", "3/7", "-2/3", "1/9"))
    return list(cell_strata(cell, 2))


@pytest.mark.skipif(not Msolve().is_available(), reason="msolve is not installed")
@pytest.mark.parametrize("family", [_two_units, pytest.param(_two_layers, marks=pytest.mark.slow)])
@pytest.mark.parametrize("pair", [(relu, square), (relu2, identity), (hard_tanh, square)])
def test_strata_of_networks_by_another_route(family, pair):
    """The whole of F_S, multipliers and all, modulo primes: same dimension, same numbers."""
    for stratum in Random(2).sample(family(pair), 6):
        verdict = regularity(stratum, limits=Limits(seconds=1))
        system = stratum.kkt()
        if verdict.kind is Kind.LICQ_FAILS or not system.variables:
            continue
        found = count_complex(system, None, (Msolve(),), Limits(seconds=30))
        assert found.dimension == verdict.dimension
        if verdict.dimension == 0:
            simple = found.distinct.value == found.generic.value
            assert verdict.kind is (Kind.REGULAR if simple else Kind.DEGENERATE)
        if isinstance(verdict.witness, Solutions) and not verdict.witness.free:
            assert verdict.witness.generic.value in (None, found.generic.value)
