"""Solving constraints: certificates, canonical keys, and the same critical points."""

from __future__ import annotations

from random import Random

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from geometry.counting import count_complex
from geometry.engines import Flint, Limits, Msolve
from geometry.optimality import Stratum
from geometry.stratification import strata
from piecewise import FeedForward, Interpolated, Problem, hard_tanh, identity, relu, relu2, square
from piecewise.polynomial_objective import PiecewiseObjective

NAMES = ("x", "y", "z")
X, Y, Z, ALPHA = sympy.symbols("x y z alpha")
COST = (X * Y - Z) ** 2 + ALPHA * (X + 2 * Y) ** 2 + Z


def _stratum(*constraints: sympy.Expr, objective: sympy.Expr = COST) -> Stratum:
    return Stratum.of(objective, NAMES, ALPHA, active=constraints)


small = st.integers(-3, 3)
affine = st.lists(st.tuples(small, small, small, small), min_size=1, max_size=4)


@settings(max_examples=80, deadline=None)
@given(affine, st.randoms(use_true_random=False))
def test_what_is_left_of_affine_constraints_is_certified(rows, random):
    """Each certificate is an identity; the key depends on the affine set alone."""
    forms = [a * X + b * Y + c * Z + d for a, b, c, d in rows]
    stratum = _stratum(*forms)
    reduction = stratum.reduction
    for combination in reduction.redundant:
        assert combination.value.is_zero()
        assert combination.holds(stratum.active)
    if reduction.contradiction is not None:
        assert reduction.contradiction.value.is_constant()
        assert not reduction.contradiction.value.is_zero()
        assert reduction.contradiction.holds(stratum.active)
        return
    assert reduction.constraints == ()
    for constraint in stratum.active:
        assert reduction.restrict(constraint.polynomial).is_zero()
    mixed = [random.choice((1, 2, -3)) * form for form in forms]
    for _ in range(3):
        i, j = random.randrange(len(mixed)), random.randrange(len(mixed))
        if i != j:
            mixed[i] += random.choice((1, -2)) * mixed[j]
    random.shuffle(mixed)
    # The same parameters stay in play, whatever the row operations cancel.
    objective = COST + X + Y
    assert _stratum(*forms, objective=objective).key == _stratum(*mixed, objective=objective).key


def test_a_certificate_with_one_changed_factor_does_not_hold():
    stratum = _stratum(X + Y, X - 2 * Y + 1, 3 * X + 1)
    contradiction = stratum.reduction.contradiction
    assert contradiction is None
    (redundant,) = stratum.reduction.redundant
    assert redundant.holds(stratum.active)
    label = next(k for k in redundant.factors if k != redundant.label)
    wrong = dict(redundant.factors) | {label: redundant.factors[label] + 1}
    assert not type(redundant)(redundant.label, wrong, redundant.value).holds(stratum.active)


def test_different_sets_or_objectives_have_different_keys():
    keys = {
        _stratum().key,
        _stratum(X - 1).key,
        _stratum(X - 2).key,
        _stratum(X - ALPHA).key,
        _stratum(X - 1, objective=COST + Y).key,
        _stratum(X * Y - 1).key,
        _stratum(X * Y - 2).key,
    }
    assert len(keys) == 7
    # On x = 1 both objectives are the same polynomial.
    other = COST + (X - 1) * Y
    assert _stratum(X - 1).key == _stratum(X - 1, objective=other).key


def test_graphs_are_solved_and_hypersurfaces_are_left():
    graph = _stratum(Z - X**2 * Y - ALPHA).reduction
    assert set(graph.solved) == {"z"}
    assert graph.constraints == ()
    left = _stratum(X**2 + Y**2 - 1, Z - 1).reduction
    assert set(left.solved) == {"z"}
    assert [c.label for c in left.constraints] == ["h1"]


def test_a_contradiction_that_depends_on_alpha():
    stratum = _stratum(X + Y, X + Y + ALPHA - 1)
    value = stratum.reduction.contradiction.value
    assert str(value) in ("alpha - 1", "-alpha + 1")


def _total(stratum: Stratum) -> tuple[int | None, int | None]:
    """The dimension of the critical points and their number, modulo primes where that is fast."""
    if not stratum.kkt().variables:
        return 0, 1
    engine = Msolve() if Msolve().is_available() else Flint()
    found = count_complex(stratum.kkt(), None, (engine,), Limits(seconds=20))
    assert found.dimension is not None
    return found.dimension, found.generic.value


@pytest.mark.parametrize(
    "constraints",
    [
        (X + 2 * Y - 1,),
        (Z - X**2,),
        (Z - X * Y - 1, X - Y),
        (X**2 + Y**2 - 1,),
        (X**2 + Y**2 - 1, Z + X - 2),
        (X * Y - ALPHA, Z - X),
        (X - ALPHA, Y - 1, Z),
    ],
)
def test_both_systems_have_the_same_number_of_solutions(constraints):
    objective = (X - 1) ** 4 + (X * Y - Z) ** 2 + ALPHA * Y**2 + 2 * X * Z**2 + Z**2
    stratum = _stratum(*constraints, objective=objective)
    assert _total(stratum.restriction()) == _total(stratum)


@pytest.mark.parametrize("pair", [(relu, square), (relu2, identity), (hard_tanh, square)])
def test_strata_of_networks_keep_their_counts(pair):
    problem = Problem(
        FeedForward([1], Interpolated(*pair), output_bias="trainable"),
        inputs=[[-3], [-1], [2], [4]], targets=[1, 5, 2, 7],
    )  # fmt: skip
    chosen = [s for s in strata(PiecewiseObjective(problem), 1) if s.active]
    for stratum in Random(5).sample(chosen, 6):
        if not stratum.reduction.redundant:
            assert _total(stratum.restriction()) == _total(stratum)
