"""First-order systems of strata: against finite differences, known counts, and in print."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import islice

import pytest
import sympy
from flint import fmpq, fmpq_mat, fmpq_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import networks

import geometry
import piecewise
from geometry import ladder
from geometry.counting import count_complex
from geometry.engines import Limits, Msolve
from geometry.errors import InvalidSystem
from geometry.optimality import Stratum
from geometry.printing import latex_name
from geometry.resultants import CriticalValueCurve, critical_value_curve
from geometry.stratification import cell_strata, strata
from piecewise import (
    FeedForward,
    Interpolated,
    Problem,
    ProblemError,
    identity,
    relu,
    relu2,
    square,
)
from piecewise.exact import to_fmpq
from piecewise.patterns import pattern_at
from piecewise.polynomial_objective import PiecewiseObjective

ALPHA, W1, W2 = sympy.symbols("alpha w1 w2")
PRODUCT = (W1 * W2 - 1) ** 2 / 2 + ALPHA / 2 * (W1**2 + W2**2)
"""Reference item 3."""


def _evaluated(stratum: Stratum, values: dict[str, Fraction]) -> list[fmpq]:
    """The left sides of F_S at a rational point."""
    equations = stratum.equations()
    if not equations:
        return []
    names = equations[0].context().names()
    point = [to_fmpq(Fraction(values[name])) for name in names]
    return [fmpq(0) + equation(*point) for equation in equations]


def _slope(values: list[tuple[fmpq, fmpq]]) -> fmpq:
    """p'(0) of the polynomial through the points."""
    size = len(values)
    vandermonde = fmpq_mat([[t**k for k in range(size)] for t, _ in values])
    coefficients = vandermonde.solve(fmpq_mat([[v] for _, v in values]))
    return fmpq_poly([coefficients[k, 0] for k in range(size)]).derivative()(fmpq(0))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_interior_system_is_the_gradient_of_the_objective(data):
    """Slopes of t ↦ f(α, w + t·e_i), interpolated through exact values of ``Problem.value``."""
    problem = data.draw(networks())
    assume(problem.model.output_weights != "signs")
    objective = PiecewiseObjective(problem)
    numbers = st.fractions(-3, 3, max_denominator=7)
    alpha = sum(problem.interval) / 2 + Fraction(1, 101)
    w = tuple(
        data.draw(numbers.filter(lambda v, p=p: p.lower < v < p.upper)) for p in problem.parameters
    )
    try:
        cell = objective.cell_at(alpha, w)
    except ProblemError:
        assume(False)
    stratum = next(cell_strata(cell, 0))
    names = [p.name for p in problem.parameters]
    values = dict(zip(names, w, strict=True)) | {"alpha": alpha}
    exact = dict(zip(stratum.kept, _evaluated(stratum, values), strict=True))
    degree = max(int(e) for e in cell.objective.degrees()[1:])
    for i, name in enumerate(names):
        samples = []
        for k in range(degree + 1):
            step = Fraction(k, 10**9)
            moved = (*w[:i], w[i] + step, *w[i + 1 :])
            assume(pattern_at(problem, alpha, moved).pieces == cell.pattern.pieces)
            samples.append((to_fmpq(step), to_fmpq(problem.value(alpha, moved))))
        assert _slope(samples) == exact.get(name, 0)


def test_multipliers_are_minus_the_slopes_at_a_wall():
    stratum = Stratum.of(PRODUCT, [W1, W2], ALPHA, active={"w1:upper": 3 - W1})
    system = stratum.kkt()
    assert system.variables == ("w1", "w2", "lambda_1")
    assert stratum.multipliers == {"w1:upper": "lambda_1"}
    alpha = Fraction(1, 2)
    w2 = Fraction(3) / (9 + alpha)
    slope = w2 * (3 * w2 - 1) + alpha * 3  # ∂f/∂w1 = λ, since ∂h/∂w1 = −1
    at = {"w1": Fraction(3), "w2": w2, "lambda_1": slope, "alpha": alpha}
    assert _evaluated(stratum, at) == [0, 0, 0]
    assert stratum.restriction().kkt().variables == ("w2",)
    assert stratum.reduction.solved["w1"] == 3


def test_reference_item_3_has_five_complex_and_three_or_one_real_critical_points():
    stratum = Stratum.of(PRODUCT, [W1, W2], ALPHA)
    counts = stratum.ladder()
    assert (counts.generic.value, counts.distinct.value) == (5, 5)
    below, above = (ladder(stratum.kkt().at(a)) for a in (Fraction(1, 2), 2))
    assert (below.real.value, above.real.value) == (3, 1)


def _chain(hidden: int, decay: Fraction) -> Stratum:
    """A deep linear network of width 1 with scalar data as a problem."""
    model = FeedForward(
        [1] * hidden, Interpolated(identity, identity), bias=False, output_weights="trainable"
    )
    problem = Problem(model, inputs=[[1], [2]], targets=[3, 1], weight_decay=decay)
    w = [Fraction(1, 3)] * (hidden + 1)
    return next(cell_strata(PiecewiseObjective(problem).cell_at("1/2", w), 0))


def test_deep_linear_networks_from_problems_have_the_known_counts():
    """Reference item 7 at equal decay; a rotation leaves 1-2-1 a curve of critical points."""
    assert _chain(1, Fraction(1, 7)).ladder().generic.value == 5
    assert _chain(1, Fraction(1, 7)).dropped == ()
    model = FeedForward(
        [2], Interpolated(identity, identity), bias=False, output_weights="trainable"
    )
    problem = Problem(model, inputs=[[1], [2]], targets=[3, 1], weight_decay=Fraction(1, 7))
    stratum = next(strata(PiecewiseObjective(problem), 0))
    assert stratum.kept == ("w1_x1", "w2_x1", "v1", "v2")
    assert stratum.ladder().dimension == 1


@pytest.mark.parametrize(("hidden", "count"), [(1, 5), (2, 17), (3, 49)])
def test_regularised_chains(hidden, count):
    """H·2^{H+1} + 1 with generic decay for every weight [MCTH18]."""
    names = [f"w{i}" for i in range(hidden + 1)]
    ws = sympy.symbols(names)
    product = sympy.Mul(*ws)
    decays = [sympy.Rational(2 * i + 3, 7 * i + 11) for i in range(hidden + 1)]
    loss = (product - 3) ** 2 + (2 * product - 1) ** 2
    loss += sum(r * w**2 for r, w in zip(decays, ws, strict=True))
    counts = Stratum.of(loss, ws).ladder()
    assert counts.generic.value == count
    assert counts.mixed_volume.value < count  # the torus misses critical points


def test_nearest_rank_one_matrix_with_generic_weights():
    """Reference item 8, as min Σ c_ij (x_ij − a_ij)² on {det x = 0}; 0 is the singular point."""
    x = sympy.symbols("x0:4")
    data, weights = (3, 1, -2, 5), (1, 2, 5, 3)

    def counts(c):
        f = sum(r * (v - a) ** 2 for r, v, a in zip(c, x, data, strict=True))
        return Stratum.of(f, x, active={"det": x[0] * x[3] - x[1] * x[2]}).ladder()

    assert counts(weights).generic.value == 6
    assert counts((1, 1, 1, 1)).generic.value == 2


FOUR = {"inputs": [[-3], [-1], [2], [4]], "targets": [1, 5, 2, 7]}


@pytest.mark.parametrize(
    ("point", "branches"),
    [((1, 2), [(9, 32)]), ((1, 0), [(9, 32)]), ((1, 5), [(1, 4), (4, 12)])],
    ids=["one inactive", "two inactive", "all active"],
)
def test_critical_values_of_one_unit_have_the_known_bidegrees(point, branches):
    """Reference item 10."""
    problem = Problem(FeedForward([1], Interpolated(relu, square)), **FOUR)
    cell = PiecewiseObjective(problem).cell_at(
        "1/2", tuple(Fraction(v) + Fraction(1, 9) for v in point)
    )
    stratum = next(cell_strata(cell, 0))
    curve = critical_value_curve(stratum.kkt(), stratum.objective)
    assert isinstance(curve, CriticalValueCurve)
    assert list(curve.branch_bidegrees) == branches


@pytest.mark.skipif(not Msolve().is_available(), reason="msolve is not installed")
def test_interiors_of_small_networks_have_the_known_numbers_of_critical_points():
    """One unit with two inputs and bias: 27 in each of 32 cells; two units: up to 33."""
    targets = [2, -1, 4, 3, -2, 5]
    plane = [[1, 2], [-3, 1], [2, -5], [4, 4], [-1, -2], [0, 3]]
    line = [[-5], [-2], [1], [3], [4], [7]]

    def numbers(units: int, inputs: list[list[int]], stop: int | None) -> set[int | None]:
        model = FeedForward([units], Interpolated(relu, square))
        interiors = strata(PiecewiseObjective(Problem(model, inputs=inputs, targets=targets)), 0)
        systems = (stratum.kkt() for stratum in islice(interiors, stop))
        counts = [count_complex(s, None, (Msolve(),), Limits()) for s in systems]
        return {c.generic.value for c in counts if c.dimension == 0}

    assert numbers(1, plane, None) == {27}
    assert numbers(2, line, 20) == {27, 33}


def test_parameters_of_a_dead_unit_are_dropped_and_named():
    problem = Problem(
        FeedForward([2], Interpolated(relu, relu2)), inputs=[[1], [2]], targets=[1, 2], box=(-9, 9)
    )
    cell = PiecewiseObjective(problem).cell_at("1/2", (1, 1, -1, -1))
    (
        inside,
        *_,
    ) = cell_strata(cell, 0)
    assert (inside.kept, inside.dropped) == (("w1_x1", "b1"), ("w2_x1", "b2"))
    on = {s.labels: s for s in cell_strata(cell, 1)}
    assert on[("u2:e1:k1",)].dropped == ()
    assert on[("w2_x1:lower",)].kept == ("w1_x1", "b1", "w2_x1")
    assert "without w2_x1, b2" in str(inside)


def test_a_cusp_solves_the_fritz_john_system_only():
    """min x on y² = x³: the minimiser 0 has ∇h = 0, so λ_0 = 0."""
    x, y = sympy.symbols("x y")
    stratum = Stratum.of(x, [x, y], active={"cusp": y**2 - x**3})
    kkt = ladder(stratum.kkt())
    assert (kkt.generic.value, kkt.dimension) == (0, -1)
    john = stratum.fritz_john()
    assert john.variables == ("x", "y", "lambda_0", "lambda_1")
    assert [equation(0, 0, 0, 1) for equation in john.equations] == [0, 0, 0, 0]
    assert ladder(john).distinct.value == 1
    assert ladder(stratum.fritz_john((1, 0))).generic.value == 0


def test_systems_print_as_sympy_and_as_latex():
    stratum = Stratum.of(PRODUCT, [W1, W2], ALPHA, active=[W1 - ALPHA])
    first, second, last = stratum.to_sympy()
    multiplier = sympy.Symbol("lambda_1")
    assert sympy.expand(first.lhs - (sympy.diff(PRODUCT, W1) + multiplier)) == 0
    assert sympy.expand(second.lhs - sympy.diff(PRODUCT, W2)) == 0
    assert last.lhs == W1 - ALPHA
    assert stratum.latex().splitlines()[-2] == r"- \alpha + w_{1} &= 0"
    assert r"\lambda_{1}" in stratum.latex()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("alpha", r"\alpha"),
        ("b1", "b_{1}"),
        ("c", "c"),
        ("w1_speed", r"w_{1,\text{speed}}"),
        ("w2.1_3", "w_{2.1,3}"),
        ("w1_50% off", r"w_{1,\text{50\% off}}"),
        ("lambda_2'", r"\lambda_{2}'"),
        ("x y", r"\text{x y}"),
    ],
)
def test_names_in_latex(name, shown):
    assert latex_name(name) == shown


def test_explicit_polynomials_are_checked():
    with pytest.raises(InvalidSystem, match="w3"):
        Stratum.of(sympy.Symbol("w3"), [W1], ALPHA)
    with pytest.raises(InvalidSystem, match="not distinct"):
        Stratum.of(W1, [W1, W1])
    with pytest.raises(InvalidSystem, match="label h1 is given twice"):
        Stratum.of(W1, [W1], active={"h1": W1}, inactive={"h1": -W1})
    clash = Stratum.of(W1, ["w1", "lambda_1"], active=[W1, sympy.Symbol("lambda_1")])
    assert set(clash.multipliers.values()).isdisjoint(clash.variables)


def test_strata_travel_between_processes():
    problem = Problem(FeedForward([1], Interpolated(relu, square)), **FOUR)
    for stratum in strata(PiecewiseObjective(problem), 1):
        copy = pickle.loads(pickle.dumps(stratum))  # noqa: S301
        assert copy.key == stratum.key
        assert (copy.labels, copy.centre, copy.cell) == (
            stratum.labels,
            stratum.centre,
            stratum.cell,
        )
        pairs = zip(copy.inactive, stratum.inactive, strict=True)
        assert all(a.polynomial == b.polynomial for a, b in pairs)
        assert copy.equations() == stratum.equations()


def test_the_public_names():
    assert (geometry.Stratum, geometry.strata) == (Stratum, strata)
    assert piecewise.PiecewiseObjective is PiecewiseObjective
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = piecewise.nothing
